// The primitives of a convolution, as they are made and as they are run.
#ifndef EVENKEEL_CONVOLUTION_H
#define EVENKEEL_CONVOLUTION_H

#include <dnnl.h>

#include "CProducts.h"

enum {
  // Shapes whose primitives are kept; beyond, callers fall back.
  most_kept = 4096,
};

typedef enum { forward, input_gradient, weight_gradient } ek_direction;

// Two operands and a result, of this kind: x, w, y; or y, w, x; or x, y, w.
enum { first, second, result, operands };

typedef struct {
  ek_direction kind;
  int has_bias;
  ek_convolution shape;
} ek_convolution_key;

// A tensor of a call: as callers have it, and as the primitive wants it.
typedef struct {
  dnnl_memory_desc_t plain, wanted;
  dnnl_primitive_t reorder; // between them, in the direction of the data; none if they are equal
  size_t bytes;             // in the wanted layout
} ek_side;

// What is kept of a shape.
typedef struct {
  ek_convolution_key key;
  size_t number;
  int is_usable;
  // Images of a chunk, chunks of the batch, parts of the channels, parts of all work.
  size_t images, chunks, channel_parts, parts;
  ek_side sides[operands];
  dnnl_memory_desc_t bias;
  dnnl_memory_desc_t scratch;
  dnnl_primitive_t primitive;
} ek_kept_convolution;

// The primitives of a shape, made when it is first met; NULL where the library has none.
const ek_kept_convolution *ek_find_convolution(const ek_convolution_key *wanted);

// The library's handle of the processor; there once a shape has been found.
dnnl_engine_t ek_engine(void);

#endif
