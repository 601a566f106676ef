// Runs whole episodes in its own environments. An evaluation depends on the policy and the seed alone: it always
// starts from the same states, and touches no generator of training.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/stop_request.h"
#include "softac/agent.h"
#include "softac/config.h"
#include "softac/evaluation.h"
#include "softac/vec_env.h"

namespace softac {

class Evaluator {
 public:
  static constexpr int kMaxEnvs = 10;
  static constexpr int kMaxSteps = 10'000;  // of an episode where nothing else limits it

  // Makes min(num_episodes, max_envs) environments; each runs its share of the episodes one after the other. Throws as
  // make_vec_env does.
  Evaluator(const TrainConfig& config, int num_episodes, std::uint64_t seed,
            std::function<void(const std::string&)> on_timeout = {}, int max_envs = kMaxEnvs);

  // Throws EnvError, NumericsError, and StoppedError, of which nothing remains. Fills returns, lengths (environment by
  // environment), means and deviation.
  EvalStats run(SacAgent& agent, bool deterministic = true, const StopRequest& stop = {});

  const EnvSpec& spec() const { return envs_->spec(); }

 private:
  int num_episodes_;
  std::uint64_t seed_;
  std::unique_ptr<VecEnv> envs_;
  int task_limit_;                // the time limit of training's episodes; 0 = none
  std::vector<std::byte> start_;  // the environments before their first step
  std::vector<Rng> noise_;
  std::vector<float> actions_;  // (N, A)
};

// Sets the steps at which episodes end; returns the task's own limit, 0 = none.
int limit_episodes(VecEnv& envs, const TrainConfig& config);

// Whether environment `env`, whose episode has just ended, ended at that limit, which is not the task's own.
bool is_cut_off(const VecEnv& envs, int env, int task_limit);

// Which generator gives the policy's noise in environment `number` of an evaluation.
Rng evaluation_noise(std::uint64_t seed, int number);

// "3 of 10 episodes cut off at 10000 steps"
std::string cut_off_text(const EvalStats& stats);

// Fills the means and the deviation from returns and lengths.
void summarize(EvalStats& stats);

}  // namespace softac
