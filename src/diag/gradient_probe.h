// Bias and variance of the estimators of the actor's gradient (docs/math.md E9/E11 and E13) on one batch: repeated
// draws of the actions, the same ones for every estimator.
#pragma once

#include <vector>

#include "agent/update.h"
#include "policy/likelihood_ratio.h"
#include "softac/rng.h"

namespace softac {

// Of the likelihood-ratio estimators, without and with baseline, against the reparameterised one.
struct GradientComparison {
  double variance_ratio[2];  // summed over the actor's parameters
  // Root mean square over fixed random directions of z = mean difference / its standard error: about 1 where both have
  // the same expectation, growing as the root of the number of draws where not.
  double z[2];
};

class GradientProbe {
 public:
  static constexpr int kDirections = 8;

  GradientProbe(int act_dim, const SacConfig& config, std::int64_t num_parameters);

  // update: batch filled, one Gaussian. Draws come from noise. Its samples and gradients are overwritten. draws ≥ 2.
  GradientComparison compare(SacUpdate<float>& update, Rng noise, int draws);

 private:
  struct Spread {  // of one estimator's gradients
    std::vector<double> sum;
    double squares;
  };
  GaussianPolicy<float> through_actions_;
  LikelihoodRatioPolicy<float> ratio_, ratio_with_baseline_;
  std::vector<float> directions_;  // (parameters, kDirections) ±1
  Spread spread_[3];
  std::vector<float> reparameterised_;
};

}  // namespace softac
