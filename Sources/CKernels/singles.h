// Elementary functions in single precision, written so that the compiler makes vectors of them. No
// error exceeds two units in the last place; where one rounding too many would, what it lost is
// carried along in a second number. Fused multiply-add is asked for by name, so that bytes are the
// same at every instruction set. Coefficients: Scripts/reference/elementary_coefficients.py.
#ifndef EVENKEEL_SINGLES_H
#define EVENKEEL_SINGLES_H

#include "dispatch.h"

// A number and what rounding it lost.
typedef struct {
  float high, low;
} pair;

EK_INLINE float fused(float a, float b, float c) { return __builtin_fmaf(a, b, c); }

EK_INLINE float held(float x, float low, float high) {
  x = x < low ? low : x;
  return x > high ? high : x;
}

// 2^n for n from -126 to 127.
EK_INLINE float power_of_two(int32_t n) { return ek_float((uint32_t)(n + 127) << 23); }

// e^x = 2^n (high + low) for x from -110 to 89, beyond as at these; 0.7 <= high < 1.5.
EK_INLINE pair exp_parts(float x, int32_t *n) {
  x = held(x, -110, 89);
  // Adding 1.5 * 2^23 leaves the nearest integer in the low bits.
  const float shifter = 0x1.8p23f;
  float shifted = fused(x, 0x1.715476p0f, shifter);
  float k = shifted - shifter;
  *n = (int32_t)(ek_bits(shifted) & 0x7fffff) - 0x400000;
  // ln 2 in two parts, the first so short that its product is exact.
  float r = fused(k, -0x1.62e4p-1f, x);
  float lost = k * -0x1.7f7d1cp-20f;
  float sum = r + lost;
  lost = lost - (sum - r);
  r = sum;
  float q = 0.00139262508f;
  q = fused(q, r, 0.00836323295f);
  q = fused(q, r, 0.0416665542f);
  q = fused(q, r, 0.166665763f);
  q = fused(q, r, 0.5f);
  float tail = fused(r * r, q, lost);
  float beyond = r + tail;
  pair e;
  e.high = 1 + beyond;
  e.low = (beyond - (e.high - 1)) + (tail - (beyond - r));
  return e;
}

// Moves a number by a power of two in two steps, as one may be out of range.
EK_INLINE float moved(float x, int32_t n) {
  int32_t half = n >> 1;
  return x * power_of_two(half) * power_of_two(n - half);
}

EK_INLINE float exp_single(float x) {
  int32_t n;
  pair e = exp_parts(x, &n);
  return moved(e.high, n);
}

// e^(-|x|), which is at most 1.
EK_INLINE pair decay(float x) {
  int32_t n;
  pair e = exp_parts(-__builtin_fabsf(x), &n);
  pair result = {moved(e.high, n), moved(e.low, n)};
  return result;
}

EK_INLINE float sigmoid_single(float x) {
  pair e = decay(x);
  float below = 1 + e.high;
  float below_low = (e.high - (below - 1)) + e.low;
  float above = x < 0 ? e.high : 1, above_low = x < 0 ? e.low : 0;
  float y = above / below;
  float rest = fused(-y, below, above) + fused(-y, below_low, above_low);
  // What is left of the quotient, times about 1/below. Where e is subnormal, rest is of no use.
  float near = x < 0 ? 1 - y : y;
  float better = fused(rest, near, y);
  return x < -80 ? y : better;
}

// 2^shift e/(1 + e)^2 with e = e^(-|x|): times the slope of the logistic function.
EK_INLINE float bell(float x, int shift) {
  int32_t n;
  pair parts = exp_parts(-__builtin_fabsf(x), &n);
  // Of use up to 80, where n is -115.
  float power = power_of_two(n < -126 ? -126 : n);
  pair e = {parts.high * power, parts.low * power};
  float below = 1 + e.high;
  float below_low = (e.high - (below - 1)) + e.low;
  float inverse = 1 / below;
  float rest = fused(-inverse, below, 1) - inverse * below_low;
  float inverse_low = inverse * rest;
  float square = inverse * inverse;
  float square_low = fused(inverse, inverse, -square) + 2 * inverse * inverse_low;
  float product = e.high * square;
  float product_low = fused(e.high, square, -product) + fused(e.high, square_low, e.low * square);
  // Below the normal numbers products have lost too much to be mended; there 1 + e is 1.
  return __builtin_fabsf(x) > 80 ? moved(parts.high, n + shift)
                                 : (product + product_low) * power_of_two(shift);
}

EK_INLINE float tanh_single(float x) {
  float size = __builtin_fabsf(x);
  float t = x * x;
  float p = 0.00252639069f;
  p = fused(p, t, -0.00852633306f);
  p = fused(p, t, 0.0218184491f);
  p = fused(p, t, -0.0539647005f);
  p = fused(p, t, 0.133333242f);
  p = fused(p, t, -0.333333333f);
  float near = fused(x * t, p, x);
  int32_t n;
  pair e = exp_parts(2 * held(size, 0, 20), &n);
  float far = 1 - 2 / (1 + e.high * power_of_two(n));
  // The sign of 0, too.
  return __builtin_copysignf(size < 0.55f ? near : far, x);
}

#endif
