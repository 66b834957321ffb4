/* symbol.c - the words of the language: those of the grammar, listed here, and those of the tables. */
#include "frontend/symbol.h"

#include <string.h>

#include "frontend/parse.h"
#include "vir.tab.h"

static const struct {
    const char *text;
    int token;
} keywords[] = {
    {"data", VIR_DATA},
    {"program", VIR_PROGRAM},
    {"pipeline", VIR_PIPELINE},
    {"fn", VIR_FN},
    {"workgroup", VIR_WORKGROUP},
    {"local", VIR_LOCAL},
    {"dispatch", VIR_DISPATCH},
    {"buffer", VIR_BUFFER},
    {"param", VIR_PARAM},
    {"let", VIR_LET},
    {"var", VIR_VAR},
    {"if", VIR_IF},
    {"else", VIR_ELSE},
    {"for", VIR_FOR},
    {"in", VIR_IN},
    {"step", VIR_STEP},
    {"while", VIR_WHILE},
    {"break", VIR_BREAK},
    {"continue", VIR_CONTINUE},
    {"return", VIR_RETURN},
    {"region", VIR_REGION},
    {"barrier", VIR_BARRIER},
    {"grid_barrier", VIR_GRID_BARRIER},
    {"true", VIR_TRUE},
    {"false", VIR_FALSE},
    {"vec2", VIR_VEC2},
    {"vec4", VIR_VEC4},
    {"bitcast", VIR_BITCAST},
    {"budget", VIR_BUDGET},
    {"temp", VIR_TEMP},
    {"arm", VIR_ARM},
    {"host", VIR_HOST},
    {"file", VIR_FILE},
    {"import", VIR_IMPORT},
};

static const struct {
    const char *text, *use;
} kinds[] = {
#define SYMBOL(KIND, text, use) [SYMBOL_##KIND] = {text, use},
#include "frontend/symbols.def"
#undef SYMBOL
};

const char *symbol_kind_text(enum symbol_kind kind)
{
    return kinds[kind].text;
}

const char *symbol_kind_use(enum symbol_kind kind)
{
    return kinds[kind].use;
}

/* The words of pipelines, of data and of imports come only where no name can stand, so names they may be. */
bool symbol_is_soft(const struct symbol *s)
{
    if (s->kind != SYMBOL_KEYWORD) return false;
    switch (s->token) {
    case VIR_IN:
    case VIR_STEP:
    case VIR_BUDGET:
    case VIR_TEMP:
    case VIR_ARM:
    case VIR_HOST:
    case VIR_FILE:
    case VIR_IMPORT:
        return true;
    default:
        return false;
    }
}

static struct symbol *add(struct parser *p, const char *text, enum symbol_kind kind)
{
    struct name *name = parser_name(p, text, strlen(text));
    struct symbol *s = ARENA_NEW(p->arena, struct symbol);

    s->kind = kind;
    return name->symbol = s;
}

static void add_operations(struct parser *p)
{
    enum {
        LEAF,
        PREFIX,
        CALL,
        TYPED,
        SPECIAL,
        INFIX_1,
        INFIX_2,
        INFIX_3,
        INFIX_4,
        INFIX_5,
        INFIX_6,
        INFIX_7,
        INFIX_8,
        INFIX_9,
        INFIX_10
    };
    static const struct {
        const char *text;
        int form;
    } ops[] = {
#define OP(NAME, text, form, n_args, sig, types, traits, help) {text, form},
#include "ir/ops.def"
    };

    for (enum ir_op op = 0; op < IR_OP_COUNT; op++) {
        if (!*ops[op].text) continue;
        if (ops[op].form == CALL) add(p, ops[op].text, SYMBOL_OP)->op = op;
        if (ops[op].form == LEAF) add(p, ops[op].text, SYMBOL_ID)->op = op;
    }
    add(p, "len", SYMBOL_LEN);
}

static void add_literals(struct parser *p)
{
    for (int is_nan = 0; is_nan < 2; is_nan++) {
        const char *word = is_nan ? "nan" : "inf";
        struct symbol *plain = add(p, word, SYMBOL_LITERAL);

        plain->literal.is_nan = is_nan;
        for (enum ir_scalar s = 1; s < IR_SCALAR_COUNT; s++) {
            if (ir_scalar_infos[s].kind != IR_KIND_FLOAT) continue;
            struct symbol *typed =
                add(p, arena_printf(p->arena, "%s_%s", word, ir_scalar_infos[s].text), SYMBOL_LITERAL);
            typed->literal.is_nan = is_nan;
            typed->literal.scalar = s;
        }
    }
}

void symbols_add_builtins(struct parser *p)
{
    for (size_t i = 0; i < sizeof keywords / sizeof keywords[0]; i++)
        add(p, keywords[i].text, SYMBOL_KEYWORD)->token = keywords[i].token;
#define TYPE(NAME, text, kind, bits, mem_bytes, compute) add(p, text, SYMBOL_TYPE)->scalar = IR_##NAME;
#include "ir/types.def"
#define ATOMIC(NAME, text, floats, help) add(p, text, SYMBOL_ATOMIC)->atomic = IR_ATOMIC_##NAME;
#include "ir/atomics.def"
#define COLLECTIVE(NAME, text, help) add(p, text, SYMBOL_COLLECTIVE)->collective = IR_COLLECTIVE_##NAME;
#include "ir/spaces.def"
    add(p, "copy_async", SYMBOL_STATEMENT)->statement = IR_STMT_COPY_ASYNC;
    add(p, "wait", SYMBOL_STATEMENT)->statement = IR_STMT_WAIT;
    add(p, "trap", SYMBOL_STATEMENT)->statement = IR_STMT_TRAP;
    add(p, "tell", SYMBOL_STATEMENT)->statement = IR_STMT_TELL;
    add_operations(p);
    add_literals(p);
}
