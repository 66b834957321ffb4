/* test.h - what a unit test needs: CHECK macros that count and go on, and a last line `N passed, N failed`.
 *
 *   static void checks_that_it_adds(void) { CHECK_INT(add(1, 2), 3); }
 *   int main(void) { checks_that_it_adds(); return test_finish(); }
 *
 * The exit status is 1 when a check failed or when none ran. */
#ifndef VYREC_TESTS_UNIT_TEST_H
#define VYREC_TESTS_UNIT_TEST_H

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static unsigned long test_n_passed, test_n_failed;

/* Past this many failures only the count goes on. */
enum { TEST_SHOWN_FAILURES = 50 };

static inline bool test_count(bool ok, const char *file, int line)
{
    if (ok)
        test_n_passed++;
    else if (++test_n_failed <= TEST_SHOWN_FAILURES)
        fprintf(stderr, "%s:%d: failed: ", file, line);
    return ok || test_n_failed > TEST_SHOWN_FAILURES;
}

static inline bool test_bool(bool ok, const char *text, const char *file, int line)
{
    if (!test_count(ok, file, line)) fprintf(stderr, "%s\n", text);
    return ok;
}

static inline bool test_int(int64_t got, int64_t want, const char *text, const char *file, int line)
{
    if (!test_count(got == want, file, line)) fprintf(stderr, "%s is %" PRId64 ", not %" PRId64 "\n", text, got, want);
    return got == want;
}

static inline bool test_uint(uint64_t got, uint64_t want, const char *text, const char *file, int line)
{
    if (!test_count(got == want, file, line))
        fprintf(stderr, "%s is %" PRIu64 " (0x%" PRIx64 "), not %" PRIu64 " (0x%" PRIx64 ")\n", text, got, got, want,
                want);
    return got == want;
}

static inline bool test_string(const char *got, const char *want, const char *text, const char *file, int line)
{
    bool ok = got && want ? !strcmp(got, want) : got == want;
    if (!test_count(ok, file, line))
        fprintf(stderr, "%s is\n%s\nnot\n%s\n", text, got ? got : "NULL", want ? want : "NULL");
    return ok;
}

/* Each gives true when the check held. */
#define CHECK(condition) test_bool((condition), #condition, __FILE__, __LINE__)
#define CHECK_INT(got, want) test_int((got), (want), #got, __FILE__, __LINE__)
#define CHECK_UINT(got, want) test_uint((got), (want), #got, __FILE__, __LINE__)
#define CHECK_STRING(got, want) test_string((got), (want), #got, __FILE__, __LINE__)

/* The status for main to return. */
static inline int test_finish(void)
{
    printf("%lu passed, %lu failed\n", test_n_passed, test_n_failed);
    return test_n_failed || !test_n_passed;
}

#endif
