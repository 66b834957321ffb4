/* frontend_interp.c - the reference interpreter: answers that are known from elsewhere, the same bytes under every
 * schedule, races found where they were planted and nowhere else, traps, bounds, sizes. */
#include <setjmp.h>
#include <stdlib.h>

#include "frontend/frontend.h"
#include "ir/interp.h"
#include "tests/unit/test.h"

static struct memory memory;
static struct arena arena;

/* The module of a text; ends the test when the text is refused. */
static struct ir_module *read_module(const char *text)
{
    struct sources *sources = ARENA_NEW(&arena, struct sources);
    struct intern *names = ARENA_NEW(&arena, struct intern);
    struct diags diags;
    struct frontend_options options = {0};
    sources_init(sources, &arena);
    intern_init(names, &arena);
    diags_init(&diags, &arena, sources);
    struct source_file *file = sources_add(sources, "test.vir", text, strlen(text));
    struct ir_module *m = frontend_read(&arena, names, sources, &diags, file, &options);
    if (!m) {
        struct out out;
        out_init(&out, &memory);
        diags_print(&diags, DIAG_FORMAT_TEXT, false, &out);
        fprintf(stderr, "%s\n", out.bytes ? out.bytes : "no module");
        exit(1);
    }
    return m;
}

static struct ir_run_result run(const char *text, const struct ir_run_buffer *buffers, const uint64_t *params,
                                struct ir_run_options options)
{
    struct ir_module *m = read_module(text);
    return m->pipelines.n ? ir_run_pipeline(&arena, m->pipelines.at[0], buffers, params, &options)
                          : ir_run_program(&arena, m->programs.at[0], buffers, params, &options);
}

static struct ir_run_result run_forward(const char *text, const struct ir_run_buffer *buffers, const uint64_t *params)
{
    return run(text, buffers, params, (struct ir_run_options){.detect_races = true});
}

#define BUFFER(array) {(array), sizeof(array) / sizeof *(array)}
#define TEXT(string) {(char *)(uintptr_t)(string), sizeof(string) - 1}

/* -- known answers --------------------------------------------------------------------------------------- */

static void computes_crc32(void)
{
    uint32_t out[1];
    struct ir_run_buffer buffers[] = {TEXT("abc"), BUFFER(out)};
    CHECK_INT(run_forward("program crc32 { workgroup 1; buffer text : read u8[]; buffer out : write u32[1];\n"
                          "  var crc = 0xFFFFFFFFu32;\n"
                          "  for i in 0u32..len(text) {\n"
                          "    crc = crc ^ u32(text[i]);\n"
                          "    for k in 0u32..8 { crc = select((crc & 1) != 0, crc >> 1 ^ 0xEDB88320, crc >> 1); }\n"
                          "  }\n"
                          "  out[0] = ~crc; }\n",
                          buffers, NULL)
                  .status,
              IR_RUN_OK);
    CHECK_UINT(out[0], 0x352441C2);
}

static void computes_adler32(void)
{
    uint32_t out[1];
    struct ir_run_buffer buffers[] = {TEXT("Wikipedia"), BUFFER(out)};
    CHECK_INT(run_forward("program adler32 { workgroup 1; buffer text : read u8[]; buffer out : write u32[1];\n"
                          "  var a = 1u32; var b = 0u32; var i = 0u32;\n"
                          "  while i < len(text) max 100 {\n"
                          "    a = (a + u32(text[i])) % 65521; b = (b + a) % 65521; i = i + 1;\n"
                          "  }\n"
                          "  out[0] = b << 16 | a; }\n",
                          buffers, NULL)
                  .status,
              IR_RUN_OK);
    CHECK_UINT(out[0], 0x11E60398);
}

static void computes_fnv1a(void)
{
    uint32_t narrow[1];
    uint64_t wide[1];
    struct ir_run_buffer buffers[] = {TEXT("abc"), BUFFER(narrow), BUFFER(wide)};
    CHECK_INT(run_forward("program fnv1a { workgroup 1; buffer text : read u8[]; buffer narrow : write u32[1];\n"
                          "  buffer wide : write u64[1];\n"
                          "  var a = 0x811C9DC5u32; var b = 0xCBF29CE484222325u64;\n"
                          "  for i in 0u32..len(text) {\n"
                          "    a = (a ^ u32(text[i])) * 16777619; b = (b ^ u64(text[i])) * 0x100000001B3;\n"
                          "  }\n"
                          "  narrow[0] = a; wide[0] = b; }\n",
                          buffers, NULL)
                  .status,
              IR_RUN_OK);
    CHECK_UINT(narrow[0], 0x1A47E90B);
    CHECK_UINT(wide[0], 0xE71FA2190541574B);
}

/* The value of a base64 character by comparisons, so that the program needs no table. */
#define DECODE                                                                                                         \
    "fn sextet(c : u32) -> u32 {\n"                                                                                    \
    "  if c >= 97 { return c - 71; }\n"                                                                                \
    "  if c >= 65 { return c - 65; }\n"                                                                                \
    "  if c >= 48 { return c + 4; }\n"                                                                                 \
    "  return select(c == 43, 62u32, 63u32);\n"                                                                        \
    "}\n"                                                                                                              \
    "program decode { dispatch len(text) / 4; buffer text : read u8[]; buffer plain : write u8[];\n"                   \
    "  let q = gid.x * 4;\n"                                                                                           \
    "  if q + 4 <= len(text) {\n"                                                                                      \
    "    var bits = 0u32;\n"                                                                                           \
    "    for k in 0u32..4 { bits = bits << 6 | sextet(u32(text[q + k])); }\n"                                          \
    "    for k in 0u32..3 { plain[gid.x * 3 + k] = u8(bits >> 16 - 8 * k); }\n"                                        \
    "  } }\n"

static void decodes_base64(void)
{
    uint8_t plain[3];
    struct ir_run_buffer buffers[] = {TEXT("TWFu"), BUFFER(plain)};
    CHECK_INT(run_forward(DECODE, buffers, NULL).status, IR_RUN_OK);
    CHECK(plain[0] == 77 && plain[1] == 97 && plain[2] == 110);
}

#define FIND                                                                                                           \
    "program find { dispatch len(plain); buffer plain : read u8[]; buffer ends : read_write u32[];\n"                  \
    "  let i = gid.x;\n"                                                                                               \
    "  if plain[i] == 97 && plain[i + 1] == 98 && plain[i + 2] == 114 && plain[i + 3] == 97 {\n"                       \
    "    let slot = atomic_add(ends[0], 1);\n"                                                                         \
    "    ends[slot + 1] = i + 3;\n"                                                                                    \
    "  } }\n"

static void finds_literals(void)
{
    uint32_t ends[3] = {0};
    struct ir_run_buffer buffers[] = {TEXT("abracadabra"), BUFFER(ends)};
    CHECK_INT(run(FIND, buffers, NULL, (struct ir_run_options){0}).status, IR_RUN_OK);
    CHECK(ends[0] == 2 && ends[1] == 3 && ends[2] == 10);
}

/* "YWJyYWNhZGFicmE=" without its padding is 15 characters; "YWJyYWNhZGFi" decodes to "abracadab". */
static void runs_pipelines_arm_by_arm(void)
{
    uint32_t ends[3] = {0};
    struct ir_run_buffer buffers[] = {TEXT("YWJyYWNhZGFicmFh"), BUFFER(ends)};
    struct ir_run_result r = run(
        DECODE FIND "pipeline scan (text : read u8[], ends : read_write u32[]) { temp plain : u8[len(text) / 4 * 3];\n"
                    "  arm decode = decode(text: text, plain: plain);\n"
                    "  host plain;\n"
                    "  arm find = find(plain: plain, ends: ends); }\n",
        buffers, NULL, (struct ir_run_options){0});
    CHECK_INT(r.status, IR_RUN_OK);
    CHECK(ends[0] == 2 && ends[1] == 3 && ends[2] == 10);
}

/* -- schedules ------------------------------------------------------------------------------------------- */

static const struct ir_run_options schedules[] = {
    {.schedule = IR_SCHEDULE_FORWARD},           {.schedule = IR_SCHEDULE_REVERSED},
    {.schedule = IR_SCHEDULE_RANDOM, .seed = 1}, {.schedule = IR_SCHEDULE_RANDOM, .seed = 2},
    {.schedule = IR_SCHEDULE_INTERLEAVED},
};
enum { N_SCHEDULES = sizeof schedules / sizeof *schedules };

/* Programs without races: `out` is u32[300], `src` too. */
static const char *const clean_programs[] = {
    /* a sum by halves in workgroup memory, each workgroup its own */
    "program sums { workgroup 64; dispatch 300; buffer src : read u32[]; buffer out : write u32[]; workgroup part : "
    "u32[64];\n"
    "  part[lid.x] = src[gid.x]; barrier;\n"
    "  for k in 0u32..6 {\n"
    "    let half = 32u32 >> k;\n"
    "    if lid.x < half { part[lid.x] = part[lid.x] + part[lid.x + half]; }\n"
    "    barrier;\n"
    "  }\n"
    "  if lid.x == 0 { out[wid.x] = part[0]; } }\n",
    /* counting with atomics */
    "program counts { workgroup 32; dispatch 300; buffer src : read u32[]; buffer out : read_write u32[];\n"
    "  atomic_add(out[src[gid.x] % 7], 1, relaxed); atomic_max(out[10 + src[gid.x] % 3], src[gid.x]); }\n",
    /* grid barrier: what all workgroups wrote, turned round */
    "program turns { workgroup 16; dispatch 300; buffer src : read u32[]; buffer out : read_write u32[];\n"
    "  out[gid.x] = src[gid.x] * 3; grid_barrier;\n"
    "  let other = out[299 - gid.x]; grid_barrier;\n"
    "  out[gid.x] = other + 1; }\n",
    /* subgroups, with lanes missing in the last one */
    "program lanes { workgroup 40; dispatch 300; buffer src : read u32[]; buffer out : write u32[];\n"
    "  let s = scan_add(src[gid.x]); let b = ballot(src[gid.x] % 2 == 1);\n"
    "  let t = shuffle(s, lane ^ 1u32); let m = reduce_max(src[gid.x]);\n"
    "  out[gid.x] = s ^ b ^ t ^ m; }\n",
    /* every invocation has its own array; copies are waited for */
    "program copies { workgroup 8; dispatch 75; buffer src : read u32[]; buffer out : write u32[]; local mine : "
    "u32[4];\n"
    "  workgroup tile : u32[32];\n"
    "  copy_async(tile, lid.x * 4, src, gid.x * 4, 4u32, 1); wait(1); barrier;\n"
    "  for k in 0u32..4 { mine[k] = tile[31 - lid.x * 4 - k]; }\n"
    "  for k in 0u32..4 { out[gid.x * 4 + k] = mine[k]; } }\n",
    /* a loop that some leave early, and three dimensions */
    "program cube { workgroup 2, 3, 2; dispatch 4, 5, 3; buffer src : read u32[]; buffer out : write u32[];\n"
    "  let i = gid.x + 4 * (gid.y + 6 * gid.z); var v = src[i]; var n = 0u32;\n"
    "  while v != 1 max 200 { if v == 0 { break; } if v % 2 == 0 { v = v / 2; n = n + 1; continue; } v = 3 * v + 1; n "
    "= n + 1; }\n"
    "  out[i] = n + num_workgroups.y * 1000; }\n",
};

static void agrees_under_all_schedules(void)
{
    for (size_t p = 0; p < sizeof clean_programs / sizeof *clean_programs; p++) {
        uint32_t src[300], out[N_SCHEDULES][300];
        for (uint32_t s = 0; s < N_SCHEDULES; s++) {
            for (uint32_t k = 0; k < 300; k++) {
                src[k] = k * 2654435761u >> 22;
                out[s][k] = 0;
            }
            struct ir_run_buffer buffers[] = {BUFFER(src), BUFFER(out[s])};
            struct ir_run_options options = schedules[s];
            options.detect_races = true;
            struct ir_run_result r = run(clean_programs[p], buffers, NULL, options);
            if (!CHECK_INT(r.status, IR_RUN_OK) || !CHECK(!memcmp(out[0], out[s], sizeof out[0])))
                fprintf(stderr, "  schedule %u of\n%s", s, clean_programs[p]);
        }
        uint32_t sum = 0;
        for (uint32_t k = 0; k < 300; k++)
            sum |= out[0][k];
        CHECK(sum != 0);
    }
}

/* -- races ----------------------------------------------------------------------------------------------- */

/* Programs with one race, on `out` or workgroup memory. */
static const char *const racy_programs[] = {
    /* two write one element */
    "program p { workgroup 4; dispatch 8; buffer out : write u32[]; out[gid.x / 2] = 1; }\n",
    /* one reads what another writes, with no barrier */
    "program p { workgroup 4; dispatch 4; buffer out : read_write u32[]; out[gid.x] = out[gid.x + 1]; }\n",
    /* only different workgroups meet: a barrier does not help */
    "program p { workgroup 4; dispatch 8; buffer out : read_write u32[];\n"
    "  out[gid.x] = 1; barrier; out[gid.x + 8] = out[7 - gid.x]; }\n",
    /* workgroup memory: the barrier between reading and writing again is missing */
    "program p { workgroup 4; dispatch 4; buffer out : write u32[]; workgroup t : u32[4];\n"
    "  t[lid.x] = gid.x; barrier; let v = t[3 - lid.x]; t[lid.x] = v; barrier; out[gid.x] = t[lid.x]; }\n",
    /* a copy is read before it is waited for */
    "program p { workgroup 1; dispatch 1; buffer out : read_write u32[]; workgroup t : u32[4];\n"
    "  copy_async(t, 0, out, 0, 4u32, 1); let v = t[0]; wait(1); out[5] = v; }\n",
    /* the same place twice, the second time behind many readers */
    "program p { workgroup 8; dispatch 8; buffer out : read_write u32[];\n"
    "  let v = out[3]; if lid.x == 5 { out[3] = v + 1; } }\n",
};

static void finds_planted_races(void)
{
    for (size_t p = 0; p < sizeof racy_programs / sizeof *racy_programs; p++)
        for (uint32_t s = 0; s < N_SCHEDULES; s++) {
            uint32_t out[32] = {0};
            struct ir_run_buffer buffers[] = {BUFFER(out)};
            struct ir_run_options options = schedules[s];
            options.detect_races = true;
            struct ir_run_result r = run(racy_programs[p], buffers, NULL, options);
            if (!CHECK_INT(r.status, IR_RUN_RACE) || !CHECK(r.race.first.end && r.race.second.end))
                fprintf(stderr, "  schedule %u of\n%s", s, racy_programs[p]);
        }
}

static void names_both_accesses(void)
{
    uint32_t out[8] = {0};
    struct ir_run_buffer buffers[] = {BUFFER(out)};
    static const char text[] = "program p { workgroup 4; dispatch 4; buffer out : read_write u32[];\n"
                               "  if gid.x == 1 { out[5] = 1; } if gid.x == 3 { out[5] = 2; } }\n";
    struct ir_run_result r = run_forward(text, buffers, NULL);
    CHECK_INT(r.status, IR_RUN_RACE);
    CHECK_STRING(r.race.buffer->name, "out");
    CHECK_UINT(r.race.index, 5);
    CHECK_UINT(r.race.first_invocation, 1);
    CHECK_UINT(r.race.second_invocation, 3);
    CHECK(!strncmp(text + r.race.first.begin - 1, "out[5] = 1", 10));
    CHECK(!strncmp(text + r.race.second.begin - 1, "out[5] = 2", 10));
}

/* Nothing hangs, whatever a race does to the values that loops depend on. */
static void ends_even_with_races(void)
{
    for (uint32_t s = 0; s < N_SCHEDULES; s++) {
        uint32_t out[4] = {0};
        struct ir_run_buffer buffers[] = {BUFFER(out)};
        struct ir_run_result r = run("program p { workgroup 2; dispatch 8; buffer out : read_write u32[];\n"
                                     "  while out[0] < 5 max 50 { out[0] = out[0] + 1; out[1] = gid.x; } }\n",
                                     buffers, NULL, schedules[s]);
        CHECK(r.status == IR_RUN_OK || r.status == IR_RUN_TRAP);
    }
}

/* -- traps, bounds, sizes -------------------------------------------------------------------------------- */

static void reports_the_lowest_trap(void)
{
    for (uint32_t s = 0; s < N_SCHEDULES; s++) {
        uint32_t out[64] = {0};
        struct ir_run_buffer buffers[] = {BUFFER(out)};
        struct ir_run_result r =
            run("program p { workgroup 8; dispatch 64; buffer out : write u32[]; workgroup t : u32[8];\n"
                "  if gid.x % 16 == 13 { trap(gid.x + 100); }\n"
                "  t[lid.x] = 1; barrier;\n"
                "  out[gid.x] = t[7 - lid.x] + reduce_add(1u32); }\n",
                buffers, NULL, schedules[s]);
        CHECK_INT(r.status, IR_RUN_TRAP);
        CHECK_UINT(r.trap_invocation, 13);
        CHECK_UINT(r.trap_code, 113);
        CHECK(r.trap_range.end != 0);
        CHECK(out[0] == 9 && out[10] == 7 && out[14] == 8 && out[13] == 0); /* the others complete */
    }
}

static void traps_after_max_rounds(void)
{
    static const struct {
        uint64_t needed, max;
        enum ir_run_status status;
    } cases[] = {
        {4, 5, IR_RUN_OK}, {5, 5, IR_RUN_OK}, {6, 5, IR_RUN_TRAP}, {0, 0, IR_RUN_OK}, {1, 0, IR_RUN_TRAP},
    };
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        uint32_t out[1];
        struct ir_run_buffer buffers[] = {BUFFER(out)};
        uint64_t params[] = {cases[k].needed, cases[k].max};
        struct ir_run_result r =
            run_forward("program p { workgroup 1; buffer out : write u32[]; param needed : u32; param most : u32;\n"
                        "  var i = 0u32; while i < needed max most { i = i + 1; } out[0] = i; }\n",
                        buffers, params);
        CHECK_INT(r.status, cases[k].status);
        CHECK_UINT(r.status == IR_RUN_TRAP ? r.trap_code : out[0], r.status == IR_RUN_TRAP ? 1 : cases[k].needed);
    }
}

static void later_arms_do_not_run_after_a_trap(void)
{
    uint32_t out[4] = {7, 7, 7, 7};
    struct ir_run_buffer buffers[] = {BUFFER(out)};
    struct ir_run_result r = run("program bad { workgroup 1; dispatch 1; buffer t : write u32[]; trap(9); }\n"
                                 "program fill { workgroup 1; dispatch 4; buffer t : read u32[]; buffer out : write "
                                 "u32[]; out[gid.x] = t[0] + 1; }\n"
                                 "pipeline all (out : read_write u32[]) { temp t : u32[4];\n"
                                 "  arm a = bad(t: t); arm b = fill(t: t, out: out); }\n",
                                 buffers, NULL, (struct ir_run_options){0});
    CHECK_INT(r.status, IR_RUN_TRAP);
    CHECK_UINT(r.trap_code, 9);
    CHECK_UINT(out[0], 7);
}

static void keeps_to_the_bounds(void)
{
    uint32_t out[6] = {11, 12, 13, 14, 0xCAFE, 0xCAFE}, old[3];
    struct ir_run_buffer buffers[] = {{out, 4}, BUFFER(old)};
    uint64_t params[] = {0x40000001};
    struct ir_run_result r =
        run_forward("program p { workgroup 1; dispatch 1; buffer out : read_write u32[]; buffer old : write u32[]; "
                    "param far : u32;\n"
                    "  out[4] = 1; out[far] = 2; out[4294967295] = 3;\n"
                    "  old[0] = out[4] + out[far] + 5; barrier;\n"
                    "  let o = atomic_add(out[far], 8); old[1] = o + 6; barrier; old[2] = out[1]; }\n",
                    buffers, params);
    CHECK_INT(r.status, IR_RUN_OK);
    CHECK(out[0] == 11 && out[1] == 12 && out[2] == 13 && out[3] == 14 && out[4] == 0xCAFE && out[5] == 0xCAFE);
    CHECK(old[0] == 5 && old[1] == 6 && old[2] == 12);
}

static void copies_keep_to_the_bounds(void)
{
    uint32_t src[4] = {1, 2, 3, 4}, out[6] = {9, 9, 9, 9, 0xCAFE, 0xCAFE};
    struct ir_run_buffer buffers[] = {BUFFER(src), {out, 4}};
    struct ir_run_result r =
        run_forward("program p { workgroup 1; dispatch 1; buffer src : read u32[]; buffer out : read_write u32[];\n"
                    "  copy_async(out, 1, src, 2, 4294967295u32, 3); wait(3); }\n",
                    buffers, NULL);
    CHECK_INT(r.status, IR_RUN_OK);
    CHECK(out[0] == 9 && out[1] == 3 && out[2] == 4 && out[3] == 0 && out[4] == 0xCAFE);
}

static void zeroes_what_it_should(void)
{
    uint32_t out[64];
    memset(out, 0xFF, sizeof out);
    struct ir_run_buffer buffers[] = {BUFFER(out)};
    struct ir_run_result r = run_forward(
        "program p { workgroup 4; dispatch 16; buffer out : write u32[]; workgroup w : u32[4]; local l : u32[2];\n"
        "  out[gid.x] = w[lid.x] + l[0] + 3; w[lid.x] = 5; l[0] = 6; }\n",
        buffers, NULL);
    CHECK_INT(r.status, IR_RUN_OK);
    for (uint32_t k = 0; k < 64; k++)
        CHECK_UINT(out[k], k < 16 ? 3 : 0);
}

static void refuses_bad_sizes(void)
{
    uint32_t words[16] = {0};
    static const char sized[] = "program p { workgroup 1; dispatch 1; buffer a : read u32[8]; buffer b : write u32[]; "
                                "b[0] = a[0] + len(a); }\n";
    struct ir_run_buffer shorter[] = {{words, 7}, {words + 8, 8}}, overlapping[] = {{words, 8}, {words + 7, 8}};
    struct ir_run_buffer longer[] = {{words, 12}, {words + 8, 8}};
    struct ir_run_result r = run_forward(sized, shorter, NULL);
    CHECK_INT(r.status, IR_RUN_BAD_SIZE);
    CHECK(r.message && strstr(r.message, "'a'"));
    r = run_forward(sized, overlapping, NULL);
    CHECK_INT(r.status, IR_RUN_BAD_SIZE);
    CHECK(r.message && strstr(r.message, "overlap"));
    CHECK_INT(run_forward(sized, longer, NULL).status, IR_RUN_OK); /* only 8 elements are used: no overlap */
    CHECK_UINT(words[8], 8);
    struct ir_run_buffer one[] = {{words, 16}};
    uint64_t param[] = {17};
    r = run_forward(
        "program p { workgroup 1; dispatch len(b) - n; buffer b : write u32[]; param n : u32; b[0] = 1; }\n", one,
        param);
    CHECK_INT(r.status, IR_RUN_BAD_SIZE);
}

static void stops_at_the_step_limit(void)
{
    uint32_t out[1];
    struct ir_run_buffer buffers[] = {BUFFER(out)};
    struct ir_run_result r = run("program p { workgroup 1; dispatch 1; buffer out : write u32[];\n"
                                 "  var n = 0u32; for i in 0u32..4000000000 { n = n + i; } out[0] = n; }\n",
                                 buffers, NULL, (struct ir_run_options){.max_steps = 10000});
    CHECK_INT(r.status, IR_RUN_TOO_LONG);
    CHECK_UINT(r.n_steps, 10000);
}

/* What runs and what does not: the let, the if, its else with its store, and the loop run; the first branch does not. */
static void counts_statements_that_ran(void)
{
    uint32_t out[2];
    struct ir_run_buffer buffers[] = {BUFFER(out)};
    struct ir_run_result r = run_forward("program p { workgroup 1; dispatch 1; buffer out : write u32[];\n"
                                         "  let n = gid.x; if n != 0 { out[0] = 1; } else { out[0] = 2; }\n"
                                         "  for i in n..3 { if i < 9 { continue; } out[1] = i; } }\n",
                                         buffers, NULL);
    CHECK_INT(r.status, IR_RUN_OK);
    CHECK_UINT(r.n_statements, 8);
    CHECK_UINT(r.n_reached, 6);
}

/* Loops that end at the last value of their type must not wrap. */
static void loops_do_not_wrap(void)
{
    uint32_t out[4];
    struct ir_run_buffer buffers[] = {BUFFER(out)};
    struct ir_run_result r = run("program p { workgroup 1; dispatch 1; buffer out : write u32[];\n"
                                 "  var n = 0u32; for i in 250u8..255 step 3 { n = n + 1; } out[0] = n;\n"
                                 "  n = 0; for i in -128i8..127 { n = n + 1; } out[1] = n;\n"
                                 "  n = 0; for i in 5u32..5 { n = n + 1; } out[2] = n;\n"
                                 "  n = 0; for i in 4294967290u32..4294967295 step 4 { n = n + 1; } out[3] = n; }\n",
                                 buffers, NULL, (struct ir_run_options){.max_steps = 100000});
    CHECK_INT(r.status, IR_RUN_OK);
    CHECK(out[0] == 2 && out[1] == 255 && out[2] == 0 && out[3] == 2);
}

int main(void)
{
    if (setjmp(memory.recover)) return 1;
    arena_init(&arena, &memory);
    computes_crc32();
    computes_adler32();
    computes_fnv1a();
    decodes_base64();
    finds_literals();
    runs_pipelines_arm_by_arm();
    agrees_under_all_schedules();
    finds_planted_races();
    names_both_accesses();
    ends_even_with_races();
    reports_the_lowest_trap();
    traps_after_max_rounds();
    later_arms_do_not_run_after_a_trap();
    keeps_to_the_bounds();
    copies_keep_to_the_bounds();
    zeroes_what_it_should();
    refuses_bad_sizes();
    stops_at_the_step_limit();
    counts_statements_that_ran();
    loops_do_not_wrap();
    arena_release(&arena);
    return test_finish();
}
