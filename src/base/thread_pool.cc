#include "base/thread_pool.h"

namespace softac {

namespace {
inline void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}
constexpr std::uint64_t kPartMask = 0xffffffffu;
}  // namespace

ThreadPool::ThreadPool(int num_threads) {
  const int num_cores = static_cast<int>(std::thread::hardware_concurrency());
  if (num_threads <= 0) num_threads = num_cores > 0 ? num_cores : 1;
  spin_limit_ = num_threads <= num_cores ? 2000 : 0;
  for (int i = 1; i < num_threads; ++i) workers_.emplace_back([this] { worker_loop(); });
}

ThreadPool::~ThreadPool() {
  stop_.store(true);
  generation_.fetch_add(1);
  generation_.notify_all();
  for (auto& worker : workers_) worker.join();
}

void ThreadPool::run_parts(int num_parts, PartFn fn, void* context) {
  const std::uint32_t generation = generation_.load(std::memory_order_relaxed) + 1;
  fn_ = fn;
  context_ = context;
  num_parts_.store(num_parts, std::memory_order_relaxed);
  unfinished_.store(num_parts, std::memory_order_relaxed);
  next_.store(static_cast<std::uint64_t>(generation) << 32, std::memory_order_release);
  generation_.store(generation, std::memory_order_release);
  generation_.notify_all();
  work(generation);
  for (int spin = 0; spin < spin_limit_ && unfinished_.load(std::memory_order_acquire) != 0; ++spin) pause();
  for (int left; (left = unfinished_.load(std::memory_order_acquire)) != 0;) unfinished_.wait(left, std::memory_order_acquire);
}

// Claims parts of this generation until none is left. A claim is a compare-exchange on (generation, part), so a late
// worker can never take a part of a job that it has not seen.
void ThreadPool::work(std::uint32_t generation) {
  std::uint64_t ticket = next_.load(std::memory_order_acquire);
  while (static_cast<std::uint32_t>(ticket >> 32) == generation) {
    // Reading num_parts_ is safe only while a part of this generation is unclaimed or unfinished; the claim below
    // confirms that nothing has changed since the ticket was read.
    const auto part = static_cast<int>(ticket & kPartMask);
    if (part >= num_parts_.load(std::memory_order_relaxed)) return;
    if (!next_.compare_exchange_weak(ticket, ticket + 1, std::memory_order_acq_rel, std::memory_order_acquire)) continue;
    fn_(context_, part);
    if (unfinished_.fetch_sub(1, std::memory_order_acq_rel) == 1) unfinished_.notify_one();
    ticket = next_.load(std::memory_order_acquire);
  }
}

void ThreadPool::worker_loop() {
  std::uint32_t seen = 0;
  while (true) {
    std::uint32_t now = generation_.load(std::memory_order_acquire);
    for (int spin = 0; spin < spin_limit_ && now == seen; ++spin) {
      pause();
      now = generation_.load(std::memory_order_acquire);
    }
    while (now == seen) {
      generation_.wait(seen, std::memory_order_acquire);
      now = generation_.load(std::memory_order_acquire);
    }
    seen = now;
    if (stop_.load()) return;
    work(now);
  }
}

}  // namespace softac
