// What an update of the learner reports.
#pragma once

namespace softac {

// What one update reports. Losses as Stable-Baselines3 logs them. The actor's and the temperature's numbers are those
// of this update; where it had no actor step (policy_delay) they are 0 and actor_step is false.
struct UpdateMetrics {
  double critic_loss = 0.0;      // ½ Σ_i J_Q(θ_i), E8
  double value_loss = 0.0;       // ½ J_V(ψ); with variant = state_value
  double actor_loss = 0.0;       // J_π, E9
  double ent_coef = 0.0;         // α used in this update
  double ent_coef_loss = 0.0;    // J(α), E10
  double entropy = 0.0;          // −mean log π
  double q_mean = 0.0;           // mean of Q_1(s, a), in units of the rewards
  double target_mean = 0.0;      // mean of y, in units of the rewards
  double learning_rate = 0.0;    // of the critics in this update
  double actor_grad_norm = 0.0;  // before clipping; 0 where max_grad_norm = 0
  double critic_grad_norm = 0.0;
  int ent_coef_bound = 0;   // −1, 1: a learned α was held at ent_coef_min, at ent_coef_max
  bool actor_step = false;  // whether the actor and the temperature moved in this update
  bool finite = true;       // false: a loss, gradient or parameter is not finite (the update is not to be used)
};

}  // namespace softac
