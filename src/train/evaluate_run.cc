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
  refuse(checks.take());
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
  const TrainConfig& config = run.resolved.config;

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

  Evaluator evaluator(config, options.episodes, options.seed);
  SacAgent agent(evaluator.spec().obs_dim, evaluator.spec().act_dim, agent_config(config, evaluator.spec()),
                 config.seed, options.threads, options.backend);
  load_tensors(agent.model_tensors(), file, path.string());
  EvalStats stats = evaluator.run(agent, options.deterministic);
  stats.warnings = run.notes;
  stats.model_path = path.string();
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
