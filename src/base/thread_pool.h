// A fixed set of threads for fork-join loops. The caller works too. Bounded spinning, then parking, so that it is safe
// where threads outnumber cores. Each thread starts with its own share of the parts, so that parts of one job that
// touch what those of the last one touched tend to stay on one core, and helps the others when it is done. Which thread
// runs which part never affects a result: parts are independent.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>
#include <type_traits>
#include <vector>

namespace softac {

class ThreadPool {
 public:
  // num_threads counts the calling thread; 1 means no worker at all. 0 means all cores that the process may use.
  // MemoryError where the system refuses a thread.
  explicit ThreadPool(int num_threads = 1);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int num_threads() const { return static_cast<int>(workers_.size()) + 1; }

  // Calls body(part) or body(part, worker) for part = 0 … num_parts − 1, each once, and returns when all are done.
  // worker: 0 … num_threads() − 1, the calling thread is 0; parts with the same worker never overlap. body must not
  // throw. Does not allocate. One caller at a time.
  template <class Body>
  void run(int num_parts, Body&& body) {
    if (num_parts <= 0) return;
    using Plain = std::remove_reference_t<Body>;
    const PartFn call = [](void* context, int part, int worker) {
      Plain& plain = *static_cast<Plain*>(context);
      if constexpr (std::is_invocable_v<Plain&, int, int>) {
        plain(part, worker);
      } else {
        plain(part);
      }
    };
    void* context = const_cast<void*>(static_cast<const void*>(&body));
    if (workers_.empty() || num_parts == 1) {
      for (int part = 0; part < num_parts; ++part) call(context, part, 0);
    } else {
      run_parts(num_parts, call, context);
    }
  }

 private:
  using PartFn = void (*)(void* context, int part, int worker);
  void run_parts(int num_parts, PartFn fn, void* context);
  // The parts from num_parts · i / num_threads() on, up to the next thread's.
  struct alignas(64) Share {
    std::atomic<std::uint64_t> ticket{0};  // generation in the high half, number of unclaimed parts in the low half
  };
  void work(std::uint32_t generation, int worker);
  bool work_on(int share, std::uint32_t generation, int worker);
  void worker_loop(int worker);
  void stop();  // all workers

  std::vector<std::thread> workers_;
  PartFn fn_ = nullptr;
  void* context_ = nullptr;
  int num_parts_ = 0;
  bool spins_ = false;
  std::unique_ptr<Share[]> shares_;           // one a thread
  std::atomic<std::int32_t> unfinished_{0};   // parts not yet done
  std::atomic<std::uint32_t> generation_{0};  // wakes the workers
  std::atomic<bool> stop_{false};
};

}  // namespace softac
