/* mock.h - libraries in place of drivers: they record every call, compute in memory of the host, and fail or lie at the
 * n-th call. Each is libcuda.so.1, libhsa-runtime64.so.1 or libvulkan.so.1 in a folder of its own, found through
 * LD_LIBRARY_PATH; a test opens the same file and finds the control:
 *
 *     struct mock *mock = ((struct mock *(*)(void))dlsym(dlopen("libcuda.so.1", RTLD_NOW), "mock_control"))();
 *
 * What is queued happens only when somebody waits for it, so that memory that is given back or used again too early shows.
 * Addresses of device memory are none that the host can use. */
#ifndef VYREC_TESTS_EXEC_MOCK_H
#define VYREC_TESTS_EXEC_MOCK_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MOCK_LOG_BYTES = 1 << 16, MOCK_LIE = -4242 };

/* What a kernel of this name does. `args` is its block of arguments; mock->host gives the host's address of the device's. */
typedef void mock_kernel(void *ctx, const char *name, const uint32_t groups[3], const uint32_t workgroup[3],
                         const void *args, size_t args_bytes);

struct mock {
    /* The test's. */
    uint64_t fail_at; /* the call that fails, from 1 on; 0: none */
    int64_t error;    /* that it returns; MOCK_LIE: success, and nothing is done */
    bool is_for_good; /* later calls fail too, but for those that give back */
    mock_kernel *run; /* called for every launch; NULL: launches are recorded alone */
    void *run_ctx;
    int version, n_devices, major, minor, shared_bytes, max_groups,
        registers; /* what the driver says; see mock_reset */
    const char *isa;
    bool is_recording;
    /* The mock's. */
    uint64_t n_calls;
    int64_t n_live;     /* objects and pieces of memory that were not given back */
    uint64_t n_misuses; /* calls with what is none of the driver's, or not any more */
    char misuse[256];   /* the last */
    char log[MOCK_LOG_BYTES];
    size_t n_log;
    void (*reset)(void);                               /* as at the start: nothing fails, nothing is recorded */
    void *(*host)(uint64_t address, uint64_t n_bytes); /* NULL: not the device's */
};

struct mock *mock_control(void);

/* -- for the mocks themselves ------------------------------------------------------------------ */

extern struct mock mock;
extern pthread_mutex_t mock_lock;

/* Counts and records a call. 0, or what it must return: a driver's error, or MOCK_LIE. Takes mock_lock. */
int64_t mock_begin(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The same for calls that give something back: they do it whatever they return. */
int64_t mock_begin_release(const char *format, ...) __attribute__((format(printf, 1, 2)));
void mock_record(const char *format, ...) __attribute__((format(printf, 1, 2)));
void mock_misuse(const char *format, ...) __attribute__((format(printf, 1, 2)));

enum mock_kind { MOCK_DEVICE_MEMORY, MOCK_HOST_MEMORY, MOCK_OBJECT };
/* Something that lives until it is freed. Memory of the device is told by an address that the host cannot use. */
void *mock_new(enum mock_kind kind, const char *what, size_t n_bytes);
/* NULL, after noting a misuse, when it is none. */
void *mock_find(void *thing, const char *what);
bool mock_free(void *thing, const char *what);
/* The host's bytes at an address of the device or of pinned memory; notes a misuse. */
void *mock_bytes(uint64_t address, uint64_t n_bytes, const char *why);
/* For records: the number of a piece of memory and the offset in it, "m3+64". Static, one of a few. */
const char *mock_name(uint64_t address);
/* A block of arguments: its words, addresses by name. */
void mock_record_words(const void *bytes, size_t n);
/* A hash of bytes, for records. */
uint32_t mock_hash(const void *bytes, size_t n);
void mock_clear(void);

/* Returns from an entry point when the call is to fail. */
#define MOCK_CALL(type, ...)                                                                                           \
    do {                                                                                                               \
        int64_t mock_error = mock_begin(__VA_ARGS__);                                                                  \
        if (mock_error) return mock_end(), (type)(mock_error == MOCK_LIE ? 0 : mock_error);                            \
    } while (0)
/* Releases the lock. */
void mock_end(void);

#endif
