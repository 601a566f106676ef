// Another program, run beside this one: what it reads is sent to it, what it complains of is kept.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "softac/error.h"

namespace softac {

// There is no program of that name.
class ProgramMissingError : public IoError {
 public:
  using IoError::IoError;
};

class ChildProcess {
 public:
  // Starts arguments[0], looked for in PATH unless it has a '/', in a process group of its own (Ctrl-C does not reach
  // it) and with every signal at its default. What it prints is dropped, its messages are kept. feeds: it reads what
  // send() gives, else nothing. Throws ProgramMissingError, IoError.
  ChildProcess(const std::vector<std::string>& arguments, bool feeds);
  ~ChildProcess();  // kills it if it still runs
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  // All of the bytes; false where it no longer reads. Raises no SIGPIPE.
  bool send(std::span<const std::byte> bytes);
  void end_input();

  // Its exit code, 128 + the number of the signal that ended it; nothing while it runs.
  std::optional<int> ended();
  int wait();
  void kill();       // SIGKILL
  void terminate();  // SIGTERM

  std::string last_message() const;  // the last line that it wrote to standard error; "" = none

 private:
  int code_of(int status);

  pid_t pid_ = -1;
  std::optional<int> code_;
  int input_ = -1, messages_ = -1;
};

}  // namespace softac
