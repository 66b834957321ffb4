/* overhead.c [ROUNDS] - what the runtime adds to a launch: the same launches through vyre_rt_run and by calls of the mock
 * of CUDA's driver, which does nothing for them, in turns. Prints medians of nanoseconds as JSON; run by tools/dev bench. */
#include "tests/exec/mock/world.h"

#include <time.h>

enum { N = 64, LAUNCHES = 2000 };

static uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

struct direct {
    int (*launch)(void *function, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, void *stream,
                  void **params, void **extra);
    int (*synchronize)(void *stream);
    int (*push)(void *context);
    int (*pop)(void **context);
    int (*load)(void **module, const void *image, unsigned n, int *options, void **values);
    int (*find)(void **function, void *module, const char *name);
    int (*retain)(void **context, int device);
    int (*create)(void **stream, unsigned flags);
    void *function, *stream, *context;
};

static bool open_direct(struct direct *d)
{
    void *library = dlopen("libcuda.so.1", RTLD_NOW), *module;
    *(void **)&d->launch = dlsym(library, "cuLaunchKernel");
    *(void **)&d->synchronize = dlsym(library, "cuStreamSynchronize");
    *(void **)&d->push = dlsym(library, "cuCtxPushCurrent_v2");
    *(void **)&d->pop = dlsym(library, "cuCtxPopCurrent_v2");
    *(void **)&d->load = dlsym(library, "cuModuleLoadDataEx");
    *(void **)&d->find = dlsym(library, "cuModuleGetFunction");
    *(void **)&d->retain = dlsym(library, "cuDevicePrimaryCtxRetain");
    *(void **)&d->create = dlsym(library, "cuStreamCreate");
    return !d->retain(&d->context, 0) && !d->push(d->context) && !d->load(&module, "direct", 0, NULL, NULL) &&
           !d->find(&d->function, module, "vyre_scale") && !d->create(&d->stream, 1);
}

static double time_direct(const struct direct *d)
{
    char args[64] = {0};
    size_t n_bytes = sizeof args;
    void *extra[] = {(void *)1, args, (void *)2, &n_bytes, NULL};
    uint64_t begin = now_ns();
    for (int i = 0; i < LAUNCHES; i++) {
        d->launch(d->function, 1, 1, 1, N, 1, 1, 0, d->stream, NULL, extra);
        d->synchronize(d->stream);
    }
    return (double)(now_ns() - begin) / LAUNCHES;
}

static double time_ours(vyre_context *c, struct vyre_module *module, const struct lookup_args *args)
{
    uint64_t begin = now_ns();
    vyre_status status = VYRE_OK;
    for (int i = 0; i < LAUNCHES; i++)
        status |= vyre_rt_run(c, module, LARGE, args);
    CHECK_INT(status, VYRE_OK);
    return (double)(now_ns() - begin) / LAUNCHES;
}

int main(int argc, char **argv)
{
    enum { MAX_ROUNDS = 1000 };
    static double ours[MAX_ROUNDS], direct[MAX_ROUNDS];
    int n = argc > 1 ? atoi(argv[1]) : 21;
    struct direct d;
    vyre_buffer *a, *b;
    vyre_context *c;
    world_open("libcuda.so.1");
    struct vyre_module *module = world_module();
    world_reset();
    world_mock->run = NULL;
    world_mock->shared_bytes = 64 << 10;
    vyre_options options = {.size = sizeof options, .backends = "cuda"};
    if (n < 1 || n > MAX_ROUNDS || vyre_context_create(&options, &c) || !open_direct(&d)) return 1;
    if (vyre_buffer_create(c, VYRE_BUFFER_DEVICE, N * 4, &a) || vyre_buffer_create(c, VYRE_BUFFER_DEVICE, N * 4, &b))
        return 1;
    struct lookup_args args = {vyre_device(a, 0, N), vyre_device(b, 0, N)};
    for (int i = 0; i < n; i++) {
        direct[i] = time_direct(&d);
        ours[i] = time_ours(c, module, &args);
    }
    qsort(direct, (size_t)n, sizeof *direct, compare);
    qsort(ours, (size_t)n, sizeof *ours, compare);
    printf("{\"rounds\": %d, \"direct_ns\": %.1f, \"ours_ns\": %.1f, \"added_ns\": %.1f}\n", n, direct[n / 2],
           ours[n / 2], ours[n / 2] - direct[n / 2]);
    return 0;
}
