#ifndef EVENKEEL_EK_DISPATCH_H
#define EVENKEEL_EK_DISPATCH_H

#include <stddef.h>
#include <stdint.h>

enum { EK_LEVEL_BASELINE = 0, EK_LEVEL_AVX2 = 1, EK_LEVEL_AVX512 = 2 };

// The instruction set that kernels use: the best that the machine has, unless limited.
int ek_vector_level(void);

// Limits the instruction set, to test the others and to repeat the results of a lesser machine.
// Returns the level now in use.
int ek_limit_vector_level(int level);

#endif
