/* syntax.h - the tree that the grammar builds: what the text says, with names and places, before anything is checked.
 *
 * It keeps the shape of the text and knows no types. The checker (sema_*.c) walks it, once per program and once more
 * for each call of a function, and builds the IR. It lives in an arena of its own that goes away when the IR stands. */
#ifndef VYREC_FRONTEND_SYNTAX_H
#define VYREC_FRONTEND_SYNTAX_H

#include "ir/base/map.h"
#include "ir/ir.h"

struct symbol;

/* One per spelling; so what a name means now is one step away, and a new meaning is one assignment. */
struct name {
    const char *text;
    uint32_t size_bytes;
    struct symbol *symbol; /* NULL: nothing */
};

/* A name where it is written. */
struct syn_ref {
    struct name *name; /* NULL: left out */
    struct src_range range;
};

struct syn_type {
    struct syn_ref scalar;
    uint8_t lanes; /* 1, 2, 4 */
    struct src_range range;
};

/* -- expressions -------------------------------------------------------------------------------------------- */

enum syn_expr_kind {
    SYN_NUMBER,
    SYN_BOOL,    /* value */
    SYN_NAME,    /* name */
    SYN_UNARY,   /* op, args[0] */
    SYN_BINARY,  /* op, args[0..1] */
    SYN_CALL,    /* name(args); the name stands at the beginning of the range */
    SYN_VEC,     /* type(args) */
    SYN_BITCAST, /* bitcast<type>(args) */
    SYN_INDEX,   /* name[args[0]] */
    SYN_MEMBER,  /* args[0].name; the name stands at the end of the range */
    SYN_NAMED,   /* name: args[0], in an arm */
    SYN_STRING,  /* in an attribute or as data; the range includes the quotes */
    SYN_RANGE,   /* args[0] .. args[1], in an attribute */
    SYN_LIST,    /* [args], as data */
    SYN_FILE,    /* file(args[0]), as data */
};

enum syn_expr_flag {
    SYN_FLAG_PAREN = 1,      /* stands in parentheses of its own */
    SYN_FLAG_UNTYPED = 2,    /* made of unsuffixed literals alone: takes the type that its context needs */
    SYN_FLAG_FLOAT = 4,      /* untyped, and a literal of it can only be a float */
    SYN_FLAG_IN_BOUNDS = 16, /* INDEX: written with `, in_bounds` */
    SYN_FLAG_HAS_CALL = 8,   /* calls a function somewhere: checking it may put statements before it */
};

struct syn_expr {
    uint8_t kind;
    uint8_t flags;
    uint16_t depth; /* at most that of the IR it becomes */
    uint32_t n_args;
    struct src_range range;
    union {
        struct name *name;
        struct syn_type *type;
        enum ir_op op;
        bool value;
    };
    struct syn_expr *args[];
};

/* -- statements --------------------------------------------------------------------------------------------- */

enum syn_stmt_kind {
    SYN_LET,
    SYN_VAR,    /* name, type or NULL, value */
    SYN_ASSIGN, /* place (a NAME or INDEX), value */
    SYN_EXPR,   /* value: a call */
    SYN_IF,     /* value, body, else_body or NULL */
    SYN_FOR,    /* name, value .. to, step or NULL, body */
    SYN_WHILE,  /* value, to: the most rounds, step: the CALL of trap for more, or NULL, body */
    SYN_BREAK,
    SYN_CONTINUE,
    SYN_RETURN, /* value or NULL */
    SYN_BLOCK,  /* body */
    SYN_REGION, /* value: a STRING, body */
    SYN_BARRIER,
    SYN_GRID_BARRIER,
    SYN_ARM,  /* name, value: a CALL with NAMED arguments */
    SYN_HOST, /* name */
};

enum syn_stmt_flag {
    SYN_MAY_RETURN = 1,  /* a return stands somewhere in it */
    SYN_NEVER_FALLS = 2, /* every path through it returns or traps */
};

struct syn_block {
    struct syn_stmt *first, *last;
    struct src_range range;
};

struct syn_stmt {
    uint8_t kind;
    uint8_t flags;
    struct src_range range;
    struct syn_stmt *next;
    struct syn_ref name;
    struct syn_expr *value;
    struct syn_type *type;
    union {
        struct syn_expr *place;
        struct {
            struct syn_expr *to, *step;
        };
    };
    struct syn_block *body, *else_body;
};

/* -- items -------------------------------------------------------------------------------------------------- */

struct syn_attr {
    struct syn_ref name;
    struct syn_expr **args;
    uint32_t n_args;
    struct src_range range;
    struct syn_attr *next;
};
struct syn_attrs {
    struct syn_attr *first, *last;
};

enum syn_decl_kind {
    SYN_DECL_VALUE,     /* name : type */
    SYN_DECL_BUFFER,    /* name : access type[count] */
    SYN_DECL_WORKGROUP, /* workgroup name : type[count] */
    SYN_DECL_LOCAL,     /* local name : type[count] */
    SYN_DECL_TEMP,      /* temp name : type[count] */
    SYN_DECL_SIZE,      /* workgroup exprs */
    SYN_DECL_DISPATCH,  /* dispatch exprs */
    SYN_DECL_BUDGET,    /* budget exprs[0] unit */
};

struct syn_decl {
    enum syn_decl_kind kind;
    struct src_range range;
    struct syn_ref name;   /* BUDGET: the unit */
    struct syn_ref access; /* BUFFER */
    struct syn_type *type;
    struct syn_expr *count; /* NULL: [] */
    struct syn_attrs attrs;
    struct syn_expr **exprs;
    uint32_t n_exprs;
    struct syn_decl *next;
};
struct syn_decls {
    struct syn_decl *first, *last;
};

enum syn_item_kind { SYN_ITEM_IMPORT, SYN_ITEM_DATA, SYN_ITEM_PROGRAM, SYN_ITEM_PIPELINE, SYN_ITEM_FN };

struct syn_item {
    enum syn_item_kind kind;
    struct src_range range;
    struct syn_ref name;
    struct syn_attrs attrs;
    struct syn_decls params; /* of a function or pipeline */
    struct syn_decls decls;  /* in the body; DATA: itself, as a BUFFER */
    struct syn_type *type;   /* of what a function gives, NULL: nothing */
    struct syn_expr *init;   /* DATA; IMPORT: a STRING */
    struct syn_block body;
    struct syn_item *next;
};
struct syn_items {
    struct syn_item *first, *last;
};

/* -- the parser --------------------------------------------------------------------------------------------- */

struct parser {
    struct arena *arena; /* of the tree */
    struct diags *diags;
    const struct source_file *file; /* that is being read */
    struct map names;               /* interned text -> struct name */
    struct intern *intern;
    uint32_t position;                /* offset of the next byte for the lexer to match */
    uint32_t fed;                     /* bytes given to the lexer */
    uint32_t token_end, previous_end; /* where the last token ended, and the one before it; numbered over all sources */
    uint32_t open_string_end;         /* of the last string without its closing quote: what follows it may look wrong */
    uint32_t first_end;               /* where the token ended that the statement, declaration or item began with */
    int previous_token, first_token;  /* the last token; the one that the statement, declaration or item began with */
    uint32_t nesting;                 /* blocks open here */
    bool too_deep;                    /* said so already */
    VEC(struct syn_expr *) pending;   /* arguments read, of calls not yet complete */
    struct syn_items items;
};

/* The name with this spelling. */
struct name *parser_name(struct parser *p, const char *text, size_t size_bytes);
/* Reads one file into p->items, which are its own. False when the text is not in the language; what is wrong has been
 * reported. */
bool parser_run(struct parser *p, const struct source_file *file);

/* What the grammar's actions call: each makes one node of the parts given. */
uint32_t syn_push(struct parser *p, uint32_t mark, struct syn_expr *e); /* returns mark */
struct syn_expr *syn_leaf(struct parser *p, enum syn_expr_kind kind, struct name *name, struct src_range range);
struct syn_expr *syn_bool(struct parser *p, bool value, struct src_range range);
struct syn_expr *syn_paren(struct syn_expr *e);
struct syn_expr *syn_unary(struct parser *p, enum ir_op op, struct syn_expr *a, struct src_range range);
struct syn_expr *syn_binary(struct parser *p, enum ir_op op, struct syn_expr *a, struct syn_expr *b,
                            struct src_range range);
struct syn_expr *syn_wrap(struct parser *p, enum syn_expr_kind kind, struct name *name, struct syn_expr *a,
                          struct src_range range);
/* An element written as name[index, claim]. */
struct syn_expr *syn_claim(struct parser *p, struct syn_expr *element, struct syn_ref claim);
struct syn_expr *syn_range(struct parser *p, struct syn_expr *a, struct syn_expr *b, struct src_range range);
/* Of the pending arguments from `mark` on. */
struct syn_expr *syn_call(struct parser *p, struct name *name, uint32_t mark, struct src_range range);
struct syn_expr *syn_typed(struct parser *p, enum syn_expr_kind kind, struct syn_type *type, uint32_t mark,
                           struct src_range range);
struct syn_expr *syn_list(struct parser *p, uint32_t mark, struct src_range range);
struct syn_type *syn_type_new(struct parser *p, struct syn_ref scalar, uint8_t lanes, struct src_range range);

struct syn_stmt *syn_stmt_new(struct parser *p, enum syn_stmt_kind kind, struct src_range range);
struct syn_stmt *syn_let(struct parser *p, enum syn_stmt_kind kind, struct syn_ref name, struct syn_type *type,
                         struct syn_expr *value, struct src_range range);
struct syn_stmt *syn_assign(struct parser *p, struct syn_expr *place, struct syn_expr *value, struct src_range range);
struct syn_stmt *syn_value_stmt(struct parser *p, enum syn_stmt_kind kind, struct syn_expr *value,
                                struct src_range range);
struct syn_stmt *syn_if(struct parser *p, struct syn_expr *cond, struct syn_block *then_body,
                        struct syn_block *else_body, struct src_range range);
struct syn_stmt *syn_for(struct parser *p, struct syn_ref name, struct syn_expr *from, struct syn_expr *to,
                         struct syn_expr *step, struct syn_block *body, struct src_range range);
struct syn_stmt *syn_while(struct parser *p, struct syn_expr *cond, struct syn_expr *max, struct syn_expr *trap,
                           struct syn_block *body, struct src_range range);
struct syn_stmt *syn_scope(struct parser *p, struct syn_expr *label, struct syn_block *body, struct src_range range);
struct syn_stmt *syn_named_stmt(struct parser *p, enum syn_stmt_kind kind, struct syn_ref name, struct syn_expr *value,
                                struct src_range range);
void syn_block_append(struct syn_block *b, struct syn_stmt *s); /* s may be NULL */
struct syn_block *syn_block_new(struct parser *p, struct syn_block list, struct src_range range);
/* A block opens; returns the nesting around it. */
uint32_t syn_open_block(struct parser *p, struct src_range range);

struct syn_attr *syn_attr_new(struct parser *p, struct syn_ref name, uint32_t mark, struct src_range range);
void syn_attrs_append(struct syn_attrs *list, struct syn_attr *a);
struct syn_decl *syn_decl_new(struct parser *p, enum syn_decl_kind kind, struct syn_ref name, struct syn_type *type,
                              struct src_range range);
struct syn_decl *syn_array(struct parser *p, enum syn_decl_kind kind, struct syn_ref name, struct syn_type *type,
                           struct syn_expr *count, struct syn_attrs attrs, struct src_range range);
struct syn_decl *syn_sizes(struct parser *p, enum syn_decl_kind kind, uint32_t mark, struct src_range range);
void syn_decls_append(struct syn_decls *list, struct syn_decl *d); /* d may be NULL */
struct syn_item *syn_item_new(struct parser *p, enum syn_item_kind kind, struct syn_ref name, struct src_range range);
void syn_items_append(struct syn_items *list, struct syn_item *item); /* item may be NULL */

#endif
