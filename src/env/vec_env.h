// N environments stepped together: float32 observations, actions rescaled from [−1, 1], time limits, same-step
// auto-reset, contract checks, episode statistics. Results depend on the seed alone, never on the number of threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
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
  bool rescale_actions = true;  // actions in [−1, 1] → the environment's bounds; false = own units, clipped to bounds
  // An environment that breaks its contract starts a new episode instead of ending step() with EnvError; failed() says
  // which one. Where the reset after an episode fails, the episode's last step counts and the reset is tried once more.
  // An environment whose reset after a failure fails, or that fails in 100 steps in a row, does end it.
  bool reset_on_error = false;
  double timeout_sec = 0.0;  // 0 = not watched
  // Called once on a separate thread while a step or reset still hangs beyond timeout_sec (it cannot be interrupted,
  // so the application decides). A step that does return after that long throws EnvError with the same message.
  std::function<void(const std::string& message)> on_timeout;
};

class VecEnv {
 public:
  // envs: one or more environments of the same spec. Throws ConfigError if they differ or if an action bound is
  // infinite while actions are to be rescaled.
  VecEnv(std::vector<std::unique_ptr<Env>> envs, const VecEnvOptions& options);
  ~VecEnv();

  const EnvSpec& spec() const;
  int num_envs() const;
  // The time limit of episodes from the next step on, spec()'s too, in place of the environments' own; 0 = none. An
  // episode that has as many steps already is truncated at its next one.
  void set_max_episode_steps(int steps);

  // Starts a new episode in every environment. Throws EnvError as step does.
  void reset();

  // actions: (N, A) row-major. Fills everything below. Throws EnvError (environment, index, step and field named) on
  // NaN or Inf in an observation or reward after conversion to float32, or if an environment throws; then no result of
  // this step may be stored. Throws NumericsError if an action is not finite. Does not allocate.
  void step(std::span<const float> actions);

  std::span<const float> obs() const;       // (N, O) what to act on next: the first of the new episode where one ended
  std::span<const float> next_obs() const;  // (N, O) true successor of the last step, also where the episode ended
  std::span<const float> reward() const;    // (N)
  std::span<const std::uint8_t> terminated() const;  // (N)
  std::span<const std::uint8_t> truncated() const;   // (N) time limit or the environment's own; 0 where terminated
  // (N) 1: this step of the environment failed and is not to be used; obs() is the first of a new episode. Always 0
  // without reset_on_error.
  std::span<const std::uint8_t> failed() const;
  std::int64_t num_failures() const;                     // since construction
  const std::string& last_failure() const;               // "" before the first
  std::span<const double> episode_return() const;        // (N) sum of rewards of the episode that this step belongs to
  std::span<const std::int64_t> episode_length() const;  // (N) its steps so far, this one included
  Env& env(int index);

  // Steps of every environment since construction (or as loaded).
  std::int64_t num_steps() const;

  // The whole state: every environment's own, its generator, episode counters and the current observations. Where an
  // environment cannot save its state (can_save_state() is false) load_state starts a new episode instead, drawn
  // from the saved generators. load_state throws IoError on bytes of other environments or damaged bytes; then only
  // another load_state or reset may follow.
  bool can_save_state() const;
  std::vector<std::byte> save_state() const;
  void load_state(std::span<const std::byte> state);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace softac
