/* host_eval.c - what the host computes before a launch: dispatch sizes, temps' counts, workgroup counts.
 *
 * All of it in checked unsigned 64-bit arithmetic: a size is either exact or refused, never wrapped. */
#include "ir/interp.h"
#include "ir/ops.h"

static bool fits_type(ir_type type, uint64_t value)
{
    uint32_t bits = ir_type_info(type)->bits - (ir_type_is_signed(type) ? 1u : 0u);
    return bits >= 64 || value >> bits == 0;
}

/* A param's bits as a size: floats have none, negative numbers neither. */
static bool eval_param(const struct ir_expr *e, const struct ir_host_env *env, uint64_t *result)
{
    *result = env->param(env->ctx, e->param);
    return !ir_type_is_float(e->type) && fits_type(e->type, *result);
}

static bool eval_cast(const struct ir_expr *e, uint64_t value, uint64_t *result)
{
    *result = e->type.scalar == IR_BOOL ? value != 0 : value;
    return !ir_type_is_float(e->type) && fits_type(e->type, *result);
}

static bool eval_shift(const struct ir_expr *e, uint64_t a, uint64_t n, uint64_t *result)
{
    if (n >= ir_type_info(e->type)->bits) return false;
    *result = e->op == IR_OP_SHL ? a << n : a >> n;
    return e->op == IR_OP_SHR || *result >> n == a;
}

static bool eval_arithmetic(const struct ir_expr *e, uint64_t a, uint64_t b, uint64_t *result)
{
    switch (e->op) {
    case IR_OP_ADD:
        return !__builtin_add_overflow(a, b, result);
    case IR_OP_SUB:
        return !__builtin_sub_overflow(a, b, result);
    case IR_OP_MUL:
        return !__builtin_mul_overflow(a, b, result);
    case IR_OP_DIV:
        *result = b ? a / b : 0;
        return b != 0;
    case IR_OP_REM:
        *result = b ? a % b : 0;
        return b != 0;
    case IR_OP_SHL:
    case IR_OP_SHR:
        return eval_shift(e, a, b, result);
    case IR_OP_AND:
        *result = a & b;
        return true;
    case IR_OP_OR:
        *result = a | b;
        return true;
    case IR_OP_XOR:
        *result = a ^ b;
        return true;
    case IR_OP_MIN:
        *result = a < b ? a : b;
        return true;
    case IR_OP_MAX:
        *result = a > b ? a : b;
        return true;
    default:
        return false;
    }
}

static bool eval_logic(const struct ir_expr *e, const uint64_t *v, uint64_t *result)
{
    switch (e->op) {
    case IR_OP_LNOT:
        *result = !v[0];
        return true;
    case IR_OP_LAND:
        *result = v[0] && v[1];
        return true;
    case IR_OP_LOR:
        *result = v[0] || v[1];
        return true;
    case IR_OP_EQ:
        *result = v[0] == v[1];
        return true;
    case IR_OP_NE:
        *result = v[0] != v[1];
        return true;
    case IR_OP_LT:
        *result = v[0] < v[1];
        return true;
    case IR_OP_LE:
        *result = v[0] <= v[1];
        return true;
    case IR_OP_GT:
        *result = v[0] > v[1];
        return true;
    case IR_OP_GE:
        *result = v[0] >= v[1];
        return true;
    case IR_OP_SELECT:
        *result = v[0] ? v[1] : v[2];
        return true;
    case IR_OP_CAST:
        return eval_cast(e, v[0], result);
    default:
        return eval_arithmetic(e, v[0], v[1], result);
    }
}

bool ir_host_eval(const struct ir_expr *e, const struct ir_host_env *env, uint64_t *result)
{
    uint64_t values[4] = {0};
    if (e->op == IR_OP_LEN) {
        *result = e->buffer->sized && !e->buffer->count_expr ? e->buffer->count : env->len(env->ctx, e->buffer);
        return true;
    }
    if (e->op == IR_OP_PARAM) return eval_param(e, env, result);
    if (e->op == IR_OP_CONST) {
        *result = e->bits;
        return !ir_type_is_float(e->type) && fits_type(e->type, e->bits);
    }
    for (uint32_t i = 0; i < e->n_args && i < 4; i++)
        if (!ir_host_eval(e->args[i], env, &values[i])) return false;
    return eval_logic(e, values, result);
}

/* -- the size of a launch ----------------------------------------------------------------------------------- */

struct launch {
    const struct ir_run_buffer *buffers;
    const uint64_t *params;
};

static uint64_t get_launch_len(void *ctx, const struct ir_buffer *b)
{
    const struct launch *l = ctx;
    return b->sized ? b->count : l->buffers[b->index].count;
}

static uint64_t get_launch_param(void *ctx, const struct ir_param *p)
{
    const struct launch *l = ctx;
    return l->params[p->index];
}

/* Without a dispatch: one invocation for each element of the largest written buffer. */
static uint64_t count_written_elements(const struct ir_program *p, struct launch *l)
{
    uint64_t most = 0;
    for (uint32_t i = 0; i < p->buffers.n; i++) {
        uint64_t n = get_launch_len(l, p->buffers.at[i]);
        if (ir_access_writes(p->buffers.at[i]->access) && n > most) most = n;
    }
    return most;
}

bool ir_launch_size(const struct ir_program *p, const struct ir_run_buffer *buffers, const uint64_t *params,
                    uint32_t groups[3])
{
    struct launch l = {buffers, params};
    struct ir_host_env env = {&l, get_launch_len, get_launch_param};
    uint64_t all = 1; /* invocations, whose linear id must fit 64 bits */
    for (uint32_t i = 0; i < 3; i++) {
        uint64_t wanted = i == 0 && !p->n_dispatch ? count_written_elements(p, &l) : 1;
        if (i < p->n_dispatch && !ir_host_eval(p->dispatch[i], &env, &wanted)) return false;
        uint64_t size = p->workgroup[i], n = wanted / size + (wanted % size != 0), extent;
        if (n > UINT32_MAX || __builtin_mul_overflow(n, size, &extent) || extent > (uint64_t)UINT32_MAX + 1)
            return false;
        if (__builtin_mul_overflow(all, extent ? extent : 1, &all)) return false;
        groups[i] = (uint32_t)n;
    }
    return true;
}
