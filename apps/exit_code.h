// The command's exit codes, and the one place where exceptions become codes.
#pragma once

#include <exception>
#include <string>
#include <utility>

namespace softac::app {

enum ExitCode : int {
  kOk = 0,
  kInternal = 1,       // a bug
  kUsage = 2,          // command-line syntax
  kConfig = 3,         // unknown environment, key or value
  kFile = 4,           // file missing or corrupt
  kEnvironment = 5,    // the environment broke its contract
  kNumerics = 6,       // non-finite loss, gradient, parameter or action
  kMemory = 7,         // memory refused
  kDisk = 8,           // disk full or I/O
  kStopped = 75,       // stopped with a complete checkpoint: run me again
  kInterrupted = 130,  // Ctrl-C
};

// A mistake in the command line that the parser did not find.
class UsageError : public std::exception {
 public:
  explicit UsageError(std::string message) : message_(std::move(message)) {}
  const char* what() const noexcept override { return message_.c_str(); }

 private:
  std::string message_;
};

struct Failure {
  ExitCode code;
  std::string message;
};

// The code and message of an exception.
Failure failure_of(std::exception_ptr exception);

}  // namespace softac::app
