// Options that commands share which take a run's policy: which policy (eval, play, export), and the environment and
// episodes that it acts in (eval, play).
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "cli.h"
#include "softac/evaluation.h"

namespace softac::app {

struct PolicyOptions {
  static constexpr std::int64_t kNoStep = std::numeric_limits<std::int64_t>::min();

  std::string run;
  bool best = false;
  std::int64_t step = kNoStep;
  std::vector<std::string> plugins;

  // What they ask for. Throws ConfigError with everything that is out of range, `violations` first: lines that each
  // begin with "\n  ".
  EvaluateOptions evaluate_options(std::string violations = {}) const;
};

struct EpisodeOptions : PolicyOptions {
  static constexpr int kMaxEpisodes = 1'000'000;

  int episodes = 0, min_episodes = 1;
  std::int64_t seed = 1000;
  std::vector<std::string> set;
  int max_episode_steps = 0;

  EvaluateOptions evaluate_options(std::string violations = {}) const;
};

// RUN, --best and --step.
void add_policy_options(Command command, PolicyOptions& options, const char* run = "Run directory");
// --env-plugin
void add_plugin_option(Command command, PolicyOptions& options);
// --set, --env-plugin and --max-episode-steps. What --episodes and --seed mean each command says itself.
void add_episode_options(Command command, EpisodeOptions& options);

}  // namespace softac::app
