#include "CProducts.h"

#if defined(__linux__)
#include <dnnl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "libraries.h"

// Convolutions by oneDNN, image by image: a few images are brought into the library's own layout,
// convolved and brought back while they are in cache. Each call of the library runs on one thread;
// images and, where those are few, channels are shared out to ours at places that depend on the
// extents alone. Primitives are made once per shape and kept for the process.

enum {
  // Shapes whose primitives are kept; beyond, callers fall back.
  most_kept = 4096,
  most_parts = 8,
  // Bytes of the images that are convolved at a time: they fit the second cache.
  chunk_bytes = 1 << 17,
  // Bytes that partial sums of a weight's gradient may take.
  partial_bytes = 1 << 25,
  // Channels of a part are multiples of the widest block of the library's layouts.
  channel_unit = 16,
};

typedef enum { forward, input_gradient, weight_gradient } direction;

// Two operands and a result, of this kind: x, w, y; or y, w, x; or x, y, w.
enum { first, second, result, operands };

typedef struct {
  direction kind;
  int has_bias;
  ek_convolution shape;
} key;

// A tensor of a call: as callers have it, and as the primitive wants it.
typedef struct {
  dnnl_memory_desc_t plain, wanted;
  dnnl_primitive_t reorder; // between them, in the direction of the data; none if they are equal
  size_t bytes;             // in the wanted layout
} side;

// What is kept of a shape.
typedef struct {
  key key;
  size_t number;
  int is_usable;
  // Images of a chunk, chunks of the batch, parts of the channels, parts of all work.
  size_t images, chunks, channel_parts, parts;
  side sides[operands];
  dnnl_memory_desc_t bias;
  dnnl_memory_desc_t scratch;
  dnnl_primitive_t primitive;
} kept;

static pthread_mutex_t making = PTHREAD_MUTEX_INITIALIZER;
static kept *all_kept[most_kept];
static size_t kept_count;
static dnnl_engine_t engine;

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

// MARK: primitives

static size_t greatest_divisor(size_t number, size_t limit) {
  size_t divisor = limit < 1 ? 1 : limit < number ? limit : number;
  while (number % divisor) divisor--;
  return divisor;
}

// Sets how the work is cut, by the extents alone.
static void cut(kept *k) {
  const ek_convolution *c = &k->key.shape;
  size_t input = c->channels * c->height * c->width;
  size_t output = c->out_channels * c->out_height * c->out_width;
  size_t weights = c->out_channels * (c->channels / c->groups) * c->kernel[0] * c->kernel[1];
  size_t image = 4 * (input > output ? input : output);
  size_t limit = chunk_bytes / image;
  // Partial sums are read and written once per chunk; it should be worth it.
  if (k->key.kind == weight_gradient && limit < 4 * weights / image) limit = 4 * weights / image;
  size_t share = c->batch / 4;
  if (limit > share) limit = share;
  k->images = greatest_divisor(c->batch, limit);
  k->chunks = c->batch / k->images;
  k->channel_parts = 1;
  size_t channels = k->key.kind == input_gradient ? c->channels : c->out_channels;
  while (c->groups == 1 && k->chunks * k->channel_parts < 4 &&
         channels % (2 * k->channel_parts * channel_unit) == 0)
    k->channel_parts *= 2;
  size_t most = most_parts / k->channel_parts;
  if (k->key.kind == weight_gradient)
    while (most > 1 && most * 4 * weights > partial_bytes) most /= 2;
  k->parts = (k->chunks < most ? k->chunks : most) * k->channel_parts;
}

// The extents of one call: a chunk of images and a part of the channels that are written.
static void plain_layouts(const kept *k, dnnl_memory_desc_t *x, dnnl_memory_desc_t *w,
                          dnnl_memory_desc_t *y, int *failed) {
  const ek_convolution *c = &k->key.shape;
  dnnl_dim_t n = (dnnl_dim_t)k->images, g = (dnnl_dim_t)c->groups;
  dnnl_dim_t in = (dnnl_dim_t)c->channels, out = (dnnl_dim_t)c->out_channels;
  dnnl_dim_t h = (dnnl_dim_t)c->height, wd = (dnnl_dim_t)c->width;
  dnnl_dim_t oh = (dnnl_dim_t)c->out_height, ow = (dnnl_dim_t)c->out_width;
  dnnl_dim_t kh = (dnnl_dim_t)c->kernel[0], kw = (dnnl_dim_t)c->kernel[1];
  dnnl_dim_t parts = (dnnl_dim_t)k->channel_parts;
  dnnl_dim_t in_part = k->key.kind == input_gradient ? in / parts : in;
  dnnl_dim_t out_part = k->key.kind == input_gradient ? out : out / parts;
  dnnl_dims_t xs = {n, in_part, h, wd}, xt = {in * h * wd, h * wd, wd, 1};
  dnnl_dims_t ys = {n, out_part, oh, ow}, yt = {out * oh * ow, oh * ow, ow, 1};
  dnnl_dims_t ws = {g, out_part / g, in_part / g, kh, kw};
  dnnl_dims_t wt = {out / g * (in / g) * kh * kw, in / g * kh * kw, kh * kw, kw, 1};
  *failed |= dnnl_memory_desc_init_by_strides(x, 4, xs, dnnl_f32, xt) != dnnl_success;
  *failed |= dnnl_memory_desc_init_by_strides(y, 4, ys, dnnl_f32, yt) != dnnl_success;
  int grouped = c->groups > 1;
  *failed |= dnnl_memory_desc_init_by_strides(w, grouped ? 5 : 4, ws + !grouped, dnnl_f32,
                                              wt + !grouped) != dnnl_success;
}

static dnnl_memory_desc_t any_layout(const dnnl_memory_desc_t *plain, int *failed) {
  dnnl_memory_desc_t any;
  *failed |= dnnl_memory_desc_init_by_tag(&any, plain->ndims, plain->dims, dnnl_f32,
                                          dnnl_format_tag_any) != dnnl_success;
  return any;
}

static dnnl_primitive_t reorder_between(const dnnl_memory_desc_t *from,
                                        const dnnl_memory_desc_t *to, int *failed) {
  dnnl_primitive_t made = NULL;
  if (dnnl_memory_desc_equal(from, to)) return NULL;
  dnnl_primitive_desc_t description = NULL;
  if (dnnl_reorder_primitive_desc_create(&description, from, engine, to, engine, NULL) !=
          dnnl_success ||
      dnnl_primitive_create(&made, description) != dnnl_success)
    *failed = 1;
  if (description) dnnl_primitive_desc_destroy(description);
  return made;
}

static void query_layout(const_dnnl_primitive_desc_t from, dnnl_query_t what, side *s) {
  s->wanted = *dnnl_primitive_desc_query_md(from, what, 0);
  s->bytes = dnnl_memory_desc_get_size(&s->wanted);
}

// Makes the primitive of a shape and the reorders around it; whether that went well.
static int make_primitives(kept *k) {
  const ek_convolution *c = &k->key.shape;
  int failed = 0;
  dnnl_memory_desc_t x, w, y;
  plain_layouts(k, &x, &w, &y, &failed);
  dnnl_memory_desc_t any_x = any_layout(&x, &failed), any_w = any_layout(&w, &failed),
                     any_y = any_layout(&y, &failed);
  dnnl_dims_t strides, dilations, begin, end;
  for (int axis = 0; axis < 2; axis++) {
    strides[axis] = (dnnl_dim_t)c->stride[axis];
    dilations[axis] = (dnnl_dim_t)c->dilation[axis] - 1;
    begin[axis] = (dnnl_dim_t)c->begin[axis];
    end[axis] = (dnnl_dim_t)c->end[axis];
  }
  dnnl_dims_t bias = {y.dims[1]};
  failed |= dnnl_memory_desc_init_by_tag(&k->bias, 1, bias, dnnl_f32, dnnl_a) != dnnl_success;
  if (failed) return 0;

  dnnl_convolution_desc_t description;
  dnnl_primitive_attr_t attributes = NULL;
  dnnl_primitive_desc_t ahead = NULL, made = NULL;
  failed |= dnnl_primitive_attr_create(&attributes) != dnnl_success ||
            dnnl_primitive_attr_set_scratchpad_mode(attributes, dnnl_scratchpad_mode_user) !=
                dnnl_success;
  // The backward primitives want to see the forward one.
  failed |= dnnl_dilated_convolution_forward_desc_init(
                &description, dnnl_forward_training, dnnl_convolution_direct, &any_x, &any_w,
                k->key.has_bias ? &k->bias : NULL, &any_y, strides, dilations, begin, end) !=
                dnnl_success ||
            dnnl_primitive_desc_create(&ahead, &description, attributes, engine, NULL) !=
                dnnl_success;
  if (!failed && k->key.kind == input_gradient)
    failed = dnnl_dilated_convolution_backward_data_desc_init(
                 &description, dnnl_convolution_direct, &any_x, &any_w, &any_y, strides, dilations,
                 begin, end) != dnnl_success ||
             dnnl_primitive_desc_create(&made, &description, attributes, engine, ahead) !=
                 dnnl_success;
  if (!failed && k->key.kind == weight_gradient)
    failed = dnnl_dilated_convolution_backward_weights_desc_init(
                 &description, dnnl_convolution_direct, &any_x, &any_w, NULL, &any_y, strides,
                 dilations, begin, end) != dnnl_success ||
             dnnl_primitive_desc_create(&made, &description, attributes, engine, ahead) !=
                 dnnl_success;
  dnnl_primitive_desc_t used = k->key.kind == forward ? ahead : made;
  const char *name = "";
  if (!failed) dnnl_primitive_desc_query(used, dnnl_query_impl_info_str, 0, &name);
  // Its plain loops are slower than a product of patches.
  failed |= strstr(name, "ref") != NULL;
  failed |= !failed && dnnl_primitive_create(&k->primitive, used) != dnnl_success;
  if (!failed) {
    side *s = k->sides;
    switch (k->key.kind) {
      case forward:
        s[first].plain = x, s[second].plain = w, s[result].plain = y;
        query_layout(used, dnnl_query_src_md, &s[first]);
        query_layout(used, dnnl_query_weights_md, &s[second]);
        query_layout(used, dnnl_query_dst_md, &s[result]);
        break;
      case input_gradient:
        s[first].plain = y, s[second].plain = w, s[result].plain = x;
        query_layout(used, dnnl_query_diff_dst_md, &s[first]);
        query_layout(used, dnnl_query_weights_md, &s[second]);
        query_layout(used, dnnl_query_diff_src_md, &s[result]);
        break;
      case weight_gradient:
        s[first].plain = x, s[second].plain = y, s[result].plain = w;
        query_layout(used, dnnl_query_src_md, &s[first]);
        query_layout(used, dnnl_query_diff_dst_md, &s[second]);
        query_layout(used, dnnl_query_diff_weights_md, &s[result]);
        break;
    }
    k->scratch = *dnnl_primitive_desc_query_md(used, dnnl_query_scratchpad_md, 0);
    for (int i = first; i < result; i++)
      s[i].reorder = reorder_between(&s[i].plain, &s[i].wanted, &failed);
    s[result].reorder = reorder_between(&s[result].wanted, &s[result].plain, &failed);
  }
  if (made) dnnl_primitive_desc_destroy(made);
  if (ahead) dnnl_primitive_desc_destroy(ahead);
  if (attributes) dnnl_primitive_attr_destroy(attributes);
  return !failed;
}

// The primitives of a shape, made when it is first met; NULL where the library has none.
static const kept *find(const key *wanted) {
  const kept *found = NULL;
  pthread_mutex_lock(&making);
  for (size_t i = 0; i < kept_count && !found; i++)
    if (memcmp(&all_kept[i]->key, wanted, sizeof *wanted) == 0) found = all_kept[i];
  if (!found && kept_count < most_kept) {
    ek_keep_libraries_to_one_thread();
    kept *made = calloc(1, sizeof *made);
    if (made && (engine || dnnl_engine_create(&engine, dnnl_cpu, 0) == dnnl_success)) {
      made->key = *wanted;
      made->number = kept_count;
      cut(made);
      made->is_usable = make_primitives(made);
      all_kept[kept_count++] = made;
      found = made;
    } else {
      free(made);
    }
  }
  pthread_mutex_unlock(&making);
  return found && found->is_usable ? found : NULL;
}

// MARK: running

// Makes sure that a worker has all that a shape needs; whether there was memory.
static int prepare_worker(helpers *h, size_t number, const kept *k) {
  worker *w = h->workers[number];
  if (!w) {
    w = h->workers[number] = calloc(1, sizeof *w);
    if (!w) return 0;
  }
  if (!w->stream &&
      dnnl_stream_create(&w->stream, engine, dnnl_stream_default_flags) != dnnl_success)
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
    const side *s = &k->sides[i];
    failed |= dnnl_memory_create(&o->plain[i], &s->plain, engine, NULL) != dnnl_success;
    failed |= dnnl_memory_create(&o->wanted[i], &s->wanted, engine, NULL) != dnnl_success;
  }
  failed |= dnnl_memory_create(&o->bias, &k->bias, engine, NULL) != dnnl_success;
  failed |= dnnl_memory_create(&o->scratch, &k->scratch, engine, NULL) != dnnl_success;
  if (failed) {
    free_objects(o);
    return 0;
  }
  w->of[k->number] = o;
  return 1;
}

// All that may take part, so that whoever does finds what it needs.
static int prepare(helpers *h, const kept *k) {
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
  const kept *kept;
  helpers *helpers;
  const float *first, *second, *bias;
  float *result;
  const char *weights; // in the wanted layout, the parts of the channels behind each other
  char *sums;          // partial sums of a weight's gradient, one per part
  int failed;
} call;

// Brings an operand into the wanted layout, in the room of its number, unless it has it.
static int bring(worker *w, const kept *k, int i, const float *from) {
  objects *o = w->of[k->number];
  const side *s = &k->sides[i];
  if (!s->reorder) return set(o->wanted[i], from);
  return set(o->plain[i], from) && set(o->wanted[i], w->rooms[i].start) &&
         reorder(w, s->reorder, o->plain[i], o->wanted[i]);
}

static int execute(worker *w, const kept *k) {
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

static strides strides_of(const kept *k) {
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
  const kept *k = c->kept;
  worker *w = c->helpers->workers[ek_thread_number()];
  objects *o = w->of[k->number];
  strides t = strides_of(k);
  int is_forward = k->key.kind == forward;
  size_t image = chunk * k->images;
  size_t from = image * (is_forward ? t.x : t.y);
  size_t to = is_forward ? image * t.y + channel_part * t.y_part
                         : image * t.x + channel_part * t.x_part;
  if (!bring(w, k, first, c->first + from)) return 0;
  const side *s = &k->sides[second];
  const void *weights = s->reorder ? (const void *)(c->weights + channel_part * s->bytes)
                                   : (const void *)(c->second + channel_part * t.w_part);
  if (!set(o->wanted[second], weights)) return 0;
  if (k->key.has_bias &&
      !set(o->bias, c->bias + channel_part * (k->key.shape.out_channels / k->channel_parts)))
    return 0;
  const side *r = &k->sides[result];
  void *target = r->reorder ? w->rooms[result].start : c->result + to;
  if (!set(o->wanted[result], target) || !execute(w, k)) return 0;
  return !r->reorder || (set(o->plain[result], c->result + to) &&
                         reorder(w, r->reorder, o->wanted[result], o->plain[result]));
}

// Adds the chunks of one part up, in its own sum.
static int run_sum(call *c, size_t channel_part, size_t begin, size_t end, char *sum) {
  const kept *k = c->kept;
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
  const kept *k = c->kept;
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
  const kept *k = c->kept;
  const side *r = &k->sides[result];
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
  const kept *k = c->kept;
  const side *s = &k->sides[second];
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

static int run(direction kind, const ek_convolution *shape, const float *a, const float *b,
               const float *bias, float *out) {
  key wanted;
  memset(&wanted, 0, sizeof wanted);
  wanted.kind = kind;
  wanted.has_bias = bias != NULL;
  wanted.shape = *shape;
  if (shape->batch == 0) return 0;
  const kept *k = find(&wanted);
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
