#include "diag/gradient_probe.h"

#include <algorithm>
#include <cmath>

#include "softac/error.h"

namespace softac {

GradientProbe::GradientProbe(int act_dim, const SacConfig& config, std::int64_t num_parameters)
    : through_actions_(gaussian_shape(act_dim, config)),
      ratio_(gaussian_shape(act_dim, config), ActorBaseline::none),
      ratio_with_baseline_(gaussian_shape(act_dim, config), ActorBaseline::leave_one_out),
      directions_(num_parameters * kDirections),
      reparameterised_(num_parameters) {
  Rng rng(1, StreamKind::eval_env, 1u << 29);  // the same directions always
  for (std::size_t i = 0; i < directions_.size(); i += kDirections) {
    const std::uint32_t signs = rng.next_u32();
    for (std::size_t d = 0; d < kDirections; ++d) directions_[i + d] = (signs >> d & 1) != 0 ? 1.0f : -1.0f;
  }
  for (Spread& spread : spread_) spread.sum.resize(reparameterised_.size());
}

GradientComparison GradientProbe::compare(SacUpdate<float>& update, Rng noise, int draws) {
  SOFTAC_REQUIRE(draws >= 2, draws);
  const std::size_t size = reparameterised_.size();
  SOFTAC_REQUIRE(static_cast<std::int64_t>(size) == update.state().actor.size, size);
  for (Spread& spread : spread_) {
    std::ranges::fill(spread.sum, 0.0);
    spread.squares = 0.0;
  }
  const Policy<float>* estimators[] = {&through_actions_, &ratio_, &ratio_with_baseline_};
  double sum[2][kDirections] = {}, squares[2][kDirections] = {};
  update.state().noise = noise;
  for (int draw = 0; draw < draws; ++draw) {
    update.draw_noise();
    update.sample_policy();
    update.actor_terms();
    for (int estimator = 0; estimator < 3; ++estimator) {
      update.actor_gradients(*estimators[estimator]);
      const float* gradient = update.state().actor.grad;
      Spread& spread = spread_[estimator];
      double lanes[4] = {};
      for (std::size_t i = 0; i < size; ++i) {
        const auto g = static_cast<double>(gradient[i]);
        spread.sum[i] += g;
        lanes[i % 4] += g * g;
      }
      spread.squares += (lanes[0] + lanes[1]) + (lanes[2] + lanes[3]);
      if (estimator == 0) {
        std::copy_n(gradient, size, reparameterised_.begin());
        continue;
      }
      double along[kDirections] = {};
      for (std::size_t i = 0; i < size; ++i) {
        const auto difference = static_cast<double>(gradient[i] - reparameterised_[i]);
        for (std::size_t d = 0; d < kDirections; ++d)
          along[d] += difference * static_cast<double>(directions_[i * kDirections + d]);
      }
      for (std::size_t d = 0; d < kDirections; ++d) {
        sum[estimator - 1][d] += along[d];
        squares[estimator - 1][d] += along[d] * along[d];
      }
    }
  }
  const double n = draws;
  double variance[3];
  for (int estimator = 0; estimator < 3; ++estimator) {
    double of_mean = 0.0;
    for (const double value : spread_[estimator].sum) of_mean += value * value;
    variance[estimator] = (spread_[estimator].squares - of_mean / n) / (n - 1.0);
  }
  GradientComparison out{};
  for (std::size_t e = 0; e < 2; ++e) {
    out.variance_ratio[e] = variance[e + 1] / variance[0];
    double z_squares = 0.0;
    for (std::size_t d = 0; d < kDirections; ++d) {
      const double mean = sum[e][d] / n, spread = (squares[e][d] - n * mean * mean) / (n - 1.0);
      z_squares += mean * mean / (spread / n);
    }
    out.z[e] = std::sqrt(z_squares / kDirections);
  }
  return out;
}

}  // namespace softac
