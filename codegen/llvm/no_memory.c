/* no_memory.c - what LLVM and the C++ libraries beside it do when memory runs out. By themselves they abort the process,
 * with a text of their own; the C API has no say in it, so the two C++ functions are called by their names in the
 * Itanium C++ ABI: std::set_new_handler for operator new, and LLVM's own handler for what it takes from malloc. */
#include "codegen/codegen.h"

#include <stddef.h>

extern void (*_ZSt15set_new_handlerPFvvE(void (*handler)(void)))(void);
extern void _ZN4llvm31install_bad_alloc_error_handlerEPFvPvPKcbES0_(void (*handler)(void *, const char *, bool),
                                                                    void *data);

static void (*end_process)(void);

static void end_for_llvm(void *data, const char *reason, bool report)
{
    (void)data, (void)reason, (void)report;
    end_process();
}

void codegen_on_no_memory(void (*handler)(void))
{
    end_process = handler;
    _ZSt15set_new_handlerPFvvE(handler);
    _ZN4llvm31install_bad_alloc_error_handlerEPFvPvPKcbES0_(end_for_llvm, NULL);
}
