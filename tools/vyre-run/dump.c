/* dump.c - a buffer as text for people and tests, or as raw bytes.
 *
 *   hits : u32[6]                         text : u8[18]
 *        0: 2 3 10 0 0 0                       0: 68 65 6c 6c 6f 20 77 6f 72 6c 64 21 0a 00 00 00  |hello world!....|
 *                                             16: 00 00                                            |..|
 * A line that repeats the one before it is shown once, then as one `*`, as hexdump does. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ir/base/out.h"
#include "tools/vyre-run/run.h"

static void print_scalar(struct out *out, enum ir_scalar s, const unsigned char *at)
{
    uint64_t bits = 0;
    memcpy(&bits, at, ir_scalar_infos[s].mem_bytes);
    bits = ir_value_from_memory(s, bits);
    ir_type from = {(uint8_t)s, 1};
    struct ir_value v = {{bits}};
    double d;
    switch (ir_scalar_infos[s].kind) {
    case IR_KIND_BOOL:
        out_text(out, bits ? "true" : "false");
        break;
    case IR_KIND_SINT:
        out_printf(out, "%" PRId64, (int64_t)ir_op_eval(IR_OP_CAST, IR_TYPE(I64), 0, &from, &v, 1).lane[0]);
        break;
    case IR_KIND_FLOAT:
        v = s == IR_F64 ? v : ir_op_eval(IR_OP_CAST, IR_TYPE(F64), 0, &from, &v, 1);
        memcpy(&d, &v.lane[0], sizeof d);
        out_printf(out, "%.*g", s == IR_F64 ? 17 : s == IR_F32 ? 9 : 5, d);
        break;
    default:
        out_printf(out, "%" PRIu64, bits);
    }
}

static void print_bytes_line(struct out *out, const unsigned char *at, uint64_t n)
{
    for (uint64_t k = 0; k < 16; k++)
        if (k < n)
            out_printf(out, " %02x", at[k]);
        else
            out_text(out, "   ");
    out_text(out, "  |");
    for (uint64_t k = 0; k < n; k++)
        out_printf(out, "%c", isprint(at[k]) ? at[k] : '.');
    out_text(out, "|\n");
}

static void print_elements_line(struct out *out, const struct run_array *a, uint64_t first, uint64_t n)
{
    uint32_t scalar_bytes = ir_scalar_infos[a->elem.scalar].mem_bytes;
    for (uint64_t k = 0; k < n; k++) {
        const unsigned char *at = a->bytes + (first + k) * ir_type_mem_bytes(a->elem);
        out_text(out, a->elem.lanes > 1 ? " (" : " ");
        for (uint32_t c = 0; c < a->elem.lanes; c++) {
            out_text(out, c ? ", " : "");
            print_scalar(out, a->elem.scalar, at + (size_t)c * scalar_bytes);
        }
        out_text(out, a->elem.lanes > 1 ? ")" : "");
    }
    out_text(out, "\n");
}

static void print_array(struct out *out, const struct run_array *a)
{
    bool is_bytes = a->elem.scalar == IR_U8;
    uint64_t per_line = is_bytes ? 16 : 8, elem_bytes = ir_type_mem_bytes(a->elem);
    bool starred = false;
    out_printf(out, "%s : %s[%" PRIu64 "]\n", a->name, ir_type_text(a->elem), a->count);
    for (uint64_t first = 0; first < a->count; first += per_line) {
        uint64_t n = a->count - first < per_line ? a->count - first : per_line;
        const unsigned char *at = a->bytes + first * elem_bytes;
        bool repeats = first && n == per_line && !memcmp(at, at - per_line * elem_bytes, per_line * elem_bytes);
        if (repeats && !starred) out_text(out, "       *\n");
        starred = repeats;
        if (repeats) continue;
        out_printf(out, "%8" PRIu64 ":", first);
        if (is_bytes)
            print_bytes_line(out, at, n);
        else
            print_elements_line(out, a, first, n);
    }
}

static bool write_raw(const struct run *r, const struct run_array *a, const char *path)
{
    struct out out;
    out_init(&out, r->arena->mem);
    out_bytes(&out, a->bytes, array_bytes(a));
    int error = out_write_file(&out, path, false);
    out_release(&out);
    return !error || run_fail(r, "check the path, its permissions, and the space on the disk", "cannot write '%s': %s",
                              path, strerror(error));
}

bool dump_array(const struct run *r, const struct run_unit *unit, const char *what)
{
    const char *colon = strchr(what, ':');
    const char *name = arena_copy(r->arena, what, colon ? (size_t)(colon - what) : strlen(what));
    for (uint32_t k = 0; k < unit->n_arrays; k++) {
        const struct run_array *a = &unit->arrays[k];
        if (strcmp(a->name, name)) continue;
        if (colon) return write_raw(r, a, colon + 1);
        struct out out;
        out_init(&out, r->arena->mem);
        print_array(&out, a);
        int error = out_write_file(&out, "-", false);
        out_release(&out);
        return !error || run_fail(r, "", "cannot write to standard output: %s", strerror(error));
    }
    return run_fail(r, "--dump takes the name of a buffer, and after a colon a file", "'%s' has no buffer '%s' to dump",
                    unit->name, name);
}
