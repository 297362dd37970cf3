#include "dispatch.h"

// The same bytes with and without fused multiply-add.
#pragma clang fp contract(off)

typedef double vd __attribute__((vector_size(64)));

enum { LANES = 8, SUMS = 2 };

EK_INLINE void ek_reflect_f64_body(
    const double *normal, double *vectors, size_t length, size_t count, size_t stride) {
  const size_t step = LANES * SUMS;
  const size_t whole = length / step * step;
  for (size_t j = 0; j < count; j++) {
    double *x = vectors + j * stride;
    vd sums[SUMS] = {{0}};
    for (size_t i = 0; i < whole; i += step) {
      vd a[SUMS], b[SUMS];
      memcpy(a, normal + i, sizeof a);
      memcpy(b, x + i, sizeof b);
      for (int part = 0; part < SUMS; part++) sums[part] += a[part] * b[part];
    }
    vd sum = sums[0] + sums[1];
    double product = ((sum[0] + sum[4]) + (sum[2] + sum[6])) +
                     ((sum[1] + sum[5]) + (sum[3] + sum[7]));
    for (size_t i = whole; i < length; i++) product += normal[i] * x[i];
    product *= 2;
    for (size_t i = 0; i < length; i++) x[i] -= product * normal[i];
  }
}
EK_KERNEL(
    ek_reflect_f64,
    (const double *normal, double *vectors, size_t length, size_t count, size_t stride),
    (normal, vectors, length, count, stride))
