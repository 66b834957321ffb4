/* cases_memory.c - loads and stores of every type in every space, in and out of bounds, and every atomic. */
#include "ir/print.h"
#include "tests/exec/ops/ops.h"

enum { N_ELEMENTS = 96, N_ACCESSES = 192 };

/* Indices around every bound, and ones that would be in bounds if they were scaled to bytes in 32 bits. */
static struct case_buffer indices(struct batch *b)
{
    static const uint32_t edges[] = {0,          95,         96,         97,         23,         24,         31,
                                     32,         7,          8,          11,         12,         0x40000001, 0x20000001,
                                     0x80000001, 0x10000001, 0xFFFFFFFF, 0xFFFFFFFE, 0x7FFFFFFF, 0x80000000};
    struct case_buffer buffer = buffer_new(b, IR_TYPE(U32), N_ACCESSES);
    for (uint32_t i = 0; i < N_ACCESSES; i++)
        put_value(&buffer, i, 0, i % 3 ? i * 7 % 100 : edges[i / 3 % (sizeof edges / sizeof *edges)]);
    return buffer;
}

static void write_data(struct batch *b, ir_type t, const char *name)
{
    out_printf(&b->text, "data %s : %s[%d] = [", name, ir_type_text(t), N_BOUNDARY);
    for (uint32_t k = 0; k < N_BOUNDARY; k++) {
        out_text(&b->text, k ? ", " : "");
        ir_print_constant(t, boundary_value((enum ir_scalar)t.scalar, k), false, &b->text);
    }
    out_text(&b->text, "];\n");
}

static void write_access_case(struct batch *b, ir_type t)
{
    struct case_buffer in[2] = {buffer_new(b, t, N_ELEMENTS), indices(b)}, out = {t, N_ACCESSES * 6 + N_ACCESSES, NULL};
    const char *type = ir_type_text(t), *data = arena_printf(&b->arena, "table_%u", b->n_data++);
    for (uint32_t i = 0; i < N_ELEMENTS; i++) {
        for (uint32_t c = 0; c < t.lanes; c++)
            put_value(&in[0], i, c, random_value((enum ir_scalar)t.scalar, i * 4 + c));
    }
    if (t.lanes == 1) write_data(b, t, data);
    begin_program(b, "32", "192", in, 2, out, "t_access_%s_%u", ir_scalar_infos[t.scalar].text, t.lanes);
    b->used[IR_OP_LOAD] = true;
    out_printf(&b->text, "  workgroup shared : %s[32];\n  local own : %s[8];\n", type, type);
    out_text(&b->text, "  let i = gid.x;\n  let k = b[i];\n  out[i * 6] = a[k];\n");
    if (t.lanes == 1) out_printf(&b->text, "  out[i * 6 + 1] = %s[k];\n", data);
    out_text(&b->text, "  shared[lid.x] = a[i % 96];\n  barrier;\n  out[i * 6 + 2] = shared[k];\n"
                       "  own[k] = a[i % 96];\n  own[i % 8] = a[k];\n  out[i * 6 + 3] = own[k % 12];\n"
                       "  if k % 2 == 1 { out[i * 6 + 4] = a[i]; }\n"
                       "  let u = b[wid.x];\n  out[i * 6 + 5] = a[u];\n" /* the same for all lanes */
                       "  out[192 * 6 + i * 2] = a[i % 96];\n");         /* half of them past the end */
    end_program(b);
}

/* -- atomics ------------------------------------------------------------------------------------------------------- */

static bool has_atomic(enum ir_atomic op, enum ir_scalar s)
{
    return s == IR_U32 || s == IR_I32 || s == IR_U64 || (s == IR_F32 && ir_atomic_takes_f32(op));
}

static const char *atomic_text(struct batch *b, enum ir_atomic op, const char *place, const char *value,
                               enum ir_order order)
{
    return arena_printf(&b->arena, "%s(%s, %s%s, %s)", ir_atomic_texts[op], place, op == IR_ATOMIC_CAS ? "c[i], " : "",
                        value, ir_order_texts[order]);
}

/* Each invocation has an element of its own (some out of bounds): the old values are known. Then all share one, with an
 * operation whose result does not depend on the order. */
static void write_atomic_case(struct batch *b, enum ir_atomic op, enum ir_scalar s)
{
    ir_type t = {(uint8_t)s, 1};
    struct case_buffer in[3] = {buffer_new(b, t, N_ACCESSES), buffer_of_boundary(b, t), buffer_new(b, t, N_ACCESSES)};
    struct case_buffer out = {t, N_ACCESSES * 4, NULL}, mine = buffer_new(b, t, N_ACCESSES / 2),
                       all = buffer_new(b, t, 1);
    for (uint32_t i = 0; i < N_ACCESSES; i++) {
        put_value(&in[0], i, 0, boundary_value(s, i * 5));
        put_value(&mine, i < N_ACCESSES / 2 ? i : 0, 0, boundary_value(s, i * 7));
        put_value(&in[2], i, 0, boundary_value(s, i % 3 ? i * 7 : i)); /* often what is there */
    }
    struct test_case *test =
        begin_program(b, "32", "192", in, 3, out, "t_%s_%s", ir_atomic_texts[op], ir_scalar_infos[s].text);
    out_printf(&b->text,
               "  buffer mine : read_write %s[];\n  buffer all : read_write %s[];\n  workgroup shared : %s[40];\n",
               ir_type_text(t), ir_type_text(t), ir_type_text(t));
    test->buffers[test->n_buffers++] = mine;
    test->buffers[test->n_buffers++] = all;
    out_printf(&b->text, "  let i = gid.x;\n  let old = %s;\n  out[i * 4] = old;\n",
               atomic_text(b, op, "mine[i]", "a[i]", IR_ORDER_SEQ_CST));
    out_printf(&b->text, "  if i %% 3 != 1 { let again = %s; out[i * 4 + 1] = again; }\n",
               atomic_text(b, op, "mine[i]", "b[i % 24]", IR_ORDER_RELAXED));
    out_printf(&b->text, "  let first = %s;\n  out[i * 4 + 2] = first;\n",
               atomic_text(b, op, "shared[lid.x * 2]", "a[i]", IR_ORDER_ACQ_REL));
    out_printf(&b->text, "  let second = %s;\n  out[i * 4 + 3] = second;\n",
               atomic_text(b, op, "shared[lid.x * 2]", "b[i % 24]", IR_ORDER_RELEASE));
    if (op != IR_ATOMIC_EXCHANGE && op != IR_ATOMIC_CAS && s != IR_F32)
        out_printf(&b->text, "  %s;\n", atomic_text(b, op, "all[0]", "a[i]", IR_ORDER_ACQUIRE));
    end_program(b);
}

void write_memory_cases(struct batch *b)
{
    for (enum ir_scalar s = IR_BOOL; s < IR_SCALAR_COUNT; s++) {
        for (uint8_t lanes = 1; lanes <= (s == IR_U32 || s == IR_I32 || s == IR_F32 ? 4 : 1); lanes *= 2)
            write_access_case(b, (ir_type){(uint8_t)s, lanes});
    }
    for (enum ir_atomic op = IR_ATOMIC_ADD; op <= IR_ATOMIC_CAS; op++) {
        for (enum ir_scalar s = IR_U32; s <= IR_F32; s++) {
            if (has_atomic(op, s)) write_atomic_case(b, op, s);
        }
    }
}
