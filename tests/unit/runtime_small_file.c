/* runtime_small_file.c - files of caches: what is not believed, and what stays where a write fails. */
#include <dirent.h>
#include <sys/resource.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "runtime-stub/small_file.c" /* the runtime hides it */
#include "tests/unit/test.h"

static char folder[] = "/tmp/vyre_small_XXXXXX";

static const char *path_of(const char *name)
{
    static char paths[4][PATH_BYTES];
    static uint32_t next;
    char *path = paths[next++ % 4];
    snprintf(path, PATH_BYTES, "%s/%s", folder, name);
    return path;
}

static uint32_t count_files(void)
{
    DIR *d = opendir(folder);
    uint32_t n = 0;
    for (const struct dirent *e; d && (e = readdir(d));)
        n += e->d_name[0] != '.';
    if (d) closedir(d);
    return n;
}

/* What is in the file, as text; "" where it is not believed. */
static const char *read_text(const char *path, enum small_file_state state)
{
    static char text[64];
    size_t n;
    int file;
    memset(text, 0, sizeof text);
    CHECK_INT(small_file_open(path, sizeof text - 1, &file, &n), state);
    CHECK((file >= 0) == (state == SMALL_FILE_READ));
    if (file >= 0) CHECK(small_file_read(file, text, n));
    if (file >= 0) close(file);
    return text;
}

static void writes_and_reads(void)
{
    const char *path = path_of("file");
    struct stat about;
    CHECK_STRING(read_text(path, SMALL_FILE_NONE), "");
    CHECK(small_file_write(path, "first", 5));
    CHECK_STRING(read_text(path, SMALL_FILE_READ), "first");
    CHECK(small_file_write(path, "another", 7));
    CHECK_STRING(read_text(path, SMALL_FILE_READ), "another");
    CHECK(small_file_write(path, "", 0));
    CHECK_STRING(read_text(path, SMALL_FILE_READ), "");
    CHECK(!stat(path, &about) && (about.st_mode & 0777) == 0600);
    CHECK_UINT(count_files(), 1);
    unlink(path);
}

static void refuses_what_is_no_file_of_ours(void)
{
    const char *path = path_of("file"), *link = path_of("link"), *pipe = path_of("pipe");
    CHECK(small_file_write(path, "ours", 4));
    CHECK(!symlink(path, link));
    CHECK_STRING(read_text(link, SMALL_FILE_REFUSED), "");
    CHECK(!mkfifo(pipe, 0600));
    CHECK_STRING(read_text(pipe, SMALL_FILE_REFUSED), "");
    CHECK_STRING(read_text(folder, SMALL_FILE_REFUSED), "");
    CHECK_STRING(read_text("/dev/null", SMALL_FILE_REFUSED), "");
    CHECK_STRING(read_text(path_of("file/below"), SMALL_FILE_NONE), "");
    if (!chown(path, 1, (gid_t)-1)) CHECK_STRING(read_text(path, SMALL_FILE_REFUSED), "");
    unlink(link);
    unlink(pipe);
    unlink(path);
}

/* A link in the file's place is replaced, and what it leads to stays. */
static void replaces_links(void)
{
    const char *path = path_of("file"), *link = path_of("link");
    CHECK(small_file_write(path, "precious", 8));
    CHECK(!symlink(path, link));
    CHECK(small_file_write(link, "new", 3));
    CHECK_STRING(read_text(path, SMALL_FILE_READ), "precious");
    CHECK_STRING(read_text(link, SMALL_FILE_READ), "new");
    unlink(link);
    unlink(path);
}

static void refuses_what_is_too_large_or_shrinks(void)
{
    const char *path = path_of("file");
    char text[100] = {0};
    size_t n;
    int file;
    CHECK(small_file_write(path, text, sizeof text));
    CHECK_INT(small_file_open(path, 99, &file, &n), SMALL_FILE_REFUSED);
    CHECK_INT(small_file_open(path, 100, &file, &n), SMALL_FILE_READ);
    CHECK_UINT(n, 100);
    CHECK(!truncate(path, 50));
    CHECK(!small_file_read(file, text, n));
    close(file);
    unlink(path);
}

/* As on a full disk: the old file stays, and nothing is left beside it. */
static void keeps_the_old_file(void)
{
    static char large[8192];
    const char *path = path_of("file");
    struct rlimit before, small = {4096, 4096};
    CHECK(small_file_write(path, "old", 3));
    CHECK(!getrlimit(RLIMIT_FSIZE, &before));
    small.rlim_max = before.rlim_max;
    signal(SIGXFSZ, SIG_IGN);
    CHECK(!setrlimit(RLIMIT_FSIZE, &small));
    CHECK(!small_file_write(path, large, sizeof large));
    CHECK_INT(errno, EFBIG);
    CHECK(!setrlimit(RLIMIT_FSIZE, &before));
    CHECK_STRING(read_text(path, SMALL_FILE_READ), "old");
    CHECK_UINT(count_files(), 1);
    unlink(path);
    CHECK(!small_file_write(path_of("none/file"), "new", 3));
    CHECK(!mkdir(path_of("taken"), 0700));
    CHECK(!small_file_write(path_of("taken"), "new", 3));
    CHECK_UINT(count_files(), 1);
    rmdir(path_of("taken"));
}

int main(void)
{
    if (!CHECK(mkdtemp(folder) != NULL)) return test_finish();
    writes_and_reads();
    refuses_what_is_no_file_of_ours();
    replaces_links();
    refuses_what_is_too_large_or_shrinks();
    keeps_the_old_file();
    rmdir(folder);
    return test_finish();
}
