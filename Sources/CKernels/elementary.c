#include <math.h>

#include "doubles.h"
#include "singles.h"

// The same bytes with and without fused multiply-add where it is not asked for by name.
#pragma clang fp contract(off)

#define ROOT_HALF 0x1.6a09e667f3bcdp-1
#define ROOT_TWO_OVER_PI 0x1.9884533d43651p-1

// MARK: values and slopes, as the operators state them

EK_INLINE double log_value(double x, const double *p) {
  double y = log_d(x);
  y = x == 0 ? -INFINITY : y;
  y = x < 0 ? NAN : y;
  return x < INFINITY ? y : x;
}
EK_INLINE double log_slope(double x, const double *p) { return 1 / x; }

EK_INLINE double sigmoid_value(double x, const double *p) {
  double e = exp_d(-size_of(x));
  return (x < 0 ? e : 1) / (1 + e);
}
EK_INLINE double erf_value(double x, const double *p) {
  double direct = __builtin_copysign(1 - erfc_d(size_of(x)), x);
  double t = x * x;
  double series = ROOT_TWO_OVER_PI / ROOT_HALF * x *
                  (1 - t * (1.0 / 3 - t * (0.1 - t * (1.0 / 42))));
  return size_of(x) < 0.03 ? series : direct;
}
EK_INLINE double erf_slope(double x, const double *p) {
  x = clamp(x, -40, 40);
  return ROOT_TWO_OVER_PI / ROOT_HALF * short_exp(-x * x);
}

// Phi(x), accurate in both tails.
EK_INLINE double normal_distribution(double x) {
  double tail = 0.5 * erfc_d(size_of(x) * ROOT_HALF);
  return x < 0 ? tail : 1 - tail;
}

EK_INLINE double gelu_value(double x, const double *p) {
  return (x < -40 ? -40 : x) * normal_distribution(x);
}
EK_INLINE double gelu_slope(double x, const double *p) {
  x = clamp(x, -40, 40);
  double density = ROOT_TWO_OVER_PI / 2 * short_exp(-0.5 * x * x);
  return normal_distribution(x) + x * density;
}

EK_INLINE double gelu_tanh_argument(double x) {
  return 2 * ROOT_TWO_OVER_PI * x * (1 + 0.044715 * x * x);
}
EK_INLINE double gelu_tanh_value(double x, const double *p) {
  double u = gelu_tanh_argument(clamp(x, -40, 40));
  return (x < -40 ? -40 : x) * sigmoid_value(u, p);
}
EK_INLINE double gelu_tanh_slope(double x, const double *p) {
  x = clamp(x, -40, 40);
  double u = gelu_tanh_argument(x);
  double rise = 2 * ROOT_TWO_OVER_PI * (1 + 3 * 0.044715 * x * x);
  double e = exp_d(-size_of(u));
  return (u < 0 ? e : 1) / (1 + e) + x * (e / ((1 + e) * (1 + e))) * rise;
}

EK_INLINE double silu_value(double x, const double *p) {
  return (x < -200 ? -200 : x) * sigmoid_value(x, p);
}
EK_INLINE double silu_slope(double x, const double *p) {
  x = clamp(x, -200, 200);
  double e = exp_d(-size_of(x));
  double above = (x < 0 ? e : 1) / (1 + e), below = (x < 0 ? 1 : e) / (1 + e);
  return above * (1 + x * below);
}

EK_INLINE double softplus_value(double x, const double *p) {
  return (x < 0 ? 0 : x) + log1p_d(exp_d(-size_of(x)));
}
EK_INLINE double softplus_slope(double x, const double *p) { return sigmoid_value(x, p); }

// tanh(ln(1 + w)) = w(w + 2)/(w(w + 2) + 2), w = e^x.
EK_INLINE double mish_value(double x, const double *p) {
  double w = exp_d(x > 40 ? 40 : x);
  double top = w * (w + 2);
  return (x < -200 ? -200 : x) * (top / (top + 2));
}
EK_INLINE double mish_slope(double x, const double *p) {
  x = clamp(x, -200, 40);
  double w = exp_d(x);
  double top = w * (w + 2), below = 1 / (top + 2);
  return top * below + x * (4 * w * (1 + w) * below) * below;
}

EK_INLINE double softsign_value(double x, const double *p) {
  double y = x / (1 + size_of(x));
  return size_of(x) == INFINITY ? __builtin_copysign(1, x) : y;
}
EK_INLINE double softsign_slope(double x, const double *p) {
  double r = 1 / (1 + size_of(x));
  return r * r;
}

EK_INLINE double relu_value(double x, const double *p) { return x < 0 ? 0 : x; }
EK_INLINE double relu_slope(double x, const double *p) { return x > 0 ? 1 : 0; }

EK_INLINE double leaky_relu_value(double x, const double *p) { return x < 0 ? p[0] * x : x; }
EK_INLINE double leaky_relu_slope(double x, const double *p) { return x > 0 ? 1 : p[0]; }

EK_INLINE double elu_value(double x, const double *p) {
  double below = p[0] * expm1_d(p[2] * x);
  return p[1] * (x > 0 ? x : below);
}
EK_INLINE double elu_slope(double x, const double *p) {
  double below = p[0] * p[2] * exp_d(p[2] * x);
  return p[1] * (x > 0 ? 1 : below);
}

EK_INLINE double hard_sigmoid_value(double x, const double *p) {
  return clamp(p[0] * x + p[1], 0, 1);
}
EK_INLINE double hard_sigmoid_slope(double x, const double *p) {
  double below = x > -p[1] / p[0] ? p[0] : 0;
  return x < (1 - p[1]) / p[0] ? below : 0;
}

EK_INLINE double hard_swish_value(double x, const double *p) {
  double middle = x * (x + 3) / 6;
  middle = x <= -3 ? 0 : middle;
  return x >= 3 ? x : middle;
}
EK_INLINE double hard_swish_slope(double x, const double *p) {
  double middle = x / 3 + 0.5;
  middle = x <= -3 ? 0 : middle;
  return x > 3 ? 1 : middle;
}

EK_INLINE double hard_tanh_value(double x, const double *p) { return clamp(x, -1, 1); }
EK_INLINE double hard_tanh_slope(double x, const double *p) { return size_of(x) < 1 ? 1 : 0; }

// MARK: loops

#define LOOPS(name)                                                                        \
  EK_INLINE void name##_values_body(                                                       \
      const double *p, const float *in, float *out, size_t count) {                        \
    const double q[3] = {p[0], p[1], p[2]};                                                \
    EK_ELEMENTWISE                                                                         \
    for (size_t i = 0; i < count; i++) out[i] = (float)name##_value((double)in[i], q);     \
  }                                                                                        \
  EK_INLINE void name##_slopes_body(                                                       \
      const double *p, const float *dy, const float *in, float *out, size_t count) {       \
    const double q[3] = {p[0], p[1], p[2]};                                                \
    EK_ELEMENTWISE                                                                             \
    for (size_t i = 0; i < count; i++) out[i] = dy[i] * (float)name##_slope((double)in[i], q); \
  }                                                                                        \
  EK_FILE_KERNEL(                                                                \
      name##_values, (const double *p, const float *in, float *out, size_t count),         \
      (p, in, out, count))                                                                 \
  EK_FILE_KERNEL(                                                                \
      name##_slopes,                                                                       \
      (const double *p, const float *dy, const float *in, float *out, size_t count),       \
      (p, dy, in, out, count))

LOOPS(log)
LOOPS(erf)
LOOPS(gelu)
LOOPS(gelu_tanh)
LOOPS(silu)
LOOPS(softplus)
LOOPS(mish)
LOOPS(softsign)
LOOPS(relu)
LOOPS(leaky_relu)
LOOPS(elu)
LOOPS(hard_sigmoid)
LOOPS(hard_swish)
LOOPS(hard_tanh)

// Functions and slopes in single precision throughout.
#define SINGLE_LOOPS(name, value, slope)                                                   \
  EK_INLINE void name##_values_body(                                                       \
      const double *p, const float *in, float *out, size_t count) {                        \
    EK_ELEMENTWISE                                                                         \
    for (size_t i = 0; i < count; i++) {                                                   \
      const float x = in[i];                                                               \
      out[i] = value;                                                                      \
    }                                                                                      \
  }                                                                                        \
  EK_INLINE void name##_slopes_body(                                                       \
      const double *p, const float *dy, const float *in, float *out, size_t count) {       \
    EK_ELEMENTWISE                                                                         \
    for (size_t i = 0; i < count; i++) {                                                   \
      const float x = in[i];                                                               \
      out[i] = dy[i] * (slope);                                                            \
    }                                                                                      \
  }                                                                                        \
  EK_FILE_KERNEL(                                                                          \
      name##_values, (const double *p, const float *in, float *out, size_t count),         \
      (p, in, out, count))                                                                 \
  EK_FILE_KERNEL(                                                                          \
      name##_slopes,                                                                       \
      (const double *p, const float *dy, const float *in, float *out, size_t count),       \
      (p, dy, in, out, count))

SINGLE_LOOPS(exp, exp_single(x), exp_single(x))
SINGLE_LOOPS(tanh, tanh_single(x), bell(2 * x, 2))
SINGLE_LOOPS(sigmoid, sigmoid_single(x), bell(x, 0))
SINGLE_LOOPS(scaled_sigmoid, 2 * tanh_single(0.5f * x), bell(x, 2))

#define EACH_FUNCTION(call)                    \
  call(EK_EXP, exp)                            \
  call(EK_LOG, log)                            \
  call(EK_TANH, tanh)                          \
  call(EK_SIGMOID, sigmoid)                    \
  call(EK_SCALED_SIGMOID, scaled_sigmoid)      \
  call(EK_ERF, erf)                            \
  call(EK_GELU, gelu)                          \
  call(EK_GELU_TANH, gelu_tanh)                \
  call(EK_SILU, silu)                          \
  call(EK_SOFTPLUS, softplus)                  \
  call(EK_MISH, mish)                          \
  call(EK_SOFTSIGN, softsign)                  \
  call(EK_RELU, relu)                          \
  call(EK_LEAKY_RELU, leaky_relu)              \
  call(EK_ELU, elu)                            \
  call(EK_HARD_SIGMOID, hard_sigmoid)          \
  call(EK_HARD_SWISH, hard_swish)              \
  call(EK_HARD_TANH, hard_tanh)

void ek_apply_f32(
    ek_function function, const double p[3], const float *in, float *out, size_t count) {
#define VALUES(tag, name) \
  case tag: name##_values(p, in, out, count); break;
  switch (function) { EACH_FUNCTION(VALUES) }
}

void ek_apply_derivative_f32(
    ek_function function, const double p[3], const float *cotangent, const float *in, float *out,
    size_t count) {
#define SLOPES(tag, name) \
  case tag: name##_slopes(p, cotangent, in, out, count); break;
  switch (function) { EACH_FUNCTION(SLOPES) }
}
