// What is done when an environment hangs: called on the watching thread while the training thread waits or runs, so
// everything here is safe to read and write from both.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "run/run_dir.h"

namespace softac {

class HangReport {
 public:
  HangReport(std::int64_t total_timesteps, std::function<void(const std::string&)> on_hang)
      : total_timesteps_(total_timesteps), on_hang_(std::move(on_hang)) {}

  // From the training thread.
  void set_step(std::int64_t step) { step_.store(step, std::memory_order_relaxed); }
  void set_run_dir(std::shared_ptr<RunDir> run_dir) {
    const std::lock_guard lock(mutex_);
    run_dir_ = std::move(run_dir);
  }

  // On the watching thread: status.json says failed, then the application hears of it.
  void report(const std::string& text);

 private:
  const std::int64_t total_timesteps_;
  const std::function<void(const std::string&)> on_hang_;
  std::atomic<std::int64_t> step_{0};
  std::mutex mutex_;
  std::shared_ptr<RunDir> run_dir_;  // nullptr without records
};

}  // namespace softac
