// CPU time used so far, in seconds.
#pragma once

#include <ctime>

namespace softac {

inline double cpu_sec_of(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}
inline double thread_cpu_sec() {
  return cpu_sec_of(CLOCK_THREAD_CPUTIME_ID);
}
inline double process_cpu_sec() {  // of all threads together
  return cpu_sec_of(CLOCK_PROCESS_CPUTIME_ID);
}

}  // namespace softac
