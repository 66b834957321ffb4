/* decoder.c - pipelines that scan what a decoder of examples/lib makes of the text. Fused, each workgroup decodes what it scans. */
#include <string.h>

#include "tools/vyre-gen/gen.h"

static const struct decoder decoders[] = {{"base64", "base64.vir", "base64_decode", "(len(text) + 3) / 4 * 3"},
                                          {"base64url", "base64.vir", "base64url_decode", "(len(text) + 3) / 4 * 3"},
                                          {"hex", "hex.vir", "hex_decode", "len(text) / 2"}};

const struct decoder *decoder_find(const char *name)
{
    for (uint32_t i = 0; i < sizeof(decoders) / sizeof(decoders[0]); i++)
        if (!strcmp(decoders[i].name, name)) return &decoders[i];
    return NULL;
}

void decoder_print_import(struct scanner *s)
{
    const struct decoder *d = s->request->decoder;
    if (d) print_text(s, "", "import \"%s\";\n\n", d->file);
}

static void print_pipeline(struct scanner *s, const char *suffix, enum report like)
{
    const struct decoder *d = s->request->decoder;
    print_text(s, "",
               "\npipeline @_%s_%s (text : read u8[], report : read_write u32[3], %s) {\n"
               "  temp plain : u8[%s];\n"
               "  arm decode = %s(text: text, plain: plain, report: report);\n"
               "  arm scan   = @_%s(text: plain, %s);\n"
               "}\n",
               d->name, suffix, report_parameters(like), d->length, d->pipeline, suffix, report_arguments(like));
}

void decoder_print_pipelines(struct scanner *s)
{
    const struct decoder *d = s->request->decoder;
    if (!d) return;
    print_text(
        s, "",
        "\n// The same for a text in %s. Places are those of decoded bytes; what it says of faults is described in "
        "report.vir.\n",
        d->name);
    for (uint32_t report = 0; report < REPORT_KINDS; report++)
        print_pipeline(s, report_suffix((enum report)report), (enum report)report);
    print_pipeline(s, "sorted", REPORT_FIND);
}
