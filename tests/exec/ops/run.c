/* run.c - reads a batch, runs it in the interpreter and on the executor of this binary, and compares. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "frontend/frontend.h"
#include "ir/interp.h"
#include "tests/exec/ops/run.h"

enum { BATCH_PROGRAMS = 30, SHOWN_DIFFERENCES = 4, FENCE = 0xC5 };

const char *now_running = "nothing", *now_level = "";

/* -- failures ------------------------------------------------------------------------------------------------------ */

static void report_crash(int number)
{
    const char *parts[] = {"crashed: ", now_running, " ", now_level, "\n"};
    for (size_t i = 0; i < 5; i++) {
        if (write(STDERR_FILENO, parts[i], strlen(parts[i])) < 0) break;
    }
    signal(number, SIG_DFL);
    raise(number);
}

_Noreturn static void give_up(const char *what)
{
    fprintf(stderr, "%s: %s\n", what, strerror(errno));
    exit(2);
}

void run_set_up(void)
{
    signal(SIGSEGV, report_crash);
    signal(SIGBUS, report_crash);
    signal(SIGILL, report_crash);
    signal(SIGFPE, report_crash);
}

/* -- buffers that end at a page nobody may touch ------------------------------------------------------------------- */

struct fenced fenced_new(size_t n_bytes)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), used = (n_bytes + page) / page * page; /* a byte before at least */
    struct fenced f = {.map_bytes = used + page, .n_bytes = n_bytes};
    f.map = mmap(NULL, f.map_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (f.map == MAP_FAILED || mprotect(f.map + used, page, PROT_NONE) != 0) give_up("memory");
    f.bytes = f.map + used - n_bytes;
    memset(f.map, FENCE, used - n_bytes);
    return f;
}

bool fenced_is_whole(const struct fenced *f)
{
    for (const unsigned char *p = f->map; p < f->bytes; p++) {
        if (*p != FENCE) return false;
    }
    return true;
}

void fenced_free(struct fenced *f)
{
    munmap(f->map, f->map_bytes);
}

/* -- a launch ------------------------------------------------------------------------------------------------------ */

static size_t size_of(const struct case_buffer *b)
{
    return (size_t)(b->count * ir_type_mem_bytes(b->type));
}

/* Contents as before a launch; those of `write` buffers are zeroed by whoever launches. */
void launch_prepare(struct launch *l)
{
    for (uint32_t i = 0; i < l->test->n_buffers; i++) {
        const struct case_buffer *b = &l->test->buffers[i];
        l->memory[i] = fenced_new(size_of(b));
        memset(l->memory[i].bytes, 0, size_of(b));
        if (b->bytes) memcpy(l->memory[i].bytes, b->bytes, size_of(b));
    }
}

void launch_release(struct launch *l)
{
    for (uint32_t i = 0; i < l->test->n_buffers; i++)
        fenced_free(&l->memory[i]);
}

static bool launch_interpreter(struct launch *l, struct memory *mem)
{
    struct ir_run_buffer buffers[MAX_BUFFERS];
    struct ir_run_options options = {.schedule = IR_SCHEDULE_FORWARD};
    struct arena arena;
    arena_init(&arena, mem);
    for (uint32_t i = 0; i < l->test->n_buffers; i++)
        buffers[i] = (struct ir_run_buffer){l->memory[i].bytes, l->test->buffers[i].count};
    struct ir_run_result result = ir_run_program(&arena, l->program, buffers, l->test->params, &options);
    if (result.status != IR_RUN_OK)
        fprintf(stderr, "%s: the interpreter gives status %d\n", l->test->name, (int)result.status);
    arena_release(&arena);
    return result.status == IR_RUN_OK;
}

/* -- comparing ----------------------------------------------------------------------------------------------------- */

static void show_element(const struct launch *l, uint32_t buffer, uint64_t i)
{
    const struct case_buffer *b = &l->test->buffers[buffer];
    uint32_t size = ir_type_mem_bytes(b->type);
    fprintf(stderr, "0x");
    for (uint32_t k = size; k-- > 0;)
        fprintf(stderr, "%02x", l->memory[buffer].bytes[i * size + k]);
}

static void show_difference(const struct launch *want, const struct launch *got, uint32_t buffer, uint64_t i)
{
    fprintf(stderr, "%s %s: %s[%llu] is ", now_level, want->test->name, want->program->buffers.at[buffer]->name,
            (unsigned long long)i);
    show_element(got, buffer, i);
    fprintf(stderr, ", not ");
    show_element(want, buffer, i);
    /* In a grid the tuple has the same index. */
    for (uint32_t k = 0; k < want->test->n_operands; k++) {
        fprintf(stderr, k ? ", " : "; operands ");
        show_element(want, k, i % want->test->buffers[k].count);
    }
    fprintf(stderr, "\n");
}

bool compare(const struct launch *want, const struct launch *got)
{
    uint32_t n_shown = 0;
    bool equal = true;
    for (uint32_t k = 0; k < want->test->n_buffers; k++) {
        const struct case_buffer *b = &want->test->buffers[k];
        uint32_t size = ir_type_mem_bytes(b->type);
        if (memcmp(want->memory[k].bytes, got->memory[k].bytes, size_of(b)) == 0) continue;
        equal = false;
        for (uint64_t i = 0; i < b->count && n_shown < SHOWN_DIFFERENCES; i++) {
            if (memcmp(want->memory[k].bytes + i * size, got->memory[k].bytes + i * size, size) != 0) {
                show_difference(want, got, k, i);
                n_shown++;
            }
        }
    }
    return equal;
}

/* -- a case -------------------------------------------------------------------------------------------------------- */

static bool is_wide(const struct test_case *test)
{
    for (uint32_t k = 0; k < test->n_buffers; k++)
        if (ir_type_info(test->buffers[k].type)->bits == 64) return true;
    return false;
}

static void run_case(struct batch *b, const struct test_case *test, const struct ir_program *program, uint32_t unit)
{
    struct launch want = {test, program, {{0}}};
    if (b->is_wide_only && !is_wide(test)) return;
    now_running = test->name;
    now_level = "interpreter";
    launch_prepare(&want);
    if (launch_interpreter(&want, b->mem))
        executor_run(b, &want, unit);
    else
        b->n_failed++;
    launch_release(&want);
}

/* -- batches ------------------------------------------------------------------------------------------------------- */

struct compilation {
    struct intern names;
    struct sources sources;
    struct diags diags;
    struct ir_module *module;
    struct out object;
};

static bool compile(struct batch *b, struct compilation *c)
{
    struct target_set targets = {{false}};
    struct frontend_options reading = {0};
    intern_init(&c->names, &b->arena);
    sources_init(&c->sources, &b->arena);
    diags_init(&c->diags, &b->arena, &c->sources);
    out_init(&c->object, b->mem);
    now_running = b->cases.at[0]->name;
    now_level = "compiler";
    const struct source_file *file = sources_add(&c->sources, "ops.vir", b->text.bytes, b->text.n);
    c->module = frontend_read(&b->arena, &c->names, &c->sources, &c->diags, file, &reading);
    if (batch_form == CODEGEN_EMIT_OBJECT) target_set_default(&targets, NULL);
    executor_add_targets(&targets);
    struct codegen_options options = {
        .emit = batch_form, .opt_level = b->opt_level, .prefix = "", .source_name = "ops.vir", .targets = &targets};
    return c->module && codegen_emit(c->module, &options, &c->diags, &b->arena, &c->object);
}

static void print_faults(struct batch *b, const struct compilation *c)
{
    struct out text;
    out_init(&text, b->mem);
    diags_print(&c->diags, DIAG_FORMAT_TEXT, false, &text);
    fprintf(stderr, "%s\n", text.n ? text.bytes : "does not compile");
    out_release(&text);
}

static void run_batch(struct batch *b)
{
    struct compilation c;
    if (!compile(b, &c)) {
        print_faults(b, &c);
        b->n_failed += b->cases.n;
    } else {
        void *library = batch_load(&c.object, c.module->programs.n);
        bool ready = library && executor_open(library, b->cases.at[0]->name);
        for (uint32_t i = 0; i < b->cases.n; i++) {
            if (ready)
                run_case(b, b->cases.at[i], c.module->programs.at[i], i);
            else
                b->n_failed++;
        }
        executor_close();
        if (library) batch_unload(library);
    }
    out_release(&c.object);
}

void flush_batch(struct batch *b)
{
    if (b->cases.n && !b->dry) run_batch(b);
    out_release(&b->text);
    arena_release(&b->arena);
    arena_init(&b->arena, b->mem);
    out_init(&b->text, b->mem);
    b->cases.at = NULL;
    b->cases.n = b->cases.cap = 0;
}

void flush_full_batch(struct batch *b)
{
    if (b->cases.n >= BATCH_PROGRAMS) flush_batch(b);
}
