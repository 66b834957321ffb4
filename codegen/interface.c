/* interface.c - names and layout of what C code calls: see interface.h.
 *
 * A name of the .vir text that means something else to a C or C++ compiler gets a trailing underscore. */
#include "codegen/interface.h"

#include <stddef.h>
#include <string.h>

#include "ir/ops.h"
#include "runtime-stub/vyrert.h"

const struct interface_entry_info interface_entry_infos[INTERFACE_ENTRY_COUNT] = {
#define INTERFACE_ENTRY(NAME, suffix, runtime_symbol, n_rest, params) {suffix, runtime_symbol, n_rest, params},
    INTERFACE_ENTRIES(INTERFACE_ENTRY)
#undef INTERFACE_ENTRY
};

const struct interface_type interface_types[IR_SCALAR_COUNT] = {
    [IR_BOOL] = {"uint32_t", 4, VYRE_TYPE_BOOL}, [IR_U8] = {"uint8_t", 1, VYRE_TYPE_U8},
    [IR_I8] = {"int8_t", 1, VYRE_TYPE_I8},       [IR_U16] = {"uint16_t", 2, VYRE_TYPE_U16},
    [IR_I16] = {"int16_t", 2, VYRE_TYPE_I16},    [IR_U32] = {"uint32_t", 4, VYRE_TYPE_U32},
    [IR_I32] = {"int32_t", 4, VYRE_TYPE_I32},    [IR_U64] = {"uint64_t", 8, VYRE_TYPE_U64},
    [IR_I64] = {"int64_t", 8, VYRE_TYPE_I64},    [IR_F16] = {"uint16_t", 2, VYRE_TYPE_F16},
    [IR_BF16] = {"uint16_t", 2, VYRE_TYPE_BF16}, [IR_F32] = {"float", 4, VYRE_TYPE_F32},
    [IR_F64] = {"double", 8, VYRE_TYPE_F64},
};
_Static_assert(IR_SCALAR_COUNT == 14, "a scalar type without a row in interface_types");

/* Keywords of C up to C23 and of C++ up to C++23, and macros that compilers or the headers we include predefine: none
 * of them can name a member or a function. */
static const char reserved_words[] =
    " alignas alignof and and_eq asm atomic_cancel atomic_commit atomic_noexcept auto bitand bitor bool "
    "break case catch char char16_t char32_t char8_t class co_await co_return co_yield compl complex concept "
    "const const_cast consteval constexpr constinit continue decltype default delete do double dynamic_cast "
    "else enum errno explicit export extern false float for friend goto if imaginary inline int linux long "
    "mutable namespace new noexcept noreturn not not_eq nullptr offsetof operator or or_eq private protected "
    "public reflexpr register reinterpret_cast requires restrict return short signed sizeof static "
    "static_assert static_cast struct switch synchronized template this thread_local throw true try typedef "
    "typeid typename typeof typeof_unqual union unix unsigned using virtual void volatile wchar_t while xor "
    "xor_eq EOF I NULL assert i386 stdin stdout stderr size_t ptrdiff_t int8_t int16_t int32_t int64_t "
    "uint8_t uint16_t uint32_t uint64_t intptr_t uintptr_t ";

/* Functions of the C library and of POSIX that a program would replace for the whole process when it took their name.
 */
static const char library_functions[] =
    " abort abs accept access acos asin atan atexit atoi bind bsearch calloc ceil chdir clock close connect "
    "cos cosh creat div dup exec exit exp exp2 fabs fclose fflush fgets floor fma fmod fopen fork fprintf "
    "fputs fread free fseek fstat ftell fwrite getc getenv getpid gets hypot index ioctl isatty kill link "
    "listen log log10 log2 longjmp lseek main malloc memchr memcmp memcpy memmove memset mmap munmap nice "
    "open pause perror pipe poll pow printf putc puts qsort raise rand random read realloc recv remove "
    "rename rewind rindex round scanf select send setjmp signal sin sinh sleep socket sprintf sqrt srand "
    "stat strcat strchr strcmp strcpy strlen strncmp strncpy strstr strtol sync system tan tanh time times "
    "trunc truncate umask unlink vprintf wait write ";

/* Lists are words with a blank before and after each. */
static bool is_listed(const char *name, const char *list)
{
    size_t n = strlen(name);
    for (const char *at = list; n && (at = strstr(at, name)); at++)
        if (at[-1] == ' ' && at[n] == ' ') return true;
    return false;
}

uint32_t interface_align_bytes(const struct ir_buffer *b)
{
    uint32_t natural = ir_type_mem_bytes(b->elem);
    return b->align_bytes > natural ? b->align_bytes : natural;
}

void interface_workgroup(const struct ir_program *p, uint32_t size[3])
{
    for (uint32_t i = 0; i < 3; i++)
        size[i] = i < p->n_workgroup ? p->workgroup[i] : 1;
    if (!p->n_workgroup) size[0] = 64;
}

/* Names interned and the fields that have them, so that a name made here cannot meet one of the text. */
static const char *escape_name(const struct ir_module *m, struct map *taken, const char *name)
{
    struct arena *arena = taken->arena;
    size_t n = strlen(name);
    while (is_listed(name, reserved_words) || map_find(taken, name)) {
        char *longer = arena_copy(arena, name, n + 1);
        longer[n] = '_';
        name = intern(m->names, longer, ++n);
    }
    map_set(taken, name, (void *)(uintptr_t)name);
    return name;
}

static struct interface_field *add_field(struct interface_unit *u, uint64_t bytes, uint64_t align)
{
    struct interface_field *f = &u->fields[u->n_buffers + u->n_params];
    f->offset = (u->args_bytes + align - 1) / align * align;
    u->args_bytes = f->offset + bytes;
    return f;
}

/* Lays out the struct as every C compiler for the hosts we know does. */
static void lay_out(struct interface_unit *u, const struct ir_module *m, struct ir_buffer *const *buffers,
                    uint32_t n_buffers, struct ir_param *const *params, uint32_t n_params, struct arena *arena)
{
    struct map taken;
    uint64_t align = n_buffers ? _Alignof(vyre_span) : 1;
    map_init(&taken, arena);
    u->fields = ARENA_ARRAY(arena, struct interface_field, (size_t)n_buffers + n_params + 1);
    for (uint32_t i = 0; i < n_buffers; i++) {
        struct interface_field *f = add_field(u, sizeof(vyre_span), _Alignof(vyre_span));
        f->buffer = buffers[i];
        f->name = escape_name(m, &taken, buffers[i]->name);
        u->n_buffers++;
    }
    for (uint32_t i = 0; i < n_params; i++) {
        uint64_t bytes = interface_types[params[i]->type.scalar].c_bytes;
        struct interface_field *f = add_field(u, bytes, bytes);
        f->param = params[i];
        f->name = escape_name(m, &taken, params[i]->name);
        if (bytes > align) align = bytes;
        u->n_params++;
    }
    if (!u->args_bytes) u->args_bytes = 1;
    u->args_bytes = (u->args_bytes + align - 1) / align * align;
}

/* The unit's symbol, reporting names that would take over a function of the process. */
static bool name_unit(struct interface_unit *u, const struct ir_module *m, const char *prefix, struct diags *diags,
                      struct arena *arena)
{
    struct map none;
    map_init(&none, arena);
    u->symbol = escape_name(m, &none, intern_string(m->names, arena_printf(arena, "%s%s", prefix, u->name)));
    if (!is_listed(u->symbol, library_functions) && strncmp(u->symbol, "vyre_", 5)) return true;
    diag_report(diags, DIAG_LIBRARY_SYMBOL, u->range, u->name, u->symbol);
    return false;
}

/* Reports two units of which one's functions have a name of the other's: `scan` and `scan_async`. */
static bool check_symbols(const struct interface *face, const struct ir_module *m, struct diags *diags,
                          struct arena *arena)
{
    struct map owners;
    bool ok = true;
    map_init(&owners, arena);
    for (uint32_t i = 0; i < face->n_units; i++) {
        struct interface_unit *u = &face->units[i];
        if (u->internal) continue;
        for (uint32_t e = 0; e < INTERFACE_ENTRY_COUNT; e++) {
            const char *symbol = arena_printf(arena, "%s%s", u->symbol, interface_entry_infos[e].suffix);
            const struct interface_unit *owner = map_find(&owners, symbol = intern_string(m->names, symbol));
            if (owner) {
                struct diag *d = diag_report(diags, DIAG_SYMBOL_TAKEN, u->range, u->name, symbol, owner->name);
                diag_add_note(diags, d, owner->range, "'%s' is declared here", owner->name);
                ok = false;
            }
            map_set(&owners, symbol, u);
        }
    }
    return ok;
}

bool interface_build(struct interface *face, const struct ir_module *m, const char *prefix, struct diags *diags,
                     struct arena *arena)
{
    bool ok = true;
    face->n_units = m->programs.n + m->pipelines.n;
    face->units = ARENA_ARRAY(arena, struct interface_unit, (size_t)face->n_units + 1);
    for (uint32_t i = 0; i < m->programs.n; i++) {
        const struct ir_program *p = m->programs.at[i];
        face->units[i] =
            (struct interface_unit){.name = p->name, .program = p, .internal = p->internal, .range = p->range};
        lay_out(&face->units[i], m, p->buffers.at, p->buffers.n, p->params.at, p->params.n, arena);
    }
    for (uint32_t i = 0; i < m->pipelines.n; i++) {
        const struct ir_pipeline *p = m->pipelines.at[i];
        struct interface_unit *u = &face->units[m->programs.n + i];
        *u = (struct interface_unit){.name = p->name, .pipeline = p, .internal = p->internal, .range = p->range};
        lay_out(u, m, p->buffers.at, p->buffers.n, p->params.at, p->params.n, arena);
    }
    for (uint32_t i = 0; i < face->n_units; i++)
        ok &= face->units[i].internal || name_unit(&face->units[i], m, prefix ? prefix : "", diags, arena);
    return ok && check_symbols(face, m, diags, arena);
}
