// Returns and lengths of the last 100 episodes, over all training environments, in the order in which they ended.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <span>

namespace softac {

class EpisodeWindow {
 public:
  static constexpr std::size_t kSize = 100;  // as Stable-Baselines3's stats_window_size

  void add(double episode_return, std::int64_t length) {
    const std::size_t at = count_++ % kSize;
    returns_[at] = episode_return;
    lengths_[at] = static_cast<double>(length);
    last_return_ = episode_return;
    mean_return_ = mean(returns_);
    mean_length_ = mean(lengths_);
  }

  // As it was when count(), returns() and lengths() gave these.
  void restore(std::int64_t count, std::span<const double> returns, std::span<const double> lengths) {
    *this = {};
    if (count == 0) return;
    std::ranges::copy(returns, returns_.begin());
    std::ranges::copy(lengths, lengths_.begin());
    count_ = count;
    last_return_ = returns_[(count - 1) % kSize];
    mean_return_ = mean(returns_);
    mean_length_ = mean(lengths_);
  }

  std::int64_t count() const { return count_; }        // episodes ever
  double mean_return() const { return mean_return_; }  // NaN before the first
  double mean_length() const { return mean_length_; }  // NaN before the first
  double last_return() const { return last_return_; }  // NaN before the first
  std::span<const double> returns() const {
    return std::span(returns_).first(size());
  }  // a ring: entry count mod 100 is the next
  std::span<const double> lengths() const { return std::span(lengths_).first(size()); }

 private:
  static constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  std::size_t size() const { return std::min(kSize, static_cast<std::size_t>(count_)); }
  double mean(const std::array<double, kSize>& values) const {
    double sum = 0.0;
    for (std::size_t i = 0; i < size(); ++i) sum += values[i];
    return sum / static_cast<double>(size());
  }

  std::int64_t count_ = 0;
  std::array<double, kSize> returns_{}, lengths_{};
  double mean_return_ = kNone, mean_length_ = kNone, last_return_ = kNone;
};

}  // namespace softac
