// Elementary functions in double precision, written so that the compiler makes vectors of them:
// no branches, no calls, no tables.
#ifndef EVENKEEL_DOUBLES_H
#define EVENKEEL_DOUBLES_H

#include "dispatch.h"

// A NaN passes through.
EK_INLINE double clamp(double x, double low, double high) {
  x = x < low ? low : x;
  return x > high ? high : x;
}

EK_INLINE double size_of(double x) { return __builtin_fabs(x); }

EK_INLINE double with_bits(int64_t bits) {
  double value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

EK_INLINE int64_t bits_of(double value) {
  int64_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

// e^x for |x| <= 200, beyond as at 200: fp32 ends long before.
EK_INLINE double exp_d(double x) {
  x = clamp(x, -200, 200);
  // Adding 1.5 * 2^52 leaves the nearest integer in the low bits.
  const double shifter = 0x1.8p52;
  double shifted = x * 0x1.71547652b82fep0 + shifter;
  double n = shifted - shifter;
  double r = (x - n * 0x1.62e42fefa3800p-1) - n * 0x1.ef35793c76730p-45;
  double p = 1.0 / 479001600;
  p = p * r + 1.0 / 39916800;
  p = p * r + 1.0 / 3628800;
  p = p * r + 1.0 / 362880;
  p = p * r + 1.0 / 40320;
  p = p * r + 1.0 / 5040;
  p = p * r + 1.0 / 720;
  p = p * r + 1.0 / 120;
  p = p * r + 1.0 / 24;
  p = p * r + 1.0 / 6;
  p = p * r + 0.5;
  p = p * r + 1;
  p = p * r + 1;
  // The exponent is moved by integer arithmetic; 2^n is normal here.
  return p * with_bits((bits_of(shifted) + 1023) << 52);
}

// e^x - 1; the series where the difference would cancel.
EK_INLINE double expm1_d(double x) {
  double series = x * (1 + x * (0.5 + x * (1.0 / 6 + x * (1.0 / 24 + x * (1.0 / 120)))));
  double direct = exp_d(x) - 1;
  return size_of(x) < 0.01 ? series : direct;
}

// ln x for normal x > 0: x = 2^e m with m around 1, ln m = 2 artanh((m - 1)/(m + 1)).
EK_INLINE double log_d(double x) {
  int64_t bits = bits_of(x);
  // Exponent of x/sqrt(1/2), so that m lies in [sqrt(1/2), sqrt(2)).
  int64_t moved = bits - INT64_C(0x3fe6a09e667f3bcd);
  // An integer below 2^52 is added to the bits of 2^52 to make it a double.
  int64_t biased = (int64_t)((uint64_t)(moved + (INT64_C(2048) << 52)) >> 52);
  double e = with_bits(biased | INT64_C(0x4330000000000000)) - (0x1p52 + 2048);
  double m = with_bits(bits - (int64_t)((uint64_t)(biased - 2048) << 52));
  double s = (m - 1) / (m + 1);
  double t = s * s;
  double p = 1.0 / 21;
  p = p * t + 1.0 / 19;
  p = p * t + 1.0 / 17;
  p = p * t + 1.0 / 15;
  p = p * t + 1.0 / 13;
  p = p * t + 1.0 / 11;
  p = p * t + 1.0 / 9;
  p = p * t + 1.0 / 7;
  p = p * t + 1.0 / 5;
  p = p * t + 1.0 / 3;
  p = p * t + 1;
  return e * 0x1.62e42fefa39efp-1 + 2 * s * p;
}

// ln(1 + x) for 0 <= x <= 1.
EK_INLINE double log1p_d(double x) {
  double series = x * (1 - x * (0.5 - x * (1.0 / 3 - x * (0.25 - x * 0.2))));
  double direct = log_d(1 + x);
  return x < 0.001 ? series : direct;
}

// e^x to a relative 4e-11, for results that are rounded to fp32 and come from no difference.
EK_INLINE double short_exp(double x) {
  x = clamp(x, -200, 200);
  const double shifter = 0x1.8p52;
  double shifted = x * 0x1.71547652b82fep0 + shifter;
  double n = shifted - shifter;
  double r = (x - n * 0x1.62e42fefa3800p-1) - n * 0x1.ef35793c76730p-45;
  double p = 0.00019907702175735054;
  p = p * r + 0.0013948697984710073;
  p = p * r + 0.0083332833390344265;
  p = p * r + 0.041666216521046799;
  p = p * r + 0.16666666787028752;
  p = p * r + 0.50000001083777281;
  p = p * r + 0.99999999999547297;
  p = p * r + 0.99999999995923689;
  return p * with_bits((bits_of(shifted) + 1023) << 52);
}

// e^(x^2) erfc(x) in u = (x - 3)/(x + 3), lowest power first; relative error 3e-10 up to x = 15.
static const double SCALED_ERFC[] = {
    0.17900115117308671,    -0.32623356009164019,   0.24560380292238888,    -0.1501159337213799,
    0.071665809006794827,   -0.024392549926476033,  0.0042693722716166139,  0.00070816202683271627,
    -0.0005979142141304789, 4.3564514948565148e-05, 6.5247425578956527e-05, -9.5156913012217879e-06,
    -7.86359273822659e-06,  -5.6211161324390946e-07};

// erfc(x) for x >= 0; x beyond 15 counts as 15, where fp32 has long been 0.
EK_INLINE double erfc_d(double x) {
  x = x > 15 ? 15 : x;
  double u = (x - 3) / (x + 3);
  double p = 0;
#pragma clang loop unroll(full)
  for (int i = sizeof SCALED_ERFC / sizeof *SCALED_ERFC - 1; i >= 0; i--) {
    p = p * u + SCALED_ERFC[i];
  }
  return p * short_exp(-x * x);
}

#endif
