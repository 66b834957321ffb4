/* access_print.c - access facts as text: one line for each access, in the notation of the integer set library. */
#include <stdlib.h>

#include "passes/access_isl.h"

static const char *const kind_texts[] = {"load", "store", "atomic"};

static void print_place(const struct access_facts *f, struct src_range range, struct out *out)
{
    const struct ir_module *m = f->program->module;
    if (!range.end) return;
    struct src_place place = source_locate(m->sources, range.begin);
    out_printf(out, " at %u:%u", (unsigned)place.line, (unsigned)place.column);
}

static void print_access(const struct access_facts *f, const struct access *a, struct out *out)
{
    out_printf(out, "  %s %s", kind_texts[a->kind], a->buffer->name);
    print_place(f, a->range, out);
    out_printf(out, "%s%s: ", a->known ? a->exact ? ", exact" : ", at most" : ", unknown",
               a->in_bounds ? ", in bounds" : "");
    char *text = a->relation ? isl_map_to_str(a->relation->map) : NULL;
    out_printf(out, "%s\n", text ? text : "?");
    free(text);
}

void access_print(const struct access_facts *f, struct out *out)
{
    if (f->arm)
        out_printf(out, "arm %s of %s:\n", f->arm->name, f->pipeline->name);
    else
        out_printf(out, "program %s:\n", f->program->name);
    for (uint32_t i = 0; i < f->accesses.n; i++)
        access_relate(f, f->accesses.at[i].buffer);
    for (uint32_t i = 0; i < f->accesses.n; i++)
        print_access(f, &f->accesses.at[i], out);
}
