#include "agent/sac_state.h"

#include <cmath>
#include <cstring>
#include <numeric>
#include <utility>

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

template <class T>
std::vector<Mlp<T>> make_value_nets(int obs_dim, const SacConfig& config, ParamLayout& layout) {
  std::vector<Mlp<T>> out;
  if (config.variant == Variant::state_value) {
    out.emplace_back("value",
                     MlpShape{obs_dim, hidden_widths(config.net_arch_critic, config), 1, true, config.activation_fn},
                     layout);
  }
  return out;
}

// Room for the targets of `layout`, or null.
template <class T>
T* make_targets(Arena& arena, const ParamLayout& layout, bool wanted) {
  return wanted ? arena.take<T>(static_cast<std::size_t>(layout.size())) : nullptr;
}

// Moves the means of a mixture's components apart, in every dimension of the action: there K evenly spaced offsets with
// mean 0 and mean square 1, in random order, are added to the biases of μ. Components that start alike all follow the
// first difference between two ways of acting, and end on the same one.
template <class T>
void spread_components(const Slot& head, int components, int act_dim, T* params, Rng& rng) {
  const double unit = std::sqrt(3.0 / (double(components) * components - 1.0));
  std::vector<int> place(static_cast<std::size_t>(components));
  for (int d = 0; d < act_dim; ++d) {
    std::iota(place.begin(), place.end(), 0);
    for (std::size_t left = place.size(); left > 1; --left) std::swap(place[left - 1], place[rng.below(left)]);
    for (int k = 0; k < components; ++k) {
      const double offset = unit * (2 * place[static_cast<std::size_t>(k)] - (components - 1));
      params[head.offset + head.bias_index(k * act_dim + d)] += static_cast<T>(offset);
    }
  }
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
      value_nets(make_value_nets<T>(obs_dim, config, value_layout)),
      actor(arena, actor_layout.size()),
      critic(arena, critic_layout.size()),
      value(arena, value_layout.size()),
      critic_target(make_targets<T>(arena, critic_layout, value_nets.empty())),
      value_target(make_targets<T>(arena, value_layout, !value_nets.empty())),
      log_alpha(arena, kLanes),
      noise(seed, StreamKind::update) {
  init(config, seed);
}

template <class T>
void SacState<T>::init(const SacConfig& config, std::uint64_t seed) {
  init_networks(*this, &actor_net.net(), config, seed);
  const auto critics = static_cast<std::uint32_t>(critic_nets.size());
  if (actor_net.components() > 1) {
    Rng rng(seed, StreamKind::init, critics + 2);
    spread_components(actor_layout.slots().back(), actor_net.components(), actor_net.shape().act_dim, actor.value, rng);
  }
  if (value_nets.empty()) return;
  Rng rng(seed, StreamKind::init, critics + 1);
  value_nets[0].init(value.value, rng);
  std::memcpy(value_target, value.value, static_cast<std::size_t>(value.size) * sizeof(T));
}

template <class T>
std::vector<TensorRef> SacState<T>::model_tensors() {
  std::vector<TensorRef> out;
  add_actor(out, "", actor_layout, actor_net, actor.value);
  add_layers(out, "", critic_layout, critic.value);
  if (critic_target) add_layers(out, "target.", critic_layout, critic_target);
  add_layers(out, "", value_layout, value.value);
  if (value_target) add_layers(out, "target.", value_layout, value_target);
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
    add_layers(out, prefix, value_layout, moment(value));
    add_scalar(out, prefix + "log_ent_coef", moment(log_alpha));
  }
  return out;
}

template <class T>
std::uint64_t SacState<T>::hash() const {
  return digest_of<T>(
      {&actor, &critic, &log_alpha, &value}, critic_target ? critic_target : value_target,
      critic_target ? critic.size : value.size,
      {static_cast<std::uint64_t>(num_updates), static_cast<std::uint64_t>(num_actor_updates), noise.position()});
}

template struct SacState<float>;
template struct SacState<double>;

}  // namespace softac
