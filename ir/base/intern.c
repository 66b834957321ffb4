/* intern.c - an open-addressing set of names. Each carries its hash and length in front of its first byte. */
#include "ir/base/intern.h"

#include <string.h>

struct name_head {
    uint32_t hash, size_bytes;
};

void intern_init(struct intern *in, struct arena *arena)
{
    *in = (struct intern){.arena = arena};
}

static uint32_t hash_bytes(const char *text, size_t n)
{
    uint64_t h = 0xcbf29ce484222325u; /* FNV-1a */
    for (size_t i = 0; i < n; i++)
        h = (h ^ (unsigned char)text[i]) * 0x100000001b3u;
    return (uint32_t)(h ^ h >> 32);
}

static struct name_head head_of(const char *name)
{
    struct name_head head;
    memcpy(&head, name - sizeof head, sizeof head);
    return head;
}

/* The slot of this name, or the empty one where it belongs. */
static const char **find_slot(const struct intern *in, uint32_t hash, const char *text, size_t n)
{
    for (uint32_t i = hash & (in->cap - 1);; i = (i + 1) & (in->cap - 1)) {
        const char *name = in->slots[i];
        if (!name) return &in->slots[i];
        struct name_head head = head_of(name);
        if (head.hash == hash && head.size_bytes == n && !memcmp(name, text, n)) return &in->slots[i];
    }
}

static void grow(struct intern *in)
{
    struct intern bigger = {.arena = in->arena, .n = in->n, .cap = in->cap ? in->cap * 2 : 64};
    bigger.slots = ARENA_ARRAY(in->arena, const char *, bigger.cap);
    for (uint32_t i = 0; i < in->cap; i++) {
        if (!in->slots[i]) continue;
        struct name_head head = head_of(in->slots[i]);
        *find_slot(&bigger, head.hash, in->slots[i], head.size_bytes) = in->slots[i];
    }
    *in = bigger;
}

const char *intern(struct intern *in, const char *text, size_t n)
{
    if (n > UINT32_MAX || in->n > UINT32_MAX / 4) memory_fail(in->arena->mem);
    if (in->n >= in->cap / 4 * 3) grow(in);
    uint32_t hash = hash_bytes(text, n);
    const char **slot = find_slot(in, hash, text, n);
    if (*slot) return *slot;
    struct name_head head = {hash, (uint32_t)n};
    char *block = arena_alloc(in->arena, sizeof head + n + 1);
    memcpy(block, &head, sizeof head);
    if (n) memcpy(block + sizeof head, text, n);
    in->n++;
    return *slot = block + sizeof head;
}

const char *intern_string(struct intern *in, const char *text)
{
    return intern(in, text, strlen(text));
}
