/* vulkan_job.c - command buffers with their fences, kept from one launch to the next, and submission. */
#include <string.h>

#include "runtime-stub/vulkan.h"

static vyre_status create_job(vyre_context *c, struct vulkan_job **job, struct outcome *o)
{
    struct vulkan *v = c->vulkan;
    struct vulkan_job *j = memory_get(&c->allocator, sizeof *j, _Alignof(struct vulkan_job));
    if (!j) return outcome_fail(o, VYRE_ERROR_OUT_OF_MEMORY, "no memory to launch");
    memset(j, 0, sizeof *j);
    VkCommandPoolCreateInfo pool = {.sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
                                    .flags = VK_COMMAND_POOL_CREATE_RESET_COMMAND_BUFFER_BIT,
                                    .queueFamilyIndex = v->queue_family};
    VkFenceCreateInfo fence = {.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO};
    VkQueryPoolCreateInfo query = {
        .sType = VK_STRUCTURE_TYPE_QUERY_POOL_CREATE_INFO, .queryType = VK_QUERY_TYPE_TIMESTAMP, .queryCount = 2};
    VkResult r = v->vk.CreateCommandPool(v->device, &pool, NULL, &j->pool);
    VkCommandBufferAllocateInfo commands = {.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
                                            .commandPool = j->pool,
                                            .level = VK_COMMAND_BUFFER_LEVEL_PRIMARY,
                                            .commandBufferCount = 1};
    if (!r) r = v->vk.AllocateCommandBuffers(v->device, &commands, &j->commands);
    if (!r) r = v->vk.CreateFence(v->device, &fence, NULL, &j->fence);
    if (!r) r = v->vk.CreateQueryPool(v->device, &query, NULL, &j->timestamps);
    *job = r ? NULL : j;
    if (!r) return VYRE_OK;
    v->vk.DestroyFence(v->device, j->fence, NULL);
    v->vk.DestroyCommandPool(v->device, j->pool, NULL);
    memory_put(&c->allocator, j, sizeof *j, _Alignof(struct vulkan_job));
    return vulkan_fail(v, o, r, "making a command buffer");
}

vyre_status vulkan_take_job(vyre_context *c, struct vulkan_job **job, struct outcome *o)
{
    struct vulkan *v = c->vulkan;
    pthread_mutex_lock(&v->lock);
    *job = v->free_jobs;
    if (*job) v->free_jobs = (*job)->next;
    pthread_mutex_unlock(&v->lock);
    return *job ? VYRE_OK : create_job(c, job, o);
}

void vulkan_give_job(vyre_context *c, struct vulkan_job *job)
{
    pthread_mutex_lock(&c->vulkan->lock);
    job->next = c->vulkan->free_jobs;
    c->vulkan->free_jobs = job;
    pthread_mutex_unlock(&c->vulkan->lock);
}

vyre_status vulkan_begin(vyre_context *c, struct vulkan_job *job, struct outcome *o)
{
    VkCommandBufferBeginInfo info = {.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO};
    VkResult r = c->vulkan->vk.BeginCommandBuffer(job->commands, &info);
    return r ? vulkan_fail(c->vulkan, o, r, "vkBeginCommandBuffer") : VYRE_OK;
}

vyre_status vulkan_end(vyre_context *c, struct vulkan_job *job, struct outcome *o)
{
    VkResult r = c->vulkan->vk.EndCommandBuffer(job->commands);
    return r ? vulkan_fail(c->vulkan, o, r, "vkEndCommandBuffer") : VYRE_OK;
}

vyre_status vulkan_finish(vyre_context *c, struct vulkan_job *job, struct outcome *o)
{
    vyre_status status = vulkan_end(c, job, o);
    return status ? status : vulkan_submit(c, job, o);
}

vyre_status vulkan_submit(vyre_context *c, struct vulkan_job *job, struct outcome *o)
{
    struct vulkan *v = c->vulkan;
    VkSubmitInfo info = {
        .sType = VK_STRUCTURE_TYPE_SUBMIT_INFO, .commandBufferCount = 1, .pCommandBuffers = &job->commands};
    pthread_mutex_lock(&v->queue_lock);
    if (v->queue_lock_of_caller) v->queue_lock_of_caller(v->queue_lock_ctx, 1);
    VkResult r = v->vk.QueueSubmit(v->queue, 1, &info, job->fence);
    if (v->queue_lock_of_caller) v->queue_lock_of_caller(v->queue_lock_ctx, 0);
    pthread_mutex_unlock(&v->queue_lock);
    if (r) return vulkan_fail(v, o, r, "vkQueueSubmit");
    r = v->vk.WaitForFences(v->device, 1, &job->fence, VK_TRUE, UINT64_MAX);
    if (!r) r = v->vk.ResetFences(v->device, 1, &job->fence);
    return r ? vulkan_fail(v, o, r, "vkWaitForFences") : VYRE_OK;
}

void vulkan_free_jobs(vyre_context *c)
{
    struct vulkan *v = c->vulkan;
    while (v->free_jobs) {
        struct vulkan_job *j = v->free_jobs;
        v->free_jobs = j->next;
        v->vk.DestroyQueryPool(v->device, j->timestamps, NULL);
        v->vk.DestroyFence(v->device, j->fence, NULL);
        v->vk.DestroyCommandPool(v->device, j->pool, NULL); /* frees its command buffer */
        memory_put(&c->allocator, j, sizeof *j, _Alignof(struct vulkan_job));
    }
}
