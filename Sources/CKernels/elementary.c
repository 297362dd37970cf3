#include "singles.h"

// The same bytes with and without fused multiply-add.
#pragma clang fp contract(off)

// MARK: in double precision, for parameters that fp32 does not hold and divisions

EK_INLINE double clamp(double x, double low, double high) {
  x = x < low ? low : x;
  return x > high ? high : x;
}

EK_INLINE double leaky_relu_value(double x, const double *p) { return x < 0 ? p[0] * x : x; }
EK_INLINE double leaky_relu_slope(double x, const double *p) { return x > 0 ? 1 : p[0]; }

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

// MARK: loops

// `value` and `slope` of an element x, after what is done once.
#define LOOPS(name, once, value, slope) LOOPS_OF(name, once, value, dy[i] * (slope))

// The same of a function that is flat where not `passes`: there nothing flows back, whatever came.
#define FLAT_LOOPS(name, once, value, passes, slope) \
  LOOPS_OF(name, once, value, (passes) ? dy[i] * (slope) : 0)

#define LOOPS_OF(name, once, value, product)                                         \
  EK_INLINE void name##_values_body(                                                 \
      const double *p, const float *in, float *out, size_t count) {                  \
    once;                                                                            \
    EK_ELEMENTWISE                                                                   \
    for (size_t i = 0; i < count; i++) {                                             \
      const float x = in[i];                                                         \
      out[i] = value;                                                                \
    }                                                                                \
  }                                                                                  \
  EK_INLINE void name##_slopes_body(                                                 \
      const double *p, const float *dy, const float *in, float *out, size_t count) { \
    once;                                                                            \
    EK_ELEMENTWISE                                                                   \
    for (size_t i = 0; i < count; i++) {                                             \
      const float x = in[i];                                                         \
      out[i] = product;                                                              \
    }                                                                                \
  }                                                                                  \
  EK_FILE_KERNEL(                                                                    \
      name##_values, (const double *p, const float *in, float *out, size_t count),   \
      (p, in, out, count))                                                           \
  EK_FILE_KERNEL(                                                                    \
      name##_slopes,                                                                 \
      (const double *p, const float *dy, const float *in, float *out, size_t count), \
      (p, dy, in, out, count))

#define NOTHING
// Without a comma, which would end an argument of a macro.
#define PARAMETERS   \
  double q[3];       \
  q[0] = p[0];       \
  q[1] = p[1];       \
  q[2] = p[2]

LOOPS(exp, NOTHING, exp_single(x), exp_single(x))
LOOPS(log, NOTHING, log_single(x), 1 / x)
LOOPS(tanh, NOTHING, tanh_single(x), bell(2 * x, 4))
LOOPS(sigmoid, NOTHING, sigmoid_single(x), bell(x, 1))
LOOPS(scaled_sigmoid, NOTHING, 2 * tanh_single(0.5f * x), bell(x, 4))
LOOPS(erf, NOTHING, erf_single(x), erf_slope(x))
LOOPS(gelu, NOTHING, gelu_single(x), gelu_slope(x))
LOOPS(gelu_tanh, NOTHING, gelu_tanh_single(x), gelu_tanh_slope(x))
LOOPS(silu, NOTHING, silu_single(x), silu_slope(x))
LOOPS(softplus, NOTHING, softplus_single(x), sigmoid_single(x))
LOOPS(mish, NOTHING, mish_single(x), mish_slope(x))
LOOPS(softsign, NOTHING, softsign_single(x), softsign_slope(x))
FLAT_LOOPS(relu, NOTHING, at_least(x, 0), x > 0, 1)
LOOPS(leaky_relu, PARAMETERS, (float)leaky_relu_value(x, q), (float)leaky_relu_slope(x, q))
LOOPS(
    elu, const exponential_unit unit = exponential_unit_of(p), elu_single(x, unit),
    elu_slope(x, unit))
FLAT_LOOPS(
    hard_sigmoid, PARAMETERS, (float)hard_sigmoid_value(x, q), hard_sigmoid_slope(x, q) != 0,
    (float)hard_sigmoid_slope(x, q))
FLAT_LOOPS(
    hard_swish, PARAMETERS, (float)hard_swish_value(x, q), !(x <= -3),
    (float)hard_swish_slope(x, q))
FLAT_LOOPS(hard_tanh, NOTHING, at_most(at_least(x, -1), 1), size_of(x) < 1, 1)

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
