#include "report/png.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "softac/error.h"

extern char** environ;

namespace softac::report {
namespace {

constexpr const char* kProgram = "rsvg-convert";

struct Pipe {
  int read_end = -1, write_end = -1;
  Pipe() {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) throw IoError(std::string("a pipe to ") + kProgram + ": " + std::strerror(errno));
    read_end = ends[0];
    write_end = ends[1];
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  ~Pipe() {
    close_end(read_end);
    close_end(write_end);
  }
  static void close_end(int& end) {
    if (end >= 0) close(end);
    end = -1;
  }
};

pid_t start(const std::string& zoom, const Pipe& in, const Pipe& out) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in.read_end, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, out.write_end, STDOUT_FILENO);
  std::string words[] = {kProgram, "--format=png", "--zoom=" + zoom};
  char* arguments[] = {words[0].data(), words[1].data(), words[2].data(), nullptr};
  pid_t pid = -1;
  const int error = posix_spawnp(&pid, kProgram, &actions, nullptr, arguments, environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error == ENOENT)
    throw IoError(std::string(kProgram) +
                  " is missing, which makes PNG files: apt-get install librsvg2-bin (or write SVG)");
  if (error != 0) throw IoError(std::string(kProgram) + " does not start: " + std::strerror(error));
  return pid;
}

// The program reads all of its input before it writes, so neither waits for the other.
void write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = write(fd, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return;  // it has ended, and its exit code will say so
    text.remove_prefix(static_cast<std::size_t>(count));
  }
}

std::vector<std::byte> read_all(int fd) {
  std::vector<std::byte> out;
  std::byte block[1 << 16];
  for (;;) {
    const ssize_t count = read(fd, block, sizeof block);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return out;
    out.insert(out.end(), block, block + count);
  }
}

}  // namespace

std::vector<std::byte> png_of_svg(std::string_view svg, double zoom) {
  Pipe in, out;
  const pid_t pid = start(std::to_string(zoom), in, out);
  Pipe::close_end(in.read_end);
  Pipe::close_end(out.write_end);
  write_all(in.write_end, svg);
  Pipe::close_end(in.write_end);
  std::vector<std::byte> png = read_all(out.read_end);
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
  constexpr std::string_view kMark = "\x89PNG";
  const bool good = WIFEXITED(status) && WEXITSTATUS(status) == 0 && png.size() > kMark.size() &&
                    std::memcmp(png.data(), kMark.data(), kMark.size()) == 0;
  if (!good) throw IoError(std::string(kProgram) + " could not draw the figure (its message is above)");
  return png;
}

}  // namespace softac::report
