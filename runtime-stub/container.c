/* container.c - the reader of containers: every offset, size and checksum is looked at before it is used.
 *
 * zstd is opened by its ABI name when an image is compressed, so that programs which need none link with the runtime
 * alone. */
#include "runtime-stub/container.h"

#include <dlfcn.h>
#include <string.h>

/* Half-open range of `n` bytes from `at` inside `size`, without overflow. */
static bool is_inside(uint64_t at, uint64_t n, uint64_t size)
{
    return at <= size && n <= size - at;
}

/* The struct itself, which must be right before anything else is read. */
static const char *check_head(const struct vyre_container *c, uint64_t available)
{
    if (available < sizeof *c) return "it is shorter than its head";
    if (memcmp(c->magic, VYRE_CONTAINER_MAGIC, sizeof c->magic)) return "it does not begin with the magic word";
    if (c->self_check != (uint32_t)vyre_checksum(&c->checksum, sizeof *c - offsetof(struct vyre_container, checksum)))
        return "its head is damaged";
    if (c->version != VYRE_CONTAINER_VERSION)
        return "its version is not known: it was made by another compiler version";
    if (c->size_bytes > available || c->size_bytes % VYRE_CONTAINER_ALIGN) return "its size is wrong";
    if (c->head_bytes > c->size_bytes || c->image_bytes < sizeof(struct vyre_image) || c->image_bytes % 8)
        return "its index is malformed";
    if (c->strings < sizeof *c || (c->strings - sizeof *c) / c->image_bytes < c->n_images)
        return "its index is malformed";
    if (!c->strings_bytes || !is_inside(c->strings, c->strings_bytes, c->head_bytes))
        return "its strings are malformed";
    return NULL;
}

static const char *check_entry(const struct container_view *view, const struct vyre_image *image)
{
    const struct vyre_container *c = view->head;
    if (image->offset < c->head_bytes || image->offset % VYRE_CONTAINER_ALIGN) return "an image is misplaced";
    if (!is_inside(image->offset, image->stored_bytes, c->size_bytes)) return "an image passes its end";
    if (c->size_bytes - image->offset - image->stored_bytes < VYRE_CONTAINER_TAIL)
        return "an image has no room behind it";
    if (image->real_bytes >> 48) return "an image's size is wrong"; /* also what zstd says for "unknown" */
    if (!(image->flags & VYRE_IMAGE_ZSTD) && image->real_bytes != image->stored_bytes) return "an image's sizes differ";
    if (image->triple >= c->strings_bytes || image->arch >= c->strings_bytes || image->name >= c->strings_bytes)
        return "an image's name is misplaced";
    return NULL;
}

const char *container_open(const void *bytes, uint64_t available, struct container_view *view)
{
    *view = (struct container_view){.bytes = bytes, .head = bytes};
    if ((uintptr_t)bytes % VYRE_CONTAINER_ALIGN) return "it is not aligned";
    const char *wrong = check_head(view->head, available);
    if (wrong) return wrong;
    const struct vyre_container *c = view->head;
    view->strings = (const char *)view->bytes + c->strings;
    if (vyre_checksum(view->bytes + 24, c->head_bytes - 24) != c->checksum) return "its index is damaged";
    if (view->strings[c->strings_bytes - 1]) return "its strings are malformed";
    for (uint32_t i = 0; i < c->n_images; i++)
        if ((wrong = check_entry(view, container_image(view, i)))) return wrong;
    return NULL;
}

const struct vyre_image *container_image(const struct container_view *view, uint32_t i)
{
    return (const struct vyre_image *)(view->bytes + sizeof *view->head + (uint64_t)i * view->head->image_bytes);
}

const struct vyre_image *container_find(const struct container_view *view, enum vyre_image_kind kind)
{
    for (uint32_t i = 0; i < view->head->n_images; i++)
        if (container_image(view, i)->kind == kind) return container_image(view, i);
    return NULL;
}

const char *container_check_image(const struct container_view *view, const struct vyre_image *image)
{
    if (image->flags & ~(uint32_t)(VYRE_IMAGE_MUST - 1)) return "an image needs a newer runtime";
    if (vyre_checksum(view->bytes + image->offset, image->stored_bytes) != image->checksum)
        return "an image is damaged";
    return NULL;
}

/* -- decompression ----------------------------------------------------------------------------- */

/* The part of zstd's stable interface that is used. */
struct zstd {
    void *library;
    unsigned long long (*frame_content_size)(const void *from, size_t n);
    size_t (*decompress)(void *to, size_t room, const void *from, size_t n);
    unsigned (*is_error)(size_t code);
};

static bool open_zstd(struct zstd *z)
{
    z->library = dlopen("libzstd.so.1", RTLD_NOW | RTLD_LOCAL);
    if (!z->library) return false;
    *(void **)&z->frame_content_size = dlsym(z->library, "ZSTD_getFrameContentSize");
    *(void **)&z->decompress = dlsym(z->library, "ZSTD_decompress");
    *(void **)&z->is_error = dlsym(z->library, "ZSTD_isError");
    return z->frame_content_size && z->decompress && z->is_error;
}

static const char *decompress(const unsigned char *from, const struct vyre_image *image, void *to)
{
    struct zstd z = {0};
    const char *wrong = NULL;
    if (!open_zstd(&z)) {
        wrong = "libzstd.so.1 is not installed, which compressed images need";
    } else if (z.frame_content_size(from, image->stored_bytes) != image->real_bytes) {
        wrong = "an image's size is not what was compressed";
    } else {
        size_t n = z.decompress(to, image->real_bytes, from, image->stored_bytes);
        if (z.is_error(n) || n != image->real_bytes) wrong = "an image cannot be decompressed";
    }
    if (z.library) dlclose(z.library);
    return wrong;
}

const char *container_extract(const struct container_view *view, const struct vyre_image *image, void *to)
{
    const char *wrong = container_check_image(view, image);
    if (wrong) return wrong;
    const unsigned char *from = view->bytes + image->offset;
    if (image->flags & VYRE_IMAGE_ZSTD) return decompress(from, image, to);
    if (image->real_bytes) memcpy(to, from, image->real_bytes);
    return NULL;
}
