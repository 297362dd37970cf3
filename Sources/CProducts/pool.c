#include "CProducts.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

// Threads sleep on a condition between jobs: on shared cores spinning steals from the neighbours.

enum { most_threads = 64 };

static pthread_mutex_t use = PTHREAD_MUTEX_INITIALIZER;   // held by whoever runs a job
static pthread_mutex_t state = PTHREAD_MUTEX_INITIALIZER; // guards what follows
static pthread_cond_t has_job = PTHREAD_COND_INITIALIZER;
static pthread_cond_t is_done = PTHREAD_COND_INITIALIZER;
static size_t wanted, started;
static size_t generation, workers_in_job;

static void (*job_body)(void *, size_t);
static void *job_context;
static size_t job_count;
static atomic_size_t job_next;

static __thread int is_inside;

static void work(void (*body)(void *, size_t), void *context, size_t count) {
  is_inside = 1;
  for (;;) {
    size_t i = atomic_fetch_add_explicit(&job_next, 1, memory_order_relaxed);
    if (i >= count) break;
    body(context, i);
  }
  is_inside = 0;
}

static void *worker(void *number) {
  size_t seen = 0, index = (size_t)number;
  pthread_mutex_lock(&state);
  for (;;) {
    while (seen == generation || index + 1 >= wanted) {
      seen = generation;
      pthread_cond_wait(&has_job, &state);
    }
    seen = generation;
    if (job_body == NULL) continue;
    workers_in_job++;
    void (*body)(void *, size_t) = job_body;
    void *context = job_context;
    size_t count = job_count;
    pthread_mutex_unlock(&state);
    work(body, context, count);
    pthread_mutex_lock(&state);
    if (--workers_in_job == 0) pthread_cond_signal(&is_done);
  }
  return NULL;
}

size_t ek_threads(void) {
  pthread_mutex_lock(&state);
  if (wanted == 0) {
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    wanted = cores < 1 ? 1 : cores > most_threads ? most_threads : (size_t)cores;
  }
  size_t count = wanted;
  pthread_mutex_unlock(&state);
  return count;
}

void ek_set_threads(size_t count) {
  pthread_mutex_lock(&state);
  wanted = count < 1 ? 1 : count > most_threads ? most_threads : count;
  pthread_mutex_unlock(&state);
}

static void start_workers(size_t count) {
  while (started < count) {
    pthread_t thread;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    int failed = pthread_create(&thread, &attributes, worker, (void *)started);
    pthread_attr_destroy(&attributes);
    if (failed) return;
    started++;
  }
}

void ek_parallel_for(size_t count, void (*body)(void *, size_t), void *context) {
  size_t threads = count > 1 && !is_inside ? ek_threads() : 1;
  if (threads < 2 || pthread_mutex_trylock(&use) != 0) {
    for (size_t i = 0; i < count; i++) body(context, i);
    return;
  }
  pthread_mutex_lock(&state);
  start_workers(threads - 1);
  job_body = body;
  job_context = context;
  job_count = count;
  atomic_store_explicit(&job_next, 0, memory_order_relaxed);
  generation++;
  pthread_cond_broadcast(&has_job);
  pthread_mutex_unlock(&state);

  work(body, context, count);

  pthread_mutex_lock(&state);
  // A worker that has not woken yet finds no job; those inside are waited for.
  job_body = NULL;
  while (workers_in_job > 0) pthread_cond_wait(&is_done, &state);
  pthread_mutex_unlock(&state);
  pthread_mutex_unlock(&use);
}
