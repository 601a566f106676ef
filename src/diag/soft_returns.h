// Monte-Carlo soft returns of a policy (docs/math.md E2), and what they need of a learner.
#pragma once

#include <cstddef>
#include <span>

#include "softac/rng.h"

namespace softac {

// A policy with its critics, seen from outside. Rows are states; obs (rows, O) and actions (rows, A) row-major.
class SoftValues {
 public:
  virtual ~SoftValues() = default;

  virtual double alpha() const = 0;

  // Draws an action for each row. entropy: (rows) −log π(a|s) of that action; with discrete actions H(π(·|s)) itself.
  // Returns false if an action is not finite.
  virtual bool act(std::span<const float> obs, int rows, Rng& noise, std::span<float> actions,
                   std::span<double> entropy) = 0;

  // q (rows) = min_i Q_i(s, a), of the critics or of their targets (where they have none: of the critics).
  virtual void values(std::span<const float> obs, std::span<const float> actions, int rows, bool target,
                      std::span<double> q) = 0;
};

// Soft returns of n steps in a row, counted from the action taken: G_t = r_t + γ V_{t+1}, V_t = G_t + α h_t,
// V_n = final_value (0 where the last step terminated). reward, entropy h, out: (n).
inline void soft_returns(std::span<const double> reward, std::span<const double> entropy, double gamma, double alpha,
                         double final_value, std::span<double> out) {
  double next = final_value;
  for (std::size_t t = reward.size(); t-- > 0;) {
    out[t] = reward[t] + gamma * next;
    next = out[t] + alpha * entropy[t];
  }
}

}  // namespace softac
