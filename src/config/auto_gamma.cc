#include "config/auto_gamma.h"

#include <algorithm>

#include "softac/error.h"

namespace softac {
namespace {

// The table need not know the limit of an environment that a program adds.
int time_limit(const TrainConfig& config) {
  if (config.max_episode_steps > 0) return config.max_episode_steps;
  const int limit = find_env(config.env_id).max_episode_steps;
  return limit > 0 ? limit : make_env(config.env_id, config.env_kwargs)->spec().max_episode_steps;
}

}  // namespace

double gamma_of_episode(int steps) {
  const double fifth = steps / 5.0;
  return std::clamp((fifth - 1.0) / fifth, 0.95, 0.995);
}

std::string resolve_gamma(TrainConfig& config) {
  if (!config.sac.gamma_auto) return "";
  const int steps = time_limit(config);
  if (steps <= 0) {
    throw ConfigError("gamma = auto: episodes of " + config.env_id +
                      " have no time limit to find it from; set gamma to a number, or max_episode_steps");
  }
  config.sac.gamma_auto = false;
  config.sac.gamma = gamma_of_episode(steps);
  return "auto: " + std::to_string(steps) + " steps an episode";
}

}  // namespace softac
