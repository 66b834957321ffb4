/* device_images.h - the PTX, cubins and AMDGCN code objects of an object. */
#ifndef VYREC_CODEGEN_DEVICE_IMAGES_H
#define VYREC_CODEGEN_DEVICE_IMAGES_H

#include "codegen/container.h"

enum { DEVICE_IMAGES_PER_TARGET = 2 }; /* at most: PTX and its cubin */
/* Appends them to `images`, in the order of programs and targets, whatever the number of threads. False when something was reported. */
bool device_images_add(const struct ir_module *m, const struct codegen_options *options, struct diags *diags,
                       struct arena *arena, struct container_image *images, uint32_t *n);

#endif
