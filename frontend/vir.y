/* vir.y - the normative grammar of .vir text.
 *
 * Actions build one node each and check nothing: names, types and the rules of the language are the business of sema_*.c.
 * An error is skipped up to the next `;`, `{` or `}`, so one fault does not hide the next. The only limit here is on how
 * deep blocks and expressions nest; the parser's own stack is on the heap and large enough for every text within it. */
%define api.pure full
%define api.prefix {vir_}
%define api.token.prefix {VIR_}
%define api.location.type {struct src_range}
%define parse.error custom
%define parse.lac full
%locations
%expect 0
%lex-param {struct parser *p} {void *scanner}
%parse-param {struct parser *p} {void *scanner}

%code requires {
#include "frontend/syntax.h"
}

%code {
#include <string.h>

#include "frontend/help.h"
#include "frontend/parse.h"
#include "frontend/symbol.h"
#include "ir/ops.h"

#define YYLLOC_DEFAULT(all, rhs, n)                                             \
    do {                                                                        \
        (all).begin = (n) ? YYRHSLOC(rhs, 1).begin : YYRHSLOC(rhs, 0).end;      \
        (all).end = YYRHSLOC(rhs, (n) ? (n) : 0).end;                           \
    } while (0)
/* The deepest text within the limits needs less than half of it. */
#define YYMAXDEPTH 50000
#define YYSTACK_USE_ALLOCA 0
#define YYMALLOC(size_bytes) arena_alloc(stack_arena, (size_bytes))
#define YYFREE(block) ((void)(block))

/* Where the parser's stacks live while it runs: bison has no argument for it. */
static _Thread_local struct arena *stack_arena;

/* Is the next token the first of a statement, a declaration or an item? An item's attributes stand before it. */
static bool begins_anew(const struct parser *p)
{
    int last = p->previous_token;

    return !last || last == ';' || last == '{' || last == '}' || (last == ']' && p->first_token == '#');
}

static int vir_lex(VIR_STYPE *value, struct src_range *place, struct parser *p, void *scanner);
static void vir_error(const struct src_range *place, struct parser *p, void *scanner, const char *message);
}

%union {
    struct name *name;
    struct syn_ref ref;
    uint32_t mark; /* where the arguments of a call begin among the pending ones */
    uint32_t nesting;
    struct syn_type *type;
    struct syn_expr *expr;
    struct syn_stmt *stmt;
    struct syn_block list;
    struct syn_block *block;
    struct syn_attr *attr;
    struct syn_attrs attrs;
    struct syn_decl *decl;
    struct syn_decls decls;
    struct syn_item *item;
}

%token END 0 "the end of the file"
%token <name> NAME "a name"
%token NUMBER "a number" STRING "a string"
%token DATA "data" PROGRAM "program" PIPELINE "pipeline" FN "fn"
%token WORKGROUP "workgroup" LOCAL "local" DISPATCH "dispatch" BUFFER "buffer" PARAM "param"
%token LET "let" VAR "var" IF "if" ELSE "else" FOR "for" WHILE "while"
%token BREAK "break" CONTINUE "continue" RETURN "return" REGION "region"
%token BARRIER "barrier" GRID_BARRIER "grid_barrier" TRUE "true" FALSE "false"
%token VEC2 "vec2" VEC4 "vec4" BITCAST "bitcast"
%token <name> MAX "max" IN "in" STEP "step" BUDGET "budget" TEMP "temp" ARM "arm" HOST "host" FILE "file" IMPORT "import"
%token ARROW "->" DOTDOT ".."
%token LOR "||" LAND "&&" EQ "==" NE "!=" LE "<=" GE ">=" SHL "<<" SHR ">>"

/* The same as the column `form` of ir/ops.def, as the end of this file asserts. */
%left "||"
%left "&&"
%left '|'
%left '^'
%left '&'
%left "==" "!="
%left '<' '>' "<=" ">="
%left "<<" ">>"
%left '+' '-'
%left '*' '/' '%'
%precedence PREFIX

%type <name> word
%type <ref> name any_name unit_opt
%type <type> type scalar_type vector_type bit_type type_opt result_opt
%type <expr> expr primary postfix element call literal count step_opt data_init attr_arg arm_arg string
%type <mark> args args_opt values exprs attr_args arm_args arm_arg_list
%type <block> block else_opt
%type <nesting> open
%type <list> stmts
%type <stmt> stmt if step
%type <attr> attr item_attr
%type <attrs> attrs item_attrs
%type <decl> declaration buffer_param fn_param pipeline_param
%type <decls> fn_params fn_param_list pipeline_params pipeline_param_list
%type <item> item import data program program_body program_parts pipeline pipeline_body pipeline_parts fn

%%

file:
  items                 { (void)yynerrs; /* the messages are counted elsewhere */ }
;

items:
  %empty
| items item            { syn_items_append(&p->items, $2); }
| items error ';'       { yyerrok; }
| items error '}'       { yyerrok; }
;

item:
  import
| data
| program
| pipeline
| fn
;

/* -- names and types ------------------------------------------------------------------------------------------ */

word:
  NAME
| IN | STEP | BUDGET | TEMP | ARM | HOST | FILE | IMPORT
;

name:
  word                  { $$ = (struct syn_ref){$1, @$}; }
;

/* Also a builtin, where it is called. */
any_name:
  name
| MAX                   { $$ = (struct syn_ref){$1, @$}; }
;

type:
  scalar_type
| vector_type
;

scalar_type:
  name                  { $$ = syn_type_new(p, $1, 1, @$); }
;

vector_type:
  VEC2 '<' name '>'     { $$ = syn_type_new(p, $3, 2, @$); }
| VEC4 '<' name '>'     { $$ = syn_type_new(p, $3, 4, @$); }
;

/* Between < and >, where the closing brackets of two may be one token. */
bit_type:
  type '>'              { $$ = $1; }
| VEC2 '<' name ">>"    { $$ = syn_type_new(p, $3, 2, @$); }
| VEC4 '<' name ">>"    { $$ = syn_type_new(p, $3, 4, @$); }
;

/* -- items ---------------------------------------------------------------------------------------------------- */

import:
  IMPORT string ';' {
    $$ = syn_item_new(p, SYN_ITEM_IMPORT, (struct syn_ref){0}, @$);
    $$->init = $2;
  }
;

data:
  DATA name ':' type '[' count ']' '=' data_init ';' {
    $$ = syn_item_new(p, SYN_ITEM_DATA, $2, @$);
    syn_decls_append(&$$->decls, syn_array(p, SYN_DECL_BUFFER, $2, $4, $6, (struct syn_attrs){0}, @$));
    $$->init = $9;
  }
;

count:
  %empty                { $$ = NULL; }
| expr
;

data_init:
  '[' values ']'        { $$ = syn_list(p, $2, @$); }
| string
| FILE '(' string ')'   { $$ = syn_wrap(p, SYN_FILE, NULL, $3, @$); }
;

string:
  STRING                { $$ = syn_leaf(p, SYN_STRING, NULL, @$); }
;

values:
  %empty                { $$ = p->pending.n; }
| args
| args ','
;

program:
  item_attrs PROGRAM name program_body {
    $$ = $4;
    $$->name = $3;
    $$->attrs = $1;
    $$->range = (struct src_range){@2.begin, @$.end}; /* attributes may be empty, and then begin where the last item ends */
  }
| item_attrs PROGRAM error program_body {
    yyerrok;
    $$ = NULL;
  }
;

item_attrs:
  %empty                { $$ = (struct syn_attrs){0}; }
| item_attrs item_attr  { $$ = $1; syn_attrs_append(&$$, $2); }
;

item_attr:
  '#' '[' attr ']'      { $$ = $3; }
;

program_body:
  '{' program_parts '}'         { $$ = $2; }
| '{' program_parts error '}'   { $$ = $2; yyerrok; }
;

program_parts:
  %empty                        { $$ = syn_item_new(p, SYN_ITEM_PROGRAM, (struct syn_ref){0}, @$); }
| program_parts declaration     { $$ = $1; syn_decls_append(&$$->decls, $2); }
| program_parts stmt            { $$ = $1; syn_block_append(&$$->body, $2); }
;

declaration:
  WORKGROUP exprs ';'           { $$ = syn_sizes(p, SYN_DECL_SIZE, $2, @$); }
| DISPATCH exprs ';'            { $$ = syn_sizes(p, SYN_DECL_DISPATCH, $2, @$); }
| BUFFER buffer_param ';'       { $$ = $2; $$->range = @$; }
| PARAM name ':' type ';'       { $$ = syn_decl_new(p, SYN_DECL_VALUE, $2, $4, @$); }
| WORKGROUP name ':' type '[' count ']' attrs ';' {
    $$ = syn_array(p, SYN_DECL_WORKGROUP, $2, $4, $6, $8, @$);
  }
| LOCAL name ':' type '[' count ']' attrs ';' {
    $$ = syn_array(p, SYN_DECL_LOCAL, $2, $4, $6, $8, @$);
  }
;

exprs:
  args
;

buffer_param:
  name ':' name type '[' count ']' attrs {
    $$ = syn_array(p, SYN_DECL_BUFFER, $1, $4, $6, $8, @$);
    $$->access = $3;
  }
;

attrs:
  %empty                        { $$ = (struct syn_attrs){0}; }
| attrs attr                    { $$ = $1; syn_attrs_append(&$$, $2); }
;

attr:
  name                          { $$ = syn_attr_new(p, $1, p->pending.n, @$); }
| name '(' attr_args ')'        { $$ = syn_attr_new(p, $1, $3, @$); }
;

attr_args:
  attr_arg                      { $$ = syn_push(p, p->pending.n, $1); }
| attr_args ',' attr_arg        { $$ = syn_push(p, $1, $3); }
;

attr_arg:
  expr
| string
| expr ".." expr                { $$ = syn_range(p, $1, $3, @$); }
;

fn:
  FN name '(' fn_params ')' result_opt block {
    $$ = syn_item_new(p, SYN_ITEM_FN, $2, @$);
    $$->params = $4;
    $$->type = $6;
    $$->body = *$7;
  }
;

fn_params:
  %empty                        { $$ = (struct syn_decls){0}; }
| fn_param_list
;

fn_param_list:
  fn_param                      { $$ = (struct syn_decls){0}; syn_decls_append(&$$, $1); }
| fn_param_list ',' fn_param    { $$ = $1; syn_decls_append(&$$, $3); }
;

fn_param:
  name ':' type                 { $$ = syn_decl_new(p, SYN_DECL_VALUE, $1, $3, @$); }
| name ':' '&' name type '[' count ']' {
    $$ = syn_array(p, SYN_DECL_BUFFER, $1, $5, $7, (struct syn_attrs){0}, @$);
    $$->access = $4;
  }
;

result_opt:
  %empty                        { $$ = NULL; }
| "->" type                     { $$ = $2; }
;

pipeline:
  PIPELINE name '(' pipeline_params ')' pipeline_body {
    $$ = $6;
    $$->name = $2;
    $$->params = $4;
    $$->range = @$;
  }
| PIPELINE error pipeline_body {
    yyerrok;
    $$ = NULL;
  }
;

pipeline_params:
  %empty                        { $$ = (struct syn_decls){0}; }
| pipeline_param_list
;

pipeline_param_list:
  pipeline_param                { $$ = (struct syn_decls){0}; syn_decls_append(&$$, $1); }
| pipeline_param_list ',' pipeline_param { $$ = $1; syn_decls_append(&$$, $3); }
;

pipeline_param:
  name ':' type                 { $$ = syn_decl_new(p, SYN_DECL_VALUE, $1, $3, @$); }
| buffer_param
;

pipeline_body:
  '{' pipeline_parts '}'        { $$ = $2; }
| '{' pipeline_parts error '}'  { $$ = $2; yyerrok; }
;

pipeline_parts:
  %empty                        { $$ = syn_item_new(p, SYN_ITEM_PIPELINE, (struct syn_ref){0}, @$); }
| pipeline_parts BUDGET literal unit_opt ';' {
    $$ = $1;
    syn_decls_append(&$$->decls, syn_sizes(p, SYN_DECL_BUDGET, syn_push(p, p->pending.n, $3), @$));
    $$->decls.last->name = $4;
  }
| pipeline_parts TEMP name ':' type '[' count ']' attrs ';' {
    $$ = $1;
    syn_decls_append(&$$->decls, syn_array(p, SYN_DECL_TEMP, $3, $5, $7, $9, ((struct src_range){@2.begin, @$.end})));
  }
| pipeline_parts step           { $$ = $1; syn_block_append(&$$->body, $2); }
| pipeline_parts error ';'      { $$ = $1; yyerrok; }
;

unit_opt:
  %empty                        { $$ = (struct syn_ref){0}; }
| name
;

step:
  ARM name '=' name '(' arm_args ')' ';' {
    $$ = syn_named_stmt(p, SYN_ARM, $2, syn_call(p, $4.name, $6, src_join(@4, @7)), @$);
  }
| HOST name ';'                 { $$ = syn_named_stmt(p, SYN_HOST, $2, NULL, @$); }
| call ';'                      { $$ = syn_value_stmt(p, SYN_EXPR, $1, @$); }
;

arm_args:
  %empty                        { $$ = p->pending.n; }
| arm_arg_list
| arm_arg_list ','
;

arm_arg_list:
  arm_arg                       { $$ = syn_push(p, p->pending.n, $1); }
| arm_arg_list ',' arm_arg      { $$ = syn_push(p, $1, $3); }
;

arm_arg:
  name ':' expr                 { $$ = syn_wrap(p, SYN_NAMED, $1.name, $3, @$); }
;

/* -- statements ------------------------------------------------------------------------------------------------ */

block:
  '{' open stmts '}'            { p->nesting = $2; $$ = syn_block_new(p, $3, @$); }
| '{' open stmts error '}'      { p->nesting = $2; $$ = syn_block_new(p, $3, @$); yyerrok; }
;

open:
  %empty                        { $$ = syn_open_block(p, @$); }
;

stmts:
  %empty                        { $$ = (struct syn_block){0}; }
| stmts stmt                    { $$ = $1; syn_block_append(&$$, $2); }
;

stmt:
  LET name type_opt '=' expr ';'        { $$ = syn_let(p, SYN_LET, $2, $3, $5, @$); }
| VAR name type_opt '=' expr ';'        { $$ = syn_let(p, SYN_VAR, $2, $3, $5, @$); }
| name '=' expr ';'                     { $$ = syn_assign(p, syn_leaf(p, SYN_NAME, $1.name, @1), $3, @$); }
| element '=' expr ';'                  { $$ = syn_assign(p, $1, $3, @$); }
| call ';'                              { $$ = syn_value_stmt(p, SYN_EXPR, $1, @$); }
| if
| FOR name IN expr ".." expr step_opt block     { $$ = syn_for(p, $2, $4, $6, $7, $8, @$); }
| WHILE expr MAX expr block             { $$ = syn_while(p, $2, $4, NULL, $5, @$); }
| WHILE expr MAX expr ',' call block    { $$ = syn_while(p, $2, $4, $6, $7, @$); }
| BREAK ';'                             { $$ = syn_stmt_new(p, SYN_BREAK, @$); }
| CONTINUE ';'                          { $$ = syn_stmt_new(p, SYN_CONTINUE, @$); }
| RETURN ';'                            { $$ = syn_value_stmt(p, SYN_RETURN, NULL, @$); }
| RETURN expr ';'                       { $$ = syn_value_stmt(p, SYN_RETURN, $2, @$); }
| block                                 { $$ = syn_scope(p, NULL, $1, @$); }
| REGION string block                   { $$ = syn_scope(p, $2, $3, @$); }
| BARRIER ';'                           { $$ = syn_stmt_new(p, SYN_BARRIER, @$); }
| GRID_BARRIER ';'                      { $$ = syn_stmt_new(p, SYN_GRID_BARRIER, @$); }
| error ';'                             { $$ = NULL; yyerrok; }
| error block                           { $$ = NULL; yyerrok; }
;

type_opt:
  %empty                        { $$ = NULL; }
| ':' type                      { $$ = $2; }
;

if:
  IF expr block else_opt        { $$ = syn_if(p, $2, $3, $4, @$); }
;

else_opt:
  %empty                        { $$ = NULL; }
| ELSE block                    { $$ = $2; }
| ELSE open if                  { p->nesting = $2; $$ = syn_block_new(p, (struct syn_block){$3, $3, @3}, @3); }
;

step_opt:
  %empty                        { $$ = NULL; }
| STEP expr                     { $$ = $2; }
;

/* -- expressions ----------------------------------------------------------------------------------------------- */

expr:
  postfix
| '-' expr %prec PREFIX         { $$ = syn_unary(p, IR_OP_NEG, $2, @$); }
| '~' expr %prec PREFIX         { $$ = syn_unary(p, IR_OP_NOT, $2, @$); }
| '!' expr %prec PREFIX         { $$ = syn_unary(p, IR_OP_LNOT, $2, @$); }
| expr "||" expr                { $$ = syn_binary(p, IR_OP_LOR, $1, $3, @$); }
| expr "&&" expr                { $$ = syn_binary(p, IR_OP_LAND, $1, $3, @$); }
| expr '|' expr                 { $$ = syn_binary(p, IR_OP_OR, $1, $3, @$); }
| expr '^' expr                 { $$ = syn_binary(p, IR_OP_XOR, $1, $3, @$); }
| expr '&' expr                 { $$ = syn_binary(p, IR_OP_AND, $1, $3, @$); }
| expr "==" expr                { $$ = syn_binary(p, IR_OP_EQ, $1, $3, @$); }
| expr "!=" expr                { $$ = syn_binary(p, IR_OP_NE, $1, $3, @$); }
| expr '<' expr                 { $$ = syn_binary(p, IR_OP_LT, $1, $3, @$); }
| expr "<=" expr                { $$ = syn_binary(p, IR_OP_LE, $1, $3, @$); }
| expr '>' expr                 { $$ = syn_binary(p, IR_OP_GT, $1, $3, @$); }
| expr ">=" expr                { $$ = syn_binary(p, IR_OP_GE, $1, $3, @$); }
| expr "<<" expr                { $$ = syn_binary(p, IR_OP_SHL, $1, $3, @$); }
| expr ">>" expr                { $$ = syn_binary(p, IR_OP_SHR, $1, $3, @$); }
| expr '+' expr                 { $$ = syn_binary(p, IR_OP_ADD, $1, $3, @$); }
| expr '-' expr                 { $$ = syn_binary(p, IR_OP_SUB, $1, $3, @$); }
| expr '*' expr                 { $$ = syn_binary(p, IR_OP_MUL, $1, $3, @$); }
| expr '/' expr                 { $$ = syn_binary(p, IR_OP_DIV, $1, $3, @$); }
| expr '%' expr                 { $$ = syn_binary(p, IR_OP_REM, $1, $3, @$); }
;

postfix:
  primary
| postfix '.' word              { $$ = syn_wrap(p, SYN_MEMBER, $3, $1, @$); }
;

primary:
  literal
| TRUE                          { $$ = syn_bool(p, true, @$); }
| FALSE                         { $$ = syn_bool(p, false, @$); }
| name                          { $$ = syn_leaf(p, SYN_NAME, $1.name, @$); }
| element
| call
| vector_type '(' args_opt ')'  { $$ = syn_typed(p, SYN_VEC, $1, $3, @$); }
| BITCAST '<' bit_type '(' args_opt ')' { $$ = syn_typed(p, SYN_BITCAST, $3, $5, @$); }
| '(' expr ')'                  { $$ = syn_paren($2); }
;

literal:
  NUMBER                        { $$ = syn_leaf(p, SYN_NUMBER, NULL, @$); }
;

element:
  name '[' expr ']'             { $$ = syn_wrap(p, SYN_INDEX, $1.name, $3, @$); }
| name '[' expr ',' name ']'    { $$ = syn_claim(p, syn_wrap(p, SYN_INDEX, $1.name, $3, @$), $5); }
;

call:
  any_name '(' args_opt ')'     { $$ = syn_call(p, $1.name, $3, @$); }
;

args_opt:
  %empty                        { $$ = p->pending.n; }
| args
;

args:
  expr                          { $$ = syn_push(p, p->pending.n, $1); }
| args ',' expr                 { $$ = syn_push(p, $1, $3); }
;

%%

/* -- precedences: one fact, in ops.def and here ------------------------------------------------------------------ */

enum {
#define OP(NAME, text, form, n_args, sig, types, traits, help) FORM_##NAME = IR_FORM_##form,
#include "ir/ops.def"
};
#define ASSERT_LEVEL(level, NAME) _Static_assert((int)FORM_##NAME == (int)IR_FORM_INFIX_##level, "precedence of " #NAME)
ASSERT_LEVEL(1, LOR);
ASSERT_LEVEL(2, LAND);
ASSERT_LEVEL(3, OR);
ASSERT_LEVEL(4, XOR);
ASSERT_LEVEL(5, AND);
ASSERT_LEVEL(6, EQ);
ASSERT_LEVEL(6, NE);
ASSERT_LEVEL(7, LT);
ASSERT_LEVEL(7, LE);
ASSERT_LEVEL(7, GT);
ASSERT_LEVEL(7, GE);
ASSERT_LEVEL(8, SHL);
ASSERT_LEVEL(8, SHR);
ASSERT_LEVEL(9, ADD);
ASSERT_LEVEL(9, SUB);
ASSERT_LEVEL(10, MUL);
ASSERT_LEVEL(10, DIV);
ASSERT_LEVEL(10, REM);

/* -- errors ------------------------------------------------------------------------------------------------------ */

enum { MAX_EXPECTED = 5, MAX_SHOWN_BYTES = 40 };

static bool is_kind(const char *name)
{
    return !strncmp(name, "a ", 2) || !strncmp(name, "the ", 4);
}

/* Words and signs in quotes, kinds of tokens without. */
static const char *token_text(struct parser *p, yysymbol_kind_t kind)
{
    const char *name = yysymbol_name(kind);

    return is_kind(name) || name[0] == '\'' ? name : arena_printf(p->arena, "'%s'", name);
}

static const char *text_at(const struct parser *p, struct src_range place)
{
    return p->file->text + (place.begin - p->file->base);
}

/* What stands in the text; of the end of the file, and of what is long, the kind. */
static const char *found_text(struct parser *p, yysymbol_kind_t kind, struct src_range place)
{
    uint32_t size_bytes = place.end - place.begin;

    if (!size_bytes || size_bytes > MAX_SHOWN_BYTES) return token_text(p, kind);
    return arena_printf(p->arena, "'%.*s'", (int)size_bytes, text_at(p, place));
}

/* At most a few signs and words by name; for more, what they have in common. */
static const char *expected_text(struct parser *p, const yysymbol_kind_t *expected, int n)
{
    const char *list = "";
    bool semicolon = false, number = false, name = false;

    for (int i = 0; i < n; i++) {
        semicolon |= !strcmp(yysymbol_name(expected[i]), "';'");
        number |= expected[i] == YYSYMBOL_NUMBER;
        name |= expected[i] == YYSYMBOL_NAME;
        if (n <= MAX_EXPECTED)
            list = arena_printf(p->arena, "%s%s%s", list, !i ? "; expected " : i + 1 < n ? ", " : " or ",
                                token_text(p, expected[i]));
    }
    if (n <= MAX_EXPECTED) return list;
    return number ? "; expected an expression" : semicolon ? "; expected ';' or an operator" : name ? "; expected a name" : "";
}

static bool starts_new_line(const struct parser *p, struct src_range place)
{
    uint32_t from = p->previous_end - p->file->base, to = place.begin - p->file->base;

    return p->previous_end && memchr(p->file->text + from, '\n', to - from);
}

static bool has_semicolon(const yysymbol_kind_t *expected, int n)
{
    for (int i = 0; i < n; i++)
        if (!strcmp(yysymbol_name(expected[i]), "';'")) return true;
    return false;
}

/* A semicolon that is missing at the end of a line is missing there, not where the next line starts. */
static void report_missing_semicolon(struct parser *p)
{
    struct src_range end = {p->previous_end - 1, p->previous_end};
    struct diag *d = diag_report(p->diags, DIAG_MISSING_SEMICOLON, end);

    diag_add_fix(p->diags, d, (struct src_range){p->previous_end, p->previous_end}, ";", "add ';' here");
}

/* A word of the grammar where nothing but a name can stand: not where statements, items or values begin. */
static bool is_taken_name(const struct parser *p, yysymbol_kind_t found, struct src_range place,
                          const yysymbol_kind_t *expected, int n)
{
    char first = place.end > place.begin ? *text_at(p, place) | 32 : 0;
    bool name = false, other = false;

    for (int i = 0; i < n; i++) {
        name |= expected[i] == YYSYMBOL_NAME;
        other |= expected[i] != YYSYMBOL_NAME && is_kind(yysymbol_name(expected[i]));
        other |= !strcmp(yysymbol_name(expected[i]), "'}'");
    }
    return name && !other && first >= 'a' && first <= 'z' && !is_kind(yysymbol_name(found));
}

static int yyreport_syntax_error(const yypcontext_t *context, struct parser *p, void *scanner)
{
    yysymbol_kind_t expected[YYNTOKENS], found = yypcontext_token(context);
    struct src_range place = *yypcontext_location(context);
    int n = yypcontext_expected_tokens(context, expected, YYNTOKENS);

    (void)scanner;
    if (p->too_deep || (p->open_string_end && p->open_string_end == p->previous_end)) return 0;
    if (has_semicolon(expected, n) && starts_new_line(p, place)) report_missing_semicolon(p);
    else if (is_taken_name(p, found, place, expected, n))
        diag_report(p->diags, DIAG_RESERVED_NAME, place, arena_printf(p->arena, "%.*s", (int)(place.end - place.begin), text_at(p, place)),
                    symbol_kind_text(SYMBOL_KEYWORD));
    else help_with_syntax(p, diag_report(p->diags, DIAG_SYNTAX, place, found_text(p, found, place), expected_text(p, expected, n)), place);
    return 0;
}

/* Bison calls this only when its stack is full. */
static void vir_error(const struct src_range *place, struct parser *p, void *scanner, const char *message)
{
    (void)scanner;
    (void)message;
    if (!p->too_deep) diag_report(p->diags, DIAG_EXPRESSION_DEPTH, *place, IR_MAX_EXPR_DEPTH);
    p->too_deep = true;
}

/* -- the entry --------------------------------------------------------------------------------------------------- */

static int vir_lex(VIR_STYPE *value, struct src_range *place, struct parser *p, void *scanner)
{
    int token;

    p->previous_end = p->token_end;
    token = lexer_next(value, place, scanner);
    p->token_end = place->end;
    if (begins_anew(p)) {
        p->first_token = token;
        p->first_end = place->end;
    }
    p->previous_token = token;
    return token;
}

bool parser_run(struct parser *p, const struct source_file *file)
{
    uint32_t n_errors = p->diags->n_errors;

    p->file = file;
    p->items = (struct syn_items){0};
    p->position = p->fed = p->token_end = p->previous_end = p->first_end = p->open_string_end = p->nesting = p->pending.n = 0;
    p->previous_token = p->first_token = 0;
    p->too_deep = false;
    stack_arena = p->arena;
    vir_parse(p, lexer_open(p));
    stack_arena = NULL;
    return p->diags->n_errors == n_errors;
}
