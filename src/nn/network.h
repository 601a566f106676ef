// A network: hidden blocks one after the other, then a linear output layer of many columns (a matrix product) or of
// one (an inner product). Const: parameters, tapes and scratch are the caller's. Its passes work on the calling thread;
// rows are independent of each other, weight tasks too: whoever has threads divides them.
//
// In training, blocks that join the rows of a batch (nn/block.h) cut a network into stages: rows are independent within
// a stage, and between two of them statistics of the columns are found. Without such blocks there is one stage.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "nn/batch_norm.h"
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
  BatchNormRule norm_rule = {};              // of a layer or RMS norm ε alone
  NormPlace norm_place = NormPlace::before_activation;
  bool norm_input = false;  // a batch norm of the inputs as well
  NetworkInit init = {};
  double dropout = 0.0;  // share of each hidden product that training leaves out, before the norm; 0: none
};
inline bool joins_rows(NormLayer norm) {
  return norm == NormLayer::batch || norm == NormLayer::batch_renorm;
}

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

// Transposed weights, for passing gradients to inputs. blocks[0] are those of the first Dense for the input columns
// [first_column, …) alone, even if a norm of the inputs stands before it; blocks[1] are then its weights for all of
// them. Derived from the parameters by Network::transpose.
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
  void forward(const KernelTable<T>& k, NetworkValues<T> values, Panels<const T> x, const NetworkTape<T>& tape, int at,
               Outputs<T> out) const;
  // d_out (count, out) → rows d_at … of d.
  void backward(const KernelTable<T>& k, NetworkValues<T> values, const NetworkTape<T>& tape, TapeRows rows,
                const Transposes<T>& wt, Outputs<const T> d_out, const NetworkGradients<T>& d, int d_at) const;
  // After backward(), with its d_out: the gradient of the input columns that `wt` was made for, from rows d_at … of d.
  // d_x: (count, columns). Of a network whose inputs have a norm in evaluation mode alone.
  void backward_input(const KernelTable<T>& k, NetworkValues<T> values, const Transposes<T>& wt, Outputs<const T> d_out,
                      const NetworkGradients<T>& d, int d_at, Panels<T> d_x) const;

  // The passes of training, stage by stage. Stage s begins with joining(s − 1) and ends before joining(s), or with the
  // output layer.
  int num_stages() const { return static_cast<int>(joins_.size()) + 1; }
  const JoiningBlock<T>& joining(int s) const { return *blocks_[joins_[s]]->joining(); }
  bool stage_is_empty(int s) const { return num_stages() > 1 && s == 0 && joins_[0] == 0; }
  // What joining(s) reads of all rows: x, or what the block before it left.
  Panels<const T> joined_input(int s, Panels<const T> x, const NetworkTape<T>& tape) const {
    return joins_[s] == 0 ? x : tape.blocks[joins_[s] - 1].y.rows_from(0, x.rows);
  }
  // One stage of forward(). x: the network's input. The last one fills out, (count or fewer, out): the first rows.
  void forward_stage(const KernelTable<T>& k, NetworkValues<T> values, int stage, Panels<const T> x,
                     const NetworkTape<T>& tape, int at, Outputs<T> out) const;
  // One stage of backward(), down to the gradient of what joining(s − 1) put out, with rows at … of tape and of d. The
  // last stage begins with d_out (count or fewer, out); rows beyond its own have no part in the loss.
  void backward_stage(const KernelTable<T>& k, NetworkValues<T> values, int stage, const NetworkTape<T>& tape, int at,
                      int count, const Transposes<T>& wt, Outputs<const T> d_out, const NetworkGradients<T>& d) const;
  void forward_columns(const KernelTable<T>& k, int s, Panels<const T> x, RunningStatistics<T>* running, bool learns,
                       const NetworkTape<T>& tape, const Columns<T>& columns, int task) const {
    joining(s).forward_columns(k, joined_input(s, x, tape), running, learns, columns, task);
  }
  void backward_columns(const KernelTable<T>& k, int s, const T* params, const NetworkTape<T>& tape,
                        const NetworkGradients<T>& d, int rows, const Columns<T>& columns, T* d_params,
                        int task) const {
    joining(s).backward_columns(k, params, tape.blocks[joins_[s]], d.blocks[joins_[s]].rows_from(0, rows), columns,
                                d_params, task);
  }

  // What a weight task reads: all rows of the batch, from row 0; of d_out those with a part in the loss.
  struct WeightPass {
    Panels<const T> x;  // (rows, in)
    const NetworkTape<T>& tape;
    const NetworkGradients<T>& d;
    Outputs<const T> d_out;
    T* d_params;  // the whole vector's gradient; the network's part is overwritten
  };
  int num_weight_tasks() const { return num_weight_tasks_; }
  void weight_task(const KernelTable<T>& k, const WeightPass& pass, int task) const;
  // Zeros the gradients of biases that a slot does not have; after all weight tasks.
  void clear_fixed(T* d_params) const;

  std::int64_t cost_per_row() const;  // multiply-adds of a forward pass

  // Adds a forward pass from value x to the graph and returns the output layer's values, part by part. Throws
  // ConfigError where a block has no description, and where the output layer has one column.
  std::vector<int> describe(PolicyGraph& graph, NetworkValues<T> values, int x,
                            const std::vector<OutputPart>& parts) const;

 private:
  void add_hidden(const std::string& layer, int in, int width, ParamLayout& layout);
  void add_norm(const std::string& name, int width, bool shifted, std::optional<Activation> activation,
                ParamLayout& layout);
  // The first block that is no norm of the inputs; with a linear network their number.
  std::size_t first() const { return shape_.norm_input ? 1 : 0; }
  // Blocks [begin, end) of a stage.
  std::size_t stage_begin(int s) const { return s == 0 ? 0 : joins_[s - 1]; }
  std::size_t stage_end(int s) const { return s + 1 == num_stages() ? blocks_.size() : joins_[s]; }
  void forward_blocks(const KernelTable<T>& k, NetworkValues<T> values, std::size_t begin, std::size_t end,
                      Panels<const T> x, const NetworkTape<T>& tape, int at) const;
  void forward_output(const KernelTable<T>& k, const T* params, Panels<const T> x, Outputs<T> out) const;
  void backward_output(const KernelTable<T>& k, NetworkValues<T> values, const NetworkTape<T>& tape, TapeRows rows,
                       const Transposes<T>& wt, Outputs<const T> d_out, const NetworkGradients<T>& d, int d_at) const;
  void backward_blocks(const KernelTable<T>& k, NetworkValues<T> values, std::size_t bottom, std::size_t top,
                       const NetworkTape<T>& tape, TapeRows rows, int count, const Transposes<T>& wt,
                       const NetworkGradients<T>& d, int d_at) const;
  bool linear() const { return blocks_.empty(); }
  bool one_column() const { return output_.kind == SlotKind::column; }
  bool skips(std::size_t block) const { return block > 0 && blocks_[block - 1]->leaves_zeros(); }

  NetworkShape shape_;
  std::vector<std::shared_ptr<const Block<T>>> blocks_;
  std::vector<std::size_t> joins_;                  // blocks that join rows
  std::shared_ptr<const BatchNorm<T>> input_norm_;  // the first block, or null
  std::vector<Slot> fixed_;                         // slots without biases
  Slot output_;
  std::shared_ptr<const Block<T>> output_block_;  // null where the output has one column
  int num_weight_tasks_ = 0;
};

extern template class Network<float>;
extern template class Network<double>;

}  // namespace softac
