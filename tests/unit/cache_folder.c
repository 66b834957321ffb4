/* The cache: entries come back, and whatever is wrong with one, with the folder, or with memory is a miss. With
 * arguments it is the program that other tests interrupt: `store FOLDER N` keeps payload N, `find FOLDER N` ends with 0
 * for the right bytes, 2 for a miss, and 1 for wrong ones. */
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cache/cache.h"
#include "tests/unit/test.h"

enum { PAYLOAD_BYTES = 20000 };

static struct memory memory;
static char folder[] = "/tmp/vyre-cache-XXXXXX";
static char path[200], other[200];

static struct cache_key key_of(uint32_t n)
{
    struct cache_hash h;
    cache_hash_begin(&h);
    cache_hash_number(&h, n);
    return cache_hash_end(&h);
}

/* Bytes that do not compress well, of its own for each n. */
static struct out payload_of(uint32_t n)
{
    struct out out;
    out_init(&out, &memory);
    uint64_t state = n;
    for (uint32_t i = 0; i < PAYLOAD_BYTES / 8; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        out_u64(&out, state);
    }
    return out;
}

static const char *in_folder(const char *name)
{
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static const char *entry_path(uint32_t n)
{
    struct cache_key key = key_of(n);
    char name[CACHE_NAME_BYTES];
    for (int i = 0; i < CACHE_KEY_BYTES; i++)
        sprintf(name + 2 * i, "%02x", key.bytes[i]);
    strcat(name, ".vyre");
    return in_folder(name);
}

static void store(const char *where, uint32_t n, uint64_t limit)
{
    struct cache c;
    struct out payload = payload_of(n);
    struct cache_key key = key_of(n);
    cache_open(&c, &memory, where, limit);
    cache_store(&c, &key, &payload);
    cache_close(&c);
    out_release(&payload);
}

/* 1: the right bytes; 0: a miss; -1: others. */
static int find(const char *where, uint32_t n)
{
    struct cache c;
    struct out payload = payload_of(n), found;
    struct cache_key key = key_of(n);
    out_init(&found, &memory);
    out_text(&found, "kept");
    cache_open(&c, &memory, where, CACHE_DEFAULT_LIMIT);
    bool hit = cache_find(&c, &key, &found);
    cache_close(&c);
    int result = !hit ? (found.n == 4 ? 0 : -1)
                 : found.n == 4 + payload.n && !memcmp(found.bytes + 4, payload.bytes, payload.n) ? 1
                                                                                                  : -1;
    out_release(&payload);
    out_release(&found);
    return result;
}

static struct cache_totals measure(void)
{
    struct cache c;
    cache_open(&c, &memory, folder, CACHE_DEFAULT_LIMIT);
    struct cache_totals t = cache_measure(&c);
    cache_close(&c);
    return t;
}

/* ---- what works ---- */

static void entries_come_back(void)
{
    CHECK_INT(find(folder, 1), 0);
    store(folder, 1, CACHE_DEFAULT_LIMIT);
    store(folder, 2, CACHE_DEFAULT_LIMIT);
    CHECK_INT(find(folder, 1), 1);
    CHECK_INT(find(folder, 2), 1);
    CHECK_INT(find(folder, 3), 0);
    struct cache_totals t = measure();
    CHECK_UINT(t.n_entries, 2);
    CHECK(t.n_bytes > PAYLOAD_BYTES && t.n_bytes < 3 * PAYLOAD_BYTES);
    CHECK_UINT(t.counts.hits, 2);
    CHECK_UINT(t.counts.misses, 2);
    CHECK_UINT(t.counts.stores, 2);
}

static void keys_keep_parts_apart(void)
{
    struct cache_hash a, b, c, d;
    cache_hash_begin(&a);
    cache_hash_begin(&b);
    cache_hash_begin(&c);
    cache_hash_text(&a, "ab");
    cache_hash_text(&a, "c");
    cache_hash_text(&b, "a");
    cache_hash_text(&b, "bc");
    cache_hash_text(&c, NULL);
    cache_hash_begin(&d);
    cache_hash_text(&d, "");
    struct cache_key x = cache_hash_end(&a), y = cache_hash_end(&b), z = cache_hash_end(&c), w = cache_hash_end(&d);
    CHECK(memcmp(&x, &y, sizeof x) && memcmp(&y, &z, sizeof z) && memcmp(&z, &w, sizeof w));
}

static void pieces_come_back(void)
{
    struct out payload;
    size_t at = 0, n;
    const char *bytes;
    out_init(&payload, &memory);
    cache_piece_add(&payload, "one", 3);
    cache_piece_add(&payload, NULL, 0);
    CHECK(cache_piece_next(&payload, &at, &bytes, &n) && n == 3 && !memcmp(bytes, "one", 3));
    CHECK(cache_piece_next(&payload, &at, &bytes, &n) && n == 0);
    CHECK(!cache_piece_next(&payload, &at, &bytes, &n));
    payload.bytes[0] = 12; /* one byte more than follows */
    at = 0;
    CHECK(!cache_piece_next(&payload, &at, &bytes, &n));
    out_release(&payload);
}

/* The two that were used last stay. */
static void least_recently_used_goes_first(void)
{
    const struct timespec old[2] = {{1000, 0}, {1000, 0}};
    for (uint32_t n = 10; n < 13; n++)
        store(folder, n, CACHE_DEFAULT_LIMIT);
    for (uint32_t n = 1; n < 13; n++)
        utimensat(AT_FDCWD, entry_path(n), old, 0);
    CHECK_INT(find(folder, 11), 1); /* marks it */
    store(folder, 13, 5 * PAYLOAD_BYTES / 2);
    CHECK_UINT(measure().n_entries, 2);
    CHECK_INT(find(folder, 11), 1);
    CHECK_INT(find(folder, 13), 1);
    CHECK_INT(find(folder, 1), 0);
    CHECK_UINT(measure().counts.evictions, 4);
    store(folder, 14, PAYLOAD_BYTES / 2); /* larger than all: not kept, and nothing goes for it */
    CHECK_INT(find(folder, 14), 0);
    CHECK_UINT(measure().n_entries, 2);
}

static void pruning_leaves_other_files(void)
{
    struct cache c;
    const struct timespec old[2] = {{1000, 0}, {1000, 0}};
    FILE *file = fopen(in_folder("mine.txt"), "w");
    CHECK(file && !fclose(file));
    file = fopen(in_folder(".vyre-1-0"), "w"); /* left by a run that was killed */
    CHECK(file && !fclose(file));
    file = fopen(in_folder(".vyre-2-0"), "w"); /* under way */
    CHECK(file && !fclose(file));
    CHECK(!utimensat(AT_FDCWD, in_folder(".vyre-1-0"), old, 0));
    cache_open(&c, &memory, folder, CACHE_DEFAULT_LIMIT);
    cache_prune(&c, 0);
    cache_close(&c);
    CHECK_UINT(measure().n_entries, 0);
    CHECK(!access(in_folder("mine.txt"), F_OK) && !access(in_folder(".vyre-2-0"), F_OK));
    CHECK(access(in_folder(".vyre-1-0"), F_OK));
}

/* ---- what is wrong with entries ---- */

static void change_byte(uint32_t n, long at, int by)
{
    FILE *file = fopen(entry_path(n), "r+b");
    int byte = 0;
    CHECK(file && !fseek(file, at, SEEK_SET) && (byte = fgetc(file)) != EOF && !fseek(file, at, SEEK_SET));
    if (!file) return;
    fputc(byte ^ by, file);
    fclose(file);
}

static void damage_is_a_miss(void)
{
    store(folder, 1, CACHE_DEFAULT_LIMIT);
    struct stat info;
    CHECK(!stat(entry_path(1), &info));
    for (long at = 0; at < info.st_size; at += at < 120 ? 1 : 997) {
        change_byte(1, at, 1 << at % 8);
        CHECK_INT(find(folder, 1), 0);
        change_byte(1, at, 1 << at % 8);
    }
    CHECK_INT(find(folder, 1), 1);
    for (long size = 0; size < info.st_size; size += size < 120 ? 1 : 997) {
        CHECK(!truncate(entry_path(1), size));
        CHECK_INT(find(folder, 1), 0);
        store(folder, 1, CACHE_DEFAULT_LIMIT); /* whatever was there is replaced */
    }
    CHECK(!truncate(entry_path(1), info.st_size + 1));
    CHECK_INT(find(folder, 1), 0);
    /* A sound entry under another's name is not its. */
    strcpy(other, entry_path(2));
    store(folder, 1, CACHE_DEFAULT_LIMIT);
    CHECK(!rename(entry_path(1), other));
    CHECK_INT(find(folder, 2), 0);
    store(folder, 2, CACHE_DEFAULT_LIMIT);
    CHECK_INT(find(folder, 2), 1);
}

static void strange_files_are_misses(void)
{
    store(folder, 1, CACHE_DEFAULT_LIMIT);
    CHECK(!chmod(entry_path(1), 0620));
    CHECK_INT(find(folder, 1), 0);
    CHECK(!chmod(entry_path(1), 0600));
    CHECK_INT(find(folder, 1), 1);
    /* A link, even to what was sound. */
    strcpy(other, in_folder("aside"));
    CHECK(!rename(entry_path(1), other) && !symlink("aside", entry_path(1)));
    CHECK_INT(find(folder, 1), 0);
    CHECK(!unlink(entry_path(1)) && !mkfifo(entry_path(1), 0600));
    CHECK_INT(find(folder, 1), 0);
    CHECK(!unlink(entry_path(1)) && !mkdir(entry_path(1), 0700));
    CHECK_INT(find(folder, 1), 0);
    store(folder, 1, CACHE_DEFAULT_LIMIT); /* cannot replace a folder, and says nothing */
    CHECK_INT(find(folder, 1), 0);
    CHECK(!rmdir(entry_path(1)) && !rename(other, entry_path(1)));
    CHECK_INT(find(folder, 1), 1);
    if (geteuid()) return; /* only root can give files away */
    CHECK(!chown(entry_path(1), 12345, 12345));
    CHECK_INT(find(folder, 1), 0);
    store(folder, 1, CACHE_DEFAULT_LIMIT);
    CHECK_INT(find(folder, 1), 1);
}

/* ---- what is wrong with folders ---- */

static void check_refused(const char *where, const char *why)
{
    struct cache c;
    cache_open(&c, &memory, where, CACHE_DEFAULT_LIMIT);
    CHECK_STRING(c.refusal, why);
    CHECK_INT(c.folder, -1);
    cache_close(&c);
    store(where, 1, CACHE_DEFAULT_LIMIT);
    CHECK_INT(find(where, 1), 0);
}

static void strange_folders_are_refused(void)
{
    strcpy(other, in_folder("link"));
    CHECK(!symlink(folder, other));
    check_refused(other, "it is no folder, or a symbolic link");
    strcat(other, "//");
    check_refused(other, "it is no folder, or a symbolic link");
    CHECK(!unlink(in_folder("link")));
    check_refused(in_folder("mine.txt"), "it is no folder, or a symbolic link");
    check_refused("/proc/nothing/here", "it cannot be made");
    check_refused("", "it cannot be made");
    CHECK(!chmod(folder, 0777));
    check_refused(folder, "everybody may write there");
    CHECK(!chmod(folder, 0700));
    if (!geteuid()) {
        CHECK(!chown(folder, 12345, 12345));
        check_refused(folder, "it belongs to another user");
        CHECK(!chown(folder, 0, 0));
    }
    CHECK_INT(find(folder, 1), 1);
    strcpy(other, in_folder("a/b/c/"));
    store(other, 1, CACHE_DEFAULT_LIMIT); /* folders are made */
    CHECK_INT(find(other, 1), 1);
}

/* ---- memory, and others at the same time ---- */

static void memory_may_run_out(void)
{
    for (uint64_t n = 1; n < 40; n++) {
        struct out payload = payload_of(50), found;
        struct cache_key key = key_of(50);
        struct cache c;
        out_init(&found, &memory);
        memory.fail_at = memory.n_allocs + n;
        memory.fail_from_then = n % 2;
        cache_open(&c, &memory, folder, CACHE_DEFAULT_LIMIT);
        cache_store(&c, &key, &payload);
        bool hit = cache_find(&c, &key, &found);
        memory.fail_at = 0;
        cache_close(&c);
        CHECK(!hit || (found.n == payload.n && !memcmp(found.bytes, payload.bytes, found.n)));
        CHECK(hit || n < 39);
        out_release(&found);
        out_release(&payload);
    }
}

/* Writers and readers of the same entries: a reader sees nothing or the right bytes. */
static void writers_do_not_meet(void)
{
    enum { N_PROCESSES = 6, N_ROUNDS = 30 };
    for (uint32_t p = 0; p < N_PROCESSES; p++) {
        if (fork()) continue;
        int bad = 0;
        for (uint32_t i = 0; i < N_ROUNDS; i++) {
            uint32_t n = 60 + (i * (p + 1)) % 4;
            if (p % 2 || i < 2) store(folder, n, p == 1 ? 2 * PAYLOAD_BYTES : CACHE_DEFAULT_LIMIT);
            bad |= find(folder, n) < 0;
        }
        _exit(bad);
    }
    for (uint32_t p = 0; p < N_PROCESSES; p++) {
        int status = -1;
        CHECK(wait(&status) > 0 && !status);
    }
}

static void remove_tree(const char *name)
{
    char command[300];
    snprintf(command, sizeof command, "rm -rf '%s'", name);
    CHECK(!system(command));
}

int main(int argc, char **argv)
{
    if (setjmp(memory.recover)) return 1;
    if (argc == 4) {
        uint32_t n = (uint32_t)strtoul(argv[3], NULL, 10);
        if (!strcmp(argv[1], "store")) store(argv[2], n, CACHE_DEFAULT_LIMIT);
        return strcmp(argv[1], "find") ? 0 : (int[]){1, 2, 0}[find(argv[2], n) + 1];
    }
    if (!mkdtemp(folder)) return 1;
    entries_come_back();
    keys_keep_parts_apart();
    pieces_come_back();
    least_recently_used_goes_first();
    pruning_leaves_other_files();
    damage_is_a_miss();
    strange_files_are_misses();
    strange_folders_are_refused();
    memory_may_run_out();
    writers_do_not_meet();
    remove_tree(folder);
    CHECK_UINT(memory.live_bytes, 0);
    return test_finish();
}
