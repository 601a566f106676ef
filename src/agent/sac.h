// One SAC update (arXiv 1812.05905; docs/math.md E8–E14), in float or in double.
//
// The free savings that change no result: the target is computed once, the actor's gradient goes back through the
// minimising critic of each row only and only to the action columns, Adam and Polyak ride on the weight gradients.
//
// Everything but the weight gradients is independent from row to row. So the passes over a network are tasks of one
// network and one block of rows, whose activations stay in the cache; all blocks of a network follow one another, so
// that its weights do too.
#pragma once

#include <memory>
#include <optional>
#include <span>

#include "agent/sac_state.h"
#include "agent/state_value.h"
#include "math/backend.h"
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

  // The steps of update(), separate for tests and measurements. Each needs those before it.
  void draw_noise();                                     // eps of s and s' rows
  void sample_policy() { sample_policy(0, 2 * rows_); }  // π on s and s' rows
  void compute_targets();                                // y, E8
  void critic_forward();                                 // Q_i(s, a) of the replayed actions
  double critic_gradients();  // Σ_i J_Q(θ_i) and its gradient, E8; the forward pass included
  double actor_gradients();   // J_π and its gradient, E9 or E13 as configured
  // The same in two steps, so that several estimators can be taken of one sample: J_π, then its gradient.
  double actor_forward();
  void actor_gradients_by(ActorGradient gradient, ActorBaseline baseline);
  double value_gradients();  // J_V and its gradient, after actor_forward(); state_value alone
  // Rows 0…B−1 at s, then B at s' for each of the K target actions.
  PolicySamples<T>& samples() { return samples_; }
  const T* targets() const { return y_; }                                        // (B)
  const T* state_value() const { return value_->values(); }                      // (B) V_ψ(s) of the last gradients
  const T* q(int critic) const { return q_[static_cast<std::size_t>(critic)]; }  // (B) of the last critic or actor pass

 private:
  // What one thread needs for a block of rows and nobody reads afterwards.
  struct Scratch {
    MlpTape<T> tape;           // (block), of target critics
    MlpTape<T> policy_tape;    // (block), of the policy on s'
    MlpGradients<T> d_critic;  // (block)
    Panels<T> d_action;        // (block, A), rows ordered by their minimising critic
    std::vector<int> order;    // (block) that order: position → row of the block
  };

  // The passes over rows [first, first + count) on the calling thread.
  void policy_rows(Scratch& scratch, int first, int count);              // 0 ≤ first < 2B: rows of [s; s']
  void target_rows(Scratch& scratch, int critic, int first, int count);  // Q_θ̄j(s', a')
  void critic_forward_rows(int critic, int first, int count);
  void critic_backward_rows(int critic, int first, int count);
  void action_gradient_rows(Scratch& scratch, int part, int first, int count);  // ∂J_π/∂a of the actions, without w
  void actor_backward_rows(int first, int count);
  void likelihood_ratio_backward_rows(int first, int count);

  void sample_policy(int first, int end);  // rows of [s; s']
  void actor_backward(ActorGradient gradient, ActorBaseline baseline);
  void find_actor_terms(int part);
  void write_actions(int first_row, int first_sample, int part);
  void critic_weights();
  void actor_weights();
  bool critic_step(UpdateMetrics& metrics);
  bool actor_step(UpdateMetrics& metrics);
  bool value_step(UpdateMetrics& metrics);
  bool temperature_step(UpdateMetrics& metrics);
  bool target_due() const { return (state_.num_updates + 1) % config_.target_update_interval == 0; }
  double critic_loss() const;
  double actor_loss() const;
  void refresh_critic_transposes();
  void refresh_actor_transposes();
  T mean(const T* x) const;
  // f(scratch, critic, first, count) for every critic and block of rows; cost: in forward passes.
  template <class F>
  void for_critics(int cost, F f);

  SacConfig config_;
  int obs_dim_, act_dim_, rows_;  // rows_ = B
  Backend<T> backend_;
  SacState<T> state_;
  Arena arena_;
  BatchView<T> batch_;
  int block_ = 0;  // rows of a block

  PolicySamples<T> samples_;                // ((1 + K)·B)
  MlpTape<T> actor_tape_;                   // (B), s rows
  MlpGradients<T> d_actor_;                 // (B)
  std::vector<MlpTape<T>> critic_tapes_;    // N × (B)
  std::vector<MlpGradients<T>> d_critics_;  // N × (B)
  std::vector<MlpTransposes<T>> critic_transposes_;
  MlpTransposes<T> actor_transposes_;
  bool critic_transposes_fresh_ = false, actor_transposes_fresh_ = false;
  std::vector<Scratch> scratch_;          // one a thread
  Panels<T> d_head_;                      // (B, 2A)
  T* d_action_;                           // row-lane (K·B, width), K components of the policy
  std::vector<T*> q_, d_q_, loss_terms_;  // N × (B)
  std::vector<T*> q_target_;              // N × (B)
  T *y_, *actor_terms_;                   // (B)
  T* part_terms_;                         // (K·B) terms of the components; K = 1: actor_terms_
  T* d_q_actor_;                          // (B), −1/B
  T* ratio_weight_;                       // (B), factors of ∇ log π in E13
  std::vector<int> min_critic_;           // (B) of the actor pass
  std::optional<StateValue<T>> value_;    // with variant = state_value
};

extern template class Sac<float>;
extern template class Sac<double>;

}  // namespace softac
