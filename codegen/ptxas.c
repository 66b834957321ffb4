/* ptxas.c - see ptxas.h. Text and result go through files in a folder of their own, which is gone afterwards. */
#define _DEFAULT_SOURCE /* mkdtemp */
#include "codegen/ptxas.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ir/base/process.h"
#include "runtime-stub/vyre_device.h"

enum { MAX_CUBIN_BYTES = 1 << 28 };
#define PTX_NAME "code.ptx"
#define CUBIN_NAME "code.cubin"

struct paths {
    char folder[256], ptx[300], cubin[300];
};

static bool make_folder(struct paths *p)
{
    const char *base = getenv("TMPDIR");
    int n = snprintf(p->folder, sizeof p->folder, "%s/vyrec-ptxas-XXXXXX", base && *base ? base : "/tmp");
    if (n < 0 || (size_t)n >= sizeof p->folder || !mkdtemp(p->folder)) return false;
    snprintf(p->ptx, sizeof p->ptx, "%s/" PTX_NAME, p->folder);
    snprintf(p->cubin, sizeof p->cubin, "%s/" CUBIN_NAME, p->folder);
    return true;
}

static void remove_folder(const struct paths *p)
{
    unlink(p->ptx);
    unlink(p->cubin);
    rmdir(p->folder);
}

static bool write_text(const char *path, const char *bytes, size_t n)
{
    FILE *file = fopen(path, "wbe");
    bool ok = file && fwrite(bytes, 1, n, file) == n;
    return file && !fclose(file) && ok;
}

/* It works in the folder, on names without one: some versions put their command line into the cubin, which must not depend on where that was. */
static int run(const char *ptxas, const char *arch, const struct paths *p, struct out *said)
{
    char option[64];
    snprintf(option, sizeof option, "-arch=%s", arch);
    const char *const words[] = {"ptxas", option, PTX_NAME, "-o", CUBIN_NAME, NULL};
    return process_run(&(struct process){.program = ptxas, .words = words, .folder = p->folder}, said, said);
}

static bool assemble(const char *ptxas, const char *arch, const char *text, size_t n, const struct paths *p,
                     struct out *cubin, struct out *fault)
{
    if (!write_text(p->ptx, text, n)) {
        out_printf(fault, "%s: %s", p->ptx, strerror(errno));
        return false;
    }
    int status = run(ptxas, arch, p, fault);
    if (!status && !out_read_file(cubin, p->cubin, MAX_CUBIN_BYTES)) {
        fault->n = 0; /* warnings */
        return true;
    }
    process_explain(status, fault);
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
