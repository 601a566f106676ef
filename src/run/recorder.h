// The records of a run: metrics to progress.csv, metrics.jsonl and TensorBoard, episodes to monitor.csv, evaluations to
// eval/, messages to log.txt. Names of metrics are Stable-Baselines3's; softac's own are beside them.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "formats/evaluations.h"
#include "formats/log_file.h"
#include "formats/metrics_sink.h"
#include "formats/monitor_csv.h"
#include "run/run_state.h"
#include "run/update_means.h"
#include "softac/agent.h"
#include "softac/config.h"
#include "softac/diagnostics.h"
#include "softac/train_summary.h"

namespace softac {

class Recorder {
 public:
  // Opens the files in run_dir, new and empty or, with resume_at, cut to where they were. Throws DiskError, IoError, as
  // every other member does.
  Recorder(FileSystem& fs, const Path& run_dir, const TrainConfig& config, double target_entropy,
           double start_wall_time_sec, const RecordPositions* resume_at = nullptr);

  void episode(double episode_return, std::int64_t length, double elapsed_sec);
  const std::vector<Metric>& row(const TrainSummary& summary, const UpdateRow& row);  // as it was written
  void diagnosis(const TrainSummary& summary, const std::vector<DiagnosticValue>& values);
  void evaluation(const TrainSummary& summary, const EvalStats& stats);
  // All evaluations so far, to be saved by whoever writes files.
  const EvaluationLog& evaluations() const { return evaluations_; }
  void log(std::string_view text);
  RecordPositions positions() const;
  std::vector<Path> paths() const;  // of the files that only grow
  void flush();                     // what is buffered, to the system
  void sync();                      // to the device
  void close();

 private:
  void write(std::int64_t step);

  double target_entropy_;
  bool learned_temperature_;
  bool state_value_;  // V(s) is learned
  std::vector<std::unique_ptr<MetricsSink>> sinks_;
  MonitorCsv monitor_;
  EvaluationLog evaluations_;
  LogFile log_;
  std::vector<Metric> metrics_;  // of the row that is being made
};

}  // namespace softac
