// Bias and variance of the estimators of the actor's gradient (docs/math.md E9/E11 and E13) on one batch: repeated
// draws of the actions, the same ones for every estimator.
#pragma once

#include <vector>

#include "agent/sac.h"
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

  explicit GradientProbe(std::int64_t num_parameters);

  // sac: batch filled. Draws come from noise. Its samples and gradients are overwritten. draws ≥ 2.
  GradientComparison compare(Sac<float>& sac, Rng noise, int draws);

 private:
  struct Spread {  // of one estimator's gradients
    std::vector<double> sum;
    double squares;
  };
  std::vector<float> directions_;  // (parameters, kDirections) ±1
  Spread spread_[3];
  std::vector<float> reparameterised_;
};

}  // namespace softac
