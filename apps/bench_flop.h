// Floating-point operations of one update: 2 × the multiply-adds of its matrix products, after the savings named in
// agent/update.h. Element-wise work, Adam and Polyak are not counted.
#pragma once

#include <cstdint>

#include "softac/sac_config.h"

namespace softac::app {

// By phase of the update. Per row of the batch, with F = multiply-adds of a forward pass and D = those of passing a
// gradient back to the first hidden layer (a: actor, c: critic; N critics, A actions, h_1 the critic's first width):
struct UpdateFlop {
  std::int64_t policy;           // 2 F_a: the actor on s and s'
  std::int64_t target;           // M F_c: M = N, or the critics that an update draws
  std::int64_t critic_forward;   // N F_c
  std::int64_t critic_backward;  // N (F_c + D_c): d_W is as large as the forward pass
  std::int64_t actor;  // N F_c at the policy's actions, D_c + A h_1 through each that carries the gradient, F_a + D_a
  std::int64_t value;  // a state-value network alone: 2 F_v + D_v; then policy is F_a and target F_v
  std::int64_t total() const { return policy + target + critic_forward + critic_backward + actor + value; }
};
UpdateFlop update_flop(int obs_dim, int act_dim, const SacConfig& config);

std::int64_t flop_per_update(int obs_dim, int act_dim, const SacConfig& config);

}  // namespace softac::app
