/* overhead.c - what a launch on the Vulkan device costs beside the driver's own calls: the same kept commands are submitted and waited
 * for by the runtime, and by the three calls alone, in turns. Prints one JSON object; exit status 77: there is no device. */
#include <stdio.h>
#include <stdlib.h>

#include "launches.h"
#include "runtime-stub/vulkan.h"

enum { N = 64, BATCH = 50, MOST_ROUNDS = 1001 };

static void fail(vyre_context *c, const char *what)
{
    fprintf(stderr, "%s: %s\n", what, c ? vyre_context_message(c) : "");
    exit(1);
}

static vyre_buffer *new_buffer(vyre_context *c)
{
    vyre_buffer *b = NULL;
    if (vyre_buffer_create(c, VYRE_BUFFER_DEVICE, N * 4, &b)) fail(c, "vyre_buffer_create");
    return b;
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, int n)
{
    qsort(values, (size_t)n, sizeof *values, compare);
    return values[n / 2];
}

static double time_ours(vyre_context *c, const struct scale_args *args)
{
    uint64_t begin = clock_ns();
    for (int i = 0; i < BATCH; i++)
        if (scale(c, args)) fail(c, "scale");
    return (double)(clock_ns() - begin) / BATCH;
}

static double time_direct(const struct vulkan *v, const struct vulkan_job *job)
{
    VkSubmitInfo info = {
        .sType = VK_STRUCTURE_TYPE_SUBMIT_INFO, .commandBufferCount = 1, .pCommandBuffers = &job->commands};
    uint64_t begin = clock_ns();
    for (int i = 0; i < BATCH; i++) {
        if (v->vk.QueueSubmit(v->queue, 1, &info, job->fence) ||
            v->vk.WaitForFences(v->device, 1, &job->fence, VK_TRUE, UINT64_MAX) ||
            v->vk.ResetFences(v->device, 1, &job->fence))
            fail(NULL, "the driver's calls");
    }
    return (double)(clock_ns() - begin) / BATCH;
}

int main(int argc, char **argv)
{
    static double ours[MOST_ROUNDS], direct[MOST_ROUNDS], added[MOST_ROUNDS];
    int n_rounds = argc > 1 ? atoi(argv[1]) : 101;
    vyre_context *c = NULL;
    vyre_options options = {.size = sizeof options, .backends = "vulkan"};
    if (n_rounds < 1 || n_rounds > MOST_ROUNDS) n_rounds = 101;
    if (vyre_context_create(&options, &c)) return 77;
    vyre_buffer *from = new_buffer(c), *to = new_buffer(c);
    struct scale_args args = {.from = vyre_device(from, 0, N), .to = vyre_device(to, 0, N), .by = 3};
    time_ours(c, &args);
    for (int i = 0; i < n_rounds; i++) {
        ours[i] = time_ours(c, &args);
        direct[i] = time_direct(c->vulkan, c->vulkan->recordings->job);
        added[i] = ours[i] - direct[i];
    }
    printf("{\"device\": \"%s\", \"direct_ns\": %.1f, \"ours_ns\": %.1f, \"added_ns\": %.1f}\n", c->device,
           median(direct, n_rounds), median(ours, n_rounds), median(added, n_rounds));
    vyre_buffer_destroy(from);
    vyre_buffer_destroy(to);
    vyre_context_destroy(c);
    return 0;
}
