#include "agent/reward_normaliser.h"

#include <algorithm>
#include <cmath>

namespace softac {

RewardNormaliser::RewardNormaliser(const SacConfig& config)
    : returns(config.num_streams, 0.0),
      count(config.normalize_reward == NormalizeReward::return_std_bounded ? 1e-4 : 0.0),
      gamma_(config.gamma),
      bound_(config.normalize_reward == NormalizeReward::return_std_bounded ? config.norm_reward_max : 0.0) {}

// δ = G − mean, n' = n + 1:  mean += δ/n',  variance = (variance · n + δ² n/n')/n'
void RewardNormaliser::observe(int stream, double reward, bool done) {
  double& g = returns[stream];
  g = done ? reward : gamma_ * g + reward;
  const double total = count + 1.0, delta = g - mean;
  mean += delta / total;
  variance = (variance * count + delta * delta * count / total) / total;
  count = total;
  largest = std::max(largest, std::fabs(g));
}

double RewardNormaliser::scale() const {
  if (bound_ == 0.0) return std::sqrt(variance) + 1e-8;
  return std::max(std::sqrt(variance + 1e-8), largest / bound_);
}

}  // namespace softac
