#include "signals.h"

#include <signal.h>
#include <unistd.h>

#include "exit_code.h"

namespace softac::app {
namespace {

std::atomic<int> g_stop_signal{0};
static_assert(std::atomic<int>::is_always_lock_free);

extern "C" void on_stop_signal(int number) {
  int none = 0;
  if (!g_stop_signal.compare_exchange_strong(none, number) && number == SIGINT) _exit(kInterrupted);
}

void set_handler(int number, void (*handler)(int)) {
  struct sigaction action = {};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  sigaction(number, &action, nullptr);
}

}  // namespace

const std::atomic<int>& stop_signal() {
  return g_stop_signal;
}

void install_stop_signals() {
  for (const int number : {SIGINT, SIGTERM, SIGUSR1}) set_handler(number, on_stop_signal);
  struct sigaction hang_up = {};
  sigaction(SIGHUP, nullptr, &hang_up);
  if (hang_up.sa_handler != SIG_IGN) set_handler(SIGHUP, on_stop_signal);
  set_handler(SIGPIPE, SIG_IGN);
}

void reset_signals() {
  for (const int number : {SIGINT, SIGTERM, SIGUSR1, SIGPIPE}) set_handler(number, SIG_DFL);
}

}  // namespace softac::app
