/* explain_svg.c - --explain=svg: time goes down, a line for each buffer, a row for each arm of the text, a box around the arms of
 * one launch. Arrows from a line are reads, to a line writes. A buffer that needs no memory any more has a dashed line, an arm that is
 * not run a grey row. One picture, its pipelines one below the other. */
#include <inttypes.h>
#include <string.h>

#include "driver/explain.h"

enum {
    MARGIN = 20,
    TITLE_HEIGHT = 34,
    NAMES_HEIGHT = 30,
    ROW_HEIGHT = 40,
    ARM_HEIGHT = 26,
    LAUNCH_GAP = 18,
    ARM_X = 40,
    ARM_WIDTH = 190,
    FIRST_LINE_X = 300,
    LINE_STEP = 110,
};

struct picture {
    const struct explained *e;
    struct out *out;
    uint32_t top; /* of this pipeline */
    uint32_t y;   /* where the next row begins */
};

static uint32_t count_buffers(const struct explained *e)
{
    return e->before->buffers.n + e->before->temps.n;
}

static const struct ir_buffer *get_buffer(const struct explained *e, uint32_t k)
{
    return k < e->before->buffers.n ? e->before->buffers.at[k] : e->before->temps.at[k - e->before->buffers.n];
}

static uint32_t line_x(uint32_t k)
{
    return FIRST_LINE_X + k * LINE_STEP;
}

/* -- size -------------------------------------------------------------------------------------------------------- */

/* Rows of one launch as compiled; NULL: the arms that are not run. */
static uint32_t count_rows(const struct explained *e, const struct ir_arm *launch)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < e->written.list.n; i++)
        n += explain_find_launch(e, e->written.list.at[i].arm->name) == launch;
    return n;
}

static uint32_t measure_height(const struct explained *e)
{
    uint32_t height = TITLE_HEIGHT + NAMES_HEIGHT + MARGIN;
    for (uint32_t i = 0; i <= e->compiled.list.n; i++)
        height += LAUNCH_GAP + ROW_HEIGHT * count_rows(e, i < e->compiled.list.n ? e->compiled.list.at[i].arm : NULL);
    return height;
}

static uint32_t measure_width(const struct explanation *x)
{
    uint32_t width = FIRST_LINE_X;
    for (uint32_t i = 0; i < x->pipelines.n; i++)
        if (line_x(count_buffers(&x->pipelines.at[i])) > width) width = line_x(count_buffers(&x->pipelines.at[i]));
    return width + MARGIN;
}

/* -- parts -------------------------------------------------------------------------------------------------------- */

/* Names are identifiers, but this is XML whatever they become. */
static void print_escaped(struct out *out, const char *text)
{
    for (; *text; text++) {
        const char *entity = *text == '<' ? "&lt;" : *text == '>' ? "&gt;" : *text == '&' ? "&amp;" : NULL;
        if (entity)
            out_text(out, entity);
        else
            out_bytes(out, text, 1);
    }
}

static void print_text(struct out *out, uint32_t x, uint32_t y, const char *class, const char *text)
{
    out_printf(out, "<text x=\"%" PRIu32 "\" y=\"%" PRIu32 "\" class=\"%s\">", x, y, class);
    print_escaped(out, text);
    out_text(out, "</text>\n");
}

static void draw_buffers(const struct picture *p, uint32_t bottom)
{
    for (uint32_t k = 0; k < count_buffers(p->e); k++) {
        const struct ir_buffer *b = get_buffer(p->e, k);
        const char *class = !explain_find_buffer(p->e, b->name) ? "buffer gone"
                            : k >= p->e->before->buffers.n      ? "buffer temp"
                                                                : "buffer";
        print_text(p->out, line_x(k), p->top + TITLE_HEIGHT + 10, "name", b->name);
        out_printf(p->out,
                   "<line x1=\"%" PRIu32 "\" y1=\"%" PRIu32 "\" x2=\"%" PRIu32 "\" y2=\"%" PRIu32 "\" class=\"%s\"/>\n",
                   line_x(k), p->top + TITLE_HEIGHT + 18, line_x(k), bottom, class);
    }
}

static void draw_arrow(const struct picture *p, uint32_t from, uint32_t to, uint32_t y, const char *class)
{
    out_printf(p->out,
               "<line x1=\"%" PRIu32 "\" y1=\"%" PRIu32 "\" x2=\"%" PRIu32 "\" y2=\"%" PRIu32
               "\" class=\"%s\" marker-end=\"url(#tip)\"/>\n",
               from, y, to, y, class);
}

static void draw_accesses(const struct picture *p, const struct ir_arm *arm, uint32_t y)
{
    for (uint32_t i = 0; i < arm->program->buffers.n; i++) {
        const struct ir_arg *a = &arm->args.at[i];
        uint32_t x = line_x(a->buffer->index);
        if (ir_access_reads(a->formal_buffer->access)) draw_arrow(p, x, ARM_X + ARM_WIDTH + 2, y + 8, "read");
        if (ir_access_writes(a->formal_buffer->access)) draw_arrow(p, ARM_X + ARM_WIDTH, x - 2, y + 18, "write");
    }
}

static void draw_arm(struct picture *p, const struct ir_arm *arm, bool is_run)
{
    uint32_t y = p->y + (ROW_HEIGHT - ARM_HEIGHT) / 2;
    out_printf(p->out, "<rect x=\"%d\" y=\"%" PRIu32 "\" width=\"%d\" height=\"%d\" rx=\"3\" class=\"arm%s\"/>\n",
               ARM_X, y, ARM_WIDTH, ARM_HEIGHT, is_run ? "" : " gone");
    print_text(p->out, ARM_X + 8, y + 17, "name", arm->name);
    if (is_run) draw_accesses(p, arm, y);
    p->y += ROW_HEIGHT;
}

/* The arms that one launch does; NULL: those that nobody does. */
static void draw_launch(struct picture *p, const struct ir_arm *launch)
{
    uint32_t n = count_rows(p->e, launch);
    if (!n) return;
    p->y += LAUNCH_GAP;
    if (launch) {
        out_printf(p->out,
                   "<rect x=\"%d\" y=\"%" PRIu32 "\" width=\"%d\" height=\"%" PRIu32
                   "\" rx=\"8\" class=\"launch\"><title>launch %s</title></rect>\n",
                   ARM_X - 12, p->y - 2, ARM_WIDTH + 24, n * ROW_HEIGHT + 4, launch->name);
    }
    for (uint32_t i = 0; i < p->e->written.list.n; i++) {
        const struct ir_arm *arm = p->e->written.list.at[i].arm;
        if (explain_find_launch(p->e, arm->name) == launch) draw_arm(p, arm, launch != NULL);
    }
}

static void draw_title(const struct picture *p)
{
    uint64_t before, after;
    struct out title;
    const struct explained *e = p->e;
    out_init(&title, p->out->mem);
    uint32_t n_arms = e->written.list.n, n_launches = e->compiled.list.n;
    out_printf(&title, "%s: %" PRIu32 " %s, %" PRIu32 " %s", e->before->name, n_arms, n_arms == 1 ? "arm" : "arms",
               n_launches, n_launches == 1 ? "launch" : "launches");
    if (explain_eval(e, &e->written.traffic, &before) && explain_eval(e, &e->compiled.traffic, &after))
        out_printf(&title, ", %" PRIu64 " bytes moved instead of %" PRIu64, after, before);
    print_text(p->out, MARGIN, p->top + 20, "title", title.bytes);
    out_release(&title);
}

static void draw_pipeline(const struct explained *e, uint32_t top, struct out *out)
{
    struct picture p = {e, out, top, top + TITLE_HEIGHT + NAMES_HEIGHT};
    draw_title(&p);
    draw_buffers(&p, top + measure_height(e) - MARGIN);
    for (uint32_t i = 0; i < e->compiled.list.n; i++)
        draw_launch(&p, e->compiled.list.at[i].arm);
    draw_launch(&p, NULL);
}

/* -- the whole ----------------------------------------------------------------------------------------------------- */

static const char style[] =
    "<style>\n"
    "text { font-family: sans-serif; font-size: 13px; fill: #222 }\n"
    ".title { font-size: 15px; font-weight: bold }\n"
    ".launch { fill: #eef3fb; stroke: #5b7db1 }\n"
    ".arm { fill: #fff; stroke: #333 }\n"
    ".arm.gone { stroke: #bbb; stroke-dasharray: 4 3 }\n"
    ".buffer { stroke: #333; stroke-width: 2 }\n"
    ".buffer.temp { stroke: #a06000 }\n"
    ".buffer.gone { stroke: #bbb; stroke-dasharray: 4 3 }\n"
    ".read { stroke: #2a7a2a }\n"
    ".write { stroke: #b03030 }\n"
    "</style>\n"
    "<defs><marker id=\"tip\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" "
    "orient=\"auto\"><path d=\"M0,0 L8,4 L0,8 z\"/></marker></defs>\n";

void explain_print_svg(const struct explanation *x, struct out *out)
{
    uint32_t height = MARGIN, top = MARGIN / 2, width = measure_width(x);
    for (uint32_t i = 0; i < x->pipelines.n; i++)
        height += measure_height(&x->pipelines.at[i]);
    out_printf(out,
               "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%" PRIu32 "\" height=\"%" PRIu32
               "\" viewBox=\"0 0 %" PRIu32 " %" PRIu32 "\">\n",
               width, height, width, height);
    out_text(out, style);
    for (uint32_t i = 0; i < x->pipelines.n; i++) {
        draw_pipeline(&x->pipelines.at[i], top, out);
        top += measure_height(&x->pipelines.at[i]);
    }
    out_text(out, "</svg>\n");
}
