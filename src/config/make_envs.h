// The environments of a run, and the learner's settings for them.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "softac/config.h"
#include "softac/error.h"
#include "softac/vec_env.h"

namespace softac {

// The learner's settings in a run: with the environment's number of discrete actions, a stream each, and the horizon of
// a learning-rate schedule.
SacConfig agent_config(const TrainConfig& config, const EnvSpec& spec);

// An environment could not be made beside those that were made before.
class InstanceError : public ConfigError {
 public:
  using ConfigError::ConfigError;
};

// count environments of the run's task with the run's time limit, drawing their resets from (seed, stream, index).
// Throws as make_env does, InstanceError from the second environment on, and ConfigError where the run's exploration
// does not suit the environment's actions.
std::unique_ptr<VecEnv> make_vec_env(const TrainConfig& config, int count, std::uint64_t seed, StreamKind stream,
                                     std::function<void(const std::string&)> on_timeout = {},
                                     Autoreset autoreset = Autoreset::same_step);

}  // namespace softac
