// One thread at a time may be inside an object whose calls release the interpreter's lock.
#pragma once

#include <atomic>

namespace softac::python {

class Busy {
 public:
  // Marks the object as in use for the guard's life. Throws ConcurrentUse if it is already, or if it has threads of its
  // own, which a forked process has not.
  class Guard {
   public:
    explicit Guard(Busy& busy);
    ~Guard();
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;

   private:
    Busy& busy_;
  };

  // name: for messages. has_threads: calls run on threads that were started in this process.
  Busy(const char* name, bool has_threads);
  bool in_owning_process() const;

 private:
  const char* name_;
  bool has_threads_;
  int process_;
  std::atomic<bool> in_use_{false};
};

}  // namespace softac::python
