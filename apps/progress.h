// What a training run shows on stderr: one redrawn line on a terminal, else a plain line now and then.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "softac/trainer.h"
#include "terminal.h"

namespace softac::app {

struct ProgressOptions {
  bool diagnoses = false;  // a line for each, with every value
  bool tables = false;     // each row of metrics as a table, in place of plain lines
};

class Progress : public TrainCallback {
 public:
  Progress(Terminal& terminal, ProgressOptions options) : terminal_(terminal), options_(options) {}

  void on_start(const TrainSummary& summary, const std::string& run_dir) override;
  TrainAnswer on_step(const TrainSummary& summary) override;
  void on_row(const TrainSummary& summary, const std::vector<DiagnosticValue>& values) override;
  TrainAnswer on_evaluation(const TrainSummary& summary, const EvalStats& stats) override;
  void on_diagnosis(const TrainSummary& summary, const std::vector<DiagnosticValue>& values) override;
  void on_message(std::string_view text) override;

 private:
  using Clock = std::chrono::steady_clock;

  Terminal& terminal_;
  ProgressOptions options_;
  Clock::time_point next_time_{};  // when to show the next line
};

}  // namespace softac::app
