#ifndef EVENKEEL_EK_ROUNDING_H
#define EVENKEEL_EK_ROUNDING_H

#include <stddef.h>
#include <stdint.h>

#include "ek_random.h"

// A format that is a subset of fp32, as the rounding kernels need it. Magnitudes are bit patterns
// of fp32 without the sign.
typedef struct {
  // Fraction bits of fp32 that the format lacks: 0 to 22.
  uint32_t shift;
  // The smallest normal number where it exceeds that of fp32, otherwise 0.
  uint32_t least_normal;
  // The distance between subnormal numbers; used only where least_normal is not 0.
  float quantum;
  // The greatest finite number.
  uint32_t greatest;
  // What greater results become: infinity, NaN, or the greatest number.
  uint32_t overflow;
  // The sign that a negative zero keeps: the highest bit, or 0 where the format has one zero.
  uint32_t zero_sign;
} ek_format;

// out[i] = in[i] rounded to the nearest number of the format, ties to even; in may be out.
// A NaN becomes the quiet NaN of the same sign.
void ek_round_f32(const float *in, float *out, size_t count, const ek_format *format);

// out[i] = in[i] rounded up in magnitude with a probability that is its relative position between
// its two neighbours, rounded down to a multiple of 2^-32. Element i uses word first + i.
void ek_round_stochastic_f32(
    const float *in, float *out, size_t count, const ek_format *format, ek_stream stream,
    uint64_t first);

// IEEE binary16 codes of fp32 numbers, to nearest, ties to even; uses the hardware's conversion
// where there is one.
void ek_encode_f16(const float *in, uint16_t *out, size_t count);

// The fp32 numbers of IEEE binary16 codes.
void ek_decode_f16(const uint16_t *in, float *out, size_t count);

// bfloat16 codes of fp32 numbers, to nearest, ties to even.
void ek_encode_bf16(const float *in, uint16_t *out, size_t count);

// The fp32 numbers of bfloat16 codes.
void ek_decode_bf16(const uint16_t *in, float *out, size_t count);

#endif
