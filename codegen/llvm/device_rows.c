/* device_rows.c - neighbouring elements that one invocation loads or stores, at once. A row is up to 16 bytes of an array, aligned to their size. Where
 * the text shows that an index is a multiple of the row's elements, and that several of them are wanted in one run of statements, the row is
 * moved whole if it lies inside the array, which one comparison tells, and element by element otherwise. */
#include "codegen/llvm/device.h"
#include "ir/walk.h"

enum { ROW_BYTES = 16, MAX_ROW = ROW_BYTES, LOOK_AHEAD = 32 /* statements */ };

/* An element of an array, and the longest row around it. */
struct place {
    struct index_form form;
    uint32_t most; /* elements of that row */
};

static bool find_place(struct lower *l, const struct ir_buffer *b, const struct ir_expr *index, struct place *at)
{
    uint32_t elem_bytes = ir_type_mem_bytes(b->elem);
    if (elem_bytes >= ROW_BYTES || !index_form_of(&device_frame_of(l)->facts, index, &at->form)) return false;
    at->most = ROW_BYTES / elem_bytes;
    while (at->form.zeros < 32 && at->most > UINT32_C(1) << at->form.zeros)
        at->most /= 2;
    return at->most > 1;
}

static uint32_t row_begin(const struct place *at)
{
    return at->form.offset & ~(at->most - 1);
}

/* Whether another access lies in the longest row around this one; *nth is its number there. */
static bool is_beside(struct lower *l, const struct place *at, const struct ir_buffer *b, const struct ir_expr *index,
                      uint32_t *nth)
{
    struct index_form other;
    if (!index_form_of(&device_frame_of(l)->facts, index, &other)) return false;
    *nth = other.offset - row_begin(at);
    return *nth < at->most && index_roots_equal(&at->form, &other) && ir_type_mem_bytes(b->elem) < ROW_BYTES;
}

static LLVMValueRef element_number(struct lower *l, LLVMValueRef first, uint32_t nth)
{
    return LLVMBuildAdd(l->b, first, const_int(l, 32, nth), "");
}

/* Of a row that begins at `first`, a multiple of its length: the last number does not wrap. */
static void branch_inside(struct lower *l, const struct array *a, LLVMValueRef first, uint32_t n,
                          LLVMBasicBlockRef inside, LLVMBasicBlockRef otherwise)
{
    block_branch_likely(l, memory_in_bounds(l, a, element_number(l, first, n - 1)), inside, otherwise);
}

/* -- loads ------------------------------------------------------------------------------------------------------------------------ */

struct wanted {
    struct lower *l;
    const struct ir_buffer *buffer;
    const struct place *at;
    uint32_t elements;  /* bit n: element n of the longest row */
    uint32_t in_bounds; /* those that are claimed to be, in what is executed whenever this is */
    bool straight;      /* no branch or jump between */
};

static void note_load(void *ctx, struct ir_expr **expr)
{
    struct wanted *w = ctx;
    const struct ir_expr *e = *expr;
    uint32_t nth;
    if (e->op == IR_OP_LOAD && e->buffer == w->buffer && is_beside(w->l, w->at, e->buffer, e->args[0], &nth)) {
        w->elements |= UINT32_C(1) << nth;
        if (e->in_bounds && w->straight && !w->l->checks_claims) w->in_bounds |= UINT32_C(1) << nth;
    }
}

/* Whether what was loaded before a statement is still what the array holds after it, other invocations' stores apart. */
static bool is_kept_by(const struct ir_stmt *s, const struct ir_buffer *b)
{
    return memory_is_constant(b) || s->kind == IR_STMT_LET || s->kind == IR_STMT_VAR || s->kind == IR_STMT_ASSIGN ||
           (s->kind == IR_STMT_STORE && s->store.buffer != b);
}

/* What this statement and those behind it load. */
static struct wanted find_wanted(struct lower *l, const struct ir_buffer *b, const struct place *at)
{
    struct wanted w = {.l = l, .buffer = b, .at = at, .straight = true};
    struct ir_stmt *s = (struct ir_stmt *)l->now; /* only looked at */
    for (uint32_t i = 0; s && i < LOOK_AHEAD; i++, s = s->next) {
        struct ir_expr **exprs[4];
        uint32_t n = ir_stmt_exprs(s, exprs), nth;
        for (uint32_t k = 0; k < n; k++)
            ir_walk_expr(exprs[k], note_load, &w);
        bool is_beside_it = s->kind == IR_STMT_STORE && is_beside(l, at, s->store.buffer, s->store.index, &nth);
        if (!is_kept_by(s, b) && !is_beside_it) break; /* a store beside it waits for others: device_store_rows */
        w.straight &=
            s->kind == IR_STMT_LET || s->kind == IR_STMT_VAR || s->kind == IR_STMT_ASSIGN || s->kind == IR_STMT_STORE;
    }
    return w;
}

/* The elements of the shortest row that has as many of those wanted as any, and is not mostly unwanted; 1: none. */
static uint32_t choose_length(const struct place *at, uint32_t wanted)
{
    uint32_t best = 1, n_best = 1, nth = at->form.offset - row_begin(at);
    for (uint32_t n = 2; n <= at->most; n *= 2) {
        uint32_t of_row = (UINT32_C(1) << n) - 1;
        uint32_t count = (uint32_t)__builtin_popcount(wanted >> (nth & ~(n - 1)) & of_row);
        if (count <= n_best || count * 2 < n) continue;
        best = n;
        n_best = count;
    }
    return best;
}

static LLVMValueRef load_by_elements(struct lower *l, const struct array *a, LLVMTypeRef type, LLVMValueRef first)
{
    uint32_t lanes = a->buffer->elem.lanes, n = LLVMGetVectorSize(type) / lanes;
    LLVMValueRef row = LLVMGetPoison(type), parts[4];
    for (uint32_t i = 0; i < n; i++) {
        memory_load_clamped(l, a, element_number(l, first, i), parts);
        for (uint32_t c = 0; c < lanes; c++)
            row = LLVMBuildInsertElement(l->b, row, parts[c], const_int(l, 32, i * lanes + c), "");
    }
    return row;
}

static LLVMValueRef load_whole(struct lower *l, const struct array *a, LLVMValueRef first, uint32_t n)
{
    enum ir_scalar scalar = (enum ir_scalar)a->buffer->elem.scalar;
    LLVMTypeRef type = LLVMVectorType(type_memory(l, scalar), n * a->buffer->elem.lanes);
    LLVMValueRef rows[2];
    LLVMBasicBlockRef from[2];
    if (a->in_bounds) return memory_load_row(l, a, first, type);
    LLVMBasicBlockRef inside = block_new(l, "row"), partial = block_new(l, "elements"), done = block_new(l, "loaded");
    branch_inside(l, a, first, n, inside, partial);
    block_enter(l, inside);
    rows[0] = memory_load_row(l, a, first, type);
    from[0] = LLVMGetInsertBlock(l->b);
    block_jump(l, done);
    LLVMPositionBuilderAtEnd(l->b, partial);
    rows[1] = load_by_elements(l, a, type, first);
    from[1] = LLVMGetInsertBlock(l->b);
    block_enter(l, done);
    LLVMValueRef row = LLVMBuildPhi(l->b, type, "");
    LLVMAddIncoming(row, rows, from, 2);
    return row;
}

static const struct window *find_row(struct lower *l, const struct ir_buffer *b, const struct place *at)
{
    for (uint32_t i = l->windows.n, begin = memory_is_constant(b) ? 0 : l->run_begin; i-- > begin;) {
        const struct window *w = &l->windows.at[i];
        if (w->buffer == b && at->form.offset - w->form.offset < (uint64_t)w->stride &&
            index_roots_equal(&w->form, &at->form))
            return w;
    }
    return NULL;
}

static const struct window *load_row(struct lower *l, const struct ir_buffer *b, const struct place *at,
                                     LLVMValueRef index)
{
    struct wanted wanted = find_wanted(l, b, at);
    uint32_t n = choose_length(at, wanted.elements);
    if (n == 1) return NULL;
    uint32_t before = at->form.offset & (n - 1), last = at->form.offset - before + n - 1 - row_begin(at);
    LLVMValueRef first = LLVMBuildSub(l->b, index, const_int(l, 32, before), "");
    struct window w = {.buffer = b, .form = at->form, .stride = n};
    w.form.offset -= before;
    struct array array = *array_of(l, b);
    array.in_bounds = wanted.in_bounds >> last & 1;
    w.elements = load_whole(l, &array, first, n);
    vec_push(l->arena, &l->windows, w);
    return &l->windows.at[l->windows.n - 1];
}

bool device_load_row(struct lower *l, const struct ir_expr *e, const struct value *index, struct value *result)
{
    struct place at;
    if (e->buffer->space == IR_SPACE_PRIVATE || !find_place(l, e->buffer, e->args[0], &at)) return false;
    const struct window *w = find_row(l, e->buffer, &at);
    if (!w) w = load_row(l, e->buffer, &at, index->at[0]);
    if (!w) return false;
    uint32_t nth = at.form.offset - w->form.offset;
    *result = (struct value){.type = e->type, .shape = SHAPE_UNIFORM, .scale = 1};
    for (uint32_t c = 0; c < e->type.lanes; c++) {
        LLVMValueRef number = const_int(l, 32, nth * e->type.lanes + c);
        LLVMValueRef part = LLVMBuildExtractElement(l->b, w->elements, number, "");
        result->at[c] = value_from_memory(l, (enum ir_scalar)e->type.scalar, part);
    }
    return true;
}

void device_forget_rows(struct lower *l, const struct ir_stmt *s)
{
    for (uint32_t i = 0; i < l->windows.n; i++) {
        struct window *w = &l->windows.at[i];
        if (w->buffer && !is_kept_by(s, w->buffer)) w->buffer = NULL;
    }
}

/* -- stores ----------------------------------------------------------------------------------------------------------------------- */

/* Elements of one row that are to be stored. */
struct pending {
    const struct array *array;
    struct place at; /* of the first that was met */
    uint32_t elements, in_bounds;
    struct value index[MAX_ROW], value[MAX_ROW];
};

static void store_elements(struct lower *l, const struct pending *p, uint32_t begin, uint32_t n)
{
    for (uint32_t i = begin; i < begin + n; i++)
        if (p->elements >> i & 1) {
            struct array one = *p->array;
            one.in_bounds = p->in_bounds >> i & 1;
            memory_store(l, &one, &p->index[i], &p->value[i]);
        }
}

static void store_whole(struct lower *l, const struct pending *p, uint32_t begin, uint32_t n)
{
    if (p->in_bounds >> (begin + n - 1) & 1) { /* and so all before it */
        memory_store_row(l, p->array, p->index[begin].at[0], &p->value[begin], n);
        return;
    }
    LLVMBasicBlockRef inside = block_new(l, "row"), partial = block_new(l, "elements"), done = block_new(l, "stored");
    branch_inside(l, p->array, p->index[begin].at[0], n, inside, partial);
    block_enter(l, inside);
    memory_store_row(l, p->array, p->index[begin].at[0], &p->value[begin], n);
    block_jump(l, done);
    LLVMPositionBuilderAtEnd(l->b, partial);
    store_elements(l, p, begin, n);
    block_enter(l, done);
}

/* In rows as long as are complete. */
static void store_part(struct lower *l, const struct pending *p, uint32_t begin, uint32_t n)
{
    uint32_t all = (UINT32_C(1) << n) - 1;
    if (n == 1) {
        store_elements(l, p, begin, 1);
    } else if ((p->elements >> begin & all) == all) {
        store_whole(l, p, begin, n);
    } else {
        store_part(l, p, begin, n / 2);
        store_part(l, p, begin + n / 2, n / 2);
    }
}

/* Whether an expression may load one of the elements that are still to be stored. */
static bool may_load(struct lower *l, const struct pending *p, const struct ir_expr *e)
{
    struct index_form form;
    if (e->op == IR_OP_LOAD && e->buffer == p->array->buffer) {
        if (!index_form_of(&device_frame_of(l)->facts, e->args[0], &form)) return true;
        uint32_t nth = form.offset - row_begin(&p->at);
        if (!index_roots_equal(&form, &p->at.form) || (nth < MAX_ROW && p->elements >> nth & 1)) return true;
    }
    for (uint32_t i = 0; i < e->n_args; i++)
        if (may_load(l, p, e->args[i])) return true;
    return false;
}

static bool loads_pending(struct lower *l, const struct pending *p, const struct ir_stmt *s)
{
    return s->kind == IR_STMT_LET ? may_load(l, p, s->let.value)
                                  : may_load(l, p, s->store.index) || may_load(l, p, s->store.value);
}

/* The next store that may be done together with those pending, only lets being in between; or NULL. */
static struct ir_stmt *find_next(struct lower *l, const struct pending *p, struct ir_stmt *s, uint32_t *nth)
{
    const struct ir_buffer *b = p->array->buffer;
    uint32_t i = 0;
    for (s = s->next; s && i < LOOK_AHEAD; i++, s = s->next) {
        if ((s->kind != IR_STMT_LET && s->kind != IR_STMT_STORE) || loads_pending(l, p, s)) return NULL;
        if (s->kind == IR_STMT_LET) continue;
        bool may = s->store.buffer == b && is_beside(l, &p->at, b, s->store.index, nth) && !(p->elements >> *nth & 1);
        return may ? s : NULL;
    }
    return NULL;
}

static void evaluate_store(struct lower *l, struct pending *p, struct ir_stmt *s, uint32_t nth)
{
    debug_place(l, s->range);
    l->now = s;
    p->elements |= UINT32_C(1) << nth;
    p->index[nth] = expr_lower(l, s->store.index);
    p->value[nth] = expr_lower(l, s->store.value);
    if (array_for(l, s->store.buffer, s->store.in_bounds, &p->index[nth]).in_bounds) p->in_bounds |= UINT32_C(1) << nth;
}

struct ir_stmt *device_store_rows(struct lower *l, struct ir_stmt *first)
{
    struct pending p = {.array = array_of(l, first->store.buffer)};
    const struct ir_buffer *b = p.array->buffer;
    struct ir_stmt *last = first, *next;
    bool has_row = b->space != IR_SPACE_PRIVATE && find_place(l, b, first->store.index, &p.at);
    uint32_t nth = has_row ? p.at.form.offset - row_begin(&p.at) : 0;
    evaluate_store(l, &p, first, nth);
    while (has_row && (next = find_next(l, &p, last, &nth))) {
        for (struct ir_stmt *let = last->next; let != next; let = let->next)
            stmt_lower(l, let);
        evaluate_store(l, &p, next, nth);
        last = next;
    }
    store_part(l, &p, 0, has_row ? p.at.most : 1);
    l->untouched = false;
    device_forget_rows(l, first);
    return last;
}
