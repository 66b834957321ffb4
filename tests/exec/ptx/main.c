/* main.c - exec-ptx FILE PROGRAM WORD...: runs a program as PTX in the emulator, for two processors and in several orders of threads, and compares
 * with the interpreter, byte for byte. Words are those of vyre-run. Exit status 77: there is no emulator. */
#include <stdio.h>
#include <string.h>

#include "codegen/codegen.h"
#include "frontend/frontend.h"
#include "ir/facts.h"
#include "tools/ptx-emulator/emulator.h"
#include "tools/vyre-run/run.h"

enum { STATUS_FAILED = 1, STATUS_SKIPPED = 77 };

struct test {
    struct run run;
    struct arena arena;
    struct sources sources;
    struct intern names;
    struct diags diags;
    struct out text; /* of the file, and later the PTX */
    struct ir_module *module;
    struct run_unit unit;
    struct ir_run_buffer *buffers;
    uint64_t *params;
    struct ir_run_result expected;
    unsigned char **expected_bytes;
    struct ptx_emulator *emulator;
};

static bool read_module(struct test *t, const char *path)
{
    struct frontend_options options = {0};
    if (out_read_file(&t->text, path, 1 << 24)) return false;
    struct source_file *file = sources_add(&t->sources, path, t->text.bytes, t->text.n);
    t->module = frontend_read(&t->arena, &t->names, &t->sources, &t->diags, file, &options);
    return t->module != NULL;
}

/* As before a launch: what is only written is zeros. */
static void prepare(struct test *t)
{
    args_restore(&t->unit);
    for (uint32_t k = 0; k < t->unit.n_arrays; k++) {
        struct run_array *a = &t->unit.arrays[k];
        uint64_t used = a->sized ? a->declared : a->count;
        t->buffers[k] = (struct ir_run_buffer){a->bytes, a->count};
        if (a->access == IR_ACCESS_WRITE) memset(a->bytes, 0, used * ir_type_mem_bytes(a->elem));
    }
    for (uint32_t k = 0; k < t->unit.n_params; k++)
        t->params[k] = t->unit.params[k].bits;
}

static bool find_expected(struct test *t)
{
    struct ir_run_options options = {0};
    struct arena scratch;
    t->buffers = ARENA_ARRAY(&t->arena, struct ir_run_buffer, t->unit.n_arrays + 1);
    t->params = ARENA_ARRAY(&t->arena, uint64_t, t->unit.n_params + 1);
    t->expected_bytes = ARENA_ARRAY(&t->arena, unsigned char *, t->unit.n_arrays + 1);
    prepare(t);
    arena_init(&scratch, t->arena.mem);
    t->expected = ir_run_program(&scratch, t->unit.program, t->buffers, t->params, &options);
    arena_release(&scratch);
    for (uint32_t k = 0; k < t->unit.n_arrays; k++) {
        t->expected_bytes[k] = arena_alloc(&t->arena, array_bytes(&t->unit.arrays[k]) + 1);
        memcpy(t->expected_bytes[k], t->unit.arrays[k].bytes, array_bytes(&t->unit.arrays[k]));
    }
    return t->expected.status == IR_RUN_OK || t->expected.status == IR_RUN_TRAP;
}

static bool load(struct test *t, enum target_id target)
{
    struct target_set targets = {{false}};
    struct codegen_options options = {
        .emit = CODEGEN_EMIT_PTX, .opt_level = 2, .prefix = "", .source_name = "test.vir", .targets = &targets};
    targets.has[target] = true;
    out_release(&t->text);
    out_init(&t->text, t->arena.mem);
    return codegen_emit(t->module, &options, &t->diags, &t->arena, &t->text) &&
           ptx_emulator_load(t->emulator, t->text.bytes, t->text.n);
}

static const char *find_difference(struct test *t, const struct ptx_launch *launch)
{
    bool traps = t->expected.status == IR_RUN_TRAP;
    if (launch->trapped != traps) return "traps, or does not";
    if (traps) {
        bool same = launch->trap_arm == t->expected.trap_arm && launch->trap_code == t->expected.trap_code &&
                    launch->trap_invocation == t->expected.trap_invocation;
        return same ? NULL : "traps otherwise";
    }
    for (uint32_t k = 0; k < t->unit.n_arrays; k++)
        if (memcmp(t->unit.arrays[k].bytes, t->expected_bytes[k], array_bytes(&t->unit.arrays[k])))
            return t->unit.arrays[k].name;
    return NULL;
}

static bool run_on(struct test *t, enum target_id target, uint32_t seed, uint32_t width)
{
    struct ptx_launch launch = {
        .program = t->unit.program, .buffers = t->buffers, .params = t->params, .seed = seed, .width = width};
    prepare(t);
    bool ran = ptx_emulator_run(t->emulator, &launch, &t->arena);
    const char *difference = ran ? find_difference(t, &launch) : ptx_emulator_message(t->emulator);
    if (difference)
        fprintf(stderr, "%s for %s, seed %u, width %u: %s\n", t->unit.name, target_infos[target].arch, seed, width,
                difference);
    return !difference;
}

static bool run_all(struct test *t)
{
    static const enum target_id targets[] = {TARGET_PTX_SM_75, TARGET_PTX_SM_90};
    bool ok = true;
    for (uint32_t i = 0; i < 2; i++) {
        if (!load(t, targets[i])) {
            fprintf(stderr, "%s\n", ptx_emulator_message(t->emulator));
            return false;
        }
        for (uint32_t seed = 0; seed < 3; seed++)
            ok &= run_on(t, targets[i], seed, 0);
        for (uint32_t width = 32; width <= 1024 && ir_has_free_width(t->unit.program); width *= 2)
            ok &= run_on(t, targets[i], width / 64, width);
    }
    return ok;
}

static int work(struct test *t, int argc, char **argv)
{
    const char *reason = "";
    if (argc < 3) return STATUS_FAILED;
    t->emulator = ptx_emulator_start(&reason);
    if (!t->emulator) {
        printf("skipped: %s\n", reason);
        return STATUS_SKIPPED;
    }
    bool ok = read_module(t, argv[1]) && unit_from_module(&t->run, t->module, argv[2], RUN_PROGRAM, &t->unit) &&
              args_parse(&t->run, &t->unit, (const char *const *)argv + 3, (uint32_t)argc - 3) && find_expected(t) &&
              run_all(t);
    ptx_emulator_stop(t->emulator);
    return ok ? 0 : STATUS_FAILED;
}

int main(int argc, char **argv)
{
    static struct memory mem;
    static struct test t;
    if (setjmp(mem.recover)) return STATUS_FAILED;
    arena_init(&t.arena, &mem);
    sources_init(&t.sources, &t.arena);
    intern_init(&t.names, &t.arena);
    diags_init(&t.diags, &t.arena, &t.sources);
    out_init(&t.text, &mem);
    t.run = (struct run){.arena = &t.arena, .tool = "exec-ptx"};
    int status = work(&t, argc, argv);
    if (status == STATUS_FAILED) {
        struct out messages;
        out_init(&messages, &mem);
        diags_print(&t.diags, DIAG_FORMAT_TEXT, false, &messages);
        fprintf(stderr, "%s", messages.n ? messages.bytes : "");
        out_release(&messages);
    }
    out_release(&t.text);
    arena_release(&t.arena);
    return status;
}
