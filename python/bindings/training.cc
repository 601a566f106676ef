// softac.train and softac.evaluate: what the commands train, resume and eval do, from Python.
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/variant.h>
#include <nanobind/stl/vector.h>
#include <signal.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <utility>

#include "base/file_system.h"
#include "bindings.h"
#include "config/resolve.h"
#include "config/toml_file.h"
#include "python_env.h"
#include "run/resume.h"
#include "run/run_dir.h"
#include "softac/error.h"
#include "softac/trainer.h"
#include "train_callback.h"
#include "train_values.h"

namespace nb = nanobind;

namespace softac::python {
namespace {

constexpr const char* kOrigin = "softac.train";
constexpr std::string_view kKwargs = "env_kwargs.";

using Settings = std::vector<std::pair<std::string, SettingValue>>;

std::vector<SettingEntry> entries_of(const std::string& env_id, const Settings& settings, const char* origin) {
  std::vector<SettingEntry> out;
  if (!env_id.empty()) out.push_back({"env_id", env_id, origin});
  for (const auto& [key, value] : settings) out.push_back({key, value, origin});
  make_paths_absolute(out, std::filesystem::current_path());
  return out;
}

// Arguments of an environment that Python makes, as its entry in the table declares them.
EnvKwargs kwargs_of(const Settings& settings) {
  EnvKwargs out;
  for (const auto& [key, value] : settings) {
    if (!key.starts_with(kKwargs)) continue;
    EnvValue& kept = out[key.substr(kKwargs.size())];
    if (const auto* integer = std::get_if<std::int64_t>(&value)) kept = static_cast<double>(*integer);
    if (const auto* flag = std::get_if<bool>(&value)) kept = *flag;
    if (const auto* number = std::get_if<double>(&value)) kept = *number;
    if (const auto* text = std::get_if<std::string>(&value)) kept = *text;
    if (const auto* numbers = std::get_if<std::vector<double>>(&value)) kept = *numbers;
  }
  return out;
}

struct Request {
  std::string env_id;
  Settings settings;
  std::string run_dir, runs_root;
  bool records = true;
  std::string resume;  // "", "yes" or "auto"
  std::string fork_from;
  std::optional<std::int64_t> fork_step;
  std::string init_from;
  bool allow_changed = false;
  std::string preset, method, config_file, command;
};

// Another run's settings with what is given in their place.
ResolvedConfig resolve_other(const Request& request, const std::string& run, const char* origin) {
  require_run_dir(posix_file_system(), run);
  RunConfigRequest other;
  other.allow_changed = request.allow_changed;
  other.changes = {{"max_time_sec", 0.0, origin}};  // of one stretch, not of the run
  for (SettingEntry& entry : entries_of(request.env_id, request.settings, kOrigin))
    other.changes.push_back(std::move(entry));
  return load_run_config((Path(run) / "config.toml").string(), other).resolved;
}

ResolvedConfig resolve(const Request& request) {
  const bool of_other = request.resume == "yes" || !request.fork_from.empty();
  if (of_other && !(request.preset.empty() && request.method.empty() && request.config_file.empty()))
    throw ConfigError("preset, method and config: a run that goes on has its own settings; name those to change");
  if (request.resume == "yes" && request.run_dir.empty())
    throw ConfigError("resume = True: run_dir must name the run to resume");
  if (request.fork_step && request.fork_from.empty())
    throw ConfigError("fork_step: names a checkpoint of the run that fork_from names");
  if (request.resume == "yes") return resolve_other(request, request.run_dir, "resume");
  if (!request.fork_from.empty()) {
    if (request.resume == "auto" && request.run_dir.empty())
      throw ConfigError("fork_from with resume = \"auto\": run_dir must name the fork's folder");
    return resolve_other(request, request.fork_from, "fork");
  }
  ConfigRequest made;
  made.preset = request.preset;
  made.method = request.method;
  made.config_file = request.config_file;
  made.options = entries_of(request.env_id, request.settings, kOrigin);
  return resolve_config(made);
}

// The run directory that resume = "auto" goes on with, if there is one.
void choose_run(const Request& request, const TrainConfig& config, TrainerOptions& options) {
  FileSystem& fs = posix_file_system();
  options.resume = request.resume == "yes";
  if (request.resume != "auto") return;
  if (options.run_dir.empty()) options.run_dir = find_unfinished_run(fs, options.runs_root, config).path;
  options.resume = !options.run_dir.empty() && is_run(fs, options.run_dir);
}

// A limit that the environment has cannot be lifted from outside.
void check_time_limit(const TrainConfig& config, int time_limit) {
  if (time_limit == 0) return;
  const std::pair<const char*, int> limits[] = {{"max_episode_steps", config.max_episode_steps},
                                                {"eval_max_episode_steps", config.eval_max_episode_steps}};
  for (const auto& [name, steps] : limits) {
    if (steps > time_limit) {
      throw ConfigError(std::string(name) + " = " + std::to_string(steps) + ": " + config.env_id +
                        " itself truncates an episode at step " + std::to_string(time_limit) +
                        " (its TimeLimit wrapper), which can only be shortened");
    }
  }
}

void warn_of_hang(const std::string& message) {
  const nb::gil_scoped_acquire lock;
  if (PyErr_WarnEx(PyExc_RuntimeWarning, message.c_str(), 1) != 0) PyErr_WriteUnraisable(nullptr);
}

TrainReport run_once(const Request& request, const TrainConfig& config, TrainerOptions options, RunControl& control) {
  choose_run(request, config, options);
  options.init_from = request.init_from;  // on resuming, for a run that had no checkpoint yet
  if (!options.resume) {
    options.fork_from = request.fork_from;
    options.fork_step = request.fork_step;
  }
  Trainer trainer(config, std::move(options));
  if (control.has_error()) return {};  // raised by on_message
  return trainer.run();
}

// Another process may take the run that "auto" found.
TrainReport run_or_try_again(const Request& request, const ResolvedConfig& resolved, const TrainerOptions& options,
                             RunControl& control) {
  constexpr int kMaxAttempts = 100;
  for (int i = 1;; ++i) {
    try {
      return run_once(request, resolved.config, options, control);
    } catch (const LockHeldError&) {
      if (request.resume != "auto" || !request.run_dir.empty() || i == kMaxAttempts) throw;
    }
  }
}

// Without the interpreter's lock.
TrainReport run(const Request& request, int time_limit, PythonCallback& observer, RunControl& control) {
  const ResolvedConfig resolved = resolve(request);
  check_time_limit(resolved.config, time_limit);
  TrainerOptions options;
  options.records = request.records;
  options.run_dir = request.run_dir;
  options.runs_root = std::filesystem::absolute(request.runs_root).string();
  options.command = request.command;
  options.origins = resolved.origin;
  options.callback = &observer;
  options.stop_signal = &control.stop;
  options.allow_changed = request.allow_changed;
  options.on_env_hang = warn_of_hang;
  return run_or_try_again(request, resolved, options, control);
}

// Calls body without the interpreter's lock and with Ctrl-C looked for. Where a failure came of an exception that is to
// leave the call, that is raised instead.
template <class Body>
auto run_released(RunControl& control, bool catch_sigint, Body&& body) {
  try {
    const nb::gil_scoped_release released;
    const InterruptScope interrupts(control, catch_sigint);
    return body();
  } catch (const StoppedError& error) {
    control.raise();
    if (error.signal() == SIGINT) raise_interrupt(error.what());
    throw;
  } catch (const Error&) {
    control.raise();
    throw;
  }
}

Report run_trainer(const std::string& env_id, nb::object source, const Settings& settings, const std::string& run_dir,
                   const std::string& runs_root, bool records, const std::string& resume, const std::string& fork_from,
                   std::optional<std::int64_t> fork_step, const std::string& init_from, bool allow_changed,
                   const std::string& preset, const std::string& method, const std::string& config_file,
                   const std::string& command, nb::object callback, bool catch_sigint) {
  const Request request{env_id,    settings,  run_dir,       runs_root, records, resume,      fork_from,
                        fork_step, init_from, allow_changed, preset,    method,  config_file, command};
  RunControl control;
  PythonCallback observer(callback, control);
  std::optional<EnvMakerScope> maker;
  if (!source.is_none()) maker.emplace(EnvMaker{env_id, source, &control}, kwargs_of(settings));
  const int time_limit = source.is_none() ? 0 : nb::cast<int>(source.attr("time_limit"));
  const TrainReport report =
      run_released(control, catch_sigint, [&] { return run(request, time_limit, observer, control); });
  control.raise();
  if (report.reason == StopReason::interrupted) {
    raise_interrupt(
        (report.message + (report.run_dir.empty() ? "" : "; resume=True goes on with " + report.run_dir)).c_str());
  }
  return {report};
}

EvaluateOptions evaluate_options(const std::string& model, std::int64_t step) {
  EvaluateOptions options;
  if (model == "best") {
    options.model.kind = ModelChoice::Kind::best;
  } else if (model == "step") {
    options.model = {ModelChoice::Kind::step, step};
  } else if (model != "newest") {
    throw ConfigError("model = '" + model + "': expected newest, best or the step of a checkpoint");
  }
  return options;
}

// Before evaluate_run says that it knows no such environment.
void check_same_env(const std::string& run_dir, const std::string& env_id) {
  if (env_id.empty()) return;
  FileSystem& fs = posix_file_system();
  require_run_dir(fs, run_dir);
  const Path path = Path(run_dir) / "config.toml";
  const std::string of_run = parse_run_config(fs.read_text(path, kMaxTomlBytes), path.string()).config.env_id;
  if (of_run != env_id) throw ConfigError("env: " + env_id + " is not the run's environment, which is " + of_run);
}

EvalStats evaluate(const std::string& run_dir, const std::string& env_id, nb::object source, const std::string& model,
                   std::int64_t step, int episodes, std::int64_t seed, bool deterministic, int threads,
                   const std::string& backend, int max_episode_steps, double max_time_sec, const Settings& env_kwargs,
                   const std::vector<std::string>& env_plugins, bool catch_sigint) {
  if (seed < 0) throw ConfigError("seed = " + std::to_string(seed) + ": must be at least 0");
  EvaluateOptions options = evaluate_options(model, step);
  options.episodes = episodes;
  options.seed = static_cast<std::uint64_t>(seed);
  options.deterministic = deterministic;
  options.threads = threads;
  options.backend = backend;
  options.max_episode_steps = max_episode_steps;
  options.max_time_sec = max_time_sec;
  options.env_plugins = env_plugins;
  for (const auto& [key, value] : env_kwargs)
    options.env_kwargs.push_back(key.substr(kKwargs.size()) + "=" + to_toml(value));
  options.on_env_hang = warn_of_hang;
  RunControl control;
  options.stop_signal = &control.stop;
  std::optional<EnvMakerScope> maker;
  if (!source.is_none()) maker.emplace(EnvMaker{env_id, source, &control}, kwargs_of(env_kwargs));
  return run_released(control, catch_sigint, [&] {
    check_same_env(run_dir, env_id);
    return evaluate_run(run_dir, options);
  });
}

bool is_native_env(const std::string& env_id) {
  return std::ranges::any_of(registered_envs(), [&](const EnvInfo& info) { return info.id == env_id; });
}

}  // namespace

void bind_training(nb::module_& m) {
  using namespace nb::literals;
  bind_train_values(m);
  m.def("run_trainer", &run_trainer, nb::kw_only(), "env_id"_a, "source"_a.none(), "settings"_a, "run_dir"_a,
        "runs_root"_a, "records"_a, "resume"_a, "fork_from"_a, "fork_step"_a.none(), "init_from"_a, "allow_changed"_a,
        "preset"_a, "method"_a, "config_file"_a, "command"_a, "callback"_a.none(), "catch_sigint"_a,
        "See softac.train.");
  m.def("evaluate_run", &evaluate, nb::kw_only(), "run_dir"_a, "env_id"_a, "source"_a.none(), "model"_a, "step"_a,
        "episodes"_a, "seed"_a, "deterministic"_a, "threads"_a, "backend"_a, "max_episode_steps"_a, "max_time_sec"_a,
        "env_kwargs"_a, "env_plugins"_a, "catch_sigint"_a, "See softac.evaluate.");
  m.def("is_native_env", &is_native_env, "env_id"_a, "Whether softac's own table has this environment.");
}

}  // namespace softac::python
