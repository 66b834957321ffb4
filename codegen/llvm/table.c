/* table.c - loads from constant tables of at most 256 bytes, done in registers: tables[text[i]] is how decoders and scanners classify bytes.
 *
 * A table is 16 rows of 16 entries. A byte shuffle looks one row up for many lanes at once; an index whose upper half is not the row's gives 0. The
 * results of all rows are xor-ed together. Rows that hold one and the same value need no lookup: that value is the default, and the others are looked
 * up as differences from it. Where many rows are looked up it is cheaper to know only that an index lies in the row or in a later one: each row is then
 * looked up as its difference from the row before. Where text[i] comes from a window of neighbouring bytes, the whole window is looked up once and then
 * taken apart. */
#include <string.h>

#include "codegen/llvm/lower.h"

enum { N_ROWS = 16, ROWS_OF_HALF = 8, ROW_BYTES = 16, TABLE_BYTES = 256, MAX_ROWS_FOR_FEW_LANES = 8, MIN_LANES = 4 };

struct rows {
    unsigned char fallback; /* what rows that are not used hold */
    unsigned char used[N_ROWS];
    uint32_t n_used;
    bool in_first;                    /* every index lies in the first row */
    unsigned char bytes[TABLE_BYTES]; /* zeros past the end, as a load has them */
};

static bool row_is(const unsigned char *row, unsigned char value)
{
    for (uint32_t i = 0; i < ROW_BYTES; i++)
        if (row[i] != value) return false;
    return true;
}

static uint32_t count_rows_of(const unsigned char *bytes, unsigned char value)
{
    uint32_t n = 0;
    for (uint32_t r = 0; r < N_ROWS; r++)
        n += row_is(bytes + r * ROW_BYTES, value);
    return n;
}

static struct rows split_rows(const struct ir_buffer *table)
{
    struct rows rows = {0};
    memcpy(rows.bytes, table->data->bytes, table->count);
    uint32_t best = count_rows_of(rows.bytes, 0);
    for (uint32_t r = 0; r < N_ROWS; r++) {
        uint32_t n = count_rows_of(rows.bytes, rows.bytes[r * ROW_BYTES]);
        if (n > best) {
            best = n;
            rows.fallback = rows.bytes[r * ROW_BYTES];
        }
    }
    for (uint32_t r = 0; r < N_ROWS; r++)
        if (!row_is(rows.bytes + r * ROW_BYTES, rows.fallback)) rows.used[rows.n_used++] = (unsigned char)r;
    return rows;
}

/* What no index comes to is not looked up. */
static void keep_first_row(struct rows *rows)
{
    rows->in_first = true;
    rows->n_used = rows->n_used && rows->used[0] == 0;
}

/* -- lookups ---------------------------------------------------------------------------------------------------------------------------- */

static LLVMValueRef constant_row(struct lower *l, const unsigned char *row, uint32_t n)
{
    LLVMValueRef bytes[MAX_SHUFFLE_BYTES];
    for (uint32_t i = 0; i < n; i++)
        bytes[i] = const_int(l, 8, row[i % ROW_BYTES]);
    return LLVMConstVector(bytes, n);
}

/* Shuffles take the low half of an index, or give 0 where its top bit is set: the saturating sum sets it unless the upper half was 0. */
static LLVMValueRef look_up_row(struct lower *l, LLVMValueRef row, LLVMValueRef index, bool in_row)
{
    LLVMTypeRef type = LLVMTypeOf(index);
    if (!l->features->shuffle_checks_index && !in_row) {
        LLVMValueRef args[2] = {index, const_like(type, 0x70)};
        index = build_call(l, "llvm.uadd.sat", type, args, 2);
    }
    LLVMValueRef args[2] = {row, index};
    return build_call(l, l->features->byte_shuffle, l->features->shuffle_checks_index ? type : NULL, args, 2);
}

/* Row r, as the difference from the row before, the first of a half as that from what rows that are not used hold. False: there is none. */
static bool step_to_row(const struct rows *rows, uint32_t r, unsigned char *step)
{
    for (uint32_t i = 0; i < ROW_BYTES; i++) {
        unsigned char before = r % ROWS_OF_HALF ? rows->bytes[(r - 1) * ROW_BYTES + i] : rows->fallback;
        step[i] = rows->bytes[r * ROW_BYTES + i] ^ before;
    }
    return !row_is(step, 0);
}

/* A row by itself is a difference, a saturating sum and a shuffle; a step is a saturating difference and a shuffle. */
static bool has_cheaper_steps(const struct lower *l, const struct rows *rows, uint32_t half)
{
    uint32_t n_used = 0, n_steps = 0;
    unsigned char step[ROW_BYTES];
    if (l->features->shuffle_checks_index || rows->in_first) return false;
    for (uint32_t i = 0; i < rows->n_used; i++)
        n_used += rows->used[i] / ROWS_OF_HALF == half;
    for (uint32_t r = half * ROWS_OF_HALF; r < (half + 1) * ROWS_OF_HALF; r++)
        n_steps += step_to_row(rows, r, step);
    return 2 * n_steps < 3 * n_used;
}

/* Taken as signed, what is left of an index without the rows before is below 0 in these, and in the other half; there a shuffle gives 0. */
static LLVMValueRef look_up_steps(struct lower *l, const struct rows *rows, uint32_t half, LLVMValueRef index,
                                  LLVMValueRef result)
{
    LLVMTypeRef type = LLVMTypeOf(index);
    unsigned char step[ROW_BYTES];
    LLVMValueRef in_half = LLVMBuildXor(l->b, index, const_like(type, half ? 0x80 : 0), "");
    for (uint32_t k = 0; k < ROWS_OF_HALF; k++) {
        if (!step_to_row(rows, half * ROWS_OF_HALF + k, step)) continue;
        LLVMValueRef args[2] = {in_half, const_like(type, (uint64_t)k * ROW_BYTES)};
        LLVMValueRef rest = k ? build_call(l, "llvm.ssub.sat", type, args, 2) : in_half;
        LLVMValueRef found = look_up_row(l, constant_row(l, step, LLVMGetVectorSize(type)), rest, true);
        result = LLVMBuildXor(l->b, result, found, "");
    }
    return result;
}

static LLVMValueRef look_up_rows(struct lower *l, const struct rows *rows, uint32_t half, LLVMValueRef index,
                                 LLVMValueRef result)
{
    LLVMTypeRef type = LLVMTypeOf(index);
    for (uint32_t i = 0; i < rows->n_used; i++) {
        uint32_t r = rows->used[i];
        unsigned char bytes[ROW_BYTES];
        if (r / ROWS_OF_HALF != half) continue;
        for (uint32_t k = 0; k < ROW_BYTES; k++)
            bytes[k] = rows->bytes[r * ROW_BYTES + k] ^ rows->fallback;
        LLVMValueRef row = constant_row(l, bytes, LLVMGetVectorSize(type));
        LLVMValueRef in_row = LLVMBuildXor(l->b, index, const_like(type, (uint64_t)r * ROW_BYTES), "");
        result = LLVMBuildXor(l->b, result, look_up_row(l, row, in_row, rows->in_first), "");
    }
    return result;
}

static LLVMValueRef look_up_part(struct lower *l, const struct rows *rows, LLVMValueRef index)
{
    LLVMValueRef result = const_like(LLVMTypeOf(index), rows->fallback);
    for (uint32_t half = 0; half < N_ROWS / ROWS_OF_HALF; half++)
        result = (has_cheaper_steps(l, rows, half) ? look_up_steps : look_up_rows)(l, rows, half, index, result);
    return result;
}

static LLVMValueRef take(struct lower *l, LLVMValueRef v, uint32_t first, uint32_t n)
{
    LLVMValueRef order = const_iota(type_int(l, 32), n, first, 1);
    return LLVMBuildShuffleVector(l->b, v, LLVMGetPoison(LLVMTypeOf(v)), order, "");
}

/* Longer, with anything behind. */
static LLVMValueRef pad(struct lower *l, LLVMValueRef v, uint32_t n)
{
    LLVMTypeRef i32 = type_int(l, 32);
    LLVMValueRef order[MAX_WINDOW_SCALARS];
    for (uint32_t i = 0; i < n; i++)
        order[i] = i < LLVMGetVectorSize(LLVMTypeOf(v)) ? const_int(l, 32, i) : LLVMGetPoison(i32);
    return LLVMBuildShuffleVector(l->b, v, LLVMGetPoison(LLVMTypeOf(v)), LLVMConstVector(order, n), "");
}

/* A vector of any length, in parts as wide as the processor shuffles. Indices past the end of a short last part are of no concern. */
static LLVMValueRef look_up(struct lower *l, const struct rows *rows, LLVMValueRef index)
{
    uint32_t n = LLVMGetVectorSize(LLVMTypeOf(index)), part = l->features->shuffle_bytes;
    if (n < part) return take(l, look_up_part(l, rows, pad(l, index, part)), 0, n);
    LLVMValueRef result = look_up_part(l, rows, take(l, index, 0, part));
    for (uint32_t first = part; first < n; first += part) {
        LLVMValueRef next = look_up_part(l, rows, take(l, index, first, part));
        uint32_t so_far = LLVMGetVectorSize(LLVMTypeOf(result));
        LLVMValueRef wide = so_far == part ? next : pad(l, next, so_far);
        result = LLVMBuildShuffleVector(l->b, result, wide, const_iota(type_int(l, 32), so_far + part, 0, 1), "");
    }
    return result;
}

/* -- recognising ------------------------------------------------------------------------------------------------------------------------- */

static bool is_byte_table(const struct ir_buffer *b)
{
    return b->space == IR_SPACE_DATA && b->count <= TABLE_BYTES && ir_type_mem_bytes(b->elem) == 1 &&
           b->elem.lanes == 1;
}

/* Half bytes: x & 15, x >> 4. */
static bool is_in_first_row(const struct ir_expr *byte)
{
    if (byte->n_args != 2 || byte->args[1]->op != IR_OP_CONST) return false;
    return (byte->op == IR_OP_AND && byte->args[1]->bits < ROW_BYTES) ||
           (byte->op == IR_OP_SHR && (byte->args[1]->bits & 7) >= 4);
}

/* The byte that the index is made of, or NULL. */
static const struct ir_expr *find_byte(const struct ir_expr *index)
{
    const struct ir_expr *byte = index->op == IR_OP_CAST ? index->args[0] : NULL;
    return byte && ir_type_equal(byte->type, IR_TYPE(U8)) ? byte : NULL;
}

static struct value as_index(struct lower *l, struct value byte)
{
    byte.type = IR_TYPE(U32);
    byte.at[0] = value_resize(l, byte.at[0], type_int(l, 32), false);
    return byte;
}

bool table_load(struct lower *l, const struct ir_expr *e, struct value *result)
{
    if (l->width < MIN_LANES || !l->features->byte_shuffle || !is_byte_table(e->buffer)) return false;
    const struct ir_expr *byte = find_byte(e->args[0]);
    if (!byte || shape_is_uniform(shape_of_expr(&l->shapes, byte))) return false;
    struct value index;
    if (byte->op == IR_OP_LOAD && byte->buffer->space != IR_SPACE_DATA) {
        struct value at = expr_lower(l, byte->args[0]);
        struct array bytes = array_for(l, byte->buffer, byte->in_bounds, &at);
        if (memory_load_mapped(l, &bytes, &at, e->buffer, result)) return true;
        index = value_widen(l, memory_load(l, &bytes, &at));
    } else {
        index = value_widen(l, expr_lower(l, byte));
    }
    struct rows rows = split_rows(e->buffer);
    if (is_in_first_row(byte)) keep_first_row(&rows);
    if (l->width >= l->features->shuffle_bytes || rows.n_used <= MAX_ROWS_FOR_FEW_LANES) {
        *result = value_varying(e->type, look_up(l, &rows, index.at[0]));
    } else {
        index = as_index(l, index);
        struct array table = array_for(l, e->buffer, e->in_bounds, &index);
        *result = memory_load(l, &table, &index);
    }
    return true;
}

LLVMValueRef table_map(struct lower *l, const struct ir_buffer *table, LLVMValueRef bytes)
{
    struct rows rows = split_rows(table);
    return look_up(l, &rows, bytes);
}
