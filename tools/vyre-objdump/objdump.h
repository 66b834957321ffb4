/* objdump.h - the parts of vyre-objdump: finding containers in files, and telling what they hold. */
#ifndef VYREC_TOOLS_OBJDUMP_H
#define VYREC_TOOLS_OBJDUMP_H

#include "ir/base/json.h"
#include "ir/base/vec.h"
#include "runtime-stub/container.h"

/* One container of a file, and its metadata. */
struct dump {
    struct container_view view;
    struct metadata_view meta;
};
typedef VEC(struct dump) dump_list;

/* All containers in the bytes of a 64-bit little-endian ELF file (object, executable or shared library), or of a bare
 * container. NULL, or what is wrong with it. Trusts nothing in it. */
const char *find_containers(const unsigned char *bytes, size_t n, struct arena *arena, dump_list *list);

const char *image_kind_name(uint32_t kind); /* "?" for kinds that are not known */
void print_text(const struct dump *d, struct arena *arena, struct out *out);
void print_json(const struct dump *d, struct arena *arena, struct json *j);

#endif
