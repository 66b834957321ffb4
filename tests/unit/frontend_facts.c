/* frontend_facts.c - liveness, aliasing, coverage, fingerprints: each with where it holds and the nearest where it does
 * not. */
#include "ir/build.h"
#include "ir/facts.h"
#include "ir/ops.h"
#include "ir/walk.h"
#include "tests/unit/text_fixture.h"

/* -- liveness: is `v` live after `wait(1)`? ------------------------------------------------------------------------ */

static const struct {
    const char *text;
    bool live;
} live_facts[] = {
    {"let v = 1; wait(1); b[0] = v;", true},
    {"let v = 1; b[0] = v; wait(1);", false},
    {"wait(1); let v = 1; b[0] = v;", false},
    {"let v = 1; wait(1);", false},
    {"var v = 1; if b[0] > v { wait(1); }", false},
    {"var v = 1; if b[0] > 1 { wait(1); } b[0] = v;", true},
    {"var v = 1; if b[0] > 1 { wait(1); b[0] = v; }", true},
    {"var v = 1; if b[0] > 1 { b[0] = v; } else { wait(1); }", false},
    {"let v = 1; for k in 0u32..9 { b[k] = v; wait(1); }", true},  /* the next round reads it */
    {"for k in 0u32..9 { let v = k; b[k] = v; wait(1); }", false}, /* the next round has its own */
    {"for k in 0u32..9 { let v = k; wait(1); b[k] = v; }", true},
    {"let v = 9u32; for k in 0u32..v { wait(1); }", false}, /* bounds are read once */
    {"var v = 9u32; while v > 3 max 9 { wait(1); }", true}, /* conditions in every round */
    {"let v = 9u32; while b[0] > 3 max v { wait(1); }", false},
    {"for v in 0u32..9 { b[v] = 1; wait(1); }", true}, /* the loop counts on */
    {"for v in 0u32..9 { b[v] = 1; } wait(1);", false},
    {"let v = 1; for j in 0u32..3 { for k in 0u32..9 { b[k] = v; } wait(1); }", true},
    {"for j in 0u32..3 { let v = 1; for k in 0u32..9 { b[k] = v; } wait(1); }", false},
    {"for j in 0u32..3 { let v = j; for k in 0u32..9 { wait(1); b[k] = v; } }", true},
};

static void find_marker(void *ctx, struct ir_stmt *s)
{
    struct ir_stmt **marker = ctx;
    if (s->kind == IR_STMT_WAIT) *marker = s;
}

static void check_liveness(struct texts *t)
{
    for (uint32_t i = 0; i < sizeof live_facts / sizeof live_facts[0]; i++) {
        const struct ir_program *p =
            texts_read_two(t, "program t { buffer b : read_write u32[]; ", live_facts[i].text)->programs.at[0];
        struct ir_liveness l;
        struct ir_stmt *marker = NULL;
        ir_walk_stmts((struct ir_block *)&p->body, find_marker, &marker);
        ir_liveness_compute(&l, &t->arena, p);
        if (!CHECK(ir_is_live_after(&l, marker, texts_local(p, "v")) == live_facts[i].live))
            fprintf(stderr, "in: %s\n", live_facts[i].text);
    }
}

/* After a loop or branch itself, what only its inside reads is not live. */
static void check_liveness_after_compounds(struct texts *t)
{
    const struct ir_program *p = texts_read(t, "program t { buffer b : read_write u32[]; let v = 1;\n"
                                               "for k in 0u32..9 { b[k] = v; } if b[0] > 1 { b[1] = v; } }")
                                     ->programs.at[0];
    const struct ir_stmt *let = p->body.first, *loop = let->next, *branch = loop->next;
    struct ir_liveness l;
    ir_liveness_compute(&l, &t->arena, p);
    CHECK(ir_is_live_after(&l, let, p->locals.at[0]));
    CHECK(ir_is_live_after(&l, loop, p->locals.at[0]));
    CHECK(!ir_is_live_after(&l, branch, p->locals.at[0]));
}

/* -- aliasing ------------------------------------------------------------------------------------------------------ */

static void check_aliasing(struct texts *t)
{
    struct ir_module *m = texts_read(
        t, "program p { dispatch len(c); buffer a : read u32[]; buffer b : read u32[]; buffer c : write u32[];\n"
           "c[gid.x] = a[gid.x] + b[gid.x]; }\n"
           "pipeline same(x : read u32[], y : write u32[]) { arm s = p(a: x, b: x, c: y); }\n");
    const struct ir_program *p = m->programs.at[0];
    const struct ir_arm *arm = m->pipelines.at[0]->body.first->arm;
    CHECK_INT(ir_alias_in_program(p->buffers.at[0], p->buffers.at[1]), IR_ALIAS_NO);
    CHECK_INT(ir_alias_in_program(p->buffers.at[0], p->buffers.at[0]), IR_ALIAS_MUST);
    CHECK_INT(ir_alias_in_arm(arm, p->buffers.at[0], p->buffers.at[1]), IR_ALIAS_MUST);
    CHECK_INT(ir_alias_in_arm(arm, p->buffers.at[0], p->buffers.at[2]), IR_ALIAS_NO);
}

/* -- coverage: how far is `o` written? ------------------------------------------------------------------------------
 */

#define OUT "buffer o : write u32[]; buffer r : read u32[]; param n : u32; "
#define BY_OUT "dispatch len(o); " OUT

static const struct {
    const char *text, *prefix; /* NULL: not proved */
} coverage_facts[] = {
    {BY_OUT "o[gid.x] = 1;", "len(o)"},
    {BY_OUT "if gid.x < len(o) { o[gid.x] = 1; }", "len(o)"},
    {BY_OUT "if len(o) > gid.x { o[gid.x] = 1; }", "len(o)"},
    {BY_OUT "let i = gid.x; if i < len(o) { o[i] = 1; }", "len(o)"},
    {BY_OUT "let h = len(o); if gid.x < h { o[gid.x] = 1; }", "len(o)"},
    {BY_OUT "if gid.x < n { o[gid.x] = 1; }", "min(len(o), n)"},
    {BY_OUT "if gid.x < n { if gid.x < len(r) { o[gid.x] = 1; } }", "min(min(len(o), len(r)), n)"},
    {OUT "o[gid.x] = 1;", "len(o)"}, /* the default dispatch */
    {"dispatch len(r); " OUT "o[gid.x] = 1;", "len(r)"},
    {"dispatch len(r), 1, 1; " OUT "o[gid.x] = 1;", "len(r)"},
    {"dispatch n; " OUT "o[gid.x * 2] = 1; o[gid.x * 2 + 1] = 1;", "2u32 * n"},
    {"dispatch n; " OUT "o[2 * gid.x + 1] = 1; o[gid.x << 1] = 1;", "2u32 * n"},
    {"dispatch n; " OUT "for k in 0u32..3 { o[gid.x * 3 + k] = k; }", "3u32 * n"},
    {"dispatch n; " OUT "let at = gid.x * 4; for j in 0u32..2 { for k in 0u32..2 { o[at + j * 2 + k] = k; } }",
     "4u32 * n"},
    {"dispatch n; " OUT "for k in 0u32..8 step 2 { o[gid.x * 8 + k] = k; o[gid.x * 8 + k + 1] = k; }", "8u32 * n"},
    {"dispatch n; " OUT "for k in 0u32..3 { let at = gid.x * 3 + k; o[at] = k; }", "3u32 * n"},
    {"dispatch len(r) / 4; " OUT
     "let quad = gid.x; if quad < len(r) / 4 { o[quad * 3] = 1; o[quad * 3 + 1] = 2; o[quad * 3 + 2] = 3; }",
     "3u32 * (len(r) / 4u32)"},
    {BY_OUT "{ region \"r\" { o[gid.x] = 1; } }", "len(o)"},
    {BY_OUT "o[gid.x] = 1; if gid.x == 3 { return; }", "len(o)"},
    {BY_OUT "for k in 0u32..3 { if k == n { break; } } o[gid.x] = 1;", "len(o)"},
    /* after a trap the buffers are unspecified */
    {BY_OUT "if gid.x == 3 { trap(1); } o[gid.x] = 1;", "len(o)"},
    {BY_OUT "while r[gid.x] > 3 max 4 { wait(1); } o[gid.x] = 1;", "len(o)"},
    /* an offset is missing */
    {"dispatch n; " OUT "o[gid.x * 2] = 1;", NULL},
    {"dispatch n; " OUT "o[gid.x * 2 + 1] = 1; o[gid.x * 2 + 2] = 1;", NULL},
    {"dispatch n; " OUT "for k in 0u32..2 { o[gid.x * 3 + k] = k; }", NULL},
    {"dispatch n; " OUT "for k in 0u32..8 step 2 { o[gid.x * 8 + k] = k; }", NULL},
    {BY_OUT "o[gid.x + 1] = 1;", NULL},
    {BY_OUT "o[0] = 1;", NULL},
    /* the invocation may not come there */
    {BY_OUT "if gid.x == 3 { return; } o[gid.x] = 1;", NULL},
    {BY_OUT "if gid.x < len(o) { if r[0] > 3 { return; } o[gid.x] = 1; }", NULL},
    {BY_OUT "while r[gid.x] > 3 max 4 { return; } o[gid.x] = 1;", NULL},
    {BY_OUT "for k in 0u32..3 { if k == n { return; } } o[gid.x] = 1;", NULL},
    {BY_OUT "for k in 0u32..1 { if r[0] > 3 { break; } o[gid.x] = 1; }", NULL},
    {BY_OUT "for k in 0u32..1 { if r[0] > 3 { continue; } o[gid.x] = 1; }", NULL},
    {"dispatch n; " OUT "for k in 0u32..3 { o[gid.x * 3 + k] = k; if r[k] == 0 { return; } }", NULL},
    {BY_OUT "for k in 0u32..n { o[gid.x] = 1; }", NULL},
    {BY_OUT "for k in 2u32..2 { o[gid.x] = 1; }", NULL},
    {BY_OUT "while n > 3 max 4 { o[gid.x] = 1; }", NULL},
    /* guards that are something else */
    {BY_OUT "if gid.x <= n { o[gid.x] = 1; }", NULL},
    {BY_OUT "if gid.x > n { o[gid.x] = 1; }", NULL},
    {BY_OUT "if r[gid.x] > 3 { o[gid.x] = 1; }", NULL},
    {BY_OUT "if gid.x < n { } else { o[gid.x] = 1; }", NULL},
    {BY_OUT "if gid.x + 1 < n { o[gid.x] = 1; }", NULL},
    {BY_OUT "if gid.x < r[0] { o[gid.x] = 1; }", NULL},
    {BY_OUT "if lid.x < n { o[gid.x] = 1; }", NULL},
    /* guards that wrap where the host would not */
    {BY_OUT "if gid.x < n * 4 { o[gid.x] = 1; }", NULL},
    {BY_OUT "if gid.x < n + 4 { o[gid.x] = 1; }", NULL},
    {BY_OUT "if gid.x < n << 2 { o[gid.x] = 1; }", NULL},
    {BY_OUT "if gid.x < n - 4 { o[gid.x] = 1; }", "min(len(o), n - 4u32)"}, /* the host has no value then */
    /* other values of the index */
    {BY_OUT "var i = gid.x; i = i + n; o[i] = 1;", NULL},
    {BY_OUT "var i = gid.x; o[i] = 1;", NULL},
    {BY_OUT "o[gid.y] = 1;", NULL},
    {BY_OUT "o[gid.x * n] = 1;", NULL},
    {BY_OUT "o[gid.x & 255] = 1;", NULL},
    {BY_OUT "o[r[gid.x]] = 1;", NULL},
    /* other launches */
    {"dispatch len(o), 2; " OUT "o[gid.x] = 1;", NULL},
    {"dispatch len(o), n; " OUT "o[gid.x] = 1;", NULL},
};

static void check_coverage(struct texts *t)
{
    for (uint32_t i = 0; i < sizeof coverage_facts / sizeof coverage_facts[0]; i++) {
        const char *text = coverage_facts[i].text, *want = coverage_facts[i].prefix, *got = NULL;
        struct ir_module *m = texts_read_two(t, "program t { workgroup 64; ", text);
        struct ir_expr *prefix = ir_written_prefix(m, m->programs.at[0], m->programs.at[0]->buffers.at[0]);
        struct out out;
        out_init(&out, &t->mem);
        if (prefix) ir_print_expr(prefix, &out);
        if (prefix) got = arena_copy(&t->arena, out.bytes, out.n);
        out_release(&out);
        if (!CHECK_STRING(got, want)) fprintf(stderr, "in: %s\n", text);
    }
}

static void check_coverage_of_other_buffers(struct texts *t)
{
    struct ir_module *m =
        texts_read(t, "program t { buffer a : read_write u32[]; buffer b : write u32[]; buffer c : write u32[];\n"
                      "a[gid.x] = 1; b[gid.x] = 1; }");
    const struct ir_program *p = m->programs.at[0];
    CHECK(!ir_written_prefix(m, p, p->buffers.at[0]));
    CHECK(ir_written_prefix(m, p, p->buffers.at[1]) != NULL);
    CHECK(!ir_written_prefix(m, p, p->buffers.at[2]));
}

/* -- fingerprints ---------------------------------------------------------------------------------------------------
 */

#define TABLE "data t1 : u8[2] = [1, 2];\n"
static const char fingerprint_base[] = TABLE
    "program p { workgroup 64; dispatch len(a); buffer a : read u32[]; buffer b : read_write u32[]; workgroup w : "
    "u32[64];\n"
    "local l : u32[4]; param n : u32; param m : f32;\n"
    "let x = a[gid.x]; var y = x + n; w[lid.x] = y; barrier; l[0] = w[0]; b[gid.x] = y + l[0] + u32(t1[x]) + u32(m); }";

static const struct {
    const char *what, *text;
    bool equal;
} fingerprint_facts[] = {
    {"names of locals and arrays",
     TABLE "program p { workgroup 64; dispatch len(a); buffer a : read u32[]; buffer b : read_write u32[]; workgroup "
           "ww : u32[64];\n"
           "local ll : u32[4]; param n : u32; param m : f32;\n"
           "let q = a[gid.x]; var r = q + n; ww[lid.x] = r; barrier; ll[0] = ww[0]; b[gid.x] = r + ll[0] + u32(t1[q]) "
           "+ u32(m); }",
     true},
    {"order of declarations, names of the program and of data, a program before it",
     "program first { buffer z : write u32[]; z[gid.x] = 1; }\n"
     "program other { param m : f32; local l : u32[4]; workgroup w : u32[64]; buffer b : read_write u32[]; param n : "
     "u32;\n"
     "buffer a : read u32[]; workgroup 64; dispatch len(a);\n"
     "let x = a[gid.x]; var y = x + n; w[lid.x] = y; barrier; l[0] = w[0]; b[gid.x] = y + l[0] + u32(table[x]) + "
     "u32(m); }\n"
     "data table : u8[2] = [1, 2];",
     true},
    {"layout and comments",
     TABLE "program p { // as before\n workgroup 64; dispatch len(a); buffer a : read u32[]; buffer b : read_write "
           "u32[]; workgroup w : u32[64];\n"
           "local l : u32[4]; param n : u32; param m : f32;\n\n\n"
           "let x = (a[gid.x]); var y : u32 = x + n; w[lid.x] = y; barrier; l[0] = w[0]; b[gid.x] = y + l[0] + "
           "u32(t1[x]) + u32(m); }",
     true},
    {"a constant",
     TABLE "program p { workgroup 64; dispatch len(a); buffer a : read u32[]; buffer b : read_write u32[]; workgroup w "
           ": u32[64];\n"
           "local l : u32[4]; param n : u32; param m : f32;\n"
           "let x = a[gid.x]; var y = x + n; w[lid.x] = y; barrier; l[0] = w[1]; b[gid.x] = y + l[0] + u32(t1[x]) + "
           "u32(m); }",
     false},
    {"which local",
     TABLE "program p { workgroup 64; dispatch len(a); buffer a : read u32[]; buffer b : read_write u32[]; workgroup w "
           ": u32[64];\n"
           "local l : u32[4]; param n : u32; param m : f32;\n"
           "let x = a[gid.x]; var y = x + n; w[lid.x] = x; barrier; l[0] = w[0]; b[gid.x] = y + l[0] + u32(t1[x]) + "
           "u32(m); }",
     false},
    {"the bytes of data",
     "data t1 : u8[2] = [1, 3];\n"
     "program p { workgroup 64; dispatch len(a); buffer a : read u32[]; buffer b : read_write u32[]; workgroup w : "
     "u32[64];\n"
     "local l : u32[4]; param n : u32; param m : f32;\n"
     "let x = a[gid.x]; var y = x + n; w[lid.x] = y; barrier; l[0] = w[0]; b[gid.x] = y + l[0] + u32(t1[x]) + u32(m); "
     "}",
     false},
    {"the workgroup",
     TABLE "program p { workgroup 32; dispatch len(a); buffer a : read u32[]; buffer b : read_write u32[]; workgroup w "
           ": u32[64];\n"
           "local l : u32[4]; param n : u32; param m : f32;\n"
           "let x = a[gid.x]; var y = x + n; w[lid.x] = y; barrier; l[0] = w[0]; b[gid.x] = y + l[0] + u32(t1[x]) + "
           "u32(m); }",
     false},
    {"the name of a param",
     TABLE "program p { workgroup 64; dispatch len(a); buffer a : read u32[]; buffer b : read_write u32[]; workgroup w "
           ": u32[64];\n"
           "local l : u32[4]; param nn : u32; param m : f32;\n"
           "let x = a[gid.x]; var y = x + nn; w[lid.x] = y; barrier; l[0] = w[0]; b[gid.x] = y + l[0] + u32(t1[x]) + "
           "u32(m); }",
     false},
    {"the kind of an array",
     TABLE "program p { workgroup 64; dispatch len(a); buffer a : read u32[]; buffer b : read_write u32[]; workgroup w "
           ": u32[64];\n"
           "workgroup l : u32[4]; param n : u32; param m : f32;\n"
           "let x = a[gid.x]; var y = x + n; w[lid.x] = y; barrier; l[0] = w[0]; b[gid.x] = y + l[0] + u32(t1[x]) + "
           "u32(m); }",
     false},
    {"a barrier less",
     TABLE "program p { workgroup 64; dispatch len(a); buffer a : read u32[]; buffer b : read_write u32[]; workgroup w "
           ": u32[64];\n"
           "local l : u32[4]; param n : u32; param m : f32;\n"
           "let x = a[gid.x]; var y = x + n; w[lid.x] = y; l[0] = w[0]; b[gid.x] = y + l[0] + u32(t1[x]) + u32(m); }",
     false},
};

static bool is_same_fingerprint(struct ir_fingerprint a, struct ir_fingerprint b)
{
    return !memcmp(a.bytes, b.bytes, sizeof a.bytes);
}

static struct ir_fingerprint last_program_fingerprint(struct texts *t, const char *text)
{
    struct ir_module *m = texts_read(t, text);
    return ir_program_fingerprint(m->programs.at[m->programs.n - 1], &t->arena);
}

/* Where a function or a table comes from is no part of what a program means. */
static void check_imported_fingerprint(struct texts *t)
{
    static const char table[] = "data t1 : u8[2] = file(\"two.bin\");\n", bytes[] = {1, 2};
    char folder[] = "/tmp/vyre-facts-XXXXXX";
    const struct {
        const char *name, *content;
        size_t n;
    } files[] = {{"table.vir", table, sizeof table - 1}, {"two.bin", bytes, sizeof bytes}};
    if (!CHECK(mkdtemp(folder))) return;
    for (int i = 0; i < 2; i++) {
        FILE *f = fopen(arena_printf(&t->arena, "%s/%s", folder, files[i].name), "wb");
        CHECK(f && fwrite(files[i].content, 1, files[i].n, f) == files[i].n && !fclose(f));
    }
    const char *text =
        arena_printf(&t->arena, "import \"%s/table.vir\";\n%s", folder, fingerprint_base + sizeof TABLE - 1);
    CHECK(is_same_fingerprint(last_program_fingerprint(t, fingerprint_base), last_program_fingerprint(t, text)));
    for (int i = 0; i < 2; i++)
        remove(arena_printf(&t->arena, "%s/%s", folder, files[i].name));
    remove(folder);
}

static void check_program_fingerprints(struct texts *t)
{
    struct ir_fingerprint base = last_program_fingerprint(t, fingerprint_base);
    for (uint32_t i = 0; i < sizeof fingerprint_facts / sizeof fingerprint_facts[0]; i++) {
        struct ir_fingerprint f = last_program_fingerprint(t, fingerprint_facts[i].text);
        if (!CHECK(is_same_fingerprint(base, f) == fingerprint_facts[i].equal))
            fprintf(stderr, "of: %s\n", fingerprint_facts[i].what);
    }
    struct ir_module *m = texts_read(t, fingerprint_base);
    struct ir_program *copy = ir_program_copy(m, m->programs.at[0], "copy");
    CHECK(is_same_fingerprint(base, ir_program_fingerprint(copy, &t->arena)));
}

#define ADD                                                                                                            \
    "program add { dispatch len(to); buffer from : read u32[]; buffer to : write u32[]; param n : u32; to[gid.x] = "   \
    "from[gid.x] + n; }\n"

static struct ir_fingerprint pipeline_fingerprint(struct texts *t, const char *text)
{
    return ir_pipeline_fingerprint(texts_read(t, text)->pipelines.at[0], &t->arena);
}

static void check_pipeline_fingerprints(struct texts *t)
{
    struct ir_fingerprint base =
        pipeline_fingerprint(t, ADD "pipeline p(a : read u32[], b : write u32[]) { temp x : u32[len(a)]; arm one = "
                                    "add(from: a, to: x, n: 1); arm two = add(from: x, to: b, n: 2); }");
    CHECK(is_same_fingerprint(
        base, pipeline_fingerprint(
                  t, ADD "pipeline q(b : write u32[], a : read u32[]) { temp y : u32[len(a)]; "
                         "arm first = add(n: 1, to: y, from: a); arm second = add(from: y, to: b, n: 2); }")));
    CHECK(!is_same_fingerprint(
        base,
        pipeline_fingerprint(t, ADD "pipeline p(a : read u32[], b : write u32[]) { temp x : u32[len(a)]; "
                                    "arm one = add(from: a, to: x, n: 1); arm two = add(from: x, to: b, n: 3); }")));
    CHECK(!is_same_fingerprint(
        base,
        pipeline_fingerprint(t, ADD "pipeline p(a : read u32[], b : write u32[]) { temp x : u32[len(a) / 1]; "
                                    "arm one = add(from: a, to: x, n: 1); arm two = add(from: x, to: b, n: 2); }")));
    CHECK(!is_same_fingerprint(
        base, pipeline_fingerprint(
                  t, ADD "pipeline p(a : read u32[], b : write u32[]) { temp x : u32[len(a)]; "
                         "arm one = add(from: a, to: x, n: 1); host x; arm two = add(from: x, to: b, n: 2); }")));
}

int main(void)
{
    struct texts t;
    texts_init(&t);
    check_liveness(&t);
    check_liveness_after_compounds(&t);
    check_aliasing(&t);
    check_coverage(&t);
    check_coverage_of_other_buffers(&t);
    check_program_fingerprints(&t);
    check_imported_fingerprint(&t);
    check_pipeline_fingerprints(&t);
    arena_release(&t.arena);
    return test_finish();
}
