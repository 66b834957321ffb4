/* text.c - the parts that texts are made of: tables, and lines in which the name is put. */
#include <stdarg.h>
#include <string.h>

#include "tools/vyre-gen/gen.h"

enum { VALUES_PER_LINE = 24, WORDS_PER_LINE = 7 };

void print_text(struct scanner *s, const char *indent, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *text = arena_vprintf(s->arena, format, args);
    va_end(args);
    while (*text) {
        size_t n = strcspn(text, "@\n");
        out_text(s->out, indent);
        while (text[n] == '@') {
            out_bytes(s->out, text, n);
            out_text(s->out, s->request->name);
            text += n + 1;
            n = strcspn(text, "@\n");
        }
        n += text[n] == '\n';
        out_bytes(s->out, text, n);
        text += n;
    }
}

static void print_table_head(struct scanner *s, const char *suffix, uint32_t bits, uint32_t n)
{
    out_printf(s->out, "data %s_%s : u%u[%u] = ", s->request->name, suffix, bits, n);
}

void print_table(struct scanner *s, const char *suffix, const uint32_t *values, uint32_t n, uint32_t min_bits)
{
    uint32_t most = 0, bits = min_bits;
    for (uint32_t i = 0; i < n; i++)
        most = values[i] > most ? values[i] : most;
    while (bits < 32 && most >> bits)
        bits *= 2;
    print_table_head(s, suffix, bits, n);
    out_text(s->out, "[");
    for (uint32_t i = 0; i < n; i++)
        out_printf(s->out, "%s%u", !i ? "" : i % VALUES_PER_LINE ? "," : ",\n  ", values[i]);
    out_text(s->out, "];\n");
}

void print_word_table(struct scanner *s, const char *suffix, const uint64_t *values, uint32_t n)
{
    print_table_head(s, suffix, 64, n);
    out_text(s->out, "[");
    for (uint32_t i = 0; i < n; i++)
        out_printf(s->out, values[i] < 10 ? "%s%llu" : "%s0x%llX",
                   !i                   ? ""
                   : i % WORDS_PER_LINE ? ","
                                        : ",\n  ",
                   (unsigned long long)values[i]);
    out_text(s->out, "];\n");
}

void print_byte_table(struct scanner *s, const char *suffix, const unsigned char *bytes, uint32_t n)
{
    print_table_head(s, suffix, 8, n);
    out_text(s->out, "\"");
    for (uint32_t i = 0; i < n; i++) {
        if (bytes[i] == '"' || bytes[i] == '\\')
            out_printf(s->out, "\\%c", bytes[i]);
        else if (bytes[i] >= ' ' && bytes[i] < 127)
            out_bytes(s->out, &bytes[i], 1);
        else
            out_printf(s->out, "\\x%02X", bytes[i]);
    }
    out_text(s->out, "\";\n");
}
