/* object.c - collects what an object holds besides machine code, for the emitter that writes the ELF file. */
#include "codegen/object.h"

#include "codegen/container.h"
#include "codegen/device_images.h"
#include "codegen/llvm/llvm.h"
#include "codegen/spirv/spirv.h"

/* CPU code lies in .text; its rows in the index tell what is there. */
static void add_cpu_images(const struct target_set *targets, struct container_image *images, uint32_t *n)
{
    for (uint32_t t = 0; t < TARGET_COUNT; t++) {
        if (!targets->has[t] || target_infos[t].family != TARGET_FAMILY_CPU) continue;
        images[(*n)++] =
            (struct container_image){VYRE_IMAGE_CPU, target_infos[t].triple, target_infos[t].arch, "", "", 0};
    }
}

const char *codegen_device_refusal(const struct ir_program *p)
{
    return spirv_refusal(p);
}

const char *codegen_kernel_refusal(const struct ir_program *p)
{
    return llvm_device_refusal(p);
}

void codegen_find_device_tables(const struct ir_program *p, struct arena *arena, struct device_tables *tables)
{
    llvm_find_device_tables(p, arena, tables);
}

static bool is_always_needed(const struct ir_program *p)
{
    (void)p;
    return true;
}

/* The targets of the family, how they differ, and which programs need their image beside the ones before. */
static const struct spirv_target {
    enum target_id id;
    bool has_all_sizes; /* else words alone */
    bool is_large, has_subgroups;
    bool (*is_needed)(const struct ir_program *p);
} spirv_targets[] = {
    {TARGET_SPIRV_VULKAN_1_2, true, false, false, is_always_needed},
    {TARGET_SPIRV_VULKAN_1_2_WORDS, false, false, false, spirv_has_other_than_words},
    {TARGET_SPIRV_VULKAN_1_2_LARGE, true, true, false, spirv_may_be_large},
    {TARGET_SPIRV_VULKAN_1_2_SUBGROUPS, true, false, true, spirv_may_have_subgroups},
};
enum { N_SPIRV_TARGETS = sizeof spirv_targets / sizeof *spirv_targets };

static struct container_image make_spirv_image(const struct ir_program *p, const struct codegen_options *options,
                                               const struct spirv_target *target, struct arena *arena,
                                               struct memory *mem)
{
    const struct target_info *info = &target_infos[target->id];
    /* What is rarely used, and has long loops, is left to the driver's compiler. */
    struct spirv_options spirv = {.version = 0x00010300,
                                  .opt_level = target->is_large ? 0 : options->opt_level,
                                  .debug_info = options->debug_info,
                                  .storage_8bit = target->has_all_sizes,
                                  .storage_16bit = target->has_all_sizes,
                                  .int64 = target->has_all_sizes,
                                  .is_large = target->is_large,
                                  .has_subgroups = target->has_subgroups};
    struct out image;
    out_init(&image, mem);
    spirv_write_image(p, &spirv, arena, &image);
    struct container_image made = {
        VYRE_IMAGE_SPIRV, info->triple, info->arch, p->name, arena_copy(arena, image.bytes, image.n), image.n};
    out_release(&image);
    return made;
}

static void add_spirv_program(const struct ir_program *p, const struct codegen_options *options, struct arena *arena,
                              struct memory *mem, struct container_image *images, uint32_t *n)
{
    bool has_any = false;
    for (uint32_t t = 0; t < N_SPIRV_TARGETS; t++) {
        const struct spirv_target *target = &spirv_targets[t];
        if (!options->targets->has[target->id] || (has_any && !target->is_needed(p))) continue;
        images[(*n)++] = make_spirv_image(p, options, target, arena, mem);
        has_any = true;
    }
}

static void add_spirv_images(const struct ir_module *m, const struct codegen_options *options, struct diags *diags,
                             struct arena *arena, struct memory *mem, struct container_image *images, uint32_t *n)
{
    bool is_wanted = false;
    for (uint32_t t = 0; t < N_SPIRV_TARGETS; t++)
        is_wanted |= options->targets->has[spirv_targets[t].id];
    for (uint32_t i = 0; i < m->programs.n && is_wanted; i++) {
        const struct ir_program *p = m->programs.at[i];
        const char *refusal = spirv_refusal(p);
        if (refusal)
            diag_report(diags, DIAG_NO_DEVICE_CODE, p->range, p->name, "SPIR-V", refusal);
        else
            add_spirv_program(p, options, arena, mem, images, n);
    }
}

static struct object_entry *collect_entries(const struct interface *face, uint32_t *n, struct arena *arena)
{
    struct object_entry *entries =
        ARENA_ARRAY(arena, struct object_entry, (size_t)face->n_units * INTERFACE_ENTRY_COUNT + 1);
    *n = 0;
    for (uint32_t i = 0; i < face->n_units; i++) {
        if (face->units[i].internal) continue;
        for (uint32_t e = 0; e < INTERFACE_ENTRY_COUNT; e++) {
            const struct interface_entry_info *info = &interface_entry_infos[e];
            entries[(*n)++] = (struct object_entry){arena_printf(arena, "%s%s", face->units[i].symbol, info->suffix),
                                                    info->runtime_symbol, i, info->n_rest};
        }
    }
    return entries;
}

bool object_collect(const struct ir_module *m, const struct codegen_options *options, const struct interface *face,
                    struct diags *diags, struct arena *arena, struct out *container, struct object_contents *contents)
{
    size_t most = 1 + TARGET_COUNT * (1 + DEVICE_IMAGES_PER_TARGET * (size_t)m->programs.n) + m->data.n;
    struct container_image *images = ARENA_ARRAY(arena, struct container_image, most);
    uint64_t *offsets = ARENA_ARRAY(arena, uint64_t, most);
    struct out metadata;
    uint32_t n = 0, n_entries;
    out_init(&metadata, container->mem);
    metadata_write(m, face, arena, &metadata);
    images[n++] = (struct container_image){VYRE_IMAGE_METADATA, "", "", "", metadata.bytes, metadata.n};
    add_cpu_images(options->targets, images, &n);
    uint32_t first_data = n;
    for (uint32_t i = 0; i < m->data.n; i++) {
        const struct ir_data *d = m->data.at[i];
        images[n++] = (struct container_image){VYRE_IMAGE_DATA, "", "", d->buffer.name, d->bytes, d->size_bytes};
    }
    add_spirv_images(m, options, diags, arena, container->mem, images, &n);
    bool ok = device_images_add(m, options, diags, arena, images, &n);
    container_write(images, n, offsets, arena, container);
    out_release(&metadata);
    const struct object_entry *entries = collect_entries(face, &n_entries, arena);
    *contents = (struct object_contents){(const unsigned char *)container->bytes, container->n, offsets + first_data,
                                         entries, n_entries};
    return ok;
}
