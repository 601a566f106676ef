// What the measurements share: a clock, medians with their spread, time per call.
#pragma once

#include <algorithm>
#include <chrono>
#include <vector>

namespace softac::app {

inline double now_sec() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// x must not be empty.
inline double median(std::vector<double> x) {
  std::sort(x.begin(), x.end());
  const std::size_t n = x.size();
  return n % 2 == 1 ? x[n / 2] : 0.5 * (x[n / 2 - 1] + x[n / 2]);
}

struct Spread {
  double median = 0.0, min = 0.0, max = 0.0;
};

inline Spread spread(const std::vector<double>& x) {
  return {median(x), *std::min_element(x.begin(), x.end()), *std::max_element(x.begin(), x.end())};
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

}  // namespace softac::app
