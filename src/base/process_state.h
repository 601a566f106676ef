// What a process has once for all its code, as softac needs it: the signals that end a run in good order, the umask and
// softac's environment variables.
#pragma once

#include <signal.h>
#include <sys/types.h>

#include <array>
#include <optional>
#include <string>
#include <vector>

namespace softac {

class ProcessState {
 public:
  ProcessState();  // as it is now

  void take_handlers();  // of signals, as they are now

  // Sets back what differs from this state and names it, such as "the handler of SIGTERM". About 20 µs.
  std::vector<std::string> restore() const;

 private:
  struct Signal {
    int number;
    const char* name;
  };
  static constexpr std::array<Signal, 6> kSignals = {{{SIGHUP, "SIGHUP"},
                                                      {SIGINT, "SIGINT"},
                                                      {SIGTERM, "SIGTERM"},
                                                      {SIGUSR1, "SIGUSR1"},
                                                      {SIGPIPE, "SIGPIPE"},
                                                      {SIGXFSZ, "SIGXFSZ"}}};
  static constexpr std::array<const char*, 2> kVariables = {"SOFTAC_BACKEND", "SOFTAC_MODEL_DIR"};

  void restore_signals(std::vector<std::string>& changed) const;
  void restore_variables(std::vector<std::string>& changed) const;

  std::array<struct sigaction, kSignals.size()> handlers_{};
  sigset_t blocked_{};
  std::optional<mode_t> umask_;
  std::array<std::optional<std::string>, kVariables.size()> variables_;
};

}  // namespace softac
