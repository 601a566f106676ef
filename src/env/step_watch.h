// Watches for environments that hang: one thread, which looks at one counter per environment now and then.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace softac {

class StepWatch {
 public:
  // on_hang(index) is called once per hang, on the watching thread, when a call has lasted longer than timeout_sec > 0.
  StepWatch(int num_envs, double timeout_sec, std::function<void(int index)> on_hang);
  ~StepWatch();

  // Brackets a call into environment `index`; one relaxed store each.
  void enter(int index) { bump(index); }
  void leave(int index) { bump(index); }
  // Whether a call into environment `index` was reported since the last call of this function.
  bool take_hang(int index) { return pulses_[index].hung.exchange(false); }

 private:
  struct alignas(64) Pulse {
    // Odd while inside a call; written by the one thread that steps this environment.
    std::atomic<std::uint64_t> count{0};
    std::atomic<bool> hung{false};
  };
  void bump(int index) {
    auto& count = pulses_[index].count;
    count.store(count.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }
  // What the watching thread saw last of one environment.
  struct Seen {
    std::uint64_t count = 0;
    std::chrono::steady_clock::time_point since;
    bool reported = false;
  };
  void watch(double timeout_sec);

  std::vector<Pulse> pulses_;
  std::vector<Seen> seen_;
  std::function<void(int index)> on_hang_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace softac
