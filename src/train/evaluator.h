// Runs whole episodes in its own environments. An evaluation depends on the policy and the seed alone: it always
// starts from the same states, and touches no generator of training.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "env/vec_env.h"
#include "softac/agent.h"
#include "softac/config.h"
#include "softac/evaluation.h"

namespace softac {

class Evaluator {
 public:
  // Makes min(num_episodes, 10) environments; each runs its share of the episodes one after the other.
  Evaluator(const TrainConfig& config, int num_episodes, std::uint64_t seed,
            std::function<void(const std::string&)> on_timeout = {});

  // Throws EnvError, NumericsError. Fills returns, lengths (environment by environment), means and deviation.
  EvalStats run(SacAgent& agent, bool deterministic = true);

  const EnvSpec& spec() const { return envs_->spec(); }

 private:
  int num_episodes_;
  std::uint64_t seed_;
  std::unique_ptr<VecEnv> envs_;
  std::vector<std::byte> start_;  // the environments before their first step
  std::vector<Rng> noise_;
  std::vector<float> actions_;  // (N, A)
};

// Fills the means and the deviation from returns and lengths.
void summarize(EvalStats& stats);

}  // namespace softac
