// One SAC update (arXiv 1812.05905; docs/math.md E8–E14), in float or in double, for continuous and discrete actions.
//
// The free savings that change no result: the target is computed once, the actor's gradient goes back through the
// critics that carry it alone and only to the action columns, Adam and Polyak ride on the weight gradients.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "agent/objective.h"
#include "agent/optimiser.h"
#include "agent/passes.h"
#include "agent/state.h"
#include "agent/state_value.h"
#include "agent/target_source.h"
#include "agent/temperature.h"
#include "softac/update_metrics.h"

namespace softac {

template <class T>
class SacUpdate {
 public:
  // The config must have been validated. Throws ConfigError on an unknown backend.
  SacUpdate(int obs_dim, int act_dim, const SacConfig& config, std::uint64_t seed, int threads,
            const std::string& backend);
  SacUpdate(const SacUpdate&) = delete;
  SacUpdate& operator=(const SacUpdate&) = delete;

  const SacConfig& config() const { return config_; }
  LearnerState<T>& state() { return state_; }
  const LearnerState<T>& state() const { return state_; }
  Backend<T>& backend() { return passes_.backend(); }
  const CriticObjective<T>& objective() const { return *objective_; }
  BatchView<T> batch() { return batch_; }
  T alpha() const { return temperature_.alpha(); }
  double target_entropy() const { return temperature_.target_entropy(); }
  // Parameters were changed from outside (a file, a test).
  void parameters_changed();
  // For a copy that is looked at: batch norms of the actor stay in evaluation mode, with the statistics that they have.
  void evaluate_only() { actor_mode_ = PassMode::evaluation; }
  void set_learning_rates(double actor, double critic, double ent_coef);

  // One update from the filled batch: draws the noise, then the rest in the order of E14.
  UpdateMetrics run() {
    draw_noise();
    return run_with_noise();
  }
  // The same on the eps that samples() already holds.
  UpdateMetrics run_with_noise();

  // The steps of run(), separate for tests and measurements. Each needs those before it.
  void draw_noise();
  void read_batch();                      // normalised observations and replayed actions
  Panels<T> input() const { return x_; }  // (2B, O + A) what it made of the batch
  void sample_policy();                   // π at s and s'
  void find_targets();                    // y, E8
  double critic_gradients();              // Σ_i J_Q(θ_i) and its gradient, E8
  double actor_terms();                   // J_π, E9: its terms at the policy's actions
  double actor_gradients() {              // J_π and its gradient
    const double loss = actor_terms();
    actor_gradients(*state_.policy);
    return loss;
  }
  // The same for another way to take the gradient of the same samples; after actor_terms().
  void actor_gradients(const Policy<T>& policy);
  double value_gradients();  // J_V and its gradient; after actor_terms(), with variant = state_value alone

  // Rows 0…B−1 at s, then B at s' for each of the n target actions.
  WeightedActions<T>& samples() { return samples_; }
  // The critics that the targets bootstrap from, in ascending order: all, or those drawn with the noise.
  std::span<int> target_critics() { return target_critics_; }
  const T* targets() const { return y_mean_; }                    // (B), of a distribution its mean
  const T* q(int critic) const { return q_[critic]; }             // (B) Q_i(s, a) of the last critic gradients
  const TrainedNetworks<T>& critics() const { return critics_; }  // outputs of the last critic or actor pass
  const T* state_value() const { return value_->values(); }       // (B) V_ψ(s) of the last value gradients
  void critic_forward();                                          // Q_i at the batch's actions

 private:
  // What one worker needs for a block of rows and nobody reads afterwards.
  struct Scratch {
    NetworkTape<T> policy_tape;    // (block), of the policy at s'
    NetworkGradients<T> d_critic;  // (block)
    Outputs<T> d_out;              // (block, M)
    Panels<T> d_action;            // (block, A), rows in the order of their carriers
    std::vector<int> order;        // (block): position → row of the block
  };

  Panels<T> obs() const { return x_.first_cols(batch_.obs_dim); }  // (2B, O)
  // What the critics' training pass takes: the batch at s, or all of it (2B).
  Panels<T> critic_input() const { return x_.first_cols(critic_in_).rows_from(0, critic_rows_); }
  bool actor_due() const { return state_.num_updates % config_.policy_delay == 0; }
  bool target_due() const { return (state_.num_updates + 1) % config_.target_update_interval == 0; }
  bool continuous() const { return state_.policy->continuous(); }
  T mean(const T* x) const;
  void draw_target_critics();

  void sample_policy(int begin, int end);  // rows of [s; s']
  void critic_forward_rows(int i, int first, int count);
  void critic_loss_rows(int i, int first, int count);
  void policy_from_critics(const CriticValues<T>& q, int action, int first_row);
  void terms_of_pass(int pass);
  void action_gradient_rows(Scratch& scratch, int pass, int first, int count);
  void write_replayed_actions();
  double critic_loss() const;

  void critic_step(UpdateMetrics& metrics);
  void actor_step(UpdateMetrics& metrics);
  void value_step(UpdateMetrics& metrics);
  void temperature_step(UpdateMetrics& metrics);

  SacConfig config_;
  std::unique_ptr<CriticObjective<T>> objective_;
  LearnerState<T> state_;
  Passes<T> passes_;
  Arena arena_;
  BatchView<T> batch_;
  Panels<T> x_;                 // (2B, O + A) what the networks read: the batch's own, or normalised
  BatchView<T> scaled_;         // the batch with rewards as targets read them: the batch's own, or r/c
  double reward_unit_ = 1.0;    // c of the last batch
  int critic_in_;               // columns of x that critics read
  int critic_rows_;             // and rows in training: B or 2B
  WeightedActions<T> samples_;  // ((1 + n)·B)
  TrainedNetworks<T> critics_, actor_;
  std::vector<Outputs<T>> actor_out_;  // the head's rows at s
  PassMode actor_mode_ = PassMode::training;
  bool critics_passed_ = false;  // the critics' training pass has been made, to find the targets
  Optimiser<T> critic_optimiser_, value_optimiser_, actor_optimiser_;
  Temperature<T> temperature_;
  std::vector<int> target_critics_;
  std::unique_ptr<TargetSource<T>> target_;
  std::unique_ptr<StateValue<T>> value_;  // with variant = state_value
  std::vector<Scratch> scratch_;          // one a worker

  std::vector<int> column_;           // (B) where the replayed action's outputs begin in a critic's
  std::vector<T> replayed_;           // (B, A)
  Outputs<T> y_;                      // (B, width)
  T* y_mean_;                         // (B)
  std::vector<T*> q_, critic_terms_;  // N × (B)
  ActorLoss<T> actor_loss_;
  T* actor_value_;            // (B)
  T* terms_;                  // (K·B)
  T* row_terms_;              // (B)
  T* d_action_;               // row-lane (K·B, width)
  std::vector<int> carrier_;  // (B) of the last pass
};

extern template class SacUpdate<float>;
extern template class SacUpdate<double>;

}  // namespace softac
