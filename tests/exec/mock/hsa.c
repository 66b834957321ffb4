/* hsa.c - libhsa-runtime64.so.1 as the runtime uses it. Packets and copies happen when somebody waits for a signal, in
 * any order that the signals and barriers allow: mock.registers odd takes copies first. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime-stub/hsa.h"
#include "tests/exec/mock/mock.h"

#pragma GCC diagnostic ignored "-Wmissing-prototypes" /* of the driver's own names, which no header of ours has */
#define API __attribute__((visibility("default")))
#define CALL(...) MOCK_CALL(hsa_status_t, __VA_ARGS__)
enum {
    MAX_COPIES = 1024,
    MAX_QUEUES = 32,
    N_AGENTS = 3,
    GPU = 0x60,
    HOST = 0xC0,
    LOCAL_POOL = 1,
    FINE_POOL,
    KERNARG_POOL,
    GROUP_POOL
};

struct signal {
    int64_t value;
    struct hsa_times times;
};
struct queue {
    hsa_queue_t head;
    uint64_t written, done;
    bool has_failed;
    void (*failed)(hsa_status_t, hsa_queue_t *, void *);
    void *ctx;
    union hsa_packet packets[];
};
struct copy {
    uint64_t to, from;
    size_t n_bytes;
    struct signal *wait, *done;
};
struct executable {
    char text[256];
    bool is_frozen;
};

static struct queue *queues[MAX_QUEUES];
static size_t n_queues, n_copies;
static struct copy copies[MAX_COPIES];
static uint64_t ticks;
static int n_open;

void mock_clear(void)
{
    n_queues = n_copies = 0;
    ticks = 0;
    n_open = 0;
}

static hsa_status_t done(hsa_status_t e)
{
    mock_end();
    return e;
}

static struct signal *signal_of(hsa_signal_t s)
{
    return mock_find((void *)(uintptr_t)s.handle, "signal");
}

static void complete(hsa_signal_t s)
{
    struct signal *signal = s.handle ? signal_of(s) : NULL;
    if (!signal) return;
    signal->value--;
    signal->times = (struct hsa_times){ticks, ticks + 500};
}

/* -- doing what is queued ---------------------------------------------------------------------- */

static void dispatch(const union hsa_packet *p)
{
    uint32_t groups[3], workgroup[3], n_bytes = 0;
    const char *name = (const char *)(uintptr_t)p->dispatch.kernel_object;
    for (int i = 0; i < 3; i++) {
        workgroup[i] = p->dispatch.workgroup[i];
        groups[i] = p->dispatch.grid[i] / workgroup[i];
    }
    for (uint32_t n = 8; n <= 4096 && mock.host((uintptr_t)p->dispatch.kernarg, n); n += 8)
        n_bytes = n;
    if (!n_bytes) mock_misuse("arguments that the device cannot read");
    mock_record("dispatch %s grid %u %u %u workgroup %u %u %u group %u private %u", name, p->dispatch.grid[0],
                p->dispatch.grid[1], p->dispatch.grid[2], workgroup[0], workgroup[1], workgroup[2],
                p->dispatch.group_bytes, p->dispatch.private_bytes);
    if (n_bytes) mock_record_words(p->dispatch.kernarg, p->dispatch.kernarg ? 64 : 0);
    if (mock.run && n_bytes) mock.run(mock.run_ctx, name, groups, workgroup, p->dispatch.kernarg, n_bytes);
}

static bool must_wait(const union hsa_packet *p)
{
    for (int i = 0; i < 5; i++) {
        const struct signal *s = p->barrier.waits[i].handle ? signal_of(p->barrier.waits[i]) : NULL;
        if (s && s->value) return true;
    }
    return false;
}

static bool is_free(const union hsa_packet *p)
{
    return (p->start & 0xff) == HSA_PACKET_TYPE_KERNEL_DISPATCH && !(p->start & HSA_PACKET_BARRIER);
}

/* Dispatches that wait for nobody may end before the one that they follow: here the last is the first. */
static void dispatch_all(struct queue *q)
{
    uint64_t end = q->done + 1;
    while (end < q->written && is_free(&q->packets[end & (q->head.size - 1)]))
        end++;
    for (uint64_t i = end; i-- > q->done;)
        dispatch(&q->packets[i & (q->head.size - 1)]);
    for (; q->done < end; q->done++) {
        union hsa_packet *p = &q->packets[q->done & (q->head.size - 1)];
        ticks += 1000;
        complete(p->dispatch.done);
        p->start = HSA_PACKET_TYPE_INVALID;
    }
}

static bool step_queue(struct queue *q)
{
    union hsa_packet *p = &q->packets[q->done & (q->head.size - 1)];
    int type = p->start & 0xff;
    if (q->has_failed || q->done == q->written || type == HSA_PACKET_TYPE_INVALID) return false;
    if ((!(p->start & HSA_PACKET_BARRIER) && type == HSA_PACKET_TYPE_BARRIER_AND) ||
        (p->start & HSA_PACKET_FENCES) != HSA_PACKET_FENCES)
        mock_misuse("a packet out of order, or without fences");
    if (type == HSA_PACKET_TYPE_BARRIER_AND && must_wait(p)) return false;
    if (type == HSA_PACKET_TYPE_KERNEL_DISPATCH) return dispatch_all(q), true;
    ticks += 1000;
    complete(p->barrier.done);
    p->start = HSA_PACKET_TYPE_INVALID;
    q->done++;
    return true;
}

static bool step_copies(void)
{
    for (size_t i = 0; i < n_copies; i++) {
        struct copy c = copies[i];
        if (c.wait && c.wait->value) continue;
        void *to = mock_bytes(c.to, c.n_bytes, "copying to"), *from = mock_bytes(c.from, c.n_bytes, "copying from");
        if (to && from) memmove(to, from, c.n_bytes);
        c.done->value--;
        copies[i] = copies[--n_copies];
        return true;
    }
    return false;
}

static bool step_queues(void)
{
    bool any = false;
    for (size_t i = 0; i < n_queues; i++)
        any = step_queue(queues[i]) || any;
    return any;
}

static void go_on(void)
{
    bool copies_first = mock.registers % 2 != 0, any;
    do {
        any = copies_first ? step_copies() || step_queues() : step_queues() || step_copies();
    } while (any);
}

static void fail_queues(hsa_status_t e)
{
    for (size_t i = 0; i < n_queues; i++) {
        queues[i]->has_failed = true;
        if (queues[i]->failed) queues[i]->failed(e, &queues[i]->head, queues[i]->ctx);
    }
}

/* -- the runtime, agents ----------------------------------------------------------------------- */

API hsa_status_t hsa_init(void)
{
    CALL("hsa_init");
    n_open++;
    mock.n_live++;
    return done(0);
}

API hsa_status_t hsa_shut_down(void)
{
    int64_t e = mock_begin_release("hsa_shut_down");
    if (!n_open--) mock_misuse("shut down more often than opened");
    mock.n_live--;
    return done((hsa_status_t)e);
}

API hsa_status_t hsa_status_string(hsa_status_t status, const char **text)
{
    *text = status == 12345 ? "an error of the mock" : NULL;
    return 0;
}

API hsa_status_t hsa_system_get_info(int attribute, void *value)
{
    CALL("hsa_system_get_info %d", attribute);
    if (attribute == HSA_SYSTEM_INFO_TIMESTAMP_FREQUENCY)
        *(uint64_t *)value = 1000000000;
    else
        *(uint16_t *)value = attribute == HSA_SYSTEM_INFO_VERSION_MAJOR ? (uint16_t)(mock.version / 10000) : 1;
    return done(0);
}

API hsa_status_t hsa_iterate_agents(hsa_status_t (*each)(hsa_agent_t agent, void *ctx), void *ctx)
{
    hsa_status_t e = 0;
    CALL("hsa_iterate_agents");
    mock_end();
    e = each((hsa_agent_t){HOST}, ctx);
    for (int i = 0; i < mock.n_devices && !e; i++)
        e = each((hsa_agent_t){(uint64_t)(GPU + i)}, ctx);
    return e;
}

API hsa_status_t hsa_agent_get_info(hsa_agent_t agent, int attribute, void *value)
{
    CALL("hsa_agent_get_info %d", attribute);
    if (attribute == HSA_AGENT_INFO_DEVICE)
        *(int *)value = agent.handle == HOST ? HSA_DEVICE_TYPE_CPU : HSA_DEVICE_TYPE_GPU;
    if (attribute == HSA_AMD_AGENT_INFO_PRODUCT_NAME) snprintf(value, 64, "Mock GPU %d", (int)agent.handle - GPU);
    if (attribute == HSA_AGENT_INFO_WORKGROUP_MAX_DIM) memcpy(value, (uint16_t[]){1024, 1024, 64}, 6);
    if (attribute == HSA_AGENT_INFO_WORKGROUP_MAX_SIZE) *(uint32_t *)value = 1024;
    if (attribute == HSA_AGENT_INFO_QUEUE_MAX_SIZE) *(uint32_t *)value = 16; /* so small that it gets full */
    return done(0);
}

API hsa_status_t hsa_agent_iterate_isas(hsa_agent_t agent, hsa_status_t (*each)(hsa_isa_t isa, void *ctx), void *ctx)
{
    CALL("hsa_agent_iterate_isas %d", (int)agent.handle - GPU);
    mock_end();
    return each((hsa_isa_t){agent.handle}, ctx);
}

API hsa_status_t hsa_isa_get_info_alt(hsa_isa_t isa, int attribute, void *value)
{
    CALL("hsa_isa_get_info_alt %d %d", (int)isa.handle - GPU, attribute);
    if (attribute == HSA_ISA_INFO_NAME_LENGTH)
        *(uint32_t *)value = (uint32_t)strlen(mock.isa);
    else
        memcpy(value, mock.isa, strlen(mock.isa));
    return done(0);
}

/* -- memory ------------------------------------------------------------------------------------ */

API hsa_status_t hsa_amd_agent_iterate_memory_pools(hsa_agent_t agent,
                                                    hsa_status_t (*each)(hsa_amd_memory_pool_t, void *), void *ctx)
{
    hsa_status_t e;
    CALL("hsa_amd_agent_iterate_memory_pools");
    mock_end();
    bool is_host = agent.handle == HOST;
    e = each((hsa_amd_memory_pool_t){is_host ? FINE_POOL : GROUP_POOL}, ctx);
    if (!e) e = each((hsa_amd_memory_pool_t){is_host ? KERNARG_POOL : LOCAL_POOL}, ctx);
    return e;
}

API hsa_status_t hsa_amd_memory_pool_get_info(hsa_amd_memory_pool_t pool, int attribute, void *value)
{
    static const uint32_t flags[] = {[LOCAL_POOL] = HSA_AMD_MEMORY_POOL_GLOBAL_FLAG_COARSE_GRAINED,
                                     [FINE_POOL] = HSA_AMD_MEMORY_POOL_GLOBAL_FLAG_FINE_GRAINED,
                                     [KERNARG_POOL] = HSA_AMD_MEMORY_POOL_GLOBAL_FLAG_FINE_GRAINED |
                                                      HSA_AMD_MEMORY_POOL_GLOBAL_FLAG_KERNARG_INIT,
                                     [GROUP_POOL] = 0};
    CALL("hsa_amd_memory_pool_get_info %d", attribute);
    if (attribute == HSA_AMD_MEMORY_POOL_INFO_SEGMENT)
        *(int *)value = pool.handle == GROUP_POOL ? HSA_AMD_SEGMENT_GROUP : HSA_AMD_SEGMENT_GLOBAL;
    if (attribute == HSA_AMD_MEMORY_POOL_INFO_GLOBAL_FLAGS) *(uint32_t *)value = flags[pool.handle];
    if (attribute == HSA_AMD_MEMORY_POOL_INFO_RUNTIME_ALLOC_ALLOWED) *(bool *)value = true;
    if (attribute == HSA_AMD_MEMORY_POOL_INFO_SIZE) *(size_t *)value = (size_t)mock.shared_bytes;
    return done(0);
}

API hsa_status_t hsa_amd_memory_pool_allocate(hsa_amd_memory_pool_t pool, size_t n_bytes, uint32_t flags, void **memory)
{
    CALL("hsa_amd_memory_pool_allocate %d %zu %u", (int)pool.handle, n_bytes, flags);
    if (!n_bytes || n_bytes > (size_t)1 << 30) return done(HSA_STATUS_ERROR_INVALID_ALLOCATION);
    *memory = mock_new(pool.handle == LOCAL_POOL ? MOCK_DEVICE_MEMORY : MOCK_HOST_MEMORY, "memory", n_bytes);
    return done(0);
}

static bool is_in_flight(uint64_t address)
{
    char mine[40];
    snprintf(mine, sizeof mine, "%s", mock_name(address));
    for (size_t i = 0; i < n_copies; i++) {
        const uint64_t used[] = {copies[i].to, copies[i].from};
        for (int k = 0; k < 2; k++) {
            const char *here = mock_name(used[k]);
            size_t n = strlen(mine);
            if (!strncmp(here, mine, n) && (!here[n] || here[n] == '+')) return true;
        }
    }
    return false;
}

API hsa_status_t hsa_amd_memory_pool_free(void *memory)
{
    int64_t e = mock_begin_release("hsa_amd_memory_pool_free %s", mock_name((uintptr_t)memory));
    if (is_in_flight((uintptr_t)memory)) mock_misuse("memory is freed that is in use");
    mock_free(memory, "memory");
    return done((hsa_status_t)e);
}

API hsa_status_t hsa_amd_agents_allow_access(uint32_t n_agents, const hsa_agent_t *agents, const uint32_t *flags,
                                             const void *memory)
{
    CALL("hsa_amd_agents_allow_access %u %s", n_agents, mock_name((uintptr_t)memory));
    return done(agents[0].handle >= GPU && agents[0].handle < HOST && !flags ? 0 : HSA_STATUS_ERROR_INVALID_ARGUMENT);
}

API hsa_status_t hsa_amd_memory_fill(void *memory, uint32_t value, size_t n_words)
{
    CALL("hsa_amd_memory_fill %s %u %zu words", mock_name((uintptr_t)memory), value, n_words);
    void *bytes = mock_bytes((uintptr_t)memory, n_words * 4, "filling");
    if ((uintptr_t)memory % 4) return done(HSA_STATUS_ERROR_INVALID_ARGUMENT);
    if (bytes) memset(bytes, 0, n_words * 4);
    return done(0);
}

API hsa_status_t hsa_memory_copy(void *to, const void *from, size_t n_bytes)
{
    CALL("hsa_memory_copy %s %zu bytes", mock_name((uintptr_t)to), n_bytes);
    void *bytes = mock_bytes((uintptr_t)to, n_bytes, "copying to");
    if (bytes) memcpy(bytes, from, n_bytes);
    return done(0);
}

API hsa_status_t hsa_amd_memory_async_copy(void *to, hsa_agent_t to_agent, const void *from, hsa_agent_t from_agent,
                                           size_t n_bytes, uint32_t n_waits, const hsa_signal_t *waits,
                                           hsa_signal_t signal)
{
    int64_t e =
        mock_begin("hsa_amd_memory_async_copy to %s %s from %s %s %zu bytes waits %u",
                   to_agent.handle == HOST ? "host" : mock_name((uintptr_t)to), to_agent.handle == HOST ? "" : "device",
                   from_agent.handle == HOST ? "host" : mock_name((uintptr_t)from),
                   from_agent.handle == HOST ? "" : "device", n_bytes, n_waits);
    struct signal *s = signal_of(signal);
    if (e && e != MOCK_LIE) return done((hsa_status_t)e);
    if (e && s) s->value--; /* the lie: it is done */
    if (e) return done(0);
    if (!s || n_copies == MAX_COPIES) return done(HSA_STATUS_ERROR_INVALID_SIGNAL);
    copies[n_copies++] = (struct copy){.to = (uintptr_t)to,
                                       .from = (uintptr_t)from,
                                       .n_bytes = n_bytes,
                                       .wait = n_waits ? signal_of(waits[0]) : NULL,
                                       .done = s};
    return done(0);
}

/* -- signals ----------------------------------------------------------------------------------- */

API hsa_status_t hsa_signal_create(int64_t value, uint32_t n_consumers, const hsa_agent_t *consumers,
                                   hsa_signal_t *signal)
{
    CALL("hsa_signal_create %d %u%s", (int)value, n_consumers, consumers ? " consumers" : "");
    struct signal *s = mock_new(MOCK_OBJECT, "signal", sizeof *s);
    s->value = value;
    signal->handle = (uintptr_t)s;
    return done(0);
}

API hsa_status_t hsa_signal_destroy(hsa_signal_t signal)
{
    int64_t e = mock_begin_release("hsa_signal_destroy");
    for (size_t i = 0; i < n_copies; i++)
        if ((uintptr_t)copies[i].done == signal.handle || (uintptr_t)copies[i].wait == signal.handle) {
            mock_misuse("a signal is destroyed that a copy uses");
            copies[i--] = copies[--n_copies];
        }
    mock_free((void *)(uintptr_t)signal.handle, "signal");
    return done((hsa_status_t)e);
}

API void hsa_signal_store_screlease(hsa_signal_t signal, int64_t value)
{
    mock_begin_release("hsa_signal_store");
    struct signal *s = signal_of(signal);
    if (s) s->value = value;
    mock_end();
}

API int64_t hsa_signal_load_scacquire(hsa_signal_t signal)
{
    int64_t e = mock_begin("hsa_signal_load");
    const struct signal *s = signal_of(signal);
    mock_end();
    return e && e != MOCK_LIE ? -1 : s ? s->value : 0;
}

API int64_t hsa_signal_wait_scacquire(hsa_signal_t signal, int condition, int64_t value, uint64_t limit, int wait_state)
{
    int64_t e = mock_begin("hsa_signal_wait");
    (void)condition, (void)value, (void)limit, (void)wait_state;
    if (e && e != MOCK_LIE) fail_queues((hsa_status_t)e);
    if (e != MOCK_LIE) go_on();
    const struct signal *s = signal_of(signal);
    int64_t now = e == MOCK_LIE || !s ? 0 : s->value;
    mock_end();
    return now;
}

/* -- queues ------------------------------------------------------------------------------------ */

API hsa_status_t hsa_queue_create(hsa_agent_t agent, uint32_t n_packets, uint32_t type,
                                  void (*failed)(hsa_status_t, hsa_queue_t *, void *), void *ctx,
                                  uint32_t private_bytes, uint32_t group_bytes, hsa_queue_t **queue)
{
    CALL("hsa_queue_create %d %u %u %x %x", (int)agent.handle - GPU, n_packets, type, private_bytes, group_bytes);
    struct queue *q =
        n_queues < MAX_QUEUES ? mock_new(MOCK_OBJECT, "queue", sizeof *q + n_packets * sizeof q->packets[0]) : NULL;
    struct signal *doorbell = mock_new(MOCK_OBJECT, "signal", sizeof *doorbell);
    if (!q || !doorbell) return done(HSA_STATUS_ERROR_OUT_OF_RESOURCES);
    q->head = (hsa_queue_t){.type = type, .base_address = q->packets, .size = n_packets};
    q->head.doorbell_signal.handle = (uintptr_t)doorbell;
    q->failed = failed;
    q->ctx = ctx;
    for (uint32_t i = 0; i < n_packets; i++)
        q->packets[i].start = HSA_PACKET_TYPE_INVALID;
    queues[n_queues++] = q;
    *queue = &q->head;
    return done(0);
}

API hsa_status_t hsa_queue_destroy(hsa_queue_t *queue)
{
    int64_t e = mock_begin_release("hsa_queue_destroy");
    for (size_t i = 0; i < n_queues; i++)
        if (&queues[i]->head == queue) {
            mock_free((void *)(uintptr_t)queue->doorbell_signal.handle, "signal");
            queues[i] = queues[--n_queues];
            break;
        }
    mock_free(queue, "queue");
    return done((hsa_status_t)e);
}

API uint64_t hsa_queue_add_write_index_scacq_screl(const hsa_queue_t *queue, uint64_t n)
{
    mock_begin_release("hsa_queue_add_write_index %d", (int)n);
    struct queue *q = (struct queue *)(uintptr_t)queue;
    uint64_t at = q->written;
    q->written += n;
    mock_end();
    return at;
}

API uint64_t hsa_queue_load_read_index_scacquire(const hsa_queue_t *queue)
{
    mock_begin_release("hsa_queue_load_read_index");
    struct queue *q = (struct queue *)(uintptr_t)queue;
    if (q->written - q->done > q->head.size) go_on();
    uint64_t at = q->done;
    mock_end();
    return at;
}

API hsa_status_t hsa_amd_profiling_set_profiler_enabled(hsa_queue_t *queue, int enable)
{
    CALL("hsa_amd_profiling_set_profiler_enabled %d", enable);
    return done(mock_find(queue, "queue") ? 0 : HSA_STATUS_ERROR_INVALID_QUEUE);
}

API hsa_status_t hsa_amd_profiling_get_dispatch_time(hsa_agent_t agent, hsa_signal_t signal, struct hsa_times *times)
{
    CALL("hsa_amd_profiling_get_dispatch_time %d", (int)agent.handle - GPU);
    const struct signal *s = signal_of(signal);
    if (!s || s->value) return done(HSA_STATUS_ERROR_INVALID_SIGNAL);
    *times = s->times;
    return done(0);
}

/* -- code -------------------------------------------------------------------------------------- */

API hsa_status_t hsa_code_object_reader_create_from_memory(const void *code, size_t n_bytes,
                                                           hsa_code_object_reader_t *reader)
{
    CALL("hsa_code_object_reader_create_from_memory %zu bytes %08x", n_bytes, mock_hash(code, n_bytes));
    char *text = mock_new(MOCK_OBJECT, "reader", n_bytes + 1);
    memcpy(text, code, n_bytes);
    reader->handle = (uintptr_t)text;
    return done(0);
}

API hsa_status_t hsa_code_object_reader_destroy(hsa_code_object_reader_t reader)
{
    int64_t e = mock_begin_release("hsa_code_object_reader_destroy");
    mock_free((void *)(uintptr_t)reader.handle, "reader");
    return done((hsa_status_t)e);
}

API hsa_status_t hsa_executable_create_alt(int profile, int rounding, const char *options, hsa_executable_t *executable)
{
    CALL("hsa_executable_create_alt %d %d%s", profile, rounding, options ? " options" : "");
    executable->handle = (uintptr_t)mock_new(MOCK_OBJECT, "executable", sizeof(struct executable));
    return done(0);
}

API hsa_status_t hsa_executable_destroy(hsa_executable_t executable)
{
    int64_t e = mock_begin_release("hsa_executable_destroy");
    mock_free((void *)(uintptr_t)executable.handle, "executable");
    return done((hsa_status_t)e);
}

API hsa_status_t hsa_executable_load_agent_code_object(hsa_executable_t executable, hsa_agent_t agent,
                                                       hsa_code_object_reader_t reader, const char *options,
                                                       void *loaded)
{
    const char *text = mock.host && reader.handle ? (const char *)(uintptr_t)reader.handle : "";
    CALL("hsa_executable_load_agent_code_object %d %.20s", (int)agent.handle - GPU, text);
    struct executable *x = mock_find((void *)(uintptr_t)executable.handle, "executable");
    if (!x || !mock_find((void *)(uintptr_t)reader.handle, "reader") || options || loaded)
        return done(HSA_STATUS_ERROR_INVALID_EXECUTABLE);
    if (strstr(text, "bad")) return done(HSA_STATUS_ERROR_INVALID_CODE_OBJECT);
    snprintf(x->text, sizeof x->text, "%.200s", text);
    return done(0);
}

API hsa_status_t hsa_executable_freeze(hsa_executable_t executable, const char *options)
{
    CALL("hsa_executable_freeze%s", options ? " options" : "");
    struct executable *x = mock_find((void *)(uintptr_t)executable.handle, "executable");
    if (x) x->is_frozen = true;
    return done(x ? 0 : HSA_STATUS_ERROR_INVALID_EXECUTABLE);
}

/* Symbols are their names, without ".kd". */
API hsa_status_t hsa_executable_get_symbol_by_name(hsa_executable_t executable, const char *name,
                                                   const hsa_agent_t *agent, hsa_executable_symbol_t *symbol)
{
    static char names[64][200];
    CALL("hsa_executable_get_symbol_by_name %s %d", name, (int)agent->handle - GPU);
    const struct executable *x = mock_find((void *)(uintptr_t)executable.handle, "executable");
    size_t n = strlen(name);
    if (!x || n < 4 || n > 190 || strcmp(name + n - 3, ".kd") != 0) return done(HSA_STATUS_ERROR_INVALID_SYMBOL_NAME);
    for (size_t i = 0; i < 64; i++) {
        if (*names[i] && (strncmp(names[i], name, n - 3) != 0 || names[i][n - 3])) continue;
        memcpy(names[i], name, n - 3);
        symbol->handle = (uintptr_t)names[i];
        return done(0);
    }
    return done(HSA_STATUS_ERROR_INVALID_SYMBOL_NAME);
}

#ifndef MOCK_OLD /* a runtime that lacks a call */
API hsa_status_t hsa_executable_symbol_get_info(hsa_executable_symbol_t symbol, int attribute, void *value)
{
    CALL("hsa_executable_symbol_get_info %d", attribute);
    if (attribute == HSA_EXECUTABLE_SYMBOL_INFO_KERNEL_OBJECT) *(uint64_t *)value = symbol.handle;
    if (attribute == HSA_EXECUTABLE_SYMBOL_INFO_KERNARG_BYTES) *(uint32_t *)value = 48;
    if (attribute == HSA_EXECUTABLE_SYMBOL_INFO_GROUP_BYTES) *(uint32_t *)value = 128;
    if (attribute == HSA_EXECUTABLE_SYMBOL_INFO_PRIVATE_BYTES) *(uint32_t *)value = 16;
    return done(0);
}
#endif
