// Every setting of a run. Plain aggregates, defaults in place, one line per field. Names and meanings are
// Stable-Baselines3's where it has the setting; frequencies count environment steps.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "softac/env.h"
#include "softac/sac_config.h"

namespace softac {

constexpr std::int64_t kKeepAll = std::numeric_limits<std::int64_t>::max();

// A training run (train/).
struct TrainConfig {
  SacConfig sac;
  std::string env_id;
  EnvKwargs env_kwargs;                      // constructor arguments of the environment
  std::vector<std::string> env_plugins;      // shared libraries to load first
  int max_episode_steps = 0;                 // time limit of an episode in place of the task's; 0 = the task's own
  std::int64_t total_timesteps = 1'000'000;  // environment steps of the whole run
  std::int64_t learning_starts = 100;        // environment steps with uniform random actions at the start
  double action_noise_std = 0.0;             // σ of Gaussian noise on the policy's actions, in [−1, 1]^A
  double random_action_prob = 0.0;           // ε: probability of a uniform action in place of the policy's
  std::int64_t update_after = -1;            // no update before this many environment steps; −1 = learning_starts
  int train_freq = 1;                        // vector-environment steps between training phases
  int gradient_steps = 1;                    // updates per new transition and train_freq; −1 = one per new step
  bool gradient_steps_per_env_step = true;   // scale gradient_steps by n_envs (SB3 does not)
  std::int64_t buffer_size = 1'000'000;      // transitions that replay keeps, over all environments
  std::string offline_data;                  // path of recorded data, of which each batch has a part; "" = none
  double offline_ratio = 0.5;                // of the rows of a batch; 0.5: the even ones
  int n_envs = 1;                            // environments stepped together
  int n_env_threads = 1;                     // threads that step environments
  int threads = 0;                           // threads inside an update; 0 = all cores
  std::uint64_t seed = 0;                    // of networks, actions, replay and environments
  std::int64_t eval_freq = 10'000;           // environment steps between evaluations; 0 = never
  int n_eval_episodes = 10;                  // episodes of one evaluation
  int eval_max_episode_steps = 0;            // of an evaluation's episode; 0 = the time limit, 10,000 without one
  std::int64_t checkpoint_freq = 50'000;     // environment steps between checkpoints; 0 = only at the end
  std::int64_t keep_checkpoints = 3;         // newest checkpoints kept; kKeepAll = every one
  std::int64_t keep_checkpoints_every = 0;   // every k-th is kept as well; 0 = none
  std::int64_t log_interval_steps = 1'000;   // environment steps between rows of metrics
  double max_time_sec = 0.0;                 // stop (with a checkpoint) after this wall time; 0 = no limit
  double env_timeout_sec = 60.0;             // a step that takes longer is reported as hung
  bool env_error_resets = false;             // an environment that breaks its contract is reset; else the run ends
  std::int64_t diag_freq = 0;                // environment steps between diagnoses; 0 = never
  std::int64_t video_freq = 0;               // environment steps between videos; 0 = never
  bool tensorboard = true;                   // write a TensorBoard event file
  bool checkpoint_replay = true;             // keep the replay buffer in checkpoints
  int max_rollbacks = 0;                     // times that a run goes back to its last checkpoint after a NaN
  std::string backend;                       // reference | portable | avx2 | avx512; empty = best
};

// All broken rules of a run's settings (softac/sac_settings.h); empty = usable. What depends on the environment's sizes
// is left to the learner's own validate().
struct SettingViolation;
std::vector<SettingViolation> validate(const TrainConfig& config);

}  // namespace softac
