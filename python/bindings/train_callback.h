// A Python object as the observer of a run.
#pragma once

#include <nanobind/nanobind.h>

#include <array>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "run_control.h"
#include "softac/trainer.h"

namespace softac::python {

// Calls the methods that the object has, with the interpreter's lock. A method that returns False stops the run, one
// that raises too, and control keeps the exception; then nothing more is called. Signals are looked for as steps pass.
// Made and destroyed with the lock held.
class PythonCallback final : public TrainCallback {
 public:
  PythonCallback(nanobind::object callback, RunControl& control);  // None: signals and warnings alone

  void on_start(const TrainSummary& summary, const std::string& run_dir) override;
  TrainAnswer on_step(const TrainSummary& summary) override;
  TrainAnswer on_log(const TrainSummary& summary) override;
  TrainAnswer on_evaluation(const TrainSummary& summary, const EvalStats& stats) override;
  void on_diagnosis(const TrainSummary& summary, const std::vector<DiagnosticValue>& values) override;
  void on_checkpoint(const TrainSummary& summary, const std::string& path) override;
  void on_message(std::string_view text) override;  // without such a method: Python's warnings

 private:
  using Clock = std::chrono::steady_clock;
  enum Method { kStart, kStep, kLog, kEvaluation, kDiagnosis, kCheckpoint, kMessage, kNumMethods };

  bool has(Method method) const { return !ended_ && methods_[method].is_valid(); }
  template <class Body>
  void guarded(Body&& body);
  template <class... Values>
  void notify(Method method, const Values&... values);
  nanobind::object summary_object(const TrainSummary& summary);
  void look_for_signals();
  TrainAnswer answer() const { return ended_ ? TrainAnswer::stop : TrainAnswer::proceed; }

  RunControl& control_;
  std::array<nanobind::object, kNumMethods> methods_;
  bool ended_ = false;
  Clock::time_point looked_ = Clock::now();
  std::shared_ptr<const EvalStats> last_eval_;
};

}  // namespace softac::python
