// softac resume RUN: resumes a run that was stopped or killed.
#include <filesystem>
#include <memory>

#include "commands.h"
#include "exit_code.h"
#include "parse.h"
#include "softac/error.h"
#include "train_options.h"

namespace softac::app {
namespace {

struct ResumeArguments {
  std::string run;
  std::int64_t steps = 0;  // 0 = the run's own
  std::string max_time;
  int threads = -1;
};

int resume(Context& context, const ResumeArguments& arguments) {
  ResolvedConfig resolved = load_run_config((std::filesystem::path(arguments.run) / "config.toml").string());
  TrainConfig& config = resolved.config;
  if (arguments.steps < 0) throw ConfigError("--steps " + std::to_string(arguments.steps) + ": must be at least 1");
  if (arguments.steps > 0) config.total_timesteps = arguments.steps;
  config.max_time_sec = arguments.max_time.empty() ? 0.0 : parse_duration(arguments.max_time);
  if (arguments.threads >= 0) config.threads = arguments.threads;
  TrainerOptions options;
  options.run_dir = arguments.run;
  options.resume = true;
  return run_training(context, resolved, std::move(options));
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
  add_json_option(command, context);
  command.on_parse(
      [&context, arguments] { context.action = [&context, arguments] { return resume(context, *arguments); }; });
}

}  // namespace softac::app
