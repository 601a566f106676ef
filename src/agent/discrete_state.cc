// What changes in training of the discrete learner: construction, names of its tensors, digest.
#include <bit>
#include <cstring>

#include "agent/discrete_sac.h"
#include "agent/layer_tensors.h"
#include "base/elementary.h"

namespace softac {
namespace {

const std::vector<int>& hidden_of(const std::vector<int>& own, const SacConfig& config) {
  return own.empty() ? config.net_arch : own;
}

template <class T>
std::vector<Mlp<T>> make_critics(int obs_dim, const SacConfig& config, ParamLayout& layout) {
  std::vector<Mlp<T>> out;
  for (int i = 0; i < config.n_critics; ++i) {
    out.emplace_back(
        "critic." + std::to_string(i),
        MlpShape{obs_dim, hidden_of(config.net_arch_critic, config), config.num_actions, false, config.activation_fn},
        layout);
  }
  return out;
}

}  // namespace

template <class T>
DiscreteState<T>::DiscreteState(int obs_dim, const SacConfig& config, std::uint64_t seed)
    : actor_net("actor",
                {obs_dim, hidden_of(config.net_arch_actor, config), config.num_actions, false, config.activation_fn},
                actor_layout),
      critic_nets(make_critics<T>(obs_dim, config, critic_layout)),
      actor(arena, actor_layout.size()),
      critic(arena, critic_layout.size()),
      critic_target(arena.take<T>(static_cast<std::size_t>(critic_layout.size()))),
      log_alpha(arena, kLanes) {
  Rng actor_rng(seed, StreamKind::init, 0);
  actor_net.init(actor.value, actor_rng);
  for (std::size_t i = 0; i < critic_nets.size(); ++i) {
    Rng rng(seed, StreamKind::init, static_cast<std::uint32_t>(i) + 1);
    critic_nets[i].init(critic.value, rng);
  }
  std::memcpy(critic_target, critic.value, static_cast<std::size_t>(critic.size) * sizeof(T));
  log_alpha.value[0] =
      config.ent_coef_auto ? elementary::log(elementary::Scalar<T>(static_cast<T>(config.ent_coef))).v : T(0);
}

template <class T>
std::vector<TensorRef> DiscreteState<T>::model_tensors() {
  std::vector<TensorRef> out;
  add_layers(out, "", actor_layout, actor.value);
  add_layers(out, "", critic_layout, critic.value);
  add_layers(out, "target.", critic_layout, critic_target);
  add_scalar(out, "log_ent_coef", log_alpha.value);
  return out;
}

template <class T>
std::vector<TensorRef> DiscreteState<T>::optimizer_tensors() {
  std::vector<TensorRef> out;
  for (const bool second : {false, true}) {
    const std::string prefix = second ? "adam_v." : "adam_m.";
    const auto moment = [second](const Params<T>& p) { return second ? p.v : p.m; };
    add_layers(out, prefix, actor_layout, moment(actor));
    add_layers(out, prefix, critic_layout, moment(critic));
    add_scalar(out, prefix + "log_ent_coef", moment(log_alpha));
  }
  return out;
}

// FNV-1a over the values' bit patterns and the counters, in this order.
template <class T>
std::uint64_t DiscreteState<T>::hash() const {
  std::uint64_t digest = 0xcbf29ce484222325u;
  const auto mix = [&](std::uint64_t word) { digest = (digest ^ word) * 0x100000001b3u; };
  const auto mix_all = [&](const T* x, std::int64_t n) {
    using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
    for (std::int64_t i = 0; i < n; ++i) mix(std::bit_cast<Bits>(x[i]));
  };
  for (const Params<T>* p : {&actor, &critic, &log_alpha}) {
    mix_all(p->value, p->size);
    mix_all(p->m, p->size);
    mix_all(p->v, p->size);
  }
  mix_all(critic_target, critic.size);
  mix(static_cast<std::uint64_t>(num_updates));
  mix(static_cast<std::uint64_t>(num_actor_updates));
  return digest;
}

template struct DiscreteState<float>;
template struct DiscreteState<double>;

}  // namespace softac
