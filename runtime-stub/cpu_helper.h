/* cpu_helper.h - the functions that a launch hands to kernels. */
#ifndef VYRE_CPU_HELPER_H
#define VYRE_CPU_HELPER_H

#include <stdbool.h>

#include "runtime-stub/vyre_cpu.h"

extern const struct vyre_cpu_helpers cpu_helpers;

#endif
