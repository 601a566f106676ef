// softac data record|info: datasets of what a policy does, and what a dataset holds.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "commands.h"
#include "exit_code.h"
#include "formats/minari.h"
#include "paths.h"
#include "policy_options.h"
#include "signals.h"
#include "softac/error.h"
#include "softac/evaluation.h"
#include "train/dataset.h"
#include "train/record_data.h"

namespace softac::app {
namespace {

struct RecordArguments : EpisodeOptions {
  RecordArguments() { episodes = 100; }
  std::string output;
  bool stochastic = false;
};

int record(Context& context, const RecordArguments& arguments) {
  EvaluateOptions options = arguments.evaluate_options();
  options.deterministic = !arguments.stochastic;
  install_quick_stop(kGraceSec, 0.0);
  install_crash_handler();
  const RecordedData result = record_data(arguments.run, options, arguments.output);
  for (const std::string& warning : result.stats.warnings) context.terminal.warning(warning);
  if (!result.minari) context.terminal.info("without Minari's form: " + minari_missing_text());
  if (context.json) {
    const Json out = {{"data", shown_path(arguments.output)},
                      {"env", result.stats.env_id},
                      {"episodes", result.stats.returns.size()},
                      {"transitions", result.transitions},
                      {"mean_return", result.stats.mean_return},
                      {"std_return", result.stats.std_return},
                      {"mean_length", result.stats.mean_length},
                      {"model", shown_path(result.stats.model_path)},
                      {"step", result.stats.step},
                      {"seed", options.seed},
                      {"deterministic", options.deterministic},
                      {"minari", result.minari}};
    print_result(out.dump(2));
    return kOk;
  }
  print_result(shown_path(arguments.output));
  char line[160];
  std::snprintf(line, sizeof line, "%lld transitions of %zu episodes, return %.2f ± %.2f",
                static_cast<long long>(result.transitions), result.stats.returns.size(), result.stats.mean_return,
                result.stats.std_return);
  context.terminal.info(result.stats.env_id + " at step " + std::to_string(result.stats.step) + ": " + line);
  return kOk;
}

const char* kind_name(OfflineKind kind) {
  switch (kind) {
    case OfflineKind::minari:
      return "Minari's HDF5";
    case OfflineKind::checkpoint:
      return "replay of a run";
    case OfflineKind::segments:
      break;
  }
  return "replay segments";
}

int info(Context& context, const std::string& path) {
  DatasetShape shape;
  std::vector<double> returns;
  std::int64_t longest = 0, terminated = 0, truncated = 0;
  install_quick_stop(kGraceSec, 0.0);
  read_dataset(
      posix_file_system(), path, [&](const DatasetShape& found) { shape = found; },
      [&](const DataEpisode& episode) {
        double sum = 0.0;
        for (const double reward : episode.rewards) sum += reward;
        returns.push_back(sum);
        longest = std::max(longest, episode.steps);
        terminated += episode.terminated ? 1 : 0;
        truncated += episode.truncated && !episode.terminated ? 1 : 0;
      });
  const auto count = static_cast<double>(returns.size());
  double mean = 0.0, variance = 0.0;
  for (const double value : returns) mean += value / count;
  for (const double value : returns) variance += (value - mean) * (value - mean) / count;
  const auto [least, most] = std::ranges::minmax(returns);
  if (context.json) {
    const Json out = {{"data", shown_path(path)},
                      {"kind", kind_name(shape.kind)},
                      {"env", shape.env_id},
                      {"obs_dim", shape.obs_dim},
                      {"act_dim", shape.act_dim},
                      {"episodes", shape.episodes},
                      {"transitions", shape.transitions},
                      {"longest_episode", longest},
                      {"terminated", terminated},
                      {"truncated", truncated},
                      {"mean_return", mean},
                      {"std_return", std::sqrt(variance)},
                      {"min_return", least},
                      {"max_return", most}};
    print_result(out.dump(2));
    return kOk;
  }
  char line[320];
  std::snprintf(line, sizeof line,
                "observations of %d numbers, actions of %d\n%lld transitions of %lld episodes (%lld terminated, %lld "
                "truncated; the longest has %lld steps)\nreturn %.2f ± %.2f, from %.2f to %.2f",
                shape.obs_dim, shape.act_dim, static_cast<long long>(shape.transitions),
                static_cast<long long>(shape.episodes), static_cast<long long>(terminated),
                static_cast<long long>(truncated), static_cast<long long>(longest), mean, std::sqrt(variance), least,
                most);
  print_result(shown_path(path) + ": " + kind_name(shape.kind) + (shape.env_id.empty() ? "" : ", " + shape.env_id) +
               "\n" + line);
  return kOk;
}

void add_record(Command data, Context& context) {
  auto arguments = std::make_shared<RecordArguments>();
  Command command = data.add_command("record", "Play the policy of a run and keep what it does as a dataset");
  add_policy_options(command, *arguments);
  command.add_option("-o,--output", arguments->output, "The folder to write, which must not exist")
      .required()
      .value_name("DATA");
  command.add_option("--episodes", arguments->episodes, "Episodes").show_default().value_name("E");
  command.add_option("--seed", arguments->seed, "Seed of the start states, as of softac eval")
      .show_default()
      .value_name("S");
  command.add_flag("--stochastic", arguments->stochastic, "Sample actions instead of taking the policy's mean");
  add_episode_options(command, *arguments);
  add_json_option(command, context);
  command.on_parse([&context, arguments] {
    context.runs_environments = true;
    context.action = [&context, arguments] {
      arguments->run = absolute_path(arguments->run);
      arguments->output = absolute_path(arguments->output);
      return record(context, *arguments);
    };
  });
}

void add_info_of_data(Command data, Context& context) {
  auto path = std::make_shared<std::string>();
  Command command = data.add_command("info", "Print what a dataset holds");
  command.add_option("DATA", *path, "A dataset of softac or Minari, a run, or replay segments").required();
  add_json_option(command, context);
  command.on_parse(
      [&context, path] { context.action = [&context, path] { return info(context, absolute_path(*path)); }; });
}

}  // namespace

void add_data(Command root, Context& context) {
  Command command = root.add_command("data", "Recorded data: record a policy, look into a dataset");
  command.require_command();
  add_record(command, context);
  add_info_of_data(command, context);
}

}  // namespace softac::app
