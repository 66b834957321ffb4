/* cache.c - any bytes as an entry of the cache: as they are, and with header and checksum made right, so that what lies
 * behind them is reached too. A sound entry gives exactly its payload, everything else leaves nothing. */
#include <stdlib.h>
#include <string.h>

#include "cache/cache.h"

enum { HEADER_BYTES = 96, CHECKED_BYTES = 64 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size_bytes);

static void put_number(uint8_t *to, uint64_t number)
{
    for (int i = 0; i < 8; i++)
        to[i] = (uint8_t)(number >> 8 * i);
}

/* Everything but the size of the payload. */
static void seal(uint8_t *entry, size_t n)
{
    SHA2_CTX sha;
    memcpy(entry, "vyrecach\1\0\0\0\0\0\0\0", 16);
    memset(entry + 16, 0, CACHE_KEY_BYTES);
    put_number(entry + 56, n - HEADER_BYTES);
    SHA256Init(&sha);
    SHA256Update(&sha, entry, CHECKED_BYTES);
    SHA256Update(&sha, entry + HEADER_BYTES, n - HEADER_BYTES);
    SHA256Final(entry + CHECKED_BYTES, &sha);
}

static void read_entry(struct memory *mem, const uint8_t *entry, size_t n)
{
    const struct cache_key key = {{0}};
    struct out payload, again;
    size_t at = 0, piece;
    const char *bytes;
    out_init(&payload, mem);
    out_init(&again, mem);
    out_text(&payload, "kept");
    bool ok = cache_entry_read(&key, entry, n, &payload);
    if (memcmp(payload.bytes, "kept", 4) || (!ok && payload.n != 4) || payload.bytes[payload.n]) abort();
    while (cache_piece_next(&payload, &at, &bytes, &piece))
        out_bytes(&again, bytes, piece);
    if (again.n > payload.n) abort();
    out_release(&again);
    out_release(&payload);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size_bytes)
{
    struct memory mem = {.limit_bytes = 64 << 20}; /* a header may promise much: a miss, not a crash */
    uint8_t *entry = NULL;
    if (setjmp(mem.recover)) abort();
    read_entry(&mem, bytes, size_bytes);
    if (size_bytes >= HEADER_BYTES && (entry = malloc(size_bytes))) {
        memcpy(entry, bytes, size_bytes);
        seal(entry, size_bytes);
        read_entry(&mem, entry, size_bytes);
        free(entry);
    }
    if (mem.live_bytes) abort();
    return 0;
}
