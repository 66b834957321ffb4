/* main.c - vyre-objdump: tells what vyrec put into an object, or into what objects were linked into. */
#include <string.h>

#include "driver/tool.h"
#include "tools/vyre-objdump/objdump.h"

struct request {
    const char *output, *extract; /* extract: "data:NAME", "metadata", or NULL */
    bool json, code;              /* code: as text */
    const char *selected;         /* code of these images; NULL: of all */
    struct disassemblers programs;
};

static void note_option(struct request *r, const struct option_use *use)
{
    switch (use->id) {
    case OPTION_ID_OUTPUT:
        r->output = use->argument;
        break;
    case OPTION_ID_DUMP_JSON:
        r->json = true;
        break;
    case OPTION_ID_DUMP_EXTRACT:
        r->extract = use->argument;
        break;
    case OPTION_ID_DUMP_LLVM:
        r->programs.llvm_objdump = use->argument;
        break;
    case OPTION_ID_DUMP_NVDISASM:
        r->programs.nvdisasm = use->argument;
        break;
    case OPTION_ID_DUMP_CODE:
        r->code = true;
        r->selected = use->argument;
        break;
    default:
        break;
    }
}

static struct request read_request(const struct tool *tool)
{
    struct request r = {.output = "-"};
    for (uint32_t i = 0; i < tool->options.uses.n; i++)
        note_option(&r, &tool->options.uses.at[i]);
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

/* The first image that is wanted. NULL, or what is wrong. */
static const char *extract_image(struct tool *tool, const dump_list *list, const char *wanted, struct out *out)
{
    struct selection selection = selection_parse(wanted, &tool->arena);
    for (uint32_t c = 0; c < list->n; c++) {
        const struct container_view *view = &list->at[c].view;
        for (uint32_t i = 0; i < view->head->n_images; i++) {
            const struct vyre_image *image = container_image(view, i);
            struct code code;
            if (!selection_takes(&selection, view, image)) continue;
            const char *wrong = code_extract(view, image, &tool->arena, &code);
            if (!wrong) out_bytes(out, code.bytes, code.n);
            return wrong;
        }
    }
    return "it has no such image";
}

/* NULL, or what is wrong with the file; what is wrong with another program is reported. */
static const char *disassemble_all(struct tool *tool, const struct request *r, const dump_list *list,
                                   const struct out *file, struct out *out)
{
    struct disassembler_fault fault = {0};
    struct selection selection = {0};
    listing_list code = {0};
    const char *wrong = NULL;
    if (r->selected) selection = selection_parse(r->selected, &tool->arena);
    for (uint32_t c = 0; c < list->n && !wrong; c++)
        wrong = disassemble(&list->at[c], (struct file_bytes){file->bytes, file->n}, &selection, &r->programs,
                            &tool->arena, &code, &fault);
    if (fault.program) {
        diag_report(&tool->diags, DIAG_NO_DISASSEMBLER, SRC_NONE, fault.kind, fault.program, fault.message);
        return NULL;
    }
    if (!wrong && !code.n) return "it has no such code";
    if (r->json)
        print_listings_json(&code, out);
    else
        print_listings(&code, out);
    return wrong;
}

static const char *show_file(struct tool *tool, const struct request *r, const struct out *file, struct out *text)
{
    dump_list list = {0};
    const char *wrong = find_containers((const unsigned char *)file->bytes, file->n, &tool->arena, &list);
    if (wrong) return wrong;
    if (r->extract) return extract_image(tool, &list, r->extract, text);
    if (r->code) return disassemble_all(tool, r, &list, file, text);
    list_containers(tool, r, &list, text);
    return NULL;
}

static void dump_file(struct tool *tool, const struct request *r, const char *path)
{
    struct out file, text;
    out_init(&file, &tool->mem);
    out_init(&text, &tool->mem);
    out_text(&text, "");
    int error = out_read_file(&file, path, SIZE_MAX / 8);
    if (error) {
        diag_report(&tool->diags, DIAG_CANNOT_READ, SRC_NONE, path, strerror(error));
    } else {
        const char *wrong = show_file(tool, r, &file, &text);
        if (wrong) diag_report(&tool->diags, DIAG_BAD_OBJECT, SRC_NONE, path, wrong);
        if (!tool->diags.n_errors) tool_write_file(tool, r->output, &text);
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
