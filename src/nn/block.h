// A block of a network: it turns the rows of one matrix into those of another, each by itself. Blocks are const; their
// parameters and what a pass leaves behind (the tape) are the caller's. All work is done on the calling thread, on the
// rows it is given.
//
// A gradient is handed to a block with respect to its output before the activation: whoever computes the gradient of a
// block's output multiplies it by the activation's derivative (the block's gate) in the same pass.
#pragma once

#include <cstdint>

#include "math/arena.h"
#include "math/kernel_table.h"
#include "nn/graph.h"
#include "nn/params.h"
#include "nn/statistics.h"
#include "softac/rng.h"

namespace softac {

// Which forward pass of training dropout draws masks for: the same one draws the same masks again. first_row: of the
// batch.
struct DropoutPass {
  std::uint64_t seed = 0;
  std::int64_t update = 0;
  std::uint32_t pass = 0;  // of the update
  int network = 0;         // of those that are trained together
  int first_row = 0;
};

// What a forward pass leaves for the backward pass, for up to a fixed number of rows.
template <class T>
struct BlockTape {
  Panels<T> y;           // (rows, out) outputs
  Panels<T> z;           // (rows, out) outputs before the activation; empty unless its derivative reads them
  Panels<T> normalised;  // (rows, out), of a norm: (x − mean)/std
  T* inv_std = nullptr;  // (rows), of a norm of each row: 1/std
  Panels<T> mask;        // (rows, out), of dropout in training: factors of the inputs; empty: all stay as they are
};

// The derivative of an activation at the rows of a tape; no data: none, the output was linear.
template <class T>
struct Gate {
  Panels<const T> saved = {};
  Activation activation = Activation::relu;
  Gate rows_from(int first, int count) const {
    return saved.data ? Gate{saved.rows_from(first, count), activation} : Gate{};
  }
};

// Which rows of a tape a backward pass reads: row r of the gradient belongs to row first + order[r], or first + r where
// order is null.
struct TapeRows {
  int first = 0;
  const int* order = nullptr;
};

template <class T>
class JoiningBlock;

template <class T>
class Block {
 public:
  explicit Block(Slot slot) : slot_(std::move(slot)) {}
  virtual ~Block() = default;

  const Slot& slot() const { return slot_; }
  int in() const { return slot_.kind == SlotKind::norm ? slot_.out : slot_.in; }
  int out() const { return slot_.out; }

  virtual BlockTape<T> make_tape(Arena& arena, int rows) const = 0;
  // Room for the transposed weights of input columns [0, columns), which backward() reads; empty if it reads none.
  virtual Panels<T> make_transpose(Arena& arena, int columns) const = 0;
  virtual void transpose(const KernelTable<T>& k, const T* params, int first_column, const Panels<T>& out) const = 0;
  virtual void init(T* params, Rng& rng) const = 0;

  // Dropout in training: room for the masks of a tape, and those of rows [at, at + count), before their forward pass.
  virtual Panels<T> make_mask(Arena&, int /*rows*/) const { return {}; }
  virtual void draw_mask(const BlockTape<T>&, int /*at*/, int /*count*/, const DropoutPass&, int /*layer*/) const {}

  // Whether many outputs are zero, and with them gradients behind the gate, so that products may skip them.
  virtual bool leaves_zeros() const = 0;
  virtual Gate<T> gate(const BlockTape<T>& tape) const = 0;
  // The block itself if its columns join the rows of a batch (nn/batch_norm.h).
  virtual const JoiningBlock<T>* joining() const { return nullptr; }

  // x (count, in) → rows at … of the tape. skip_zeros: x holds many.
  virtual void forward(const KernelTable<T>& k, NetworkValues<T> values, Panels<const T> x, bool skip_zeros,
                       const BlockTape<T>& tape, int at) const = 0;
  // d (count, out) → d_x, behind `below`, the gate of the block that made x (all rows of its tape).
  virtual void backward(const KernelTable<T>& k, NetworkValues<T> values, const Panels<T>& transposed,
                        const BlockTape<T>& tape, TapeRows rows, Panels<const T> d, const Gate<T>& below,
                        Panels<T> d_x) const = 0;
  // The parameters' gradients in independent tasks. d_params: the network's whole vector; the slot's part is
  // overwritten. x (rows, in), d (rows, out): all rows of the batch.
  virtual int num_weight_tasks() const = 0;
  virtual void weight_task(const KernelTable<T>& k, Panels<const T> x, const BlockTape<T>& tape, Panels<const T> d,
                           T* d_params, int task) const = 0;

  virtual std::int64_t cost_per_row() const = 0;  // multiply-adds of a forward pass

  // Adds what forward() does with value x to the graph and returns the result. Throws ConfigError that names the block
  // where it has no description.
  virtual int describe(PolicyGraph&, NetworkValues<T> /*values*/, int /*x*/, bool /*skip_zeros*/) const {
    throw_no_description("the block " + slot_.name);
  }

 private:
  Slot slot_;
};

// A block whose rows share statistics of the columns (a batch norm). In training they are those of the batch: they must
// be known of all rows before forward() may take any, and what goes back through them before backward() may. Both are
// found in tasks of some columns each. In evaluation mode they are constants (RunningStatistics::evaluation).
template <class T>
class JoiningBlock : public Block<T> {
 public:
  using Block<T>::Block;
  const JoiningBlock<T>* joining() const override { return this; }

  virtual int num_column_tasks() const = 0;
  // x (rows, in): all rows. running: null, or what r and d of a batch renorm compare with; learns: and takes the
  // batch's statistics in.
  virtual void forward_columns(const KernelTable<T>& k, Panels<const T> x, RunningStatistics<T>* running, bool learns,
                               const Columns<T>& columns, int task) const = 0;
  // d (rows, out): all rows of the tape. Writes the gradients of γ and β too.
  virtual void backward_columns(const KernelTable<T>& k, const T* params, const BlockTape<T>& tape, Panels<const T> d,
                                const Columns<T>& columns, T* d_params, int task) const = 0;
};

}  // namespace softac
