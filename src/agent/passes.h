// How the passes over networks are divided and what they leave: the only file of the learner that knows threads, row
// blocks, scratch and transposed weights.
//
// Everything but the weight gradients is independent from row to row. So the passes over a network are tasks of one
// network and one block of rows, whose activations stay in the cache; all blocks of a network follow one another, so
// that its weights do too. Weight gradients are divided by pieces of the weights.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "math/backend.h"
#include "nn/network.h"

namespace softac {

// Threads, and the blocks of rows that they take one after the other.
template <class T>
class Passes {
 public:
  // rows: of the batch. widest: of the networks' layers.
  Passes(const std::string& backend, int threads, int rows, int widest)
      : backend_(backend, threads), rows_(rows), block_(block_rows(rows, widest, backend_.num_threads())) {}

  Backend<T>& backend() { return backend_; }
  const KernelTable<T>& kernels() const { return backend_.kernels(); }
  int num_workers() const { return backend_.num_threads(); }
  int batch_rows() const { return rows_; }
  int block() const { return block_; }  // rows of a block, at most

  // f(worker, first, count) over `rows` rows. cost_per_row: multiply-adds, about.
  template <class F>
  void for_rows(int rows, std::int64_t cost_per_row, F f) {
    backend_.for_blocks(rows, block_, cost_per_row, f);
  }
  // f(worker, network, first, count) over the batch's rows of each of several networks.
  template <class F>
  void for_networks(int networks, std::int64_t cost_per_row, F f) {
    const int blocks = (rows_ + block_ - 1) / block_;
    backend_.for_tasks(networks * blocks, cost_per_row * rows_ * networks, [&](int task, int worker) {
      const int first = task % blocks * block_;
      f(worker, task / blocks, first, std::min(block_, rows_ - first));
    });
  }

 private:
  // A block's activations fit the second cache, every thread has the same number of blocks, and the blocks the same
  // number of rows but for the last.
  static int block_rows(int rows, int widest, int threads) {
    const int fits = std::max(64, 16384 / widest / 64 * 64);
    int blocks = (rows + fits - 1) / fits;
    blocks = (blocks + threads - 1) / threads * threads;
    return std::max(4, ((rows + blocks - 1) / blocks + 3) / 4 * 4);
  }

  Backend<T> backend_;
  int rows_, block_;
};

// Networks of one shape in training: what a pass over the batch leaves for the next.
template <class T>
class TrainedNetworks {
 public:
  // Gradients can be passed on to input columns [first_column, first_column + num_columns).
  TrainedNetworks(const std::vector<Network<T>>& nets, const Params<T>& params, Arena& arena, int rows,
                  int first_column = 0, int num_columns = 0);

  int count() const { return static_cast<int>(nets_.size()); }
  const Network<T>& net(int i) const { return nets_[i]; }
  std::int64_t cost_per_row() const { return nets_.empty() ? 0 : nets_[0].cost_per_row(); }
  const std::vector<Outputs<T>>& outs() const { return out_; }
  const Outputs<T>& out(int i) const { return out_[i]; }      // (B, out) of the last forward pass
  const Outputs<T>& d_out(int i) const { return d_out_[i]; }  // (B, out) for backward()

  // The next forward passes are this one; without dropout there is no difference.
  void begin_pass(const DropoutPass& pass) { dropout_ = pass; }
  // Rows [first, first + x.rows) of the batch, on the calling thread. out: those rows' outputs, of out(i) or elsewhere.
  void forward(const KernelTable<T>& k, int i, Panels<const T> x, int first, Outputs<T> out) const;
  void backward(const KernelTable<T>& k, int i, int first, int count) const;
  // The gradient of the input columns in `count` rows first + order[…], from d_out (count, out). d, d_x: scratch, and
  // where it goes.
  void input_gradient(const KernelTable<T>& k, int i, int first, const int* order, Outputs<const T> d_out,
                      const NetworkGradients<T>& d, Panels<T> d_x) const;

  // All weights' gradients, from what backward() left. x: (B, in).
  void weight_gradients(Passes<T>& passes, Panels<const T> x) const;

  // Brings the transposed weights up to date, which backward() and input_gradient() read.
  void refresh(Passes<T>& passes);
  void parameters_changed() { fresh_ = false; }

 private:
  const std::vector<Network<T>>& nets_;
  const Params<T>& params_;
  std::vector<NetworkTape<T>> tapes_;
  std::vector<NetworkGradients<T>> d_;
  std::vector<Transposes<T>> transposes_;
  std::vector<Outputs<T>> out_, d_out_;
  bool fresh_ = false;
  DropoutPass dropout_;
};

extern template class TrainedNetworks<float>;
extern template class TrainedNetworks<double>;

}  // namespace softac
