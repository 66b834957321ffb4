/* device_images.c - the images of PTX, cubins and AMDGCN that an object holds: one for each program and target, each made by itself, on threads. */
#include "codegen/device_images.h"

#include "codegen/jobs.h"
#include "codegen/llvm/llvm.h"
#include "codegen/ptxas.h"
#include "ir/base/source.h"

/* One program for one target. */
struct piece {
    const struct ir_program *program;
    const struct codegen_options *options;
    enum target_id target;
    struct out image, cubin, fault; /* fault: what the assembler had to say */
    bool is_refused;                /* by it */
};

struct images {
    struct arena *arena;
    struct diags *diags;
    struct container_image *at;
    uint32_t *n;
    bool ok;
};

static const char *family_name(enum target_family family)
{
    return family == TARGET_FAMILY_PTX ? "PTX" : family == TARGET_FAMILY_AMDGCN ? "AMDGCN" : NULL;
}

/* -- a piece, on any thread ------------------------------------------------------------------------------------------- */

static void make_piece(void *job, struct memory *mem)
{
    struct piece *p = job;
    struct arena scratch;
    arena_init(&scratch, mem);
    out_init(&p->image, mem);
    out_init(&p->cubin, mem);
    out_init(&p->fault, mem);
    llvm_write_device_image(p->program, p->target, p->options, &scratch, &p->image);
    if (p->options->ptxas && target_infos[p->target].family == TARGET_FAMILY_PTX)
        p->is_refused =
            !ptxas_assemble_image(p->options->ptxas, target_infos[p->target].arch, &p->image, &p->cubin, &p->fault);
    arena_release(&scratch);
}

static void add_image(struct images *to, const struct piece *p, enum vyre_image_kind kind, const struct out *bytes)
{
    const struct target_info *info = &target_infos[p->target];
    to->at[(*to->n)++] = (struct container_image){
        kind, info->triple, info->arch, p->program->name, arena_copy(to->arena, bytes->bytes, bytes->n), bytes->n};
}

static void take_piece(void *job, void *ctx)
{
    struct piece *p = job;
    struct images *to = ctx;
    const struct target_info *info = &target_infos[p->target];
    add_image(to, p, info->family == TARGET_FAMILY_PTX ? VYRE_IMAGE_PTX : VYRE_IMAGE_AMDGCN, &p->image);
    if (p->cubin.n) add_image(to, p, VYRE_IMAGE_CUBIN, &p->cubin);
    if (p->is_refused) {
        const char *said =
            arena_copy(to->arena, p->fault.n ? p->fault.bytes : "it says nothing", p->fault.n ? p->fault.n : 15);
        diag_report(to->diags, DIAG_PTXAS_FAILED, p->program->range, p->options->ptxas, p->program->name, info->arch,
                    said);
        to->ok = false;
    }
    out_release(&p->image);
    out_release(&p->cubin);
    out_release(&p->fault);
}

/* -- all of them ------------------------------------------------------------------------------------------------------ */

static bool is_wanted(const struct codegen_options *options, uint32_t t)
{
    return options->targets->has[t] && family_name(target_infos[t].family);
}

static void report_refusal(const struct ir_program *p, const struct codegen_options *options, struct diags *diags,
                           const char *refusal)
{
    for (uint32_t t = 0; t < TARGET_COUNT; t++) {
        if (!is_wanted(options, t) || (t && target_infos[t - 1].family == target_infos[t].family)) continue;
        diag_report(diags, DIAG_NO_DEVICE_CODE, p->range, p->name, family_name(target_infos[t].family), refusal);
    }
}

bool device_images_add(const struct ir_module *m, const struct codegen_options *options, struct diags *diags,
                       struct arena *arena, struct container_image *images, uint32_t *n)
{
    struct piece *pieces = ARENA_ARRAY(arena, struct piece, (size_t)m->programs.n * TARGET_COUNT + 1);
    struct images to = {.arena = arena, .diags = diags, .at = images, .n = n, .ok = true};
    uint32_t n_pieces = 0;
    for (uint32_t i = 0; i < m->files.n; i++)
        source_locate(m->sources, m->files.at[i]->base); /* finds the lines of the text once, not on each thread */
    for (uint32_t i = 0; i < m->programs.n; i++) {
        const struct ir_program *p = m->programs.at[i];
        const char *refusal = llvm_device_refusal(p);
        if (refusal) report_refusal(p, options, diags, refusal);
        for (uint32_t t = 0; t < TARGET_COUNT && !refusal; t++)
            if (is_wanted(options, t))
                pieces[n_pieces++] = (struct piece){.program = p, .options = options, .target = (enum target_id)t};
    }
    jobs_run(arena->mem, make_piece, take_piece, pieces, sizeof *pieces, n_pieces, &to);
    return to.ok;
}
