/* memory.h - the one place that asks libc for memory, and what happens when it says no.
 *
 * Compiler code never tests an allocation: on failure `memory_fail` jumps to the `recover` point that the outermost
 * entry (a tool's main, a fuzz target, a library call) set with setjmp. That entry then calls memory_release_all, which
 * frees what arenas and buffers of abandoned functions still hold. Tests make the n-th allocation fail through
 * `fail_at`. */
#ifndef VYREC_BASE_MEMORY_H
#define VYREC_BASE_MEMORY_H

#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>

struct memory_block;
/* What must be undone before control leaves for `recover`: a foreign library's objects. Lives in the frame that
 * registers it. */
struct memory_cleanup {
    void (*run)(struct memory_cleanup *);
    struct memory_cleanup *outer;
};
struct memory {
    jmp_buf recover;                 /* set by the owner before the first allocation */
    struct memory_block *blocks;     /* all that are live, newest first */
    struct memory_cleanup *cleanups; /* innermost first */
    size_t live_bytes;               /* held now */
    size_t peak_bytes;               /* the most ever held */
    size_t limit_bytes;              /* 0 is no limit */
    uint64_t n_allocs;               /* allocations asked for so far */
    uint64_t fail_at;                /* tests: the allocation with this number (1 is the first) fails; 0 is never */
    int fail_from_then;              /* tests: and so do all after it */
};

/* A zeroed block; never NULL: on failure control goes to `recover`. */
void *memory_alloc(struct memory *mem, size_t size_bytes);
/* The same for who has to go on without it: NULL on failure. */
void *memory_try_alloc(struct memory *mem, size_t size_bytes);
void memory_free(struct memory *mem, void *block, size_t size_bytes);
void memory_push_cleanup(struct memory *mem, struct memory_cleanup *cleanup);
void memory_pop_cleanup(struct memory *mem); /* does not run it */
/* Frees every block; arenas and buffers on it must not be touched again except by their init functions. */
void memory_release_all(struct memory *mem);
_Noreturn void memory_fail(struct memory *mem);

#endif
