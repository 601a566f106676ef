#include "signals.h"

#include <signal.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "env/env_call.h"
#include "env/foreign_guard.h"
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

const char* crash_name(int number) {
  switch (number) {
    case SIGSEGV:
      return "SIGSEGV";
    case SIGBUS:
      return "SIGBUS";
    case SIGFPE:
      return "SIGFPE";
    case SIGILL:
      return "SIGILL";
    default:
      return "SIGABRT";
  }
}

// Of install_quick_stop().
std::atomic<int> g_grace_sec{0};
std::atomic<double> g_deadline_sec{0.0};  // 0: none
static_assert(std::atomic<double>::is_always_lock_free);

double monotonic_now_sec() {
  timespec now = {};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

// Only what POSIX allows in a signal handler: no allocation, no stdio.
class Text {
 public:
  void add(const char* text) {
    while (*text != '\0' && size_ < sizeof(text_)) text_[size_++] = *text++;
  }
  void add(long long number) {
    char digits[24];
    std::size_t at = sizeof(digits);
    digits[--at] = '\0';
    do {
      digits[--at] = static_cast<char>('0' + number % 10);
      number /= 10;
    } while (number > 0);
    add(digits + at);
  }
  void print() const {
    const ssize_t ignored = write(STDERR_FILENO, text_, size_);
    (void)ignored;
  }

 private:
  char text_[512];
  std::size_t size_ = 0;
};

void add_place(Text& text, const EnvCall& call) {
  text.add(call.id);
  text.add(" (environment ");
  text.add(static_cast<long long>(call.index));
  text.add(", step ");
  text.add(static_cast<long long>(call.step));
  text.add("): ");
}

std::atomic<bool> g_end_expected{false};
std::uint32_t g_forks_at_start = 0;

extern "C" void on_exit_call() {
  if (g_end_expected.load() || num_forks() != g_forks_at_start) return;  // a forked child ends as it likes
  Text text;
  text.add("\nerror: ");
  const EnvCall call = current_env_call();
  if (call.id != nullptr) add_place(text, call);
  text.add(call.id != nullptr ? "the environment" : "other code of this process, such as an environment's thread,");
  text.add(" called exit; the checkpoints so far are intact\n");
  text.print();
  _exit(kEnvironment);
}

extern "C" void on_timer(int) {}

[[noreturn]] void leave() {
  const int number = g_stop_signal.load();
  Text text;
  text.add("\nerror: stopped by ");
  if (number != 0) {
    text.add("signal ");
    text.add(static_cast<long long>(number));
  } else {
    text.add("its time limit");
  }
  text.add("\n");
  text.print();
  _exit(number == SIGINT ? kInterrupted : kStopped);
}

// The timer may be one that an environment set for itself.
extern "C" void on_alarm(int) {
  const double deadline = g_deadline_sec.load();
  if (g_stop_signal.load() != 0 || (deadline > 0.0 && monotonic_now_sec() >= deadline)) leave();
}

extern "C" void on_quick_stop(int number) {
  int none = 0;
  if (!g_stop_signal.compare_exchange_strong(none, number)) {
    if (number == SIGINT) _exit(kInterrupted);
    return;
  }
  if (g_grace_sec.load() == 0) leave();
  alarm(static_cast<unsigned>(g_grace_sec.load()));
}

extern "C" void on_crash(int number) {
  const EnvCall call = current_env_call();
  if (call.id == nullptr) {
    set_handler(number, SIG_DFL);
    raise(number);
    return;
  }
  static std::atomic_flag reported = ATOMIC_FLAG_INIT;
  while (reported.test_and_set()) pause();  // another thread's environment has crashed too: one report is enough
  Text text;
  text.add("\nerror: ");
  add_place(text, call);
  text.add("the environment crashed (");
  text.add(crash_name(number));
  text.add("); the checkpoints so far are intact\n");
  text.print();
  _exit(kEnvironment);
}

void catch_stop_signals(void (*handler)(int)) {
  for (const int number : {SIGINT, SIGTERM, SIGUSR1}) set_handler(number, handler);
  struct sigaction hang_up = {};
  sigaction(SIGHUP, nullptr, &hang_up);
  if (hang_up.sa_handler != SIG_IGN) set_handler(SIGHUP, handler);
}

}  // namespace

void install_crash_handler() {
  alignas(16) static char stack[1 << 16];  // a stack that overflowed cannot hold the handler
  stack_t own = {};
  own.ss_sp = stack;
  own.ss_size = sizeof(stack);
  sigaltstack(&own, nullptr);
  struct sigaction action = {};
  action.sa_handler = on_crash;
  action.sa_flags = SA_ONSTACK;
  sigemptyset(&action.sa_mask);
  for (const int number : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT}) sigaction(number, &action, nullptr);
}

void install_exit_report() {
  g_forks_at_start = num_forks();
  std::atexit(on_exit_call);
  std::at_quick_exit(on_exit_call);
}

void expect_end() {
  g_end_expected.store(true);
}

void outlive_timers() {
  for (const int number : {SIGALRM, SIGVTALRM, SIGPROF}) {
    struct sigaction found = {};
    sigaction(number, nullptr, &found);
    if (found.sa_handler == SIG_DFL) set_handler(number, on_timer);
  }
}

const std::atomic<int>& stop_signal() {
  return g_stop_signal;
}

void install_stop_signals() {
  catch_stop_signals(on_stop_signal);
  set_handler(SIGPIPE, SIG_IGN);
  guard_signal_handlers();
}

void install_quick_stop(int grace_sec, double max_sec) {
  g_grace_sec.store(grace_sec);
  set_handler(SIGALRM, on_alarm);
  catch_stop_signals(on_quick_stop);
  guard_signal_handlers();
  if (max_sec <= 0.0) return;
  const double sec = std::min(max_sec + grace_sec, 1e9);
  g_deadline_sec.store(monotonic_now_sec() + sec);
  itimerval timer = {};
  timer.it_value.tv_sec = static_cast<time_t>(sec);
  timer.it_value.tv_usec = 1 + static_cast<suseconds_t>((sec - std::floor(sec)) * 999'998.0);  // not 0, which is never
  timer.it_interval.tv_usec = 50'000;  // again, if this was a little before the deadline
  setitimer(ITIMER_REAL, &timer, nullptr);
}

void leave_at_hang(const std::string& message) {
  std::fprintf(stderr, "\nerror: %s\n", message.c_str());
  _exit(kEnvironment);
}

}  // namespace softac::app
