#include "base/thread_pool.h"

#include <chrono>
#include <string>
#include <system_error>

#include "base/cpu_limit.h"
#include "base/fp_modes.h"
#include "softac/error.h"

namespace softac {

namespace {
inline void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

// Long enough for the gaps between two jobs of an update and for the wait on another thread's last part: parking costs
// tens of microseconds, in a virtual machine more.
constexpr std::chrono::microseconds kSpin{200};

// Whether done() became true within kSpin. Gives the core away every microsecond or so, if anybody wants it.
template <class Done>
bool spin(Done done) {
  const auto end = std::chrono::steady_clock::now() + kSpin;
  do {
    for (int i = 0; i < 32; ++i) {
      if (done()) return true;
      pause();
    }
    std::this_thread::yield();
  } while (std::chrono::steady_clock::now() < end);
  return false;
}

// Where the share of thread i of n begins.
int share_begin(int num_parts, int i, int n) {
  return static_cast<int>(std::int64_t{num_parts} * i / n);
}
}  // namespace

ThreadPool::ThreadPool(int num_threads) {
  const int num_cores = usable_cores();
  if (num_threads <= 0) num_threads = num_cores;
  spins_ = num_threads <= num_cores;
  shares_ = std::make_unique<Share[]>(num_threads);
  try {
    for (int i = 1; i < num_threads; ++i) workers_.emplace_back([this, i] { worker_loop(i); });
  } catch (const std::system_error& error) {
    stop();
    throw MemoryError("the system refused thread " + std::to_string(workers_.size() + 2) + " of " +
                      std::to_string(num_threads) + " (" + error.what() + ")");
  }
}

ThreadPool::~ThreadPool() {
  stop();
}

void ThreadPool::stop() {
  stop_.store(true);
  generation_.fetch_add(1);
  generation_.notify_all();
  for (auto& worker : workers_) worker.join();
}

void ThreadPool::run_parts(int num_parts, PartFn fn, void* context) {
  const std::uint32_t generation = generation_.load(std::memory_order_relaxed) + 1;
  fn_ = fn;
  context_ = context;
  num_parts_ = num_parts;
  unfinished_.store(num_parts, std::memory_order_relaxed);
  for (int i = 0, n = num_threads(); i < n; ++i) {
    const int size = share_begin(num_parts, i + 1, n) - share_begin(num_parts, i, n);
    shares_[i].ticket.store(static_cast<std::uint64_t>(generation) << 32 | static_cast<std::uint32_t>(size),
                            std::memory_order_release);
  }
  generation_.store(generation, std::memory_order_release);
  generation_.notify_all();
  work(generation, 0);
  if (spins_ && spin([&] { return unfinished_.load(std::memory_order_acquire) == 0; })) return;
  for (int left; (left = unfinished_.load(std::memory_order_acquire)) != 0;)
    unfinished_.wait(left, std::memory_order_acquire);
}

// Claims parts of this generation until none is left, of the worker's own share first.
void ThreadPool::work(std::uint32_t generation, int worker) {
  const int n = num_threads();
  for (int i = 0; i < n; ++i) {
    if (!work_on((worker + i) % n, generation, worker)) return;
  }
}

// Claims parts of one share, the last first, until none is left. False where the job is another one by now. Generation
// and number of unclaimed parts are one word, and a claim is a compare-exchange on it: so a claim is of the job that is
// being run, whose caller waits until the part is done, and fn_, context_ and num_parts_ are that job's. A late worker
// can neither take a part of a job that it has not seen nor one that does not exist.
bool ThreadPool::work_on(int share, std::uint32_t generation, int worker) {
  std::atomic<std::uint64_t>& place = shares_[share].ticket;
  std::uint64_t ticket = place.load(std::memory_order_acquire);
  while (static_cast<std::uint32_t>(ticket >> 32) == generation) {
    const auto unclaimed = static_cast<std::uint32_t>(ticket);
    if (unclaimed == 0) return true;
    if (!place.compare_exchange_weak(ticket, ticket - 1, std::memory_order_acq_rel, std::memory_order_acquire))
      continue;
    fn_(context_, share_begin(num_parts_, share, num_threads()) + static_cast<int>(unclaimed) - 1, worker);
    if (unfinished_.fetch_sub(1, std::memory_order_acq_rel) == 1) unfinished_.notify_one();
    ticket = place.load(std::memory_order_acquire);
  }
  return false;
}

void ThreadPool::worker_loop(int worker) {
  const StandardFpModes modes;  // not those that the starting thread happens to have
  std::uint32_t seen = 0;
  while (true) {
    const auto changed = [&] { return generation_.load(std::memory_order_acquire) != seen; };
    if (!spins_ || !spin(changed)) {
      while (!changed()) generation_.wait(seen, std::memory_order_acquire);
    }
    const std::uint32_t now = generation_.load(std::memory_order_acquire);
    seen = now;
    if (stop_.load()) return;
    work(now, worker);
  }
}

}  // namespace softac
