/* interp.c - launches of programs and pipelines in the reference interpreter: sizes, bindings, and what comes before
 * the first and after the last instruction. The rest is in interp_{flatten,step,schedule,race}.c. */
#include "ir/interp.h"

#include <inttypes.h>
#include <string.h>

#include "ir/interp_code.h"

static struct ir_run_result *fail(struct arena *arena, struct ir_run_result *r, enum ir_run_status status,
                                  const char *format, ...) __attribute__((format(printf, 4, 5)));

static struct ir_run_result *fail(struct arena *arena, struct ir_run_result *r, enum ir_run_status status,
                                  const char *format, ...)
{
    va_list args;
    va_start(args, format);
    r->status = status;
    r->message = arena_vprintf(arena, format, args);
    va_end(args);
    return r;
}

/* -- buffers --------------------------------------------------------------------------------------------- */

/* The elements that a launch uses: the declared count of a sized buffer, all of another. */
static uint64_t used_count(const struct ir_buffer *b, const struct ir_run_buffer *given)
{
    return b->sized && !b->count_expr && b->count < given->count ? b->count : given->count;
}

static bool check_length(struct arena *arena, const struct ir_buffer *b, const struct ir_run_buffer *given,
                         struct ir_run_result *r)
{
    if (b->sized && !b->count_expr && given->count < b->count)
        fail(arena, r, IR_RUN_BAD_SIZE,
             "buffer '%s' has %" PRIu64 " elements, but %" PRIu64 " are declared: give it at least that many", b->name,
             given->count, b->count);
    else if (given->count > UINT32_MAX)
        fail(arena, r, IR_RUN_BAD_SIZE,
             "buffer '%s' has %" PRIu64 " elements, more than the 2^32 - 1 that a buffer can have: split it", b->name,
             given->count);
    return r->status == IR_RUN_OK;
}

static bool overlap(const struct ir_run_buffer *a, uint64_t a_bytes, const struct ir_run_buffer *b, uint64_t b_bytes)
{
    uintptr_t a_begin = (uintptr_t)a->bytes, b_begin = (uintptr_t)b->bytes;
    return a_bytes && b_bytes && a_begin < b_begin + b_bytes && b_begin < a_begin + a_bytes;
}

static bool check_overlap(struct arena *arena, const struct ir_program *p, const struct ir_run_buffer *given,
                          struct ir_run_result *r)
{
    for (uint32_t k = 0; k < p->buffers.n; k++) {
        const struct ir_buffer *b = p->buffers.at[k];
        for (uint32_t other = 0; ir_access_writes(b->access) && other < p->buffers.n; other++) {
            const struct ir_buffer *o = p->buffers.at[other];
            if (other != k && overlap(&given[k], used_count(b, &given[k]) * ir_type_mem_bytes(b->elem), &given[other],
                                      used_count(o, &given[other]) * ir_type_mem_bytes(o->elem))) {
                fail(arena, r, IR_RUN_BAD_SIZE,
                     "buffers '%s' and '%s' of '%s' overlap, and '%s' is written: give them memory of their own",
                     b->name, o->name, p->name, b->name);
                return false;
            }
        }
    }
    return true;
}

static void bind_storage(struct launch *l, const struct ir_run_buffer *given)
{
    l->storage = ARENA_ARRAY(l->arena, struct array_view, l->program->buffers.n + 1);
    for (uint32_t k = 0; k < l->program->buffers.n; k++) {
        const struct ir_buffer *b = l->program->buffers.at[k];
        struct array_view *v = &l->storage[k];
        *v = (struct array_view){
            .bytes = given[k].bytes, .count = used_count(b, &given[k]), .elem_bytes = ir_type_mem_bytes(b->elem)};
        if (b->access == IR_ACCESS_WRITE && v->count)
            memset(v->bytes, b->no_zeros ? INTERP_NO_ZERO : 0, v->count * v->elem_bytes);
        if (l->options->detect_races && ir_access_writes(b->access))
            v->shadow = ARENA_ARRAY(l->arena, struct shadow, v->count);
    }
}

static void bind_data(struct launch *l)
{
    const struct ir_module *m = l->program->module;
    l->data = ARENA_ARRAY(l->arena, struct array_view, m->data.n + 1);
    for (uint32_t k = 0; k < m->data.n; k++) {
        const struct ir_data *d = m->data.at[k];
        l->data[d->buffer.index] = (struct array_view){.bytes = (unsigned char *)d->bytes,
                                                       .count = d->buffer.count,
                                                       .elem_bytes = ir_type_mem_bytes(d->buffer.elem)};
    }
}

/* -- programs -------------------------------------------------------------------------------------------- */

static void count_statements(const struct code *c, struct ir_run_result *result)
{
    result->n_statements = c->n_statements;
    for (uint32_t k = 1; k <= c->n_statements; k++)
        result->n_reached += c->reached[k];
}

struct ir_run_result ir_run_program(struct arena *arena, const struct ir_program *p,
                                    const struct ir_run_buffer *buffers, const uint64_t *params,
                                    const struct ir_run_options *options)
{
    struct ir_run_result result = {.status = IR_RUN_OK};
    struct launch l = {.arena = arena, .program = p, .options = options, .result = &result};
    for (uint32_t k = 0; k < p->buffers.n; k++)
        if (!check_length(arena, p->buffers.at[k], &buffers[k], &result)) return result;
    if (!check_overlap(arena, p, buffers, &result)) return result;
    if (!ir_launch_size(p, buffers, params, l.groups))
        return *fail(arena, &result, IR_RUN_BAD_SIZE,
                     "the dispatch of '%s' overflows, is negative or passes 2^32 - 1 invocations in a dimension: check "
                     "its lengths and params",
                     p->name);
    memcpy(l.size, p->workgroup, sizeof l.size);
    l.group_size = l.size[0] * l.size[1] * l.size[2];
    l.n_subgroups = (l.group_size + IR_SUBGROUP_SIZE - 1) / IR_SUBGROUP_SIZE;
    l.n_groups = (uint64_t)l.groups[0] * l.groups[1];
    if (__builtin_mul_overflow(l.n_groups, l.groups[2], &l.n_groups))
        return *fail(arena, &result, IR_RUN_BAD_SIZE, "the dispatch of '%s' has more than 2^64 workgroups", p->name);
    bind_storage(&l, buffers);
    bind_data(&l);
    interp_flatten(&l, params);
    interp_schedule(&l);
    count_statements(&l.code, &result);
    return result;
}

/* -- pipelines ------------------------------------------------------------------------------------------- */

struct pipeline_run {
    struct arena *arena;
    const struct ir_pipeline *pipeline;
    struct ir_run_buffer *buffers; /* parameters, then temps */
    const uint64_t *params;
    const struct ir_run_options *options;
    struct ir_run_result result;
};

static uint64_t find_length(void *ctx, const struct ir_buffer *b)
{
    const struct pipeline_run *run = ctx;
    return used_count(b, &run->buffers[b->index]);
}

static uint64_t find_param(void *ctx, const struct ir_param *p)
{
    const struct pipeline_run *run = ctx;
    return run->params[p->index];
}

static bool evaluate(struct pipeline_run *run, const struct ir_expr *e, uint64_t *value)
{
    struct ir_host_env env = {run, find_length, find_param};
    return ir_host_eval(e, &env, value);
}

/* What an arm's program gets for a param: any constant or param as it is, a size where it is computed. */
static bool evaluate_arg(struct pipeline_run *run, const struct ir_expr *e, ir_type type, uint64_t *bits)
{
    if (e->op != IR_OP_CONST && e->op != IR_OP_PARAM) {
        uint32_t room = ir_type_info(type)->bits - (ir_type_is_signed(type) ? 1u : 0u);
        return evaluate(run, e, bits) && (room >= 64 || *bits >> room == 0);
    }
    *bits = e->op == IR_OP_CONST ? e->bits : run->params[e->param->index];
    return true;
}

static bool make_temps(struct pipeline_run *run)
{
    const struct ir_pipeline *p = run->pipeline;
    for (uint32_t k = 0; k < p->temps.n; k++) {
        const struct ir_buffer *t = p->temps.at[k];
        uint64_t count = t->count;
        if ((t->count_expr && !evaluate(run, t->count_expr, &count)) || count > UINT32_MAX) {
            fail(run->arena, &run->result, IR_RUN_BAD_SIZE,
                 "the size of temp '%s' overflows, is negative or passes 2^32 - 1 elements: check its lengths and "
                 "params",
                 t->name);
            return false;
        }
        run->buffers[t->index] =
            (struct ir_run_buffer){arena_array(run->arena, count, ir_type_mem_bytes(t->elem)), count};
    }
    return true;
}

static void run_arm(struct pipeline_run *run, const struct ir_arm *arm)
{
    const struct ir_program *p = arm->program;
    struct ir_run_buffer *buffers = ARENA_ARRAY(run->arena, struct ir_run_buffer, p->buffers.n + 1);
    uint64_t *params = ARENA_ARRAY(run->arena, uint64_t, p->params.n + 1);
    for (uint32_t k = 0; k < arm->args.n; k++) {
        const struct ir_arg *a = &arm->args.at[k];
        if (a->formal_buffer) {
            buffers[a->formal_buffer->index] = run->buffers[a->buffer->index];
            buffers[a->formal_buffer->index].count = used_count(a->buffer, &run->buffers[a->buffer->index]);
        } else if (!evaluate_arg(run, a->value, a->formal_param->type, &params[a->formal_param->index])) {
            fail(run->arena, &run->result, IR_RUN_BAD_SIZE,
                 "the value of '%s' for arm '%s' overflows, is negative or divides by zero", a->name, arm->name);
            return;
        }
    }
    struct ir_run_result before = run->result;
    run->result = ir_run_program(run->arena, p, buffers, params, run->options);
    if (run->result.status == IR_RUN_TRAP)
        run->result.trap_of = p->trap_arms.n ? p->trap_arms.at[run->result.trap_arm].arm : arm->name;
    run->result.n_steps += before.n_steps;
    run->result.n_statements += before.n_statements;
    run->result.n_reached += before.n_reached;
}

struct ir_run_result ir_run_pipeline(struct arena *arena, const struct ir_pipeline *p,
                                     const struct ir_run_buffer *buffers, const uint64_t *params,
                                     const struct ir_run_options *options)
{
    struct pipeline_run run = {.arena = arena, .pipeline = p, .params = params, .options = options};
    run.buffers = ARENA_ARRAY(arena, struct ir_run_buffer, p->buffers.n + p->temps.n + 1);
    for (uint32_t k = 0; k < p->buffers.n; k++) {
        run.buffers[k] = buffers[k];
        if (!check_length(arena, p->buffers.at[k], &buffers[k], &run.result)) return run.result;
    }
    if (!make_temps(&run)) return run.result;
    IR_EACH_STMT(s, &p->body)
    {
        if (s->kind == IR_STMT_COLLECTIVE)
            fail(arena, &run.result, IR_RUN_UNSUPPORTED,
                 "%s needs a communicator, which the interpreter does not have: run the arms without it",
                 ir_collective_texts[s->collective.op]);
        else if (s->kind == IR_STMT_ARM)
            run_arm(&run, s->arm);
        if (run.result.status != IR_RUN_OK) break;
    }
    return run.result;
}
