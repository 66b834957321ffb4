/* ir_fixture.h - an empty module to build IR in, and texts to compare with. */
#ifndef VYREC_TESTS_UNIT_IR_FIXTURE_H
#define VYREC_TESTS_UNIT_IR_FIXTURE_H

#include <stdlib.h>

#include "ir/build.h"
#include "ir/print.h"
#include "tests/unit/test.h"

struct fixture {
    struct memory mem;
    struct arena arena;
    struct intern names;
    struct sources sources;
    struct diags diags;
    struct ir_module *m;
    struct out out;
};

static inline void fixture_init(struct fixture *f)
{
    memset(f, 0, sizeof *f);
    if (setjmp(f->mem.recover)) {
        fprintf(stderr, "out of memory\n");
        exit(1);
    }
    arena_init(&f->arena, &f->mem);
    intern_init(&f->names, &f->arena);
    sources_init(&f->sources, &f->arena);
    diags_init(&f->diags, &f->arena, &f->sources);
    out_init(&f->out, &f->mem);
    f->m = ir_module_new(&f->arena, &f->names, &f->sources);
}

static inline void fixture_release(struct fixture *f)
{
    out_release(&f->out);
    arena_release(&f->arena);
}

static inline const char *fixture_name(struct fixture *f, const char *name)
{
    return intern_string(&f->names, name);
}

/* What was printed to f->out, which is then empty again. */
static inline const char *fixture_take_text(struct fixture *f)
{
    const char *text = arena_copy(&f->arena, f->out.bytes ? f->out.bytes : "", f->out.n);
    f->out.n = 0;
    return text;
}

static inline const char *fixture_expr_text(struct fixture *f, const struct ir_expr *e)
{
    ir_print_expr(e, &f->out);
    return fixture_take_text(f);
}

static inline const char *fixture_program_text(struct fixture *f, const struct ir_program *p)
{
    ir_print_program(p, &f->out);
    return fixture_take_text(f);
}

/* -- short ways to make what many tests need */
static inline struct ir_program *fixture_program(struct fixture *f, const char *name)
{
    return ir_program_new(f->m, fixture_name(f, name), SRC_NONE);
}

static inline struct ir_buffer *fixture_buffer(struct fixture *f, struct ir_program *p, const char *name,
                                               enum ir_access access, ir_type elem)
{
    struct ir_buffer *b = ir_buffer_new(f->m, fixture_name(f, name), IR_SPACE_STORAGE, access, elem, SRC_NONE);
    b->index = p->buffers.n;
    vec_push(&f->arena, &p->buffers, b);
    return b;
}

static inline struct ir_expr *fixture_u32(struct fixture *f, uint32_t v)
{
    return ir_const_u32(f->m, v);
}

static inline struct ir_expr *fixture_gid(struct fixture *f)
{
    return ir_id(f->m, IR_OP_GID, 0, SRC_NONE);
}

static inline struct ir_expr *fixture_local(struct fixture *f, struct ir_local *l)
{
    return ir_get_local(f->m, l, SRC_NONE);
}

static inline struct ir_expr *fixture_binary(struct fixture *f, enum ir_op op, struct ir_expr *a, struct ir_expr *b)
{
    return ir_binary(f->m, op, a, b, SRC_NONE);
}

static inline struct ir_stmt *fixture_stmt(struct fixture *f, struct ir_block *b, enum ir_stmt_kind kind)
{
    struct ir_stmt *s = ir_stmt_new(f->m, kind, SRC_NONE);
    ir_block_append(b, s);
    return s;
}

static inline struct ir_local *fixture_let(struct fixture *f, struct ir_program *p, struct ir_block *b,
                                           const char *name, enum ir_stmt_kind kind, struct ir_expr *value)
{
    struct ir_stmt *s = fixture_stmt(f, b, kind);
    s->let.value = value;
    s->let.local = ir_local_new(p, fixture_name(f, name), value->type, kind == IR_STMT_VAR, SRC_NONE);
    return s->let.local;
}

static inline struct ir_stmt *fixture_store(struct fixture *f, struct ir_block *at, struct ir_buffer *b,
                                            struct ir_expr *index, struct ir_expr *value)
{
    struct ir_stmt *s = fixture_stmt(f, at, IR_STMT_STORE);
    s->store.buffer = b;
    s->store.index = index;
    s->store.value = value;
    return s;
}

#endif
