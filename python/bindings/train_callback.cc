#include "train_callback.h"

#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>

#include <exception>

#include "train_values.h"

namespace nb = nanobind;

namespace softac::python {

PythonCallback::PythonCallback(nb::object callback, RunControl& control) : control_(control) {
  static constexpr const char* kNames[kNumMethods] = {"on_start",     "on_step",       "on_log",    "on_evaluation",
                                                      "on_diagnosis", "on_checkpoint", "on_message"};
  if (callback.is_none()) return;
  for (int i = 0; i < kNumMethods; ++i) {
    const nb::object method = nb::getattr(callback, kNames[i], nb::none());
    if (!method.is_none()) methods_[i] = method;
  }
}

template <class Body>
void PythonCallback::guarded(Body&& body) {
  const nb::gil_scoped_acquire lock;
  try {
    body();
  } catch (const nb::python_error& error) {
    ended_ = true;
    control_.keep(std::current_exception(), error.matches(PyExc_KeyboardInterrupt));
  }
}

// Converts each value only now that the lock is held.
template <class... Values>
void PythonCallback::notify(Method method, const Values&... values) {
  guarded([&] {
    const auto object = [this](const auto& value) {
      if constexpr (std::is_same_v<std::decay_t<decltype(value)>, TrainSummary>) {
        return summary_object(value);
      } else {
        return nb::cast(value);
      }
    };
    const nb::object result = methods_[method](object(values)...);
    if (result.ptr() == Py_False) ended_ = true;
  });
}

nb::object PythonCallback::summary_object(const TrainSummary& summary) {
  Summary out{summary, last_eval_};
  out.values.last_eval = nullptr;
  return nb::cast(std::move(out));
}

void PythonCallback::look_for_signals() {
  constexpr std::chrono::milliseconds kInterval{50};
  const Clock::time_point now = Clock::now();
  if (now - looked_ < kInterval) return;
  looked_ = now;
  const nb::gil_scoped_acquire lock;
  if (control_.check_signals()) ended_ = true;
}

void PythonCallback::on_start(const TrainSummary& summary, const std::string& run_dir) {
  if (summary.last_eval != nullptr) last_eval_ = std::make_shared<const EvalStats>(*summary.last_eval);
  if (has(kStart)) notify(kStart, summary, run_dir);
}

TrainAnswer PythonCallback::on_step(const TrainSummary& summary) {
  if (has(kStep)) notify(kStep, summary);
  if (!ended_) look_for_signals();
  return answer();
}

TrainAnswer PythonCallback::on_log(const TrainSummary& summary) {
  if (has(kLog)) notify(kLog, summary);
  return answer();
}

TrainAnswer PythonCallback::on_evaluation(const TrainSummary& summary, const EvalStats& stats) {
  last_eval_ = std::make_shared<const EvalStats>(stats);
  if (has(kEvaluation)) notify(kEvaluation, summary, stats);
  return answer();
}

void PythonCallback::on_diagnosis(const TrainSummary& summary, const std::vector<DiagnosticValue>& values) {
  if (!has(kDiagnosis)) return;
  guarded([&] {
    nb::dict named;
    for (const DiagnosticValue& value : values) named[value.name.c_str()] = value.value;
    if (methods_[kDiagnosis](summary_object(summary), named).ptr() == Py_False) ended_ = true;
  });
}

void PythonCallback::on_checkpoint(const TrainSummary& summary, const std::string& path) {
  if (has(kCheckpoint)) notify(kCheckpoint, summary, path);
}

void PythonCallback::on_message(std::string_view text) {
  constexpr std::string_view kWarning = "warning: ";
  if (has(kMessage)) {
    notify(kMessage, text);
  } else if (!ended_ && !methods_[kMessage].is_valid() && text.starts_with(kWarning)) {
    guarded([&] {
      if (PyErr_WarnEx(PyExc_RuntimeWarning, std::string(text.substr(kWarning.size())).c_str(), 2) != 0)
        throw nb::python_error();
    });
  }
}

}  // namespace softac::python
