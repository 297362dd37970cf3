#include "CProducts.h"

#if defined(__APPLE__)
#include <Accelerate/Accelerate.h>
#define EK_HAS_CBLAS 1
#elif defined(__linux__)
#include <cblas.h>
#include <dlfcn.h>
#include <dnnl.h>
#define EK_HAS_CBLAS 1
#define EK_HAS_ONEDNN 1
#endif

#include "libraries.h"

// Large products are split into a grid of tiles, each one call of a library on one thread.

// Less work than this is not worth handing to another thread.
static const double flops_per_tile = 5e5;

enum {
  most_tiles = 8,
  // Tiles are multiples of these, so that the library's own blocks are full.
  row_unit = 16,
  column_unit = 48,
  least_rows = 32,
  least_columns = 96,
};

typedef struct {
  const void *a, *b, *bias;
  void *c;
  size_t m, n, k;
  int transpose_a, transpose_b, accumulates;
  double alpha;
  // Rows and columns of a tile, and tiles beside each other.
  size_t rows, columns, across;
} product;

// One tile: places and extents. Strides are those of the whole product.
typedef struct {
  size_t a, b, c, rows, columns, lda, ldb;
} tile;

static size_t ceiling(size_t count, size_t parts, size_t unit) {
  size_t part = (count + parts - 1) / parts;
  return (part + unit - 1) / unit * unit;
}

// Sets the grid by the extents alone, so that results do not depend on the number of threads.
//
// A library packs b once for every row of tiles and a once for every column of tiles; reading b
// transposed is the dearest, as seen with oneDNN. The cheapest grid is taken.
static void split(product *p) {
  p->rows = p->m;
  p->columns = p->n;
  double work = 2.0 * (double)p->m * (double)p->n * (double)p->k / flops_per_tile;
  size_t tiles = 1;
  while (tiles < most_tiles && (double)(2 * tiles) <= work) tiles *= 2;
  double b_cost = (double)p->n * (p->transpose_b ? 3 : 1), a_cost = (double)p->m;
  for (; tiles > 1; tiles /= 2) {
    double least = 0;
    for (size_t down = tiles; down >= 1; down /= 2) {
      size_t across = tiles / down;
      if (down > 1 && p->m / down < least_rows) continue;
      if (across > 1 && p->n / across < least_columns) continue;
      double cost = (double)down * b_cost + (double)across * a_cost;
      if (least > 0 && cost >= least) continue;
      least = cost;
      p->rows = down == 1 ? p->m : ceiling(p->m, down, row_unit);
      p->columns = across == 1 ? p->n : ceiling(p->n, across, column_unit);
    }
    if (least > 0) break;
  }
  p->across = (p->n + p->columns - 1) / p->columns;
}

static tile tile_at(const product *p, size_t index) {
  size_t row = index / p->across * p->rows, column = index % p->across * p->columns;
  tile t;
  t.lda = p->transpose_a ? p->m : p->k;
  t.ldb = p->transpose_b ? p->k : p->n;
  t.rows = p->m - row < p->rows ? p->m - row : p->rows;
  t.columns = p->n - column < p->columns ? p->n - column : p->columns;
  t.a = p->transpose_a ? row : row * t.lda;
  t.b = p->transpose_b ? column * t.ldb : column;
  t.c = row * p->n + column;
  return t;
}

// A tile by plain loops, where no library is or a library would cut the sum short.
#define DEFINE_PLAIN(NAME, T)                                                                 \
  static void NAME(const product *p, tile t) {                                                \
    const T *a = (const T *)p->a + t.a, *b = (const T *)p->b + t.b;                           \
    T *c = (T *)p->c + t.c;                                                                   \
    for (size_t i = 0; i < t.rows; i++)                                                       \
      for (size_t j = 0; j < t.columns; j++) {                                                \
        double sum = 0;                                                                       \
        for (size_t l = 0; l < p->k; l++)                                                     \
          sum += (double)(p->transpose_a ? a[l * t.lda + i] : a[i * t.lda + l]) *             \
                 (double)(p->transpose_b ? b[j * t.ldb + l] : b[l * t.ldb + j]);              \
        T *out = c + i * p->n + j;                                                            \
        *out = (T)(p->alpha * sum) + (p->accumulates ? *out : 0);                             \
      }                                                                                       \
  }

DEFINE_PLAIN(plain_f32, float)
DEFINE_PLAIN(plain_f64, double)

#define DEFINE_ADD_BIAS(NAME, T)                                             \
  static void NAME(const product *p, tile t) {                               \
    if (!p->bias) return;                                                    \
    const T *bias = (const T *)p->bias + t.c % p->n;                         \
    for (size_t i = 0; i < t.rows; i++) {                                    \
      T *restrict row = (T *)p->c + t.c + i * p->n;                          \
      for (size_t j = 0; j < t.columns; j++) row[j] += bias[j];              \
    }                                                                        \
  }

DEFINE_ADD_BIAS(add_bias_f32, float)
DEFINE_ADD_BIAS(add_bias_f64, double)

// Libraries leave c as it is where the sum is empty, and take 0 · ∞ for 0 where alpha is 0.
static int is_degenerate(const product *p) { return p->k == 0 || p->alpha == 0; }

#if EK_HAS_ONEDNN
void ek_keep_libraries_to_one_thread(void) {
  static __thread int is_set;
  if (is_set) return;
  is_set = 1;
  void (*set_threads)(int) = (void (*)(int))dlsym(RTLD_DEFAULT, "omp_set_num_threads");
  if (set_threads) set_threads(1);
  openblas_set_num_threads(1);
}
#endif

#if EK_HAS_CBLAS
static enum CBLAS_TRANSPOSE order(int transpose) { return transpose ? CblasTrans : CblasNoTrans; }
#endif

static void tile_f32(void *context, size_t index) {
  const product *p = context;
  tile t = tile_at(p, index);
  if (is_degenerate(p)) {
    plain_f32(p, t);
    add_bias_f32(p, t);
    return;
  }
  const float *a = (const float *)p->a + t.a, *b = (const float *)p->b + t.b;
  float *c = (float *)p->c + t.c;
#if EK_HAS_ONEDNN
  ek_keep_libraries_to_one_thread();
  dnnl_status_t status = dnnl_sgemm(
      p->transpose_a ? 'T' : 'N', p->transpose_b ? 'T' : 'N', (dnnl_dim_t)t.rows,
      (dnnl_dim_t)t.columns, (dnnl_dim_t)p->k, (float)p->alpha, a, (dnnl_dim_t)t.lda, b,
      (dnnl_dim_t)t.ldb, p->accumulates ? 1 : 0, c, (dnnl_dim_t)p->n);
  // It refuses only when memory for its own work is short.
  if (status != dnnl_success) plain_f32(p, t);
#elif EK_HAS_CBLAS
  cblas_sgemm(CblasRowMajor, order(p->transpose_a), order(p->transpose_b), (int)t.rows,
              (int)t.columns, (int)p->k, (float)p->alpha, a, (int)t.lda, b, (int)t.ldb,
              p->accumulates ? 1 : 0, c, (int)p->n);
#else
  (void)a, (void)b, (void)c;
  plain_f32(p, t);
#endif
  add_bias_f32(p, t);
}

static void tile_f64(void *context, size_t index) {
  const product *p = context;
  tile t = tile_at(p, index);
  if (is_degenerate(p)) {
    plain_f64(p, t);
    add_bias_f64(p, t);
    return;
  }
#if EK_HAS_CBLAS
#if EK_HAS_ONEDNN
  ek_keep_libraries_to_one_thread();
#endif
  cblas_dgemm(CblasRowMajor, order(p->transpose_a), order(p->transpose_b), (int)t.rows,
              (int)t.columns, (int)p->k, p->alpha, (const double *)p->a + t.a, (int)t.lda,
              (const double *)p->b + t.b, (int)t.ldb, p->accumulates ? 1 : 0,
              (double *)p->c + t.c, (int)p->n);
#else
  plain_f64(p, t);
#endif
  add_bias_f64(p, t);
}

static void run(product *p, void (*body)(void *, size_t)) {
  if (p->m == 0 || p->n == 0) return;
  split(p);
  size_t down = (p->m + p->rows - 1) / p->rows;
  ek_parallel_for(down * p->across, body, p);
}

void ek_multiply_f32(const float *a, const float *b, float *c, size_t m, size_t n, size_t k,
                     int transpose_a, int transpose_b, float alpha, int accumulates,
                     const float *bias) {
  product p = {a, b, bias, c, m, n, k, transpose_a, transpose_b, accumulates, alpha, 0, 0, 0};
  run(&p, tile_f32);
}

void ek_multiply_f64(const double *a, const double *b, double *c, size_t m, size_t n, size_t k,
                     int transpose_a, int transpose_b, double alpha, int accumulates,
                     const double *bias) {
  product p = {a, b, bias, c, m, n, k, transpose_a, transpose_b, accumulates, alpha, 0, 0, 0};
  run(&p, tile_f64);
}
