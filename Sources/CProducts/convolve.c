#include "CProducts.h"

#if defined(__linux__)
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "convolution.h"
#include "libraries.h"

// Convolutions by oneDNN, image by image: a few images are brought into the library's own layout,
// convolved and brought back while they are in cache. Each call of the library runs on one thread;
// images and, where those are few, channels are shared out to ours at places that depend on the
// extents alone.

// What a thread needs to run primitives: memory objects of every shape it has met, and buffers that
// grow to the largest.
typedef struct {
  dnnl_memory_t plain[operands], wanted[operands], bias, scratch;
} objects;

typedef struct {
  void *start;
  size_t bytes;
} buffer;

enum { scratch_room = operands, rooms };

typedef struct {
  dnnl_stream_t stream;
  buffer rooms[rooms];
  objects *of[most_kept];
} worker;

// What a thread that convolves lends to those that help it, by their numbers in the pool.
typedef struct {
  buffer shared;
  worker *workers[ek_most_threads];
} helpers;

static pthread_key_t helpers_key;
static pthread_once_t helpers_once = PTHREAD_ONCE_INIT;

static void free_objects(objects *o) {
  for (int i = 0; i < operands; i++) {
    if (o->plain[i]) dnnl_memory_destroy(o->plain[i]);
    if (o->wanted[i]) dnnl_memory_destroy(o->wanted[i]);
  }
  if (o->bias) dnnl_memory_destroy(o->bias);
  if (o->scratch) dnnl_memory_destroy(o->scratch);
  free(o);
}

static void free_worker(worker *w) {
  for (size_t i = 0; i < most_kept; i++)
    if (w->of[i]) free_objects(w->of[i]);
  for (int r = 0; r < rooms; r++) free(w->rooms[r].start);
  if (w->stream) dnnl_stream_destroy(w->stream);
  free(w);
}

static void free_helpers(void *pointer) {
  helpers *h = pointer;
  for (size_t i = 0; i < ek_most_threads; i++)
    if (h->workers[i]) free_worker(h->workers[i]);
  free(h->shared.start);
  free(h);
}

static void make_key(void) { pthread_key_create(&helpers_key, free_helpers); }

// NULL when memory is short.
static helpers *own_helpers(void) {
  pthread_once(&helpers_once, make_key);
  helpers *h = pthread_getspecific(helpers_key);
  if (h) return h;
  h = calloc(1, sizeof *h);
  if (h) pthread_setspecific(helpers_key, h);
  return h;
}

static void *grown(buffer *b, size_t bytes) {
  if (b->bytes < bytes) {
    free(b->start);
    b->bytes = (bytes + 63) / 64 * 64;
    b->start = aligned_alloc(64, b->bytes);
    if (!b->start) b->bytes = 0;
  }
  return b->start;
}

// Makes sure that a worker has all that a shape needs; whether there was memory.
static int prepare_worker(helpers *h, size_t number, const ek_kept_convolution *k) {
  worker *w = h->workers[number];
  if (!w) {
    w = h->workers[number] = calloc(1, sizeof *w);
    if (!w) return 0;
  }
  if (!w->stream &&
      dnnl_stream_create(&w->stream, ek_engine(), dnnl_stream_default_flags) != dnnl_success)
    return 0;
  for (int i = 0; i < operands; i++)
    if (k->sides[i].reorder && !grown(&w->rooms[i], k->sides[i].bytes)) return 0;
  if (k->key.kind == weight_gradient && !grown(&w->rooms[result], k->sides[result].bytes))
    return 0;
  size_t scratch = dnnl_memory_desc_get_size(&k->scratch);
  if (scratch > 0 && !grown(&w->rooms[scratch_room], scratch)) return 0;
  if (w->of[k->number]) return 1;
  objects *o = calloc(1, sizeof *o);
  if (!o) return 0;
  int failed = 0;
  for (int i = 0; i < operands; i++) {
    const ek_side *s = &k->sides[i];
    failed |= dnnl_memory_create(&o->plain[i], &s->plain, ek_engine(), NULL) != dnnl_success;
    failed |= dnnl_memory_create(&o->wanted[i], &s->wanted, ek_engine(), NULL) != dnnl_success;
  }
  failed |= dnnl_memory_create(&o->bias, &k->bias, ek_engine(), NULL) != dnnl_success;
  failed |= dnnl_memory_create(&o->scratch, &k->scratch, ek_engine(), NULL) != dnnl_success;
  if (failed) {
    free_objects(o);
    return 0;
  }
  w->of[k->number] = o;
  return 1;
}

// All that may take part, so that whoever does finds what it needs.
static int prepare(helpers *h, const ek_kept_convolution *k) {
  size_t own = ek_thread_number() + 1, pool = ek_threads();
  for (size_t i = 0; i < (own > pool ? own : pool); i++)
    if (!prepare_worker(h, i, k)) return 0;
  return 1;
}

static int set(dnnl_memory_t memory, const void *handle) {
  return dnnl_memory_set_data_handle(memory, (void *)handle) == dnnl_success;
}

static int reorder(worker *w, dnnl_primitive_t primitive, dnnl_memory_t from,
                   dnnl_memory_t to) {
  dnnl_exec_arg_t args[] = {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}};
  return dnnl_primitive_execute(primitive, w->stream, 2, args) == dnnl_success;
}

// One call of a convolution: where everything is.
typedef struct {
  const ek_kept_convolution *kept;
  helpers *helpers;
  const float *first, *second, *bias;
  float *result;
  const char *weights; // in the wanted layout, the parts of the channels behind each other
  char *sums;          // partial sums of a weight's gradient, one per part
  int failed;
} call;

// Brings an operand into the wanted layout, in the room of its number, unless it has it.
static int bring(worker *w, const ek_kept_convolution *k, int i, const float *from) {
  objects *o = w->of[k->number];
  const ek_side *s = &k->sides[i];
  if (!s->reorder) return set(o->wanted[i], from);
  return set(o->plain[i], from) && set(o->wanted[i], w->rooms[i].start) &&
         reorder(w, s->reorder, o->plain[i], o->wanted[i]);
}

static int execute(worker *w, const ek_kept_convolution *k) {
  static const int names[][operands] = {
      [forward] = {DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DST},
      [input_gradient] = {DNNL_ARG_DIFF_DST, DNNL_ARG_WEIGHTS, DNNL_ARG_DIFF_SRC},
      [weight_gradient] = {DNNL_ARG_SRC, DNNL_ARG_DIFF_DST, DNNL_ARG_DIFF_WEIGHTS},
  };
  objects *o = w->of[k->number];
  dnnl_exec_arg_t args[operands + 2];
  int count = 0;
  for (; count < operands; count++)
    args[count] = (dnnl_exec_arg_t){names[k->key.kind][count], o->wanted[count]};
  size_t scratch = dnnl_memory_desc_get_size(&k->scratch);
  if (scratch > 0) {
    if (!set(o->scratch, w->rooms[scratch_room].start)) return 0;
    args[count++] = (dnnl_exec_arg_t){DNNL_ARG_SCRATCHPAD, o->scratch};
  }
  if (k->key.has_bias) args[count++] = (dnnl_exec_arg_t){DNNL_ARG_BIAS, o->bias};
  return dnnl_primitive_execute(k->primitive, w->stream, count, args) == dnnl_success;
}

// Elements between the images of x and of y, and between the parts of their channels.
typedef struct {
  size_t x, y, x_part, y_part, w_part;
} strides;

static strides strides_of(const ek_kept_convolution *k) {
  const ek_convolution *c = &k->key.shape;
  size_t input = c->height * c->width, output = c->out_height * c->out_width;
  size_t taps = c->kernel[0] * c->kernel[1], parts = k->channel_parts;
  int over_inputs = k->key.kind == input_gradient;
  return (strides){
      .x = c->channels * input,
      .y = c->out_channels * output,
      .x_part = over_inputs ? c->channels / parts * input : 0,
      .y_part = over_inputs ? 0 : c->out_channels / parts * output,
      .w_part = (over_inputs ? c->channels / parts : c->out_channels / parts * c->channels) * taps,
  };
}

static int run_images(call *c, size_t channel_part, size_t chunk) {
  const ek_kept_convolution *k = c->kept;
  worker *w = c->helpers->workers[ek_thread_number()];
  objects *o = w->of[k->number];
  strides t = strides_of(k);
  int is_forward = k->key.kind == forward;
  size_t image = chunk * k->images;
  size_t from = image * (is_forward ? t.x : t.y);
  size_t to = is_forward ? image * t.y + channel_part * t.y_part
                         : image * t.x + channel_part * t.x_part;
  if (!bring(w, k, first, c->first + from)) return 0;
  const ek_side *s = &k->sides[second];
  const void *weights = s->reorder ? (const void *)(c->weights + channel_part * s->bytes)
                                   : (const void *)(c->second + channel_part * t.w_part);
  if (!set(o->wanted[second], weights)) return 0;
  if (k->key.has_bias &&
      !set(o->bias, c->bias + channel_part * (k->key.shape.out_channels / k->channel_parts)))
    return 0;
  const ek_side *r = &k->sides[result];
  void *target = r->reorder ? w->rooms[result].start : c->result + to;
  if (!set(o->wanted[result], target) || !execute(w, k)) return 0;
  return !r->reorder || (set(o->plain[result], c->result + to) &&
                         reorder(w, r->reorder, o->wanted[result], o->plain[result]));
}

// Adds the chunks of one part up, in its own sum.
static int run_sum(call *c, size_t channel_part, size_t begin, size_t end, char *sum) {
  const ek_kept_convolution *k = c->kept;
  worker *w = c->helpers->workers[ek_thread_number()];
  objects *o = w->of[k->number];
  strides t = strides_of(k);
  size_t bytes = k->sides[result].bytes;
  for (size_t chunk = begin; chunk < end; chunk++) {
    size_t image = chunk * k->images;
    void *target = chunk == begin ? (void *)sum : w->rooms[result].start;
    if (!bring(w, k, first, c->first + image * t.x) ||
        !bring(w, k, second, c->second + image * t.y + channel_part * t.y_part) ||
        !set(o->wanted[result], target) || !execute(w, k))
      return 0;
    if (chunk == begin) continue;
    float *total = (float *)sum;
    const float *more = target;
    for (size_t i = 0; i < bytes / 4; i++) total[i] += more[i];
  }
  return 1;
}

static void run_part(void *context, size_t index) {
  ek_keep_libraries_to_one_thread();
  call *c = context;
  const ek_kept_convolution *k = c->kept;
  size_t channel_part = index % k->channel_parts, part = index / k->channel_parts;
  size_t parts = k->parts / k->channel_parts;
  size_t begin = k->chunks * part / parts, end = k->chunks * (part + 1) / parts;
  int good = 1;
  if (k->key.kind == weight_gradient) {
    good = run_sum(c, channel_part, begin, end, c->sums + index * k->sides[result].bytes);
  } else {
    for (size_t chunk = begin; chunk < end && good; chunk++)
      good = run_images(c, channel_part, chunk);
  }
  if (!good) __atomic_store_n(&c->failed, 1, __ATOMIC_RELAXED);
}

// Adds the sums of the parts up in order and brings them to the caller's layout.
static int finish_sums(call *c, worker *w) {
  const ek_kept_convolution *k = c->kept;
  const ek_side *r = &k->sides[result];
  objects *o = w->of[k->number];
  strides t = strides_of(k);
  for (size_t channel_part = 0; channel_part < k->channel_parts; channel_part++) {
    float *total = (float *)(c->sums + channel_part * r->bytes);
    for (size_t i = channel_part + k->channel_parts; i < k->parts; i += k->channel_parts) {
      const float *more = (const float *)(c->sums + i * r->bytes);
      for (size_t j = 0; j < r->bytes / 4; j++) total[j] += more[j];
    }
    float *to = c->result + channel_part * t.w_part;
    if (!r->reorder) {
      memcpy(to, total, r->bytes);
    } else if (!set(o->wanted[result], total) || !set(o->plain[result], to) ||
               !reorder(w, r->reorder, o->wanted[result], o->plain[result])) {
      return 0;
    }
  }
  return 1;
}

// Brings the weights into the wanted layout, once for all parts.
static int bring_weights(call *c, worker *w) {
  const ek_kept_convolution *k = c->kept;
  const ek_side *s = &k->sides[second];
  if (!s->reorder) return 1;
  objects *o = w->of[k->number];
  char *to = grown(&c->helpers->shared, s->bytes * k->channel_parts);
  if (!to) return 0;
  c->weights = to;
  strides t = strides_of(k);
  for (size_t part = 0; part < k->channel_parts; part++)
    if (!set(o->plain[second], c->second + part * t.w_part) ||
        !set(o->wanted[second], to + part * s->bytes) ||
        !reorder(w, s->reorder, o->plain[second], o->wanted[second]))
      return 0;
  return 1;
}

static int run(ek_direction kind, const ek_convolution *shape, const float *a, const float *b,
               const float *bias, float *out) {
  ek_convolution_key wanted;
  memset(&wanted, 0, sizeof wanted);
  wanted.kind = kind;
  wanted.has_bias = bias != NULL;
  wanted.shape = *shape;
  if (shape->batch == 0) return 0;
  const ek_kept_convolution *k = ek_find_convolution(&wanted);
  helpers *h = k ? own_helpers() : NULL;
  if (!h || !prepare(h, k)) return 0;
  worker *own = h->workers[ek_thread_number()];
  call c = {.kept = k, .helpers = h, .first = a, .second = b, .bias = bias, .result = out};
  if (kind == weight_gradient) {
    c.sums = grown(&h->shared, k->parts * k->sides[result].bytes);
    if (!c.sums) return 0;
  } else if (!bring_weights(&c, own)) {
    return 0;
  }
  ek_parallel_for(k->parts, run_part, &c);
  if (kind == weight_gradient && !c.failed) return finish_sums(&c, own);
  return !c.failed;
}

int ek_convolve_f32(const ek_convolution *shape, const float *x, const float *w, const float *bias,
                    float *y) {
  return run(forward, shape, x, w, bias, y);
}

int ek_convolve_input_gradient_f32(const ek_convolution *shape, const float *dy, const float *w,
                                   float *dx) {
  return run(input_gradient, shape, dy, w, NULL, dx);
}

int ek_convolve_weight_gradient_f32(const ek_convolution *shape, const float *x, const float *dy,
                                    float *dw) {
  return run(weight_gradient, shape, x, dy, NULL, dw);
}

#else

int ek_convolve_f32(const ek_convolution *shape, const float *x, const float *w, const float *bias,
                    float *y) {
  (void)shape, (void)x, (void)w, (void)bias, (void)y;
  return 0;
}

int ek_convolve_input_gradient_f32(const ek_convolution *shape, const float *dy, const float *w,
                                   float *dx) {
  (void)shape, (void)dy, (void)w, (void)dx;
  return 0;
}

int ek_convolve_weight_gradient_f32(const ek_convolution *shape, const float *x, const float *dy,
                                    float *dw) {
  (void)shape, (void)x, (void)dy, (void)dw;
  return 0;
}

#endif
