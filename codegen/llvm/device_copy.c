/* device_copy.c - copies into workgroup memory that go on while the program does, where the family has them: words of 4, 8 or 16 bytes, all that one
 * statement copies being a group. Groups end in their order, so that a wait names how many of the last may still be going on: device_find_waits
 * counts those that began after the copies waited for, on whatever way. */
#include "codegen/llvm/device.h"
#include "ir/walk.h"

enum { LEAST_BYTES = 4, MOST_BYTES = 16 };

/* The bytes of the largest word that both places and the count are multiples of; 0: the copy is not one of words. */
static uint32_t find_word(const struct index_facts *facts, const struct ir_stmt *s)
{
    const struct ir_expr *numbers[3] = {s->copy.dst_index, s->copy.src_index, s->copy.count};
    uint32_t bytes = ir_type_mem_bytes(s->copy.dst->elem), zeros = 32;
    bool is_shared = s->copy.dst->space == IR_SPACE_WORKGROUP;
    bool is_global = s->copy.src->space == IR_SPACE_STORAGE || s->copy.src->space == IR_SPACE_DATA;
    for (uint32_t i = 0; i < 3; i++) {
        uint32_t of_this = index_zeros(facts, numbers[i]);
        if (of_this < zeros) zeros = of_this;
    }
    for (; zeros && bytes < MOST_BYTES; zeros--)
        bytes *= 2;
    return is_shared && is_global && bytes >= LEAST_BYTES ? bytes : 0;
}

/* -- waits ------------------------------------------------------------------------------------------------------------------------ */

enum { NOTHING = UINT32_MAX, MOST_GROUPS = 15, MOST_LOOPS = 4, MOST_ROUNDS = 4 };

/* For each tag, how many groups at least have begun since its last copy; NOTHING: none is going on. */
struct flight {
    uint32_t *since;
};

struct loop_ways {
    struct flight breaks, continues;
};

struct search {
    struct arena *arena;
    const struct index_facts *facts;
    struct device_waits *waits;
    VEC(uint32_t) tags;
    struct loop_ways *loop;
    uint32_t depth; /* of loops */
};

static struct flight new_flight(struct search *s)
{
    struct flight f = {ARENA_ARRAY(s->arena, uint32_t, s->tags.n + 1)};
    for (uint32_t i = 0; i < s->tags.n; i++)
        f.since[i] = NOTHING;
    return f;
}

static struct flight copy_flight(struct search *s, const struct flight *f)
{
    struct flight copy = new_flight(s);
    for (uint32_t i = 0; i < s->tags.n; i++)
        copy.since[i] = f->since[i];
    return copy;
}

/* What holds on either way. Returns whether it is less than before. */
static bool join(const struct search *s, struct flight *to, const struct flight *from)
{
    bool changed = false;
    for (uint32_t i = 0; i < s->tags.n; i++) {
        if (from->since[i] >= to->since[i]) continue;
        to->since[i] = from->since[i];
        changed = true;
    }
    return changed;
}

/* On a way that nothing follows: whatever it is joined with holds alone. */
static void end_way(const struct search *s, struct flight *f)
{
    for (uint32_t i = 0; i < s->tags.n; i++)
        f->since[i] = NOTHING;
}

static uint32_t find_tag(struct search *s, uint32_t tag)
{
    for (uint32_t i = 0; i < s->tags.n; i++)
        if (s->tags.at[i] == tag) return i;
    vec_push(s->arena, &s->tags, tag);
    return s->tags.n - 1;
}

static void begin_group(struct search *s, struct flight *f, const struct ir_stmt *copy)
{
    if (!find_word(s->facts, copy)) return; /* it is done at once */
    for (uint32_t i = 0; i < s->tags.n; i++)
        if (f->since[i] < MOST_GROUPS) f->since[i]++;
    f->since[find_tag(s, copy->copy.tag)] = 0;
}

static void note_wait(struct search *s, struct flight *f, struct ir_stmt *wait)
{
    uint32_t after = f->since[find_tag(s, wait->wait.tag)];
    if (after == NOTHING) return;
    uint32_t known;
    if (!device_wait_groups(s->waits, wait, &known) || known > after)
        map_set(&s->waits->groups, wait, (void *)((uintptr_t)after + 1));
    for (uint32_t i = 0; i < s->tags.n; i++)
        if (f->since[i] >= after) f->since[i] = NOTHING; /* older, or as old */
}

static void follow_block(struct search *s, struct ir_block *block, struct flight *f);

/* As if copies with all tags had just begun: nothing can be less. */
static void assume_least(const struct search *s, struct flight *f)
{
    for (uint32_t i = 0; i < s->tags.n; i++)
        f->since[i] = 0;
}

/* Round and round until another round tells nothing new. */
static void follow_loop(struct search *s, struct ir_block *body, struct flight *f)
{
    struct loop_ways *outer = s->loop, ways = {new_flight(s), new_flight(s)};
    struct flight head = copy_flight(s, f);
    bool again = true;
    s->loop = &ways;
    for (uint32_t n = s->depth++ < MOST_LOOPS ? 0 : MOST_ROUNDS; again; n++) {
        if (n == MOST_ROUNDS) assume_least(s, &head);
        struct flight end = copy_flight(s, &head);
        follow_block(s, body, &end);
        join(s, &end, &ways.continues);
        again = join(s, &head, &end);
    }
    s->depth--;
    s->loop = outer;
    join(s, &head, &ways.breaks);
    *f = head;
}

static void follow_if(struct search *s, struct ir_stmt *stmt, struct flight *f)
{
    struct flight other = copy_flight(s, f);
    follow_block(s, &stmt->if_.then_block, f);
    follow_block(s, &stmt->if_.else_block, &other);
    join(s, f, &other);
}

static void follow_stmt(struct search *s, struct ir_stmt *stmt, struct flight *f)
{
    struct ir_block *blocks[2];
    switch (stmt->kind) {
    case IR_STMT_COPY_ASYNC:
        begin_group(s, f, stmt);
        break;
    case IR_STMT_WAIT:
        note_wait(s, f, stmt);
        break;
    case IR_STMT_IF:
        follow_if(s, stmt, f);
        break;
    case IR_STMT_FOR:
        follow_loop(s, &stmt->for_.body, f);
        break;
    case IR_STMT_WHILE:
        follow_loop(s, &stmt->while_.body, f);
        break;
    case IR_STMT_BREAK:
    case IR_STMT_CONTINUE:
        join(s, stmt->kind == IR_STMT_BREAK ? &s->loop->breaks : &s->loop->continues, f);
        end_way(s, f);
        break;
    case IR_STMT_RETURN:
    case IR_STMT_TRAP:
        end_way(s, f);
        break;
    default:
        if (ir_stmt_blocks(stmt, blocks)) follow_block(s, blocks[0], f);
        break;
    }
}

static void follow_block(struct search *s, struct ir_block *block, struct flight *f)
{
    IR_EACH_STMT(stmt, block) follow_stmt(s, stmt, f);
}

static void note_tag(void *ctx, struct ir_stmt *stmt)
{
    if (stmt->kind == IR_STMT_COPY_ASYNC) find_tag(ctx, stmt->copy.tag);
    if (stmt->kind == IR_STMT_WAIT) find_tag(ctx, stmt->wait.tag);
}

void device_find_waits(struct device_waits *waits, struct arena *arena, const struct ir_program *p,
                       const struct index_facts *facts)
{
    struct search s = {.arena = arena, .facts = facts, .waits = waits};
    struct ir_block *body = (struct ir_block *)&p->body; /* only looked at */
    map_init(&waits->groups, arena);
    ir_walk_stmts(body, note_tag, &s);
    if (!s.tags.n) return;
    struct flight f = new_flight(&s);
    follow_block(&s, body, &f);
}

bool device_wait_groups(const struct device_waits *waits, const struct ir_stmt *s, uint32_t *n)
{
    uintptr_t known = (uintptr_t)map_find(&waits->groups, s);
    if (known) *n = (uint32_t)(known - 1);
    return known != 0;
}

/* -- copies ----------------------------------------------------------------------------------------------------------------------- */

/* A statement's copies, a word at a time. */
struct words {
    struct lower *l;
    struct ir_stmt *stmt;
    LLVMValueRef to, from; /* first elements */
    uint32_t n_elements;   /* of a word */
    uint32_t elem_bytes;
};

static LLVMValueRef count_of(struct lower *l, const struct array *a)
{
    return LLVMBuildTrunc(l->b, a->count, type_int(l, 32), "");
}

/* How many bytes of a word the source has; the others arrive as zeros. */
static LLVMValueRef source_bytes(const struct words *w, const struct array *a, LLVMValueRef from)
{
    struct lower *l = w->l;
    LLVMTypeRef i32 = type_int(l, 32);
    LLVMValueRef rest[2] = {count_of(l, a), from};
    LLVMValueRef left[2] = {build_call(l, "llvm.usub.sat", i32, rest, 2), const_int(l, 32, w->n_elements)};
    return LLVMBuildMul(l->b, build_call(l, "llvm.umin", i32, left, 2), const_int(l, 32, w->elem_bytes), "");
}

static void start_word(const struct words *w, LLVMValueRef to, LLVMValueRef from)
{
    struct lower *l = w->l;
    const struct array *given = array_of(l, w->stmt->copy.dst), *taken = array_of(l, w->stmt->copy.src);
    LLVMValueRef inside = memory_in_bounds(l, taken, from);
    LLVMValueRef safe = LLVMBuildSelect(l->b, inside, from, const_int(l, 32, 0), "");
    LLVMValueRef bytes = source_bytes(w, taken, from);
    device_frame_of(l)->family->copy_word(l, memory_address(l, given, to), memory_address(l, taken, safe),
                                          w->n_elements * w->elem_bytes, bytes);
}

/* A word lies inside where its first element is one of those that fill words. Of what is left of the array the elements are stored one by one. */
static void copy_word(const struct words *w, LLVMValueRef i)
{
    struct lower *l = w->l;
    struct array *given = array_of(l, w->stmt->copy.dst);
    uint64_t n = given->buffer->count, n_whole = n / w->n_elements * w->n_elements;
    LLVMValueRef to = copy_index(l, w->to, i), from = copy_index(l, w->from, i);
    LLVMBasicBlockRef whole = block_new(l, "word"), partial = block_new(l, "elements"), done = block_new(l, "started");
    LLVMValueRef inside = LLVMBuildICmp(l->b, LLVMIntULT, to, const_int(l, 32, n_whole), "");
    block_branch_likely(l, inside, whole, n == n_whole ? done : partial);
    block_enter(l, whole);
    start_word(w, to, from);
    block_jump(l, done);
    LLVMPositionBuilderAtEnd(l->b, partial);
    for (uint32_t k = 0; k < w->n_elements; k++)
        copy_element(l, w->stmt, copy_index(l, to, const_int(l, 32, k)), copy_index(l, from, const_int(l, 32, k)));
    block_enter(l, done);
}

bool device_copy(struct lower *l, struct ir_stmt *s, LLVMValueRef to, LLVMValueRef from, LLVMValueRef n)
{
    const struct device_frame *f = device_frame_of(l);
    struct words w = {.l = l, .stmt = s, .to = to, .from = from, .elem_bytes = ir_type_mem_bytes(s->copy.dst->elem)};
    uint32_t word_bytes = f->has_copies ? find_word(&f->facts, s) : 0;
    if (!word_bytes) return false;
    w.n_elements = word_bytes / w.elem_bytes;
    LLVMTypeRef i32 = type_int(l, 32);
    LLVMBasicBlockRef head = block_new(l, "copy"), body = block_new(l, "words"), exit = block_new(l, "copied");
    LLVMValueRef slot = build_alloca(l, i32, "i");
    LLVMBuildStore(l->b, LLVMConstNull(i32), slot);
    block_enter(l, head);
    LLVMValueRef i = LLVMBuildLoad2(l->b, i32, slot, "");
    block_branch(l, LLVMBuildICmp(l->b, LLVMIntULT, i, n, ""), body, exit);
    block_enter(l, body);
    copy_word(&w, i);
    LLVMBuildStore(l->b, LLVMBuildAdd(l->b, i, const_int(l, 32, w.n_elements), ""), slot);
    block_jump(l, head);
    block_enter(l, exit);
    f->family->end_group(l);
    return true;
}

void device_wait(struct lower *l, struct ir_stmt *s)
{
    const struct device_frame *f = device_frame_of(l);
    uint32_t n;
    if (f->has_copies && device_wait_groups(&f->waits, s, &n)) f->family->wait_groups(l, n);
}
