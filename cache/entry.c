/* entry.c - an entry as bytes, all numbers little-endian:
 *
 *    0  magic "vyrecach"        8  version, u32, and 4 zeros
 *   16  key                    48  size of the payload, u64      56  size of what follows the header, u64
 *   64  SHA-256 of bytes 0 to 63 and of all that follows the header
 *   96  the payload, compressed by zstd
 *
 * The checksum finds damage. It keeps nobody out who can write the file: that is what the owner is asked for. */
#include <string.h>

#include <zstd.h>

#include "cache/internal.h"

enum { ENTRY_VERSION = 1, CHECKED_BYTES = 64, HEADER_BYTES = 96, ZSTD_LEVEL = 3 };
static const char magic[8] = {'v', 'y', 'r', 'e', 'c', 'a', 'c', 'h'};

void cache_name(const struct cache_key *key, char name[CACHE_NAME_BYTES])
{
    static const char digits[] = "0123456789abcdef";
    for (int i = 0; i < CACHE_KEY_BYTES; i++) {
        *name++ = digits[key->bytes[i] >> 4];
        *name++ = digits[key->bytes[i] & 15];
    }
    strcpy(name, ".vyre");
}

static void put_number(uint8_t *to, uint64_t number)
{
    for (int i = 0; i < 8; i++)
        to[i] = (uint8_t)(number >> 8 * i);
}

static uint64_t get_number(const uint8_t *from)
{
    uint64_t number = 0;
    for (int i = 0; i < 8; i++)
        number |= (uint64_t)from[i] << 8 * i;
    return number;
}

static void sum_entry(const uint8_t *header, const void *rest, size_t n, uint8_t sum[SHA256_DIGEST_LENGTH])
{
    SHA2_CTX sha;
    SHA256Init(&sha);
    SHA256Update(&sha, header, CHECKED_BYTES);
    if (n) SHA256Update(&sha, rest, n);
    SHA256Final(sum, &sha);
}

/* The first 64 bytes. */
static void write_header(uint8_t *header, const struct cache_key *key, uint64_t n_real, uint64_t n_stored)
{
    memcpy(header, magic, sizeof magic);
    put_number(header + 8, ENTRY_VERSION);
    memcpy(header + 16, key->bytes, sizeof key->bytes);
    put_number(header + 48, n_real);
    put_number(header + 56, n_stored);
}

bool cache_entry_write(const struct cache_key *key, const struct out *payload, struct out *entry)
{
    uint8_t header[HEADER_BYTES];
    size_t bound = ZSTD_compressBound(payload->n);
    char *packed = payload->n <= CACHE_MAX_ENTRY ? memory_try_alloc(entry->mem, bound) : NULL;
    if (!packed) return false;
    size_t n = ZSTD_compress(packed, bound, payload->bytes, payload->n, ZSTD_LEVEL);
    bool ok = !ZSTD_isError(n);
    if (ok) {
        write_header(header, key, payload->n, n);
        sum_entry(header, packed, n, header + CHECKED_BYTES);
        ok = out_try_reserve(entry, HEADER_BYTES + n);
    }
    if (ok) {
        out_bytes(entry, header, sizeof header);
        out_bytes(entry, packed, n);
    }
    memory_free(entry->mem, packed, bound);
    return ok;
}

static bool is_sound(const struct cache_key *key, const uint8_t *bytes, size_t n)
{
    uint8_t header[CHECKED_BYTES], sum[SHA256_DIGEST_LENGTH];
    if (n < HEADER_BYTES) return false;
    write_header(header, key, get_number(bytes + 48), n - HEADER_BYTES);
    if (memcmp(header, bytes, sizeof header)) return false;
    sum_entry(header, bytes + HEADER_BYTES, n - HEADER_BYTES, sum);
    return !memcmp(sum, bytes + CHECKED_BYTES, sizeof sum);
}

bool cache_entry_read(const struct cache_key *key, const void *bytes, size_t n, struct out *payload)
{
    if (!is_sound(key, bytes, n)) return false;
    const char *packed = (const char *)bytes + HEADER_BYTES;
    uint64_t n_real = get_number((const uint8_t *)bytes + 48);
    if (n_real > CACHE_MAX_ENTRY || ZSTD_getFrameContentSize(packed, n - HEADER_BYTES) != n_real ||
        !out_try_reserve(payload, n_real))
        return false;
    /* The room is that of the payload and one for the NUL that is there already. */
    size_t done = ZSTD_decompress(payload->bytes + payload->n, n_real, packed, n - HEADER_BYTES);
    bool ok = !ZSTD_isError(done) && done == n_real;
    if (ok) payload->n += n_real;
    payload->bytes[payload->n] = 0;
    return ok;
}

void cache_piece_add(struct out *payload, const void *bytes, size_t n)
{
    out_u64(payload, n);
    out_bytes(payload, bytes, n);
}

bool cache_piece_next(const struct out *payload, size_t *at, const char **bytes, size_t *n)
{
    if (payload->n - *at < 8) return false;
    uint64_t size = get_number((const uint8_t *)payload->bytes + *at);
    if (size > payload->n - *at - 8) return false;
    *bytes = payload->bytes + *at + 8;
    *n = size;
    *at += 8 + size;
    return true;
}
