// N environments stepped together: float32 observations, actions rescaled from [−1, 1], time limits, same-step
// auto-reset, contract checks, episode statistics. Results depend on the seed alone, never on the number of threads.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "softac/env.h"
#include "softac/error.h"
#include "softac/rng.h"

namespace softac {

class ThreadPool;

struct VecEnvOptions {
  std::uint64_t seed = 0;
  StreamKind stream = StreamKind::env;  // environment i draws its resets from (seed, stream, i)
  int num_threads = 1;
  bool rescale_actions = true;          // actions in [−1, 1] → the environment's bounds; false = own units, clipped to bounds
  double timeout_sec = 0.0;             // 0 = not watched
};

class VecEnv {
 public:
  // envs: one or more environments of the same spec. Throws ConfigError if they differ or if an action bound is infinite
  // while actions are to be rescaled.
  VecEnv(std::vector<std::unique_ptr<Env>> envs, const VecEnvOptions& options);
  ~VecEnv();

  const EnvSpec& spec() const;
  int num_envs() const;

  // Starts a new episode in every environment.
  void reset();

  // actions: (N, A) row-major. Fills everything below. Throws EnvError (environment, index, step and field named) on NaN
  // or Inf in an observation or reward after conversion to float32, or if an environment throws; then no result of this
  // step may be stored. Does not allocate.
  void step(std::span<const float> actions);

  std::span<const float> obs() const;        // (N, O) what to act on next: the first of the new episode where one ended
  std::span<const float> next_obs() const;   // (N, O) true successor of the last step, also where the episode ended
  std::span<const float> reward() const;     // (N)
  std::span<const std::uint8_t> terminated() const;  // (N)
  std::span<const std::uint8_t> truncated() const;   // (N) time limit or the environment's own; 0 where terminated
  std::span<const double> episode_return() const;    // (N) sum of rewards of the episode that this step belongs to
  std::span<const std::int64_t> episode_length() const;  // (N) its steps so far, this one included
  Env& env(int index);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace softac
