/* container.c - any bytes as the container of an object: refused, or launches can be planned from it. The first byte
 * says whether checksums are made right first, so that what lies behind them is reached. */
#include <stdlib.h>
#include <string.h>

#include "runtime-stub/container.h"
#include "tests/fuzz/seal.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

enum { MAX_EXTRACTED_BYTES = 1 << 20, MAX_PROGRAMS = 1000, MAX_ARGS_BYTES = 1 << 16 };

/* Every image that is not refused can be had. Returns the metadata, or NULL. */
static const struct vyre_image *read_images(const struct container_view *view)
{
    for (uint32_t i = 0; i < view->head->n_images; i++) {
        const struct vyre_image *image = container_image(view, i);
        if (image->real_bytes > MAX_EXTRACTED_BYTES) continue;
        void *to = malloc(image->real_bytes + 1);
        if (to) container_extract(view, image, to);
        free(to);
    }
    return container_find(view, VYRE_IMAGE_METADATA);
}

/* -- as an object that is linked and launched -------------------------------------------------- */

static void plan_unit(const vyre_unit *unit, const uint8_t *seed, size_t n_seed)
{
    static unsigned char memory[256];
    vyre_unit_info info = {.size = sizeof info};
    uint64_t workspace;
    if (vyre_unit_get_info(unit, &info) || info.args_bytes > MAX_ARGS_BYTES) return;
    char *args = calloc(1, info.args_bytes);
    for (uint32_t i = 0; args && i < info.n_params; i++) {
        vyre_param_arg p = {.size = sizeof p};
        vyre_unit_param(unit, i, &p);
        memset(args + p.arg_offset, n_seed ? seed[i % n_seed] : 0, p.param_bytes);
    }
    for (uint32_t i = 0; args && i < info.n_buffers; i++) {
        vyre_buffer_arg b = {.size = sizeof b};
        vyre_unit_buffer(unit, i, &b);
        vyre_span span = vyre_host(memory, n_seed ? seed[i % n_seed] : 0);
        memcpy(args + b.arg_offset, &span, sizeof span);
    }
    if (args) vyre_unit_workspace(unit, args, &workspace);
    if (args) vyre_unit_run(unit, args); /* there is no code to run: refused at the last moment */
    if (args) vyre_unit_run_chunks(unit, args, NULL);
    free(args);
}

/* A copy behind a module without code. */
static void plan_all(const struct container_view *view, uint32_t n_programs, const uint8_t *seed, size_t n_seed)
{
    size_t code_bytes =
        sizeof(struct vyre_module) + (size_t)n_programs * VYRE_CPU_LEVELS * sizeof(struct vyre_cpu_code);
    size_t at = (code_bytes + 63) / 64 * 64;
    char *block = aligned_alloc(64, (at + view->head->size_bytes + 63) / 64 * 64);
    vyre_options options = {.size = sizeof options, .backends = "cpu", .threads = 1};
    vyre_context *c = NULL;
    const vyre_unit *unit = NULL;
    if (block && !vyre_context_create(&options, &c)) {
        struct vyre_module *m = (struct vyre_module *)block;
        memset(block, 0, at);
        memcpy(block + at, view->bytes, view->head->size_bytes);
        *m = (struct vyre_module){.magic = VYRE_MODULE_MAGIC,
                                  .version = VYRE_MODULE_VERSION,
                                  .n_programs = n_programs,
                                  .container = (int32_t)(at - offsetof(struct vyre_module, container))};
        vyre_rt_unit(c, m, 0, &unit);
        const vyre_unit *other = unit;
        for (uint32_t i = 0; other && i < MAX_PROGRAMS; i++) {
            plan_unit(other, seed, n_seed);
            vyre_unit_sibling(unit, i + 1, &other);
        }
    }
    vyre_context_destroy(c);
    free(block);
}

static void read_container(const unsigned char *bytes, uint64_t n, const uint8_t *seed, size_t n_seed)
{
    struct container_view view;
    struct metadata_view meta;
    if (container_open(bytes, n, &view)) return;
    const struct vyre_image *image = read_images(&view);
    if (!image || image->flags || metadata_open(view.bytes + image->offset, image->stored_bytes, &meta)) return;
    if (meta.head->n_programs <= MAX_PROGRAMS) plan_all(&view, meta.head->n_programs, seed, n_seed);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    if (!n_bytes) return 0;
    /* Of exactly that size, so that a byte too many is seen; its end is aligned, as its start must be. */
    size_t n = n_bytes - 1, room = (n + 63) / 64 * 64;
    unsigned char *container = aligned_alloc(64, room ? room : 64);
    if (!container) return 0;
    memset(container, 0, room);
    memcpy(container, bytes + 1, n);
    if (bytes[0] & 1) seal_container(container, n);
    read_container(container, n, bytes, n_bytes);
    free(container);
    return 0;
}
