#include "dispatch.h"
#include "philox.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define SIGN 0x80000000u
#define INFINITE 0x7f800000u
#define QUIET_NAN 0x7fc00000u

EK_INLINE uint32_t finished(uint32_t bits, uint32_t rounded, const ek_format *format) {
  rounded = rounded > format->greatest ? format->overflow : rounded;
  rounded = (bits & ~SIGN) > INFINITE ? QUIET_NAN : rounded;
  return rounded | (bits & (rounded == 0 ? format->zero_sign : SIGN));
}

EK_INLINE void ek_round_f32_body(
    const float *in, float *out, size_t count, const ek_format *given) {
  const ek_format format = *given;
  const uint32_t shift = format.shift;
  const uint32_t keep = ~0u << shift;
  const uint32_t below_half = shift ? (1u << (shift - 1)) - 1 : 0;
  const uint32_t odd = shift ? 1 : 0;
  // A sum with 2^23 quanta has the spacing of one quantum, so the addition itself rounds.
  const float anchor = format.quantum * 8388608.0f;
  EK_ELEMENTWISE
  for (size_t i = 0; i < count; i++) {
    uint32_t bits = ek_bits(in[i]);
    uint32_t magnitude = bits & ~SIGN;
    // A carry out of the fraction raises the exponent, which is the rounding that is wanted.
    uint32_t normal = (magnitude + below_half + ((magnitude >> shift) & odd)) & keep;
    uint32_t small = ek_bits((ek_float(magnitude) + anchor) - anchor);
    uint32_t rounded = magnitude < format.least_normal ? small : normal;
    out[i] = ek_float(finished(bits, rounded, &format));
  }
}
EK_KERNEL(
    ek_round_f32, (const float *in, float *out, size_t count, const ek_format *format),
    (in, out, count, format))

// Words of the stream that a block of elements uses; a multiple of the four words of a counter.
enum { BLOCK = 512 };

EK_INLINE void ek_round_stochastic_f32_body(
    const float *in, float *out, size_t count, const ek_format *given, ek_stream stream,
    uint64_t first) {
  const ek_format format = *given;
  const uint32_t shift = format.shift;
  const uint32_t keep = ~0u << shift;
  const float per_quantum = 1.0f / format.quantum;
  uint32_t words[BLOCK];
  for (size_t start = 0; start < count; start += BLOCK) {
    size_t n = count - start < BLOCK ? count - start : BLOCK;
    philox_words(words, n, stream, 0, first + start);
    for (size_t i = 0; i < n; i++) {
      uint32_t bits = ek_bits(in[start + i]);
      uint32_t magnitude = bits & ~SIGN;
      // Up exactly when the word's upper `shift` bits are less than the dropped fraction.
      uint32_t normal = (magnitude + (~words[i] >> (32 - shift))) & keep;
      float position = ek_float(magnitude) * per_quantum;
      position = magnitude < format.least_normal ? position : 0;
      float whole = (float)(int32_t)position;
      uint32_t threshold = (uint32_t)((position - whole) * 4294967296.0f);
      float up = words[i] < threshold ? 1.0f : 0.0f;
      uint32_t small = ek_bits((whole + up) * format.quantum);
      uint32_t rounded = magnitude < format.least_normal ? small : normal;
      rounded = magnitude >= INFINITE ? INFINITE : rounded;
      out[start + i] = ek_float(finished(bits, rounded, &format));
    }
  }
}

#define PARAMETERS                                                                      \
  (const float *in, float *out, size_t count, const ek_format *format, ek_stream stream, \
   uint64_t first)
#if defined(__x86_64__)
EK_AVX512 static void stochastic_avx512 PARAMETERS {
  ek_round_stochastic_f32_body(in, out, count, format, stream, first);
}
EK_AVX2 static void stochastic_avx2 PARAMETERS {
  ek_round_stochastic_f32_body(in, out, count, format, stream, first);
}
#endif

void ek_round_stochastic_f32 PARAMETERS {
  if (format->shift == 0) {
    ek_round_f32(in, out, count, format);
    return;
  }
#if defined(__x86_64__)
  int level = ek_vector_level();
  if (level == EK_LEVEL_AVX512) {
    stochastic_avx512(in, out, count, format, stream, first);
    return;
  }
  if (level == EK_LEVEL_AVX2) {
    stochastic_avx2(in, out, count, format, stream, first);
    return;
  }
#endif
  ek_round_stochastic_f32_body(in, out, count, format, stream, first);
}

// The code is the rounded number's exponent and fraction moved down; NaN keeps its sign.
EK_INLINE uint16_t f16_code(float value) {
  uint32_t bits = ek_bits(value);
  uint32_t magnitude = bits & ~SIGN;
  uint32_t normal = (magnitude + 0xfffu + ((magnitude >> 13) & 1)) >> 13;
  // A sum with 2^-1 has the spacing of binary16's subnormal numbers, 2^-24.
  uint32_t small = ek_bits(ek_float(magnitude) + 0.5f) - 0x3f000000u;
  uint32_t code = magnitude < 0x38800000u ? small : normal - (112u << 10);
  code = magnitude >= 0x477ff000u ? 0x7c00u : code;
  code = magnitude > INFINITE ? 0x7e00u : code;
  return (uint16_t)(code | (bits & SIGN) >> 16);
}

EK_INLINE float f16_number(uint16_t code) {
  uint32_t magnitude = code & 0x7fffu;
  // Scaling by 2^112 moves the exponent and makes subnormal numbers normal, exactly.
  uint32_t bits = ek_bits(ek_float(magnitude << 13) * 0x1p112f);
  bits = magnitude >= 0x7c00u ? INFINITE | (magnitude & 0x3ffu) << 13 : bits;
  bits = magnitude > 0x7c00u ? bits | 0x00400000u : bits;
  return ek_float(bits | (uint32_t)(code & 0x8000u) << 16);
}

#if defined(__x86_64__)
EK_AVX2 static void encode_f16_hardware(const float *in, uint16_t *out, size_t count) {
  size_t i = 0;
  for (; i + 8 <= count; i += 8) {
    __m128i codes = _mm256_cvtps_ph(
        _mm256_loadu_ps(in + i), _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    _mm_storeu_si128((__m128i *)(out + i), codes);
  }
  for (; i < count; i++) out[i] = f16_code(in[i]);
}

EK_AVX2 static void decode_f16_hardware(const uint16_t *in, float *out, size_t count) {
  size_t i = 0;
  for (; i + 8 <= count; i += 8) {
    _mm256_storeu_ps(out + i, _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(in + i))));
  }
  for (; i < count; i++) out[i] = f16_number(in[i]);
}
#endif

void ek_encode_f16(const float *in, uint16_t *out, size_t count) {
#if defined(__x86_64__)
  if (ek_vector_level() >= EK_LEVEL_AVX2) {
    encode_f16_hardware(in, out, count);
    return;
  }
#endif
  EK_ELEMENTWISE
  for (size_t i = 0; i < count; i++) out[i] = f16_code(in[i]);
}

void ek_decode_f16(const uint16_t *in, float *out, size_t count) {
#if defined(__x86_64__)
  if (ek_vector_level() >= EK_LEVEL_AVX2) {
    decode_f16_hardware(in, out, count);
    return;
  }
#endif
  EK_ELEMENTWISE
  for (size_t i = 0; i < count; i++) out[i] = f16_number(in[i]);
}

EK_INLINE void ek_encode_bf16_body(const float *in, uint16_t *out, size_t count) {
  EK_ELEMENTWISE
  for (size_t i = 0; i < count; i++) {
    uint32_t bits = ek_bits(in[i]);
    uint32_t rounded = (bits + 0x7fffu + ((bits >> 16) & 1)) >> 16;
    uint32_t nan = (bits & SIGN) >> 16 | 0x7fc0u;
    out[i] = (uint16_t)((bits & ~SIGN) > INFINITE ? nan : rounded);
  }
}
EK_KERNEL(ek_encode_bf16, (const float *in, uint16_t *out, size_t count), (in, out, count))

EK_INLINE void ek_decode_bf16_body(const uint16_t *in, float *out, size_t count) {
  EK_ELEMENTWISE
  for (size_t i = 0; i < count; i++) out[i] = ek_float((uint32_t)in[i] << 16);
}
EK_KERNEL(ek_decode_bf16, (const uint16_t *in, float *out, size_t count), (in, out, count))
