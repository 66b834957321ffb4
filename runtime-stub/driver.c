/* driver.c - opens the shared libraries of drivers, where a program can use them. */
#include <dlfcn.h>
#include <link.h>

#include "runtime-stub/runtime.h"

/* The first object listed is the program; one without an interpreter is static. */
static int has_interpreter(struct dl_phdr_info *info, size_t size, void *ctx)
{
    bool *found = ctx;
    (void)size;
    for (int i = 0; i < info->dlpi_phnum; i++)
        *found |= info->dlpi_phdr[i].p_type == PT_INTERP;
    return 1;
}

/* Drivers bring the C++ library and an LLVM; in a static program their constructors call functions that are not there. */
static bool program_is_static(void)
{
    bool found = false;
    dl_iterate_phdr(has_interpreter, &found);
    return !found;
}

void *driver_open(const char *soname, const char *install, struct outcome *o)
{
    if (program_is_static()) {
        outcome_fail(o, VYRE_ERROR_DRIVER_MISSING, "a static program cannot load %s: link it dynamically", soname);
        return NULL;
    }
    /* It stays when it is closed: drivers leave threads behind that would run code that is gone. */
    void *library = dlopen(soname, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (library) return library;
    const char *why = dlerror();
    outcome_fail(o, VYRE_ERROR_DRIVER_MISSING, "%s cannot be opened: install %s (%.200s)", soname, install,
                 why ? why : "no reason is given");
    return NULL;
}
