#ifndef EVENKEEL_CALLOCATIONCOUNTER_H
#define EVENKEEL_CALLOCATIONCOUNTER_H

#include <stdbool.h>

// Counts blocks taken from the heap by the calling thread, so that tests that run beside do not
// disturb. Works with glibc, without sanitizers; elsewhere nothing is counted.

typedef struct {
  // Blocks taken by Swift code, our C code and what they call.
  long own;
  // Blocks taken inside oneDNN, for its own work within one call.
  long library;
} ek_allocations;

// Whether this build counts.
bool ek_counts_allocations(void);

void ek_start_counting(void);

// What was counted since the start.
ek_allocations ek_stop_counting(void);

#endif
