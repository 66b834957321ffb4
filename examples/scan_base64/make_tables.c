/* make_tables.c - turns a list of literals, one per line, into the four tables that scan_base64.vir searches with.
 * `make_tables LITERALS.txt FOLDER` */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { MAX_LITERALS = 255, MAX_BYTES = 4096, MIN_LENGTH = 5, MAX_LENGTH = 64 };

static unsigned char literal_bytes[MAX_BYTES], first_of_hash[4096], next_of_hash[256];
static uint16_t literal_begin[257];

/* The hash that find_literals computes: of the first five bytes. */
static unsigned hash(const char *s)
{
    const unsigned char *b = (const unsigned char *)s;
    uint32_t key = b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
    return (key * 0x9E3779B1u + b[4] * 0x85EBCA6Bu) >> 20;
}

/* False when it does not fit, or is too short to be hashed. `number` counts from 1. */
static int add_literal(const char *literal, unsigned number)
{
    size_t length = strlen(literal), begin = literal_begin[number - 1];
    if (length < MIN_LENGTH || length > MAX_LENGTH || begin + length > MAX_BYTES) {
        return 0;
    }
    memcpy(literal_bytes + begin, literal, length);
    literal_begin[number] = (uint16_t)(begin + length);
    next_of_hash[number] = first_of_hash[hash(literal)];
    first_of_hash[hash(literal)] = (unsigned char)number;
    return 1;
}

static int write_table(const char *folder, const char *name, const void *bytes, size_t n)
{
    char path[4096];
    snprintf(path, sizeof(path), "%s/%s.bin", folder, name);
    FILE *file = fopen(path, "wb");
    int failed = !file || fwrite(bytes, 1, n, file) != n;
    if (!file || fclose(file) || failed) {
        perror(path);
        return 1;
    }
    return 0;
}

int main(int argc, char **argv)
{
    FILE *file = argc == 3 ? fopen(argv[1], "r") : NULL;
    char line[MAX_BYTES + 2];
    unsigned n = 0;
    if (!file) {
        fputs("usage: make_tables LITERALS.txt FOLDER\n", stderr);
        return 2;
    }
    while (fgets(line, sizeof(line), file)) {
        line[strcspn(line, "\n")] = 0;
        if (n == MAX_LITERALS || !add_literal(line, ++n)) {
            fprintf(
                stderr,
                "%s: line %u: literals have %d to %d bytes, and there are at most %d of them with %d bytes in all\n",
                argv[1], n, MIN_LENGTH, MAX_LENGTH, MAX_LITERALS, MAX_BYTES);
            return 1;
        }
    }
    fclose(file);
    return write_table(argv[2], "literal_bytes", literal_bytes, sizeof(literal_bytes)) |
           write_table(argv[2], "literal_begin", literal_begin, sizeof(literal_begin)) |
           write_table(argv[2], "first_of_hash", first_of_hash, sizeof(first_of_hash)) |
           write_table(argv[2], "next_of_hash", next_of_hash, sizeof(next_of_hash));
}
