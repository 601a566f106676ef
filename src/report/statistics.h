// What several seeds say together: mean, interquartile mean, and how far either can be trusted (Agarwal et al. 2021,
// arXiv 2108.13264).
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <vector>

namespace softac::report {

double mean(std::span<const double> values);  // NaN of none
// The mean without the lowest and the highest quarter (⌊n/4⌋ values each); of up to three values the mean.
double interquartile_mean(std::span<const double> values);

struct Interval {
  double low, high;
};

// 95 % percentile bootstrap intervals over runs: whole runs are drawn with replacement, always by the same generator,
// so that equal numbers give equal intervals. Each group of runs is a stratum of its own.
class Bootstrap {
 public:
  static constexpr int kDraws = 1000;
  static constexpr std::uint64_t kSeed = 0;

  // NaN for fewer than two values.
  Interval of_mean(std::span<const double> values) { return interval(values, mean); }
  Interval of_interquartile_mean(std::span<const double> values) { return interval(values, interquartile_mean); }

 private:
  Interval interval(std::span<const double> values, double (*statistic)(std::span<const double>));
  const std::vector<std::uint32_t>& draws(std::size_t count);  // (kDraws × count) places

  std::map<std::size_t, std::vector<std::uint32_t>> draws_;  // by the number of values
};

}  // namespace softac::report
