#ifndef EVENKEEL_EK_ELEMENTARY_H
#define EVENKEEL_EK_ELEMENTARY_H

#include <stddef.h>
#include <stdint.h>

// Functions of one variable, with errors below two units in the last place (VectorKernels.swift states
// them). Bytes depend on the argument alone, not on its place or the instruction set.
typedef enum {
  EK_EXP,
  EK_LOG,
  EK_TANH,
  EK_SIGMOID,
  // 4 sigmoid(x) - 2.
  EK_SCALED_SIGMOID,
  EK_ERF,
  // x Phi(x), Phi the normal distribution function.
  EK_GELU,
  // x sigmoid(2 sqrt(2/pi) (x + 0.044715 x^3)).
  EK_GELU_TANH,
  EK_SILU,
  EK_SOFTPLUS,
  EK_MISH,
  EK_SOFTSIGN,
  EK_RELU,
  // p[0] x below 0.
  EK_LEAKY_RELU,
  // p[1] (p[0] (e^(p[2] x) - 1)) below 0, p[1] x above: elu, selu and celu; p[2] > 0.
  EK_ELU,
  // p[0] x + p[1], held between 0 and 1; p[0] > 0.
  EK_HARD_SIGMOID,
  EK_HARD_SWISH,
  EK_HARD_TANH,
} ek_function;

// out[i] = f(in[i]); in may be out.
void ek_apply_f32(
    ek_function function, const double p[3], const float *in, float *out, size_t count);

// out[i] = cotangent[i] * f'(in[i]), the derivative rounded to fp32 first; out may be either.
void ek_apply_derivative_f32(
    ek_function function, const double p[3], const float *cotangent, const float *in, float *out,
    size_t count);

// Arithmetic of two arrays; out may be either.
void ek_add_f32(
    const float *a, size_t a_step, const float *b, size_t b_step, float *out, size_t count);
void ek_sub_f32(
    const float *a, size_t a_step, const float *b, size_t b_step, float *out, size_t count);
void ek_mul_f32(
    const float *a, size_t a_step, const float *b, size_t b_step, float *out, size_t count);
void ek_div_f32(
    const float *a, size_t a_step, const float *b, size_t b_step, float *out, size_t count);

// out[i] = factor * in[i]; in may be out.
void ek_scale_f32(float factor, const float *in, float *out, size_t count);

// y[i] += factor * x[i], rounded after the product and after the sum.
void ek_axpy_f32(float factor, const float *x, float *y, size_t count);

// The same, and update[i] = factor * x[i]; the three must lie apart.
void ek_update_f32(float factor, const float *x, float *update, float *y, size_t count);

#endif
