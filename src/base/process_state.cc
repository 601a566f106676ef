#include "base/process_state.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <string_view>

namespace softac {
namespace {

// Read from the kernel: umask() itself cannot look without changing it, for the files of other threads too.
std::optional<mode_t> current_umask() {
  const int fd = ::open("/proc/self/status", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return {};
  std::array<char, 512> text;  // among the first lines
  const ssize_t count = ::read(fd, text.data(), text.size());
  ::close(fd);
  if (count <= 0) return {};
  const std::string_view status(text.data(), static_cast<std::size_t>(count));
  constexpr std::string_view kKey = "\nUmask:\t";
  const std::size_t at = status.find(kKey);
  if (at == std::string_view::npos) return {};
  mode_t value = 0;
  const char* begin = status.data() + at + kKey.size();
  if (std::from_chars(begin, status.data() + status.size(), value, 8).ec != std::errc{}) return {};
  return value;
}

std::optional<std::string> variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? std::optional<std::string>(value) : std::nullopt;
}

bool same_handler(const struct sigaction& a, const struct sigaction& b) {
  return a.sa_handler == b.sa_handler && (a.sa_flags & SA_SIGINFO) == (b.sa_flags & SA_SIGINFO);
}

}  // namespace

ProcessState::ProcessState() : umask_(current_umask()) {
  take_handlers();
  pthread_sigmask(SIG_SETMASK, nullptr, &blocked_);
  for (std::size_t i = 0; i < kVariables.size(); ++i) variables_[i] = variable(kVariables[i]);
}

void ProcessState::take_handlers() {
  for (std::size_t i = 0; i < kSignals.size(); ++i) sigaction(kSignals[i].number, nullptr, &handlers_[i]);
}

std::vector<std::string> ProcessState::restore() const {
  std::vector<std::string> changed;
  restore_signals(changed);
  if (umask_ && current_umask().value_or(*umask_) != *umask_) {
    ::umask(*umask_);
    changed.push_back("the umask");
  }
  restore_variables(changed);
  return changed;
}

void ProcessState::restore_signals(std::vector<std::string>& changed) const {
  sigset_t now, wanted;
  pthread_sigmask(SIG_SETMASK, nullptr, &now);
  wanted = now;
  for (std::size_t i = 0; i < kSignals.size(); ++i) {
    const auto [number, name] = kSignals[i];
    struct sigaction found = {};
    sigaction(number, nullptr, &found);
    if (!same_handler(found, handlers_[i])) {
      sigaction(number, &handlers_[i], nullptr);
      changed.push_back(std::string("the handler of ") + name);
    }
    const bool was_blocked = sigismember(&blocked_, number) == 1;
    if (was_blocked == (sigismember(&now, number) == 1)) continue;
    was_blocked ? sigaddset(&wanted, number) : sigdelset(&wanted, number);
    changed.push_back(std::string("the blocking of ") + name);
  }
  pthread_sigmask(SIG_SETMASK, &wanted, nullptr);  // what waited arrives here, at its handler
}

void ProcessState::restore_variables(std::vector<std::string>& changed) const {
  for (std::size_t i = 0; i < kVariables.size(); ++i) {
    if (variable(kVariables[i]) == variables_[i]) continue;
    variables_[i] ? setenv(kVariables[i], variables_[i]->c_str(), 1) : unsetenv(kVariables[i]);
    changed.push_back(std::string("the variable ") + kVariables[i]);
  }
}

}  // namespace softac
