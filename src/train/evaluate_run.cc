// Policies of a finished or running run, evaluated.
#include "base/file_system.h"
#include "base/fp_modes.h"
#include "config/make_envs.h"
#include "run/checkpoint.h"
#include "softac/error.h"
#include "softac/evaluation.h"
#include "train/evaluator.h"
#include "train/run_policy.h"

namespace softac {

namespace {

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
  const StopRequest stop(options.stop_signal, options.max_time_sec);
  RunPolicy policy = read_run_policy(run_dir, options);
  const std::unique_ptr<Evaluator> evaluator = make_evaluator(policy.config, options, policy.warnings);
  const std::unique_ptr<SacAgent> agent = policy.make_agent(evaluator->spec(), options);
  const EvalStats known = policy.begin_stats();
  EvalStats stats = evaluator->run(*agent, options.deterministic, stop);
  stats.warnings = known.warnings;
  stats.model_path = known.model_path;
  stats.training_seed = known.training_seed;
  stats.step = known.step;
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
