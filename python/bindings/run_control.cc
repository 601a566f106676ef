#include "run_control.h"

#include <signal.h>

#include <utility>

namespace nb = nanobind;

namespace softac::python {
namespace {

std::atomic<std::atomic<int>*> g_target{nullptr};  // of the innermost scope
static_assert(std::atomic<std::atomic<int>*>::is_always_lock_free && std::atomic<int>::is_always_lock_free);
struct sigaction g_outer_action;  // before the outermost scope

extern "C" void on_interrupt(int number) {
  std::atomic<int>* target = g_target.load();
  int none = 0;
  if (target != nullptr && target->compare_exchange_strong(none, number)) return;
  if (g_outer_action.sa_handler != SIG_DFL && g_outer_action.sa_handler != SIG_IGN) g_outer_action.sa_handler(number);
}

}  // namespace

void RunControl::keep(std::exception_ptr error, bool interrupts) {
  if (error_ == nullptr) error_ = std::move(error);
  if (interrupts) stop.store(SIGINT);
}

bool RunControl::check_signals() {
  if (PyErr_CheckSignals() != 0) {
    const nb::python_error error;
    keep(std::make_exception_ptr(error), error.matches(PyExc_KeyboardInterrupt));
  }
  return has_error();
}

void RunControl::raise() const {
  if (error_ != nullptr) std::rethrow_exception(error_);
}

InterruptScope::InterruptScope(RunControl& control, bool enabled) : enabled_(enabled) {
  if (!enabled_) return;
  outer_ = g_target.exchange(&control.stop);
  if (outer_ != nullptr) return;
  struct sigaction action = {};
  action.sa_handler = on_interrupt;
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, &g_outer_action);
}

InterruptScope::~InterruptScope() {
  if (!enabled_) return;
  if (outer_ == nullptr) sigaction(SIGINT, &g_outer_action, nullptr);
  g_target.store(outer_);
}

void raise_interrupt(const char* text) {
  PyErr_SetString(PyExc_KeyboardInterrupt, text);
  throw nb::python_error();
}

}  // namespace softac::python
