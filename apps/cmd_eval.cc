// softac eval RUN: returns of the policy of a run in fresh environments.
#include <cstdio>
#include <memory>
#include <string>
#include <utility>

#include "base/json.h"
#include "commands.h"
#include "exit_code.h"
#include "parse.h"
#include "paths.h"
#include "policy_options.h"
#include "signals.h"
#include "softac/error.h"
#include "softac/evaluation.h"

namespace softac::app {
namespace {

struct EvalArguments : EpisodeOptions {
  EvalArguments() { episodes = 100; }

  bool stochastic = false;
  int threads = 1;
  std::string max_time;
};

int evaluate(Context& context, const EvalArguments& arguments) {
  std::string violations;
  if (arguments.threads < 0 || arguments.threads > 4096)
    violations += "\n  --threads " + std::to_string(arguments.threads) + ": must be from 0 to 4096";
  EvaluateOptions options = arguments.evaluate_options(std::move(violations));
  options.deterministic = !arguments.stochastic;
  options.threads = arguments.threads;
  options.max_time_sec = arguments.max_time.empty() ? 0.0 : parse_duration(arguments.max_time);
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
  add_policy_options(command, *arguments);
  command.add_option("--episodes", arguments->episodes, "Episodes").show_default().value_name("N");
  command.add_option("--seed", arguments->seed, "Seed of the start states").show_default().value_name("S");
  command.add_flag("--stochastic", arguments->stochastic, "Sample actions instead of taking the policy's mean");
  command.add_option("--threads", arguments->threads, "Threads inside the policy; 0 = all cores")
      .show_default()
      .value_name("T");
  add_episode_options(command, *arguments);
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
