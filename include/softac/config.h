// Every setting of a run. Plain aggregates, defaults in place, one line per field. Names and meanings are
// Stable-Baselines3's where it has the setting; frequencies count environment steps.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "softac/choices.h"
#include "softac/env.h"

namespace softac {

// The learner (agent/): networks, losses, optimisers.
struct SacConfig {
  std::vector<int> net_arch = {256, 256};      // hidden widths of the actor and of each critic
  std::vector<int> net_arch_actor = {};        // hidden widths of the actor alone; empty = net_arch
  std::vector<int> net_arch_critic = {};       // hidden widths of the critics alone; empty = net_arch
  Activation activation_fn = Activation::relu; // hidden activation
  PolicyKind policy = PolicyKind::squashed_gaussian;
  LogStdRule log_std_rule = LogStdRule::clamp;
  double log_std_min = -20.0;                  // bounds of log σ; with the tanh rule the usual choice is −5
  double log_std_max = 2.0;
  int n_critics = 2;                           // N ≥ 1
  double learning_rate = 3e-4;                 // Adam step size of every network without one of its own
  double learning_rate_actor = -1.0;           // < 0: learning_rate
  double learning_rate_critic = -1.0;          // < 0: learning_rate
  double learning_rate_ent_coef = -1.0;        // < 0: learning_rate
  double adam_beta1 = 0.9;
  double adam_beta2 = 0.999;
  double adam_eps = 1e-8;
  double max_grad_norm = 0.0;                  // global gradient norm per network; 0 = no clipping
  int batch_size = 256;                        // B
  double gamma = 0.99;                         // discount per environment step
  double tau = 0.005;                          // Polyak factor, E12
  int target_update_interval = 1;              // updates between Polyak steps
  int policy_delay = 1;                        // updates between actor (and temperature) steps
  int n_steps = 1;                             // n-step returns (intermediate entropies are left out, E8)
  bool ent_coef_auto = true;                   // learn the temperature
  double ent_coef = 1.0;                       // start value if learned, else the fixed α; 0 = the hard version
  EntCoefLoss ent_coef_loss = EntCoefLoss::alpha;
  bool target_entropy_auto = true;             // H̄ = −A
  double target_entropy = 0.0;                 // H̄ otherwise
};

// A training run (train/).
struct TrainConfig {
  SacConfig sac;
  std::string env_id;
  EnvKwargs env_kwargs;                        // constructor arguments of the environment
  std::vector<std::string> env_plugins;        // shared libraries to load first
  std::int64_t total_timesteps = 1'000'000;    // environment steps of the whole run
  std::int64_t learning_starts = 100;          // environment steps with uniform random actions at the start
  std::int64_t update_after = -1;              // no update before this many environment steps; −1 = learning_starts
  int train_freq = 1;                          // vector-environment steps between training phases
  int gradient_steps = 1;                      // updates per new transition and train_freq; −1 = one per new step
  bool gradient_steps_per_env_step = true;     // scale gradient_steps by n_envs (SB3 does not)
  std::int64_t buffer_size = 1'000'000;        // replay slots over all environments
  int n_envs = 1;                              // environments stepped together
  int n_env_threads = 1;                       // threads that step environments
  int threads = 0;                             // threads inside an update; 0 = all cores
  std::uint64_t seed = 0;                      // of networks, actions, replay and environments
  std::int64_t eval_freq = 10'000;             // environment steps between evaluations; 0 = never
  int n_eval_episodes = 10;                    // episodes of one evaluation
  std::int64_t checkpoint_freq = 50'000;       // environment steps between checkpoints; 0 = only at the end
  std::int64_t log_interval_steps = 1'000;     // environment steps between rows of metrics
  double max_time_sec = 0.0;                   // stop (with a checkpoint) after this wall time; 0 = no limit
  double env_timeout_sec = 60.0;               // a step that takes longer is reported as hung
  bool tensorboard = true;                     // write a TensorBoard event file
  bool checkpoint_replay = true;               // keep the replay buffer in checkpoints
  std::string backend;                         // reference | portable | avx2 | avx512; empty = best
};

}  // namespace softac
