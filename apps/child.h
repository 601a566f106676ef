// This program again as a child process, with its standard output read through a pipe.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace softac::app {

class Child {
 public:
  // Starts it with these arguments, in its own process group (Ctrl-C reaches it only through send()), ended by
  // SIGTERM if this process dies. Throws Error.
  explicit Child(const std::vector<std::string>& arguments);
  ~Child();
  Child(Child&& other) noexcept;
  Child& operator=(Child&& other) noexcept;

  void send(int signal) const;
  int output_fd() const { return fd_; }  // readable when there is output or its end
  bool read_output();                    // takes what is there; false at the end
  int wait();                            // exit code; 128 + signal if one ended it
  const std::string& output() const { return output_; }

 private:
  pid_t pid_ = -1;
  int fd_ = -1;
  std::string output_;
};

}  // namespace softac::app
