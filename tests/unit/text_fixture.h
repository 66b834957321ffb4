/* text_fixture.h - modules read from text, for tests that look at what the IR says. */
#ifndef VYREC_TESTS_UNIT_TEXT_FIXTURE_H
#define VYREC_TESTS_UNIT_TEXT_FIXTURE_H

#include <stdlib.h>

#include "frontend/frontend.h"
#include "ir/print.h"
#include "tests/unit/test.h"

struct texts {
    struct memory mem;
    struct arena arena;
};

/* All texts of a test share one arena. */
static inline void texts_init(struct texts *t)
{
    memset(t, 0, sizeof *t);
    if (setjmp(t->mem.recover)) {
        fprintf(stderr, "out of memory\n");
        exit(1);
    }
    arena_init(&t->arena, &t->mem);
}

/* The module of a text; a text that is refused ends the test. */
static inline struct ir_module *texts_read(struct texts *t, const char *text)
{
    struct sources *sources = ARENA_NEW(&t->arena, struct sources);
    struct intern *names = ARENA_NEW(&t->arena, struct intern);
    struct frontend_options options = {0};
    struct diags diags;
    struct out out;
    sources_init(sources, &t->arena);
    intern_init(names, &t->arena);
    diags_init(&diags, &t->arena, sources);
    struct source_file *file = sources_add(sources, "test.vir", text, strlen(text));
    struct ir_module *m = frontend_read(&t->arena, names, sources, &diags, file, &options);
    if (m) return m;
    out_init(&out, &t->mem);
    diags_print(&diags, DIAG_FORMAT_TEXT, false, &out);
    fprintf(stderr, "%s\nin\n%s\n", out.bytes ? out.bytes : "no module", text);
    exit(1);
}

static inline struct ir_module *texts_read_two(struct texts *t, const char *head, const char *body)
{
    return texts_read(t, arena_printf(&t->arena, "%s%s}\n", head, body));
}

static inline const struct ir_local *texts_local(const struct ir_program *p, const char *name)
{
    for (uint32_t i = 0; i < p->locals.n; i++)
        if (!strcmp(p->locals.at[i]->name, name)) return p->locals.at[i];
    fprintf(stderr, "no local '%s'\n", name);
    exit(1);
}

#endif
