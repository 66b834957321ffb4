/* chosen.c - which fault is planted: VYRE_PLANT names a row of PLANT_TABLE, plants.def of the passes or of the emitter of SPIR-V. Without
 * it none; with another word, a list. */
#include PLANT_HEADER

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name, *help;
} plants[] = {
    {"", ""},
#define PLANTED(NAME, help) {#NAME, help},
#include PLANT_TABLE
};
enum { N_PLANTS = sizeof plants / sizeof *plants };

static enum plant find_chosen(void)
{
    const char *word = getenv("VYRE_PLANT");
    if (!word) return PLANT_NONE;
    for (int i = 1; i < N_PLANTS; i++)
        if (!strcmp(plants[i].name, word)) return (enum plant)i;
    for (int i = 1; i < N_PLANTS; i++)
        printf("%-24s %s\n", plants[i].name, plants[i].help);
    exit(2);
}

static enum plant chosen;

/* Before anything runs: a list of faults needs no program that could have one. */
__attribute__((constructor)) static void choose(void)
{
    chosen = find_chosen();
}

enum plant plant_chosen(void)
{
    return chosen;
}
