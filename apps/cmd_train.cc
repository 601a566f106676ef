// softac train ENV: one run, or several seeds side by side (seeds.cc).
#include <signal.h>

#include <cmath>
#include <cstdio>
#include <memory>

#include "base/file_system.h"
#include "base/json.h"
#include "base/text.h"
#include "commands.h"
#include "config/toml_file.h"
#include "exit_code.h"
#include "parse.h"
#include "paths.h"
#include "progress.h"
#include "run/resume.h"
#include "run/run_dir.h"
#include "seeds.h"
#include "signals.h"
#include "softac/error.h"
#include "softac/trainer.h"
#include "train_options.h"

namespace softac::app {

namespace {

// The options that stand for settings.
std::vector<SettingEntry> option_entries(const TrainArguments& arguments) {
  std::vector<SettingEntry> out;
  auto add = [&](const std::string& key, SettingValue value, const std::string& origin) {
    out.push_back({key, std::move(value), origin});
  };
  auto add_text = [&](const std::string& key, const std::string& text, const std::string& origin) {
    if (text.empty()) return;
    for (SettingEntry& entry : parse_key_value(key + "=" + text, origin)) out.push_back(std::move(entry));
  };
  if (!arguments.env_id.empty()) add("env_id", arguments.env_id, "command line");
  add_text("total_timesteps", arguments.steps, "--steps");
  if (!arguments.offline.empty()) add("offline_data", arguments.offline, "--offline");
  add_text("seed", arguments.seed, "--seed");
  add_text("diag_freq", arguments.diag, "--diag");
  if (!arguments.max_time.empty()) add("max_time_sec", parse_duration(arguments.max_time), "--max-time");
  if (arguments.on_nan == "stop") {
    add("max_rollbacks", std::int64_t{0}, "--on-nan");
  } else if (arguments.on_nan.starts_with("rollback:")) {
    add_text("max_rollbacks", arguments.on_nan.substr(9), "--on-nan");
  } else if (!arguments.on_nan.empty()) {
    throw UsageError("--on-nan " + arguments.on_nan + ": expected stop or rollback:N");
  }
  if (!arguments.plugins.empty()) add("env_plugins", absolute_paths(arguments.plugins), "--env-plugin");
  return out;
}

ResolvedConfig resolve_fork(const TrainArguments& arguments) {
  const std::pair<const char*, bool> others[] = {{"--config", !arguments.config_file.empty()},
                                                 {"--preset", !arguments.preset.empty()},
                                                 {"--method", !arguments.method.empty()},
                                                 {"--init-from", !arguments.init_from.empty()},
                                                 {"--seeds", !arguments.seeds.empty()}};
  for (const auto& [name, given] : others) {
    if (given) throw UsageError(std::string("--fork takes the other run's settings: not with ") + name);
  }
  if (!arguments.resume.empty() && arguments.run_dir.empty())
    throw UsageError("--fork with --resume auto: --run-dir must name the fork's folder");
  require_run_dir(posix_file_system(), arguments.fork);
  RunConfigRequest request;
  request.allow_changed = arguments.allow_changed;
  request.changes.push_back({"max_time_sec", 0.0, "fork"});  // of one stretch, not of the run
  for (const auto& entries : {parse_changes(arguments.set, "--set"), option_entries(arguments)})
    request.changes.insert(request.changes.end(), entries.begin(), entries.end());
  return load_run_config((std::filesystem::path(arguments.fork) / "config.toml").string(), request).resolved;
}

}  // namespace

ResolvedConfig resolve(const TrainArguments& arguments) {
  wants_tables(arguments.log);  // should it be wrong
  if (!arguments.fork.empty()) return resolve_fork(arguments);
  if (arguments.fork_step >= 0) throw UsageError("--step names a checkpoint of the run that --fork names");
  if (arguments.env_id.empty() && arguments.config_file.empty())
    throw UsageError("ENV is missing (softac env list shows the environments)");
  ConfigRequest request;
  request.preset = arguments.preset;
  request.method = arguments.method;
  request.config_file = arguments.config_file;
  request.set = arguments.set;
  request.options = option_entries(arguments);
  return resolve_config(request);
}

namespace {

// An argument as a POSIX shell needs it.
std::string shell_word(const std::string& word) {
  const bool plain = !word.empty() && word.find_first_not_of(
                                          "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=./:,@%") ==
                                          std::string::npos;
  if (plain) return word;
  std::string out = "'";
  for (const char c : word) out += c == '\'' ? "'\\''" : std::string(1, c);
  return out + "'";
}

ExitCode exit_code_of(const TrainReport& report) {
  switch (report.reason) {
    case StopReason::finished:
    case StopReason::stopped:
      return kOk;
    case StopReason::interrupted:
      return report.signal == SIGINT ? kInterrupted : kStopped;
    case StopReason::time:
      return kStopped;
    case StopReason::aborted:
      return kInternal;
    case StopReason::env_error:
      return kEnvironment;
    case StopReason::numerics:
      return kNumerics;
    case StopReason::disk:
      return kDisk;
    case StopReason::io:
      return kFile;
  }
  return kInternal;
}

std::string number_or_dash(double value) {
  if (!std::isfinite(value)) return "–";
  char text[64];
  std::snprintf(text, sizeof text, "%.2f", value);
  return text;
}

void print_report(Context& context, const TrainConfig& config, const TrainReport& report, ExitCode code) {
  if (context.json) {
    char hash[32];
    std::snprintf(hash, sizeof hash, "%016llx", static_cast<unsigned long long>(report.state_hash));
    const Json out = {{"env", config.env_id},
                      {"seed", config.seed},
                      {"reason", stop_reason_name(report.reason)},
                      {"message", report.message},
                      {"step", report.step},
                      {"num_updates", report.num_updates},
                      {"num_episodes", report.num_episodes},
                      {"ep_return_mean", report.ep_return_mean},
                      {"best_eval_return", report.best_eval_return},
                      {"elapsed_sec", report.elapsed_sec},
                      {"run_dir", shown_path(report.run_dir)},
                      {"checkpoint", shown_path(report.checkpoint)},
                      {"state_hash", hash}};
    print_result(out.dump(2));
    return;
  }
  if (code == kOk || code == kStopped || code == kInterrupted) {
    print_result(std::string(stop_reason_name(report.reason)) + " at step " + std::to_string(report.step) + " after " +
                 duration_text(report.elapsed_sec) + ": return " + number_or_dash(report.ep_return_mean) +
                 " over the last episodes, best evaluation " + number_or_dash(report.best_eval_return) + "\n" +
                 shown_path(report.run_dir));
  }
}

// One attempt; LockHeldError where another process has taken the run that --resume auto found.
int try_to_train(Context& context, const TrainArguments& arguments, const ResolvedConfig& resolved) {
  TrainerOptions options;
  options.runs_root = absolute_path(options.runs_root);
  options.run_dir = arguments.run_dir;
  options.init_from = arguments.init_from;
  options.allow_changed = arguments.allow_changed;
  if (!arguments.resume.empty()) {
    if (arguments.resume != "auto")
      throw UsageError("--resume " + arguments.resume + ": expected auto (softac resume RUN resumes one run)");
    FileSystem& fs = posix_file_system();
    if (options.run_dir.empty()) {
      const UnfinishedRun found = find_unfinished_run(fs, options.runs_root, resolved.config);
      options.run_dir = found.path;
      if (found.path.empty() && !found.finished.empty())
        context.terminal.info("a new run: " + shown_path(found.finished) +
                              " has these settings but is finished (softac resume " + shown_path(found.finished) +
                              " --steps N goes on with it)");
    }
    options.resume = !options.run_dir.empty() && is_run(fs, options.run_dir);
  }
  if (!options.resume) options.fork_from = arguments.fork;
  if (!options.fork_from.empty() && arguments.fork_step >= 0) options.fork_step = arguments.fork_step;
  return run_training(context, resolved, std::move(options),
                      {.diagnoses = arguments.show_diag, .tables = wants_tables(arguments.log)});
}

int train_once(Context& context, const TrainArguments& arguments) {
  const ResolvedConfig resolved = resolve(arguments);
  constexpr int kMaxAttempts = 100;
  for (int i = 1;; ++i) {
    try {
      return try_to_train(context, arguments, resolved);
    } catch (const LockHeldError&) {
      if (!arguments.run_dir.empty() || i == kMaxAttempts) throw;
    }
  }
}

}  // namespace

void add_log_option(Command command, std::string& log) {
  command
      .add_option("--log", log,
                  "line: one progress line; table: also each row of metrics as a table, every log_interval_steps "
                  "steps")
      .show_default()
      .value_name("WHAT");
}

bool wants_tables(const std::string& log) {
  if (log != "line" && log != "table") throw UsageError("--log " + log + ": expected line or table");
  return log == "table";
}

int run_training(Context& context, const ResolvedConfig& resolved, TrainerOptions options,
                 ProgressOptions progress_options) {
  install_stop_signals();
  install_crash_handler();
  install_exit_report();  // again: what was installed last is asked first, before what else ends with the process
  Progress progress(context.terminal, progress_options);
  options.origins = resolved.origin;
  options.command = "softac";
  for (const std::string& argument : context.arguments) options.command += " " + shell_word(argument);
  options.callback = &progress;
  options.stop_signal = &stop_signal();
  options.on_env_hang = leave_at_hang;
  options.video_command = program_path();
  Trainer trainer(resolved.config, std::move(options));
  context.terminal.info(resolved.config.env_id + ": replay takes " + bytes_text(trainer.replay_bytes()) +
                        " of memory; checkpoints up to " + bytes_text(trainer.checkpoint_bytes()) + " on disk" +
                        (resolved.config.checkpoint_replay ? " (checkpoint_replay=false leaves the replay out)" : ""));
  const TrainReport report = trainer.run();
  context.terminal.clear_status();
  const ExitCode code = exit_code_of(report);
  if (code != kOk && code != kInterrupted && code != kStopped) {
    context.terminal.error(report.message + (report.checkpoint.empty()
                                                 ? ""
                                                 : "\nthe last good checkpoint is " + shown_path(report.checkpoint)));
  }
  print_report(context, resolved.config, report, code);
  return code;
}

void add_train(Command root, Context& context) {
  auto arguments = std::make_shared<TrainArguments>();
  Command command = root.add_command("train", "Train an agent");
  auto add_text = [&](const char* name, std::string& target, const char* description, const char* type) {
    return command.add_option(name, target, description).value_name(type);
  };
  add_text("ENV", arguments->env_id, "Environment (may be left out where the file names it)", "");
  add_text("--config", arguments->config_file, "Settings from a TOML file", "FILE");
  add_text("--preset", arguments->preset, "Settings and habits of another library: sb3, cleanrl or spinup", "NAME");
  add_text("--method", arguments->method,
           "A published variant of SAC: tqc, redq, droq, crossq or xqc (docs/settings.md)", "NAME");
  command.add_option("--set", arguments->set, "One setting, e.g. learning_rate=1e-3 (repeatable; docs/settings.md)")
      .value_name("KEY=VALUE");
  add_text("--steps", arguments->steps, "Environment steps of the whole run (total_timesteps)", "N");
  add_text("--max-time", arguments->max_time, "Stop after this time with a checkpoint and exit code 75, e.g. 2h",
           "TIME");
  add_text("--diag", arguments->diag, "Diagnose the learner every N environment steps (diag_freq; docs/diagnostics.md)",
           "N");
  command.add_flag("--show-diag", arguments->show_diag, "Print each diagnosis on the terminal too");
  add_log_option(command, arguments->log);
  add_text("--on-nan", arguments->on_nan, "After a number that is not finite: stop, or rollback:N times", "WHAT");
  Option seed = add_text("--seed", arguments->seed, "Seed of the run", "S");
  Option seeds =
      add_text("--seeds", arguments->seeds, "Several runs, one per seed: 0..9 or 1,4,7", "LIST").excludes(seed);
  command.add_option("--jobs", arguments->jobs, "How many of the seeds run at the same time")
      .needs(seeds)
      .show_default()
      .value_name("J");
  add_text("--run-dir", arguments->run_dir,
           "The run's directory, new or empty unless resuming (with --seeds: one folder s<seed> for each in it)",
           "DIR");
  add_text("--init-from", arguments->init_from, "Start from the networks of another run", "RUN");
  add_text("--offline", arguments->offline,
           "Recorded data of which each batch has a part (offline_data, offline_ratio; docs/offline-data.md)", "DATA");
  Option fork = add_text("--fork", arguments->fork,
                         "A new run from a checkpoint of another, replay included, with what --set changes", "RUN");
  command.add_option("--step", arguments->fork_step, "The checkpoint to fork: the one taken at this environment step")
      .needs(fork)
      .value_name("N");
  add_text("--resume", arguments->resume,
           "auto: resume the run in --run-dir, else the newest unfinished one of the same settings, else start",
           "auto");
  command.add_option("--env-plugin", arguments->plugins, "Shared library with further environments (repeatable)")
      .value_name("FILE");
  command.add_flag("--allow-changed", arguments->allow_changed,
                   "Resume or fork although plug-ins or model files have changed since the run began");
  add_json_option(command, context);
  command.on_parse([&context, arguments] {
    context.runs_environments = true;
    context.action = [&context, arguments] {
      for (std::string* path :
           {&arguments->run_dir, &arguments->init_from, &arguments->config_file, &arguments->fork, &arguments->offline})
        *path = absolute_path(*path);
      return arguments->seeds.empty() ? train_once(context, *arguments) : train_seeds(context, *arguments);
    };
  });
}

}  // namespace softac::app
