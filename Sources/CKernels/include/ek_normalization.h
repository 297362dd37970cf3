#ifndef EVENKEEL_EK_NORMALIZATION_H
#define EVENKEEL_EK_NORMALIZATION_H

#include <stddef.h>

// Passes over a run of elements that are normalised together, n = (x - mean) · factor, in double.
// A scale and bias are one for the run where `step` is 0, and one for each element where it is 1.

// Sums over elements that are normalised together, where x has been shifted to be near 0: of x, of its
// squares, of cotangents u, and of u x.
typedef struct {
  double plain, squares, cotangents, along;
} ek_normalization_sums;

// Adds the first two sums of x - shift.
void ek_shifted_sums_f32(
    const float *x, size_t count, double shift, ek_normalization_sums *sums);

// Adds all of them, where u = scale · dy, or dy where `scale` is NULL.
void ek_cotangent_sums_f32(
    const float *dy, const float *x, const float *scale, size_t count, double shift,
    ek_normalization_sums *sums);

// y = scale · n + bias, n rounded before it is scaled; `bias` may be NULL, and `y` may be `x`.
void ek_normalize_f32(
    const float *x, size_t count, double mean, double factor, const float *scale,
    const float *bias, size_t step, float *y);

// dx = factor · (scale · dy - average - n · slope); `dx` may be `dy` or `x`.
void ek_normalization_gradient_f32(
    const float *dy, const float *x, const float *scale, size_t step, size_t count, double mean,
    double factor, double average, double slope, float *dx);

// dscale += dy · n and, where it is not NULL, dbias += dy, element by element.
void ek_add_normalized_f32(
    const float *dy, const float *x, size_t count, double mean, double factor, float *dscale,
    float *dbias);

#endif
