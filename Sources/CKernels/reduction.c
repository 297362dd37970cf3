#include "dispatch.h"

// The same bytes with and without fused multiply-add; squares of singles are exact in double.
#pragma clang fp contract(off)

typedef float vf __attribute__((vector_size(32), aligned(4)));
typedef double vd __attribute__((vector_size(64), aligned(8)));

enum { LANES = 8, SUMS = 4 };

// Adds elements or their squares to a vector of sums. A macro, as passing wide vectors by value
// depends on the instruction set.
#define ADD(sum, x, squares)                                 \
  do {                                                       \
    vd value = __builtin_convertvector(*(const vf *)(x), vd); \
    sum += squares ? value * value : value;                  \
  } while (0)

EK_INLINE void add_columns(
    const float *x, size_t rows, size_t stride, int parts, int squares, double *sums) {
  vd sum[SUMS];
  for (int k = 0; k < parts; k++) sum[k] = *(vd *)(sums + k * LANES);
  for (size_t i = 0; i < rows; i++)
    for (int k = 0; k < parts; k++) ADD(sum[k], x + i * stride + k * LANES, squares);
  for (int k = 0; k < parts; k++) *(vd *)(sums + k * LANES) = sum[k];
}

EK_INLINE double run(const float *x, size_t count, int squares) {
  vd sum[SUMS] = {{0}};
  size_t i = 0;
  for (; i + SUMS * LANES <= count; i += SUMS * LANES)
    for (int k = 0; k < SUMS; k++) ADD(sum[k], x + i + k * LANES, squares);
  vd all = (sum[0] + sum[1]) + (sum[2] + sum[3]);
  double total = ((all[0] + all[4]) + (all[2] + all[6])) + ((all[1] + all[5]) + (all[3] + all[7]));
  for (; i < count; i++) total += squares ? (double)x[i] * x[i] : x[i];
  return total;
}

EK_INLINE void add_sums(
    const float *x, size_t rows, size_t stride, size_t columns, int squares, double *sums) {
  if (columns == 1 && stride == 1) {
    sums[0] += run(x, rows, squares);
    return;
  }
  size_t j = 0;
  for (; j + SUMS * LANES <= columns; j += SUMS * LANES)
    add_columns(x + j, rows, stride, SUMS, squares, sums + j);
  for (; j + LANES <= columns; j += LANES) add_columns(x + j, rows, stride, 1, squares, sums + j);
  for (size_t i = 0; i < rows; i++)
    for (size_t k = j; k < columns; k++) {
      double value = x[i * stride + k];
      sums[k] += squares ? value * value : value;
    }
}

EK_INLINE void ek_add_sums_f32_body(
    const float *x, size_t rows, size_t stride, size_t columns, int squares, double *sums) {
  if (squares)
    add_sums(x, rows, stride, columns, 1, sums);
  else
    add_sums(x, rows, stride, columns, 0, sums);
}
EK_KERNEL(
    ek_add_sums_f32,
    (const float *x, size_t rows, size_t stride, size_t columns, int squares, double *sums),
    (x, rows, stride, columns, squares, sums))
