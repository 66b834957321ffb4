/* run_assemble.c - the executor of exec-ops-assemble: nothing runs, but the vendors' own tools read what is made for their GPUs. Each batch is made
 * for the next of the processors of each family. PTX goes through ptxas, where there is one (of PATH or CUDA_PATH); code objects are taken apart by
 * llvm-objdump, which must know every instruction. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/exec/ops/run.h"

static char folder[] = "/tmp/vyre-assemble-XXXXXX", ptxas[4096];
static const struct ir_module *seen; /* the batch that was last looked at */
static bool is_good;
static uint32_t next_target[TARGET_COUNT];

#define UNUSED_ENTRY(name)                                                                                             \
    void name(void);                                                                                                   \
    void name(void)                                                                                                    \
    {                                                                                                                  \
        abort();                                                                                                       \
    }
UNUSED_ENTRY(vyre_rt_run)
UNUSED_ENTRY(vyre_rt_run_async)
UNUSED_ENTRY(vyre_rt_workspace)
UNUSED_ENTRY(vyre_rt_unit)

void executor_add_targets(struct target_set *targets)
{
    (void)targets;
}

static void clean_up(void)
{
    rmdir(folder);
}

static bool succeeds(const char *format, const char *a, const char *b, const char *c)
{
    char command[8192];
    snprintf(command, sizeof command, format, a, b, c);
    return system(command) == 0;
}

static void find_ptxas(void)
{
    const char *cuda = getenv("CUDA_PATH");
    if (cuda) snprintf(ptxas, sizeof ptxas, "%s/bin/ptxas", cuda);
    if (!cuda || access(ptxas, X_OK)) snprintf(ptxas, sizeof ptxas, "ptxas");
    if (succeeds("%s --version >/dev/null 2>&1%s%s", ptxas, "", "")) return;
    ptxas[0] = 0;
    printf("without ptxas: PTX is not assembled\n");
}

bool executor_open(void *library, const char *entry)
{
    static bool is_ready;
    (void)library, (void)entry;
    seen = NULL;
    if (is_ready) return true;
    is_ready = true;
    if (!mkdtemp(folder)) return false;
    atexit(clean_up);
    find_ptxas();
    return true;
}

void executor_close(void)
{
    seen = NULL;
}

/* Round and round the family's rows. */
static enum target_id turn(enum target_family family)
{
    uint32_t t = next_target[family];
    while (target_infos[t].family != family)
        t = (t + 1) % TARGET_COUNT;
    next_target[family] = (t + 1) % TARGET_COUNT;
    return (enum target_id)t;
}

static bool write_code(struct batch *b, const struct ir_module *m, enum codegen_emit emit, enum target_id t,
                       const char *path)
{
    struct target_set targets = {{false}};
    struct diags diags;
    struct out code;
    targets.has[t] = true;
    struct codegen_options options = {
        .emit = emit, .opt_level = b->opt_level, .prefix = "", .source_name = "ops.vir", .targets = &targets};
    diags_init(&diags, &b->arena, m->sources);
    out_init(&code, b->mem);
    bool ok = codegen_emit(m, &options, &diags, &b->arena, &code) && !out_write_file(&code, path, false);
    out_release(&code);
    return ok;
}

static bool check(struct batch *b, const struct ir_module *m, enum target_family family, enum codegen_emit emit,
                  const char *command, const char *tool)
{
    char path[64];
    enum target_id t = turn(family);
    snprintf(path, sizeof path, "%s/code", folder);
    bool ok = write_code(b, m, emit, t, path) && succeeds(command, tool, path, target_infos[t].arch);
    if (!ok) fprintf(stderr, "the module of %s is refused for %s\n", now_running, target_infos[t].arch);
    unlink(path);
    return ok;
}

void executor_run(struct batch *b, struct launch *want, uint32_t unit)
{
    const struct ir_module *m = want->program->module;
    (void)unit;
    now_level = "assembly";
    if (seen != m) {
        seen = m;
        is_good = check(b, m, TARGET_FAMILY_AMDGCN, CODEGEN_EMIT_AMDGCN,
                        "%s -d %s | awk '/<unknown>/ {bad=1} /s_endpgm/ {any=1} END {exit bad || !any}' # %s",
                        VYRE_LLVM_BIN "/llvm-objdump");
        if (ptxas[0]) is_good &= check(b, m, TARGET_FAMILY_PTX, CODEGEN_EMIT_PTX, "%s %s -arch=%s -o /dev/null", ptxas);
    }
    b->n_passed += is_good;
    b->n_failed += !is_good;
}
