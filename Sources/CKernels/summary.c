#include <math.h>

#include "dispatch.h"

// The same bytes with and without fused multiply-add.
#pragma clang fp contract(off)

// Sixteen lanes at every instruction set, so that sums are formed in one order everywhere.
typedef float vf __attribute__((vector_size(64)));
typedef int32_t vi __attribute__((vector_size(64)));
typedef double vd __attribute__((vector_size(64)));
typedef float half_vf __attribute__((vector_size(32)));
typedef uint8_t vb __attribute__((vector_size(64)));
typedef uint8_t quarter_vb __attribute__((vector_size(16)));

// Elements of a block: its exponents and itself stay in the first cache.
enum { BLOCK = 4096, LANES = 16 };

#define INFINITE 0x7f800000

void ek_summary_clear(ek_summary *summary) {
  memset(summary, 0, sizeof *summary);
  summary->minimum = INFINITY;
  summary->maximum = -INFINITY;
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
  for (int bin = 0; bin < EK_EXPONENT_BINS; bin++) s->exponents[bin] += other->exponents[bin];
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
      s->exponents[bin_f32(magnitude)]++;
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

// Bins of the exponents of a block, by comparing bytes with the sixteen values below the greatest;
// what is smaller still is counted one at a time. `flat` remembers that this was the most.
EK_INLINE void count_exponents(
    ek_summary *s, const uint8_t *bytes, size_t count, int greatest, size_t unnormal,
    unsigned *flat) {
  enum { WINDOW = 16 };
  uint32_t plain[4][256];
  size_t whole = count / sizeof(vb) * sizeof(vb);
  int low = greatest - (WINDOW - 1);
  if (low < 1) low = 1;
  size_t seen = 0;
  if (*flat % 16 == 0) {
    for (int value = low; value <= greatest; value++) {
      vb total = {0};
      // A block has at most 64 vectors, so a byte of `total` cannot overflow.
      for (size_t i = 0; i < whole; i += sizeof(vb)) {
        vb b;
        memcpy(&b, bytes + i, sizeof b);
        total -= (vb)(b == (uint8_t)value);
      }
      uint32_t sum = 0;
      for (size_t lane = 0; lane < sizeof(vb); lane++) sum += total[lane];
      for (size_t i = whole; i < count; i++) sum += bytes[i] == value;
      s->exponents[value - 127 + EK_EXPONENT_OFFSET] += sum;
      seen += sum;
    }
    size_t rest = count - unnormal - seen;
    *flat = rest > count / 16;
    if (rest == 0) return;
    // Few groups hold the rest; the others are passed over by their smallest byte.
    for (size_t start = 0; start < count && !*flat; start += 256) {
      size_t end = start + 256 < count ? start + 256 : count;
      uint8_t least = 255;
      for (size_t i = start; i < end; i++) {
        uint8_t b = (uint8_t)(bytes[i] - 1);
        least = b < least ? b : least;
      }
      if (least >= low - 1) continue;
      for (size_t i = start; i < end; i++) {
        if (bytes[i] > 0 && bytes[i] < low) {
          s->exponents[bytes[i] - 127 + EK_EXPONENT_OFFSET]++;
        }
      }
    }
    if (!*flat) return;
    for (size_t i = 0; i < count; i++) {
      if (bytes[i] > 0 && bytes[i] < low) s->exponents[bytes[i] - 127 + EK_EXPONENT_OFFSET]++;
    }
    return;
  }
  // Exponents lie wide apart: four tables, so that equal neighbours do not wait for each other.
  *flat += 1;
  memset(plain, 0, sizeof plain);
  size_t i = 0;
  for (; i + 4 <= count; i += 4) {
    plain[0][bytes[i]]++;
    plain[1][bytes[i + 1]]++;
    plain[2][bytes[i + 2]]++;
    plain[3][bytes[i + 3]]++;
  }
  for (; i < count; i++) plain[0][bytes[i]]++;
  for (int value = 1; value <= greatest; value++) {
    s->exponents[value - 127 + EK_EXPONENT_OFFSET] +=
        plain[0][value] + plain[1][value] + plain[2][value] + plain[3][value];
  }
}

// Lanes of `a` where `mask` is set, else those of `b`. Macros, as passing wide vectors by value
// depends on the instruction set.
#define SELECT(mask, a, b) ((vf)(((vi)(a) & (mask)) | ((vi)(b) & ~(mask))))
#define LANE_SUM(v) ((((v)[0] + (v)[4]) + ((v)[2] + (v)[6])) + (((v)[1] + (v)[5]) + ((v)[3] + (v)[7])))

// Sums of distances from `centre` and of their squares.
typedef struct {
  double distances;
  double squares;
} ek_sums;

// All in double: squares of fp32 numbers neither overflow nor vanish there.
EK_INLINE ek_sums sums_f32(const float *x, size_t count, double centre, float *least, float *most) {
  vd distances[2] = {{0}, {0}}, squares[2] = {{0}, {0}};
  vf low, high;
  memcpy(&low, x, sizeof low);
  high = low;
  for (size_t i = 0; i < count; i += LANES) {
    half_vf half[2];
    vf whole;
    memcpy(half, x + i, sizeof half);
    memcpy(&whole, x + i, sizeof whole);
    for (int part = 0; part < 2; part++) {
      vd distance = __builtin_convertvector(half[part], vd) - centre;
      distances[part] += distance;
      squares[part] += distance * distance;
    }
    low = SELECT(whole < low, whole, low);
    high = SELECT(whole > high, whole, high);
  }
  *least = low[0];
  *most = high[0];
  for (int lane = 1; lane < LANES; lane++) {
    if (low[lane] < *least) *least = low[lane];
    if (high[lane] > *most) *most = high[lane];
  }
  vd distance_lanes = distances[0] + distances[1], square_lanes = squares[0] + squares[1];
  ek_sums sums = {LANE_SUM(distance_lanes), LANE_SUM(square_lanes)};
  return sums;
}

// A block of whole vectors.
EK_INLINE void add_block_f32(ek_summary *s, const float *x, size_t count, unsigned *flat) {
  uint8_t bytes[BLOCK];
  vi zeros = {0}, unnormal = {0}, greatest = {0};
  for (size_t i = 0; i < count; i += LANES) {
    vi bits;
    memcpy(&bits, x + i, sizeof bits);
    vi magnitude = bits & 0x7fffffff;
    zeros -= magnitude == 0;
    unnormal -= magnitude < 0x00800000;
    greatest = __builtin_elementwise_max(magnitude, greatest);
    quarter_vb exponents = __builtin_convertvector(magnitude >> 23, quarter_vb);
    memcpy(bytes + i, &exponents, sizeof exponents);
  }
  int32_t zero_count = 0, unnormal_count = 0, top = 0;
  for (int lane = 0; lane < LANES; lane++) {
    zero_count += zeros[lane];
    unnormal_count += unnormal[lane];
    top = greatest[lane] > top ? greatest[lane] : top;
  }
  if (top >= INFINITE) {
    add_plainly_f32(s, x, count);
    return;
  }
  count_exponents(s, bytes, count, top >> 23, (size_t)unnormal_count, flat);
  if (unnormal_count > zero_count) {
    for (size_t i = 0; i < count; i++) {
      uint32_t magnitude = ek_bits(x[i]) & 0x7fffffffu;
      if (magnitude > 0 && magnitude < 0x00800000u) s->exponents[bin_f32(magnitude)]++;
    }
  }
  // The mean so far is close to that of the block, unless the block differs; then once more.
  double before = (double)finite_count(s), n = (double)count;
  double centre = before > 0 ? s->mean : (double)x[0];
  float least, most;
  ek_sums sums = sums_f32(x, count, centre, &least, &most);
  if (sums.distances * sums.distances > 0.999 * n * sums.squares) {
    centre += sums.distances / n;
    sums = sums_f32(x, count, centre, &least, &most);
  }
  double offset = sums.distances / n;
  double squares = sums.squares - sums.distances * offset;
  merge_moments(s, before, n, centre + offset, squares > 0 ? squares : 0);
  s->count += count;
  s->zeros += (uint64_t)zero_count;
  if (least < s->minimum) s->minimum = least;
  if (most > s->maximum) s->maximum = most;
}

EK_INLINE void ek_summary_add_f32_body(ek_summary *s, const float *x, size_t count) {
  size_t whole = count / LANES * LANES;
  unsigned flat = 0;
  for (size_t start = 0; start < whole; start += BLOCK) {
    size_t n = whole - start < BLOCK ? whole - start : BLOCK;
    add_block_f32(s, x + start, n, &flat);
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
      s->exponents[bin_f64(size)]++;
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
