// Everything of the learner that changes in training, and the const networks and policy that give it meaning. What is
// saved, restored and hashed is this.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "agent/normaliser.h"
#include "agent/reward_normaliser.h"
#include "math/arena.h"
#include "nn/network.h"
#include "policy/policy.h"
#include "softac/rng.h"
#include "softac/sac_config.h"
#include "softac/tensor_ref.h"

namespace softac {

// What a pass through the critics is for; each has masks of dropout of its own.
enum class DropoutUse { critic, actor, target };

template <class T>
struct LearnerState {
  // First values from (seed, StreamKind::init, network); targets equal their networks. critic_outputs: of each critic
  // for one action.
  LearnerState(int obs_dim, int act_dim, const SacConfig& config, int critic_outputs, std::uint64_t seed);

  Arena arena;
  std::unique_ptr<Policy<T>> policy;
  ParamLayout actor_layout, critic_layout, value_layout;
  std::vector<Network<T>> actor_nets;   // O → head: one, or none where the policy is made of the critics
  std::vector<Network<T>> critic_nets;  // N: (s, a) → M, or with discrete actions s → A·M
  std::vector<Network<T>> value_nets;   // V_ψ(s): one with variant = state_value, else none
  Params<T> actor;
  Params<T> critic;     // θ of all critics, one after the other
  Params<T> value;      // ψ
  T* critic_target;     // θ̄, laid out as critic.value; null with variant = state_value or target_network = none
  T* value_target;      // ψ̄, laid out as value.value; null otherwise
  Params<T> log_alpha;  // one value in the first lane
  RunningStatistics<T> actor_norms, critic_norms;  // of their batch norms; targets have none of their own
  std::optional<ObsNormaliser<T>> obs_norm;        // with normalize_obs
  std::optional<RewardNormaliser> reward_norm;     // with normalize_reward
  std::int64_t num_updates = 0;
  std::int64_t num_actor_updates = 0;
  Rng noise;         // of the updates: which target critics, reparameterisation
  bool draws_noise;  // whether updates draw anything

  int widest() const;                                                              // of the networks' layers
  double reward_unit() const { return reward_norm ? reward_norm->scale() : 1.0; }  // c: updates read r/c
  // Pass `number` of its kind in the present update.
  DropoutPass dropout_pass(DropoutUse use, int number = 0) const {
    return {noise.seed(), num_updates, static_cast<std::uint32_t>(3 * number + static_cast<int>(use))};
  }
  // What a pass in evaluation mode reads. target: θ̄, where there is one.
  NetworkValues<T> actor_values() const { return {actor.value, &actor_norms.evaluation}; }
  NetworkValues<T> critic_values(bool target = false) const {
    return {target && critic_target ? critic_target : critic.value, &critic_norms.evaluation};
  }

  std::vector<TensorRef> model_tensors();
  std::vector<TensorRef> optimizer_tensors();
  std::uint64_t hash() const;
};

extern template struct LearnerState<float>;
extern template struct LearnerState<double>;

}  // namespace softac
