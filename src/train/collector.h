// One step of every training environment: act, step, store. Rows are environments, in the order of their index.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "agent/noise_repetition.h"
#include "replay/replay_buffer.h"
#include "softac/agent.h"
#include "softac/vec_env.h"
#include "train/experience.h"

namespace softac {

// Exploration from outside the policy, for the hard version above all.
struct ExternalExploration {
  double action_noise_std = 0.0;    // Gaussian noise on each action; the sum is clipped to [−1, 1]
  double random_action_prob = 0.0;  // ε: a uniform action instead, environment by environment
};

class Collector {
 public:
  // Exploration noise of environment i comes from (seed, act, i), uniform actions from (seed, warmup, i).
  Collector(VecEnv& envs, SacAgent& agent, ReplayBuffer& replay, std::uint64_t seed,
            const ExternalExploration& exploration = {});

  // random: uniform actions in [−1, 1]^A in place of the policy's. The plain Gaussian's unclipped sample is stored; the
  // environment clips it. Throws EnvError, NumericsError; then nothing of this step has been stored. Does not allocate
  // after the first call.
  void step(bool random);

  std::span<const float> actions() const { return actions_; }  // (N, A) of the last step

  NoiseRepetition& noise_repetition() { return repetition_; }
  std::span<Rng> act_rngs() { return act_rngs_; }        // (N)
  std::span<Rng> warmup_rngs() { return warmup_rngs_; }  // (N)

 private:
  VecEnv& envs_;
  SacAgent& agent_;
  Experience experience_;
  ExternalExploration exploration_;
  NoiseRepetition repetition_;
  std::vector<Rng> act_rngs_, warmup_rngs_;
  void explore();
  void uniform_action(std::size_t env);

  std::vector<float> obs_;      // (N, O) what the step acted on
  std::vector<float> actions_;  // (N, A)
};

}  // namespace softac
