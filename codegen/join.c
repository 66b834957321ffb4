/* join.c - several relocatable ELF files become one.
 *
 *   .text.f  .rodata.cst16  .symtab: f, g undefined       .text.f  .text.g  .rodata.cst16, both
 *   .text.g  .rodata.cst16  .symtab: g hidden         ->  .symtab: g local, f
 *
 * Pieces of one section are laid one after the other, symbols and relocations follow them. It reads what LLVM writes, 64
 * bits and little-endian, and nothing else: anything odd is a fault of ours. Linear in its input. */
#include "codegen/join.h"

#include <elf.h>
#include <string.h>

#include "ir/base/diag.h"
#include "ir/base/intern.h"
#include "ir/base/map.h"
#include "ir/base/vec.h"

/* -- what is read, and what is made -------------------------------------------------------------------------------- */

struct piece {
    const char *bytes;
    uint64_t at, n; /* in its section */
};
struct section {
    const char *name;
    Elf64_Shdr head;
    VEC(struct piece) pieces;
    VEC(Elf64_Rela) relocations; /* symbols by their number in `symbols` until these are in order */
    uint32_t symbol;             /* one plus the number of its own symbol, or 0 */
};
struct symbol {
    const char *name;
    Elf64_Sym head;
    uint32_t section; /* one plus its number, or 0: then head.st_shndx tells */
    uint32_t number;  /* in the file */
};
struct input {
    const char *bytes;
    const Elf64_Shdr *sections;
    const Elf64_Sym *symbols;
    const Elf64_Word *far; /* sections of symbols whose number does not fit; or NULL */
    const char *names, *symbol_names;
    uint64_t n_sections, n_symbols;
    uint32_t *section_of; /* by section: one plus the number in the result, or 0 */
    uint64_t *offset_of;  /* by section: where its piece begins */
    uint32_t *symbol_of;  /* by symbol */
};
struct join {
    struct arena *arena;
    struct intern names;
    struct map sections_by_key, globals; /* -> struct section, struct symbol */
    VEC(struct section *) sections;
    VEC(struct symbol *) symbols;
    bool has_file;
    Elf64_Ehdr head;
};

static void open_input(struct join *j, struct input *in, const struct join_input *from)
{
    const Elf64_Ehdr *head = (const Elf64_Ehdr *)from->bytes;
    if (from->n < sizeof *head || memcmp(head->e_ident, ELFMAG, SELFMAG) || head->e_ident[EI_CLASS] != ELFCLASS64 ||
        head->e_type != ET_REL || (j->head.e_machine && j->head.e_machine != head->e_machine))
        bug("this is no object to join");
    j->head = *head;
    *in = (struct input){.bytes = from->bytes, .sections = (const Elf64_Shdr *)(from->bytes + head->e_shoff)};
    in->n_sections = head->e_shnum ? head->e_shnum : in->sections[0].sh_size;
    uint32_t names = head->e_shstrndx == SHN_XINDEX ? in->sections[0].sh_link : head->e_shstrndx;
    in->names = in->bytes + in->sections[names].sh_offset;
    in->section_of = ARENA_ARRAY(j->arena, uint32_t, in->n_sections);
    in->offset_of = ARENA_ARRAY(j->arena, uint64_t, in->n_sections);
    for (uint64_t i = 1; i < in->n_sections; i++) {
        const Elf64_Shdr *s = &in->sections[i];
        if (s->sh_type == SHT_SYMTAB_SHNDX) in->far = (const Elf64_Word *)(in->bytes + s->sh_offset);
        if (s->sh_type != SHT_SYMTAB) continue;
        in->symbols = (const Elf64_Sym *)(in->bytes + s->sh_offset);
        in->n_symbols = s->sh_size / sizeof *in->symbols;
        in->symbol_names = in->bytes + in->sections[s->sh_link].sh_offset;
    }
    in->symbol_of = ARENA_ARRAY(j->arena, uint32_t, in->n_symbols + 1);
}

/* -- sections ------------------------------------------------------------------------------------------------------ */

/* What is made anew, or is a hint in numbers of symbols. */
static bool is_dropped(const Elf64_Shdr *s)
{
    enum { SHT_ADDRESSES_THAT_MATTER = 0x6fff4c03 };
    return s->sh_type == SHT_NULL || s->sh_type == SHT_SYMTAB || s->sh_type == SHT_SYMTAB_SHNDX ||
           s->sh_type == SHT_STRTAB || s->sh_type == SHT_RELA || s->sh_type == SHT_ADDRESSES_THAT_MATTER;
}

static struct section *get_section(struct join *j, const char *name, const Elf64_Shdr *head)
{
    const char *key = intern_string(&j->names, arena_printf(j->arena, "%s %x %llx %llx", name, head->sh_type,
                                                            (unsigned long long)head->sh_flags,
                                                            (unsigned long long)head->sh_entsize));
    struct section *s = map_find(&j->sections_by_key, key);
    if (s) return s;
    s = ARENA_NEW(j->arena, struct section);
    s->name = name;
    s->head = *head;
    s->head.sh_size = 0;
    vec_push(j->arena, &j->sections, s);
    s->head.sh_info = j->sections.n; /* one plus its number, until it is written */
    map_set(&j->sections_by_key, key, s);
    return s;
}

/* Gives the section, with the piece as its last. */
static struct section *append(struct join *j, const char *name, const Elf64_Shdr *head, const char *bytes)
{
    uint64_t alignment = head->sh_addralign ? head->sh_addralign : 1;
    struct section *s = get_section(j, name, head);
    struct piece p = {bytes, (s->head.sh_size + alignment - 1) / alignment * alignment, head->sh_size};
    vec_push(j->arena, &s->pieces, p);
    s->head.sh_size = p.at + p.n;
    if (s->head.sh_addralign < alignment) s->head.sh_addralign = alignment;
    return s;
}

static void add_piece(struct join *j, struct input *in, uint64_t number)
{
    const Elf64_Shdr *head = &in->sections[number];
    if (head->sh_type == SHT_GROUP || head->sh_type == SHT_REL || head->sh_flags & (SHF_LINK_ORDER | SHF_COMPRESSED))
        bug("a section of type %x with flags %llx cannot be joined", head->sh_type, (unsigned long long)head->sh_flags);
    struct section *s = append(j, in->names + head->sh_name, head, in->bytes + head->sh_offset);
    in->section_of[number] = s->head.sh_info;
    in->offset_of[number] = s->pieces.at[s->pieces.n - 1].at;
}

/* -- symbols ------------------------------------------------------------------------------------------------------- */

static uint32_t add_symbol(struct join *j, const char *name, const Elf64_Sym *head, uint32_t section)
{
    struct symbol *s = ARENA_NEW(j->arena, struct symbol);
    *s = (struct symbol){name, *head, section, j->symbols.n};
    vec_push(j->arena, &j->symbols, s);
    return j->symbols.n - 1;
}

static bool is_defined(const struct symbol *s)
{
    return s->section || s->head.st_shndx != SHN_UNDEF;
}

/* A name that several inputs have is one symbol, which one of them may define. */
static uint32_t add_global(struct join *j, const char *name, const Elf64_Sym *head, uint32_t section)
{
    const char *key = intern_string(&j->names, name);
    struct symbol *old = map_find(&j->globals, key);
    if (!old) {
        uint32_t number = add_symbol(j, name, head, section);
        map_set(&j->globals, key, j->symbols.at[number]);
        return number;
    }
    bool defines = section || head->st_shndx != SHN_UNDEF;
    if (defines && is_defined(old)) bug("'%s' is defined twice", name);
    unsigned char other = old->head.st_other | head->st_other; /* hidden for one is hidden */
    if (defines) {
        old->head = *head;
        old->section = section;
    }
    old->head.st_other = other;
    return old->number;
}

/* All pieces of a section are reached from one symbol. */
static uint32_t section_symbol(struct join *j, const Elf64_Sym *head, uint32_t section)
{
    struct section *s = j->sections.at[section - 1];
    Elf64_Sym own = *head;
    own.st_value = 0;
    if (!s->symbol) s->symbol = 1 + add_symbol(j, "", &own, section);
    return s->symbol - 1;
}

static void read_symbol(struct join *j, struct input *in, uint64_t number)
{
    Elf64_Sym head = in->symbols[number];
    const char *name = in->symbol_names + head.st_name;
    uint32_t from = head.st_shndx == SHN_XINDEX ? in->far[number] : head.st_shndx, section = 0;
    unsigned char type = ELF64_ST_TYPE(head.st_info);
    if (head.st_shndx == SHN_XINDEX || head.st_shndx < SHN_LORESERVE) section = in->section_of[from];
    if (from && from < SHN_LORESERVE && !section) return; /* of a section that is dropped */
    if (section) head.st_value += in->offset_of[from];
    if (type == STT_FILE) {
        if (!j->has_file) in->symbol_of[number] = add_symbol(j, name, &head, 0);
        j->has_file = true;
    } else if (type == STT_SECTION) {
        in->symbol_of[number] = section_symbol(j, &head, section);
    } else if (ELF64_ST_BIND(head.st_info) == STB_LOCAL) {
        in->symbol_of[number] = add_symbol(j, name, &head, section);
    } else {
        in->symbol_of[number] = add_global(j, name, &head, section);
    }
}

/* -- relocations --------------------------------------------------------------------------------------------------- */

static void read_relocations(struct join *j, struct input *in, const Elf64_Shdr *head)
{
    uint32_t section = in->section_of[head->sh_info];
    const Elf64_Rela *from = (const Elf64_Rela *)(in->bytes + head->sh_offset);
    if (!section) return;
    for (uint64_t i = 0; i < head->sh_size / sizeof *from; i++) {
        Elf64_Rela r = from[i];
        const Elf64_Sym *symbol = &in->symbols[ELF64_R_SYM(r.r_info)];
        r.r_offset += in->offset_of[head->sh_info];
        if (ELF64_ST_TYPE(symbol->st_info) == STT_SECTION)
            r.r_addend +=
                (Elf64_Sxword)
                    in->offset_of[symbol->st_shndx == SHN_XINDEX ? in->far[symbol - in->symbols] : symbol->st_shndx];
        r.r_info = ELF64_R_INFO((uint64_t)in->symbol_of[ELF64_R_SYM(r.r_info)], ELF64_R_TYPE(r.r_info));
        vec_push(j->arena, &j->sections.at[section - 1]->relocations, r);
    }
}

static void read_input(struct join *j, struct input *in)
{
    for (uint64_t i = 1; i < in->n_sections; i++)
        if (!is_dropped(&in->sections[i])) add_piece(j, in, i);
    for (uint64_t i = 1; i < in->n_symbols; i++)
        read_symbol(j, in, i);
    for (uint64_t i = 1; i < in->n_sections; i++)
        if (in->sections[i].sh_type == SHT_RELA) read_relocations(j, in, &in->sections[i]);
}

/* -- additions ----------------------------------------------------------------------------------------------------- */

static Elf64_Rela make_relocation(struct join *j, const struct join_reference *r, uint64_t at)
{
    const Elf64_Sym wanted = {.st_info = ELF64_ST_INFO(STB_GLOBAL, STT_NOTYPE), .st_shndx = SHN_UNDEF};
    uint64_t number = add_global(j, r->symbol, &wanted, 0);
    return (Elf64_Rela){at + r->offset, ELF64_R_INFO(number, r->type), r->addend};
}

static void add_addition(struct join *j, const struct join_addition *a)
{
    const char *name = a->section ? a->section : arena_printf(j->arena, ".text.%s", a->symbol);
    const Elf64_Shdr head = {.sh_type = SHT_PROGBITS,
                             .sh_flags = SHF_ALLOC | (a->section ? 0 : SHF_EXECINSTR),
                             .sh_size = a->n,
                             .sh_addralign = a->alignment};
    struct section *s = append(j, name, &head, a->bytes);
    uint64_t at = s->pieces.at[s->pieces.n - 1].at;
    const Elf64_Sym symbol = {.st_info = ELF64_ST_INFO(STB_GLOBAL, a->section ? STT_OBJECT : STT_FUNC),
                              .st_other = a->is_hidden ? STV_HIDDEN : STV_DEFAULT,
                              .st_shndx = 1,
                              .st_value = at,
                              .st_size = a->n};
    add_global(j, a->symbol, &symbol, s->head.sh_info);
    for (uint32_t i = 0; i < a->n_references; i++)
        vec_push(j->arena, &s->relocations, make_relocation(j, &a->references[i], at));
}

/* -- writing ------------------------------------------------------------------------------------------------------- */

struct writer {
    struct join *j;
    struct out *out;
    struct out strings;
    VEC(Elf64_Shdr) heads;
    uint32_t n_locals;
};

/* Hidden in a file that is whole is local. */
static bool is_local(const struct symbol *s)
{
    return ELF64_ST_BIND(s->head.st_info) == STB_LOCAL ||
           (ELF64_ST_VISIBILITY(s->head.st_other) == STV_HIDDEN && is_defined(s));
}

static Elf64_Word write_string(struct writer *w, const char *text)
{
    size_t at = w->strings.n;
    if (!*text) return 0;
    out_bytes(&w->strings, text, strlen(text) + 1);
    return (Elf64_Word)at;
}

static Elf64_Shdr *push_head(struct writer *w, const char *name, Elf64_Shdr head)
{
    head.sh_name = write_string(w, name);
    head.sh_offset = w->out->n;
    vec_push(w->j->arena, &w->heads, head);
    return &w->heads.at[w->heads.n - 1];
}

static void write_section(struct writer *w, const struct section *s)
{
    Elf64_Shdr head = s->head;
    head.sh_info = head.sh_link = 0;
    if (head.sh_addralign > 1) out_pad(w->out, head.sh_addralign);
    push_head(w, s->name, head);
    size_t start = w->out->n;
    for (uint32_t i = 0; i < s->pieces.n && head.sh_type != SHT_NOBITS; i++) {
        static const char zeros[64];
        for (size_t gap; (gap = start + s->pieces.at[i].at - w->out->n) > 0;)
            out_bytes(w->out, zeros, gap < sizeof zeros ? gap : sizeof zeros);
        out_bytes(w->out, s->pieces.at[i].bytes, s->pieces.at[i].n);
    }
}

static void write_relocations(struct writer *w, struct section *s, uint32_t symbols)
{
    if (!s->relocations.n) return;
    out_pad(w->out, 8);
    push_head(w, arena_printf(w->j->arena, ".rela%s", s->name),
              (Elf64_Shdr){.sh_type = SHT_RELA,
                           .sh_flags = SHF_INFO_LINK,
                           .sh_size = s->relocations.n * sizeof(Elf64_Rela),
                           .sh_link = symbols,
                           .sh_info = s->head.sh_info,
                           .sh_addralign = 8,
                           .sh_entsize = sizeof(Elf64_Rela)});
    for (uint32_t i = 0; i < s->relocations.n; i++) {
        Elf64_Rela r = s->relocations.at[i];
        uint32_t number = ELF64_R_SYM(r.r_info) ? w->j->symbols.at[ELF64_R_SYM(r.r_info)]->number : 0;
        r.r_info = ELF64_R_INFO((uint64_t)number, ELF64_R_TYPE(r.r_info));
        out_bytes(w->out, &r, sizeof r);
    }
}

/* Local ones first, as the format wants it; otherwise in the order in which they were met. */
static void number_symbols(struct writer *w)
{
    uint32_t n = 1;
    for (uint32_t round = 0; round < 2; round++) {
        for (uint32_t i = 1; i < w->j->symbols.n; i++)
            if (is_local(w->j->symbols.at[i]) == (round == 0)) w->j->symbols.at[i]->number = n++;
        if (round == 0) w->n_locals = n;
    }
}

static void write_symbol(struct writer *w, const struct symbol *s, struct out *far)
{
    Elf64_Sym head = s->head;
    head.st_name = write_string(w, s->name);
    if (s->section) head.st_shndx = s->section < SHN_LORESERVE ? (Elf64_Half)s->section : SHN_XINDEX;
    if (is_local(s)) {
        head.st_info = ELF64_ST_INFO(STB_LOCAL, ELF64_ST_TYPE(head.st_info));
        head.st_other = STV_DEFAULT;
    }
    out_u32(far, head.st_shndx == SHN_XINDEX ? s->section : 0);
    out_bytes(w->out, &head, sizeof head);
}

static void write_symbols(struct writer *w, uint32_t number)
{
    struct out far;
    bool needs_far = w->j->sections.n >= SHN_LORESERVE;
    struct symbol **ordered = ARENA_ARRAY(w->j->arena, struct symbol *, w->j->symbols.n);
    out_init(&far, w->out->mem);
    for (uint32_t i = 1; i < w->j->symbols.n; i++)
        ordered[w->j->symbols.at[i]->number] = w->j->symbols.at[i];
    ordered[0] = w->j->symbols.at[0];
    out_pad(w->out, 8);
    push_head(w, ".symtab",
              (Elf64_Shdr){.sh_type = SHT_SYMTAB,
                           .sh_size = w->j->symbols.n * sizeof(Elf64_Sym),
                           .sh_link = number + 1 + needs_far,
                           .sh_info = w->n_locals,
                           .sh_addralign = 8,
                           .sh_entsize = sizeof(Elf64_Sym)});
    for (uint32_t i = 0; i < w->j->symbols.n; i++)
        write_symbol(w, ordered[i], &far);
    if (needs_far) {
        push_head(
            w, ".symtab_shndx",
            (Elf64_Shdr){
                .sh_type = SHT_SYMTAB_SHNDX, .sh_size = far.n, .sh_link = number, .sh_addralign = 4, .sh_entsize = 4});
        out_bytes(w->out, far.bytes, far.n);
    }
    out_release(&far);
}

static void write_heads(struct writer *w)
{
    uint32_t strings = w->heads.n;
    Elf64_Shdr *last = push_head(w, ".strtab", (Elf64_Shdr){.sh_type = SHT_STRTAB, .sh_addralign = 1});
    last->sh_size = w->strings.n;
    out_bytes(w->out, w->strings.bytes, w->strings.n);
    out_pad(w->out, 8);
    Elf64_Ehdr head = w->j->head;
    head.e_shoff = w->out->n;
    head.e_shnum = w->heads.n < SHN_LORESERVE ? (Elf64_Half)w->heads.n : 0;
    head.e_shstrndx = strings < SHN_LORESERVE ? (Elf64_Half)strings : SHN_XINDEX;
    w->heads.at[0].sh_size = head.e_shnum ? 0 : w->heads.n;
    w->heads.at[0].sh_link = head.e_shstrndx == SHN_XINDEX ? strings : 0;
    out_bytes(w->out, w->heads.at, w->heads.n * sizeof(Elf64_Shdr));
    memcpy(w->out->bytes, &head, sizeof head);
}

static void write_joined(struct join *j, struct out *out)
{
    struct writer w = {.j = j, .out = out};
    uint32_t symbols = 1 + j->sections.n;
    out_init(&w.strings, out->mem);
    out_bytes(&w.strings, "", 1);
    out_bytes(out, &j->head, sizeof j->head);
    vec_push(j->arena, &w.heads, (Elf64_Shdr){0});
    number_symbols(&w);
    for (uint32_t i = 0; i < j->sections.n; i++) {
        write_section(&w, j->sections.at[i]);
        symbols += j->sections.at[i]->relocations.n > 0;
    }
    for (uint32_t i = 0; i < j->sections.n; i++)
        write_relocations(&w, j->sections.at[i], symbols);
    write_symbols(&w, symbols);
    write_heads(&w);
    out_release(&w.strings);
}

void join_objects(const struct join_input *inputs, uint32_t n, const struct join_addition *additions,
                  uint32_t n_additions, struct arena *scratch, struct out *out)
{
    struct join j = {.arena = scratch};
    intern_init(&j.names, scratch);
    map_init(&j.sections_by_key, scratch);
    map_init(&j.globals, scratch);
    add_symbol(&j, "", &(Elf64_Sym){0}, 0);
    for (uint32_t i = 0; i < n; i++) {
        struct input in;
        open_input(&j, &in, &inputs[i]);
        read_input(&j, &in);
    }
    for (uint32_t i = 0; i < n_additions; i++)
        add_addition(&j, &additions[i]);
    write_joined(&j, out);
}
