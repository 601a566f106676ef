// A training run: collect, update, evaluate, record, checkpoint; and the run directory that it leaves.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "softac/agent.h"
#include "softac/config.h"
#include "softac/diagnostics.h"
#include "softac/evaluation.h"
#include "softac/train_summary.h"

namespace softac {

class FileSystem;

enum class TrainAnswer {
  proceed,
  stop,   // end the run with a checkpoint: reason stopped
  abort,  // end the run at once, without one: reason aborted
};

// Called on the thread of run(), between environment steps. Must not throw. Default: do nothing, proceed.
class TrainCallback {
 public:
  virtual ~TrainCallback() = default;
  virtual void on_start(const TrainSummary&, const std::string& /*run_dir*/) {}
  virtual TrainAnswer on_step(const TrainSummary&) { return TrainAnswer::proceed; }  // after each vector step
  // Each row of metrics that the run records, with the names of progress.csv, evaluations and diagnoses aside.
  virtual void on_row(const TrainSummary&, const std::vector<DiagnosticValue>& /*values*/) {}
  virtual TrainAnswer on_log(const TrainSummary&) { return TrainAnswer::proceed; }  // after each row of metrics
  virtual TrainAnswer on_evaluation(const TrainSummary&, const EvalStats&) { return TrainAnswer::proceed; }
  virtual void on_diagnosis(const TrainSummary&, const std::vector<DiagnosticValue>&) {}
  virtual void on_checkpoint(const TrainSummary&, const std::string& /*path*/) {}  // some steps after it was taken
  virtual void on_message(std::string_view /*text*/) {}                            // also written to log.txt
};

enum class StopReason {
  finished,     // total_timesteps reached
  stopped,      // a callback answered stop
  interrupted,  // stop_signal was set (report.signal)
  time,         // max_time_sec is over
  aborted,      // a callback answered abort; no checkpoint
  env_error,    // an environment broke its contract
  numerics,     // a loss, gradient, parameter or action is not finite
  disk,         // disk full or failing
  io,           // another file error
};
std::string_view stop_reason_name(StopReason reason);

struct TrainReport {
  StopReason reason = StopReason::finished;
  std::string message;  // one line; names the step and the cause of a failure
  std::int64_t step = 0;
  std::int64_t num_updates = 0;
  std::int64_t num_episodes = 0;
  int signal = 0;                // what stop_signal held, for reason interrupted
  std::string run_dir;           // "" without records
  std::string checkpoint;        // path of the last complete checkpoint; "" if there is none
  std::uint64_t state_hash = 0;  // of everything that changes in training; 0 after a failure
  double elapsed_sec = 0.0;
  double ep_return_mean = 0.0;    // last 100 episodes; NaN if none has ended
  double best_eval_return = 0.0;  // NaN if there was no evaluation
};

struct TrainerOptions {
  bool records = true;  // false: no run directory, no files, no checkpoints
  bool resume = false;  // resume the run in run_dir, from its newest intact checkpoint
  std::string run_dir;  // must be new or empty unless resume; "" = <runs_root>/<env>/sac/<YYYYmmdd-HHMMSS>_s<seed>
  std::string runs_root = "runs";
  std::string command;                         // text of command.txt
  std::map<std::string, std::string> origins;  // setting → where its value came from, for config.toml
  TrainCallback* callback = nullptr;
  const std::atomic<int>* stop_signal =
      nullptr;            // becomes nonzero (a signal's number) to end the run with a checkpoint, in an evaluation too
  std::string init_from;  // run directory whose newest checkpoint gives the networks to start from
  // Run directory whose checkpoint this new run begins at, replay, environments and generators included: the newest
  // intact one, or that of fork_step. Settings that a checkpoint depends on must be the other run's (SettingInfo).
  std::string fork_from;
  std::optional<std::int64_t> fork_step;
  bool allow_changed = false;  // resume, fork_from: plug-ins and model files may have other contents than the run's
  // Called on a separate thread when an environment hangs beyond env_timeout_sec and does not come back; status.json
  // then says failed already. The run cannot be ended from inside the library.
  std::function<void(const std::string& message)> on_env_hang;
  std::string video_command = "softac";  // makes the videos of video_freq: its path, or a name to look for in PATH
  FileSystem* file_system = nullptr;     // for tests; nullptr = the system's
  std::uint64_t memory_limit_bytes = 0;  // for the replay; 0 = what the machine and its control groups leave
};

class Trainer {
 public:
  // Makes environments, agent and replay buffer, then the run directory. Plugins must be loaded and config be valid:
  // throws ConfigError (unusable settings, run_dir not empty), IoError (model files, init_from), MemoryError (replay
  // does not fit, with sizes), DiskError. With options.resume: ConfigError if config differs from the run's in more
  // than what may change on resumption (SettingChange, softac/sac_settings.h), if total_timesteps is changed to less
  // than the steps that are done, or without records or a run_dir; IoError if every checkpoint is damaged, or a file
  // that the run reads has changed. A run that had none yet starts from step 0. With options.fork_from: ConfigError if
  // its checkpoint does not fit config, IoError likewise.
  Trainer(const TrainConfig& config, TrainerOptions options);
  ~Trainer();
  Trainer(const Trainer&) = delete;
  Trainer& operator=(const Trainer&) = delete;

  // The whole run; once, else ContractError. Outcomes, failures included, are in the report; it throws only for errors
  // that are no outcome of training (ContractError, out of memory). Allocates nothing per environment step in the
  // steady state, except where a row is written.
  TrainReport run();

  SacAgent& agent();
  const std::string& run_dir() const;      // "" without records
  std::uint64_t replay_bytes() const;      // memory that the replay buffer may take
  std::uint64_t checkpoint_bytes() const;  // what the checkpoints take on disk with a full replay buffer, about

  // Digest of everything that changes in training: networks, moments, counters, replay, environments, generators. Not
  // of time, paths, threads or backend. Reads the whole replay buffer.
  std::uint64_t state_hash();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace softac
