/* automaton.c - Aho-Corasick. Bytes that no literal tells apart are one class; states in which literals end have the highest numbers. An
 * invocation covers many positions, after warming up over as many bytes before them as a literal can reach back. Building it takes time and
 * memory of states times classes. */
#include <string.h>

#include "tools/vyre-gen/gen.h"

enum { MAX_TABLE_BYTES = 16 << 20, MIN_CHUNK = 1024, CHUNKS_PER_LITERAL = 8, BYTES = 256, WIDE_STATES = 65536 };

struct plan {
    unsigned char class_of[BYTES];
    uint32_t n_classes, n_states, first_final, chunk;
    uint32_t *next;      /* n_states * n_classes, by final numbers */
    uint32_t *out_begin; /* by number less first_final */
    VEC(uint32_t) out;
};

/* While it is built: states in order of making. */
struct trie {
    struct plan *plan;
    uint32_t *next;    /* 0: none yet */
    uint32_t *literal; /* that ends here, from 1 */
    uint32_t *suffix;  /* the longest proper suffix that is a state */
    uint32_t *output;  /* the longest suffix, itself included, in which a literal ends; 0: none */
    uint32_t n_states;
};

static void find_classes(struct scanner *s, struct plan *plan)
{
    bool used[BYTES] = {false};
    for (uint32_t i = 0; i < s->list->literals.n; i++)
        for (uint32_t k = 0; k < s->list->literals.at[i].n; k++)
            used[s->list->literals.at[i].bytes[k]] = true;
    plan->n_classes = 1;
    for (uint32_t c = 0; c < BYTES; c++)
        if (used[c]) plan->class_of[c] = (unsigned char)(plan->n_classes++);
    if (plan->n_classes > BYTES) plan->n_classes = BYTES; /* all bytes: the last has class 0, which is no other's */
    for (uint32_t c = 0; c < BYTES; c++)
        if (s->request->ignore_case && fold_byte((unsigned char)c) != c)
            plan->class_of[c] = plan->class_of[fold_byte((unsigned char)c)];
}

static void add_literal(struct trie *t, const struct literal *l, uint32_t number)
{
    uint32_t state = 0;
    for (uint32_t i = 0; i < l->n; i++) {
        uint32_t *next = &t->next[(size_t)state * t->plan->n_classes + t->plan->class_of[l->bytes[i]]];
        if (!*next) *next = t->n_states++;
        state = *next;
    }
    t->literal[state] = number + 1;
}

/* Breadth first: suffixes are shorter and done before. */
static void complete(struct trie *t, uint32_t *queue)
{
    uint32_t n_classes = t->plan->n_classes, tail = 0;
    for (uint32_t c = 0; c < n_classes; c++)
        if (t->next[c]) queue[tail++] = t->next[c];
    for (uint32_t head = 0; head < tail; head++) {
        uint32_t state = queue[head], suffix = t->suffix[state];
        t->output[state] = t->literal[state] ? state : t->output[suffix];
        for (uint32_t c = 0; c < n_classes; c++) {
            uint32_t *next = &t->next[(size_t)state * n_classes + c],
                     by_suffix = t->next[(size_t)suffix * n_classes + c];
            if (*next) {
                t->suffix[*next] = by_suffix;
                queue[tail++] = *next;
            } else {
                *next = by_suffix;
            }
        }
    }
}

static void number_states(struct scanner *s, const struct trie *t)
{
    struct plan *plan = t->plan;
    uint32_t n = t->n_states, n_classes = plan->n_classes, *number = ARENA_ARRAY(s->arena, uint32_t, n), n_finals = 0;
    for (uint32_t i = 0; i < n; i++)
        if (!t->output[i]) number[i] = plan->first_final++;
    for (uint32_t i = 0; i < n; i++)
        if (t->output[i]) number[i] = plan->first_final + n_finals++;
    plan->n_states = n;
    plan->next = ARENA_ARRAY(s->arena, uint32_t, (size_t)n *n_classes);
    plan->out_begin = ARENA_ARRAY(s->arena, uint32_t, (size_t)n_finals + 1);
    for (uint32_t i = 0; i < n; i++) {
        for (uint32_t c = 0; c < n_classes; c++)
            plan->next[(size_t)number[i] * n_classes + c] = number[t->next[(size_t)i * n_classes + c]];
        if (!t->output[i]) continue;
        for (uint32_t at = t->output[i]; at; at = t->output[t->suffix[at]])
            vec_push(s->arena, &plan->out, t->literal[at] - 1);
        plan->out_begin[number[i] - plan->first_final + 1] = plan->out.n;
    }
}

static double plan_automaton(struct scanner *s, const char **why)
{
    struct plan *plan = s->plan = ARENA_NEW(s->arena, struct plan);
    find_classes(s, plan);
    size_t most = (size_t)s->list->n_bytes + 1;
    *why = "its table would take more than 16 MiB";
    if (most * plan->n_classes > MAX_TABLE_BYTES) return -1;
    struct trie t = {.plan = plan, .n_states = 1};
    t.next = ARENA_ARRAY(s->arena, uint32_t, most * plan->n_classes);
    t.literal = ARENA_ARRAY(s->arena, uint32_t, most);
    t.suffix = ARENA_ARRAY(s->arena, uint32_t, most);
    t.output = ARENA_ARRAY(s->arena, uint32_t, most);
    for (uint32_t i = 0; i < s->list->literals.n; i++)
        add_literal(&t, &s->list->literals.at[i], i);
    complete(&t, ARENA_ARRAY(s->arena, uint32_t, most));
    number_states(s, &t);
    uint32_t warm_up = s->list->longest - 1;
    plan->chunk = warm_up * CHUNKS_PER_LITERAL < MIN_CHUNK ? MIN_CHUNK : warm_up * CHUNKS_PER_LITERAL;
    double table_bytes = (double)t.n_states * plan->n_classes * (t.n_states < WIDE_STATES ? 2 : 4);
    double per_byte = table_bytes < 32e3 ? 1.9 : table_bytes < 1e6 ? 2.6 : 4;
    return per_byte * (1 + (double)warm_up / plan->chunk);
}

/* ---- text ---- */

static void print_tables(struct scanner *s)
{
    const struct plan *plan = s->plan;
    out_printf(s->out, "\n// %u states, of which those from %u on end literals, and %u classes of bytes.\n",
               plan->n_states, plan->first_final, plan->n_classes);
    print_byte_table(s, "class", plan->class_of, BYTES);
    print_table(s, "next", plan->next, plan->n_states * plan->n_classes, 16);
    out_text(s->out, "\n// The literals that end in each such state, the longest first.\n");
    print_table(s, "out_begin", plan->out_begin, plan->n_states - plan->first_final + 1, 8);
    print_table(s, "out", plan->out.at, plan->out.n, 8);
    print_literal_tables(s);
}

static void print_step(struct scanner *s, const char *indent)
{
    const char *name = s->request->name;
    out_printf(s->out, "%sstate = u32(%s_next[state * %u + u32(%s_class[text[i]])]);\n", indent, name,
               ((const struct plan *)s->plan)->n_classes, name);
}

static void print_program(struct scanner *s, enum report report)
{
    const struct plan *plan = s->plan;
    const char *name = s->request->name;
    uint32_t warm_up = s->list->longest - 1;
    report_begin(s, report, arena_printf(s->arena, "  workgroup 64;\n  dispatch len(text) / %u + 1;\n", plan->chunk));
    report_open(s, report);
    out_printf(s->out, "  let first = gid.x * %u;\n  var state = 0u32;\n", plan->chunk);
    if (warm_up) {
        out_printf(s->out, "  for k in 0u32..%u {\n    let i = first + k - %u;\n    if i < first {\n", warm_up,
                   warm_up);
        print_step(s, "      ");
        out_text(s->out, "    }\n  }\n");
    }
    out_printf(s->out, "  for k in 0u32..%u {\n    let i = first + k;\n", plan->chunk);
    print_step(s, "    ");
    out_printf(s->out, "    if state >= %u && i < len(text) {\n", plan->first_final);
    out_printf(s->out, "      for entry in u32(%s_out_begin[state - %u])..u32(%s_out_begin[state - %u]) {\n", name,
               plan->first_final, name, plan->first_final - 1);
    out_printf(s->out,
               "        let pattern = u32(%s_out[entry]);\n"
               "        let last = i;\n"
               "        let start = i + 1 - u32(%s_begin[pattern + 1]) + u32(%s_begin[pattern]);\n",
               name, name, name);
    if (s->request->whole_words) {
        out_printf(s->out, "        if %s_is_whole(text, start, last) {\n", name);
        report_match(s, report, "          ");
        out_text(s->out, "        }\n");
    } else {
        report_match(s, report, "        ");
    }
    out_text(s->out, "      }\n    }\n  }\n");
    report_close(s, report, false);
    out_text(s->out, "}\n");
}

const struct form_kind form_automaton = {"automaton", plan_automaton, print_tables, print_program};
