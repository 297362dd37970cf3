#include "dispatch.h"

// The same bytes with and without fused multiply-add.
#pragma clang fp contract(off)

static size_t least_factor(size_t n) {
  if (n % 4 == 0) return 4;
  for (size_t p = 2; p * p <= n; p++) {
    if (n % p == 0) return p;
  }
  return n;
}

// One pass of the self-sorting algorithm of Stockham for any factor: `count` interleaved transforms
// of n places become `count * factor` of n / factor places.
EK_INLINE void pass(
    const double *x, double *y, size_t length, size_t n, size_t factor, size_t count,
    const double *table) {
  const size_t rest = n / factor;
  for (size_t i = 0; i < rest; i++) {
    for (size_t r = 0; r < factor; r++) {
      const double *turn = table + 2 * (i * r * (length / n));
      const double c = turn[0], s = turn[1];
      for (size_t q = 0; q < count; q++) {
        double real = 0, imaginary = 0;
        size_t place = 0;
        for (size_t l = 0; l < factor; l++) {
          const double *a = x + 2 * (q + count * (i + rest * l));
          const double *w = table + 2 * (place * (length / factor));
          real += a[0] * w[0] - a[1] * w[1];
          imaginary += a[0] * w[1] + a[1] * w[0];
          place += r;
          if (place >= factor) place -= factor;
        }
        double *b = y + 2 * (q + count * (factor * i + r));
        b[0] = real * c - imaginary * s;
        b[1] = real * s + imaginary * c;
      }
    }
  }
}

// Returns where the result lies: in x or in y.
EK_INLINE const double *transform(double *x, double *y, size_t length, const double *table) {
  size_t n = length, count = 1;
  while (n > 1) {
    size_t factor = least_factor(n);
    pass(x, y, length, n, factor, count, table);
    double *other = x;
    x = y;
    y = other;
    n /= factor;
    count *= factor;
  }
  return x;
}

#define FOURIER(name, type)                                                                  \
  EK_INLINE void name##_body(                                                                \
      const type *in, type *out, size_t length, size_t stride, const double *table,          \
      double factor, double *work) {                                                         \
    for (size_t i = 0; i < length; i++) {                                                    \
      work[2 * i] = in[i * stride];                                                          \
      work[2 * i + 1] = in[i * stride + 1];                                                  \
    }                                                                                        \
    const double *found = transform(work, work + 2 * length, length, table);                 \
    for (size_t i = 0; i < length; i++) {                                                    \
      out[i * stride] = (type)(found[2 * i] * factor);                                       \
      out[i * stride + 1] = (type)(found[2 * i + 1] * factor);                               \
    }                                                                                        \
  }                                                                                          \
  EK_KERNEL(                                                                                 \
      name,                                                                                  \
      (const type *in, type *out, size_t length, size_t stride, const double *table,         \
       double factor, double *work),                                                         \
      (in, out, length, stride, table, factor, work))

FOURIER(ek_fourier_f32, float)
FOURIER(ek_fourier_f64, double)
