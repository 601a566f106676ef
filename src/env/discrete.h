// Discrete actions in the environment interface: one number in [0, A] whose whole part is the action (A itself counts
// as A − 1). So Gymnasium's action i is the number i, an action in [−1, 1] picks one of A equal parts, and uniform
// numbers give uniform actions.
#pragma once

#include <span>

#include "base/discrete_action.h"
#include "softac/env.h"

namespace softac {

inline void set_discrete_actions(EnvSpec& spec, int num_actions) {
  spec.act_dim = 1;
  spec.num_actions = num_actions;
  spec.act_low = {0.0};
  spec.act_high = {static_cast<double>(num_actions)};
}

inline int discrete_action(std::span<const double> action, int num_actions) {
  return discrete_action_of(action[0], num_actions);
}

}  // namespace softac
