/* mock.c - what all mock drivers share: counting, failing, recording, and knowing what is alive. */
#include "tests/exec/mock/mock.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint64_t far_away = UINT64_C(1) << 62; /* added to addresses of the device: no address of any host */
enum { MAX_THINGS = 4096 };

struct thing {
    enum mock_kind kind;
    char what[24];
    void *handle;
    unsigned char *bytes;
    size_t n_bytes;
    unsigned number;
};

struct mock mock;
pthread_mutex_t mock_lock = PTHREAD_MUTEX_INITIALIZER;
static struct thing things[MAX_THINGS];
static unsigned n_things, n_numbers;

/* -- calls ------------------------------------------------------------------------------------- */

static void add_line(const char *format, va_list args)
{
    size_t room = sizeof mock.log - mock.n_log;
    if (!mock.is_recording || room < 2) return;
    int n = vsnprintf(mock.log + mock.n_log, room - 1, format, args);
    if (n < 0 || (size_t)n >= room - 1) return;
    mock.n_log += (size_t)n;
    mock.log[mock.n_log++] = '\n';
    mock.log[mock.n_log] = 0;
}

static int64_t count(bool is_release)
{
    mock.n_calls++;
    if (!mock.fail_at || mock.n_calls < mock.fail_at) return 0;
    if (mock.n_calls == mock.fail_at) return mock.error;
    return mock.is_for_good && !is_release ? mock.error : 0;
}

int64_t mock_begin(const char *format, ...)
{
    va_list args;
    pthread_mutex_lock(&mock_lock);
    va_start(args, format);
    add_line(format, args);
    va_end(args);
    return count(false);
}

int64_t mock_begin_release(const char *format, ...)
{
    va_list args;
    pthread_mutex_lock(&mock_lock);
    va_start(args, format);
    add_line(format, args);
    va_end(args);
    int64_t e = count(true);
    return e == MOCK_LIE ? 0 : e;
}

void mock_end(void)
{
    pthread_mutex_unlock(&mock_lock);
}

void mock_record(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    add_line(format, args);
    va_end(args);
}

void mock_misuse(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(mock.misuse, sizeof mock.misuse, format, args);
    va_end(args);
    mock.n_misuses++;
}

/* -- things ------------------------------------------------------------------------------------ */

void *mock_new(enum mock_kind kind, const char *what, size_t n_bytes)
{
    if (n_things == MAX_THINGS) return NULL;
    struct thing *t = &things[n_things];
    *t = (struct thing){.kind = kind, .n_bytes = n_bytes, .number = ++n_numbers};
    snprintf(t->what, sizeof t->what, "%s", what);
    if (posix_memalign((void **)&t->bytes, 256, n_bytes ? n_bytes : 1)) return NULL;
    memset(t->bytes, kind == MOCK_OBJECT ? 0 : 0xA5, n_bytes < 65536 ? n_bytes : 65536); /* what tests look at */
    t->handle = t->bytes;
    if (kind == MOCK_DEVICE_MEMORY) t->handle = (void *)((uintptr_t)t->bytes + far_away);
    n_things++;
    mock.n_live++;
    return t->handle;
}

static struct thing *find(void *handle, const char *what)
{
    for (unsigned i = n_things; i--;)
        if (things[i].handle == handle && !strcmp(things[i].what, what)) return &things[i];
    return NULL;
}

void *mock_find(void *handle, const char *what)
{
    struct thing *t = find(handle, what);
    if (!t) mock_misuse("%p is no %s", handle, what);
    return t ? t->bytes : NULL;
}

bool mock_free(void *handle, const char *what)
{
    struct thing *t = find(handle, what);
    if (!t) mock_misuse("%p is freed, and is no %s", handle, what);
    if (!t) return false;
    free(t->bytes);
    *t = things[--n_things];
    mock.n_live--;
    return true;
}

static struct thing *find_memory(uint64_t address, uint64_t n_bytes)
{
    for (unsigned i = 0; i < n_things; i++) {
        uint64_t first = (uintptr_t)things[i].handle;
        if (things[i].kind == MOCK_OBJECT || address < first || address - first > things[i].n_bytes) continue;
        if (n_bytes <= things[i].n_bytes - (address - first)) return &things[i];
    }
    return NULL;
}

static void *find_host(uint64_t address, uint64_t n_bytes)
{
    struct thing *t = find_memory(address, n_bytes);
    return t ? t->bytes + (address - (uintptr_t)t->handle) : NULL;
}

void *mock_bytes(uint64_t address, uint64_t n_bytes, const char *why)
{
    void *bytes = find_host(address, n_bytes);
    if (!bytes) mock_misuse("%s: no %llu bytes at %llx", why, (unsigned long long)n_bytes, (unsigned long long)address);
    return bytes;
}

const char *mock_name(uint64_t address)
{
    static char names[8][40];
    static unsigned next;
    char *name = names[next++ % 8];
    const struct thing *t = find_memory(address, 0);
    if (!t)
        snprintf(name, sizeof names[0], "nowhere");
    else if (address == (uintptr_t)t->handle)
        snprintf(name, sizeof names[0], "m%u", t->number);
    else
        snprintf(name, sizeof names[0], "m%u+%llu", t->number, (unsigned long long)(address - (uintptr_t)t->handle));
    return name;
}

void mock_record_words(const void *bytes, size_t n)
{
    for (size_t at = 0; at + 8 <= n; at += 8) {
        uint64_t word;
        memcpy(&word, (const char *)bytes + at, 8);
        if (find_memory(word, 1))
            mock_record("  args+%zu: %s", at, mock_name(word));
        else
            mock_record("  args+%zu: %08x %08x", at, (unsigned)word, (unsigned)(word >> 32));
    }
}

uint32_t mock_hash(const void *bytes, size_t n)
{
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < n; i++)
        hash = (hash ^ ((const unsigned char *)bytes)[i]) * 16777619u;
    return hash;
}

/* -- control ----------------------------------------------------------------------------------- */

/* Everything that is alive dies: only between uses. */
static void reset(void)
{
    pthread_mutex_lock(&mock_lock);
    mock_clear();
    while (n_things)
        free(things[--n_things].bytes);
    n_numbers = 0;
    mock = (struct mock){.version = 12040,
                         .n_devices = 2,
                         .major = 8,
                         .minor = 6,
                         .shared_bytes = 49152,
                         .max_groups = 65535,
                         .registers = 1024,
                         .isa = "amdgcn-amd-amdhsa--gfx1030",
                         .reset = reset,
                         .host = find_host};
    pthread_mutex_unlock(&mock_lock);
}

__attribute__((visibility("default"))) struct mock *mock_control(void)
{
    if (!mock.reset) reset();
    return &mock;
}

/* Programs that know nothing of a mock meet it as it is at the start, too. */
__attribute__((constructor)) static void start(void)
{
    mock_control();
}
