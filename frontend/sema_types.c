/* sema_types.c - types, literals, and expressions that must be constant. */
#include <stdlib.h>
#include <string.h>

#include "frontend/sema.h"
#include "ir/build.h"
#include "ir/ops.h"

/* -- types -------------------------------------------------------------------------------------------------- */

bool sema_type(struct sema *s, const struct syn_type *t, ir_type *type)
{
    struct symbol *sym = t->scalar.name->symbol;

    if (!sym || sym->kind != SYMBOL_TYPE) {
        const char *texts[IR_SCALAR_COUNT - 1], *near;
        struct diag *d = diag_report(s->diags, DIAG_UNKNOWN_TYPE, t->scalar.range, t->scalar.name->text);

        for (uint32_t i = 1; i < IR_SCALAR_COUNT; i++)
            texts[i - 1] = ir_scalar_infos[i].text;
        near = diag_nearest(t->scalar.name->text, texts, IR_SCALAR_COUNT - 1);
        if (near) diag_add_fix(s->diags, d, t->scalar.range, near, "did you mean '%s'?", near);
        return false;
    }
    *type = (ir_type){(uint8_t)sym->scalar, t->lanes};
    if (t->lanes == 1 || sym->scalar == IR_U32 || sym->scalar == IR_I32 || sym->scalar == IR_F32) return true;
    diag_report(s->diags, DIAG_VECTOR_OF, t->range, t->lanes, ir_scalar_infos[sym->scalar].text);
    return false;
}

bool sema_access(struct sema *s, struct syn_ref word, enum ir_access *access)
{
    static const char *const texts[] = {
#define ACCESS(NAME, text, reads, writes, help) text,
#include "ir/spaces.def"
    };
    const uint32_t n = sizeof texts / sizeof texts[0];
    const char *near;
    struct diag *d;

    for (uint32_t i = 0; i < n; i++) {
        if (strcmp(texts[i], word.name->text)) continue;
        *access = (enum ir_access)i;
        return true;
    }
    d = diag_report(s->diags, DIAG_UNKNOWN_ACCESS, word.range, word.name->text);
    near = diag_nearest(word.name->text, texts, n);
    if (near) diag_add_fix(s->diags, d, word.range, near, "did you mean '%s'?", near);
    return false;
}

struct ir_expr *sema_zero(struct sema *s, ir_type type, struct src_range range)
{
    struct ir_expr *lanes[4];

    if (type.lanes == 1) return ir_const(s->m, type, 0, range);
    for (uint32_t i = 0; i < type.lanes; i++)
        lanes[i] = ir_const(s->m, (ir_type){type.scalar, 1}, 0, range);
    return ir_expr_new(s->m, IR_OP_VEC, type, lanes, type.lanes, range);
}

/* -- escapes ----------------------------------------------------------------------------------------------- */

static bool is_digit(char c, uint32_t base)
{
    uint32_t value = c >= '0' && c <= '9'                 ? (uint32_t)(c - '0')
                     : (c | 32) >= 'a' && (c | 32) <= 'z' ? (uint32_t)((c | 32) - 'a') + 10
                                                          : 99;

    return value < base;
}

static uint32_t hex_value(char c)
{
    return c <= '9' ? (uint32_t)(c - '0') : (uint32_t)((c | 32) - 'a') + 10;
}

/* Undoes one escape, of which `at` is behind the backslash; returns what follows it, NULL when it is none. */
static const char *read_escape(const char *at, const char *end, char *byte)
{
    static const char letters[] = "ntr0\\\"'", bytes[] = "\n\t\r\0\\\"'";
    const char *found = at < end ? memchr(letters, *at, sizeof letters - 1) : NULL;

    if (found) {
        *byte = bytes[found - letters];
        return at + 1;
    }
    if (end - at < 3 || *at != 'x' || !is_digit(at[1], 16) || !is_digit(at[2], 16)) return NULL;
    *byte = (char)(hex_value(at[1]) << 4 | hex_value(at[2]));
    return at + 3;
}

/* -- numbers ------------------------------------------------------------------------------------------------ */

/* A literal taken apart: digits without underscores and suffix, NUL-terminated. */
struct number {
    const char *digits;
    uint32_t base;
    bool is_float;         /* has a point or an exponent */
    enum ir_scalar suffix; /* IR_NONE: none */
};

static bool find_suffix(const char *text, size_t size_bytes, enum ir_scalar *suffix)
{
    for (enum ir_scalar i = IR_U8; i < IR_SCALAR_COUNT; i++) {
        const char *name = ir_scalar_infos[i].text;
        if (strlen(name) != size_bytes || memcmp(name, text, size_bytes)) continue;
        *suffix = i;
        return true;
    }
    return false;
}

/* The digits of a decimal that may have a fraction and an exponent; where they end. */
static const char *skip_decimal(const char *at, const char *end, struct number *number)
{
    while (at < end && (is_digit(*at, 10) || *at == '_'))
        at++;
    if (at < end && *at == '.') {
        number->is_float = true;
        at++;
        while (at < end && (is_digit(*at, 10) || *at == '_'))
            at++;
    }
    if (at < end && (*at | 32) == 'e') {
        number->is_float = true;
        at++;
        if (at < end && (*at == '+' || *at == '-')) at++;
        if (at == end || !is_digit(*at, 10)) return NULL;
        while (at < end && (is_digit(*at, 10) || *at == '_'))
            at++;
    }
    return at;
}

/* A character is another way to write the number of its byte. */
static bool split_character(struct sema *s, const char *text, size_t size_bytes, struct number *number)
{
    const char *at = text + 1, *end = text + size_bytes;
    char byte = *at;

    if (size_bytes < 3 || byte == '\'' || byte & 0x80) return false;
    at = byte == '\\' ? read_escape(at + 1, end, &byte) : at + 1;
    if (!at || at + 1 != end || *at != '\'') return false;
    *number = (struct number){.base = 10, .digits = arena_printf(s->arena, "%u", (unsigned char)byte)};
    return true;
}

static bool split_number(struct sema *s, const char *text, size_t size_bytes, struct number *number)
{
    const char *at = text, *end = text + size_bytes, *begin;
    char mark = size_bytes > 1 && text[0] == '0' ? text[1] | 32 : 0;
    char *digits;

    *number = (struct number){.base = mark == 'x' ? 16 : mark == 'o' ? 8 : mark == 'b' ? 2 : 10};
    if (number->base != 10 && size_bytes > 2 && find_suffix(text + 1, size_bytes - 1, &number->suffix))
        number->base = 10;
    if (number->base != 10) at += 2;
    begin = at;
    if (number->base == 10)
        at = skip_decimal(at, end, number);
    else
        while (at < end && (is_digit(*at, number->base) || *at == '_'))
            at++;
    if (!at || at == begin || *begin == '_') return false;
    if (at < end && !find_suffix(at, (size_t)(end - at), &number->suffix)) return false;
    number->digits = digits = arena_alloc(s->arena, (size_t)(at - begin) + 1);
    for (; begin < at; begin++)
        if (*begin != '_') *digits++ = *begin;
    return true;
}

static bool read_integer(const struct number *number, uint64_t *value)
{
    *value = 0;
    for (const char *at = number->digits; *at; at++) {
        uint64_t digit = (uint64_t)(*at <= '9' ? *at - '0' : (*at | 32) - 'a' + 10);
        if (__builtin_mul_overflow(*value, (uint64_t)number->base, value) ||
            __builtin_add_overflow(*value, digit, value))
            return false;
    }
    return true;
}

/* Rounded once for f32 and f64; the narrow types are rounded from f64. */
static uint64_t read_float(enum ir_scalar type, const char *digits)
{
    struct ir_value v = {{0}};
    ir_type from = IR_TYPE(F64), to = {(uint8_t)type, 1};

    if (type == IR_F32) {
        float value = strtof(digits, NULL);
        memcpy(&v.lane[0], &value, sizeof value);
        return v.lane[0];
    }
    double value = strtod(digits, NULL);
    memcpy(&v.lane[0], &value, sizeof value);
    return type == IR_F64 ? v.lane[0] : ir_op_eval(IR_OP_CAST, to, 0, &from, &v, 1).lane[0];
}

static bool is_infinite(ir_type type, uint64_t bits)
{
    struct ir_value v = {{bits}};

    return ir_op_eval(IR_OP_IS_INF, IR_TYPE(BOOL), 0, &type, &v, 1).lane[0];
}

static bool float_bits(const struct number *number, ir_type type, uint64_t *bits)
{
    struct ir_value v = {{0}};
    ir_type from = IR_TYPE(U64);

    if (number->base == 10) {
        *bits = read_float(type.scalar, number->digits);
    } else {
        if (!read_integer(number, &v.lane[0])) return false;
        *bits = ir_op_eval(IR_OP_CAST, type, 0, &from, &v, 1).lane[0];
    }
    return !is_infinite(type, *bits);
}

static bool integer_bits(const struct number *number, ir_type type, bool negative, uint64_t *bits)
{
    const struct ir_scalar_info *info = ir_type_info(type);
    uint64_t most = UINT64_MAX >> (64 - info->bits), value;

    if (!read_integer(number, &value)) return false;
    if (info->kind == IR_KIND_SINT) most = (most >> 1) + (negative ? 1 : 0);
    if (value > most) return false;
    *bits = negative ? -value : value;
    return true;
}

static uint64_t negate(ir_type type, uint64_t bits)
{
    struct ir_value v = {{bits}};

    return ir_op_eval(IR_OP_NEG, type, 0, &type, &v, 1).lane[0];
}

static const char *text_of(struct sema *s, struct src_range range)
{
    const struct source_file *file = sema_file_of(s, range);

    return file->text + (range.begin - file->base);
}

struct ir_expr *sema_number(struct sema *s, const struct syn_expr *e, ir_type want, bool negative)
{
    size_t size_bytes = e->range.end - e->range.begin;
    const char *text = text_of(s, e->range);
    struct number number;
    uint64_t bits = 0;
    ir_type type = want;
    bool fits;

    if (*text == '\'') {
        if (!split_character(s, text, size_bytes, &number)) {
            diag_report(s->diags, DIAG_NO_CHARACTER, e->range, (int)size_bytes, text);
            return NULL;
        }
    } else if (!split_number(s, text, size_bytes, &number)) {
        diag_report(s->diags, DIAG_BAD_NUMBER, e->range, arena_copy(s->arena, text, size_bytes));
        return NULL;
    }
    if (number.suffix)
        type = (ir_type){(uint8_t)number.suffix, 1};
    else if (type.scalar == IR_NONE)
        type = number.is_float ? IR_TYPE(F32) : IR_TYPE(U32);
    if (type.lanes != 1 || type.scalar == IR_BOOL || (number.is_float && !ir_type_is_float(type))) {
        diag_report(s->diags, DIAG_LITERAL_TYPE, e->range, number.is_float ? "a float" : "an integer",
                    ir_type_text(type));
        return NULL;
    }
    if (negative && ir_type_info(type)->kind == IR_KIND_UINT) {
        diag_report(s->diags, DIAG_NEGATIVE_UNSIGNED, e->range, ir_type_text(type));
        return NULL;
    }
    fits = ir_type_is_float(type) ? float_bits(&number, type, &bits) : integer_bits(&number, type, negative, &bits);
    if (!fits) {
        diag_report(s->diags, DIAG_NUMBER_RANGE, e->range,
                    arena_printf(s->arena, "%s%.*s", negative ? "-" : "", (int)size_bytes, text), ir_type_text(type));
        return NULL;
    }
    if (negative && ir_type_is_float(type)) bits = negate(type, bits);
    return ir_const(s->m, type, bits, e->range);
}

/* -- constants ---------------------------------------------------------------------------------------------- */

/* Scalars only: no place that needs a constant takes a vector. Depth is bounded by that of expressions. */
static bool evaluate(const struct ir_expr *e, uint64_t *bits)
{
    struct ir_value args[4];
    ir_type types[4];

    if (e->op == IR_OP_CONST) {
        *bits = e->bits;
        return true;
    }
    if (e->type.lanes != 1 || !e->n_args || ir_op_infos[e->op].traits & (IR_TRAIT_LOADS | IR_TRAIT_SUBGROUP))
        return false;
    for (uint32_t i = 0; i < e->n_args; i++) {
        if (e->args[i]->type.lanes != 1 || !evaluate(e->args[i], &args[i].lane[0])) return false;
        types[i] = e->args[i]->type;
    }
    *bits = ir_op_eval((enum ir_op)e->op, e->type, e->component, types, args, e->n_args).lane[0];
    return true;
}

bool sema_constant(struct sema *s, const struct syn_expr *e, ir_type type, const char *what, uint64_t *bits,
                   ir_type *found)
{
    struct ir_expr *value;

    s->no_calls = true;
    s->constant = what;
    value = sema_expr(s, e, type);
    s->no_calls = false;
    s->constant = NULL;
    if (!value) return false;
    if (found) *found = value->type;
    if (evaluate(value, bits)) return true;
    struct diag *d = diag_report(s->diags, DIAG_NOT_CONSTANT, e->range, what);
    if (s->at_launch)
        diag_add_fix(s->diags, d, e->range, "",
                     "write [] for the length that is given at launch; the counts of temps may be computed");
    return false;
}

bool sema_count(struct sema *s, const struct syn_expr *e, const char *what, uint64_t least, uint64_t most,
                uint64_t *value)
{
    ir_type type;

    if (!sema_constant(s, e, IR_TYPE(U64), what, value, &type)) return false;
    if (ir_type_info(type)->kind != IR_KIND_UINT) {
        diag_report(s->diags, DIAG_TYPE_MISMATCH, e->range, "an unsigned integer", ir_type_text(type));
        return false;
    }
    if (*value >= least && *value <= most) return true;
    diag_report(s->diags, DIAG_COUNT_RANGE, e->range, what, (unsigned long long)least, (unsigned long long)most,
                (unsigned long long)*value);
    return false;
}

/* -- strings ------------------------------------------------------------------------------------------------ */

const char *sema_string(struct sema *s, const struct syn_expr *e, size_t *size_bytes)
{
    const char *begin = text_of(s, e->range), *at = begin + 1, *end = begin + (e->range.end - e->range.begin) - 1;
    char *text = arena_alloc(s->arena, (size_t)(end - at) + 1), *to = text;

    while (at < end) {
        const char *escape = at;
        if (*at != '\\') {
            *to++ = *at++;
            continue;
        }
        at = read_escape(at + 1, end, to++);
        if (!at) {
            uint32_t from = e->range.begin + (uint32_t)(escape - begin);
            diag_report(s->diags, DIAG_BAD_ESCAPE, (struct src_range){from, from + 2},
                        arena_printf(s->arena, "%.2s", escape));
            return NULL;
        }
    }
    *size_bytes = (size_t)(to - text);
    return text;
}

const char *sema_label(struct sema *s, const struct syn_expr *e)
{
    size_t size_bytes;
    const char *text = sema_string(s, e, &size_bytes);

    if (!text) return NULL;
    if (memchr(text, 0, size_bytes)) {
        diag_report(s->diags, DIAG_NUL_IN_NAME, e->range);
        return NULL;
    }
    return intern(s->m->names, text, size_bytes);
}
