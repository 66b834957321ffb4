/* math-ulp.c - measures how far the transcendental functions are from the truth, in units of the last place of f32.
 *
 *   math-ulp [--every N] [--limit ULP] [function...]
 *
 * Without --every it goes through all 2^32 inputs of each function, on two threads; with it, through every N-th, and
 * through the neighbours of all powers of two. The truth is glibc's double function, whose own error is below 2^-28 of
 * the unit. Results that are infinite, NaN or zero where the truth is not (or the other way round, or with the wrong
 * sign) count as an infinite error. Prints a table in Markdown; status 1 when a function is over the limit. */
#include <getopt.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "ir/op_math_c.h"

struct function {
    const char *name;
    float (*ours)(float);
    double (*truth)(double);
};
static const struct function functions[] = {
#define MATH(name) {#name, math_##name, name},
    MATH_FUNCTIONS(MATH)
#undef MATH
};
enum { N_FUNCTIONS = sizeof functions / sizeof *functions, N_THREADS = 2 };

struct worst {
    double ulps;
    uint32_t input;
    uint64_t n_inputs, n_not_nearest;
};

/* -- one input ------------------------------------------------------------------------------------------------- */

/* 1 / the unit of the last place of f32 at this finite value. */
static double units_per_one(double v)
{
    uint64_t bits;
    memcpy(&bits, &v, sizeof bits);
    int64_t exponent = (int64_t)(bits >> 52 & 0x7FF) - 1023;
    bits = (uint64_t)(1023 + 23 - (exponent < -126 ? -126 : exponent)) << 52;
    memcpy(&v, &bits, sizeof v);
    return v;
}

static double error_in_units(float ours, double truth)
{
    if (isnan(ours) || isnan(truth)) return isnan(ours) && isnan(truth) ? 0 : INFINITY;
    if (isinf(truth)) return ours == truth ? 0 : INFINITY;
    if (!signbit(ours) != !signbit(truth)) return INFINITY;
    /* An infinity stands for the next value after the largest, which is the nearest from half a unit before it on. */
    double value = isinf(ours) ? copysign(0x1p128, (double)ours) : (double)ours;
    if (isinf(ours) && fabs(truth) >= 0x1p128) return 0;
    return fabs(value - truth) * units_per_one(truth);
}

static void measure_input(const struct function *f, uint32_t input, struct worst *w)
{
    float x = from_bits(input);
    double error = error_in_units(f->ours(x), f->truth(x));
    w->n_inputs++;
    w->n_not_nearest += error > 0.5;
    if (error > w->ulps) {
        w->ulps = error;
        w->input = input;
    }
}

/* -- all inputs ------------------------------------------------------------------------------------------------ */

struct job {
    const struct function *function;
    uint64_t begin, end, step;
    struct worst worst;
};

static void *run_job(void *argument)
{
    struct job *job = argument;
    for (uint64_t i = job->begin; i < job->end; i += job->step)
        measure_input(job->function, (uint32_t)i, &job->worst);
    return NULL;
}

static void merge(struct worst *into, const struct worst *from)
{
    if (from->ulps > into->ulps) {
        into->ulps = from->ulps;
        into->input = from->input;
    }
    into->n_inputs += from->n_inputs;
    into->n_not_nearest += from->n_not_nearest;
}

static void measure_around_powers(const struct function *f, struct worst *w)
{
    for (uint32_t exponent = 0; exponent < 512; exponent++) {
        for (uint32_t k = 0; k < 17; k++)
            measure_input(f, (exponent << 23) + k - 8, w);
    }
}

static struct worst measure(const struct function *f, uint64_t step)
{
    struct worst all = {0};
    struct job jobs[N_THREADS];
    pthread_t threads[N_THREADS];
    for (uint64_t i = 0; i < N_THREADS; i++) {
        jobs[i] = (struct job){f, i * step, UINT64_C(1) << 32, N_THREADS * step, {0}};
        if (pthread_create(&threads[i], NULL, run_job, &jobs[i]) != 0) {
            fprintf(stderr, "math-ulp: cannot start a thread\n");
            exit(2);
        }
    }
    for (uint64_t i = 0; i < N_THREADS; i++) {
        pthread_join(threads[i], NULL);
        merge(&all, &jobs[i].worst);
    }
    if (step > 1) measure_around_powers(f, &all);
    return all;
}

/* -- command line ---------------------------------------------------------------------------------------------- */

static bool is_wanted(const struct function *f, char **names)
{
    if (!*names) return true;
    for (; *names; names++) {
        if (!strcmp(*names, f->name)) return true;
    }
    return false;
}

static void print_row(const struct function *f, const struct worst *w)
{
    printf("| `%s` | %.3f | `0x%08" PRIx32 "` = %.9g | %.2f %% |\n", f->name, w->ulps, w->input,
           (double)from_bits(w->input), 100.0 * (double)(w->n_inputs - w->n_not_nearest) / (double)w->n_inputs);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"every", required_argument, NULL, 'e'}, {"limit", required_argument, NULL, 'l'}, {NULL, 0, NULL, 0}};
    uint64_t step = 1;
    double limit = INFINITY;
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (option == 'e')
            step = strtoull(optarg, NULL, 0);
        else if (option == 'l')
            limit = strtod(optarg, NULL);
        else
            return 2;
    }
    if (step == 0) {
        fprintf(stderr, "math-ulp: --every wants a positive number\n");
        return 2;
    }
    bool good = true;
    printf("| function | largest error, ULP | at the input | nearest result |\n|---|---|---|---|\n");
    for (int i = 0; i < N_FUNCTIONS; i++) {
        if (!is_wanted(&functions[i], argv + optind)) continue;
        struct worst w = measure(&functions[i], step);
        print_row(&functions[i], &w);
        good &= w.ulps <= limit;
    }
    return !good;
}
