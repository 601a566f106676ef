// SAC for your own loop: act, observe, update, without VecEnv or Trainer.
//
//   Learner learner(obs_dim, act_dim, config, options);
//   for (;;) {
//     learner.act(obs, action);                       // in [−1, 1]; rescale to the task's units
//     … take the step …
//     learner.observe({obs, action, reward, next_obs, terminated, truncated});
//     if (learner.num_transitions() >= 1000) learner.update();
//   }
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "softac/agent.h"
#include "softac/config.h"

namespace softac {

// One step of a task.
struct Transition {
  std::span<const float> obs;     // (O)
  std::span<const float> action;  // (A) in [−1, 1], as act() returned it
  float reward = 0.0f;
  std::span<const float> next_obs;  // (O) true successor, also where the episode ends
  bool terminated = false;          // the task ended: the next value is zero
  bool truncated = false;           // cut off: the next value counts
};

struct LearnerOptions {
  std::int64_t buffer_size = 1'000'000;  // transitions that replay keeps, over all streams; to 1e15
  int num_streams = 1;                   // independent sequences of transitions, e.g. one per robot; to 65536
  std::uint64_t seed = 0;
  int threads = 1;           // inside an update; 0 = all cores; never changes a result
  std::string backend = {};  // "" = best
};

// Not thread-safe. Nothing allocates after the first act, observe and update.
class Learner {
 public:
  // Throws ConfigError with everything that makes settings or options unusable: what SacAgent says, and a buffer_size
  // that holds no batch or not more than n_steps of each stream. MemoryError if networks or replay buffer do not fit.
  Learner(int obs_dim, int act_dim, const SacConfig& config, const LearnerOptions& options = {});
  ~Learner();
  Learner(Learner&&) noexcept;
  Learner& operator=(Learner&&) noexcept;

  // Writes the policy's action (A) for obs (O). Throws NumericsError if it is not finite. Here and below: ContractError
  // on other sizes and on a stream outside of 0 … num_streams − 1.
  void act(std::span<const float> obs, std::span<float> action, bool deterministic = false, int stream = 0);
  // Writes a uniform action in [−1, 1]^A, for the first steps of a run.
  void random_action(std::span<float> action, int stream = 0);

  // Stores a transition. Within an episode obs is the last next_obs of the stream; where it is not (a new episode was
  // started without a flag), the episode before counts as truncated there. Throws EnvError on
  // values that are not finite; nothing is stored after an error.
  void observe(const Transition& transition, int stream = 0);

  // One update from a uniformly drawn batch. ContractError before the first transition; NumericsError if it went wrong.
  UpdateMetrics update();

  std::int64_t num_transitions() const;  // stored now
  SacAgent& agent();
  std::uint64_t state_hash();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace softac
