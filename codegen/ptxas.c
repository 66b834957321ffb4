/* ptxas.c - see ptxas.h. Text and result go through files in a folder of their own, which is gone afterwards. */
#define _GNU_SOURCE /* posix_spawn_file_actions_addchdir_np, environ */
#include "codegen/ptxas.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime-stub/vyre_device.h"

enum { MAX_CUBIN_BYTES = 1 << 28, MAX_REPORT_BYTES = 1 << 16 };
#define PTX_NAME "code.ptx"
#define CUBIN_NAME "code.cubin"

struct paths {
    char folder[256], ptx[300], cubin[300], report[300];
};

static bool make_folder(struct paths *p)
{
    const char *base = getenv("TMPDIR");
    int n = snprintf(p->folder, sizeof p->folder, "%s/vyrec-ptxas-XXXXXX", base && *base ? base : "/tmp");
    if (n < 0 || (size_t)n >= sizeof p->folder || !mkdtemp(p->folder)) return false;
    snprintf(p->ptx, sizeof p->ptx, "%s/" PTX_NAME, p->folder);
    snprintf(p->cubin, sizeof p->cubin, "%s/" CUBIN_NAME, p->folder);
    snprintf(p->report, sizeof p->report, "%s/report", p->folder);
    return true;
}

static void remove_folder(const struct paths *p)
{
    unlink(p->ptx);
    unlink(p->cubin);
    unlink(p->report);
    rmdir(p->folder);
}

static bool write_text(const char *path, const char *bytes, size_t n)
{
    FILE *file = fopen(path, "wbe");
    bool ok = file && fwrite(bytes, 1, n, file) == n;
    return file && !fclose(file) && ok;
}

/* Its exit status, or -1 with errno. It works in the folder, on names without one: some versions put their command line into the cubin, which must
 * not depend on where that was. */
static int run(const char *ptxas, const char *arch, const struct paths *p)
{
    char option[64];
    posix_spawn_file_actions_t actions;
    pid_t child;
    int status;
    char *path = strchr(ptxas, '/') ? realpath(ptxas, NULL) : NULL;
    snprintf(option, sizeof option, "-arch=%s", arch);
    char *const arguments[] = {"ptxas", option, PTX_NAME, "-o", CUBIN_NAME, NULL};
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addchdir_np(&actions, p->folder);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, p->report, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600);
    posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
    int fault = posix_spawnp(&child, path ? path : ptxas, &actions, NULL, arguments, environ);
    free(path);
    posix_spawn_file_actions_destroy(&actions);
    errno = fault;
    if (fault) return -1;
    while (waitpid(child, &status, 0) != child)
        if (errno != EINTR) return -1;
    errno = 0;
    return status;
}

static void tell(const struct paths *p, int status, struct out *fault)
{
    if (status < 0)
        out_text(fault, strerror(errno));
    else if (out_read_file(fault, p->report, MAX_REPORT_BYTES) || !fault->n)
        out_printf(fault, "it ends with status %d and says nothing", status);
    fault->bytes[fault->n = strcspn(fault->bytes, "\n")] = 0;
}

static bool assemble(const char *ptxas, const char *arch, const char *text, size_t n, const struct paths *p,
                     struct out *cubin, struct out *fault)
{
    if (!write_text(p->ptx, text, n)) {
        out_printf(fault, "%s: %s", p->ptx, strerror(errno));
        return false;
    }
    int status = run(ptxas, arch, p);
    if (!status && !out_read_file(cubin, p->cubin, MAX_CUBIN_BYTES)) return true;
    tell(p, status, fault);
    return false;
}

/* What is before the code stays: both take the same arguments. */
static void write_image(const struct out *image, const struct out *code, struct out *cubin)
{
    struct vyre_device_head head;
    memcpy(&head, image->bytes, sizeof head);
    size_t rest = head.code_offset - sizeof head;
    head.code_bytes = (uint32_t)code->n;
    out_bytes(cubin, &head, sizeof head);
    out_bytes(cubin, image->bytes + sizeof head, rest);
    out_bytes(cubin, code->bytes, code->n);
}

bool ptxas_assemble_image(const char *ptxas, const char *arch, const struct out *image, struct out *cubin,
                          struct out *fault)
{
    struct vyre_device_head head;
    struct paths paths;
    struct out code;
    memcpy(&head, image->bytes, sizeof head);
    if (!make_folder(&paths)) {
        out_printf(fault, "%s: %s", paths.folder, strerror(errno));
        return false;
    }
    out_init(&code, image->mem);
    bool ok = assemble(ptxas, arch, image->bytes + head.code_offset, head.code_bytes - 1, &paths, &code, fault);
    remove_folder(&paths);
    if (ok) write_image(image, &code, cubin);
    out_release(&code);
    return ok;
}
