// The fixed point of a Bellman operator, optimal or of one policy: sweeps whose bounds come from the contraction
// (MacQueen 1966, Porteus 1971: the change of one sweep bounds the distance), and Newton steps where sweeps alone are
// slow. A Newton step on the optimal operator is one step of soft policy iteration.
#pragma once

#include <cstdint>
#include <vector>

#include "exact/bellman.h"

namespace softac::exact {

struct FixedPoint {
  std::vector<double> v;  // (S + 1), the last 0
  double error_bound = 0.0;
  std::int64_t iterations = 0;
  std::int64_t products = 0;
};

// pi: null for the optimal operator, else the policy; entropy_term as in Bellman::policy_sweep.
FixedPoint fixed_point(Bellman& bellman, double tolerance, std::int64_t max_iterations, const double* pi = nullptr,
                       const double* entropy_term = nullptr);

}  // namespace softac::exact
