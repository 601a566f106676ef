#include "config/make_envs.h"

namespace softac {

SacConfig agent_config(SacConfig config, const EnvSpec& spec) {
  config.num_actions = spec.num_actions;
  return config;
}

std::unique_ptr<VecEnv> make_vec_env(const TrainConfig& config, int count, std::uint64_t seed, StreamKind stream,
                                     std::function<void(const std::string&)> on_timeout) {
  std::vector<std::unique_ptr<Env>> envs;
  for (int i = 0; i < count; ++i) envs.push_back(make_env(config.env_id, config.env_kwargs));
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
