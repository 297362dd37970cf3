#ifndef EVENKEEL_EK_SUMMARY_H
#define EVENKEEL_EK_SUMMARY_H

#include <stddef.h>
#include <stdint.h>

// Bin e + 150 counts numbers with 2^e <= |x| < 2^(e+1), e from -149 to 127: every number of fp32,
// subnormal ones by their own exponent. The first bin has what is smaller, the last what is greater.
enum { EK_EXPONENT_BINS = 279, EK_EXPONENT_OFFSET = 150 };

// What one pass over numbers gathers. Moments and extremes are those of the finite elements.
typedef struct {
  uint64_t count;
  uint64_t zeros;
  uint64_t nans;
  uint64_t positive_infinities;
  uint64_t negative_infinities;
  double mean;
  // The sum of squared distances from the mean.
  double centred_squares;
  // +infinity and -infinity while there is no finite element.
  double minimum;
  double maximum;
  // All bins outside of these hold 0, so that they need not be looked at.
  int32_t first_bin, last_bin;
  uint64_t exponents[EK_EXPONENT_BINS];
} ek_summary;

// Makes an empty summary of memory that may hold anything.
void ek_summary_init(ek_summary *summary);

// Empties a summary.
void ek_summary_clear(ek_summary *summary);

// Adds elements to a summary. The same elements in the same calls give the same bytes, whatever
// the instruction set.
void ek_summary_add_f32(ek_summary *summary, const float *elements, size_t count);
void ek_summary_add_f64(ek_summary *summary, const double *elements, size_t count);

// Adds what another summary has seen.
void ek_summary_merge(ek_summary *summary, const ek_summary *other);

// How many elements are NaN or infinite: the least that a healthy step has to know.
uint64_t ek_count_non_finite_f32(const float *elements, size_t count);
uint64_t ek_count_non_finite_f64(const double *elements, size_t count);

#endif
