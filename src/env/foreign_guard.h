// Around calls into code that is not softac's: what it may not change for the rest of the process is set back, with one
// warning each. docs/reliability.md has the list.
#pragma once

#include <locale.h>

#include <bit>
#include <cstdint>
#include <string>
#include <vector>

#include "base/fp_modes.h"

namespace softac {

// The floating-point modes of the calling thread, by which softac's results would change.
class FpModesGuard {
 public:
  explicit FpModesGuard(const char* who) : who_(who), modes_(fp_modes()) {}
  ~FpModesGuard() {
    if (fp_modes() != modes_) restore();
  }
  FpModesGuard(const FpModesGuard&) = delete;
  FpModesGuard& operator=(const FpModesGuard&) = delete;

 private:
  void restore() const;

  const char* who_;
  FpModes modes_;
};

// A whole call. Beside the modes: the thread's locale (foreign code has the process's, softac may have its own), and a
// fork whose child comes back from the call, which ends here. `look` adds the state of the process (guard_process).
class ForeignCall {
 public:
  // who: named in messages; must outlive the call.
  explicit ForeignCall(const char* who, bool look = true);
  ~ForeignCall();
  ForeignCall(const ForeignCall&) = delete;
  ForeignCall& operator=(const ForeignCall&) = delete;

 private:
  FpModesGuard modes_;
  const char* who_;
  bool look_;
  std::uint32_t forks_;
  locale_t locale_;
};

// Whether the n-th call (from 0) of a kind that is made all the time is one to look after: often at first, then rarely.
constexpr bool is_call_to_look_at(std::uint64_t n) {
  return n < 1024 ? std::has_single_bit(n + 1) : n % 1024 == 0;
}

// For programs that own their process, once at the start: the signals, the umask and the variables of now are those
// that foreign code may not change. Without this a ForeignCall leaves them alone: they are the host program's.
void guard_process();
// After the program has installed its own signal handlers.
void guard_signal_handlers();

// How often this process is the child of a fork: differs between a call's begin and end in a child alone.
std::uint32_t num_forks();

// What there is to say, each once; empties the list. Any thread.
std::vector<std::string> take_foreign_warnings();

}  // namespace softac
