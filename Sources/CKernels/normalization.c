#include "dispatch.h"

// The same bytes with and without fused multiply-add.
#pragma clang fp contract(off)

typedef float vf __attribute__((vector_size(32), aligned(4)));
typedef double vd __attribute__((vector_size(64), aligned(8)));

enum { LANES = 8, SUMS = 4 };

// A macro, as passing wide vectors by value depends on the instruction set.
#define load(x) __builtin_convertvector(*(const vf *)(x), vd)

EK_INLINE double total(const vd sums[SUMS]) {
  vd all = (sums[0] + sums[1]) + (sums[2] + sums[3]);
  return ((all[0] + all[4]) + (all[2] + all[6])) + ((all[1] + all[5]) + (all[3] + all[7]));
}

EK_INLINE void ek_shifted_sums_f32_body(
    const float *x, size_t count, double shift, ek_normalization_sums *sums) {
  vd plain[SUMS] = {{0}}, squares[SUMS] = {{0}};
  size_t i = 0;
  for (; i + SUMS * LANES <= count; i += SUMS * LANES)
    for (int k = 0; k < SUMS; k++) {
      vd distance = load(x + i + k * LANES) - shift;
      plain[k] += distance;
      squares[k] += distance * distance;
    }
  double plain_sum = total(plain), square_sum = total(squares);
  for (; i < count; i++) {
    double distance = x[i] - shift;
    plain_sum += distance;
    square_sum += distance * distance;
  }
  sums->plain += plain_sum;
  sums->squares += square_sum;
}
EK_KERNEL(
    ek_shifted_sums_f32,
    (const float *x, size_t count, double shift, ek_normalization_sums *sums),
    (x, count, shift, sums))

EK_INLINE void normalize(
    const float *x, size_t count, double mean, double factor, const float *scale,
    const float *bias, size_t step, float *y) {
  EK_ELEMENTWISE
  for (size_t i = 0; i < count; i++) {
    float normalized = (float)((x[i] - mean) * factor);
    y[i] = normalized * scale[i * step] + (bias ? bias[i * step] : 0);
  }
}

EK_INLINE void ek_normalize_f32_body(
    const float *x, size_t count, double mean, double factor, const float *scale,
    const float *bias, size_t step, float *y) {
  if (step == 0) {
    float a = *scale, b = bias ? *bias : 0;
    normalize(x, count, mean, factor, &a, &b, 0, y);
  } else if (bias) {
    normalize(x, count, mean, factor, scale, bias, 1, y);
  } else {
    normalize(x, count, mean, factor, scale, NULL, 1, y);
  }
}
EK_KERNEL(
    ek_normalize_f32,
    (const float *x, size_t count, double mean, double factor, const float *scale,
     const float *bias, size_t step, float *y),
    (x, count, mean, factor, scale, bias, step, y))

EK_INLINE void ek_cotangent_sums_f32_body(
    const float *dy, const float *x, const float *scale, size_t count, double shift,
    ek_normalization_sums *sums) {
  vd plain[SUMS] = {{0}}, squares[SUMS] = {{0}}, cotangents[SUMS] = {{0}}, along[SUMS] = {{0}};
  size_t i = 0;
  for (; i + SUMS * LANES <= count; i += SUMS * LANES)
    for (int k = 0; k < SUMS; k++) {
      vd u = load(dy + i + k * LANES), distance = load(x + i + k * LANES) - shift;
      if (scale) u *= load(scale + i + k * LANES);
      plain[k] += distance;
      squares[k] += distance * distance;
      cotangents[k] += u;
      along[k] += u * distance;
    }
  double plain_sum = total(plain), square_sum = total(squares);
  double cotangent_sum = total(cotangents), along_sum = total(along);
  for (; i < count; i++) {
    double u = scale ? (double)scale[i] * dy[i] : dy[i], distance = x[i] - shift;
    plain_sum += distance;
    square_sum += distance * distance;
    cotangent_sum += u;
    along_sum += u * distance;
  }
  sums->plain += plain_sum;
  sums->squares += square_sum;
  sums->cotangents += cotangent_sum;
  sums->along += along_sum;
}
EK_KERNEL(
    ek_cotangent_sums_f32,
    (const float *dy, const float *x, const float *scale, size_t count, double shift,
     ek_normalization_sums *sums),
    (dy, x, scale, count, shift, sums))

EK_INLINE void gradient(
    const float *dy, const float *x, const float *scale, size_t step, size_t count, double mean,
    double factor, double average, double slope, float *dx) {
  double steepness = slope * factor;
  EK_ELEMENTWISE
  for (size_t i = 0; i < count; i++) {
    double u = (double)scale[i * step] * dy[i];
    dx[i] = (float)(factor * ((u - average) - (x[i] - mean) * steepness));
  }
}

EK_INLINE void ek_normalization_gradient_f32_body(
    const float *dy, const float *x, const float *scale, size_t step, size_t count, double mean,
    double factor, double average, double slope, float *dx) {
  if (step == 0) {
    float a = *scale;
    gradient(dy, x, &a, 0, count, mean, factor, average, slope, dx);
  } else {
    gradient(dy, x, scale, 1, count, mean, factor, average, slope, dx);
  }
}
EK_KERNEL(
    ek_normalization_gradient_f32,
    (const float *dy, const float *x, const float *scale, size_t step, size_t count, double mean,
     double factor, double average, double slope, float *dx),
    (dy, x, scale, step, count, mean, factor, average, slope, dx))

EK_INLINE void ek_add_normalized_f32_body(
    const float *dy, const float *x, size_t count, double mean, double factor, float *dscale,
    float *dbias) {
  EK_ELEMENTWISE
  for (size_t i = 0; i < count; i++)
    dscale[i] += dy[i] * (float)((x[i] - mean) * factor);
  if (!dbias) return;
  EK_ELEMENTWISE
  for (size_t i = 0; i < count; i++) dbias[i] += dy[i];
}
EK_KERNEL(
    ek_add_normalized_f32,
    (const float *dy, const float *x, size_t count, double mean, double factor, float *dscale,
     float *dbias),
    (dy, x, count, mean, factor, dscale, dbias))
