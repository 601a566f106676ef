// What a run leaves on disk: its directory, records, replay segments, checkpoints, evaluations and the best model.
// Files that only grow are written by the training thread, whole files by a background thread from copies.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_system.h"
#include "config/input_files.h"
#include "run/background_writer.h"
#include "run/fork.h"
#include "run/recorder.h"
#include "run/replay_log.h"
#include "run/run_dir.h"
#include "softac/trainer.h"
#include "train/best_model.h"
#include "train/outcome.h"
#include "train/snapshot.h"
#include "train/training.h"

namespace softac {

// Every function that writes throws DiskError or IoError, also for what the background thread could not write.
class RunWriter {
 public:
  using CheckpointHeard = std::function<void(const std::string& path)>;

  // A new run directory, or with options.resume an old one: `training` is then what its newest intact checkpoint holds.
  // With options.fork_from a new one, and `training` is what the other run's checkpoint holds.
  // Throws as Trainer's constructor does.
  RunWriter(FileSystem& fs, Training& training, const TrainerOptions& options);
  RunWriter(const RunWriter&) = delete;
  RunWriter& operator=(const RunWriter&) = delete;

  const std::shared_ptr<RunDir>& run_dir() const { return run_dir_; }
  const Path& path() const { return run_dir_->path(); }
  bool resumed() const { return resumed_; }  // from a checkpoint, a fork's included
  // What the user should know about the resumption or the last rollback.
  const std::vector<std::string>& notes() const { return notes_; }
  const std::string& last_checkpoint() const { return last_checkpoint_; }  // path of the newest complete one; "" = none

  RunState run_state();  // with the positions of the records

  // Records.
  void log(std::string_view text) { recorder_->log(text); }
  void episode(double episode_return, std::int64_t length);
  const std::vector<Metric>& row(const UpdateRow& row);  // the row as it was written
  void diagnosis(const std::vector<DiagnosticValue>& values) { recorder_->diagnosis(training_.summary(), values); }
  void evaluation(const EvalStats& stats, bool best);
  void write_status(const Outcome& outcome);

  // After each vector step: what is new in the replay, now and then.
  void replay_step();
  // A checkpoint of now; its files follow in the background.
  void save_checkpoint();
  // Takes note of what the background thread has done: checkpoints, or a failure, which it throws.
  void look(const Outcome& outcome, const CheckpointHeard& on_checkpoint);

  // Sets `training`, the records and best/ back to the newest intact checkpoint; returns its name, "" if there is none,
  // and what the user should know is in notes().
  std::string roll_back();

  // The end of a run, in this order: its last checkpoint, all files of the background thread; (look;) what the files
  // cost, to the log; the records closed and on the device.
  void save_last(const Outcome& outcome);
  void log_costs();
  void close(const Outcome& outcome);
  // After a failure: whatever can still be written; throws nothing.
  void close_failed(const Outcome& outcome, const CheckpointHeard& on_checkpoint);
  // Waits for the background thread; throws what it met.
  void drain() { writer_->drain(); }

 private:
  void open(const TrainerOptions& options);
  void resume(const TrainerOptions& options);
  ForkParent fork_parent(const TrainerOptions& options, const std::vector<InputFile>& inputs) const;
  void make_run_dir(const TrainerOptions& options);
  void load_fork(const TrainerOptions& options, ForkParent& parent);
  void fork_again(const ForkParent& parent);
  void refuse_fewer_steps(const TrainConfig& before) const;
  void open_recorder(const RecordPositions* resume_at);
  void submit(std::optional<ReplayLog::Cut> cut);
  void write_evaluations();
  void save_best(const EvalStats& stats);
  void restore_best(const CheckpointInfo& info);
  void add_wait(double sec);

  FileSystem& fs_;
  Training& training_;
  std::shared_ptr<RunDir> run_dir_;  // shared with the watching thread
  std::optional<Recorder> recorder_;
  std::optional<ReplayLog> replay_log_;    // none where checkpoints hold no replay
  std::shared_ptr<const BestModel> best_;  // of a run that may roll back; nullptr before the first evaluation
  bool resumed_ = false;
  std::vector<std::string> notes_;
  std::string last_checkpoint_;
  std::int64_t last_checkpoint_step_ = -1;
  Due last_checkpoint_due_;  // what it leaves to be done
  std::chrono::steady_clock::time_point last_flush_ = std::chrono::steady_clock::now();

  // What writing costs training: the longest wait of its thread and the sum of all.
  double longest_wait_sec_ = 0.0, total_wait_sec_ = 0.0;
  std::int64_t num_checkpoints_ = 0;

  // Complete checkpoints of which the training thread has not heard yet.
  std::mutex done_mutex_;
  std::vector<std::string> done_;
  std::atomic<bool> has_done_{false};
  std::optional<BackgroundWriter> writer_;  // last: its thread uses the members above
};

}  // namespace softac
