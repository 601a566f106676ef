#include "report/statistics.h"

#include <algorithm>
#include <cmath>

#include "softac/rng.h"

namespace softac::report {

double mean(std::span<const double> values) {
  if (values.empty()) return NAN;
  double sum = 0.0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

double interquartile_mean(std::span<const double> values) {
  std::vector<double> sorted(values.begin(), values.end());
  std::sort(sorted.begin(), sorted.end());
  const std::size_t cut = sorted.size() / 4;
  return mean(std::span(sorted).subspan(cut, sorted.size() - 2 * cut));
}

const std::vector<std::uint32_t>& Bootstrap::draws(std::size_t count) {
  std::vector<std::uint32_t>& places = draws_[count];
  if (places.empty()) {
    Rng rng(kSeed, count);
    places.resize(kDraws * count);
    for (std::uint32_t& place : places)
      place = static_cast<std::uint32_t>(rng.below(static_cast<std::uint32_t>(count)));
  }
  return places;
}

Interval Bootstrap::interval(std::span<const double> values, double (*statistic)(std::span<const double>)) {
  const std::size_t count = values.size();
  if (count < 2) return {NAN, NAN};
  const std::vector<std::uint32_t>& places = draws(count);
  std::vector<double> drawn(count), statistics(kDraws);
  for (std::size_t i = 0; i < statistics.size(); ++i) {
    for (std::size_t j = 0; j < count; ++j) drawn[j] = values[places[i * count + j]];
    statistics[i] = statistic(drawn);
  }
  // The 2.5th and the 97.5th percentile, between neighbours.
  const auto percentile = [&](double share) {
    const double at = share * (kDraws - 1);
    const auto below = static_cast<std::size_t>(at);
    std::nth_element(statistics.begin(), statistics.begin() + static_cast<std::ptrdiff_t>(below), statistics.end());
    const double low = statistics[below],
                 high =
                     *std::min_element(statistics.begin() + static_cast<std::ptrdiff_t>(below) + 1, statistics.end());
    return low + (at - static_cast<double>(below)) * (high - low);
  };
  return {percentile(0.025), percentile(0.975)};
}

}  // namespace softac::report
