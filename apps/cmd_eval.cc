// softac eval RUN: returns of the policy of a run in fresh environments.
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "commands.h"
#include "exit_code.h"
#include "parse.h"
#include "paths.h"
#include "signals.h"
#include "softac/error.h"
#include "softac/evaluation.h"

namespace softac::app {
namespace {

struct EvalArguments {
  std::string run;
  bool best = false;
  std::int64_t step = -1;
  int episodes = 100;
  std::int64_t seed = 1000;
  bool stochastic = false;
  int threads = 1;
  std::vector<std::string> plugins, set;
  int max_episode_steps = 0;
  std::string max_time;
};

int evaluate(Context& context, const EvalArguments& arguments) {
  std::string violations;
  if (arguments.episodes < 1 || arguments.episodes > 1'000'000)
    violations += "\n  --episodes " + std::to_string(arguments.episodes) + ": must be from 1 to 1000000";
  if (arguments.seed < 0) violations += "\n  --seed " + std::to_string(arguments.seed) + ": must be at least 0";
  if (arguments.step < -1) violations += "\n  --step " + std::to_string(arguments.step) + ": must be at least 0";
  if (arguments.threads < 0 || arguments.threads > 4096)
    violations += "\n  --threads " + std::to_string(arguments.threads) + ": must be from 0 to 4096";
  constexpr std::string_view kKwargs = "env_kwargs.";
  for (const std::string& text : arguments.set) {
    if (!text.starts_with(kKwargs)) violations += "\n  --set " + text + ": must be env_kwargs.NAME=VALUE";
  }
  if (arguments.max_episode_steps < 0 || arguments.max_episode_steps > 1'000'000'000)
    violations +=
        "\n  --max-episode-steps " + std::to_string(arguments.max_episode_steps) + ": must be from 0 to 1000000000";
  if (!violations.empty()) throw ConfigError("options out of range:" + violations);

  EvaluateOptions options;
  if (arguments.best) options.model.kind = ModelChoice::Kind::best;
  if (arguments.step >= 0) options.model = {ModelChoice::Kind::step, arguments.step};
  options.episodes = arguments.episodes;
  options.seed = static_cast<std::uint64_t>(arguments.seed);
  options.deterministic = !arguments.stochastic;
  options.threads = arguments.threads;
  options.env_plugins = absolute_paths(arguments.plugins);
  for (const std::string& text : arguments.set) options.env_kwargs.push_back(text.substr(kKwargs.size()));
  options.max_episode_steps = arguments.max_episode_steps;
  options.max_time_sec = arguments.max_time.empty() ? 0.0 : parse_duration(arguments.max_time);
  options.stop_signal = &stop_signal();
  options.on_env_hang = leave_at_hang;
  install_quick_stop(kGraceSec, options.max_time_sec);
  install_crash_handler();
  const EvalStats stats = evaluate_run(arguments.run, options);
  for (const std::string& warning : stats.warnings) context.terminal.warning(warning);
  if (stats.num_cut_off > 0) {
    context.terminal.warning(std::to_string(stats.num_cut_off) + " of " + std::to_string(stats.returns.size()) +
                             " episodes were cut off at " + std::to_string(stats.max_episode_steps) +
                             " steps; their returns are of so many steps alone, --max-episode-steps sets the limit");
  }
  if (context.json) {
    const Json out = {{"mean_return", stats.mean_return},
                      {"std_return", stats.std_return},
                      {"mean_length", stats.mean_length},
                      {"episodes", stats.returns.size()},
                      {"env", stats.env_id},
                      {"step", stats.step},
                      {"model", shown_path(stats.model_path)},
                      {"seed", options.seed},
                      {"training_seed", stats.training_seed},
                      {"deterministic", options.deterministic},
                      {"returns", stats.returns},
                      {"lengths", stats.lengths},
                      {"max_episode_steps", stats.max_episode_steps},
                      {"cut_off", stats.num_cut_off}};
    print_result(out.dump(2));
  } else {
    char line[256];
    std::snprintf(line, sizeof line, "return %.2f ± %.2f, length %.1f over %zu episodes", stats.mean_return,
                  stats.std_return, stats.mean_length, stats.returns.size());
    print_result(stats.env_id + " at step " + std::to_string(stats.step) + ": " + line + " (seed " +
                 std::to_string(options.seed) + "; trained with seed " + std::to_string(stats.training_seed) + ")");
  }
  return kOk;
}

}  // namespace

void add_eval(Command root, Context& context) {
  auto arguments = std::make_shared<EvalArguments>();
  Command command = root.add_command("eval", "Evaluate the policy of a run");
  command.add_option("RUN", arguments->run, "Run directory").required();
  Option best =
      command.add_flag("--best", arguments->best, "The best policy of the run's evaluations instead of the newest");
  command.add_option("--step", arguments->step, "The checkpoint taken at this environment step")
      .excludes(best)
      .value_name("N");
  command.add_option("--episodes", arguments->episodes, "Episodes").show_default().value_name("N");
  command.add_option("--seed", arguments->seed, "Seed of the start states").show_default().value_name("S");
  command.add_flag("--stochastic", arguments->stochastic, "Sample actions instead of taking the policy's mean");
  command.add_option("--threads", arguments->threads, "Threads inside the policy; 0 = all cores")
      .show_default()
      .value_name("T");
  command.add_option("--set", arguments->set, "An argument of the environment in place of the run's (repeatable)")
      .value_name("env_kwargs.NAME=VALUE");
  command.add_option("--env-plugin", arguments->plugins, "Shared library in place of the run's (repeatable)")
      .value_name("FILE");
  command
      .add_option("--max-episode-steps", arguments->max_episode_steps,
                  "Steps at which an episode is cut off; 0 = as in the run's own evaluations")
      .show_default()
      .value_name("N");
  command.add_option("--max-time", arguments->max_time, "Give up after this time with exit code 75").value_name("TIME");
  add_json_option(command, context);
  command.on_parse([&context, arguments] {
    context.runs_environments = true;
    context.action = [&context, arguments] {
      arguments->run = absolute_path(arguments->run);
      return evaluate(context, *arguments);
    };
  });
}

}  // namespace softac::app
