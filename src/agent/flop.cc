#include "agent/flop.h"

#include <vector>

namespace softac {
namespace {

struct Cost {
  std::int64_t forward = 0, backward = 0, first_width = 0;
};

Cost cost(int in, const std::vector<int>& hidden, int out) {
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

std::int64_t flop_per_update(int obs_dim, int act_dim, const SacConfig& config) {
  const Cost a = cost(obs_dim, config.net_arch_actor.empty() ? config.net_arch : config.net_arch_actor, 2 * act_dim);
  const Cost c = cost(obs_dim + act_dim, config.net_arch_critic.empty() ? config.net_arch : config.net_arch_critic, 1);
  const std::int64_t n = config.n_critics;
  const std::int64_t per_row =
      3 * a.forward + a.backward + n * (4 * c.forward + c.backward) + c.backward + act_dim * c.first_width;
  return 2 * per_row * config.batch_size;
}

}  // namespace softac
