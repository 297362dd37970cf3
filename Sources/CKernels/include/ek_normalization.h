#ifndef EVENKEEL_EK_NORMALIZATION_H
#define EVENKEEL_EK_NORMALIZATION_H

#include <stddef.h>

// Passes over a run of elements that are normalised together, n = (x - mean) · factor, in double.
// A scale and bias are one for the run where `step` is 0, and one for each element where it is 1.

// Adds the squares of x - mean to `squares`.
void ek_centred_squares_f32(const float *x, size_t count, double mean, double *squares);

// y = scale · n + bias, n rounded before it is scaled; `bias` may be NULL, and `y` may be `x`.
void ek_normalize_f32(
    const float *x, size_t count, double mean, double factor, const float *scale,
    const float *bias, size_t step, float *y);

// Adds the sums of u and of u · (x - mean), where u = scale · dy, or dy where `scale` is NULL.
void ek_normalization_sums_f32(
    const float *dy, const float *x, const float *scale, size_t count, double mean, double *sums);

// dx = factor · (scale · dy - average - n · slope); `dx` may be `dy` or `x`.
void ek_normalization_gradient_f32(
    const float *dy, const float *x, const float *scale, size_t step, size_t count, double mean,
    double factor, double average, double slope, float *dx);

// dscale += dy · n and, where it is not NULL, dbias += dy, element by element.
void ek_add_normalized_f32(
    const float *dy, const float *x, size_t count, double mean, double factor, float *dscale,
    float *dbias);

#endif
