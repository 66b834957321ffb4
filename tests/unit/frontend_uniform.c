/* frontend_uniform.c - workgroup uniformity: for each fact a program where it holds, and the nearest where it does not.
 *
 * `wait(1)` marks the statement that is asked about (it may stand anywhere), and `v` is the local. */
#include "ir/facts.h"
#include "ir/walk.h"
#include "tests/unit/text_fixture.h"

static const char head[] = "program t { workgroup 64; dispatch len(rd);\n"
                           "buffer rd : read u32[]; buffer rw : read_write u32[]; buffer quiet : read_write u32[];\n"
                           "buffer un : uniform u32[]; workgroup wg : u32[64]; param n : u32;\n"
                           "rw[gid.x] = 1; ";

struct fact {
    const char *text;
    bool holds;
};

/* -- values: is `v` uniform? ------------------------------------------------------------------------------------ */

static const struct fact values[] = {
    {"let v = n * 2 + 1;", true},
    {"let v = n + gid.x;", false},
    {"let v = wid.x;", true},
    {"let v = lid.x;", false},
    {"let v = gid.y + lid.z;", true}, /* the workgroup is 64 by 1 by 1 */
    {"let v = lane;", false},
    {"let v = num_workgroups.x + workgroup_size.x + subgroup_size + len(rw);", true},
    {"let v = rd[n];", true},
    {"let v = rd[lid.x];", false},
    {"let v = un[3];", true},
    {"let v = rw[n];", false},
    {"let v = quiet[n];", true},
    {"let v = wg[0];", false},
    {"let v = atomic_add(wg[0], 1);", false},
    {"let v = reduce_add(gid.x);", false}, /* two subgroups */
    {"let v = select(lid.x == 0, n, n);", false},
    {"var v = n; v = v + 1;", true},
    {"var v = n; v = v + lid.x;", false},
    /* what is assigned in a branch */
    {"var v = 0; if n > 3 { v = 1; }", true},
    {"var v = 0; if lid.x > 3 { v = 1; }", false},
    {"if lid.x > 3 { var v = 0; v = n; }", true},
    {"if lid.x > 3 { var v = 0; if n > 3 { v = n; } }", true},
    {"if lid.x > 3 { var v = 0; if lid.x > 5 { v = n; } }", false},
    {"if lid.x > 3 { let v = n; }", true},
    /* in a loop */
    {"var v = 0; for k in 0u32..n { v = v + k; }", true},
    {"var v = 0; for k in 0u32..lid.x { v = v + 1; }", false},
    {"var v = 0; for k in lid.x..99 { v = v + 1; }", false},
    {"for v in 0u32..lid.x { wait(2); }", true}, /* those who are there have counted alike */
    {"for v in lid.x..99 { wait(2); }", false},
    {"var v = 0; while v < n max 99 { v = v + 1; }", true},
    {"var v = 0; while v < lid.x max 99 { v = v + 1; }", false},
    {"var v = 0; while v < n max lid.x { v = v + 1; }", true}, /* who reaches max traps */
    /* jumps */
    {"var v = 0; for k in 0u32..n { if k == 3 { break; } v = v + 1; }", true},
    {"var v = 0; for k in 0u32..n { if k == lid.x { break; } v = v + 1; }", false},
    {"var v = 0; for k in 0u32..n { if k == 3 { continue; } v = v + 1; }", true},
    {"var v = 0; for k in 0u32..n { if k == lid.x { continue; } v = v + 1; }", false},
    {"var v = 0; for k in 0u32..n { v = v + 1; if k == lid.x { continue; } wait(2); }", true},
    {"for k in 0u32..n { if k == lid.x { continue; } var v = 0; v = n; }", true},
    {"for k in 0u32..n { var v = 0; if k == lid.x { continue; } v = n; }", false},
    {"var v = 0; if lid.x == 3 { return; } v = 1;", true},
    {"var v = 0; if lid.x == 3 { trap(9); } v = 1;", true},
    {"var v = 0; for k in 0u32..n { if k == lid.x { return; } v = v + 1; }", true},
    /* a break that only those who did not continue come to */
    {"var v = 0; for k in 0u32..n { v = v + 1; if k == lid.x { continue; } if v == n { break; } }", false},
    {"var v = 0; for k in 0u32..n { v = v + 1; if v == n { break; } if k == lid.x { continue; } wait(2); }", true},
    /* news that travels backwards through a loop, one variable a round */
    {"var v = 0; var b = 0; var c = 0; for k in 0u32..n { v = b; b = c; c = n; }", true},
    {"var v = 0; var b = 0; var c = 0; for k in 0u32..n { v = b; b = c; c = lid.x; }", false},
    {"var v = 0; var b = 0; for k in 0u32..n { if b > 3 { v = v + 1; } b = b + n; }", true},
    {"var v = 0; var b = 0; for k in 0u32..n { if b > 3 { v = v + 1; } b = b + lid.x; }", false},
};

/* -- statements: do all come to `wait(1)` together? --------------------------------------------------------------- */

static const struct fact statements[] = {
    {"wait(1);", true},
    {"if n > 3 { wait(1); }", true},
    {"if lid.x > 3 { wait(1); }", false},
    {"if lid.x > 3 { wait(2); } else { wait(1); }", false},
    {"if lid.x > 3 { wait(2); } wait(1);", true},
    {"{ region \"r\" { wait(1); } }", true},
    {"if rw[0] == 0 { wait(1); }", false},
    {"if rd[0] == 0 { wait(1); }", true},
    {"if lid.x > 3 { return; } wait(1);", false},
    {"if n > 3 { return; } wait(1);", true},
    {"if lid.x > 3 { trap(3); } wait(1);", true},
    {"if n > 3 { if lid.x > 3 { return; } } wait(1);", false},
    {"wait(1); if lid.x > 3 { return; }", true},
    {"for k in 0u32..n { wait(1); }", true},
    {"for k in 0u32..lid.x { wait(1); }", false},
    {"for k in lid.x..64 { wait(1); }", false},
    {"for k in 0u32..lid.x { wait(2); } wait(1);", true},
    {"for k in 0u32..n { wait(1); if k == lid.x { break; } }", false}, /* the next round */
    {"for k in 0u32..n { if k == lid.x { break; } } wait(1);", true},
    {"for k in 0u32..n { wait(1); if k == lid.x { continue; } wait(2); }", true},
    {"for k in 0u32..n { if k == lid.x { continue; } wait(1); }", false},
    {"for k in 0u32..n { if k == 3 { continue; } wait(1); }", true},
    {"for k in 0u32..n { wait(1); if k == lid.x { return; } }", false},
    {"for k in 0u32..n { if k == lid.x { return; } } wait(1);", false},
    {"for j in 0u32..n { wait(1); for k in 0u32..n { if k == lid.x { return; } } }", false},
    {"for j in 0u32..n { wait(1); for k in 0u32..n { if k == lid.x { break; } } }", true},
    {"for j in 0u32..n { for k in 0u32..n { if k == lid.x { continue; } wait(2); } wait(1); }", true},
    {"for j in 0u32..n { for k in 0u32..n { if k == lid.x { break; } if k == 3 { return; } } } wait(1);", false},
    {"while rd[0] == 0 max 9 { wait(1); }", true},
    {"while rd[lid.x] == 0 max 9 { wait(1); }", false},
    {"var x = 0; for k in 0u32..lid.x { x = 1; } if x > 0 { wait(1); }", false},
    {"var x = 0; for k in 0u32..n { x = 1; } if x > 0 { wait(1); }", true},
    {"var x = 0; for j in 0u32..n { if x > 3 { wait(1); } x = x + lid.x; }", false},
};

static bool is_value_uniform(struct texts *t, const char *text)
{
    struct ir_module *m = texts_read_two(t, head, text);
    struct ir_uniformity u;
    ir_uniformity_compute(&u, &t->arena, m->programs.at[0]);
    return u.local_uniform[texts_local(m->programs.at[0], "v")->index];
}

static void find_marker(void *ctx, struct ir_stmt *s)
{
    struct ir_stmt **marker = ctx;
    if (s->kind == IR_STMT_WAIT && s->wait.tag == 1) *marker = s;
}

static bool is_marker_uniform(struct texts *t, const char *text)
{
    struct ir_module *m = texts_read_two(t, head, text);
    struct ir_uniformity u;
    struct ir_stmt *marker = NULL;
    ir_uniformity_compute(&u, &t->arena, m->programs.at[0]);
    ir_walk_stmts(&m->programs.at[0]->body, find_marker, &marker);
    bool uniform = ir_stmt_is_uniform(&u, marker);
    CHECK(uniform == !ir_divergence_cause(&u, marker).end);
    return uniform;
}

static void check_facts(struct texts *t, const struct fact *facts, uint32_t n,
                        bool (*ask)(struct texts *, const char *))
{
    for (uint32_t i = 0; i < n; i++)
        if (!CHECK(ask(t, facts[i].text) == facts[i].holds)) fprintf(stderr, "in: %s\n", facts[i].text);
}

/* With one subgroup or one invocation more is uniform. */
static void check_small_workgroups(struct texts *t)
{
    struct ir_uniformity u;
    struct ir_program *p = texts_read(t, "program t { workgroup 8, 4; buffer b : read_write u32[];\n"
                                         "let sum = reduce_add(gid.x); let scan = scan_add(gid.x);\n"
                                         "let of_one = shuffle(gid.x, 3); let of_each = shuffle(gid.x, lane); }")
                               ->programs.at[0];
    ir_uniformity_compute(&u, &t->arena, p);
    CHECK(u.local_uniform[texts_local(p, "sum")->index]);
    CHECK(!u.local_uniform[texts_local(p, "scan")->index]);
    CHECK(u.local_uniform[texts_local(p, "of_one")->index]);
    CHECK(!u.local_uniform[texts_local(p, "of_each")->index]);

    p = texts_read(t, "program t { workgroup 1; buffer b : read_write u32[];\n"
                      "let id = gid.x + lid.x + lane; let old = b[0]; b[1] = 1; }")
            ->programs.at[0];
    ir_uniformity_compute(&u, &t->arena, p);
    CHECK(u.local_uniform[texts_local(p, "id")->index]);
}

/* What a workgroup shares the grid need not. */
static void check_grid(struct texts *t)
{
    struct ir_uniformity u;
    struct ir_program *p =
        texts_read(
            t, "program t { workgroup 64; buffer b : read_write u32[]; buffer r : read u32[]; param n : u32;\n"
               "let group = wid.x; let id = gid.y; let local_id = lid.y; let loaded = r[n]; let by_group = r[wid.x];\n"
               "if wid.x == 0 { return; } b[0] = n; }")
            ->programs.at[0];
    ir_uniformity_compute(&u, &t->arena, p);
    CHECK(u.local_uniform[texts_local(p, "group")->index]);
    CHECK(ir_stmt_is_uniform(&u, p->body.last));
    ir_grid_uniformity_compute(&u, &t->arena, p);
    CHECK(!u.local_uniform[texts_local(p, "group")->index]);
    CHECK(!u.local_uniform[texts_local(p, "id")->index]);
    CHECK(u.local_uniform[texts_local(p, "local_id")->index]);
    CHECK(u.local_uniform[texts_local(p, "loaded")->index]);
    CHECK(!u.local_uniform[texts_local(p, "by_group")->index]);
    CHECK(!ir_stmt_is_uniform(&u, p->body.last));
}

int main(void)
{
    struct texts t;
    texts_init(&t);
    check_facts(&t, values, sizeof values / sizeof values[0], is_value_uniform);
    check_facts(&t, statements, sizeof statements / sizeof statements[0], is_marker_uniform);
    check_small_workgroups(&t);
    check_grid(&t);
    arena_release(&t.arena);
    return test_finish();
}
