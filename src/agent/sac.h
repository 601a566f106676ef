// One SAC update (arXiv 1812.05905; docs/math.md E8–E14), in float or in double.
//
// The free savings that change no result: the actor runs once over [s; s'], the actor's gradient goes back through the
// minimising critic of each row only and only to the action columns, and the Polyak step rides on Adam's pass.
#pragma once

#include <memory>
#include <span>

#include "agent/sac_state.h"
#include "math/backend.h"
#include "nn/adam.h"
#include "softac/agent.h"

namespace softac {

template <class T>
class Sac {
 public:
  Sac(int obs_dim, int act_dim, const SacConfig& config, std::uint64_t seed, int threads, const std::string& backend);

  SacState<T>& state() { return state_; }
  Backend<T>& backend() { return backend_; }
  const SacConfig& config() const { return config_; }
  BatchView<T> batch() { return batch_; }

  // One update from the filled batch: draws the noise, then the rest in the order of E14.
  UpdateMetrics update() {
    draw_noise();
    return update_with_noise();
  }
  // The same on the eps that samples() already holds.
  UpdateMetrics update_with_noise();

  // α in use: exp(log α), or the fixed value.
  T alpha() const;

  // Parameters were changed from outside (a file, a test).
  void parameters_changed() { critic_transposes_fresh_ = actor_transposes_fresh_ = false; }

  // The steps of update(), separate for tests. Each needs those before it.
  void draw_noise();                                // eps of s and s' rows
  void sample_policy(bool both);                    // π on s' and, if both, on s
  void compute_targets();                           // y, E8
  double critic_gradients();                        // Σ_i J_Q(θ_i) and its gradient, E8
  double actor_gradients();                         // J_π and its gradient, E9
  PolicySamples<T>& samples() { return samples_; }  // rows 0…B−1 at s, B…2B−1 at s'
  const T* targets() const { return y_; }           // (B)
  const T* q(int critic) const { return q_[static_cast<std::size_t>(critic)]; }  // (B) of the last critic or actor pass

 private:
  bool critic_step(UpdateMetrics& metrics);
  bool actor_step(UpdateMetrics& metrics);
  bool temperature_step(UpdateMetrics& metrics);
  void refresh_critic_transposes();
  void write_actions(int first_row, int count);
  void group_rows_by_min_critic();
  double clip_factor(const Params<T>& params, double& norm);
  AdamSettings adam_settings(double own_rate) const;
  T mean(const T* x) const;

  SacConfig config_;
  int obs_dim_, act_dim_, rows_;  // rows_ = B
  Backend<T> backend_;
  SacState<T> state_;
  Arena arena_;
  BatchView<T> batch_;

  PolicySamples<T> samples_;              // (2B)
  MlpTape<T> actor_tape_;                 // (2B)
  std::vector<MlpTape<T>> critic_tapes_;  // N × (B)
  MlpTape<T> target_tape_;                // (2B), s' rows
  MlpTape<T> grouped_tape_;               // (B), rows ordered by their minimising critic
  std::vector<MlpTransposes<T>> critic_transposes_;
  MlpTransposes<T> actor_transposes_;
  bool critic_transposes_fresh_ = false, actor_transposes_fresh_ = false;
  Panels<T> d_h_[2];               // (B, widest)
  Panels<T> d_head_;               // (B, 2A)
  Panels<T> d_grouped_action_;     // (B, A), grouped order
  T* d_action_;                    // row-lane (B, width)
  std::vector<T*> q_, q_target_;   // N × (B), N × (2B)
  T *y_, *d_q_, *work_;            // (B)
  std::vector<int> row_of_group_;  // (B) grouped position → row
  std::vector<int> group_start_;   // (N + 1)
  std::vector<int> min_critic_;    // (B)
};

extern template class Sac<float>;
extern template class Sac<double>;

}  // namespace softac
