// Policies of a finished or running run, evaluated.
#include "agent/setting_checks.h"
#include "base/file_system.h"
#include "base/fp_modes.h"
#include "base/sha256.h"
#include "config/make_envs.h"
#include "config/resolve.h"
#include "env/mujoco_version.h"
#include "run/checkpoint.h"
#include "run/run_dir.h"
#include "softac/error.h"
#include "softac/evaluation.h"
#include "train/evaluator.h"

namespace softac {

namespace {

std::vector<std::byte> best_bytes(FileSystem& fs, const Path& dir) {
  const Path path = dir / "model.safetensors";
  if (fs.kind(path) != FileKind::file) throw IoError(path.string() + ": missing; the run has not been evaluated yet");
  return fs.read_file(path, kMaxModelBytes);
}

// In one environment where there cannot be more.
std::unique_ptr<Evaluator> make_evaluator(const TrainConfig& config, const EvaluateOptions& options,
                                          std::vector<std::string>& warnings) {
  try {
    return std::make_unique<Evaluator>(config, options.episodes, options.seed, options.on_env_hang);
  } catch (const InstanceError& error) {
    warnings.push_back(std::string(error.what()) + "; the episodes run one after the other in one environment");
    return std::make_unique<Evaluator>(config, options.episodes, options.seed, options.on_env_hang, 1);
  }
}

}  // namespace

EvalStats evaluate_run(const std::string& run_dir, const EvaluateOptions& options) {
  const StandardFpModes modes;
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
  const StopRequest stop(options.stop_signal, options.max_time_sec);
  FileSystem& fs = posix_file_system();
  require_run_dir(fs, run_dir);
  RunConfigRequest request;
  request.allow_changed = true;
  if (!options.env_plugins.empty()) request.changes.push_back({"env_plugins", options.env_plugins, "--env-plugin"});
  make_paths_absolute(request.changes, std::filesystem::current_path());
  for (const std::string& text : options.env_kwargs) {
    const auto changes = parse_changes({"env_kwargs." + text}, "--set");
    request.changes.insert(request.changes.end(), changes.begin(), changes.end());
  }
  const RunConfig run = load_run_config((Path(run_dir) / "config.toml").string(), request);
  TrainConfig config = run.resolved.config;

  if (options.max_episode_steps > 0) config.eval_max_episode_steps = options.max_episode_steps;

  Path path;
  std::vector<std::byte> bytes;
  if (options.model.kind == ModelChoice::Kind::best) {
    path = Path(run_dir) / "best" / "model.safetensors";
    bytes = best_bytes(fs, path.parent_path());
  } else {
    ChosenFile chosen = read_chosen(fs, Path(run_dir) / "checkpoints", options.model, "model.safetensors");
    path = std::move(chosen.path);
    bytes = std::move(chosen.bytes);
  }
  const TensorFile file = decode_safetensors(bytes, path.string());

  std::vector<std::string> warnings = run.notes;
  const std::unique_ptr<Evaluator> made = make_evaluator(config, options, warnings);
  Evaluator& evaluator = *made;
  SacAgent agent(evaluator.spec().obs_dim, evaluator.spec().act_dim, agent_config(config, evaluator.spec()),
                 config.seed, options.threads, options.backend);
  load_tensors(agent.model_tensors(), file, path.string());
  EvalStats stats = evaluator.run(agent, options.deterministic, stop);
  stats.warnings = std::move(warnings);
  stats.model_path = path.string();
  stats.training_seed = config.seed;
  if (const auto step = saved_step(file)) stats.step = *step;
  if (const auto found = file.metadata.find("mujoco_version");
      found != file.metadata.end() && found->second != mujoco_version()) {
    stats.warnings.push_back("the run used MuJoCo " + found->second + ", this is " + mujoco_version());
  }
  return stats;
}

std::vector<CheckpointInfo> list_checkpoints(const std::string& run_dir, bool verify) {
  FileSystem& fs = posix_file_system();
  const Path dir = Path(run_dir) / "checkpoints";
  if (!fs.is_directory(dir))
    throw IoError(dir.string() + ": no such folder; a run directory with checkpoints was expected");
  return find_checkpoints(fs, dir, verify ? "*" : "");
}

}  // namespace softac
