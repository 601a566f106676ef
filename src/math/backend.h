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

  void forward(const LinearForward<T>& g, int rows) {
    by_rows(rows, Work{g.k, g.out_panels}, [&](int first, int last) { k_.linear_forward(g, first, last); });
  }
  void backward_input(const LinearBackwardInput<T>& g, int rows) {
    by_rows(rows, Work{g.n, g.out_panels}, [&](int first, int last) { k_.linear_backward_input(g, first, last); });
  }
  void backward_weights(const LinearBackwardWeights<T>& g) {
    by_pieces(k_.num_weight_tiles(g), Work{g.rows, 1},
              [&](int first, int last) { k_.linear_backward_weights(g, first, last); });
  }
  void transpose(const Transpose<T>& g) {
    by_pieces(num_panels(g.count), Work{g.n / 4, 1}, [&](int first, int last) { k_.transpose(g, first, last); });
  }
  void head_forward(const HeadForward<T>& g, int rows) {
    by_rows(rows, Work{1, g.panels}, [&](int first, int last) { k_.head_forward(g, first, last); });
  }
  void head_backward_input(const HeadBackwardInput<T>& g, int rows) {
    by_rows(rows, Work{1, g.panels}, [&](int first, int last) { k_.head_backward_input(g, first, last); });
  }
  void head_backward_weights(const HeadBackwardWeights<T>& g) {
    by_pieces(g.panels + 1, Work{g.rows / 4, 1},
              [&](int first, int last) { k_.head_backward_weights(g, first, last); });
  }
  void gaussian_forward(const GaussianForward<T>& g, int rows) {
    by_rows(rows, Work{100, g.shape.act_panels}, [&](int first, int last) { k_.gaussian_forward(g, first, last); });
  }
  void gaussian_backward(const GaussianBackward<T>& g, int rows) {
    by_rows(rows, Work{100, g.shape.act_panels}, [&](int first, int last) { k_.gaussian_backward(g, first, last); });
  }
  // One Adam step (and Polyak step if g.target) over the whole vector; whether all of p and v stayed finite.
  bool adam(const Adam<T>& g) {
    std::atomic<bool> finite{true};
    by_pieces(num_blocks(g.size), Work{kBlock / 4, 1}, [&](int first, int last) {
      for (int block = first; block < last; ++block) {
        if (!k_.adam(g, block)) finite.store(false, std::memory_order_relaxed);
      }
    });
    return finite.load();
  }
  void polyak(const T* p, T* target, std::int64_t size, double tau) {
    const T rate = static_cast<T>(tau), rest = static_cast<T>(1.0 - tau);
    by_pieces(num_blocks(size), Work{kBlock / 8, 1}, [&](int first, int last) {
      for (int block = first; block < last; ++block) k_.polyak(p, target, size, rate, rest, block);
    });
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
    by_pieces(pieces, Work{400, 1}, [&](int first, int last) { k_.fill_normal(g, first, last); });
    return static_cast<std::uint64_t>(pieces) * kLanes;
  }

 private:
  // Rough cost of one piece in vector operations, to keep small jobs on one thread.
  struct Work {
    int chain, panels;
    std::int64_t cost() const { return std::int64_t{chain} * panels; }
  };
  static constexpr std::int64_t kMinCost = 1 << 15;  // per thread: about 10 µs

  static int num_blocks(std::int64_t size) { return static_cast<int>((size + kBlock - 1) / kBlock); }

  template <class F>
  void by_rows(int rows, Work work, F f) {
    const int parts = num_parts(rows, work, (rows + k_.row_tile - 1) / k_.row_tile);
    if (parts <= 1) return rows > 0 ? f(0, rows) : void();
    const int tiles = (rows + k_.row_tile - 1) / k_.row_tile;
    pool_.run(parts, [&](int part) {
      const auto edge = [&](int i) {
        const int row = static_cast<int>(std::int64_t{tiles} * i / parts) * k_.row_tile;
        return row < rows ? row : rows;
      };
      if (edge(part) < edge(part + 1)) f(edge(part), edge(part + 1));
    });
  }
  template <class F>
  void by_pieces(int pieces, Work work, F f) {
    const int parts = num_parts(pieces, work, pieces);
    if (parts <= 1) return pieces > 0 ? f(0, pieces) : void();
    pool_.run(parts, [&](int part) {
      f(static_cast<int>(std::int64_t{pieces} * part / parts),
        static_cast<int>(std::int64_t{pieces} * (part + 1) / parts));
    });
  }
  int num_parts(int pieces, Work work, int most) const {
    const int threads = pool_.num_threads();
    if (threads == 1) return 1;
    const std::int64_t by_cost = pieces * work.cost() / kMinCost;
    const std::int64_t parts = by_cost < 4 * threads ? by_cost : 4 * threads;  // four parts a thread even out delays
    return static_cast<int>(parts < most ? parts : most);
  }

  const KernelTable<T>& k_;
  ThreadPool pool_;
};

}  // namespace softac
