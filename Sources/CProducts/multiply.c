#include "CProducts.h"

#include <string.h>

#if defined(__APPLE__)
#include <Accelerate/Accelerate.h>
#elif defined(__linux__)
#include <cblas.h>
#include <dlfcn.h>
#include <dnnl.h>
#define EK_HAS_LIBRARIES 1
#endif

// About 50 µs of work on one core: less is not worth handing to another.
static const double flops_per_part = 4e6;

typedef struct {
  const void *a, *b;
  void *c;
  size_t m, n, k, rows;
  int transpose_a, transpose_b, accumulates;
  double alpha;
} product;

// Rows of one part: a multiple of 16 that depends on the sizes alone.
static size_t rows_per_part(size_t m, size_t n, size_t k) {
  double parts = 2.0 * (double)m * (double)n * (double)k / flops_per_part;
  if (parts < 2) return m;
  if (parts > 16) parts = 16;
  size_t rows = (size_t)((double)m / parts);
  rows = (rows + 15) / 16 * 16;
  return rows < 16 ? 16 : rows;
}

#if EK_HAS_LIBRARIES
// The libraries are kept to one thread per call: parts are split here, and two pools of threads
// on one machine wait for each other.
static void keep_to_one_thread(void) {
  static __thread int is_set;
  if (is_set) return;
  is_set = 1;
  void (*set_threads)(int) = (void (*)(int))dlsym(RTLD_DEFAULT, "omp_set_num_threads");
  if (set_threads) set_threads(1);
  openblas_set_num_threads(1);
}
#endif

static void part_f32(void *context, size_t part) {
  const product *p = context;
  size_t first = part * p->rows;
  size_t rows = p->m - first < p->rows ? p->m - first : p->rows;
  const float *a = (const float *)p->a + (p->transpose_a ? first : first * p->k);
  size_t lda = p->transpose_a ? p->m : p->k, ldb = p->transpose_b ? p->k : p->n;
  float *c = (float *)p->c + first * p->n;
#if EK_HAS_LIBRARIES
  keep_to_one_thread();
  dnnl_sgemm(p->transpose_a ? 'T' : 'N', p->transpose_b ? 'T' : 'N', (dnnl_dim_t)rows,
             (dnnl_dim_t)p->n, (dnnl_dim_t)p->k, (float)p->alpha, a, (dnnl_dim_t)lda, p->b,
             (dnnl_dim_t)ldb, p->accumulates ? 1 : 0, c, (dnnl_dim_t)p->n);
#elif defined(__APPLE__)
  cblas_sgemm(CblasRowMajor, p->transpose_a ? CblasTrans : CblasNoTrans,
              p->transpose_b ? CblasTrans : CblasNoTrans, (int)rows, (int)p->n, (int)p->k,
              (float)p->alpha, a, (int)lda, p->b, (int)ldb, p->accumulates ? 1 : 0, c, (int)p->n);
#else
  const float *b = p->b;
  for (size_t i = 0; i < rows; i++)
    for (size_t j = 0; j < p->n; j++) {
      double sum = 0;
      for (size_t l = 0; l < p->k; l++)
        sum += (double)(p->transpose_a ? a[l * lda + i] : a[i * lda + l]) *
               (p->transpose_b ? b[j * ldb + l] : b[l * ldb + j]);
      float *out = c + i * p->n + j;
      *out = (float)(p->alpha * sum) + (p->accumulates ? *out : 0);
    }
#endif
}

static void part_f64(void *context, size_t part) {
  const product *p = context;
  size_t first = part * p->rows;
  size_t rows = p->m - first < p->rows ? p->m - first : p->rows;
  const double *a = (const double *)p->a + (p->transpose_a ? first : first * p->k);
  size_t lda = p->transpose_a ? p->m : p->k, ldb = p->transpose_b ? p->k : p->n;
  double *c = (double *)p->c + first * p->n;
#if EK_HAS_LIBRARIES || defined(__APPLE__)
#if EK_HAS_LIBRARIES
  keep_to_one_thread();
#endif
  cblas_dgemm(CblasRowMajor, p->transpose_a ? CblasTrans : CblasNoTrans,
              p->transpose_b ? CblasTrans : CblasNoTrans, (int)rows, (int)p->n, (int)p->k,
              p->alpha, a, (int)lda, p->b, (int)ldb, p->accumulates ? 1 : 0, c, (int)p->n);
#else
  const double *b = p->b;
  for (size_t i = 0; i < rows; i++)
    for (size_t j = 0; j < p->n; j++) {
      double sum = 0;
      for (size_t l = 0; l < p->k; l++)
        sum += (p->transpose_a ? a[l * lda + i] : a[i * lda + l]) *
               (p->transpose_b ? b[j * ldb + l] : b[l * ldb + j]);
      double *out = c + i * p->n + j;
      *out = p->alpha * sum + (p->accumulates ? *out : 0);
    }
#endif
}

static void run(product *p, size_t element, void (*part)(void *, size_t)) {
  if (p->m == 0 || p->n == 0) return;
  // A library may take 0 · C for C = NaN, or leave C alone where the sum is empty.
  if (!p->accumulates) memset(p->c, 0, p->m * p->n * element);
  if (p->k == 0) return;
  p->rows = rows_per_part(p->m, p->n, p->k);
  ek_parallel_for((p->m + p->rows - 1) / p->rows, part, p);
}

void ek_multiply_f32(const float *a, const float *b, float *c, size_t m, size_t n, size_t k,
                     int transpose_a, int transpose_b, float alpha, int accumulates) {
  product p = {a, b, c, m, n, k, 0, transpose_a, transpose_b, accumulates, alpha};
  run(&p, sizeof *c, part_f32);
}

void ek_multiply_f64(const double *a, const double *b, double *c, size_t m, size_t n, size_t k,
                     int transpose_a, int transpose_b, double alpha, int accumulates) {
  product p = {a, b, c, m, n, k, 0, transpose_a, transpose_b, accumulates, alpha};
  run(&p, sizeof *c, part_f64);
}
