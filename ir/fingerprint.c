/* fingerprint.c - a hash of what a program or pipeline means.
 *
 * Two programs have one fingerprint exactly when they differ at most in their own name, in the names of locals, of
 * workgroup and local arrays, of data and of temps and arms, in places in the text, and in the order of declarations.
 * Names that whoever launches it uses, of buffers and params, count. Everything is written in a canonical order, as
 * names and numbers of fixed width, into SHA-256: declarations by name, the rest numbered where it first occurs.
 * Numbers of opcodes and types never take part, only their names, so a fingerprint outlives a change of the tables. */
#include <sha2.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "ir/base/map.h"
#include "ir/facts.h"
#include "ir/ops.h"
#include "ir/walk.h"

struct hasher {
    SHA2_CTX sha;
    struct arena *scratch;
    struct map numbers; /* local, array, data or temp -> its number + 1, by first occurrence */
    uint32_t n_numbers;
    struct map programs; /* -> their fingerprints, for arms */
    uint32_t n_given;    /* storage buffers below this index are given by the launch; the others are temps */
    uint32_t n_pending;
    uint8_t pending[512]; /* most pieces are a few bytes */
};

/* -- pieces ------------------------------------------------------------------------------------------------- */

static void flush(struct hasher *h)
{
    SHA256Update(&h->sha, h->pending, h->n_pending);
    h->n_pending = 0;
}

static void hash_bytes(struct hasher *h, const void *bytes, uint64_t n)
{
    if (n > sizeof h->pending - h->n_pending) flush(h);
    if (n > sizeof h->pending) {
        SHA256Update(&h->sha, bytes, n);
        return;
    }
    if (n) memcpy(h->pending + h->n_pending, bytes, n);
    h->n_pending += (uint32_t)n;
}

static void hash_number(struct hasher *h, uint64_t v)
{
    uint8_t bytes[8];
    for (uint32_t i = 0; i < 8; i++)
        bytes[i] = (uint8_t)(v >> 8 * i);
    hash_bytes(h, bytes, sizeof bytes);
}

/* With its end, so that no two sequences of texts run together alike. */
static void hash_text(struct hasher *h, const char *text)
{
    hash_bytes(h, text ? text : "", text ? strlen(text) + 1 : 1);
}

static void hash_type(struct hasher *h, ir_type type)
{
    hash_text(h, ir_type_text(type));
}

/* True when the thing occurs for the first time. */
static bool hash_numbered(struct hasher *h, const void *thing)
{
    uintptr_t number = (uintptr_t)map_find(&h->numbers, thing);
    bool is_new = !number;
    if (is_new) {
        number = ++h->n_numbers;
        map_set(&h->numbers, thing, (void *)number);
    }
    hash_number(h, number);
    return is_new;
}

static void hash_expr(struct hasher *h, const struct ir_expr *e);

static void hash_shape(struct hasher *h, const struct ir_buffer *b)
{
    hash_text(h, ir_space_texts[b->space]);
    hash_text(h, ir_access_texts[b->access]);
    hash_type(h, b->elem);
    hash_number(h, b->sized);
    hash_number(h, b->count);
    hash_number(h, b->align_bytes);
    hash_number(h,
                (uint64_t)b->no_zeros << 3 | (uint64_t)b->streaming << 2 | (uint64_t)b->live_out << 1 | b->has_bytes);
    hash_number(h, b->bytes_begin);
    hash_number(h, b->bytes_end);
    hash_number(h, b->count_expr != NULL);
    if (b->count_expr) hash_expr(h, b->count_expr);
    if (b->data) hash_bytes(h, b->data->bytes, b->data->size_bytes);
}

/* A buffer that the launch gives is known by its name, any other by number and by what it is. */
static void hash_buffer(struct hasher *h, const struct ir_buffer *b)
{
    bool given = b->space == IR_SPACE_STORAGE && b->index < h->n_given;
    hash_text(h, given ? "given" : "numbered");
    if (given)
        hash_text(h, b->name);
    else if (hash_numbered(h, b))
        hash_shape(h, b);
}

/* -- expressions and statements ----------------------------------------------------------------------------- */

static void hash_expr(struct hasher *h, const struct ir_expr *e)
{
    hash_text(h, ir_op_infos[e->op].name);
    hash_type(h, e->type);
    hash_number(h, (uint64_t)(e->op == IR_OP_LOAD ? 0 : e->component) << 8 | e->n_args);
    switch (e->op) {
    case IR_OP_CONST:
        hash_number(h, e->bits);
        break;
    case IR_OP_LOCAL:
        hash_numbered(h, e->local);
        break;
    case IR_OP_PARAM:
        hash_text(h, e->param->name);
        break;
    case IR_OP_LOAD:
    case IR_OP_LEN:
        hash_buffer(h, e->buffer);
        break;
    default:
        break;
    }
    for (uint32_t i = 0; i < e->n_args; i++)
        hash_expr(h, e->args[i]);
}

static void hash_atomic(struct hasher *h, const struct ir_stmt *s)
{
    hash_text(h, ir_atomic_texts[s->atomic.op]);
    hash_text(h, ir_order_texts[s->atomic.order]);
    hash_number(h, s->atomic.declares);
    hash_number(h, s->atomic.result != NULL);
    hash_buffer(h, s->atomic.buffer);
}

/* What a statement says beside its expressions, its blocks, and the local it writes. */
static void hash_head(struct hasher *h, const struct ir_stmt *s)
{
    switch (s->kind) {
    case IR_STMT_STORE:
        hash_buffer(h, s->store.buffer);
        break;
    case IR_STMT_FOR:
        hash_number(h, s->for_.step);
        break;
    case IR_STMT_WHILE:
        if (s->while_.told.goes_on) hash_text(h, "tell");
        break;
    case IR_STMT_REGION:
        hash_text(h, s->scope.name);
        break;
    case IR_STMT_ATOMIC:
        hash_atomic(h, s);
        break;
    case IR_STMT_COPY_ASYNC:
        hash_buffer(h, s->copy.dst);
        hash_buffer(h, s->copy.src);
        hash_number(h, s->copy.tag);
        break;
    case IR_STMT_WAIT:
        hash_number(h, s->wait.tag);
        break;
    default:
        break;
    }
}

static void hash_block(struct hasher *h, const struct ir_block *b);

static void hash_stmt(struct hasher *h, struct ir_stmt *s)
{
    struct ir_expr **places[4];
    struct ir_block *blocks[2];
    const struct ir_local *written = ir_stmt_written_local(s);
    uint32_t n_exprs = ir_stmt_exprs(s, places), n_blocks = ir_stmt_blocks(s, blocks);
    hash_text(h, ir_stmt_infos[s->kind].name);
    hash_head(h, s);
    for (uint32_t i = 0; i < n_exprs; i++)
        hash_expr(h, *places[i]);
    if (written) hash_numbered(h, written);
    for (uint32_t i = 0; i < n_blocks; i++)
        hash_block(h, blocks[i]);
}

static void hash_block(struct hasher *h, const struct ir_block *b)
{
    hash_text(h, "{");
    IR_EACH_STMT(s, b) hash_stmt(h, s);
    hash_text(h, "}");
}

/* -- declarations ------------------------------------------------------------------------------------------- */

/* Buffers, params and arguments all begin with their name, through which they are sorted. */
static int compare_names(const void *a, const void *b)
{
    const char *const *x = *(const char *const *const *)a, *const *y = *(const char *const *const *)b;
    return strcmp(*x, *y);
}

static const void **sort_by_name(struct hasher *h, const void *const *list, uint32_t n)
{
    const void **sorted = ARENA_ARRAY(h->scratch, const void *, n);
    if (n) memcpy(sorted, list, n * sizeof *sorted);
    if (n) qsort(sorted, n, sizeof *sorted, compare_names);
    return sorted;
}

_Static_assert(offsetof(struct ir_buffer, name) == 0 && offsetof(struct ir_param, name) == 0 &&
                   offsetof(struct ir_arg, name) == 0,
               "compare_names relies on it");

static void hash_buffers(struct hasher *h, struct ir_buffer *const *list, uint32_t n)
{
    const void **sorted = sort_by_name(h, (const void *const *)list, n);
    hash_number(h, n);
    for (uint32_t i = 0; i < n; i++) {
        const struct ir_buffer *b = sorted[i];
        hash_text(h, b->name);
        hash_shape(h, b);
        hash_number(h, (uint64_t)(int64_t)b->binding);
    }
}

static void hash_params(struct hasher *h, struct ir_param *const *list, uint32_t n)
{
    const void **sorted = sort_by_name(h, (const void *const *)list, n);
    hash_number(h, n);
    for (uint32_t i = 0; i < n; i++) {
        const struct ir_param *p = sorted[i];
        hash_text(h, p->name);
        hash_type(h, p->type);
    }
}

static struct hasher *begin(struct arena *scratch, const char *domain)
{
    struct hasher *h = ARENA_NEW(scratch, struct hasher);
    h->scratch = scratch;
    h->n_given = UINT32_MAX;
    map_init(&h->numbers, scratch);
    map_init(&h->programs, scratch);
    SHA256Init(&h->sha);
    hash_text(h, domain);
    return h;
}

static struct ir_fingerprint finish(struct hasher *h)
{
    struct ir_fingerprint f;
    flush(h);
    SHA256Final(f.bytes, &h->sha);
    return f;
}

static void hash_attributes(struct hasher *h, const struct ir_program *p)
{
    hash_number(h, p->op_name != NULL);
    hash_text(h, p->op_name);
    hash_number(h, p->self_exclusive);
    hash_number(h, p->has_window ? (uint64_t)p->window + 1 : 0);
    for (uint32_t i = 0; i < 3; i++)
        hash_number(h, p->workgroup[i]);
    hash_number(h, p->n_dispatch);
    for (uint32_t i = 0; i < p->n_dispatch; i++)
        hash_expr(h, p->dispatch[i]);
}

struct ir_fingerprint ir_program_fingerprint(const struct ir_program *p, struct arena *scratch)
{
    struct hasher *h = begin(scratch, "vyre program 1");
    hash_buffers(h, p->buffers.at, p->buffers.n);
    hash_params(h, p->params.at, p->params.n);
    hash_attributes(h, p);
    hash_block(h, &p->body);
    return finish(h);
}

/* -- pipelines ---------------------------------------------------------------------------------------------- */

static void hash_program_of_arm(struct hasher *h, const struct ir_program *p)
{
    struct ir_fingerprint *f = map_find(&h->programs, p);
    if (!f) {
        f = ARENA_NEW(h->scratch, struct ir_fingerprint);
        *f = ir_program_fingerprint(p, h->scratch);
        map_set(&h->programs, p, f);
    }
    hash_bytes(h, f->bytes, sizeof f->bytes);
}

static void hash_arm(struct hasher *h, const struct ir_arm *arm)
{
    const void **args = ARENA_ARRAY(h->scratch, const void *, arm->args.n);
    hash_program_of_arm(h, arm->program);
    for (uint32_t i = 0; i < arm->args.n; i++)
        args[i] = &arm->args.at[i];
    args = sort_by_name(h, args, arm->args.n);
    for (uint32_t i = 0; i < arm->args.n; i++) {
        const struct ir_arg *a = args[i];
        hash_text(h, a->name);
        if (a->buffer)
            hash_buffer(h, a->buffer);
        else
            hash_expr(h, a->value);
    }
}

static void hash_step(struct hasher *h, const struct ir_stmt *s)
{
    hash_text(h, ir_stmt_infos[s->kind].name);
    if (s->kind == IR_STMT_ARM) hash_arm(h, s->arm);
    if (s->kind == IR_STMT_HOST) hash_buffer(h, s->host.buffer);
    if (s->kind != IR_STMT_COLLECTIVE) return;
    hash_text(h, ir_collective_texts[s->collective.op]);
    hash_buffer(h, s->collective.dst);
    if (s->collective.src) hash_buffer(h, s->collective.src);
}

struct ir_fingerprint ir_pipeline_fingerprint(const struct ir_pipeline *p, struct arena *scratch)
{
    struct hasher *h = begin(scratch, "vyre pipeline 1");
    h->n_given = p->buffers.n;
    hash_buffers(h, p->buffers.at, p->buffers.n);
    hash_params(h, p->params.at, p->params.n);
    hash_number(h, p->budget_bytes);
    IR_EACH_STMT(s, &p->body) hash_step(h, s);
    return finish(h);
}
