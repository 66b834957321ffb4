/* codegen_join.c - objects of two inputs joined: places of pieces, symbols that meet, relocations that follow, and more
 * sections than 16 bits can number. */
#include "tests/unit/test.h"

#include <elf.h>
#include <stdlib.h>

#include "codegen/join.h"
#include "ir/base/vec.h"

static struct memory mem;
static struct arena arena;

/* -- inputs -------------------------------------------------------------------------------------------------------- */

enum { TEXT = 1, CONSTANTS, RELOCATIONS, SYMBOLS, STRINGS, FIRST_EXTRA };
enum { SYMBOL_FILE = 1, SYMBOL_CONSTANTS, SYMBOL_OWN, SYMBOL_OTHER, SYMBOL_RUNTIME, N_SYMBOLS };

struct builder {
    struct out out, strings;
    VEC(Elf64_Shdr) heads;
};

static Elf64_Word add_string(struct builder *b, const char *text)
{
    size_t at = b->strings.n;
    out_bytes(&b->strings, text, strlen(text) + 1);
    return (Elf64_Word)at;
}

static void add_section(struct builder *b, const char *name, Elf64_Shdr head, const void *bytes)
{
    out_pad(&b->out, 8);
    head.sh_name = add_string(b, name);
    head.sh_offset = b->out.n;
    out_bytes(&b->out, bytes, head.sh_size);
    vec_push(&arena, &b->heads, head);
}

/* A function of n_text bytes that names a constant and the other input's function, and a constant. */
static struct join_input make_input(const char *own, const char *other, const char *text, uint64_t n_text,
                                    uint32_t n_extra)
{
    struct builder b = {0};
    out_init(&b.out, &mem);
    out_init(&b.strings, &mem);
    out_bytes(&b.out, &(Elf64_Ehdr){0}, sizeof(Elf64_Ehdr));
    out_bytes(&b.strings, "", 1);
    vec_push(&arena, &b.heads, (Elf64_Shdr){0});
    Elf64_Rela relocations[2] = {{1, ELF64_R_INFO((uint64_t)SYMBOL_CONSTANTS, R_X86_64_PC32), 4},
                                 {2, ELF64_R_INFO((uint64_t)SYMBOL_OTHER, R_X86_64_PLT32), -4}};
    Elf64_Sym symbols[N_SYMBOLS] = {
        [SYMBOL_FILE] = {add_string(&b, "file"), ELF64_ST_INFO(STB_LOCAL, STT_FILE), 0, SHN_ABS, 0, 0},
        [SYMBOL_CONSTANTS] = {0, ELF64_ST_INFO(STB_LOCAL, STT_SECTION), 0, CONSTANTS, 0, 0},
        [SYMBOL_OWN] = {add_string(&b, own), ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), STV_HIDDEN, TEXT, 1, n_text - 1},
        [SYMBOL_OTHER] = {add_string(&b, other), ELF64_ST_INFO(STB_GLOBAL, STT_NOTYPE), 0, SHN_UNDEF, 0, 0},
        [SYMBOL_RUNTIME] = {add_string(&b, "runtime"), ELF64_ST_INFO(STB_GLOBAL, STT_NOTYPE), 0, SHN_UNDEF, 0, 0},
    };
    add_section(&b, ".text",
                (Elf64_Shdr){.sh_type = SHT_PROGBITS, .sh_flags = SHF_ALLOC, .sh_size = n_text, .sh_addralign = 4},
                text);
    add_section(
        &b, ".rodata.cst8",
        (Elf64_Shdr){.sh_type = SHT_PROGBITS, .sh_flags = SHF_MERGE, .sh_size = 8, .sh_addralign = 8, .sh_entsize = 8},
        "constant");
    add_section(&b, ".rela.text",
                (Elf64_Shdr){.sh_type = SHT_RELA, .sh_size = sizeof relocations, .sh_link = SYMBOLS, .sh_info = TEXT},
                relocations);
    add_section(
        &b, ".symtab",
        (Elf64_Shdr){.sh_type = SHT_SYMTAB, .sh_size = sizeof symbols, .sh_link = STRINGS, .sh_info = SYMBOL_OWN},
        symbols);
    vec_push(&arena, &b.heads, (Elf64_Shdr){0});
    for (uint32_t i = 0; i < n_extra; i++)
        add_section(&b, arena_printf(&arena, "%s.%u", own, i), (Elf64_Shdr){.sh_type = SHT_PROGBITS}, "");
    b.heads.at[STRINGS] = (Elf64_Shdr){.sh_type = SHT_STRTAB, .sh_offset = b.out.n, .sh_size = b.strings.n};
    out_bytes(&b.out, b.strings.bytes, b.strings.n);
    out_pad(&b.out, 8);
    *(Elf64_Ehdr *)b.out.bytes = (Elf64_Ehdr){.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
                                              .e_type = ET_REL,
                                              .e_machine = EM_X86_64,
                                              .e_shoff = b.out.n,
                                              .e_shnum = (Elf64_Half)b.heads.n,
                                              .e_shstrndx = STRINGS};
    out_bytes(&b.out, b.heads.at, b.heads.n * sizeof *b.heads.at);
    out_release(&b.strings);
    return (struct join_input){b.out.bytes, b.out.n};
}

/* -- the result ---------------------------------------------------------------------------------------------------- */

struct view {
    const char *bytes;
    const Elf64_Shdr *heads;
    const Elf64_Sym *symbols;
    const char *strings;
    uint64_t n_heads, n_symbols;
};

static struct view view_of(const struct out *o)
{
    const Elf64_Ehdr *head = (const Elf64_Ehdr *)o->bytes;
    struct view v = {.bytes = o->bytes, .heads = (const Elf64_Shdr *)(o->bytes + head->e_shoff)};
    v.n_heads = head->e_shnum ? head->e_shnum : v.heads[0].sh_size;
    v.strings = o->bytes + v.heads[head->e_shstrndx == SHN_XINDEX ? v.heads[0].sh_link : head->e_shstrndx].sh_offset;
    for (uint64_t i = 0; i < v.n_heads; i++) {
        if (v.heads[i].sh_type != SHT_SYMTAB) continue;
        v.symbols = (const Elf64_Sym *)(o->bytes + v.heads[i].sh_offset);
        v.n_symbols = v.heads[i].sh_size / sizeof *v.symbols;
    }
    return v;
}

static uint64_t find_section(const struct view *v, const char *name)
{
    for (uint64_t i = 1; i < v->n_heads; i++)
        if (!strcmp(v->strings + v->heads[i].sh_name, name)) return i;
    return 0;
}

static const Elf64_Sym *find_symbol(const struct view *v, const char *name)
{
    const Elf64_Sym *found = NULL;
    for (uint64_t i = 1; i < v->n_symbols; i++)
        if (!strcmp(v->strings + v->symbols[i].st_name, name)) {
            CHECK(!found); /* once */
            found = &v->symbols[i];
        }
    return found;
}

static void checks_relocation(const struct view *v, const Elf64_Rela *r, uint64_t offset, const char *symbol,
                              int64_t addend)
{
    const Elf64_Sym *s = &v->symbols[ELF64_R_SYM(r->r_info)];
    CHECK_UINT(r->r_offset, offset);
    CHECK_INT(r->r_addend, addend);
    if (symbol)
        CHECK_STRING(v->strings + s->st_name, symbol);
    else
        CHECK_UINT(s->st_shndx, find_section(v, ".rodata.cst8"));
}

static void joins_two(void)
{
    struct join_input inputs[2] = {make_input("f", "g", "12345", 5, 0), make_input("g", "f", "abcdefg", 7, 0)};
    const struct join_reference references[2] = {{1, R_X86_64_PC32, "g", -4}, {6, R_X86_64_PLT32, "runtime", -4}};
    const struct join_reference data_references[1] = {{4, R_X86_64_PC32, "f", 3}};
    const struct join_addition added[3] = {
        {"entry", NULL, 16, false, "ABCDEFGHIJ", 10, references, 2},
        {"first", ".data.fixed", 4, true, "abc", 3, NULL, 0},
        {"second", ".data.fixed", 16, true, "defghijk", 8, data_references, 1},
    };
    struct out out;
    out_init(&out, &mem);
    join_objects(inputs, 2, added, 3, &arena, &out);
    struct view v = view_of(&out);
    uint64_t text = find_section(&v, ".text"), constants = find_section(&v, ".rodata.cst8");
    const Elf64_Shdr *relocations = &v.heads[find_section(&v, ".rela.text")];
    const Elf64_Rela *r = (const Elf64_Rela *)(out.bytes + relocations->sh_offset);
    CHECK_UINT(v.heads[text].sh_size, 15);
    CHECK(!memcmp(out.bytes + v.heads[text].sh_offset, "12345\0\0\0abcdefg", 15));
    CHECK_UINT(v.heads[constants].sh_size, 16);
    CHECK_UINT(v.heads[constants].sh_offset % 8, 0);
    CHECK_UINT(v.heads[constants].sh_entsize, 8);
    const Elf64_Sym *f = find_symbol(&v, "f"), *g = find_symbol(&v, "g"), *runtime = find_symbol(&v, "runtime");
    CHECK(find_symbol(&v, "file") != NULL);
    CHECK_UINT(f->st_value, 1);
    CHECK_UINT(g->st_value, 9);
    CHECK_UINT(g->st_shndx, text);
    CHECK_UINT(g->st_info, ELF64_ST_INFO(STB_LOCAL, STT_FUNC)); /* hidden, and nobody else will name it */
    CHECK_UINT(runtime->st_info, ELF64_ST_INFO(STB_GLOBAL, STT_NOTYPE));
    CHECK_UINT(runtime->st_shndx, SHN_UNDEF);
    CHECK_UINT(v.heads[relocations->sh_link].sh_info, v.n_symbols - 2); /* the others are local */
    CHECK_UINT(relocations->sh_info, text);
    CHECK_UINT(relocations->sh_size, 4 * sizeof *r);
    checks_relocation(&v, &r[0], 1, NULL, 4);
    checks_relocation(&v, &r[1], 2, "g", -4);
    checks_relocation(&v, &r[2], 9, NULL, 12);
    checks_relocation(&v, &r[3], 10, "f", -4);
    const Elf64_Sym *entry = find_symbol(&v, "entry");
    CHECK_UINT(entry->st_info, ELF64_ST_INFO(STB_GLOBAL, STT_FUNC));
    CHECK_UINT(entry->st_shndx, find_section(&v, ".text.entry"));
    CHECK(!memcmp(out.bytes + v.heads[entry->st_shndx].sh_offset, "ABCDEFGHIJ", 10));
    r = (const Elf64_Rela *)(out.bytes + v.heads[find_section(&v, ".rela.text.entry")].sh_offset);
    checks_relocation(&v, &r[0], 1, "g", -4);
    checks_relocation(&v, &r[1], 6, "runtime", -4);
    uint64_t data = find_section(&v, ".data.fixed");
    const Elf64_Sym *second = find_symbol(&v, "second");
    CHECK(!memcmp(out.bytes + v.heads[data].sh_offset, "abc\0\0\0\0\0\0\0\0\0\0\0\0\0defghijk", 24));
    CHECK_UINT(v.heads[data].sh_addralign, 16);
    CHECK_UINT(v.heads[data].sh_flags, SHF_ALLOC);
    CHECK_UINT(second->st_value, 16);
    CHECK_UINT(second->st_info, ELF64_ST_INFO(STB_LOCAL, STT_OBJECT));
    r = (const Elf64_Rela *)(out.bytes + v.heads[find_section(&v, ".rela.data.fixed")].sh_offset);
    checks_relocation(&v, &r[0], 20, "f", 3);
    out_release(&out);
}

/* Two inputs that count their sections in 16 bits make one that cannot; joined with a third it can still be read. */
static void joins_many_sections(void)
{
    struct join_input inputs[2] = {make_input("f", "g", "12345", 5, 40000), make_input("h", "g", "abcdefg", 7, 40000)};
    struct out many, more;
    out_init(&many, &mem);
    out_init(&more, &mem);
    join_objects(inputs, 2, NULL, 0, &arena, &many);
    struct view v = view_of(&many);
    CHECK_UINT(((const Elf64_Ehdr *)many.bytes)->e_shnum, 0);
    CHECK(v.n_heads > 80000);
    CHECK_STRING(v.strings + v.heads[find_section(&v, "h.39999")].sh_name, "h.39999");
    inputs[0] = (struct join_input){many.bytes, many.n};
    inputs[1] = make_input("g", "k", "xyz", 3, 0);
    join_objects(inputs, 2, NULL, 0, &arena, &more);
    v = view_of(&more);
    CHECK_UINT(find_symbol(&v, "g")->st_shndx, find_section(&v, ".text"));
    CHECK_UINT(v.heads[find_section(&v, ".text")].sh_size, 16 + 3);
    out_release(&many);
    out_release(&more);
}

int main(void)
{
    arena_init(&arena, &mem);
    joins_two();
    joins_many_sections();
    arena_release(&arena);
    memory_release_all(&mem);
    return test_finish();
}
