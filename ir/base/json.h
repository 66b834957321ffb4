/* json.h - writing JSON: indented, members in the order they are given.
 *
 *   struct json j = {.out = out};
 *   json_open(&j, NULL, "{");
 *   json_string(&j, "name", name);
 *   json_open(&j, "items", "[");  json_number(&j, NULL, 1);  json_close(&j, "]");
 *   json_close(&j, "}");
 *
 * `key` is NULL for what stands in an array, or by itself. */
#ifndef VYREC_BASE_JSON_H
#define VYREC_BASE_JSON_H

#include "ir/base/out.h"

struct json {
    struct out *out;
    uint32_t depth;
    bool has_items; /* in the innermost object or array */
};

void json_open(struct json *j, const char *key, const char *bracket);
void json_close(struct json *j, const char *bracket);
void json_string(struct json *j, const char *key, const char *text);
void json_string_n(struct json *j, const char *key, const char *text, size_t n);
void json_number(struct json *j, const char *key, uint64_t value);
void json_flag(struct json *j, const char *key, bool value);

#endif
