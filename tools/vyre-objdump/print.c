/* print.c - a container as text and as JSON. The text is much like .vir: who knows one can read the other. */
#include <string.h>

#include "tools/vyre-objdump/objdump.h"

typedef unsigned long long ull;

const char *image_kind_name(uint32_t kind)
{
    static const char *const names[] = {"?", "metadata", "data", "cpu", "ptx", "cubin", "amdgcn", "spirv"};
    return kind < sizeof names / sizeof *names ? names[kind] : names[0];
}

static const char *access_name(uint8_t access)
{
    static const char *const names[] = {"read", "write", "read_write", "uniform"};
    return names[access];
}

static const char *type_text(const struct vyre_meta_buffer *b, struct arena *arena)
{
    const char *scalar = meta_type_info(b->type)->text;
    return b->lanes == 1 ? scalar : arena_printf(arena, "vec%u<%s>", b->lanes, scalar);
}

/* -- host expressions -------------------------------------------------------------------------- */

struct operation {
    const char *text;
    uint8_t n_args;
    bool is_infix;
};
static const struct operation operations[VYRE_META_OP_COUNT] = {
    [VYRE_META_OP_ADD] = {"+", 2, true},    [VYRE_META_OP_SUB] = {"-", 2, true},
    [VYRE_META_OP_MUL] = {"*", 2, true},    [VYRE_META_OP_DIV] = {"/", 2, true},
    [VYRE_META_OP_REM] = {"%", 2, true},    [VYRE_META_OP_AND] = {"&", 2, true},
    [VYRE_META_OP_OR] = {"|", 2, true},     [VYRE_META_OP_XOR] = {"^", 2, true},
    [VYRE_META_OP_SHL] = {"<<", 2, true},   [VYRE_META_OP_SHR] = {">>", 2, true},
    [VYRE_META_OP_EQ] = {"==", 2, true},    [VYRE_META_OP_NE] = {"!=", 2, true},
    [VYRE_META_OP_LT] = {"<", 2, true},     [VYRE_META_OP_LE] = {"<=", 2, true},
    [VYRE_META_OP_GT] = {">", 2, true},     [VYRE_META_OP_GE] = {">=", 2, true},
    [VYRE_META_OP_LAND] = {"&&", 2, true},  [VYRE_META_OP_LOR] = {"||", 2, true},
    [VYRE_META_OP_MIN] = {"min", 2, false}, [VYRE_META_OP_MAX] = {"max", 2, false},
    [VYRE_META_OP_LNOT] = {"!", 1, false},  [VYRE_META_OP_SELECT] = {"select", 3, false},
    [VYRE_META_OP_CAST] = {"", 1, false},
};
enum { MAX_SHOWN_OPS = 1000 }; /* what is longer cannot be read anyway, and is not recursed into */

struct shown {
    const struct dump *dump;
    const struct vyre_meta_unit *unit;
    const struct vyre_meta_op *ops;
    uint32_t begins[MAX_SHOWN_OPS]; /* where the operand that ends with this operation begins */
    struct out *out;
};

static void show_leaf(const struct shown *s, const struct vyre_meta_op *op)
{
    const struct metadata_view *m = &s->dump->meta;
    if (op->op == VYRE_META_OP_LEN)
        out_printf(s->out, "len(%s)", m->strings + m->buffers[s->unit->first_buffer + op->value].name);
    else if (op->op == VYRE_META_OP_PARAM)
        out_text(s->out, m->strings + m->params[s->unit->first_param + op->value].name);
    else
        out_printf(s->out, "%llu", (ull)op->value);
}

/* The operand whose last operation is `at`. */
static void show_operand(const struct shown *s, uint32_t at)
{
    const struct vyre_meta_op *op = &s->ops[at];
    const struct operation *o = &operations[op->op];
    uint32_t ends[3] = {0};
    if (!o->text) {
        show_leaf(s, op);
        return;
    }
    for (uint32_t i = o->n_args, end = at; i-- > 0; end = s->begins[ends[i]])
        ends[i] = end - 1;
    if (!o->is_infix) out_text(s->out, op->op == VYRE_META_OP_CAST ? meta_type_info(op->type)->text : o->text);
    out_text(s->out, "(");
    for (uint32_t i = 0; i < o->n_args; i++) {
        if (i && o->is_infix)
            out_printf(s->out, " %s ", o->text);
        else if (i)
            out_text(s->out, ", ");
        show_operand(s, ends[i]);
    }
    out_text(s->out, ")");
}

static const char *expr_text(const struct dump *d, const struct vyre_meta_unit *unit, uint32_t at, struct arena *arena)
{
    struct shown s = {.dump = d, .unit = unit, .ops = d->meta.ops + at};
    struct out text;
    uint32_t n = 0, stack[VYRE_META_MAX_DEPTH], depth = 0;
    for (; n < MAX_SHOWN_OPS && s.ops[n].op != VYRE_META_OP_END; n++) {
        uint32_t n_args = operations[s.ops[n].op].n_args;
        s.begins[n] = n_args ? stack[depth - n_args] : n;
        depth -= n_args;
        stack[depth++] = s.begins[n];
    }
    if (n == MAX_SHOWN_OPS) return "...";
    out_init(&text, arena->mem);
    s.out = &text;
    show_operand(&s, n - 1);
    const char *copy = arena_copy(arena, text.bytes, text.n);
    out_release(&text);
    return copy;
}

/* -- text -------------------------------------------------------------------------------------- */

static void print_images(const struct dump *d, struct out *out)
{
    out_printf(out, "container: version %u, %llu bytes, %u images\n", d->view.head->version,
               (ull)d->view.head->size_bytes, d->view.head->n_images);
    out_printf(out, "  %-9s %-26s %-12s %-20s %10s %10s %10s\n", "kind", "triple", "arch", "name", "offset", "stored",
               "bytes");
    for (uint32_t i = 0; i < d->view.head->n_images; i++) {
        const struct vyre_image *image = container_image(&d->view, i);
        const char *texts[] = {d->view.strings + image->triple, d->view.strings + image->arch,
                               d->view.strings + image->name};
        out_printf(out, "  %-9s %-26s %-12s %-20s %10llu %10llu %10llu\n", image_kind_name(image->kind),
                   *texts[0] ? texts[0] : "-", *texts[1] ? texts[1] : "-", *texts[2] ? texts[2] : "-",
                   (ull)image->offset, (ull)image->stored_bytes, (ull)image->real_bytes);
    }
}

static void print_arguments(const struct dump *d, const struct vyre_meta_unit *u, struct arena *arena, struct out *out)
{
    const struct metadata_view *m = &d->meta;
    for (uint32_t i = 0; i < u->n_buffers; i++) {
        const struct vyre_meta_buffer *b = &m->buffers[u->first_buffer + i];
        out_printf(out, "  buffer %s : %s %s[", m->strings + b->name, access_name(b->access), type_text(b, arena));
        if (b->flags & VYRE_META_SIZED) out_printf(out, "%llu", (ull)b->count);
        out_printf(out, "]; align %u; at %llu", b->align_bytes, (ull)b->arg_offset);
        if (b->prefix != VYRE_META_NONE)
            out_printf(out, "; written below %s", expr_text(d, u, (uint32_t)b->prefix, arena));
        out_text(out, "\n");
    }
    for (uint32_t i = 0; i < u->n_params; i++) {
        const struct vyre_meta_param *p = &m->params[u->first_param + i];
        out_printf(out, "  param %s : %s; at %llu\n", m->strings + p->name, meta_type_info(p->type)->text,
                   (ull)p->arg_offset);
    }
}

static void print_program(const struct dump *d, const struct vyre_meta_unit *u, struct arena *arena, struct out *out)
{
    out_printf(out, "program %s: symbol %s, %llu bytes of arguments\n", d->meta.strings + u->name,
               d->meta.strings + u->symbol, (ull)u->args_bytes);
    out_printf(out, "  workgroup %u, %u, %u\n  dispatch ", u->workgroup[0], u->workgroup[1], u->workgroup[2]);
    for (uint32_t i = 0; i < 3; i++)
        out_printf(out, "%s%s", i ? ", " : "", expr_text(d, u, (uint32_t)u->dispatch[i], arena));
    out_text(out, "\n");
    print_arguments(d, u, arena, out);
}

static void print_arm(const struct dump *d, const struct vyre_meta_unit *u, const struct vyre_meta_step *s,
                      struct arena *arena, struct out *out)
{
    const struct metadata_view *m = &d->meta;
    const struct vyre_meta_unit *p = &m->units[s->target];
    const struct vyre_meta_arg *args = m->args + s->first_arg;
    out_printf(out, "  arm %s = %s(", m->strings + s->name, m->strings + p->name);
    for (uint32_t i = 0; i < p->n_buffers; i++)
        out_printf(out, "%s%s: %s", i ? ", " : "", m->strings + m->buffers[p->first_buffer + i].name,
                   m->strings + m->buffers[u->first_buffer + args[i].value].name);
    for (uint32_t i = 0; i < p->n_params; i++)
        out_printf(out, "%s%s: %s", i + p->n_buffers ? ", " : "", m->strings + m->params[p->first_param + i].name,
                   expr_text(d, u, args[p->n_buffers + i].value, arena));
    out_text(out, ")");
    for (uint32_t i = 0; i < s->n_deps; i++)
        out_printf(out, "%s %u", i ? "," : " after", m->deps[s->first_dep + i].launch);
    out_text(out, "\n");
}

static void print_pipeline(const struct dump *d, const struct vyre_meta_unit *u, struct arena *arena, struct out *out)
{
    const struct metadata_view *m = &d->meta;
    out_printf(out, "pipeline %s: symbol %s, %llu bytes of arguments\n", m->strings + u->name, m->strings + u->symbol,
               (ull)u->args_bytes);
    print_arguments(d, u, arena, out);
    if (u->budget_bytes) out_printf(out, "  budget %llu\n", (ull)u->budget_bytes);
    for (uint32_t i = 0; i < u->n_temps; i++) {
        const struct vyre_meta_buffer *b = &m->buffers[u->first_buffer + u->n_buffers + i];
        out_printf(out, "  temp %s : %s[%s] in slot %u\n", m->strings + b->name, type_text(b, arena),
                   expr_text(d, u, (uint32_t)b->count_expr, arena), b->slot);
    }
    for (uint32_t i = 0; i < u->n_steps; i++) {
        const struct vyre_meta_step *s = &m->steps[u->first_step + i];
        if (s->kind == VYRE_META_ARM)
            print_arm(d, u, s, arena, out);
        else
            out_printf(out, "  host %s\n", m->strings + m->buffers[u->first_buffer + s->target].name);
    }
}

void print_text(const struct dump *d, struct arena *arena, struct out *out)
{
    const struct vyre_meta *head = d->meta.head;
    print_images(d, out);
    for (uint32_t i = 0; i < head->units.n; i++) {
        if (i < head->n_programs)
            print_program(d, &d->meta.units[i], arena, out);
        else
            print_pipeline(d, &d->meta.units[i], arena, out);
    }
}

/* -- JSON -------------------------------------------------------------------------------------- */

static void write_images(const struct dump *d, struct json *j)
{
    json_open(j, "images", "[");
    for (uint32_t i = 0; i < d->view.head->n_images; i++) {
        const struct vyre_image *image = container_image(&d->view, i);
        json_open(j, NULL, "{");
        json_string(j, "kind", image_kind_name(image->kind));
        json_string(j, "triple", d->view.strings + image->triple);
        json_string(j, "arch", d->view.strings + image->arch);
        json_string(j, "name", d->view.strings + image->name);
        json_number(j, "offset", image->offset);
        json_number(j, "stored_bytes", image->stored_bytes);
        json_number(j, "real_bytes", image->real_bytes);
        json_flag(j, "zstd", image->flags & VYRE_IMAGE_ZSTD);
        json_close(j, "}");
    }
    json_close(j, "]");
}

static void write_buffers(const struct dump *d, const struct vyre_meta_unit *u, const char *key, uint32_t first,
                          uint32_t n, struct arena *arena, struct json *j)
{
    json_open(j, key, "[");
    for (uint32_t i = first; i < first + n; i++) {
        const struct vyre_meta_buffer *b = &d->meta.buffers[u->first_buffer + i];
        json_open(j, NULL, "{");
        json_string(j, "name", d->meta.strings + b->name);
        json_string(j, "type", type_text(b, arena));
        json_string(j, "access", access_name(b->access));
        json_number(j, "align_bytes", b->align_bytes);
        if (b->flags & VYRE_META_SIZED) json_number(j, "count", b->count);
        if (b->count_expr != VYRE_META_NONE) json_string(j, "count", expr_text(d, u, (uint32_t)b->count_expr, arena));
        if (b->count_expr != VYRE_META_NONE) json_number(j, "slot", b->slot);
        if (b->count_expr == VYRE_META_NONE) json_number(j, "offset", b->arg_offset);
        if (b->prefix != VYRE_META_NONE) json_string(j, "written_below", expr_text(d, u, (uint32_t)b->prefix, arena));
        json_close(j, "}");
    }
    json_close(j, "]");
}

static void write_params(const struct dump *d, const struct vyre_meta_unit *u, struct json *j)
{
    json_open(j, "params", "[");
    for (uint32_t i = 0; i < u->n_params; i++) {
        const struct vyre_meta_param *p = &d->meta.params[u->first_param + i];
        json_open(j, NULL, "{");
        json_string(j, "name", d->meta.strings + p->name);
        json_string(j, "type", meta_type_info(p->type)->text);
        json_number(j, "offset", p->arg_offset);
        json_close(j, "}");
    }
    json_close(j, "]");
}

static void write_shape(const struct dump *d, const struct vyre_meta_unit *u, struct arena *arena, struct json *j)
{
    json_open(j, "workgroup", "[");
    for (uint32_t i = 0; i < 3; i++)
        json_number(j, NULL, u->workgroup[i]);
    json_close(j, "]");
    json_open(j, "dispatch", "[");
    for (uint32_t i = 0; i < 3; i++)
        json_string(j, NULL, expr_text(d, u, (uint32_t)u->dispatch[i], arena));
    json_close(j, "]");
}

static void write_steps(const struct dump *d, const struct vyre_meta_unit *u, struct json *j)
{
    const struct metadata_view *m = &d->meta;
    json_open(j, "steps", "[");
    for (uint32_t i = 0; i < u->n_steps; i++) {
        const struct vyre_meta_step *s = &m->steps[u->first_step + i];
        json_open(j, NULL, "{");
        if (s->kind == VYRE_META_ARM) {
            json_string(j, "arm", m->strings + s->name);
            json_string(j, "program", m->strings + m->units[s->target].name);
            json_open(j, "after", "[");
            for (uint32_t k = 0; k < s->n_deps; k++)
                json_number(j, NULL, m->deps[s->first_dep + k].launch);
            json_close(j, "]");
        } else {
            json_string(j, "host", m->strings + m->buffers[u->first_buffer + s->target].name);
        }
        json_close(j, "}");
    }
    json_close(j, "]");
}

void print_json(const struct dump *d, struct arena *arena, struct json *j)
{
    json_open(j, NULL, "{");
    json_number(j, "version", d->view.head->version);
    json_number(j, "size_bytes", d->view.head->size_bytes);
    write_images(d, j);
    json_open(j, "units", "[");
    for (uint32_t i = 0; i < d->meta.head->units.n; i++) {
        const struct vyre_meta_unit *u = &d->meta.units[i];
        bool is_program = i < d->meta.head->n_programs;
        json_open(j, NULL, "{");
        json_string(j, is_program ? "program" : "pipeline", d->meta.strings + u->name);
        json_string(j, "symbol", d->meta.strings + u->symbol);
        json_number(j, "args_bytes", u->args_bytes);
        write_buffers(d, u, "buffers", 0, u->n_buffers, arena, j);
        write_params(d, u, j);
        if (is_program)
            write_shape(d, u, arena, j);
        else
            write_buffers(d, u, "temps", u->n_buffers, u->n_temps, arena, j);
        if (!is_program) write_steps(d, u, j);
        json_close(j, "}");
    }
    json_close(j, "]");
    json_close(j, "}");
}
