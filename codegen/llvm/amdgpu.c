/* amdgpu.c - what kernels of AMD's GPUs have of their own. Waves have 64 lanes up to gfx9, and 32 from gfx10 on: a wave is one subgroup, or two. */
#include "codegen/llvm/device.h"

#include <stdio.h>
#include <string.h>

enum { CODE_OBJECT_VERSION = 600 }; /* the first with generic targets */

static void prepare_module(struct lower *l)
{
    static const char flag[] = "amdhsa_code_object_version";
    LLVMAddModuleFlag(l->module, LLVMModuleFlagBehaviorError, flag, sizeof flag - 1,
                      LLVMValueAsMetadata(const_int(l, 32, CODE_OBJECT_VERSION)));
}

/* What the launch would have to set up, and no kernel looks at. */
static const char *const unused_inputs[] = {
    "amdgpu-no-implicitarg-ptr",   "amdgpu-no-dispatch-ptr",       "amdgpu-no-queue-ptr",     "amdgpu-no-dispatch-id",
    "amdgpu-no-heap-ptr",          "amdgpu-no-hostcall-ptr",       "amdgpu-no-lds-kernel-id", "amdgpu-no-default-queue",
    "amdgpu-no-completion-action", "amdgpu-no-multigrid-sync-arg",
};

static void set_workgroup_size(struct lower *l)
{
    const uint32_t *size = l->program->workgroup;
    LLVMMetadataRef sizes[3];
    for (uint32_t c = 0; c < 3; c++)
        sizes[c] = LLVMValueAsMetadata(const_int(l, 32, size[c]));
    LLVMGlobalSetMetadata(l->fn, LLVMGetMDKindIDInContext(l->context, "reqd_work_group_size", 20),
                          LLVMMDNodeInContext2(l->context, sizes, 3));
}

/* So many lanes of a workgroup can have all registers that a lane can have. */
enum { WIDTH_OF_ALL_REGISTERS = 256 };

static void prepare_kernel(struct lower *l)
{
    struct device_frame *f = device_frame_of(l);
    uint32_t n = f->n_invocations;
    char text[32];
    f->max_width = n > WIDTH_OF_ALL_REGISTERS ? n : WIDTH_OF_ALL_REGISTERS;
    snprintf(text, sizeof text, "%u,%u", f->has_free_width ? 1 : n, f->has_free_width ? f->max_width : n);
    function_add_text(l, l->fn, "amdgpu-flat-work-group-size", text);
    for (size_t i = 0; i < sizeof unused_inputs / sizeof *unused_inputs; i++)
        function_add_text(l, l->fn, unused_inputs[i], "");
    if (!f->has_free_width) set_workgroup_size(l);
    LLVMSetVisibility(l->fn, LLVMProtectedVisibility);
}

static void fence(struct lower *l, LLVMAtomicOrdering order)
{
    const char *scope = device_amdgpu.scope_workgroup;
    LLVMBuildFenceSyncScope(l->b, order, LLVMGetSyncScopeID(l->context, scope, (unsigned)strlen(scope)), "");
}

static void barrier(struct lower *l)
{
    fence(l, LLVMAtomicOrderingRelease);
    build_call(l, "llvm.amdgcn.s.barrier", NULL, NULL, 0);
    fence(l, LLVMAtomicOrderingAcquire);
}

/* -- subgroups ------------------------------------------------------------------------------------------------------------------- */

/* The first lane of this subgroup in its wave: 0, or 32. */
static LLVMValueRef first_lane(struct lower *l)
{
    const struct device_frame *f = device_frame_of(l);
    return LLVMBuildAnd(l->b, f->linear_lid, const_int(l, 32, (uint32_t)f->info->level - IR_SUBGROUP_SIZE), "");
}

/* The instruction takes the number of bytes that the lane's register is from that of lane 0. */
static LLVMValueRef shuffle(struct lower *l, LLVMValueRef v, LLVMValueRef lane)
{
    LLVMValueRef in_wave = LLVMBuildOr(l->b, lane, first_lane(l), "");
    LLVMValueRef args[2] = {LLVMBuildShl(l->b, in_wave, const_int(l, 32, 2), ""), v};
    return build_call(l, "llvm.amdgcn.ds.bpermute", NULL, args, 2);
}

static LLVMValueRef ballot(struct lower *l, LLVMValueRef bit)
{
    uint32_t wave = (uint32_t)device_frame_of(l)->info->level;
    LLVMValueRef bits = build_call(l, "llvm.amdgcn.ballot", type_int(l, wave), &bit, 1);
    if (wave == IR_SUBGROUP_SIZE) return bits;
    LLVMValueRef own = LLVMBuildLShr(l->b, bits, LLVMBuildZExt(l->b, first_lane(l), type_int(l, wave), ""), "");
    return LLVMBuildTrunc(l->b, own, type_int(l, 32), "");
}

const struct device_family device_amdgpu = {
    .workgroup_id = {"llvm.amdgcn.workgroup.id.x", "llvm.amdgcn.workgroup.id.y", "llvm.amdgcn.workgroup.id.z"},
    .local_id = {"llvm.amdgcn.workitem.id.x", "llvm.amdgcn.workitem.id.y", "llvm.amdgcn.workitem.id.z"},
    .calling_convention = 91, /* of AMDGPU kernels */
    .scope_device = "agent",
    .scope_workgroup = "workgroup",
    .prepare_module = prepare_module,
    .prepare_kernel = prepare_kernel,
    .barrier = barrier,
    .shuffle = shuffle,
    .ballot = ballot,
};
