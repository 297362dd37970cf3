#if defined(__linux__)
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "convolution.h"
#include "libraries.h"

// Primitives are made once per shape and kept for the process.

enum {
  most_parts = 8,
  // Bytes of the images that are convolved at a time: they fit the second cache.
  chunk_bytes = 1 << 17,
  // Bytes that partial sums of a weight's gradient may take.
  partial_bytes = 1 << 25,
  // Channels of a part are multiples of the widest block of the library's layouts.
  channel_unit = 16,
};

static pthread_mutex_t making = PTHREAD_MUTEX_INITIALIZER;
static ek_kept_convolution *all_kept[most_kept];
static size_t kept_count;
static dnnl_engine_t engine;

static size_t greatest_divisor(size_t number, size_t limit) {
  size_t divisor = limit < 1 ? 1 : limit < number ? limit : number;
  while (number % divisor) divisor--;
  return divisor;
}

// Sets how the work is cut, by the extents alone.
static void cut(ek_kept_convolution *k) {
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
static void plain_layouts(const ek_kept_convolution *k, dnnl_memory_desc_t *x, dnnl_memory_desc_t *w,
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

static void query_layout(const_dnnl_primitive_desc_t from, dnnl_query_t what, ek_side *s) {
  s->wanted = *dnnl_primitive_desc_query_md(from, what, 0);
  s->bytes = dnnl_memory_desc_get_size(&s->wanted);
}

// Makes the primitive of a shape and the reorders around it; whether that went well.
static int make_primitives(ek_kept_convolution *k) {
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
    ek_side *s = k->sides;
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

dnnl_engine_t ek_engine(void) { return engine; }

const ek_kept_convolution *ek_find_convolution(const ek_convolution_key *wanted) {
  const ek_kept_convolution *found = NULL;
  pthread_mutex_lock(&making);
  for (size_t i = 0; i < kept_count && !found; i++)
    if (memcmp(&all_kept[i]->key, wanted, sizeof *wanted) == 0) found = all_kept[i];
  if (!found && kept_count < most_kept) {
    ek_keep_libraries_to_one_thread();
    ek_kept_convolution *made = calloc(1, sizeof *made);
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

#endif
