#ifndef EVENKEEL_CKERNELS_H
#define EVENKEEL_CKERNELS_H

#include <stddef.h>
#include <stdint.h>

#endif
