// Philox4x32-10 of Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3",
// SC11 (2011), in a form that the compiler makes vectors of.
#ifndef EVENKEEL_PHILOX_H
#define EVENKEEL_PHILOX_H

#include "dispatch.h"

EK_INLINE void philox_block(uint32_t c[4], uint32_t k0, uint32_t k1) {
  for (int round = 0; round < 10; round++) {
    uint64_t p0 = (uint64_t)0xD2511F53u * c[0];
    uint64_t p1 = (uint64_t)0xCD9E8D57u * c[2];
    uint32_t n0 = (uint32_t)(p1 >> 32) ^ c[1] ^ k0;
    uint32_t n2 = (uint32_t)(p0 >> 32) ^ c[3] ^ k1;
    c[0] = n0;
    c[1] = (uint32_t)p1;
    c[2] = n2;
    c[3] = (uint32_t)p0;
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
}

enum { PHILOX_LANES = 16 };

// PHILOX_LANES consecutive blocks, words in order.
EK_INLINE void philox_lanes(
    uint32_t *out, ek_stream stream, uint32_t domain, uint64_t first_block) {
  uint32_t c0[PHILOX_LANES], c1[PHILOX_LANES], c2[PHILOX_LANES], c3[PHILOX_LANES];
  for (int lane = 0; lane < PHILOX_LANES; lane++) {
    uint64_t block = first_block + (uint64_t)lane;
    c0[lane] = (uint32_t)block;
    c1[lane] = (uint32_t)(block >> 32);
    c2[lane] = stream.substream;
    c3[lane] = domain;
  }
  uint32_t k0 = (uint32_t)stream.key, k1 = (uint32_t)(stream.key >> 32);
  for (int round = 0; round < 10; round++) {
    for (int lane = 0; lane < PHILOX_LANES; lane++) {
      uint64_t p0 = (uint64_t)0xD2511F53u * c0[lane];
      uint64_t p1 = (uint64_t)0xCD9E8D57u * c2[lane];
      c0[lane] = (uint32_t)(p1 >> 32) ^ c1[lane] ^ k0;
      c1[lane] = (uint32_t)p1;
      c2[lane] = (uint32_t)(p0 >> 32) ^ c3[lane] ^ k1;
      c3[lane] = (uint32_t)p0;
    }
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  for (int lane = 0; lane < PHILOX_LANES; lane++) {
    out[4 * lane] = c0[lane];
    out[4 * lane + 1] = c1[lane];
    out[4 * lane + 2] = c2[lane];
    out[4 * lane + 3] = c3[lane];
  }
}

// Words first ..< first + count of a domain.
EK_INLINE void philox_words(
    uint32_t *out, size_t count, ek_stream stream, uint32_t domain, uint64_t first) {
  uint32_t words[4 * PHILOX_LANES];
  size_t done = 0;
  while (done < count) {
    uint64_t word = first + done;
    size_t skip = word % 4;
    size_t n = 4 * PHILOX_LANES - skip;
    if (n > count - done) n = count - done;
    philox_lanes(words, stream, domain, word / 4);
    memcpy(out + done, words + skip, n * sizeof *out);
    done += n;
  }
}

#endif
