/* depfile.c - the rule for make, as gcc and clang write it.
 *
 *   scan.o: scan.vir \
 *     tables/base64.bin
 *   tables/base64.bin:
 */
#include <string.h>

#include "driver/vyrec.h"

enum { LINE_WIDTH = 78 };

/* GNU make, "Rule Syntax" and "Using Variables": $ is doubled; blanks and # take a backslash, and then so does each
 * backslash before them. A colon takes one too, which make, ninja and cmake all read back. */
void depfile_quote(const char *name, struct out *out)
{
    size_t n_backslashes = 0;
    for (const char *at = name; *at; at++) {
        if (*at == '$') out_text(out, "$");
        if (*at == ' ' || *at == '\t')
            for (size_t i = 0; i <= n_backslashes; i++)
                out_text(out, "\\");
        if (*at == '#' || *at == ':') out_text(out, "\\");
        out_bytes(out, at, 1);
        n_backslashes = *at == '\\' ? n_backslashes + 1 : 0;
    }
}

/* One more name of the rule, on a new line when this one is full. */
static void add_name(struct out *out, size_t *column, const char *name)
{
    struct out quoted;
    out_init(&quoted, out->mem);
    depfile_quote(name, &quoted);
    if (*column + 1 + quoted.n > LINE_WIDTH) {
        out_text(out, " \\\n ");
        *column = 1;
    }
    out_text(out, " ");
    out_bytes(out, quoted.bytes, quoted.n);
    *column += 1 + quoted.n;
    out_release(&quoted);
}

static void add_targets(const struct settings *settings, const char *target, struct out *out)
{
    if (!settings->depend_targets.n) depfile_quote(target, out);
    for (uint32_t i = 0; i < settings->depend_targets.n; i++)
        out_printf(out, "%s%s", i ? " " : "", settings->depend_targets.at[i]);
    out_text(out, ":");
}

void depfile_print(const struct settings *settings, const char *target, const char *input, const char *const *files,
                   uint32_t n_files, struct out *out)
{
    size_t start = out->n;
    add_targets(settings, target, out);
    size_t column = out->n - start;
    if (strcmp(input, "-")) add_name(out, &column, input);
    for (uint32_t i = 0; i < n_files; i++)
        add_name(out, &column, files[i]);
    out_text(out, "\n");
    for (uint32_t i = 0; settings->depend_phony && i < n_files; i++) {
        depfile_quote(files[i], out);
        out_text(out, ":\n");
    }
}
