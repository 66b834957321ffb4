/* symbol.h - what a name can mean. The words of the language are symbols like any other, made once from the tables; so
 * a declaration that would hide one is found as every other double declaration is. */
#ifndef VYREC_FRONTEND_SYMBOL_H
#define VYREC_FRONTEND_SYMBOL_H

#include "frontend/syntax.h"

enum symbol_kind {
#define SYMBOL(KIND, text, use) SYMBOL_##KIND,
#include "frontend/symbols.def"
#undef SYMBOL
    SYMBOL_LAST_BUILTIN = SYMBOL_COLLECTIVE
};

struct symbol {
    enum symbol_kind kind;
    struct src_range range;    /* of the declared name; SRC_NONE for builtins */
    const struct frame *frame; /* the function whose body it is visible in; NULL: in the program, or everywhere */
    union {
        int token;
        enum ir_scalar scalar;
        enum ir_op op;
        struct {
            bool is_nan;
            enum ir_scalar scalar;
        } literal; /* scalar IR_NONE: of the type that is needed */
        enum ir_atomic atomic;
        enum ir_stmt_kind statement;
        enum ir_collective collective;
        struct ir_data *data;
        struct ir_program *program;
        struct ir_pipeline *pipeline;
        struct fn *fn;
        struct {
            struct ir_buffer *at;
            enum ir_access access;
        } buffer;
        struct ir_param *param;
        struct ir_local *local;
        struct {
            struct ir_expr *expr;
            uint32_t *n_uses;
            bool may_move;
        } value; /* may_move: used once, so it need not be copied */
    };
};

/* "a buffer", "a program": for messages. */
const char *symbol_kind_text(enum symbol_kind kind);
/* How a name of the kind is used, as a fix. */
const char *symbol_kind_use(enum symbol_kind kind);
/* Gives the words of the language their symbols. */
void symbols_add_builtins(struct parser *p);
/* Grammar words that may also be names: they keep their token but can be declared. */
bool symbol_is_soft(const struct symbol *s);

#endif
