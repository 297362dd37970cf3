#include "CProducts.h"

#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <unistd.h>

#if defined(__linux__)
#include <linux/futex.h>
#include <sys/syscall.h>
#endif

// Threads look for the next job for some microseconds and then sleep: operators follow each other
// more quickly than a sleeping thread wakes, and spinning for long steals from the neighbours.
//
// Parts are dealt out in ranges, the same ones for every job of as many parts, so that a thread
// meets the elements again that lie in its cache; who is done early takes from the others.

enum { turns_before_sleep = 2000, line = 64 };

static pthread_mutex_t use = PTHREAD_MUTEX_INITIALIZER; // held by whoever runs a job
static atomic_size_t wanted;
static size_t started;

// The next part of a thread's range in the low half and the number of the job in the high half, so
// that nobody takes a part of a job that he does not know.
typedef struct {
  _Alignas(line) _Atomic uint64_t next;
} ticket;

enum : uint32_t { closed = UINT32_MAX };

static ticket tickets[ek_most_threads];
static _Atomic uint32_t ends[ek_most_threads];
static _Atomic(void (*)(void *, size_t)) job_body;
static _Atomic(void *) job_context;
static atomic_size_t job_threads;

static _Alignas(line) _Atomic uint32_t job;      // its number; workers wait for it to change
static _Alignas(line) _Atomic uint32_t done;     // parts that are finished
static _Alignas(line) _Atomic uint32_t sleepers; // workers asleep on `job`
static _Atomic uint32_t user_sleeps;             // whether the user of the pool is asleep on `done`
static uint32_t job_number;

static __thread int is_inside;
static __thread size_t own_number;

#if defined(__linux__)
static void sleep_while(_Atomic uint32_t *word, uint32_t value) {
  syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, NULL, NULL, 0);
}
static void wake(_Atomic uint32_t *word) {
  syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}
#else
static pthread_mutex_t bed = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t bell = PTHREAD_COND_INITIALIZER;
static void sleep_while(_Atomic uint32_t *word, uint32_t value) {
  pthread_mutex_lock(&bed);
  while (atomic_load(word) == value) pthread_cond_wait(&bell, &bed);
  pthread_mutex_unlock(&bed);
}
static void wake(_Atomic uint32_t *word) {
  (void)word;
  pthread_mutex_lock(&bed);
  pthread_cond_broadcast(&bell);
  pthread_mutex_unlock(&bed);
}
#endif

static void pause_briefly(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

// Takes a part of the job `number` from the range of thread `owner`; `closed` when none is left.
static uint32_t take(uint32_t number, size_t owner) {
  uint64_t seen = atomic_load_explicit(&tickets[owner].next, memory_order_acquire);
  for (;;) {
    uint32_t part = (uint32_t)seen;
    uint32_t end = atomic_load_explicit(&ends[owner], memory_order_relaxed);
    if (seen >> 32 != number || part >= end) return closed;
    if (atomic_compare_exchange_weak_explicit(&tickets[owner].next, &seen, seen + 1,
                                              memory_order_acq_rel, memory_order_acquire))
      return part;
  }
}

// Does parts of a job: those of thread `self`, and then what others have left.
static void work(uint32_t number, size_t self) {
  size_t threads = atomic_load_explicit(&job_threads, memory_order_relaxed);
  void (*body)(void *, size_t) = atomic_load_explicit(&job_body, memory_order_relaxed);
  void *context = atomic_load_explicit(&job_context, memory_order_relaxed);
  is_inside = 1;
  for (size_t i = 0; i < threads; i++) {
    size_t owner = (self + i) % threads;
    for (uint32_t part; (part = take(number, owner)) != closed;) {
      body(context, part);
      // The last one must see that the user sleeps, or the user that all is done.
      atomic_fetch_add(&done, 1);
      if (atomic_load(&user_sleeps)) wake(&done);
    }
  }
  is_inside = 0;
}

static void *worker(void *number) {
  size_t self = own_number = (size_t)number;
  uint32_t seen = 0;
  for (;;) {
    uint32_t now;
    for (int turn = 0; (now = atomic_load_explicit(&job, memory_order_acquire)) == seen; turn++) {
      if (turn < turns_before_sleep) {
        pause_briefly();
        continue;
      }
      atomic_fetch_add(&sleepers, 1);
      sleep_while(&job, seen);
      atomic_fetch_sub(&sleepers, 1);
      turn = 0;
    }
    seen = now;
    if (self < atomic_load_explicit(&job_threads, memory_order_relaxed)) work(now, self);
  }
  return NULL;
}

size_t ek_thread_number(void) { return own_number; }

size_t ek_threads(void) {
  size_t count = atomic_load_explicit(&wanted, memory_order_relaxed);
  if (count == 0) {
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    count = cores < 1 ? 1 : cores > ek_most_threads ? ek_most_threads : (size_t)cores;
    size_t none = 0;
    if (!atomic_compare_exchange_strong(&wanted, &none, count)) count = none;
  }
  return count;
}

void ek_set_threads(size_t count) {
  atomic_store(&wanted, count < 1 ? 1 : count > ek_most_threads ? ek_most_threads : count);
}

// Starts threads until there are `count`; fewer where the system gives no more.
static void start_workers(size_t count) {
  while (started < count) {
    pthread_t thread;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    int failed = pthread_create(&thread, &attributes, worker, (void *)(started + 1));
    pthread_attr_destroy(&attributes);
    if (failed) return;
    started++;
  }
}

static void publish(size_t threads, size_t count, void (*body)(void *, size_t), void *context) {
  // Until the fields are set, nobody can take a part by an old number or a new one.
  for (size_t t = 0; t <= started; t++)
    atomic_store_explicit(&tickets[t].next, (uint64_t)job_number << 32 | closed,
                          memory_order_release);
  job_number++;
  atomic_store_explicit(&done, 0, memory_order_relaxed);
  atomic_store_explicit(&job_body, body, memory_order_relaxed);
  atomic_store_explicit(&job_context, context, memory_order_relaxed);
  atomic_store_explicit(&job_threads, threads, memory_order_relaxed);
  for (size_t t = 0; t < threads; t++) {
    atomic_store_explicit(&ends[t], (uint32_t)(count * (t + 1) / threads), memory_order_relaxed);
    uint64_t first = count * t / threads;
    atomic_store_explicit(&tickets[t].next, (uint64_t)job_number << 32 | first,
                          memory_order_release);
  }
  atomic_store(&job, job_number);
  if (atomic_load(&sleepers)) wake(&job);
}

void ek_parallel_for(size_t count, void (*body)(void *context, size_t i), void *context) {
  size_t threads = count > 1 && count < closed && !is_inside ? ek_threads() : 1;
  if (threads < 2 || pthread_mutex_trylock(&use) != 0) {
    for (size_t i = 0; i < count; i++) body(context, i);
    return;
  }
  start_workers(threads - 1);
  publish(threads, count, body, context);
  work(job_number, 0);
  for (int turn = 0;; turn++) {
    uint32_t finished = atomic_load_explicit(&done, memory_order_acquire);
    if (finished == count) break;
    if (turn < turns_before_sleep) {
      pause_briefly();
      continue;
    }
    atomic_store(&user_sleeps, 1);
    if (atomic_load(&done) == finished) sleep_while(&done, finished);
    atomic_store(&user_sleeps, 0);
  }
  pthread_mutex_unlock(&use);
}
