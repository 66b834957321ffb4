/* plant.h - faults that tests plant in passes, to see whether random programs find them (docs/testing.md).
 *
 *   if (PLANT(NAME, is_legal(x), true)) ...
 *
 * is `is_legal(x)` in every build but that of tests/exec/plants, where the environment's VYRE_PLANT chooses a row of plants.def that
 * goes wrong. */
#ifndef VYREC_PASSES_PLANT_H
#define VYREC_PASSES_PLANT_H

enum plant {
    PLANT_NONE,
#define PLANTED(NAME, help) PLANT_##NAME,
#include "passes/plants.def"
};

#ifdef VYRE_PLANTS
enum plant plant_chosen(void);
#define PLANT(NAME, right, wrong) (plant_chosen() == PLANT_##NAME ? (wrong) : (right))
#else
#define PLANT(NAME, right, wrong) (right)
#endif

#endif
