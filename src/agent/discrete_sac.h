// SAC for discrete actions, with exact expectations over them (Christodoulou, arXiv 1910.07207; docs/math.md): the
// actor has A logits, π = softmax, and each critic A values.
//
//   y = r + discount · Σ_a π(a|s') ( min_j Q_θ̄j(s', a) − α log π(a|s') ),   J_Q(θ_i) = mean (Q_i(s, a) − y)²
//   J_π = mean Σ_a π(a|s) ( α log π(a|s) − min_i Q_i(s, a) ),   J(α) = mean[ α (H(π(·|s)) − H̄) ]
//
// Without an actor (discrete_policy = boltzmann) the policy is E3 on the critics, π(a|s) = exp(min_i Q_i(s, a)/α)/Z:
// the target critics' at s', where the value is α log Z (E4), and the critics' at s, for acting and for α.
//
// Nothing is sampled in an update, so it has no noise of its own. H̄ is ½ log A unless set: half the entropy of the
// uniform policy.
//
// Outside, an action is one number in [−1, 1]: part i of A equal parts means action i (env/discrete.h).
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "math/backend.h"
#include "nn/adam.h"
#include "nn/mlp.h"
#include "softac/agent.h"

namespace softac {

// Everything that changes in training.
template <class T>
struct DiscreteState {
  DiscreteState(int obs_dim, const SacConfig& config, std::uint64_t seed);

  Arena arena;
  ParamLayout actor_layout, critic_layout;
  std::optional<Mlp<T>> actor_net;  // O → A logits; none with the critics' Boltzmann policy
  std::vector<Mlp<T>> critic_nets;  // N × (O → A values)
  Params<T> actor, critic;
  T* critic_target;
  Params<T> log_alpha;
  std::int64_t num_updates = 0, num_actor_updates = 0;

  std::vector<TensorRef> model_tensors();
  std::vector<TensorRef> optimizer_tensors();
  std::uint64_t hash() const;
};

template <class T>
class DiscreteSac {
 public:
  // config.num_actions = A ≥ 2.
  DiscreteSac(int obs_dim, const SacConfig& config, std::uint64_t seed, int threads, const std::string& backend);

  const SacConfig& config() const { return config_; }
  Backend<T>& backend() { return backend_; }
  DiscreteState<T>& state() { return state_; }
  BatchView<T> batch() { return batch_; }
  UpdateMetrics update();
  T alpha() const;
  double target_entropy() const { return target_entropy_; }
  void parameters_changed() { fresh_ = false; }

  // As SacAgent::act.
  bool act(std::span<const T> obs, int rows, bool deterministic, std::span<Rng> noise, std::span<T> actions);
  // π(·|s) of each row, (rows, A) row-major.
  void probabilities(std::span<const T> obs, int rows, std::span<T> out);

  // The steps of update(), separate for tests.
  void policy();              // log π and π at s and s' by the actor, if there is one
  void compute_targets();     // y
  double critic_gradients();  // Σ_i J_Q and its gradient
  double actor_gradients();   // J_π and its gradient
  double boltzmann_policy();  // without an actor: log π and π at s by the critics' last pass; J_π = −α log Z
  double temperature_loss();  // J(α); its gradient with respect to log α in state().log_alpha.grad

  // (num_actions equal parts of [−1, 1])
  static int decode(T action, int num_actions);
  static T encode(int action, int num_actions);

 private:
  struct Pass {  // what a network leaves behind over up to `rows` rows
    Panels<T> out;
    MlpTape<T> tape;
  };
  struct ActBuffers {
    int rows = 0;
    Arena arena;
    Panels<T> x;
    std::vector<Pass> pass;  // the actor's, or the critics'
    Panels<T> logits;        // of the first pass
  };
  Pass make_pass(const Mlp<T>& net, Arena& arena, int rows) const;
  T least(const std::vector<Pass>& critics, int row, int action) const;
  void forward_act(std::span<const T> obs, int rows);
  void refresh_transposes();
  void weights(const Mlp<T>& net, const Pass& pass, const MlpGradients<T>& d, Panels<const T> d_out, T* grad);

  SacConfig config_;
  int obs_dim_, num_actions_, rows_;
  double target_entropy_;
  Backend<T> backend_;
  DiscreteState<T> state_;
  Arena arena_;
  BatchView<T> batch_;
  Pass actor_pass_;                // (2B): s, s'
  std::vector<Pass> critic_pass_;  // N × (B)
  std::vector<Pass> target_pass_;  // N × (B)
  Panels<T> d_out_;                // (B, A) scratch
  MlpGradients<T> d_actor_, d_critic_;
  MlpTransposes<T> actor_wt_;
  std::vector<MlpTransposes<T>> critic_wt_;
  bool fresh_ = false;
  std::vector<T> log_pi_, pi_;  // (2B, A)
  std::vector<T> y_;            // (B)
  double entropy_ = 0.0;        // mean over the rows at s
  std::unique_ptr<ActBuffers> act_;
};

extern template struct DiscreteState<float>;
extern template struct DiscreteState<double>;
extern template class DiscreteSac<float>;
extern template class DiscreteSac<double>;

}  // namespace softac
