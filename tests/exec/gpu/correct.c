/* correct.c - what the device computes against the interpreter: every operation, the programs of programs.list, and
 * random programs. */
#include <stdio.h>
#include <string.h>

#include "frontend/frontend.h"
#include "tests/exec/gpu/check.h"
#include "tests/exec/ops/run.h"
#include "tools/vyre-fuzz/differ.h"

/* -- operations -------------------------------------------------------------------------------- */

static bool check_family(struct memory *mem, const char *name)
{
    static bool used[IR_OP_COUNT];
    struct batch b = {.mem = mem, .used = used, .opt_level = 2};
    arena_init(&b.arena, mem);
    out_init(&b.text, mem);
    bool known = run_named_family(&b, name), right = known && !b.n_failed && b.n_passed;
    char check[64];
    snprintf(check, sizeof check, "operations: %s", name);
    print_row(right ? CHECK_RIGHT : CHECK_WRONG, check, "%lu programs passed, %lu failed", b.n_passed, b.n_failed);
    arena_release(&b.arena);
    out_release(&b.text);
    return right;
}

uint32_t check_operations(struct memory *mem, const struct settings *s)
{
    uint32_t n_wrong = 0;
    executor_backend = s->backend;
    for (uint32_t k = 0; family_name(k); k++)
        n_wrong += !check_family(mem, family_name(k));
    return n_wrong;
}

/* -- programs ---------------------------------------------------------------------------------- */

/* Room for what the arrays are after a run, before the other one begins. */
static unsigned char **copy_arrays(struct program *p, const struct run_unit *u)
{
    unsigned char **copies = ARENA_ARRAY(&p->arena, unsigned char *, u->n_arrays + 1);
    for (uint32_t k = 0; k < u->n_arrays; k++) {
        copies[k] = arena_alloc(&p->arena, array_bytes(&u->arrays[k]) + 1);
        memcpy(copies[k], u->arrays[k].bytes, array_bytes(&u->arrays[k]));
    }
    return copies;
}

/* NULL, or what differs. */
static const char *compare_runs(struct program *p, const struct run_unit *u, unsigned char *const *expected,
                                const struct outcome *want, const struct outcome *got)
{
    if (want->trapped != got->trapped || want->trap_code != got->trap_code ||
        want->trap_invocation != got->trap_invocation)
        return "traps otherwise";
    for (uint32_t k = 0; !want->trapped && k < u->n_arrays; k++)
        if (memcmp(u->arrays[k].bytes, expected[k], array_bytes(&u->arrays[k])))
            return arena_printf(&p->arena, "'%s' differs", u->arrays[k].name);
    return args_find_overrun(u) ? "wrote behind an array" : NULL;
}

static const char is_refused[] = "the device refuses it";

/* NULL, or what is wrong. `words`: the unit's name, then its arguments. */
static const char *run_both(struct program *p, const char *const *words, uint32_t n_words)
{
    struct run_unit unit, compiled;
    struct ir_run_options options = {0};
    struct outcome want = {0}, got = {0};
    if (!n_words || !unit_from_module(&p->run, p->module, words[0], RUN_ANY, &unit) ||
        !args_parse(&p->run, &unit, words + 1, n_words - 1))
        return "its line in the list is wrong";
    if (!interpreted_run(&p->run, &p->sources, &unit, &options, &want)) return "the interpreter fails";
    unsigned char **expected = copy_arrays(p, &unit);
    if (!unit_from_object(&p->run, compiled_any_unit(p->compiled), unit.name,
                          unit.is_pipeline ? RUN_PIPELINE : RUN_PROGRAM, &compiled))
        return "its images are without it";
    unit.compiled = compiled.compiled;
    args_restore(&unit);
    if (!compiled_run(&p->run, p->compiled, &unit, &got)) return got.unsupported ? is_refused : "does not run";
    return compare_runs(p, &unit, expected, &want, &got);
}

/* "folder/file.vir unit argument...": false where it is wrong. */
static bool check_line(struct memory *mem, const struct settings *s, char *line)
{
    enum { MAX_WORDS = 32 };
    const char *words[MAX_WORDS], *wrong = "it cannot be compiled";
    uint32_t n = 0;
    for (char *word = strtok(line, " "); word && n < MAX_WORDS; word = strtok(NULL, " "))
        words[n++] = word;
    struct program p;
    struct out text;
    char path[4096], check[64];
    snprintf(path, sizeof path, "%s/%s", s->root, words[0]);
    snprintf(check, sizeof check, "program: %s", n > 1 ? words[1] : "?");
    out_init(&text, mem);
    if (out_read_file(&text, path, 1 << 24)) {
        print_row(CHECK_WRONG, check, "%s: it cannot be read", words[0]);
        out_release(&text);
        return false;
    }
    if (program_open(&p, mem, s, path, text.bytes, text.n)) wrong = run_both(&p, words + 1, n - 1);
    print_row(!wrong                ? CHECK_RIGHT
              : wrong == is_refused ? CHECK_SKIPPED
                                    : CHECK_WRONG,
              check, "%s%s%s", words[0], wrong ? ": " : "", wrong ? wrong : "");
    program_close(&p);
    out_release(&text);
    return !wrong || wrong == is_refused;
}

uint32_t check_programs(struct memory *mem, const struct settings *s)
{
    char path[4096];
    struct out list;
    uint32_t n_wrong = 0;
    snprintf(path, sizeof path, "%s/programs.list", s->root);
    out_init(&list, mem);
    if (out_read_file(&list, path, 1 << 20)) {
        print_row(CHECK_WRONG, "programs", "%s cannot be read", path);
        n_wrong = 1;
    }
    for (char *line = list.bytes; line && *line;) {
        char *end = line + strcspn(line, "\n"), *next = end + (*end == '\n');
        *end = 0;
        if (*line && *line != '#') n_wrong += !check_line(mem, s, line);
        line = next;
    }
    out_release(&list);
    return n_wrong;
}

/* -- random programs --------------------------------------------------------------------------- */

uint32_t check_random(struct memory *mem, const struct settings *s)
{
    enum { PROGRAMS = 24, STATEMENTS = 30 };
    struct fuzz_options options = {.size = {PROGRAMS, STATEMENTS}, .device = s->backend};
    struct fuzz_counts counts = {0};
    uint64_t ends = now_ns() + s->seconds * UINT64_C(1000000000), seed = s->seed;
    while (now_ns() < ends)
        fuzz_module(mem, seed++, &options, &counts);
    bool right = !counts.failed && counts.passed;
    print_row(right ? CHECK_RIGHT : CHECK_WRONG, "random programs",
              "%llu passed, %llu failed, %llu refused by the device; seeds %llu to %llu",
              (unsigned long long)counts.passed, (unsigned long long)counts.failed,
              (unsigned long long)counts.unsupported, (unsigned long long)s->seed, (unsigned long long)seed - 1);
    return !right;
}
