/* workgroup.c - one workgroup of a CPU kernel: phases, each a loop over groups of lanes, and what runs once between them. */
#include "codegen/llvm/cpu.h"
#include "ir/walk.h"

/* -- a group of lanes --------------------------------------------------------------------------------------------------------- */

/* Arrays of each invocation that live no longer than the group. */
void open_private_arrays(struct lower *l)
{
    struct cpu_frame *f = frame_of(l);
    for (uint32_t i = 0; i < l->program->arrays.n; i++) {
        const struct ir_buffer *b = l->program->arrays.at[i];
        if (b->space != IR_SPACE_PRIVATE || (l->plan->has_phases && l->plan->crossing_arrays[i])) continue;
        uint64_t bytes = b->count * ir_type_mem_bytes(b->elem) * l->group_width;
        if (f->scratch.arrays[i] == UINT64_MAX) {
            if (!l->arrays[i].base) {
                l->arrays[i].base =
                    build_alloca(l, LLVMArrayType2(type_int(l, 8), (bytes + 63) & ~UINT64_C(63)), b->name);
                LLVMSetAlignment(l->arrays[i].base, 64);
            }
        } else {
            l->arrays[i].base = scratch_at(l, f->scratch.arrays[i]);
        }
        LLVMBuildMemSet(l->b, l->arrays[i].base, const_int(l, 8, 0), const_int(l, 64, bytes), 64);
    }
}

void group_lower(struct lower *l, struct ir_stmt *first, const struct ir_stmt *end, LLVMValueRef partial)
{
    l->width = l->group_width;
    l->exec = partial;
    l->scope = 0;
    l->loop = NULL;
    l->n_copies = partial ? UINT32_MAX : 0;
    l->windows.n = 0;
    l->end = block_new(l, "group_end");
    if (l->width > 1 || l->plan->keeps_alive) {
        if (!l->ended) l->ended = build_alloca(l, mask_type(l), "ended");
        LLVMBuildStore(l->b, LLVMConstNull(mask_type(l)), l->ended);
    }
    stmt_lower_run(l, first, end);
    block_enter(l, l->end);
}

/* -- what lives across phases ---------------------------------------------------------------------------------------------------- */

struct crossing {
    const struct ir_local *local;
    bool written;
};
struct phase {
    struct lower *l;
    struct ir_stmt *first;
    const struct ir_stmt *end;
    LLVMValueRef group;          /* i32: which group of lanes */
    VEC(struct crossing) locals; /* crossing ones that the phase uses */
    uint32_t *numbers;           /* by local index: 1 + position in `locals`, 0 for none */
};

static void note_use(struct phase *p, const struct ir_local *local, bool written)
{
    if (!plan_crosses(p->l->plan, local)) return;
    uint32_t *number = &p->numbers[local->index];
    if (!*number) {
        struct crossing c = {local, false};
        vec_push(p->l->arena, &p->locals, c);
        *number = p->locals.n;
    }
    p->locals.at[*number - 1].written |= written;
}

static void note_expr(void *ctx, struct ir_expr **place)
{
    if ((*place)->op == IR_OP_LOCAL) note_use(ctx, (*place)->local, false);
}

static void note_stmt(void *ctx, struct ir_stmt *s)
{
    struct ir_expr **places[4];
    for (uint32_t i = 0, n = ir_stmt_exprs(s, places); i < n; i++)
        ir_walk_expr(places[i], note_expr, ctx);
    if (ir_stmt_written_local(s)) note_use(ctx, ir_stmt_written_local(s), true);
}

static void collect_crossing(struct phase *p)
{
    for (struct ir_stmt *s = p->first; s != p->end; s = s->next) {
        struct ir_block *blocks[2];
        note_stmt(p, s);
        for (uint32_t i = 0, n = ir_stmt_blocks(s, blocks); i < n; i++)
            ir_walk_stmts(blocks[i], note_stmt, p);
    }
    for (uint32_t i = 0; i < p->locals.n; i++) /* clean for the next phase */
        p->numbers[p->locals.at[i].local->index] = 0;
}

static LLVMValueRef group_offset(struct lower *l, const struct phase *p, uint64_t bytes)
{
    LLVMValueRef group = LLVMBuildZExt(l->b, p->group, type_int(l, 64), "");
    return LLVMBuildMul(l->b, group, const_int(l, 64, bytes), "");
}

/* The address of component c of a local of this group. */
static LLVMValueRef saved_at(struct lower *l, const struct phase *p, const struct ir_local *local, uint32_t c)
{
    uint64_t lanes = l->slots[local->index].shape.varying ? l->group_width : 1, part = (8 * lanes + 63) & ~UINT64_C(63);
    LLVMValueRef base = scratch_at(l, frame_of(l)->scratch.locals[local->index] + c * part);
    return build_element(l, type_int(l, 8), base, group_offset(l, p, part * local->type.lanes));
}

static void move_crossing(struct lower *l, const struct phase *p, bool save)
{
    for (uint32_t i = 0; i < p->locals.n; i++) {
        const struct ir_local *local = p->locals.at[i].local;
        struct slot *slot = local_slot(l, local);
        LLVMTypeRef type = type_of_slot(l, (enum ir_scalar)local->type.scalar, slot->shape);
        for (uint32_t c = 0; c < local->type.lanes && (!save || p->locals.at[i].written); c++) {
            LLVMValueRef memory = saved_at(l, p, local, c);
            if (save)
                build_store(l, LLVMBuildLoad2(l->b, type, slot->at[c], ""), memory, 8);
            else
                LLVMBuildStore(l->b, build_load(l, type, memory, 8), slot->at[c]);
        }
    }
}

/* Private arrays of this group that several phases use. */
static void point_crossing_arrays(struct lower *l, const struct phase *p)
{
    for (uint32_t i = 0; i < l->program->arrays.n; i++) {
        const struct ir_buffer *b = l->program->arrays.at[i];
        if (b->space != IR_SPACE_PRIVATE || !l->plan->crossing_arrays[i]) continue;
        uint64_t bytes = b->count * ir_type_mem_bytes(b->elem) * l->group_width;
        l->arrays[i].base =
            build_element(l, type_int(l, 8), scratch_at(l, frame_of(l)->scratch.arrays[i]), group_offset(l, p, bytes));
    }
}

/* -- a phase ------------------------------------------------------------------------------------------------------------------------- */

static LLVMValueRef alive_at(struct lower *l, const struct phase *p)
{
    LLVMValueRef group = LLVMBuildZExt(l->b, p->group, type_int(l, 64), "");
    return build_element(l, type_int(l, 64), scratch_at(l, frame_of(l)->scratch.alive), group);
}

static LLVMValueRef load_alive(struct lower *l, const struct phase *p)
{
    LLVMValueRef bits = build_load(l, type_int(l, 64), alive_at(l, p), 8);
    bits = value_resize(l, bits, type_int(l, l->group_width), false);
    return l->group_width == 1 ? bits : LLVMBuildBitCast(l->b, bits, mask_type(l), "");
}

static void save_alive(struct lower *l, const struct phase *p, LLVMValueRef alive)
{
    LLVMValueRef left = mask_and_not(l, alive, LLVMBuildLoad2(l->b, mask_type(l), l->ended, ""));
    build_store(l, value_resize(l, mask_bits(l, left), type_int(l, 64), false), alive_at(l, p), 8);
}

/* A group with what it keeps from phase to phase. */
static void phase_group(struct lower *l, struct phase *p, LLVMValueRef partial)
{
    l->width = l->group_width;
    frame_of(l)->lane0 = LLVMBuildMul(l->b, p->group, const_int(l, 32, l->group_width), "");
    open_private_arrays(l);
    if (l->plan->has_phases) {
        point_crossing_arrays(l, p);
        move_crossing(l, p, false);
    }
    if (!l->plan->keeps_alive) {
        group_lower(l, p->first, p->end, partial);
    } else {
        LLVMBasicBlockRef full = block_new(l, "all_alive"), some = block_new(l, "some_alive"),
                          done = block_new(l, "phase_end");
        LLVMValueRef alive = load_alive(l, p);
        if (!partial) {
            block_branch_likely(l, mask_is_full(l, alive), full, some);
            block_enter(l, full);
            group_lower(l, p->first, p->end, NULL);
            save_alive(l, p, alive);
            block_jump(l, done);
            LLVMPositionBuilderAtEnd(l->b, some);
        } else {
            LLVMDeleteBasicBlock(full);
            block_enter(l, some);
        }
        if (l->group_width > 1 || partial) {
            LLVMBasicBlockRef run = block_new(l, "run");
            block_branch(l, mask_any(l, alive), run, done);
            block_enter(l, run);
            group_lower(l, p->first, p->end, alive);
            save_alive(l, p, alive);
        }
        block_enter(l, done);
    }
    if (l->plan->has_phases) move_crossing(l, p, true);
}

/* Groups 0 .. n - 1, all of them full. */
static void phase_full_groups(struct lower *l, struct phase *p, uint32_t n)
{
    LLVMTypeRef i32 = type_int(l, 32);
    if (n == 0) return;
    if (n == 1) {
        p->group = const_int(l, 32, 0);
        phase_group(l, p, NULL);
        return;
    }
    LLVMValueRef slot = build_alloca(l, i32, "group");
    LLVMBuildStore(l->b, const_int(l, 32, 0), slot);
    LLVMBasicBlockRef head = block_new(l, "groups"), exit = block_new(l, "no_group");
    block_enter(l, head);
    p->group = LLVMBuildLoad2(l->b, i32, slot, "");
    phase_group(l, p, NULL);
    LLVMValueRef next = LLVMBuildAdd(l->b, p->group, const_int(l, 32, 1), "");
    LLVMBuildStore(l->b, next, slot);
    block_branch(l, LLVMBuildICmp(l->b, LLVMIntULT, next, const_int(l, 32, n), ""), head, exit);
    block_enter(l, exit);
}

static void note_write(void *still, struct ir_stmt *s)
{
    const struct ir_buffer *b = ir_stmt_written_buffer(s);
    if (b && b->space == IR_SPACE_WORKGROUP) ((bool *)still)[b->index] = false;
}

static const bool *find_still_arrays(struct lower *l, struct ir_stmt *first, const struct ir_stmt *end)
{
    bool *still = ARENA_ARRAY(l->arena, bool, l->program->arrays.n + 1);
    for (uint32_t i = 0; i < l->program->arrays.n; i++)
        still[i] = true;
    for (struct ir_stmt *s = first; s != end; s = s->next) {
        struct ir_block *blocks[2];
        note_write(still, s);
        for (uint32_t i = 0, n = ir_stmt_blocks(s, blocks); i < n; i++)
            ir_walk_stmts(blocks[i], note_write, still);
    }
    return still;
}

static void set_width(struct lower *l, uint32_t width)
{
    struct lane_layout *lanes = &frame_of(l)->lanes;
    if (l->group_width == width) return;
    l->group_width = lanes->width = width;
    lanes->n_groups = (lanes->n_invocations + width - 1) / width;
    l->ended = NULL; /* its type is that of the masks */
}

static void phase_lower(struct lower *l, struct ir_stmt *first, const struct ir_stmt *end)
{
    const struct lane_layout *lanes = &frame_of(l)->lanes;
    struct lower saved = *l;
    struct phase p = {.l = l, .first = first, .end = end};
    set_width(l, lanes_of_phase(l, first, end));
    if (l->plan->has_phases) {
        p.numbers = ARENA_ARRAY(l->arena, uint32_t, l->program->locals.n + 1);
        collect_crossing(&p);
    }
    l->at_workgroup = false;
    l->still_arrays = find_still_arrays(l, first, end);
    uint32_t rest = lanes->n_invocations % lanes->width;
    phase_full_groups(l, &p, lanes->n_invocations / lanes->width);
    if (rest) {
        l->width = l->group_width;
        p.group = const_int(l, 32, lanes->n_groups - 1);
        phase_group(l, &p, mask_below(l, const_int(l, 32, rest)));
    }
    set_width(l, saved.group_width);
    l->at_workgroup = true;
    l->still_arrays = NULL;
    l->width = 1;
    l->exec = NULL;
    l->scope = 0;
    l->end = saved.end;
    l->loop = saved.loop;
    l->n_copies = saved.n_copies;
    l->windows.n = 0;
}

/* -- what runs once --------------------------------------------------------------------------------------------------------------------- */

void workgroup_lower_run(struct lower *l, struct ir_stmt *first, const struct ir_stmt *end)
{
    for (struct ir_stmt *s = first; s && s != end;) {
        struct ir_stmt *phase_end = plan_phase_end(l->plan, s);
        bool any = false;
        for (struct ir_stmt *t = s; t != phase_end; t = t->next) {
            if (plan_is_hoisted(l->plan, t))
                stmt_lower(l, t);
            else
                any = true;
        }
        if (any) phase_lower(l, s, phase_end);
        s = phase_end;
        if (s && s != end) {
            if (s->kind != IR_STMT_BARRIER) stmt_lower(l, s);
            s = s->next;
        }
    }
}

static void begin_workgroup(struct lower *l)
{
    struct cpu_frame *f = frame_of(l);
    if (f->scratch.zeroed_bytes)
        LLVMBuildMemSet(l->b, f->base, const_int(l, 8, 0), const_int(l, 64, f->scratch.zeroed_bytes), 64);
    if (!l->plan->keeps_alive) return;
    uint32_t rest = f->lanes.n_invocations % f->lanes.width;
    LLVMTypeRef i64 = type_int(l, 64);
    LLVMBuildMemSet(l->b, scratch_at(l, f->scratch.alive), const_int(l, 8, 0xFF),
                    const_int(l, 64, (uint64_t)8 * f->lanes.n_groups), 8);
    if (rest) {
        LLVMValueRef at = scratch_at(l, f->scratch.alive + (uint64_t)8 * (f->lanes.n_groups - 1));
        build_store(l, LLVMConstInt(i64, (UINT64_C(1) << rest) - 1, false), at, 8);
    }
}

/* Arrays and scalars of this workgroup. */
static void point_into_scratch(struct lower *l)
{
    struct cpu_frame *f = frame_of(l);
    for (uint32_t i = 0; i < l->program->arrays.n; i++)
        if (l->program->arrays.at[i]->space == IR_SPACE_WORKGROUP)
            l->arrays[i].base = scratch_at(l, f->scratch.arrays[i]);
    for (uint32_t i = 0; i < l->program->locals.n; i++) {
        const struct ir_local *local = l->program->locals.at[i];
        if (!plan_is_scalar(l->plan, local) || l->plan->n_launch_phases == 1) continue;
        l->slots[i].shape = SHAPE_UNIFORM;
        for (uint32_t c = 0; c < local->type.lanes; c++)
            l->slots[i].at[c] = scratch_at(l, f->scratch.scalars[i] + (uint64_t)8 * c);
    }
}

static void lower_launch_phases(struct lower *l)
{
    LLVMTypeRef i32 = type_int(l, 32);
    LLVMValueRef phase =
        build_load(l, i32, build_element(l, type_int(l, 8), frame_of(l)->launch, const_int(l, 64, 28)), 4);
    LLVMValueRef jump = LLVMBuildSwitch(l->b, phase, l->end, l->plan->n_launch_phases);
    struct ir_stmt *first = l->program->body.first;
    for (uint32_t k = 0; k < l->plan->n_launch_phases; k++) {
        struct ir_stmt *end = first;
        while (end && end->kind != IR_STMT_GRID_BARRIER)
            end = end->next;
        LLVMBasicBlockRef block = block_new(l, "launch_phase");
        LLVMAddCase(jump, const_int(l, 32, k), block);
        LLVMPositionBuilderAtEnd(l->b, block);
        if (k == 0) begin_workgroup(l);
        workgroup_lower_run(l, first, end);
        block_jump(l, l->end);
        first = end ? end->next : NULL;
    }
}

void workgroup_lower(struct lower *l)
{
    l->width = 1;
    l->at_workgroup = true;
    l->end = block_new(l, "workgroup_end");
    point_into_scratch(l);
    if (l->plan->n_launch_phases > 1) {
        lower_launch_phases(l);
    } else {
        begin_workgroup(l);
        if (l->plan->has_phases)
            workgroup_lower_run(l, l->program->body.first, NULL);
        else
            phase_lower(l, l->program->body.first, NULL);
    }
    block_enter(l, l->end);
}

/* -- a trap between phases ------------------------------------------------------------------------------------------------------------------- */

/* for (g = 0; g < n; g++) if (alive[g]) return g * width + ctz(alive[g]); return -1; */
static void fill_first_alive(struct lower *l, struct helper *h)
{
    LLVMTypeRef i64 = type_int(l, 64);
    LLVMValueRef slot = build_alloca(l, i64, "g");
    LLVMBuildStore(l->b, LLVMConstNull(i64), slot);
    LLVMBasicBlockRef head = block_new(l, "each"), look = block_new(l, "look"), found = block_new(l, "found"),
                      none = block_new(l, "none"), next = block_new(l, "next");
    block_enter(l, head);
    LLVMValueRef g = LLVMBuildLoad2(l->b, i64, slot, "");
    block_branch(l, LLVMBuildICmp(l->b, LLVMIntULT, g, LLVMGetParam(h->fn, 1), ""), look, none);
    block_enter(l, look);
    LLVMValueRef bits = build_load(l, i64, build_element(l, i64, LLVMGetParam(h->fn, 0), g), 8);
    block_branch(l, LLVMBuildICmp(l->b, LLVMIntNE, bits, LLVMConstNull(i64), ""), found, next);
    block_enter(l, next);
    LLVMBuildStore(l->b, LLVMBuildAdd(l->b, g, const_int(l, 64, 1), ""), slot);
    block_jump(l, head);
    block_enter(l, found);
    LLVMValueRef args[2] = {bits, const_int(l, 1, 1)};
    LLVMValueRef lane = build_call(l, "llvm.cttz", i64, args, 2);
    LLVMBuildRet(l->b, LLVMBuildAdd(l->b, LLVMBuildMul(l->b, g, LLVMGetParam(h->fn, 2), ""), lane, ""));
    block_enter(l, none);
    LLVMBuildRet(l->b, LLVMConstAllOnes(i64));
}

LLVMValueRef workgroup_first_alive(struct lower *l)
{
    const struct cpu_frame *f = frame_of(l);
    LLVMTypeRef i64 = type_int(l, 64), params[3] = {type_ptr(l), i64, i64};
    struct helper h;
    if (helper_begin(l, &h, "vyre.first_alive", i64, params, 3)) {
        fill_first_alive(l, &h);
        helper_end(l, &h);
    }
    LLVMValueRef args[3] = {scratch_at(l, f->scratch.alive), const_int(l, 64, f->lanes.n_groups),
                            const_int(l, 64, f->lanes.width)};
    return LLVMBuildCall2(l->b, h.type, h.fn, args, 3, "");
}
