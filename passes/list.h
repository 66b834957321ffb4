/* list.h - reading `a,b(c)`: which passes run, in what order, with what options. */
#ifndef VYREC_PASSES_LIST_H
#define VYREC_PASSES_LIST_H

#include "passes/manager.h"
#include "passes/table.h"

struct pass_use {
    enum pass_id id;
    const char *options; /* what stands in its parentheses, or "" */
};
struct pass_list {
    VEC(struct pass_use) uses;
};

/* The passes that the settings choose. With `diags`, what is wrong is reported; false then. */
bool pass_list_read(struct pass_list *list, const struct pass_settings *s, struct diags *diags, struct arena *arena);

#endif
