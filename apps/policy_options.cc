#include "policy_options.h"

#include <string_view>

#include "paths.h"
#include "signals.h"
#include "softac/error.h"

namespace softac::app {

namespace {

constexpr std::string_view kKwargs = "env_kwargs.";
constexpr int kMaxEpisodeSteps = 1'000'000'000;

}  // namespace

EvaluateOptions PolicyOptions::evaluate_options(std::string violations) const {
  if (step < 0 && step != kNoStep) violations += "\n  --step " + std::to_string(step) + ": must be at least 0";
  if (!violations.empty()) throw ConfigError("options out of range:" + violations);
  EvaluateOptions options;
  if (best) options.model.kind = ModelChoice::Kind::best;
  if (step != kNoStep) options.model = {ModelChoice::Kind::step, step};
  options.env_plugins = absolute_paths(plugins);
  options.stop_signal = &stop_signal();
  options.on_env_hang = leave_at_hang;
  return options;
}

EvaluateOptions EpisodeOptions::evaluate_options(std::string violations) const {
  if (episodes < min_episodes || episodes > kMaxEpisodes)
    violations += "\n  --episodes " + std::to_string(episodes) + ": must be from 1 to " + std::to_string(kMaxEpisodes);
  if (seed < 0) violations += "\n  --seed " + std::to_string(seed) + ": must be at least 0";
  if (max_episode_steps < 0 || max_episode_steps > kMaxEpisodeSteps)
    violations += "\n  --max-episode-steps " + std::to_string(max_episode_steps) + ": must be from 0 to " +
                  std::to_string(kMaxEpisodeSteps);
  for (const std::string& text : set) {
    if (!text.starts_with(kKwargs)) violations += "\n  --set " + text + ": must be env_kwargs.NAME=VALUE";
  }
  EvaluateOptions options = PolicyOptions::evaluate_options(std::move(violations));
  options.episodes = episodes;
  options.seed = static_cast<std::uint64_t>(seed);
  options.max_episode_steps = max_episode_steps;
  for (const std::string& text : set) options.env_kwargs.push_back(text.substr(kKwargs.size()));
  return options;
}

void add_policy_options(Command command, PolicyOptions& options, const char* run) {
  command.add_option("RUN", options.run, run).required();
  Option best =
      command.add_flag("--best", options.best, "The best policy of the run's evaluations instead of the newest");
  command.add_option("--step", options.step, "The checkpoint taken at this environment step")
      .excludes(best)
      .value_name("N");
}

void add_plugin_option(Command command, PolicyOptions& options) {
  command.add_option("--env-plugin", options.plugins, "Shared library in place of the run's (repeatable)")
      .value_name("FILE");
}

void add_episode_options(Command command, EpisodeOptions& options) {
  command.add_option("--set", options.set, "An argument of the environment in place of the run's (repeatable)")
      .value_name("env_kwargs.NAME=VALUE");
  add_plugin_option(command, options);
  command
      .add_option("--max-episode-steps", options.max_episode_steps,
                  "Steps at which an episode is cut off; 0 = as in the run's own evaluations")
      .show_default()
      .value_name("N");
}

}  // namespace softac::app
