// The two estimators of the actor's gradient (docs/math.md E9/E11 and E13): the same expectation.
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "agent/update.h"

namespace softac {
namespace {

constexpr int kObs = 3, kAct = 2, kRows = 32, kDirections = 32, kDraws = 3000;

SacConfig config_with(ActorGradient gradient, ActorBaseline baseline) {
  SacConfig config;
  config.net_arch = {16, 16};
  config.activation_fn = Activation::tanh;  // smooth networks
  config.batch_size = kRows;
  config.ent_coef_auto = false;
  config.ent_coef = 0.3;
  config.actor_gradient = gradient;
  config.actor_baseline = baseline;
  return config;
}

// Gradients on one batch, projected on fixed random directions; the k-th draw uses the same noise in every estimator.
class Estimator {
 public:
  Estimator(ActorGradient gradient, ActorBaseline baseline)
      : sac_(kObs, kAct, config_with(gradient, baseline), 5, 1, "") {
    const auto batch = sac_.batch();
    Rng rng(8, StreamKind::test);
    for (int r = 0; r < kRows; ++r) {
      for (int c = 0; c < kObs; ++c) batch.x.at(r, c) = static_cast<float>(rng.normal());
    }
    const auto size = static_cast<std::size_t>(sac_.state().actor.size);
    for (auto& direction : directions_) {
      direction.resize(size);
      for (double& value : direction) value = rng.normal();
    }
  }
  void draw(double (&out)[kDirections]) {
    sac_.draw_noise();
    sac_.sample_policy();
    sac_.actor_gradients();
    const float* gradient = sac_.state().actor.grad;
    for (int d = 0; d < kDirections; ++d) {
      const auto& direction = directions_[static_cast<std::size_t>(d)];
      out[d] = 0.0;
      for (std::size_t i = 0; i < direction.size(); ++i) out[d] += direction[i] * static_cast<double>(gradient[i]);
    }
  }

 private:
  SacUpdate<float> sac_;
  std::vector<double> directions_[kDirections];
};

struct Moments {
  double sum = 0.0, squares = 0.0;
  void add(double x) { sum += x, squares += x * x; }
  double mean() const { return sum / kDraws; }
  double variance() const { return (squares - sum * sum / kDraws) / (kDraws - 1); }
};

TEST(ActorGradientEstimators, AgreeInExpectation) {
  Estimator reparameterised(ActorGradient::reparameterised, ActorBaseline::none);
  Estimator plain(ActorGradient::likelihood_ratio, ActorBaseline::none);
  Estimator with_baseline(ActorGradient::likelihood_ratio, ActorBaseline::leave_one_out);
  Moments difference[2][kDirections];
  double own_variance = 0.0, ratio_variance[2] = {};
  Moments each[3][kDirections];
  for (int k = 0; k < kDraws; ++k) {
    double a[kDirections], b[2][kDirections];
    reparameterised.draw(a);
    plain.draw(b[0]);
    with_baseline.draw(b[1]);
    for (int d = 0; d < kDirections; ++d) {
      each[0][d].add(a[d]);
      for (int e = 0; e < 2; ++e) {
        each[1 + e][d].add(b[e][d]);
        difference[e][d].add(b[e][d] - a[d]);
      }
    }
  }
  int significant = 0;
  for (int d = 0; d < kDirections; ++d) {
    own_variance += each[0][d].variance();
    significant += std::fabs(each[0][d].mean()) > 4 * std::sqrt(each[0][d].variance() / kDraws);
    for (int e = 0; e < 2; ++e) {
      ratio_variance[e] += each[1 + e][d].variance();
      EXPECT_LT(std::fabs(difference[e][d].mean()) / std::sqrt(difference[e][d].variance() / kDraws), 4.0)
          << "direction " << d << (e == 0 ? ", no baseline" : ", leave-one-out");
    }
  }
  EXPECT_GT(significant, kDirections / 2) << "the comparison must be about more than zero";
  // Which of the two forms varies less depends on the critics: these are untrained and nearly flat in the action.
  EXPECT_GT(ratio_variance[0], ratio_variance[1]) << "the baseline must lower the variance";
  RecordProperty("variance_ratio_no_baseline", std::to_string(ratio_variance[0] / own_variance));
  RecordProperty("variance_ratio_leave_one_out", std::to_string(ratio_variance[1] / own_variance));
}

}  // namespace
}  // namespace softac
