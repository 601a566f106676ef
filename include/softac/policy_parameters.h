// A Gaussian policy, or a mixture of such, as numbers.
#pragma once

#include <vector>

namespace softac {

// The policy in one state: K components (K = 1: the single Gaussian), each μ and log σ of u, a = tanh u.
struct PolicyParameters {
  std::vector<double> log_weight;   // (K)
  std::vector<double> mu, log_std;  // (K·A), component by component
  // (A(A − 1)/2) with actor_covariance = full, else empty: N, strictly lower triangular, row by row, of
  // u = μ + σ ∘ (ε + N ε).
  std::vector<double> shear = {};
};

}  // namespace softac
