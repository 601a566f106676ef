// What changes in training of the discrete learner: construction, names of its tensors, digest.
#include "agent/discrete_sac.h"
#include "agent/layer_tensors.h"
#include "agent/learner_state.h"

namespace softac {
namespace {

template <class T>
std::optional<Mlp<T>> make_actor(int obs_dim, const SacConfig& config, ParamLayout& layout) {
  if (config.discrete_policy == DiscretePolicy::boltzmann) return std::nullopt;
  return Mlp<T>(
      "actor", {obs_dim, hidden_widths(config.net_arch_actor, config), config.num_actions, false, config.activation_fn},
      layout);
}

template <class T>
std::vector<Mlp<T>> make_critics(int obs_dim, const SacConfig& config, ParamLayout& layout) {
  std::vector<Mlp<T>> out;
  for (int i = 0; i < config.n_critics; ++i) {
    out.emplace_back("critic." + std::to_string(i),
                     MlpShape{obs_dim, hidden_widths(config.net_arch_critic, config), config.num_actions, false,
                              config.activation_fn},
                     layout);
  }
  return out;
}

}  // namespace

template <class T>
DiscreteState<T>::DiscreteState(int obs_dim, const SacConfig& config, std::uint64_t seed)
    : actor_net(make_actor<T>(obs_dim, config, actor_layout)),
      critic_nets(make_critics<T>(obs_dim, config, critic_layout)),
      actor(arena, actor_layout.size()),
      critic(arena, critic_layout.size()),
      critic_target(arena.take<T>(static_cast<std::size_t>(critic_layout.size()))),
      log_alpha(arena, kLanes) {
  init_networks(*this, actor_net ? &*actor_net : nullptr, config, seed);
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

template <class T>
std::uint64_t DiscreteState<T>::hash() const {
  return digest_of<T>({&actor, &critic, &log_alpha}, critic_target, critic.size,
                      {static_cast<std::uint64_t>(num_updates), static_cast<std::uint64_t>(num_actor_updates)});
}

template struct DiscreteState<float>;
template struct DiscreteState<double>;

}  // namespace softac
