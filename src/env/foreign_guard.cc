#include "env/foreign_guard.h"

#include <pthread.h>
#include <unistd.h>

#include <atomic>
#include <mutex>
#include <optional>
#include <set>
#include <utility>

#include "base/process_state.h"

namespace softac {
namespace {

constexpr int kChildExitCode = 5;  // the command's for an environment that breaks its contract

// Never destroyed: an environment may end the process.
struct Warnings {
  std::mutex mutex;
  std::set<std::string> said;
  std::vector<std::string> waiting;
  std::atomic<bool> any{false};
};
Warnings& warnings() {
  static Warnings& instance = *new Warnings;
  return instance;
}

void warn(const std::string& text) {
  Warnings& w = warnings();
  const std::lock_guard lock(w.mutex);
  if (!w.said.insert(text).second) return;
  w.waiting.push_back(text);
  w.any.store(true);
}

struct Guarded {
  std::mutex mutex;
  std::optional<ProcessState> state;
};
Guarded& guarded() {
  static Guarded& instance = *new Guarded;
  return instance;
}

std::atomic<std::uint32_t> forks{0};

void count_forks() {
  static std::once_flag once;
  std::call_once(once, [] { pthread_atfork(nullptr, nullptr, [] { forks.fetch_add(1, std::memory_order_relaxed); }); });
}

void restore_process(const char* who) {
  Guarded& g = guarded();
  const std::lock_guard lock(g.mutex);
  if (!g.state) return;
  std::string changed;
  for (const std::string& what : g.state->restore()) changed += (changed.empty() ? "" : ", ") + what;
  if (!changed.empty())
    warn(std::string(who) + " changed what belongs to the whole process (" + changed + "); softac has set it back");
}

[[noreturn]] void end_child(const char* who) {
  const std::string text =
      std::string("error: ") + who + " forked, and the child came back from the call: it ends here, the run goes on\n";
  const ssize_t ignored = write(STDERR_FILENO, text.data(), text.size());
  (void)ignored;
  _exit(kChildExitCode);
}

}  // namespace

void FpModesGuard::restore() const {
  const FpModes left = fp_modes();
  set_fp_modes(modes_);
  std::string what;
  const auto add = [&](const char* text) { what += (what.empty() ? "" : ", ") + std::string(text); };
  if (flushes_denormals(left) && !flushes_denormals(modes_)) add("flush to zero");
  if (rounds_otherwise(left, modes_)) add("rounding");
  if (what.empty()) add("exceptions that trap");
  warn(std::string(who_) + " left other floating-point modes behind (" + what +
       "); softac has set them back: its results are those without (was it built with -Ofast or -ffast-math?)");
}

ForeignCall::ForeignCall(const char* who, bool look)
    : modes_(who), who_(who), look_(look), forks_(num_forks()), locale_(uselocale(LC_GLOBAL_LOCALE)) {}

ForeignCall::~ForeignCall() {
  uselocale(locale_);
  if (num_forks() != forks_) end_child(who_);
  if (look_) restore_process(who_);
}

void guard_process() {
  Guarded& g = guarded();
  const std::lock_guard lock(g.mutex);
  g.state.emplace();
}

void guard_signal_handlers() {
  Guarded& g = guarded();
  const std::lock_guard lock(g.mutex);
  if (g.state) g.state->take_handlers();
}

std::uint32_t num_forks() {
  count_forks();
  return forks.load(std::memory_order_relaxed);
}

std::vector<std::string> take_foreign_warnings() {
  Warnings& w = warnings();
  if (!w.any.load(std::memory_order_relaxed)) return {};
  const std::lock_guard lock(w.mutex);
  w.any.store(false);
  return std::exchange(w.waiting, {});
}

}  // namespace softac
