/* text.c - the parts of a program's text that all families share. */
#include "ir/print.h"
#include "tests/exec/ops/ops.h"

static const char *const operand_names[MAX_OPERANDS] = {"a", "b", "c", "d"};

struct test_case *begin_program(struct batch *b, const char *workgroup, const char *dispatch,
                                const struct case_buffer *operands, uint32_t n_operands, struct case_buffer out,
                                const char *format, ...)
{
    struct test_case *t = ARENA_NEW(&b->arena, struct test_case);
    va_list args;
    va_start(args, format);
    t->name = arena_vprintf(&b->arena, format, args);
    va_end(args);
    out_printf(&b->text, "program %s {\n  workgroup %s;\n  dispatch %s;\n", t->name, workgroup, dispatch);
    for (uint32_t i = 0; i < n_operands; i++) {
        t->buffers[t->n_buffers++] = operands[i];
        out_printf(&b->text, "  buffer %s : read %s[];\n", operand_names[i], ir_type_text(operands[i].type));
    }
    t->n_operands = n_operands;
    t->buffers[t->n_buffers++] = out;
    out_printf(&b->text, "  buffer out : write %s[];\n", ir_type_text(out.type));
    vec_push(&b->arena, &b->cases, t);
    return t;
}

void end_program(struct batch *b)
{
    out_text(&b->text, "}\n\n");
    flush_full_batch(b);
}

static void write_call(struct batch *b, const char *name, const char *const *args, uint32_t n_args)
{
    out_text(&b->text, name);
    for (uint32_t i = 0; i < n_args; i++)
        out_printf(&b->text, "%s%s", i ? ", " : "(", args[i]);
    out_text(&b->text, ")");
}

void write_operation(struct batch *b, enum ir_op op, ir_type result, const char *const *args)
{
    const struct ir_op_info *info = &ir_op_infos[op];
    b->used[op] = true;
    if (ir_op_precedence(op))
        out_printf(&b->text, "(%s %s %s)", args[0], info->text, args[1]);
    else if (info->form == IR_FORM_PREFIX)
        out_printf(&b->text, "(%s(%s))", info->text, args[0]);
    else if (op == IR_OP_CAST)
        write_call(b, ir_type_text(result), args, 1);
    else if (op == IR_OP_BITCAST)
        write_call(b, arena_printf(&b->arena, "bitcast<%s>", ir_type_text(result)), args, 1);
    else if (op == IR_OP_VEC)
        write_call(b, ir_type_text(result), args, result.lanes);
    else
        write_call(b, info->text, args, info->n_args);
}

const char *constant_text(struct batch *b, ir_type type, uint32_t k)
{
    struct out text;
    out_init(&text, b->mem);
    if (type.lanes > 1) out_printf(&text, "%s(", ir_type_text(type));
    for (uint32_t c = 0; c < type.lanes; c++) {
        if (c) out_text(&text, ", ");
        ir_print_constant((ir_type){type.scalar, 1}, boundary_value(type.scalar, k + 5 * c), true, &text);
    }
    if (type.lanes > 1) out_text(&text, ")");
    const char *copy = arena_copy(&b->arena, text.bytes, text.n);
    out_release(&text);
    return copy;
}
