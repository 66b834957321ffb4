/* memory.c - loads and stores of arrays. An index is compared with the length in elements before anything is scaled; outside, a load
 * gives 0 and a store does nothing.
 *
 * Lanes at first, first + s, first + 2 s ... with a small s touch a window of s * width neighbouring elements. When it lies inside the array,
 * which one comparison tells, it is loaded or stored whole and taken apart or put together by shuffles; near the end a helper goes element by
 * element. Windows of arrays that the program only reads are kept, so that t[4 * i], t[4 * i + 1] ... load once. */
#include "codegen/llvm/lower.h"

struct array *array_of(struct lower *l, const struct ir_buffer *b)
{
    switch (b->space) {
    case IR_SPACE_STORAGE:
        return &l->buffers[b->index];
    case IR_SPACE_DATA:
        return &l->data[b->data->buffer.index];
    default:
        return &l->arrays[b->index];
    }
}

static void check_claim(struct lower *l, const struct array *a, const struct value *index);

struct array array_for(struct lower *l, const struct ir_buffer *b, bool in_bounds, const struct value *index)
{
    struct array a = *array_of(l, b);
    if (in_bounds && l->checks_claims)
        check_claim(l, &a, index);
    else
        a.in_bounds = in_bounds;
    return a;
}

static enum ir_scalar scalar_of(const struct array *a)
{
    return (enum ir_scalar)a->buffer->elem.scalar;
}
static uint32_t lanes_of(const struct array *a)
{
    return a->buffer->elem.lanes;
}
static LLVMTypeRef elem_of(struct lower *l, const struct array *a)
{
    return type_memory(l, scalar_of(a));
}
static uint32_t align_of(const struct array *a)
{
    return ir_scalar_infos[scalar_of(a)].mem_bytes;
}

static LLVMValueRef widen_u32(struct lower *l, LLVMValueRef index)
{
    return LLVMBuildZExt(l->b, index, type_int(l, 64), "");
}

static LLVMValueRef all_true(LLVMValueRef index)
{
    LLVMContextRef context = LLVMGetTypeContext(LLVMTypeOf(index));
    LLVMTypeRef one = LLVMInt1TypeInContext(context), type = LLVMTypeOf(index);
    return LLVMConstAllOnes(type_is_vector(type) ? LLVMVectorType(one, LLVMGetVectorSize(type)) : one);
}

/* A claim is about lanes that are there: an index that they share may be anything where none is. */
LLVMValueRef memory_in_bounds(struct lower *l, const struct array *a, LLVMValueRef index)
{
    if (a->in_bounds && (!l->exec || type_is_vector(LLVMTypeOf(index)))) return all_true(index);
    LLVMValueRef count = LLVMBuildTrunc(l->b, a->count, type_int(l, 32), "");
    if (type_is_vector(LLVMTypeOf(index))) count = value_splat(l, count);
    return LLVMBuildICmp(l->b, LLVMIntULT, index, count, "");
}

/* Stops the process where an index of a lane that is there is past the end. */
static void check_claim(struct lower *l, const struct array *a, const struct value *index)
{
    struct value wide = value_is_uniform(index) ? *index : value_widen(l, *index);
    LLVMValueRef outside = LLVMBuildNot(l->b, memory_in_bounds(l, a, wide.at[0]), "");
    if (type_is_vector(LLVMTypeOf(outside)))
        outside = mask_any(l, l->exec ? LLVMBuildAnd(l->b, l->exec, outside, "") : outside);
    else if (l->exec)
        outside = LLVMBuildAnd(l->b, mask_any(l, l->exec), outside, "");
    LLVMBasicBlockRef wrong = block_new(l, "claim"), right = block_new(l, "claimed");
    block_branch(l, outside, wrong, right);
    block_enter(l, wrong);
    build_call(l, "llvm.trap", NULL, NULL, 0);
    block_jump(l, right);
    block_enter(l, right);
}

/* The address of component c of an element. */
static LLVMValueRef address(struct lower *l, const struct array *a, LLVMValueRef index, uint32_t c)
{
    LLVMValueRef at = widen_u32(l, index);
    if (lanes_of(a) > 1) {
        at = LLVMBuildMul(l->b, at, const_int(l, 64, lanes_of(a)), "");
        at = LLVMBuildAdd(l->b, at, const_int(l, 64, c), "");
    }
    return build_element(l, elem_of(l, a), a->base, at);
}

LLVMValueRef memory_address(struct lower *l, const struct array *a, LLVMValueRef index)
{
    return address(l, a, index, 0);
}

static struct value empty_value(const struct array *a, struct shape shape)
{
    return (struct value){.type = a->buffer->elem, .shape = shape, .scale = 1};
}

bool memory_is_constant(const struct ir_buffer *b)
{
    return b->access == IR_ACCESS_READ || b->access == IR_ACCESS_UNIFORM;
}

/* Nothing changes while windows of it are kept. */
static bool is_still(struct lower *l, const struct ir_buffer *b)
{
    return memory_is_constant(b) || (b->space == IR_SPACE_WORKGROUP && l->still_arrays && l->still_arrays[b->index]);
}

/* What a load finds never changes. */
static void mark_invariant(struct lower *l, LLVMValueRef load)
{
    LLVMSetMetadata(load, LLVMGetMDKindIDInContext(l->context, "invariant.load", 14),
                    LLVMMetadataAsValue(l->context, LLVMMDNodeInContext2(l->context, NULL, 0)));
}

/* -- one element for all lanes ----------------------------------------------------------------------------------------- */

/* Element c of a vector of a device's array. */
static LLVMValueRef load_component(struct lower *l, const struct array *a, LLVMValueRef index, uint32_t c)
{
    uint32_t align_bytes = c ? align_of(a) : align_of(a) * lanes_of(a);
    LLVMValueRef v = build_load(l, elem_of(l, a), address(l, a, index, c), align_bytes);
    if (memory_is_constant(a->buffer)) mark_invariant(l, v);
    return v;
}

/* Arrays of a device are never empty: outside, the first element is loaded in the place of none, without a branch. */
void memory_load_clamped(struct lower *l, const struct array *a, LLVMValueRef index, LLVMValueRef *parts)
{
    LLVMValueRef inside = memory_in_bounds(l, a, index);
    LLVMValueRef safe = LLVMBuildSelect(l->b, inside, index, const_int(l, 32, 0), "");
    for (uint32_t c = 0; c < lanes_of(a); c++) {
        LLVMValueRef loaded = load_component(l, a, safe, c);
        parts[c] = LLVMBuildSelect(l->b, inside, loaded, LLVMConstNull(elem_of(l, a)), "");
    }
}

static struct value load_clamped(struct lower *l, const struct array *a, LLVMValueRef index)
{
    struct value v = empty_value(a, SHAPE_UNIFORM);
    memory_load_clamped(l, a, index, v.at);
    for (uint32_t c = 0; c < lanes_of(a); c++)
        v.at[c] = value_from_memory(l, scalar_of(a), v.at[c]);
    return v;
}

/* -- a device's row: neighbouring elements, aligned to the bytes of all -- */

LLVMValueRef memory_load_row(struct lower *l, const struct array *a, LLVMValueRef first, LLVMTypeRef type)
{
    LLVMValueRef row = build_load(l, type, address(l, a, first, 0), LLVMGetVectorSize(type) * align_of(a));
    if (memory_is_constant(a->buffer)) mark_invariant(l, row);
    return row;
}

void memory_store_row(struct lower *l, const struct array *a, LLVMValueRef first, const struct value *values,
                      uint32_t n)
{
    uint32_t n_parts = n * lanes_of(a);
    LLVMValueRef row = LLVMGetPoison(LLVMVectorType(elem_of(l, a), n_parts));
    for (uint32_t i = 0; i < n_parts; i++) {
        LLVMValueRef part = value_to_memory(l, scalar_of(a), values[i / lanes_of(a)].at[i % lanes_of(a)]);
        row = LLVMBuildInsertElement(l->b, row, part, const_int(l, 32, i), "");
    }
    build_store(l, row, address(l, a, first, 0), n_parts * align_of(a));
}

/* Outside the array the address is that of a zero: no branch, nothing to merge. */
static struct value load_uniform(struct lower *l, const struct array *a, LLVMValueRef index)
{
    if (l->target->is_device) return load_clamped(l, a, index);
    struct value v = empty_value(a, SHAPE_UNIFORM);
    LLVMValueRef inside = memory_in_bounds(l, a, index);
    LLVMValueRef start = LLVMBuildSelect(l->b, inside, address(l, a, index, 0), helper_zeros(l), "");
    for (uint32_t c = 0; c < lanes_of(a); c++) {
        LLVMValueRef at = c ? build_element(l, elem_of(l, a), start, const_int(l, 64, c)) : start;
        v.at[c] = value_from_memory(l, scalar_of(a), build_load(l, elem_of(l, a), at, align_of(a)));
    }
    return v;
}

/* Several lanes that store to one element race, and any of them may win: the first does. */
static void store_uniform(struct lower *l, const struct array *a, LLVMValueRef index, const struct value *v)
{
    LLVMBasicBlockRef yes = block_new(l, "store"), done = block_new(l, "stored");
    LLVMValueRef inside = memory_in_bounds(l, a, index);
    block_branch(l, l->exec ? LLVMBuildAnd(l->b, mask_any(l, l->exec), inside, "") : inside, yes, done);
    block_enter(l, yes);
    LLVMValueRef lane = value_is_uniform(v) ? NULL : mask_first_lane(l, l->exec);
    struct value parts = lane ? value_widen(l, *v) : *v;
    for (uint32_t c = 0; c < lanes_of(a); c++) {
        LLVMValueRef one = lane && l->width > 1 ? LLVMBuildExtractElement(l->b, parts.at[c], lane, "") : parts.at[c];
        uint32_t align_bytes = l->target->is_device && !c ? align_of(a) * lanes_of(a) : align_of(a);
        build_store(l, value_to_memory(l, scalar_of(a), one), address(l, a, index, c), align_bytes);
    }
    block_enter(l, done);
}

/* -- windows ----------------------------------------------------------------------------------------------------------- */

static bool has_window(struct lower *l, const struct array *a, const struct value *index)
{
    int64_t stride = index->shape.stride;
    return !index->shape.varying && (stride == -1 || (stride > 0 && stride <= MAX_WINDOW_STRIDE)) &&
           (stride < 0 ? 1 : stride) * lanes_of(a) * l->width <= MAX_WINDOW_SCALARS;
}

/* The element numbers of lane 0, as a multiple of the stride from the root and what is left. */
struct window_place {
    struct window window;
    uint32_t rest;
    bool reversed;
};

static struct window_place place_window(struct lower *l, const struct array *a, const struct value *index)
{
    int64_t stride = index->shape.stride;
    struct window_place p = {
        .window = {.buffer = a->buffer, .root = index->at[0], .scale = index->scale, .stride = stride}};
    if (stride < 0) { /* lane width - 1 has the first */
        p.reversed = true;
        p.window.stride = 1;
        p.window.first = index->offset - ((int64_t)l->width - 1);
    } else {
        p.rest = (uint32_t)(((index->offset % stride) + stride) % stride);
        p.window.first = index->offset - p.rest;
    }
    return p;
}

static struct value first_index(const struct window *w)
{
    return value_linear(IR_TYPE(U32), w->root, w->scale, w->first, w->stride);
}

/* Phases that load are short, since others compute in between, and ask for more. */
enum { LINE_BYTES = 64, AHEAD_BYTES = 2048, AHEAD_OF_PHASE_BYTES = 3072 };

/* Is a part of the same line being loaded already? */
static bool has_neighbour(struct lower *l, const struct window *w)
{
    for (uint32_t i = 0; i < l->windows.n; i++) {
        const struct window *o = &l->windows.at[i];
        if (o->buffer == w->buffer && o->root == w->root && o->scale == w->scale && o->stride == w->stride) return true;
    }
    return false;
}

/* Groups go through memory in order, but what processors guess themselves is not far enough ahead, above all where a workgroup does
 * something else between its loads. An address that does not exist is no fault. */
static void prefetch(struct lower *l, const struct array *a, const struct window *w, LLVMValueRef at)
{
    uint64_t n_bytes = (uint64_t)w->stride * l->width * ir_type_mem_bytes(a->buffer->elem);
    bool streams = a->buffer->space == IR_SPACE_STORAGE && memory_is_constant(a->buffer);
    if (l->target->is_device || !l->optimize || l->exec || !streams || has_neighbour(l, w)) return;
    uint64_t ahead = l->plan->has_phases ? AHEAD_OF_PHASE_BYTES : AHEAD_BYTES;
    for (uint64_t line = 0; line < n_bytes; line += LINE_BYTES) {
        LLVMValueRef args[4] = {build_element(l, type_int(l, 8), at, const_int(l, 64, ahead + line)),
                                const_int(l, 32, 0), const_int(l, 32, 3), const_int(l, 32, 1)};
        build_call(l, "llvm.prefetch", type_ptr(l), args, 4);
    }
}

static LLVMValueRef load_whole(struct lower *l, const struct array *a, const struct window *w)
{
    uint32_t n = (uint32_t)w->stride * l->width;
    struct value place = first_index(w);
    LLVMTypeRef type = LLVMVectorType(elem_of(l, a), n * lanes_of(a));
    if (a->in_bounds || leave_allowed(l)) {
        if (!a->in_bounds) leave_unless_below(l, &place, a->count, n - 1);
        LLVMValueRef start = address(l, a, value_base(l, &place), 0);
        prefetch(l, a, w, start);
        return build_load(l, type, start, align_of(a));
    }
    LLVMValueRef first = value_base(l, &place);
    LLVMBasicBlockRef inside = block_new(l, "inside"), partial = block_new(l, "partial"), done = block_new(l, "loaded");
    block_branch_likely(l, bounds_below(l, &place, a->count, n - 1), inside, partial);
    block_enter(l, inside);
    LLVMValueRef at = address(l, a, first, 0);
    prefetch(l, a, w, at);
    LLVMValueRef values[2] = {build_load(l, type, at, align_of(a))};
    LLVMBasicBlockRef from[2] = {LLVMGetInsertBlock(l->b)};
    block_jump(l, done);
    block_enter(l, partial);
    values[1] = helper_load_partial(l, type, align_of(a) * lanes_of(a), a->base, a->count, first, n);
    from[1] = LLVMGetInsertBlock(l->b);
    block_enter(l, done);
    LLVMValueRef phi = LLVMBuildPhi(l->b, type, "");
    LLVMAddIncoming(phi, values, from, 2);
    return phi;
}

static LLVMValueRef get_window(struct lower *l, const struct array *a, struct window w)
{
    for (uint32_t i = 0; i < l->windows.n; i++) {
        const struct window *o = &l->windows.at[i];
        if (o->buffer == w.buffer && o->table == w.table && o->root == w.root && o->scale == w.scale &&
            o->first == w.first && o->stride == w.stride)
            return o->elements;
    }
    if (w.table) {
        struct window plain = w;
        plain.table = NULL;
        w.elements = table_map(l, w.table, get_window(l, a, plain));
    } else {
        w.elements = load_whole(l, a, &w);
    }
    if (is_still(l, a->buffer)) vec_push(l->arena, &l->windows, w);
    return w.elements;
}

/* The low bytes of as many words as a register has bytes. LLVM would take two instructions for each half of what one packs. */
static LLVMValueRef pack_bytes(struct lower *l, LLVMValueRef words)
{
    static const uint32_t in_turn[8] = {0, 2, 4, 6, 1, 3, 5, 7};
    LLVMTypeRef i32 = type_int(l, 32), type = LLVMTypeOf(words), eights = LLVMVectorType(type_int(l, 64), 8);
    LLVMValueRef low = LLVMBuildAnd(l->b, words, const_like(type, 0xFF), ""), order[8], halves[2];
    for (uint32_t i = 0; i < 2; i++)
        halves[i] = LLVMBuildShuffleVector(l->b, low, LLVMGetPoison(type),
                                           const_iota(i32, l->width / 2, i * (l->width / 2), 1), "");
    LLVMValueRef packed = build_call(l, l->features->byte_pack, NULL, halves, 2);
    for (uint32_t i = 0; i < 8; i++)
        order[i] = const_int(l, 32, in_turn[i]);
    packed = LLVMBuildShuffleVector(l->b, LLVMBuildBitCast(l->b, packed, eights, ""), LLVMGetPoison(eights),
                                    LLVMConstVector(order, 8), "");
    return LLVMBuildBitCast(l->b, packed, LLVMVectorType(type_int(l, 8), l->width), "");
}

/* Every step-th scalar from `first` on. Where step scalars fit an integer, shifting it is cheaper than a shuffle. */
static LLVMValueRef every(struct lower *l, LLVMValueRef elements, uint32_t first, uint32_t step)
{
    LLVMTypeRef elem = LLVMGetElementType(LLVMTypeOf(elements));
    uint32_t bits = type_bits(elem);
    if (step == 1) return elements;
    if (LLVMGetTypeKind(elem) == LLVMIntegerTypeKind && (step & (step - 1)) == 0 && bits * step <= 64) {
        LLVMTypeRef wide = LLVMVectorType(type_int(l, bits * step), l->width);
        LLVMValueRef groups = LLVMBuildBitCast(l->b, elements, wide, "");
        LLVMValueRef low = LLVMBuildLShr(l->b, groups, const_like(wide, (uint64_t)first * bits), "");
        if (bits * step == 16 && l->features->byte_pack && l->width == l->features->vector_bytes && l->optimize)
            return pack_bytes(l, low);
        return LLVMBuildTrunc(l->b, low, LLVMVectorType(elem, l->width), "");
    }
    LLVMValueRef order = const_iota(type_int(l, 32), l->width, first, step);
    return LLVMBuildShuffleVector(l->b, elements, LLVMGetPoison(LLVMTypeOf(elements)), order, "");
}

static LLVMValueRef reverse(struct lower *l, LLVMValueRef v)
{
    LLVMValueRef order = const_iota(type_int(l, 32), l->width, (int64_t)l->width - 1, -1);
    return LLVMBuildShuffleVector(l->b, v, LLVMGetPoison(LLVMTypeOf(v)), order, "");
}

/* With a table: what it holds for each of the bytes. */
static struct value load_window(struct lower *l, const struct array *a, const struct value *index,
                                const struct ir_buffer *table)
{
    struct value v = empty_value(a, SHAPE_VARYING);
    struct window_place p = place_window(l, a, index);
    struct array whole = *a; /* what the last lane touches is the window's last element */
    whole.in_bounds = a->in_bounds && !l->exec && p.rest + 1 == p.window.stride;
    p.window.table = table;
    LLVMValueRef elements = get_window(l, &whole, p.window);
    for (uint32_t c = 0; c < lanes_of(a); c++) {
        LLVMValueRef part = every(l, elements, p.rest * lanes_of(a) + c, (uint32_t)p.window.stride * lanes_of(a));
        v.at[c] = value_from_memory(l, scalar_of(a), p.reversed ? reverse(l, part) : part);
    }
    return v;
}

/* -- any lanes ------------------------------------------------------------------------------------------------------------ */

/* The number of the scalar that is component c. Arrays of vectors may have more than 2^32 scalars. */
static LLVMValueRef scalar_index(struct lower *l, const struct array *a, LLVMValueRef index, uint32_t c)
{
    if (lanes_of(a) == 1) return index;
    LLVMTypeRef i64 = type_like(LLVMTypeOf(index), type_int(l, 64));
    LLVMValueRef at = LLVMBuildMul(l->b, LLVMBuildZExt(l->b, index, i64, ""), const_like(i64, lanes_of(a)), "");
    return LLVMBuildAdd(l->b, at, const_like(i64, c), "");
}

static struct value load_varying(struct lower *l, const struct array *a, LLVMValueRef index)
{
    struct value v = empty_value(a, SHAPE_VARYING);
    LLVMValueRef mask = mask_and(l, l->exec, memory_in_bounds(l, a, index));
    for (uint32_t c = 0; c < lanes_of(a); c++)
        v.at[c] =
            value_from_memory(l, scalar_of(a), gather_lanes(l, a, elem_of(l, a), scalar_index(l, a, index, c), mask));
    return v;
}

static void store_varying(struct lower *l, const struct array *a, LLVMValueRef index, const LLVMValueRef *parts)
{
    LLVMValueRef mask = mask_and(l, l->exec, memory_in_bounds(l, a, index));
    for (uint32_t c = 0; c < lanes_of(a); c++)
        scatter_lanes(l, a, parts[c], scalar_index(l, a, index, c), mask);
}

/* -- an array of each invocation ------------------------------------------------------------------------------------------ */

/* Element i, component c, of all lanes side by side. */
static LLVMValueRef private_row(struct lower *l, const struct array *a, LLVMValueRef index, uint32_t c)
{
    LLVMValueRef row = LLVMBuildMul(l->b, widen_u32(l, index), const_int(l, 64, lanes_of(a)), "");
    row = LLVMBuildAdd(l->b, row, const_int(l, 64, c), "");
    return build_element(l, type_lanes(l, elem_of(l, a)), a->base, row);
}

static struct value load_private_row(struct lower *l, const struct array *a, LLVMValueRef index)
{
    struct value v = empty_value(a, SHAPE_VARYING);
    LLVMTypeRef type = type_lanes(l, elem_of(l, a));
    LLVMValueRef inside = memory_in_bounds(l, a, index);
    LLVMValueRef safe = LLVMBuildSelect(l->b, inside, index, LLVMConstNull(LLVMTypeOf(index)), "");
    for (uint32_t c = 0; c < lanes_of(a); c++) {
        LLVMValueRef row = build_load(l, type, private_row(l, a, safe, c), align_of(a));
        v.at[c] = value_from_memory(l, scalar_of(a), LLVMBuildSelect(l->b, inside, row, LLVMConstNull(type), ""));
    }
    return v;
}

static void store_private_row(struct lower *l, const struct array *a, LLVMValueRef index, const LLVMValueRef *parts)
{
    LLVMBasicBlockRef yes = block_new(l, "store"), done = block_new(l, "stored");
    block_branch(l, memory_in_bounds(l, a, index), yes, done);
    block_enter(l, yes);
    for (uint32_t c = 0; c < lanes_of(a); c++) {
        LLVMValueRef row = private_row(l, a, index, c), v = parts[c];
        if (l->exec) v = LLVMBuildSelect(l->b, l->exec, v, build_load(l, LLVMTypeOf(v), row, align_of(a)), "");
        build_store(l, v, row, align_of(a));
    }
    block_enter(l, done);
}

/* The scalars of all lanes as one array: component c of element i of lane k is number (i * lanes + c) * width + k. */
static LLVMValueRef private_index(struct lower *l, const struct array *a, LLVMValueRef index, uint32_t c)
{
    LLVMTypeRef type = LLVMTypeOf(index);
    LLVMValueRef at = LLVMBuildMul(l->b, index, const_like(type, (uint64_t)lanes_of(a) * l->width), "");
    return LLVMBuildAdd(l->b, at, const_iota(LLVMGetElementType(type), l->width, (int64_t)c * l->width, 1), "");
}

static struct array as_flat(struct lower *l, const struct array *a)
{
    struct array flat = *a;
    flat.count = LLVMBuildMul(l->b, a->count, const_int(l, 64, (uint64_t)lanes_of(a) * l->width), "");
    flat.interleaved = false;
    return flat;
}

static struct value load_private(struct lower *l, const struct array *a, const struct value *index)
{
    if (value_is_uniform(index)) return load_private_row(l, a, index->at[0]);
    struct array flat = as_flat(l, a);
    struct value v = empty_value(a, SHAPE_VARYING), wide = value_widen(l, *index);
    LLVMValueRef mask = mask_and(l, l->exec, memory_in_bounds(l, a, wide.at[0]));
    for (uint32_t c = 0; c < lanes_of(a); c++) {
        LLVMValueRef loaded = gather_lanes(l, &flat, elem_of(l, a), private_index(l, a, wide.at[0], c), mask);
        v.at[c] = value_from_memory(l, scalar_of(a), loaded);
    }
    return v;
}

static void store_private(struct lower *l, const struct array *a, const struct value *index, const LLVMValueRef *parts)
{
    if (value_is_uniform(index)) {
        store_private_row(l, a, index->at[0], parts);
        return;
    }
    struct array flat = as_flat(l, a);
    struct value wide = value_widen(l, *index);
    LLVMValueRef mask = mask_and(l, l->exec, memory_in_bounds(l, a, wide.at[0]));
    for (uint32_t c = 0; c < lanes_of(a); c++)
        scatter_lanes(l, &flat, parts[c], private_index(l, a, wide.at[0], c), mask);
}

/* -- the ways in ------------------------------------------------------------------------------------------------------------ */

struct value memory_load(struct lower *l, const struct array *a, const struct value *index)
{
    if (a->interleaved) return load_private(l, a, index);
    if (value_is_uniform(index)) return load_uniform(l, a, index->at[0]);
    if (has_window(l, a, index)) return load_window(l, a, index, NULL);
    struct value wide = value_widen(l, *index);
    return load_varying(l, a, wide.at[0]);
}

bool memory_load_mapped(struct lower *l, const struct array *a, const struct value *index,
                        const struct ir_buffer *table, struct value *result)
{
    if (a->interleaved || value_is_uniform(index) || !has_window(l, a, index)) return false;
    *result = load_window(l, a, index, table);
    result->type = table->elem;
    return true;
}

/* All lanes of a value as they are in memory. */
static void memory_forms(struct lower *l, const struct array *a, const struct value *v, LLVMValueRef *parts)
{
    struct value wide = value_widen(l, *v);
    for (uint32_t c = 0; c < lanes_of(a); c++)
        parts[c] = value_to_memory(l, scalar_of(a), wide.at[c]);
}

static bool has_masked_store(struct lower *l, uint32_t bits)
{
    return bits >= 32 ? l->features->masked_stores : l->features->scatters;
}

static void store_masked(struct lower *l, LLVMValueRef v, LLVMValueRef at, uint32_t align_bytes)
{
    LLVMTypeRef overloads[2] = {LLVMTypeOf(v), type_ptr(l)};
    LLVMValueRef args[3] = {v, at, l->exec};
    LLVMValueRef call = build_call_overloaded(l, "llvm.masked.store", overloads, 2, args, 3);
    LLVMAddCallSiteAttribute(
        call, 2, LLVMCreateEnumAttribute(l->context, LLVMGetEnumAttributeKindForName("align", 5), align_bytes));
}

/* n stores that together fill a window of n elements per lane; parts[j * lanes + c]. `index` is that of the first. */
static void store_window(struct lower *l, const struct array *a, const struct value *index, LLVMValueRef *parts,
                         uint32_t n)
{
    uint32_t n_parts = n * lanes_of(a);
    uint64_t span = (uint64_t)n * l->width - 1;
    if (a->in_bounds) {
        LLVMValueRef all = memory_interleave(l, parts, n_parts), at = address(l, a, value_base(l, index), 0);
        if (l->exec)
            store_masked(l, all, at, align_of(a));
        else
            build_store(l, all, at, align_of(a));
        return;
    }
    if (leave_allowed(l)) {
        leave_unless_below(l, index, a->count, span);
        build_store(l, memory_interleave(l, parts, n_parts), address(l, a, value_base(l, index), 0), align_of(a));
        return;
    }
    LLVMValueRef first = value_base(l, index);
    LLVMBasicBlockRef inside = block_new(l, "inside"), partial = block_new(l, "partial"), done = block_new(l, "stored");
    block_branch_likely(l, bounds_below(l, index, a->count, span), inside, partial);
    block_enter(l, inside);
    LLVMValueRef at = address(l, a, first, 0);
    LLVMValueRef all = memory_interleave(l, parts, n_parts);
    if (l->exec)
        store_masked(l, all, at, align_of(a));
    else
        build_store(l, all, at, align_of(a));
    block_jump(l, done);
    LLVMPositionBuilderAtEnd(l->b, partial);
    all = memory_interleave(l, parts, n_parts);
    helper_store_partial(l, all, align_of(a) * lanes_of(a), a->base, a->count, first, n * l->width, l->exec);
    block_enter(l, done);
}

static bool is_window_of_one(struct lower *l, const struct array *a, const struct value *index)
{
    if (index->shape.varying || index->shape.stride != 1 || lanes_of(a) * l->width > MAX_WINDOW_SCALARS) return false;
    return !l->exec || (lanes_of(a) == 1 && has_masked_store(l, type_bits(elem_of(l, a))));
}

void memory_store(struct lower *l, const struct array *a, const struct value *index, const struct value *v)
{
    LLVMValueRef parts[4];
    if (!a->interleaved && value_is_uniform(index)) {
        store_uniform(l, a, index->at[0], v);
        l->untouched = false;
        return;
    }
    memory_forms(l, a, v, parts);
    if (a->interleaved) {
        store_private(l, a, index, parts);
    } else if (is_window_of_one(l, a, index)) {
        store_window(l, a, index, parts, 1);
    } else {
        struct value wide = value_widen(l, *index);
        store_varying(l, a, wide.at[0], parts);
    }
    l->untouched = false;
}

/* -- runs of stores ----------------------------------------------------------------------------------------------------------- */

/* Whether pending[0 .. n - 1], n the stride, are the elements of one window in some order; order[j] has element j. */
static bool fills_window(const struct pending_store *pending, uint32_t n, const struct pending_store **order)
{
    int64_t least = pending[0].index.offset;
    for (uint32_t i = 0; i < n; i++) {
        const struct value *v = &pending[i].index, *o = &pending[0].index;
        if (v->shape.varying || v->shape.stride != (int64_t)n || v->at[0] != o->at[0] || v->scale != o->scale)
            return false;
        if (v->offset < least) least = v->offset;
        order[i] = NULL;
    }
    for (uint32_t i = 0; i < n; i++) {
        int64_t j = pending[i].index.offset - least;
        if (j >= (int64_t)n || order[j]) return false;
        order[j] = &pending[i];
    }
    return true;
}

void memory_store_run(struct lower *l, const struct array *a, const struct pending_store *pending, uint32_t n)
{
    const struct pending_store *order[MAX_WINDOW_STRIDE];
    LLVMValueRef parts[MAX_WINDOW_STRIDE * 4];
    for (uint32_t i = 0; i < n;) {
        int64_t stride = pending[i].index.shape.varying ? 0 : pending[i].index.shape.stride;
        bool whole = !l->exec && stride > 1 && stride <= MAX_WINDOW_STRIDE && stride <= (int64_t)(n - i) &&
                     stride * lanes_of(a) * l->width <= MAX_WINDOW_SCALARS && !a->interleaved &&
                     fills_window(&pending[i], (uint32_t)stride, order);
        struct array one = *a;
        one.in_bounds = pending[i].in_bounds;
        if (!whole) {
            memory_store(l, &one, &pending[i].index, &pending[i].value);
            i++;
            continue;
        }
        for (uint32_t j = 0; j < stride; j++) {
            memory_forms(l, a, &order[j]->value, &parts[j * lanes_of(a)]);
            one.in_bounds &= order[j]->in_bounds;
        }
        store_window(l, &one, &order[0]->index, parts, (uint32_t)stride);
        l->untouched = false;
        i += (uint32_t)stride;
    }
}
