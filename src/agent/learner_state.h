// What the learners' states have in common: first values of their networks, the digest of their numbers.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <type_traits>
#include <vector>

#include "base/elementary_scalar.h"
#include "nn/mlp.h"
#include "nn/params.h"
#include "softac/rng.h"
#include "softac/sac_config.h"

namespace softac {

// Hidden widths of a network that has its own, or else the common ones.
inline const std::vector<int>& hidden_widths(const std::vector<int>& own, const SacConfig& config) {
  return own.empty() ? config.net_arch : own;
}

// Networks from (seed, StreamKind::init, number: the actor, where there is one, is 0), targets (if any) equal to
// their critics, log α.
template <class State, class T>
void init_networks(State& state, const Mlp<T>* actor_net, const SacConfig& config, std::uint64_t seed) {
  Rng actor_rng(seed, StreamKind::init, 0);
  if (actor_net) actor_net->init(state.actor.value, actor_rng);
  for (std::size_t i = 0; i < state.critic_nets.size(); ++i) {
    Rng rng(seed, StreamKind::init, static_cast<std::uint32_t>(i) + 1);
    state.critic_nets[i].init(state.critic.value, rng);
  }
  if (state.critic_target)
    std::memcpy(state.critic_target, state.critic.value, static_cast<std::size_t>(state.critic.size) * sizeof(T));
  state.log_alpha.value[0] = config.ent_coef_auto ? log_of(static_cast<T>(config.ent_coef)) : T(0);
}

// FNV-1a over bit patterns: values and moments of the networks, then the targets, then the counters.
template <class T>
std::uint64_t digest_of(std::initializer_list<const Params<T>*> networks, const T* target, std::int64_t target_size,
                        std::initializer_list<std::uint64_t> counters) {
  std::uint64_t digest = 0xcbf29ce484222325u;
  const auto mix = [&](std::uint64_t word) { digest = (digest ^ word) * 0x100000001b3u; };
  const auto mix_all = [&](const T* x, std::int64_t n) {
    using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
    for (std::int64_t i = 0; i < n; ++i) mix(std::bit_cast<Bits>(x[i]));
  };
  for (const Params<T>* p : networks) {
    for (const T* x : {p->value, p->m, p->v}) mix_all(x, p->size);
  }
  mix_all(target, target_size);
  for (const std::uint64_t counter : counters) mix(counter);
  return digest;
}

}  // namespace softac
