/* key.c - what a result depends on, as 32 bytes. */
#define _GNU_SOURCE /* dl_iterate_phdr */
#include <link.h>
#include <string.h>

#include "cache/internal.h"

/* Raised when the form of entries changes, or what goes into keys. */
enum { CACHE_VERSION = 1 };

/* ---- which build of the compiler this is ---- */

struct search {
    uintptr_t inside; /* an address in the object that is looked for */
    struct cache_hash *hash;
};

static bool contains(const struct dl_phdr_info *object, uintptr_t address)
{
    for (int i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
        if (segment->p_type == PT_LOAD && address - (object->dlpi_addr + segment->p_vaddr) < segment->p_memsz)
            return true;
    }
    return false;
}

/* The notes of the ELF specification: sizes of name and contents, type, both parts padded to 4 bytes. */
static void hash_build_ids(struct cache_hash *h, const char *notes, size_t n)
{
    ElfW(Nhdr) note;
    while (n >= sizeof note) {
        memcpy(&note, notes, sizeof note);
        size_t name_bytes = (note.n_namesz + (size_t)3) & ~(size_t)3,
               desc_bytes = (note.n_descsz + (size_t)3) & ~(size_t)3;
        if (n - sizeof note < name_bytes + desc_bytes) return;
        const char *name = notes + sizeof note;
        if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 && !memcmp(name, "GNU", 4))
            cache_hash_bytes(h, name + name_bytes, note.n_descsz);
        notes = name + name_bytes + desc_bytes;
        n -= sizeof note + name_bytes + desc_bytes;
    }
}

static int visit_object(struct dl_phdr_info *object, size_t size, void *ctx)
{
    const struct search *s = ctx;
    (void)size;
    if (!contains(object, s->inside)) return 0;
    for (int i = 0; i < object->dlpi_phnum; i++)
        if (object->dlpi_phdr[i].p_type == PT_NOTE)
            hash_build_ids(s->hash, (const char *)(object->dlpi_addr + object->dlpi_phdr[i].p_vaddr),
                           object->dlpi_phdr[i].p_memsz);
    return 1;
}

/* ---- the hash ---- */

void cache_hash_begin(struct cache_hash *h)
{
    struct search search = {(uintptr_t)cache_hash_begin, h};
    SHA256Init(&h->sha);
    cache_hash_text(h, "vyrec cache");
    cache_hash_number(h, CACHE_VERSION);
    cache_hash_text(h, VYRE_VERSION);
    dl_iterate_phdr(visit_object, &search);
}

void cache_hash_number(struct cache_hash *h, uint64_t number)
{
    uint8_t bytes[8];
    for (int i = 0; i < 8; i++)
        bytes[i] = (uint8_t)(number >> 8 * i);
    SHA256Update(&h->sha, bytes, sizeof bytes);
}

void cache_hash_bytes(struct cache_hash *h, const void *bytes, size_t n)
{
    cache_hash_number(h, n);
    if (n) SHA256Update(&h->sha, bytes, n);
}

void cache_hash_text(struct cache_hash *h, const char *text)
{
    cache_hash_bytes(h, text, text ? strlen(text) + 1 : 0); /* with its NUL */
}

struct cache_key cache_hash_end(struct cache_hash *h)
{
    struct cache_key key;
    SHA256Final(key.bytes, &h->sha);
    return key;
}
