/* sample.h - bytes to try programs on. */
#ifndef VYREC_IR_SAMPLE_H
#define VYREC_IR_SAMPLE_H

#include "ir/ir.h"

/* Fills `count` elements: the same bytes for the same seed, everywhere. Elements of bool are 0 or 1. */
void ir_sample_fill(ir_type elem, void *bytes, uint64_t count, uint64_t seed);

#endif
