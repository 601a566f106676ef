// Discounted occupancy: d = (1 − γ) Σ_t γ^t (P_πᵀ)^t start.
#include <cmath>

#include "softac/error.h"
#include "softac/exact.h"

namespace softac {

std::vector<double> discounted_occupancy(const FiniteMdp& mdp, std::span<const double> pi,
                                         std::span<const double> start, double gamma, double tolerance) {
  const auto num_states = static_cast<std::size_t>(mdp.num_states),
             num_actions = static_cast<std::size_t>(mdp.num_actions);
  SOFTAC_REQUIRE(pi.size() == num_states * num_actions && start.size() == num_states, pi.size(), start.size());
  SOFTAC_REQUIRE(gamma >= 0.0 && gamma < 1.0 && tolerance > 0.0, gamma, tolerance);
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
      for (auto i = static_cast<std::size_t>(mdp.row_start[row]); i < static_cast<std::size_t>(mdp.row_start[row + 1]);
           ++i) {
        if (mdp.next[i] < mdp.num_states) next[static_cast<std::size_t>(mdp.next[i])] += flow * mdp.p[i];
      }
    }
    now.swap(next);
  }
}

}  // namespace softac
