/* vulkan_program.c - a program's SPIR-V image as a compute pipeline, made on first use and kept with the module. */
#include <string.h>

#include "runtime-stub/vulkan.h"

enum { MAX_BINDINGS = 512, SUBGROUP_LANES = 32 };

/* -- the image: everything in it is checked before it is believed */

static bool fits(uint64_t offset, uint64_t n, uint64_t elem_bytes, uint64_t total)
{
    return offset <= total && n <= (total - offset) / elem_bytes;
}

static bool open_image(const unsigned char *bytes, uint64_t n_bytes, const struct vyre_unit *u,
                       struct vulkan_program *p)
{
    const struct vyre_spirv_head *h = (const struct vyre_spirv_head *)bytes;
    const struct vulkan_module *module = u->module->device;
    if (n_bytes < sizeof *h || h->head_bytes < sizeof *h || h->head_bytes % 4) return false;
    uint64_t lists = (uint64_t)h->n_buffers + (uint64_t)h->n_tables * 2 + h->n_params + (uint64_t)h->n_trap_codes * 2;
    if (!fits(h->head_bytes, lists, 4, n_bytes) || !fits(h->module_offset, h->module_bytes, 1, n_bytes)) return false;
    if (h->module_offset % 4 || h->module_bytes % 4 || h->module_bytes < 20) return false;
    if (h->n_buffers != u->meta->n_buffers || h->n_params != u->meta->n_params) return false;
    if (h->n_buffers + h->n_tables + 2 > MAX_BINDINGS || h->args_bytes < (7 + h->n_buffers) * 4) return false;
    p->head = h;
    p->buffer_bindings = (const uint32_t *)(bytes + h->head_bytes);
    p->tables = p->buffer_bindings + h->n_buffers;
    p->param_offsets = p->tables + (size_t)h->n_tables * 2;
    p->trap_codes = p->param_offsets + h->n_params;
    p->trap_code_arms = p->trap_codes + h->n_trap_codes;
    if (h->n_trap_codes > VYRE_SPIRV_MAX_TRAP_CODES) return false;
    for (uint32_t i = 0; i < h->n_tables; i++)
        if (p->tables[i * 2] >= module->n_tables) return false;
    for (uint32_t i = 0; i < h->n_buffers && h->flags & VYRE_SPIRV_ADDRESSES; i++)
        if (!fits(p->buffer_bindings[i], 1, 8, h->args_bytes)) return false;
    for (uint32_t i = 0; i < h->n_params; i++)
        if (!fits(p->param_offsets[i], 1, 8, h->args_bytes + 4)) return false;
    return true;
}

static vyre_status check_device(vyre_context *c, const struct vyre_unit *u, const struct vyre_spirv_head *h,
                                struct outcome *o)
{
    const struct vulkan *v = c->vulkan;
    const uint32_t *size = u->meta->workgroup, *max = v->limits.maxComputeWorkGroupSize;
    const char *missing = NULL;
    if (h->flags & VYRE_SPIRV_INT64 && !v->abilities.int64) missing = "64-bit integers";
    if (h->flags & VYRE_SPIRV_FLOAT64 && !v->abilities.float64) missing = "exact 64-bit floats";
    if (h->flags & VYRE_SPIRV_INT64_ATOMICS && !v->abilities.int64_atomics) missing = "64-bit atomics";
    if (h->flags & VYRE_SPIRV_FLOAT32 && !v->abilities.float32) missing = "exact 32-bit floats";
    if (h->flags & VYRE_SPIRV_SMALL_STORAGE && !v->abilities.small_storage) missing = "storage of 8 or 16 bits";
    if (h->flags & VYRE_SPIRV_ADDRESSES && !v->abilities.addresses) missing = "buffer device addresses";
    if (h->flags & VYRE_SPIRV_NATIVE_SUBGROUPS && !v->abilities.subgroups) missing = "subgroups of 32 lanes";
    if (missing)
        return outcome_fail(o, VYRE_ERROR_UNSUPPORTED, "%s: '%s' needs %s, which %s does not have", unit_name(u),
                            unit_name(u), missing, c->device);
    if (size[0] > max[0] || size[1] > max[1] || size[2] > max[2] ||
        (uint64_t)size[0] * size[1] * size[2] > v->limits.maxComputeWorkGroupInvocations)
        return outcome_fail(o, VYRE_ERROR_UNSUPPORTED,
                            "%s: a workgroup of %u x %u x %u is too large for %s: at most %u "
                            "invocations",
                            unit_name(u), size[0], size[1], size[2], c->device,
                            v->limits.maxComputeWorkGroupInvocations);
    if (h->flags & VYRE_SPIRV_NATIVE_SUBGROUPS && size[0] * size[1] * size[2] > v->max_subgroups * SUBGROUP_LANES)
        return outcome_fail(o, VYRE_ERROR_UNSUPPORTED, "%s: %s has %u subgroups in a workgroup at most", unit_name(u),
                            c->device, v->max_subgroups);
    if (h->workgroup_bytes > v->limits.maxComputeSharedMemorySize)
        return outcome_fail(o, VYRE_ERROR_UNSUPPORTED, "%s: needs %u bytes of workgroup memory, and %s has %u",
                            unit_name(u), h->workgroup_bytes, c->device, v->limits.maxComputeSharedMemorySize);
    return VYRE_OK;
}

/* -- Vulkan objects */

static void add_binding(VkDescriptorSetLayoutBinding *to, uint32_t *n, uint32_t binding)
{
    to[(*n)++] = (VkDescriptorSetLayoutBinding){.binding = binding,
                                                .descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
                                                .descriptorCount = 1,
                                                .stageFlags = VK_SHADER_STAGE_COMPUTE_BIT};
}

static VkResult create_layouts(struct vulkan *v, struct vulkan_program *p)
{
    const struct vyre_spirv_head *h = p->head;
    VkDescriptorSetLayoutBinding bindings[MAX_BINDINGS];
    uint32_t n = 0;
    for (uint32_t i = 0; i < h->n_buffers && !(h->flags & VYRE_SPIRV_ADDRESSES); i++)
        add_binding(bindings, &n, p->buffer_bindings[i]);
    for (uint32_t i = 0; i < h->n_tables; i++)
        add_binding(bindings, &n, p->tables[i * 2 + 1]);
    if (h->trap_binding != VYRE_SPIRV_NONE) add_binding(bindings, &n, h->trap_binding);
    if (h->args_binding != VYRE_SPIRV_NONE) add_binding(bindings, &n, h->args_binding);
    VkDescriptorSetLayoutCreateInfo set = {
        .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO, .bindingCount = n, .pBindings = bindings};
    VkResult r = v->vk.CreateDescriptorSetLayout(v->device, &set, NULL, &p->set_layout);
    if (r) return r;
    VkPushConstantRange range = {.stageFlags = VK_SHADER_STAGE_COMPUTE_BIT, .size = (h->args_bytes + 3) & ~3u};
    VkPipelineLayoutCreateInfo layout = {.sType = VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO,
                                         .setLayoutCount = 1,
                                         .pSetLayouts = &p->set_layout,
                                         .pushConstantRangeCount = h->args_binding == VYRE_SPIRV_NONE,
                                         .pPushConstantRanges = &range};
    return v->vk.CreatePipelineLayout(v->device, &layout, NULL, &p->layout);
}

static VkResult create_module(struct vulkan *v, struct vulkan_program *p)
{
    VkShaderModuleCreateInfo module = {.sType = VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO,
                                       .codeSize = p->head->module_bytes,
                                       .pCode = (const uint32_t *)((const char *)p->head + p->head->module_offset)};
    return v->vk.CreateShaderModule(v->device, &module, NULL, &p->module);
}

/* `width` 0: the declared one. */
static VkResult create_pipeline(struct vulkan *v, const struct vulkan_program *p, uint32_t width, VkPipeline *pipeline)
{
    uint32_t values[EXACT_COUNT + 2];
    VkSpecializationMapEntry entries[EXACT_COUNT + 2];
    for (uint32_t i = 0; i < EXACT_COUNT; i++)
        entries[i] = (VkSpecializationMapEntry){i, i * 4, 4};
    entries[EXACT_COUNT] = (VkSpecializationMapEntry){VYRE_SPIRV_ROUNDS_ID, EXACT_COUNT * 4, 4};
    entries[EXACT_COUNT + 1] = (VkSpecializationMapEntry){VYRE_SPIRV_WIDTH_ID, (EXACT_COUNT + 1) * 4, 4};
    memcpy(values, v->abilities.exact, sizeof v->abilities.exact);
    values[EXACT_COUNT] = v->abilities.max_visits;
    values[EXACT_COUNT + 1] = width;
    VkSpecializationInfo special = {EXACT_COUNT + 1 + (width != 0), entries, sizeof values, values};
    VkPipelineShaderStageRequiredSubgroupSizeCreateInfo lanes = {
        .sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_REQUIRED_SUBGROUP_SIZE_CREATE_INFO,
        .requiredSubgroupSize = SUBGROUP_LANES};
    VkComputePipelineCreateInfo info = {.sType = VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO,
                                        .layout = p->layout,
                                        .stage = {.sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO,
                                                  .stage = VK_SHADER_STAGE_COMPUTE_BIT,
                                                  .module = p->module,
                                                  .pName = "main",
                                                  .pSpecializationInfo = &special}};
    if (p->head->flags & VYRE_SPIRV_NATIVE_SUBGROUPS) {
        info.stage.pNext = &lanes;
        info.stage.flags = VK_PIPELINE_SHADER_STAGE_CREATE_REQUIRE_FULL_SUBGROUPS_BIT;
    }
    return v->vk.CreateComputePipelines(v->device, VK_NULL_HANDLE, 1, &info, NULL, pipeline);
}

static void destroy(struct vulkan *v, struct vulkan_program *p)
{
    v->vk.DestroyPipeline(v->device, p->pipeline, NULL);
    for (uint32_t i = 0; i < TUNER_WIDTHS; i++)
        if (p->wide[i]) v->vk.DestroyPipeline(v->device, p->wide[i], NULL);
    v->vk.DestroyPipelineLayout(v->device, p->layout, NULL);
    v->vk.DestroyDescriptorSetLayout(v->device, p->set_layout, NULL);
    v->vk.DestroyShaderModule(v->device, p->module, NULL);
    memset(p, 0, sizeof *p);
}

/* -- on first use */

enum vulkan_form vulkan_form_of(const struct vulkan *v, uint32_t needs)
{
    const uint32_t wide = 1u << VYRE_NEED_INT64 | 1u << VYRE_NEED_FLOAT64;
    bool is_lesser = !v->abilities.small_storage || (!v->abilities.int64 && needs & wide);
    if (is_lesser) return VULKAN_WORDS;
    bool has_native = v->abilities.subgroups && v->abilities.exact[EXACT_SUBGROUPS];
    return has_native && needs & 1u << VYRE_NEED_SUBGROUPS ? VULKAN_SUBGROUPS : VULKAN_PLAIN;
}

/* The wanted one; else plain code, which is there where nothing differs; else what an object was made for. */
static uint32_t rank_image(const vyre_context *c, uint32_t wanted, uint32_t kind, const char *arch)
{
    static const char *const archs[VULKAN_FORM_COUNT] = {VYRE_SPIRV_PLAIN, VYRE_SPIRV_WORDS, VYRE_SPIRV_LARGE,
                                                         VYRE_SPIRV_SUBGROUPS};
    (void)c;
    if (kind != VYRE_IMAGE_SPIRV) return 0;
    if (!strcmp(arch, archs[wanted])) return 3;
    return !strcmp(arch, VYRE_SPIRV_PLAIN) ? 2 : !strcmp(arch, VYRE_SPIRV_WORDS);
}

static vyre_status make(vyre_context *c, const struct vyre_unit *u, enum vulkan_form form, struct vulkan_program *p,
                        struct outcome *o)
{
    uint64_t n_bytes = 0;
    const unsigned char *bytes = module_image(u->module, rank_image, form, unit_name(u), &n_bytes, o);
    if (!bytes) return o->status;
    if (!open_image(bytes, n_bytes, u, p))
        return outcome_fail(o, VYRE_ERROR_BAD_MODULE, "%s: its SPIR-V image is damaged: compile the object again",
                            unit_name(u));
    vyre_status status = check_device(c, u, p->head, o);
    if (status) return status;
    VkResult r = create_layouts(c->vulkan, p);
    if (!r) r = create_module(c->vulkan, p);
    if (!r) r = create_pipeline(c->vulkan, p, 0, &p->pipeline);
    if (!r && p->head->flags & VYRE_SPIRV_NATIVE_SUBGROUPS)
        context_log(c, VYRE_LOG_DETAIL, "%s: has subgroups of the device's own", unit_name(u));
    if (!r) return VYRE_OK;
    destroy(c->vulkan, p);
    status = vulkan_fail(c->vulkan, o, r, "making a compute pipeline");
    return status == VYRE_ERROR_SYSTEM ? outcome_fail(o, VYRE_ERROR_IMAGE_REFUSED, "%s: %s refuses its SPIR-V (%d)",
                                                      unit_name(u), c->device, (int)r)
                                       : status;
}

static struct vulkan_program *program_of(const struct vyre_unit *u, bool is_large)
{
    return &((struct vulkan_module *)u->module->device)->programs[u->index * 2 + is_large];
}

const struct vulkan_program *vulkan_program_get(vyre_context *c, const struct vyre_unit *u, bool is_large,
                                                struct outcome *o)
{
    struct vulkan_program *p = program_of(u, is_large);
    vyre_status status = VYRE_OK;
    pthread_mutex_lock(&c->vulkan->lock);
    enum vulkan_form form = is_large ? VULKAN_LARGE : vulkan_form_of(c->vulkan, u->meta->needs);
    if (!p->pipeline) status = make(c, u, form, p, o);
    pthread_mutex_unlock(&c->vulkan->lock);
    return status ? NULL : p;
}

bool vulkan_has_large(vyre_context *c, const struct vyre_unit *u)
{
    const struct vulkan_abilities *a = &c->vulkan->abilities;
    struct vulkan_program *p = program_of(u, false);
    if (!a->addresses || !a->int64 || !a->small_storage) return false;
    pthread_mutex_lock(&c->vulkan->lock);
    if (p->has_large == LARGE_UNKNOWN)
        p->has_large =
            module_has_image(u->module, VYRE_IMAGE_SPIRV, VYRE_SPIRV_LARGE, unit_name(u)) ? LARGE_THERE : LARGE_NONE;
    bool has_large = p->has_large == LARGE_THERE;
    pthread_mutex_unlock(&c->vulkan->lock);
    return has_large && (u->module == c->qualification.probes || qualify_large(c));
}

VkPipeline vulkan_pipeline_get(vyre_context *c, const struct vulkan_program *program, uint32_t width, struct outcome *o)
{
    struct vulkan_program *p = (struct vulkan_program *)(uintptr_t)program; /* what is made is kept there */
    uint32_t i = (uint32_t)__builtin_ctz(width) - 5;
    VkResult r = VK_SUCCESS;
    pthread_mutex_lock(&c->vulkan->lock);
    if (!p->wide[i]) r = create_pipeline(c->vulkan, p, width, &p->wide[i]);
    pthread_mutex_unlock(&c->vulkan->lock);
    if (r) vulkan_fail(c->vulkan, o, r, "making a compute pipeline");
    return r ? VK_NULL_HANDLE : p->wide[i];
}

uint32_t vulkan_max_width(vyre_context *c, const struct vyre_unit *program)
{
    struct outcome ignored;
    const struct vulkan_program *p = vulkan_program_get(c, program, false, &ignored);
    const VkPhysicalDeviceLimits *limits = &c->vulkan->limits;
    if (!p || !(p->head->flags & VYRE_SPIRV_FREE_WIDTH) || p->head->args_binding != VYRE_SPIRV_NONE) return 0;
    uint32_t most = limits->maxComputeWorkGroupSize[0];
    return most < limits->maxComputeWorkGroupInvocations ? most : limits->maxComputeWorkGroupInvocations;
}

/* A module's `data`, uploaded on first use and kept. */
const struct vulkan_memory *vulkan_table_get(vyre_context *c, struct module *m, uint32_t number, struct outcome *o)
{
    struct vulkan_memory *table = &((struct vulkan_module *)m->device)->tables[number];
    vyre_status status = VYRE_OK;
    pthread_mutex_lock(&c->vulkan->lock);
    if (!table->buffer) {
        uint64_t n_bytes = 0;
        const void *bytes = module_table(m, number, &n_bytes);
        status = vulkan_allocate(c, VULKAN_UPLOAD, n_bytes, table, o);
        if (!status && n_bytes) memcpy(table->mapped, bytes, n_bytes);
    }
    pthread_mutex_unlock(&c->vulkan->lock);
    return status ? NULL : table;
}

/* -- modules */

static size_t module_bytes(uint32_t n_programs, uint32_t n_tables)
{
    return sizeof(struct vulkan_module) + n_programs * 2 * sizeof(struct vulkan_program) +
           n_tables * sizeof(struct vulkan_memory);
}

bool vulkan_load(struct module *m)
{
    uint32_t n_tables = 0, n_programs = m->meta.head->n_programs;
    uint64_t n_bytes;
    while (module_table(m, n_tables, &n_bytes))
        n_tables++;
    struct vulkan_module *d = memory_get(&m->context->allocator, module_bytes(n_programs, n_tables), 16);
    if (!d) return false;
    memset(d, 0, module_bytes(n_programs, n_tables));
    d->programs = (struct vulkan_program *)(d + 1);
    d->tables = (struct vulkan_memory *)(d->programs + n_programs * 2);
    d->n_tables = n_tables;
    m->device = d;
    return true;
}

void vulkan_unload(struct module *m)
{
    vyre_context *c = m->context;
    struct vulkan_module *d = m->device;
    uint32_t n_programs = m->meta.head->n_programs;
    for (uint32_t i = 0; i < n_programs * 2; i++)
        destroy(c->vulkan, &d->programs[i]);
    for (uint32_t i = 0; i < d->n_tables; i++)
        vulkan_release(c, &d->tables[i]);
    memory_put(&c->allocator, d, module_bytes(n_programs, d->n_tables), 16);
}
