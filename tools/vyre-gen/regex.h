/* regex.h - private to vyre-gen: from regular expressions to automata of positions, and from those to the text of programs.
 *
 *   regex_list.c       the list file
 *   regex_parse.c      an expression as a tree; regex_class.c: escapes and classes of bytes
 *   regex_positions.c  a tree as an automaton without empty moves, its assertions worked into the positions
 *   regex_reduce.c     positions and moves that the ends of matches do not need
 *   regex_words.c      positions of all patterns as bits of words, and their tables
 *   regex_follow.c     text that follows matches byte by byte
 *   regex_chunks.c     the form that does so for all of the text
 *   regex_states.c     the form that has a table of states instead
 *   regex_filter.c     the form that follows only where a filter of half bytes says so
 *   regex_streams.c    the form that has a bit for each byte of text; regex_bits.h: its values as statements
 *   regex.c            the choice between the forms, and the file */
#ifndef VYREC_REGEX_H
#define VYREC_REGEX_H

#include "tools/vyre-gen/gen.h"

enum {
    MAX_PATTERNS = 10000,
    MAX_POSITIONS = 8192, /* of a pattern */
    MAX_MOVES = 1 << 20,  /* of a pattern */
    MAX_NESTING = 250,
    MAX_REPETITION = 65535,
    WORD_BITS = 64,
    ALL_BYTES = 256
};

/* ---- gaps ----
 * What an assertion asks for is told by what stands before a place and behind it. A set of such pairs is a number with a bit for each. */

enum before { BEFORE_BEGIN, BEFORE_NEWLINE, BEFORE_WORD, BEFORE_OTHER, N_BEFORE };
enum behind { BEHIND_END, BEHIND_LAST_NEWLINE, BEHIND_NEWLINE, BEHIND_WORD, BEHIND_OTHER, N_BEHIND };
enum { ANY_BEFORE = (1 << N_BEFORE) - 1, ANY_BEHIND = (1 << N_BEHIND) - 1, ANY_GAP = (1 << N_BEFORE * N_BEHIND) - 1 };

static inline uint32_t gap_bit(uint32_t before, uint32_t behind)
{
    return UINT32_C(1) << (before * N_BEHIND + behind);
}
/* All pairs of these sets. */
uint32_t gap_pairs(uint32_t before, uint32_t behind);
/* Of a byte by itself, as what stands before a gap; behind one it is 1 more. */
enum before byte_kind(unsigned char c);

/* ---- trees ---- */

enum regex_kind { REGEX_SET, REGEX_ASSERTION, REGEX_SEQUENCE, REGEX_CHOICE, REGEX_REPEAT };
enum { REPEAT_FOREVER = UINT32_MAX };

struct regex {
    enum regex_kind kind;
    struct byte_set set;
    uint32_t gaps;          /* of an assertion */
    uint32_t least, most;   /* of a repetition */
    VEC(struct regex *) of; /* parts; a sequence of none is empty */
};

struct expression {
    const struct source_file *file;
    const char *at, *end; /* without the slashes around */
    const char *flags, *flags_end;
    bool ignore_case;
    uint32_t number; /* from 1, for messages */
};
/* NULL when something was reported. */
struct regex *regex_parse(struct tool *tool, const struct expression *e);

/* ---- for regex_parse.c and regex_class.c ---- */

enum { FLAG_CASE = 1, FLAG_LINES = 2, FLAG_DOT = 4, FLAG_SPACE = 8 };

struct parser {
    struct tool *tool;
    const struct expression *e;
    const char *at, *end;
    uint32_t flags, depth;
    bool quoting, failed;
};
enum escape_kind { ESCAPE_NONE, ESCAPE_BYTE, ESCAPE_SET, ESCAPE_GAPS };
struct escape {
    enum escape_kind kind;
    unsigned char byte;
    struct byte_set set;
    uint32_t gaps;
};

/* The first fault of an expression is told. */
void parser_fail(struct parser *p, const char *from, const char *to, const char *what);
void parser_refuse(struct parser *p, const char *from, const char *to, const char *what);
/* What begins with a backslash at `at`. */
struct escape parse_escape(struct parser *p, bool in_class);
/* What begins with [ at `at`. */
struct byte_set parse_class(struct parser *p);
void set_fold(struct byte_set *set);

/* ---- automata ---- */

struct position {
    struct byte_set set;
    uint32_t kinds; /* of its bytes, as a set of enum before */
    uint32_t first; /* the kinds of enum before behind which a match may begin here */
    uint32_t last;  /* the kinds of enum behind before which it may end */
};
struct move {
    uint32_t from, to;
};
struct machine {
    struct position *positions;
    struct move *moves; /* by `from`, then `to` */
    uint32_t n, n_moves;
};
/* False when something was reported. */
bool machine_build(struct tool *tool, const struct request *request, const struct expression *e, struct regex *tree,
                   struct machine *machine);
/* For it: makes what a tree begins with as short as it may be; whether it changed. The tree must not match the empty string. */
bool regex_drop_head(struct regex *tree);
/* Leaves out what changes no end of a match; `arena` keeps the result. */
void machine_reduce(struct arena *arena, struct machine *machine);

/* ---- lists ---- */

/* How a part of the patterns is scanned for. */
enum part_kind { PART_FILTER, PART_STREAMS, PART_STATES, PART_POSITIONS, PART_WIDE, N_PARTS };

/* A byte that every match has so far behind its first. */
enum { N_PROBES = 2 };
struct probe {
    uint32_t distance;
    struct byte_set set;
};
/* What every match has `distance` bytes behind the one that stands before it: one of these, which are met at this share of all places. At a distance
 * of 0 the first byte of each is what an assertion asks for; where nothing stands before a match it is not there. Elsewhere a match has the probes. */
struct grams {
    struct gram *at;
    uint32_t n, cap, distance;
    double share;
    struct probe probes[N_PROBES];
};
struct grams grams_choose(struct arena *arena, const struct machine *machine, uint32_t width);

struct pattern {
    struct expression expression;
    struct src_range range;
    struct machine machine;
    enum part_kind part;
    uint32_t longest, group;       /* bytes of a match; for streams, which are made group by group */
    uint32_t word, n_words, bit;   /* where its positions are; those of more than 64 have words of their own */
    struct grams grams[MAX_WIDTH]; /* by their length, less 1 */
};
struct pattern_list {
    VEC(struct pattern) patterns;
};
bool regex_list_read(struct tool *tool, const struct source_file *file, const struct request *request,
                     struct pattern_list *list);

/* ---- words ---- */

/* Bytes that none of some sets tells apart are one class. */
struct byte_classes {
    unsigned char of[ALL_BYTES], sample[ALL_BYTES]; /* of each byte its class; of each class a byte */
    uint32_t n;
};
void classes_begin(struct byte_classes *c);
void classes_tell_apart(struct byte_classes *c, const struct byte_set *set);
/* By the kinds of bytes, too. */
void classes_tell_kinds(struct byte_classes *c);

struct automaton;
struct regex_set {
    struct scanner s;
    struct pattern_list *list;
    struct byte_classes classes;
    uint32_t n_words;
    uint32_t part_word[N_PARTS + 1]; /* the words of patterns of at most 64 positions, by part */
    uint32_t widest;                 /* the most words of one pattern */
    bool has_before, has_behind;     /* where matches may begin depends on what stands before; end, behind */
    bool has_special, has_single;    /* moves that are tables; matches of one byte */
    bool has_part[N_PARTS];
    struct bucket_plan *buckets; /* of the filter */
    struct automaton *automaton; /* of the states */
    uint32_t start[N_BEFORE], first_final;
};
void words_assign(struct regex_set *set);
void words_print_tables(struct regex_set *set);

/* ---- text ---- */

/* The functions that all programs of a set share. */
void follow_print_functions(struct regex_set *set);
/* lets of what the program needs of the word `word`. */
void follow_print_lets(struct regex_set *set, const char *indent);
/* What is to be known of byte i after it. */
void follow_print_kind(struct regex_set *set, const char *indent);
/* Statements that report what ends at byte i: of `state`, less what `later` has too. */
void follow_print_report(struct regex_set *set, enum report report, const char *indent, bool has_later);
/* Statements that go on from byte i with `state`, up to `end`, and report what matches that begin later do not have as well. */
void follow_print_tail(struct regex_set *set, enum report report, const char *indent);
/* The same where `later` is there already: what is open there, too. */
void follow_print_rest(struct regex_set *set, enum report report, const char *indent);
/* Statements for byte i of all of the text, in a loop: positions that it leads to, and a report. */
void follow_print_main(struct regex_set *set, enum report report, const char *indent);
void wide_print_main(struct regex_set *set, enum report report, const char *indent);
/* var behind, of what stands behind byte i; one match of `pattern` with its end there. */
void follow_print_behind(struct regex_set *set, const char *indent);
void follow_print_match(struct regex_set *set, enum report report, const char *indent);
/* let accepted, of byte i. */
void follow_print_byte(struct regex_set *set, const char *indent);
/* The same three for a pattern of several words: `chosen`, `word` and `n_words` are its number, first word and how many. */
void wide_print_functions(struct regex_set *set);
void wide_print_report(struct regex_set *set, enum report report, const char *indent, bool has_later);
void wide_print_locals(struct regex_set *set);
void wide_print_tail(struct regex_set *set, enum report report, const char *indent);

/* The bounds of the text that matches lie within, as lets or vars `from`, `end` and, for presence, `low`, around a place; in the second form
 * statements that go on to the next at byte i and clear what is open. */
void bounds_print(struct regex_set *set, enum report report, const char *place, const char *indent);
void bounds_print_border(struct regex_set *set, enum report report, const char *clear, const char *indent);

/* ---- forms ---- */

/* The head of a program with an invocation for each chunk of text and each of some rows. */
void chunks_print_layout(struct regex_set *set, enum report report, uint32_t rows);
/* lets of where a chunk begins and stops, the bounds around, and, as `kind`, what stands before it. */
void chunks_print_begin(struct regex_set *set, enum report report);

/* The cost of a filter for the patterns of this part, in cycles per byte; negative where they have too many grams. */
double filter_plan(struct regex_set *set);
enum { CYCLES_PER_PATTERN = 60 }; /* that a place which gets through takes */
void filter_print_tables(struct regex_set *set);
void filter_print_programs(struct regex_set *set, enum report report);
/* Whether the patterns of this part have few enough states together, which are kept then; words are assigned anew. */
bool states_suit(struct regex_set *set);
double states_cost(const struct regex_set *set);
void states_print_tables(struct regex_set *set);
void states_print_program(struct regex_set *set, enum report report);
/* Whether a pattern can be streams. */
bool streams_suit(struct regex_set *set, struct pattern *p);
double streams_cost(struct regex_set *set);
void streams_print_tables(struct regex_set *set);
void streams_print_program(struct regex_set *set, enum report report);
void positions_print_program(struct regex_set *set, enum report report);
void wide_print_list(struct regex_set *set);
void wide_print_program(struct regex_set *set, enum report report);

int regex_generate(struct tool *tool, const struct request *request, const char *path);

#endif
