// Busy without a lock, for a module that shows what the lock is there for (target softac_python_unlocked).
#include <unistd.h>

#include "lock.h"

namespace softac::python {

Busy::Busy(const char* name, bool has_threads) : name_(name), has_threads_(has_threads), process_(::getpid()) {}

bool Busy::in_owning_process() const {
  return ::getpid() == process_;
}

Busy::Guard::Guard(Busy& busy) : busy_(busy) {}

Busy::Guard::~Guard() {
  busy_.in_use_.store(false, std::memory_order_relaxed);
}

}  // namespace softac::python
