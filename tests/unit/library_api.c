/* The compiler as a library: what is made, who is told what is wrong, programs built by calls, memory that runs out, and
 * many threads at once. */
#include <math.h>
#include <pthread.h>
#include <stdlib.h>

#include "ir/base/memory.h"
#include "library/vyrec.h"
#include "tests/unit/test.h"

enum { N_THREADS = 8 };

static const char copy_text[] = "program copy {\n"
                                "  buffer a : read u32[];\n"
                                "  buffer b : write u32[];\n"
                                "  if gid.x < len(b) { b[gid.x] = a[gid.x]; }\n"
                                "}\n";

struct told {
    uint32_t n;
    char first[300];
};

static void note(void *user, const vyrec_message *m)
{
    struct told *told = user;
    if (!told->n++)
        snprintf(told->first, sizeof told->first, "%s:%u:%u: %s: %s [%s] %s", m->file ? m->file : "-", m->line,
                 m->column, m->severity, m->text, m->code, m->fix);
}

static vyrec_context *new_context(struct told *told, const char *targets, const char *cache_dir)
{
    vyrec_options options;
    vyrec_context *context = NULL;
    *told = (struct told){0};
    vyrec_options_init(&options);
    options.targets = targets;
    options.cache_dir = cache_dir;
    options.report = note;
    options.user = told;
    CHECK_INT(vyrec_context_create(&options, &context), VYREC_OK);
    return context;
}

static vyrec_module *parse(vyrec_context *context, const char *text)
{
    vyrec_module *module = NULL;
    vyrec_module_parse(context, "copy.vir", text, strlen(text), &module);
    return module;
}

/* ---- making ---- */

static bool begins(const vyrec_module *module, const char *what, const char *beginning)
{
    vyrec_output *output = NULL;
    size_t n = 0;
    bool ok = vyrec_module_compile(module, what, &output) == VYREC_OK;
    const char *bytes = ok ? vyrec_output_bytes(output, &n) : "";
    ok = ok && n >= strlen(beginning) && !memcmp(bytes, beginning, strlen(beginning)) && !bytes[n];
    vyrec_output_destroy(output);
    return ok;
}

static void everything_is_made(void)
{
    struct told told;
    vyrec_context *context = new_context(&told, "cpu,ptx:sm_80", NULL);
    vyrec_module *module = parse(context, copy_text);
    CHECK(begins(module, "obj", "\177ELF"));
    CHECK(begins(module, "header", "/* What the object compiled from copy.vir defines."));
    CHECK(begins(module, "manifest", "{"));
    CHECK(begins(module, "vir", "program copy {"));
    CHECK(begins(module, "llvm", "; ModuleID"));
    CHECK(begins(module, "ptx", "//"));
    CHECK(begins(module, "spirv", "\x03\x02\x23\x07"));
    CHECK_UINT(told.n, 0);
    vyrec_module_destroy(module);
    vyrec_context_destroy(context);
}

static void what_makes_no_sense_is_refused(void)
{
    struct told told;
    vyrec_context *context = new_context(&told, NULL, NULL), *other = context;
    vyrec_module *module = parse(context, copy_text), *none = module;
    vyrec_output *output = (vyrec_output *)module;
    vyrec_options options;
    CHECK_INT(vyrec_module_compile(module, "soup", &output), VYREC_INVALID);
    CHECK(!output);
    CHECK_INT(vyrec_module_compile(NULL, "obj", &output), VYREC_INVALID);
    CHECK_INT(vyrec_module_parse(context, NULL, "", 0, &none), VYREC_INVALID);
    CHECK(!none);
    CHECK_INT(vyrec_context_create(NULL, &other), VYREC_INVALID);
    CHECK(!other);
    vyrec_options_init(&options);
    options.size--;
    CHECK_INT(vyrec_context_create(&options, &other), VYREC_INVALID);
    vyrec_options_init(&options);
    options.report = note;
    options.user = &told;
    options.targets = "cpu,vpu";
    CHECK_INT(vyrec_context_create(&options, &other), VYREC_REPORTED);
    CHECK(strstr(told.first, "unknown target 'vpu' [E0013]"));
    told = (struct told){0};
    options.targets = NULL;
    options.cpu_triple = "m68k-linux-gnu";
    CHECK_INT(vyrec_context_create(&options, &other), VYREC_REPORTED);
    CHECK(strstr(told.first, "[E0014]"));
    told = (struct told){0};
    options.cpu_triple = NULL;
    options.passes = "no_such_pass";
    CHECK_INT(vyrec_context_create(&options, &other), VYREC_REPORTED);
    CHECK(strstr(told.first, "[E0021]"));
    CHECK_STRING(vyrec_status_name(VYREC_REPORTED), "VYREC_REPORTED");
    CHECK(vyrec_version()[0]);
    vyrec_module_destroy(module);
    vyrec_module_destroy(NULL);
    vyrec_context_destroy(context);
}

static void faults_are_told(void)
{
    struct told told;
    vyrec_context *context = new_context(&told, NULL, NULL);
    CHECK(!parse(context, "program p {\n  let x = y;\n}\n"));
    CHECK_STRING(told.first,
                 "copy.vir:2:11: error: nothing is called 'y' here [E0108] declare it before, or check the spelling");
    told = (struct told){0};
    vyrec_module *module = parse(context, "program a { buffer t : write u32[]; if gid.x < len(t) { t[gid.x] = 1; } }\n"
                                          "program c { buffer t : read u32[]; buffer b : write u32[];\n"
                                          "  if gid.x < len(b) { b[gid.x] = t[gid.x]; } }\n"
                                          "pipeline p (b : write u32[]) { temp t : u32[len(b)];\n"
                                          "  arm one = c(t: t, b: b); }\n");
    CHECK_UINT(told.n, 1); /* W0557, once: compiling does not repeat it */
    CHECK(strstr(told.first, "warning") && strstr(told.first, "[W0557]"));
    CHECK(begins(module, "header", "/*"));
    CHECK_UINT(told.n, 1);
    vyrec_module_destroy(module);
    vyrec_context_destroy(context);
}

/* Deep programs need more stack than the caller may have: they run on one of their own. */
/* Beside the name that the text is given, then in the folders of the options. */
static void imports_are_found(void)
{
    static const char text[] =
        "import \"digits.vir\";\nprogram p { buffer out : write u32[]; out[gid.x] = digit(); }\n";
    char folder[] = "/tmp/vyre-library-XXXXXX", path[64];
    const char *folders[] = {folder};
    struct told told;
    vyrec_options options;
    vyrec_context *context = new_context(&told, NULL, NULL), *searching = NULL;
    CHECK(!parse(context, text));
    CHECK_STRING(told.first, "copy.vir:1:8: error: cannot import 'digits.vir': No such file or directory [E0128] "
                             "check the path; it is relative to the file that imports, then to the folders of -I");
    if (!CHECK(mkdtemp(folder))) return;
    snprintf(path, sizeof path, "%s/digits.vir", folder);
    FILE *f = fopen(path, "w");
    CHECK(f && fputs("fn digit() -> u32 { return 7; }\n", f) >= 0 && !fclose(f));
    vyrec_options_init(&options);
    options.include_dirs = folders;
    options.n_include_dirs = 1;
    CHECK_INT(vyrec_context_create(&options, &searching), VYREC_OK);
    vyrec_module *module = parse(searching, text);
    CHECK(module && begins(module, "obj", "\177ELF"));
    vyrec_module_destroy(module);
    remove(path);
    remove(folder);
    vyrec_context_destroy(searching);
    vyrec_context_destroy(context);
}

static void deep_programs_fit(void)
{
    struct told told;
    vyrec_context *context = new_context(&told, NULL, NULL);
    char text[12000] = "program deep { buffer b : write u32[]; b[0] = ";
    char *at = text + strlen(text);
    for (int i = 0; i < 900; i++)
        at += sprintf(at, "~(");
    *at++ = '1';
    for (int i = 0; i < 900; i++)
        *at++ = ')';
    strcpy(at, "; }");
    vyrec_module *module = parse(context, text);
    CHECK(begins(module, "vir", "program deep"));
    vyrec_module_destroy(module);
    vyrec_context_destroy(context);
}

/* ---- the cache in front ---- */

static void results_are_kept(void)
{
    char folder[] = "/tmp/vyre-library-XXXXXX", command[100];
    struct told told;
    if (!mkdtemp(folder)) return;
    vyrec_context *context = new_context(&told, "cpu:x86-64-v2", folder), *more = new_context(&told, "cpu", folder);
    vyrec_module *module = parse(context, copy_text), *same = parse(more, copy_text);
    vyrec_output *outputs[4] = {NULL};
    size_t n, n_again;
    for (int i = 0; i < 3; i++)
        CHECK_INT(vyrec_module_compile(i < 2 ? module : same, "obj", &outputs[i]), VYREC_OK);
    CHECK_INT(vyrec_module_compile(module, "header", &outputs[3]), VYREC_OK);
    CHECK(!vyrec_output_is_cached(outputs[0]) && vyrec_output_is_cached(outputs[1]));
    CHECK(!vyrec_output_is_cached(outputs[2]) && !vyrec_output_is_cached(outputs[3]));
    const void *bytes = vyrec_output_bytes(outputs[0], &n), *again = vyrec_output_bytes(outputs[1], &n_again);
    CHECK(n == n_again && !memcmp(bytes, again, n));
    for (int i = 0; i < 4; i++)
        vyrec_output_destroy(outputs[i]);
    vyrec_module_destroy(module);
    vyrec_module_destroy(same);
    vyrec_context_destroy(context);
    vyrec_context_destroy(more);
    snprintf(command, sizeof command, "rm -r %s", folder);
    CHECK(!system(command));
}

/* ---- building ---- */

/* Every kind of call. */
static void build_all(vyrec_builder *b)
{
    vyrec_build_program(b, "built", "32");
    vyrec_build_buffer(b, "a", "read", "u32[]");
    vyrec_build_buffer(b, "b", "write", "f32[]");
    vyrec_build_param(b, "factor", "f32");
    vyrec_build_array(b, "workgroup", "shared", "u32[32]");
    vyrec_value i = vyrec_build_name(b, "gid.x"), lane = vyrec_build_name(b, "lid.x");
    vyrec_build_store(b, "shared", lane, vyrec_build_load(b, "a", i));
    vyrec_build_text(b, "barrier;");
    vyrec_value sum = vyrec_build_var(b, "sum", vyrec_build_int(b, "i64", INT64_MIN));
    vyrec_value k = vyrec_build_for(b, "k", vyrec_build_int(b, "u32", 0), vyrec_build_int(b, "u32", 4));
    vyrec_value read = vyrec_build_load(b, "shared", k);
    vyrec_value wide = vyrec_build_op(b, "i64", 1, &read);
    vyrec_build_assign(b, sum, vyrec_build_op(b, "+", 2, (vyrec_value[]){sum, wide}));
    vyrec_build_end(b);
    vyrec_value few = vyrec_build_op(b, "<", 2, (vyrec_value[]){sum, vyrec_build_int(b, "i64", -3)});
    vyrec_build_while(b, few, vyrec_build_int(b, "u32", 10));
    vyrec_build_assign(b, sum, vyrec_build_op(b, "-", 1, &sum));
    vyrec_build_end(b);
    vyrec_build_if(b, vyrec_build_op(b, "<", 2, (vyrec_value[]){i, vyrec_build_name(b, "len(b)")}));
    vyrec_value x = vyrec_build_let(b, "x", vyrec_build_op(b, "f32", 1, &sum));
    vyrec_value numbers[] = {few, vyrec_build_float(b, "f32", -1.5), vyrec_build_float(b, "f32", 3)};
    vyrec_value chosen = vyrec_build_op(b, "select", 3, numbers);
    vyrec_build_store(b, "b", i, vyrec_build_op(b, "max", 2, (vyrec_value[]){x, chosen}));
    vyrec_build_else(b);
    vyrec_value limit = vyrec_build_op(
        b, "min", 2, (vyrec_value[]){vyrec_build_float(b, "f32", -INFINITY), vyrec_build_float(b, "f32", NAN)});
    vyrec_build_store(b, "b", i, vyrec_build_op(b, "+", 2, (vyrec_value[]){limit, vyrec_build_float(b, "f32", 1e30)}));
    vyrec_build_end(b);
    vyrec_build_end(b);
}

static void programs_are_built(void)
{
    struct told told;
    vyrec_context *context = new_context(&told, NULL, NULL);
    vyrec_builder *b = NULL;
    vyrec_module *module = NULL;
    CHECK_INT(vyrec_builder_create(&b), VYREC_OK);
    build_all(b);
    CHECK(strstr(vyrec_build_get_text(b), "    b[gid.x] = max(x, select((sum < (-3i64)), (-1.5f32), (3.0f32)));\n"));
    CHECK_INT(vyrec_build_finish(b, context, "built", &module), VYREC_OK);
    CHECK_STRING(told.first, "");
    CHECK(begins(module, "obj", "\177ELF"));
    vyrec_module_destroy(module);
    /* What was never given by this builder is told, and so are blocks that stay open. */
    vyrec_build_program(b, "wrong", "64");
    vyrec_build_store(b, "b", (vyrec_value){12345}, (vyrec_value){0});
    CHECK_INT(vyrec_build_finish(b, context, "built", &module), VYREC_REPORTED);
    CHECK(!module && told.n > 0);
    vyrec_builder_destroy(b);
    vyrec_context_destroy(context);
}

/* The memory that a handle lies in is the first thing in it. */
static void builders_may_run_out_of_memory(void)
{
    struct told told;
    vyrec_context *context = new_context(&told, NULL, NULL);
    uint32_t n_failed = 0;
    for (uint64_t n = 2;; n++) {
        vyrec_builder *b = NULL;
        vyrec_module *module = NULL;
        CHECK_INT(vyrec_builder_create(&b), VYREC_OK);
        ((struct memory *)b)->fail_at = n;
        build_all(b);
        bool failed = ((struct memory *)b)->n_allocs >= n;
        CHECK_INT(vyrec_build_finish(b, context, "built", &module), failed ? VYREC_NO_MEMORY : VYREC_OK);
        n_failed += failed;
        vyrec_module_destroy(module);
        vyrec_builder_destroy(b);
        if (!failed) break;
    }
    CHECK(n_failed > 20);
    vyrec_context_destroy(context);
}

/* ---- fusing ---- */

static const char scale_text[] = "program scale { buffer a : read u32[]; buffer t : write u32[];\n"
                                 "  if gid.x < len(t) { t[gid.x] = a[gid.x] * 3; } }\n";
static const char shift_text[] = "program shift { buffer t : read u32[]; buffer b : write u32[];\n"
                                 "  if gid.x < len(b) { b[gid.x] = t[gid.x] + 1; } }\n";
static const char blur_text[] = "program blur { buffer t : read u32[]; buffer b : write u32[];\n"
                                "  if gid.x < len(b) { b[gid.x] = t[gid.x] + t[gid.x + 1]; } }\n";
#define PIPELINE(second)                                                                                               \
    "pipeline both (a : read u32[], b : write u32[]) { temp t : u32[len(b)];\n"                                        \
    "  arm one = scale(a: a, t: t); arm two = " second "(t: t, b: b); }\n"

static void parts_are_fused_or_not(void)
{
    struct told told;
    vyrec_context *context = new_context(&told, NULL, NULL);
    vyrec_module *parts[] = {parse(context, scale_text), parse(context, shift_text), parse(context, blur_text)};
    const vyrec_module *const *all = (const vyrec_module *const *)parts;
    vyrec_fusion fusion;
    CHECK_INT(vyre_try_fuse(context, all, 3, PIPELINE("shift"), &fusion), VYREC_OK);
    CHECK(fusion.fused && fusion.sequence);
    CHECK_UINT(fusion.n_launches, 1);
    CHECK_STRING(fusion.reason, "");
    CHECK(begins(fusion.fused, "obj", "\177ELF"));
    vyrec_fusion_release(&fusion);
    CHECK_INT(vyre_try_fuse(context, all, 3, PIPELINE("blur"), &fusion), VYREC_OK);
    CHECK(!fusion.fused && fusion.sequence);
    CHECK_UINT(fusion.n_launches, 2);
    CHECK_STRING(fusion.reason, "grid_order");
    CHECK(strstr(fusion.message, "'two'"));
    CHECK(begins(fusion.sequence, "obj", "\177ELF"));
    vyrec_fusion_release(&fusion);
    CHECK_UINT(told.n, 0);
    CHECK_INT(vyre_try_fuse(context, all, 3, PIPELINE("blurred"), &fusion), VYREC_REPORTED);
    CHECK(!fusion.fused && !fusion.sequence && told.n == 1);
    CHECK_INT(vyre_try_fuse(context, all, 3, NULL, &fusion), VYREC_INVALID);
    CHECK_INT(vyre_try_fuse(context, NULL, 0, "", &fusion), VYREC_OK); /* nothing is one launch already */
    CHECK(fusion.fused);
    vyrec_fusion_release(&fusion);
    for (int i = 0; i < 3; i++)
        vyrec_module_destroy(parts[i]);
    vyrec_context_destroy(context);
}

/* ---- threads ---- */

struct worker {
    pthread_t thread;
    vyrec_context *context;
    const vyrec_module *shared;
    vyrec_output *output;
    bool ok;
};

/* One program of its own, and one that all compile. */
static void *work(void *argument)
{
    struct worker *w = argument;
    vyrec_module *own = NULL;
    w->ok = !vyrec_module_parse(w->context, "own.vir", copy_text, sizeof copy_text - 1, &own) &&
            begins(own, "obj", "\177ELF") && !vyrec_module_compile(w->shared, "obj", &w->output);
    vyrec_module_destroy(own);
    return NULL;
}

static void threads_do_not_meet(void)
{
    struct told told;
    struct worker workers[N_THREADS];
    vyrec_context *context = new_context(&told, "cpu", NULL);
    vyrec_module *module = parse(context, copy_text);
    for (int i = 0; i < N_THREADS; i++) {
        workers[i] = (struct worker){.context = context, .shared = module};
        CHECK(!pthread_create(&workers[i].thread, NULL, work, &workers[i]));
    }
    for (int i = 0; i < N_THREADS; i++) {
        size_t n, n_first;
        pthread_join(workers[i].thread, NULL);
        CHECK(workers[i].ok);
        if (!workers[i].ok || !workers[0].ok) continue;
        const void *bytes = vyrec_output_bytes(workers[i].output, &n);
        const void *first = vyrec_output_bytes(workers[0].output, &n_first);
        CHECK(n == n_first && !memcmp(bytes, first, n));
    }
    for (int i = 0; i < N_THREADS; i++)
        vyrec_output_destroy(workers[i].output);
    vyrec_module_destroy(module);
    vyrec_context_destroy(context);
}

int main(void)
{
    threads_do_not_meet(); /* first, when nothing is set up yet */
    everything_is_made();
    what_makes_no_sense_is_refused();
    faults_are_told();
    imports_are_found();
    deep_programs_fit();
    results_are_kept();
    programs_are_built();
    builders_may_run_out_of_memory();
    parts_are_fused_or_not();
    return test_finish();
}
