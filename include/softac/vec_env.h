// N environments stepped together: float32 observations, actions rescaled from [−1, 1], time limits, resets, contract
// checks, episode statistics. Results depend on the seed alone, never on the number of threads.
//
//   std::vector<std::unique_ptr<Env>> envs;
//   for (int i = 0; i < 4; ++i) envs.push_back(make_env("HalfCheetah-v5"));
//   VecEnv env(std::move(envs), {.seed = 1});
//   env.reset();
//   env.step(actions);  // then env.obs(), env.reward(), …
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

// What follows the last step of an episode: Gymnasium's autoreset modes.
enum class Autoreset {
  same_step,  // step() starts the next episode: obs() is its first observation
  next_step,  // the next step() starts it and does nothing else for that environment, whatever the action: was_reset()
  disabled,   // the caller resets that environment; a step() before that throws ContractError
};

struct VecEnvOptions {
  std::uint64_t seed = 0;
  StreamKind stream = StreamKind::env;  // environment i draws its resets from the generator (seed, stream, i)
  int num_threads = 1;                  // 0 = all cores
  bool rescale_actions = true;          // actions in [−1, 1] → the environment's bounds; false = its own units
  bool clip_actions = true;             // own units: to the bounds; false = as given (infinite bounds are fine then)
  Autoreset autoreset = Autoreset::same_step;
  bool keep_native = false;  // also fill native_obs(), native_next_obs(), native_reward()
  bool keep_info = false;    // also fill info(), start_info()
  // An environment that breaks its contract starts a new episode instead of ending step() with EnvError; failed() says
  // which one. Where the reset after an episode fails, the episode's last step counts and the reset is tried once more.
  // An environment whose reset after a failure fails, or that fails in 100 steps in a row, does end it.
  bool reset_on_error = false;
  double timeout_sec = 0.0;  // 0 = not watched
  // Called once on a separate thread while a step or reset still hangs beyond timeout_sec (it cannot be interrupted,
  // so the application decides). A step that does return after that long throws EnvError with the same message.
  std::function<void(const std::string& message)> on_timeout = nullptr;
};

// One caller at a time. N environments, O = spec().obs_dim, A = spec().act_dim, I = info_size(info_fields()). Spans
// stay valid while the object lives and show the last call's results. Wrong sizes and indices: ContractError.
class VecEnv {
 public:
  // envs: one or more environments of the same spec. Throws ConfigError if they differ or if an action bound is
  // infinite while actions are to be rescaled.
  VecEnv(std::vector<std::unique_ptr<Env>> envs, const VecEnvOptions& options);
  ~VecEnv();

  const EnvSpec& spec() const;
  const std::vector<InfoField>& info_fields() const;
  int num_envs() const;
  Autoreset autoreset() const;
  // The time limit of episodes from the next step on, spec()'s too, in place of the environments' own; 0 = none. An
  // episode that has as many steps already is truncated at its next one.
  void set_max_episode_steps(int steps);

  // Starts a new episode in every environment: fills obs(). Throws EnvError as step does.
  void reset();
  // The same from new generators: as a new VecEnv with that seed would.
  void reset(std::uint64_t seed);
  // In the environments of mask, (N) not 0. Also in the middle of an episode.
  void reset_where(std::span<const std::uint8_t> mask);
  // In one environment, in a given state, (Env::start_size()). Throws ContractError if it has none or a number is not
  // finite.
  void reset_to(int index, std::span<const double> state);
  // From its next reset on, environment index draws from the generator (seed, stream, number): as environment `number`
  // of a VecEnv with that seed. So environments with the seeds s, s + 1, … do what as many VecEnvs of one would.
  void reseed(int index, std::uint64_t seed, std::uint32_t number = 0);

  // actions: (N, A) row-major. Fills everything below. Throws EnvError (environment, index, step and field named) on
  // NaN or Inf in an observation or reward after conversion to float32, or if an environment throws; then no result of
  // this step may be stored. Throws NumericsError if an action is not finite, ContractError if an environment waits for
  // a reset (its first, or with Autoreset::disabled). Does not allocate.
  void step(std::span<const float> actions);
  void step(std::span<const double> actions);

  std::span<const float> obs() const;       // (N, O) what to act on next: the first of the new episode where one began
  std::span<const float> next_obs() const;  // (N, O) true successor of the last step, also where the episode ended
  std::span<const float> reward() const;    // (N)
  std::span<const std::uint8_t> terminated() const;  // (N)
  std::span<const std::uint8_t> truncated() const;   // (N) time limit or the environment's own; 0 where terminated
  // (N) 1: this step only started an episode (Autoreset::next_step): no transition, reward 0, episode_length() 0.
  std::span<const std::uint8_t> was_reset() const;
  // (N) 1: this step of the environment failed and is not to be used; obs() is the first of a new episode. Always 0
  // without reset_on_error.
  std::span<const std::uint8_t> failed() const;
  std::int64_t num_failures() const;                     // since construction
  const std::string& last_failure() const;               // "" before the first
  std::span<const double> episode_return() const;        // (N) sum of rewards of the episode that this step belongs to
  std::span<const std::int64_t> episode_length() const;  // (N) its steps so far, this one included
  Env& env(int index);
  // (A) the action that led to its state, in its units, as it took it; empty at an episode's start, after load_state.
  std::span<const double> env_action(int index) const;

  // As the environments gave them, before they were rounded; empty without keep_native.
  std::span<const double> native_obs() const;       // (N, O)
  std::span<const double> native_next_obs() const;  // (N, O)
  std::span<const double> native_reward() const;    // (N)
  // Env::info, empty without keep_info: of the last step (not where it only was a reset), and of the last start of an
  // episode, where the values of a step are NaN.
  std::span<const double> info() const;        // (N, I)
  std::span<const double> start_info() const;  // (N, I)

  // Steps of every environment since construction (or as loaded).
  std::int64_t num_steps() const;

  // The whole state: every environment's own, its generator, episode counters and the current observations. Where an
  // environment cannot save its state (can_save_state() is false) load_state starts a new episode instead, drawn
  // from the saved generators. load_state throws IoError on bytes of other environments, of an ended episode where
  // Autoreset::same_step has none, or damaged bytes; then only another load_state or reset may follow.
  bool can_save_state() const;
  std::vector<std::byte> save_state() const;
  void load_state(std::span<const std::byte> state);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace softac
