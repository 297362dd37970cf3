// How a kernel is compiled for several instruction sets and chosen when it is called.
#ifndef EVENKEEL_DISPATCH_H
#define EVENKEEL_DISPATCH_H

#include <string.h>

#include "CKernels.h"

#define EK_INLINE static inline __attribute__((always_inline))

#if defined(__x86_64__)
#define EK_AVX2 __attribute__((target("avx2,fma,f16c,bmi,bmi2,lzcnt,popcnt")))
#define EK_AVX512                                                                      \
  __attribute__((target(                                                               \
      "avx512f,avx512bw,avx512dq,avx512vl,avx512cd,avx2,fma,f16c,bmi,bmi2,lzcnt,popcnt"), \
      min_vector_width(512)))

// Defines `name`, which runs the always-inlined `name_body` compiled for the machine it is on;
// `linkage` is `static` or empty.
#define EK_KERNEL_LINKED(linkage, name, parameters, arguments)              \
  EK_AVX512 static void name##_avx512 parameters { name##_body arguments; } \
  EK_AVX2 static void name##_avx2 parameters { name##_body arguments; }     \
  static void name##_baseline parameters { name##_body arguments; }         \
  linkage void name parameters {                                            \
    switch (ek_vector_level()) {                                            \
      case EK_LEVEL_AVX512: name##_avx512 arguments; break;                 \
      case EK_LEVEL_AVX2: name##_avx2 arguments; break;                     \
      default: name##_baseline arguments;                                   \
    }                                                                       \
  }
#else
#define EK_KERNEL_LINKED(linkage, name, parameters, arguments) \
  linkage void name parameters { name##_body arguments; }
#endif

#define EK_KERNEL(name, parameters, arguments) EK_KERNEL_LINKED(, name, parameters, arguments)
#define EK_FILE_KERNEL(name, parameters, arguments) \
  EK_KERNEL_LINKED(static, name, parameters, arguments)

// In front of a loop whose results may lie in the place of its operands, element by element: without
// it the compiler makes a second loop without vectors for that case.
#define EK_ELEMENTWISE _Pragma("clang loop vectorize(assume_safety)")

EK_INLINE uint32_t ek_bits(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

EK_INLINE float ek_float(uint32_t bits) {
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

#endif
