/* builder.c - programs built call by call: a value is a piece of .vir text, a statement a line of it. So whatever is built
 * is read and checked like any program, and can be looked at. No call can fail but by memory. */
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ir/ops.h"
#include "library/internal.h"

struct vyrec_builder {
    struct memory mem;
    struct out text;
    char **values; /* by id; 0 is what failed calls give */
    uint32_t n_values, n_values_max;
    uint32_t depth; /* of open blocks */
    bool no_memory;
};

vyrec_status vyrec_builder_create(vyrec_builder **builder)
{
    if (!builder) return VYREC_INVALID;
    *builder = handle_new(sizeof **builder);
    if (!*builder) return VYREC_NO_MEMORY;
    out_init(&(*builder)->text, &(*builder)->mem);
    (*builder)->n_values = 1;
    return VYREC_OK;
}

void vyrec_builder_destroy(vyrec_builder *builder)
{
    handle_release(builder);
}

/* ---- text ---- */

__attribute__((format(printf, 2, 3))) static void add_line(vyrec_builder *b, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    size_t indent = 2 * (size_t)b->depth;
    if (b->no_memory || n < 0 || !out_try_reserve(&b->text, indent + (size_t)n + 1)) {
        b->no_memory = true;
        return;
    }
    char *at = b->text.bytes + b->text.n;
    memset(at, ' ', indent);
    va_start(args, format);
    vsnprintf(at + indent, (size_t)n + 1, format, args);
    va_end(args);
    strcpy(at + indent + n, "\n");
    b->text.n += indent + (size_t)n + 1;
}

static bool reserve_value(vyrec_builder *b)
{
    if (b->n_values < b->n_values_max) return true;
    uint32_t n_max = b->n_values_max ? 2 * b->n_values_max : 64;
    char **grown = memory_try_alloc(&b->mem, n_max * sizeof *grown);
    if (!grown) return false;
    if (b->values) memcpy(grown, b->values, b->n_values * sizeof *grown);
    memory_free(&b->mem, b->values, b->n_values_max * sizeof *grown);
    b->values = grown;
    b->n_values_max = n_max;
    return true;
}

__attribute__((format(printf, 2, 3))) static vyrec_value add_value(vyrec_builder *b, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *text = b->no_memory || n < 0 || !reserve_value(b) ? NULL : memory_try_alloc(&b->mem, (size_t)n + 1);
    if (!text) {
        b->no_memory = true;
        return (vyrec_value){0};
    }
    va_start(args, format);
    vsnprintf(text, (size_t)n + 1, format, args);
    va_end(args);
    b->values[b->n_values] = text;
    return (vyrec_value){b->n_values++};
}

/* What is no value of this builder reads as what no text has, so that the reader refuses it. */
static const char *text_of(const vyrec_builder *b, vyrec_value value)
{
    return value.id && value.id < b->n_values ? b->values[value.id] : "$";
}

/* ---- declarations ---- */

void vyrec_build_program(vyrec_builder *b, const char *name, const char *workgroup)
{
    add_line(b, "program %s {", name);
    b->depth++;
    add_line(b, "workgroup %s;", workgroup);
}

void vyrec_build_buffer(vyrec_builder *b, const char *name, const char *access, const char *type)
{
    add_line(b, "buffer %s : %s %s;", name, access, type);
}

void vyrec_build_param(vyrec_builder *b, const char *name, const char *type)
{
    add_line(b, "param %s : %s;", name, type);
}

void vyrec_build_array(vyrec_builder *b, const char *space, const char *name, const char *type)
{
    add_line(b, "%s %s : %s;", space, name, type);
}

/* ---- values ---- */

vyrec_value vyrec_build_int(vyrec_builder *b, const char *type, int64_t number)
{
    if (number == INT64_MIN) return add_value(b, "(-%" PRId64 "%s - 1%s)", INT64_MAX, type, type);
    return add_value(b, number < 0 ? "(%" PRId64 "%s)" : "%" PRId64 "%s", number, type);
}

/* 17 digits tell every double from every other; the reader rounds to the type. */
vyrec_value vyrec_build_float(vyrec_builder *b, const char *type, double number)
{
    char digits[40];
    if (isnan(number)) return add_value(b, "nan_%s", type);
    if (isinf(number)) return add_value(b, number < 0 ? "(-inf_%s)" : "inf_%s", type);
    snprintf(digits, sizeof digits, "%.17g", fabs(number));
    return add_value(b, "(%s%s%s%s)", signbit(number) ? "-" : "", digits, strpbrk(digits, ".e") ? "" : ".0", type);
}

vyrec_value vyrec_build_name(vyrec_builder *b, const char *name)
{
    return add_value(b, "%s", name);
}

static enum ir_form find_form(const char *op, size_t n)
{
    for (int i = 0; i < IR_OP_COUNT; i++)
        if (ir_op_infos[i].n_args == n && !strcmp(ir_op_infos[i].text, op)) return ir_op_infos[i].form;
    return IR_FORM_CALL;
}

vyrec_value vyrec_build_op(vyrec_builder *b, const char *op, size_t n, const vyrec_value *operands)
{
    enum ir_form form = find_form(op, n);
    if (form >= IR_FORM_INFIX_1)
        return add_value(b, "(%s %s %s)", text_of(b, operands[0]), op, text_of(b, operands[1]));
    if (form == IR_FORM_PREFIX) return add_value(b, "(%s%s)", op, text_of(b, operands[0]));
    vyrec_value list = add_value(b, "%s", n ? text_of(b, operands[0]) : "");
    for (size_t i = 1; i < n; i++)
        list = add_value(b, "%s, %s", text_of(b, list), text_of(b, operands[i]));
    return add_value(b, "%s(%s)", op, text_of(b, list));
}

vyrec_value vyrec_build_load(vyrec_builder *b, const char *buffer, vyrec_value index)
{
    return add_value(b, "%s[%s]", buffer, text_of(b, index));
}

/* ---- statements ---- */

vyrec_value vyrec_build_let(vyrec_builder *b, const char *name, vyrec_value value)
{
    add_line(b, "let %s = %s;", name, text_of(b, value));
    return vyrec_build_name(b, name);
}

vyrec_value vyrec_build_var(vyrec_builder *b, const char *name, vyrec_value value)
{
    add_line(b, "var %s = %s;", name, text_of(b, value));
    return vyrec_build_name(b, name);
}

void vyrec_build_assign(vyrec_builder *b, vyrec_value var, vyrec_value value)
{
    add_line(b, "%s = %s;", text_of(b, var), text_of(b, value));
}

void vyrec_build_store(vyrec_builder *b, const char *buffer, vyrec_value index, vyrec_value value)
{
    add_line(b, "%s[%s] = %s;", buffer, text_of(b, index), text_of(b, value));
}

void vyrec_build_if(vyrec_builder *b, vyrec_value condition)
{
    add_line(b, "if %s {", text_of(b, condition));
    b->depth++;
}

void vyrec_build_else(vyrec_builder *b)
{
    b->depth -= b->depth > 0;
    add_line(b, "} else {");
    b->depth++;
}

vyrec_value vyrec_build_for(vyrec_builder *b, const char *name, vyrec_value from, vyrec_value to)
{
    add_line(b, "for %s in %s..%s {", name, text_of(b, from), text_of(b, to));
    b->depth++;
    return vyrec_build_name(b, name);
}

void vyrec_build_while(vyrec_builder *b, vyrec_value condition, vyrec_value max)
{
    add_line(b, "while %s max %s {", text_of(b, condition), text_of(b, max));
    b->depth++;
}

void vyrec_build_end(vyrec_builder *b)
{
    b->depth -= b->depth > 0;
    add_line(b, "}");
}

void vyrec_build_text(vyrec_builder *b, const char *text)
{
    add_line(b, "%s", text);
}

const char *vyrec_build_get_text(const vyrec_builder *b)
{
    return b->text.bytes ? b->text.bytes : "";
}

vyrec_status vyrec_build_finish(const vyrec_builder *b, vyrec_context *context, const char *name, vyrec_module **module)
{
    if (module) *module = NULL;
    if (!b || !module) return VYREC_INVALID;
    if (b->no_memory) return VYREC_NO_MEMORY;
    return vyrec_module_parse(context, name, vyrec_build_get_text(b), b->text.n, module);
}
