#ifndef EVENKEEL_EK_REDUCTION_H
#define EVENKEEL_EK_REDUCTION_H

#include <stddef.h>

// sums[j] += the sum over i < rows of x[i * stride + j], or of its square, for j < columns.
//
// In double. Several columns are summed in the order of rows; a single column with stride 1 in 32
// interleaved sums. The same bytes on every instruction set.
void ek_add_sums_f32(
    const float *x, size_t rows, size_t stride, size_t columns, int squares, double *sums);

#endif
