/* Places in sources, growing buffers, and files that are replaced whole or not at all. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ir/base/out.h"
#include "ir/base/source.h"
#include "tests/unit/test.h"

static struct memory memory;
static struct arena arena;
static char folder[] = "/tmp/vyre-base-XXXXXX";

static const char *path_of(const char *name)
{
    return arena_printf(&arena, "%s/%s", folder, name);
}

static struct out text_of(const char *text)
{
    struct out out;
    out_init(&out, &memory);
    out_text(&out, text);
    return out;
}

static const char *read_back(const char *path)
{
    struct out out;
    out_init(&out, &memory);
    if (out_read_file(&out, path, SIZE_MAX)) return NULL;
    char *text = arena_copy(&arena, out.bytes, out.n);
    out_release(&out);
    return text;
}

static void places_are_found(void)
{
    struct sources sources;
    sources_init(&sources, &arena);
    struct source_file *a = sources_add(&sources, "a", "one\ntwo\r\n\nfour", 14);
    struct source_file *empty = sources_add(&sources, "empty", "", 0);
    struct source_file *b = sources_add(&sources, "b", "x\n", 2);
    CHECK_UINT(a->base, 1);
    struct src_place place = source_locate(&sources, a->base + 5);
    CHECK(place.file == a);
    CHECK_UINT(place.line, 2);
    CHECK_UINT(place.column, 2);
    CHECK_UINT(place.line_bytes, 3);
    CHECK(!memcmp(place.line_text, "two", 3));
    place = source_locate(&sources, a->base + 9);
    CHECK_UINT(place.line, 3);
    CHECK_UINT(place.line_bytes, 0);
    place = source_locate(&sources, a->base + 14);
    CHECK(place.file == a);
    CHECK_UINT(place.line, 4);
    CHECK_UINT(place.column, 5);
    CHECK(source_locate(&sources, empty->base).file == empty);
    CHECK_UINT(source_locate(&sources, empty->base).line, 1);
    CHECK(source_locate(&sources, b->base).file == b);
    CHECK_UINT(source_locate(&sources, b->base + 2).line, 2);
    CHECK(!source_locate(&sources, 0).file);
}

static void ranges_join(void)
{
    struct src_range a = {3, 5}, b = {8, 9};
    CHECK_UINT(src_join(b, a).begin, 3);
    CHECK_UINT(src_join(a, b).end, 9);
    CHECK_UINT(src_join(SRC_NONE, a).begin, 3);
    CHECK_UINT(src_join(a, SRC_NONE).end, 5);
}

static void buffers_grow(void)
{
    struct out out;
    out_init(&out, &memory);
    out_u32(&out, 0x01020304);
    out_u64(&out, 0x1122334455667788);
    CHECK(!memcmp(out.bytes, "\4\3\2\1\x88\x77\x66\x55\x44\x33\x22\x11", 12));
    out_pad(&out, 16);
    CHECK_UINT(out.n, 16);
    out_pad(&out, 16);
    CHECK_UINT(out.n, 16);
    out.n = 0;
    for (int i = 0; i < 100; i++)
        out_printf(&out, "%0100d", i);
    CHECK_UINT(out.n, 10000);
    CHECK_UINT(strlen(out.bytes), 10000);
    CHECK(!memcmp(out.bytes + 9998, "99", 3));
    out.n = 0;
    out_printf(&out, "%0600d", 1);
    CHECK_UINT(strlen(out.bytes), 600);
    out_release(&out);
    CHECK(!out.bytes);
}

static void check_json(const char *s, size_t n, const char *want)
{
    struct out out;
    out_init(&out, &memory);
    out_json_string(&out, s, n);
    CHECK_STRING(out.bytes, want);
    out_release(&out);
}

static void json_strings_are_valid(void)
{
    check_json("a\"b\\c/\n\t\x01", 9, "\"a\\\"b\\\\c/\\n\\t\\u0001\"");
    check_json("\0x", 2, "\"\\u0000x\"");
    check_json("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", 9, "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"");
    check_json("\xff\xc3(", 3, "\"\xef\xbf\xbd\xef\xbf\xbd(\"");
    check_json("\xed\xa0\x80", 3, "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
    check_json("\xe2\x82", 2, "\"\xef\xbf\xbd\xef\xbf\xbd\"");
}

static void files_are_replaced(void)
{
    const char *path = path_of("file"), *link = path_of("link");
    struct out one = text_of("one"), two = text_of("two");
    struct stat before, after;
    CHECK_INT(out_write_file(&one, path, false), 0);
    CHECK_STRING(read_back(path), "one");
    CHECK(!chmod(path, 0640) && !stat(path, &before));
    CHECK_INT(out_write_file(&one, path, true), 0);
    CHECK(!stat(path, &after) && after.st_ino == before.st_ino);
    CHECK(!symlink("file", link));
    CHECK_INT(out_write_file(&two, link, true), 0);
    CHECK_STRING(read_back(path), "two");
    CHECK(!lstat(link, &after) && S_ISLNK(after.st_mode));
    CHECK(!stat(path, &after) && after.st_ino != before.st_ino && after.st_mode == before.st_mode);
    out_release(&one);
    out_release(&two);
}

static int count_files(void)
{
    int n = 0;
    DIR *dir = opendir(folder);
    if (!dir) return -1;
    while (readdir(dir))
        n++;
    closedir(dir);
    return n;
}

static void failures_leave_nothing(void)
{
    struct out text = text_of("text");
    int n = count_files();
    CHECK_INT(out_write_file(&text, folder, false), EISDIR);
    CHECK_INT(out_write_file(&text, path_of("missing/file"), false), ENOENT);
    CHECK_INT(out_write_file(&text, path_of("file/below"), false), ENOTDIR);
    CHECK_INT(out_write_file(&text, "/dev/full", false), ENOSPC);
    CHECK_INT(out_write_file(&text, "/dev/null", false), 0);
    CHECK_INT(out_write_file(&text, "", false), ENOENT);
    CHECK_INT(count_files(), n);
    out_release(&text);
}

static void long_names_work(void)
{
    char name[256] = {0};
    struct out text = text_of("long");
    memset(name, 'n', 255);
    CHECK_INT(out_write_file(&text, path_of(name), false), 0);
    CHECK_STRING(read_back(path_of(name)), "long");
    out_release(&text);
}

static void reading_reports_errors(void)
{
    struct sources sources;
    struct source_file *file = NULL;
    struct out out;
    sources_init(&sources, &arena);
    out_init(&out, &memory);
    CHECK_INT(sources_read(&sources, path_of("absent"), &file), ENOENT);
    CHECK_INT(sources_read(&sources, folder, &file), EISDIR);
    CHECK_INT(sources_read(&sources, path_of("file"), &file), 0);
    CHECK_STRING(file->text, "two");
    CHECK_INT(sources_read(&sources, "/dev/null", &file), 0);
    CHECK_UINT(file->size_bytes, 0);
    CHECK_INT(out_read_file(&out, path_of("file"), 2), EFBIG);
    CHECK_INT(out_read_file(&out, "/dev/zero", 1000000), EFBIG);
    out_release(&out);
}

static void remove_folder(void)
{
    DIR *dir = opendir(folder);
    for (struct dirent *entry; dir && (entry = readdir(dir));)
        unlink(path_of(entry->d_name));
    if (dir) closedir(dir);
    CHECK(!rmdir(folder));
}

int main(void)
{
    if (setjmp(memory.recover)) return 1;
    arena_init(&arena, &memory);
    if (!mkdtemp(folder)) return 1;
    places_are_found();
    ranges_join();
    buffers_grow();
    json_strings_are_valid();
    files_are_replaced();
    failures_leave_nothing();
    long_names_work();
    reading_reports_errors();
    remove_folder();
    arena_release(&arena);
    CHECK_UINT(memory.live_bytes, 0);
    return test_finish();
}
