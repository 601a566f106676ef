// How the passes over networks are divided and what they leave: the only file of the learner that knows threads, row
// blocks, scratch and transposed weights.
//
// Everything but the weight gradients is independent from row to row. So the passes over a network are tasks of one
// network and one block of rows, whose activations stay in the cache; all blocks of a network follow one another, so
// that its weights do too. Weight gradients are divided by pieces of the weights. Batch norms join the rows of a
// training pass: it goes stage by stage (nn/network.h), and between two stages through tasks of one network and some
// columns.
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
    for_networks(networks, rows_, cost_per_row, f);
  }
  // The same over another number of rows.
  template <class F>
  void for_networks(int networks, int rows, std::int64_t cost_per_row, F f) {
    const int blocks = (rows + block_ - 1) / block_;
    backend_.for_tasks(networks * blocks, cost_per_row * rows * networks, [&](int task, int worker) {
      const int first = task % blocks * block_;
      f(worker, task / blocks, first, std::min(block_, rows - first));
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

// A training pass of networks of one shape over all rows of a batch.
template <class T>
struct BatchForward {
  const std::vector<Network<T>>& nets;
  const T* params;
  const std::vector<NetworkTape<T>>& tapes;
  const Columns<T>& columns;      // that it normalises with and fills
  RunningStatistics<T>* running;  // null where no batch norm is
  bool learns;                    // whether the running statistics take it in
  Panels<const T> x;              // (rows, in)

  NetworkValues<T> values() const { return {params, &columns}; }
  // All stages but the last. The rows of that may follow one by one.
  void run_to_last_stage(Passes<T>& passes) const;
};

// Which columns batch norms take in a pass over the batch: its own, or the running ones.
enum class PassMode { training, evaluation };

// Networks of one shape in training: what a pass over the batch leaves for the next.
template <class T>
class TrainedNetworks {
 public:
  // Gradients can be passed on to input columns [first_column, first_column + num_columns). running: of the networks'
  // batch norms, null without.
  TrainedNetworks(const std::vector<Network<T>>& nets, const Params<T>& params, RunningStatistics<T>* running,
                  Arena& arena, int rows, int first_column = 0, int num_columns = 0);

  int count() const { return static_cast<int>(nets_.size()); }
  const Network<T>& net(int i) const { return nets_[i]; }
  bool joins() const { return !nets_.empty() && nets_[0].num_stages() > 1; }
  std::int64_t cost_per_row() const { return nets_.empty() ? 0 : nets_[0].cost_per_row(); }
  const std::vector<Outputs<T>>& outs() const { return out_; }
  const Outputs<T>& out(int i) const { return out_[i]; }      // (rows, out) of the last forward pass
  const Outputs<T>& d_out(int i) const { return d_out_[i]; }  // (rows, out) for backward()

  // The next forward passes are this one; without dropout there is no difference.
  void begin_pass(const DropoutPass& pass) { dropout_ = pass; }
  // Rows [first, first + x.rows) of the batch, on the calling thread, in evaluation mode. out: those rows' outputs, of
  // out(i) or elsewhere.
  void forward(const KernelTable<T>& k, int i, Panels<const T> x, int first, Outputs<T> out) const;
  void backward(const KernelTable<T>& k, int i, int first, int count) const;
  // The gradient of the input columns in `count` rows first + order[…], from d_out (count, out). d, d_x: scratch, and
  // where it goes.
  void input_gradient(const KernelTable<T>& k, int i, int first, const int* order, Outputs<const T> d_out,
                      const NetworkGradients<T>& d, Panels<T> d_x) const;

  // All rows x (rows, in) → out, one of each network: its outputs at all of them. Training mode counts.
  void forward_all(Passes<T>& passes, Panels<const T> x, PassMode mode, const std::vector<Outputs<T>>& out);
  // loss(worker, i, first, count) fills those rows of d_out(i), of the first `loss_rows` rows; others have no part in
  // the loss. Then everything backward, in the mode of the last forward pass. cost_per_row: of what a row takes.
  template <class F>
  void backward_all(Passes<T>& passes, Panels<const T> x, int loss_rows, std::int64_t cost_per_row, F loss) {
    last_stage(passes, x, loss_rows, cost_per_row, false, loss);
    lower_stages(passes, learned_rows(x, loss_rows));
  }
  // forward_all() in training mode, of the outputs those of the first `loss_rows` rows, and backward_all(): one after
  // the other, row by row as far as batch norms allow it.
  template <class F>
  void train(Passes<T>& passes, Panels<const T> x, int loss_rows, F loss) {
    mode_ = PassMode::training;
    if (joins()) batch(x).run_to_last_stage(passes);
    last_stage(passes, x, loss_rows, 2 * cost_per_row(), true, loss);
    lower_stages(passes, learned_rows(x, loss_rows));
  }

  // All weights' gradients, from what backward() left; x: (rows, in), of which the first `loss_rows` were in the loss.
  void weight_gradients(Passes<T>& passes, Panels<const T> x, int loss_rows) const;

  // Brings the transposed weights up to date, which backward() and input_gradient() read.
  void refresh(Passes<T>& passes);
  void parameters_changed() { fresh_ = false; }

 private:
  NetworkValues<T> evaluation() const { return {params_.value, running_ ? &running_->evaluation : nullptr}; }
  NetworkValues<T> values() const {
    return mode_ == PassMode::training ? NetworkValues<T>{params_.value, &columns_} : evaluation();
  }
  BatchForward<T> batch(Panels<const T> x) { return {nets_, params_.value, tapes_, columns_, running_, true, x}; }
  void draw_masks(int i, int first, int count) const;
  // Without batch norms rows that are not in the loss have no gradient.
  int learned_rows(Panels<const T> x, int loss_rows) const { return joins() ? x.rows : loss_rows; }
  // The last stage: forward if asked for, then the loss and its gradient.
  template <class F>
  void last_stage(Passes<T>& passes, Panels<const T> x, int loss_rows, std::int64_t cost_per_row, bool forward,
                  F loss) {
    passes.for_networks(
        count(), learned_rows(x, loss_rows), cost_per_row, [&](int worker, int i, int first, int count) {
          const int part = std::clamp(loss_rows - first, 0, count);
          if (forward) {
            draw_masks(i, first, count);
            net(i).forward_stage(passes.kernels(), values(), net(i).num_stages() - 1, x.rows_from(first, count),
                                 tapes_[i], first, out(i).rows_from(first, part));
          }
          if (part > 0) loss(worker, i, first, part);
          net(i).backward_stage(passes.kernels(), values(), net(i).num_stages() - 1, tapes_[i], first, count,
                                transposes_[i], d_out(i).rows_from(first, part), d_[i]);
        });
  }
  // The stages below it, and the gradients of what joins them.
  void lower_stages(Passes<T>& passes, int rows);

  const std::vector<Network<T>>& nets_;
  const Params<T>& params_;
  RunningStatistics<T>* running_;
  Columns<T> columns_;  // of the last training pass
  PassMode mode_ = PassMode::training;
  std::vector<NetworkTape<T>> tapes_;
  std::vector<NetworkGradients<T>> d_;
  std::vector<Transposes<T>> transposes_;
  std::vector<Outputs<T>> out_, d_out_;
  bool fresh_ = false;
  DropoutPass dropout_;
};

extern template struct BatchForward<float>;
extern template struct BatchForward<double>;
extern template class TrainedNetworks<float>;
extern template class TrainedNetworks<double>;

}  // namespace softac
