/* launches.c BACKEND ROUNDS ELEMENTS - what it costs to launch through the runtime: a chain of eight arms as launches of their own, as one
 * plan and as one launch, against calls of the same driver written by hand, in turns; on the CPU calls of the kernels. Prints one
 * JSON object per form; exit status 77: there is no such device.
 *
 * By hand means: everything that can be made once is made before the clock runs, command buffers and graphs too, and nothing is
 * checked but what the driver returns. Programs, places and blocks of arguments are taken from the runtime. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fused.h"
#include "measure.h"
#include "planned.h"
#include "runtime-stub/cpu_helper.h"
#include "runtime-stub/cuda.h"
#include "runtime-stub/vulkan.h"

enum { ARMS = 8, MOST_ROUNDS = 2001, PLAN_BYTES = 16384, BLOCK_BYTES = 512 };
enum form { APART, PLANNED, FUSED, N_FORMS };
static const char *const form_names[N_FORMS] = {"apart", "planned", "fused"};
static const uint32_t factors[ARMS] = {3, 5, 7, 9, 11, 13, 15, 17};

struct bench {
    vyre_context *c;
    uint32_t n, batch;
    vyre_buffer *buffers[2 + ARMS - 1]; /* from, to, and what stands for the temps by hand */
    struct planned_step_args steps[ARMS];
    struct planned_chain_args chain;
    struct fused_chain_args fused;
    /* By hand: */
    struct plan plans[N_FORMS][ARMS];
    uint32_t n_plans[N_FORMS];
    const struct vulkan_recording *recordings[N_FORMS][ARMS];
    uint32_t n_recordings[N_FORMS];
    CUstream stream;
    CUgraphExec graphs[N_FORMS];
    unsigned char blocks[N_FORMS][ARMS][BLOCK_BYTES];
};

static void fail(const struct bench *b, const char *what)
{
    fprintf(stderr, "%s: %s\n", what, b && b->c ? vyre_context_message(b->c) : "");
    exit(1);
}

static vyre_span span(struct bench *b, uint32_t i)
{
    return vyre_device(b->buffers[i], 0, b->n);
}

/* -- through the runtime ----------------------------------------------------------------------- */

static vyre_status run_ours(struct bench *b, enum form form)
{
    vyre_status status = VYRE_OK;
    if (form == PLANNED) return planned_chain(b->c, &b->chain);
    if (form == FUSED) return fused_chain(b->c, &b->fused);
    for (uint32_t i = 0; i < ARMS && !status; i++)
        status = planned_step(b->c, &b->steps[i]);
    return status;
}

/* -- by hand ----------------------------------------------------------------------------------- */

static void make_plan(struct bench *b, enum form form, const struct vyre_unit *u, const void *args)
{
    struct outcome o;
    struct plan *plan = &b->plans[form][b->n_plans[form]++];
    void *memory = aligned_alloc(16, PLAN_BYTES);
    if (!memory || u->plan_bytes > PLAN_BYTES || plan_make(plan, memory, u, args, &o)) fail(b, "plan_make");
    if (plan->temps_bytes) plan_place_temps(plan, aligned_alloc(64, (plan->temps_bytes + 63) / 64 * 64));
}

static void make_plans(struct bench *b)
{
    const struct vyre_unit *step, *chain, *fused;
    if (planned_step_unit(b->c, &step) || planned_chain_unit(b->c, &chain) || fused_chain_unit(b->c, &fused))
        fail(b, "units");
    for (uint32_t i = 0; i < ARMS; i++)
        make_plan(b, APART, step, &b->steps[i]);
    make_plan(b, PLANNED, chain, &b->chain);
    make_plan(b, FUSED, fused, &b->fused);
    if (chain->n_steps != ARMS || fused->n_steps != 1) fail(NULL, "the passes have made something else of the chain");
}

static void ignore_trap(void *ctx, uint64_t invocation, uint32_t code)
{
    (void)ctx, (void)invocation, (void)code;
}

static void call_kernels(struct bench *b, enum form form)
{
    for (uint32_t k = 0; k < b->n_plans[form]; k++) {
        const struct plan *plan = &b->plans[form][k];
        for (uint32_t i = 0; i < plan->unit->n_steps; i++) {
            const struct launch *l = &plan->launches[i];
            struct vyre_cpu_launch launch = {.buffers = l->buffers,
                                             .params = l->params,
                                             .groups = {l->groups[0], l->groups[1], l->groups[2]},
                                             .trap = ignore_trap,
                                             .helpers = &cpu_helpers};
            l->program->module->programs[l->program->index].kernel(&launch, 0, l->n_groups, NULL);
        }
    }
}

/* The kept commands of the runs just made, which run again by three calls each; the last one is the first of those kept. */
static void find_recordings(struct bench *b, enum form form)
{
    if (run_ours(b, form)) fail(b, form_names[form]);
    const struct vulkan_recording *r = b->c->vulkan->recordings;
    for (uint32_t i = 0; i < b->n_plans[form] && r; i++, r = r->next)
        b->recordings[form][b->n_recordings[form]++] = r;
}

static void submit_recordings(struct bench *b, enum form form)
{
    const struct vulkan *v = b->c->vulkan;
    for (uint32_t i = b->n_recordings[form]; i--;) {
        const struct vulkan_job *job = b->recordings[form][i]->job;
        VkSubmitInfo info = {
            .sType = VK_STRUCTURE_TYPE_SUBMIT_INFO, .commandBufferCount = 1, .pCommandBuffers = &job->commands};
        if (v->vk.QueueSubmit(v->queue, 1, &info, job->fence) ||
            v->vk.WaitForFences(v->device, 1, &job->fence, VK_TRUE, UINT64_MAX) ||
            v->vk.ResetFences(v->device, 1, &job->fence))
            fail(b, "the driver's calls");
    }
}

/* vyre_device.h: addresses, no tables, no record of traps, grid, lengths, params. */
static void fill_block(struct bench *b, const struct launch *l, const struct device_program *p,
                       const vyre_buffer *const *buffers, unsigned char *block)
{
    uint64_t *address = (uint64_t *)(void *)block;
    if (p->head->args_bytes > BLOCK_BYTES || p->head->n_tables) fail(b, "a block of arguments");
    for (uint32_t i = 0; i < p->head->n_buffers; i++)
        *address++ = device_address(buffers[i], buffers[i]->bytes);
    uint32_t *words = (uint32_t *)(address + 1);
    memcpy(words, l->groups, sizeof l->groups);
    for (uint32_t i = 0; i < p->head->n_buffers; i++)
        words[6 + i] = b->n;
    for (uint32_t i = 0; i < p->head->n_params; i++)
        memcpy(block + p->params[i], &l->params[i], 4);
}

/* The i-th launch of the form, and its program. */
static const struct launch *launch_of(const struct bench *b, enum form form, uint32_t i)
{
    return form == APART ? &b->plans[APART][i].launches[0] : &b->plans[form][0].launches[i];
}

static uint32_t n_launches(const struct bench *b, enum form form)
{
    return form == APART ? ARMS : b->plans[form][0].unit->n_steps;
}

static void make_blocks(struct bench *b, enum form form)
{
    struct outcome o;
    for (uint32_t i = 0; i < n_launches(b, form); i++) {
        const struct launch *l = launch_of(b, form, i);
        const struct device_program *p = device_program_get(b->c, l->program, &o);
        uint32_t last = n_launches(b, form) - 1;
        const vyre_buffer *const buffers[] = {b->buffers[i ? 1 + i : 0], b->buffers[i == last ? 1 : 2 + i]};
        if (!p) fail(b, o.message);
        fill_block(b, l, p, buffers, b->blocks[form][i]);
    }
}

struct kernel {
    CUfunction function;
    size_t n_bytes;
    void *extra[5];
};

static void find_kernel(struct bench *b, enum form form, uint32_t i, struct kernel *k)
{
    struct outcome o;
    const struct device_program *p = device_program_get(b->c, launch_of(b, form, i)->program, &o);
    *k = (struct kernel){.function = (CUfunction)(uintptr_t)p->function,
                         .n_bytes = p->head->args_bytes,
                         .extra = {(void *)CU_LAUNCH_PARAM_BUFFER_POINTER, b->blocks[form][i],
                                   (void *)CU_LAUNCH_PARAM_BUFFER_SIZE, NULL, (void *)CU_LAUNCH_PARAM_END}};
    k->extra[3] = &k->n_bytes;
}

static void make_graph(struct bench *b, enum form form)
{
    const struct cuda_calls *cu = &cuda_of(b->c)->cu;
    CUgraph graph;
    CUgraphNode nodes[ARMS];
    CUresult e = cu->GraphCreate(&graph, 0);
    for (uint32_t i = 0; i < ARMS && !e; i++) {
        const struct launch *l = launch_of(b, form, i);
        struct kernel k;
        find_kernel(b, form, i, &k);
        struct cuda_kernel_node node = {.function = k.function, .extra = k.extra};
        memcpy(node.groups, l->groups, sizeof node.groups);
        memcpy(node.workgroup, l->program->meta->workgroup, sizeof node.workgroup);
        e = cu->GraphAddKernelNode(&nodes[i], graph, i ? &nodes[i - 1] : NULL, i > 0, &node);
    }
    if (!e) e = cu->GraphInstantiate(&b->graphs[form], graph, NULL, NULL, 0);
    if (e) fail(b, "cuGraphInstantiate");
}

static struct kernel kernels[N_FORMS][ARMS];

static void open_cuda(struct bench *b)
{
    struct outcome o;
    if (b->c->gpu->driver->enter(b->c, &o)) fail(b, o.message); /* and stays the thread's */
    if (cuda_of(b->c)->cu.StreamCreate(&b->stream, CU_STREAM_NON_BLOCKING)) fail(b, "cuStreamCreate");
    for (enum form form = 0; form < N_FORMS; form++) {
        make_blocks(b, form);
        for (uint32_t i = 0; i < n_launches(b, form); i++)
            find_kernel(b, form, i, &kernels[form][i]);
    }
    if (cuda_of(b->c)->has_graphs) make_graph(b, PLANNED);
}

static void call_driver(struct bench *b, enum form form)
{
    const struct cuda_calls *cu = &cuda_of(b->c)->cu;
    CUresult e = 0;
    if (b->graphs[form]) {
        if (cu->GraphLaunch(b->graphs[form], b->stream) || cu->StreamSynchronize(b->stream)) fail(b, "cuGraphLaunch");
        return;
    }
    for (uint32_t i = 0; i < n_launches(b, form) && !e; i++) {
        const struct launch *l = launch_of(b, form, i);
        const uint32_t *size = l->program->meta->workgroup;
        e = cu->LaunchKernel(kernels[form][i].function, l->groups[0], 1, 1, size[0], 1, 1, 0, b->stream, NULL,
                             kernels[form][i].extra);
        if (!e && (form == APART || i + 1 == n_launches(b, form))) e = cu->StreamSynchronize(b->stream);
    }
    if (e) fail(b, "cuLaunchKernel");
}

static void open_direct(struct bench *b)
{
    make_plans(b);
    if (b->c->vulkan)
        for (enum form form = 0; form < N_FORMS; form++)
            find_recordings(b, form);
    if (b->c->gpu) open_cuda(b);
}

static void run_direct(struct bench *b, enum form form)
{
    if (b->c->vulkan)
        submit_recordings(b, form);
    else if (b->c->gpu)
        call_driver(b, form);
    else
        call_kernels(b, form);
}

/* -- measuring --------------------------------------------------------------------------------- */

static double time_one(struct bench *b, enum form form, bool is_ours)
{
    uint64_t begin = clock_ns();
    for (uint32_t i = 0; i < b->batch; i++) {
        if (!is_ours)
            run_direct(b, form);
        else if (run_ours(b, form))
            fail(b, form_names[form]);
    }
    return (double)(clock_ns() - begin) / b->batch;
}

static double median(double *values, int n)
{
    qsort(values, (size_t)n, sizeof *values, compare_doubles);
    return values[n / 2];
}

/* As many passes at once as take a fifth of a millisecond. */
static void choose_batch(struct bench *b, enum form form)
{
    b->batch = 1;
    while (b->batch < 1000 && time_one(b, form, false) * b->batch < 200e3)
        b->batch *= 2;
}

static void measure(struct bench *b, enum form form, int n_rounds)
{
    static double ours[MOST_ROUNDS], direct[MOST_ROUNDS], ratios[MOST_ROUNDS];
    choose_batch(b, form);
    time_one(b, form, true);
    for (int i = 0; i < n_rounds; i++) {
        direct[i] = time_one(b, form, false);
        ours[i] = time_one(b, form, true);
        ratios[i] = ours[i] / direct[i];
    }
    double ratio = median(ratios, n_rounds), ours_ns = median(ours, n_rounds), direct_ns = median(direct, n_rounds);
    printf("{\"backend\": \"%s\", \"device\": \"%s\", \"form\": \"%s\", \"launches\": %u, \"elements\": %u, "
           "\"direct_ns\": %.1f, \"ours_ns\": %.1f, \"least_direct_ns\": %.1f, \"least_ours_ns\": %.1f, \"ratio\": "
           "%.4f}\n",
           b->c->backend->name, b->c->device, form_names[form], n_launches(b, form), b->n, direct_ns, ours_ns,
           direct[0], ours[0], ratio);
}

static void open_buffers(struct bench *b)
{
    for (uint32_t i = 0; i < sizeof b->buffers / sizeof *b->buffers; i++)
        if (vyre_buffer_create(b->c, VYRE_BUFFER_DEVICE, b->n * 4ull, &b->buffers[i])) fail(b, "vyre_buffer_create");
    for (uint32_t i = 0; i < ARMS; i++)
        b->steps[i] = (struct planned_step_args){
            .from = span(b, i ? 1 + i : 0), .to = span(b, i == ARMS - 1 ? 1 : 2 + i), .by = factors[i]};
    b->chain = (struct planned_chain_args){.from = span(b, 0), .to = span(b, 1)};
    b->fused = (struct fused_chain_args){.from = span(b, 0), .to = span(b, 1)};
}

/* All forms compute the same. */
static void check_forms(struct bench *b)
{
    uint32_t *from = malloc(b->n * 4ull), *want = malloc(b->n * 4ull), *got = malloc(b->n * 4ull);
    if (!from || !want || !got) fail(NULL, "memory");
    for (uint32_t i = 0; i < b->n; i++)
        want[i] = from[i] = i * 2654435761u;
    for (uint32_t k = 0; k < ARMS; k++)
        for (uint32_t i = 0; i < b->n; i++)
            want[i] = (want[i] ^ want[i] >> 7) * factors[k];
    if (vyre_buffer_write(b->buffers[0], 0, from, b->n * 4ull)) fail(b, "vyre_buffer_write");
    for (int i = 0; i < 2 * N_FORMS; i++) {
        memset(got, 0, b->n * 4ull);
        if (vyre_buffer_write(b->buffers[1], 0, got, b->n * 4ull)) fail(b, "vyre_buffer_write");
        if (i & 1)
            run_direct(b, (enum form)(i / 2));
        else if (run_ours(b, (enum form)(i / 2)))
            fail(b, form_names[i / 2]);
        if (vyre_buffer_read(b->buffers[1], 0, got, b->n * 4ull)) fail(b, "vyre_buffer_read");
        if (memcmp(want, got, b->n * 4ull)) fail(NULL, "another result");
    }
    free(from);
    free(want);
    free(got);
}

int main(int argc, char **argv)
{
    static struct bench b;
    int n_rounds = argc > 2 ? atoi(argv[2]) : 101;
    bool is_mock = argc > 4;
    vyre_options options = {.size = sizeof options, .backends = argc > 1 ? argv[1] : "cpu", .threads = 1, .strict = 1};
    if (n_rounds < 1 || n_rounds > MOST_ROUNDS) n_rounds = 101;
    b.n = argc > 3 ? (uint32_t)atoi(argv[3]) : 65536;
    b.batch = 1;
    if (vyre_context_create(&options, &b.c)) return 77;
    open_buffers(&b);
    open_direct(&b);
    if (!is_mock) check_forms(&b);
    for (enum form form = 0; form < N_FORMS; form++)
        measure(&b, form, n_rounds);
    return 0;
}
