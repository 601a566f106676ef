#include "train/collector.h"

#include <algorithm>

#include "softac/error.h"

namespace softac {

Collector::Collector(VecEnv& envs, SacAgent& agent, ReplayBuffer& replay, std::uint64_t seed,
                     const ExternalExploration& exploration)
    : envs_(envs),
      agent_(agent),
      experience_(replay),
      exploration_(exploration),
      repetition_(agent.config(), seed, static_cast<std::size_t>(envs.num_envs())) {
  const std::size_t n = envs.num_envs();
  for (std::uint32_t i = 0; i < n; ++i) {
    act_rngs_.emplace_back(seed, StreamKind::act, i);
    warmup_rngs_.emplace_back(seed, StreamKind::warmup, i);
  }
  obs_.resize(n * envs.spec().obs_dim);
  actions_.resize(n * envs.spec().act_dim);
}

void Collector::uniform_action(std::size_t env) {
  const std::size_t act_dim = envs_.spec().act_dim;
  for (std::size_t k = 0; k < act_dim; ++k)
    actions_[env * act_dim + k] = static_cast<float>(warmup_rngs_[env].uniform(-1.0, 1.0));
}

void Collector::explore() {
  const std::size_t act_dim = envs_.spec().act_dim;
  for (std::size_t i = 0; i < act_rngs_.size(); ++i) {
    if (exploration_.action_noise_std > 0.0) {
      for (std::size_t k = 0; k < act_dim; ++k) {
        float& action = actions_[i * act_dim + k];
        const double noisy = static_cast<double>(action) + exploration_.action_noise_std * act_rngs_[i].normal();
        action = static_cast<float>(std::clamp(noisy, -1.0, 1.0));
      }
    }
    if (exploration_.random_action_prob > 0.0 && warmup_rngs_[i].uniform() < exploration_.random_action_prob)
      uniform_action(i);
  }
}

void Collector::step(bool random) {
  std::ranges::copy(envs_.obs(), obs_.begin());
  agent_.observe(obs_, envs_.num_envs());
  for (std::size_t i = 0; !random && i < act_rngs_.size(); ++i) repetition_.prepare(i, act_rngs_[i]);
  if (random) {
    for (std::size_t i = 0; i < warmup_rngs_.size(); ++i) uniform_action(i);
  } else if (!agent_.act(obs_, envs_.num_envs(), false, act_rngs_, actions_)) {
    throw NumericsError("an action of the policy is not finite");
  } else {
    explore();
  }
  envs_.step(actions_);
  experience_.add(
      {obs_, actions_, envs_.reward(), envs_.next_obs(), envs_.terminated(), envs_.truncated(), envs_.failed()});
  for (int i = 0; i < envs_.num_envs(); ++i) {
    if (envs_.failed()[i] != 0) {
      agent_.end_return(i);
    } else {
      agent_.observe_reward(i, envs_.reward()[i], envs_.terminated()[i] != 0 || envs_.truncated()[i] != 0);
    }
  }
}

}  // namespace softac
