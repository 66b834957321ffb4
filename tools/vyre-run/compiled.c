/* compiled.c - an object linked into this process: `cc -shared` makes it a library, dlopen loads it, and the runtime,
 * which is part of this program, runs it as it would in any other. */
#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ir/base/out.h"
#include "runtime-stub/vyre_container.h"
#include "runtime-stub/vyre_cpu.h"
#include "tools/vyre-run/run.h"

extern char **environ;

/* What objects call must be in this program, whether or not anything else here calls it. */
extern const void *const runtime_entries[];
const void *const runtime_entries[] = {(const void *)(uintptr_t)vyre_rt_run, (const void *)(uintptr_t)vyre_rt_run_async,
                                       (const void *)(uintptr_t)vyre_rt_workspace,
                                       (const void *)(uintptr_t)vyre_rt_unit};

struct library {
    void *handle;
    void *unit_symbol;          /* a function that describes one of its units */
    struct vyre_module *images; /* instead of both: nothing is linked */
};
struct compiled {
    vyre_context *context;
    const vyre_unit *any;
    vyre_context_info info;
};

/* -- linking --------------------------------------------------------------------------------------------- */

/* A folder of our own with the library in it, gone again once it is loaded. */
struct workspace {
    const char *folder, *object, *library, *messages;
};

static bool make_workspace(const struct run *r, struct workspace *w)
{
    const char *base = getenv("TMPDIR");
    char *folder = arena_printf(r->arena, "%s/vyre-run-XXXXXX", base && *base ? base : "/tmp");
    if (!mkdtemp(folder))
        return run_fail(r, "set TMPDIR to a folder that can be written", "cannot make a temporary folder: %s",
                        strerror(errno));
    w->folder = folder;
    w->object = arena_printf(r->arena, "%s/program.o", folder);
    w->library = arena_printf(r->arena, "%s/program.so", folder);
    w->messages = arena_printf(r->arena, "%s/messages", folder);
    return true;
}

static void remove_workspace(const struct workspace *w)
{
    unlink(w->object);
    unlink(w->library);
    unlink(w->messages);
    rmdir(w->folder);
}

static const char *read_messages(const struct run *r, const char *path)
{
    struct out text;
    out_init(&text, r->arena->mem);
    out_read_file(&text, path, 1 << 16);
    const char *copy = arena_copy(r->arena, text.n ? text.bytes : "", text.n);
    out_release(&text);
    return copy;
}

static bool link_library(const struct run *r, const struct workspace *w, const struct out *object)
{
    int not_written = out_write_file(object, w->object, false);
    if (not_written)
        return run_fail(r, "set TMPDIR to a folder with space", "cannot write '%s': %s", w->object,
                        strerror(not_written));
    const char *compiler = getenv("CC");
    char *argv[] = {(char *)(uintptr_t)(compiler && *compiler ? compiler : "cc"),
                    "-shared",
                    "-o",
                    (char *)(uintptr_t)w->library,
                    (char *)(uintptr_t)w->object,
                    NULL};
    posix_spawn_file_actions_t actions;
    pid_t child;
    int status = 0;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, w->messages, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    int error = posix_spawnp(&child, argv[0], &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    if (error)
        return run_fail(r, "install a C compiler, or name it in CC", "cannot start '%s' to link the object: %s",
                        argv[0], strerror(error));
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    if (WIFEXITED(status) && !WEXITSTATUS(status)) return true;
    return run_fail(r, "is it an object that vyrec made for this machine?", "'%s' could not link the object:\n%s",
                    argv[0], read_messages(r, w->messages));
}

/* -- finding a unit: the object's symbols tell the names ------------------------------------------------- */

struct symbols {
    const unsigned char *bytes;
    uint64_t n_bytes;
    const Elf64_Sym *at;
    uint64_t n;
    const char *names;
    uint64_t names_bytes;
};

static bool holds(const struct symbols *s, uint64_t offset, uint64_t n)
{
    return offset <= s->n_bytes && n <= s->n_bytes - offset;
}

/* The symbol table of an ELF file; false when it has none or is damaged. */
static bool find_symbols(struct symbols *s)
{
    const Elf64_Ehdr *head = (const void *)s->bytes;
    if (!holds(s, 0, sizeof *head) || memcmp(head->e_ident, ELFMAG, SELFMAG) || head->e_ident[EI_CLASS] != ELFCLASS64 ||
        head->e_shentsize != sizeof(Elf64_Shdr) ||
        !holds(s, head->e_shoff, (uint64_t)head->e_shnum * sizeof(Elf64_Shdr)))
        return false;
    const Elf64_Shdr *sections = (const void *)(s->bytes + head->e_shoff);
    for (uint32_t k = 0; k < head->e_shnum; k++) {
        const Elf64_Shdr *table = &sections[k], *names = &sections[table->sh_link < head->e_shnum ? table->sh_link : 0];
        if (table->sh_type != SHT_SYMTAB) continue;
        s->at = (const void *)(s->bytes + table->sh_offset);
        s->n = table->sh_size / sizeof(Elf64_Sym);
        s->names = (const char *)s->bytes + names->sh_offset;
        s->names_bytes = names->sh_size;
        return holds(s, table->sh_offset, table->sh_size) && holds(s, names->sh_offset, names->sh_size) &&
               names->sh_size && !s->names[names->sh_size - 1];
    }
    return false;
}

/* A program `scan` has functions scan, scan_async, scan_workspace and scan_unit; a name that only looks like one of
 * these has not all. */
static bool describes_unit(const struct run *r, const struct library *l, const char *symbol)
{
    static const char suffix[] = "_unit";
    size_t n = strlen(symbol), tail = sizeof suffix - 1;
    if (n <= tail || strcmp(symbol + n - tail, suffix)) return false;
    const char *base = arena_copy(r->arena, symbol, n - tail);
    return dlsym(l->handle, symbol) && dlsym(l->handle, base) &&
           dlsym(l->handle, arena_printf(r->arena, "%s_workspace", base));
}

static bool find_unit_symbol(const struct run *r, struct library *l, const struct out *object)
{
    struct symbols s = {.bytes = (const unsigned char *)object->bytes, .n_bytes = object->n};
    bool readable = find_symbols(&s);
    for (uint64_t k = 0; readable && k < s.n && !l->unit_symbol; k++)
        if (s.at[k].st_name < s.names_bytes && ELF64_ST_BIND(s.at[k].st_info) == STB_GLOBAL &&
            describes_unit(r, l, s.names + s.at[k].st_name))
            l->unit_symbol = dlsym(l->handle, s.names + s.at[k].st_name);
    return l->unit_symbol || run_fail(r, "give an object that vyrec made", "the object holds no program");
}

bool library_load(const struct run *r, const struct out *object, struct library **library)
{
    struct library *l = *library = ARENA_NEW(r->arena, struct library);
    struct workspace w = {0};
    if (!make_workspace(r, &w)) return false;
    bool ok = link_library(r, &w, object);
    if (ok) l->handle = dlopen(w.library, RTLD_NOW | RTLD_LOCAL);
    if (ok && !l->handle)
        ok = run_fail(r, "is it an object that vyrec made for this machine?", "cannot load the program: %s", dlerror());
    remove_workspace(&w);
    return ok && find_unit_symbol(r, l, object);
}

void library_unload(struct library *library)
{
    if (library->handle) dlclose(library->handle);
    free(library->images);
}

/* What the entries of an object would pass: a module without CPU code, and the container behind it. */
bool library_load_images(const struct run *r, const struct out *container, uint32_t n_programs,
                         struct library **library)
{
    struct library *l = *library = ARENA_NEW(r->arena, struct library);
    size_t code_bytes =
        sizeof(struct vyre_module) + (size_t)n_programs * VYRE_CPU_LEVELS * sizeof(struct vyre_cpu_code);
    size_t at = (code_bytes + VYRE_CONTAINER_ALIGN - 1) / VYRE_CONTAINER_ALIGN * VYRE_CONTAINER_ALIGN;
    size_t n = (at + container->n + VYRE_CONTAINER_ALIGN - 1) / VYRE_CONTAINER_ALIGN * VYRE_CONTAINER_ALIGN;
    char *block = aligned_alloc(VYRE_CONTAINER_ALIGN, n); /* contexts keep its address, arenas are given back earlier */
    if (!block) return run_fail(r, "", "no memory for the images of a program");
    memset(block, 0, at);
    memcpy(block + at, container->bytes, container->n);
    l->images = (struct vyre_module *)block;
    *l->images = (struct vyre_module){.magic = VYRE_MODULE_MAGIC,
                                      .version = VYRE_MODULE_VERSION,
                                      .n_programs = n_programs,
                                      .container = (int32_t)(at - offsetof(struct vyre_module, container))};
    return true;
}

/* -- the runtime ----------------------------------------------------------------------------------------- */

static vyre_status describe_any(const struct library *library, struct compiled *c)
{
    vyre_status (*describe)(vyre_context *, const vyre_unit **);
    if (library->images) return vyre_rt_unit(c->context, library->images, 0, &c->any);
    memcpy(&describe, &library->unit_symbol, sizeof describe);
    return describe(c->context, &c->any);
}

bool compiled_open(const struct run *r, const struct library *library, const struct compiled_options *options,
                   struct compiled **compiled)
{
    char message[1024] = "";
    vyre_options o = {.size = sizeof o,
                      .backends = options->backend,
                      .threads = options->threads,
                      .cpu_level = options->cpu_level,
                      .strict = options->strict,
                      .tune = options->tunes ? 2 : 0,
                      .message = message,
                      .message_bytes = sizeof message};
    struct compiled *c = *compiled = ARENA_NEW(r->arena, struct compiled);
    vyre_status status = vyre_context_create(&o, &c->context);
    if (status) return run_fail(r, "", "%s", *message ? message : vyre_status_string(status));
    c->info.size = sizeof c->info;
    vyre_context_get_info(c->context, &c->info);
    status = describe_any(library, c);
    return !status || run_fail(r, "", "%s", vyre_context_message(c->context));
}

const vyre_unit *compiled_any_unit(const struct compiled *c)
{
    return c->any;
}

const char *compiled_device(const struct compiled *c)
{
    return c->info.device;
}

vyre_context *compiled_context(const struct compiled *c)
{
    return c->context;
}

void compiled_print_probes(const struct compiled *c)
{
    static const char *const states[] = {"not run", "right", "wrong", "cannot run"};
    vyre_probe_info p = {.size = sizeof p};
    printf("probes on %s\n", c->info.device);
    for (uint32_t k = 0; !vyre_context_probe(c->context, k, &p); k++) {
        char limit[32] = "";
        if (p.limit) snprintf(limit, sizeof limit, ", up to %u", p.limit);
        printf("  %-18s %-10s %s%s\n", p.name, states[p.state], p.text, limit);
    }
    printf("in %.1f ms\n", (double)p.all_ns / 1e6);
}

void compiled_print_stats(const struct compiled *c)
{
    vyre_context_stats t = {.size = sizeof t};
    vyre_context_get_stats(c->context, &t);
    const struct {
        const char *name;
        uint64_t value;
    } rows[] = {{"runs", t.runs},
                {"failures", t.failures},
                {"on the CPU instead", t.fallbacks},
                {"launches", t.launches},
                {"workgroups", t.workgroups},
                {"bytes read", t.read_bytes},
                {"bytes written", t.written_bytes},
                {"bytes of temps", t.temp_bytes},
                {"bytes uploaded", t.uploaded_bytes},
                {"bytes downloaded", t.downloaded_bytes},
                {"tuned launches", t.tuned_launches},
                {"tuner sweeps", t.tuner_sweeps},
                {"cache hits", t.cache_hits},
                {"cache misses", t.cache_misses},
                {"chunks", t.chunks}};
    printf("statistics of %s\n", c->info.device);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        printf("  %-18s %llu\n", rows[i].name, (unsigned long long)rows[i].value);
}

void compiled_close(struct compiled *c)
{
    vyre_context_destroy(c->context);
}

/* -- running --------------------------------------------------------------------------------------------- */

/* The argument struct of the generated header, filled in by its description. */
static void *fill_args(const struct run *r, const struct run_unit *unit)
{
    vyre_unit_info info = {.size = sizeof info};
    vyre_unit_get_info(unit->compiled, &info);
    unsigned char *args = arena_alloc(r->arena, info.args_bytes);
    for (uint32_t k = 0; k < unit->n_arrays; k++) {
        vyre_buffer_arg b = {.size = sizeof b};
        vyre_unit_buffer(unit->compiled, k, &b);
        vyre_span span = vyre_host(unit->arrays[k].bytes, unit->arrays[k].count);
        memcpy(args + b.arg_offset, &span, sizeof span);
    }
    for (uint32_t k = 0; k < unit->n_params; k++) {
        vyre_param_arg p = {.size = sizeof p};
        vyre_unit_param(unit->compiled, k, &p);
        memcpy(args + p.arg_offset, &unit->params[k].bits, p.param_bytes); /* little-endian, as all hosts are */
    }
    return args;
}

/* Waits, telling how long it takes. */
static vyre_status wait_for(vyre_event *event)
{
    struct progress progress;
    progress_begin(&progress, "running");
    while (progress.on_terminal && vyre_event_query(event) == VYRE_ERROR_NOT_READY) {
        progress_report(&progress, 0, 0);
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    vyre_status status = vyre_event_wait(event);
    progress_end(&progress);
    return status;
}

static void tell_trap(const struct run *r, const vyre_trap *trap, struct outcome *outcome)
{
    outcome->trapped = true;
    outcome->trap_code = trap->code;
    outcome->trap_invocation = trap->invocation;
    outcome->trap_arm = arena_printf(r->arena, "%s", trap->arm);
    outcome->trap_place = *trap->arm ? arena_printf(r->arena, "program '%s', arm '%s'", trap->program, trap->arm)
                                     : arena_printf(r->arena, "program '%s'", trap->program);
}

static bool judge(const struct run *r, vyre_event *event, vyre_status status, struct outcome *outcome)
{
    vyre_trap trap;
    if (!status) {
        if (*vyre_event_message(event)) fprintf(stderr, "vyre-run: note: %s\n", vyre_event_message(event));
        return true;
    }
    outcome->unsupported = status == VYRE_ERROR_UNSUPPORTED;
    if (status != VYRE_ERROR_TRAP || vyre_event_trap(event, &trap))
        return run_fail(r, "", "%s", vyre_event_message(event));
    tell_trap(r, &trap, outcome);
    return true;
}

const char *compiled_message(const struct compiled *c)
{
    return vyre_context_message(c->context);
}

static bool run_chunks(const struct run *r, struct compiled *c, const struct run_unit *unit, struct outcome *outcome)
{
    vyre_trap trap;
    double begin = now_seconds();
    vyre_status status = chunks_run(unit, fill_args(r, unit));
    *outcome = (struct outcome){.unsupported = status == VYRE_ERROR_UNSUPPORTED,
                                .wall_ns = (uint64_t)((now_seconds() - begin) * 1e9)};
    if (!status) return true;
    if (status != VYRE_ERROR_TRAP || vyre_context_trap(c->context, &trap))
        return run_fail(r, "", "%s", vyre_context_message(c->context));
    tell_trap(r, &trap, outcome);
    return true;
}

bool compiled_run(const struct run *r, struct compiled *c, const struct run_unit *unit, struct outcome *outcome)
{
    if (unit->in_chunks) return run_chunks(r, c, unit, outcome);
    vyre_event *event = NULL;
    void *args = fill_args(r, unit);
    *outcome = (struct outcome){0};
    vyre_status status = vyre_unit_run_async(unit->compiled, NULL, args, &event);
    if (status) {
        outcome->unsupported = status == VYRE_ERROR_UNSUPPORTED;
        return run_fail(r, "", "%s", vyre_context_message(c->context));
    }
    status = wait_for(event);
    vyre_event_times(event, &outcome->wall_ns, &outcome->device_ns);
    bool ok = judge(r, event, status, outcome);
    vyre_event_destroy(event);
    return ok;
}
