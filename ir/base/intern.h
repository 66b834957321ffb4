/* intern.h - one copy of each name, so that names are equal exactly when their pointers are. */
#ifndef VYREC_BASE_INTERN_H
#define VYREC_BASE_INTERN_H

#include "ir/base/arena.h"

struct intern {
    struct arena *arena;
    const char **slots;
    uint32_t n, cap;
};

void intern_init(struct intern *in, struct arena *arena);
/* The one copy of these n bytes, NUL-terminated. */
const char *intern(struct intern *in, const char *text, size_t n);
const char *intern_string(struct intern *in, const char *text);

#endif
