// Discrete actions in the environment interface: one number in [0, A] whose whole part is the action (A itself counts
// as A − 1). So Gymnasium's action i is the number i, an action in [−1, 1] picks one of A equal parts, and uniform
// numbers give uniform actions.
#pragma once

#include <algorithm>
#include <cmath>
#include <span>

#include "softac/env.h"

namespace softac {

inline void set_discrete_actions(EnvSpec& spec, int num_actions) {
  spec.act_dim = 1;
  spec.num_actions = num_actions;
  spec.act_low = {0.0};
  spec.act_high = {static_cast<double>(num_actions)};
}

inline int discrete_action(std::span<const double> action, int num_actions) {
  return static_cast<int>(std::clamp(std::floor(action[0]), 0.0, static_cast<double>(num_actions - 1)));
}

}  // namespace softac
