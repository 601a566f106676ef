#include "config/make_envs.h"

#include <algorithm>
#include <new>

#include "config/planned_updates.h"

namespace softac {

SacConfig agent_config(const TrainConfig& config, const EnvSpec& spec) {
  SacConfig sac = config.sac;
  sac.num_actions = spec.num_actions;
  sac.num_streams = config.n_envs;
  if (sac.learning_rate_steps == 0) sac.learning_rate_steps = std::max<std::int64_t>(planned_updates(config), 1);
  return sac;
}

namespace {

std::unique_ptr<Env> make_another(const TrainConfig& config, int number, int count, StreamKind stream) {
  try {
    return make_env(config.env_id, config.env_kwargs);
  } catch (const MemoryError&) {
    throw;
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& error) {
    std::string text = config.env_id + ": environment " + std::to_string(number) + " of " + std::to_string(count) +
                       " could not be made beside the others: " + error.what();
    if (stream == StreamKind::env) text += "; set n_envs=" + std::to_string(number - 1);
    throw InstanceError(text);
  }
}

}  // namespace

std::unique_ptr<VecEnv> make_vec_env(const TrainConfig& config, int count, std::uint64_t seed, StreamKind stream,
                                     std::function<void(const std::string&)> on_timeout, Autoreset autoreset) {
  std::vector<std::unique_ptr<Env>> envs;
  if (count > 0) envs.push_back(make_env(config.env_id, config.env_kwargs));
  for (int i = 1; i < count; ++i) envs.push_back(make_another(config, i + 1, count, stream));
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
  options.autoreset = autoreset;
  auto made = std::make_unique<VecEnv>(std::move(envs), options);
  if (config.max_episode_steps > 0) made->set_max_episode_steps(config.max_episode_steps);
  return made;
}

}  // namespace softac
