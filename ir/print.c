/* print.c - modules, programs, pipelines and statements as canonical text.
 *
 * The order inside a program is fixed: attributes, workgroup, dispatch, buffers, arrays, params, a blank line, the
 * body. */
#include <string.h>

#include "ir/ops.h"
#include "ir/print.h"
#include "ir/walk.h"

struct printer {
    struct out *out;
    ir_annotate_fn *annotate; /* may be NULL */
    void *ctx;
};

enum { DATA_PER_LINE = 16 };

static void print_indent(const struct printer *p, uint32_t indent)
{
    for (uint32_t i = 0; i < indent; i++)
        out_text(p->out, "  ");
}

static void annotate(const struct printer *p, const void *node, uint32_t indent)
{
    if (p->annotate) p->annotate(p->ctx, node, indent, p->out);
}

static void end_line(const struct printer *p, const void *node, uint32_t indent)
{
    out_text(p->out, ";\n");
    annotate(p, node, indent);
}

static const char *name_of(const struct ir_buffer *b)
{
    return b ? b->name : "<missing>";
}

/* -- declarations ------------------------------------------------------------------------------------------- */

static void print_elem_type(const struct ir_buffer *b, struct out *out)
{
    out_printf(out, "%s[", ir_type_text(b->elem));
    if (b->count_expr)
        ir_print_expr(b->count_expr, out);
    else if (b->sized)
        out_printf(out, "%llu", (unsigned long long)b->count);
    out_text(out, "]");
}

static void print_buffer_attributes(const struct ir_buffer *b, struct out *out)
{
    if (b->binding >= 0) out_printf(out, " binding(%d)", b->binding);
    if (b->align_bytes) out_printf(out, " align(%u)", b->align_bytes);
    if (b->streaming) out_text(out, " streaming");
    if (b->live_out) out_text(out, " live_out");
    if (b->no_zeros) out_text(out, " no_zeros");
    if (b->has_bytes)
        out_printf(out, " bytes(%llu..%llu)", (unsigned long long)b->bytes_begin, (unsigned long long)b->bytes_end);
}

static void print_buffer(const struct printer *p, const struct ir_buffer *b)
{
    print_indent(p, 1);
    out_printf(p->out, "%s %s : ", ir_space_texts[b->space], b->name);
    if (b->space == IR_SPACE_STORAGE) out_printf(p->out, "%s ", ir_access_texts[b->access]);
    print_elem_type(b, p->out);
    print_buffer_attributes(b, p->out);
    end_line(p, b, 1);
}

static void print_data_elements(const struct ir_data *d, struct out *out)
{
    const struct ir_scalar_info *info = ir_type_info(d->buffer.elem);
    uint64_t n = info->mem_bytes ? d->size_bytes / info->mem_bytes : 0;
    ir_type scalar = {d->buffer.elem.scalar, 1};
    bool lines = n > DATA_PER_LINE;

    out_text(out, "[");
    for (uint64_t i = 0; i < n; i++) {
        uint64_t bits = 0;
        for (uint32_t k = info->mem_bytes; k-- > 0;)
            bits = bits << 8 | d->bytes[i * info->mem_bytes + k];
        if (i) out_text(out, ",");
        if (lines && i % DATA_PER_LINE == 0)
            out_text(out, "\n  ");
        else if (i)
            out_text(out, " ");
        ir_print_constant(scalar, bits, false, out);
    }
    out_text(out, lines ? "\n]" : "]");
}

static void print_data(const struct printer *p, const struct ir_data *d)
{
    out_printf(p->out, "data %s : ", d->buffer.name);
    print_elem_type(&d->buffer, p->out);
    out_text(p->out, " = ");
    if (d->path) {
        out_text(p->out, "file(");
        ir_print_string((const unsigned char *)d->path, strlen(d->path), p->out);
        out_text(p->out, ")");
    } else if (d->written_as_text) {
        ir_print_string(d->bytes, d->size_bytes, p->out);
    } else {
        print_data_elements(d, p->out);
    }
    end_line(p, d, 0);
}

/* -- statements --------------------------------------------------------------------------------------------- */

static void print_stmt(const struct printer *p, const struct ir_stmt *s, uint32_t indent);

/* " {", the statements, and the closing brace without its line end. */
static void print_block(const struct printer *p, const struct ir_block *b, const void *owner, uint32_t indent)
{
    out_text(p->out, "{\n");
    annotate(p, owner, indent + 1);
    IR_EACH_STMT(s, b) print_stmt(p, s, indent + 1);
    print_indent(p, indent);
    out_text(p->out, "}");
}

/* An else block that holds just one if continues the chain. */
static const struct ir_stmt *find_else_if(const struct ir_stmt *s)
{
    const struct ir_block *b = &s->if_.else_block;
    return s->if_.has_else && b->first && b->first == b->last && b->first->kind == IR_STMT_IF ? b->first : NULL;
}

static void print_if(const struct printer *p, const struct ir_stmt *s, uint32_t indent)
{
    for (;;) {
        out_text(p->out, "if ");
        ir_print_expr(s->if_.cond, p->out);
        out_text(p->out, " ");
        print_block(p, &s->if_.then_block, s, indent);
        if (!s->if_.has_else) break;
        out_text(p->out, " else ");
        const struct ir_stmt *next = find_else_if(s);
        if (!next) {
            print_block(p, &s->if_.else_block, &s->if_.else_block, indent);
            break;
        }
        s = next;
    }
    out_text(p->out, "\n");
}

static void print_for(const struct printer *p, const struct ir_stmt *s, uint32_t indent)
{
    const struct ir_local *l = s->for_.local;
    out_printf(p->out, "for %s in ", l ? l->name : "<missing>");
    ir_print_expr(s->for_.from, p->out);
    out_text(p->out, "..");
    ir_print_expr(s->for_.to, p->out);
    if (s->for_.step != 1 && l) {
        out_text(p->out, " step ");
        ir_print_constant(l->type, s->for_.step, true, p->out);
    }
    out_text(p->out, " ");
    print_block(p, &s->for_.body, s, indent);
    out_text(p->out, "\n");
}

/* What a trap tells beside its code: nothing where that is what every launch tells. */
static void print_told(const struct ir_told *told, struct out *out)
{
    if (!told->arm && !told->invocation) return;
    out_printf(out, ", %u", (unsigned)told->arm);
    if (!told->invocation) return;
    out_text(out, ", ");
    ir_print_expr(told->invocation, out);
}

static void print_while(const struct printer *p, const struct ir_stmt *s, uint32_t indent)
{
    out_text(p->out, "while ");
    ir_print_expr(s->while_.cond, p->out);
    out_text(p->out, " max ");
    ir_print_expr(s->while_.max, p->out);
    if (s->while_.told.arm || s->while_.told.invocation || s->while_.told.goes_on) {
        out_printf(p->out, ", %s(1u32", ir_stmt_infos[s->while_.told.goes_on ? IR_STMT_TELL : IR_STMT_TRAP].text);
        print_told(&s->while_.told, p->out);
        out_text(p->out, ")");
    }
    out_text(p->out, " ");
    print_block(p, &s->while_.body, s, indent);
    out_text(p->out, "\n");
}

static void print_scope(const struct printer *p, const struct ir_stmt *s, uint32_t indent)
{
    if (s->kind == IR_STMT_REGION) {
        out_text(p->out, "region ");
        ir_print_string((const unsigned char *)s->scope.name, strlen(s->scope.name), p->out);
        out_text(p->out, " ");
    }
    print_block(p, &s->scope.body, s, indent);
    out_text(p->out, "\n");
}

static void print_binding(const struct ir_stmt *s, const char *keyword, struct out *out)
{
    out_printf(out, "%s%s = ", keyword, s->let.local ? s->let.local->name : "<missing>");
    ir_print_expr(s->let.value, out);
}

static void print_element(const struct ir_buffer *b, const struct ir_expr *index, bool in_bounds, struct out *out)
{
    out_printf(out, "%s[", name_of(b));
    ir_print_expr(index, out);
    out_text(out, in_bounds ? ", in_bounds]" : "]");
}

static void print_store(const struct ir_stmt *s, struct out *out)
{
    print_element(s->store.buffer, s->store.index, s->store.in_bounds, out);
    out_text(out, " = ");
    ir_print_expr(s->store.value, out);
}

static void print_atomic(const struct ir_stmt *s, struct out *out)
{
    if (s->atomic.result) out_printf(out, "%s%s = ", s->atomic.declares ? "let " : "", s->atomic.result->name);
    out_printf(out, "%s(", ir_atomic_texts[s->atomic.op]);
    print_element(s->atomic.buffer, s->atomic.index, s->atomic.in_bounds, out);
    if (s->atomic.expected) {
        out_text(out, ", ");
        ir_print_expr(s->atomic.expected, out);
    }
    out_text(out, ", ");
    ir_print_expr(s->atomic.value, out);
    if (s->atomic.order_given) out_printf(out, ", %s", ir_order_texts[s->atomic.order]);
    out_text(out, ")");
}

static void print_copy_async(const struct ir_stmt *s, struct out *out)
{
    out_printf(out, "copy_async(%s, ", name_of(s->copy.dst));
    ir_print_expr(s->copy.dst_index, out);
    out_printf(out, ", %s, ", name_of(s->copy.src));
    ir_print_expr(s->copy.src_index, out);
    out_text(out, ", ");
    ir_print_expr(s->copy.count, out);
    out_printf(out, ", %u)", s->copy.tag);
}

static void print_trap(const struct ir_stmt *s, struct out *out)
{
    out_printf(out, "%s(", ir_stmt_infos[s->kind].text);
    ir_print_expr(s->trap.code, out);
    print_told(&s->trap.told, out);
    out_text(out, ")");
}

static void print_arm(const struct ir_arm *arm, struct out *out)
{
    out_printf(out, "arm %s = %s(", arm->name, arm->program ? arm->program->name : "<missing>");
    for (uint32_t i = 0; i < arm->args.n; i++) {
        const struct ir_arg *a = &arm->args.at[i];
        out_printf(out, "%s%s: ", i ? ", " : "", a->name);
        if (a->buffer)
            out_text(out, a->buffer->name);
        else
            ir_print_expr(a->value, out);
    }
    out_text(out, ")");
}

static void print_collective(const struct ir_stmt *s, struct out *out)
{
    out_printf(out, "%s(%s", ir_collective_texts[s->collective.op], name_of(s->collective.dst));
    if (s->collective.src) out_printf(out, ", %s", s->collective.src->name);
    out_text(out, ")");
}

/* A statement that ends with a semicolon, without it. */
static void print_simple(const struct ir_stmt *s, struct out *out)
{
    switch (s->kind) {
    case IR_STMT_LET:
        print_binding(s, "let ", out);
        break;
    case IR_STMT_VAR:
        print_binding(s, "var ", out);
        break;
    case IR_STMT_ASSIGN:
        print_binding(s, "", out);
        break;
    case IR_STMT_STORE:
        print_store(s, out);
        break;
    case IR_STMT_ATOMIC:
        print_atomic(s, out);
        break;
    case IR_STMT_COPY_ASYNC:
        print_copy_async(s, out);
        break;
    case IR_STMT_WAIT:
        out_printf(out, "wait(%u)", s->wait.tag);
        break;
    case IR_STMT_TRAP:
    case IR_STMT_TELL:
        print_trap(s, out);
        break;
    case IR_STMT_ARM:
        print_arm(s->arm, out);
        break;
    case IR_STMT_HOST:
        out_printf(out, "host %s", name_of(s->host.buffer));
        break;
    case IR_STMT_COLLECTIVE:
        print_collective(s, out);
        break;
    default:
        out_text(out, ir_stmt_infos[s->kind].text);
        break;
    }
}

static void print_stmt(const struct printer *p, const struct ir_stmt *s, uint32_t indent)
{
    print_indent(p, indent);
    switch (s->kind) {
    case IR_STMT_IF:
        print_if(p, s, indent);
        break;
    case IR_STMT_FOR:
        print_for(p, s, indent);
        break;
    case IR_STMT_WHILE:
        print_while(p, s, indent);
        break;
    case IR_STMT_BLOCK:
    case IR_STMT_REGION:
        print_scope(p, s, indent);
        break;
    default:
        print_simple(s, p->out);
        end_line(p, s, indent);
        break;
    }
}

/* -- programs and pipelines --------------------------------------------------------------------------------- */

static void print_internal(const struct ir_program *p, struct out *out)
{
    out_text(out, "#[internal");
    for (uint32_t i = 0; i < p->trap_arms.n; i++) {
        const struct ir_trap_arm *a = &p->trap_arms.at[i];
        out_text(out, i ? ", " : "(");
        ir_print_string((const unsigned char *)a->arm, strlen(a->arm), out);
        out_text(out, ", ");
        ir_print_string((const unsigned char *)a->program, strlen(a->program), out);
    }
    out_text(out, p->trap_arms.n ? ")]\n" : "]\n");
}

static void print_label(const char *attribute, const char *label, struct out *out)
{
    if (!label) return;
    out_printf(out, "#[%s(", attribute);
    ir_print_string((const unsigned char *)label, strlen(label), out);
    out_text(out, ")]\n");
}

static void print_program_attributes(const struct ir_program *p, struct out *out)
{
    print_label("op", p->op_name, out);
    if (p->internal) print_internal(p, out);
    print_label("arms", p->arms, out);
    if (p->self_exclusive) out_text(out, "#[self_exclusive]\n");
    if (p->has_window) out_printf(out, "#[window(%u)]\n", p->window);
}

static void print_geometry(const struct ir_program *p, struct out *out)
{
    for (uint32_t i = 0; i < p->n_workgroup; i++)
        out_printf(out, "%s%u", i ? ", " : "  workgroup ", p->workgroup[i]);
    if (p->n_workgroup) out_text(out, ";\n");
    for (uint32_t i = 0; i < p->n_dispatch; i++) {
        out_text(out, i ? ", " : "  dispatch ");
        ir_print_expr(p->dispatch[i], out);
    }
    if (p->n_dispatch) out_text(out, ";\n");
}

static void print_program(const struct printer *pr, const struct ir_program *p)
{
    print_program_attributes(p, pr->out);
    out_printf(pr->out, "program %s {\n", p->name);
    annotate(pr, p, 1);
    print_geometry(p, pr->out);
    for (uint32_t i = 0; i < p->buffers.n; i++)
        print_buffer(pr, p->buffers.at[i]);
    for (uint32_t i = 0; i < p->arrays.n; i++)
        print_buffer(pr, p->arrays.at[i]);
    for (uint32_t i = 0; i < p->params.n; i++) {
        out_printf(pr->out, "  param %s : %s", p->params.at[i]->name, ir_type_text(p->params.at[i]->type));
        end_line(pr, p->params.at[i], 1);
    }
    bool has_head = p->n_workgroup || p->n_dispatch || p->buffers.n || p->arrays.n || p->params.n;
    if (has_head && p->body.first) out_text(pr->out, "\n");
    IR_EACH_STMT(s, &p->body) print_stmt(pr, s, 1);
    out_text(pr->out, "}\n");
}

static void print_budget(uint64_t bytes, struct out *out)
{
    static const char *const units[] = {"", " KiB", " MiB", " GiB"};
    uint32_t unit = 0;
    while (unit < 3 && bytes % 1024 == 0) {
        bytes /= 1024;
        unit++;
    }
    out_printf(out, "  budget %llu%s;\n", (unsigned long long)bytes, units[unit]);
}

static void print_pipeline_params(const struct ir_pipeline *p, struct out *out)
{
    const char *separator = "";
    for (uint32_t i = 0; i < p->buffers.n; i++, separator = ", ") {
        const struct ir_buffer *b = p->buffers.at[i];
        out_printf(out, "%s%s : %s ", separator, b->name, ir_access_texts[b->access]);
        print_elem_type(b, out);
        print_buffer_attributes(b, out);
    }
    for (uint32_t i = 0; i < p->params.n; i++, separator = ", ")
        out_printf(out, "%s%s : %s", separator, p->params.at[i]->name, ir_type_text(p->params.at[i]->type));
}

static void print_pipeline(const struct printer *pr, const struct ir_pipeline *p)
{
    out_printf(pr->out, "pipeline %s(", p->name);
    print_pipeline_params(p, pr->out);
    out_text(pr->out, ") {\n");
    annotate(pr, p, 1);
    for (uint32_t i = 0; i < p->buffers.n; i++)
        annotate(pr, p->buffers.at[i], 1);
    for (uint32_t i = 0; i < p->params.n; i++)
        annotate(pr, p->params.at[i], 1);
    if (p->budget_bytes) print_budget(p->budget_bytes, pr->out);
    for (uint32_t i = 0; i < p->temps.n; i++) {
        out_printf(pr->out, "  temp %s : ", p->temps.at[i]->name);
        print_elem_type(p->temps.at[i], pr->out);
        print_buffer_attributes(p->temps.at[i], pr->out);
        end_line(pr, p->temps.at[i], 1);
    }
    IR_EACH_STMT(s, &p->body) print_stmt(pr, s, 1);
    out_text(pr->out, "}\n");
}

static void print_items(const struct printer *p, const struct ir_module *m)
{
    for (uint32_t i = 0; i < m->items.n; i++) {
        const struct ir_item *item = &m->items.at[i];
        bool tables = item->kind == IR_ITEM_DATA && i && m->items.at[i - 1].kind == IR_ITEM_DATA;
        if (i && !tables) out_text(p->out, "\n");
        if (item->kind == IR_ITEM_DATA)
            print_data(p, item->data);
        else if (item->kind == IR_ITEM_PROGRAM)
            print_program(p, item->program);
        else
            print_pipeline(p, item->pipeline);
    }
}

void ir_print_module(const struct ir_module *m, struct out *out)
{
    print_items(&(struct printer){.out = out}, m);
}

void ir_print_annotated(const struct ir_module *m, ir_annotate_fn *annotate_node, void *ctx, struct out *out)
{
    print_items(&(struct printer){out, annotate_node, ctx}, m);
}

void ir_print_program(const struct ir_program *p, struct out *out)
{
    print_program(&(struct printer){.out = out}, p);
}

void ir_print_pipeline(const struct ir_pipeline *p, struct out *out)
{
    print_pipeline(&(struct printer){.out = out}, p);
}

void ir_print_stmt(const struct ir_stmt *s, uint32_t indent, struct out *out)
{
    print_stmt(&(struct printer){.out = out}, s, indent);
}
