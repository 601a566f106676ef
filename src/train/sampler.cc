#include "train/sampler.h"

#include <algorithm>
#include <cmath>

#include "softac/error.h"

namespace softac {

void Sampler::set_normalisation(std::optional<BatchNormalisation> n) {
  if (n) {
    const auto all = [](const std::vector<double>& values, auto&& fits) { return std::ranges::all_of(values, fits); };
    const auto positive = [](double x) { return x > 0.0; };
    const std::size_t obs = n->obs_mean.size();
    SOFTAC_REQUIRE(obs == 0 || obs == static_cast<std::size_t>(replay_.shape().obs_dim), obs, replay_.shape().obs_dim);
    SOFTAC_REQUIRE(n->obs_std.size() == obs && n->obs_clip.size() == obs, obs, n->obs_std.size(), n->obs_clip.size());
    SOFTAC_REQUIRE(all(n->obs_mean, [](double x) { return std::isfinite(x); }));
    SOFTAC_REQUIRE(all(n->obs_std, positive) && all(n->obs_clip, positive));
    SOFTAC_REQUIRE(n->reward_std > 0.0 && n->reward_clip > 0.0, n->reward_std, n->reward_clip);
  }
  normalisation_ = std::move(n);
}

void Sampler::fill(const BatchView<float>& batch, Rng& rng) {
  if (!normalisation_) return replay_.sample(rng, batch);
  const RewardRule rule{normalisation_->reward_std, normalisation_->reward_clip};
  replay_.sample(rng, batch, &rule);
  if (!normalisation_->obs_mean.empty()) normalise(batch.x.first_cols(batch.obs_dim));
}

void Sampler::normalise(const Panels<float>& x) const {
  const BatchNormalisation& n = *normalisation_;
  for (int r = 0; r < x.rows; ++r) {
    for (int c = 0; c < x.cols; ++c) {
      const double value = (static_cast<double>(x.at(r, c)) - n.obs_mean[c]) / n.obs_std[c];
      x.at(r, c) = static_cast<float>(std::clamp(value, -n.obs_clip[c], n.obs_clip[c]));
    }
  }
}

}  // namespace softac
