// Evaluation: undiscounted returns of whole episodes under a policy that does not change.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace softac {

struct EvalStats {
  std::int64_t step = 0;              // environment steps of training behind the policy
  std::vector<double> returns;        // (episodes) undiscounted
  std::vector<std::int64_t> lengths;  // (episodes) in environment steps
  double mean_return = 0.0;
  double std_return = 0.0;  // population standard deviation, as Stable-Baselines3 reports it
  double mean_length = 0.0;
  int max_episode_steps = 0;  // where the evaluation ends an episode
  int num_cut_off = 0;        // episodes that ended there, where that is not the task's own time limit
  std::string env_id;
  std::string model_path;             // file that the policy was read from (evaluate_run)
  std::uint64_t training_seed = 0;    // of the run (evaluate_run)
  std::vector<std::string> warnings;  // e.g. another MuJoCo version than the run's (evaluate_run)
};

// Which policy of a run.
struct ModelChoice {
  enum class Kind { newest, best, step };
  Kind kind = Kind::newest;
  std::int64_t step = 0;  // Kind::step: the checkpoint taken at this environment step
};

struct EvaluateOptions {
  ModelChoice model;
  int episodes = 100;         // 1 to 1e6
  std::uint64_t seed = 1000;  // of start states and, where deterministic is false, of the policy's noise
  bool deterministic = true;
  int threads = 1;                                // inside the policy, to 4096; 0 = all cores; never changes a result
  std::string backend;                            // "" = best
  int max_episode_steps = 0;                      // of an episode; 0 = as in the run's own evaluations
  const std::atomic<int>* stop_signal = nullptr;  // becomes nonzero (a signal's number) to end it: StoppedError
  double max_time_sec = 0.0;                      // StoppedError after this wall time; 0 = no limit
  // As TrainerOptions::on_env_hang.
  std::function<void(const std::string& message)> on_env_hang;
  std::vector<std::string> env_plugins;  // in place of the run's, if any are given
  std::vector<std::string> env_kwargs;   // "NAME=VALUE" as in TOML, in place of the run's or in addition
};

// Evaluates a policy of the run directory in fresh environments of the run's configuration. Newest: the newest
// checkpoint whose files are as its manifest says. Throws IoError (missing, damaged), EnvError, NumericsError,
// StoppedError, and ConfigError: on options, all at once, before anything is read, and on the run's settings. A plug-in
// or model file that has changed since the run is a warning.
EvalStats evaluate_run(const std::string& run_dir, const EvaluateOptions& options = {});

// A checkpoint of a run.
struct CheckpointInfo {
  std::string name;  // "step-000100000"
  std::string path;
  std::int64_t step = 0;
  std::int64_t sequence = 0;  // counts the run's checkpoints; the newest has the largest
  std::string state_hash;     // 16 hexadecimal digits: everything that changes in training
  struct File {
    std::string name;  // in the checkpoint, or "replay/segment-….bin" of the run
    std::uint64_t bytes = 0;
    bool ok = false;     // size and SHA-256 as the manifest says (only after verification)
    std::string sha256;  // as the manifest says
  };
  std::vector<File> files;
  bool complete = false;  // the manifest is readable (and all files ok, after verification)
  std::string error;      // what is wrong, if not complete
};

// All checkpoints of a run, oldest first. verify: read every file and compare sizes and SHA-256 sums; else sizes only.
// Throws IoError if run_dir has no checkpoints folder.
std::vector<CheckpointInfo> list_checkpoints(const std::string& run_dir, bool verify);

}  // namespace softac
