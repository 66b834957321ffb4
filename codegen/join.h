/* join.h - several relocatable ELF files as one, as `ld -r` makes it. */
#ifndef VYREC_CODEGEN_JOIN_H
#define VYREC_CODEGEN_JOIN_H

#include "ir/base/out.h"

struct join_input {
    const char *bytes; /* aligned to 8 */
    size_t n;
};
/* A place in an addition that the linker fills. */
struct join_reference {
    uint32_t offset, type; /* R_... of the machine */
    const char *symbol;
    int64_t addend;
};
/* What no input has: a function in a section of its own, or bytes that nobody writes. */
struct join_addition {
    const char *symbol;
    const char *section; /* of bytes; NULL: it is a function */
    uint32_t alignment;
    bool is_hidden; /* and so local, else global */
    const char *bytes;
    size_t n;
    const struct join_reference *references;
    uint32_t n_references;
};
/* Appends to `out`, which is empty, what LLVM has made for one machine. Sections of one name become one, in the order of
 * the inputs. A hidden symbol that one input defines and others use becomes local. The result depends on nothing but
 * the inputs. */
void join_objects(const struct join_input *inputs, uint32_t n, const struct join_addition *additions,
                  uint32_t n_additions, struct arena *scratch, struct out *out);

#endif
