// softac resume RUN: resumes a run that was stopped or killed.
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "commands.h"
#include "exit_code.h"
#include "parse.h"
#include "paths.h"
#include "run/run_dir.h"
#include "softac/error.h"
#include "train_options.h"

namespace softac::app {
namespace {

struct ResumeArguments {
  std::string run;
  std::int64_t steps = 0;  // 0 = the run's own
  std::string max_time;
  int threads = -1;
  std::vector<std::string> set, plugins;
  std::string log = "line";  // or "table"
  bool allow_changed = false;
};

int resume(Context& context, const ResumeArguments& arguments) {
  wants_tables(arguments.log);  // before anything else, should it be wrong
  if (arguments.steps < 0) throw ConfigError("--steps " + std::to_string(arguments.steps) + ": must be at least 1");
  require_run_dir(posix_file_system(), arguments.run);
  RunConfigRequest request;
  request.allow_changed = arguments.allow_changed;
  request.changes.push_back({"max_time_sec", 0.0, "resume"});  // of one stretch, not of the run
  for (SettingEntry& entry : parse_changes(arguments.set, "--set")) request.changes.push_back(std::move(entry));
  const auto add = [&](const char* key, SettingValue value, const char* option) {
    request.changes.push_back({key, std::move(value), option});
  };
  if (arguments.steps > 0) add("total_timesteps", arguments.steps, "--steps");
  if (!arguments.max_time.empty()) add("max_time_sec", parse_duration(arguments.max_time), "--max-time");
  if (arguments.threads >= 0) add("threads", std::int64_t{arguments.threads}, "--threads");
  if (!arguments.plugins.empty()) add("env_plugins", absolute_paths(arguments.plugins), "--env-plugin");
  const std::string config_file = (std::filesystem::path(arguments.run) / "config.toml").string();
  TrainerOptions options;
  options.run_dir = arguments.run;
  options.resume = true;
  options.allow_changed = arguments.allow_changed;
  return run_training(context, load_run_config(config_file, request).resolved, std::move(options),
                      {.tables = wants_tables(arguments.log)});
}

}  // namespace

void add_resume(Command root, Context& context) {
  auto arguments = std::make_shared<ResumeArguments>();
  Command command = root.add_command("resume", "Resume a run that was stopped");
  command.add_option("RUN", arguments->run, "Run directory").required();
  command.add_option("--steps", arguments->steps, "Environment steps of the whole run, if not as before")
      .value_name("N");
  command.add_option("--max-time", arguments->max_time, "Stop after this time with a checkpoint and exit code 75")
      .value_name("TIME");
  command.add_option("--threads", arguments->threads, "Threads inside an update; 0 = all cores").value_name("T");
  command
      .add_option("--set", arguments->set,
                  "A setting that changes nothing that is learnt, e.g. eval_freq=5000 "
                  "(repeatable; docs/settings.md)")
      .value_name("KEY=VALUE");
  command.add_option("--env-plugin", arguments->plugins, "Shared library in place of the run's (repeatable)")
      .value_name("FILE");
  command.add_flag("--allow-changed", arguments->allow_changed,
                   "Go on although plug-ins or model files have changed since the run began");
  add_log_option(command, arguments->log);
  add_json_option(command, context);
  command.on_parse([&context, arguments] {
    context.runs_environments = true;
    context.action = [&context, arguments] {
      arguments->run = absolute_path(arguments->run);
      return resume(context, *arguments);
    };
  });
}

}  // namespace softac::app
