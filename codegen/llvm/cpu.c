/* cpu.c - a program as a function that the runtime calls on a thread: the contract of runtime-stub/vyre_cpu.h. */
#include "codegen/llvm/cpu.h"

#include <string.h>

#include "runtime-stub/vyre_cpu.h"

/* -- the launch --------------------------------------------------------------------------------------------------------------- */

enum launch_field {
    LAUNCH_BUFFERS = 0,
    LAUNCH_PARAMS = 8,
    LAUNCH_GROUPS = 16,
    LAUNCH_TRAP = 40,
    LAUNCH_TRAP_CTX = 48,
    LAUNCH_HELPERS = 56,
    LAUNCH_STRIDE = 32
};

/* What nobody writes while kernels run. */
static LLVMValueRef load_fixed(struct lower *l, LLVMTypeRef type, LLVMValueRef base, uint64_t offset)
{
    LLVMValueRef at = build_element(l, type_int(l, 8), base, const_int(l, 64, offset));
    LLVMValueRef v = build_load(l, type, at, 8 < type_bits(type) / 8 ? 8 : type_bits(type) / 8);
    LLVMSetMetadata(v, LLVMGetMDKindIDInContext(l->context, "invariant.load", 14),
                    LLVMMetadataAsValue(l->context, LLVMMDNodeInContext2(l->context, NULL, 0)));
    return v;
}

static LLVMValueRef launch_field(struct lower *l, LLVMTypeRef type, uint64_t offset)
{
    return load_fixed(l, type, frame_of(l)->launch, offset);
}

static LLVMValueRef runtime_helper(struct lower *l, uint64_t offset)
{
    return load_fixed(l, type_ptr(l), launch_field(l, type_ptr(l), LAUNCH_HELPERS), offset);
}

static LLVMValueRef load_param(struct lower *l, const struct ir_param *p)
{
    LLVMValueRef slots = launch_field(l, type_ptr(l), LAUNCH_PARAMS);
    return load_fixed(l, type_int(l, 64), slots, (uint64_t)8 * p->index);
}

/* -- ids ----------------------------------------------------------------------------------------------------------------------- */

static struct value u32_value(LLVMValueRef v)
{
    return value_uniform(IR_TYPE(U32), v);
}

static LLVMValueRef divide(struct lower *l, LLVMValueRef v, uint32_t by)
{
    return by == 1 ? v : LLVMBuildUDiv(l->b, v, const_like(LLVMTypeOf(v), by), "");
}

static LLVMValueRef remainder_of(struct lower *l, LLVMValueRef v, uint32_t by)
{
    return by == 1 ? LLVMConstNull(LLVMTypeOf(v)) : LLVMBuildURem(l->b, v, const_like(LLVMTypeOf(v), by), "");
}

/* Component of a linear local id, scalar or vector. */
static LLVMValueRef split_local(struct lower *l, LLVMValueRef local, uint32_t component)
{
    const uint32_t *size = frame_of(l)->lanes.size;
    uint32_t below = component == 0 ? 1 : component == 1 ? size[0] : size[0] * size[1];
    LLVMValueRef v = divide(l, local, below);
    bool is_last = (uint64_t)below * size[component] == frame_of(l)->lanes.n_invocations;
    return is_last ? v : remainder_of(l, v, size[component]);
}

static struct value local_id(struct lower *l, uint32_t component)
{
    struct cpu_frame *f = frame_of(l);
    struct shape shape = lanes_shape_of_id(&f->lanes, IR_OP_LID, component);
    if (f->lanes.size[component] == 1) return u32_value(const_int(l, 32, 0));
    if (!shape.varying) {
        LLVMValueRef first = split_local(l, f->lane0, component);
        return shape.stride ? value_linear(IR_TYPE(U32), first, 1, 0, 1) : u32_value(first);
    }
    struct value lanes = value_linear(IR_TYPE(U32), f->lane0, 1, 0, 1);
    return value_varying(IR_TYPE(U32), split_local(l, value_widen(l, lanes).at[0], component));
}

static struct value global_id(struct lower *l, uint32_t component)
{
    struct cpu_frame *f = frame_of(l);
    if (f->lanes.is_flat && component == 0)
        return l->width == 1 ? u32_value(f->lane0) : value_linear(IR_TYPE(U32), f->lane0, 1, 0, 1);
    if (f->lanes.is_flat) return u32_value(const_int(l, 32, 0));
    LLVMValueRef base = LLVMBuildMul(l->b, f->wid[component], const_int(l, 32, f->lanes.size[component]), "");
    struct value local = local_id(l, component);
    if (local.shape.varying)
        return value_varying(IR_TYPE(U32), LLVMBuildAdd(l->b, local.at[0], value_splat(l, base), ""));
    LLVMValueRef first = LLVMBuildAdd(l->b, base, value_base(l, &local), "");
    return local.shape.stride ? value_linear(IR_TYPE(U32), first, 1, 0, 1) : u32_value(first);
}

static struct value lane_id(struct lower *l)
{
    struct cpu_frame *f = frame_of(l);
    LLVMValueRef first = LLVMBuildAnd(l->b, f->lane0, const_int(l, 32, IR_SUBGROUP_SIZE - 1), "");
    if (l->width == 1) return u32_value(first);
    if (l->width <= IR_SUBGROUP_SIZE) return value_linear(IR_TYPE(U32), first, 1, 0, 1);
    LLVMValueRef numbers = const_iota(type_int(l, 32), l->width, 0, 1);
    return value_varying(IR_TYPE(U32),
                         LLVMBuildAnd(l->b, numbers, const_like(LLVMTypeOf(numbers), IR_SUBGROUP_SIZE - 1), ""));
}

static struct value cpu_id(struct lower *l, enum ir_op op, uint32_t component)
{
    switch (op) {
    case IR_OP_GID:
        return global_id(l, component);
    case IR_OP_LID:
        return local_id(l, component);
    case IR_OP_WID:
        return u32_value(frame_of(l)->wid[component]);
    case IR_OP_NUM_WORKGROUPS:
        return u32_value(frame_of(l)->counts[component]);
    default:
        return lane_id(l);
    }
}

/* -- traps ------------------------------------------------------------------------------------------------------------------------ */

static LLVMAttributeRef attribute(struct lower *l, const char *name)
{
    return LLVMCreateEnumAttribute(l->context, LLVMGetEnumAttributeKindForName(name, strlen(name)), 0);
}

static LLVMValueRef as_i64(struct lower *l, LLVMValueRef v)
{
    return LLVMBuildZExt(l->b, v, type_int(l, 64), "");
}

/* The linear global id of an invocation of this workgroup. */
static LLVMValueRef linear_global(struct lower *l, LLVMValueRef local)
{
    struct cpu_frame *f = frame_of(l);
    LLVMValueRef id = NULL;
    for (uint32_t c = 3; c-- > 0;) {
        LLVMValueRef size = const_int(l, 64, f->lanes.size[c]);
        LLVMValueRef group = LLVMBuildMul(l->b, as_i64(l, f->wid[c]), size, "");
        LLVMValueRef at = LLVMBuildAdd(l->b, group, as_i64(l, split_local(l, local, c)), "");
        if (id)
            at = LLVMBuildAdd(l->b, at,
                              LLVMBuildMul(l->b, id, LLVMBuildMul(l->b, as_i64(l, f->counts[c]), size, ""), ""), "");
        id = at;
    }
    return id;
}

static LLVMValueRef cpu_invocation(struct lower *l, LLVMValueRef lane)
{
    struct cpu_frame *f = frame_of(l);
    if (l->at_workgroup && l->plan->keeps_alive) {
        LLVMValueRef first = workgroup_first_alive(l);
        LLVMValueRef id = linear_global(l, LLVMBuildTrunc(l->b, first, type_int(l, 32), ""));
        LLVMValueRef none = LLVMBuildICmp(l->b, LLVMIntSLT, first, const_int(l, 64, 0), "");
        return LLVMBuildSelect(l->b, none, first, id, "");
    }
    if (l->at_workgroup) return linear_global(l, const_int(l, 32, 0));
    if (f->lanes.is_flat) return LLVMBuildAdd(l->b, as_i64(l, f->lane0), as_i64(l, lane), "");
    return linear_global(l, LLVMBuildAdd(l->b, f->lane0, lane, ""));
}

enum { PRESERVE_MOST = 14 }; /* a calling convention of LLVM's: the caller keeps its registers */

/* void report(launch, invocation, code), which costs the loops around its calls no registers. */
static struct helper report_helper(struct lower *l)
{
    LLVMTypeRef i64 = type_int(l, 64), params[3] = {type_ptr(l), i64, type_int(l, 32)};
    LLVMTypeRef type = LLVMFunctionType(LLVMVoidTypeInContext(l->context), params, 3, false);
    struct helper h;
    if (!helper_begin(l, &h, "vyre.report_trap", LLVMVoidTypeInContext(l->context), params, 3)) return h;
    LLVMSetFunctionCallConv(h.fn, PRESERVE_MOST);
    LLVMValueRef launch = LLVMGetParam(h.fn, 0);
    LLVMValueRef args[3] = {load_fixed(l, type_ptr(l), launch, LAUNCH_TRAP_CTX), LLVMGetParam(h.fn, 1),
                            LLVMGetParam(h.fn, 2)};
    LLVMBuildCall2(l->b, type, load_fixed(l, type_ptr(l), launch, LAUNCH_TRAP), args, 3, "");
    LLVMBuildRetVoid(l->b);
    helper_end(l, &h);
    return h;
}

/* Between phases the whole workgroup ends. An invocation of -1 is none: all have ended before. */
static void cpu_report_trap(struct lower *l, LLVMValueRef invocation, LLVMValueRef code, uint32_t arm)
{
    struct cpu_frame *f = frame_of(l);
    LLVMTypeRef i64 = type_int(l, 64);
    struct helper h = report_helper(l);
    LLVMBasicBlockRef report = block_new(l, "report"), done = block_new(l, "reported");
    block_branch(l, LLVMBuildICmp(l->b, LLVMIntNE, invocation, LLVMConstAllOnes(i64), ""), report, done);
    block_enter(l, report);
    LLVMValueRef which = const_int(l, 64, (uint64_t)arm << VYRE_CPU_TRAP_ARM_SHIFT);
    LLVMValueRef args[3] = {f->launch, LLVMBuildOr(l->b, invocation, which, ""), code};
    LLVMValueRef call = LLVMBuildCall2(l->b, h.type, h.fn, args, 3, "");
    LLVMSetInstructionCallConv(call, PRESERVE_MOST);
    LLVMAddCallSiteAttribute(call, (LLVMAttributeIndex)LLVMAttributeFunctionIndex, attribute(l, "cold"));
    block_enter(l, done);
    if (l->at_workgroup && l->plan->keeps_alive)
        LLVMBuildMemSet(l->b, scratch_at(l, f->scratch.alive), const_int(l, 8, 0),
                        const_int(l, 64, (uint64_t)8 * f->lanes.n_groups), 8);
}

static const struct lower_target cpu_target = {
    .name = "cpu",
    .id = cpu_id,
    .param = load_param,
    .invocation = cpu_invocation,
    .report_trap = cpu_report_trap,
    .helper = runtime_helper,
    .shared_is_private = true,
};

enum { ARG_LAUNCH, ARG_FIRST, ARG_N, ARG_SCRATCH, N_ARGS };

/* -- loops over workgroups ----------------------------------------------------------------------------------------------------------- */

/* for (i = from; i < to; i += step), i an i64 */
struct count_loop {
    LLVMBasicBlockRef head, exit;
    LLVMValueRef slot, i, step;
};

static struct count_loop begin_count(struct lower *l, LLVMValueRef from, LLVMValueRef to, uint64_t step)
{
    LLVMTypeRef i64 = type_int(l, 64);
    struct count_loop c = {.head = block_new(l, "head"),
                           .exit = block_new(l, "exit"),
                           .slot = build_alloca(l, i64, "i"),
                           .step = const_int(l, 64, step)};
    LLVMBasicBlockRef body = block_new(l, "round");
    LLVMBuildStore(l->b, from, c.slot);
    block_enter(l, c.head);
    c.i = LLVMBuildLoad2(l->b, i64, c.slot, "");
    block_branch(l, LLVMBuildICmp(l->b, LLVMIntULT, c.i, to, ""), body, c.exit);
    block_enter(l, body);
    return c;
}

static void end_count(struct lower *l, const struct count_loop *c)
{
    LLVMBuildStore(l->b, LLVMBuildAdd(l->b, c->i, c->step, ""), c->slot);
    block_jump(l, c->head);
    block_enter(l, c->exit);
}

static LLVMTypeRef kernel_type(struct lower *l)
{
    LLVMTypeRef i64 = type_int(l, 64), params[N_ARGS] = {type_ptr(l), i64, i64, type_ptr(l)};
    return LLVMFunctionType(LLVMVoidTypeInContext(l->context), params, N_ARGS, false);
}

static void call_singles(struct lower *l, LLVMValueRef first, LLVMValueRef n)
{
    struct cpu_frame *f = frame_of(l);
    LLVMValueRef args[N_ARGS] = {f->launch, first, n, f->base};
    LLVMBuildCall2(l->b, kernel_type(l), l->singles, args, N_ARGS, "");
}

/* Where groups leave, if any does. We are at the end of the group. */
static void fill_leave(struct lower *l, LLVMValueRef at)
{
    if (!LLVMGetFirstUse(LLVMBasicBlockAsValue(l->leave))) {
        LLVMDeleteBasicBlock(l->leave);
    } else {
        LLVMMoveBasicBlockAfter(l->leave, LLVMGetLastBasicBlock(l->fn));
        LLVMPositionBuilderAtEnd(l->b, l->leave);
        call_singles(l, at, const_int(l, 64, l->group_width));
        LLVMAddCallSiteAttribute(LLVMGetLastInstruction(l->leave), (LLVMAttributeIndex)LLVMAttributeFunctionIndex,
                                 attribute(l, "cold"));
        LLVMBuildBr(l->b, l->end);
        LLVMPositionBuilderAtEnd(l->b, l->end);
    }
    l->leave = NULL;
}

static void lower_flat_group(struct lower *l, LLVMValueRef at, LLVMValueRef partial)
{
    frame_of(l)->lane0 = LLVMBuildTrunc(l->b, at, type_int(l, 32), "");
    l->width = l->group_width;
    l->untouched = true;
    l->check.branch = NULL;
    if (l->singles) l->leave = block_new(l, "leave");
    open_private_arrays(l);
    group_lower(l, l->program->body.first, NULL, partial);
    if (l->leave) fill_leave(l, at);
}

/* All invocations of the call in one row: full groups, then what is left. */
static void lower_flat(struct lower *l)
{
    struct cpu_frame *f = frame_of(l);
    LLVMValueRef size = const_int(l, 64, f->lanes.size[0]), width = const_int(l, 64, l->group_width);
    LLVMValueRef begin = LLVMBuildMul(l->b, f->first, size, ""), total = LLVMBuildMul(l->b, f->n, size, "");
    LLVMValueRef rest = LLVMBuildURem(l->b, total, width, ""),
                 end = LLVMBuildAdd(l->b, begin, LLVMBuildSub(l->b, total, rest, ""), "");
    struct count_loop groups = begin_count(l, begin, end, l->group_width);
    lower_flat_group(l, groups.i, NULL);
    end_count(l, &groups);
    if (f->lanes.size[0] % l->group_width == 0) return;
    LLVMBasicBlockRef some = block_new(l, "rest"), none = block_new(l, "no_rest");
    block_branch(l, LLVMBuildICmp(l->b, LLVMIntNE, rest, const_int(l, 64, 0), ""), some, none);
    block_enter(l, some);
    l->width = l->group_width;
    if (l->singles)
        call_singles(l, end, rest);
    else
        lower_flat_group(l, end, mask_below(l, LLVMBuildTrunc(l->b, rest, type_int(l, 32), "")));
    block_enter(l, none);
}

static void lower_one_by_one(struct lower *l)
{
    struct cpu_frame *f = frame_of(l);
    struct count_loop each = begin_count(l, f->first, LLVMBuildAdd(l->b, f->first, f->n, ""), 1);
    lower_flat_group(l, each.i, NULL);
    end_count(l, &each);
}

/* The workgroup's ids from its linear number: x fastest. Launches have rows and planes only where the program asks for them. */
static void set_workgroup(struct lower *l, LLVMValueRef number)
{
    struct cpu_frame *f = frame_of(l);
    LLVMTypeRef i32 = type_int(l, 32);
    LLVMValueRef zero = const_int(l, 32, 0), rest = number;
    uint32_t n_dimensions = l->program->n_dispatch > 1 ? l->program->n_dispatch : 1;
    for (uint32_t c = 0; c < 3; c++) {
        if (c >= n_dimensions) {
            f->wid[c] = zero;
        } else if (c + 1 == n_dimensions) {
            f->wid[c] = LLVMBuildTrunc(l->b, rest, i32, "");
        } else {
            LLVMValueRef count = as_i64(l, f->counts[c]);
            f->wid[c] = LLVMBuildTrunc(l->b, LLVMBuildURem(l->b, rest, count, ""), i32, "");
            rest = LLVMBuildUDiv(l->b, rest, count, "");
        }
    }
}

static void lower_workgroups(struct lower *l)
{
    struct cpu_frame *f = frame_of(l);
    LLVMValueRef stride = launch_field(l, type_int(l, 64), LAUNCH_STRIDE), scratch = f->base;
    struct count_loop each = begin_count(l, const_int(l, 64, 0), f->n, 1);
    set_workgroup(l, LLVMBuildAdd(l->b, f->first, each.i, ""));
    if (l->plan->n_launch_phases > 1)
        f->base = build_element(l, type_int(l, 8), scratch, LLVMBuildMul(l->b, each.i, stride, ""));
    workgroup_lower(l);
    end_count(l, &each);
}

/* -- functions --------------------------------------------------------------------------------------------------------------------------- */

static void add_param_attribute(struct lower *l, LLVMValueRef fn, uint32_t param, const char *name, uint64_t value)
{
    unsigned kind = LLVMGetEnumAttributeKindForName(name, strlen(name));
    LLVMAddAttributeAtIndex(fn, param + 1, LLVMCreateEnumAttribute(l->context, kind, value));
}

static LLVMValueRef begin_function(struct lower *l, const char *name)
{
    LLVMValueRef fn = LLVMAddFunction(l->module, name, kernel_type(l));
    LLVMSetLinkage(fn, LLVMInternalLinkage);
    LLVMSetSection(fn, arena_printf(l->arena, ".text.%s", name));
    function_set_features(l, fn);
    l->fn = fn;
    LLVMSetCurrentDebugLocation2(l->b, NULL);
    function_open(l);
    add_param_attribute(l, fn, ARG_SCRATCH, "noalias", 0);
    add_param_attribute(l, fn, ARG_SCRATCH, "align", 64);
    return fn;
}

/* The number of elements is below 2^32. LLVM makes one of two comparisons where it knows. */
static LLVMValueRef load_count(struct lower *l, LLVMValueRef rows, uint64_t offset)
{
    LLVMValueRef count = load_fixed(l, type_int(l, 64), rows, offset);
    LLVMMetadataRef range[2] = {LLVMValueAsMetadata(const_int(l, 64, 0)),
                                LLVMValueAsMetadata(const_int(l, 64, UINT64_C(1) << 32))};
    LLVMSetMetadata(count, LLVMGetMDKindIDInContext(l->context, "range", 5),
                    LLVMMetadataAsValue(l->context, LLVMMDNodeInContext2(l->context, range, 2)));
    return count;
}

/* Loads the buffers' places and lengths, once. */
static void set_buffers(struct lower *l)
{
    const struct ir_program *p = l->program;
    LLVMValueRef rows = p->buffers.n ? launch_field(l, type_ptr(l), LAUNCH_BUFFERS) : NULL;
    l->buffers = ARENA_ARRAY(l->arena, struct array, p->buffers.n + 1);
    for (uint32_t i = 0; i < p->buffers.n; i++) {
        const struct ir_buffer *b = p->buffers.at[i];
        LLVMValueRef base = load_fixed(l, type_ptr(l), rows, (uint64_t)16 * i), count = const_int(l, 64, b->count);
        if (!b->sized) count = load_count(l, rows, (uint64_t)16 * i + 8);
        l->buffers[i] = (struct array){b, base, count, false};
    }
}

static void set_arrays(struct lower *l)
{
    const struct ir_program *p = l->program;
    l->arrays = ARENA_ARRAY(l->arena, struct array, p->arrays.n + 1);
    for (uint32_t i = 0; i < p->arrays.n; i++) {
        const struct ir_buffer *b = p->arrays.at[i];
        bool interleaved = b->space == IR_SPACE_PRIVATE && l->group_width > 1;
        l->arrays[i] = (struct array){b, NULL, const_int(l, 64, b->count), interleaved};
    }
}

static void set_arguments(struct lower *l, LLVMValueRef fn)
{
    struct cpu_frame *f = frame_of(l);
    f->launch = LLVMGetParam(fn, ARG_LAUNCH);
    f->first = LLVMGetParam(fn, ARG_FIRST);
    f->n = LLVMGetParam(fn, ARG_N);
    f->base = LLVMGetParam(fn, ARG_SCRATCH);
}

static LLVMValueRef lower_function_of(struct lower *l, const char *name, void (*lower_body)(struct lower *l))
{
    struct cpu_frame *f = frame_of(l);
    LLVMValueRef fn = begin_function(l, name);
    debug_function(l, fn, l->program);
    debug_place(l, l->program->range);
    set_arguments(l, fn);
    set_buffers(l);
    set_arrays(l);
    for (uint32_t c = 0; c < 3; c++)
        f->counts[c] = launch_field(l, type_int(l, 32), LAUNCH_GROUPS + 4 * c);
    scratch_layout_compute(l, &f->scratch);
    l->has_counted_loops |= !f->lanes.is_flat; /* over the groups of a workgroup */
    lower_body(l);
    atomic_lower_totals(l);
    LLVMBuildRetVoid(l->b);
    LLVMSetCurrentDebugLocation2(l->b, NULL);
    if (l->optimize) alias_mark(l, fn, name);
    return fn;
}

/* Everything about a program that its lowering asks for. */
static void begin_program(struct lower *l, const struct ir_program *p, struct cpu_frame *frame, struct plan *plan,
                          uint32_t max_width)
{
    plan_compute(plan, l->arena, p);
    l->program = p;
    l->target = &cpu_target;
    l->plan = plan;
    l->frame = frame;
    frame->lanes = lanes_choose(p, l->features, plan, l->optimize, max_width);
    l->group_width = l->width = frame->lanes.width;
    l->slots = ARENA_ARRAY(l->arena, struct slot, p->locals.n + 1);
    l->windows.n = l->windows.cap = 0;
    l->windows.at = NULL;
    l->ended = NULL;
    l->leave = NULL;
    l->totals.n = l->totals.cap = 0;
    l->totals.at = NULL;
    l->other_uses = NULL;
    l->at_workgroup = false;
    if (l->group_width > 1) shapes_compute(&l->shapes, l->arena, p, lanes_shape_of_id, &frame->lanes, plan->scalars);
}

uint32_t cpu_count_lanes(struct lower *l, const struct ir_program *p)
{
    struct cpu_frame frame = {0};
    struct plan plan;
    begin_program(l, p, &frame, &plan, UINT32_MAX);
    return frame.lanes.width;
}

bool cpu_has_singles(struct lower *l, const struct ir_program *p)
{
    struct cpu_frame frame = {0};
    struct plan plan;
    begin_program(l, p, &frame, &plan, 1);
    return frame.lanes.is_flat && l->optimize;
}

struct cpu_kernel cpu_lower_program(struct lower *l, const struct ir_program *p, const char *name)
{
    struct cpu_frame frame = {0};
    struct plan plan;
    begin_program(l, p, &frame, &plan, UINT32_MAX);
    LLVMValueRef kernel = lower_function_of(l, name, frame.lanes.is_flat ? lower_flat : lower_workgroups);
    return (struct cpu_kernel){kernel, plan.n_launch_phases, frame.scratch.bytes};
}

/* -- one by one ------------------------------------------------------------------------------------------------------------------------- */

static void mark_singles(struct lower *l, LLVMValueRef fn)
{
    static const char *const names[] = {"noinline", "nounwind"};
    for (uint32_t i = 0; i < sizeof names / sizeof *names; i++)
        LLVMAddAttributeAtIndex(fn, (LLVMAttributeIndex)LLVMAttributeFunctionIndex, attribute(l, names[i]));
}

struct cpu_kernel cpu_lower_singles(struct lower *l, const struct ir_program *p, const char *name)
{
    struct cpu_frame frame = {0};
    struct plan plan;
    begin_program(l, p, &frame, &plan, 1);
    l->singles = NULL;
    LLVMValueRef fn = lower_function_of(l, name, lower_one_by_one);
    mark_singles(l, fn);
    return (struct cpu_kernel){fn, 1, frame.scratch.bytes};
}

LLVMValueRef cpu_declare_singles(struct lower *l, const char *name)
{
    LLVMValueRef fn = LLVMAddFunction(l->module, name, kernel_type(l));
    mark_singles(l, fn);
    return fn;
}

LLVMValueRef cpu_lower_through_singles(struct lower *l, const struct ir_program *p, const char *name)
{
    struct cpu_frame frame = {0};
    struct plan plan;
    begin_program(l, p, &frame, &plan, 1);
    LLVMValueRef fn = begin_function(l, name);
    set_arguments(l, fn);
    LLVMValueRef size = const_int(l, 64, frame.lanes.size[0]);
    call_singles(l, LLVMBuildMul(l->b, frame.first, size, ""), LLVMBuildMul(l->b, frame.n, size, ""));
    LLVMBuildRetVoid(l->b);
    return fn;
}
