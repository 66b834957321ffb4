/* nvptx.c - what kernels of NVIDIA's GPUs have of their own. The text is PTX, which ptxas or the driver translates further. */
#include "codegen/llvm/device.h"

#include <stdio.h>
#include <string.h>

static LLVMValueRef word(struct lower *l, uint32_t v)
{
    return const_int(l, 32, v);
}

/* So many threads of a workgroup can have all registers that a thread can have. */
enum { WIDTH_OF_ALL_REGISTERS = 256, MOST_WIDTH = 1024 };

/* Where launches choose the width, the driver tells how many registers leave room for; a wider declared one must have room. */
static void prepare_kernel(struct lower *l)
{
    struct device_frame *f = device_frame_of(l);
    const uint32_t *size = l->program->workgroup;
    bool is_wide = f->n_invocations > WIDTH_OF_ALL_REGISTERS;
    char text[40];
    f->max_width = is_wide ? f->n_invocations : MOST_WIDTH;
    snprintf(text, sizeof text, "%u,%u,%u", size[0], size[1], size[2]);
    if (!f->has_free_width || is_wide)
        function_add_text(l, l->fn, f->has_free_width ? "nvvm.maxntid" : "nvvm.reqntid", text);
}

static void barrier(struct lower *l)
{
    LLVMValueRef number = word(l, 0);
    build_call(l, "llvm.nvvm.barrier.cta.sync.aligned.all", NULL, &number, 1);
}

/* -- subgroups ------------------------------------------------------------------------------------------------------------------- */

/* The lanes that there are: those past the workgroup's end must not be named. Those that have ended may be. */
static LLVMValueRef member_mask(struct lower *l)
{
    const struct device_frame *f = device_frame_of(l);
    uint32_t rest = f->n_invocations % IR_SUBGROUP_SIZE, full = f->n_invocations - rest;
    if (!rest) return word(l, UINT32_MAX);
    LLVMValueRef is_last = LLVMBuildICmp(l->b, LLVMIntUGE, f->linear_lid, word(l, full), "");
    return LLVMBuildSelect(l->b, is_last, word(l, (1u << rest) - 1), word(l, UINT32_MAX), "");
}

static LLVMValueRef shuffle(struct lower *l, LLVMValueRef v, LLVMValueRef lane)
{
    LLVMValueRef args[4] = {member_mask(l), v, lane, word(l, IR_SUBGROUP_SIZE - 1)};
    return build_call(l, "llvm.nvvm.shfl.sync.idx.i32", NULL, args, 4);
}

static LLVMValueRef ballot(struct lower *l, LLVMValueRef bit)
{
    LLVMValueRef args[2] = {member_mask(l), bit};
    return build_call(l, "llvm.nvvm.vote.ballot.sync", NULL, args, 2);
}

enum { FIRST_SM_WITH_REDUX = 80 };

static const char *redux_of(enum ir_op op, bool is_signed)
{
    switch (op) {
    case IR_OP_REDUCE_ADD:
        return "llvm.nvvm.redux.sync.add";
    case IR_OP_REDUCE_MIN:
        return is_signed ? "llvm.nvvm.redux.sync.min" : "llvm.nvvm.redux.sync.umin";
    case IR_OP_REDUCE_MAX:
        return is_signed ? "llvm.nvvm.redux.sync.max" : "llvm.nvvm.redux.sync.umax";
    case IR_OP_REDUCE_AND:
        return "llvm.nvvm.redux.sync.and";
    case IR_OP_REDUCE_OR:
        return "llvm.nvvm.redux.sync.or";
    case IR_OP_REDUCE_XOR:
        return "llvm.nvvm.redux.sync.xor";
    default:
        return NULL;
    }
}

static LLVMValueRef reduce(struct lower *l, enum ir_op op, bool is_signed, LLVMValueRef v)
{
    const char *name = redux_of(op, is_signed);
    if (!name || device_sm_of(device_frame_of(l)->info) < FIRST_SM_WITH_REDUX) return NULL;
    LLVMValueRef args[2] = {v, member_mask(l)};
    return build_call(l, name, NULL, args, 2);
}

/* -- copies that go on meanwhile ------------------------------------------------------------------------------------------------- */

enum { FIRST_SM_WITH_COPIES = 80 };

static bool has_copies(const struct target_info *info)
{
    return device_sm_of(info) >= FIRST_SM_WITH_COPIES;
}

/* 16 bytes pass by the first cache: nobody else will want them from there. */
static void copy_word(struct lower *l, LLVMValueRef to, LLVMValueRef from, uint32_t word_bytes, LLVMValueRef n_bytes)
{
    LLVMValueRef args[3] = {to, from, n_bytes};
    build_call(l,
               word_bytes == 16  ? "llvm.nvvm.cp.async.cg.shared.global.16.s"
               : word_bytes == 8 ? "llvm.nvvm.cp.async.ca.shared.global.8.s"
                                 : "llvm.nvvm.cp.async.ca.shared.global.4.s",
               NULL, args, 3);
}

static void end_group(struct lower *l)
{
    build_call(l, "llvm.nvvm.cp.async.commit.group", NULL, NULL, 0);
}

static void wait_groups(struct lower *l, uint32_t n)
{
    LLVMValueRef number = word(l, n);
    build_call(l, "llvm.nvvm.cp.async.wait.group", NULL, &number, 1);
}

const struct device_family device_nvptx = {
    .workgroup_id = {"llvm.nvvm.read.ptx.sreg.ctaid.x", "llvm.nvvm.read.ptx.sreg.ctaid.y",
                     "llvm.nvvm.read.ptx.sreg.ctaid.z"},
    .local_id = {"llvm.nvvm.read.ptx.sreg.tid.x", "llvm.nvvm.read.ptx.sreg.tid.y", "llvm.nvvm.read.ptx.sreg.tid.z"},
    .calling_convention = 71, /* of PTX kernels */
    .scope_device = "device",
    .scope_workgroup = "block",
    .prepare_kernel = prepare_kernel,
    .barrier = barrier,
    .shuffle = shuffle,
    .ballot = ballot,
    .reduce = reduce,
    .has_copies = has_copies,
    .copy_word = copy_word,
    .end_group = end_group,
    .wait_groups = wait_groups,
};
