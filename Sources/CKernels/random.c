#include <math.h>

#include "philox.h"

// The numbers must be the same with and without fused multiply-add.
#pragma clang fp contract(off)

void ek_philox(const uint32_t counter[4], uint64_t key, uint32_t block[4]) {
  memcpy(block, counter, 4 * sizeof *block);
  philox_block(block, (uint32_t)key, (uint32_t)(key >> 32));
}

EK_INLINE void ek_random_words_body(
    uint32_t *out, size_t count, ek_stream stream, uint64_t first) {
  philox_words(out, count, stream, 0, first);
}
EK_KERNEL(
    ek_random_words, (uint32_t *out, size_t count, ek_stream stream, uint64_t first),
    (out, count, stream, first))

EK_INLINE double polynomial(const double c[8], double x) {
  double value = c[7];
  for (int i = 6; i >= 0; i--) value = value * x + c[i];
  return value;
}

static const double CENTRE[2][8] = {
    {3.3871328727963666080, 1.3314166789178437745e+2, 1.9715909503065514427e+3,
     1.3731693765509461125e+4, 4.5921953931549871457e+4, 6.7265770927008700853e+4,
     3.3430575583588128105e+4, 2.5090809287301226727e+3},
    {1.0, 4.2313330701600911252e+1, 6.8718700749205790830e+2, 5.3941960214247511077e+3,
     2.1213794301586595867e+4, 3.9307895800092710610e+4, 2.8729085735721942674e+4,
     5.2264952788528545610e+3}};
static const double MIDDLE[2][8] = {
    {1.42343711074968357734, 4.63033784615654529590, 5.76949722146069140550,
     3.64784832476320460504, 1.27045825245236838258, 2.41780725177450611770e-1,
     2.27238449892691845833e-2, 7.74545014278341407640e-4},
    {1.0, 2.05319162663775882187, 1.67638483018380384940, 6.89767334985100004550e-1,
     1.48103976427480074590e-1, 1.51986665636164571966e-2, 5.47593808499534494600e-4,
     1.05075007164441684324e-9}};
static const double FAR[2][8] = {
    {6.65790464350110377720, 5.46378491116411436990, 1.78482653991729133580,
     2.96560571828504891230e-1, 2.65321895265761230930e-2, 1.24266094738807843860e-3,
     2.71155556874348757815e-5, 2.01033439929228813265e-7},
    {1.0, 5.99832206555887937690e-1, 1.36929880922735805310e-1, 1.48753612908506148525e-2,
     7.86869131145613259100e-4, 1.84631831751005468180e-5, 1.42151175831644588870e-7,
     2.04426310338993978564e-15}};

// Beyond this distance of the probability from 1/2 the tail's expansions hold.
static const double SPLIT = 0.425;

EK_INLINE double centre_quantile(double centred) {
  double r = SPLIT * SPLIT - centred * centred;
  return centred * polynomial(CENTRE[0], r) / polynomial(CENTRE[1], r);
}

static double tail_quantile(double centred, double tail) {
  double r = sqrt(-log(tail));
  double size = r <= 5 ? polynomial(MIDDLE[0], r - 1.6) / polynomial(MIDDLE[1], r - 1.6)
                       : polynomial(FAR[0], r - 5) / polynomial(FAR[1], r - 5);
  return centred < 0 ? -size : size;
}

double ek_normal_quantile(double centred, double tail) {
  return fabs(centred) <= SPLIT ? centre_quantile(centred) : tail_quantile(centred, tail);
}

// Numbers drawn at a time: their words and probabilities stay in the first cache.
enum { BLOCK = 256 };

// The normal numbers first ..< first + count, at most BLOCK of them.
EK_INLINE void normal_block(
    double *out, size_t count, ek_stream stream, uint64_t first, ek_truncation part) {
  uint32_t words[2 * BLOCK];
  double centred[BLOCK];
  philox_words(words, 2 * count, stream, 1, 2 * first);
  for (size_t i = 0; i < count; i++) {
    // 52 bits k of the word, at the middle of their cell: (k + 1/2) / 2^52 - 1/2, exactly.
    uint64_t word = (uint64_t)words[2 * i + 1] << 32 | words[2 * i];
    int64_t signed_cell = (int64_t)(word >> 12) - (INT64_C(1) << 51);
    centred[i] = ((double)signed_cell + 0.5) * 0x1p-52;
    out[i] = centre_quantile(centred[i] * part.mass);
  }
  for (size_t i = 0; i < count; i++) {
    double moved = centred[i] * part.mass;
    if (fabs(moved) > SPLIT) {
      out[i] = tail_quantile(moved, part.below + (0.5 - fabs(centred[i])) * part.mass);
    }
    out[i] = out[i] > part.bound ? part.bound : out[i] < -part.bound ? -part.bound : out[i];
  }
}

#define NORMAL_PARAMETERS(T)                                                                 \
  (T * out, size_t count, ek_stream stream, uint64_t first, double mean, double deviation, \
   ek_truncation truncation)
#define FILL_NORMAL(name, T)                                                  \
  EK_INLINE void name##_body NORMAL_PARAMETERS(T) {                           \
    double block[BLOCK];                                                      \
    for (size_t start = 0; start < count; start += BLOCK) {                   \
      size_t n = count - start < BLOCK ? count - start : BLOCK;               \
      normal_block(block, n, stream, first + start, truncation);              \
      for (size_t i = 0; i < n; i++) {                                        \
        out[start + i] = (T)(mean + deviation * block[i]);                    \
      }                                                                       \
    }                                                                         \
  }                                                                           \
  EK_KERNEL(name, NORMAL_PARAMETERS(T),                                       \
            (out, count, stream, first, mean, deviation, truncation))

FILL_NORMAL(ek_fill_normal_f32, float)
FILL_NORMAL(ek_fill_normal_f64, double)

#define UNIFORM_PARAMETERS(T)                                                           \
  (T * out, size_t count, ek_stream stream, uint64_t first, double low, double width, T greatest)
#define FILL_UNIFORM(name, T)                                              \
  EK_INLINE void name##_body UNIFORM_PARAMETERS(T) {                       \
    uint32_t words[2 * BLOCK];                                             \
    for (size_t start = 0; start < count; start += BLOCK) {                \
      size_t n = count - start < BLOCK ? count - start : BLOCK;            \
      philox_words(words, 2 * n, stream, 1, 2 * (first + start));          \
      for (size_t i = 0; i < n; i++) {                                     \
        uint64_t word = (uint64_t)words[2 * i + 1] << 32 | words[2 * i];   \
        double u = (double)(int64_t)(word >> 11) * 0x1p-53;                \
        T element = (T)(low + width * u);                                  \
        out[start + i] = element > greatest ? greatest : element;          \
      }                                                                    \
    }                                                                      \
  }                                                                        \
  EK_KERNEL(name, UNIFORM_PARAMETERS(T), (out, count, stream, first, low, width, greatest))

FILL_UNIFORM(ek_fill_uniform_f32, float)
FILL_UNIFORM(ek_fill_uniform_f64, double)
