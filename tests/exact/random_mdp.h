// Small random MDPs with everything that the format allows: terminating transitions, terminal states, actions that are
// not available, rows of every length.
#pragma once

#include <vector>

#include "softac/exact.h"
#include "softac/rng.h"

namespace softac {

struct RandomMdpShape {
  bool terminates = true;    // some transitions end, some states are terminal
  bool all_actions = false;  // every action everywhere
};

inline FiniteMdp small_random_mdp(std::uint64_t seed, RandomMdpShape shape = {}) {
  Rng rng(seed, StreamKind::test);
  const auto num_states = static_cast<std::int64_t>(2 + rng.below(9));
  const auto num_actions = static_cast<std::int64_t>(1 + rng.below(5));
  MdpBuilder builder(num_states, num_actions);
  for (std::int64_t s = 0; s < num_states; ++s) {
    const bool terminal = shape.terminates && s > 0 && rng.uniform() < 0.15;
    for (std::int64_t a = 0; a < num_actions; ++a) {
      const bool available = !terminal && (shape.all_actions || a == 0 || rng.uniform() < 0.8);
      if (available) {
        std::vector<double> weight(1 + rng.below(static_cast<std::uint64_t>(num_states)));
        double sum = 0.0;
        for (double& w : weight) sum += w = rng.uniform() + 1e-3;
        for (const double w : weight) {
          const auto next = static_cast<std::int64_t>(rng.below(static_cast<std::uint64_t>(num_states)));
          const double reward = rng.uniform(-2.0, 1.0);
          builder.add(next, w / sum, reward, shape.terminates && rng.uniform() < 0.15);
        }
      }
      builder.end_row();
    }
  }
  return builder.finish();
}

// Probabilities drawn afresh for every available action.
inline std::vector<double> random_policy(const FiniteMdp& mdp, std::uint64_t seed) {
  Rng rng(seed, StreamKind::test, 1);
  std::vector<double> pi(static_cast<std::size_t>(mdp.num_states * mdp.num_actions), 0.0);
  for (std::int64_t s = 0; s < mdp.num_states; ++s) {
    double sum = 0.0;
    for (std::int64_t a = 0; a < mdp.num_actions; ++a) {
      if (mdp.available(s, a)) sum += pi[static_cast<std::size_t>(s * mdp.num_actions + a)] = rng.uniform() + 1e-2;
    }
    for (std::int64_t a = 0; a < mdp.num_actions && sum > 0.0; ++a)
      pi[static_cast<std::size_t>(s * mdp.num_actions + a)] /= sum;
  }
  return pi;
}

}  // namespace softac
