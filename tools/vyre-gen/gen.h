/* gen.h - private to vyre-gen: from a list of literals to the text of programs that find them; regex.h is the same for regular expressions.
 *
 *   list.c       the list file
 *   text.c       parts that texts are made of
 *   model.c      how often bytes are met in text; the rarest part of a literal
 *   automaton.c  Aho-Corasick over classes of bytes
 *   buckets.c    a filter of half bytes, looked up in registers
 *   hash.c       a filter of hashed bytes, looked up in memory
 *   verify.c     which literals begin where a filter says so
 *   report.c     what is done with a match; sorted.c puts matches in order; decoder.c puts a decoder in front
 *   literals.c   the choice between the forms, and the file */
#ifndef VYREC_GEN_H
#define VYREC_GEN_H

#include "driver/tool.h"

enum { MAX_GRAM = 5, MAX_LITERAL_BYTES = 65535, MAX_LIST_BYTES = 16 << 20 };

/* ---- bytes ---- */

struct byte_set {
    uint64_t bits[4];
};
static inline bool set_has(const struct byte_set *set, uint32_t c)
{
    return set->bits[c / 64] >> (c % 64) & 1;
}
static inline void set_add(struct byte_set *set, uint32_t c)
{
    set->bits[c / 64] |= UINT64_C(1) << (c % 64);
}
static inline void set_remove(struct byte_set *set, uint32_t c)
{
    set->bits[c / 64] &= ~(UINT64_C(1) << (c % 64));
}

/* ---- lists ---- */

struct literal {
    const unsigned char *bytes; /* folded to lower case where case is ignored */
    uint32_t n;
    struct src_range range;
    uint32_t gram; /* where its rarest few bytes begin */
};
struct literal_list {
    VEC(struct literal) literals;
    uint32_t shortest, longest, n_bytes;
};

/* One literal to a line. False when something was reported. */
bool list_read(struct tool *tool, const struct source_file *file, bool ignore_case, struct literal_list *list);

/* Gives each line, without what ends it, to `read`. False when the list is too long; an empty one is reported. */
bool list_read_lines(struct tool *tool, const struct source_file *file,
                     void (*read)(void *context, const char *at, const char *end), void *context);
/* Reports those whose bytes are the same. */
void list_find_duplicates(struct tool *tool, const struct literal *literals, uint32_t n, const char *noun);

unsigned char fold_byte(unsigned char c);
/* The bytes of a literal's gram: shorter literals are grams themselves. */
static inline uint32_t gram_bytes(const struct literal *l, uint32_t width)
{
    return l->n < width ? l->n : width;
}

/* ---- frequencies ---- */

/* The probability of a byte, of either case where case is ignored. */
double model_byte(unsigned char c, bool ignore_case);
/* Of n bytes one after the other. */
double model_bytes(const unsigned char *bytes, uint32_t n, bool ignore_case);
/* Of n bytes one after the other, each one of a set. */
double model_sets(const struct byte_set *sets, uint32_t n);
/* Sets `gram` of each literal; the sum of the probabilities. */
double model_choose_grams(struct literal_list *list, uint32_t width, bool ignore_case);

/* ---- what is made ---- */

enum form { FORM_AUTO, FORM_AUTOMATON, FORM_BUCKETS, FORM_HASH, FORM_POSITIONS, FORM_STREAMS };
enum report { REPORT_COUNT, REPORT_FIND, REPORT_PRESENCE, REPORT_KINDS };

/* What may stand in front of a scanner: a pipeline of examples/lib. */
struct decoder {
    const char *name, *file, *pipeline;
    const char *length; /* of what comes out */
};
const struct decoder *decoder_find(const char *name);

struct request {
    const char *output, *name;
    enum form form;
    bool ignore_case, whole_words;
    const struct decoder *decoder; /* or NULL */
};

struct scanner {
    struct tool *tool;
    struct arena *arena;
    const struct request *request;
    struct literal_list *list; /* of literals */
    uint32_t n_patterns;
    const char *noun; /* what a pattern is called */
    const char *part; /* of a scanner of several programs, what this one's names end with; else NULL */
    bool counts_wide; /* an invocation may count 2^32 matches or more */
    struct out *out;
    void *plan;          /* of the form */
    uint32_t gram_width; /* of a filter */
};

/* A way to scan. Costs are estimates in processor cycles per byte, of use only beside each other. */
struct form_kind {
    const char *name;
    /* Prepares `s->plan`; a negative cost where the list does not suit, with the reason in *why. */
    double (*plan)(struct scanner *s, const char **why);
    void (*print_tables)(struct scanner *s);
    void (*print_program)(struct scanner *s, enum report report);
};
extern const struct form_kind form_automaton, form_buckets, form_hash;

/* ---- parts of the text ---- */

/* Text in which @ stands for the name, each line after the indent. */
void print_text(struct scanner *s, const char *indent, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* data NAME_SUFFIX : uN[n] = [...], of the narrowest type that holds all, or of at least min_bits. */
void print_table(struct scanner *s, const char *suffix, const uint32_t *values, uint32_t n, uint32_t min_bits);
void print_word_table(struct scanner *s, const char *suffix, const uint64_t *values, uint32_t n);
void print_byte_table(struct scanner *s, const char *suffix, const unsigned char *bytes, uint32_t n);
/* Where each literal's bytes begin, and all bytes. */
void print_literal_tables(struct scanner *s);

/* Declarations of buffers; "program NAME_..." before, "dispatch" after. */
void report_begin(struct scanner *s, enum report report, const char *layout);
/* Statements for one match in a program whose values `pattern`, `start` and `last` (its last byte) are defined. */
void report_match(struct scanner *s, enum report report, const char *indent);
/* Those for a place: `low` becomes the number of regions that begin at or before it. */
void report_search(struct scanner *s, const char *place, const char *indent);
/* Statements for one match of which `low` is known, and that it lies within that region. */
void report_inside(struct scanner *s, enum report report, const char *indent);
/* What stands before the scan and after it. A program with subgroups has workgroups of one. */
void report_open(struct scanner *s, enum report report);
void report_close(struct scanner *s, enum report report, bool has_subgroups);
/* A pipeline of all parts. */
void report_print_pipeline(struct scanner *s, enum report report, const char *const *parts, uint32_t n);
/* What it has beside the text: parameters of a pipeline, and those handed on. */
const char *report_parameters(enum report report);
const char *report_arguments(enum report report);
const char *report_suffix(enum report report);

/* The tables that map a gram to literals. */
void verify_print_tables(struct scanner *s);
/* What is different in programs that filter. */
struct filter_kind {
    /* lets up to `hitV`, V the vector, for the lanes' positions `atV`, whose bytes are `textVa`, `textVb` and so on. */
    void (*print_hits)(struct scanner *s, uint32_t vector);
    /* Statements for one place `at`, in a loop, that report what is found there. */
    void (*print_candidate)(struct scanner *s, enum report report);
    void (*print_locals)(struct scanner *s); /* declarations; may be NULL */
    /* let n_begins, of places that are looked at in any case: then `is_begin` is true, and `candidate` counts on from `n_candidates`. May be NULL. */
    void (*print_begins)(struct scanner *s, enum report report);
};
/* `share` is the part of all positions that is expected to get through. */
void filter_print_program(struct scanner *s, enum report report, double share, const struct filter_kind *kind);
/* The candidate of literals: those whose grams begin there. */
void verify_print_candidate(struct scanner *s, enum report report);
/* The cost of a filter whose loop takes `cycles` per 64 bytes and lets through this share of all positions, each of which then takes
 * `per_candidate`. */
double filter_cost(double cycles, double share, double per_candidate);
enum { CYCLES_PER_LITERAL = 33 }; /* of a candidate; measured on a processor with AVX-512 */

/* ---- buckets ---- */

/* A few bytes that must stand one after the other, each one of a set. */
enum { MAX_WIDTH = 4 };
struct gram {
    struct byte_set bytes[MAX_WIDTH];
    uint32_t n; /* of them are known; any may follow */
};
/* Deals grams to buckets for a filter of half bytes, with tables for `width` bytes. `joint` is the estimated share of positions at which they stand,
 * negative where their sets tell it.
 * Keeps the plan where it is better than the best so far, whose cost *best is. */
struct bucket_plan;
enum { MAX_GRAMS = 400 };
void buckets_try(struct scanner *s, struct bucket_plan **plan, const struct gram *grams, uint32_t n, uint32_t width,
                 double joint, double per_candidate, double *best);
uint32_t buckets_width(const struct bucket_plan *plan);
double buckets_share(const struct bucket_plan *plan);
uint32_t buckets_count(const struct bucket_plan *plan);
/* Of each gram, the bucket that it went to. */
const uint32_t *buckets_of_grams(const struct bucket_plan *plan);
void buckets_print_tables(struct scanner *s, const struct bucket_plan *plan);
void buckets_print_hits(struct scanner *s, const struct bucket_plan *plan, uint32_t vector);
/* let met : u32, the buckets left at `at`. */
void buckets_print_bits(struct scanner *s, const struct bucket_plan *plan, const char *indent);

void sorted_print(struct scanner *s);

/* What stands at the head of the file, and pipelines with the decoder in front at its end; nothing where none is asked for. */
void decoder_print_import(struct scanner *s);
void decoder_print_pipelines(struct scanner *s);

int literals_generate(struct tool *tool, const struct request *request, const char *path);

#endif
