/* disassemble.c - code as text: PTX as it is, SPIR-V through SPIRV-Tools, the rest through programs that know the machine.
 * Each kind of code is a row of `ways`. */
#include "codegen/disassemble.h"

#include <string.h>

#include "ir/base/process.h"
#include "tools/vyre-objdump/objdump.h"

/* One image that is being shown. */
struct work {
    const struct dump *dump;
    struct file_bytes file;
    const struct selection *selection;
    const struct disassemblers *programs;
    struct arena *arena;
    struct disassembler_fault *fault;
    const struct vyre_image *image;
    struct code code;
    struct out *text;
};

/* -- what we know ourselves -------------------------------------------------------------------- */

static const char *show_text(struct work *w)
{
    out_bytes(w->text, w->code.bytes, strnlen(w->code.bytes, w->code.n));
    return NULL;
}

static const char *show_spirv(struct work *w)
{
    uint32_t *words = ARENA_ARRAY(w->arena, uint32_t, w->code.n / 4 + 1); /* aligned */
    memcpy(words, w->code.bytes, w->code.n);
    return codegen_disassemble_spirv(words, w->code.n / 4, w->text) ? NULL : "an image is not SPIR-V";
}

/* -- other programs ---------------------------------------------------------------------------- */

/* What the program writes of the file itself, its first lines up to `end`, tells nothing: it is a copy without a name. */
static size_t skip_head(const struct out *text, const char *end)
{
    const char *found = text->n ? strstr(text->bytes, end) : NULL;
    const char *line = found ? strchr(found, '\n') : NULL;
    return line ? (size_t)(line - text->bytes) + 1 : 0;
}

/* With the first of the names, ended by NULL, that can be started. */
static const char *show_with(struct work *w, const char *const *names, const char **arguments, struct file_bytes file)
{
    struct out text, fault;
    bool ok = false;
    out_init(&text, w->arena->mem);
    out_init(&fault, w->arena->mem);
    for (uint32_t i = 0; names[i] && !ok; i++) {
        arguments[0] = names[i];
        text.n = fault.n = 0;
        int status =
            process_run(&(struct process){.words = arguments, .input = file.bytes, .n_input = file.n}, &text, &fault);
        ok = status == 0;
        if (!ok) process_explain(status, &fault);
    }
    size_t begin = skip_head(&text, "file format ");
    if (ok)
        out_bytes(w->text, text.bytes + begin, text.n - begin);
    else
        *w->fault = (struct disassembler_fault){.kind = image_kind_name(w->image->kind),
                                                .program = arguments[0],
                                                .message = arena_copy(w->arena, fault.bytes, fault.n)};
    out_release(&text);
    out_release(&fault);
    return ok ? NULL : "it cannot be disassembled";
}

static const char *show_with_llvm(struct work *w, const char **arguments, struct file_bytes file)
{
    const char *names[] = {"llvm-objdump-22", "llvm-objdump", NULL}, *chosen[] = {w->programs->llvm_objdump, NULL};
    return show_with(w, *chosen ? chosen : names, arguments, file);
}

static const char *show_amdgcn(struct work *w)
{
    const char *arguments[] = {NULL, "--disassemble", "--no-leading-addr", "--no-show-raw-insn", PROCESS_INPUT_PATH,
                               NULL};
    return show_with_llvm(w, arguments, (struct file_bytes){w->code.bytes, w->code.n});
}

static const char *show_cubin(struct work *w)
{
    const char *names[] = {"nvdisasm", NULL}, *chosen[] = {w->programs->nvdisasm, NULL};
    const char *arguments[] = {NULL, "--print-code", PROCESS_INPUT_PATH, NULL};
    return show_with(w, *chosen ? chosen : names, arguments, (struct file_bytes){w->code.bytes, w->code.n});
}

/* CPU code is in the file's own text, under a name for each program and level. */
static const char *show_cpu(struct work *w)
{
    const struct metadata_view *meta = &w->dump->meta;
    const struct selection *s = w->selection;
    const char *arch = w->dump->view.strings + w->image->arch, *list = "";
    for (uint32_t i = 0; i < meta->head->n_programs; i++) {
        const char *program = meta->strings + meta->units[i].name;
        if (s->name && strcmp(s->name, program)) continue;
        list = arena_printf(w->arena, "%s%svyre.%s.%s", list, *list ? "," : "", program, arch);
    }
    const char *arguments[] = {NULL,
                               "--disassemble",
                               "--reloc",
                               "--no-show-raw-insn",
                               arena_printf(w->arena, "--disassemble-symbols=%s", list),
                               PROCESS_INPUT_PATH,
                               NULL};
    return *list ? show_with_llvm(w, arguments, w->file) : NULL;
}

/* -- all of it --------------------------------------------------------------------------------- */

static const char *(*const ways[])(struct work *) = {[VYRE_IMAGE_CPU] = show_cpu,
                                                     [VYRE_IMAGE_PTX] = show_text,
                                                     [VYRE_IMAGE_CUBIN] = show_cubin,
                                                     [VYRE_IMAGE_AMDGCN] = show_amdgcn,
                                                     [VYRE_IMAGE_SPIRV] = show_spirv};

/* An image of CPU code has no name of a program, so that the selection's name is looked at later. */
static bool is_selected(const struct selection *s, const struct container_view *view, const struct vyre_image *image)
{
    struct selection general = *s;
    if (image->kind >= sizeof ways / sizeof *ways || !ways[image->kind]) return false;
    if (image->kind == VYRE_IMAGE_CPU) general.name = NULL;
    return selection_takes(&general, view, image);
}

static const char *show_image(struct work *w, listing_list *list)
{
    const char *strings = w->dump->view.strings, *wrong = NULL;
    struct out text;
    out_init(&text, w->arena->mem);
    w->text = &text;
    if (w->image->kind != VYRE_IMAGE_CPU) wrong = code_extract(&w->dump->view, w->image, w->arena, &w->code);
    if (!wrong) wrong = ways[w->image->kind](w);
    if (!wrong && text.n) {
        struct listing one = {image_kind_name(w->image->kind),
                              strings + w->image->arch,
                              strings + w->image->name,
                              {arena_copy(w->arena, text.bytes, text.n), text.n}};
        vec_push(w->arena, list, one);
    }
    out_release(&text);
    return wrong;
}

const char *disassemble(const struct dump *d, struct file_bytes file, const struct selection *selection,
                        const struct disassemblers *programs, struct arena *arena, listing_list *list,
                        struct disassembler_fault *fault)
{
    struct work w = {
        .dump = d, .file = file, .selection = selection, .programs = programs, .arena = arena, .fault = fault};
    const char *wrong = NULL;
    for (uint32_t i = 0; i < d->view.head->n_images && !wrong; i++) {
        w.image = container_image(&d->view, i);
        if (is_selected(selection, &d->view, w.image)) wrong = show_image(&w, list);
    }
    return wrong;
}

void print_listings(const listing_list *list, struct out *out)
{
    for (uint32_t i = 0; i < list->n; i++) {
        const struct listing *l = &list->at[i];
        out_printf(out, "%s== %s %s%s%s\n", i ? "\n" : "", l->kind, l->arch, *l->name ? " " : "", l->name);
        out_bytes(out, l->text.bytes, l->text.n);
    }
}

void print_listings_json(const listing_list *list, struct out *out)
{
    struct json j = {.out = out};
    json_open(&j, NULL, "[");
    for (uint32_t i = 0; i < list->n; i++) {
        const struct listing *l = &list->at[i];
        json_open(&j, NULL, "{");
        json_string(&j, "kind", l->kind);
        json_string(&j, "arch", l->arch);
        json_string(&j, "name", l->name);
        json_string_n(&j, "text", l->text.bytes, l->text.n);
        json_close(&j, "}");
    }
    json_close(&j, "]");
}
