/* gen_text.h - texts with choices in them, as tables have them: see near.def.
 *
 *   ?(a?/b?/c?)     one of them, each as likely; they may have choices in them
 *   ?N=(a?/b?)      chooses, for ?N from here on, and prints nothing
 *   ?N              what was chosen
 *   $               the type */
#ifndef VYREC_TOOLS_GEN_TEXT_H
#define VYREC_TOOLS_GEN_TEXT_H

#include "tools/vyre-fuzz/generate.h"

struct gen_span {
    const char *begin, *end;
};

struct gen_text {
    struct random *random;
    struct out *out;
    const char *type;
    uint32_t other_choice; /* the number, from 1 on, of one that is drawn anew from `other`; 0: none is */
    struct random *other;
    struct gen_span chosen['Z' - 'A' + 1];
};

void gen_text_print(struct gen_text *t, const char *text);

#endif
