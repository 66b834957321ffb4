/* container.h - reading containers and their metadata, trusting nothing. Used by the runtime, vyre-objdump and the fuzz
 * target. */
#ifndef VYRE_RUNTIME_CONTAINER_H
#define VYRE_RUNTIME_CONTAINER_H

#include <stdbool.h>
#include <stddef.h>

#include "runtime-stub/vyre_container.h"
#include "runtime-stub/vyre_cpu.h"

struct container_view {
    const unsigned char *bytes;
    const struct vyre_container *head;
    const char *strings;
};

/* Looks at a container at `bytes`, aligned to 64, of which `available` bytes may be read (UINT64_MAX where the linker
 * vouches for it). NULL, or in static storage what is wrong with it. Checks the head and the index, not the images. */
const char *container_open(const void *bytes, uint64_t available, struct container_view *view);
/* The i-th entry, i < head->n_images. */
const struct vyre_image *container_image(const struct container_view *view, uint32_t i);
/* The first image of the kind, or NULL. */
const struct vyre_image *container_find(const struct container_view *view, enum vyre_image_kind kind);
/* NULL, or what is wrong with the image's bytes or flags. */
const char *container_check_image(const struct container_view *view, const struct vyre_image *image);
/* The image's real bytes into `to`, which has room for real_bytes. NULL, or what is wrong. */
const char *container_extract(const struct container_view *view, const struct vyre_image *image, void *to);

/* The tables of the metadata, all checked. */
struct metadata_view {
    const struct vyre_meta *head;
    const struct vyre_meta_unit *units;
    const struct vyre_meta_trap_arm *trap_arms;
    const struct vyre_meta_buffer *buffers;
    const struct vyre_meta_param *params;
    const struct vyre_meta_step *steps;
    const struct vyre_meta_dep *deps;
    const struct vyre_meta_arg *args;
    const struct vyre_meta_chunks *chunks;
    const struct vyre_meta_window *windows;
    const struct vyre_meta_weight *weights;
    const struct vyre_meta_op *ops;
    const char *strings;
};
/* NULL, or what is wrong. Afterwards every number in the metadata may be used as it is. */
const char *metadata_open(const void *bytes, uint64_t n_bytes, struct metadata_view *view);

struct meta_type_info {
    const char *text;
    uint8_t bits, memory_bytes, argument_bytes;
    bool is_signed, is_float;
};
/* By enum vyre_type; NULL for numbers that are none. */
const struct meta_type_info *meta_type_info(uint8_t type);

/* Whether `value` is a number that is not negative and that the type holds. Type 0 takes any bits, a float none. */
bool meta_fits_type(uint8_t type, uint64_t value);

/* Evaluates a checked host expression: see enum vyre_meta_op_kind. False where it has no value. */
bool meta_eval(const struct vyre_meta_op *op, const struct vyre_cpu_buffer *buffers, const uint64_t *params,
               uint64_t *result);

#endif
