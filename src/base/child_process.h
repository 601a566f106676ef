// Another program, run beside this one: what it reads is sent to it, what it prints or complains of is kept.
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

struct ChildOptions {
  bool feeds = false;            // it reads what send() gives, else nothing
  bool collects = false;         // what it prints is kept for output(), else dropped
  bool shares_messages = false;  // its standard error is this process's, else kept for last_message()
  std::string program{};         // the file to run where that is not arguments[0]
  std::string folder{};          // where it starts; "" = here
};

class ChildProcess {
 public:
  // Starts arguments[0], looked for in PATH unless it has a '/', in a process group of its own (Ctrl-C does not reach
  // it) and with signals as a new process has them. It gets SIGTERM when the thread that started it ends, however that
  // comes. Throws ProgramMissingError, IoError.
  explicit ChildProcess(const std::vector<std::string>& arguments, const ChildOptions& options = {});
  ~ChildProcess();  // kills it if it still runs
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  // All of the bytes; false where it no longer reads. Raises no SIGPIPE.
  bool send(std::span<const std::byte> bytes);
  void end_input();

  // Its exit code, 128 + the number of the signal that ended it; nothing while it runs.
  std::optional<int> ended();
  int wait();
  void signal(int number);  // unless it has ended

  std::string output() const;        // what it has printed
  std::string last_message() const;  // the last line that it wrote to standard error; "" = none

 private:
  int code_of(int status);

  pid_t pid_ = -1;
  std::optional<int> code_;
  int input_ = -1, output_ = -1, messages_ = -1;
};

}  // namespace softac
