/* container.c - puts images behind an index: see runtime-stub/vyre_container.h for the picture.
 *
 * Knows nothing of programs. Linear in the bytes, apart from what zstd takes. */
#include "codegen/container.h"

#include <string.h>
#include <zstd.h>

/* What is stored of an image. */
struct stored {
    const void *bytes;
    uint64_t n_bytes;
    uint32_t flags;
};

static bool may_compress(enum vyre_image_kind kind)
{
    return kind != VYRE_IMAGE_METADATA && kind != VYRE_IMAGE_DATA;
}

/* Level 19 makes images of a few KiB a thirtieth smaller in eight times the time, a tenth of that of an object for all targets. Large ones
 * take no longer than compiling them did. */
static int choose_level(uint64_t n_bytes)
{
    return n_bytes <= 16 << 20 ? 9 : 3;
}

static struct stored store_image(const struct container_image *image, struct arena *scratch)
{
    struct stored plain = {image->bytes, image->n_bytes, 0};
    if (!may_compress(image->kind) || image->n_bytes < 64) return plain;
    size_t bound = ZSTD_compressBound(image->n_bytes);
    void *packed = arena_alloc(scratch, bound);
    size_t n = ZSTD_compress(packed, bound, image->bytes, image->n_bytes, choose_level(image->n_bytes));
    if (ZSTD_isError(n)) memory_fail(scratch->mem); /* with room for the bound it can only lack memory */
    return n < image->n_bytes ? (struct stored){packed, n, VYRE_IMAGE_ZSTD} : plain;
}

/* Appends a string to the strings, "" being the first. */
static uint32_t add_string(struct out *strings, const char *text)
{
    if (!*text) return 0;
    uint32_t at = (uint32_t)strings->n;
    out_bytes(strings, text, strlen(text) + 1);
    return at;
}

static uint64_t round_up(uint64_t n, uint64_t alignment)
{
    return (n + alignment - 1) / alignment * alignment;
}

/* Fills the index and returns the size of the whole container. */
static uint64_t place_images(struct vyre_image *index, const struct container_image *images,
                             const struct stored *stored, uint32_t n, uint64_t at, struct out *strings)
{
    for (uint32_t i = 0; i < n; i++) {
        index[i] = (struct vyre_image){.kind = images[i].kind,
                                       .flags = stored[i].flags,
                                       .offset = at,
                                       .stored_bytes = stored[i].n_bytes,
                                       .real_bytes = images[i].n_bytes,
                                       .checksum = vyre_checksum(stored[i].bytes, stored[i].n_bytes),
                                       .triple = add_string(strings, images[i].triple),
                                       .arch = add_string(strings, images[i].arch),
                                       .name = add_string(strings, images[i].name)};
        at = round_up(at + stored[i].n_bytes, VYRE_CONTAINER_ALIGN) + VYRE_CONTAINER_TAIL;
    }
    return at;
}

/* The strings do not depend on where images lie: counts the bytes they will take. */
static uint64_t measure_strings(const struct container_image *images, uint32_t n)
{
    uint64_t bytes = 1;
    for (uint32_t i = 0; i < n; i++) {
        const char *texts[] = {images[i].triple, images[i].arch, images[i].name};
        for (uint32_t k = 0; k < 3; k++)
            bytes += *texts[k] ? strlen(texts[k]) + 1 : 0;
    }
    return bytes;
}

/* The host's byte order is the container's: all hosts are little-endian. */
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "structs are written as they lie in memory");

void container_write(const struct container_image *images, uint32_t n, uint64_t *offsets, struct arena *scratch,
                     struct out *out)
{
    struct stored *stored = ARENA_ARRAY(scratch, struct stored, (size_t)n + 1);
    struct vyre_image *index = ARENA_ARRAY(scratch, struct vyre_image, (size_t)n + 1);
    struct out strings, head;
    for (uint32_t i = 0; i < n; i++)
        stored[i] = store_image(&images[i], scratch);

    struct vyre_container c = {.version = VYRE_CONTAINER_VERSION, .n_images = n, .image_bytes = sizeof *index};
    memcpy(c.magic, VYRE_CONTAINER_MAGIC, sizeof c.magic);
    c.strings = sizeof c + n * sizeof *index;
    c.strings_bytes = measure_strings(images, n);
    c.head_bytes = c.strings + c.strings_bytes;
    out_init(&strings, out->mem);
    out_bytes(&strings, "", 1);
    c.size_bytes = place_images(index, images, stored, n, round_up(c.head_bytes, VYRE_CONTAINER_ALIGN), &strings);

    out_init(&head, out->mem);
    out_bytes(&head, &c, sizeof c);
    out_bytes(&head, index, n * sizeof *index);
    out_bytes(&head, strings.bytes, strings.n);
    c.checksum = vyre_checksum(head.bytes + 24, head.n - 24);
    c.self_check = (uint32_t)vyre_checksum(&c.checksum, sizeof c - 16);
    memcpy(head.bytes, &c, sizeof c);

    size_t start = out->n;
    out_bytes(out, head.bytes, head.n);
    for (uint32_t i = 0; i < n; i++) {
        offsets[i] = index[i].offset;
        while (out->n - start < index[i].offset)
            out_bytes(out, "", 1);
        out_bytes(out, stored[i].bytes, stored[i].n_bytes);
    }
    while (out->n - start < c.size_bytes)
        out_bytes(out, "", 1);
    out_release(&head);
    out_release(&strings);
}
