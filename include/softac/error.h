// Errors that leave the library as exceptions, one type per outcome a caller can act on.
// Nothing throws in the steady training loop; only apps/ turns these into exit codes.
#pragma once

#include <sstream>
#include <stdexcept>
#include <string>

namespace softac {

// Base of every exception that softac throws.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// A caller broke a documented contract (a bug in the calling code).
class ContractError : public Error {
 public:
  using Error::Error;
};

// Unusable setting: unknown environment, key or value. The message lists every violation.
class ConfigError : public Error {
 public:
  using Error::Error;
};

// A file is missing, corrupt or of a newer version (model files included).
class IoError : public Error {
 public:
  using Error::Error;
};

// The disk is full or the device failed while writing.
class DiskError : public Error {
 public:
  using Error::Error;
};

// An environment broke its contract (wrong shape, NaN or Inf, throw, hang). Names environment, step and field.
class EnvError : public Error {
 public:
  using Error::Error;
};

// A loss, gradient, parameter or action became non-finite.
class NumericsError : public Error {
 public:
  using Error::Error;
};

// What was asked for does not fit into memory.
class MemoryError : public Error {
 public:
  using Error::Error;
};

// A signal or a time limit ended a call before it had a result.
class StoppedError : public Error {
 public:
  StoppedError(const std::string& message, int signal) : Error(message), signal_(signal) {}
  int signal() const { return signal_; }  // its number; 0: a time limit

 private:
  int signal_;
};

namespace detail {
template <class... Values>
[[noreturn]] void contract_failed(const char* expression, const char* file, int line, const Values&... values) {
  std::ostringstream out;
  out << file << ':' << line << ": contract broken: " << expression;
  if constexpr (sizeof...(values) > 0) {
    out << " (";
    const char* separator = "";
    ((out << separator << values, separator = ", "), ...);
    out << ')';
  }
  throw ContractError(out.str());
}
}  // namespace detail

}  // namespace softac

// SOFTAC_REQUIRE(expression, values…): throws ContractError with the expression and the values.
#define SOFTAC_REQUIRE(expression, ...)                                                                               \
  do {                                                                                                                \
    if (!(expression)) ::softac::detail::contract_failed(#expression, __FILE__, __LINE__ __VA_OPT__(, ) __VA_ARGS__); \
  } while (false)
