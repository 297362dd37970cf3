#include "dispatch.h"

#include <stdatomic.h>

static atomic_int chosen = -1;

static int best_level(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  int avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
             __builtin_cpu_supports("bmi2");
  if (avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("avx512cd")) {
    return EK_LEVEL_AVX512;
  }
  if (avx2) return EK_LEVEL_AVX2;
#endif
  return EK_LEVEL_BASELINE;
}

int ek_vector_level(void) {
  int level = atomic_load_explicit(&chosen, memory_order_relaxed);
  if (level < 0) {
    level = best_level();
    atomic_store_explicit(&chosen, level, memory_order_relaxed);
  }
  return level;
}

int ek_limit_vector_level(int level) {
  int best = best_level();
  int next = level < best ? level : best;
  atomic_store_explicit(&chosen, next, memory_order_relaxed);
  return next;
}
