/* load_linked.c - a batch as an object, made a library by the system's C compiler. */
#include <dlfcn.h>
#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/exec/ops/run.h"

extern char **environ;

const enum codegen_emit batch_form = CODEGEN_EMIT_OBJECT;

static bool link_object(const char *object, const char *library)
{
    char *const arguments[] = {"cc", "-shared", "-o", (char *)library, (char *)object, NULL};
    pid_t child;
    int status;
    if (posix_spawnp(&child, "cc", NULL, NULL, arguments, environ) || waitpid(child, &status, 0) != child) {
        fprintf(stderr, "cc: %s\n", strerror(errno));
        return false;
    }
    return status == 0;
}

/* NULL: what is wrong has been said. */
void *batch_load(const struct out *object, uint32_t n_programs)
{
    char folder[] = "/tmp/vyre-ops-XXXXXX", object_path[64], library_path[64];
    void *library = NULL;
    (void)n_programs;
    if (!mkdtemp(folder)) {
        fprintf(stderr, "%s: %s\n", folder, strerror(errno));
        return NULL;
    }
    snprintf(object_path, sizeof object_path, "%s/t.o", folder);
    snprintf(library_path, sizeof library_path, "%s/t.so", folder);
    bool ok = !out_write_file(object, object_path, false) && link_object(object_path, library_path);
    if (ok) library = dlopen(library_path, RTLD_NOW | RTLD_LOCAL);
    if (ok && !library) fprintf(stderr, "%s\n", dlerror());
    unlink(object_path);
    unlink(library_path);
    rmdir(folder);
    return library;
}

void batch_unload(void *library)
{
    dlclose(library);
}
