/* sema.h - the checker: from the syntax tree to IR. One file per area of the grammar; this is what they share.
 *
 * A function that finds a fault reports it and gives NULL (or false); whoever gets that says nothing more. Statements
 * that a call needs are appended to `block` while the expression is checked, so they come before the statement it
 * stands in. */
#ifndef VYREC_FRONTEND_SEMA_H
#define VYREC_FRONTEND_SEMA_H

#include "frontend/frontend.h"
#include "frontend/symbol.h"

/* Expressions, blocks and calls that the checker is inside of: enough for every text that nests within the limits; more
 * comes only from functions that call functions. */
enum { SEMA_MAX_DEPTH = 1600 };

/* A parameter of a function. */
struct fn_param {
    struct syn_ref name;
    bool is_buffer;
    ir_type type; /* of the value, or of the elements */
    enum ir_access access;
    bool sized;
    uint64_t count;
    uint32_t n_uses;
};

struct fn {
    const struct syn_item *syn;
    struct fn_param *params;
    uint32_t n_params;
    ir_type result;      /* scalar IR_NONE: gives nothing */
    bool is_bad;         /* has been reported, so calls say nothing */
    bool is_expression;  /* the body is one return with a value */
    bool ends_in_return; /* the only return is the last statement */
    bool needs_flag;     /* a return inside must be remembered by what follows */
    VEC(struct fn *) calls;
    VEC(struct src_range) call_places;
    uint8_t visit; /* while looking for recursion: 0 not seen, 1 on the path, 2 done */
    uint32_t next_call;
};

/* A function's body on its way into a program. */
struct frame {
    struct frame *caller;
    struct fn *fn;
    struct ir_local *result; /* gets the value of a return */
    struct ir_local *done;   /* true after a return */
    struct ir_expr *value;   /* of the return that ends the body */
    uint32_t loops;          /* of the function, around the statement */
    uint32_t followed; /* statements around this one after which others must ask whether the function has returned */
};

struct scope_entry {
    struct name *name;
    struct symbol *before;
};

struct sema {
    struct parser *p;
    struct arena *arena; /* of what goes away with the tree */
    struct ir_module *m;
    struct diags *diags;
    const struct frontend_options *options;
    const struct source_file *file; /* that was looked into last */
    struct ir_program *program;
    struct ir_block *block;           /* where statements go */
    struct map arm_names, temp_names; /* of the pipeline: its arms, and temps of those that it runs */
    struct frame *frame;              /* NULL: in a program's own text */
    struct fn *checking;              /* a function by itself, on no call */
    VEC(struct scope_entry) scope;
    VEC(struct fn *) fns;
    uint32_t loops, nesting, depth;
    uint32_t n_inlined, max_inlined;
    bool inlined_reported;
    bool no_calls;        /* in a constant or a host expression: functions have no place there */
    const char *constant; /* what must be constant here; NULL in host expressions */
    bool at_launch;       /* a count that may be left out, since a launch gives it: of a buffer */
    bool pure_only;       /* nothing may be put before the expression: a condition of while */
    bool pure_reported;
};

/* -- sema.c: scopes and names */
struct symbol *sema_declare(struct sema *s, enum symbol_kind kind,
                            struct syn_ref name); /* never NULL; reports a double */
uint32_t sema_open_scope(struct sema *s);
void sema_close_scope(struct sema *s, uint32_t mark);
struct symbol *sema_lookup(struct sema *s, struct syn_ref name);
/* The name stands for something else than what is needed here: "a value". */
void sema_report_kind(struct sema *s, struct syn_ref name, const struct symbol *sym,
                      const char *needed); /* NULL and a report when it means nothing */
struct syn_ref
sema_name_of(const struct syn_expr *e); /* where the name of a NAME, CALL, INDEX, MEMBER or NAMED stands */
bool sema_enter(struct sema *s, struct src_range range); /* one level down; false and a report when that is too deep */
void sema_leave(struct sema *s);
/* One more node of a function's body; false when there are too many, which is reported once. */
bool sema_count_inlined(struct sema *s, struct src_range range);

/* -- sema_import.c: the files of a text */
/* Reads the text and, where it imports others, those: all their items stand in s->p->items, an import's in its place.
 * False when something was reported. */
bool sema_import_all(struct sema *s, const struct source_file *file);
/* The file that a place lies in. */
const struct source_file *sema_file_of(struct sema *s, struct src_range range);
/* Finds what a text means by a path: beside the file that the place lies in, else in the folders of -I. 0 or an errno
 * value; *found is a path to open, *info what is there. */
struct stat;
int sema_find_file(struct sema *s, struct src_range place, const char *path, const char **found, struct stat *info);
/* For depfiles, each file once. */
void sema_add_dependency(struct sema *s, const char *path);

/* -- sema_types.c: types, literals, constants */
bool sema_type(struct sema *s, const struct syn_type *t, ir_type *type);
struct ir_expr *sema_number(struct sema *s, const struct syn_expr *e, ir_type want, bool negative);
/* The value of an expression that must be constant, as `type` or, if it has a type of its own, that. False and a report
 * when it is none. */
bool sema_constant(struct sema *s, const struct syn_expr *e, ir_type type, const char *what, uint64_t *bits,
                   ir_type *found);
bool sema_count(struct sema *s, const struct syn_expr *e, const char *what, uint64_t least, uint64_t most,
                uint64_t *value);
/* The bytes of a string literal with its escapes undone. */
const char *sema_string(struct sema *s, const struct syn_expr *e, size_t *size_bytes);
/* As a name for regions and the like: without NUL bytes. */
const char *sema_label(struct sema *s, const struct syn_expr *e);
bool sema_access(struct sema *s, struct syn_ref word, enum ir_access *access);
struct ir_expr *sema_zero(struct sema *s, ir_type type, struct src_range range);

/* -- sema_exprs.c: expressions */
/* `want` is the type for literals without one; the result may have another. */
struct ir_expr *sema_expr(struct sema *s, const struct syn_expr *e, ir_type want);
struct ir_expr *sema_expr_of(struct sema *s, const struct syn_expr *e, ir_type type); /* of this type, or reported */
struct operand {
    const struct syn_expr *syn;
    ir_type type;
    bool is_index; /* a u32, or a narrower unsigned integer, which loses nothing when it becomes one */
};
/* Checks operands in order. What a later one's call could change is computed before it. False when one is faulty. */
enum { SEMA_MAX_OPERANDS = 4 };
bool sema_operands(struct sema *s, const struct operand *list, uint32_t n, struct ir_expr **result);
struct symbol *sema_buffer(struct sema *s, struct syn_ref name); /* a buffer, data or array; else reported */
struct ir_buffer *sema_buffer_of(const struct symbol *sym);
/* Is the element, an INDEX, written with `, in_bounds`? */
bool sema_claims_bounds(struct sema *s, const struct syn_expr *element);
bool sema_check_access(struct sema *s, const struct symbol *sym, struct syn_ref name, bool writes);
struct ir_expr *sema_spill(struct sema *s, struct ir_expr *e, const char *name); /* into a let */
/* An operand that was checked when `after` was the block's last statement (NULL: it was empty). If calls in later
 * operands have put statements there that could change it, it is computed before them. */
struct ir_expr *sema_keep(struct sema *s, struct ir_expr *e, struct ir_stmt *after);
bool sema_is_stable(const struct ir_expr *e); /* no statement can change its value */
bool sema_is_leaf(const struct ir_expr *e);

/* An expression that the host computes before the launch; what is none is reported. */
struct ir_expr *sema_host_expr(struct sema *s, const struct syn_expr *e, ir_type want);

/* -- sema_calls.c: builtins written as calls */
struct ir_expr *sema_call(struct sema *s, const struct syn_expr *e, ir_type want);
struct ir_expr *sema_vec(struct sema *s, const struct syn_expr *e);
struct ir_expr *sema_bitcast(struct sema *s, const struct syn_expr *e);
bool sema_arg_count(struct sema *s, const struct syn_expr *e, const char *name, uint32_t n);

/* -- sema_stmts.c: statements */
void sema_stmts(struct sema *s, const struct syn_stmt *first);
void sema_stmt(struct sema *s, const struct syn_stmt *stmt);
struct ir_stmt *sema_append(struct sema *s, enum ir_stmt_kind kind, struct src_range range);
bool sema_open_block(struct sema *s, struct ir_block *into, struct src_range range, struct ir_block **outer);
void sema_close_block(struct sema *s, struct ir_block *outer);

/* -- sema_effects.c: statements written as calls */
void sema_effect(struct sema *s, const struct syn_expr *e, struct src_range range);
struct ir_told sema_while_told(struct sema *s,
                               const struct syn_expr *e); /* `while c max n, trap(1, arm, invocation)` */
bool sema_is_atomic(const struct syn_expr *e);
/* An atomic whose old value goes to a new name (declared here) or to a variable. */
void sema_atomic_let(struct sema *s, const struct syn_stmt *stmt);
void sema_atomic_assign(struct sema *s, const struct syn_stmt *stmt, struct ir_local *result);

/* -- sema_fn.c: functions */
void sema_fn_declare(struct sema *s, const struct syn_item *item);
void sema_fn_check_all(struct sema *s);
/* The value of a call (NULL also when the function gives none, which *ok tells apart). */
struct ir_expr *sema_fn_call(struct sema *s, const struct syn_expr *e, struct fn *fn, bool *ok);
/* -- sema_inline.c: their bodies */
/* `args` has a symbol per parameter. */
struct ir_expr *sema_fn_inline(struct sema *s, struct fn *fn, const struct syn_expr *call, struct symbol *args,
                               bool *ok);
void sema_fn_return(struct sema *s, const struct syn_stmt *stmt);
void sema_fn_stmts(struct sema *s, const struct syn_stmt *first);
bool sema_fn_needs_flag(const struct syn_stmt *first, bool in_loop);

/* -- sema_items.c, sema_data.c, sema_pipeline.c: items */
void sema_items(struct sema *s);
/* The array that a declaration makes, without its count, and the symbol made to mean it; NULL when its type is unknown.
 */
struct ir_buffer *sema_array(struct sema *s, const struct syn_decl *d, enum ir_space space, struct symbol *sym);
void sema_array_count(struct sema *s, const struct syn_decl *d, struct ir_buffer *b);
struct ir_param *sema_param(struct sema *s, const struct syn_decl *d);
void sema_data(struct sema *s, const struct syn_item *item, struct symbol *symbol);
void sema_pipeline(struct sema *s, const struct syn_item *item, struct ir_pipeline *p);

/* -- sema_nested.c: pipelines as arms of others */
/* Checks all pipelines, each after those that it runs; `pipelines` have the symbols of their names. */
void sema_pipelines(struct sema *s, const struct syn_item *const *pipelines, uint32_t n);
/* Puts the steps and temps of a pipeline into another, for an arm that has all its arguments. */
void sema_pipeline_inline(struct sema *s, const struct ir_arm *call, const struct ir_pipeline *p,
                          struct ir_pipeline *into);

#endif
