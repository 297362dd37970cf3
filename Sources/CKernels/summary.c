#include <math.h>
#include <stdbool.h>
#include <stddef.h>

#include "dispatch.h"

// The same bytes with and without fused multiply-add.
#pragma clang fp contract(off)

// Sixteen lanes at every instruction set, so that sums are formed in one order everywhere.
typedef float vf __attribute__((vector_size(64)));
typedef int32_t vi __attribute__((vector_size(64)));
typedef uint32_t vu __attribute__((vector_size(64)));
typedef double vd __attribute__((vector_size(64)));
typedef float half_vf __attribute__((vector_size(32)));
typedef uint8_t vb __attribute__((vector_size(64)));
typedef uint8_t quarter_vb __attribute__((vector_size(16)));
typedef uint16_t wide_vb __attribute__((vector_size(128)));
typedef bool lanes64 __attribute__((ext_vector_type(64)));

// Elements of a block: its exponents and itself stay in the first cache.
enum { BLOCK = 4096, LANES = 16 };

#define INFINITE 0x7f800000

void ek_summary_init(ek_summary *summary) {
  memset(summary, 0, sizeof *summary);
  summary->minimum = INFINITY;
  summary->maximum = -INFINITY;
  summary->first_bin = EK_EXPONENT_BINS;
  summary->last_bin = -1;
}

void ek_summary_clear(ek_summary *summary) {
  for (int bin = summary->first_bin; bin <= summary->last_bin; bin++) summary->exponents[bin] = 0;
  memset(summary, 0, offsetof(ek_summary, minimum));
  summary->minimum = INFINITY;
  summary->maximum = -INFINITY;
  summary->first_bin = EK_EXPONENT_BINS;
  summary->last_bin = -1;
}

EK_INLINE void widen(ek_summary *s, int first, int last) {
  if (first < s->first_bin) s->first_bin = first;
  if (last > s->last_bin) s->last_bin = last;
}

EK_INLINE void count_one(ek_summary *s, int bin) {
  s->exponents[bin]++;
  widen(s, bin, bin);
}

EK_INLINE uint64_t finite_count(const ek_summary *s) {
  return s->count - s->nans - s->positive_infinities - s->negative_infinities;
}

// Chan, Golub and LeVeque (1983), in a form that is the same for (a, b) and (b, a).
EK_INLINE void merge_moments(
    ek_summary *s, double a_count, double b_count, double b_mean, double b_squares) {
  if (b_count == 0) return;
  double all = a_count + b_count;
  double distance = b_mean - s->mean;
  s->mean = s->mean * (a_count / all) + b_mean * (b_count / all);
  s->centred_squares = (s->centred_squares + b_squares) +
                       distance * distance * (a_count * b_count / all);
}

void ek_summary_merge(ek_summary *s, const ek_summary *other) {
  merge_moments(
      s, (double)finite_count(s), (double)finite_count(other), other->mean,
      other->centred_squares);
  s->count += other->count;
  s->zeros += other->zeros;
  s->nans += other->nans;
  s->positive_infinities += other->positive_infinities;
  s->negative_infinities += other->negative_infinities;
  if (other->minimum < s->minimum) s->minimum = other->minimum;
  if (other->maximum > s->maximum) s->maximum = other->maximum;
  for (int bin = other->first_bin; bin <= other->last_bin; bin++)
    s->exponents[bin] += other->exponents[bin];
  widen(s, other->first_bin, other->last_bin);
}

// The bin of a magnitude of fp32 above 0.
EK_INLINE int bin_f32(uint32_t magnitude) {
  int exponent = (int)(magnitude >> 23);
  int field = exponent - 127;
  int subnormal = -118 - __builtin_clz(magnitude | 1);
  return (exponent ? field : subnormal) + EK_EXPONENT_OFFSET;
}

// Any elements, one at a time: blocks with non-finite elements, and ends of buffers.
static void add_plainly_f32(ek_summary *s, const float *x, size_t count) {
  double before = (double)finite_count(s);
  double sum = 0;
  size_t finite = 0;
  for (size_t i = 0; i < count; i++) {
    uint32_t bits = ek_bits(x[i]);
    uint32_t magnitude = bits & 0x7fffffffu;
    if (magnitude >= INFINITE) {
      s->nans += magnitude > INFINITE;
      s->positive_infinities += bits == INFINITE;
      s->negative_infinities += bits == (INFINITE | 0x80000000u);
      continue;
    }
    finite++;
    sum += x[i];
    if (x[i] < s->minimum) s->minimum = x[i];
    if (x[i] > s->maximum) s->maximum = x[i];
    if (magnitude == 0) {
      s->zeros++;
    } else {
      count_one(s, bin_f32(magnitude));
    }
  }
  s->count += count;
  if (finite == 0) return;
  double mean = sum / (double)finite;
  double squares = 0;
  for (size_t i = 0; i < count; i++) {
    double distance = (double)x[i] - mean;
    // Written so that NaN and infinities fail the test.
    if (fabs(distance) <= 0x1p130) squares += distance * distance;
  }
  merge_moments(s, before, (double)finite, mean, squares);
}

#define BYTE_SUM(v) ((uint32_t)__builtin_reduce_add(__builtin_convertvector(v, wide_vb)))

// What is remembered from block to block.
typedef struct {
  // Blocks that are still to be counted by tables, since exponents were seen to lie wide apart.
  unsigned wide;
} block_state;

// Bins of exponent bytes by tables: four, so that equal neighbours do not wait for each other.
static void count_by_tables(ek_summary *s, const uint8_t *bytes, size_t padded) {
  uint32_t plain[4][256];
  memset(plain, 0, sizeof plain);
  for (size_t i = 0; i < padded; i += 4) {
    for (int table = 0; table < 4; table++) plain[table][bytes[i + table]]++;
  }
  for (int value = 1; value < 255; value++) {
    s->exponents[value - 127 + EK_EXPONENT_OFFSET] +=
        plain[0][value] + plain[1][value] + plain[2][value] + plain[3][value];
  }
}

// Bins of the exponents of a block: values are counted from `top` down by comparing vectors of
// bytes, until so few elements are left that they are looked up one at a time. `bytes` are padded
// with zeros to whole vectors; bytes of 0 are not counted. `normal` tells how many others are there.
EK_INLINE void count_exponents(
    ek_summary *s, const uint8_t *bytes, size_t padded, int top, size_t normal,
    block_state *state) {
  enum { WINDOW = 16, PAIR = 2, FEW = 16, PATIENCE = 15 };
  enum { BIN_OF_BYTE = EK_EXPONENT_OFFSET - 127 };
  if (state->wide > 0) {
    state->wide--;
    widen(s, BIN_OF_BYTE + 1, BIN_OF_BYTE + top);
    count_by_tables(s, bytes, padded);
    return;
  }
  uint64_t *bins = s->exponents + BIN_OF_BYTE;
  size_t rest = normal;
  int value = top;
  for (; rest > FEW && value > top - WINDOW && value > 1; value -= PAIR) {
    // A block has at most 64 vectors, so a byte of a total cannot overflow.
    vb first = {0}, second = {0};
    for (size_t i = 0; i < padded; i += sizeof(vb)) {
      vb b;
      memcpy(&b, bytes + i, sizeof b);
      first -= (vb)(b == (uint8_t)value);
      second -= (vb)(b == (uint8_t)(value - 1));
    }
    uint32_t first_sum = BYTE_SUM(first), second_sum = BYTE_SUM(second);
    bins[value] += first_sum;
    bins[value - 1] += second_sum;
    rest -= first_sum + second_sum;
  }
  if (value < top) widen(s, BIN_OF_BYTE + value + 1, BIN_OF_BYTE + top);
  if (rest == 0) return;
  if (rest > padded / 16) state->wide = PATIENCE;
  // From 1 to `value`: a byte of 0 wraps to the greatest.
  for (size_t i = 0; i < padded; i += sizeof(vb)) {
    vb b;
    memcpy(&b, bytes + i, sizeof b);
    lanes64 found = __builtin_convertvector((vb)(b - 1) < (uint8_t)value, lanes64);
    uint64_t mask;
    memcpy(&mask, &found, sizeof mask);
    for (; mask; mask &= mask - 1) {
      int byte = bytes[i + (size_t)__builtin_ctzll(mask)];
      bins[byte]++;
      widen(s, BIN_OF_BYTE + byte, BIN_OF_BYTE + byte);
    }
  }
}

// Lanes of `a` where `mask` is set, else those of `b`. Macros, as passing wide vectors by value
// depends on the instruction set.
#define SELECT(mask, a, b) ((vf)(((vi)(a) & (mask)) | ((vi)(b) & ~(mask))))
#define LANE_SUM(v) ((((v)[0] + (v)[4]) + ((v)[2] + (v)[6])) + (((v)[1] + (v)[5]) + ((v)[3] + (v)[7])))

// Sums of distances from a centre and of their squares.
typedef struct {
  double distances;
  double squares;
} ek_sums;

// All in double: squares of fp32 numbers neither overflow nor vanish there.
EK_INLINE ek_sums sums_about(const float *x, size_t count, double centre) {
  vd distances[2] = {{0}, {0}}, squares[2] = {{0}, {0}};
  for (size_t i = 0; i < count; i += LANES) {
    half_vf half[2];
    memcpy(half, x + i, sizeof half);
    for (int part = 0; part < 2; part++) {
      vd distance = __builtin_convertvector(half[part], vd) - centre;
      distances[part] += distance;
      squares[part] += distance * distance;
    }
  }
  vd distance_lanes = distances[0] + distances[1], square_lanes = squares[0] + squares[1];
  ek_sums sums = {LANE_SUM(distance_lanes), LANE_SUM(square_lanes)};
  return sums;
}

// What one pass over a block finds.
typedef struct {
  ek_sums about_zero;
  float least, most;
} block_facts;

// Sums and extremes of a block of whole vectors, and the exponents of its elements as bytes.
EK_INLINE block_facts pass_f32(const float *x, size_t count, uint8_t *bytes) {
// Products of two numbers of fp32 are exact in double, so that contraction changes nothing.
#pragma clang fp contract(fast)
  vd sums[2] = {{0}, {0}}, squares[2] = {{0}, {0}};
  vf low, high;
  memcpy(&low, x, sizeof low);
  high = low;
  for (size_t i = 0; i < count; i += LANES) {
    half_vf half[2];
    vf whole;
    vu bits;
    memcpy(half, x + i, sizeof half);
    memcpy(&whole, x + i, sizeof whole);
    memcpy(&bits, x + i, sizeof bits);
    // The sign is cut off with the upper bytes.
    quarter_vb exponents = __builtin_convertvector(bits >> 23, quarter_vb);
    memcpy(bytes + i, &exponents, sizeof exponents);
    low = SELECT(whole < low, whole, low);
    high = SELECT(whole > high, whole, high);
    for (int part = 0; part < 2; part++) {
      vd number = __builtin_convertvector(half[part], vd);
      sums[part] += number;
      squares[part] += number * number;
    }
  }
  block_facts facts;
  vd sum_lanes = sums[0] + sums[1], square_lanes = squares[0] + squares[1];
  facts.about_zero.distances = LANE_SUM(sum_lanes);
  facts.about_zero.squares = LANE_SUM(square_lanes);
  facts.least = low[0];
  facts.most = high[0];
  for (int lane = 1; lane < LANES; lane++) {
    if (low[lane] < facts.least) facts.least = low[lane];
    if (high[lane] > facts.most) facts.most = high[lane];
  }
  return facts;
}

EK_INLINE uint32_t zeros_f32(const float *x, size_t count) {
  vi zeros = {0};
  for (size_t i = 0; i < count; i += LANES) {
    vf whole;
    memcpy(&whole, x + i, sizeof whole);
    zeros -= whole == 0;
  }
  uint32_t sum = 0;
  for (int lane = 0; lane < LANES; lane++) sum += (uint32_t)zeros[lane];
  return sum;
}

// A block of whole vectors.
EK_INLINE void add_block_f32(ek_summary *s, const float *x, size_t count, block_state *state) {
  uint8_t bytes[BLOCK];
  block_facts facts = pass_f32(x, count, bytes);
  size_t padded = (count + sizeof(vb) - 1) / sizeof(vb) * sizeof(vb);
  memset(bytes + count, 0, padded - count);
  vb greatest = {0}, below = {0};
  for (size_t i = 0; i < padded; i += sizeof(vb)) {
    vb b;
    memcpy(&b, bytes + i, sizeof b);
    greatest = __builtin_elementwise_max(b, greatest);
    below -= (vb)(b == 0);
  }
  uint32_t unnormal = BYTE_SUM(below);
  int top = __builtin_reduce_max(greatest);
  if (top == 255) {
    add_plainly_f32(s, x, count);
    return;
  }
  count_exponents(s, bytes, padded, top, padded - unnormal, state);
  unnormal -= (uint32_t)(padded - count);
  uint32_t zeros = unnormal > 0 ? zeros_f32(x, count) : 0;
  if (unnormal > zeros) {
    for (size_t i = 0; i < count; i++) {
      uint32_t magnitude = ek_bits(x[i]) & 0x7fffffffu;
      if (magnitude > 0 && magnitude < 0x00800000u) count_one(s, bin_f32(magnitude));
    }
  }
  double n = (double)count, centre = 0;
  ek_sums sums = facts.about_zero;
  // Where nearly all of the second moment is the mean, their difference would be lost.
  if (sums.distances * sums.distances > 0.999 * n * sums.squares) {
    centre = sums.distances / n;
    sums = sums_about(x, count, centre);
  }
  double offset = sums.distances / n;
  double centred = sums.squares - sums.distances * offset;
  merge_moments(s, (double)finite_count(s), n, centre + offset, centred > 0 ? centred : 0);
  s->count += count;
  s->zeros += zeros;
  if (facts.least < s->minimum) s->minimum = facts.least;
  if (facts.most > s->maximum) s->maximum = facts.most;
}

EK_INLINE void ek_summary_add_f32_body(ek_summary *s, const float *x, size_t count) {
  size_t whole = count / LANES * LANES;
  block_state state = {0};
  for (size_t start = 0; start < whole; start += BLOCK) {
    size_t n = whole - start < BLOCK ? whole - start : BLOCK;
    add_block_f32(s, x + start, n, &state);
  }
  if (whole < count) add_plainly_f32(s, x + whole, count - whole);
}
EK_KERNEL(
    ek_summary_add_f32, (ek_summary *s, const float *elements, size_t count),
    (s, elements, count))

EK_INLINE int bin_f64(double x) {
  int exponent;
  frexp(x, &exponent);
  int bin = exponent - 1 + EK_EXPONENT_OFFSET;
  return bin < 0 ? 0 : bin >= EK_EXPONENT_BINS ? EK_EXPONENT_BINS - 1 : bin;
}

// A block in two passes. Scaled down where sums or squares could overflow.
static void add_block_f64(ek_summary *s, const double *x, size_t count) {
  double before = (double)finite_count(s);
  double greatest = 0;
  size_t finite = 0;
  for (size_t i = 0; i < count; i++) {
    double size = fabs(x[i]);
    if (!(size <= 0x1.fffffffffffffp1023)) {
      s->nans += size != size;
      s->positive_infinities += x[i] == INFINITY;
      s->negative_infinities += x[i] == -INFINITY;
      continue;
    }
    finite++;
    greatest = size > greatest ? size : greatest;
    if (x[i] < s->minimum) s->minimum = x[i];
    if (x[i] > s->maximum) s->maximum = x[i];
    if (size == 0) {
      s->zeros++;
    } else {
      count_one(s, bin_f64(size));
    }
  }
  s->count += count;
  if (finite == 0) return;
  double scale = greatest > 0x1p490 ? 0x1p-600 : 1;
  double sum = 0, rest = 0, squares = 0;
  for (size_t i = 0; i < count; i++) {
    if (fabs(x[i]) <= greatest) sum += x[i] * scale;
  }
  double mean = sum / (double)finite;
  for (size_t i = 0; i < count; i++) {
    if (!(fabs(x[i]) <= greatest)) continue;
    double distance = x[i] * scale - mean;
    rest += distance;
    squares += distance * distance;
  }
  // What rounding left of the mean; Neely (1966).
  mean += rest / (double)finite;
  squares -= rest * rest / (double)finite;
  merge_moments(
      s, before, (double)finite, mean / scale, (squares > 0 ? squares : 0) / scale / scale);
}

void ek_summary_add_f64(ek_summary *s, const double *x, size_t count) {
  for (size_t start = 0; start < count; start += BLOCK) {
    add_block_f64(s, x + start, count - start < BLOCK ? count - start : BLOCK);
  }
}

EK_INLINE void count_f32_body(const float *x, size_t count, uint64_t *result) {
  uint64_t total = 0;
  for (size_t start = 0; start < count; start += BLOCK) {
    size_t n = count - start < BLOCK ? count - start : BLOCK;
    uint32_t found = 0;
    for (size_t i = 0; i < n; i++) found += (ek_bits(x[start + i]) & 0x7fffffffu) >= INFINITE;
    total += found;
  }
  *result = total;
}
EK_INLINE void count_f64_body(const double *x, size_t count, uint64_t *result) {
  uint64_t total = 0;
  for (size_t i = 0; i < count; i++) {
    uint64_t bits;
    memcpy(&bits, x + i, sizeof bits);
    total += (bits & INT64_MAX) >= UINT64_C(0x7ff0000000000000);
  }
  *result = total;
}
#define COUNT(T) (const T *x, size_t count, uint64_t *result)
EK_FILE_KERNEL(count_f32, COUNT(float), (x, count, result))
EK_FILE_KERNEL(count_f64, COUNT(double), (x, count, result))

uint64_t ek_count_non_finite_f32(const float *elements, size_t count) {
  uint64_t result;
  count_f32(elements, count, &result);
  return result;
}

uint64_t ek_count_non_finite_f64(const double *elements, size_t count) {
  uint64_t result;
  count_f64(elements, count, &result);
  return result;
}
