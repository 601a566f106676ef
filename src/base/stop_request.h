// Whether a loop is to end before its time: a signal has arrived, or a time limit is over. A value that every long loop
// takes and looks at between two steps.
#pragma once

#include <atomic>
#include <string>

#include "softac/error.h"

namespace softac {

class StopRequest {
 public:
  StopRequest() = default;  // never
  // signal becomes nonzero (its number) to ask; nullptr: none. max_sec: from now on; 0 = no limit.
  explicit StopRequest(const std::atomic<int>* signal, double max_sec = 0.0);

  int signal() const { return signal_ != nullptr ? signal_->load(std::memory_order_relaxed) : 0; }
  bool time_is_over() const;
  bool asked() const { return signal() != 0 || time_is_over(); }

  // What to throw where asked(). where: what was reached, "after 3 of 10 episodes".
  StoppedError error(const std::string& where) const;

 private:
  const std::atomic<int>* signal_ = nullptr;
  double end_sec_ = 0.0;  // of the steady clock; 0 = no limit
};

}  // namespace softac
