#include "base/child_process.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

extern char** environ;

namespace softac {

namespace {

[[noreturn]] void fail(const std::string& what, int error) {
  const std::string text = what + ": " + std::strerror(error);
  if (error == ENOENT) throw ProgramMissingError(text);
  throw IoError(text);
}

// Closed at the end of its scope.
struct Descriptor {
  int number = -1;
  ~Descriptor() {
    if (number >= 0) close(number);
  }
  int take() {
    const int taken = number;
    number = -1;
    return taken;
  }
};

pid_t spawn(const std::vector<std::string>& arguments, int input, int messages) {
  std::vector<std::string> words = arguments;
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  if (input >= 0)
    posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
  else
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, messages, STDERR_FILENO);
  sigset_t all, none;
  sigfillset(&all);
  sigemptyset(&none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
  pid_t pid = -1;
  const int error = posix_spawnp(&pid, argv[0], &actions, &attributes, argv.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) fail(arguments[0], error);
  return pid;
}

}  // namespace

// A socket, not a pipe: writing to one that is not read any more can be told not to raise a signal.
ChildProcess::ChildProcess(const std::vector<std::string>& arguments, bool feeds) {
  Descriptor mine, theirs, messages;
  messages.number = memfd_create("messages", MFD_CLOEXEC);
  if (messages.number < 0) fail("memfd_create", errno);
  if (feeds) {
    std::array<int, 2> pair{};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()) != 0) fail("socketpair", errno);
    mine.number = pair[0];
    theirs.number = pair[1];
    shutdown(theirs.number, SHUT_WR);
  }
  pid_ = spawn(arguments, theirs.number, messages.number);
  input_ = mine.take();
  messages_ = messages.take();
}

ChildProcess::~ChildProcess() {
  kill();
  wait();
  end_input();
  close(messages_);
}

bool ChildProcess::send(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(input_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(sent));
  }
  return true;
}

void ChildProcess::end_input() {
  if (input_ >= 0) close(input_);
  input_ = -1;
}

int ChildProcess::code_of(int status) {
  code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return *code_;
}

std::optional<int> ChildProcess::ended() {
  if (code_) return code_;
  int status = 0;
  const pid_t found = waitpid(pid_, &status, WNOHANG);
  if (found == 0 || (found < 0 && errno == EINTR)) return std::nullopt;
  return found < 0 ? code_.emplace(1) : code_of(status);
}

int ChildProcess::wait() {
  if (code_) return *code_;
  int status = 0;
  while (waitpid(pid_, &status, 0) < 0) {
    if (errno != EINTR) return code_.emplace(1);
  }
  return code_of(status);
}

void ChildProcess::kill() {
  if (!code_) ::kill(pid_, SIGKILL);
}

void ChildProcess::terminate() {
  if (!code_) ::kill(pid_, SIGTERM);
}

std::string ChildProcess::last_message() const {
  constexpr off_t kMost = 4096;
  const off_t size = lseek(messages_, 0, SEEK_END);
  std::string text(static_cast<std::size_t>(std::min(std::max<off_t>(size, 0), kMost)), '\0');
  const ssize_t got = pread(messages_, text.data(), text.size(), size - static_cast<off_t>(text.size()));
  text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) text.pop_back();
  const std::size_t line = text.find_last_of("\r\n");
  return line == std::string::npos ? text : text.substr(line + 1);
}

}  // namespace softac
