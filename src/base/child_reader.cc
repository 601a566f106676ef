#include "base/child_reader.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <exception>

#include "base/file_system.h"
#include "base/text.h"
#include "softac/error.h"

namespace softac {
namespace {

// Before each piece of what the copy writes.
struct PieceHead {
  enum Kind : std::uint32_t { data = 1, error = 2, end = 3 };
  std::uint32_t kind = data;
  std::uint32_t bytes = 0;
};
constexpr std::size_t kPieceBytes = std::size_t{1} << 20;
constexpr int kPipeBytes = 1 << 20;
constexpr std::size_t kMaxErrorBytes = 1 << 14;

bool write_all(int file, const void* data, std::size_t size) {
  const char* at = static_cast<const char*>(data);
  while (size > 0) {
    const ssize_t written = ::write(file, at, size);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    at += written;
    size -= static_cast<std::size_t>(written);
  }
  return true;
}

// Gathers small pieces. Ends the copy where nobody reads any more.
class PipeSink final : public ChildSink {
 public:
  explicit PipeSink(int file) : file_(file) { buffer_.reserve(kPieceBytes); }
  void put(std::span<const std::byte> bytes) override {
    while (!bytes.empty()) {
      const std::size_t count = std::min(kPieceBytes - buffer_.size(), bytes.size());
      buffer_.insert(buffer_.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(count));
      bytes = bytes.subspan(count);
      if (buffer_.size() == kPieceBytes) flush();
    }
  }
  void flush() {
    if (!buffer_.empty()) piece(PieceHead::data, buffer_.data(), buffer_.size());
    buffer_.clear();
  }
  void piece(PieceHead::Kind kind, const void* bytes, std::size_t size) {
    const PieceHead head{kind, static_cast<std::uint32_t>(size)};
    if (!write_all(file_, &head, sizeof head) || !write_all(file_, bytes, size)) _exit(0);
  }

 private:
  int file_;
  std::vector<std::byte> buffer_;
};

class PipeSource final : public ChildSource {
 public:
  PipeSource(int file, const std::string& source) : file_(file), source_(source) {}

  void get(std::span<std::byte> bytes) override {
    while (!bytes.empty()) {
      if (left_ == 0) begin_piece();
      const std::size_t count = std::min<std::size_t>(left_, bytes.size());
      if (!read_all(bytes.data(), count)) throw Ended();
      left_ -= static_cast<std::uint32_t>(count);
      bytes = bytes.subspan(count);
    }
  }
  // All that is left must be the end.
  void finish() {
    PieceHead head;
    if (left_ > 0) refuse();
    if (!read_all(&head, sizeof head)) throw Ended();
    if (head.kind == PieceHead::error) fail(head.bytes);
    if (head.kind != PieceHead::end) refuse();
  }

  struct Ended {};  // the copy is gone: how, waiting for it says

 private:
  void begin_piece() {
    PieceHead head;
    if (!read_all(&head, sizeof head)) throw Ended();
    if (head.kind == PieceHead::error) fail(head.bytes);
    if (head.kind != PieceHead::data || head.bytes == 0) refuse();
    left_ = head.bytes;
  }
  [[noreturn]] void refuse() const { throw IoError(source_ + ": reading it gave nonsense; the file is damaged"); }
  [[noreturn]] void fail(std::uint32_t size) {
    std::string text(std::min<std::size_t>(size, kMaxErrorBytes), '\0');
    if (!read_all(text.data(), text.size())) throw Ended();
    throw IoError(text);
  }
  bool read_all(void* data, std::size_t size) {
    char* at = static_cast<char*>(data);
    while (size > 0) {
      const ssize_t count = ::read(file_, at, size);
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) return false;
      at += count;
      size -= static_cast<std::size_t>(count);
    }
    return true;
  }

  int file_;
  const std::string& source_;
  std::uint32_t left_ = 0;  // bytes of the piece that is being read
};

void limit(__rlimit_resource resource, std::uint64_t value) {
  rlimit now{};
  if (getrlimit(resource, &now) != 0) return;
  const rlim_t wanted = value;
  now.rlim_cur = now.rlim_max == RLIM_INFINITY ? wanted : std::min(now.rlim_max, wanted);
  setrlimit(resource, &now);
}

std::uint64_t pages_of_process() {
  std::uint64_t pages = 0;
  const int file = ::open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
  char text[64] = {};
  if (file >= 0 && ::read(file, text, sizeof text - 1) > 0) pages = std::strtoull(text, nullptr, 10);
  if (file >= 0) ::close(file);
  return pages;
}

// The copy: never returns.
[[noreturn]] void run_copy(int file, const ChildLimits& limits, pid_t parent,
                           const std::function<void(ChildSink&)>& produce) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(0);
  for (const int signal :
       {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGPIPE, SIGXCPU})
    std::signal(signal, SIG_DFL);
  std::signal(SIGINT, SIG_IGN);  // Ctrl-C is for the process that waits
  sigset_t none;
  sigemptyset(&none);
  pthread_sigmask(SIG_SETMASK, &none, nullptr);
  const int nowhere = ::open("/dev/null", O_RDWR);
  if (nowhere >= 0) {  // whatever a library prints as it goes down
    dup2(nowhere, STDOUT_FILENO);
    dup2(nowhere, STDERR_FILENO);
  }
  limit(RLIMIT_CORE, 0);
  limit(RLIMIT_CPU, limits.cpu_sec);
  if (limits.memory_bytes > 0)
    limit(RLIMIT_AS, pages_of_process() * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)) + limits.memory_bytes);
  PipeSink sink(file);
  std::string error;
  try {
    produce(sink);
    sink.flush();
    sink.piece(PieceHead::end, "", 0);
    _exit(0);
  } catch (const std::exception& thrown) {
    error = thrown.what();
  } catch (...) {
    error = "an unknown error";
  }
  sink.flush();
  sink.piece(PieceHead::error, error.data(), std::min(error.size(), kMaxErrorBytes));
  _exit(0);
}

std::string how_it_ended(int status, const ChildLimits& limits) {
  if (WIFSIGNALED(status) && (WTERMSIG(status) == SIGXCPU || WTERMSIG(status) == SIGKILL))
    return "reading it took more than " + std::to_string(limits.cpu_sec) + " s of processor time, or was killed";
  if (WIFSIGNALED(status))
    return "reading it crashed (signal " + std::to_string(WTERMSIG(status)) + "); the file is damaged";
  return "reading it ended early (exit code " + std::to_string(WEXITSTATUS(status)) + "); the file is damaged";
}

class Child {
 public:
  Child(const std::string& source, const ChildLimits& limits, const std::function<void(ChildSink&)>& produce) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) throw_read_error(source, "make a pipe to read", errno);
    fcntl(ends[0], F_SETPIPE_SZ, kPipeBytes);  // where it may not be so large, it is slower
    const pid_t parent = getpid();
    pid_ = fork();
    if (pid_ == 0) {
      ::close(ends[0]);
      run_copy(ends[1], limits, parent, produce);
    }
    const int error = errno;
    ::close(ends[1]);
    file_ = ends[0];
    if (pid_ < 0) {
      ::close(file_);
      throw_read_error(source, "start a process to read", error);
    }
  }
  ~Child() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      wait();
    }
    ::close(file_);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  int file() const { return file_; }
  int wait() {
    int status = 0;
    while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    return status;
  }

 private:
  pid_t pid_ = -1;
  int file_ = -1;
};

}  // namespace

void read_in_child(const std::string& source, const ChildLimits& limits, const std::function<void(ChildSink&)>& produce,
                   const std::function<void(ChildSource&)>& consume) {
  Child child(source, limits, produce);
  PipeSource from(child.file(), source);
  try {
    consume(from);
    from.finish();
    child.wait();
  } catch (const PipeSource::Ended&) {
    throw IoError(source + ": " + how_it_ended(child.wait(), limits));
  }
}

}  // namespace softac
