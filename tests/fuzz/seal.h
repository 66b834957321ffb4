/* seal.h - makes the checksums of a container right, so that a fuzz target gets behind them. */
#ifndef VYREC_TESTS_FUZZ_SEAL_H
#define VYREC_TESTS_FUZZ_SEAL_H

#include "runtime-stub/vyre_container.h"

static inline uint32_t half_checksum(const void *bytes, uint64_t n)
{
    return (uint32_t)vyre_checksum(bytes, n);
}

/* As far as the index makes sense. */
static inline void seal_container(unsigned char *bytes, uint64_t n)
{
    struct vyre_container *c = (struct vyre_container *)bytes;
    if (n < sizeof *c) return;
    c->self_check = half_checksum(&c->checksum, sizeof *c - 16);
    if (c->head_bytes < sizeof *c || c->head_bytes > n || c->image_bytes < sizeof(struct vyre_image) ||
        c->image_bytes % 8)
        return;
    for (uint32_t i = 0; i < c->n_images; i++) {
        uint64_t at = sizeof *c + (uint64_t)i * c->image_bytes;
        if (at > n || n - at < sizeof(struct vyre_image)) break;
        struct vyre_image *image = (struct vyre_image *)(bytes + at);
        if (image->offset <= n && image->stored_bytes <= n - image->offset)
            image->checksum = vyre_checksum(bytes + image->offset, image->stored_bytes);
    }
    c->checksum = vyre_checksum(bytes + 24, c->head_bytes - 24);
    c->self_check = half_checksum(&c->checksum, sizeof *c - 16);
}

#endif
