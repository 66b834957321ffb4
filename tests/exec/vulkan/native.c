/* native.c - a context on the caller's own Vulkan device and queue, and a caller's VkBuffer as an argument. The caller is another
 * context here, whose driver objects are looked up inside. Exit status 77: there is no device. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "launches.h"
#include "runtime-stub/vulkan.h"

enum { N = 100, FIRST = 17, COUNT = 60 };
static int n_failed, n_locks, n_locked;

static void check(int ok, const char *what, vyre_context *c)
{
    if (ok) return;
    n_failed++;
    fprintf(stderr, "FAILED: %s: %s\n", what, c ? vyre_context_message(c) : "");
}

static void lock_queue(void *ctx, int lock)
{
    (void)ctx;
    n_locked += lock ? 1 : -1;
    n_locks += lock;
}

static vyre_context *open_context(const vyre_native *native)
{
    char message[512] = "";
    vyre_context *c = NULL;
    vyre_options options = {.size = sizeof options,
                            .backends = "vulkan",
                            .native = native,
                            .queue_lock = native ? lock_queue : NULL,
                            .message = message,
                            .message_bytes = sizeof message};
    vyre_status status = vyre_context_create(&options, &c);
    if (!status) return c;
    printf("skipped: %s\n", message);
    exit(!native && (status == VYRE_ERROR_NO_DEVICE || status == VYRE_ERROR_DRIVER_MISSING) ? 77 : 1);
}

/* Elements FIRST .. FIRST + COUNT - 1 of the caller's VkBuffer, without its first three. */
static void test_wrapped(vyre_context *c, VkBuffer handle, vyre_buffer *theirs)
{
    uint32_t words[N], got[N];
    vyre_buffer *wrapped = NULL;
    for (uint32_t i = 0; i < N; i++)
        words[i] = i * i + 1;
    check(!vyre_buffer_write(theirs, 0, words, sizeof words), "vyre_buffer_write", NULL);
    check(!vyre_buffer_wrap_native(c, VYRE_NATIVE_VULKAN_BUFFER, (uint64_t)(uintptr_t)handle, FIRST * 4, COUNT * 4,
                                   &wrapped),
          "vyre_buffer_wrap_native", c);
    check(!vyre_buffer_read(wrapped, 8, got, 40) && !memcmp(got, words + FIRST + 2, 40), "reading what is wrapped", c);
    struct scale_args args = {
        .from = vyre_host(words, COUNT - 3), .to = vyre_device(wrapped, 12, COUNT - 3), .by = 5, .plus = 2};
    check(!scale(c, &args) && !scale(c, &args), "scale", c);
    check(!vyre_buffer_read(theirs, 0, got, sizeof got), "vyre_buffer_read", NULL);
    for (uint32_t i = 0; i < N; i++) {
        uint32_t want = i >= FIRST + 3 && i < FIRST + COUNT ? words[i - FIRST - 3] * 5 + 2 : words[i];
        check(got[i] == want, "an element of what is wrapped", NULL);
    }
    vyre_buffer_destroy(wrapped);
    check(vyre_buffer_wrap_native(c, VYRE_NATIVE_CUDA_POINTER, 4096, 0, 16, &wrapped) == VYRE_ERROR_UNSUPPORTED &&
              !wrapped,
          "another driver's memory is refused", NULL);
}

int main(void)
{
    vyre_context *caller = open_context(NULL);
    struct vulkan *v = caller->vulkan;
    vyre_native native = {.vulkan_instance = v->instance,
                          .vulkan_physical_device = v->physical,
                          .vulkan_device = v->device,
                          .vulkan_queue = v->queue,
                          .vulkan_queue_family = v->queue_family};
    vyre_buffer *theirs = NULL;
    check(!vyre_buffer_create(caller, VYRE_BUFFER_DEVICE, N * 4, &theirs), "vyre_buffer_create", caller);
    vyre_context *c = open_context(&native);
    test_wrapped(c, ((struct vulkan_memory *)theirs->device)->buffer, theirs);
    check(n_locks > 0 && !n_locked, "the queue is locked and unlocked", NULL);
    vyre_context_destroy(c);
    uint32_t word = 0;
    check(!vyre_buffer_read(theirs, 0, &word, 4) && word == 1, "the caller's objects live on", caller);
    native.vulkan_queue = NULL;
    check(vyre_context_create(&(vyre_options){.size = sizeof(vyre_options), .backends = "vulkan", .native = &native},
                              &c) == VYRE_ERROR_INVALID_ARGUMENT,
          "a device without its queue is refused", NULL);
    vyre_buffer_destroy(theirs);
    vyre_context_destroy(caller);
    printf("%d failed\n", n_failed);
    return n_failed != 0;
}
