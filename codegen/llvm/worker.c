/* worker.c - a thread that has LLVM's tables ready when a module comes: codegen.h tells when it begins. What it makes ready are a target
 * machine and what LLVM knows of one level, a fifteenth of the time of twenty lines. The result is the same without. */
#include "codegen/llvm/emit.h"

#include <errno.h>
#include <llvm-c/Error.h>
#include <llvm-c/Transforms/PassBuilder.h>
#include <semaphore.h>
#include <string.h>

struct codegen_worker {
    struct memory_cleanup cleanup;
    struct memory *mem;
    const struct target_info *cpu;
    enum target_id level;
    uint32_t opt_level;
    LLVMTargetMachineRef machine; /* the emitter's when it has one */
    struct emitter *emitter;      /* what it was given; NULL when it is woken: nothing will come */
    bool is_given;
    sem_t wakes;
    pthread_t thread;
};

/* A function of this level that does nothing: LLVM makes what it keeps for such functions. */
static void meet_level(const struct codegen_worker *w)
{
    LLVMContextRef context = LLVMContextCreate();
    LLVMModuleRef module = LLVMModuleCreateWithNameInContext("", context);
    LLVMBuilderRef b = LLVMCreateBuilderInContext(context);
    LLVMTypeRef nothing = LLVMVoidTypeInContext(context);
    LLVMValueRef fn = LLVMAddFunction(module, "f", LLVMFunctionType(nothing, NULL, 0, false));
    struct lower l = {.context = context, .features = host_level_features(w->level), .optimize = w->opt_level > 0};
    LLVMPassBuilderOptionsRef options = LLVMCreatePassBuilderOptions();
    function_set_features(&l, fn);
    LLVMPositionBuilderAtEnd(b, LLVMAppendBasicBlockInContext(context, fn, ""));
    LLVMBuildRetVoid(b);
    LLVMErrorRef error = LLVMRunPasses(module, "function(require<target-ir>)", w->machine, options);
    if (error) bug("LLVM's passes failed: %s", LLVMGetErrorMessage(error));
    LLVMDisposePassBuilderOptions(options);
    LLVMDisposeBuilder(b);
    LLVMDisposeModule(module);
    LLVMContextDispose(context);
}

static void *work(void *worker)
{
    struct codegen_worker *w = worker;
    w->machine = emitter_create_machine(w->cpu, w->opt_level);
    meet_level(w);
    while (sem_wait(&w->wakes)) /* a signal */
        continue;
    if (!w->emitter) return NULL;
    w->emitter->machine = w->machine;
    return emitter_run(w->emitter);
}

void worker_give(struct codegen_worker *w, struct emitter *e)
{
    w->emitter = e;
    w->is_given = true;
    emitter_set_thread(e, w->thread);
    sem_post(&w->wakes);
}

/* An emitter's owner waits for the thread of a worker that has it. */
static void finish(struct codegen_worker *w)
{
    if (!w->is_given) {
        sem_post(&w->wakes);
        pthread_join(w->thread, NULL);
        LLVMDisposeTargetMachine(w->machine);
    }
    sem_destroy(&w->wakes);
}

/* Memory ran out in the middle. */
static void abandon(struct memory_cleanup *cleanup)
{
    finish((struct codegen_worker *)cleanup);
}

/* The level whose module there is for every program: see part_of in host.c. */
static bool find_level(const struct target_set *targets, enum target_id *level)
{
    uint32_t n = 0;
    for (uint32_t t = 0; t < TARGET_COUNT && n < 2; t++) {
        if (!targets->has[t] || target_infos[t].family != TARGET_FAMILY_CPU) continue;
        *level = (enum target_id)t;
        n++;
    }
    return n && *level != TARGET_CPU_AARCH64;
}

struct codegen_worker *codegen_begin_worker(const struct codegen_options *options, struct arena *arena)
{
    enum target_id level = TARGET_COUNT;
    if (options->emit != CODEGEN_EMIT_OBJECT || !find_level(options->targets, &level)) return NULL;
    struct codegen_worker *w = ARENA_NEW(arena, struct codegen_worker);
    *w = (struct codegen_worker){.cleanup.run = abandon,
                                 .mem = arena->mem,
                                 .cpu = emitter_find_cpu(options),
                                 .level = level,
                                 .opt_level = options->opt_level};
    if (sem_init(&w->wakes, 0, 0)) return NULL;
    if (!emitter_start_thread(&w->thread, work, w)) {
        sem_destroy(&w->wakes);
        return NULL;
    }
    memory_push_cleanup(w->mem, &w->cleanup);
    return w;
}

void codegen_end_worker(struct codegen_worker *w)
{
    if (!w) return;
    memory_pop_cleanup(w->mem);
    finish(w);
}
