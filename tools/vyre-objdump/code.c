/* code.c - which images are meant, and where in them the code is. Trusts nothing: images come out of any file. */
#include <string.h>

#include "runtime-stub/vyre_device.h"
#include "tools/vyre-objdump/objdump.h"

/* The next part of the text, up to a colon; NULL where there is none. */
static const char *take_part(const char **text, struct arena *arena)
{
    if (!*text) return NULL;
    size_t n = strcspn(*text, ":");
    const char *part = arena_copy(arena, *text, n);
    *text = (*text)[n] ? *text + n + 1 : NULL;
    return part;
}

struct selection selection_parse(const char *text, struct arena *arena)
{
    struct selection s;
    s.kind = take_part(&text, arena);
    s.arch = take_part(&text, arena);
    s.name = text;
    return s;
}

bool selection_takes(const struct selection *s, const struct container_view *view, const struct vyre_image *image)
{
    const char *arch = view->strings + image->arch, *name = view->strings + image->name;
    if (!s->kind) return true;
    if (strcmp(s->kind, image_kind_name(image->kind))) return false;
    if (!s->arch) return true;
    if (s->name) return !strcmp(s->arch, arch) && !strcmp(s->name, name);
    return !strcmp(s->arch, arch) || !strcmp(s->arch, name);
}

/* -- heads of images --------------------------------------------------------------------------- */

struct range {
    uint64_t at, n;
};

/* SPIR-V: words. */
static bool find_module(const char *bytes, size_t n, struct range *r)
{
    struct vyre_spirv_head head;
    if (n < sizeof head) return false;
    memcpy(&head, bytes, sizeof head);
    *r = (struct range){head.module_offset, head.module_bytes};
    return !(head.module_offset % 4) && !(head.module_bytes % 4);
}

static bool find_device_code(const char *bytes, size_t n, struct range *r)
{
    struct vyre_device_head head;
    if (n < sizeof head) return false;
    memcpy(&head, bytes, sizeof head);
    *r = (struct range){head.code_offset, head.code_bytes};
    return true;
}

static bool find_text(const char *bytes, size_t n, struct range *r)
{
    if (!find_device_code(bytes, n, r) || !r->n) return false;
    r->n--;
    return true;
}

static bool (*const find_code[])(const char *bytes, size_t n,
                                 struct range *r) = {[VYRE_IMAGE_PTX] = find_text,
                                                     [VYRE_IMAGE_CUBIN] = find_device_code,
                                                     [VYRE_IMAGE_AMDGCN] = find_device_code,
                                                     [VYRE_IMAGE_SPIRV] = find_module};

const char *code_extract(const struct container_view *view, const struct vyre_image *image, struct arena *arena,
                         struct code *code)
{
    char *bytes = arena_alloc(arena, image->real_bytes + 1);
    const char *wrong = container_extract(view, image, bytes);
    if (wrong) return wrong;
    struct range r = {0, image->real_bytes};
    if (image->kind < sizeof find_code / sizeof *find_code && find_code[image->kind] &&
        (!find_code[image->kind](bytes, image->real_bytes, &r) || r.at > image->real_bytes ||
         r.n > image->real_bytes - r.at))
        return "the code of an image is misplaced";
    *code = (struct code){bytes + r.at, r.n};
    return NULL;
}
