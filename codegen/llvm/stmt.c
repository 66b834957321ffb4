/* stmt.c - statements in a row, and locals. What parts the lanes is in control.c. */
#include "codegen/llvm/lower.h"

/* -- locals -------------------------------------------------------------------------------------------------------------- */

static struct shape shape_of_local(struct lower *l, const struct ir_local *local)
{
    return l->group_width == 1 || plan_is_scalar(l->plan, local) ? SHAPE_UNIFORM : l->shapes.locals[local->index];
}

static bool lives_in_memory(struct lower *l, const struct ir_local *local)
{
    return local->is_mutable || plan_is_scalar(l->plan, local) || plan_crosses(l->plan, local) ||
           (l->debug && !l->optimize);
}

struct slot *local_slot(struct lower *l, const struct ir_local *local)
{
    struct slot *slot = &l->slots[local->index];
    if (slot->at[0]) return slot;
    slot->shape = shape_of_local(l, local);
    for (uint32_t c = 0; c < local->type.lanes; c++) {
        LLVMTypeRef scalar = type_value(l, (enum ir_scalar)local->type.scalar);
        slot->at[c] =
            build_alloca(l, slot->shape.varying ? LLVMVectorType(scalar, l->group_width) : scalar, local->name);
    }
    debug_local(l, local, slot->at[0]);
    return slot;
}

static void store_slot(struct lower *l, const struct ir_local *local, struct slot *slot, struct value v, bool blend)
{
    if (slot->shape.varying)
        v = value_widen(l, v);
    else if (!shape_equal(v.shape, slot->shape))
        bug("program %s: the shape of '%s' was proved wrongly", l->program->name, local->name);
    for (uint32_t c = 0; c < local->type.lanes; c++) {
        LLVMValueRef part = v.shape.stride ? value_base(l, &v) : v.at[c];
        if (blend) {
            LLVMValueRef old = LLVMBuildLoad2(l->b, LLVMTypeOf(part), slot->at[c], "");
            part = LLVMBuildSelect(l->b, l->exec, part, old, "");
        }
        LLVMBuildStore(l->b, part, slot->at[c]);
    }
}

void local_declare(struct lower *l, const struct ir_local *local, struct value v)
{
    struct slot *slot = &l->slots[local->index];
    slot->scope = l->scope;
    slot->bound = !lives_in_memory(l, local);
    if (slot->bound)
        slot->value = v;
    else
        store_slot(l, local, local_slot(l, local), v, false);
}

/* Lanes that do not run now but will again, and may read the variable, must keep its value. */
void local_assign(struct lower *l, const struct ir_local *local, struct value v)
{
    struct slot *slot = local_slot(l, local);
    store_slot(l, local, slot, v, l->exec && l->scope != slot->scope && slot->shape.varying);
}

struct value local_read(struct lower *l, const struct ir_local *local)
{
    struct slot *slot = &l->slots[local->index];
    if (slot->bound) return slot->value;
    local_slot(l, local);
    struct value v = {.type = local->type, .shape = slot->shape, .scale = 1};
    LLVMTypeRef scalar = type_value(l, (enum ir_scalar)local->type.scalar);
    for (uint32_t c = 0; c < local->type.lanes; c++)
        v.at[c] = LLVMBuildLoad2(l->b, slot->shape.varying ? LLVMVectorType(scalar, l->group_width) : scalar,
                                 slot->at[c], local->name);
    return v;
}

/* -- stores -------------------------------------------------------------------------------------------------------------- */

enum { MAX_RUN = 8 };

static bool loads_from(const struct ir_expr *e, const struct ir_buffer *b)
{
    if (e->op == IR_OP_LOAD && e->buffer == b) return true;
    for (uint32_t i = 0; i < e->n_args; i++)
        if (loads_from(e->args[i], b)) return true;
    return false;
}

/* How many stores to one array stand in a row, none of which reads it: their values may be computed before any is stored. */
static uint32_t count_run(const struct ir_stmt *first)
{
    uint32_t n = 1;
    for (const struct ir_stmt *s = first->next; s && n < MAX_RUN; s = s->next, n++)
        if (s->kind != IR_STMT_STORE || s->store.buffer != first->store.buffer ||
            loads_from(s->store.index, s->store.buffer) || loads_from(s->store.value, s->store.buffer))
            break;
    return n;
}

/* Returns the last statement done. */
static struct ir_stmt *lower_stores(struct lower *l, struct ir_stmt *first)
{
    if (l->target->store_rows) return l->target->store_rows(l, first);
    struct pending_store pending[MAX_RUN];
    uint32_t n = l->width == 1 ? 1 : count_run(first);
    struct ir_stmt *last = first;
    for (uint32_t i = 0; i < n; i++) {
        last = i ? last->next : first;
        debug_place(l, last->range);
        pending[i].index = expr_lower(l, last->store.index);
        pending[i].value = expr_lower(l, last->store.value);
        pending[i].in_bounds = array_for(l, last->store.buffer, last->store.in_bounds, &pending[i].index).in_bounds;
    }
    memory_store_run(l, array_of(l, first->store.buffer), pending, n);
    return last;
}

/* -- one handler per row of stmts.def --------------------------------------------------------------------------------------- */

typedef void lower_function(struct lower *l, struct ir_stmt *s);

static void lower_LET(struct lower *l, struct ir_stmt *s)
{
    local_declare(l, s->let.local, expr_lower(l, s->let.value));
}
static void lower_VAR(struct lower *l, struct ir_stmt *s)
{
    local_declare(l, s->let.local, expr_lower(l, s->let.value));
}
static void lower_ASSIGN(struct lower *l, struct ir_stmt *s)
{
    local_assign(l, s->let.local, expr_lower(l, s->let.value));
}
static void lower_STORE(struct lower *l, struct ir_stmt *s)
{
    lower_stores(l, s);
}
static void lower_BLOCK(struct lower *l, struct ir_stmt *s)
{
    stmt_lower_block(l, &s->scope.body);
}
static void lower_REGION(struct lower *l, struct ir_stmt *s)
{
    stmt_lower_block(l, &s->scope.body);
}
static void lower_WAIT(struct lower *l, struct ir_stmt *s)
{
    if (l->target->wait) l->target->wait(l, s);
}

static void lower_BREAK(struct lower *l, struct ir_stmt *s)
{
    (void)s;
    control_break(l);
}

static void lower_CONTINUE(struct lower *l, struct ir_stmt *s)
{
    (void)s;
    control_continue(l);
}

static void lower_RETURN(struct lower *l, struct ir_stmt *s)
{
    (void)s;
    control_end_lanes(l);
}

static void lower_TRAP(struct lower *l, struct ir_stmt *s)
{
    struct value code = expr_lower(l, s->trap.code);
    control_trap(l, &code, &s->trap.told);
}

static void lower_TELL(struct lower *l, struct ir_stmt *s)
{
    struct value code = expr_lower(l, s->trap.code);
    control_tell(l, &code, &s->trap.told);
}

static void lower_BARRIER(struct lower *l, struct ir_stmt *s)
{
    (void)s;
    if (l->target->barrier)
        l->target->barrier(l);
    else
        bug("program %s: a barrier inside a phase", l->program->name);
}
#define lower_GRID_BARRIER lower_BARRIER

static void lower_of_pipeline(struct lower *l, struct ir_stmt *s)
{
    bug("program %s: '%s' belongs to a pipeline", l->program->name, ir_stmt_infos[s->kind].name);
}
#define lower_ARM lower_of_pipeline
#define lower_HOST lower_of_pipeline
#define lower_COLLECTIVE lower_of_pipeline

#define lower_IF control_if
#define lower_FOR control_for
#define lower_WHILE control_while
#define lower_ATOMIC atomic_lower
#define lower_COPY_ASYNC copy_lower

static lower_function *const handlers[IR_STMT_COUNT] = {
#define STMT(NAME, text, traits, help) [IR_STMT_##NAME] = lower_##NAME,
#include "ir/stmts.def"
};

void stmt_lower(struct lower *l, struct ir_stmt *s)
{
    debug_place(l, s->range);
    l->now = s;
    if (l->target->forget_rows) l->target->forget_rows(l, s);
    handlers[s->kind](l, s);
    if (l->target->forget_rows) l->target->forget_rows(l, s);
}

/* One statement; and all that follow, when the lanes that it ended make two copies of them worth while. */
static bool lower_and_rest(struct lower *l, struct ir_stmt *s, const struct ir_stmt *end)
{
    bool all_ran = !l->exec;
    stmt_lower(l, s);
    return all_ran && control_rest(l, s->next, end);
}

void stmt_lower_run(struct lower *l, struct ir_stmt *first, const struct ir_stmt *end)
{
    if (l->at_workgroup) {
        workgroup_lower_run(l, first, end);
        return;
    }
    uint32_t n_windows = l->windows.n, run_begin = l->run_begin;
    l->run_begin = n_windows;
    for (struct ir_stmt *s = first; s != end; s = s->next) {
        if (plan_is_raised(l->plan, s)) continue; /* a let that the workgroup has done */
        if (s->kind == IR_STMT_STORE)
            s = lower_stores(l, s);
        else if (control_guard(l, s, end) || lower_and_rest(l, s, end))
            break;
    }
    l->windows.n = n_windows;
    l->run_begin = run_begin;
}

void stmt_lower_block(struct lower *l, struct ir_block *block)
{
    stmt_lower_run(l, block->first, NULL);
}
