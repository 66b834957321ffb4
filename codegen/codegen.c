/* codegen.c - the one entry of the emitters: checks what needs more than IR, then hands over to the writer of the form
 * asked for. */
#include "codegen/codegen.h"

#include "codegen/container.h"
#include "codegen/llvm/llvm.h"
#include "ir/ops.h"

/* Collectives parse and check, but there is nothing to lower them to yet. */
static bool check_collectives(const struct ir_module *m, struct diags *diags)
{
    bool ok = true;
    for (uint32_t i = 0; i < m->pipelines.n; i++) {
        IR_EACH_STMT(s, &m->pipelines.at[i]->body)
        {
            if (s->kind != IR_STMT_COLLECTIVE) continue;
            diag_report(diags, DIAG_NEEDS_COMMUNICATOR, s->range, ir_collective_texts[s->collective.op]);
            ok = false;
        }
    }
    return ok;
}

static bool emit_host(const struct ir_module *m, const struct codegen_options *options, const struct interface *face,
                      struct diags *diags, struct arena *scratch, struct out *out)
{
    struct object_contents contents;
    struct out container;
    out_init(&container, out->mem);
    bool ok = object_collect(m, options, face, diags, scratch, &container, &contents) &&
              llvm_emit_host(m, options, &contents, diags, scratch, out);
    out_release(&container);
    return ok;
}

/* For the greatest chosen target of the family, or else for its first. */
static bool emit_device(const struct ir_module *m, const struct codegen_options *options, enum target_family family,
                        struct arena *scratch, struct out *out)
{
    uint32_t which = TARGET_COUNT;
    for (uint32_t t = TARGET_COUNT; t-- > 0;) {
        if (target_infos[t].family != family) continue;
        which = t;
        if (options->targets->has[t]) break;
    }
    llvm_write_device_code(m, (enum target_id)which, options, scratch, out);
    return true;
}

bool codegen_emit(const struct ir_module *m, const struct codegen_options *options, struct diags *diags,
                  struct arena *scratch, struct out *out)
{
    struct interface face;
    if (!check_collectives(m, diags) || !interface_build(&face, m, options->prefix, diags, scratch)) return false;
    switch (options->emit) {
    case CODEGEN_EMIT_HEADER:
        header_write(m, options, &face, out);
        return true;
    case CODEGEN_EMIT_MANIFEST:
        manifest_write(m, options, &face, out);
        return true;
    case CODEGEN_EMIT_PTX:
        return emit_device(m, options, TARGET_FAMILY_PTX, scratch, out);
    case CODEGEN_EMIT_AMDGCN:
    case CODEGEN_EMIT_AMDGCN_OBJECT:
        return emit_device(m, options, TARGET_FAMILY_AMDGCN, scratch, out);
    case CODEGEN_EMIT_OBJECT:
    case CODEGEN_EMIT_CPU_ASM:
    case CODEGEN_EMIT_LLVM:
        return emit_host(m, options, &face, diags, scratch, out);
    }
    return false;
}
