/* entry_x86.c - see entry_x86.h. The System V calling convention: arguments in rdi, rsi, rdx, rcx, r8, r9.
 *
 *   int32_t f(ctx, a, b, c)          mov rcx, r9      what follows ctx makes way for two arguments, the last one first
 *                                    mov rdx, r8
 *                                    mov rsi, rcx
 *                                    lea rsi, [rip + module]
 *                                    mov edx, unit
 *                                    jmp runtime
 *
 *   void k(launch, first, n, scratch)  imul rsi, size   workgroups become invocations
 *                                      imul rdx, size
 *                                      jmp singles */
#include "codegen/entry_x86.h"

#include <elf.h>

#include "ir/base/diag.h"

enum { MAX_REST = 3, MOVE_BYTES = 3, MAX_CODE_BYTES = MAX_REST * MOVE_BYTES + 7 + 5 + 5, ALIGNMENT = 16 };
static const unsigned char moves[MAX_REST][MOVE_BYTES] = {{0x48, 0x89, 0xf1}, {0x49, 0x89, 0xd0}, {0x49, 0x89, 0xc9}};
static const unsigned char load_rsi[] = {0x48, 0x8d, 0x35}, set_edx[] = {0xba}, jump[] = {0xe9};
static const unsigned char multiply_rsi[] = {0x48, 0x69, 0xf6}, multiply_rdx[] = {0x48, 0x69, 0xd2};

struct code {
    unsigned char *bytes;
    uint32_t n;
};

static void put(struct code *c, const unsigned char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        c->bytes[c->n++] = bytes[i];
}

static void put_u32(struct code *c, uint32_t v)
{
    unsigned char bytes[4] = {(unsigned char)v, (unsigned char)(v >> 8), (unsigned char)(v >> 16),
                              (unsigned char)(v >> 24)};
    put(c, bytes, sizeof bytes);
}

/* A distance from the end of its four bytes, which the linker knows. */
static struct join_reference put_reference(struct code *c, uint32_t type, const char *symbol)
{
    struct join_reference r = {c->n, type, symbol, -4};
    put_u32(c, 0);
    return r;
}

static struct join_addition make_function(const char *symbol, const struct code *c,
                                          const struct join_reference *references, uint32_t n_references)
{
    return (struct join_addition){.symbol = symbol,
                                  .alignment = ALIGNMENT,
                                  .bytes = (const char *)c->bytes,
                                  .n = c->n,
                                  .references = references,
                                  .n_references = n_references};
}

struct join_addition entry_make_x86(const struct object_entry *entry, const char *descriptor, struct arena *arena)
{
    struct code c = {arena_alloc(arena, MAX_CODE_BYTES), 0};
    struct join_reference *references = ARENA_ARRAY(arena, struct join_reference, 2);
    if (entry->n_rest > MAX_REST) bug("%s has %u arguments", entry->symbol, entry->n_rest + 1);
    for (uint32_t i = entry->n_rest; i-- > 0;)
        put(&c, moves[i], MOVE_BYTES);
    put(&c, load_rsi, sizeof load_rsi);
    references[0] = put_reference(&c, R_X86_64_PC32, descriptor);
    put(&c, set_edx, sizeof set_edx);
    put_u32(&c, entry->unit);
    put(&c, jump, sizeof jump);
    references[1] = put_reference(&c, R_X86_64_PLT32, entry->runtime_symbol);
    return make_function(entry->symbol, &c, references, 2);
}

struct join_addition entry_make_kernel_x86(const char *symbol, const char *singles, uint32_t workgroup_size,
                                           struct arena *arena)
{
    struct code c = {arena_alloc(arena, MAX_CODE_BYTES), 0};
    struct join_reference *reference = ARENA_NEW(arena, struct join_reference);
    put(&c, multiply_rsi, sizeof multiply_rsi);
    put_u32(&c, workgroup_size);
    put(&c, multiply_rdx, sizeof multiply_rdx);
    put_u32(&c, workgroup_size);
    put(&c, jump, sizeof jump);
    *reference = put_reference(&c, R_X86_64_PLT32, singles);
    struct join_addition kernel = make_function(symbol, &c, reference, 1);
    kernel.is_hidden = true;
    return kernel;
}
