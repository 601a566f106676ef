// A backend: a table of kernels and the threads that share their work. Chosen once at start; the results of every
// operation are the same bits for every backend and number of threads (math/kernel_table.h).
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "base/thread_pool.h"
#include "math/kernel_table.h"
#include "softac/panels.h"

namespace softac {

// Names this CPU can run, best first; always ends with "portable", "reference".
std::vector<std::string> available_backends();

// Names this build holds that this CPU cannot run.
std::vector<std::string> unavailable_backends();

// What is wrong with the name of a backend ("avx3: must be …"); "" if nothing.
std::string backend_problem(const std::string& name);

// name: one of available_backends(); "" = SOFTAC_BACKEND if set, else the best. Throws ConfigError otherwise.
template <class T>
const KernelTable<T>& select_kernels(const std::string& name);

template <class T>
class Backend {
 public:
  // threads: 0 = all cores. T = double has the reference kernels only.
  explicit Backend(const std::string& name = "", int threads = 1) : k_(select_kernels<T>(name)), pool_(threads) {}

  const char* name() const { return k_.name; }
  int num_threads() const { return pool_.num_threads(); }
  const KernelTable<T>& kernels() const { return k_; }

  // f(worker, first, count) over all rows in blocks of `block`, each on one thread; worker < num_threads() tells what
  // runs at the same time. cost_per_row: multiply-adds, about; little work stays on the calling thread.
  template <class F>
  void for_blocks(int rows, int block, std::int64_t cost_per_row, F f) {
    const int parts = (rows + block - 1) / block;
    const auto one = [&](int part, int worker) {
      const int first = part * block;
      f(worker, first, rows - first < block ? rows - first : block);
    };
    for_tasks(parts, rows * cost_per_row, one);
  }
  // f(task, worker) for task = 0 … tasks − 1. cost: multiply-adds of all together, about.
  template <class F>
  void for_tasks(int tasks, std::int64_t cost, F f) {
    if (tasks <= 1 || pool_.num_threads() == 1 || cost < 2 * kMinCost) {
      for (int task = 0; task < tasks; ++task) f(task, 0);
    } else {
      pool_.run(tasks, f);
    }
  }
  // One Adam step (and Polyak step if g.target) over `size` values; whether all of p and v stayed finite.
  bool adam(const Adam<T>& g, std::int64_t size) {
    std::atomic<bool> finite{true};
    for_tasks(num_blocks(size), size * 16, [&](int block, int) {
      const std::int64_t first = std::int64_t{block} * kBlock;
      if (!k_.adam(g, first, size - first < kBlock ? size : first + kBlock))
        finite.store(false, std::memory_order_relaxed);
    });
    return finite.load();
  }
  void polyak(const T* p, T* target, std::int64_t size, double tau) {
    const T rate = static_cast<T>(tau), rest = static_cast<T>(1.0 - tau);
    for_tasks(num_blocks(size), size * 4, [&](int block, int) { k_.polyak(p, target, size, rate, rest, block); });
  }
  // Σ x²: lanes within blocks of kBlock, blocks added in double in order.
  double sum_squares(const T* x, std::int64_t size) {
    double sum = 0.0;
    for (int block = 0; block < num_blocks(size); ++block) sum += static_cast<double>(k_.sum_squares(x, size, block));
    return sum;
  }
  // `count` normals (rounded up to whole pieces of 64, which out must hold) from Philox blocks first_block on. Returns
  // the number of blocks used.
  std::uint64_t fill_normal(std::uint64_t seed, std::uint64_t stream, std::uint64_t first_block, T* out,
                            std::int64_t count) {
    const int pieces = static_cast<int>((count + 63) / 64);
    const FillNormal<T> g{seed, stream, first_block, out};
    constexpr int kPieces = 32;  // of one task
    for_tasks((pieces + kPieces - 1) / kPieces, count * 64, [&](int task, int) {
      const int first = task * kPieces;
      k_.fill_normal(g, first, pieces - first < kPieces ? pieces : first + kPieces);
    });
    return static_cast<std::uint64_t>(pieces) * kLanes;
  }

 private:
  static constexpr std::int64_t kMinCost = 1 << 16;  // multiply-adds worth another thread, which spins: about 1 µs

  static int num_blocks(std::int64_t size) { return static_cast<int>((size + kBlock - 1) / kBlock); }

  const KernelTable<T>& k_;
  ThreadPool pool_;
};

}  // namespace softac
