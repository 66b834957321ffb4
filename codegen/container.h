/* container.h - writing the container of an object: runtime-stub/vyre_container.h has its format. */
#ifndef VYREC_CODEGEN_CONTAINER_H
#define VYREC_CODEGEN_CONTAINER_H

#include "codegen/interface.h"
#include "runtime-stub/vyre_container.h"

struct container_image {
    enum vyre_image_kind kind;
    const char *triple, *arch, *name; /* "" where there is none */
    const void *bytes;
    uint64_t n_bytes;
};

/* Appends the container. Images that may be compressed are, when that makes them smaller. offsets[i] becomes where the
 * i-th image begins, from the container's start. The same images give the same bytes. */
void container_write(const struct container_image *images, uint32_t n, uint64_t *offsets, struct arena *scratch,
                     struct out *out);

/* The image of kind METADATA. */
void metadata_write(const struct ir_module *m, const struct interface *face, struct arena *scratch, struct out *out);

/* Everything of the object but the CPU's code: the contents' memory is that of `arena` and of `container`. False when something was reported. */
bool object_collect(const struct ir_module *m, const struct codegen_options *options, const struct interface *face,
                    struct diags *diags, struct arena *arena, struct out *container, struct object_contents *contents);

void header_write(const struct ir_module *m, const struct codegen_options *options, const struct interface *face,
                  struct out *out);
void manifest_write(const struct ir_module *m, const struct codegen_options *options, const struct interface *face,
                    struct out *out);

#endif
