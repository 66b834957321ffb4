/* reuse_temps.c - a temp takes the memory of one that nobody needs any more.
 *
 *   temp t : u32[len(a)];                        temp t : u32[len(a)];
 *   temp u : u32[len(a)];                        arm first  = mirror(from: a, to: t);
 *   arm first  = mirror(from: a, to: t);         arm second = mirror(from: t, to: b);
 *   arm second = mirror(from: t, to: b);    =>   arm third  = mirror(from: b, to: t);
 *   arm third  = mirror(from: b, to: u);         arm fourth = mirror(from: t, to: b);
 *   arm fourth = mirror(from: u, to: b);
 *
 * The two have one type and length. The first use of the second is to be written as a whole: by an arm that has it as `write`, whose
 * launch begins with zeros as a fresh temp does. What other machines see stays. Linear in arms, times the temps. */
#include "ir/build.h"
#include "ir/ops.h"
#include "ir/walk.h"
#include "passes/host_size.h"
#include "passes/pass.h"
#include "passes/plant.h"

/* From the first to the last statement that has the temp, by position; first 0: none has it. */
struct lifetime {
    uint32_t first, last;
    bool begins_clean; /* its first user clears it */
    bool fixed;        /* stays as it is */
};

struct reuser {
    struct pass_run *run;
    struct ir_pipeline *p;
    struct lifetime *lives;  /* by index of the temp */
    struct ir_buffer **home; /* by index of the temp: whose memory it takes */
};

static struct lifetime *find_life(const struct reuser *r, const struct ir_buffer *b)
{
    return b->index < r->p->buffers.n ? NULL : &r->lives[b->index - r->p->buffers.n];
}

static void note_use(const struct reuser *r, const struct ir_buffer *b, uint32_t position, bool cleans)
{
    struct lifetime *life = find_life(r, b);
    if (!life) return;
    if (!life->first) *life = (struct lifetime){position, position, cleans, life->fixed};
    if (life->first == position) life->begins_clean &= cleans; /* two names in one arm */
    life->last = position;
}

static void note_stmt(const struct reuser *r, const struct ir_stmt *s, uint32_t position)
{
    for (uint32_t i = 0; s->kind == IR_STMT_ARM && i < s->arm->args.n; i++) {
        const struct ir_arg *a = &s->arm->args.at[i];
        if (!a->buffer) continue;
        note_use(r, a->buffer, position, PLANT(TEMP_ZEROS, a->formal_buffer->access == IR_ACCESS_WRITE, true));
    }
    if (s->kind == IR_STMT_HOST) note_use(r, s->host.buffer, position, false);
    if (s->kind != IR_STMT_COLLECTIVE) return;
    if (find_life(r, s->collective.dst)) find_life(r, s->collective.dst)->fixed = true;
    if (s->collective.src && find_life(r, s->collective.src)) find_life(r, s->collective.src)->fixed = true;
}

static bool have_one_shape(const struct reuser *r, struct ir_buffer *a, struct ir_buffer *b)
{
    return ir_type_equal(a->elem, b->elem) && b->align_bytes <= a->align_bytes && a->streaming == b->streaming &&
           ir_expr_equal(host_size_length(r->run->module, a), host_size_length(r->run->module, b));
}

/* A temp that ends before this one begins, or NULL. */
static struct ir_buffer *find_home(const struct reuser *r, uint32_t at)
{
    const struct lifetime *life = &r->lives[at];
    if (!life->first || !life->begins_clean || life->fixed || r->p->temps.at[at]->live_out) return NULL;
    for (uint32_t i = 0; i < at; i++) { /* declared before, for the sake of lengths */
        const struct lifetime *other = &r->lives[i];
        bool free = other->first && PLANT(TEMP_ALIVE, other->last < life->first, other->first < life->first);
        if (r->home[i] || !free || other->fixed || r->p->temps.at[i]->live_out) continue;
        if (have_one_shape(r, r->p->temps.at[i], r->p->temps.at[at])) return r->p->temps.at[i];
    }
    return NULL;
}

static void move_len(void *ctx, struct ir_expr **place)
{
    const struct reuser *r = ctx;
    struct ir_expr *e = *place;
    if (e->op != IR_OP_LEN || e->buffer->index < r->p->buffers.n) return;
    struct ir_buffer *home = r->home[e->buffer->index - r->p->buffers.n];
    if (home) e->buffer = home;
}

static void move_uses(struct reuser *r)
{
    IR_EACH_STMT(s, &r->p->body)
    {
        for (uint32_t i = 0; s->kind == IR_STMT_ARM && i < s->arm->args.n; i++) {
            struct ir_arg *a = &s->arm->args.at[i];
            if (a->value) ir_walk_expr(&a->value, move_len, r);
            if (a->buffer && a->buffer->index >= r->p->buffers.n && r->home[a->buffer->index - r->p->buffers.n])
                a->buffer = r->home[a->buffer->index - r->p->buffers.n];
        }
        bool is_temp = s->kind == IR_STMT_HOST && s->host.buffer->index >= r->p->buffers.n;
        if (is_temp && r->home[s->host.buffer->index - r->p->buffers.n])
            s->host.buffer = r->home[s->host.buffer->index - r->p->buffers.n];
    }
    for (uint32_t i = 0; i < r->p->temps.n; i++)
        if (r->p->temps.at[i]->count_expr) ir_walk_expr(&r->p->temps.at[i]->count_expr, move_len, r);
}

static void remove_moved(struct reuser *r)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < r->p->temps.n; i++)
        if (!r->home[i]) r->p->temps.at[n++] = r->p->temps.at[i];
    r->p->temps.n = n;
    for (uint32_t i = 0; i < n; i++)
        r->p->temps.at[i]->index = r->p->buffers.n + i;
}

/* In the order in which they begin, so that a home is free for one after the other. */
static uint32_t find_next(const struct reuser *r, const bool *done)
{
    uint32_t next = r->p->temps.n;
    for (uint32_t i = 0; i < r->p->temps.n; i++)
        if (!done[i] && (next == r->p->temps.n || r->lives[i].first < r->lives[next].first)) next = i;
    return next;
}

enum pass_result reuse_temps(struct pass_run *run, struct ir_pipeline *p)
{
    struct reuser r = {.run = run, .p = p};
    uint32_t position = 0, n_moved = 0;
    if (p->temps.n < 2 || p->temps.n > 256) return PASS_SKIPPED;
    r.lives = ARENA_ARRAY(run->scratch, struct lifetime, p->temps.n);
    r.home = ARENA_ARRAY(run->scratch, struct ir_buffer *, p->temps.n);
    bool *done = ARENA_ARRAY(run->scratch, bool, p->temps.n);
    IR_EACH_STMT(s, &p->body) note_stmt(&r, s, ++position);
    for (uint32_t i; (i = find_next(&r, done)) < p->temps.n;) {
        done[i] = true;
        struct ir_buffer *home = find_home(&r, i);
        if (!home) continue;
        find_life(&r, home)->last = r.lives[i].last;
        r.home[i] = home;
        pass_remark_done(run, DIAG_TEMP_REUSED, p->temps.at[i]->range, p->temps.at[i]->name, home->name);
        n_moved++;
    }
    if (!n_moved) return PASS_UNCHANGED;
    move_uses(&r);
    remove_moved(&r);
    pass_count(run, "temps in the memory of others", n_moved);
    return PASS_CHANGED;
}
