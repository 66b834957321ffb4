/* diag.h - what the user is told. Every message is a row of diag.def; code that finds a fault names the row and the
 * place and goes on. Nothing else in the compiler prints. */
#ifndef VYREC_BASE_DIAG_H
#define VYREC_BASE_DIAG_H

#include "ir/base/map.h"
#include "ir/base/out.h"
#include "ir/base/source.h"

enum diag_id {
#define DIAG(NAME, code, severity, text, fix, explanation) DIAG_##NAME,
#include "ir/base/diag.def"
    DIAG_COUNT
};

enum diag_severity { DIAG_SEVERITY_REMARK, DIAG_SEVERITY_WARNING, DIAG_SEVERITY_ERROR, DIAG_SEVERITY_FATAL };
enum diag_format { DIAG_FORMAT_TEXT, DIAG_FORMAT_JSON, DIAG_FORMAT_SARIF };

struct diag_info {
    const char *name; /* UNKNOWN_NAME */
    const char *code; /* E0101; stable for ever */
    enum diag_severity severity;
    const char *text;        /* printf format of the message */
    const char *fix;         /* what to do about it, one line; "" where the message says it all */
    const char *explanation; /* the page of --explain-code: why it is a fault, an example, the corrected example */
};
extern const struct diag_info diag_infos[DIAG_COUNT];
const struct diag_info *diag_find_code(const char *code); /* NULL when unknown; any letter case */

struct diag_note {
    struct src_range range;
    const char *text;
};
struct diag {
    enum diag_id id;
    enum diag_severity severity;   /* after -Werror */
    const struct diag *same_place; /* reported before it, with the same range */
    struct src_range range;
    const char *text;
    VEC(struct diag_note) notes;
    struct src_range fix_range; /* where `replacement` would go; SRC_NONE without one */
    const char *replacement, *fix;
};

struct diags {
    struct arena *arena;
    struct sources *sources;
    const char *tool;        /* stands before a message without a place; NULL for none */
    VEC(struct diag *) list; /* in order of report */
    uint32_t n_errors, n_warnings;
    uint32_t max_errors; /* past it errors are counted but not kept; 0 is no limit. default 20 */
    bool werror, no_warnings;
    bool remarks;                               /* keep remarks at all */
    bool off[DIAG_COUNT], as_error[DIAG_COUNT]; /* -Wno-NAME, -Werror=NAME: of warnings */
    struct map places;                          /* from each range to its newest message */
    struct diag dropped;                        /* the scratch one */
};

void diags_init(struct diags *d, struct arena *arena, struct sources *sources);
/* The arguments are those of the row's format. The returned message can be given notes and a fix; it is never NULL, but
 * past max_errors it is a scratch one that is never shown. A second error at the same place with the same id is dropped
 * likewise. */
struct diag *diag_report(struct diags *d, enum diag_id id, struct src_range range, ...);
struct diag *diag_report_v(struct diags *d, enum diag_id id, struct src_range range, va_list args);
void diag_add_note(struct diags *d, struct diag *to, struct src_range range, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* Overrides the row's fix by one for this case; range and replacement (may be SRC_NONE, NULL) let editors apply it. */
void diag_add_fix(struct diags *d, struct diag *to, struct src_range range, const char *replacement, const char *format,
                  ...) __attribute__((format(printf, 5, 6)));
/* Renders all messages, sorted by place within each file, ties in order of report. Text is for people; JSON is one
 * object per line, so that the output of several runs can be joined; SARIF is one document of version 2.1.0. */
void diags_print(const struct diags *d, enum diag_format format, bool colour, struct out *out);
/* The candidate nearest to `name` in edit distance, if near enough to suggest; else NULL. */
const char *diag_nearest(const char *name, const char *const *candidates, uint32_t n);

/* The name of a row on the command line: UNKNOWN_NAME is unknown-name. `name` may also be a code. DIAG_COUNT when
 * unknown. */
enum diag_id diag_find_name(const char *name);

/* Our own fault: prints file, line and message to stderr and exits with status 70. */
#define bug(...) bug_at(__FILE__, __LINE__, __VA_ARGS__)
_Noreturn void bug_at(const char *file, int line, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
