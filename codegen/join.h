/* join.h - several relocatable ELF files as one, as `ld -r` makes it. */
#ifndef VYREC_CODEGEN_JOIN_H
#define VYREC_CODEGEN_JOIN_H

#include "ir/base/out.h"

struct join_input {
    const char *bytes; /* aligned to 8 */
    size_t n;
};
/* Appends to `out`, which is empty, what LLVM has made for one machine. Sections of one name become one, in the order of
 * the inputs. A hidden symbol that one input defines and others use becomes local. The result depends on nothing but
 * the inputs. */
void join_objects(const struct join_input *inputs, uint32_t n, struct arena *scratch, struct out *out);

#endif
