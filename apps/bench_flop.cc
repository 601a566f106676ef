#include "bench_flop.h"

#include <vector>

#include "agent/reduce.h"
#include "policy/policy.h"

namespace softac::app {
namespace {

struct Cost {
  std::int64_t forward = 0, backward = 0, first_width = 0;
};

Cost cost(int in, const std::vector<int>& hidden, int out) {
  const std::int64_t all = std::int64_t{in} * out;
  if (hidden.empty()) return {all, 0, out};
  Cost c{std::int64_t{in} * hidden.front() + std::int64_t{hidden.back()} * out, std::int64_t{hidden.back()} * out,
         hidden.front()};
  for (std::size_t l = 1; l < hidden.size(); ++l) {
    const std::int64_t inner = std::int64_t{hidden[l - 1]} * hidden[l];
    c.forward += inner;
    c.backward += inner;
  }
  return c;
}

}  // namespace

UpdateFlop update_flop(int obs_dim, int act_dim, const SacConfig& config) {
  const int head = make_policy<float>(act_dim, config)->head_columns();
  const Cost a = cost(obs_dim, config.net_arch_actor.empty() ? config.net_arch : config.net_arch_actor, head);
  const Cost c = cost(obs_dim + act_dim, config.net_arch_critic.empty() ? config.net_arch : config.net_arch_critic,
                      critic_outputs(config));
  const std::int64_t n = config.n_critics, flop = std::int64_t{2} * config.batch_size;  // per multiply-add of a row
  // The likelihood ratio needs no gradient from the critics.
  const std::int64_t through_critic =
      config.actor_gradient == ActorGradient::reparameterised ? c.backward + act_dim * c.first_width : 0;
  const std::int64_t parts = config.actor_components, targets = num_target_critics(config);
  const std::int64_t carriers = actor_reduce(config) == ActorReduce::mean ? n : 1;  // critics with the actor's gradient
  UpdateFlop out{flop * 2 * a.forward,
                 flop * parts * targets * c.forward * config.n_target_actions,
                 flop * n * c.forward,
                 flop * n * (c.forward + c.backward),
                 flop * (parts * (n * c.forward + carriers * through_critic) + a.forward + a.backward),
                 0};
  if (config.variant == Variant::state_value) {
    const Cost v = cost(obs_dim, config.net_arch_critic.empty() ? config.net_arch : config.net_arch_critic, 1);
    out.policy = flop * a.forward;
    out.target = flop * v.forward;
    out.value = flop * (2 * v.forward + v.backward);
  }
  return out;
}

std::int64_t flop_per_update(int obs_dim, int act_dim, const SacConfig& config) {
  return update_flop(obs_dim, act_dim, config).total();
}

}  // namespace softac::app
