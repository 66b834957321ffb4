/* diag_json.c - messages for programs.
 *
 * JSON: one object per line, with severity, code, message, file, line, column, end_line, end_column, begin, end (bytes
 * from 0 in the file), fix, replacement {begin, end, text}, notes [{message, place...}]. Absent where there is nothing
 * to say. SARIF: OASIS 2.1.0, one run; columns count code points, as its columnKind says. */
#include <ctype.h>
#include <string.h>

#include "ir/base/diag_print.h"

static void add_string(struct out *out, const char *key, const char *value)
{
    out_printf(out, "\"%s\": ", key);
    out_json_string(out, value, strlen(value));
}

/* ---- JSON ---- */

/* `, "file": ...` and the numbers of the range. */
static void add_json_place(struct out *out, const struct sources *sources, struct src_range range)
{
    struct src_place begin = source_locate(sources, range.begin), end = source_locate(sources, range.end);
    if (!begin.file) return;
    out_text(out, ", ");
    add_string(out, "file", begin.file->name);
    out_printf(out, ", \"line\": %u, \"column\": %u, \"end_line\": %u, \"end_column\": %u, \"begin\": %u, \"end\": %u",
               begin.line, begin.column, end.line, end.column, range.begin - begin.file->base,
               range.end - begin.file->base);
}

static void add_json_replacement(struct out *out, const struct sources *sources, const struct diag *g)
{
    struct src_place place = source_locate(sources, g->fix_range.begin);
    if (!g->replacement || !place.file) return;
    out_printf(out, ", \"replacement\": {\"begin\": %u, \"end\": %u, ", g->fix_range.begin - place.file->base,
               g->fix_range.end - place.file->base);
    add_string(out, "text", g->replacement);
    out_text(out, "}");
}

static void add_json_notes(struct out *out, const struct sources *sources, const struct diag *g)
{
    if (!g->notes.n) return;
    out_text(out, ", \"notes\": [");
    for (uint32_t i = 0; i < g->notes.n; i++) {
        out_text(out, i ? ", {" : "{");
        add_string(out, "message", g->notes.at[i].text);
        add_json_place(out, sources, g->notes.at[i].range);
        out_text(out, "}");
    }
    out_text(out, "]");
}

void diags_print_json(const struct diags *d, struct out *out)
{
    const struct diag **sorted = diags_sort(d);
    for (uint32_t i = 0; i < d->list.n; i++) {
        const struct diag *g = sorted[i];
        out_printf(out, "{\"severity\": \"%s\", \"code\": \"%s\", ", diag_severity_names[g->severity],
                   diag_infos[g->id].code);
        add_string(out, "message", g->text);
        add_json_place(out, d->sources, g->range);
        if (g->fix && *g->fix) out_text(out, ", "), add_string(out, "fix", g->fix);
        add_json_replacement(out, d->sources, g);
        add_json_notes(out, d->sources, g);
        out_text(out, "}\n");
    }
}

/* ---- SARIF ---- */

static const char *const sarif_levels[] = {
    [DIAG_SEVERITY_REMARK] = "note",
    [DIAG_SEVERITY_WARNING] = "warning",
    [DIAG_SEVERITY_ERROR] = "error",
    [DIAG_SEVERITY_FATAL] = "error",
};

/* Section 3.10: a relative or absolute URI reference; other bytes than unreserved ones are percent-encoded. */
static void add_uri(struct out *out, const char *path)
{
    out_text(out, *path == '/' ? "\"file://" : "\"");
    for (; *path; path++) {
        unsigned char c = (unsigned char)*path;
        if (isalnum(c) || strchr("-._~/", c))
            out_printf(out, "%c", c);
        else
            out_printf(out, "%%%02X", c);
    }
    out_text(out, "\"");
}

/* The column in code points, from 1. */
static uint32_t count_points(const struct src_place *place)
{
    uint32_t n = 1;
    for (uint32_t i = 0; i + 1 < place->column && i < place->line_bytes; i++)
        n += ((unsigned char)place->line_text[i] & 0xc0) != 0x80;
    return n;
}

static void add_region(struct out *out, const char *key, const struct sources *sources, struct src_range range)
{
    struct src_place begin = source_locate(sources, range.begin), end = source_locate(sources, range.end);
    out_printf(out,
               "\"%s\": {\"startLine\": %u, \"startColumn\": %u, \"endLine\": %u, \"endColumn\": %u, "
               "\"byteOffset\": %u, \"byteLength\": %u}",
               key, begin.line, count_points(&begin), end.line, count_points(&end), range.begin - begin.file->base,
               range.end - range.begin);
}

static void add_artifact(struct out *out, const struct source_file *file)
{
    out_text(out, "\"artifactLocation\": {\"uri\": ");
    add_uri(out, file->name);
    out_text(out, "}");
}

static void add_physical_location(struct out *out, const struct sources *sources, struct src_range range)
{
    out_text(out, "\"physicalLocation\": {");
    add_artifact(out, source_locate(sources, range.begin).file);
    out_text(out, ", ");
    add_region(out, "region", sources, range);
    out_text(out, "}");
}

static void add_message(struct out *out, const char *text)
{
    out_text(out, "\"message\": {");
    add_string(out, "text", text);
    out_text(out, "}");
}

static void add_related(struct out *out, const struct sources *sources, const struct diag *g)
{
    if (!g->notes.n) return;
    out_text(out, ", \"relatedLocations\": [");
    for (uint32_t i = 0; i < g->notes.n; i++) {
        out_text(out, i ? ", {" : "{");
        if (source_locate(sources, g->notes.at[i].range.begin).file) {
            add_physical_location(out, sources, g->notes.at[i].range);
            out_text(out, ", ");
        }
        add_message(out, g->notes.at[i].text);
        out_text(out, "}");
    }
    out_text(out, "]");
}

static void add_fixes(struct out *out, const struct sources *sources, const struct diag *g)
{
    struct src_place place = source_locate(sources, g->fix_range.begin);
    if (!g->replacement || !place.file) return;
    out_text(out, ", \"fixes\": [{\"description\": {");
    add_string(out, "text", g->fix);
    out_text(out, "}, \"artifactChanges\": [{");
    add_artifact(out, place.file);
    out_text(out, ", \"replacements\": [{");
    add_region(out, "deletedRegion", sources, g->fix_range);
    out_text(out, ", \"insertedContent\": {");
    add_string(out, "text", g->replacement);
    out_text(out, "}}]}]}]");
}

/* What helps, where it is no edit that a program could make: section 3.8, a property bag. */
static void add_advice(struct out *out, const struct diag *g)
{
    if (!g->fix || !*g->fix) return;
    out_text(out, ", \"properties\": {");
    add_string(out, "fix", g->fix);
    out_text(out, "}");
}

static void add_result(struct out *out, const struct sources *sources, const struct diag *g)
{
    out_printf(out, "      {\"ruleId\": \"%s\", \"level\": \"%s\", ", diag_infos[g->id].code,
               sarif_levels[g->severity]);
    add_message(out, g->text);
    if (source_locate(sources, g->range.begin).file) {
        out_text(out, ", \"locations\": [{");
        add_physical_location(out, sources, g->range);
        out_text(out, "}]");
    }
    add_related(out, sources, g);
    add_fixes(out, sources, g);
    add_advice(out, g);
    out_text(out, "}");
}

/* Only the rules that a result names, in the order of the table. */
static void add_rules(struct out *out, const struct diags *d)
{
    bool *used = ARENA_ARRAY(d->arena, bool, DIAG_COUNT);
    for (uint32_t i = 0; i < d->list.n; i++)
        used[d->list.at[i]->id] = true;
    const char *separator = "";
    for (int i = 0; i < DIAG_COUNT; i++) {
        if (!used[i]) continue;
        out_printf(out, "%s\n      {", separator);
        add_string(out, "id", diag_infos[i].code);
        out_text(out, ", ");
        add_string(out, "name", diag_infos[i].name);
        out_text(out, ", \"fullDescription\": {");
        add_string(out, "text", diag_infos[i].explanation);
        out_text(out, "}}");
        separator = ",";
    }
}

void diags_print_sarif(const struct diags *d, struct out *out)
{
    const struct diag **sorted = diags_sort(d);
    out_text(out, "{\n  \"$schema\": \"https://json.schemastore.org/sarif-2.1.0.json\",\n  \"version\": \"2.1.0\",\n"
                  "  \"runs\": [{\n    \"tool\": {\"driver\": {\"name\": \"vyrec\", \"rules\": [");
    add_rules(out, d);
    out_text(out, "]}},\n    \"columnKind\": \"unicodeCodePoints\",\n    \"results\": [\n");
    for (uint32_t i = 0; i < d->list.n; i++) {
        if (i) out_text(out, ",\n");
        add_result(out, d->sources, sorted[i]);
    }
    out_text(out, "]\n  }]\n}\n");
}
