/* json.c - see json.h. */
#include "ir/base/json.h"

#include <inttypes.h>
#include <string.h>

static void begin_item(struct json *j, const char *key)
{
    if (j->depth) out_printf(j->out, "%s\n%*s", j->has_items ? "," : "", (int)(2 * j->depth), "");
    j->has_items = true;
    if (!key) return;
    out_json_string(j->out, key, strlen(key));
    out_text(j->out, ": ");
}

void json_open(struct json *j, const char *key, const char *bracket)
{
    begin_item(j, key);
    out_text(j->out, bracket);
    j->depth++;
    j->has_items = false;
}

void json_close(struct json *j, const char *bracket)
{
    j->depth--;
    if (j->has_items) out_printf(j->out, "\n%*s", (int)(2 * j->depth), "");
    out_text(j->out, bracket);
    j->has_items = true;
    if (!j->depth) out_text(j->out, "\n");
}

void json_string_n(struct json *j, const char *key, const char *text, size_t n)
{
    begin_item(j, key);
    out_json_string(j->out, text, n);
}

void json_string(struct json *j, const char *key, const char *text)
{
    json_string_n(j, key, text, strlen(text));
}

void json_number(struct json *j, const char *key, uint64_t value)
{
    begin_item(j, key);
    out_printf(j->out, "%" PRIu64, value);
}

void json_flag(struct json *j, const char *key, bool value)
{
    begin_item(j, key);
    out_text(j->out, value ? "true" : "false");
}
