// The environments of a run, and the learner's settings for them.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "env/vec_env.h"
#include "softac/config.h"

namespace softac {

// The learner's settings for an environment: with its number of discrete actions.
SacConfig agent_config(SacConfig config, const EnvSpec& spec);

// count environments of the run's task, drawing their resets from (seed, stream, index).
std::unique_ptr<VecEnv> make_vec_env(const TrainConfig& config, int count, std::uint64_t seed, StreamKind stream,
                                     std::function<void(const std::string&)> on_timeout = {});

}  // namespace softac
