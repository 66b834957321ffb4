/* plant.h - faults that tests plant in the emitter, to see that a program on a device finds each (docs/testing.md).
 *
 *   PLANT(NAME, right, wrong)
 *
 * is `right` in every build but that of tests/exec/vulkan, where the environment's VYRE_PLANT chooses a row of plants.def that goes
 * wrong. */
#ifndef VYREC_SPIRV_PLANT_H
#define VYREC_SPIRV_PLANT_H

enum plant {
    PLANT_NONE,
#define PLANTED(NAME, help) PLANT_##NAME,
#include "codegen/spirv/plants.def"
};

#ifdef VYRE_PLANTS
enum plant plant_chosen(void);
#define PLANT(NAME, right, wrong) (plant_chosen() == PLANT_##NAME ? (wrong) : (right))
#else
#define PLANT(NAME, right, wrong) (right)
#endif

#endif
