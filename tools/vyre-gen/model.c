/* model.c - a small model of text, for guesses about speed: bytes by themselves, and classes of bytes after each other. */
#include <math.h>

#include "tools/vyre-gen/gen.h"

enum byte_class {
    CLASS_CONTROL,
    CLASS_LETTERS, /* 26 of them */
    CLASS_UPPER = CLASS_LETTERS + 26,
    CLASS_DIGIT,
    CLASS_BLANK,
    CLASS_LINE_END,
    CLASS_UNDERSCORE,
    CLASS_HIGH,
    CLASS_SIGN,
    N_CLASSES
};

#define CLASS_ROW(...)
#define BYTE_ROW(...) __VA_ARGS__,
static const unsigned char surprise[256] = {
#include "tools/vyre-gen/frequency.def"
};
#define BYTE_ROW(...)
#define CLASS_ROW(...) {__VA_ARGS__},
static const signed char surprise_after[N_CLASSES][N_CLASSES] = {
#include "tools/vyre-gen/frequency.def"
};

static enum byte_class class_of(unsigned char c)
{
    if (c >= 'a' && c <= 'z') return (enum byte_class)(CLASS_LETTERS + c - 'a');
    if (c >= 'A' && c <= 'Z') return CLASS_UPPER;
    if (c >= '0' && c <= '9') return CLASS_DIGIT;
    if (c == ' ' || c == '\t') return CLASS_BLANK;
    if (c == '\n' || c == '\r') return CLASS_LINE_END;
    if (c == '_') return CLASS_UNDERSCORE;
    if (c >= 128) return CLASS_HIGH;
    return c < 32 ? CLASS_CONTROL : CLASS_SIGN;
}

static bool has_cases(unsigned char c)
{
    return c >= 'a' && c <= 'z';
}

double model_byte(unsigned char c, bool ignore_case)
{
    double p = exp2(-surprise[c] / 4.0);
    return ignore_case && has_cases(c) ? p + exp2(-surprise[c ^ 32] / 4.0) : p;
}

double model_bytes(const unsigned char *bytes, uint32_t n, bool ignore_case)
{
    double p = 1;
    for (uint32_t i = 0; i < n; i++) {
        p *= model_byte(bytes[i], ignore_case);
        if (i) p *= exp2(-surprise_after[class_of(bytes[i - 1])][class_of(bytes[i])] / 4.0);
    }
    return p < 1 ? p : 1;
}

double model_sets(const struct byte_set *sets, uint32_t n)
{
    double before[N_CLASSES] = {0}, sum = 0;
    for (uint32_t i = 0; i < n; i++) {
        double now[N_CLASSES] = {0}, after[N_CLASSES];
        for (uint32_t k = 0; k < N_CLASSES; k++) {
            after[k] = i ? 0 : 1;
            for (uint32_t j = 0; i && j < N_CLASSES; j++)
                if (before[j] > 0) after[k] += before[j] * exp2(-surprise_after[j][k] / 4.0);
        }
        sum = 0;
        for (uint32_t c = 0; c < 256; c++) {
            if (!set_has(&sets[i], c)) continue;
            double p = model_byte((unsigned char)c, false) * after[class_of((unsigned char)c)];
            now[class_of((unsigned char)c)] += p;
            sum += p;
        }
        for (uint32_t k = 0; k < N_CLASSES; k++)
            before[k] = now[k];
    }
    return sum < 1 ? sum : 1;
}

double model_choose_grams(struct literal_list *list, uint32_t width, bool ignore_case)
{
    double sum = 0;
    for (uint32_t i = 0; i < list->literals.n; i++) {
        struct literal *l = &list->literals.at[i];
        uint32_t n = gram_bytes(l, width);
        double least = 2;
        for (uint32_t at = 0; at + n <= l->n; at++) {
            double p = model_bytes(l->bytes + at, n, ignore_case);
            if (p >= least) continue;
            least = p;
            l->gram = at;
        }
        sum += least;
    }
    return sum;
}
