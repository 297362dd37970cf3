#ifndef EVENKEEL_CPRODUCTS_H
#define EVENKEEL_CPRODUCTS_H

#include <stddef.h>

/// Calls `body(context, i)` for every i below `count`, on the calling thread and the pool's.
///
/// Which thread runs which i is not fixed, so every i must write its own part of the result.
/// Called from inside such a body, or while another thread uses the pool, it runs all i itself.
void ek_parallel_for(size_t count, void (*body)(void *context, size_t i), void *context);

enum { ek_most_threads = 64 };

/// The number of the calling thread among those of `ek_parallel_for`, below `ek_most_threads`; 0
/// for threads that are not the pool's.
size_t ek_thread_number(void);

/// Sets how many threads `ek_parallel_for` uses, the calling one included; at least 1.
void ek_set_threads(size_t count);

/// How many threads `ek_parallel_for` uses.
size_t ek_threads(void);

/// C = alpha · op(A) · op(B), plus C where `accumulates`; row-major.
///
/// op(A) is m×k, op(B) k×n and C m×n, without gaps. `bias`, where it is not NULL, is a row of n that
/// is added to every row of the product while that is in cache. Large products are split over threads at
/// places that depend on the sizes alone, so that the bits do not depend on the thread count.
void ek_multiply_f32(const float *a, const float *b, float *c, size_t m, size_t n, size_t k,
                     int transpose_a, int transpose_b, float alpha, int accumulates,
                     const float *bias);
void ek_multiply_f64(const double *a, const double *b, double *c, size_t m, size_t n, size_t k,
                     int transpose_a, int transpose_b, double alpha, int accumulates,
                     const double *bias);

/// Extents of a convolution of images [batch, channels, height, width] with weights
/// [out_channels, channels/groups, kernel] that gives [batch, out_channels, out_height, out_width].
typedef struct {
  size_t batch, channels, height, width;
  size_t out_channels, out_height, out_width, groups;
  /// Of the rows and of the columns.
  size_t kernel[2], stride[2], dilation[2], begin[2], end[2];
} ek_convolution;

/// y = x * w + bias, where `bias` may be NULL. The bits do not depend on the thread count.
///
/// These three return 0, with nothing promised of the result, where no library convolves this
/// shape well or memory is short: it is to be had as products of patches.
int ek_convolve_f32(const ek_convolution *shape, const float *x, const float *w, const float *bias,
                    float *y);

/// The cotangent of x from that of y.
int ek_convolve_input_gradient_f32(const ek_convolution *shape, const float *dy, const float *w,
                                   float *dx);

/// The cotangent of w from that of y.
int ek_convolve_weight_gradient_f32(const ek_convolution *shape, const float *x, const float *dy,
                                    float *dw);

/// Singular values of a row-major rows×columns matrix, which is overwritten, in descending order.
///
/// Returns 0, or the LAPACK code of a failure; -1 when memory is short.
int ek_singular_values(double *matrix, size_t rows, size_t columns, double *values);

#endif
