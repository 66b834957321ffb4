/* object.c - collects what an object holds besides machine code, for the emitter that writes the ELF file. */
#include "codegen/object.h"

#include "codegen/container.h"

/* CPU code lies in .text; its rows in the index tell what is there. */
static void add_cpu_images(const struct target_set *targets, struct container_image *images, uint32_t *n)
{
    for (uint32_t t = 0; t < TARGET_COUNT; t++) {
        if (!targets->has[t] || target_infos[t].family != TARGET_FAMILY_CPU) continue;
        images[(*n)++] =
            (struct container_image){VYRE_IMAGE_CPU, target_infos[t].triple, target_infos[t].arch, "", "", 0};
    }
}

static struct object_entry *collect_entries(const struct interface *face, struct arena *arena)
{
    struct object_entry *entries =
        ARENA_ARRAY(arena, struct object_entry, (size_t)face->n_units * INTERFACE_ENTRY_COUNT + 1);
    for (uint32_t i = 0; i < face->n_units; i++) {
        for (uint32_t e = 0; e < INTERFACE_ENTRY_COUNT; e++) {
            const struct interface_entry_info *info = &interface_entry_infos[e];
            entries[i * INTERFACE_ENTRY_COUNT + e] =
                (struct object_entry){arena_printf(arena, "%s%s", face->units[i].symbol, info->suffix),
                                      info->runtime_symbol, i, info->n_rest};
        }
    }
    return entries;
}

void object_collect(const struct ir_module *m, const struct codegen_options *options, const struct interface *face,
                    struct arena *arena, struct out *container, struct object_contents *contents)
{
    struct container_image *images = ARENA_ARRAY(arena, struct container_image, 1 + TARGET_COUNT + (size_t)m->data.n);
    uint64_t *offsets = ARENA_ARRAY(arena, uint64_t, 1 + TARGET_COUNT + (size_t)m->data.n);
    struct out metadata;
    uint32_t n = 0;
    out_init(&metadata, container->mem);
    metadata_write(m, face, arena, &metadata);
    images[n++] = (struct container_image){VYRE_IMAGE_METADATA, "", "", "", metadata.bytes, metadata.n};
    add_cpu_images(options->targets, images, &n);
    uint32_t first_data = n;
    for (uint32_t i = 0; i < m->data.n; i++) {
        const struct ir_data *d = m->data.at[i];
        images[n++] = (struct container_image){VYRE_IMAGE_DATA, "", "", d->buffer.name, d->bytes, d->size_bytes};
    }
    container_write(images, n, offsets, arena, container);
    out_release(&metadata);
    *contents = (struct object_contents){(const unsigned char *)container->bytes, container->n, offsets + first_data,
                                         collect_entries(face, arena), face->n_units * INTERFACE_ENTRY_COUNT};
}
