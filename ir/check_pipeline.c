/* check_pipeline.c - pipelines: what each arm is given, and who may touch what the pipeline was given. */
#include "ir/check.h"

struct pipeline_check {
    struct checker *c;
    const struct ir_pipeline *pipeline;
    bool *written; /* by index of a buffer: some arm before has it to write */
};

/* -- the arguments of an arm -------------------------------------------------------------------------------- */

static void note_formal(struct checker *c, struct diag *d, const struct ir_buffer *formal)
{
    diag_add_note(c->diags, d, formal->range, "the program's '%s' is declared here", formal->name);
}

static void check_arm_type(struct checker *c, const struct ir_arg *a)
{
    if (ir_type_equal(a->buffer->elem, a->formal_buffer->elem)) return;
    struct diag *d =
        diag_report(c->diags, DIAG_ARM_ELEMENT_TYPE, a->range, a->buffer->name, ir_type_text(a->buffer->elem),
                    a->formal_buffer->name, ir_type_text(a->formal_buffer->elem));
    note_formal(c, d, a->formal_buffer);
}

static void check_arm_count(struct checker *c, const struct ir_arg *a)
{
    const struct ir_buffer *given = a->buffer, *formal = a->formal_buffer;
    if (!formal->sized || !given->sized || given->count_expr || given->count >= formal->count) return;
    struct diag *d = diag_report(c->diags, DIAG_ARM_TOO_SHORT, a->range, given->name, (unsigned long long)given->count,
                                 formal->name, (unsigned long long)formal->count);
    note_formal(c, d, formal);
}

static void check_arm_access(struct checker *c, const struct ir_arg *a)
{
    const struct ir_buffer *given = a->buffer, *formal = a->formal_buffer;
    bool misread = ir_access_reads(formal->access) && !ir_access_reads(given->access);
    bool miswritten = ir_access_writes(formal->access) && !ir_access_writes(given->access);
    if (!misread && !miswritten) return;
    struct diag *d = diag_report(c->diags, DIAG_ARM_ACCESS, a->range, given->name, ir_access_texts[given->access],
                                 miswritten ? "writes" : "reads");
    diag_add_note(c->diags, d, given->range, "'%s' is declared here", given->name);
    note_formal(c, d, formal);
}

/* Arguments are few, so pairs are. */
static void check_arm_aliasing(struct checker *c, const struct ir_arm *arm, uint32_t at)
{
    const struct ir_arg *a = &arm->args.at[at];
    for (uint32_t i = 0; i < at; i++) {
        const struct ir_arg *other = &arm->args.at[i];
        if (other->buffer != a->buffer || !other->formal_buffer) continue;
        if (!ir_access_writes(a->formal_buffer->access) && !ir_access_writes(other->formal_buffer->access)) continue;
        diag_report(c->diags, DIAG_ARM_ALIASING, a->range, a->buffer->name, other->formal_buffer->name,
                    a->formal_buffer->name);
        return;
    }
}

static void check_arm_param(struct checker *c, const struct ir_arg *a)
{
    check_host_expr(c, a->value);
    if (!ir_type_equal(a->value->type, a->formal_param->type))
        diag_report(c->diags, DIAG_ARM_PARAM_TYPE, a->range, a->formal_param->name, ir_type_text(a->formal_param->type),
                    ir_type_text(a->value->type));
}

static void check_arm(struct pipeline_check *pc, const struct ir_arm *arm)
{
    for (uint32_t i = 0; i < arm->args.n; i++) {
        const struct ir_arg *a = &arm->args.at[i];
        if (a->formal_param && a->value) check_arm_param(pc->c, a);
        if (!a->formal_buffer || !a->buffer) continue;
        check_arm_type(pc->c, a);
        check_arm_count(pc->c, a);
        check_arm_access(pc->c, a);
        check_arm_aliasing(pc->c, arm, i);
    }
}

/* -- temps -------------------------------------------------------------------------------------------------- */

/* An arm that has a temp read_write may well count on its zeros; one that only reads it has nothing to read. */
static void check_arm_temps(struct pipeline_check *pc, const struct ir_arm *arm)
{
    uint32_t first_temp = pc->pipeline->buffers.n;
    for (uint32_t i = 0; i < arm->args.n; i++) {
        const struct ir_arg *a = &arm->args.at[i];
        if (!a->buffer || !a->formal_buffer || a->buffer->index < first_temp) continue;
        if (!ir_access_writes(a->formal_buffer->access) && !pc->written[a->buffer->index])
            diag_report(pc->c->diags, DIAG_TEMP_NOT_WRITTEN, a->range, a->buffer->name, arm->name);
    }
    for (uint32_t i = 0; i < arm->args.n; i++) {
        const struct ir_arg *a = &arm->args.at[i];
        if (a->buffer && a->formal_buffer && ir_access_writes(a->formal_buffer->access))
            pc->written[a->buffer->index] = true;
    }
}

static void check_collective(struct pipeline_check *pc, const struct ir_stmt *s)
{
    const struct ir_buffer *dst = s->collective.dst, *src = s->collective.src;
    const char *text = ir_collective_texts[s->collective.op];
    if (!ir_access_writes(dst->access))
        diag_report(pc->c->diags, DIAG_ARM_ACCESS, s->range, dst->name, ir_access_texts[dst->access], "writes");
    if (src && !ir_access_reads(src->access))
        diag_report(pc->c->diags, DIAG_ARM_ACCESS, s->range, src->name, ir_access_texts[src->access], "reads");
    if (src && !ir_type_equal(src->elem, dst->elem))
        diag_report(pc->c->diags, DIAG_COLLECTIVE_TYPE, s->range, text, ir_type_text(dst->elem),
                    ir_type_text(src->elem));
    pc->written[dst->index] = true;
}

void check_pipeline(struct checker *c, const struct ir_pipeline *p)
{
    struct pipeline_check pc = {c, p, ARENA_ARRAY(c->arena, bool, p->buffers.n + p->temps.n)};
    for (uint32_t i = 0; i < p->buffers.n; i++)
        check_attributes(c, p->buffers.at[i]);
    for (uint32_t i = 0; i < p->temps.n; i++) {
        check_attributes(c, p->temps.at[i]);
        if (p->temps.at[i]->count_expr) check_host_expr(c, p->temps.at[i]->count_expr);
    }
    IR_EACH_STMT(s, &p->body)
    {
        if (s->kind == IR_STMT_ARM) {
            check_arm(&pc, s->arm);
            check_arm_temps(&pc, s->arm);
        }
        if (s->kind == IR_STMT_COLLECTIVE) check_collective(&pc, s);
    }
}
