/* find.c - a small reader of ELF files: section headers and their names, nothing more, each offset checked before it is
 * used. */
#include <elf.h>
#include <string.h>

#include "tools/vyre-objdump/objdump.h"

static bool is_inside(uint64_t at, uint64_t n, uint64_t size)
{
    return at <= size && n <= size - at;
}

/* -- containers, one after the other ----------------------------------------------------------- */

static const char *check_container(struct dump *d)
{
    const char *wrong = NULL;
    for (uint32_t i = 0; i < d->view.head->n_images && !wrong; i++)
        wrong = container_check_image(&d->view, container_image(&d->view, i));
    if (wrong) return wrong;
    const struct vyre_image *image = container_find(&d->view, VYRE_IMAGE_METADATA);
    if (!image || image->flags) return "it has no metadata";
    return metadata_open(d->view.bytes + image->offset, image->stored_bytes, &d->meta);
}

/* A copy that is aligned as a container must be. */
static unsigned char *copy_aligned(const unsigned char *bytes, size_t n, struct arena *arena)
{
    char *room = arena_alloc(arena, n + VYRE_CONTAINER_ALIGN);
    unsigned char *copy =
        (unsigned char *)(((uintptr_t)room + VYRE_CONTAINER_ALIGN - 1) / VYRE_CONTAINER_ALIGN * VYRE_CONTAINER_ALIGN);
    memcpy(copy, bytes, n);
    return copy;
}

static const char *split_containers(const unsigned char *bytes, size_t n, struct arena *arena, dump_list *list)
{
    const unsigned char *copy = copy_aligned(bytes, n, arena);
    for (size_t at = 0; at < n;) {
        struct dump d = {0};
        const char *wrong = container_open(copy + at, n - at, &d.view);
        if (!wrong) wrong = check_container(&d);
        if (wrong) return wrong;
        vec_push(arena, list, d);
        at += d.view.head->size_bytes; /* at least 64, a multiple of 64 */
    }
    return NULL;
}

/* -- ELF --------------------------------------------------------------------------------------- */

struct elf {
    const unsigned char *bytes;
    size_t n;
    Elf64_Ehdr head;
    uint64_t n_sections;
    Elf64_Shdr names;
};

/* The i-th section header, i < n_sections. */
static Elf64_Shdr read_section(const struct elf *e, uint64_t i)
{
    Elf64_Shdr section;
    memcpy(&section, e->bytes + e->head.e_shoff + i * sizeof section, sizeof section);
    return section;
}

static const char *open_elf(struct elf *e)
{
    if (e->n < sizeof e->head || memcmp(e->bytes, ELFMAG, SELFMAG)) return "it is neither an ELF file nor a container";
    memcpy(&e->head, e->bytes, sizeof e->head);
    if (e->head.e_ident[EI_CLASS] != ELFCLASS64 || e->head.e_ident[EI_DATA] != ELFDATA2LSB)
        return "it is not a 64-bit little-endian ELF file";
    if (!e->head.e_shoff) return "it has no section headers";
    if (e->head.e_shentsize != sizeof(Elf64_Shdr) || !is_inside(e->head.e_shoff, sizeof(Elf64_Shdr), e->n))
        return "its section headers are malformed";
    Elf64_Shdr first = read_section(e, 0); /* counts too large for the file's head stand there */
    e->n_sections = e->head.e_shnum ? e->head.e_shnum : first.sh_size;
    uint64_t names = e->head.e_shstrndx == SHN_XINDEX ? first.sh_link : e->head.e_shstrndx;
    if (e->n_sections > (e->n - e->head.e_shoff) / sizeof(Elf64_Shdr) || names >= e->n_sections)
        return "its section headers are malformed";
    e->names = read_section(e, names);
    return is_inside(e->names.sh_offset, e->names.sh_size, e->n) ? NULL : "its section names are misplaced";
}

static bool has_name(const struct elf *e, const Elf64_Shdr *section, const char *name)
{
    uint64_t n = strlen(name) + 1;
    return is_inside(section->sh_name, n, e->names.sh_size) &&
           !memcmp(e->bytes + e->names.sh_offset + section->sh_name, name, n);
}

const char *find_containers(const unsigned char *bytes, size_t n, struct arena *arena, dump_list *list)
{
    struct elf e = {.bytes = bytes, .n = n};
    if (n >= sizeof(struct vyre_container) && !memcmp(bytes, VYRE_CONTAINER_MAGIC, 8))
        return split_containers(bytes, n, arena, list);
    const char *wrong = open_elf(&e);
    for (uint64_t i = 0; i < e.n_sections && !wrong; i++) {
        Elf64_Shdr section = read_section(&e, i);
        if (!has_name(&e, &section, ".vyre.images")) continue;
        if (section.sh_type == SHT_NOBITS || !is_inside(section.sh_offset, section.sh_size, n))
            return "its .vyre.images is misplaced";
        wrong = split_containers(bytes + section.sh_offset, section.sh_size, arena, list);
    }
    return wrong || list->n ? wrong : "it has no section .vyre.images: vyrec did not make it";
}
