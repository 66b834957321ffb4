/* help.h - fixes that know more than a diagnostic's row: the form of the statement, what other languages write. */
#ifndef VYREC_FRONTEND_HELP_H
#define VYREC_FRONTEND_HELP_H

#include "frontend/syntax.h"

/* For an error at this place of the parser's text, which the parser could not get past. */
void help_with_syntax(struct parser *p, struct diag *d, struct src_range place);
/* For bytes that mean nothing. */
void help_with_bytes(struct parser *p, struct diag *d, struct src_range place);
/* What stands here for a name that another language has; NULL when none is known. */
const char *help_with_name(const char *text);

#endif
