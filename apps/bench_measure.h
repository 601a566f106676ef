// What the measurements share: a clock, medians, the machine's multiply-add peak.
#pragma once

#include <algorithm>
#include <chrono>
#include <vector>

#include "base/thread_pool.h"
#include "math/kernel_table.h"

namespace softac::app {

inline double now_sec() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

inline double median(std::vector<double> x) {
  std::sort(x.begin(), x.end());
  const std::size_t n = x.size();
  return n % 2 == 1 ? x[n / 2] : 0.5 * (x[n / 2 - 1] + x[n / 2]);
}

// Seconds per call of f, run for about `seconds` (at least once).
template <class F>
double time_per_call(double seconds, F f) {
  const double start = now_sec();
  double end = start;
  long calls = 0;
  do {
    f();
    ++calls;
    end = now_sec();
  } while (end - start < seconds);
  return (end - start) / static_cast<double>(calls);
}

// GFLOP/s of multiply-adds in registers of this table's vector width, on all threads of the pool at once, over about
// `seconds`. No memory traffic: the ceiling of any kernel.
inline double fma_peak_gflops(const KernelTable<float>& table, ThreadPool& pool, double seconds) {
  const int threads = pool.num_threads();
  std::vector<double> rate(static_cast<std::size_t>(threads));
  pool.run(threads, [&](int part) {
    float io[3] = {0.999f, 0.001f, 0.0f};
    double flop = 0.0;
    const double per_call = time_per_call(seconds, [&] { flop = static_cast<double>(table.fma_probe(20000, io)); });
    rate[static_cast<std::size_t>(part)] = flop / per_call * 1e-9;
  });
  double sum = 0.0;
  for (double r : rate) sum += r;
  return sum;
}

}  // namespace softac::app
