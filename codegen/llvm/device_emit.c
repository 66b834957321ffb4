/* device_emit.c - kernels as text and images: a module for one target, LLVM's passes, its output, and for AMDGPU the linker. Everything of a call is
 * its own, so that several may run on different threads. */
#include <llvm-c/Error.h>
#include <llvm-c/Target.h>
#include <llvm-c/Transforms/PassBuilder.h>
#include <stdlib.h>
#include <string.h>

#include "codegen/amdgcn_link.h"
#include "codegen/llvm/device.h"
#include "codegen/llvm/emit.h"
#include "codegen/llvm/llvm.h"
#include "ir/walk.h"
#include "runtime-stub/vyre_device.h"

uint32_t device_sm_of(const struct target_info *info)
{
    return (uint32_t)strtoul(info->arch + strlen("sm_"), NULL, 10);
}

/* It would be several launches, and live values would have to survive between them. */
static void find_grid_barrier(void *ctx, struct ir_stmt *s)
{
    if (s->kind == IR_STMT_GRID_BARRIER) *(const char **)ctx = "it has a grid barrier";
}

const char *llvm_device_refusal(const struct ir_program *p)
{
    const char *reason = NULL;
    ir_walk_stmts((struct ir_block *)&p->body, find_grid_barrier, &reason); /* only looked at */
    return reason;
}

/* -- a module for a target ------------------------------------------------------------------------------------------------------- */

struct device_module {
    struct memory_cleanup cleanup; /* while LLVM's objects are alive */
    const struct codegen_options *options;
    const struct target_info *info;
    const struct device_family *family;
    struct lower_features features;
    struct lower l;
    LLVMTargetMachineRef machine;
    LLVMMemoryBufferRef code;
    uint32_t n_errors; /* that LLVM has reported */
    char first_error[512];
};

static void initialize_llvm(void)
{
    LLVMInitializeNVPTXTargetInfo();
    LLVMInitializeNVPTXTarget();
    LLVMInitializeNVPTXTargetMC();
    LLVMInitializeNVPTXAsmPrinter();
    LLVMInitializeAMDGPUTargetInfo();
    LLVMInitializeAMDGPUTarget();
    LLVMInitializeAMDGPUTargetMC();
    LLVMInitializeAMDGPUAsmPrinter();
}

static void note_error(LLVMDiagnosticInfoRef info, void *ctx)
{
    struct device_module *d = ctx;
    if (LLVMGetDiagInfoSeverity(info) != LLVMDSError) return;
    char *text = LLVMGetDiagInfoDescription(info);
    if (d->n_errors++ == 0) strncpy(d->first_error, text, sizeof d->first_error - 1);
    LLVMDisposeMessage(text);
}

static void release(struct device_module *d)
{
    debug_end(d->l.debug);
    if (d->code) LLVMDisposeMemoryBuffer(d->code);
    LLVMDisposeBuilder(d->l.b);
    LLVMDisposeModule(d->l.module);
    LLVMContextDispose(d->l.context);
    LLVMDisposeTargetMachine(d->machine);
}

/* Memory ran out in the middle. */
static void abandon(struct memory_cleanup *cleanup)
{
    release((struct device_module *)cleanup);
}

/* AMDGPU's code generator is wrong without optimisation (LLVM 22), and nobody steps through either's kernels: level 1 at least. */
static uint32_t level_of(const struct codegen_options *options)
{
    return options->opt_level < 1 ? 1 : options->opt_level > 3 ? 3 : options->opt_level;
}

static LLVMTargetMachineRef create_machine(const struct device_module *d)
{
    LLVMTargetRef target;
    char *message = NULL;
    if (LLVMGetTargetFromTriple(d->info->triple, &target, &message))
        bug("LLVM has no target %s: %s", d->info->triple, message);
    return LLVMCreateTargetMachine(target, d->info->triple, d->info->arch,
                                   d->features.features ? d->features.features : "",
                                   (LLVMCodeGenOptLevel)level_of(d->options), LLVMRelocPIC, LLVMCodeModelDefault);
}

static struct lower_features features_of(const struct target_info *info, struct arena *arena)
{
    struct lower_features f = {.cpu = info->arch, .fma = true, .half_conversions = true};
    if (info->family != TARGET_FAMILY_PTX) return f;
    f.features = arena_printf(arena, "+ptx%d", info->level);
    f.float_choices = true; /* min.f32: a number rather than a NaN, -0 below 0 */
    return f;
}

static void open_module(struct device_module *d, const struct ir_module *m, struct arena *arena)
{
    static bool has_devices;
    struct lower *l = &d->l;
    llvm_register_targets(initialize_llvm, &has_devices);
    d->features = features_of(d->info, arena);
    d->family = d->info->family == TARGET_FAMILY_PTX ? &device_nvptx : &device_amdgpu;
    d->machine = create_machine(d);
    l->arena = arena;
    l->features = &d->features;
    l->optimize = true;
    l->checks_claims = d->options->checks_claims;
    l->context = LLVMContextCreate();
    LLVMContextSetDiagnosticHandler(l->context, note_error, d);
    l->module = LLVMModuleCreateWithNameInContext("vyre", l->context);
    l->b = LLVMCreateBuilderInContext(l->context);
    memory_push_cleanup(arena->mem, &d->cleanup);
    LLVMSetTarget(l->module, d->info->triple);
    LLVMTargetDataRef layout = LLVMCreateTargetDataLayout(d->machine);
    LLVMSetModuleDataLayout(l->module, layout);
    LLVMDisposeTargetData(layout);
    if (d->family->prepare_module) d->family->prepare_module(l);
    if (d->options->debug_info) l->debug = debug_begin(arena, l->module, m, d->options->source_name, true, true);
}

/* -- passes and output ----------------------------------------------------------------------------------------------------------- */

#define CLEAN "sroa,early-cse<memssa>,simplifycfg,instcombine<max-iterations=1;no-verify-fixpoint>,"
#define LOOPS "loop-mssa(loop-rotate,licm),early-cse<memssa>,simplifycfg"
enum { LEVEL_UNROLLING = 2 };
static const char *const pipelines[] = {
    NULL,
    "function(" CLEAN LOOPS ")",
    "function(" CLEAN "loop(indvars,loop-unroll-full)," LOOPS
    ",gvn,instcombine<max-iterations=1;no-verify-fixpoint>,dse,simplifycfg)",
    "default<O3>",
};

static void optimize(struct device_module *d)
{
    llvm_verify(d->l.module);
    LLVMPassBuilderOptionsRef options = LLVMCreatePassBuilderOptions();
    LLVMErrorRef error = LLVMRunPasses(d->l.module, pipelines[level_of(d->options)], d->machine, options);
    LLVMDisposePassBuilderOptions(options);
    if (error) bug("LLVM's passes failed: %s", LLVMGetErrorMessage(error));
}

static void generate(struct device_module *d, LLVMCodeGenFileType type)
{
    char *message = NULL;
    debug_end(d->l.debug);
    d->l.debug = NULL;
    optimize(d);
    if (LLVMTargetMachineEmitToMemoryBuffer(d->machine, d->l.module, type, &message, &d->code))
        bug("LLVM cannot emit: %s", message);
    if (d->n_errors) bug("LLVM: %s", d->first_error);
}

/* PTX ends with a NUL, as drivers want it; a code object for AMD is linked. */
static void write_code(struct device_module *d, struct out *out)
{
    if (d->info->family == TARGET_FAMILY_PTX) {
        generate(d, LLVMAssemblyFile);
        out_bytes(out, LLVMGetBufferStart(d->code), LLVMGetBufferSize(d->code));
        out_bytes(out, "", 1);
    } else {
        generate(d, LLVMObjectFile);
        if (d->options->emit == CODEGEN_EMIT_AMDGCN_OBJECT)
            out_bytes(out, LLVMGetBufferStart(d->code), LLVMGetBufferSize(d->code));
        else
            amdgcn_link(LLVMGetBufferStart(d->code), LLVMGetBufferSize(d->code), d->l.arena, out);
    }
}

static void lower_program(struct device_module *d, const struct ir_program *p, struct device_interface *face)
{
    if (level_of(d->options) >= LEVEL_UNROLLING) p = device_unroll(p, d->l.arena);
    device_lower_program(&d->l, p, d->family, d->info, face);
}

/* -- the ways in ----------------------------------------------------------------------------------------------------------------- */

static void write_image(const struct device_module *d, const struct ir_program *p, const struct device_interface *face,
                        const struct out *code, struct out *out)
{
    size_t begin = out->n, name_bytes = strlen(face->kernel) + 1;
    struct vyre_device_head head = {.head_bytes = sizeof head,
                                    .code_bytes = (uint32_t)code->n,
                                    .flags = (face->traps ? VYRE_DEVICE_TRAPS : 0) |
                                             (face->max_width ? VYRE_DEVICE_FREE_WIDTH : 0),
                                    .n_buffers = p->buffers.n,
                                    .n_tables = face->tables.n,
                                    .n_params = p->params.n,
                                    .args_bytes = face->args_bytes,
                                    .workgroup_bytes = face->workgroup_bytes,
                                    .max_width = face->max_width};
    head.wave_lanes = d->info->family == TARGET_FAMILY_AMDGCN ? (uint32_t)d->info->level : IR_SUBGROUP_SIZE;
    head.kernel_offset = head.head_bytes + (head.n_tables + head.n_params) * 4;
    head.code_offset = (uint32_t)((head.kernel_offset + name_bytes + 15) & ~(size_t)15);
    out_bytes(out, &head, sizeof head);
    for (uint32_t i = 0; i < face->tables.n; i++)
        out_u32(out, face->tables.at[i]->buffer.index);
    for (uint32_t i = 0; i < p->params.n; i++)
        out_u32(out, face->params[i]);
    out_bytes(out, face->kernel, name_bytes);
    while (out->n - begin < head.code_offset)
        out_bytes(out, "", 1);
    out_bytes(out, code->bytes, code->n);
}

void llvm_write_device_image(const struct ir_program *p, enum target_id target, const struct codegen_options *options,
                             struct arena *scratch, struct out *out)
{
    struct device_module d = {.cleanup.run = abandon, .options = options, .info = &target_infos[target]};
    struct device_interface face;
    struct out code;
    out_init(&code, out->mem);
    open_module(&d, p->module, scratch);
    lower_program(&d, p, &face);
    write_code(&d, &code);
    write_image(&d, p, &face, &code, out);
    memory_pop_cleanup(scratch->mem);
    release(&d);
    out_release(&code);
}

void llvm_write_device_code(const struct ir_module *m, enum target_id target, const struct codegen_options *options,
                            struct arena *scratch, struct out *out)
{
    struct device_module d = {.cleanup.run = abandon, .options = options, .info = &target_infos[target]};
    open_module(&d, m, scratch);
    for (uint32_t i = 0; i < m->programs.n; i++) {
        struct device_interface face;
        if (!llvm_device_refusal(m->programs.at[i])) lower_program(&d, m->programs.at[i], &face);
    }
    write_code(&d, out);
    if (d.info->family == TARGET_FAMILY_PTX) out->n--; /* a text file has no NUL */
    memory_pop_cleanup(scratch->mem);
    release(&d);
}
