#ifndef EVENKEEL_EK_LINEAR_H
#define EVENKEEL_EK_LINEAR_H

#include <stddef.h>
#include <stdint.h>

// Reflects each of `count` vectors of `length` numbers, which start `stride` apart, at the plane
// across the unit vector `normal`: x -= 2 (normal . x) normal.
void ek_reflect_f64(
    const double *normal, double *vectors, size_t length, size_t count, size_t stride);

#endif
