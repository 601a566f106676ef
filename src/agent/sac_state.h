// Everything of the learner that changes in training.
#pragma once

#include <vector>

#include "math/arena.h"
#include "nn/actor.h"
#include "nn/params.h"
#include "softac/agent.h"
#include "softac/rng.h"
#include "softac/sac_config.h"

namespace softac {

template <class T>
struct SacState {
  SacState(int obs_dim, int act_dim, const SacConfig& config, std::uint64_t seed);

  Arena arena;
  ParamLayout actor_layout, critic_layout, value_layout;
  Actor<T> actor_net;               // shapes only
  std::vector<Mlp<T>> critic_nets;  // N critics over (s, a); parameters one after the other in one vector
  std::vector<Mlp<T>> value_nets;   // V_ψ(s): one with variant = state_value, else none
  Params<T> actor;
  Params<T> critic;
  Params<T> value;      // ψ
  T* critic_target;     // θ̄, laid out as critic.value; null with variant = state_value
  T* value_target;      // ψ̄, laid out as value.value; null otherwise
  Params<T> log_alpha;  // one value in the first lane
  std::int64_t num_updates = 0;
  std::int64_t num_actor_updates = 0;
  Rng noise;  // reparameterisation noise of the updates

  // Initial networks from (seed, StreamKind::init, network); targets equal their critics.
  void init(const SacConfig& config, std::uint64_t seed);

  std::vector<TensorRef> model_tensors();
  std::vector<TensorRef> optimizer_tensors();
  std::uint64_t hash() const;
};

extern template struct SacState<float>;
extern template struct SacState<double>;

}  // namespace softac
