// Elementary functions in single precision, written so that the compiler makes vectors of them:
// no branches, no calls, no tables. What one rounding too many would lose is carried along in a
// second number. Coefficients: Scripts/reference/elementary_coefficients.py.
#ifndef EVENKEEL_SINGLES_H
#define EVENKEEL_SINGLES_H

#include <math.h>

#include "dispatch.h"

// The same bytes with and without fused multiply-add, which is asked for by name.
#pragma clang fp contract(off)

// A number and what rounding it lost.
typedef struct {
  float high, low;
} pair;

EK_INLINE float fused(float a, float b, float c) { return __builtin_fmaf(a, b, c); }

EK_INLINE float size_of(float x) { return __builtin_fabsf(x); }

// A NaN passes through these.
EK_INLINE float at_least(float x, float low) { return x < low ? low : x; }
EK_INLINE float at_most(float x, float high) { return x > high ? high : x; }

// a b + c where c is no smaller than a b, or has so few bits that taking it away again is exact.
EK_INLINE pair fused_pair(float a, float b, float c) {
  float high = fused(a, b, c);
  pair sum = {high, fused(a, b, c - high)};
  return sum;
}

EK_INLINE pair times(float a, pair b) {
  float high = a * b.high;
  pair y = {high, fused(a, b.low, fused(a, b.high, -high))};
  return y;
}

EK_INLINE pair product(pair a, pair b) {
  pair y = times(a.high, b);
  y.low = fused(a.low, b.high, y.low);
  return y;
}

// a b with one rounding.
EK_INLINE float rounded_product(pair a, pair b) {
  return fused(a.high, b.high, fused(a.high, b.low, a.low * b.high));
}

// a - b, whichever is larger.
EK_INLINE pair difference(pair a, pair b) {
  float high = a.high - b.high;
  float taken = high - a.high;
  pair y = {high, ((a.high - (high - taken)) - (b.high + taken)) + (a.low - b.low)};
  return y;
}

// MARK: e^x

// ln 2 in two parts, the first so short that its product with an exponent is exact.
#define LN_2_HIGH 0x1.62e4p-1f
#define LN_2_LOW 0x1.7f7d1cp-20f
#define LOG2_E 0x1.715476p0f

// Adding 1.5 * 2^23 leaves the nearest integer in the low bits, here that of an exponent's field.
#define SHIFTER(bias) (0x1.8p23f + (bias))

// 2^k of a number shifted by SHIFTER(127 + ...).
EK_INLINE float power_in(float shifted) { return ek_float(ek_bits(shifted) << 23); }

// (e^r - 1 - r)/r^2 for |r| <= ln 2/2.
EK_INLINE float exp_tail(float r, float square) {
  float q = fused(0.00139210303f, square, fused(0.00836934615f, r, 0.041666586f));
  return fused(q, square, fused(0.166665152f, r, 0.5f));
}

// e^r - 1 for x = k ln 2 + r.
EK_INLINE float exp_beyond(float x, float k) {
  float r = fused(k, -LN_2_LOW, fused(k, -LN_2_HIGH, x));
  float square = r * r;
  return fused(square, exp_tail(r, square), r);
}

// The same of x + low, with what rounding lost.
EK_INLINE pair exp_beyond_pair(float x, float low, float k) {
  float r = fused(k, -LN_2_HIGH, x);
  low = fused(k, -LN_2_LOW, low);
  float s = r + low;
  low = low - (s - r);
  float square = s * s, tail = fused(square, exp_tail(s, square), low);
  pair y = {s + tail, 0};
  y.low = tail - (y.high - s);
  return y;
}

EK_INLINE float exp_single(float x) {
  x = at_most(at_least(x, -110), 89);
  // The power of two is applied in two steps, as it may be out of range.
  float shifter = x < 0 ? SHIFTER(127 + 64) : SHIFTER(127 - 64);
  float shifted = fused(x, LOG2_E, shifter);
  float y = 1 + exp_beyond(x, shifted - shifter);
  return y * power_in(shifted) * (x < 0 ? 0x1p-64f : 0x1p64f);
}

// e^x for x <= 0, beyond -110 as there.
EK_INLINE float decay(float x) {
  x = at_least(x, -110);
  float shifted = fused(x, LOG2_E, SHIFTER(127 + 64));
  float y = 1 + exp_beyond(x, shifted - SHIFTER(127 + 64));
  return y * (power_in(shifted) * 0x1p-64f);
}

// e^(x + low) = 2^-64 power (high + low) for x from -110 to 0; times power first, then 2^-64, a result
// below the normal numbers is rounded but once.
typedef struct {
  pair e;
  float power;
} scaled;

EK_INLINE scaled decay_scaled(float x, float low) {
  float shifted = fused(x, LOG2_E, SHIFTER(127 + 64));
  pair beyond = exp_beyond_pair(x, low, shifted - SHIFTER(127 + 64));
  scaled y;
  y.e.high = 1 + beyond.high;
  y.e.low = (beyond.high - (y.e.high - 1)) + beyond.low;
  y.power = power_in(shifted);
  return y;
}

EK_INLINE float unscaled(float x, scaled y) { return x * y.power * 0x1p-64f; }

// e^(x + low), rounded.
EK_INLINE float rounded(scaled y) { return unscaled(y.e.high, y); }

// MARK: the logistic function and its kin

// What is left of a - q b, q near a/b.
EK_INLINE float remainder_of(float a, float q, pair b) {
  return fused(-q, b.low, fused(-q, b.high, a));
}

// a/b with little more than one rounding.
EK_INLINE float quotient(float a, pair b) {
  float r = 1 / b.high;
  float q = a * r;
  return fused(remainder_of(a, q, b), r, q);
}

// 1 + e for 0 <= e <= 1.
EK_INLINE pair one_plus(float e) {
  float high = 1 + e;
  pair sum = {high, e - (high - 1)};
  return sum;
}

EK_INLINE float sigmoid_single(float x) {
  float e = decay(-size_of(x));
  return quotient(x < 0 ? e : 1, one_plus(e));
}

// factor e/(1 + e)^2 with e = e^(-|x|): for factor 1 the slope of the logistic function.
EK_INLINE float bell(float x, float factor) {
  x = at_least(-size_of(x), -110);
  float shifted = fused(x, LOG2_E, SHIFTER(127 + 64));
  float y = 1 + exp_beyond(x, shifted - SHIFTER(127 + 64));
  float power = power_in(shifted);
  float e = y * (power * 0x1p-64f);
  return quotient(y * (power * (factor * 0x1p-64f)), fused_pair(e, e + 2, 1));
}

EK_INLINE float tanh_single(float x) {
  float size = size_of(x);
  float t = x * x;
  float p = -0.0062959576f;
  p = fused(p, t, 0.0210884362f);
  p = fused(p, t, -0.0538568608f);
  p = fused(p, t, 0.133326367f);
  p = fused(p, t, -0.333333194f);
  float near = fused(x * t, p, x);
  float exponent = 2 * at_most(size, 20);
  float shifted = fused(exponent, LOG2_E, SHIFTER(127));
  float power = power_in(shifted);
  float e = fused(exp_beyond(exponent, shifted - SHIFTER(127)), power, power);
  float far = 1 - 2 / (1 + e);
  return __builtin_copysignf(size < 0.55f ? near : far, x);
}

// MARK: the error function and the normal distribution

EK_INLINE float erf_single(float x) {
  float size = size_of(x);
  float t = x * x;
  // erf(x)/x - 1.
  float square = t * t;
  float p = fused(7.92036226e-05f, square, fused(-0.000803076138f, t, 0.00519073382f));
  p = fused(p, square, fused(-0.026855126f, t, 0.112836182f));
  p = fused(p, square, fused(-0.376126289f, t, 0.128379166f));
  float near = fused(x, p, x);
  // -ln erfc(x).
  float a = at_most(size, 4);
  square = a * a;
  float q = fused(-0.000186376114f, square, fused(0.00294763013f, a, -0.0218379665f));
  q = fused(q, square, fused(0.103106588f, a, 0.63814497f));
  q = fused(q, square, fused(1.12708914f, a, 0.000341525505f));
  float shifted = fused(q, -LOG2_E, SHIFTER(127));
  float power = power_in(shifted);
  float far = 1 - fused(exp_beyond(-q, shifted - SHIFTER(127)), power, power);
  return size < 1 ? near : __builtin_copysignf(far, x);
}

// 2/sqrt(pi) e^(-x^2).
EK_INLINE float erf_slope(float x) {
  const pair factor = {0x1.20dd76p+0f, -0x1.f7ac92p-25f};
  x = at_most(size_of(x), 10.4f);
  float square = -x * x;
  scaled e = decay_scaled(square, fused(-x, x, -square));
  return unscaled(rounded_product(e.e, factor), e);
}

// e^(t^2/2) Phi(-t) for t from 0 to 14.6, Phi the normal distribution function: w P(t w - 0.371) with
// w = 1/(t + 4) and P between 0.5 and 2.
EK_INLINE pair normal_tail(float t) {
  float w = 1 / (t + 4);
  float v = fused(-4, w, 1);
  float low = w * fused(-w, t, v);
  float u = fused(-4, low, v) - 0.37109375f;
  float square = u * u;
  float q = fused(-0.0471690632f, square, fused(-0.052598644f, u, 0.140105486f));
  q = fused(q, square, fused(0.108611971f, u, -0.374448478f));
  q = fused(q, square, fused(-0.00421219552f, u, 1.05184877f));
  q = fused(q, square, fused(-2.0190959f, u, 2.22604442f));
  pair c = fused_pair(q, u, -1.69797313f), p = fused_pair(c.high, u, 0.941210985f);
  p.low = fused(c.low, u, p.low);
  pair y = times(w, p);
  y.low = fused(low, p.high, y.low);
  return y;
}

// e^(-t^2/2).
EK_INLINE scaled normal_decay(float t) {
  float half = -0.5f * t;
  float square = half * t;
  return decay_scaled(square, fused(half, t, -square));
}

// x Phi(x) = max(x, 0) - |x| Phi(-|x|).
EK_INLINE float gelu_single(float x) {
  float t = at_most(size_of(x), 14.6f);
  scaled e = normal_decay(t);
  return at_least(x, -0.0f) - unscaled(rounded_product(times(t, normal_tail(t)), e.e), e);
}

// A function f with f(x) - f(-x) = x has f'(x) = 1 - f'(-x).
EK_INLINE float mirrored(float x, float slope_below) {
  return x < 0 ? slope_below : 1 - slope_below;
}

// Phi(x) + x phi(x), phi the density.
EK_INLINE float gelu_slope(float x) {
  // 1/sqrt(2 pi).
  const pair factor = {0x1.988454p-2f, -0x1.857936p-27f};
  float t = at_most(size_of(x), 14.6f);
  scaled e = normal_decay(t);
  pair tail = normal_tail(t), risen = times(t, factor);
  return mirrored(x, unscaled(rounded_product(difference(tail, risen), e.e), e));
}

// MARK: gates of the logistic function

// top e/bottom.
EK_INLINE float divided(pair top, pair bottom, scaled e) {
  float r = 1 / bottom.high;
  float q = top.high * r;
  return unscaled(fused(remainder_of(top.high, q, bottom) + top.low, r, q), e);
}

// t e/(1 + e).
EK_INLINE float gated(float t, scaled e) {
  return divided(times(t, e.e), one_plus(rounded(e)), e);
}

// (1 + e - rise) e/(1 + e)^2.
EK_INLINE float gated_slope(pair rise, scaled e) {
  pair below = one_plus(rounded(e));
  below.low += unscaled(e.e.low, e);
  pair square = product(below, below);
  return divided(product(difference(below, rise), e.e), square, e);
}

EK_INLINE float silu_single(float x) {
  float t = at_most(size_of(x), 110);
  return at_least(x, -0.0f) - gated(t, decay_scaled(-t, 0));
}

EK_INLINE float silu_slope(float x) {
  float t = at_most(size_of(x), 110);
  pair rise = {t, 0};
  return mirrored(x, gated_slope(rise, decay_scaled(-t, 0)));
}

// 2 sqrt(2/pi), high so short that a sum with it up to 16 loses nothing that is not in its low part.
static const pair GELU_TANH_RISE = {0x1.98846p+0f, -0x1.985794p-21f};

// 2 sqrt(2/pi) (t + 0.044715 t^3) for t from 0 to 10.92.
EK_INLINE pair gelu_tanh_argument(float t) {
  const pair linear = GELU_TANH_RISE, cubic = {0x1.2444f2p-4f, 0x1.49b16ap-29f};
  float square = t * t;
  pair rise = fused_pair(cubic.high, square, linear.high);
  rise.low += fused(cubic.high, fused(t, t, -square), fused(cubic.low, square, linear.low));
  return times(t, rise);
}

EK_INLINE float gelu_tanh_single(float x) {
  float t = at_most(size_of(x), 10.92f);
  pair u = gelu_tanh_argument(t);
  return at_least(x, -0.0f) - gated(t, decay_scaled(-u.high, -u.low));
}

EK_INLINE float gelu_tanh_slope(float x) {
  float t = at_most(size_of(x), 10.92f);
  pair u = gelu_tanh_argument(t);
  // t u'(t) = 3 u - 2 t 2 sqrt(2/pi).
  pair linear = times(2 * t, GELU_TANH_RISE);
  pair rise = {fused(3, u.high, -linear.high), fused(3, u.low, -linear.low)};
  rise.low += fused(3, u.high, -rise.high) - linear.high;
  return mirrored(x, gated_slope(rise, decay_scaled(-u.high, -u.low)));
}

// MARK: functions of ln(1 + e^x)

// max(x, 0) + ln(1 + e), e = e^(-|x|); ln(1 + e) = 2 artanh(s/2) with s = e/(1 + e/2).
EK_INLINE float softplus_single(float x) {
  float e = decay(-size_of(x));
  pair bottom = fused_pair(0.5f, e, 1);
  float r = 1 / bottom.high;
  float s = e * r;
  float z = s * s;
  float p = 0.000547431933f;
  p = fused(p, z, 0.00218736706f);
  p = fused(p, z, 0.012506797f);
  p = fused(p, z, 0.0833330154f);
  return at_least(x, 0) + (s + fused(s * z, p, remainder_of(e, s, bottom) * r));
}

// What mish and its slope share, of e = e^(-|x|): for negative x top = 1 + e/2 and
// bottom = 1 + e + e^2/2, for others top = e and bottom = 1/2 + e + e^2.
typedef struct {
  scaled e;
  pair top, bottom;
} mish_parts;

EK_INLINE mish_parts mish_parts_of(float x, float t) {
  mish_parts y;
  y.e = decay_scaled(-t, 0);
  float e = rounded(y.e);
  pair below = fused_pair(0.5f, e, 1);
  float sum = e + 0.5f;
  y.top.high = x < 0 ? below.high : e;
  y.top.low = x < 0 ? below.low : 0;
  float least = x < 0 ? 1 : sum, least_low = x < 0 ? 0 : e - (sum - 0.5f);
  y.bottom = fused_pair(e, y.top.high, least);
  y.bottom.low = fused(e, y.top.low, y.bottom.low + least_low);
  return y;
}

// x tanh(ln(1 + e^x)) = max(x, 0) - |x| e top/bottom.
EK_INLINE float mish_single(float x) {
  float t = at_most(size_of(x), 110);
  mish_parts m = mish_parts_of(x, t);
  return at_least(x, -0.0f) - divided(times(t, product(m.top, m.e.e)), m.bottom, m.e);
}

// The slope is e (top bottom - |x| (1 + e))/bottom^2 for negative x, for others
// 1 - e^2 (bottom - |x| (1 + e))/bottom^2.
EK_INLINE float mish_slope(float x) {
  float t = at_most(size_of(x), 110);
  mish_parts m = mish_parts_of(x, t);
  float e = rounded(m.e);
  pair factor = {x < 0 ? m.top.high : 1, x < 0 ? m.top.low : 0};
  pair rest = difference(product(factor, m.bottom), fused_pair(t, e, t));
  float slope = rest.high + rest.low;
  pair square = product(m.bottom, m.bottom);
  return mirrored(x, divided(times(slope * (x < 0 ? 1 : e), m.e.e), square, m.e));
}

// MARK: others

EK_INLINE float log_single(float x) {
  // Subnormal numbers are lifted among the normal ones.
  int low = x < 0x1p-126f;
  uint32_t bits = ek_bits(low ? x * 0x1p24f : x);
  // x = 2^k (1 + f) with 1 + f between sqrt(1/2) and sqrt(2).
  int32_t exponent = (int32_t)(bits - 0x3f3504f3u) >> 23;
  float f = ek_float(bits - ((uint32_t)exponent << 23)) - 1;
  float k = (float)exponent - (low ? 24 : 0);
  // ln(1 + f) = 2 artanh(s) = f - f^2/2 + s (f^2/2 + s^2 R(s^2)).
  float s = f / (2 + f), z = s * s, half = 0.5f * f * f;
  float p = fused(fused(0.298714489f, z, 0.399775684f), z, 0.666667759f);
  float rest = fused(s, fused(z, p, half), k * LN_2_LOW) - half;
  float y = fused(k, LN_2_HIGH, f + rest);
  y = x > 0 ? y : x == 0 ? -INFINITY : NAN;
  return x < INFINITY ? y : x;
}

EK_INLINE float softsign_single(float x) {
  float t = at_most(size_of(x), 0x1.fffffep127f);
  return __builtin_copysignf(t / (1 + t), x);
}

// 1/(1 + |x|)^2.
EK_INLINE float softsign_slope(float x) {
  float t = at_most(size_of(x), 0x1.fffffep127f);
  float larger = at_least(t, 1), smaller = at_most(t, 1);
  float high = 1 + t;
  pair bottom = {high, smaller - (high - larger)};
  float r = 1 / high;
  return fused(r, r, 2 * r * (r * remainder_of(1, r, bottom)));
}

EK_INLINE pair pair_of(double a) {
  pair y = {(float)a, 0};
  if (isfinite(y.high)) y.low = (float)(a - y.high);
  return y;
}

// below (e^(rate x) - 1) for negative x, above x for others.
typedef struct {
  pair below, above, rate, slope;
} exponential_unit;

EK_INLINE exponential_unit exponential_unit_of(const double p[3]) {
  exponential_unit y = {
      pair_of(p[0] * p[1]), pair_of(p[1]), pair_of(p[2]), pair_of(p[0] * p[1] * p[2])};
  return y;
}

// 2^-64 power (1 + beyond) = e^(rate x) for x <= 0.
typedef struct {
  pair beyond;
  float power;
} exponential;

EK_INLINE exponential exponential_at(float x, pair rate) {
  float all = x * rate.high;
  float held = at_most(at_least(all, -110), 0);
  float low = fused(x, rate.low, fused(x, rate.high, -all));
  low = held == all ? low : 0;
  float shifted = fused(held, LOG2_E, SHIFTER(127 + 64));
  exponential y = {exp_beyond_pair(held, low, shifted - SHIFTER(127 + 64)), power_in(shifted)};
  return y;
}

EK_INLINE float elu_single(float x, exponential_unit unit) {
  exponential e = exponential_at(x, unit.rate);
  pair y = fused_pair(e.power, e.beyond.high, e.power - 0x1p64f);
  y.low = fused(e.power, e.beyond.low, y.low);
  float below = rounded_product(y, unit.below) * 0x1p-64f;
  // rate x may be subnormal where the result is not.
  below = size_of(x * unit.rate.high) < 0x1p-40f ? x * unit.slope.high : below;
  float above = fused(x, unit.above.high, at_most(x, 0x1.fffffep127f) * unit.above.low);
  return x > 0 ? above : below;
}

EK_INLINE float elu_slope(float x, exponential_unit unit) {
  exponential e = exponential_at(x, unit.rate);
  float y = 1 + e.beyond.high;
  float below = fused(y, unit.slope.high, y * unit.slope.low) * (e.power * 0x1p-64f);
  return x > 0 ? unit.above.high : below;
}

#endif
