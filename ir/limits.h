/* limits.h - limits.def as constants IR_LIMIT_NAME. */
#ifndef VYREC_IR_LIMITS_H
#define VYREC_IR_LIMITS_H

enum ir_limit {
#define LIMIT(NAME, value, help) IR_LIMIT_##NAME = value,
#include "ir/limits.def"
};

#endif
