#include "agent/state.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <initializer_list>
#include <string>
#include <type_traits>

#include "agent/layer_tensors.h"
#include "agent/reduce.h"
#include "base/elementary_scalar.h"
#include "nn/projection.h"

namespace softac {
namespace {

const std::vector<int>& hidden_widths(const std::vector<int>& own, const SacConfig& config) {
  return own.empty() ? config.net_arch : own;
}

BatchNormRule norm_rule(const SacConfig& config, NormLayer norm) {
  return {config.norm_eps, config.batch_norm_momentum, config.batch_norm_unbiased, norm == NormLayer::batch_renorm,
          config.renorm_warmup_steps};
}

template <class T>
std::vector<Network<T>> make_actor(int obs_dim, const SacConfig& config, const Policy<T>& policy, ParamLayout& layout) {
  if (config.discrete_policy == DiscretePolicy::boltzmann) return {};
  NetworkShape shape{obs_dim,
                     hidden_widths(config.net_arch_actor, config),
                     policy.head_columns(),
                     config.activation_fn,
                     config.norm_layer_actor,
                     norm_rule(config, config.norm_layer_actor),
                     config.norm_place,
                     config.norm_input && joins_rows(config.norm_layer_actor),
                     {config.kernel_init, config.head_init}};
  for (const HeadPart& part : policy.head_parts()) shape.init.output_parts.push_back(part.outputs);
  return {Network<T>("actor", shape, layout)};
}

NetworkShape critic_shape(int in, int out, const SacConfig& config) {
  return {in,
          hidden_widths(config.net_arch_critic, config),
          out,
          config.activation_fn,
          config.norm_layer_critic,
          norm_rule(config, config.norm_layer_critic),
          config.norm_place,
          config.norm_input && joins_rows(config.norm_layer_critic),
          {config.kernel_init, config.head_init == WeightInit::zero ? config.kernel_init : config.head_init},
          config.dropout_rate};
}

template <class T>
std::vector<Network<T>> make_critics(int obs_dim, int act_dim, const SacConfig& config, int outputs,
                                     ParamLayout& layout) {
  const bool discrete = config.num_actions > 0;
  const NetworkShape shape =
      critic_shape(discrete ? obs_dim : obs_dim + act_dim, discrete ? config.num_actions * outputs : outputs, config);
  std::vector<Network<T>> out;
  for (int i = 0; i < config.n_critics; ++i) out.emplace_back("critic." + std::to_string(i), shape, layout);
  return out;
}

template <class T>
std::vector<Network<T>> make_value_nets(int obs_dim, const SacConfig& config, ParamLayout& layout) {
  if (config.variant != Variant::state_value) return {};
  NetworkShape shape = critic_shape(obs_dim, 1, config);
  shape.dropout = 0.0;
  return {Network<T>("value", shape, layout)};
}

// Room for the target of `params`, or null.
template <class T>
T* make_target(Arena& arena, const Params<T>& params, bool wanted) {
  return wanted ? arena.take<T>(params.size) : nullptr;
}

template <class T>
void copy_values(T* to, const Params<T>& from) {
  if (to) std::memcpy(to, from.value, from.size * sizeof(T));
}

// The head's layer is one tensor pair in files for each part of the head.
template <class T>
void add_actor(std::vector<TensorRef>& out, const std::string& prefix, const ParamLayout& layout,
               const Policy<T>& policy, T* base) {
  if (layout.slots().empty()) return;
  for (std::size_t i = 0; i + 1 < layout.slots().size(); ++i) add_slot(out, prefix, layout.slots()[i], base);
  int first = 0;
  for (const HeadPart& part : policy.head_parts()) {
    add_layer(out, prefix + "actor." + part.name, layout.slots().back(), base, first, part.outputs);
    first += part.outputs;
  }
}

template <class T>
void add_running(std::vector<TensorRef>& out, const std::string& network, const ParamLayout& layout,
                 RunningStatistics<T>& norms) {
  for (const StatisticsSlot& slot : layout.statistics()) {
    const auto changed = [&norms, slot] { norms.refresh(slot.offset, slot.out); };
    add_vector(out, slot.name + ".running_mean", std::span(norms.mean + slot.offset, slot.out), changed);
    add_vector(out, slot.name + ".running_var", std::span(norms.variance + slot.offset, slot.out), changed);
  }
  if (norms.size > 0) add_statistics(out, network + ".norm_passes", std::span(&norms.passes, 1), [] {});
}

// FNV-1a over bit patterns.
class StateDigest {
 public:
  void add(std::uint64_t word) { digest_ = (digest_ ^ word) * 0x100000001b3u; }
  template <class T>
  void add(const T* x, std::int64_t n) {
    using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
    for (std::int64_t i = 0; x && i < n; ++i) add(static_cast<std::uint64_t>(std::bit_cast<Bits>(x[i])));
  }
  std::uint64_t value() const { return digest_; }

 private:
  std::uint64_t digest_ = 0xcbf29ce484222325u;
};

}  // namespace

template <class T>
LearnerState<T>::LearnerState(int obs_dim, int act_dim, const SacConfig& config, int critic_outputs, std::uint64_t seed)
    : policy(make_policy<T>(act_dim, config)),
      actor_nets(make_actor<T>(obs_dim, config, *policy, actor_layout)),
      critic_nets(make_critics<T>(obs_dim, act_dim, config, critic_outputs, critic_layout)),
      value_nets(make_value_nets<T>(obs_dim, config, value_layout)),
      actor(arena, actor_layout.size()),
      critic(arena, critic_layout.size()),
      value(arena, value_layout.size()),
      critic_target(make_target(arena, critic, value_nets.empty() && config.target_network == TargetNetwork::polyak)),
      value_target(make_target(arena, value, !value_nets.empty())),
      log_alpha(arena, kLanes),
      actor_norms(arena, actor_layout, config.norm_eps),
      critic_norms(arena, critic_layout, config.norm_eps),
      noise(seed, StreamKind::update),
      draws_noise(policy->continuous() || draws_target_critics(config)) {
  if (config.normalize_obs) obs_norm.emplace(obs_dim, config);
  if (config.normalize_reward != NormalizeReward::none) reward_norm.emplace(config);
  // Streams: the actor, the critics, the state values, the head.
  const auto stream = [seed](std::size_t index) {
    return Rng(seed, StreamKind::init, static_cast<std::uint32_t>(index));
  };
  const std::size_t critics = critic_nets.size();
  for (const Network<T>& net : actor_nets) {
    Rng rng = stream(0), head_rng = stream(critics + 2);
    net.init(actor.value, rng);
    policy->init_head(actor_layout.slots().back(), actor.value, head_rng);
  }
  for (std::size_t i = 0; i < critics; ++i) {
    Rng rng = stream(i + 1);
    critic_nets[i].init(critic.value, rng);
  }
  for (const Network<T>& net : value_nets) {
    Rng rng = stream(critics + 1);
    net.init(value.value, rng);
  }
  Projection<T>(config.weight_norm, actor_layout).apply(actor.value);
  Projection<T>(config.weight_norm, critic_layout).apply(critic.value);
  Projection<T>(config.weight_norm, value_layout).apply(value.value);
  copy_values(critic_target, critic);
  copy_values(value_target, value);
  log_alpha.value[0] = config.ent_coef_auto ? log_of(static_cast<T>(config.ent_coef)) : T(0);
}

template <class T>
int LearnerState<T>::widest() const {
  int widest = critic_nets[0].widest();
  for (const Network<T>& net : actor_nets) widest = std::max(widest, net.widest());
  return widest;
}

template <class T>
std::vector<TensorRef> LearnerState<T>::model_tensors() {
  std::vector<TensorRef> out;
  add_actor(out, "", actor_layout, *policy, actor.value);
  add_layers(out, "", critic_layout, critic.value);
  if (critic_target) add_layers(out, "target.", critic_layout, critic_target);
  add_layers(out, "", value_layout, value.value);
  if (value_target) add_layers(out, "target.", value_layout, value_target);
  add_scalar(out, "log_ent_coef", log_alpha.value);
  add_running(out, "actor", actor_layout, actor_norms);
  add_running(out, "critic", critic_layout, critic_norms);
  if (obs_norm) {
    const auto changed = [norm = &*obs_norm] { norm->statistics_changed(); };
    add_statistics(out, "obs_norm.mean", obs_norm->mean, changed);
    add_statistics(out, "obs_norm.var", obs_norm->variance, changed);
    add_statistics(out, "obs_norm.count", std::span(&obs_norm->count, 1), changed);
  }
  if (reward_norm) {
    const auto add = [&](const char* name, double& x) {
      add_statistics(out, std::string("reward_norm.") + name, std::span(&x, 1), [] {});
    };
    add("mean", reward_norm->mean);
    add("var", reward_norm->variance);
    add("count", reward_norm->count);
    add("max", reward_norm->largest);
  }
  return out;
}

template <class T>
std::vector<TensorRef> LearnerState<T>::optimizer_tensors() {
  std::vector<TensorRef> out;
  for (const bool second : {false, true}) {
    const std::string prefix = second ? "adam_v." : "adam_m.";
    const auto moment = [second](const Params<T>& p) { return second ? p.v : p.m; };
    add_actor(out, prefix, actor_layout, *policy, moment(actor));
    add_layers(out, prefix, critic_layout, moment(critic));
    add_layers(out, prefix, value_layout, moment(value));
    add_scalar(out, prefix + "log_ent_coef", moment(log_alpha));
  }
  if (reward_norm) add_statistics(out, "reward_norm.returns", reward_norm->returns, [] {});
  return out;
}

template <class T>
std::uint64_t LearnerState<T>::hash() const {
  StateDigest digest;
  for (const Params<T>* p : {&actor, &critic, &log_alpha, &value}) {
    for (const T* x : {p->value, p->m, p->v}) digest.add(x, p->size);
  }
  digest.add(critic_target, critic.size);
  digest.add(value_target, value.size);
  for (const RunningStatistics<T>* norms : {&actor_norms, &critic_norms}) {
    digest.add(norms->mean, norms->size);
    digest.add(norms->variance, norms->size);
    if (norms->size > 0) digest.add(&norms->passes, 1);
  }
  if (obs_norm) {
    for (const auto& x : {obs_norm->mean, obs_norm->variance})
      digest.add(x.data(), static_cast<std::int64_t>(x.size()));
    digest.add(&obs_norm->count, 1);
  }
  if (reward_norm) {
    for (const double* x : {&reward_norm->mean, &reward_norm->variance, &reward_norm->count, &reward_norm->largest})
      digest.add(x, 1);
    digest.add(reward_norm->returns.data(), static_cast<std::int64_t>(reward_norm->returns.size()));
  }
  digest.add(static_cast<std::uint64_t>(num_updates));
  digest.add(static_cast<std::uint64_t>(num_actor_updates));
  if (draws_noise) digest.add(noise.position());
  return digest.value();
}

template struct LearnerState<float>;
template struct LearnerState<double>;

}  // namespace softac
