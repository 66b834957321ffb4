/* parse.c - what the generated lexer calls: text in pieces, places, words, bytes that belong to no token. */
#include "frontend/parse.h"

#include <string.h>

#include "frontend/help.h"
#include "frontend/symbol.h"
#include "vir.tab.h"

struct name *parser_name(struct parser *p, const char *text, size_t size_bytes)
{
    const char *key = intern(p->intern, text, size_bytes);
    struct name *name = map_find(&p->names, key);

    if (name) return name;
    name = ARENA_NEW(p->arena, struct name);
    name->text = key;
    name->size_bytes = (uint32_t)size_bytes;
    map_set(&p->names, key, name);
    return name;
}

size_t lexer_feed(struct parser *p, char *buffer, size_t max_bytes)
{
    size_t left = p->file->size_bytes - p->fed, n = left < max_bytes ? left : max_bytes;

    memcpy(buffer, p->file->text + p->fed, n);
    p->fed += (uint32_t)n;
    return n;
}

void lexer_place(struct parser *p, struct src_range *place, uint32_t size_bytes)
{
    place->begin = p->file->base + p->position;
    p->position += size_bytes;
    place->end = p->file->base + p->position;
}

int lexer_word(struct parser *p, union VIR_STYPE *value, const char *text, size_t size_bytes)
{
    const struct symbol *s;

    value->name = parser_name(p, text, size_bytes);
    s = value->name->symbol;
    if (s && s->kind == SYMBOL_KEYWORD) return s->token;
    return s && s->kind == SYMBOL_OP && s->op == IR_OP_MAX ? VIR_MAX : VIR_NAME;
}

void lexer_report_bytes(struct parser *p, struct src_range place, const char *text, size_t size_bytes)
{
    unsigned char first = (unsigned char)text[0];
    bool shown = first > ' ' && first != 127;
    const char *found =
        shown ? arena_printf(p->arena, "%.*s", (int)size_bytes, text) : arena_printf(p->arena, "\\x%02x", first);

    help_with_bytes(p, diag_report(p->diags, DIAG_BAD_CHARACTER, place, found), place);
}

void lexer_fail(struct parser *p)
{
    memory_fail(p->arena->mem);
}
