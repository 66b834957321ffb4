/* main.c - vyre-objdump: tells what vyrec put into an object, or into what objects were linked into. */
#include <string.h>

#include "driver/tool.h"
#include "tools/vyre-objdump/objdump.h"

struct request {
    const char *output, *extract; /* extract: "data:NAME", "metadata", or NULL */
    bool json;
};

static struct request read_request(const struct tool *tool)
{
    struct request r = {.output = "-"};
    for (uint32_t i = 0; i < tool->options.uses.n; i++) {
        const struct option_use *use = &tool->options.uses.at[i];
        if (use->id == OPTION_ID_OUTPUT) r.output = use->argument;
        if (use->id == OPTION_ID_DUMP_JSON) r.json = true;
        if (use->id == OPTION_ID_DUMP_EXTRACT) r.extract = use->argument;
    }
    return r;
}

static void list_containers(struct tool *tool, const struct request *r, const dump_list *list, struct out *out)
{
    struct json j = {.out = out};
    if (r->json) json_open(&j, NULL, "[");
    for (uint32_t i = 0; i < list->n; i++) {
        if (r->json)
            print_json(&list->at[i], &tool->arena, &j);
        else
            print_text(&list->at[i], &tool->arena, out);
    }
    if (r->json) json_close(&j, "]");
}

/* Whether "kind", "kind:arch" or "kind:name" names the image. */
static bool is_wanted(const struct container_view *view, const struct vyre_image *image, const char *wanted)
{
    const char *kind = image_kind_name(image->kind);
    size_t n = strcspn(wanted, ":");
    if (n != strlen(kind) || memcmp(wanted, kind, n)) return false;
    return !wanted[n] || !strcmp(wanted + n + 1, view->strings + image->arch) ||
           !strcmp(wanted + n + 1, view->strings + image->name);
}

/* The first image that is wanted, in its real bytes. NULL, or what is wrong. */
static const char *extract_image(struct tool *tool, const dump_list *list, const char *wanted, struct out *out)
{
    for (uint32_t c = 0; c < list->n; c++) {
        const struct container_view *view = &list->at[c].view;
        for (uint32_t i = 0; i < view->head->n_images; i++) {
            const struct vyre_image *image = container_image(view, i);
            if (!is_wanted(view, image, wanted)) continue;
            char *bytes = arena_alloc(&tool->arena, image->real_bytes + 1);
            const char *wrong = container_extract(view, image, bytes);
            if (!wrong) out_bytes(out, bytes, image->real_bytes);
            return wrong;
        }
    }
    return "it has no such image";
}

static void dump_file(struct tool *tool, const struct request *r, const char *path)
{
    struct out file, text;
    dump_list list = {0};
    out_init(&file, &tool->mem);
    out_init(&text, &tool->mem);
    out_text(&text, "");
    int error = out_read_file(&file, path, SIZE_MAX / 8);
    const char *wrong = NULL;
    if (error) {
        diag_report(&tool->diags, DIAG_CANNOT_READ, SRC_NONE, path, strerror(error));
    } else {
        wrong = find_containers((const unsigned char *)file.bytes, file.n, &tool->arena, &list);
        if (!wrong && r->extract)
            wrong = extract_image(tool, &list, r->extract, &text);
        else if (!wrong)
            list_containers(tool, r, &list, &text);
        if (wrong)
            diag_report(&tool->diags, DIAG_BAD_OBJECT, SRC_NONE, path, wrong);
        else
            tool_write_file(tool, r->output, &text);
    }
    out_release(&text);
    out_release(&file);
}

static int work(struct tool *tool)
{
    struct request r = read_request(tool);
    if (!tool->options.inputs.n)
        diag_report(&tool->diags, DIAG_NO_INPUT, SRC_NONE);
    else if (tool->options.inputs.n > 1)
        diag_report(&tool->diags, DIAG_ONE_INPUT_ONLY, SRC_NONE, tool->options.inputs.n);
    if (tool->diags.n_errors) return TOOL_USAGE;
    dump_file(tool, &r, tool->options.inputs.at[0]);
    return TOOL_SUCCESS;
}

int main(int argc, char **argv)
{
    return tool_main(TOOL_OBJDUMP, argc, argv, work);
}
