/* qualify.h - what a device was found to do right, and what that means for a launch. Not for users.
 *
 * A backend with `fingerprint` is probed: before a program runs first, the probes of its needs (needs.def, probes.def) are, once per
 * context, or once per device and driver where there is a cache folder. */
#ifndef VYRE_QUALIFY_H
#define VYRE_QUALIFY_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "runtime-stub/vyrert.h"

struct outcome;
struct plan;

enum probe_id {
#define PROBE(NAME, kind, need, decides, text) PROBE_##NAME,
#include "runtime-stub/probes.def"
    PROBE_COUNT
};
/* What code for a device may rely on: first by enum spirv_exact of the compiler. SUBGROUPS: of the device, where they have 32 lanes. */
enum device_exact { EXACT_FMA, EXACT_DIV, EXACT_SQRT, EXACT_ZEROS, EXACT_ORDERS, EXACT_SUBGROUPS, EXACT_COUNT };
enum device_limit { LIMIT_ROUNDS, LIMIT_NESTING, LIMIT_COUNT };
enum probe_state { PROBE_UNKNOWN, PROBE_RIGHT, PROBE_WRONG, PROBE_FAILED /* it could not be run */ };
enum { FINGERPRINT_BYTES = 512 };

struct probe_result {
    uint8_t state; /* enum probe_state */
    uint8_t reserved[3];
    uint32_t value; /* LIMIT: the greatest that works, UINT32_MAX where none was found */
};

struct qualification {
    pthread_mutex_t lock;        /* of what follows */
    const struct module *probes; /* the object with the probes, once loaded */
    bool is_open;                /* the cache was looked at */
    struct probe_result results[PROBE_COUNT];
    uint64_t ns; /* spent on probes */
};

void qualification_init(struct qualification *q);
void qualification_end(struct qualification *q);
/* Whether the context's device can be relied on for all launches of the plan; runs probes that are not known yet. A failure is
 * VYRE_ERROR_UNSUPPORTED and says what is missing; the CPU may do it then. */
vyre_status plan_qualify(vyre_context *c, const struct plan *plan, struct outcome *o);

/* Whether the device's code for large launches can be relied on; runs its probes when that is not known yet. */
bool qualify_large(vyre_context *c);

/* -- fallback.c */

/* Runs the plan on the CPU, with copies of what lies on the device. `why` is told in the log and in *o's message. */
vyre_status fallback_run(vyre_context *c, struct plan *plan, const char *why, struct outcome *o);

#endif
