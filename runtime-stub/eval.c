/* eval.c - evaluates host expressions: sizes of grids and temps, and what arms pass on.
 *
 * Checked unsigned 64-bit arithmetic: a size is exact or refused, never wrapped. The compiler's ir_host_eval means the
 * same. */
#include "runtime-stub/container.h"

bool meta_fits_type(uint8_t type, uint64_t value)
{
    if (!type) return true;
    const struct meta_type_info *info = meta_type_info(type);
    uint32_t bits = info->bits - (info->is_signed ? 1u : 0u);
    return !info->is_float && (bits >= 64 || value >> bits == 0);
}

static bool shift(const struct vyre_meta_op *op, uint64_t a, uint64_t n, uint64_t *r)
{
    const struct meta_type_info *info = meta_type_info(op->type);
    if (n >= (info ? info->bits : 64)) return false;
    *r = op->op == VYRE_META_OP_SHL ? a << n : a >> n;
    return op->op == VYRE_META_OP_SHR || *r >> n == a;
}

/* Two operands, and always a value. */
static uint64_t combine(enum vyre_meta_op_kind op, uint64_t a, uint64_t b)
{
    const uint64_t values[VYRE_META_OP_COUNT] = {
        [VYRE_META_OP_MIN] = a < b ? a : b,
        [VYRE_META_OP_MAX] = a > b ? a : b,
        [VYRE_META_OP_AND] = a & b,
        [VYRE_META_OP_OR] = a | b,
        [VYRE_META_OP_XOR] = a ^ b,
        [VYRE_META_OP_EQ] = a == b,
        [VYRE_META_OP_NE] = a != b,
        [VYRE_META_OP_LT] = a<b, [VYRE_META_OP_LE] = a <= b, [VYRE_META_OP_GT] = a> b,
        [VYRE_META_OP_GE] = a >= b,
        [VYRE_META_OP_LAND] = a && b,
        [VYRE_META_OP_LOR] = a || b,
    };
    return values[op];
}

/* Two operands; false where the exact result is no unsigned 64-bit number. */
static bool calculate(const struct vyre_meta_op *op, uint64_t a, uint64_t b, uint64_t *r)
{
    switch (op->op) {
    case VYRE_META_OP_ADD:
        return !__builtin_add_overflow(a, b, r);
    case VYRE_META_OP_SUB:
        return !__builtin_sub_overflow(a, b, r);
    case VYRE_META_OP_MUL:
        return !__builtin_mul_overflow(a, b, r);
    case VYRE_META_OP_DIV:
        *r = b ? a / b : 0;
        return b != 0;
    case VYRE_META_OP_REM:
        *r = b ? a % b : 0;
        return b != 0;
    case VYRE_META_OP_SHL:
    case VYRE_META_OP_SHR:
        return shift(op, a, b, r);
    default:
        *r = combine((enum vyre_meta_op_kind)op->op, a, b);
        return true;
    }
}

bool meta_eval(const struct vyre_meta_op *op, const struct vyre_cpu_buffer *buffers, const uint64_t *params,
               uint64_t *result)
{
    uint64_t stack[VYRE_META_MAX_DEPTH + 1];
    uint64_t *top = stack; /* first free */
    for (;; op++) {
        bool ok = true;
        switch ((enum vyre_meta_op_kind)op->op) {
        case VYRE_META_OP_END:
            *result = top[-1];
            return true;
        case VYRE_META_OP_CONST:
            *top++ = op->value;
            ok = meta_fits_type(op->type, op->value);
            break;
        case VYRE_META_OP_LEN:
            *top++ = buffers[op->value].count;
            break;
        case VYRE_META_OP_PARAM:
            *top = params[op->value];
            ok = meta_fits_type(op->type, *top++);
            break;
        case VYRE_META_OP_LNOT:
            top[-1] = !top[-1];
            break;
        case VYRE_META_OP_CAST:
            if (op->type == VYRE_TYPE_BOOL) top[-1] = top[-1] != 0;
            ok = meta_fits_type(op->type, top[-1]);
            break;
        case VYRE_META_OP_SELECT:
            top -= 2;
            top[-1] = top[-1] ? top[0] : top[1];
            break;
        default:
            top--;
            ok = calculate(op, top[-1], top[0], &top[-1]);
            break;
        }
        if (!ok) return false;
    }
}
