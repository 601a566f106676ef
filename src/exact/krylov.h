// BiCGSTAB (van der Vorst, SIAM J. Sci. Stat. Comput. 13, 1992) for (I − γ P_π) e = b, the linear system of policy
// evaluation. What it returns is only ever a proposal: the caller's next sweep measures it.
#pragma once

#include <vector>

#include "exact/bellman.h"

namespace softac::exact {

class Krylov {
 public:
  explicit Krylov(Bellman& bellman) : bellman_(bellman) {}

  // Improves x (S + 1) from 0 until the residual is `reduction` of |b| or max_products are spent, or the method breaks
  // down. Returns the number of products.
  std::int64_t solve(const double* pi, const std::vector<double>& b, std::vector<double>& x, double reduction,
                     std::int64_t max_products);

 private:
  Bellman& bellman_;
  std::vector<double> r_, r0_, p_, v_, t_;
};

}  // namespace softac::exact
