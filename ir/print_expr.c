/* print_expr.c - expressions and literals as text.
 *
 * Parentheses stand only where precedence asks for them, with two exceptions that keep reading exact: `-(5i32)` is a
 * negation where
 * `-5i32` is a constant, and `-(-x)` is easier to read than `--x`. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ir/ops.h"
#include "ir/print.h"

enum { PRECEDENCE_PREFIX = 11, PRECEDENCE_POSTFIX = 12 };

/* -- literals ----------------------------------------------------------------------------------------------- */

static uint64_t convert_float(ir_type from, ir_type to, uint64_t bits)
{
    struct ir_value v = {{bits}};
    return ir_op_eval(IR_OP_CAST, to, 0, &from, &v, 1).lane[0];
}

static double decode_float(ir_type type, uint64_t bits)
{
    double value;
    if (type.scalar != IR_F64) bits = convert_float(type, IR_TYPE(F64), bits);
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* What the frontend makes of a decimal literal. */
static uint64_t read_decimal(ir_type type, const char *digits)
{
    uint64_t bits = 0;
    if (type.scalar == IR_F32) {
        float value = strtof(digits, NULL);
        memcpy(&bits, &value, sizeof value);
        return bits;
    }
    double value = strtod(digits, NULL);
    memcpy(&bits, &value, sizeof value);
    return type.scalar == IR_F64 ? bits : convert_float(IR_TYPE(F64), type, bits);
}

/* Fewest digits, but up to ten places before the point are written out rather than as a power of ten. */
static void print_finite(ir_type type, uint64_t bits, struct out *out)
{
    char digits[40];
    double value = decode_float(type, bits), size = fabs(value);
    int precision = 1;
    for (double power = 10; precision < 10 && size >= power && size < 1e10; power *= 10)
        precision++;
    for (; precision <= 17; precision++) {
        snprintf(digits, sizeof digits, "%.*g", precision, value);
        if (read_decimal(type, digits) == bits) break;
    }
    out_text(out, digits);
    if (!strpbrk(digits, ".e")) out_text(out, ".0");
}

static void print_float(ir_type type, uint64_t bits, bool suffix, struct out *out)
{
    double value = decode_float(type, bits);
    if (isfinite(value)) {
        print_finite(type, bits, out);
        if (suffix) out_text(out, ir_type_text(type));
        return;
    }
    out_text(out, isnan(value) ? "nan" : value < 0 ? "-inf" : "inf");
    if (suffix) out_printf(out, "_%s", ir_type_text(type));
}

static int64_t extend_sign(uint64_t bits, uint32_t width)
{
    return (int64_t)(bits << (64 - width)) >> (64 - width);
}

void ir_print_constant(ir_type type, uint64_t bits, bool suffix, struct out *out)
{
    switch (ir_type_info(type)->kind) {
    case IR_KIND_BOOL:
        out_text(out, bits ? "true" : "false");
        return;
    case IR_KIND_FLOAT:
        print_float(type, bits, suffix, out);
        return;
    case IR_KIND_SINT:
        out_printf(out, "%lld", (long long)extend_sign(bits, ir_type_info(type)->bits));
        break;
    default:
        out_printf(out, "%llu", (unsigned long long)bits);
        break;
    }
    if (suffix) out_text(out, ir_type_text(type));
}

static bool is_negative(ir_type type, uint64_t bits)
{
    if (type.scalar == IR_BOOL || ir_type_info(type)->kind == IR_KIND_UINT) return false;
    return bits >> (ir_type_info(type)->bits - 1) & 1;
}

/* Bytes of the character beyond ASCII that begins here in well-formed UTF-8, or 0. */
static uint32_t measure_character(const unsigned char *bytes, uint64_t n)
{
    unsigned char c = bytes[0];
    uint32_t size = c >= 0xC2 && c < 0xE0 ? 2 : c >= 0xE0 && c < 0xF0 ? 3 : c >= 0xF0 && c < 0xF5 ? 4 : 0;
    if (size == 0 || size > n) return 0;
    for (uint32_t i = 1; i < size; i++)
        if ((bytes[i] & 0xC0) != 0x80) return 0;
    bool overlong = (c == 0xE0 && bytes[1] < 0xA0) || (c == 0xF0 && bytes[1] < 0x90);
    bool no_character = (c == 0xED && bytes[1] >= 0xA0) || (c == 0xF4 && bytes[1] >= 0x90);
    return overlong || no_character ? 0 : size;
}

void ir_print_string(const unsigned char *bytes, uint64_t n, struct out *out)
{
    out_text(out, "\"");
    for (uint64_t i = 0; i < n; i++) {
        unsigned char c = bytes[i];
        uint32_t size = c >= 0x80 ? measure_character(bytes + i, n - i) : 0;
        if (size) {
            out_bytes(out, bytes + i, size);
            i += size - 1;
            continue;
        }
        if (c == '"' || c == '\\')
            out_printf(out, "\\%c", c);
        else if (c == '\n')
            out_text(out, "\\n");
        else if (c == '\t')
            out_text(out, "\\t");
        else if (c < 0x20 || c >= 0x7F)
            out_printf(out, "\\x%02x", c);
        else
            out_bytes(out, &c, 1);
    }
    out_text(out, "\"");
}

/* -- expressions -------------------------------------------------------------------------------------------- */

static int precedence_of(const struct ir_expr *e)
{
    int infix = ir_op_precedence((enum ir_op)e->op);
    if (infix) return infix;
    if (ir_op_infos[e->op].form == IR_FORM_PREFIX) return PRECEDENCE_PREFIX;
    if (e->op == IR_OP_CONST && is_negative(e->type, e->bits)) return PRECEDENCE_PREFIX;
    return PRECEDENCE_POSTFIX;
}

/* An operand that binds looser than its place asks for gets parentheses. */
static void print_operand(const struct ir_expr *e, int at_least, struct out *out)
{
    bool enclosed = e && precedence_of(e) < at_least;
    if (enclosed) out_text(out, "(");
    ir_print_expr(e, out);
    if (enclosed) out_text(out, ")");
}

static void print_args(const struct ir_expr *e, struct out *out)
{
    out_text(out, "(");
    for (uint32_t i = 0; i < e->n_args; i++) {
        if (i) out_text(out, ", ");
        ir_print_expr(e->args[i], out);
    }
    out_text(out, ")");
}

static void print_prefix(const struct ir_expr *e, struct out *out)
{
    const struct ir_expr *arg = e->args[0];
    bool looks_folded = e->op == IR_OP_NEG && arg && (arg->op == IR_OP_CONST || arg->op == IR_OP_NEG);
    out_text(out, ir_op_infos[e->op].text);
    print_operand(arg, looks_folded ? PRECEDENCE_POSTFIX + 1 : PRECEDENCE_PREFIX, out);
}

static void print_infix(const struct ir_expr *e, struct out *out)
{
    int precedence = precedence_of(e);
    print_operand(e->args[0], precedence, out);
    out_printf(out, " %s ", ir_op_infos[e->op].text);
    print_operand(e->args[1], precedence + 1, out);
}

static bool has_component(enum ir_op op)
{
    return op == IR_OP_GID || op == IR_OP_LID || op == IR_OP_WID || op == IR_OP_WORKGROUP_SIZE ||
           op == IR_OP_NUM_WORKGROUPS;
}

static void print_leaf(const struct ir_expr *e, struct out *out)
{
    switch (e->op) {
    case IR_OP_CONST:
        ir_print_constant(e->type, e->bits, true, out);
        return;
    case IR_OP_LOCAL:
        out_text(out, e->local ? e->local->name : "<missing>");
        return;
    case IR_OP_PARAM:
        out_text(out, e->param ? e->param->name : "<missing>");
        return;
    default:
        break;
    }
    out_text(out, ir_op_infos[e->op].text);
    if (has_component((enum ir_op)e->op)) out_printf(out, ".%c", "xyzw"[e->component & 3]);
}

static void print_special(const struct ir_expr *e, struct out *out)
{
    const char *buffer = e->op != IR_OP_EXTRACT && e->buffer ? e->buffer->name : "<missing>";
    if (e->op == IR_OP_LEN) {
        out_printf(out, "len(%s)", buffer);
    } else if (e->op == IR_OP_LOAD) {
        out_printf(out, "%s[", buffer);
        ir_print_expr(e->args[0], out);
        out_text(out, e->in_bounds ? ", in_bounds]" : "]");
    } else {
        print_operand(e->args[0], PRECEDENCE_POSTFIX, out);
        out_printf(out, ".%c", "xyzw"[e->component & 3]);
    }
}

static void print_typed(const struct ir_expr *e, struct out *out)
{
    if (e->op == IR_OP_BITCAST)
        out_printf(out, "bitcast<%s>", ir_type_text(e->type));
    else
        out_text(out, ir_type_text(e->type)); /* casts, and vectors from their components */
    print_args(e, out);
}

void ir_print_expr(const struct ir_expr *e, struct out *out)
{
    if (!e || e->op >= IR_OP_COUNT ||
        e->n_args < (ir_op_infos[e->op].form == IR_FORM_TYPED ? 1 : ir_op_infos[e->op].n_args)) {
        out_text(out, "<missing>");
        return;
    }
    switch (ir_op_infos[e->op].form) {
    case IR_FORM_LEAF:
        print_leaf(e, out);
        break;
    case IR_FORM_PREFIX:
        print_prefix(e, out);
        break;
    case IR_FORM_CALL:
        out_text(out, ir_op_infos[e->op].text);
        print_args(e, out);
        break;
    case IR_FORM_TYPED:
        print_typed(e, out);
        break;
    case IR_FORM_SPECIAL:
        print_special(e, out);
        break;
    default:
        print_infix(e, out);
        break;
    }
}
