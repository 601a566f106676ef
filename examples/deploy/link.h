/* What plant and controller share: a piece of memory with the newest observation and the newest action, each behind a
   counter that is odd while it is written. Little-endian, the same in C, C++ and Python (onnx_policy.py). */
#ifndef DEPLOY_LINK_H
#define DEPLOY_LINK_H

#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LINK_OBSERVATIONS 512
#define LINK_ACTIONS 64

struct plant_link {
  uint32_t observations, actions; /* how many numbers there are */
  uint32_t observation_count;     /* 2 for each that was published */
  uint32_t action_count;
  uint32_t stop; /* the plant ends when it is not 0 */
  uint32_t unused;
  int64_t start_ns; /* when the plant made its first step: its steps are whole periods later */
  float observation[LINK_OBSERVATIONS];
  float action[LINK_ACTIONS];
};

/* Maps the memory of that name ("/softac-plant"), made if `make`; null where that fails (errno says why). */
static inline struct plant_link* open_link(const char* name, int make) {
  const int file = shm_open(name, make ? O_RDWR | O_CREAT : O_RDWR, 0600);
  struct stat facts;
  void* memory;
  if (file < 0) return NULL;
  if ((make && ftruncate(file, sizeof(struct plant_link)) != 0) || fstat(file, &facts) != 0 ||
      facts.st_size < (off_t)sizeof(struct plant_link)) {
    close(file);
    return NULL;
  }
  memory = mmap(NULL, sizeof(struct plant_link), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  close(file);
  return memory == MAP_FAILED ? NULL : (struct plant_link*)memory;
}

/* One writer for each counter. */
static inline void publish(uint32_t* count, float* to, const float* from, uint32_t size) {
  __atomic_store_n(count, *count + 1, __ATOMIC_SEQ_CST);
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
  memcpy(to, from, size * sizeof *to);
  __atomic_store_n(count, *count + 1, __ATOMIC_SEQ_CST);
}

/* The newest values; returns their count. A reader never waits for a writer that is interrupted for long: it tries
   a few times and keeps what it had. */
static inline uint32_t newest(const uint32_t* count, const float* from, float* to, uint32_t size, uint32_t had) {
  float copy[LINK_OBSERVATIONS];
  for (int i = 0; i < 100; ++i) {
    const uint32_t before = __atomic_load_n(count, __ATOMIC_SEQ_CST);
    if (before % 2 != 0) continue;
    memcpy(copy, from, size * sizeof *copy);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (__atomic_load_n(count, __ATOMIC_SEQ_CST) != before) continue;
    memcpy(to, copy, size * sizeof *copy);
    return before;
  }
  return had;
}

/* The clock of all deadlines, in nanoseconds. */
static inline int64_t now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static inline void sleep_until_ns(int64_t deadline) {
  struct timespec at;
  at.tv_sec = (time_t)(deadline / 1000000000);
  at.tv_nsec = (long)(deadline % 1000000000);
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) != 0) {
  }
}

#endif
