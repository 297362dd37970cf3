#include "dispatch.h"

// Two roundings in axpy at every instruction set.
#pragma clang fp contract(off)

// One loop for each pair of steps, so that each is vectorised.
#define BINARY(name, operator)                                                            \
  EK_INLINE void name##_body(                                                             \
      const float *a, size_t a_step, const float *b, size_t b_step, float *out,           \
      size_t count) {                                                                     \
    if (a_step && b_step) {                                                               \
      EK_ELEMENTWISE                                                                      \
      for (size_t i = 0; i < count; i++) out[i] = a[i] operator b[i];                     \
    } else if (a_step) {                                                                  \
      const float right = *b;                                                             \
      EK_ELEMENTWISE                                                                      \
      for (size_t i = 0; i < count; i++) out[i] = a[i] operator right;                    \
    } else if (b_step) {                                                                  \
      const float left = *a;                                                              \
      EK_ELEMENTWISE                                                                      \
      for (size_t i = 0; i < count; i++) out[i] = left operator b[i];                     \
    } else {                                                                              \
      const float value = *a operator * b;                                                \
      EK_ELEMENTWISE                                                                      \
      for (size_t i = 0; i < count; i++) out[i] = value;                                  \
    }                                                                                     \
  }                                                                                       \
  EK_KERNEL(                                                                              \
      name,                                                                               \
      (const float *a, size_t a_step, const float *b, size_t b_step, float *out,          \
       size_t count),                                                                     \
      (a, a_step, b, b_step, out, count))

BINARY(ek_add_f32, +)
BINARY(ek_sub_f32, -)
BINARY(ek_mul_f32, *)
BINARY(ek_div_f32, /)

EK_INLINE void ek_scale_f32_body(float factor, const float *in, float *out, size_t count) {
  EK_ELEMENTWISE
  for (size_t i = 0; i < count; i++) out[i] = factor * in[i];
}
EK_KERNEL(
    ek_scale_f32, (float factor, const float *in, float *out, size_t count),
    (factor, in, out, count))

EK_INLINE void ek_update_f32_body(
    float factor, const float *x, float *restrict update, float *restrict y, size_t count) {
  EK_ELEMENTWISE
  for (size_t i = 0; i < count; i++) {
    update[i] = factor * x[i];
    y[i] += update[i];
  }
}
EK_KERNEL(
    ek_update_f32, (float factor, const float *x, float *update, float *y, size_t count),
    (factor, x, update, y, count))

EK_INLINE void ek_axpy_f32_body(float factor, const float *x, float *y, size_t count) {
  EK_ELEMENTWISE
  for (size_t i = 0; i < count; i++) y[i] += factor * x[i];
}
EK_KERNEL(
    ek_axpy_f32, (float factor, const float *x, float *y, size_t count), (factor, x, y, count))
