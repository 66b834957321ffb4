/* interp_step.c - what each instruction of interp_code.h does to an invocation. */
#include "ir/interp_code.h"

#include <string.h>

static const struct ir_value *get(const struct launch *l, const struct invocation *i, operand o)
{
    return o < 0 ? &l->code.pool.at[~o] : &i->regs[o];
}

static uint32_t get_u32(const struct launch *l, const struct invocation *i, operand o)
{
    return (uint32_t)get(l, i, o)->lane[0];
}

/* -- memory ---------------------------------------------------------------------------------------------- */

static struct array_view find_array(const struct launch *l, const struct group *g, const struct invocation *i,
                                    const struct ir_buffer *b)
{
    if (b->space == IR_SPACE_STORAGE) return l->storage[b->index];
    if (b->space == IR_SPACE_DATA) return l->data[b->index];
    struct array_view v = l->code.arrays[b->index];
    v.bytes = (b->space == IR_SPACE_PRIVATE ? i->private_bytes : g->bytes) + v.offset;
    if (b->space == IR_SPACE_WORKGROUP && g->shadow) v.shadow = g->shadow + v.shadow_offset;
    return v;
}

static uint64_t load_scalar(const unsigned char *at, enum ir_scalar s)
{
    uint64_t bits = 0;
    memcpy(&bits, at, ir_scalar_infos[s].mem_bytes);
    return ir_value_from_memory(s, bits);
}

static void store_scalar(unsigned char *at, enum ir_scalar s, uint64_t bits)
{
    bits = ir_value_to_memory(s, bits);
    memcpy(at, &bits, ir_scalar_infos[s].mem_bytes);
}

static struct access name_access(const struct launch *l, const struct group *g, const struct invocation *i)
{
    uint64_t number = g->number * l->group_size + i->position + 1;
    return (struct access){number, g->epoch, i->pc};
}

static void note(struct launch *l, const struct group *g, const struct invocation *i, const struct inst *at,
                 const struct array_view *v, uint64_t index, enum access_kind kind)
{
    if (v->shadow) interp_note_access(l, &v->shadow[index], at->array, index, kind, name_access(l, g, i));
}

/* Whether there is such an element. Where the text says so and it is not so, the run is over. */
static bool has_element(struct launch *l, const struct inst *at, const struct array_view *v, uint64_t index)
{
    if (index < v->count) return true;
    if (!at->in_bounds || l->stop) return false;
    l->result->status = IR_RUN_OUT_OF_BOUNDS;
    l->result->trap_range = at->range;
    l->result->message = arena_printf(l->arena, "element %llu of '%s', which has %llu, is said to be in bounds",
                                      (unsigned long long)index, at->array->name, (unsigned long long)v->count);
    l->stop = true;
    return false;
}

/* -- instructions ---------------------------------------------------------------------------------------- */

static enum outcome run_EVAL(struct launch *l, struct group *g, struct invocation *i, const struct inst *at)
{
    (void)g;
    struct ir_value args[4];
    for (uint32_t k = 0; k < at->n_args; k++)
        args[k] = *get(l, i, at->args[k]);
    i->regs[at->dst] = ir_op_eval(at->op, at->type, at->component, at->arg_types, args, at->n_args);
    i->pc++;
    return OUTCOME_NEXT;
}

static enum outcome run_COPY(struct launch *l, struct group *g, struct invocation *i, const struct inst *at)
{
    (void)g;
    i->regs[at->dst] = *get(l, i, at->args[0]);
    i->pc++;
    return OUTCOME_NEXT;
}

static enum outcome run_ID(struct launch *l, struct group *g, struct invocation *i, const struct inst *at)
{
    uint32_t k = at->component, value;
    switch (at->op) {
    case IR_OP_GID:
        value = g->wid[k] * l->size[k] + i->lid[k];
        break;
    case IR_OP_LID:
        value = i->lid[k];
        break;
    case IR_OP_WID:
        value = g->wid[k];
        break;
    default:
        value = i->position % IR_SUBGROUP_SIZE;
    }
    i->regs[at->dst] = (struct ir_value){{value}};
    i->pc++;
    return OUTCOME_NEXT;
}

static enum outcome run_LOAD(struct launch *l, struct group *g, struct invocation *i, const struct inst *at)
{
    struct array_view v = find_array(l, g, i, at->array);
    uint64_t index = get_u32(l, i, at->args[0]);
    struct ir_value value = {{0}};
    if (has_element(l, at, &v, index)) {
        uint32_t lane_bytes = ir_scalar_infos[at->type.scalar].mem_bytes;
        for (uint32_t k = 0; k < at->type.lanes; k++)
            value.lane[k] = load_scalar(v.bytes + index * v.elem_bytes + k * lane_bytes, at->type.scalar);
        note(l, g, i, at, &v, index, ACCESS_READ);
    }
    i->regs[at->dst] = value;
    i->pc++;
    return OUTCOME_ACCESS;
}

static enum outcome run_STORE(struct launch *l, struct group *g, struct invocation *i, const struct inst *at)
{
    struct array_view v = find_array(l, g, i, at->array);
    uint64_t index = get_u32(l, i, at->args[0]);
    if (has_element(l, at, &v, index)) {
        const struct ir_value *value = get(l, i, at->args[1]);
        uint32_t lane_bytes = ir_scalar_infos[at->type.scalar].mem_bytes;
        for (uint32_t k = 0; k < at->type.lanes; k++)
            store_scalar(v.bytes + index * v.elem_bytes + k * lane_bytes, at->type.scalar, value->lane[k]);
        note(l, g, i, at, &v, index, ACCESS_WRITE);
    }
    i->pc++;
    return OUTCOME_ACCESS;
}

static enum outcome run_ATOMIC(struct launch *l, struct group *g, struct invocation *i, const struct inst *at)
{
    struct array_view v = find_array(l, g, i, at->array);
    uint64_t index = get_u32(l, i, at->args[0]), old = 0;
    enum ir_scalar s = at->type.scalar;
    if (has_element(l, at, &v, index)) {
        unsigned char *place = v.bytes + index * v.elem_bytes;
        old = load_scalar(place, s);
        store_scalar(place, s,
                     ir_atomic_eval(at->op, s, old, get(l, i, at->args[1])->lane[0], get(l, i, at->args[2])->lane[0]));
        note(l, g, i, at, &v, index, ACCESS_ATOMIC);
    }
    if (at->has_dst) i->regs[at->dst] = (struct ir_value){{old}};
    i->pc++;
    return OUTCOME_ACCESS;
}

/* The copy's accesses are those of an agent of its own until it is waited for. */
static void note_copy(struct launch *l, const struct group *g, struct invocation *i, const struct inst *at,
                      const struct pending_copy *copy)
{
    struct access access = name_access(l, g, i);
    access.invocation |= ACCESS_COPY;
    for (uint64_t k = 0; k < copy->n && !l->stop; k++) {
        if (copy->src.shadow && copy->src_index + k < copy->src.count)
            interp_note_access(l, &copy->src.shadow[copy->src_index + k], at->source, copy->src_index + k, ACCESS_READ,
                               access);
        if (copy->dst.shadow && !l->stop)
            interp_note_access(l, &copy->dst.shadow[copy->dst_index + k], at->array, copy->dst_index + k, ACCESS_WRITE,
                               access);
    }
    struct pending_copy *kept = l->free_copies ? l->free_copies : ARENA_NEW(l->arena, struct pending_copy);
    if (kept == l->free_copies) l->free_copies = kept->next;
    *kept = *copy;
    kept->next = i->copies;
    i->copies = kept;
}

/* Copies at once, the bytes as they are, element after element; out of bounds by the rules of loads and stores. */
static enum outcome run_COPY_ASYNC(struct launch *l, struct group *g, struct invocation *i, const struct inst *at)
{
    struct pending_copy copy = {
        .dst = find_array(l, g, i, at->array),
        .src = find_array(l, g, i, at->source),
        .tag = at->target,
        .dst_index = get_u32(l, i, at->args[0]),
        .src_index = get_u32(l, i, at->args[1]),
        .n = get_u32(l, i, at->args[2]),
    };
    uint64_t room = copy.dst_index < copy.dst.count ? copy.dst.count - copy.dst_index : 0;
    copy.n = copy.n < room ? copy.n : room;
    for (uint64_t k = 0; k < copy.n; k++) {
        unsigned char *to = copy.dst.bytes + (copy.dst_index + k) * copy.dst.elem_bytes;
        uint64_t from = copy.src_index + k;
        if (from < copy.src.count)
            memcpy(to, copy.src.bytes + from * copy.src.elem_bytes, copy.dst.elem_bytes);
        else
            memset(to, 0, copy.dst.elem_bytes);
    }
    if (copy.n && l->options->detect_races) note_copy(l, g, i, at, &copy);
    i->pc++;
    return OUTCOME_ACCESS;
}

static enum outcome run_WAIT(struct launch *l, struct group *g, struct invocation *i, const struct inst *at)
{
    for (struct pending_copy **link = &i->copies, *copy; (copy = *link);) {
        if (copy->tag != at->target) {
            link = &copy->next;
            continue;
        }
        interp_settle_copy(copy, g->number * l->group_size + i->position + 1);
        *link = copy->next;
        copy->next = l->free_copies;
        l->free_copies = copy;
    }
    i->pc++;
    return OUTCOME_NEXT;
}

static enum outcome run_JUMP(struct launch *l, struct group *g, struct invocation *i, const struct inst *at)
{
    (void)l, (void)g;
    i->pc = at->target;
    return OUTCOME_NEXT;
}

static enum outcome run_JUMP_UNLESS(struct launch *l, struct group *g, struct invocation *i, const struct inst *at)
{
    (void)g;
    i->pc = get(l, i, at->args[0])->lane[0] ? i->pc + 1 : at->target;
    return OUTCOME_NEXT;
}

/* The variable is below the bound, so that their distance is positive; going on must neither reach it nor wrap. */
static enum outcome run_FOR_NEXT(struct launch *l, struct group *g, struct invocation *i, const struct inst *at)
{
    (void)g;
    uint64_t mask = UINT64_MAX >> (64 - ir_type_info(at->type)->bits);
    uint64_t *variable = &i->regs[at->dst].lane[0];
    uint64_t distance = (get(l, i, at->args[0])->lane[0] - *variable) & mask;
    if (distance <= at->step) {
        i->pc++;
        return OUTCOME_NEXT;
    }
    *variable = (*variable + at->step) & mask;
    i->pc = at->target;
    return OUTCOME_NEXT;
}

/* -- ends and meetings ----------------------------------------------------------------------------------- */

static enum outcome arrive(struct group *g, struct invocation *i, enum invocation_state state)
{
    i->state = state;
    if (state == INVOCATION_AT_SUBGROUP)
        g->n_waiting++, g->subgroup_waiting[i->position / IR_SUBGROUP_SIZE]++;
    else if (state == INVOCATION_ENDED)
        g->n_ended++, g->subgroup_ended[i->position / IR_SUBGROUP_SIZE]++;
    else
        g->n_blocked++;
    return OUTCOME_BLOCKED;
}

/* All that one invocation tells has one code; where it has not, the last one stays, and the pass is found out that let it go on. */
static void tell(struct launch *l, struct group *g, struct invocation *i, const struct inst *at, uint32_t code)
{
    uint64_t own = interp_linear_id(l, g->number * l->group_size + i->position);
    uint64_t id = at->n_args == 2 ? get_u32(l, i, at->args[1]) : own;
    struct ir_run_result *r = l->result;
    bool is_earlier = at->target != r->trap_arm ? at->target < r->trap_arm : id <= r->trap_invocation;
    if (r->status == IR_RUN_TRAP && !is_earlier) return;
    r->status = IR_RUN_TRAP;
    r->trap_arm = at->target;
    r->trap_invocation = id;
    r->trap_code = code;
    r->trap_range = at->range;
}

static enum outcome trap(struct launch *l, struct group *g, struct invocation *i, const struct inst *at, uint32_t code)
{
    tell(l, g, i, at, code);
    return arrive(g, i, INVOCATION_ENDED);
}

static enum outcome run_WHILE_ROUND(struct launch *l, struct group *g, struct invocation *i, const struct inst *at)
{
    if (!i->regs[at->dst].lane[0]) return trap(l, g, i, at, 1);
    i->regs[at->dst].lane[0]--;
    i->pc++;
    return OUTCOME_NEXT;
}

static enum outcome run_TRAP(struct launch *l, struct group *g, struct invocation *i, const struct inst *at)
{
    return trap(l, g, i, at, get_u32(l, i, at->args[0]));
}

/* What is computed from then on is not specified: it may race. */
static enum outcome run_TELL(struct launch *l, struct group *g, struct invocation *i, const struct inst *at)
{
    tell(l, g, i, at, get_u32(l, i, at->args[0]));
    l->ignores_races = true;
    i->pc++;
    return OUTCOME_NEXT;
}

static enum outcome run_END(struct launch *l, struct group *g, struct invocation *i, const struct inst *at)
{
    (void)l, (void)at;
    return arrive(g, i, INVOCATION_ENDED);
}

static enum outcome run_BARRIER(struct launch *l, struct group *g, struct invocation *i, const struct inst *at)
{
    (void)l, (void)at;
    return arrive(g, i, INVOCATION_AT_BARRIER);
}

static enum outcome run_GRID_BARRIER(struct launch *l, struct group *g, struct invocation *i, const struct inst *at)
{
    (void)l, (void)at;
    return arrive(g, i, INVOCATION_AT_BARRIER);
}

static enum outcome run_SUBGROUP(struct launch *l, struct group *g, struct invocation *i, const struct inst *at)
{
    (void)l, (void)at;
    return arrive(g, i, INVOCATION_AT_SUBGROUP);
}

void interp_step(struct launch *l, struct group *g, struct invocation *i, enum outcome until)
{
    static enum outcome (*const run[])(struct launch *, struct group *, struct invocation *, const struct inst *) = {
#define CODE(NAME) run_##NAME,
        INTERP_CODES(CODE)
#undef CODE
    };
    const struct inst *insts = l->code.insts.at;
    bool *reached = l->code.reached;
    uint64_t max_steps = l->options->max_steps ? l->options->max_steps : UINT64_MAX;
    enum outcome outcome;
    do {
        if (l->result->n_steps >= max_steps) {
            l->result->status = IR_RUN_TOO_LONG;
            l->stop = true;
            return;
        }
        l->result->n_steps++;
        const struct inst *at = &insts[i->pc];
        if (at->statement) reached[at->statement] = true;
        outcome = run[at->code](l, g, i, at);
    } while (outcome < until && !l->stop);
}
