#ifndef EVENKEEL_EK_OPTIMIZER_H
#define EVENKEEL_EK_OPTIMIZER_H

#include <stddef.h>
#include <stdint.h>

// Rules that make updates of weights. Parameters p and states s in the order given; "decay" is the
// factor of the weights that is added to gradients.
typedef enum {
  // rate, decay, momentum, share of the gradient in the sum, whether there is a sum (s: sum), whether
  // Nesterov's form is taken.
  EK_SGD,
  // rate, decay, share of the mean square that stays, share of the new, epsilon, momentum, whether
  // centred, whether there is a momentum (s: mean square, mean if centred, sum if momentum).
  EK_RMSPROP,
  // rate, decay, epsilon (s: sum of squares).
  EK_ADAGRAD,
  // rate, decay, share of the new in the mean, share of the mean square that stays, share of the new,
  // epsilon, factor of the root, share of the weights that the update takes away, whether the mean
  // square is the greatest (s: mean, mean square, greatest if so).
  EK_ADAM,
  // rate, decay, share of the new in the mean, share of the magnitude that stays, epsilon (s: mean,
  // magnitude).
  EK_ADAMAX,
  // rate, decay, share of the mean squares that stays, share of the new, epsilon (s: mean square of
  // gradients, of updates).
  EK_ADADELTA,
} ek_optimizer;

enum { EK_OPTIMIZER_PARAMETERS = 9, EK_OPTIMIZER_STATES = 3 };

// Brings the states to the next step and writes the updates, to be added to the weights. All arrays
// lie apart. Roundings are those of single operations, so bytes are the same at every instruction set.
void ek_optimize_f32(
    ek_optimizer rule, const double p[EK_OPTIMIZER_PARAMETERS], const float *gradient,
    const float *weight, float *const states[EK_OPTIMIZER_STATES], float *update, size_t count);
void ek_optimize_f64(
    ek_optimizer rule, const double p[EK_OPTIMIZER_PARAMETERS], const double *gradient,
    const double *weight, double *const states[EK_OPTIMIZER_STATES], double *update, size_t count);

// out[i] = weight[i] + update[i]; out may be weight.
void ek_add_update_f32(const float *weight, const float *update, float *out, size_t count);
void ek_add_update_f64(const double *weight, const double *update, double *out, size_t count);

// How many updates are not 0 and less than half the spacing of numbers at the weight, in a format
// with this smallest normal number and distance from 1 to the next number.
uint64_t ek_count_lost_f32(
    const float *weight, const float *update, size_t count, float least_normal, float epsilon);
uint64_t ek_count_lost_f64(
    const double *weight, const double *update, size_t count, double least_normal, double epsilon);

// The greatest magnitude: infinity or NaN where there is one of these, 0 for no elements.
double ek_greatest_magnitude_f32(const float *elements, size_t count);
double ek_greatest_magnitude_f64(const double *elements, size_t count);

#endif
