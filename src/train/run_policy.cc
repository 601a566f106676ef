#include "train/run_policy.h"

#include <filesystem>

#include "agent/setting_checks.h"
#include "config/make_envs.h"
#include "config/resolve.h"
#include "env/mujoco_version.h"
#include "run/checkpoint.h"
#include "run/run_dir.h"
#include "softac/error.h"

namespace softac {

namespace {

void check_options(const EvaluateOptions& options) {
  SettingChecks checks;
  checks.range("episodes", options.episodes, 1, 1e6);
  check_execution(options.threads, options.backend, checks);
  const auto kind = static_cast<int>(options.model.kind);
  checks.range("model.kind", kind, 0, static_cast<int>(ModelChoice::Kind::step));
  if (options.model.kind == ModelChoice::Kind::step)
    checks.range("model.step", static_cast<double>(options.model.step), 0, 1e15);
  checks.range("max_episode_steps", options.max_episode_steps, 0, 1e9);
  checks.range("max_time_sec", options.max_time_sec, 0, 1e12);
  refuse(checks.take());
}

RunConfig read_config(const std::string& run_dir, const EvaluateOptions& options) {
  RunConfigRequest request;
  request.allow_changed = true;
  if (!options.env_plugins.empty()) request.changes.push_back({"env_plugins", options.env_plugins, "--env-plugin"});
  make_paths_absolute(request.changes, std::filesystem::current_path());
  for (const std::string& text : options.env_kwargs) {
    const auto changes = parse_changes({"env_kwargs." + text}, "--set");
    request.changes.insert(request.changes.end(), changes.begin(), changes.end());
  }
  return load_run_config((Path(run_dir) / "config.toml").string(), request);
}

std::vector<std::byte> best_bytes(FileSystem& fs, const Path& path) {
  if (fs.kind(path) != FileKind::file) throw IoError(path.string() + ": missing; the run has not been evaluated yet");
  return fs.read_file(path, kMaxModelBytes);
}

}  // namespace

RunPolicy read_run_policy(FileSystem& fs, const std::string& run_dir, const EvaluateOptions& options) {
  check_options(options);
  require_run_dir(fs, run_dir);
  const RunConfig run = read_config(run_dir, options);
  RunPolicy policy;
  policy.config = run.resolved.config;
  policy.warnings = run.notes;
  if (options.max_episode_steps > 0) policy.config.eval_max_episode_steps = options.max_episode_steps;
  if (options.model.kind == ModelChoice::Kind::best) {
    policy.path = Path(run_dir) / "best" / "model.safetensors";
    policy.file = decode_safetensors(best_bytes(fs, policy.path), policy.path.string());
  } else {
    ChosenFile chosen = read_chosen(fs, Path(run_dir) / "checkpoints", options.model, "model.safetensors");
    policy.path = std::move(chosen.path);
    policy.file = decode_safetensors(chosen.bytes, policy.path.string());
  }
  return policy;
}

std::unique_ptr<SacAgent> RunPolicy::make_agent(const EnvSpec& spec, const EvaluateOptions& options) const {
  auto agent = std::make_unique<SacAgent>(spec.obs_dim, spec.act_dim, agent_config(config, spec), config.seed,
                                          options.threads, options.backend);
  load_tensors(agent->model_tensors(), file, path.string());
  return agent;
}

EvalStats RunPolicy::begin_stats() const {
  EvalStats stats;
  stats.warnings = warnings;
  stats.model_path = path.string();
  stats.training_seed = config.seed;
  if (const auto step = saved_step(file)) stats.step = *step;
  if (const auto found = file.metadata.find("mujoco_version");
      found != file.metadata.end() && found->second != mujoco_version()) {
    stats.warnings.push_back("the run used MuJoCo " + found->second + ", this is " + mujoco_version());
  }
  return stats;
}

}  // namespace softac
