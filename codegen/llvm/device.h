/* device.h - private to codegen/llvm: programs as kernels of GPUs. An invocation is a thread of the device, so that values are scalars
 * (width 1) and control flow is branches; workgroups, barriers and subgroups are the hardware's. What launches give a kernel:
 * runtime-stub/vyre_device.h.
 *
 *   device.c            the kernel: parameters, ids, arrays, traps
 *   device_subgroup.c   operations across the 32 lanes of a subgroup
 *   device_unroll.c     loops over a few neighbouring elements written out
 *   device_rows.c       neighbouring elements loaded and stored at once
 *   device_copy.c       copies that go on meanwhile, and waits for them
 *   device_emit.c       modules, passes, text and images
 *   nvptx.c amdgpu.c    what differs between the two families */
#ifndef VYREC_LLVM_DEVICE_H
#define VYREC_LLVM_DEVICE_H

#include "codegen/llvm/llvm.h"
#include "codegen/llvm/lower.h"

enum { SPACE_GLOBAL = 1, SPACE_SHARED = 3 }; /* address spaces, the same in both families */

struct device_family {
    const char *workgroup_id[3], *local_id[3]; /* intrinsics */
    unsigned calling_convention;
    const char *scope_device, *scope_workgroup; /* of atomics */
    void (*prepare_module)(struct lower *l);
    void (*prepare_kernel)(struct lower *l);
    void (*barrier)(struct lower *l);
    /* The i32 of a lane of this subgroup; of one that does not run, anything. */
    LLVMValueRef (*shuffle)(struct lower *l, LLVMValueRef v, LLVMValueRef lane);
    LLVMValueRef (*ballot)(struct lower *l, LLVMValueRef bit); /* i32: of the running lanes of this subgroup */
    /* An operation on the i32s of all running lanes, where the processor has it; else NULL. */
    LLVMValueRef (*reduce)(struct lower *l, enum ir_op op, bool is_signed, LLVMValueRef v);
    /* Copies to workgroup memory that go on meanwhile: of 4, 8 or 16 bytes, of which the first n_bytes, an i32, are taken and zeros
     * follow; the end of a group of them; a wait until at most n groups go on. NULL: no processor has them. */
    bool (*has_copies)(const struct target_info *info);
    void (*copy_word)(struct lower *l, LLVMValueRef to, LLVMValueRef from, uint32_t word_bytes, LLVMValueRef n_bytes);
    void (*end_group)(struct lower *l);
    void (*wait_groups)(struct lower *l, uint32_t n);
};
extern const struct device_family device_nvptx, device_amdgpu;

/* How many groups of copies may still go on after a wait: device_copy.c. */
struct device_waits {
    struct map groups; /* WAIT -> number + 1; absent: nothing is to be waited for */
};

/* Of l->frame. */
struct device_frame {
    const struct device_family *family;
    const struct target_info *info;
    uint32_t n_invocations; /* of a workgroup, as declared */
    bool has_free_width;    /* launches say how wide workgroups are: at most max_width */
    uint32_t max_width;     /* set by prepare_kernel */
    bool may_end_early;     /* lanes may trap before others reach a subgroup operation */
    LLVMValueRef groups[3], wid[3], lid[3], gid[3], linear_lid; /* i32 */
    struct index_facts facts;
    bool has_copies;
    struct device_waits waits;
    LLVMValueRef *params; /* i32 or i64 slots */
    LLVMValueRef trap;    /* of the record, in global memory */
};

static inline struct device_frame *device_frame_of(struct lower *l)
{
    return l->frame;
}

/* What an image of the program has to say beside its code. */
struct device_interface {
    struct device_tables tables;
    uint32_t *params; /* offset of each in the argument block */
    uint32_t args_bytes, workgroup_bytes;
    uint32_t max_width; /* 0: workgroups are as declared */
    bool traps;
    const char *kernel;
};

/* Adds the kernel to l->module; l has context, module, builder, features, arena and debug. The interface lives in l->arena. */
void device_lower_program(struct lower *l, const struct ir_program *p, const struct device_family *family,
                          const struct target_info *info, struct device_interface *interface);
/* The program with short loops over neighbouring elements written out, in the arena; or as it is. */
const struct ir_program *device_unroll(const struct ir_program *p, struct arena *arena);
struct value device_subgroup(struct lower *l, const struct ir_expr *e, const struct value *args);
bool device_load_row(struct lower *l, const struct ir_expr *e, const struct value *index, struct value *result);
struct ir_stmt *device_store_rows(struct lower *l, struct ir_stmt *first);
void device_forget_rows(struct lower *l, const struct ir_stmt *s);
void device_find_waits(struct device_waits *waits, struct arena *arena, const struct ir_program *p,
                       const struct index_facts *facts);
bool device_wait_groups(const struct device_waits *waits, const struct ir_stmt *s, uint32_t *n);
bool device_copy(struct lower *l, struct ir_stmt *s, LLVMValueRef to, LLVMValueRef from, LLVMValueRef n);
void device_wait(struct lower *l, struct ir_stmt *s);
/* The number in "sm_90". */
uint32_t device_sm_of(const struct target_info *info);

#endif
