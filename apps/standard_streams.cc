#include "standard_streams.h"

#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include <cerrno>

namespace softac::app {
namespace {

constexpr int kFirstOwn = 64;  // above what code that closes "a few" descriptors reaches

std::FILE* results = nullptr;

}  // namespace

void secure_standard_descriptors() {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
    if (fcntl(fd, F_GETFD) != -1 || errno != EBADF) continue;
    const int got = open("/dev/null", fd == STDIN_FILENO ? O_RDONLY : O_WRONLY);  // the lowest number that is free: fd
    if (got >= 0 && got != fd) {
      dup2(got, fd);
      close(got);
    }
  }
}

void keep_results_apart() {
  if (results != nullptr) return;
  int own = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, kFirstOwn);
  if (own < 0) own = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);  // a low limit of descriptors
  if (own < 0) return;
  std::fflush(stdout);
  results = fdopen(own, "w");
  if (results == nullptr) {
    close(own);
    return;
  }
  dup2(STDERR_FILENO, STDOUT_FILENO);
  // Whoever reads the results does not wait for a process that an environment forked.
  pthread_atfork(nullptr, nullptr, [] { close(fileno(results)); });
  std::setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);
}

std::FILE* result_stream() {
  return results != nullptr ? results : stdout;
}

}  // namespace softac::app
