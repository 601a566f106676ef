#include "agent/sac_state.h"

#include "agent/layer_tensors.h"
#include "agent/learner_state.h"

namespace softac {
namespace {

template <class T>
Actor<T> make_actor(int obs_dim, int act_dim, const SacConfig& config, ParamLayout& layout) {
  const GaussianShape shape{act_dim,
                            num_panels(act_dim),
                            num_panels(2 * act_dim),
                            config.policy == PolicyKind::squashed_gaussian,
                            config.log_std_rule == LogStdRule::tanh,
                            config.log_std_min,
                            config.log_std_max};
  return Actor<T>(obs_dim, hidden_widths(config.net_arch_actor, config), config.activation_fn, shape,
                  config.actor_components, layout);
}

template <class T>
std::vector<Mlp<T>> make_critics(int obs_dim, int act_dim, const SacConfig& config, ParamLayout& layout) {
  std::vector<Mlp<T>> out;
  const auto& hidden = hidden_widths(config.net_arch_critic, config);
  for (int i = 0; i < config.n_critics; ++i) {
    out.emplace_back("critic." + std::to_string(i), MlpShape{obs_dim + act_dim, hidden, 1, true, config.activation_fn},
                     layout);
  }
  return out;
}

// The actor's combined output layer is two tensors in files, mu and log_std; of a mixture three, K·A, K·A and K rows.
template <class T>
void add_actor(std::vector<TensorRef>& out, const std::string& prefix, const ParamLayout& layout, const Actor<T>& actor,
               T* base) {
  const int values = actor.components() * actor.shape().act_dim;
  for (std::size_t i = 0; i + 1 < layout.slots().size(); ++i) {
    const Slot& slot = layout.slots()[i];
    add_layer(out, prefix + slot.name, slot, base, 0, slot.out);
  }
  add_layer(out, prefix + "actor.mu", layout.slots().back(), base, 0, values);
  add_layer(out, prefix + "actor.log_std", layout.slots().back(), base, values, values);
  if (actor.components() > 1)
    add_layer(out, prefix + "actor.logits", layout.slots().back(), base, 2 * values, actor.components());
}

}  // namespace

template <class T>
SacState<T>::SacState(int obs_dim, int act_dim, const SacConfig& config, std::uint64_t seed)
    : actor_net(make_actor<T>(obs_dim, act_dim, config, actor_layout)),
      critic_nets(make_critics<T>(obs_dim, act_dim, config, critic_layout)),
      actor(arena, actor_layout.size()),
      critic(arena, critic_layout.size()),
      critic_target(arena.take<T>(static_cast<std::size_t>(critic_layout.size()))),
      log_alpha(arena, kLanes),
      noise(seed, StreamKind::update) {
  init(config, seed);
}

template <class T>
void SacState<T>::init(const SacConfig& config, std::uint64_t seed) {
  init_networks(*this, &actor_net.net(), config, seed);
}

template <class T>
std::vector<TensorRef> SacState<T>::model_tensors() {
  std::vector<TensorRef> out;
  add_actor(out, "", actor_layout, actor_net, actor.value);
  add_layers(out, "", critic_layout, critic.value);
  add_layers(out, "target.", critic_layout, critic_target);
  add_scalar(out, "log_ent_coef", log_alpha.value);
  return out;
}

template <class T>
std::vector<TensorRef> SacState<T>::optimizer_tensors() {
  std::vector<TensorRef> out;
  for (const bool second : {false, true}) {
    const std::string prefix = second ? "adam_v." : "adam_m.";
    const auto moment = [second](const Params<T>& p) { return second ? p.v : p.m; };
    add_actor(out, prefix, actor_layout, actor_net, moment(actor));
    add_layers(out, prefix, critic_layout, moment(critic));
    add_scalar(out, prefix + "log_ent_coef", moment(log_alpha));
  }
  return out;
}

template <class T>
std::uint64_t SacState<T>::hash() const {
  return digest_of<T>(
      {&actor, &critic, &log_alpha}, critic_target, critic.size,
      {static_cast<std::uint64_t>(num_updates), static_cast<std::uint64_t>(num_actor_updates), noise.position()});
}

template struct SacState<float>;
template struct SacState<double>;

}  // namespace softac
