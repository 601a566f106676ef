#include "env/step_watch.h"

#include <algorithm>

namespace softac {

StepWatch::StepWatch(int num_envs, double timeout_sec, std::function<void(int index)> on_hang)
    : pulses_(num_envs),
      seen_(pulses_.size()),
      on_hang_(std::move(on_hang)),
      thread_([this, timeout_sec] { watch(timeout_sec); }) {}

StepWatch::~StepWatch() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void StepWatch::watch(double timeout_sec) {
  using Clock = std::chrono::steady_clock;
  const auto timeout =
      std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(std::min(timeout_sec, 1e9)));
  const auto tick = std::clamp<Clock::duration>(timeout / 8, std::chrono::milliseconds(1), std::chrono::seconds(1));
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, tick, [this] { return stop_; })) {
    const auto now = Clock::now();
    for (std::size_t i = 0; i < pulses_.size(); ++i) {
      const std::uint64_t count = pulses_[i].count.load(std::memory_order_relaxed);
      if (count != seen_[i].count) {
        seen_[i] = {count, now, false};
      } else if (count % 2 == 1 && !seen_[i].reported && now - seen_[i].since > timeout) {
        seen_[i].reported = true;
        pulses_[i].hung.store(true);
        on_hang_(static_cast<int>(i));
      }
    }
  }
}

}  // namespace softac
