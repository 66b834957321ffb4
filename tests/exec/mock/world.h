/* world.h - the object that tests of mock drivers launch, and what its kernels compute.
 *
 *   scale:  to[i] = from[i] * factor, for the elements that both have; `to` is written only
 *   lookup: to[i] += table[from[i] % 4]; traps with 7 where from[i] is 0xdead
 *   both:   a pipeline, scale into a temp and lookup from there
 *   reuse:  a pipeline whose temps share their memory: side = from * factor, and at the same time
 *           to += table[from * factor % 4] + table[0]
 *   parts:  what runs a chunk of scale, whose workgroups have 64 elements of each buffer
 *   wide:   workgroups of 2048 invocations; the one program with CPU code that does something: to[i] = from[i] + 1
 *   large:  33 KiB of workgroup memory
 *   bad:    code that no driver takes
 *   other:  code for other devices alone
 *   any:    to[i] = from[i] + 3, in workgroups of any width */
#ifndef VYREC_TESTS_EXEC_MOCK_WORLD_H
#define VYREC_TESTS_EXEC_MOCK_WORLD_H

#include <dlfcn.h>
#include <stdlib.h>

#include "runtime-stub/vyre_device.h"
#include "tests/exec/mock/mock.h"
#include "tests/unit/runtime_module.h"
#include "tests/unit/test.h"

enum world_unit { SCALE, LOOKUP, WIDE, LARGE, BAD, OTHER, ANY, BOTH, REUSE, PARTS };
enum { WORLD_GROUP = 64, TRAP_VALUE = 0xdead };

struct scale_args {
    vyre_span from, to;
    uint64_t factor;
};
struct reuse_args {
    vyre_span from, to, side;
    uint64_t factor;
};
struct lookup_args {
    vyre_span from, to;
};

static const uint32_t world_table[4] = {10, 20, 30, 40};
static struct mock *world_mock;

/* -- images ------------------------------------------------------------------------------------ */

struct world_image {
    struct vyre_device_head head;
    uint32_t lists[4];
    char kernel[32];
    _Alignas(16) char code[128];
};
static struct world_image world_images[32];
static uint32_t world_n_images;

static inline void world_add_image(uint32_t kind, const char *arch, const char *program, uint32_t n_tables,
                                   uint32_t flags, uint32_t workgroup_bytes, const char *text)
{
    struct world_image *image = &world_images[world_n_images++];
    bool has_param = !strcmp(program, "scale");
    *image = (struct world_image){.head = {.head_bytes = sizeof image->head,
                                           .code_offset = offsetof(struct world_image, code),
                                           .code_bytes = sizeof image->code,
                                           .flags = flags,
                                           .n_buffers = module_last()->n_buffers,
                                           .n_tables = n_tables,
                                           .n_params = module_last()->n_params,
                                           .kernel_offset = offsetof(struct world_image, kernel),
                                           .args_bytes = 64,
                                           .workgroup_bytes = workgroup_bytes,
                                           .wave_lanes = 32,
                                           .max_width = flags & VYRE_DEVICE_FREE_WIDTH ? 1024 : 0}};
    if (has_param) image->lists[0] = 56;
    snprintf(image->kernel, sizeof image->kernel, "vyre_%s", program);
    snprintf(image->code, sizeof image->code, "%s for %s: %s", program, arch, text);
    module_add_image(kind, arch, program, image, sizeof *image);
}

/* For Vulkan: bindings, the param's place in the launch's words, and a module that the mock does not look into. */
struct world_spirv {
    struct vyre_spirv_head head;
    uint32_t lists[3], module[8];
};
static struct world_spirv world_spirvs[8];
static uint32_t world_n_spirvs;

static inline void world_add_spirv(const char *program, uint32_t workgroup_bytes)
{
    struct world_spirv *image = &world_spirvs[world_n_spirvs++];
    uint32_t n_params = module_last()->n_params;
    *image = (struct world_spirv){.head = {.head_bytes = sizeof image->head,
                                           .module_offset = offsetof(struct world_spirv, module),
                                           .module_bytes = sizeof image->module,
                                           .n_buffers = 2,
                                           .n_params = n_params,
                                           .trap_binding = VYRE_SPIRV_NONE,
                                           .args_binding = VYRE_SPIRV_NONE,
                                           .args_bytes = 9 * 4 + n_params * 8,
                                           .workgroup_bytes = workgroup_bytes},
                                  .lists = {0, 1, 40}};
    module_add_image(VYRE_IMAGE_SPIRV, "vulkan1.2", program, image, sizeof *image);
}

/* For all devices of the mocks; a later PTX must win over an earlier, and the exact processor over its family. */
static inline void world_add_images(const char *program, uint32_t n_tables, uint32_t flags, uint32_t workgroup_bytes,
                                    const char *text)
{
    world_add_image(VYRE_IMAGE_PTX, "sm_75", program, n_tables, flags, workgroup_bytes, text);
    world_add_image(VYRE_IMAGE_PTX, "sm_80", program, n_tables, flags, workgroup_bytes, text);
    world_add_image(VYRE_IMAGE_PTX, "sm_90", program, n_tables, flags, workgroup_bytes, text);
    world_add_image(VYRE_IMAGE_AMDGCN, "gfx10-3-generic", program, n_tables, flags, workgroup_bytes, text);
}

/* -- the object -------------------------------------------------------------------------------- */

static inline void world_no_cpu_code(const struct vyre_cpu_launch *l, uint64_t first, uint64_t n, void *scratch)
{
    (void)l, (void)first, (void)n, (void)scratch;
}

static inline void world_wide(const struct vyre_cpu_launch *l, uint64_t first, uint64_t n, void *scratch)
{
    const uint32_t *from = l->buffers[0].bytes;
    uint32_t *to = l->buffers[1].bytes;
    (void)scratch;
    for (uint64_t i = first * 2048; i < (first + n) * 2048 && i < l->buffers[0].count; i++)
        to[i] = from[i] + 1;
}

static inline void world_program(const char *name, vyre_access access, uint32_t workgroup)
{
    module_program(name, workgroup == 2048 ? world_wide : world_no_cpu_code, 1, 0, workgroup);
    module_buffer("from", VYRE_TYPE_U32, VYRE_ACCESS_READ, 0);
    module_buffer("to", VYRE_TYPE_U32, access, 0);
    if (!strcmp(name, "scale")) module_param("factor", VYRE_TYPE_U32, 4);
    module_dispatch(module_len(0));
}

static inline void world_pipeline(void)
{
    module_unit("both");
    module_buffer("from", VYRE_TYPE_U32, VYRE_ACCESS_READ, 0);
    module_buffer("to", VYRE_TYPE_U32, VYRE_ACCESS_READ_WRITE, 0);
    module_param("factor", VYRE_TYPE_U32, 4);
    module_temp("mid", VYRE_TYPE_U32, module_len(0));
    module_arm("first", SCALE);
    module_arg(0);
    module_arg(2);
    module_value(module_op(VYRE_META_OP_PARAM, 0, 0));
    module_arm("second", LOOKUP);
    module_dep(0);
    module_arg(2);
    module_arg(1);
}

static inline void world_arm(const char *name, enum world_unit program, uint32_t from, uint32_t to)
{
    module_arm(name, program);
    module_arg(from);
    module_arg(to);
    if (program == SCALE) module_value(module_op(VYRE_META_OP_PARAM, 0, 0));
}

static inline void world_reuse(void)
{
    module_unit("reuse");
    module_buffer("from", VYRE_TYPE_U32, VYRE_ACCESS_READ, 0);
    module_buffer("to", VYRE_TYPE_U32, VYRE_ACCESS_READ_WRITE, 0);
    module_buffer("side", VYRE_TYPE_U32, VYRE_ACCESS_WRITE, 0);
    module_param("factor", VYRE_TYPE_U32, 4);
    module_temp("mid", VYRE_TYPE_U32, module_len(0));
    module_temp("zeros", VYRE_TYPE_U32, module_len(0));
    module_tables.buffers[module_tables.n_buffers - 1].slot = 0;
    world_arm("scaled", SCALE, 0, 3);
    world_arm("looked", LOOKUP, 3, 1);
    module_dep(0);
    world_arm("zeroed", LOOKUP, 4, 1);
    module_dep(1);
    world_arm("aside", SCALE, 0, 2);
}

static inline void world_window(uint32_t buffer)
{
    module_tables.windows[module_tables.n_windows++] = (struct vyre_meta_window){
        .buffer = buffer, .is_store = buffer, .numerator = WORLD_GROUP, .denominator = 1, .count = WORLD_GROUP};
}

static inline void world_parts(void)
{
    module_unit("parts");
    module_buffer("from", VYRE_TYPE_U32, VYRE_ACCESS_READ, 0)->flags = VYRE_META_CHUNK_INPUT;
    module_buffer("to", VYRE_TYPE_U32, VYRE_ACCESS_READ_WRITE, 0)->flags = VYRE_META_CHUNK_OUTPUT;
    for (uint32_t i = 0; i < 1 + VYRE_META_ARM_PARAMS + 2 * VYRE_META_BUFFER_PARAMS; i++)
        module_param("number", VYRE_TYPE_U32, 4);
    world_arm("scaled", SCALE, 0, 1);
    module_tables.chunks[module_tables.n_chunks++] =
        (struct vyre_meta_chunks){.unit = SCALE, .plan = SCALE, .pipeline = PARTS, .n_windows = 2};
    world_window(0);
    world_window(1);
}

static inline struct vyre_module *world_module(void)
{
    world_n_images = world_n_spirvs = 0;
    module_begin();
    world_program("scale", VYRE_ACCESS_WRITE, WORLD_GROUP);
    world_add_images("scale", 0, 0, 0, "good");
    world_add_spirv("scale", 0);
    world_add_image(VYRE_IMAGE_CUBIN, "sm_89", "scale", 0, 0, 0, "machine code");
    world_add_image(VYRE_IMAGE_AMDGCN, "gfx1100", "scale", 0, 0, 0, "good");
    world_program("lookup", VYRE_ACCESS_READ_WRITE, WORLD_GROUP);
    world_add_images("lookup", 1, VYRE_DEVICE_TRAPS, 0, "good");
    world_program("wide", VYRE_ACCESS_READ_WRITE, 2048);
    world_add_images("wide", 0, 0, 0, "good");
    world_add_spirv("wide", 0);
    world_program("large", VYRE_ACCESS_READ_WRITE, WORLD_GROUP);
    world_add_images("large", 0, 0, 33 << 10, "good");
    world_add_spirv("large", 33 << 10);
    world_program("bad", VYRE_ACCESS_READ_WRITE, WORLD_GROUP);
    world_add_images("bad", 0, 0, 0, "bad");
    world_program("other", VYRE_ACCESS_READ_WRITE, WORLD_GROUP);
    world_add_image(VYRE_IMAGE_PTX, "sm_120", "other", 0, 0, 0, "good");
    world_add_image(VYRE_IMAGE_AMDGCN, "gfx90a", "other", 0, 0, 0, "good");
    world_program("any", VYRE_ACCESS_READ_WRITE, WORLD_GROUP);
    module_last()->has_free_width = 1;
    world_add_image(VYRE_IMAGE_PTX, "sm_75", "any", 0, VYRE_DEVICE_FREE_WIDTH, 0, "good");
    world_add_image(VYRE_IMAGE_AMDGCN, "gfx10-3-generic", "any", 0, VYRE_DEVICE_FREE_WIDTH, 0, "good");
    world_pipeline();
    world_reuse();
    world_parts();
    module_add_image(VYRE_IMAGE_DATA, "", "table", world_table, sizeof world_table);
    return module_end();
}

/* -- what the kernels compute ------------------------------------------------------------------ */

/* By vyre_device.h: both programs have two buffers. */
struct world_args {
    uint64_t buffers[2], table_or_trap, trap_or_groups;
};

static inline uint32_t *world_words(uint64_t address, uint64_t n_bytes)
{
    uint32_t *words = world_mock->host(address, n_bytes);
    CHECK(address % VYRE_DEVICE_ALIGN == 0 && words);
    return words;
}

static inline void world_trap(uint64_t trap, uint64_t invocation)
{
    uint64_t key = (uint64_t)~(uint32_t)invocation << 32 | 7, *record = world_mock->host(trap, 8);
    if (record && key > *record) *record = key;
}

/* What launches of `any` have been: bits of the widths, and invocations. */
static struct {
    uint32_t widths, last_width;
    uint64_t n_invocations;
} world_any;

static inline void world_run_any(const uint32_t *groups, const uint32_t *workgroup, const uint64_t *addresses)
{
    const uint32_t *words = (const uint32_t *)(addresses + 3);
    uint64_t first = words[3], n = (uint64_t)groups[0] * workgroup[0], n_all = (uint64_t)words[0] * WORLD_GROUP;
    CHECK(words[4] == workgroup[0] && words[5] == 0 && workgroup[1] == 1 && workgroup[2] == 1 && first + n <= n_all);
    world_any.widths |= workgroup[0];
    world_any.last_width = workgroup[0];
    world_any.n_invocations += n;
    const uint32_t *from = world_words(addresses[0], words[6] * 4);
    uint32_t *to = world_words(addresses[1], words[7] * 4);
    for (uint64_t i = first; from && to && i < first + n && i < words[6] && i < words[7]; i++)
        to[i] = from[i] + 3;
}

static inline void world_kernel(void *ctx, const char *name, const uint32_t groups[3], const uint32_t workgroup[3],
                                const void *args, size_t args_bytes)
{
    bool is_lookup = !strcmp(name, "vyre_lookup");
    const uint64_t *addresses = args;
    const uint32_t *words = (const uint32_t *)(addresses + (is_lookup ? 4 : 3));
    (void)ctx;
    if (!strcmp(name, "vyre_any")) {
        world_run_any(groups, workgroup, addresses);
        return;
    }
    CHECK(args_bytes >= 64 && groups[1] == 1 && groups[2] == 1 && words[1] == 1 && words[2] == 1);
    uint64_t first = (uint64_t)words[3] * workgroup[0], n = (uint64_t)groups[0] * workgroup[0], n_from = words[6],
             n_to = words[7];
    CHECK(words[3] + groups[0] <= words[0] && words[4] == 0 && words[5] == 0);
    const uint32_t *from = world_words(addresses[0], n_from ? n_from * 4 : 16);
    uint32_t *to = world_words(addresses[1], n_to ? n_to * 4 : 16);
    const uint32_t *table = is_lookup ? world_words(addresses[2], sizeof world_table) : NULL;
    if (!from || !to || (is_lookup && !table)) return;
    for (uint64_t i = first; i < first + n && i < n_from && i < n_to; i++) {
        if (is_lookup && from[i] == TRAP_VALUE)
            world_trap(addresses[3], i);
        else
            to[i] = is_lookup ? to[i] + table[from[i] % 4] : from[i] * words[8];
    }
}

/* -- opening ----------------------------------------------------------------------------------- */

/* The mock that the runtime will find under the name, or the end of the test: 77 where there is another driver. */
static inline void world_open(const char *soname)
{
    void *library = dlopen(soname, RTLD_NOW | RTLD_LOCAL);
    struct mock *(*control)(void) = NULL;
    if (library) *(void **)&control = dlsym(library, "mock_control");
    if (!control) {
        printf("skipped: %s is not the mock: LD_LIBRARY_PATH must name its folder\n", soname);
        exit(77);
    }
    world_mock = control();
}

static inline void world_reset(void)
{
    world_mock->reset();
    world_mock->run = world_kernel;
}

#endif
