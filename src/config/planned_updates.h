// How many updates a run's settings ask for.
#pragma once

#include <algorithm>
#include <cstdint>

#include "softac/config.h"

namespace softac {

// Updates that follow every train_freq vector steps.
inline std::int64_t updates_per_phase(const TrainConfig& config) {
  if (config.gradient_steps < 0) return std::int64_t{config.train_freq} * config.n_envs;
  return std::int64_t{config.gradient_steps} * (config.gradient_steps_per_env_step ? config.n_envs : 1);
}

// No update follows a step up to this one.
inline std::int64_t first_update_after(const TrainConfig& config) {
  return config.update_after < 0 ? config.learning_starts : config.update_after;
}

// Updates of the whole run, the horizon of learning-rate schedules. Phases follow the multiples of train_freq among the
// vector steps v with v · n_envs > first_update_after().
inline std::int64_t planned_updates(const TrainConfig& config) {
  const std::int64_t vector_steps = (config.total_timesteps + config.n_envs - 1) / config.n_envs;
  const std::int64_t skipped = first_update_after(config) / config.n_envs;
  const std::int64_t phases = vector_steps / config.train_freq - skipped / config.train_freq;
  return std::max<std::int64_t>(phases, 0) * updates_per_phase(config);
}

}  // namespace softac
