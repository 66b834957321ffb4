/* codegen_container.c - what container.c writes is what the runtime's reader reads: every kind, compressed or not. */
#include "tests/unit/test.h"

#include <stdlib.h>

#include "codegen/container.h"
#include "runtime-stub/container.h"

enum { LONG_BYTES = 100000 };

static char repeated[LONG_BYTES], random_bytes[LONG_BYTES];

static const struct container_image images[] = {
    {VYRE_IMAGE_METADATA, "", "", "", repeated, 1000},
    {VYRE_IMAGE_CPU, "x86_64-unknown-linux-gnu", "x86-64-v2", "", "", 0},
    {VYRE_IMAGE_DATA, "", "", "table", repeated, LONG_BYTES},
    {VYRE_IMAGE_PTX, "nvptx64-nvidia-cuda", "sm_80", "scan", repeated, LONG_BYTES},
    {VYRE_IMAGE_SPIRV, "spirv", "vulkan1.2", "scan", random_bytes, LONG_BYTES},
    {VYRE_IMAGE_PTX, "nvptx64-nvidia-cuda", "sm_90", "", repeated, 63},
};
enum { N_IMAGES = sizeof images / sizeof *images };

static void fill_bytes(void)
{
    uint32_t state = 1;
    for (uint32_t i = 0; i < LONG_BYTES; i++) {
        repeated[i] = (char)(i % 7);
        state = state * 1664525 + 1013904223;
        random_bytes[i] = (char)(state >> 24);
    }
}

/* Room behind an image may be read by CPU code, so it is there and it is zero. */
static void checks_image(const struct container_view *view, uint32_t i, uint64_t offset)
{
    const struct vyre_image *image = container_image(view, i);
    bool is_packed = i == 3; /* the one that is long, repeats itself, and may be compressed */
    char *bytes = malloc(images[i].n_bytes + 1);
    CHECK_UINT(image->kind, images[i].kind);
    CHECK_UINT(image->offset, offset);
    CHECK_UINT(image->offset % 64, 0);
    CHECK_UINT(image->real_bytes, images[i].n_bytes);
    CHECK_UINT(image->flags, is_packed ? VYRE_IMAGE_ZSTD : 0);
    CHECK(is_packed ? image->stored_bytes < 1000 : image->stored_bytes == images[i].n_bytes);
    CHECK_STRING(view->strings + image->triple, images[i].triple);
    CHECK_STRING(view->strings + image->arch, images[i].arch);
    CHECK_STRING(view->strings + image->name, images[i].name);
    CHECK(!container_extract(view, image, bytes));
    CHECK(!memcmp(bytes, images[i].bytes, images[i].n_bytes));
    for (uint32_t k = 0; k < 64; k++)
        CHECK_UINT(view->bytes[image->offset + image->stored_bytes + k], 0);
    free(bytes);
}

/* A frame whose checksum was made right again, but whose bytes are wrong. */
static void refuses_bad_frames(unsigned char *bytes, uint64_t n)
{
    struct container_view view;
    char *to = malloc(LONG_BYTES);
    CHECK(!container_open(bytes, n, &view));
    struct vyre_image *image = (struct vyre_image *)(bytes + sizeof *view.head) + 3;
    unsigned char *frame = bytes + image->offset;
    frame[0] ^= 1;
    CHECK_STRING(container_extract(&view, image, to), "an image is damaged");
    image->checksum = vyre_checksum(frame, image->stored_bytes);
    CHECK(container_extract(&view, image, to) != NULL);
    frame[0] ^= 1;
    image->checksum = vyre_checksum(frame, image->stored_bytes);
    CHECK(!container_extract(&view, image, to));
    image->real_bytes--;
    CHECK_STRING(container_extract(&view, image, to), "an image's size is not what was compressed");
    image->real_bytes++;
    image->flags |= VYRE_IMAGE_MUST;
    CHECK_STRING(container_extract(&view, image, to), "an image needs a newer runtime");
    image->flags ^= VYRE_IMAGE_MUST;

    struct vyre_container *head = (struct vyre_container *)bytes;
    image->real_bytes = UINT64_MAX; /* zstd's "unknown" */
    head->checksum = vyre_checksum(bytes + 24, head->head_bytes - 24);
    head->self_check = (uint32_t)vyre_checksum(&head->checksum, sizeof *head - 16);
    CHECK_STRING(container_open(bytes, n, &view), "an image's size is wrong");
    free(to);
}

int main(void)
{
    struct memory mem = {0};
    struct arena arena;
    struct out first, second;
    uint64_t offsets[N_IMAGES];
    struct container_view view;
    if (setjmp(mem.recover)) return 1;
    fill_bytes();
    arena_init(&arena, &mem);
    out_init(&first, &mem);
    out_init(&second, &mem);
    container_write(images, N_IMAGES, offsets, &arena, &first);
    container_write(images, N_IMAGES, offsets, &arena, &second);
    CHECK_UINT(first.n, second.n);
    CHECK(!memcmp(first.bytes, second.bytes, first.n));
    CHECK_UINT(first.n % 64, 0);

    unsigned char *aligned = aligned_alloc(64, first.n);
    memcpy(aligned, first.bytes, first.n);
    CHECK(!container_open(aligned, first.n, &view));
    CHECK_UINT(view.head->n_images, N_IMAGES);
    for (uint32_t i = 0; i < N_IMAGES; i++)
        checks_image(&view, i, offsets[i]);
    CHECK(container_find(&view, VYRE_IMAGE_AMDGCN) == NULL);
    CHECK_STRING(container_open(aligned, first.n - 64, &view), "its size is wrong");
    CHECK_STRING(container_open(aligned, 63, &view), "it is shorter than its head");
    CHECK_STRING(container_open(aligned + 8, first.n - 8, &view), "it is not aligned");
    refuses_bad_frames(aligned, first.n);
    free(aligned);
    memory_release_all(&mem);
    return test_finish();
}
