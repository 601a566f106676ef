// The settings of a run: name, group, range and a line of documentation for every field of TrainConfig, the learner's
// (softac/sac_settings.h) among them. File, command line, printing, docs/settings.md, validation and resumption
// all walk them through for_each_setting().
#pragma once

#include <type_traits>

#include "softac/config.h"
#include "softac/sac_settings.h"

namespace softac {

// Calls visit(info, field) for every setting of a run, the learner's in the middle. env_kwargs is left out: its keys
// are the environment's.
template <class Config, class Visitor>
requires std::is_same_v<std::remove_const_t<Config>, TrainConfig>
void for_each_setting(Config& c, Visitor&& visit) {
  const char* group = "Run";
  visit(in_new_run({"env_id", group, "environment; its constructor arguments are set as env_kwargs.NAME"}), c.env_id);
  visit(on_resume({"env_plugins", group, "shared libraries with further environments, loaded first"}), c.env_plugins);
  visit(SettingInfo{"max_episode_steps", group,
                    "time limit of an episode, at which it is truncated, in place of the task's; 0 = the task's own", 0,
                    1e9},
        c.max_episode_steps);
  visit(on_resume({"total_timesteps", group, "environment steps of the whole run", 1, 1e15}), c.total_timesteps);
  visit(in_new_run({"seed", group, "seed of networks, actions, replay and environments", 0, 9223372036854774784.0}),
        c.seed);
  visit(in_new_run({"n_envs", group, "environments stepped together", 1, 65536}), c.n_envs);
  visit(on_resume({"n_env_threads", group, "threads that step environments; never changes a result", 1, 4096}),
        c.n_env_threads);
  visit(on_resume({"threads", group, "threads inside an update; 0 = all cores; never changes a result", 0, 4096}),
        c.threads);
  visit(on_resume(
            {"backend", group, "reference, portable, avx2 or avx512; empty = the best here; never changes a result"}),
        c.backend);
  visit(on_resume(
            {"max_time_sec", group, "wall time after which the run stops with a checkpoint; 0 = no limit", 0, 1e12}),
        c.max_time_sec);
  visit(on_resume({"env_timeout_sec", group,
                   "an environment step that takes longer is reported as hung; 0 = not watched", 0, 1e9}),
        c.env_timeout_sec);
  visit(on_resume({"env_error_resets", group,
                   "a training environment that breaks its contract starts a new episode and the step is dropped, "
                   "with a warning; false: the run ends. A hang or a crash always ends it"}),
        c.env_error_resets);
  visit(on_resume({"max_rollbacks", group,
                   "times that the run goes back to its last checkpoint, with other random numbers, after a number "
                   "that is not finite; 0 = it ends (--on-nan rollback:N)",
                   0, 1e6}),
        c.max_rollbacks);
  group = "Replay and schedule";
  visit(SettingInfo{"buffer_size", group, "transitions that replay keeps, over all environments", 1, 1e15},
        c.buffer_size);
  visit(SettingInfo{"offline_data", group,
                    "recorded data of which each batch has a part (docs/offline-data.md): a dataset of Minari, a run, "
                    "or what softac data record wrote; empty = none"},
        c.offline_data);
  visit(SettingInfo{"offline_ratio", group,
                    "rows of each batch that come from offline_data; 0.5: the even ones, the odd ones from the replay",
                    0, 1},
        c.offline_ratio);
  visit(SettingInfo{"learning_starts", group, "environment steps with uniform random actions at the start", 0, 1e15},
        c.learning_starts);
  visit(SettingInfo{"action_noise_std", group,
                    "σ of Gaussian noise on the policy's actions (bounds at ±1); for training without entropy", 0, 100},
        c.action_noise_std);
  visit(SettingInfo{"random_action_prob", group,
                    "probability of a uniform random action in place of the policy's (ε); for training without entropy",
                    0, 1},
        c.random_action_prob);
  visit(SettingInfo{"update_after", group, "no update before this many environment steps; -1 = learning_starts", -1,
                    1e15},
        c.update_after);
  visit(SettingInfo{"train_freq", group, "vector-environment steps between training phases", 1, 1e9}, c.train_freq);
  visit(SettingInfo{"gradient_steps", group,
                    "updates of a training phase (see gradient_steps_per_env_step); -1 = one per new step", -1, 1e9},
        c.gradient_steps);
  visit(SettingInfo{"gradient_steps_per_env_step", group,
                    "true: gradient_steps counts for each environment (times n_envs); false: for all together"},
        c.gradient_steps_per_env_step);
  for_each_setting(c.sac, visit);
  group = "Evaluation and records";
  visit(on_resume({"eval_freq", group, "environment steps between evaluations; 0 = never", 0, 1e15}), c.eval_freq);
  visit(on_resume({"n_eval_episodes", group, "episodes of one evaluation", 1, 1e6}), c.n_eval_episodes);
  visit(on_resume({"eval_max_episode_steps", group,
                   "steps after which an episode of an evaluation is cut off, which is reported; 0 = the time limit, "
                   "or 10,000 where there is none",
                   0, 1e9}),
        c.eval_max_episode_steps);
  visit(on_resume({"checkpoint_freq", group, "environment steps between checkpoints; 0 = only at the end", 0, 1e15}),
        c.checkpoint_freq);
  visit(on_resume({"checkpoint_replay", group, "keep the replay buffer in checkpoints"}), c.checkpoint_replay);
  visit(on_resume({"keep_checkpoints", group, "newest checkpoints that are kept: a number, or all", 1, 1e15}),
        CountOrAll<std::conditional_t<std::is_const_v<Config>, const std::int64_t, std::int64_t>>{c.keep_checkpoints});
  visit(on_resume({"keep_checkpoints_every", group,
                   "every k-th checkpoint of the run is kept as well, however old; 0 = none", 0, 1e15}),
        c.keep_checkpoints_every);
  visit(on_resume({"log_interval_steps", group, "environment steps between rows of metrics", 1, 1e15}),
        c.log_interval_steps);
  visit(on_resume({"diag_freq", group,
                   "environment steps between diagnoses of the learner (docs/diagnostics.md); 0 = never. They change "
                   "nothing of the training",
                   0, 1e15}),
        c.diag_freq);
  visit(on_resume({"video_freq", group,
                   "environment steps between videos of an episode, each of the first checkpoint that is written "
                   "after as many (docs/playing.md); 0 = never. They change nothing of the training",
                   0, 1e15}),
        c.video_freq);
  visit(on_resume({"tensorboard", group, "write a TensorBoard event file"}), c.tensorboard);
}

}  // namespace softac
