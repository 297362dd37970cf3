// The rules of optimisers for elements of type REAL, whose helpers are called NAME(...) and bodies of
// kernels BODY(...). Included once for each type. Definitions are those of torch.optim in PyTorch 2.13.

// a + share (b - a), from the nearer end as PyTorch's lerp takes it, so that a share of 1 gives b.
EK_INLINE REAL NAME(between)(REAL a, REAL b, REAL share) {
  return share < (REAL)0.5 ? a + share * (b - a) : b - (b - a) * (1 - share);
}

EK_INLINE void NAME(sgd)(
    const double *p, const REAL *g, const REAL *w, REAL *const *states, REAL *restrict u, size_t count,
    int decays) {
  const REAL rate = (REAL)p[0], decay = (REAL)p[1], momentum = (REAL)p[2], share = (REAL)p[3];
  REAL *restrict sum = states[0];
  if (p[4] == 0) {
    EK_ELEMENTWISE
    for (size_t i = 0; i < count; i++) u[i] = -rate * (decays ? g[i] + decay * w[i] : g[i]);
  } else if (p[5] == 0) {
    EK_ELEMENTWISE
    for (size_t i = 0; i < count; i++) {
      REAL d = decays ? g[i] + decay * w[i] : g[i];
      sum[i] = momentum * sum[i] + share * d;
      u[i] = -rate * sum[i];
    }
  } else {
    EK_ELEMENTWISE
    for (size_t i = 0; i < count; i++) {
      REAL d = decays ? g[i] + decay * w[i] : g[i];
      sum[i] = momentum * sum[i] + share * d;
      u[i] = -rate * (d + momentum * sum[i]);
    }
  }
}

EK_INLINE void NAME(rmsprop)(
    const double *p, const REAL *g, const REAL *w, REAL *const *states, REAL *restrict u, size_t count,
    int decays, int centred, int sums) {
  const REAL rate = (REAL)p[0], decay = (REAL)p[1], stays = (REAL)p[2], share = (REAL)p[3];
  const REAL epsilon = (REAL)p[4], momentum = (REAL)p[5];
  REAL *restrict square = states[0], *restrict mean = states[1];
  REAL *restrict sum = states[centred ? 2 : 1];
  EK_ELEMENTWISE
  for (size_t i = 0; i < count; i++) {
    REAL d = decays ? g[i] + decay * w[i] : g[i];
    square[i] = stays * square[i] + share * d * d;
    REAL spread = square[i];
    if (centred) {
      mean[i] = NAME(between)(mean[i], d, share);
      spread = spread - mean[i] * mean[i];
      spread = spread < 0 ? 0 : spread;
    }
    REAL step = d / (__builtin_elementwise_sqrt(spread) + epsilon);
    if (sums) {
      sum[i] = momentum * sum[i] + step;
      step = sum[i];
    }
    u[i] = -rate * step;
  }
}

EK_INLINE void NAME(adagrad)(
    const double *p, const REAL *g, const REAL *w, REAL *const *states, REAL *restrict u, size_t count,
    int decays) {
  const REAL rate = (REAL)p[0], decay = (REAL)p[1], epsilon = (REAL)p[2];
  REAL *restrict sum = states[0];
  EK_ELEMENTWISE
  for (size_t i = 0; i < count; i++) {
    REAL d = decays ? g[i] + decay * w[i] : g[i];
    sum[i] = sum[i] + d * d;
    u[i] = -rate * (d / (__builtin_elementwise_sqrt(sum[i]) + epsilon));
  }
}

EK_INLINE void NAME(adam)(
    const double *p, const REAL *g, const REAL *w, REAL *const *states, REAL *restrict u, size_t count,
    int decays, int loses, int greatest) {
  const REAL rate = (REAL)p[0], decay = (REAL)p[1], new_mean = (REAL)p[2], stays = (REAL)p[3];
  const REAL share = (REAL)p[4], epsilon = (REAL)p[5], factor = (REAL)p[6], loss = (REAL)p[7];
  REAL *restrict mean = states[0], *restrict square = states[1], *restrict top = states[2];
  EK_ELEMENTWISE
  for (size_t i = 0; i < count; i++) {
    REAL d = decays ? g[i] + decay * w[i] : g[i];
    mean[i] = NAME(between)(mean[i], d, new_mean);
    square[i] = stays * square[i] + share * d * d;
    REAL spread = square[i];
    if (greatest) {
      spread = top[i] > spread ? top[i] : spread;
      top[i] = spread;
    }
    REAL step = -rate * (mean[i] / (__builtin_elementwise_sqrt(spread) * factor + epsilon));
    u[i] = loses ? step - loss * w[i] : step;
  }
}

EK_INLINE void NAME(adamax)(
    const double *p, const REAL *g, const REAL *w, REAL *const *states, REAL *restrict u, size_t count,
    int decays) {
  const REAL rate = (REAL)p[0], decay = (REAL)p[1], new_mean = (REAL)p[2], stays = (REAL)p[3];
  const REAL epsilon = (REAL)p[4];
  REAL *restrict mean = states[0], *restrict size = states[1];
  EK_ELEMENTWISE
  for (size_t i = 0; i < count; i++) {
    REAL d = decays ? g[i] + decay * w[i] : g[i];
    mean[i] = NAME(between)(mean[i], d, new_mean);
    REAL seen = (d < 0 ? -d : d) + epsilon, before = stays * size[i];
    size[i] = before > seen ? before : seen;
    u[i] = -rate * (mean[i] / size[i]);
  }
}

EK_INLINE void NAME(adadelta)(
    const double *p, const REAL *g, const REAL *w, REAL *const *states, REAL *restrict u, size_t count,
    int decays) {
  const REAL rate = (REAL)p[0], decay = (REAL)p[1], stays = (REAL)p[2], share = (REAL)p[3];
  const REAL epsilon = (REAL)p[4];
  REAL *restrict square = states[0], *restrict steps = states[1];
  EK_ELEMENTWISE
  for (size_t i = 0; i < count; i++) {
    REAL d = decays ? g[i] + decay * w[i] : g[i];
    square[i] = stays * square[i] + share * d * d;
    REAL step = __builtin_elementwise_sqrt(steps[i] + epsilon) /
                __builtin_elementwise_sqrt(square[i] + epsilon) * d;
    steps[i] = stays * steps[i] + share * step * step;
    u[i] = -rate * step;
  }
}

EK_INLINE void BODY(ek_optimize)(
    ek_optimizer rule, const double *p, const REAL *g, const REAL *w, REAL *const *states, REAL *u,
    size_t count) {
// What does not change from element to element is a constant in a loop of its own.
#define EITHER(flag, call_with, call_without) \
  if (flag) {                                 \
    call_with;                                \
  } else {                                    \
    call_without;                             \
  }
#define ADAM(decays, loses)                                     \
  EITHER(                                                       \
      p[8] != 0, NAME(adam)(p, g, w, states, u, count, decays, loses, 1), \
      NAME(adam)(p, g, w, states, u, count, decays, loses, 0))
#define RMSPROP(centred, sums)                                    \
  EITHER(                                                         \
      p[1] != 0, NAME(rmsprop)(p, g, w, states, u, count, 1, centred, sums), \
      NAME(rmsprop)(p, g, w, states, u, count, 0, centred, sums))
#define SIMPLE(rule_name)                                  \
  EITHER(                                                  \
      p[1] != 0, NAME(rule_name)(p, g, w, states, u, count, 1), \
      NAME(rule_name)(p, g, w, states, u, count, 0))
  switch (rule) {
    case EK_SGD: SIMPLE(sgd) break;
    case EK_RMSPROP:
      if (p[6] != 0) {
        EITHER(p[7] != 0, RMSPROP(1, 1), RMSPROP(1, 0))
      } else {
        EITHER(p[7] != 0, RMSPROP(0, 1), RMSPROP(0, 0))
      }
      break;
    case EK_ADAGRAD: SIMPLE(adagrad) break;
    case EK_ADAM:
      if (p[7] != 0) {
        ADAM(0, 1)
      } else {
        EITHER(p[1] != 0, ADAM(1, 0), ADAM(0, 0))
      }
      break;
    case EK_ADAMAX: SIMPLE(adamax) break;
    case EK_ADADELTA: SIMPLE(adadelta) break;
  }
#undef EITHER
#undef ADAM
#undef RMSPROP
#undef SIMPLE
}

EK_INLINE void BODY(ek_add_update)(
    const REAL *weight, const REAL *update, REAL *out, size_t count) {
  EK_ELEMENTWISE
  for (size_t i = 0; i < count; i++) out[i] = weight[i] + update[i];
}

EK_INLINE void BODY(count_lost)(
    const REAL *weight, const REAL *update, size_t count, REAL least_normal, REAL epsilon,
    uint64_t *result) {
  const BITS mask = EXPONENT;
  uint64_t total = 0;
  for (size_t start = 0; start < count; start += BLOCK) {
    size_t n = count - start < BLOCK ? count - start : BLOCK;
    BITS found = 0;
    for (size_t i = 0; i < n; i++) {
      BITS bits;
      memcpy(&bits, weight + start + i, sizeof bits);
      bits &= mask;
      REAL power;
      memcpy(&power, &bits, sizeof power);
      power = power < least_normal ? least_normal : power;
      REAL u = update[start + i], twice = 2 * (u < 0 ? -u : u);
      found += (twice < power * epsilon) & (u != 0);
    }
    total += found;
  }
  *result = total;
}

EK_INLINE void BODY(greatest)(const REAL *x, size_t count, BITS *result) {
  BITS greatest = 0;
  for (size_t i = 0; i < count; i++) {
    BITS bits;
    memcpy(&bits, x + i, sizeof bits);
    bits &= ~(BITS)0 >> 1;
    greatest = bits > greatest ? bits : greatest;
  }
  *result = greatest;
}
