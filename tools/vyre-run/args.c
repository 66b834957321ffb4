/* args.c - from NAME=VALUE on the command line to the bytes that a program runs on.
 *
 *   text=@FILE           the file's bytes                 hits=u32[1024]                 zeros
 *   text="ab\x00"        a string's                       noise=random:u8[4096]:SEED     random bytes
 *   table=[1, -2, 3]     elements, one by one             limit=1000                     a param                   */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ir/base/out.h"
#include "ir/sample.h"
#include "tools/vyre-run/run.h"

enum { CANARY_BYTES = 64, CANARY = 0xC5, ARRAY_ALIGN = 256 };

uint64_t array_bytes(const struct run_array *a)
{
    return a->count * ir_type_mem_bytes(a->elem);
}

uint64_t unit_bytes(const struct run_unit *u)
{
    uint64_t n = 0;
    for (uint32_t k = 0; k < u->n_arrays; k++)
        n += array_bytes(&u->arrays[k]);
    return n;
}

static unsigned char *allocate_aligned(struct arena *arena, uint64_t n, uint64_t alignment)
{
    alignment = alignment > ARRAY_ALIGN ? alignment : ARRAY_ALIGN;
    uintptr_t at = (uintptr_t)arena_alloc(arena, n + CANARY_BYTES + alignment);
    unsigned char *bytes = (unsigned char *)((at + alignment - 1) / alignment * alignment);
    memset(bytes + n, CANARY, CANARY_BYTES);
    return bytes;
}

static bool allocate_array(const struct run *r, struct run_array *a, uint64_t count)
{
    uint64_t n;
    if (count > UINT32_MAX || __builtin_mul_overflow(count, ir_type_mem_bytes(a->elem), &n))
        return run_fail(r, "give at most 4294967295 elements", "buffer '%s' would have %" PRIu64 " elements", a->name,
                        count);
    a->count = count;
    a->initial = allocate_aligned(r->arena, n, a->align_bytes);
    return true;
}

/* -- scalars --------------------------------------------------------------------------------------------- */

static uint64_t float_bits(enum ir_scalar s, double v)
{
    struct ir_value wide;
    memcpy(&wide.lane[0], &v, sizeof v);
    ir_type from = IR_TYPE(F64), to = {(uint8_t)s, 1};
    return s == IR_F64 ? wide.lane[0] : ir_op_eval(IR_OP_CAST, to, 0, &from, &wide, 1).lane[0];
}

static bool parse_bool(const char *text, uint64_t *bits, const char **end)
{
    bool is_true = !strncmp(text, "true", 4);
    *bits = is_true || *text == '1';
    *end = text + (is_true ? 4 : !strncmp(text, "false", 5) ? 5 : *text == '0' || *text == '1' ? 1 : 0);
    return *end != text;
}

static bool parse_int(enum ir_scalar s, const char *text, uint64_t *bits, const char **end)
{
    bool negative = *text == '-', is_signed = ir_scalar_infos[s].kind == IR_KIND_SINT;
    const char *digits = text + negative;
    uint32_t width = ir_scalar_infos[s].bits;
    uint64_t most = UINT64_MAX >> (64 - width + is_signed);
    int base = 10;
    if (digits[0] == '0' && tolower((unsigned char)digits[1]) == 'x')
        base = 16, digits += 2;
    else if (digits[0] == '0' && tolower((unsigned char)digits[1]) == 'b')
        base = 2, digits += 2;
    if (!isxdigit((unsigned char)*digits) || (negative && !is_signed)) return false;
    errno = 0;
    uint64_t v = strtoull(digits, (char **)(uintptr_t)end, base);
    if (errno || *end == digits || v > most + negative) return false;
    *bits = (negative ? 0 - v : v) & UINT64_MAX >> (64 - width);
    return true;
}

static bool parse_float(enum ir_scalar s, const char *text, uint64_t *bits, const char **end)
{
    double v = strtod(text, (char **)(uintptr_t)end);
    *bits = float_bits(s, v);
    return *end != text && !isspace((unsigned char)*text);
}

/* One value of this type at the beginning of the text; a suffix of its type may follow, as in .vir. */
static bool parse_scalar(enum ir_scalar s, const char *text, uint64_t *bits, const char **end)
{
    bool ok = s == IR_BOOL                               ? parse_bool(text, bits, end)
              : ir_scalar_infos[s].kind == IR_KIND_FLOAT ? parse_float(s, text, bits, end)
                                                         : parse_int(s, text, bits, end);
    size_t n = strlen(ir_scalar_infos[s].text);
    if (ok && !strncmp(*end, ir_scalar_infos[s].text, n)) *end += n;
    return ok;
}

/* -- arrays ---------------------------------------------------------------------------------------------- */

static const char *skip_blanks(const char *at)
{
    return at + strspn(at, " \t\n\r");
}

static bool fill_from_file(const struct run *r, struct run_array *a, const char *path)
{
    struct out file;
    out_init(&file, r->arena->mem);
    int error = out_read_file(&file, path, SIZE_MAX / 4);
    if (error) return run_fail(r, "check the path and its permissions", "cannot read '%s': %s", path, strerror(error));
    uint32_t elem_bytes = ir_type_mem_bytes(a->elem);
    bool ok = file.n % elem_bytes == 0;
    if (!ok)
        run_fail(r, "give a file of whole elements",
                 "'%s' has %zu bytes, which is no multiple of the %u bytes of a %s of '%s'", path, file.n, elem_bytes,
                 ir_type_text(a->elem), a->name);
    ok = ok && allocate_array(r, a, file.n / elem_bytes);
    if (ok && file.n) memcpy(a->initial, file.bytes, file.n);
    out_release(&file);
    return ok;
}

static bool fill_from_list(const struct run *r, struct run_array *a, const char *text)
{
    enum ir_scalar s = a->elem.scalar;
    uint32_t scalar_bytes = ir_scalar_infos[s].mem_bytes;
    uint64_t n_scalars = *skip_blanks(text + 1) != ']', k = 0;
    for (const char *c = text; *c; c++)
        n_scalars += *c == ',';
    if (n_scalars % a->elem.lanes)
        return run_fail(r, "list the components one after the other",
                        "%" PRIu64 " numbers do not make whole elements of '%s', %s", n_scalars, a->name,
                        ir_type_text(a->elem));
    if (!allocate_array(r, a, n_scalars / a->elem.lanes)) return false;
    const char *at = skip_blanks(text + 1);
    for (; k < n_scalars; k++) {
        uint64_t bits;
        const char *end;
        if (!parse_scalar(s, at, &bits, &end))
            return run_fail(r, "write numbers of the buffer's type with commas between",
                            "'%.20s' in the list for '%s' is no %s", at, a->name, ir_scalar_infos[s].text);
        bits = ir_value_to_memory(s, bits);
        memcpy(a->initial + k * scalar_bytes, &bits, scalar_bytes);
        at = skip_blanks(end);
        at = skip_blanks(*at == ',' && k + 1 < n_scalars ? at + 1 : at);
    }
    if (strcmp(at, "]")) return run_fail(r, "end the list with ']'", "'%.20s' after the list for '%s'", at, a->name);
    return true;
}

static int hex_digit(char c)
{
    return isdigit((unsigned char)c) ? c - '0' : tolower((unsigned char)c) - 'a' + 10;
}

/* One character of a string and where it ends. */
static unsigned char unescape(const char *at, const char **end)
{
    static const char letters[] = "ntr0", meanings[] = "\n\t\r";
    *end = at + 1;
    if (*at != '\\' || !at[1]) return (unsigned char)*at;
    if (at[1] == 'x' && isxdigit((unsigned char)at[2]) && isxdigit((unsigned char)at[3])) {
        *end = at + 4;
        return (unsigned char)(hex_digit(at[2]) << 4 | hex_digit(at[3]));
    }
    *end = at + 2;
    const char *found = strchr(letters, at[1]);
    return (unsigned char)(found ? meanings[found - letters] : at[1]);
}

static bool fill_from_string(const struct run *r, struct run_array *a, const char *text)
{
    size_t n = strlen(text);
    uint64_t count = 0;
    if (ir_type_mem_bytes(a->elem) != 1)
        return run_fail(r, "give a list, [1, 2, 3], or a file, @FILE", "'%s' is of %s: a string fits u8 and i8 only",
                        a->name, ir_type_text(a->elem));
    if (n < 2 || text[n - 1] != '"')
        return run_fail(r, "end it with '\"', and protect the quotes from the shell: 'text=\"abc\"'",
                        "the string for '%s' has no end", a->name);
    if (!allocate_array(r, a, n)) /* an escape is longer than what it stands for */
        return false;
    for (const char *at = text + 1; at < text + n - 1;)
        a->initial[count++] = unescape(at, &at);
    a->count = count;
    memset(a->initial + count, CANARY, CANARY_BYTES);
    return true;
}

/* "u32[1024]", and what follows it. */
static bool parse_shape(const struct run *r, const struct run_array *a, const char *text, uint64_t *count,
                        const char **end)
{
    const char *type = ir_type_text(a->elem);
    size_t n = strlen(type);
    errno = 0;
    *end = text;
    bool ok = !strncmp(text, type, n) && text[n] == '[' && isdigit((unsigned char)text[n + 1]);
    if (ok) *count = strtoull(text + n + 1, (char **)(uintptr_t)end, 0);
    if (ok && !errno && **end == ']') {
        ++*end;
        return true;
    }
    return run_fail(r, "write @FILE, TYPE[COUNT], random:TYPE[COUNT]:SEED, [LIST] or \"STRING\"",
                    "'%s' is no value for buffer '%s' of type %s[]", text, a->name, type);
}

static bool fill_from_shape(const struct run *r, struct run_array *a, const char *text)
{
    bool is_random = !strncmp(text, "random:", 7);
    uint64_t count = 0, seed = 1;
    const char *end;
    if (!parse_shape(r, a, is_random ? text + 7 : text, &count, &end) || !allocate_array(r, a, count)) return false;
    if (is_random && *end == ':' && end[1]) seed = strtoull(end + 1, (char **)(uintptr_t)&end, 0);
    if (*end)
        return run_fail(r, "a seed is a number after a colon: random:u8[4096]:7", "'%s' after the count of '%s'", end,
                        a->name);
    if (is_random) ir_sample_fill(a->elem, a->initial, a->count, seed);
    return true;
}

static bool fill_array(const struct run *r, const struct run_unit *u, struct run_array *a, const char *text)
{
    switch (*text) {
    case '@':
        if (u->in_chunks && a->is_streamed && !u->keeps_bytes) return chunks_open_file(r, a, text + 1);
        return fill_from_file(r, a, text + 1);
    case '[':
        return fill_from_list(r, a, text);
    case '"':
        return fill_from_string(r, a, text);
    default:
        return fill_from_shape(r, a, text);
    }
}

static bool set_param(const struct run *r, struct run_param *p, const char *text)
{
    const char *end;
    if (parse_scalar(p->type, text, &p->bits, &end) && !*end) return true;
    return run_fail(r, "give a number that the type can hold", "'%s' is no %s, the type of param '%s'", text,
                    ir_scalar_infos[p->type].text, p->name);
}

/* -- all of them ----------------------------------------------------------------------------------------- */

/* The names that a unit has, for messages. */
static const char *list_names(const struct run *r, const struct run_unit *u)
{
    const char *list = "";
    for (uint32_t k = 0; k < u->n_arrays; k++)
        list = arena_printf(r->arena, "%s%s%s", list, *list ? ", " : "", u->arrays[k].name);
    for (uint32_t k = 0; k < u->n_params; k++)
        list = arena_printf(r->arena, "%s%s%s", list, *list ? ", " : "", u->params[k].name);
    return list;
}

static bool take_word(const struct run *r, struct run_unit *u, const char *word)
{
    const char *equals = strchr(word, '=');
    if (!equals)
        return run_fail(r, "write NAME=VALUE for each buffer and param", "'%s' is neither an input nor an argument",
                        word);
    const char *name = arena_copy(r->arena, word, (size_t)(equals - word));
    for (uint32_t k = 0; k < u->n_arrays; k++)
        if (!strcmp(u->arrays[k].name, name)) {
            if (u->arrays[k].is_given) return run_fail(r, "give it once", "'%s' is given twice", name);
            u->arrays[k].is_given = true;
            return fill_array(r, u, &u->arrays[k], equals + 1);
        }
    for (uint32_t k = 0; k < u->n_params; k++)
        if (!strcmp(u->params[k].name, name)) {
            u->params[k].is_given = true;
            return set_param(r, &u->params[k], equals + 1);
        }
    return run_fail(r, arena_printf(r->arena, "it has: %s", list_names(r, u)), "'%s' has no buffer or param '%s'",
                    u->name, name);
}

/* What nothing was given for: a sized buffer that is written starts as zeros, the rest must be given. */
static bool default_array(const struct run *r, struct run_array *a)
{
    if (a->is_given) return true;
    if (a->sized && ir_access_writes(a->access)) return allocate_array(r, a, a->declared);
    return run_fail(r,
                    arena_printf(r->arena, "for example %s=%s[1024] for zeros, or %s=@FILE", a->name,
                                 ir_type_text(a->elem), a->name),
                    "buffer '%s' is not given", a->name);
}

bool args_parse(const struct run *r, struct run_unit *unit, const char *const *words, uint32_t n_words)
{
    bool ok = true;
    for (uint32_t k = 0; k < n_words; k++)
        ok &= take_word(r, unit, words[k]);
    for (uint32_t k = 0; k < unit->n_arrays; k++)
        ok &= default_array(r, &unit->arrays[k]);
    for (uint32_t k = 0; k < unit->n_params; k++)
        if (!unit->params[k].is_given)
            ok = run_fail(r, arena_printf(r->arena, "for example %s=1", unit->params[k].name),
                          "param '%s' is not given", unit->params[k].name);
    for (uint32_t k = 0; ok && k < unit->n_arrays; k++) {
        struct run_array *a = &unit->arrays[k];
        if (a->is_in_parts) continue;
        a->bytes = allocate_aligned(r->arena, array_bytes(a), a->align_bytes);
        memcpy(a->bytes, a->initial, array_bytes(a));
    }
    return ok;
}

void args_restore(struct run_unit *unit)
{
    for (uint32_t k = 0; k < unit->n_arrays; k++)
        if (ir_access_writes(unit->arrays[k].access))
            memcpy(unit->arrays[k].bytes, unit->arrays[k].initial, array_bytes(&unit->arrays[k]));
}

const struct run_array *args_find_overrun(const struct run_unit *unit)
{
    for (uint32_t k = 0; k < unit->n_arrays; k++)
        for (uint32_t b = 0; b < CANARY_BYTES && !unit->arrays[k].is_in_parts; b++)
            if (unit->arrays[k].bytes[array_bytes(&unit->arrays[k]) + b] != CANARY) return &unit->arrays[k];
    return NULL;
}
