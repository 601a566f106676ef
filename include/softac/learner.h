// SAC for your own loop: act, observe, update, without VecEnv or Trainer.
//
//   Learner learner(obs_dim, act_dim, config, options);
//   for (;;) {
//     learner.act(obs, action);                       // in [−1, 1]; rescale to the task's units
//     … take the step …
//     learner.observe({obs, action, reward, next_obs, terminated, truncated});
//     if (learner.num_transitions() >= 1000) learner.update();
//   }
//
// With N streams (robots, environments that are stepped together) act_all and observe_all do the same for all of them.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "softac/agent.h"
#include "softac/config.h"
#include "softac/diagnostics.h"

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

// One step of N streams; row i is stream i's.
struct TransitionRows {
  std::span<const float> obs;                // (N, O) row-major
  std::span<const float> actions;            // (N, A)
  std::span<const float> reward;             // (N)
  std::span<const float> next_obs;           // (N, O) true successors
  std::span<const std::uint8_t> terminated;  // (N) 0 or 1; where both flags are set, the task ended
  std::span<const std::uint8_t> truncated;   // (N)
};

// Transitions out of the replay: row by row, stream by stream, oldest first.
struct StoredTransitions {
  std::vector<std::int32_t> stream;                 // (n)
  std::vector<float> obs, actions, next_obs;        // (n, O), (n, A), (n, O)
  std::vector<float> reward;                        // (n)
  std::vector<std::uint8_t> terminated, truncated;  // (n)
};

// A batch as an update reads it; rows drawn uniformly from the replay.
struct SampledBatch {
  std::vector<float> obs, actions, next_obs;  // (n, O), (n, A), (n, O); next_obs: after the last reward of the row
  std::vector<float> reward;                  // (n) n-step sum of discounted rewards
  std::vector<float> discount;                // (n) of the value at next_obs: γ^k, 0 where the task ended
};

// What batches are put through as they are drawn; the replay keeps what it was given. This is for statistics that
// somebody else keeps (Stable-Baselines3's VecNormalize); those of normalize_obs are the learner's own.
struct BatchNormalisation {
  // (O) each, or empty: as stored. (s − mean)/std, held within ±clip (∞: not held).
  std::vector<double> obs_mean, obs_std, obs_clip;
  // Each reward r becomes r/std, held within ±clip, before rewards are discounted and summed.
  double reward_std = 1.0;
  double reward_clip = std::numeric_limits<double>::infinity();
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
  // that holds not more than n_steps of each stream (a batch may be larger: it is drawn with replacement). MemoryError
  // if networks or replay buffer do not fit.
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

  // The same for all N streams at once: obs (N, O), actions (N, A). mask: (N), or empty for all; rows where it is 0 are
  // left alone: nothing is written, drawn or stored for them. Each stream has its own generators, so that its
  // actions do not depend on the others.
  void act_all(std::span<const float> obs, std::span<float> actions, bool deterministic = false,
               std::span<const std::uint8_t> mask = {});
  void random_actions(std::span<float> actions, std::span<const std::uint8_t> mask = {});
  void observe_all(const TransitionRows& rows, std::span<const std::uint8_t> mask = {});

  // Actions (rows, A) of any number of observations (rows, O), 1 to 65536, for use beside training: their noise is
  // drawn from a generator of its own.
  void predict(std::span<const float> obs, int rows, bool deterministic, std::span<float> actions);

  // One update from a uniformly drawn batch. ContractError before the first transition; NumericsError if it went wrong.
  UpdateMetrics update();
  // `count` updates; the means of what they report, of the actor's and the temperature's numbers over those that moved
  // them; ent_coef is the last one.
  // go_on: asked before each update but the first; false ends them early.
  UpdateMetrics update(int count, const std::function<bool()>& go_on = {});

  // The replay.
  std::int64_t num_transitions() const;  // stored now
  // What the newest transition of the stream leads to will not be continued: it counts as truncated.
  void end_episode(int stream);
  void clear_replay();
  StoredTransitions stored_transitions() const;
  // Appends to the replay, in order, as observe() does; the statistics of normalize_obs and normalize_reward
  // do not hear of it.
  void extend_replay(const StoredTransitions& transitions);
  // A batch beside training, with what is set below: drawn by a generator of its own. ContractError while the replay is
  // empty and outside of 1 to 65536 rows.
  SampledBatch sample(int rows);
  // From the next batch on; nothing: batches as stored. ContractError on other sizes and on numbers that are no
  // statistics (std and clip must be above 0).
  void set_batch_normalisation(std::optional<BatchNormalisation> normalisation);

  // What --diag measures of the learner itself, on a batch of the replay that is drawn anew for each `number`
  // (docs/diagnostics.md; without the rollouts of diag/q_bias). Touches nothing of training. ContractError while the
  // replay is empty.
  std::vector<DiagnosticValue> diagnose(std::int64_t number);

  // Everything but the replay, in one file: settings, networks, moments, counters, generators (docs/formats.md).
  // Written beside the path and renamed. DiskError, IoError.
  void save(const std::string& path);
  // The learner of such a file, with an empty replay. threads and backend are those of now. Throws IoError on anything
  // else than a file of save(), MemoryError.
  static Learner load(const std::string& path, int threads = 1, const std::string& backend = {});
  // The replay, in a file of its own, and back: IoError on damaged bytes and on a replay of another shape, or one that
  // has more transitions than fit; the replay is then empty.
  void save_replay(const std::string& path);
  void load_replay(const std::string& path);

  Learner clone();  // another one in the same state, replay included

  SacAgent& agent();
  const LearnerOptions& options() const;
  // Of all that training goes on from: networks, moments, counters, replay, generators (not predict's and sample's).
  std::uint64_t state_hash();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace softac
