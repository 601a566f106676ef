// One step of every training environment: act, step, store. Rows are environments, in the order of their index.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "env/vec_env.h"
#include "replay/replay_buffer.h"
#include "softac/agent.h"

namespace softac {

class Collector {
 public:
  // Exploration noise of environment i comes from (seed, act, i), uniform actions from (seed, warmup, i).
  Collector(VecEnv& envs, SacAgent& agent, ReplayBuffer& replay, std::uint64_t seed);

  // random: uniform actions in [−1, 1]^A in place of the policy's. The plain Gaussian's unclipped sample is stored; the
  // environment clips it. Throws EnvError, NumericsError; then nothing of this step has been stored. Does not allocate
  // after the first call.
  void step(bool random);

  std::span<Rng> act_rngs() { return act_rngs_; }        // (N)
  std::span<Rng> warmup_rngs() { return warmup_rngs_; }  // (N)

 private:
  VecEnv& envs_;
  SacAgent& agent_;
  ReplayBuffer& replay_;
  std::vector<Rng> act_rngs_, warmup_rngs_;
  std::vector<float> obs_;      // (N, O) what the step acted on
  std::vector<float> actions_;  // (N, A)
};

}  // namespace softac
