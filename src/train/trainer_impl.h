// The parts of a run and its named steps. trainer.cc holds the algorithm, trainer_records.cc what it leaves on disk.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "env/vec_env.h"
#include "replay/replay_buffer.h"
#include "run/background_writer.h"
#include "run/episode_window.h"
#include "run/recorder.h"
#include "run/replay_log.h"
#include "run/run_dir.h"
#include "run/run_state.h"
#include "softac/trainer.h"
#include "train/collector.h"
#include "train/diagnosis.h"
#include "train/evaluator.h"

namespace softac {

// Settings that cannot be used, all in one ConfigError.
const TrainConfig& checked(const TrainConfig& config);

// True where a vector step from `before` to `after` environment steps reaches a multiple of freq; freq = 0: never.
constexpr bool is_due(std::int64_t before, std::int64_t after, std::int64_t freq) {
  return freq > 0 && after / freq > before / freq;
}

// Updates that follow vector step number num_vector_steps (from 1), after which `step` environment steps are done.
std::int64_t updates_due(const TrainConfig& config, std::int64_t num_vector_steps, std::int64_t step);

// What best/ holds.
struct BestModel {
  std::vector<std::byte> bytes;  // of model.safetensors
  std::int64_t step = 0;
  double mean_return = 0.0;
  std::int64_t num_episodes = 0;
};
constexpr const char* kBestInCheckpoint = "best.safetensors";

struct Trainer::Impl {
  Impl(const TrainConfig& settings, TrainerOptions run_options);

  // trainer.cc
  void load_networks(const std::string& run);
  void start();
  bool proceed();
  void collect();
  std::int64_t num_updates_due() const {
    return step > update_from && replay.num_transitions() > 0 ? updates_due(config, num_vector_steps, step) : 0;
  }
  void update();
  void ask(TrainAnswer answer);
  void stop(StopReason why, const std::string& text);
  void fail(StopReason why, const std::string& text);
  TrainSummary summary() const;
  double elapsed_sec() const;
  double process_sec() const;  // since run() began
  std::uint64_t state_hash();

  // trainer_records.cc
  void open_records();
  void log_if_due();
  void diagnose_if_due();
  void evaluate_if_due();
  void checkpoint_if_due();
  void finish();
  TrainReport report();
  void write_status(const std::string& state);
  void save_checkpoint();
  void write_later(std::optional<ReplayLog::Cut> cut);
  void look_at_writer();
  void write_evaluations();
  void waited(double sec);  // this thread, for the writing of files
  void say(const std::string& text);
  std::uint64_t checkpoint_bytes();
  void env_hangs(const std::string& message);  // on the watching thread
  std::map<std::string, std::string> model_metadata() const;
  double target_entropy() const;

  // trainer_best.cc
  void save_best(const EvalStats& stats);
  void restore_best(const CheckpointInfo& info);

  // trainer_guards.cc
  void warn_of_bounds();
  void warn_of_failures();
  bool roll_back(const std::string& why);
  std::string write_crash_bundle(const std::string& text);

  // trainer_resume.cc
  void resume_records();
  RunState load_checkpoint(const CheckpointInfo& info);
  RunState run_state();
  void set_run_state(const RunState& state, const std::string& source);

  TrainConfig config;
  TrainerOptions options;
  FileSystem& fs;
  std::unique_ptr<VecEnv> envs;
  SacAgent agent;
  ReplayBuffer replay;
  Collector collector;
  Rng sample_rng;  // replay indices
  std::optional<Evaluator> evaluator;
  std::optional<Diagnosis> diagnosis;
  std::optional<RunDir> run_dir;
  std::optional<Recorder> recorder;
  std::optional<ReplayLog> replay_log;  // none where checkpoints hold no replay

  std::int64_t step = 0;           // environment steps so far
  std::int64_t previous_step = 0;  // before the last vector step
  std::int64_t num_vector_steps = 0;
  std::int64_t first_step = 0;   // of this process
  std::int64_t update_from = 0;  // no update before this many steps; see RunState
  EpisodeWindow episodes;
  UpdateMetrics last_update;
  UpdateMeans update_means;
  std::optional<EvalStats> last_eval;
  double best_eval_return;                      // NaN before the first evaluation
  std::shared_ptr<const BestModel> best_model;  // of a run that may go back; nullptr before the first evaluation
  std::string run_path;                         // "" without records
  std::string last_checkpoint;                  // path of the newest complete one
  std::int64_t last_checkpoint_step = -1;

  std::chrono::steady_clock::time_point start_time = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point last_flush = start_time;
  double earlier_sec = 0.0;  // time of training before start_time
  bool resumed = false;
  std::chrono::steady_clock::time_point process_start = start_time;
  std::int64_t num_rollbacks = 0;  // of the whole run
  std::int64_t said_failures = 0;  // of environments
  bool said_low_alpha = false, said_high_alpha = false;
  std::vector<std::string> notes;  // of the resumption, for log and observers
  // What writing costs training: the longest wait of this thread and the sum of all.
  double longest_wait_sec = 0.0, total_wait_sec = 0.0;
  std::int64_t num_checkpoints = 0;

  bool ended = false;
  bool failed = false;
  StopReason reason = StopReason::finished;
  std::string message;
  int signal = 0;

  // Complete checkpoints that the writer has made and this thread has not yet heard of.
  std::mutex done_mutex;
  std::vector<std::string> done_checkpoints;
  std::atomic<bool> has_done{false};
  std::optional<BackgroundWriter> writer;  // last: its thread uses what stands above
};

}  // namespace softac
