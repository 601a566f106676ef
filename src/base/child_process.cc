#include "base/child_process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <limits>
#include <utility>

namespace softac {

namespace {

[[noreturn]] void fail(const std::string& what, int error) {
  const std::string text = what + ": " + std::strerror(error);
  if (error == ENOENT) throw ProgramMissingError(text);
  throw IoError(text);
}

// Closed at the end of its scope.
struct OpenFile {
  int number = -1;

  OpenFile() = default;
  explicit OpenFile(int n) : number(n) {}
  OpenFile(OpenFile&& other) noexcept : number(other.take()) {}
  OpenFile& operator=(OpenFile&& other) noexcept {
    std::swap(number, other.number);
    return *this;
  }
  ~OpenFile() {
    if (number >= 0) close(number);
  }
  int take() { return std::exchange(number, -1); }
};

// All that a child needs, made ready before it begins: it may then call what a signal handler may.
struct ChildStart {
  const char* program;
  char* const* arguments;
  const char* folder;  // nullptr: here
  std::array<int, 3> streams;
  int failure;  // where errno goes if the program cannot be run, −errno if the folder cannot be entered
  pid_t parent;
};

[[noreturn]] void begin_child(const ChildStart& start) {
  for (int number = 1; number < NSIG; ++number) {
    struct sigaction action = {};
    if (sigaction(number, nullptr, &action) != 0 || action.sa_handler == SIG_DFL) continue;
    if (number == SIGHUP && action.sa_handler == SIG_IGN) continue;  // nohup is meant for children too
    action = {};
    action.sa_handler = SIG_DFL;
    sigaction(number, &action, nullptr);
  }
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (getppid() != start.parent) _exit(1);  // it ended before that
  for (int to = 0; to < 3; ++to) dup2(start.streams[static_cast<std::size_t>(to)], to);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  int error = 0;
  if (start.folder != nullptr && chdir(start.folder) != 0) error = -errno;
  if (error == 0) {
    execvp(start.program, start.arguments);
    error = errno;
  }
  if (write(start.failure, &error, sizeof error) < 0) _exit(126);
  _exit(127);
}

// vfork: a process with gigabytes of replay would copy their page tables.
pid_t spawn(const ChildStart& start) {
  const pid_t pid = vfork();
  if (pid == 0) begin_child(start);
  return pid;
}

// No signal meets the child while it still shares this process's memory.
pid_t spawn_without_signals(const ChildStart& start) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  const pid_t pid = spawn(start);
  const int error = errno;
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  errno = error;
  return pid;
}

OpenFile open_null(int mode) {
  const int number = open("/dev/null", mode | O_CLOEXEC);
  if (number < 0) fail("/dev/null", errno);
  return OpenFile{number};
}

// A file in memory, so that nobody waits for anybody to read.
OpenFile open_memory(const char* name) {
  const int number = memfd_create(name, MFD_CLOEXEC);
  if (number < 0) fail("memfd_create", errno);
  return OpenFile{number};
}

std::string read_end(int file, off_t most) {
  const off_t size = std::max<off_t>(lseek(file, 0, SEEK_END), 0), length = std::min(size, most);
  std::string text(static_cast<std::size_t>(length), '\0');
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t got = pread(file, text.data() + done, text.size() - done, size - length + static_cast<off_t>(done));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    done += static_cast<std::size_t>(got);
  }
  text.resize(done);
  return text;
}

}  // namespace

// Its input is a socket, not a pipe: writing to one that is not read any more can be told not to raise a signal.
ChildProcess::ChildProcess(const std::vector<std::string>& arguments, const ChildOptions& options) {
  OpenFile mine, input, output, messages, failure, news;
  std::array<int, 2> pair{};
  if (options.feeds) {
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()) != 0) fail("socketpair", errno);
    mine = OpenFile{pair[0]};
    input = OpenFile{pair[1]};
    shutdown(input.number, SHUT_WR);
  } else {
    input = open_null(O_RDONLY);
  }
  output = options.collects ? open_memory("output") : open_null(O_WRONLY);
  if (!options.shares_messages) messages = open_memory("messages");
  if (pipe2(pair.data(), O_CLOEXEC) != 0) fail("pipe", errno);
  news = OpenFile{pair[0]};
  failure = OpenFile{pair[1]};

  std::vector<std::string> words = arguments;
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  const std::string& program = options.program.empty() ? arguments[0] : options.program;
  pid_ =
      spawn_without_signals({program.c_str(),
                             argv.data(),
                             options.folder.empty() ? nullptr : options.folder.c_str(),
                             {input.number, output.number, options.shares_messages ? STDERR_FILENO : messages.number},
                             failure.number,
                             getpid()});
  if (pid_ < 0) fail(program, errno);
  failure = OpenFile();
  int error = 0;
  if (read(news.number, &error, sizeof error) == static_cast<ssize_t>(sizeof error)) {
    wait();
    if (error < 0) throw IoError(options.folder + ": " + std::strerror(-error));
    fail(program, error);
  }
  input_ = mine.take();
  output_ = options.collects ? output.take() : -1;
  messages_ = messages.take();
}

ChildProcess::~ChildProcess() {
  signal(SIGKILL);
  wait();
  for (const int file : {input_, output_, messages_}) {
    if (file >= 0) close(file);
  }
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

void ChildProcess::signal(int number) {
  if (!code_) kill(pid_, number);
}

std::string ChildProcess::output() const {
  return output_ < 0 ? "" : read_end(output_, std::numeric_limits<off_t>::max());
}

std::string ChildProcess::last_message() const {
  std::string text = messages_ < 0 ? "" : read_end(messages_, 4096);
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) text.pop_back();
  const std::size_t line = text.find_last_of("\r\n");
  return line == std::string::npos ? text : text.substr(line + 1);
}

}  // namespace softac
