// Discounted occupancy: d = (1 − γ) Σ_t γ^t (P_πᵀ)^t start.
#include <cmath>

#include "exact/checks.h"
#include "softac/error.h"
#include "softac/exact.h"

namespace softac {

std::vector<double> discounted_occupancy(const FiniteMdp& mdp, std::span<const double> pi,
                                         std::span<const double> start, double gamma, double tolerance) {
  const std::size_t num_states = mdp.num_states, num_actions = mdp.num_actions;
  const double mass_of_row = exact::require_mdp(mdp);
  SOFTAC_REQUIRE(start.size() == num_states, start.size(), num_states);
  double whole = 0.0;
  for (const double p : start) {
    SOFTAC_REQUIRE(p >= 0.0 && std::isfinite(p), p);
    whole += p;
  }
  SOFTAC_REQUIRE(whole <= 1.0 + 1e-4, whole);
  SOFTAC_REQUIRE(gamma >= 0.0 && gamma < 1.0 && tolerance > 0.0, gamma, tolerance);
  // Else the mass to come would never end.
  const double mass_of_policy = exact::require_policy(mdp, pi);
  SOFTAC_REQUIRE(gamma * mass_of_row * mass_of_policy < 1.0, gamma, mass_of_row, mass_of_policy);
  // now: γ^t times the distribution at time t; what is still to come has at most its mass times γ/(1 − γ).
  std::vector<double> now(num_states), next(num_states), sum(num_states, 0.0);
  for (std::size_t s = 0; s < num_states; ++s) now[s] = mdp.terminal(static_cast<std::int64_t>(s)) ? 0.0 : start[s];
  for (;;) {
    double mass = 0.0;
    for (std::size_t s = 0; s < num_states; ++s) {
      sum[s] += (1.0 - gamma) * now[s];
      mass += now[s];
    }
    if (mass * gamma <= tolerance) return sum;
    next.assign(num_states, 0.0);
    for (std::size_t row = 0; row < pi.size(); ++row) {
      const double flow = gamma * now[row / num_actions] * pi[row];
      if (flow == 0.0) continue;
      for (std::size_t i = mdp.row_start[row]; i < static_cast<std::size_t>(mdp.row_start[row + 1]); ++i) {
        if (mdp.next[i] < mdp.num_states) next[mdp.next[i]] += flow * mdp.p[i];
      }
    }
    now.swap(next);
  }
}

}  // namespace softac
