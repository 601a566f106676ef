#include "exact/checks.h"

#include <algorithm>
#include <cmath>

#include "softac/error.h"

namespace softac::exact {
namespace {

constexpr double kMaxPolicySumError = 1e-4;

bool is_size(std::size_t size, std::int64_t expected) {
  return size == static_cast<std::size_t>(expected);
}
bool is_probability(double p) {
  return p >= 0.0 && std::isfinite(p);
}

}  // namespace

double require_mdp(const FiniteMdp& mdp) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int32_t>::max();
  SOFTAC_REQUIRE(mdp.num_states > 0 && mdp.num_states < kMost, mdp.num_states);
  SOFTAC_REQUIRE(mdp.num_actions > 0 && mdp.num_actions < kMost, mdp.num_actions);
  const std::int64_t num_rows = mdp.num_states * mdp.num_actions;
  const std::size_t num_transitions = mdp.next.size();
  SOFTAC_REQUIRE(is_size(mdp.row_start.size(), num_rows + 1) && is_size(mdp.reward.size(), num_rows),
                 mdp.row_start.size(), mdp.reward.size(), num_rows);
  SOFTAC_REQUIRE(mdp.row_start.front() == 0 && is_size(num_transitions, mdp.row_start.back()), num_transitions);
  SOFTAC_REQUIRE(std::is_sorted(mdp.row_start.begin(), mdp.row_start.end()));
  SOFTAC_REQUIRE(mdp.p.size() == num_transitions, mdp.p.size(), num_transitions);
  SOFTAC_REQUIRE(mdp.transition_reward.empty() || mdp.transition_reward.size() == num_transitions,
                 mdp.transition_reward.size(), num_transitions);
  SOFTAC_REQUIRE(mdp.action_weight.empty() || is_size(mdp.action_weight.size(), mdp.num_actions),
                 mdp.action_weight.size(), mdp.num_actions);
  for (const double weight : mdp.action_weight) SOFTAC_REQUIRE(weight > 0.0 && std::isfinite(weight), weight);
  for (const double reward : mdp.reward) SOFTAC_REQUIRE(std::isfinite(reward), reward);
  for (const std::int32_t s : mdp.next) SOFTAC_REQUIRE(s >= 0 && s <= mdp.num_states, s, mdp.num_states);
  double most = 0.0;
  for (std::size_t row = 0; row + 1 < mdp.row_start.size(); ++row) {
    double sum = 0.0;
    for (std::size_t i = mdp.row_start[row]; i < static_cast<std::size_t>(mdp.row_start[row + 1]); ++i) {
      SOFTAC_REQUIRE(is_probability(mdp.p[i]), row, mdp.p[i]);
      sum += mdp.p[i];
    }
    most = std::max(most, sum);
  }
  return most;
}

double require_policy(const FiniteMdp& mdp, std::span<const double> pi) {
  SOFTAC_REQUIRE(is_size(pi.size(), mdp.num_states * mdp.num_actions), pi.size());
  double most = 0.0;
  for (std::int64_t s = 0; s < mdp.num_states; ++s) {
    double sum = 0.0;
    for (std::int64_t a = 0; a < mdp.num_actions; ++a) {
      const double share = pi[s * mdp.num_actions + a];
      SOFTAC_REQUIRE(is_probability(share) && (share == 0.0 || mdp.available(s, a)), s, a, share);
      sum += share;
    }
    SOFTAC_REQUIRE(mdp.terminal(s) || std::fabs(sum - 1.0) <= kMaxPolicySumError, s, sum);
    most = std::max(most, sum);
  }
  return most;
}

}  // namespace softac::exact
