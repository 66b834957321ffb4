/* native.c cuda|hsa|vulkan - the caller's own context, stream, agent, queue and memory are used, and left as they were. */
#define VK_NO_PROTOTYPES
#include <vulkan/vulkan_core.h>

#include "tests/exec/mock/world.h"

enum { N = 100 };

/* As much of the drivers' types as is needed here. */
typedef int CUresult, CUdevice, hsa_status_t;
typedef void *CUcontext, *CUstream;
typedef uint64_t CUdeviceptr;
typedef struct {
    uint64_t handle;
} hsa_agent_t;
typedef void hsa_queue_t;

static const char *backend;
static struct vyre_module *module;
static void *library;
static char reason[1200];
static uint32_t from[N], to[N];

static void *find(const char *name)
{
    void *entry = dlsym(library, name);
    CHECK(entry != NULL);
    return entry;
}

static vyre_status create(const vyre_native *native, void (*lock)(void *, int), void *lock_ctx, vyre_context **c)
{
    vyre_options options = {.size = sizeof options,
                            .backends = backend,
                            .native = native,
                            .strict = 1,
                            .queue_lock = lock,
                            .queue_lock_ctx = lock_ctx,
                            .message = reason,
                            .message_bytes = sizeof reason};
    return vyre_context_create(&options, c);
}

static void refuses(vyre_native native, vyre_status status, const char *text)
{
    vyre_context *c;
    if (!CHECK_INT(create(&native, NULL, NULL, &c), status) || !CHECK(strstr(reason, text) != NULL))
        fprintf(stderr, "    '%s' instead of '%s'\n", reason, text);
    vyre_context_destroy(c);
}

/* In the context's own order, and in a stream of its own. */
static void launch_twice(vyre_context *c, vyre_span source)
{
    vyre_stream *stream;
    vyre_event *event;
    struct scale_args args = {source, vyre_host(to, N), 3};
    memset(to, 0, sizeof to);
    CHECK_INT(vyre_rt_run(c, module, SCALE, &args), VYRE_OK);
    for (uint32_t i = 0; i < N; i++)
        CHECK_UINT(to[i], i * 33);
    memset(to, 0, sizeof to);
    CHECK_INT(vyre_stream_create(c, &stream), VYRE_OK);
    CHECK_INT(vyre_rt_run_async(c, module, SCALE, stream, &args, &event), VYRE_OK);
    CHECK_INT(vyre_event_wait(event), VYRE_OK);
    CHECK_UINT(to[N - 1], (N - 1) * 33);
    vyre_event_destroy(event);
    vyre_stream_destroy(stream);
}

/* -- CUDA -------------------------------------------------------------------------------------- */

struct callers_cuda {
    CUresult (*create)(CUcontext *, unsigned, CUdevice);
    CUresult (*destroy)(CUcontext);
    CUresult (*pop)(CUcontext *);
    CUresult (*push)(CUcontext);
    CUresult (*create_stream)(CUstream *, unsigned);
    CUresult (*destroy_stream)(CUstream);
    CUresult (*allocate)(CUdeviceptr *, size_t);
    CUresult (*release)(CUdeviceptr);
};

static void wraps_memory(vyre_context *c, CUdeviceptr memory)
{
    vyre_buffer *b;
    CHECK_INT(vyre_buffer_wrap_native(c, VYRE_NATIVE_CUDA_POINTER, memory, 0, sizeof from, &b), VYRE_OK);
    CHECK_INT(vyre_buffer_write(b, 0, from, sizeof from), VYRE_OK);
    launch_twice(c, vyre_device(b, 0, N));
    vyre_buffer_destroy(b);
    CHECK_INT(vyre_buffer_wrap_native(c, VYRE_NATIVE_VULKAN_BUFFER, memory, 0, 4, &b), VYRE_ERROR_UNSUPPORTED);
    CHECK_INT(vyre_buffer_wrap_native(c, VYRE_NATIVE_CUDA_POINTER, (uintptr_t)from, 0, 4, &b), VYRE_ERROR_SYSTEM);
    CHECK_INT(vyre_buffer_wrap_native(c, VYRE_NATIVE_CUDA_POINTER, 0, 0, 4, &b), VYRE_ERROR_INVALID_ARGUMENT);
    CHECK_INT(vyre_buffer_wrap_native(c, VYRE_NATIVE_CUDA_POINTER, memory, UINT64_MAX, 4, &b), VYRE_ERROR_OVERFLOW);
    CHECK(!b);
}

static void uses_callers_cuda(void)
{
    struct callers_cuda d;
    CUcontext context, popped;
    CUstream stream;
    CUdeviceptr memory;
    vyre_context *c;
    *(void **)&d.create = find("cuCtxCreate_v2");
    *(void **)&d.destroy = find("cuCtxDestroy_v2");
    *(void **)&d.push = find("cuCtxPushCurrent_v2");
    *(void **)&d.pop = find("cuCtxPopCurrent_v2");
    *(void **)&d.create_stream = find("cuStreamCreate");
    *(void **)&d.destroy_stream = find("cuStreamDestroy_v2");
    *(void **)&d.allocate = find("cuMemAlloc_v2");
    *(void **)&d.release = find("cuMemFree_v2");
    CHECK_INT(d.create(&context, 0, 1), 0);
    CHECK_INT(d.push(context), 0);
    CHECK_INT(d.create_stream(&stream, 4), 0);
    CHECK_INT(d.allocate(&memory, sizeof from), 0);
    CHECK_INT(d.pop(&popped), 0);
    refuses((vyre_native){.cuda_stream = stream}, VYRE_ERROR_INVALID_ARGUMENT, "needs its cuda_context");

    CHECK_INT(create(&(vyre_native){.cuda_context = context, .cuda_stream = stream}, NULL, NULL, &c), VYRE_OK);
    vyre_context_info info = {.size = sizeof info};
    CHECK_INT(vyre_context_get_info(c, &info), VYRE_OK);
    CHECK_STRING(info.device, "Mock GPU 1");
    world_mock->is_recording = true;
    wraps_memory(c, memory);
    CHECK(strstr(world_mock->log, "stream of flags 4") && strstr(world_mock->log, "stream of flags 1"));
    CHECK(!strstr(world_mock->log, "cuDevicePrimaryCtxRetain"));
    vyre_context_destroy(c);

    CHECK_INT(world_mock->n_live, 3); /* all of it the caller's */
    CHECK_INT(d.push(context), 0);
    CHECK_INT(d.release(memory), 0);
    CHECK_INT(d.destroy_stream(stream), 0);
    CHECK_INT(d.pop(&popped), 0);
    CHECK_INT(d.destroy(context), 0);
}

/* -- HSA --------------------------------------------------------------------------------------- */

static void count_locks(void *ctx, int lock)
{
    ((unsigned *)ctx)[lock]++;
}

static void uses_callers_hsa(void)
{
    hsa_status_t (*create_queue)(hsa_agent_t, uint32_t, uint32_t, void (*)(hsa_status_t, hsa_queue_t *, void *), void *,
                                 uint32_t, uint32_t, hsa_queue_t **);
    hsa_status_t (*destroy_queue)(hsa_queue_t *);
    hsa_queue_t *queue;
    unsigned locks[2] = {0, 0};
    vyre_context *c;
    *(void **)&create_queue = find("hsa_queue_create");
    *(void **)&destroy_queue = find("hsa_queue_destroy");
    CHECK_INT(create_queue((hsa_agent_t){0x61}, 16, 1, NULL, NULL, 0, 0, &queue), 0);
    refuses((vyre_native){.hsa_queue = queue}, VYRE_ERROR_INVALID_ARGUMENT, "needs its hsa_agent");
    refuses((vyre_native){.hsa_agent = 0x61, .hsa_queue = queue}, VYRE_ERROR_INVALID_ARGUMENT, "of one thread only");
    refuses((vyre_native){.hsa_agent = 0x99}, VYRE_ERROR_NO_DEVICE, "what vyre_native.hsa_agent says");

    CHECK_INT(create(&(vyre_native){.hsa_agent = 0x61, .hsa_queue = queue}, count_locks, locks, &c), VYRE_OK);
    vyre_context_info info = {.size = sizeof info};
    CHECK_INT(vyre_context_get_info(c, &info), VYRE_OK);
    CHECK_STRING(info.device, "Mock GPU 1 (gfx1030)");
    world_mock->is_recording = true;
    launch_twice(c, vyre_host(from, N));
    CHECK(locks[0] >= 2 && locks[0] == locks[1]); /* one launch, and its end: the other was in a queue of our own */
    CHECK(strstr(world_mock->log, "hsa_queue_create 1") != NULL);
    vyre_context_destroy(c);
    CHECK_INT(world_mock->n_live, 2); /* the queue, and its doorbell */
    CHECK_INT(destroy_queue(queue), 0);
}

/* -- Vulkan ------------------------------------------------------------------------------------ */

/* The mock's device reaches 1 MiB of a buffer, and takes workgroups of 1024. */
static void refuses_what_is_too_large(vyre_context *c)
{
    static uint32_t much[(1 << 20) / 4 + 1];
    struct scale_args args = {vyre_host(from, N), vyre_host(much, sizeof much / 4), 3};
    CHECK_INT(vyre_rt_run(c, module, SCALE, &args), VYRE_ERROR_LENGTH);
    CHECK(strstr(vyre_context_message(c), "Mock GPU 1 reaches 1048576 of a buffer") != NULL);
    struct lookup_args wide = {vyre_host(from, N), vyre_host(to, N)};
    CHECK_INT(vyre_rt_run(c, module, WIDE, &wide), VYRE_ERROR_UNSUPPORTED);
    CHECK(strstr(vyre_context_message(c), "2048 x 1 x 1 is too large") != NULL);
}

static void uses_callers_vulkan(void)
{
    PFN_vkGetInstanceProcAddr get = NULL;
    VkApplicationInfo app = {.sType = VK_STRUCTURE_TYPE_APPLICATION_INFO, .apiVersion = VK_API_VERSION_1_2};
    VkInstanceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO, .pApplicationInfo = &app};
    VkInstance instance;
    VkDevice device;
    unsigned locks[2] = {0, 0};
    *(void **)&get = find("vkGetInstanceProcAddr");
    PFN_vkCreateInstance create_instance = (PFN_vkCreateInstance)get(NULL, "vkCreateInstance");
    PFN_vkCreateDevice create_device = (PFN_vkCreateDevice)get(NULL, "vkCreateDevice");
    PFN_vkDestroyDevice destroy_device = (PFN_vkDestroyDevice)get(NULL, "vkDestroyDevice");
    PFN_vkDestroyInstance destroy_instance = (PFN_vkDestroyInstance)get(NULL, "vkDestroyInstance");
    CHECK_INT(create_instance(&info, NULL, &instance), VK_SUCCESS);
    const VkDeviceCreateInfo plain = {.sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO};
    CHECK_INT(create_device((VkPhysicalDevice)(uintptr_t)2, &plain, NULL, &device), VK_SUCCESS);
    refuses((vyre_native){.vulkan_device = device}, VYRE_ERROR_INVALID_ARGUMENT, "belong together: give all");

    vyre_native native = {.vulkan_instance = instance,
                          .vulkan_physical_device = (void *)(uintptr_t)2,
                          .vulkan_device = device,
                          .vulkan_queue = device};
    vyre_context *c;
    CHECK_INT(create(&native, count_locks, locks, &c), VYRE_OK);
    vyre_context_info what = {.size = sizeof what};
    CHECK_INT(vyre_context_get_info(c, &what), VYRE_OK);
    CHECK_STRING(what.device, "Mock GPU 1");
    struct scale_args args = {vyre_host(from, N), vyre_host(to, N), 3};
    CHECK_INT(vyre_rt_run(c, module, SCALE, &args), VYRE_OK);
    CHECK(locks[0] >= 1 && locks[0] == locks[1]);
    refuses_what_is_too_large(c);
    vyre_context_destroy(c);
    CHECK_INT(world_mock->n_live, 2); /* instance and device */
    destroy_device(device, NULL);
    destroy_instance(instance, NULL);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *backend, *soname;
        void (*use)(void);
    } rows[] = {{"cuda", "libcuda.so.1", uses_callers_cuda},
                {"hsa", "libhsa-runtime64.so.1", uses_callers_hsa},
                {"vulkan", "libvulkan.so.1", uses_callers_vulkan}};
    size_t row = 0;
    while (row < 2 && (argc < 2 || strcmp(argv[1], rows[row].backend) != 0))
        row++;
    const char *soname = rows[row].soname;
    backend = rows[row].backend;
    world_open(soname);
    library = dlopen(soname, RTLD_NOW | RTLD_LOCAL);
    module = world_module();
    for (uint32_t i = 0; i < N; i++)
        from[i] = i * 11;
    world_reset();
    rows[row].use();
    if (!CHECK_INT(world_mock->n_live, 0) || !CHECK_UINT(world_mock->n_misuses, 0))
        fprintf(stderr, "    %s\n", world_mock->misuse);
    return test_finish();
}
