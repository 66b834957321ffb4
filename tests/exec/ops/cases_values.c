/* cases_values.c - the operations that are functions of their operands alone, in the ways that emitters tell apart:
 *
 *   grid       operands from buffers, a lane for each tuple; a second time under a condition that lanes do not share
 *   uniform    each operand in turn, then all of them, the same for all lanes
 *   constants  each operand in turn, then all of them, known at compile time */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "tests/exec/ops/ops.h"

/* An operation on given types. */
struct form {
    enum ir_op op;
    ir_type args[MAX_OPERANDS], result;
    uint32_t n_args;
    char name[64]; /* not in the batch's arena: a form outlives it */
};

static const char *const operands[MAX_OPERANDS] = {"a", "b", "c", "d"};

/* -- which types ------------------------------------------------------------------------------------------------- */

static bool mentions(const struct form *f, ir_type t)
{
    for (uint32_t i = 0; i < f->n_args; i++) {
        if (ir_type_equal(f->args[i], t)) return true;
    }
    return false;
}

/* Operand types that the signature takes where T is t: each operand is T, u32 or bool. */
static bool find_types(struct form *f, ir_type t)
{
    const ir_type choices[3] = {t, IR_TYPE(U32), IR_TYPE(BOOL)};
    uint32_t n_ways = 1, bad;
    for (uint32_t i = 0; i < f->n_args; i++)
        n_ways *= 3;
    for (uint32_t way = 0; way < n_ways; way++) {
        for (uint32_t i = 0, rest = way; i < f->n_args; i++, rest /= 3)
            f->args[i] = choices[rest % 3];
        if (mentions(f, t) && ir_op_result_type(f->op, f->args, &f->result, &bad)) return true;
    }
    return false;
}

static const char *shape_text(ir_type t)
{
    return t.lanes == 4 ? "x4" : t.lanes == 2 ? "x2" : "";
}

static void name_form(struct form *f, ir_type t)
{
    snprintf(f->name, sizeof f->name, "t_%s_%s%s", ir_op_infos[f->op].name, ir_scalar_infos[t.scalar].text,
             shape_text(t));
    for (char *c = f->name; *c; c++)
        *c = (char)tolower((unsigned char)*c);
}

static bool make_form(struct form *f, enum ir_op op, ir_type t)
{
    const struct ir_op_info *info = &ir_op_infos[op];
    *f = (struct form){.op = op, .n_args = info->n_args};
    if (info->sig == IR_SIG_NONE || info->traits & IR_TRAIT_SUBGROUP || !(info->types & 1u << t.scalar) ||
        !find_types(f, t))
        return false;
    name_form(f, t);
    return true;
}

/* -- grid ---------------------------------------------------------------------------------------------------------- */

/* Which value operand k of tuple i has. */
typedef uint64_t tuple_function(const struct form *f, uint64_t i, uint32_t k, uint32_t component);

/* All pairs of bytes. */
static uint64_t byte_tuple(const struct form *f, uint64_t i, uint32_t k, uint32_t component)
{
    (void)f, (void)component;
    return i >> 8 * k & 0xFF;
}

/* First all tuples of boundary values, as far as there is room, then tuples of random and boundary values. */
static uint64_t mixed_tuple(const struct form *f, uint64_t i, uint32_t k, uint32_t component)
{
    enum ir_scalar s = (enum ir_scalar)f->args[k].scalar;
    uint64_t n_tuples = 1, place = 1;
    for (uint32_t j = 0; j < f->n_args; j++) {
        place = j == k ? n_tuples : place;
        n_tuples *= N_BOUNDARY;
    }
    if (i < n_tuples && f->n_args <= 3) return boundary_value(s, (uint32_t)(i / place % N_BOUNDARY) + 5 * component);
    uint64_t random = random_value(IR_U64, i * 16 + k * 4 + component);
    bool boundary = random % 4 == 0 || f->n_args > 3;
    return boundary ? boundary_value(s, (uint32_t)(random >> 32)) : random_value(s, random);
}

/* All patterns of 16 bits, or as many of a wider type, after the boundary values. */
static uint64_t pattern_tuple(const struct form *f, uint64_t i, uint32_t k, uint32_t component)
{
    enum ir_scalar s = (enum ir_scalar)f->args[k].scalar;
    if (ir_scalar_infos[s].bits <= 16) return i + 257 * component;
    return i < N_BOUNDARY ? boundary_value(s, (uint32_t)i + 5 * component) : random_value(s, i * 4 + component);
}

static void write_grid(struct batch *b, const struct form *f, tuple_function *tuple, uint64_t n_tuples, bool masked)
{
    struct case_buffer buffers[MAX_OPERANDS];
    for (uint32_t k = 0; k < f->n_args; k++) {
        buffers[k] = buffer_new(b, f->args[k], n_tuples);
        for (uint64_t i = 0; buffers[k].bytes && i < n_tuples; i++) {
            for (uint32_t c = 0; c < f->args[k].lanes; c++)
                put_value(&buffers[k], i, c, tuple(f, i, k, c));
        }
    }
    const char *args[MAX_OPERANDS] = {"a[i]", "b[i]", "c[i]", "d[i]"};
    struct case_buffer out = {f->result, n_tuples * (masked ? 2 : 1), NULL};
    begin_program(b, "64", "len(a)", buffers, f->n_args, out, "%s_grid", f->name);
    out_printf(&b->text, "  let i = gid.x;\n  out[i] = ");
    write_operation(b, f->op, f->result, args);
    out_text(&b->text, ";\n");
    if (masked) {
        out_text(&b->text, "  if i % 3 != 1 { out[len(a) + i] = ");
        write_operation(b, f->op, f->result, args);
        out_text(&b->text, "; }\n");
    }
    end_program(b);
}

/* -- uniform ------------------------------------------------------------------------------------------------------- */

enum { UNIFORM_LANES = 8 };

static void write_uniform(struct batch *b, const struct form *f)
{
    struct case_buffer buffers[MAX_OPERANDS];
    for (uint32_t k = 0; k < f->n_args; k++)
        buffers[k] = buffer_of_boundary(b, f->args[k]);
    uint32_t n_columns = f->n_args > 1 ? f->n_args + 1 : 1;
    struct case_buffer out = {f->result, (uint64_t)N_BOUNDARY * UNIFORM_LANES * N_BOUNDARY * n_columns, NULL};
    begin_program(b, "8", "192", buffers, f->n_args, out, "%s_uniform", f->name);
    out_printf(&b->text,
               "  let m = wid.x;\n  let v = (lid.x * 3 + m) %% 24;\n  for k in 0u32..24 {\n"
               "    let at = (gid.x * 24 + k) * %u;\n",
               n_columns);
    for (uint32_t column = 0; column < n_columns; column++) {
        const char *args[MAX_OPERANDS];
        for (uint32_t o = 0; o < f->n_args; o++) {
            bool alone = column == f->n_args || f->n_args == 1; /* all operands are uniform */
            const char *index = o == column || (alone && o != 1) ? "k" : alone ? "m" : o == 2 ? "(v + k) % 24" : "v";
            args[o] = arena_printf(&b->arena, "%s[%s]", operands[o], index);
        }
        out_printf(&b->text, "    out[at + %u] = ", column);
        write_operation(b, f->op, f->result, args);
        out_text(&b->text, ";\n");
    }
    out_text(&b->text, "  }\n");
    end_program(b);
}

/* -- constants ----------------------------------------------------------------------------------------------------- */

/* Compiling is what takes time here. A program knows a third of the boundary values; types take turns, so that an
 * operation of integers sees all of them. */
enum { N_CONSTANTS = N_BOUNDARY / 3 };

/* Constant divisors that have a 0 are errors. */
static bool is_zero_divisor(const struct form *f, uint32_t operand, uint32_t k)
{
    bool zero = false;
    for (uint32_t c = 0; c < f->args[operand].lanes; c++)
        zero |= boundary_value((enum ir_scalar)f->args[operand].scalar, k + 5 * c) == 0;
    return zero && (f->op == IR_OP_DIV || f->op == IR_OP_REM) && operand == 1 && ir_type_is_int(f->args[1]);
}

/* One statement: `constant` is the operand that is known, n_args when all are. */
static void write_constant_store(struct batch *b, const struct form *f, uint32_t constant, uint32_t k, uint32_t at)
{
    const char *args[MAX_OPERANDS];
    for (uint32_t o = 0; o < f->n_args; o++) {
        bool known = o == constant || constant == f->n_args;
        uint32_t which = constant == f->n_args ? k * (2 * o + 1) + 3 * o : k;
        if (known && is_zero_divisor(f, o, which)) return;
        args[o] = known ? constant_text(b, f->args[o], which) : arena_printf(&b->arena, "x%u", o);
    }
    out_printf(&b->text, "  out[at + %u] = ", at);
    write_operation(b, f->op, f->result, args);
    out_text(&b->text, ";\n");
}

static void write_constants(struct batch *b, const struct form *f)
{
    struct case_buffer buffers[MAX_OPERANDS];
    for (uint32_t k = 0; k < f->n_args; k++)
        buffers[k] = buffer_of_boundary(b, f->args[k]);
    uint32_t n_kinds = f->n_args > 1 ? f->n_args + 1 : 1, n_columns = n_kinds * N_CONSTANTS;
    struct case_buffer out = {f->result, (uint64_t)N_BOUNDARY * n_columns, NULL};
    begin_program(b, "24", "24", buffers, f->n_args, out, "%s_constants", f->name);
    out_printf(&b->text, "  let at = gid.x * %u;\n", n_columns);
    for (uint32_t o = 0; o < f->n_args; o++)
        out_printf(&b->text, "  let x%u = %s[(gid.x + %u) %% 24];\n", o, operands[o], 7 * o);
    for (uint32_t kind = 0; kind < n_kinds; kind++) {
        for (uint32_t k = 0; k < N_CONSTANTS; k++)
            write_constant_store(b, f, n_kinds == 1 ? 1 : kind, 3 * k + f->args[0].scalar % 3, kind * N_CONSTANTS + k);
    }
    end_program(b);
}

/* -- families ------------------------------------------------------------------------------------------------------ */

void write_byte_cases(struct batch *b)
{
    struct form f;
    for (enum ir_op op = 0; op < IR_OP_COUNT; op++) {
        for (enum ir_scalar s = IR_U8; s <= IR_I8; s++) {
            if (make_form(&f, op, (ir_type){(uint8_t)s, 1}))
                write_grid(b, &f, f.n_args <= 2 ? byte_tuple : mixed_tuple, f.n_args == 1 ? 256 : 65536, false);
        }
    }
}

static void write_all_ways(struct batch *b, const struct form *f)
{
    bool patterns = f->n_args == 1 && ir_scalar_infos[f->args[0].scalar].bits >= 16;
    uint64_t n = patterns ? 65536 : f->n_args == 3 ? 16384 : 8192;
    write_grid(b, f, patterns ? pattern_tuple : mixed_tuple, n, true);
    write_uniform(b, f);
    write_constants(b, f);
}

static bool is_math(enum ir_op op)
{
    return op >= IR_OP_EXP && op <= IR_OP_TANH;
}

static void write_forms(struct batch *b, uint32_t types, bool math)
{
    struct form f;
    for (enum ir_op op = 0; op < IR_OP_COUNT; op++) {
        for (enum ir_scalar s = IR_BOOL; s < IR_SCALAR_COUNT; s++) {
            if (types & 1u << s && is_math(op) == math && make_form(&f, op, (ir_type){(uint8_t)s, 1}))
                write_all_ways(b, &f);
        }
    }
}

void write_integer_cases(struct batch *b)
{
    write_forms(b, IR_SET_BITS, false);
}
void write_float_cases(struct batch *b)
{
    write_forms(b, IR_SET_FLTS, false);
}
void write_math_cases(struct batch *b)
{
    write_forms(b, IR_SET_FLTS, true);
}

static void write_conversion(struct batch *b, enum ir_op op, ir_type from, ir_type to)
{
    struct form f = {.op = op, .n_args = 1, .args = {from}, .result = to};
    name_form(&f, from);
    size_t n = strlen(f.name);
    snprintf(f.name + n, sizeof f.name - n, "_to_%s%s", ir_scalar_infos[to.scalar].text, shape_text(to));
    bool small_float = from.scalar == IR_F16 || from.scalar == IR_BF16;
    write_grid(b, &f, small_float ? pattern_tuple : mixed_tuple, small_float ? 65536 : 4096, true);
    write_uniform(b, &f);
    write_constants(b, &f);
}

void write_cast_cases(struct batch *b)
{
    for (enum ir_scalar from = IR_BOOL; from < IR_SCALAR_COUNT; from++) {
        for (enum ir_scalar to = IR_BOOL; to < IR_SCALAR_COUNT; to++) {
            ir_type a = {(uint8_t)from, 1}, r = {(uint8_t)to, 1};
            write_conversion(b, IR_OP_CAST, a, r);
            if (from != IR_BOOL && ir_scalar_infos[from].bits == ir_scalar_infos[to].bits)
                write_conversion(b, IR_OP_BITCAST, a, r);
        }
    }
}

/* Taking vectors apart and putting them together: the components in reverse. */
static void write_components(struct batch *b, ir_type t)
{
    static const char components[] = "xyzw";
    struct case_buffer in = buffer_new(b, t, 256), out = {t, 256, NULL};
    const char *args[4];
    for (uint32_t i = 0; i < 256; i++) {
        for (uint32_t c = 0; c < t.lanes; c++)
            put_value(&in, i, c, random_value((enum ir_scalar)t.scalar, i * 4 + c));
    }
    for (uint32_t c = 0; c < t.lanes; c++)
        args[c] = arena_printf(&b->arena, "v.%c", components[t.lanes - 1 - c]);
    b->used[IR_OP_EXTRACT] = true;
    begin_program(b, "64", "len(a)", &in, 1, out, "t_components_%s_%u", ir_scalar_infos[t.scalar].text, t.lanes);
    out_text(&b->text, "  let i = gid.x;\n  let v = a[i];\n  if i % 5 != 2 { out[i] = ");
    write_operation(b, IR_OP_VEC, t, args);
    out_text(&b->text, "; }\n");
    end_program(b);
}

/* The components of vectors are done as scalars are: two sizes of one type and one of the others are enough. */
void write_vector_cases(struct batch *b)
{
    static const ir_type types[] = {{IR_U32, 4}, {IR_I32, 4}, {IR_F32, 4}, {IR_F32, 2}};
    struct form f;
    for (uint32_t k = 0; k < 4; k++) {
        write_components(b, types[k]);
        for (enum ir_op op = 0; op < IR_OP_COUNT; op++) {
            if (!make_form(&f, op, types[k])) continue;
            write_grid(b, &f, mixed_tuple, 1024, true);
            if (!is_math(op)) write_uniform(b, &f);
        }
        for (uint32_t j = 0; j < 3; j++)
            write_conversion(b, IR_OP_BITCAST, types[k], (ir_type){types[j].scalar, types[k].lanes});
    }
}
