// This program again as a child process, with its results read through a pipe.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace softac::app {

class Child {
 public:
  // Starts it with these arguments, in this folder ("": the present one), in its own process group (Ctrl-C reaches it
  // only through send()), ended by SIGTERM if this process dies. Throws Error.
  explicit Child(const std::vector<std::string>& arguments, const std::string& folder = {});
  ~Child();
  Child(Child&& other) noexcept;
  Child& operator=(Child&& other) noexcept;

  void send(int signal) const;
  int output_fd() const { return at_end_ ? -1 : fd_; }  // readable when there is output or its end
  bool at_end() const { return at_end_; }               // of its output
  bool read_output();                                   // takes what is there; false where there is nothing (more)
  // Exit code; 128 + signal if one ended it; nothing while it runs. The end of its output is no sign of its end, nor
  // the other way round: a process that an environment forked may hold the pipe for as long as it likes.
  std::optional<int> exit_code();
  const std::string& output() const { return output_; }

 private:
  pid_t pid_ = -1;
  int fd_ = -1;
  bool at_end_ = false;
  std::string output_;
};

}  // namespace softac::app
