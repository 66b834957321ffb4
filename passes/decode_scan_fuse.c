/* decode_scan_fuse.c - keeps what one arm hands to the next on the chip.
 *
 *   temp plain : u8[len(text) / 4 * 3];                    arm decode_find = decode_find(text: text, hits: hits, ...);
 *   arm decode = decode_base64(text: text, plain: plain);
 *   arm find   = find_key(plain: plain, hits: hits);   =>  and a program that decodes into a workgroup array what each
 *                                                          of its workgroups looks at, neighbours' bytes included
 *
 * From the last consumer to the first, and for each from its nearest producer up; a fused program is the next consumer, so
 * chains of decoders fuse through. Whatever is not proved stays as it is, with a remark. Arms are compared with
 * producers alone, so the work is linear in the handoffs. */
#include "ir/build.h"
#include "ir/ops.h"
#include "ir/walk.h"
#include "passes/handoff.h"

static const struct {
    const char *why, *edit;
} refusals[HANDOFF_REFUSAL_COUNT] = {
    {"", ""},
#define REFUSAL(NAME, why, edit) {why, edit},
#include "passes/refusals.def"
};

const char *handoff_refusal_why(enum handoff_refusal r)
{
    return refusals[r].why;
}

const char *handoff_refusal_edit(enum handoff_refusal r)
{
    return refusals[r].edit;
}

/* -- what is said ------------------------------------------------------------------------------------------------- */

static const char *describe_form(const struct handoff *h)
{
    struct arena *arena = h->run->scratch;
    switch (h->form) {
    case HANDOFF_REGISTERS:
        return "in registers";
    case HANDOFF_RECOMPUTED:
        return "computed again where it is read";
    case HANDOFF_WORKGROUP:
        return arena_printf(arena, "in %llu bytes of workgroup memory, each workgroup its own",
                            (unsigned long long)h->workgroup_bytes);
    default:
        return arena_printf(arena, "in %llu bytes of workgroup memory, %u workgroups in turn, %llu producers each",
                            (unsigned long long)h->workgroup_bytes, (unsigned)h->factor,
                            (unsigned long long)h->producers.count);
    }
}

static const struct access *find_access(const struct access_facts *f, const struct ir_buffer *b, enum access_kind kind)
{
    for (uint32_t i = 0; f && i < f->accesses.n; i++)
        if (f->accesses.at[i].buffer == b && f->accesses.at[i].kind == kind) return &f->accesses.at[i];
    return NULL;
}

/* The store and the load, as exactly as is known. */
static void note_places(const struct handoff *h, const struct handoff_tile *t, struct diag *d)
{
    const struct access *store = find_access(h->first, t->written, ACCESS_STORE);
    const struct access *load = t->read ? find_access(h->second, t->read, ACCESS_LOAD) : NULL;
    if (h->conflict.first) store = h->conflict.first;
    if (h->conflict.second) load = h->conflict.second;
    if (store) diag_add_note(h->run->diags, d, store->range, "'%s' is written here", t->buffer->name);
    if (load) diag_add_note(h->run->diags, d, load->range, "and read here");
}

static struct src_range place_of(const struct ir_stmt *s)
{
    return s->arm->range.end ? s->arm->range : s->range;
}

static const struct handoff_tile *main_tile(const struct handoff *h)
{
    if (h->refused_tile) return h->refused_tile;
    for (uint32_t i = 0; i < h->tiles.n; i++)
        if (h->tiles.at[i].read) return &h->tiles.at[i];
    return NULL;
}

static void report_refusal(struct handoff *h, const struct ir_buffer *buffer, enum handoff_refusal r)
{
    const struct handoff_tile *t = main_tile(h);
    struct diag *d =
        pass_remark_missed(h->run, DIAG_HANDOFF_IN_MEMORY, place_of(h->consumer), t ? t->buffer->name : buffer->name,
                           handoff_first(h)->name, handoff_second(h)->name, refusals[r].why);
    if (t) note_places(h, t, d);
    diag_add_note(h->run->diags, d, place_of(h->producer), "arm '%s' is here", handoff_first(h)->name);
    pass_note_stakes(h->run, d, h->pipeline, handoff_first(h), handoff_second(h));
    if (refusals[r].edit[0]) diag_add_fix(h->run->diags, d, SRC_NONE, NULL, "%s", refusals[r].edit);
    pass_count(h->run, "handoffs left in memory", 1);
}

static void report_success(struct handoff *h)
{
    const struct handoff_tile *t = main_tile(h);
    struct diag *d = pass_remark_done(h->run, DIAG_HANDOFF_ON_CHIP, place_of(h->consumer), t->buffer->name,
                                      handoff_first(h)->name, handoff_second(h)->name, describe_form(h));
    note_places(h, t, d);
    pass_count(h->run, "handoffs on the chip", 1);
}

/* -- afterwards ------------------------------------------------------------------------------------------------------ */

static bool is_run_by_anybody(const struct ir_module *m, const struct ir_program *p)
{
    for (uint32_t i = 0; i < m->pipelines.n; i++) {
        IR_EACH_STMT(s, &m->pipelines.at[i]->body)
        {
            if (s->kind == IR_STMT_ARM && s->arm->program == p) return true;
        }
    }
    return false;
}

/* A fused program that has been fused further. */
static void remove_program(struct ir_module *m, const struct ir_program *p)
{
    uint32_t n = 0;
    if (!p->internal || is_run_by_anybody(m, p)) return;
    for (uint32_t i = 0; i < m->items.n; i++)
        if (m->items.at[i].kind != IR_ITEM_PROGRAM || m->items.at[i].program != p) m->items.at[n++] = m->items.at[i];
    m->items.n = n;
    n = 0;
    for (uint32_t i = 0; i < m->programs.n; i++) {
        if (m->programs.at[i] == p) continue;
        m->programs.at[i]->index = n;
        m->programs.at[n++] = m->programs.at[i];
    }
    m->programs.n = n;
    map_set(&m->item_names, p->name, NULL);
}

static void note_length(void *ctx, struct ir_expr **place)
{
    bool *used = ctx;
    if ((*place)->op == IR_OP_LEN) used[(*place)->buffer->index] = true;
}

static void note_buffers(struct ir_stmt *s, bool *used)
{
    if (s->kind == IR_STMT_HOST) used[s->host.buffer->index] = true;
    if (s->kind == IR_STMT_COLLECTIVE) {
        used[s->collective.dst->index] = true;
        if (s->collective.src) used[s->collective.src->index] = true;
    }
    for (uint32_t i = 0; s->kind == IR_STMT_ARM && i < s->arm->args.n; i++) {
        struct ir_arg *a = &s->arm->args.at[i];
        if (a->buffer) used[a->buffer->index] = true;
        if (a->value) ir_walk_expr(&a->value, note_length, used);
    }
}

/* Temps that were handed over and are not there any more. */
static void remove_temps(struct pass_run *run, struct ir_pipeline *p)
{
    bool *used = ARENA_ARRAY(run->scratch, bool, p->buffers.n + p->temps.n + 1);
    uint32_t n = 0;
    IR_EACH_STMT(s, &p->body) note_buffers(s, used);
    for (uint32_t i = p->temps.n; i--;)
        if (p->temps.at[i]->count_expr && used[p->temps.at[i]->index])
            ir_walk_expr(&p->temps.at[i]->count_expr, note_length, used);
    for (uint32_t i = 0; i < p->temps.n; i++) {
        struct ir_buffer *t = p->temps.at[i];
        if (!used[t->index] && !t->live_out) continue;
        p->temps.at[n++] = t;
    }
    p->temps.n = n;
    for (uint32_t i = 0; i < n; i++)
        p->temps.at[i]->index = p->buffers.n + i;
}

/* -- one handoff ------------------------------------------------------------------------------------------------------- */

/* The arm of the fused program, or NULL. */
static struct ir_stmt *replace_arms(struct handoff *h)
{
    struct ir_program *first = handoff_first(h)->program, *second = handoff_second(h)->program;
    struct ir_stmt *arm = handoff_build(h);
    ir_insert_before(h->consumer_moves ? h->producer : h->consumer, arm);
    ir_remove(h->producer);
    ir_remove(h->consumer);
    remove_program(h->run->module, first);
    remove_program(h->run->module, second);
    return arm;
}

static struct ir_stmt *try_handoff(struct pass_run *run, struct access_solver *solver, struct ir_pipeline *p,
                                   struct ir_stmt *producer, struct ir_stmt *consumer, const struct ir_buffer *buffer)
{
    struct handoff h = {.run = run, .pipeline = p, .producer = producer, .consumer = consumer};
    struct ir_stmt *arm = NULL;
    enum handoff_refusal r = handoff_check_shape(&h);
    if (!r) {
        access_solver_begin(solver);
        h.first = access_of_arm(solver, p, producer->arm);
        h.second = access_of_arm(solver, p, consumer->arm);
        r = handoff_check_facts(&h);
    }
    if (!r) r = handoff_plan(&h);
    if (r) {
        report_refusal(&h, buffer, r);
    } else {
        h.refused_tile = NULL;
        report_success(&h);
        arm = replace_arms(&h);
    }
    return arm;
}

/* -- which ones --------------------------------------------------------------------------------------------------------- */

static const struct ir_buffer *find_handed_over(const struct ir_arm *producer, const struct ir_arm *consumer)
{
    for (uint32_t i = 0; i < consumer->args.n; i++) {
        const struct ir_arg *a = &consumer->args.at[i];
        if (!a->formal_buffer || !ir_access_reads(a->formal_buffer->access)) continue;
        for (uint32_t k = 0; k < producer->args.n; k++) {
            const struct ir_arg *b = &producer->args.at[k];
            if (b->formal_buffer && b->buffer == a->buffer && ir_access_writes(b->formal_buffer->access))
                return a->buffer;
        }
    }
    return NULL;
}

/* The nearest producers come first: who wrote a buffer last wrote what is read. */
static struct ir_stmt *fuse_into(struct pass_run *run, struct access_solver *solver, struct ir_pipeline *p,
                                 struct ir_stmt *consumer)
{
    for (struct ir_stmt *s = consumer->prev; s; s = s->prev) {
        if (s->kind != IR_STMT_ARM) continue;
        const struct ir_buffer *b = find_handed_over(s->arm, consumer->arm);
        if (!b) continue;
        struct ir_stmt *arm = try_handoff(run, solver, p, s, consumer, b);
        if (arm) return arm;
    }
    return NULL;
}

enum pass_result decode_scan_fuse(struct pass_run *run, struct ir_pipeline *p)
{
    bool changed = false, any = false;
    struct access_solver *solver = access_solver_new(run->scratch, ACCESS_DEFAULT_OPERATIONS);
    access_solver_trust_windows(solver);
    for (struct ir_stmt *s = p->body.last, *prev; s; s = prev) {
        struct ir_stmt *arm = s;
        prev = s->prev;
        while (arm && arm->kind == IR_STMT_ARM) {
            any = true;
            struct ir_stmt *fused = fuse_into(run, solver, p, arm);
            if (fused) changed = true, prev = fused->prev;
            arm = fused;
        }
    }
    access_solver_free(solver);
    if (changed) remove_temps(run, p);
    return changed ? PASS_CHANGED : any ? PASS_UNCHANGED : PASS_SKIPPED;
}
