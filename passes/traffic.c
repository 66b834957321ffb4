/* traffic.c - see traffic.h. Linear in buffers and statements. */
#include "passes/traffic.h"

#include <inttypes.h>

#include "ir/build.h"
#include "ir/print.h"
#include "passes/host_size.h"
#include "passes/program_uses.h"

static void add_term(struct traffic *t, struct arena *arena, const struct ir_expr *length, uint64_t bytes)
{
    for (uint32_t i = 0; i < t->terms.n; i++) {
        struct traffic_term *term = &t->terms.at[i];
        if (term->length == length || (term->length && length && ir_expr_equal(term->length, length))) {
            term->bytes += bytes;
            return;
        }
    }
    if (bytes) vec_push(arena, &t->terms, ((struct traffic_term){length, bytes}));
}

void traffic_add_buffer(struct traffic *t, struct ir_module *m, struct ir_buffer *b, uint64_t times)
{
    const struct ir_expr *length = host_size_length(m, b);
    uint64_t bytes = times * ir_type_mem_bytes(b->elem);
    if (ir_is_const(length))
        add_term(t, m->arena, NULL, bytes * length->bits);
    else
        add_term(t, m->arena, length, bytes);
}

void traffic_add(struct traffic *t, struct arena *arena, const struct traffic *more)
{
    for (uint32_t i = 0; i < more->terms.n; i++)
        add_term(t, arena, more->terms.at[i].length, more->terms.at[i].bytes);
}

/* How often all formals that are given this buffer together make its bytes move. */
static uint64_t count_moves(struct ir_module *m, const struct ir_arm *arm, const struct program_uses *uses,
                            const struct ir_buffer *b)
{
    bool reads = false, writes = false, zeros = false;
    for (uint32_t i = 0; i < arm->program->buffers.n; i++) {
        const struct ir_buffer *formal = arm->args.at[i].formal_buffer;
        if (arm->args.at[i].buffer != b) continue;
        reads |= uses->buffers[formal->index].reads;
        writes |= uses->buffers[formal->index].writes;
        zeros |= formal->access == IR_ACCESS_WRITE && !host_size_is_covered(m, arm, formal);
    }
    return (uint64_t)reads + writes + zeros;
}

void traffic_add_arm(struct traffic *t, struct ir_module *m, const struct ir_arm *arm)
{
    struct program_uses uses;
    program_uses_compute(&uses, m->arena, arm->program);
    for (uint32_t i = 0; i < arm->program->buffers.n; i++) {
        bool seen = false;
        for (uint32_t k = 0; k < i; k++)
            seen |= arm->args.at[k].buffer == arm->args.at[i].buffer;
        if (!seen) traffic_add_buffer(t, m, arm->args.at[i].buffer, count_moves(m, arm, &uses, arm->args.at[i].buffer));
    }
}

/* The argument for this buffer that reads, or that writes. */
static bool has_argument(const struct ir_arm *arm, const struct ir_buffer *b, bool (*is_so)(enum ir_access))
{
    for (uint32_t i = 0; i < arm->program->buffers.n; i++)
        if (arm->args.at[i].buffer == b && is_so(arm->args.at[i].formal_buffer->access)) return true;
    return false;
}

static bool may_read(enum ir_access access)
{
    return ir_access_reads(access);
}

static bool may_write(enum ir_access access)
{
    return ir_access_writes(access);
}

void traffic_add_shared(struct traffic *t, struct ir_module *m, const struct ir_pipeline *p, const struct ir_arm *first,
                        const struct ir_arm *second)
{
    for (uint32_t i = 0; i < first->program->buffers.n; i++) {
        struct ir_buffer *b = first->args.at[i].buffer;
        bool is_temp = b->index >= p->buffers.n && !b->live_out, seen = false;
        for (uint32_t k = 0; k < i; k++)
            seen |= first->args.at[k].buffer == b;
        if (!seen && has_argument(second, b, may_read))
            traffic_add_buffer(t, m, b, is_temp && has_argument(first, b, may_write) ? 2 : 1);
    }
}

void traffic_print(const struct traffic *t, struct out *out)
{
    if (!t->terms.n) out_text(out, "0");
    for (uint32_t i = 0; i < t->terms.n; i++) {
        const struct traffic_term *term = &t->terms.at[i];
        out_text(out, i ? " + " : "");
        bool has_factor = !term->length || term->bytes != 1;
        if (has_factor) out_printf(out, "%" PRIu64, term->bytes);
        if (!term->length) continue;
        bool simple = term->length->n_args == 0;
        out_text(out, has_factor ? " * " : "");
        out_text(out, simple ? "" : "(");
        ir_print_expr(term->length, out);
        out_text(out, simple ? "" : ")");
    }
}

bool traffic_eval(const struct traffic *t, const struct ir_host_env *env, uint64_t *bytes)
{
    *bytes = 0;
    for (uint32_t i = 0; i < t->terms.n; i++) {
        const struct traffic_term *term = &t->terms.at[i];
        uint64_t length = 1, part;
        if (term->length && !ir_host_eval(term->length, env, &length)) return false;
        if (__builtin_mul_overflow(length, term->bytes, &part) || __builtin_add_overflow(*bytes, part, bytes))
            return false;
    }
    return true;
}
