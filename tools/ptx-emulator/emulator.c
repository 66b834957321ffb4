/* emulator.c - see emulator.h; serve.py is the other end of the pipes. */
#include "tools/ptx-emulator/emulator.h"

#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "codegen/codegen.h"
#include "ir/facts.h"
#include "runtime-stub/vyre_container.h"

extern char **environ;

struct ptx_emulator {
    FILE *requests, *answers;
    pid_t process;
    char message[512];
};

/* -- the process ----------------------------------------------------------------------------------------------------- */

static const char *find_folder(char *path, size_t n)
{
    const char *folders[2] = {getenv("VYRE_PTXEMU"), VYRE_PTXEMU_FOLDER};
    for (int i = 0; i < 2; i++) {
        if (!folders[i]) continue;
        snprintf(path, n, "%s/ptxemu.py", folders[i]);
        if (!access(path, R_OK)) return folders[i];
    }
    return NULL;
}

static bool spawn(struct ptx_emulator *e, const char *folder)
{
    int to[2], from[2];
    posix_spawn_file_actions_t actions;
    char *const arguments[] = {"python3", VYRE_PTX_SERVER, (char *)folder, NULL};
    if (pipe(to) || pipe(from)) return false;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, to[0], STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, from[1], STDOUT_FILENO);
    for (int i = 0; i < 2; i++) {
        posix_spawn_file_actions_addclose(&actions, to[i]);
        posix_spawn_file_actions_addclose(&actions, from[i]);
    }
    int fault = posix_spawnp(&e->process, arguments[0], &actions, NULL, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(to[0]);
    close(from[1]);
    e->requests = fdopen(to[1], "wb");
    e->answers = fdopen(from[0], "rb");
    signal(SIGPIPE, SIG_IGN); /* an emulator that has died is a failed request */
    return !fault;
}

struct ptx_emulator *ptx_emulator_start(const char **reason)
{
    char path[4096];
    const char *folder = find_folder(path, sizeof path);
    struct ptx_emulator *e = folder ? calloc(1, sizeof *e) : NULL;
    *reason = "there is no PTX emulator: VYRE_PTXEMU names no folder with ptxemu.py";
    if (e && !spawn(e, folder)) {
        *reason = "python3 does not start";
        ptx_emulator_stop(e);
        return NULL;
    }
    return e;
}

void ptx_emulator_stop(struct ptx_emulator *e)
{
    if (!e) return;
    if (e->requests) fclose(e->requests);
    if (e->answers) fclose(e->answers);
    if (e->process > 0) waitpid(e->process, NULL, 0);
    free(e);
}

const char *ptx_emulator_message(const struct ptx_emulator *e)
{
    return e->message;
}

static bool read_answer(struct ptx_emulator *e)
{
    fflush(e->requests);
    if (!fgets(e->message, sizeof e->message, e->answers)) {
        snprintf(e->message, sizeof e->message, "the emulator has died");
        return false;
    }
    e->message[strcspn(e->message, "\n")] = 0;
    return !strcmp(e->message, "ok");
}

bool ptx_emulator_load(struct ptx_emulator *e, const void *text, size_t n_bytes)
{
    fprintf(e->requests, "M %zu\n", n_bytes);
    fwrite(text, 1, n_bytes, e->requests);
    return read_answer(e);
}

/* -- a launch -------------------------------------------------------------------------------------------------------- */

struct request {
    struct ptx_emulator *e;
    struct ptx_launch *launch;
    struct device_tables tables;
    struct vyre_trap_record traps[VYRE_META_MAX_TRAP_ARMS];
    uint32_t groups[3];
};

static void send_argument(struct request *r, char kind, const void *bytes, size_t n_bytes)
{
    fprintf(r->e->requests, "%c %zu\n", kind, n_bytes);
    fwrite(bytes, 1, n_bytes, r->e->requests);
}

static void send_words(struct request *r, const uint32_t *words, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        send_argument(r, 'S', &words[i], sizeof words[i]);
}

static size_t bytes_of(const struct request *r, uint32_t i)
{
    return r->launch->buffers[i].count * ir_type_mem_bytes(r->launch->program->buffers.at[i]->elem);
}

static void send_buffers(struct request *r)
{
    const struct ir_program *p = r->launch->program;
    for (uint32_t i = 0; i < p->buffers.n; i++)
        send_argument(r, 'B', r->launch->buffers[i].bytes, bytes_of(r, i));
    for (uint32_t i = 0; i < r->tables.n; i++)
        send_argument(r, 'B', r->tables.at[i]->bytes, r->tables.at[i]->size_bytes);
    send_argument(r, 'B', r->traps, sizeof r->traps);
}

static void send_scalars(struct request *r, const uint32_t *base)
{
    const struct ir_program *p = r->launch->program;
    send_words(r, r->groups, 3);
    send_words(r, base, 3);
    for (uint32_t i = 0; i < p->buffers.n; i++)
        send_words(r, &(uint32_t){(uint32_t)r->launch->buffers[i].count}, 1);
    for (uint32_t i = 0; i < p->params.n; i++)
        send_argument(r, 'S', &r->launch->params[i], ir_type_mem_bytes(p->params.at[i]->type) <= 4 ? 4 : 8);
}

static bool read_bytes(struct request *r, void *bytes, size_t n)
{
    return fread(bytes, 1, n, r->e->answers) == n;
}

/* Tables come back too, and must be what they were. */
static bool read_table(struct request *r, const struct ir_data *table)
{
    bool same = true;
    for (uint64_t i = 0; i < table->size_bytes; i++)
        same &= fgetc(r->e->answers) == table->bytes[i];
    return same;
}

static bool read_buffers(struct request *r)
{
    bool ok = true;
    for (uint32_t i = 0; i < r->launch->program->buffers.n; i++)
        ok &= read_bytes(r, r->launch->buffers[i].bytes, bytes_of(r, i));
    for (uint32_t i = 0; i < r->tables.n; i++)
        ok &= read_table(r, r->tables.at[i]);
    ok &= read_bytes(r, r->traps, sizeof r->traps);
    if (!ok) snprintf(r->e->message, sizeof r->e->message, "a table has changed, or the emulator has died");
    return ok;
}

/* `part` workgroups in x of this width: from workgroup base.x on or, where the width is free, from that invocation. */
static bool run_part(struct request *r, const uint32_t *base, uint32_t part, uint32_t width)
{
    const struct ir_program *p = r->launch->program;
    uint32_t n_arguments = p->buffers.n + r->tables.n + 1 + 6 + p->buffers.n + p->params.n;
    if (!part) return true;
    fprintf(r->e->requests, "L vyre_%s %u %u %u %u %u %u %u %u\n", p->name, part, r->groups[1], r->groups[2], width,
            p->workgroup[1], p->workgroup[2], r->launch->seed, n_arguments);
    send_buffers(r);
    send_scalars(r, base);
    return read_answer(r->e) && read_buffers(r);
}

static bool run_row(struct request *r, uint32_t first, uint32_t part, uint32_t width)
{
    return run_part(r, (uint32_t[]){first, width, 0}, part, width);
}

/* Wide workgroups in two parts, and declared ones for what is left. */
static bool run_rows(struct request *r)
{
    uint32_t size = r->launch->program->workgroup[0], width = r->launch->width ? r->launch->width : size;
    uint32_t all = r->groups[0] * size, wide = all / width * width;
    while (wide % size)
        wide -= width;
    uint32_t half = wide / width / 2;
    return run_row(r, 0, half, width) && run_row(r, half * width, wide / width - half, width) &&
           run_row(r, wide, (all - wide) / size, size);
}

static bool run_parts(struct request *r)
{
    uint32_t half = r->groups[0] / 2, width = r->launch->program->workgroup[0];
    if (ir_has_free_width(r->launch->program)) return run_rows(r);
    return !r->groups[1] || !r->groups[2] ||
           (run_part(r, (uint32_t[]){0, 0, 0}, half, width) &&
            run_part(r, (uint32_t[]){half, 0, 0}, r->groups[0] - half, width));
}

bool ptx_emulator_run(struct ptx_emulator *e, struct ptx_launch *launch, struct arena *scratch)
{
    struct request r = {.e = e, .launch = launch};
    codegen_find_device_tables(launch->program, scratch, &r.tables);
    if (!ir_launch_size(launch->program, launch->buffers, launch->params, r.groups)) {
        snprintf(e->message, sizeof e->message, "the launch has no size");
        return false;
    }
    bool ok = run_parts(&r);
    for (uint32_t arm = VYRE_META_MAX_TRAP_ARMS; arm--;) {
        uint64_t key = r.traps[arm].key;
        if (!key) continue;
        launch->trapped = true;
        launch->trap_arm = arm;
        launch->trap_code = (uint32_t)key;
        launch->trap_invocation = (uint32_t)~(key >> 32);
    }
    return ok;
}
