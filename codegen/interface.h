/* interface.h - how C sees the programs and pipelines of a module: symbols of functions, argument structs and their
 * layout. Computed once for the metadata, the header and the manifest, so that the three cannot differ. */
#ifndef VYREC_CODEGEN_INTERFACE_H
#define VYREC_CODEGEN_INTERFACE_H

#include "codegen/object.h"

/* The functions of a unit, one row each: ENTRY(NAME, suffix of the symbol, function of the runtime, pointer arguments
 * after ctx, declaration of these). */
#define INTERFACE_ENTRIES(ENTRY)                                                                                       \
    ENTRY(RUN, "", "vyre_rt_run", 1, "const struct %s_args *args")                                                     \
    ENTRY(ASYNC, "_async", "vyre_rt_run_async", 3,                                                                     \
          "vyre_stream *stream, const struct %s_args *args, vyre_event **event")                                       \
    ENTRY(WORKSPACE, "_workspace", "vyre_rt_workspace", 2, "const struct %s_args *args, uint64_t *bytes")              \
    ENTRY(UNIT, "_unit", "vyre_rt_unit", 1, "const vyre_unit **unit")

enum interface_entry {
#define INTERFACE_ENTRY(NAME, suffix, runtime_symbol, n_rest, params) INTERFACE_##NAME,
    INTERFACE_ENTRIES(INTERFACE_ENTRY)
#undef INTERFACE_ENTRY
        INTERFACE_ENTRY_COUNT
};
struct interface_entry_info {
    const char *suffix, *runtime_symbol;
    uint32_t n_rest;
    const char *params; /* C declarations; %s is the symbol of the unit */
};
extern const struct interface_entry_info interface_entry_infos[INTERFACE_ENTRY_COUNT];

/* How a scalar type looks in an argument struct and is numbered in the container. */
struct interface_type {
    const char *c_type;
    uint8_t c_bytes, number; /* number: enum vyre_type */
};
extern const struct interface_type interface_types[IR_SCALAR_COUNT];

/* A member of an argument struct: of a buffer a vyre_span, of a param its C type. */
struct interface_field {
    const char *name; /* usable in C and C++ */
    uint64_t offset;
    const struct ir_buffer *buffer; /* one of the two */
    const struct ir_param *param;
};

struct interface_unit {
    const char *name;                 /* in the .vir text */
    const char *symbol;               /* with the prefix, usable in C and C++ */
    const struct ir_program *program; /* one of the two */
    const struct ir_pipeline *pipeline;
    bool internal; /* has no functions, and is in no header or manifest */
    struct src_range range;
    struct interface_field *fields; /* buffers, then params */
    uint32_t n_buffers, n_params;
    uint64_t args_bytes; /* at least 1 */
};

struct interface {
    struct interface_unit *units; /* programs, then pipelines */
    uint32_t n_units;
};

/* False when something was reported: symbols that collide, with each other or with the C library's. */
bool interface_build(struct interface *face, const struct ir_module *m, const char *prefix, struct diags *diags,
                     struct arena *arena);
/* What memory given for the buffer must be aligned to. */
uint32_t interface_align_bytes(const struct ir_buffer *b);
/* The workgroup size, with the default filled in. */
void interface_workgroup(const struct ir_program *p, uint32_t size[3]);

#endif
