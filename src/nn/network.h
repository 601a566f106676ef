// A network: hidden blocks one after the other, then a linear output layer of many columns (a matrix product) or of
// one (an inner product). Const: parameters, tapes and scratch are the caller's. Its passes work on the calling thread;
// rows are independent of each other, weight tasks too: whoever has threads divides them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "nn/block.h"
#include "nn/outputs.h"
#include "softac/choices.h"

namespace softac {

// How the first values are found. output_parts: outputs that count as a layer of their own, in the order of the
// columns; empty: all of them together.
struct NetworkInit {
  WeightInit hidden = WeightInit::torch;
  WeightInit output = WeightInit::torch;
  std::vector<int> output_parts = {};
};

struct NetworkShape {
  int in = 0;
  std::vector<int> hidden;  // widths; none: a linear network
  int out = 0;
  Activation activation = Activation::relu;  // of the hidden layers
  NormLayer norm = NormLayer::none;          // between each hidden product and its activation
  double norm_eps = 1e-5;
  NetworkInit init = {};
  double dropout = 0.0;  // share of each hidden product that training leaves out, before the norm; 0: none
};

template <class T>
struct NetworkTape {
  std::vector<BlockTape<T>> blocks;
};

// Some of the outputs under a name of their own, in the order of the columns.
struct OutputPart {
  std::string name;
  int outputs = 0;
};

// Gradients with respect to the blocks' outputs before their activations: (rows, out) each.
template <class T>
struct NetworkGradients {
  std::vector<Panels<T>> blocks;
};

// Transposed weights, for passing gradients to inputs; of the first block those of the input columns [first_column, …)
// alone. Derived from the parameters by Network::transpose.
template <class T>
struct Transposes {
  std::vector<Panels<T>> blocks;
  Panels<T> output;  // empty where the output has one column
  int first_column = 0;
};

template <class T>
class Network {
 public:
  Network(const std::string& name, const NetworkShape& shape, ParamLayout& layout);

  const NetworkShape& shape() const { return shape_; }
  const std::vector<std::shared_ptr<const Block<T>>>& blocks() const { return blocks_; }
  NetworkTape<T> make_tape(Arena& arena, int rows) const;
  // For a tape of training: room for dropout's masks; and the masks of rows [at, at + count), before their forward
  // pass.
  void add_masks(Arena& arena, int rows, NetworkTape<T>& tape) const;
  void draw_masks(const NetworkTape<T>& tape, int at, int count, const DropoutPass& pass) const;
  NetworkGradients<T> make_gradients(Arena& arena, int rows) const;
  Transposes<T> make_transposes(Arena& arena, int first_column, int num_columns) const;
  int widest() const;  // of the hidden blocks

  void init(T* params, Rng& rng) const;
  void transpose(const KernelTable<T>& k, const T* params, const Transposes<T>& wt) const;

  // x (count, in) → out (count, out); rows at … of the tape are written.
  void forward(const KernelTable<T>& k, const T* params, Panels<const T> x, const NetworkTape<T>& tape, int at,
               Outputs<T> out) const;
  // d_out (count, out) → rows d_at … of d.
  void backward(const KernelTable<T>& k, const T* params, const NetworkTape<T>& tape, TapeRows rows,
                const Transposes<T>& wt, Outputs<const T> d_out, const NetworkGradients<T>& d, int d_at) const;
  // After backward(), with its d_out: the gradient of the input columns that `wt` was made for, from rows d_at … of d.
  // d_x: (count, columns).
  void backward_input(const KernelTable<T>& k, const T* params, const Transposes<T>& wt, Outputs<const T> d_out,
                      const NetworkGradients<T>& d, int d_at, Panels<T> d_x) const;

  // What a weight task reads: all rows of the batch, from row 0.
  struct WeightPass {
    Panels<const T> x;  // (rows, in)
    const NetworkTape<T>& tape;
    const NetworkGradients<T>& d;
    Outputs<const T> d_out;
    T* d_params;  // the whole vector's gradient; the network's part is overwritten
  };
  int num_weight_tasks() const { return num_weight_tasks_; }
  void weight_task(const KernelTable<T>& k, const WeightPass& pass, int task) const;

  std::int64_t cost_per_row() const;  // multiply-adds of a forward pass

  // Adds a forward pass from value x to the graph and returns the output layer's values, part by part. Throws
  // ConfigError where a block has no description, and where the output layer has one column.
  std::vector<int> describe(PolicyGraph& graph, const T* params, int x, const std::vector<OutputPart>& parts) const;

 private:
  bool linear() const { return blocks_.empty(); }
  bool one_column() const { return output_.kind == SlotKind::column; }
  bool skips(std::size_t block) const { return block > 0 && blocks_[block - 1]->leaves_zeros(); }

  NetworkShape shape_;
  std::vector<std::shared_ptr<const Block<T>>> blocks_;
  Slot output_;
  std::shared_ptr<const Block<T>> output_block_;  // null where the output has one column
  int num_weight_tasks_ = 0;
};

extern template class Network<float>;
extern template class Network<double>;

}  // namespace softac
