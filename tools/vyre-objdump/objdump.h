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

/* -- the code of images ------------------------------------------------------------------------ */

/* "kind", "kind:arch", "kind:name" or "kind:arch:name" in its parts; NULL where it has none: any. */
struct selection {
    const char *kind, *arch, *name;
};
struct selection selection_parse(const char *text, struct arena *arena);
bool selection_takes(const struct selection *s, const struct container_view *view, const struct vyre_image *image);

/* The bytes of an image that are of use without the runtime: code without what the runtime needs to launch it, PTX
 * without its NUL, other images whole. NULL, or what is wrong. */
struct code {
    const char *bytes;
    size_t n;
};
const char *code_extract(const struct container_view *view, const struct vyre_image *image, struct arena *arena,
                         struct code *code);

/* The programs that disassemble what we do not: NULL for names to be looked for in PATH. */
struct disassemblers {
    const char *llvm_objdump, *nvdisasm;
};
/* Where it could not be started, or failed. */
struct disassembler_fault {
    const char *kind, *program, *message;
};

/* One piece of code as text. */
struct listing {
    const char *kind, *arch, *name;
    struct code text;
};
typedef VEC(struct listing) listing_list;
struct file_bytes {
    const char *bytes;
    size_t n;
};
/* Appends the code that is selected of one container of the file. NULL, or what is wrong; fault->program where it is
 * another program's. */
const char *disassemble(const struct dump *d, struct file_bytes file, const struct selection *selection,
                        const struct disassemblers *programs, struct arena *arena, listing_list *list,
                        struct disassembler_fault *fault);
void print_listings(const listing_list *list, struct out *out);
void print_listings_json(const listing_list *list, struct out *out);

/* -- all of it as text ------------------------------------------------------------------------- */

const char *image_kind_name(uint32_t kind); /* "?" for kinds that are not known */
void print_text(const struct dump *d, struct arena *arena, struct out *out);
void print_json(const struct dump *d, struct arena *arena, struct json *j);

#endif
