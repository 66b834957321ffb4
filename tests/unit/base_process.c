/* Programs that are run: what they get, what they write, how they end, and that nothing of it stays open. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ir/base/process.h"
#include "tests/unit/test.h"

static struct memory memory;

struct result {
    int status;
    struct out out, said;
};

static struct result run(const struct process *p)
{
    struct result r;
    out_init(&r.out, &memory);
    out_init(&r.said, &memory);
    r.status = process_run(p, &r.out, &r.said);
    return r;
}

static struct result run_shell(const char *text)
{
    const char *const words[] = {"sh", "-c", text, NULL};
    return run(&(struct process){.words = words});
}

static void release(struct result *r)
{
    out_release(&r->out);
    out_release(&r->said);
}

static bool is(const struct out *out, const char *text)
{
    return out->n == strlen(text) && (!out->n || !memcmp(out->bytes, text, out->n));
}

static uint32_t count_open_files(void)
{
    uint32_t n = 0;
    DIR *folder = opendir("/proc/self/fd");
    while (folder && readdir(folder))
        n++;
    if (folder) closedir(folder);
    return n;
}

static void both_streams_are_kept_apart(void)
{
    struct result r = run_shell("echo one; echo two >&2; echo three; exit 7");
    CHECK(r.status == 7);
    CHECK(is(&r.out, "one\nthree\n"));
    CHECK(is(&r.said, "two\n"));
    process_explain(r.status, &r.said);
    CHECK(is(&r.said, "two"));
    release(&r);
}

static void one_stream_has_both_in_order(void)
{
    const char *const words[] = {"sh", "-c", "echo one; echo two >&2; echo three", NULL};
    struct out all;
    out_init(&all, &memory);
    out_text(&all, "before ");
    CHECK(process_run(&(struct process){.words = words}, &all, &all) == 0);
    CHECK(is(&all, "before one\ntwo\nthree\n"));
    out_release(&all);
}

static void more_than_a_pipe_holds(void)
{
    struct result r = run_shell("head -c 3000000 /dev/zero; head -c 2000000 /dev/zero >&2");
    CHECK(r.status == 0);
    CHECK(r.out.n == 3000000);
    CHECK(r.said.n == 2000000);
    release(&r);
}

static void input_has_a_path(void)
{
    const char *const words[] = {"cat", PROCESS_INPUT_PATH, "-", NULL}; /* standard input is empty */
    struct result r = run(&(struct process){.words = words, .input = "some\0bytes", .n_input = 10});
    CHECK(r.status == 0);
    CHECK(r.out.n == 10 && !memcmp(r.out.bytes, "some\0bytes", 10));
    release(&r);
}

static void folders_and_names(void)
{
    char folder[] = "/tmp/vyre-process-XXXXXX", path[64];
    const char *const words[] = {"a name", "-c", "pwd; echo \"$0\"", NULL};
    CHECK(mkdtemp(folder));
    struct result r = run(&(struct process){.program = "bash", .words = words, .folder = folder});
    CHECK(r.status == 0);
    snprintf(path, sizeof path, "%s\na name\n", folder);
    CHECK(is(&r.out, path));
    release(&r);
    /* ./true from here, not from there */
    snprintf(path, sizeof path, "%s/true", folder);
    CHECK(!symlink("/bin/true", path) && !chdir(folder));
    const char *const here[] = {"./true", NULL};
    r = run(&(struct process){.words = here, .folder = "/"});
    CHECK(r.status == 0);
    release(&r);
    CHECK(!chdir("/") && !unlink(path) && !rmdir(folder));
    r = run(&(struct process){.words = words, .folder = folder});
    CHECK(r.status == -1 && errno == ENOENT);
    release(&r);
}

static void ends_are_told(void)
{
    struct result r = run_shell("kill -9 $$");
    CHECK(r.status == 128 + 9);
    process_explain(r.status, &r.said);
    CHECK(is(&r.said, "it ends with status 137 and says nothing"));
    release(&r);
    r = run_shell("echo; echo second >&2; exit 3");
    r.said.n = 0;
    out_text(&r.said, "\nsecond\n"); /* the first line has nothing to tell */
    process_explain(r.status, &r.said);
    CHECK(is(&r.said, "it ends with status 3 and says nothing"));
    release(&r);
    const char *const words[] = {"/nowhere/program", NULL};
    r = run(&(struct process){.words = words});
    CHECK(r.status == -1 && errno == ENOENT);
    process_explain(r.status, &r.said);
    CHECK(is(&r.said, strerror(ENOENT)));
    release(&r);
}

/* The numbers that the child's files get are free here. */
static void runs_without_standard_files(void)
{
    int kept[3];
    for (int i = 0; i < 3; i++) {
        kept[i] = fcntl(i, F_DUPFD_CLOEXEC, 50);
        close(i);
    }
    const char *const words[] = {"cat", PROCESS_INPUT_PATH, NULL};
    struct result r = run(&(struct process){.words = words, .input = "text", .n_input = 4});
    for (int i = 0; i < 3; i++) {
        if (kept[i] < 0) continue;
        dup2(kept[i], i);
        close(kept[i]);
    }
    CHECK(r.status == 0);
    CHECK(is(&r.out, "text"));
    release(&r);
}

/* Memory that runs out while what was written is read leaves nothing open. */
static void memory_runs_out(void)
{
    static struct memory scarce;
    static struct out out;
    const char *const words[] = {"head", "-c", "100000", "/dev/zero", NULL};
    out_init(&out, &scarce);
    scarce.limit_bytes = 5000;
    if (!setjmp(scarce.recover)) {
        process_run(&(struct process){.words = words}, &out, &out);
        CHECK(!"that much memory");
    }
    memory_release_all(&scarce);
}

int main(void)
{
    if (setjmp(memory.recover)) return 1;
    uint32_t before = count_open_files();
    both_streams_are_kept_apart();
    one_stream_has_both_in_order();
    more_than_a_pipe_holds();
    input_has_a_path();
    folders_and_names();
    ends_are_told();
    runs_without_standard_files();
    memory_runs_out();
    CHECK_UINT(count_open_files(), before);
    CHECK_UINT(memory.live_bytes, 0);
    return test_finish();
}
