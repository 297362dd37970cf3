#ifndef EVENKEEL_EK_RANDOM_H
#define EVENKEEL_EK_RANDOM_H

#include <stddef.h>
#include <stdint.h>

// A sequence of random words of Philox4x32-10 (Salmon et al. 2011): word i is word i % 4 of the
// block with counter (i / 4, substream, domain), so that any word can be had alone.
typedef struct {
  uint64_t key;
  uint32_t substream;
} ek_stream;

// One block: ten rounds of Philox4x32.
void ek_philox(const uint32_t counter[4], uint64_t key, uint32_t block[4]);

// Words first ..< first + count of domain 0.
void ek_random_words(uint32_t *out, size_t count, ek_stream stream, uint64_t first);

// The normal quantile by Wichura's algorithm AS 241 (1988), at probability 1/2 + centred;
// `tail` is the smaller of the probability and its complement, given apart to keep its accuracy.
double ek_normal_quantile(double centred, double tail);

// The part of the standard normal law that is drawn: `mass` is its probability, `below` the
// probability under its lower bound; results stay within -bound ... bound.
typedef struct {
  double mass;
  double below;
  double bound;
} ek_truncation;

// out[i] = mean + deviation * z, z the standard normal number `first + i` of the stream, computed
// in double and rounded once. Number i takes 52 of the 64 bits of words 2i and 2i + 1 of domain 1.
void ek_fill_normal_f32(
    float *out, size_t count, ek_stream stream, uint64_t first, double mean, double deviation,
    ek_truncation truncation);
void ek_fill_normal_f64(
    double *out, size_t count, ek_stream stream, uint64_t first, double mean, double deviation,
    ek_truncation truncation);

// out[i] = low + width * u, but no more than `greatest`; u = k * 2^-53, k the upper 53 of the 64 bits
// of words 2i and 2i + 1 of domain 1. Computed in double and rounded once.
void ek_fill_uniform_f32(
    float *out, size_t count, ek_stream stream, uint64_t first, double low, double width,
    float greatest);
void ek_fill_uniform_f64(
    double *out, size_t count, ek_stream stream, uint64_t first, double low, double width,
    double greatest);

#endif
