// What a training run shows on stderr: one redrawn line on a terminal, else a plain line now and then.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "softac/trainer.h"
#include "terminal.h"

namespace softac::app {

class Progress : public TrainCallback {
 public:
  // show_diagnoses: a line for each, with every value.
  explicit Progress(Terminal& terminal, bool show_diagnoses = false)
      : terminal_(terminal), show_diagnoses_(show_diagnoses) {}

  void on_start(const TrainSummary& summary, const std::string& run_dir) override;
  TrainAnswer on_step(const TrainSummary& summary) override;
  TrainAnswer on_evaluation(const TrainSummary& summary, const EvalStats& stats) override;
  void on_diagnosis(const TrainSummary& summary, const std::vector<DiagnosticValue>& values) override;
  void on_message(std::string_view text) override;

 private:
  using Clock = std::chrono::steady_clock;

  std::string line(const TrainSummary& summary) const;

  Terminal& terminal_;
  bool show_diagnoses_;
  Clock::time_point next_time_{};  // when to show the next line
};

}  // namespace softac::app
