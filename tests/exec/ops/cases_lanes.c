/* cases_lanes.c - subgroup operations, in workgroups that fill their subgroups and ones that do not, and the ids. */
#include "tests/exec/ops/ops.h"

struct shape {
    uint32_t x, y, z;
};
static const struct shape shapes[] = {{1, 1, 1}, {7, 1, 1}, {32, 1, 1}, {40, 1, 1}, {5, 7, 1}, {3, 4, 5}, {96, 1, 1}};
enum { N_SHAPES = sizeof shapes / sizeof *shapes, N_GROUPS = 6 };

static uint32_t size_of(const struct shape *s)
{
    return s->x * s->y * s->z;
}

static const char *workgroup_text(struct batch *b, const struct shape *s)
{
    return arena_printf(&b->arena, "%u, %u, %u", s->x, s->y, s->z);
}

static const char *dispatch_text(struct batch *b, const struct shape *s)
{
    return arena_printf(&b->arena, "%u, %u, %u", s->x * N_GROUPS, s->y, s->z);
}

/* The index of an invocation, workgroup by workgroup. */
static void write_index(struct batch *b, const struct shape *s)
{
    out_printf(&b->text, "  let i = wid.x * %u + lid.x + %u * (lid.y + %u * lid.z);\n", size_of(s), s->x, s->y);
}

/* -- subgroup operations ------------------------------------------------------------------------------------------- */

/* Lanes see values of all kinds in the first workgroups; in the last ones each lane has one boundary value, mostly
 * small. */
static struct case_buffer lane_values(struct batch *b, ir_type t, uint64_t n)
{
    struct case_buffer values = buffer_new(b, t, n);
    for (uint64_t i = 0; i < n; i++) {
        for (uint32_t c = 0; c < t.lanes; c++) {
            enum ir_scalar s = (enum ir_scalar)t.scalar;
            uint64_t bits = i < n / 2 ? random_value(s, i * 4 + c)
                                      : boundary_value(s, i % 7 ? 2 + (uint32_t)(i & 1) : (uint32_t)i / 7 + c);
            put_value(&values, i, c, bits);
        }
    }
    return values;
}

static void write_statements(struct batch *b, enum ir_op op, ir_type result)
{
    const char *varying[2] = {"a[i]", "b[i]"}, *uniform[2] = {"a[wid.x]", "b[wid.x]"}, *mixed[2] = {"a[i]", "b[wid.x]"};
    const char *const *args[3] = {varying, uniform, mixed};
    for (uint32_t k = 0; k < 3; k++) {
        out_printf(&b->text, "  let r%u = ", k);
        write_operation(b, op, result, args[k]);
        out_printf(&b->text, ";\n  out[i * 4 + %u] = r%u;\n", k, k);
    }
    /* Under control flow that the workgroup shares. */
    out_text(&b->text, "  for k in 0u32..3 { if (wid.x + k) % 2 == 0 { out[i * 4 + 3] = ");
    write_operation(b, op, result, varying);
    out_text(&b->text, "; } }\n");
}

static void write_lane_case(struct batch *b, enum ir_op op, ir_type t, ir_type result, const struct shape *s)
{
    uint64_t n = (uint64_t)size_of(s) * N_GROUPS;
    struct case_buffer in[2] = {lane_values(b, t, n), lane_values(b, IR_TYPE(U32), n)}, out = {result, n * 4, NULL};
    begin_program(b, workgroup_text(b, s), dispatch_text(b, s), in, ir_op_infos[op].n_args, out, "t_%s_%s_x%u_%u_%u_%u",
                  ir_op_infos[op].text, ir_scalar_infos[t.scalar].text, t.lanes, s->x, s->y, s->z);
    write_index(b, s);
    write_statements(b, op, result);
    end_program(b);
}

/* Every shape for 32-bit types; two for the others, one with a partial subgroup. */
static void write_lane_cases_of(struct batch *b, enum ir_op op, ir_type t)
{
    ir_type types[2] = {t, IR_TYPE(U32)}, result = IR_TYPE(U32);
    uint32_t bad;
    if (op != IR_OP_BALLOT && !ir_op_result_type(op, types, &result, &bad)) return;
    bool all = (ir_scalar_infos[t.scalar].bits == 32 && t.lanes == 1) || op == IR_OP_BALLOT;
    for (uint32_t k = 0; k < N_SHAPES; k++) {
        if (all || k == 2 || k == 4) write_lane_case(b, op, t, result, &shapes[k]);
    }
}

/* -- ids ----------------------------------------------------------------------------------------------------------- */

static uint32_t write_ids(struct batch *b, enum ir_op op, uint32_t column)
{
    static const char *const suffixes[] = {".x", ".y", ".z"};
    bool scalar = op == IR_OP_LANE || op == IR_OP_SUBGROUP_SIZE;
    b->used[op] = true;
    for (uint32_t k = 0; k < (scalar ? 1 : 3); k++)
        out_printf(&b->text, "  out[i * 20 + %u] = %s%s;\n", column++, ir_op_infos[op].text, scalar ? "" : suffixes[k]);
    return column;
}

static void write_id_case(struct batch *b, const struct shape *s)
{
    uint64_t n = (uint64_t)size_of(s) * N_GROUPS;
    struct case_buffer in = buffer_of_boundary(b, IR_TYPE(U32)), out = {IR_TYPE(U32), n * 20, NULL};
    struct test_case *t =
        begin_program(b, workgroup_text(b, s), dispatch_text(b, s), &in, 1, out, "t_ids_%u_%u_%u", s->x, s->y, s->z);
    t->params[0] = 0x89ABCDEF;
    out_text(&b->text, "  param p : u32;\n");
    write_index(b, s);
    uint32_t column = 0;
    for (enum ir_op op = IR_OP_GID; op <= IR_OP_SUBGROUP_SIZE; op++)
        column = write_ids(b, op, column);
    out_printf(&b->text, "  out[i * 20 + %u] = len(a);\n  out[i * 20 + %u] = p;\n", column, column + 1);
    b->used[IR_OP_LEN] = b->used[IR_OP_PARAM] = true;
    end_program(b);
}

void write_lane_cases(struct batch *b)
{
    for (uint32_t k = 0; k < N_SHAPES; k++)
        write_id_case(b, &shapes[k]);
    for (enum ir_op op = 0; op < IR_OP_COUNT; op++) {
        if (!(ir_op_infos[op].traits & IR_TRAIT_SUBGROUP)) continue;
        for (enum ir_scalar s = IR_BOOL; s < IR_SCALAR_COUNT; s++) {
            if (ir_op_infos[op].types & 1u << s) write_lane_cases_of(b, op, (ir_type){(uint8_t)s, 1});
        }
        if (op != IR_OP_BALLOT) write_lane_cases_of(b, op, (ir_type){IR_F32, 4});
    }
}
