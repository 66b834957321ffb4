/* amdgcn_link.c - links one relocatable object of AMDGPU to the shared object that HSA loads: what `ld.lld -shared` does with it.
 *
 *     +------------------+ segment of what is read
 *     | header, program headers
 *     | .note            metadata of the kernels
 *     | .dynsym .hash .dynstr
 *     | .rodata          kernel descriptors, constants
 *     +------------------+ segment of what runs; its addresses are a page higher than its offsets
 *     | .text
 *     +------------------+ .dynamic, two pages higher
 *     | .debug_*         lines of the source, under -g: not loaded, nor what follows
 *     | .shstrtab, section headers
 *     +------------------+
 *
 * Kernels refer to constants, and descriptors to kernels, by distances, debug information to code by its address: nothing is left for the loader to
 * relocate. Takes time linear in the object. */
#include "codegen/amdgcn_link.h"

#include <elf.h>
#include <string.h>

#include "ir/base/diag.h"

enum { PAGE_BYTES = 4096, TEXT_ALIGN = 256 };
/* Kinds of relocations: S + A - P, and of debug information S + A. */
enum {
    AMDGPU_REL32 = 4,
    AMDGPU_REL64 = 5,
    AMDGPU_REL32_LO = 10,
    AMDGPU_REL32_HI = 11,
    AMDGPU_ABS64 = 3,
    AMDGPU_ABS32 = 6
};

/* Sections of the result, in their order. */
enum output {
    OUT_NULL,
    OUT_NOTE,
    OUT_DYNSYM,
    OUT_HASH,
    OUT_DYNSTR,
    OUT_RODATA,
    OUT_TEXT,
    OUT_DYNAMIC,
    OUT_DEBUG_ABBREV,
    OUT_DEBUG_ADDR,
    OUT_DEBUG_FRAME,
    OUT_DEBUG_INFO,
    OUT_DEBUG_LINE,
    OUT_DEBUG_LINE_STR,
    OUT_DEBUG_NAMES,
    OUT_DEBUG_RNGLISTS,
    OUT_DEBUG_STR,
    OUT_DEBUG_STR_OFFSETS,
    OUT_NAMES,
    OUT_COUNT
};

struct output_section {
    const char *name;
    uint32_t type, link, info;
    uint64_t flags, align, entry_bytes;
    uint32_t segment; /* pages that its address is above its offset */
    struct out bytes;
    uint64_t offset;
};

static const struct output_section outputs[OUT_COUNT] = {
    [OUT_NULL] = {.name = ""},
    [OUT_NOTE] = {".note", SHT_NOTE, .flags = SHF_ALLOC, .align = 4},
    [OUT_DYNSYM] = {".dynsym", SHT_DYNSYM, OUT_DYNSTR, 1, SHF_ALLOC, 8, sizeof(Elf64_Sym)},
    [OUT_HASH] = {".hash", SHT_HASH, OUT_DYNSYM, 0, SHF_ALLOC, 4, 4},
    [OUT_DYNSTR] = {".dynstr", SHT_STRTAB, .flags = SHF_ALLOC, .align = 1},
    [OUT_RODATA] = {".rodata", SHT_PROGBITS, .flags = SHF_ALLOC, .align = 64},
    [OUT_TEXT] = {".text", SHT_PROGBITS, .flags = SHF_ALLOC | SHF_EXECINSTR, .align = TEXT_ALIGN, .segment = 1},
    [OUT_DYNAMIC] = {".dynamic", SHT_DYNAMIC, OUT_DYNSTR, 0, SHF_ALLOC | SHF_WRITE, 8, sizeof(Elf64_Dyn), .segment = 2},
    [OUT_DEBUG_ABBREV] = {".debug_abbrev", SHT_PROGBITS, .align = 1},
    [OUT_DEBUG_ADDR] = {".debug_addr", SHT_PROGBITS, .align = 1},
    [OUT_DEBUG_FRAME] = {".debug_frame", SHT_PROGBITS, .align = 1},
    [OUT_DEBUG_INFO] = {".debug_info", SHT_PROGBITS, .align = 1},
    [OUT_DEBUG_LINE] = {".debug_line", SHT_PROGBITS, .align = 1},
    [OUT_DEBUG_LINE_STR] = {".debug_line_str", SHT_PROGBITS, .flags = SHF_MERGE | SHF_STRINGS, .align = 1,
                            .entry_bytes = 1},
    [OUT_DEBUG_NAMES] = {".debug_names", SHT_PROGBITS, .align = 1},
    [OUT_DEBUG_RNGLISTS] = {".debug_rnglists", SHT_PROGBITS, .align = 1},
    [OUT_DEBUG_STR] = {".debug_str", SHT_PROGBITS, .flags = SHF_MERGE | SHF_STRINGS, .align = 1, .entry_bytes = 1},
    [OUT_DEBUG_STR_OFFSETS] = {".debug_str_offsets", SHT_PROGBITS, .align = 1},
    [OUT_NAMES] = {".shstrtab", SHT_STRTAB, .align = 1},
};

/* Where a section of the object has gone. */
struct placed {
    enum output output; /* OUT_NULL: nowhere */
    uint64_t at;        /* from its start */
};

struct linker {
    struct arena *arena;
    const unsigned char *object;
    const Elf64_Ehdr *head;
    const Elf64_Shdr *sections;
    const Elf64_Sym *symbols;
    uint32_t n_symbols;
    const char *names; /* of symbols */
    const char *section_names;
    struct placed *placed;
    struct output_section out[OUT_COUNT];
};

/* -- reading the object --------------------------------------------------------------------------------------------- */

static const void *contents(const struct linker *k, const Elf64_Shdr *s)
{
    return k->object + s->sh_offset;
}

static void open_object(struct linker *k, const void *object, size_t n_bytes)
{
    k->object = object;
    k->head = object;
    if (n_bytes < sizeof *k->head || k->head->e_type != ET_REL) bug("LLVM made no relocatable object");
    k->sections = (const Elf64_Shdr *)(k->object + k->head->e_shoff);
    k->section_names = contents(k, &k->sections[k->head->e_shstrndx]);
    for (uint32_t i = 0; i < k->head->e_shnum; i++) {
        const Elf64_Shdr *s = &k->sections[i];
        if (s->sh_type != SHT_SYMTAB) continue;
        k->symbols = contents(k, s);
        k->n_symbols = (uint32_t)(s->sh_size / sizeof *k->symbols);
        k->names = contents(k, &k->sections[s->sh_link]);
    }
}

/* What is not loaded is left out, but for what debuggers read. */
static enum output debug_output(const char *name)
{
    for (enum output o = OUT_DEBUG_ABBREV; o <= OUT_DEBUG_STR_OFFSETS; o++)
        if (!strcmp(name, outputs[o].name)) return o;
    if (!strncmp(name, ".debug_", 7)) bug("debug information of AMDGPU in %s", name);
    return OUT_NULL;
}

static enum output output_of(const struct linker *k, const Elf64_Shdr *s)
{
    if (!s->sh_size) return OUT_NULL;
    if (!(s->sh_flags & SHF_ALLOC))
        return s->sh_type == SHT_PROGBITS ? debug_output(k->section_names + s->sh_name) : OUT_NULL;
    if (s->sh_flags & SHF_WRITE || s->sh_type == SHT_NOBITS) bug("a kernel of AMDGPU with variables");
    if (s->sh_type == SHT_NOTE) return OUT_NOTE;
    return s->sh_flags & SHF_EXECINSTR ? OUT_TEXT : OUT_RODATA;
}

static void take_sections(struct linker *k)
{
    k->placed = ARENA_ARRAY(k->arena, struct placed, k->head->e_shnum);
    for (uint32_t i = 0; i < k->head->e_shnum; i++) {
        const Elf64_Shdr *s = &k->sections[i];
        enum output o = output_of(k, s);
        if (o == OUT_NULL) continue;
        struct output_section *to = &k->out[o];
        out_pad(&to->bytes, s->sh_addralign ? s->sh_addralign : 1);
        if (s->sh_addralign > to->align) to->align = s->sh_addralign;
        k->placed[i] = (struct placed){o, to->bytes.n};
        out_bytes(&to->bytes, contents(k, s), s->sh_size);
    }
}

/* -- symbols that the loader looks for ------------------------------------------------------------------------------ */

static bool is_exported(const struct linker *k, const Elf64_Sym *s)
{
    return ELF64_ST_BIND(s->st_info) == STB_GLOBAL && s->st_shndx < k->head->e_shnum &&
           k->placed[s->st_shndx].output != OUT_NULL;
}

static uint32_t hash_name(const char *name)
{
    uint32_t hash = 0;
    for (; *name; name++) {
        hash = (hash << 4) + (unsigned char)*name;
        uint32_t top = hash & 0xF0000000;
        hash = (hash ^ top >> 24) & ~top;
    }
    return hash;
}

/* Addresses follow when there are some. Returns how many. */
static uint32_t export_symbols(struct linker *k)
{
    struct out *symbols = &k->out[OUT_DYNSYM].bytes, *strings = &k->out[OUT_DYNSTR].bytes;
    Elf64_Sym none = {0};
    uint32_t n = 1;
    out_bytes(symbols, &none, sizeof none);
    out_bytes(strings, "", 1);
    for (uint32_t i = 0; i < k->n_symbols; i++) {
        Elf64_Sym s = k->symbols[i];
        if (!is_exported(k, &s)) continue;
        const char *name = k->names + s.st_name;
        const struct placed *p = &k->placed[s.st_shndx];
        s.st_name = (uint32_t)strings->n;
        s.st_value += p->at;
        s.st_shndx = (uint16_t)p->output;
        out_bytes(symbols, &s, sizeof s);
        out_bytes(strings, name, strlen(name) + 1);
        n++;
    }
    return n;
}

/* One bucket per symbol; a chain begins with its last symbol. */
static void write_hash(struct linker *k, uint32_t n)
{
    struct out *hash = &k->out[OUT_HASH].bytes;
    const Elf64_Sym *symbols = (const Elf64_Sym *)k->out[OUT_DYNSYM].bytes.bytes;
    uint32_t *buckets = ARENA_ARRAY(k->arena, uint32_t, n), *chains = ARENA_ARRAY(k->arena, uint32_t, n);
    for (uint32_t i = 1; i < n; i++) {
        uint32_t b = hash_name(k->out[OUT_DYNSTR].bytes.bytes + symbols[i].st_name) % n;
        chains[i] = buckets[b];
        buckets[b] = i;
    }
    out_u32(hash, n);
    out_u32(hash, n);
    out_bytes(hash, buckets, n * sizeof *buckets);
    out_bytes(hash, chains, n * sizeof *chains);
}

static const struct dynamic_row {
    int64_t tag;
    enum output section; /* whose address it is; OUT_NULL for a value */
} dynamic_rows[] = {
    {DT_SYMTAB, OUT_DYNSYM}, {DT_SYMENT, OUT_NULL}, {DT_STRTAB, OUT_DYNSTR},
    {DT_STRSZ, OUT_NULL},    {DT_HASH, OUT_HASH},   {DT_NULL, OUT_NULL},
};
enum { N_DYNAMIC = sizeof dynamic_rows / sizeof *dynamic_rows };

/* -- places --------------------------------------------------------------------------------------------------------- */

enum {
    SEGMENT_HEADERS,
    SEGMENT_READ,
    SEGMENT_RUN,
    SEGMENT_WRITE,
    SEGMENT_DYNAMIC,
    SEGMENT_STACK,
    SEGMENT_NOTE,
    SEGMENT_COUNT
};
enum { HEAD_BYTES = sizeof(Elf64_Ehdr) + SEGMENT_COUNT * sizeof(Elf64_Phdr) };

static uint64_t align_up(uint64_t v, uint64_t align)
{
    return align ? (v + align - 1) / align * align : v;
}

static uint64_t address_of(const struct linker *k, enum output o)
{
    return k->out[o].offset + (uint64_t)k->out[o].segment * PAGE_BYTES;
}

static uint64_t end_of(const struct linker *k, enum output o)
{
    return k->out[o].offset + k->out[o].bytes.n;
}

static void place_sections(struct linker *k)
{
    uint64_t at = HEAD_BYTES;
    for (enum output o = OUT_NOTE; o < OUT_COUNT; o++) {
        at = align_up(at, k->out[o].align);
        k->out[o].offset = at;
        at += k->out[o].bytes.n;
    }
}

static void finish_symbols(struct linker *k)
{
    Elf64_Sym *symbols = (Elf64_Sym *)k->out[OUT_DYNSYM].bytes.bytes;
    for (size_t i = 1; i < k->out[OUT_DYNSYM].bytes.n / sizeof *symbols; i++)
        symbols[i].st_value += address_of(k, (enum output)symbols[i].st_shndx);
}

static void finish_dynamic(struct linker *k)
{
    Elf64_Dyn *rows = (Elf64_Dyn *)k->out[OUT_DYNAMIC].bytes.bytes;
    for (uint32_t i = 0; i < N_DYNAMIC; i++) {
        const struct dynamic_row *r = &dynamic_rows[i];
        rows[i].d_tag = r->tag;
        rows[i].d_un.d_val = r->section != OUT_NULL ? address_of(k, r->section)
                             : r->tag == DT_SYMENT  ? sizeof(Elf64_Sym)
                             : r->tag == DT_STRSZ   ? k->out[OUT_DYNSTR].bytes.n
                                                    : 0;
    }
}

/* -- relocations ---------------------------------------------------------------------------------------------------- */

static bool is_loaded(const struct linker *k, enum output o)
{
    return (k->out[o].flags & SHF_ALLOC) != 0;
}

static void relocate(struct linker *k, const struct placed *in, const Elf64_Rela *r)
{
    const Elf64_Sym *s = &k->symbols[ELF64_R_SYM(r->r_info)];
    const struct placed *to = &k->placed[s->st_shndx < k->head->e_shnum ? s->st_shndx : 0];
    if (to->output == OUT_NULL) bug("AMDGPU code refers to '%s', which is not in it", k->names + s->st_name);
    uint64_t place = address_of(k, in->output) + in->at + r->r_offset;
    uint64_t start = is_loaded(k, to->output) ? address_of(k, to->output) : 0; /* else from the section's start */
    uint64_t target = start + to->at + s->st_value + (uint64_t)r->r_addend, distance = target - place;
    char *bytes = k->out[in->output].bytes.bytes + in->at + r->r_offset;
    switch (ELF64_R_TYPE(r->r_info)) {
    case AMDGPU_ABS64:
        memcpy(bytes, &target, 8);
        break;
    case AMDGPU_ABS32:
        memcpy(bytes, &target, 4);
        break;
    case AMDGPU_REL64:
        memcpy(bytes, &distance, 8);
        break;
    case AMDGPU_REL32:
    case AMDGPU_REL32_LO:
        memcpy(bytes, &distance, 4);
        break;
    case AMDGPU_REL32_HI:
        distance >>= 32;
        memcpy(bytes, &distance, 4);
        break;
    default:
        bug("a relocation of AMDGPU of kind %u", (unsigned)ELF64_R_TYPE(r->r_info));
    }
}

static void relocate_all(struct linker *k)
{
    for (uint32_t i = 0; i < k->head->e_shnum; i++) {
        const Elf64_Shdr *s = &k->sections[i];
        if (s->sh_type != SHT_RELA || k->placed[s->sh_info].output == OUT_NULL) continue;
        const Elf64_Rela *rows = contents(k, s);
        for (uint64_t r = 0; r < s->sh_size / sizeof *rows; r++)
            relocate(k, &k->placed[s->sh_info], &rows[r]);
    }
}

/* -- writing -------------------------------------------------------------------------------------------------------- */

static Elf64_Phdr segment(const struct linker *k, uint32_t type, uint32_t flags, enum output first, enum output last,
                          uint64_t align)
{
    uint64_t size = end_of(k, last) - k->out[first].offset, address = address_of(k, first);
    return (Elf64_Phdr){type, flags, k->out[first].offset, address, address, size, size, align};
}

static bool is_written(const struct linker *k, enum output o)
{
    bool is_debug = o >= OUT_DEBUG_ABBREV && o <= OUT_DEBUG_STR_OFFSETS;
    return !is_debug || k->out[o].bytes.n;
}

static uint16_t count_written(const struct linker *k)
{
    uint16_t n = 0;
    for (enum output o = OUT_NULL; o < OUT_COUNT; o++)
        n += is_written(k, o);
    return n;
}

static void write_head(const struct linker *k, uint64_t sections_at, struct out *out)
{
    Elf64_Ehdr head = *k->head; /* machine, flags and ABI are those of the object */
    head.e_type = ET_DYN;
    head.e_phoff = sizeof head;
    head.e_phentsize = sizeof(Elf64_Phdr);
    head.e_phnum = SEGMENT_COUNT;
    head.e_shoff = sections_at;
    head.e_shnum = count_written(k);
    head.e_shstrndx = (uint16_t)(head.e_shnum - 1); /* the last one */
    Elf64_Phdr segments[SEGMENT_COUNT] = {
        [SEGMENT_HEADERS] = {PT_PHDR, PF_R, sizeof head, sizeof head, sizeof head, sizeof segments, sizeof segments, 8},
        [SEGMENT_READ] = {PT_LOAD, PF_R, 0, 0, 0, end_of(k, OUT_RODATA), end_of(k, OUT_RODATA), PAGE_BYTES},
        [SEGMENT_RUN] = segment(k, PT_LOAD, PF_R | PF_X, OUT_TEXT, OUT_TEXT, PAGE_BYTES),
        [SEGMENT_WRITE] = segment(k, PT_LOAD, PF_R | PF_W, OUT_DYNAMIC, OUT_DYNAMIC, PAGE_BYTES),
        [SEGMENT_DYNAMIC] = segment(k, PT_DYNAMIC, PF_R | PF_W, OUT_DYNAMIC, OUT_DYNAMIC, 8),
        [SEGMENT_STACK] = {PT_GNU_STACK, PF_R | PF_W, 0, 0, 0, 0, 0, 0},
        [SEGMENT_NOTE] = segment(k, PT_NOTE, PF_R, OUT_NOTE, OUT_NOTE, 4),
    };
    out_bytes(out, &head, sizeof head);
    out_bytes(out, segments, sizeof segments);
}

static void pad_to(struct out *out, size_t begin, uint64_t offset)
{
    while (out->n - begin < offset)
        out_bytes(out, "", 1);
}

static void write_sections(const struct linker *k, size_t begin, uint64_t sections_at, struct out *out)
{
    for (enum output o = OUT_NOTE; o < OUT_COUNT; o++) {
        pad_to(out, begin, k->out[o].offset);
        out_bytes(out, k->out[o].bytes.bytes, k->out[o].bytes.n);
    }
    pad_to(out, begin, sections_at);
    uint32_t name = 0;
    for (enum output o = OUT_NULL; o < OUT_COUNT; o++) {
        const struct output_section *s = &k->out[o];
        bool loaded = is_loaded(k, o);
        if (!is_written(k, o)) continue;
        Elf64_Shdr row = {name,      s->type,       s->flags, loaded ? address_of(k, o) : 0,
                          s->offset, s->bytes.n,    s->link,  s->info,
                          s->align,  s->entry_bytes};
        name += (uint32_t)strlen(s->name) + 1;
        out_bytes(out, &row, sizeof row);
    }
}

static void fill_tables(struct linker *k)
{
    static const Elf64_Dyn rows[N_DYNAMIC];
    write_hash(k, export_symbols(k));
    out_bytes(&k->out[OUT_DYNAMIC].bytes, rows, sizeof rows);
    for (enum output o = OUT_NULL; o < OUT_COUNT; o++)
        if (is_written(k, o)) out_bytes(&k->out[OUT_NAMES].bytes, k->out[o].name, strlen(k->out[o].name) + 1);
}

void amdgcn_link(const void *object, size_t n_bytes, struct arena *scratch, struct out *out)
{
    struct linker k = {.arena = scratch};
    size_t begin = out->n;
    memcpy(k.out, outputs, sizeof outputs);
    for (enum output o = OUT_NULL; o < OUT_COUNT; o++)
        out_init(&k.out[o].bytes, out->mem);
    open_object(&k, object, n_bytes);
    take_sections(&k);
    fill_tables(&k);
    place_sections(&k);
    finish_symbols(&k);
    finish_dynamic(&k);
    relocate_all(&k);
    uint64_t sections_at = align_up(end_of(&k, OUT_NAMES), 8);
    write_head(&k, sections_at, out);
    write_sections(&k, begin, sections_at, out);
    for (enum output o = OUT_NULL; o < OUT_COUNT; o++)
        out_release(&k.out[o].bytes);
}
