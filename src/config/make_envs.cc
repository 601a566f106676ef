#include "config/make_envs.h"

#include <algorithm>

#include "softac/error.h"

namespace softac {

SacConfig agent_config(const TrainConfig& config, const EnvSpec& spec) {
  SacConfig sac = config.sac;
  sac.num_actions = spec.num_actions;
  if (sac.learning_rate_steps == 0) sac.learning_rate_steps = std::max<std::int64_t>(planned_updates(config), 1);
  return sac;
}

// Training phases follow the multiples of train_freq among the vector steps v with v · n_envs > first.
std::int64_t planned_updates(const TrainConfig& config) {
  const std::int64_t first = config.update_after < 0 ? config.learning_starts : config.update_after;
  const std::int64_t vector_steps = (config.total_timesteps + config.n_envs - 1) / config.n_envs;
  const std::int64_t phases = vector_steps / config.train_freq - first / config.n_envs / config.train_freq;
  const std::int64_t per_phase = config.gradient_steps < 0 ? std::int64_t{config.train_freq} * config.n_envs
                                 : config.gradient_steps_per_env_step
                                     ? std::int64_t{config.gradient_steps} * config.n_envs
                                     : config.gradient_steps;
  return std::max<std::int64_t>(phases, 0) * per_phase;
}

std::unique_ptr<VecEnv> make_vec_env(const TrainConfig& config, int count, std::uint64_t seed, StreamKind stream,
                                     std::function<void(const std::string&)> on_timeout) {
  std::vector<std::unique_ptr<Env>> envs;
  for (int i = 0; i < count; ++i) envs.push_back(make_env(config.env_id, config.env_kwargs));
  if (!envs.empty() && envs.front()->spec().num_actions > 0 && config.action_noise_std > 0.0) {
    throw ConfigError("action_noise_std must be 0 with " + config.env_id +
                      ", whose actions are discrete; random_action_prob explores there");
  }
  VecEnvOptions options;
  options.seed = seed;
  options.stream = stream;
  options.num_threads = config.n_env_threads;
  options.timeout_sec = config.env_timeout_sec;
  options.reset_on_error = config.env_error_resets && stream == StreamKind::env;
  options.on_timeout = std::move(on_timeout);
  return std::make_unique<VecEnv>(std::move(envs), options);
}

}  // namespace softac
