#include "agent/noise_repetition.h"

#include <algorithm>

#include "base/elementary_scalar.h"

namespace softac {

NoiseRepetition::NoiseRepetition(const SacConfig& config, std::uint64_t seed, std::size_t streams) : seed_(seed) {
  double sum = 0.0;
  for (int n = 1; n <= config.noise_repeat_max; ++n) {
    sum += exp_of(-config.noise_repeat_exponent * log_of(static_cast<double>(n)));
    cumulative_.push_back(sum);
  }
  for (double& p : cumulative_) p /= sum;
  if (on()) runs_.resize(streams);
}

std::uint64_t NoiseRepetition::length(double u) const {
  const auto found = std::upper_bound(cumulative_.begin(), cumulative_.end() - 1, u);
  return static_cast<std::uint64_t>(found - cumulative_.begin()) + 1;
}

void NoiseRepetition::prepare(std::size_t stream, Rng& noise) {
  if (!on()) return;
  NoiseRun& run = runs_[stream];
  if (run.left == 0) {
    Rng lengths(seed_, StreamKind::noise_repeat);
    lengths.set_position(2 * run.number++);
    run.left = length(lengths.uniform());
    run.start = noise.position();
  } else {
    noise.set_position(run.start);
  }
  --run.left;
}

void NoiseRepetition::end_runs() {
  for (NoiseRun& run : runs_) run.left = 0;
}

}  // namespace softac
