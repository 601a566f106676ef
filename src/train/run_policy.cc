#include "train/run_policy.h"

#include <filesystem>
#include <utility>

#include "agent/setting_checks.h"
#include "config/make_envs.h"
#include "config/resolve.h"
#include "env/mujoco_version.h"
#include "run/checkpoint.h"
#include "run/run_dir.h"
#include "softac/error.h"

namespace softac {

namespace {

void check_model_choice(const ModelChoice& choice, SettingChecks& checks) {
  checks.range("model.kind", static_cast<int>(choice.kind), 0, static_cast<int>(ModelChoice::Kind::step));
  if (choice.kind == ModelChoice::Kind::step) checks.range("model.step", static_cast<double>(choice.step), 0, 1e15);
}

void check_options(const EvaluateOptions& options) {
  SettingChecks checks;
  checks.range("episodes", options.episodes, 1, 1e6);
  check_execution(options.threads, options.backend, checks);
  check_model_choice(options.model, checks);
  checks.range("max_episode_steps", options.max_episode_steps, 0, 1e9);
  checks.range("max_time_sec", options.max_time_sec, 0, 1e12);
  refuse(checks.take());
}

RunConfig load_run_settings(const std::string& run_dir, const std::vector<std::string>& env_plugins,
                            const std::vector<std::string>& env_kwargs) {
  require_run_dir(posix_file_system(), run_dir);
  RunConfigRequest request;
  request.allow_changed = true;
  if (!env_plugins.empty()) request.changes.push_back({"env_plugins", env_plugins, "--env-plugin"});
  make_paths_absolute(request.changes, std::filesystem::current_path());
  for (const std::string& text : env_kwargs) {
    const auto changes = parse_changes({"env_kwargs." + text}, "--set");
    request.changes.insert(request.changes.end(), changes.begin(), changes.end());
  }
  return load_run_config((Path(run_dir) / "config.toml").string(), request);
}

RunModel read_run_model(const std::string& run_dir, const ModelChoice& choice) {
  FileSystem& fs = posix_file_system();
  RunModel out;
  std::vector<std::byte> bytes;
  if (choice.kind == ModelChoice::Kind::best) {
    out.path = Path(run_dir) / "best" / "model.safetensors";
    if (fs.kind(out.path) != FileKind::file)
      throw IoError(out.path.string() + ": missing; the run has not been evaluated yet");
    bytes = fs.read_file(out.path, kMaxModelBytes);
  } else {
    ChosenFile chosen = read_chosen(fs, Path(run_dir) / "checkpoints", choice, "model.safetensors");
    out.path = std::move(chosen.path);
    out.state_hash = std::move(chosen.state_hash);
    bytes = std::move(chosen.bytes);
  }
  out.file = decode_safetensors(bytes, out.path.string());
  out.step = saved_step(out.file).value_or(0);
  return out;
}

void warn_of_mujoco(const RunModel& model, std::vector<std::string>& warnings) {
  const auto found = model.file.metadata.find("mujoco_version");
  if (found != model.file.metadata.end() && found->second != mujoco_version())
    warnings.push_back("the run used MuJoCo " + found->second + ", this is " + mujoco_version());
}

}  // namespace

RunPolicy read_run_policy(const std::string& run_dir, const EvaluateOptions& options) {
  check_options(options);
  const RunConfig run = load_run_settings(run_dir, options.env_plugins, options.env_kwargs);
  RunPolicy policy = {run.resolved.config, read_run_model(run_dir, options.model), run.notes};
  if (options.max_episode_steps > 0) policy.config.eval_max_episode_steps = options.max_episode_steps;
  warn_of_mujoco(policy.model, policy.warnings);
  return policy;
}

std::unique_ptr<SacAgent> RunPolicy::make_agent(const EnvSpec& spec, const EvaluateOptions& options) const {
  auto agent = std::make_unique<SacAgent>(spec.obs_dim, spec.act_dim, agent_config(config, spec), config.seed,
                                          options.threads, options.backend);
  load_tensors(agent->model_tensors(), model.file, model.path.string());
  return agent;
}

EvalStats RunPolicy::begin_stats() const {
  EvalStats stats;
  stats.warnings = warnings;
  stats.model_path = model.path.string();
  stats.training_seed = config.seed;
  stats.step = model.step;
  return stats;
}

}  // namespace softac
