#include "base/stop_request.h"

#include <chrono>

namespace softac {
namespace {

double steady_sec() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace

StopRequest::StopRequest(const std::atomic<int>* signal, double max_sec)
    : signal_(signal), end_sec_(max_sec > 0.0 ? steady_sec() + max_sec : 0.0) {}

bool StopRequest::time_is_over() const {
  return end_sec_ > 0.0 && steady_sec() >= end_sec_;
}

StoppedError StopRequest::error(const std::string& where) const {
  const int number = signal();
  return StoppedError(
      (number != 0 ? "stopped by signal " + std::to_string(number) : "stopped by its time limit") + " " + where,
      number);
}

}  // namespace softac
