#ifndef EVENKEEL_CKERNELS_H
#define EVENKEEL_CKERNELS_H

// Vector kernels, compiled for several instruction sets and chosen when called.

#include "ek_dispatch.h"
#include "ek_elementary.h"
#include "ek_fourier.h"
#include "ek_linear.h"
#include "ek_normalization.h"
#include "ek_optimizer.h"
#include "ek_random.h"
#include "ek_reduction.h"
#include "ek_rounding.h"
#include "ek_summary.h"

#endif
