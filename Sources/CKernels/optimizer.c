#include "dispatch.h"

// The same bytes with and without fused multiply-add.
#pragma clang fp contract(off)

// Elements whose count fits any integer.
enum { BLOCK = 4096 };

#define REAL float
#define BITS uint32_t
#define EXPONENT UINT32_C(0x7f800000)
#define NAME(name) name##_f32
#define BODY(name) name##_f32_body
#include "optimizer.h"
#undef REAL
#undef BITS
#undef EXPONENT
#undef NAME
#undef BODY

#define REAL double
#define BITS uint64_t
#define EXPONENT UINT64_C(0x7ff0000000000000)
#define NAME(name) name##_f64
#define BODY(name) name##_f64_body
#include "optimizer.h"
#undef REAL
#undef BITS
#undef EXPONENT
#undef NAME
#undef BODY

#define OPTIMIZE(T)                                                                          \
  (ek_optimizer rule, const double *p, const T *gradient, const T *weight, T *const *states, \
   T *update, size_t count)
EK_KERNEL(
    ek_optimize_f32, OPTIMIZE(float), (rule, p, gradient, weight, states, update, count))
EK_KERNEL(
    ek_optimize_f64, OPTIMIZE(double), (rule, p, gradient, weight, states, update, count))

#define ADD(T) (const T *weight, const T *update, T *out, size_t count)
EK_KERNEL(ek_add_update_f32, ADD(float), (weight, update, out, count))
EK_KERNEL(ek_add_update_f64, ADD(double), (weight, update, out, count))

#define LOST(T)                                                                       \
  (const T *weight, const T *update, size_t count, T least_normal, T epsilon, uint64_t *result)
EK_FILE_KERNEL(
    count_lost_f32, LOST(float), (weight, update, count, least_normal, epsilon, result))
EK_FILE_KERNEL(
    count_lost_f64, LOST(double), (weight, update, count, least_normal, epsilon, result))

uint64_t ek_count_lost_f32(
    const float *weight, const float *update, size_t count, float least_normal, float epsilon) {
  uint64_t result;
  count_lost_f32(weight, update, count, least_normal, epsilon, &result);
  return result;
}

uint64_t ek_count_lost_f64(
    const double *weight, const double *update, size_t count, double least_normal,
    double epsilon) {
  uint64_t result;
  count_lost_f64(weight, update, count, least_normal, epsilon, &result);
  return result;
}

EK_FILE_KERNEL(
    greatest_f32, (const float *x, size_t count, uint32_t *result), (x, count, result))
EK_FILE_KERNEL(
    greatest_f64, (const double *x, size_t count, uint64_t *result), (x, count, result))

double ek_greatest_magnitude_f32(const float *elements, size_t count) {
  uint32_t bits;
  greatest_f32(elements, count, &bits);
  return ek_float(bits);
}

double ek_greatest_magnitude_f64(const double *elements, size_t count) {
  uint64_t bits;
  greatest_f64(elements, count, &bits);
  double value;
  memcpy(&value, &bits, sizeof value);
  return value;
}
