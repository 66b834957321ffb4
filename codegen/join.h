/* join.h - several relocatable ELF files as one, as `ld -r` makes it. */
#ifndef VYREC_CODEGEN_JOIN_H
#define VYREC_CODEGEN_JOIN_H

#include "ir/base/out.h"

struct join_input {
    const char *bytes; /* aligned to 8 */
    size_t n;
};
/* A place in a function's code that the linker fills. */
struct join_reference {
    uint32_t offset, type; /* R_... of the machine */
    const char *symbol;
    int64_t addend;
};
/* A global function that no input has, in a section of its own. */
struct join_function {
    const char *symbol;
    const char *code;
    size_t n;
    const struct join_reference *references;
    uint32_t n_references;
};
/* Appends to `out`, which is empty, what LLVM has made for one machine. Sections of one name become one, in the order of
 * the inputs. A hidden symbol that one input defines and others use becomes local. The result depends on nothing but
 * the inputs. */
void join_objects(const struct join_input *inputs, uint32_t n, const struct join_function *functions,
                  uint32_t n_functions, struct arena *scratch, struct out *out);

#endif
