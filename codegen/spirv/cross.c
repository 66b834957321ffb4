/* cross.c - see cross.h. Everything of SPIRV-Cross lives in a context that is freed before a call returns. */
#include "codegen/spirv/cross.h"

#include <spirv_cross/spirv_cross_c.h>

/* -- modules --------------------------------------------------------------------------------------------- */

struct parsed {
    spvc_context context;
    spvc_compiler compiler;
};

static bool parse(struct parsed *p, const uint32_t *words, size_t n, spvc_backend backend)
{
    spvc_parsed_ir ir;
    return spvc_context_create(&p->context) == SPVC_SUCCESS &&
           spvc_context_parse_spirv(p->context, words, n, &ir) == SPVC_SUCCESS &&
           spvc_context_create_compiler(p->context, backend, ir, SPVC_CAPTURE_MODE_TAKE_OWNERSHIP, &p->compiler) ==
               SPVC_SUCCESS;
}

/* -- texts ----------------------------------------------------------------------------------------------- */

struct setting {
    spvc_compiler_option option;
    unsigned value;
};
static const struct form {
    spvc_backend backend;
    struct setting settings[3];
} forms[SPIRV_FORM_COUNT] = {
    [SPIRV_FORM_GLSL] = {SPVC_BACKEND_GLSL,
                         {{SPVC_COMPILER_OPTION_GLSL_VERSION, 450}, {SPVC_COMPILER_OPTION_GLSL_VULKAN_SEMANTICS, 1}}},
    [SPIRV_FORM_HLSL] = {SPVC_BACKEND_HLSL, {{SPVC_COMPILER_OPTION_HLSL_SHADER_MODEL, 62}}},
    [SPIRV_FORM_MSL] = {SPVC_BACKEND_MSL,
                        {{SPVC_COMPILER_OPTION_MSL_VERSION, SPVC_MAKE_MSL_VERSION(2, 3, 0)},
                         {SPVC_COMPILER_OPTION_MSL_FIXED_SUBGROUP_SIZE, 0}}},
};

static bool is_flag(spvc_compiler_option option)
{
    return option == SPVC_COMPILER_OPTION_GLSL_VULKAN_SEMANTICS;
}

static bool configure(struct parsed *p, const struct form *form)
{
    spvc_compiler_options options;
    if (spvc_compiler_create_compiler_options(p->compiler, &options)) return false;
    for (size_t i = 0; i < sizeof form->settings / sizeof form->settings[0] && form->settings[i].option; i++) {
        struct setting s = form->settings[i];
        if (is_flag(s.option) ? spvc_compiler_options_set_bool(options, s.option, s.value != 0)
                              : spvc_compiler_options_set_uint(options, s.option, s.value))
            return false;
    }
    return !spvc_compiler_install_compiler_options(p->compiler, options);
}

/* Metal has no sets: binding b becomes buffer b, the push constants the buffer behind the last binding. */
static bool number_metal_buffers(struct parsed *p, uint32_t n_bindings)
{
    for (uint32_t b = 0; b <= n_bindings; b++) {
        bool pushed = b == n_bindings;
        spvc_msl_resource_binding row;
        spvc_msl_resource_binding_init(&row);
        row.stage = SpvExecutionModelGLCompute;
        row.desc_set = pushed ? SPVC_MSL_PUSH_CONSTANT_DESC_SET : 0;
        row.binding = pushed ? SPVC_MSL_PUSH_CONSTANT_BINDING : b;
        row.msl_buffer = b;
        if (spvc_compiler_msl_add_resource_binding(p->compiler, &row)) return false;
    }
    return true;
}

const char *spirv_cross_write(const uint32_t *words, size_t n, enum spirv_form form, uint32_t n_bindings,
                              struct arena *arena, struct out *out)
{
    struct parsed p = {NULL, NULL};
    const char *text = NULL, *reason = NULL;
    bool ok = parse(&p, words, n, forms[form].backend) && configure(&p, &forms[form]) &&
              (form != SPIRV_FORM_MSL || number_metal_buffers(&p, n_bindings)) &&
              !spvc_compiler_compile(p.compiler, &text);
    if (ok)
        out_text(out, text);
    else
        reason = arena_printf(arena, "%s", p.context ? spvc_context_get_last_error_string(p.context) : "no memory");
    if (p.context) spvc_context_destroy(p.context);
    return reason;
}

/* -- reflection ------------------------------------------------------------------------------------------ */

static void list_buffers(struct parsed *p, spvc_resources resources, struct arena *arena, struct spirv_reflection *to)
{
    const spvc_reflected_resource *list;
    size_t n;
    if (spvc_resources_get_resource_list_for_type(resources, SPVC_RESOURCE_TYPE_STORAGE_BUFFER, &list, &n)) return;
    for (size_t i = 0; i < n; i++) {
        const char *name = spvc_compiler_get_name(p->compiler, list[i].id);
        struct spirv_resource r = {
            .name = arena_printf(arena, "%s", name),
            .set = spvc_compiler_get_decoration(p->compiler, list[i].id, SpvDecorationDescriptorSet),
            .binding = spvc_compiler_get_decoration(p->compiler, list[i].id, SpvDecorationBinding),
            .read_only = spvc_compiler_has_decoration(p->compiler, list[i].id, SpvDecorationNonWritable)};
        vec_push(arena, &to->buffers, r);
    }
}

static void measure_push_constants(struct parsed *p, spvc_resources resources, struct spirv_reflection *to)
{
    const spvc_reflected_resource *list;
    size_t n, bytes = 0;
    if (spvc_resources_get_resource_list_for_type(resources, SPVC_RESOURCE_TYPE_PUSH_CONSTANT, &list, &n) || !n) return;
    spvc_type type = spvc_compiler_get_type_handle(p->compiler, list[0].base_type_id);
    if (!spvc_compiler_get_declared_struct_size(p->compiler, type, &bytes)) to->push_bytes = (uint32_t)bytes;
}

bool spirv_cross_reflect(const uint32_t *words, size_t n, struct arena *arena, struct spirv_reflection *reflection)
{
    struct parsed p = {NULL, NULL};
    const spvc_entry_point *entries;
    spvc_resources resources;
    size_t n_entries = 0;
    *reflection = (struct spirv_reflection){.entry = ""};
    bool ok = parse(&p, words, n, SPVC_BACKEND_GLSL) &&
              !spvc_compiler_get_entry_points(p.compiler, &entries, &n_entries) && n_entries == 1 &&
              !spvc_compiler_create_shader_resources(p.compiler, &resources);
    if (ok) {
        reflection->entry = arena_printf(arena, "%s", entries[0].name);
        for (unsigned i = 0; i < 3; i++)
            reflection->workgroup[i] =
                spvc_compiler_get_execution_mode_argument_by_index(p.compiler, SpvExecutionModeLocalSize, i);
        list_buffers(&p, resources, arena, reflection);
        measure_push_constants(&p, resources, reflection);
    }
    if (p.context) spvc_context_destroy(p.context);
    return ok;
}
