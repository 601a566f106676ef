// What ends a run that Python started: Ctrl-C, and exceptions that are to leave the call.
#pragma once

#include <nanobind/nanobind.h>

#include <atomic>
#include <exception>

namespace softac::python {

// Of one call; everything but `stop` with the interpreter's lock held.
class RunControl {
 public:
  // TrainerOptions::stop_signal: the number of the signal that asked the run to end.
  std::atomic<int> stop{0};

  // Keeps the first exception to raise when the run has ended. interrupts: the run is to end as by Ctrl-C.
  void keep(std::exception_ptr error, bool interrupts);
  // Runs the handlers of signals that have arrived and keeps what they raise; true if something is kept.
  bool check_signals();
  bool has_error() const { return error_ != nullptr; }
  // Raises what is kept, if anything.
  void raise() const;

 private:
  std::exception_ptr error_;
};

// While it lives the first Ctrl-C sets control.stop, and further ones do what they would without it. Nests; on the main
// thread alone.
class InterruptScope {
 public:
  InterruptScope(RunControl& control, bool enabled);
  ~InterruptScope();
  InterruptScope(const InterruptScope&) = delete;
  InterruptScope& operator=(const InterruptScope&) = delete;

 private:
  bool enabled_;
  std::atomic<int>* outer_ = nullptr;
};

// Raises KeyboardInterrupt with a text.
[[noreturn]] void raise_interrupt(const char* text);

}  // namespace softac::python
