#ifndef EVENKEEL_EK_FOURIER_H
#define EVENKEEL_EK_FOURIER_H

#include <stddef.h>

// The discrete Fourier transform of `length` complex numbers, whose parts lie side by side and which
// lie `stride` elements apart, times a factor; everything between is in double.
//
// `table` has the powers of a root of unity, real and imaginary parts side by side: the k-th of them
// is exp(-2 pi i k / length), or its conjugate for the inverse. `work` has room for 4 * length
// doubles. The work is length times the sum of the prime factors of the length.
void ek_fourier_f32(
    const float *in, float *out, size_t length, size_t stride, const double *table, double factor,
    double *work);
void ek_fourier_f64(
    const double *in, double *out, size_t length, size_t stride, const double *table, double factor,
    double *work);

#endif
