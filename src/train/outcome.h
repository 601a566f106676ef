// Whether a run is over, and why.
#pragma once

#include <string>
#include <utility>

#include "softac/trainer.h"

namespace softac {

class Outcome {
 public:
  bool ended() const { return ended_; }
  bool failed() const { return failed_; }
  StopReason reason() const { return reason_; }
  const std::string& message() const { return message_; }
  int signal() const { return signal_; }  // for reason interrupted

  void stop(StopReason reason, std::string message, int signal = 0) {
    ended_ = true;
    reason_ = reason;
    message_ = std::move(message);
    signal_ = signal;
  }
  void fail(StopReason reason, std::string message) {
    stop(reason, std::move(message));
    failed_ = true;
  }

  bool keeps_checkpoint() const { return reason_ != StopReason::aborted; }
  // As in status.json.
  const char* state() const {
    if (!ended_) return "running";
    if (failed_) return "failed";
    return reason_ == StopReason::finished ? "finished" : "stopped";
  }

 private:
  bool ended_ = false, failed_ = false;
  StopReason reason_ = StopReason::finished;
  std::string message_;
  int signal_ = 0;
};

}  // namespace softac
