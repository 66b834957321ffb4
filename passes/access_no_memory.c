/* access_no_memory.c - isl reports that memory ran out; GMP, by which it calculates, aborts the process unless its
 * three functions are replaced (GMP manual, "Custom Allocation"). */
#include "passes/access.h"

#include <gmp.h>
#include <stdlib.h>

static void (*end_process)(void);

static void *check(void *memory)
{
    if (!memory) end_process();
    return memory;
}

static void *allocate(size_t n)
{
    return check(malloc(n));
}

static void *reallocate(void *old, size_t old_n, size_t n)
{
    (void)old_n;
    return check(realloc(old, n));
}

static void release(void *memory, size_t n)
{
    (void)n;
    free(memory);
}

void access_on_no_memory(void (*handler)(void))
{
    end_process = handler;
    mp_set_memory_functions(allocate, reallocate, release);
}
