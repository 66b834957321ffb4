/* Interned names and maps, against what a linear search says. */
#include "ir/base/intern.h"
#include "ir/base/map.h"
#include "tests/unit/test.h"

enum { N_KEYS = 512, N_STEPS = 20000 };

static struct memory memory;

static void names_are_equal_exactly_when_their_pointers_are(void)
{
    struct arena arena;
    struct intern names;
    const char *first[1000];
    char text[32];
    arena_init(&arena, &memory);
    intern_init(&names, &arena);
    for (int i = 0; i < 1000; i++) {
        snprintf(text, sizeof text, "name%d", i);
        first[i] = intern_string(&names, text);
        CHECK_STRING(first[i], text);
    }
    for (int i = 0; i < 1000; i++) {
        snprintf(text, sizeof text, "name%dX", i);
        CHECK(intern(&names, text, strlen(text) - 1) == first[i]);
        CHECK(intern_string(&names, text) != first[i]);
    }
    CHECK(intern(&names, "a\0b", 3) != intern(&names, "a\0c", 3));
    CHECK(intern(&names, "a\0b", 3) != intern(&names, "a", 1));
    CHECK_STRING(intern(&names, NULL, 0), "");
    arena_release(&arena);
}

/* A map under random changes says what an array says. */
static void maps_remember_and_forget(void)
{
    static char objects[N_KEYS];
    void *want[N_KEYS] = {0};
    struct arena arena;
    struct map map;
    uint32_t state = 1, n = 0;
    bool right = true;
    arena_init(&arena, &memory);
    map_init(&map, &arena);
    CHECK(!map_find(&map, objects));
    map_set(&map, objects, NULL);
    for (int i = 0; i < N_STEPS; i++) {
        state = state * 1664525u + 1013904223u;
        uint32_t k = (state >> 8) % N_KEYS;
        want[k] = state >> 31 ? &objects[state >> 23] : NULL;
        map_set(&map, &objects[k], want[k]);
        k = (state >> 16) % N_KEYS;
        right &= map_find(&map, &objects[k]) == want[k];
    }
    for (int k = 0; k < N_KEYS; k++) {
        right &= map_find(&map, &objects[k]) == want[k];
        n += want[k] != NULL;
    }
    CHECK(right);
    CHECK_UINT(map.n, n);
    map_set(&map, NULL, objects);
    CHECK(map_find(&map, NULL) == objects);
    arena_release(&arena);
}

int main(void)
{
    if (setjmp(memory.recover)) return 1;
    names_are_equal_exactly_when_their_pointers_are();
    maps_remember_and_forget();
    return test_finish();
}
