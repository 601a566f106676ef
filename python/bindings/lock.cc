#include "lock.h"

#include <unistd.h>

#include <stdexcept>
#include <string>

namespace softac::python {

Busy::Busy(const char* name, bool has_threads) : name_(name), has_threads_(has_threads), process_(::getpid()) {}

bool Busy::in_owning_process() const {
  return ::getpid() == process_;
}

Busy::Guard::Guard(Busy& busy) : busy_(busy) {
  if (busy.has_threads_ && !busy.in_owning_process()) {
    throw std::runtime_error(
        std::string("this ") + busy.name_ +
        " came through a fork without its threads; make it with threads=1, or load it in the child");
  }
  if (busy.in_use_.exchange(true, std::memory_order_acquire))
    throw std::runtime_error(std::string("this ") + busy.name_ + " is in use by another thread");
}

Busy::Guard::~Guard() {
  busy_.in_use_.store(false, std::memory_order_release);
}

}  // namespace softac::python
