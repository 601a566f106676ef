// Policies from values and back: Q from V (E2), the Boltzmann policy (E3), the free energy (E4), entropies.
#include <algorithm>
#include <cmath>

#include "exact/bellman.h"
#include "exact/checks.h"
#include "softac/error.h"
#include "softac/exact.h"

namespace softac {

namespace {

std::size_t num_rows(const FiniteMdp& mdp) {
  return mdp.num_states * mdp.num_actions;
}

}  // namespace

std::vector<double> soft_q(const FiniteMdp& mdp, std::span<const double> v, double gamma) {
  exact::require_mdp(mdp);
  SOFTAC_REQUIRE(gamma >= 0.0 && gamma <= 1.0, gamma);
  SOFTAC_REQUIRE(static_cast<std::int64_t>(v.size()) == mdp.num_states, v.size());
  std::vector<double> q(num_rows(mdp), std::nan(""));
  for (std::size_t row = 0; row < q.size(); ++row) {
    const std::int64_t first = mdp.row_start[row], end = mdp.row_start[row + 1];
    if (first == end) continue;
    double sum = 0.0;
    for (std::size_t i = first; i < static_cast<std::size_t>(end); ++i) {
      if (mdp.next[i] < mdp.num_states) sum += mdp.p[i] * v[mdp.next[i]];
    }
    q[row] = mdp.reward[row] + gamma * sum;
  }
  return q;
}

std::vector<double> boltzmann_policy(const FiniteMdp& mdp, std::span<const double> q, double alpha, double tie_width) {
  exact::require_mdp(mdp);
  SOFTAC_REQUIRE(tie_width >= 0.0, tie_width);
  SOFTAC_REQUIRE(q.size() == num_rows(mdp), q.size());
  SOFTAC_REQUIRE(alpha >= 0.0, alpha);
  std::vector<double> pi(q.size(), 0.0);
  const std::size_t num_actions = mdp.num_actions;
  for (std::int64_t s = 0; s < mdp.num_states; ++s) {
    const auto q_s = q.subspan(s * num_actions, num_actions);
    double* pi_s = pi.data() + s * num_actions;
    double best = -std::numeric_limits<double>::infinity();
    for (std::int64_t a = 0; a < mdp.num_actions; ++a) {
      if (mdp.available(s, a)) best = std::max(best, q_s[a]);
    }
    double sum = 0.0;
    for (std::int64_t a = 0; a < mdp.num_actions; ++a) {
      if (!mdp.available(s, a)) continue;
      const double below = best - q_s[a];
      double share = 1.0;
      if (alpha == 0.0) {
        share = below <= tie_width ? 1.0 : 0.0;
      } else if (!std::isinf(alpha)) {
        share = exact::exp(-below / alpha);
      }
      sum += pi_s[a] = mdp.weight(a) * share;
    }
    for (std::int64_t a = 0; a < mdp.num_actions; ++a) {
      if (pi_s[a] > 0.0) pi_s[a] /= sum;
    }
  }
  return pi;
}

std::vector<double> policy_entropy(const FiniteMdp& mdp, std::span<const double> pi) {
  exact::require_mdp(mdp);
  exact::require_policy(mdp, pi);
  std::vector<double> entropy(mdp.num_states, 0.0);
  for (std::int64_t s = 0; s < mdp.num_states; ++s) {
    double sum = 0.0;
    for (std::int64_t a = 0; a < mdp.num_actions; ++a) {
      const double share = pi[s * mdp.num_actions + a];
      // A subnormal share counts nothing, and its logarithm is not needed.
      if (share >= std::numeric_limits<double>::min()) sum -= share * exact::log(share / mdp.weight(a));
    }
    entropy[s] = sum;
  }
  return entropy;
}

std::vector<double> free_energy(const FiniteMdp& mdp, std::span<const double> q, double alpha) {
  exact::require_mdp(mdp);
  SOFTAC_REQUIRE(q.size() == num_rows(mdp), q.size());
  SOFTAC_REQUIRE(alpha > 0.0 && std::isfinite(alpha), alpha);
  std::vector<double> v(mdp.num_states, 0.0);
  for (std::int64_t s = 0; s < mdp.num_states; ++s) {
    exact::LogSumExp z(alpha);
    for (std::int64_t a = 0; a < mdp.num_actions; ++a) {
      if (mdp.available(s, a)) z.add(q[s * mdp.num_actions + a], mdp.weight(a));
    }
    if (!z.empty()) v[s] = z.value();
  }
  return v;
}

}  // namespace softac
