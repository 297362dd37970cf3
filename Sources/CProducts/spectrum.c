#include "CProducts.h"

#include <stdlib.h>

// LAPACK's divide-and-conquer decomposition; OpenBLAS and Accelerate both carry it.
extern void dgesdd_(const char *job, const int *m, const int *n, double *a, const int *lda,
                    double *s, double *u, const int *ldu, double *vt, const int *ldvt,
                    double *work, const int *lwork, int *iwork, int *info);

int ek_singular_values(double *matrix, size_t rows, size_t columns, double *values) {
  // Row-major rows×columns is column-major columns×rows, which has the same singular values.
  int m = (int)columns, n = (int)rows, one = 1, info = 0, query = -1;
  size_t least = rows < columns ? rows : columns;
  if (least == 0) return 0;
  int *iwork = malloc(8 * least * sizeof *iwork);
  double size = 0;
  if (!iwork) return -1;
  dgesdd_("N", &m, &n, matrix, &m, values, NULL, &one, NULL, &one, &size, &query, iwork, &info);
  int length = (int)size;
  double *work = info == 0 ? malloc((size_t)length * sizeof *work) : NULL;
  if (info == 0 && !work) info = -1;
  if (info == 0)
    dgesdd_("N", &m, &n, matrix, &m, values, NULL, &one, NULL, &one, work, &length, iwork, &info);
  free(work);
  free(iwork);
  return info;
}
