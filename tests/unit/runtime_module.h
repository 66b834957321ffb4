/* runtime_module.h - objects made by hand, with kernels in C, for tests of the runtime that need no compiler.
 *
 *   module_begin();
 *   uint32_t p = module_program("copy", copy_kernel, 1, 0, 64);        name, code, phases, scratch, workgroup size
 *   module_buffer("from", VYRE_TYPE_U8, VYRE_ACCESS_READ, 0);          0: any length
 *   module_dispatch(module_len(1));                                    after the program's buffers and params
 *   module_add_image(VYRE_IMAGE_PTX, "sm_75", "copy", bytes, n);      for devices; `data` as VYRE_IMAGE_DATA
 *   struct vyre_module *m = module_end();
 *
 * One module at a time: it lies in static memory, so that its relative offsets are those of a linked object. */
#ifndef VYREC_TESTS_UNIT_RUNTIME_MODULE_H
#define VYREC_TESTS_UNIT_RUNTIME_MODULE_H

#include <string.h>

#include "runtime-stub/vyre_container.h"
#include "runtime-stub/vyre_cpu.h"

enum { MODULE_MAX = 64, MODULE_BYTES = 1 << 16, MODULE_MAX_IMAGES = 32 };

static _Alignas(64) unsigned char module_container[MODULE_BYTES];
/* Behind the head, as in an object: the head's last member is the array that follows. */
static struct {
    _Alignas(16) unsigned char head[sizeof(struct vyre_module)];
    struct vyre_cpu_code code[MODULE_MAX][VYRE_CPU_LEVELS];
} module_memory;

static struct {
    struct vyre_meta_unit units[MODULE_MAX];
    struct vyre_meta_buffer buffers[MODULE_MAX];
    struct vyre_meta_param params[MODULE_MAX];
    struct vyre_meta_step steps[MODULE_MAX];
    struct vyre_meta_dep deps[MODULE_MAX * 4];
    struct vyre_meta_arg args[MODULE_MAX * 4];
    struct vyre_meta_chunks chunks[MODULE_MAX];
    struct vyre_meta_window windows[MODULE_MAX];
    struct vyre_meta_op ops[MODULE_MAX * 8];
    char strings[1024];
    uint32_t n_units, n_programs, n_buffers, n_params, n_steps, n_deps, n_args, n_chunks, n_windows, n_ops, n_strings,
        depth;
} module_tables;

/* Images besides the metadata. */
static struct {
    struct vyre_image index[MODULE_MAX_IMAGES];
    const void *bytes[MODULE_MAX_IMAGES];
    char strings[2048];
    uint32_t n, n_strings;
} module_images;

static inline void module_begin(void)
{
    memset(&module_images, 0, sizeof module_images);
    module_images.n_strings = 1;
    memset(&module_tables, 0, sizeof module_tables);
    memset(&module_memory, 0, sizeof module_memory);
    memset(module_container, 0, sizeof module_container);
    module_tables.n_strings = 1;
}

static inline uint32_t module_string(const char *text)
{
    uint32_t at = module_tables.n_strings;
    strcpy(module_tables.strings + at, text);
    module_tables.n_strings += (uint32_t)strlen(text) + 1;
    return at;
}

/* -- expressions: begin with one of these, go on with module_op, end by giving it to whom it is for --- */

static inline vyre_meta_expr module_op(enum vyre_meta_op_kind op, uint8_t type, uint64_t value)
{
    static const uint8_t n_args[] = {
#define MODULE_OP_ARGS(NAME, n) n,
        VYRE_META_OPS(MODULE_OP_ARGS)
#undef MODULE_OP_ARGS
    };
    module_tables.depth = module_tables.depth + 1 - n_args[op];
    module_tables.ops[module_tables.n_ops] =
        (struct vyre_meta_op){.op = (uint8_t)op, .type = type, .depth = module_tables.depth, .value = value};
    return (vyre_meta_expr)module_tables.n_ops++;
}

static inline vyre_meta_expr module_len(uint32_t buffer)
{
    return module_op(VYRE_META_OP_LEN, VYRE_TYPE_U32, buffer);
}
static inline vyre_meta_expr module_const(uint64_t value)
{
    return module_op(VYRE_META_OP_CONST, VYRE_TYPE_U64, value);
}

static inline vyre_meta_expr module_finish(vyre_meta_expr at)
{
    module_op(VYRE_META_OP_END, 0, 0);
    module_tables.depth = 0;
    return at;
}

/* -- programs and pipelines -------------------------------------------------------------------- */

static inline struct vyre_meta_unit *module_last(void)
{
    return &module_tables.units[module_tables.n_units - 1];
}

static inline uint32_t module_unit(const char *name)
{
    struct vyre_meta_unit *u = &module_tables.units[module_tables.n_units];
    u->name = module_string(name);
    u->symbol = module_string(name);
    u->first_buffer = module_tables.n_buffers;
    u->first_param = module_tables.n_params;
    u->first_step = module_tables.n_steps;
    u->args_bytes = 1;
    u->rounds = u->rounds_of_large = VYRE_META_NONE;
    for (int i = 0; i < 3; i++)
        u->dispatch[i] = VYRE_META_NONE;
    return module_tables.n_units++;
}

static inline uint32_t module_program(const char *name, vyre_cpu_kernel *kernel, uint32_t n_phases,
                                      uint64_t scratch_bytes, uint32_t workgroup)
{
    uint32_t at = module_unit(name);
    for (int level = 0; level < VYRE_CPU_LEVELS; level++) {
        struct vyre_cpu_code *code = &module_memory.code[at][level];
        code->kernel = (int32_t)((intptr_t)(uintptr_t)kernel - (intptr_t)&code->kernel);
        code->n_phases = n_phases;
        code->scratch_bytes = scratch_bytes;
    }
    module_last()->workgroup[0] = workgroup;
    module_last()->workgroup[1] = module_last()->workgroup[2] = 1;
    module_last()->dispatch[1] = module_finish(module_const(1));
    module_last()->dispatch[2] = module_finish(module_const(1));
    module_tables.n_programs++;
    return at;
}

static inline void module_dispatch(vyre_meta_expr expr)
{
    module_last()->dispatch[0] = module_finish(expr);
}

static inline struct vyre_meta_buffer *module_buffer(const char *name, vyre_type type, vyre_access access,
                                                     uint64_t count)
{
    static const uint8_t bytes[] = {0, 4, 1, 1, 2, 2, 4, 4, 8, 8, 2, 2, 4, 8};
    struct vyre_meta_unit *u = module_last();
    struct vyre_meta_buffer *b = &module_tables.buffers[module_tables.n_buffers++];
    *b = (struct vyre_meta_buffer){.name = module_string(name),
                                   .type = (uint8_t)type,
                                   .lanes = 1,
                                   .access = (uint8_t)access,
                                   .flags = count ? VYRE_META_SIZED : 0,
                                   .elem_bytes = bytes[type],
                                   .align_bytes = bytes[type],
                                   .binding = -1,
                                   .prefix = VYRE_META_NONE,
                                   .count_expr = VYRE_META_NONE,
                                   .count = count,
                                   .arg_offset = sizeof(vyre_span) * u->n_buffers};
    u->n_buffers++;
    u->args_bytes = sizeof(vyre_span) * u->n_buffers;
    return b;
}

/* After the buffers; of 4 or 8 bytes. */
static inline void module_param(const char *name, vyre_type type, uint8_t bytes)
{
    struct vyre_meta_unit *u = module_last();
    uint64_t at = (sizeof(vyre_span) * u->n_buffers + 8 * u->n_params);
    module_tables.params[module_tables.n_params++] =
        (struct vyre_meta_param){.name = module_string(name), .type = (uint8_t)type, .bytes = bytes, .arg_offset = at};
    u->n_params++;
    u->args_bytes = at + 8;
}

/* After the buffers of a pipeline. */
static inline void module_temp(const char *name, vyre_type type, vyre_meta_expr count)
{
    uint64_t args_bytes = module_last()->args_bytes;
    struct vyre_meta_buffer *b = module_buffer(name, type, VYRE_ACCESS_READ_WRITE, 0);
    module_last()->n_buffers--;
    module_last()->args_bytes = args_bytes;
    module_last()->n_temps++;
    b->count_expr = module_finish(count);
    b->slot = module_last()->n_temps - 1;
}

static inline void module_arm(const char *name, uint32_t program)
{
    module_tables.steps[module_tables.n_steps++] = (struct vyre_meta_step){.kind = VYRE_META_ARM,
                                                                           .name = module_string(name),
                                                                           .target = program,
                                                                           .first_arg = module_tables.n_args,
                                                                           .first_dep = module_tables.n_deps};
    module_last()->n_steps++;
}

/* The last arm waits for this launch of its pipeline. */
static inline void module_dep(uint32_t launch)
{
    module_tables.deps[module_tables.n_deps++].launch = launch;
    module_tables.steps[module_tables.n_steps - 1].n_deps++;
}

static inline void module_arg(uint32_t buffer)
{
    module_tables.args[module_tables.n_args++].value = buffer;
}

static inline void module_value(vyre_meta_expr expr)
{
    module_arg((uint32_t)module_finish(expr));
}

/* -- the container ----------------------------------------------------------------------------- */

static inline struct vyre_meta_table module_table(unsigned char *metadata, uint32_t *at, const void *rows, uint32_t n,
                                                  size_t row_bytes)
{
    struct vyre_meta_table t = {*at, n};
    memcpy(metadata + *at, rows, n * row_bytes);
    *at = (uint32_t)(*at + n * row_bytes + 7) / 8 * 8;
    return t;
}

static inline uint32_t module_metadata(unsigned char *to)
{
    struct vyre_meta head = {.version = VYRE_META_VERSION, .n_programs = module_tables.n_programs};
    uint32_t at = sizeof head;
#define MODULE_TABLE(rows)                                                                                             \
    head.rows = module_table(to, &at, module_tables.rows, module_tables.n_##rows, sizeof *module_tables.rows)
    MODULE_TABLE(units);
    MODULE_TABLE(buffers);
    MODULE_TABLE(params);
    MODULE_TABLE(steps);
    MODULE_TABLE(deps);
    MODULE_TABLE(args);
    MODULE_TABLE(chunks);
    MODULE_TABLE(windows);
    MODULE_TABLE(ops);
    MODULE_TABLE(strings);
#undef MODULE_TABLE
    memcpy(to, &head, sizeof head);
    return at;
}

/* Checksums of the image, the index and the head, after a change that is meant to be seen behind them. */
static inline void module_seal(void)
{
    struct vyre_container *c = (struct vyre_container *)module_container;
    struct vyre_image *image = (struct vyre_image *)(module_container + sizeof *c);
    image->checksum = vyre_checksum(module_container + image->offset, image->stored_bytes);
    c->checksum = vyre_checksum(module_container + 24, c->head_bytes - 24);
    c->self_check = (uint32_t)vyre_checksum(&c->checksum, sizeof *c - 16);
}

static inline uint32_t module_image_string(const char *text)
{
    uint32_t at = module_images.n_strings;
    strcpy(module_images.strings + at, text);
    module_images.n_strings += (uint32_t)strlen(text) + 1;
    return at;
}

/* The bytes must stay until module_end. */
static inline void module_add_image(uint32_t kind, const char *arch, const char *name, const void *bytes, uint64_t n)
{
    uint32_t i = module_images.n++;
    module_images.index[i] = (struct vyre_image){.kind = kind,
                                                 .stored_bytes = n,
                                                 .real_bytes = n,
                                                 .checksum = vyre_checksum(bytes, n),
                                                 .arch = module_image_string(arch),
                                                 .name = module_image_string(name)};
    module_images.bytes[i] = bytes;
}

/* Behind the metadata, which is the first; gives the end. */
static inline uint64_t module_place_images(uint64_t at)
{
    for (uint32_t i = 0; i < module_images.n; i++) {
        module_images.index[i].offset = at = (at + 63) / 64 * 64;
        memcpy(module_container + at, module_images.bytes[i], module_images.index[i].stored_bytes);
        at += module_images.index[i].stored_bytes + VYRE_CONTAINER_TAIL;
    }
    return at;
}

static inline struct vyre_module *module_end(void)
{
    struct vyre_module head = {.magic = VYRE_MODULE_MAGIC,
                               .version = VYRE_MODULE_VERSION,
                               .n_programs = module_tables.n_programs,
                               .level_mask = 15};
    struct vyre_container c = {.version = VYRE_CONTAINER_VERSION,
                               .n_images = 1 + module_images.n,
                               .image_bytes = sizeof(struct vyre_image),
                               .strings_bytes = module_images.n_strings};
    struct vyre_image image = {.kind = VYRE_IMAGE_METADATA};
    c.strings = sizeof c + c.n_images * sizeof image;
    c.head_bytes = c.strings + c.strings_bytes;
    image.offset = (c.head_bytes + 63) / 64 * 64;
    image.stored_bytes = image.real_bytes = module_metadata(module_container + image.offset);
    c.size_bytes = (module_place_images(image.offset + image.stored_bytes) + 63) / 64 * 64 + VYRE_CONTAINER_TAIL;
    memcpy(c.magic, VYRE_CONTAINER_MAGIC, sizeof c.magic);
    memcpy(module_container, &c, sizeof c);
    memcpy(module_container + sizeof c, &image, sizeof image);
    memcpy(module_container + sizeof c + sizeof image, module_images.index, module_images.n * sizeof image);
    memcpy(module_container + c.strings, module_images.strings, module_images.n_strings);
    module_seal();

    struct vyre_module *m = (struct vyre_module *)module_memory.head;
    memcpy(m, &head, sizeof head);
    m->container = (int32_t)((intptr_t)module_container - (intptr_t)&m->container);
    return m;
}

#endif
