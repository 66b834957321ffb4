/* gen_handoff.c - random pipelines whose arms hand buffers on in every way that passes tell apart: own elements, windows at both
 * ends, several elements from several, counters, workgroup memory, unknown places; in grids and workgroups of unlike sizes, with
 * guards, returns, traps, buffers that are seen outside, and looks of the host in between.
 *
 * Made as text, since that is what these are made of: each arm has a program of its own. Without races: an invocation writes its own
 * elements, and shared atomics do not show their order. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tools/vyre-fuzz/gen_text.h"
#include "tools/vyre-fuzz/generate.h"

enum { MAX_ARMS = 6, MAX_TEMPS = 4 };

struct handoff {
    struct random *random;
    struct out *out;
    uint32_t number; /* of the program */
    const char *type;
    bool alike; /* all programs have workgroups of 64, and most this dispatch and guard */
    uint32_t dispatch, guard;
    uint32_t trap_percent; /* of programs that trap besides */
};

static bool chance(const struct handoff *h, uint32_t percent)
{
    return random_chance(h->random, percent);
}

/* -- programs ------------------------------------------------------------------------------------------------ */

/* A value made from x of the type, and from what belongs to an arm. */
static void print_value(const struct handoff *h, const char *x)
{
    static const char *const forms[] = {
        "%s * 3%s + 1%s",        "%s ^ %s(gid.x) + 5%s",  "%s + %s(len(from)) - 2%s", "%s - %s(num_workgroups.x) * 7%s",
        "%s + %s(amount) | 1%s", "%s * 5%s ^ %s(amount)",
    };
    const char *t = h->type;
    out_printf(h->out, forms[random_below(h->random, sizeof forms / sizeof *forms)], x, t, t);
}

static void print_stmt(const struct handoff *h, const char *to, const char *x)
{
    out_printf(h->out, "  %s = ", to);
    print_value(h, x);
    out_text(h->out, ";\n");
}

static void body_own(const struct handoff *h)
{
    print_stmt(h, "to[i]", "from[i]");
}

static void body_window(const struct handoff *h)
{
    uint32_t back = random_below(h->random, 4), ahead = random_below(h->random, 40);
    out_printf(h->out, "  let around = from[i - %u] ^ from[i + %u] * 3%s;\n", back, ahead, h->type);
    print_stmt(h, "to[i]", "around");
}

static void body_pairs(const struct handoff *h)
{
    out_printf(h->out, "  let both = from[i * 2] << 4 | from[i * 2 + 1] & 15%s;\n", h->type);
    print_stmt(h, "to[i]", "both");
}

static void body_three_of_four(const struct handoff *h)
{
    out_printf(h->out, "  if i < len(from) / 4 {\n  let q = from[i * 4] ^ from[i * 4 + 3];\n");
    print_stmt(h, "to[i * 3]", "q");
    print_stmt(h, "to[i * 3 + 1]", "from[i * 4 + 1]");
    print_stmt(h, "to[i * 3 + 2]", "from[i * 4 + 2]");
    out_text(h->out, "  }\n");
}

static void body_two_each(const struct handoff *h)
{
    print_stmt(h, "to[i * 2]", "from[i]");
    print_stmt(h, "to[i * 2 + 1]", "from[i]");
}

static void body_partial(const struct handoff *h)
{
    out_printf(h->out, "  if from[i] %% 3%s == 0%s {\n", h->type, h->type);
    print_stmt(h, "to[i]", "from[i]");
    out_text(h->out, "  }\n");
}

static void body_gather(const struct handoff *h)
{
    print_stmt(h, "to[i]", "from[i * 7 % max(len(from), 1)]");
}

static void body_twice(const struct handoff *h)
{
    print_stmt(h, "to[i]", "from[i]");
    out_printf(h->out, "  if i %% 2 == 1 { to[i] = from[i] >> 1; }\n");
}

static void body_count(const struct handoff *h)
{
    static const char *const ops[] = {"add", "add", "add", "max", "xor"};
    out_printf(h->out, "  if i < len(from) {\n    atomic_%s(total[%u], u32(from[i]));\n  }\n",
               ops[random_below(h->random, 5)], random_below(h->random, 4));
    if (chance(h, 50)) print_stmt(h, "to[i]", "from[i]");
}

static void body_use_total(const struct handoff *h)
{
    out_printf(h->out, "  to[i] = from[i] + %s(total[%u]);\n", h->type, random_below(h->random, 4));
}

/* Another invocation's element, of the same workgroup where that has 64. */
static void body_mirror(const struct handoff *h)
{
    print_stmt(h, "to[i]", chance(h, 50) ? "from[i / 64 * 64 + (63 - i % 64)]" : "from[i ^ 1]");
}

/* Elements that another arm may own otherwise. */
static void body_shifted(const struct handoff *h)
{
    print_stmt(h, "to[i + 1]", "from[i]");
}

static void body_staged(const struct handoff *h)
{
    out_printf(h->out,
               "  staged[lid.x] = from[i];\n  barrier;\n  let next = staged[(lid.x + 1) %% workgroup_size.x];\n");
    if (chance(h, 40)) {
        out_text(h->out, "  barrier;\n  staged[lid.x] = next * 3;\n  barrier;\n");
        print_stmt(h, "to[i]", "staged[(lid.x + 5) % workgroup_size.x]");
        return;
    }
    print_stmt(h, "to[i]", "next");
}

/* A buffer of its own, of which workgroups touch elements of their own, neighbours' in the workgroup included. */
static void body_scratch(const struct handoff *h)
{
    static const struct {
        const char *write, *place; /* place: where the other one of that number was written */
    } forms[] = {
        {"  scratch[i] = from[i];\n", "scratch[%s]"},
        {"  if i < len(scratch) { scratch[i] = from[i]; }\n", "scratch[%s]"},
        {"  if i < len(scratch) / 3 {\n    for k in 0u32..3 { scratch[i * 3 + k] = from[i + k]; }\n  }\n",
         "scratch[%s * 3 + 2]"},
        {"  scratch[i + 1] = from[i];\n", "scratch[%s + 1]"},
    };
    static const char *const others[] = {"i", "i", "(wid.x * workgroup_size.x + (lid.x + 1) % workgroup_size.x)",
                                         "(wid.x * workgroup_size.x + (workgroup_size.x - 1 - lid.x))",
                                         "(wid.x * workgroup_size.x)"};
    char place[120];
    uint32_t form = random_below(h->random, sizeof forms / sizeof *forms);
    out_printf(h->out, "%s  barrier;\n", forms[form].write);
    snprintf(place, sizeof place, forms[form].place, others[random_below(h->random, sizeof others / sizeof *others)]);
    print_stmt(h, "to[i]", place);
}

static void body_update(const struct handoff *h)
{
    print_stmt(h, "to[i]", "to[i]");
    out_text(h->out, "  to[i] = to[i] ^ from[i];\n");
}

static void body_trap(const struct handoff *h)
{
    out_printf(h->out, "  if from[i] %% 64%s == %u%s && i %% 5 == 2 { trap(%u); }\n", h->type,
               random_below(h->random, 64), h->type, h->number + 1);
    print_stmt(h, "to[i]", "from[i]");
}

static void body_search(const struct handoff *h)
{
    out_printf(h->out,
               "  var at = 0u32;\n  while at < 8 && from[i + at] != %u%s max 9 {\n    at = at + 1;\n  }\n"
               "  to[i] = %s(at);\n",
               random_below(h->random, 8), h->type, h->type);
}

/* Rows that other arms go over too. */
static void body_rows(const struct handoff *h)
{
    static const char *const begins[] = {"0", "from[i]", "7"};
    out_printf(h->out, "  var s = %s(%s);\n  for k in 0u32..%u { s = s * 3 + from[i * 4 + k]; }\n", h->type,
               begins[random_below(h->random, 3)], chance(h, 70) ? 4 : 3);
    print_stmt(h, "to[i]", "s");
}

static void body_add_rows(const struct handoff *h)
{
    out_printf(h->out, "  var s = to[i];\n  for k in 0u32..4 { s = s ^ from[i * 4 + k]; }\n");
    print_stmt(h, "to[i]", "s");
}

/* As far back as the text makes it, and no farther than the program declares. */
static void body_look_back(const struct handoff *h)
{
    out_printf(h->out,
               "  var at = i;\n  for k in 0u32..5 {\n    if at > 0 && from[at - 1] %% 4%s != 0%s { at = at - 1; } else "
               "{ break; "
               "}\n  }\n  to[i] = %s(i - at);\n",
               h->type, h->type, h->type);
}

/* Some of them do not find in time what they look for. */
static void body_hunt(const struct handoff *h)
{
    out_printf(h->out,
               "  var at = 0u32;\n  while from[i + at] %% 4%s != %u%s max %u {\n    at = at + 1;\n  }\n"
               "  to[i] = %s(at);\n",
               h->type, random_below(h->random, 4), h->type, random_between(h->random, 12, 30), h->type);
}

static void body_loop_return(const struct handoff *h)
{
    out_printf(h->out, "  for k in 0u32..3 {\n    if from[i] == %s(k) {\n", h->type);
    print_stmt(h, "to[i]", "from[i]");
    out_text(h->out, "      return;\n    }\n  }\n");
    print_stmt(h, "to[i]", "from[i]");
}

/* An invocation that has trapped must not come to another code, write what makes another one trap, or take part in a sum that does: that
 * of odd numbers tells how many took part. */
static void body_two_traps(const struct handoff *h)
{
    static const struct {
        const char *between; /* gives x */
        uint32_t modulus, other_code;
    } forms[] = {
        {"  staged[lid.x] = from[i];\n  barrier;\n  let x = u32(from[i]);\n", 64, 8},
        {"  staged[lid.x] = from[i];\n  barrier;\n  let x = u32(staged[(lid.x + 1) % workgroup_size.x]);\n", 256, 0},
        {"  let x = reduce_add(u32(from[i]) | 1);\n  staged[lid.x] = from[i];\n  barrier;\n", 2, 0},
    };
    uint32_t form = random_below(h->random, 3), value = random_below(h->random, 256) | 1;
    out_printf(h->out, "  if u32(from[i]) %% 256 == %u { trap(%u); }\n%s  if x %% %u == %u { trap(%u); }\n", value,
               h->number + 1, forms[form].between, forms[form].modulus, value % forms[form].modulus,
               h->number + 1 + forms[form].other_code);
    print_stmt(h, "to[i]", "staged[lid.x ^ 1]");
}

/* What a body needs, and how often it is chosen. */
static const struct body {
    char kind; /* schemes.def asks for it by this letter */
    uint32_t weight;
    void (*print)(const struct handoff *h);
    bool updates; /* reads `to` too */
    bool has_staged, may_leave_early;
    uint32_t width;                              /* of the workgroup; 0: any */
    const char *attribute, *declarations, *text; /* as near.def has them */
} bodies[] = {
    {'O', 8, body_own, .may_leave_early = true},
    {'W', 6, body_window, .may_leave_early = true},
    {'W', 2, body_pairs, .may_leave_early = true},
    {'W', 3, body_three_of_four, .may_leave_early = true},
    {'M', 3, body_mirror, .may_leave_early = true},
    {'O', 1, body_shifted, .may_leave_early = true},
    {'O', 2, body_two_each, .may_leave_early = true},
    {'P', 3, body_partial, .may_leave_early = true},
    {'E', 1, body_gather, .may_leave_early = true},
    {'O', 2, body_twice, .may_leave_early = true},
    {'K', 5, body_count, .may_leave_early = true},
    {'U', 4, body_use_total, .may_leave_early = true},
    {'S', 3, body_staged, .has_staged = true},
    {'T', 3, body_two_traps, .has_staged = true},
    {'O', 3, body_update, .updates = true, .may_leave_early = true},
    {'T', 3, body_trap, .may_leave_early = true},
    {'L', 1, body_search, .may_leave_early = true},
    {'T', 1, body_hunt, .may_leave_early = true},
    {'L', 2, body_loop_return, .may_leave_early = true},
    {'R', 4, body_rows, .may_leave_early = true},
    {'R', 2, body_add_rows, .updates = true, .may_leave_early = true},
    {'H', 3, body_scratch},
    {'V', 2, body_look_back, .may_leave_early = true, .attribute = "#[window(5)]\n"},
#define NEAR(kind, weight, width, early, attribute, declarations, text)                                                \
    {kind, weight, NULL, false, false, early, width, attribute, declarations, text},
#include "tools/vyre-fuzz/near.def"
};
enum { N_BODIES = sizeof bodies / sizeof *bodies };

static bool has_total(const struct body *b)
{
    return b->kind == 'K' || b->kind == 'U';
}

static bool has_scratch(const struct body *b)
{
    return b->kind == 'H';
}

/* One of a kind; of 'A' to 'D', any. */
static const struct body *choose_body(struct random *r, char kind)
{
    bool any = kind <= 'D';
    uint32_t sum = 0, at = 0;
    for (uint32_t k = 0; k < N_BODIES; k++)
        sum += any || bodies[k].kind == kind ? bodies[k].weight : 0;
    for (uint32_t drawn = random_below(r, sum);; at++) {
        uint32_t weight = any || bodies[at].kind == kind ? bodies[at].weight : 0;
        if (drawn < weight) return &bodies[at];
        drawn -= weight;
    }
}

static void print_guard(const struct handoff *h, const struct body *b)
{
    uint32_t kind = random_below(h->random, 5);
    if (h->alike && chance(h, 75)) kind = h->guard;
    if (!b->may_leave_early) kind = 0;
    out_text(h->out, "\n  let i = gid.x;\n");
    if (kind == 1) out_text(h->out, "  if i >= len(to) { return; }\n");
    if (kind == 2) out_text(h->out, "  if i >= len(from) { return; }\n");
}

/* Of few invocations, by what they or their neighbours read, or by their place; with one code, or with many. */
static void print_trap(const struct handoff *h)
{
    uint32_t at = random_below(h->random, 5);
    if (chance(h, 25))
        out_printf(h->out, "  if i %% %u == %u && amount %% 3 == %u { ", random_between(h->random, 100, 300),
                   random_below(h->random, 200), random_below(h->random, 3));
    else
        out_printf(h->out, "  if u32(from[i + %u] ^ %u%s) %% 256 < 2 && i %% 3 == %u { ", at,
                   random_below(h->random, 256), h->type, random_below(h->random, 3));
    if (chance(h, 50))
        out_printf(h->out, "trap(%u); }\n", h->number + 1);
    else
        out_text(h->out, "trap(u32(from[i]) + 1); }\n");
}

/* A body as a text: it gives x, or begins with a `!` and stores itself. */
static void print_text(const struct handoff *h, const struct body *b, struct gen_text *t)
{
    bool stores = *b->text == '!';
    gen_text_print(t, b->text + stores);
    if (!stores) print_stmt(h, "to[i]", "x");
}

static void print_declarations(const struct handoff *h, const struct body *b, uint32_t size, struct gen_text *t)
{
    const char *access = b->updates || chance(h, 30) ? "read_write" : "write";
    out_printf(h->out, "  buffer from : read %s[];\n  buffer to : %s %s[];\n", h->type, access, h->type);
    if (b->declarations)
        gen_text_print(t, b->declarations);
    else if (has_total(b))
        out_text(h->out, "  buffer total : read_write u32[4];\n");
    else if (has_scratch(b))
        out_printf(h->out, "  buffer scratch : read_write %s[];\n", h->type);
    if (b->has_staged) out_printf(h->out, "  workgroup staged : %s[%u];\n", h->type, size);
    out_text(h->out, "  param amount : u32;\n");
}

/* A program is made from one number, so that there can be another one like it, but for one choice of its text. */
struct recipe {
    const struct body *body;
    uint64_t seed;
    uint32_t other_choice; /* 0: none; else its number, from 1 on */
};

static void print_program(const struct handoff *pipeline, const struct recipe *recipe)
{
    static const uint32_t sizes[] = {64, 64, 64, 32, 16, 48};
    static const char *const dispatches[] = {"len(to)",       "len(from)", "len(to)",    "len(from)",
                                             "len(from) / 2", "100",       "len(to) / 2"};
    struct random own = {recipe->seed}, of_text = {~recipe->seed};
    struct handoff program = *pipeline;
    const struct handoff *h = &program;
    const struct body *b = recipe->body;
    struct gen_text t = {&of_text, h->out, h->type, recipe->other_choice, pipeline->random, {{0}}};
    program.random = &own;
    uint32_t size = sizes[random_below(h->random, 6)], dispatch = random_below(h->random, 8);
    if (b->width || h->alike) size = b->width ? b->width : 64;
    if (h->alike && chance(h, 80)) dispatch = h->dispatch;
    if (chance(h, 5)) out_text(h->out, "#[self_exclusive]\n");
    if (b->attribute) gen_text_print(&t, b->attribute);
    out_printf(h->out, "program step%u {\n  workgroup %u;\n", h->number, size);
    if (dispatch < 7) out_printf(h->out, "  dispatch %s;\n", dispatches[dispatch]);
    print_declarations(h, b, size, &t);
    print_guard(h, b);
    uint32_t where = b->may_leave_early && chance(h, h->trap_percent) ? random_below(h->random, 2) : 2;
    if (where == 0) print_trap(h);
    if (b->text)
        print_text(h, b, &t);
    else
        b->print(h);
    if (where == 1) print_trap(h);
    out_text(h->out, "}\n\n");
}

/* -- pipelines ----------------------------------------------------------------------------------------------- */

struct plan {
    struct recipe programs[MAX_ARMS];
    const char *from[MAX_ARMS], *to[MAX_ARMS], *amount[MAX_ARMS]; /* of the arms that are printed */
    uint32_t n_arms, n_programs, n_temps;
    const char *scheme; /* NULL: none */
};

static const char *const temp_names[MAX_TEMPS] = {"temp0", "temp1", "temp2", "temp3"};

static const char *choose_amount(const struct handoff *h)
{
    static const char *const amounts[] = {"amount", "amount", "7", "len(in0)", "len(in1) / 2"};
    return amounts[h->alike && chance(h, 50) ? 0 : random_below(h->random, 5)];
}

static const char *choose_buffer(const struct handoff *h, const struct plan *p, bool writable)
{
    static const char *const given[] = {"out0", "out1", "in0", "in1"};
    if (p->n_temps && chance(h, 65)) return temp_names[random_below(h->random, p->n_temps)];
    return given[random_below(h->random, writable ? 2 : 4)];
}

static void print_arm(const struct handoff *h, struct plan *p, uint32_t k, uint32_t step)
{
    out_printf(h->out, "  arm arm%u = step%u(from: %s, to: %s, ", k, step, p->from[k], p->to[k]);
    if (has_total(p->programs[step].body)) out_text(h->out, "total: total, ");
    if (has_scratch(p->programs[step].body)) out_printf(h->out, "scratch: scratch%u, ", chance(h, 90) ? k : step);
    out_printf(h->out, "amount: %s);\n", p->amount[k]);
    if (chance(h, p->scheme ? 3 : 7)) out_printf(h->out, "  host %s;\n", p->to[k]);
}

/* Most arms read what the one before wrote. */
static void print_any_arm(const struct handoff *h, struct plan *p, uint32_t k)
{
    const char *from = k && chance(h, 70) ? p->to[k - 1] : choose_buffer(h, p, false), *to;
    const char *amount = choose_amount(h);
    uint32_t step = k && chance(h, 30) ? random_below(h->random, k) : k; /* a program again, mostly on the same */
    if (step >= p->n_programs) step = random_below(h->random, p->n_programs);
    if (step != k && chance(h, 70)) from = p->from[step];
    if (step != k && chance(h, 70)) amount = p->amount[step];
    to = step != k && chance(h, 40) ? p->to[step] : k && chance(h, 25) ? p->to[random_below(h->random, k)] : from;
    while (to == from)
        to = choose_buffer(h, p, true);
    p->from[k] = from;
    p->to[k] = to;
    p->amount[k] = amount;
    print_arm(h, p, k, step);
}

/* -- by a scheme ----------------------------------------------------------------------------------------------- */

static const struct scheme {
    uint32_t weight;
    const char *arms;
} schemes[] = {
#define SCHEME(weight, arms) {weight, arms},
#include "tools/vyre-fuzz/schemes.def"
};
enum { N_SCHEMES = sizeof schemes / sizeof *schemes };

static const char *choose_scheme(struct random *r)
{
    uint32_t sum = 0, at = 0;
    for (uint32_t k = 0; k < N_SCHEMES; k++)
        sum += schemes[k].weight;
    uint32_t drawn = random_below(r, sum);
    while (drawn >= schemes[at].weight)
        drawn -= schemes[at++].weight;
    return schemes[at].arms;
}

/* A word `A x y`, with spaces and a semicolon behind it. */
struct scheme_arm {
    char program[3], from, to;
};

static const char *read_arm(const char *at, struct scheme_arm *arm)
{
    int n = 0;
    if (sscanf(at, "%2s %c %c%n", arm->program, &arm->from, &arm->to, &n) < 3) bug("no arm: %s", at);
    at += n;
    while (*at == ';' || *at == ' ')
        at++;
    return at;
}

/* The programs of a scheme in the order in which they are met: which one is that of an arm? */
static uint32_t find_program(const char *scheme, const char *program)
{
    char met[MAX_ARMS][3];
    uint32_t n = 0, k;
    struct scheme_arm arm;
    while (*scheme) {
        scheme = read_arm(scheme, &arm);
        for (k = 0; k < n && strcmp(met[k], arm.program); k++) {}
        if (!strcmp(arm.program, program)) return k;
        if (k == n) memcpy(met[n++], arm.program, sizeof arm.program);
    }
    return n;
}

static void add_program(const struct handoff *h, struct plan *p, char kind)
{
    p->programs[p->n_programs++] = (struct recipe){choose_body(h->random, kind), random_draw(h->random), 0};
}

/* Those of one kind are mostly alike. */
static void choose_programs_of_scheme(const struct handoff *h, struct plan *p)
{
    struct scheme_arm arm;
    uint32_t last['Z' + 1] = {0};
    for (const char *at = p->scheme; *at; p->n_arms++) {
        at = read_arm(at, &arm);
        uint32_t k = find_program(p->scheme, arm.program), kind = (unsigned char)arm.program[0];
        if (k < p->n_programs) continue;
        add_program(h, p, arm.program[0]);
        if (last[kind] && chance(h, 70)) {
            p->programs[k] = p->programs[last[kind] - 1];
            p->programs[k].other_choice = random_between(h->random, 1, random_between(h->random, 1, 6));
        }
        last[kind] = k + 1;
    }
}

static bool is_written_by_scheme(const char *scheme, char role)
{
    struct scheme_arm arm;
    bool written = false;
    while (*scheme) {
        scheme = read_arm(scheme, &arm);
        written |= arm.to == role;
    }
    return written;
}

/* Buffers that are fixed by a letter, and others that are drawn, each once. */
static const char *find_role(const struct handoff *h, const char *scheme, char role, const char *drawn[3])
{
    static const char *const fixed[] = {"in0", "in1", "out0", "out1", "temp0", "temp1", "temp2", "temp3"};
    static const char letters[] = "ijoptuvw";
    const char *at = strchr(letters, role), **mine = &drawn[role - 'x'];
    if (at) return fixed[at - letters];
    while (!*mine) {
        uint32_t k = random_below(h->random, 8);
        bool taken = strchr(scheme, letters[k]) || (k < 2 && is_written_by_scheme(scheme, role));
        for (uint32_t i = 0; i < 3; i++)
            taken |= drawn[i] == fixed[k];
        if (!taken) *mine = fixed[k];
    }
    return *mine;
}

static void print_scheme(const struct handoff *h, struct plan *p)
{
    const char *drawn[3] = {NULL, NULL, NULL};
    struct scheme_arm arm;
    uint32_t k = 0;
    for (const char *at = p->scheme; *at; k++) {
        at = read_arm(at, &arm);
        p->from[k] = find_role(h, p->scheme, arm.from, drawn);
        p->to[k] = find_role(h, p->scheme, arm.to, drawn);
        p->amount[k] = choose_amount(h);
        print_arm(h, p, k, find_program(p->scheme, arm.program));
    }
    for (; k < p->n_arms; k++)
        print_any_arm(h, p, k);
}

/* -- all of it --------------------------------------------------------------------------------------------------- */

static void print_tables(const struct handoff *h)
{
    out_text(h->out, "data codes : u8[16] = [3, 15, 0, 7, 9, 1, 12, 4, 8, 2, 14, 5, 11, 6, 13, 10];\n"
                     "data codes17 : u8[17] = [16, 15, 0, 7, 9, 1, 12, 4, 8, 2, 14, 5, 11, 6, 13, 10, 3];\n\n");
}

static void print_pipeline(const struct handoff *h, struct plan *p)
{
    static const char *const counts[] = {"len(in0)",         "len(in0)",     "len(in0)",
                                         "len(in0) / 4 * 3", "len(in0) + 1", "len(in0) / 2",
                                         "len(in1)",         "len(out0)",    "130"};
    bool one_count = h->alike && chance(h, 70);
    out_printf(h->out,
               "pipeline flow(in0 : read %s[], in1 : read %s[], out0 : read_write %s[], out1 : read_write %s[], "
               "total : read_write u32[4], amount : u32) {\n",
               h->type, h->type, h->type, h->type);
    if (chance(h, p->scheme ? 85 : 40)) out_text(h->out, "  budget 1 MiB;\n"); /* lengths have a bound then */
    for (uint32_t k = 0; k < p->n_temps; k++)
        out_printf(h->out, "  temp temp%u : %s[%s]%s;\n", k, h->type,
                   one_count ? counts[0] : counts[random_below(h->random, 9)], chance(h, 5) ? " live_out" : "");
    for (uint32_t k = 0; k < p->n_arms; k++)
        out_printf(h->out, "  temp scratch%u : %s[%s];\n", k, h->type, counts[random_below(h->random, 9)]);
    if (p->scheme)
        print_scheme(h, p);
    else
        for (uint32_t k = 0; k < p->n_arms; k++)
            print_any_arm(h, p, k);
    out_text(h->out, "}\n");
}

static void choose_programs(const struct handoff *h, struct plan *p)
{
    struct random *r = h->random;
    if (p->scheme) choose_programs_of_scheme(h, p);
    uint32_t more = p->scheme ? (p->n_arms < MAX_ARMS && random_chance(r, 25)) : random_between(r, 2, MAX_ARMS);
    for (p->n_arms += more; more; more--) {
        uint32_t n = p->n_programs;
        add_program(h, p, 'A');
        if (n && random_chance(r, 25)) p->programs[n].body = p->programs[random_below(r, n)].body;
    }
}

void generate_handoffs(struct random *r, struct out *out)
{
    static const char *const types[] = {"u8", "u32", "u8", "u32", "u8", "u32", "u16", "i32", "u64"};
    struct handoff h = {.random = r, .out = out, .type = types[random_below(r, 9)]};
    struct plan p = {.n_temps = random_below(r, MAX_TEMPS + 1)};
    if (random_chance(r, 50)) p.scheme = choose_scheme(r);
    if (p.scheme) p.n_temps = MAX_TEMPS;
    h.alike = random_chance(r, p.scheme ? 85 : 20);
    h.dispatch = random_chance(r, 60) ? 1 : random_below(r, 6);
    h.guard = random_below(r, 3);
    h.trap_percent = random_chance(r, 10) ? 50 : 6;
    choose_programs(&h, &p);
    print_tables(&h);
    for (h.number = 0; h.number < p.n_programs; h.number++)
        print_program(&h, &p.programs[h.number]);
    print_pipeline(&h, &p);
}

/* Lengths about those of workgroups, mostly one for all buffers. */
static uint32_t choose_length(struct random *r)
{
    static const uint32_t lengths[] = {0, 1, 2, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 129, 191, 193, 256};
    if (random_chance(r, 40)) return random_below(r, 300);
    return lengths[random_below(r, sizeof lengths / sizeof *lengths)];
}

void generate_handoff_words(struct arena *arena, struct random *r, const struct ir_pipeline *p, const char **words)
{
    uint32_t common = choose_length(r);
    for (uint32_t k = 0; k < p->buffers.n; k++) {
        const struct ir_buffer *b = p->buffers.at[k];
        uint32_t n = b->sized ? (uint32_t)b->count : random_chance(r, 70) ? common : choose_length(r);
        words[k] = arena_printf(arena, "%s=random:%s[%u]:%u", b->name, ir_type_text(b->elem), n, random_below(r, 1000));
    }
    words[p->buffers.n] = arena_printf(arena, "amount=%u", random_below(r, 100));
}
