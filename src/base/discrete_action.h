// Discrete actions as one number: in [0, A] its whole part is the action (A itself counts as A − 1), and a number in
// [−1, 1] picks one of A equal parts. The learner and the environments must agree to the bit, so both use these.
#pragma once

#include <algorithm>
#include <cmath>

namespace softac {

// value in [0, A] → action. Whatever the value, NaN too, it is one of the A.
inline int discrete_action_of(double value, int num_actions) {
  const double from_below = std::max(0.0, std::floor(value));  // 0 where value is NaN
  return static_cast<int>(std::min(from_below, static_cast<double>(num_actions - 1)));
}

// A number in [−1, 1] on the bounds [low, high].
inline double rescale_action(double action, double low, double high) {
  return action >= 1.0 ? high : action <= -1.0 ? low : low + (action + 1.0) / 2.0 * (high - low);
}

// A number in [−1, 1] → action.
inline int decode_discrete_action(double action, int num_actions) {
  return discrete_action_of(rescale_action(action, 0.0, static_cast<double>(num_actions)), num_actions);
}

// The middle of the action's part of [−1, 1].
template <class T>
T encode_discrete_action(int action, int num_actions) {
  return static_cast<T>(2 * action + 1) / static_cast<T>(num_actions) - T(1);
}

}  // namespace softac
