// Which environment a thread is inside of, for the report of a crash: a foreign environment can end the process.
#pragma once

#include <cstdint>

namespace softac {

struct EnvCall {
  const char* id = nullptr;  // nullptr: the thread is in no environment
  int index = 0;
  std::int64_t step = 0;  // of the vector environment
};

namespace detail {
inline constinit thread_local EnvCall env_call;
}

// Of the calling thread. Safe to call in a signal handler.
inline EnvCall current_env_call() {
  return detail::env_call;
}

class EnvCallScope {
 public:
  EnvCallScope(const char* id, int index, std::int64_t step) { detail::env_call = {id, index, step}; }
  ~EnvCallScope() { detail::env_call.id = nullptr; }
  EnvCallScope(const EnvCallScope&) = delete;
  EnvCallScope& operator=(const EnvCallScope&) = delete;
};

}  // namespace softac
