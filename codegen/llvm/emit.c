/* emit.c - LLVM's side of a compilation: target machine, passes, output. Errors of LLVM are counted in its diagnostic handler: some calls
 * that fail return success. */
#define _GNU_SOURCE
#include "codegen/llvm/emit.h"

#include <llvm-c/Analysis.h>
#include <llvm-c/Error.h>
#include <llvm-c/Target.h>
#include <llvm-c/Transforms/PassBuilder.h>
#include <sched.h>
#include <string.h>

/* -- targets --------------------------------------------------------------------------------------------------------------------- */

static void initialize_x86(void)
{
    LLVMInitializeX86TargetInfo();
    LLVMInitializeX86Target();
    LLVMInitializeX86TargetMC();
    LLVMInitializeX86AsmPrinter();
}

static void initialize_aarch64(void)
{
    LLVMInitializeAArch64TargetInfo();
    LLVMInitializeAArch64Target();
    LLVMInitializeAArch64TargetMC();
    LLVMInitializeAArch64AsmPrinter();
}

void llvm_register_targets(void (*initialize)(void), bool *done)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    pthread_mutex_lock(&lock);
    if (!*done) initialize();
    *done = true;
    pthread_mutex_unlock(&lock);
}

const struct target_info *emitter_find_cpu(const struct codegen_options *options)
{
    const struct target_set *targets = options->targets;
    struct target_set all = {{false}};
    for (uint32_t t = 0; t < TARGET_COUNT; t++)
        if (targets->has[t] && target_infos[t].family == TARGET_FAMILY_CPU) return &target_infos[t];
    if (!target_set_default(&all, options->cpu_triple)) return NULL;
    for (uint32_t t = 0; t < TARGET_COUNT; t++)
        if (all.has[t] && target_infos[t].family == TARGET_FAMILY_CPU) return &target_infos[t];
    return NULL;
}

LLVMTargetMachineRef emitter_create_machine(const struct target_info *info, uint32_t opt_level)
{
    static bool has_aarch64, has_x86;
    LLVMTargetRef target;
    char *message = NULL;
    if (strncmp(info->triple, "aarch64", 7) == 0)
        llvm_register_targets(initialize_aarch64, &has_aarch64);
    else
        llvm_register_targets(initialize_x86, &has_x86);
    if (LLVMGetTargetFromTriple(info->triple, &target, &message))
        bug("LLVM has no target %s: %s", info->triple, message);
    return LLVMCreateTargetMachine(target, info->triple, info->arch, "",
                                   (LLVMCodeGenOptLevel)(opt_level > 2 ? 3 : opt_level), LLVMRelocPIC,
                                   LLVMCodeModelDefault);
}

/* -- opening ------------------------------------------------------------------------------------------------------------------------ */

static void note_diagnostic(LLVMDiagnosticInfoRef info, void *ctx)
{
    struct emitter *e = ctx;
    if (LLVMGetDiagInfoSeverity(info) != LLVMDSError) return;
    char *text = LLVMGetDiagInfoDescription(info);
    if (e->n_errors++ == 0) {
        strncpy(e->first_error, text, sizeof e->first_error - 1);
        e->first_error[sizeof e->first_error - 1] = 0;
    }
    LLVMDisposeMessage(text);
}

static void add_flag(struct emitter *e, LLVMModuleFlagBehavior behavior, const char *name, uint32_t value)
{
    LLVMValueRef v = LLVMConstInt(LLVMInt32TypeInContext(e->context), value, false);
    LLVMAddModuleFlag(e->module, behavior, name, strlen(name), LLVMValueAsMetadata(v));
}

void emitter_open(struct emitter *e, const struct codegen_options *options, const struct emitter *model)
{
    *e = (struct emitter){.options = options};
    e->cpu = emitter_find_cpu(options);
    if (!e->cpu) bug("no CPU is known of %s", options->cpu_triple);
    e->context = LLVMContextCreate();
    LLVMContextSetDiagnosticHandler(e->context, note_diagnostic, e);
    e->module = LLVMModuleCreateWithNameInContext("vyre", e->context);
    LLVMSetTarget(e->module, e->cpu->triple);
    if (model) {
        LLVMSetDataLayout(e->module, LLVMGetDataLayoutStr(model->module));
    } else {
        e->machine = emitter_create_machine(e->cpu, options->opt_level);
        LLVMTargetDataRef layout = LLVMCreateTargetDataLayout(e->machine);
        LLVMSetModuleDataLayout(e->module, layout);
        LLVMDisposeTargetData(layout);
    }
    add_flag(e, LLVMModuleFlagBehaviorError, "PIC Level", 2);
}

/* -- passes ------------------------------------------------------------------------------------------------------------------------- */

void llvm_verify(LLVMModuleRef module)
{
#ifdef VYRE_VERIFIES_LLVM
    char *message = NULL;
    if (LLVMVerifyModule(module, LLVMReturnStatusAction, &message))
        bug("LLVM IR does not verify: %s\n%s", message, LLVMPrintModuleToString(module));
    LLVMDisposeMessage(message);
#else
    (void)module;
#endif
}

/* What is worth its time for code that is vectors already and has one function per kernel: no inlining, no vectorisers, no loop over the
 * whole pipeline. -O3 asks for all that LLVM has. */
#define CLEAN "sroa,early-cse<memssa>,simplifycfg,instcombine<max-iterations=1;no-verify-fixpoint>,"
#define LOOPS "loop-mssa(loop-rotate,licm),early-cse<memssa>,simplifycfg"
#define REST ",gvn,instcombine<max-iterations=1;no-verify-fixpoint>,dse,simplifycfg"
static const char *const pipelines[] = {
    "default<O0>",
    "function(" CLEAN LOOPS ")",
    "function(" CLEAN LOOPS REST ")",
    "default<O3>",
};
/* Where the rounds of a loop are counted, it may be better without being one. Elsewhere this is a sixth of the time. */
static const char unrolling_pipeline[] = "function(" CLEAN "loop(indvars,loop-unroll-full)," LOOPS REST ")";

static void optimize(struct emitter *e)
{
    LLVMPassBuilderOptionsRef options = LLVMCreatePassBuilderOptions();
    LLVMPassBuilderOptionsSetLoopVectorization(options, false);
    LLVMPassBuilderOptionsSetSLPVectorization(options, false);
    uint32_t level = e->options->opt_level > 3 ? 3 : e->options->opt_level;
    const char *passes = level == 2 && e->has_counted_loops ? unrolling_pipeline : pipelines[level];
    LLVMErrorRef error = LLVMRunPasses(e->module, passes, e->machine, options);
    LLVMDisposePassBuilderOptions(options);
    if (error) bug("LLVM's passes failed: %s", LLVMGetErrorMessage(error));
}

/* -- output ------------------------------------------------------------------------------------------------------------------------- */

static void make_machine_code(struct emitter *e, LLVMCodeGenFileType type)
{
    char *message = NULL;
    if (LLVMTargetMachineEmitToMemoryBuffer(e->machine, e->module, type, &message, &e->code))
        bug("LLVM cannot emit: %s", message);
}

void *emitter_run(void *emitter)
{
    struct emitter *e = emitter;
    if (!e->machine) e->machine = emitter_create_machine(e->cpu, e->options->opt_level);
    llvm_verify(e->module);
    optimize(e);
    if (e->options->emit == CODEGEN_EMIT_LLVM)
        e->text = LLVMPrintModuleToString(e->module);
    else
        make_machine_code(e, e->options->emit == CODEGEN_EMIT_CPU_ASM ? LLVMAssemblyFile : LLVMObjectFile);
    return NULL;
}

/* -- several at once ---------------------------------------------------------------------------------------------- */

enum { STACK_BYTES = 64 << 20 }; /* LLVM's recursion follows the depth of expressions */

static uint32_t count_processors(void)
{
    cpu_set_t set;
    return sched_getaffinity(0, sizeof set, &set) ? 1 : (uint32_t)CPU_COUNT(&set);
}

bool emitter_start_thread(pthread_t *thread, void *(*run)(void *), void *argument)
{
    pthread_attr_t attributes;
    if (count_processors() < 2 || pthread_attr_init(&attributes)) return false;
    bool started =
        !pthread_attr_setstacksize(&attributes, STACK_BYTES) && !pthread_create(thread, &attributes, run, argument);
    pthread_attr_destroy(&attributes);
    return started;
}

/* Parts are few and differ: where there are fewer processors than parts, the system shares these better than turns would. What cannot
 * be started is left to emitters_finish. */
void emitter_start(struct emitter *e)
{
    e->is_started = emitter_start_thread(&e->thread, emitter_run, e);
}

void emitter_set_thread(struct emitter *e, pthread_t thread)
{
    e->thread = thread;
    e->is_started = true;
}

void emitter_wait(struct emitter *e)
{
    if (e->is_started) pthread_join(e->thread, NULL);
    e->is_started = false;
}

void emitters_finish(struct emitter *const *emitters, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (!emitters[i]->is_started) emitter_run(emitters[i]);
    for (uint32_t i = 0; i < n; i++) {
        emitter_wait(emitters[i]);
        if (emitters[i]->n_errors) bug("LLVM: %s", emitters[i]->first_error);
    }
}

void emitter_close(struct emitter *e)
{
    if (e->code) LLVMDisposeMemoryBuffer(e->code);
    if (e->text) LLVMDisposeMessage(e->text);
    if (e->machine) LLVMDisposeTargetMachine(e->machine);
    LLVMDisposeModule(e->module);
    LLVMContextDispose(e->context);
}
