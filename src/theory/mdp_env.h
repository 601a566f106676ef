// A finite MDP as an environment: one-hot observations, discrete actions; to compare learners with exact/.
#pragma once

#include <memory>

#include "softac/env.h"
#include "softac/exact.h"

namespace softac {

// Every action must be available in every state that is not terminal, and the starts must not be terminal: ConfigError.
// max_episode_steps: truncation, 0 = none.
std::unique_ptr<Env> make_mdp_env(ExactProblem problem, int max_episode_steps);

}  // namespace softac
