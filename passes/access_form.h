/* access_form.h - indices that are sums of ids and of what is small: most of them are. What follows from such forms takes no time, so
 * they are looked at before isl is asked. Knows nothing of isl. */
#ifndef VYREC_PASSES_ACCESS_FORM_H
#define VYREC_PASSES_ACCESS_FORM_H

#include "passes/access.h"

/* group * wid.x + lane * lid.x + something from `low` to `high`, without wrapping around. */
struct access_form {
    bool known;
    int64_t group, lane, low, high;
};
/* By index of the program's locals. */
struct access_forms {
    struct access_form *locals;
};

struct access_forms *access_forms_new(struct arena *arena, const struct ir_program *p);
/* As the functions of access.h without `_by_form`; no, or not known, where forms do not tell. */
bool access_is_known_by_form(const struct access_facts *facts, const struct access *a);
bool access_is_in_bounds_by_form(const struct access_facts *facts, const struct access *a);
/* Between two accesses of one buffer. The worst that may be: guards are not looked at. */
enum access_hazard access_find_hazard_by_form(const struct access_facts *first, const struct access *a,
                                              const struct access_facts *second, const struct access *b);
struct access_window access_find_elements_by_form(const struct access_facts *facts, const struct ir_buffer *buffer,
                                                  enum access_kind kind, uint64_t unit);
struct access_window access_find_producers_by_form(const struct access_facts *first,
                                                   const struct ir_buffer *first_buffer,
                                                   const struct access_facts *second,
                                                   const struct ir_buffer *second_buffer, uint64_t unit);

#endif
