/* parse.h - what the generated lexer and parser share with the code behind them; nobody else includes it. */
#ifndef VYREC_FRONTEND_PARSE_H
#define VYREC_FRONTEND_PARSE_H

#include "frontend/syntax.h"

union VIR_STYPE;

/* A lexer of the parser's text, in its arena; and its next token, 0 at the end. */
void *lexer_open(struct parser *p);
int lexer_next(union VIR_STYPE *value, struct src_range *place, void *scanner);
/* Gives the lexer at most max_bytes of the text that it has not seen; returns how many, 0 at the end. */
size_t lexer_feed(struct parser *p, char *buffer, size_t max_bytes);
/* A token of this length begins where the last one ended. */
void lexer_place(struct parser *p, struct src_range *place, uint32_t size_bytes);
/* Which token a word is; its name is the token's value. */
int lexer_word(struct parser *p, union VIR_STYPE *value, const char *text, size_t size_bytes);
void lexer_report_bytes(struct parser *p, struct src_range place, const char *text, size_t size_bytes);
/* The only thing that stops the lexer: no memory for a token. */
_Noreturn void lexer_fail(struct parser *p);

#endif
