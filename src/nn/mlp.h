// Multi-layer perceptron: hidden layers y_l = act(y_{l−1} W_l + b_l), then a linear output, either a matrix (the
// actor's 2A columns) or one column (a critic's Q). Const: parameters, tapes and scratch are the caller's.
#pragma once

#include <string>
#include <vector>

#include "math/arena.h"
#include "math/kernel_table.h"
#include "nn/params.h"
#include "softac/choices.h"
#include "softac/rng.h"

namespace softac {

struct MlpShape {
  int in = 0;
  std::vector<int> hidden;  // at least one
  int out = 0;
  bool head = false;  // one-column output
  Activation activation = Activation::relu;
};

// What a forward pass leaves for the backward pass, for up to a fixed number of rows.
template <class T>
struct MlpTape {
  std::vector<Panels<T>> y;  // (rows, hidden_l) activation outputs
  std::vector<Panels<T>> z;  // (rows, hidden_l) activation inputs; empty unless the activation's gradient needs them
  // What act' of layer l reads.
  const Panels<T>& saved(std::size_t layer) const { return z.empty() ? y[layer] : z[layer]; }
};

// Gradients of the hidden layers' pre-activations that a backward pass leaves: (rows, hidden_l).
template <class T>
struct MlpGradients {
  std::vector<Panels<T>> d_z;
};

// Transposed weights for passing gradients to inputs: of every layer but the first, and of the first layer's input
// columns [first_column, first_column + num_columns). Derived from the parameters by Mlp::transpose.
template <class T>
struct MlpTransposes {
  std::vector<Panels<T>> hidden;  // (hidden_l, hidden_{l−1}) at index l; index 0 unused
  Panels<T> output;               // (out, hidden_last); matrix output only
  Panels<T> input;                // (hidden_0, num_columns); empty if num_columns = 0
  int first_column = 0;
};

template <class T>
class Mlp {
 public:
  Mlp(const std::string& name, MlpShape shape, ParamLayout& layout);

  const MlpShape& shape() const { return shape_; }
  MlpTape<T> make_tape(Arena& arena, int rows) const;
  MlpGradients<T> make_gradients(Arena& arena, int rows) const;
  MlpTransposes<T> make_transposes(Arena& arena, int first_column, int num_columns) const;
  int widest() const;  // widest hidden layer: columns that scratch matrices need

  // Uniform in ±1/√in for weights and biases (PyTorch's default for linear layers).
  void init(T* params, Rng& rng) const;

  // The passes below work on the calling thread. Rows are independent of each other, weight tasks too: whoever has
  // threads divides them. Row r of an argument with its own first row (`at`, `d_at`) lies at row at + r.

  // x (count, in) through the net; the tape's rows at … at + count − 1 are written. out: (count, out).
  void forward(const KernelTable<T>& k, const T* params, Panels<const T> x, const MlpTape<T>& tape, int at,
               Panels<T> out) const;
  // The same with a one-column output: q[0 … count).
  void forward(const KernelTable<T>& k, const T* params, Panels<const T> x, const MlpTape<T>& tape, int at, T* q) const;

  // d_z of every hidden layer from d_out (count, out), resp. from d_q (count).
  void backward(const KernelTable<T>& k, const MlpTape<T>& tape, int at, const MlpTransposes<T>& wt,
                Panels<const T> d_out, const MlpGradients<T>& d, int d_at) const;
  // tape_rows: row r's forward pass left its tape in row at + tape_rows[r]; null: in row at + r.
  void backward(const KernelTable<T>& k, const T* params, const MlpTape<T>& tape, int at, const int* tape_rows,
                const MlpTransposes<T>& wt, const T* d_q, int count, const MlpGradients<T>& d, int d_at) const;

  // Gradient of the input columns that `wt` was made for, from the d_z of the same rows. d_x: (count, columns).
  void backward_input(const KernelTable<T>& k, const MlpTransposes<T>& wt, const MlpGradients<T>& d, int d_at,
                      Panels<T> d_x) const;

  // What a weight task needs. x (rows, in) is the net's input; of d_out and d_q the one that belongs to the output.
  struct WeightPass {
    Panels<const T> x;
    const MlpTape<T>& tape;
    const MlpGradients<T>& d;
    Panels<const T> d_out;
    const T* d_q;
    T* d_params;  // the whole vector's gradient, overwritten
  };
  int num_weight_tasks() const { return num_weight_tasks_; }
  // Parameter gradients of one task's part.
  void weight_task(const KernelTable<T>& k, const WeightPass& pass, int task) const;

  void transpose(const KernelTable<T>& k, const T* params, MlpTransposes<T>& wt) const;

  // Multiply-adds of a forward pass, per row.
  std::int64_t cost_per_row() const;

 private:
  void hidden_forward(const KernelTable<T>& k, const T* params, Panels<const T> x, const MlpTape<T>& tape,
                      int at) const;
  void hidden_backward(const KernelTable<T>& k, const MlpTape<T>& tape, int at, const int* tape_rows,
                       const MlpTransposes<T>& wt, int count, const MlpGradients<T>& d, int d_at) const;
  // Whether `layer` leaves zeros (in its outputs, and in the gradients behind its mask) that are worth leaving out of a
  // product with that many columns: chains along a list need some beside them.
  bool skip_zeros(std::size_t layer, int columns) const;
  // How a layer's weight gradient is computed and divided into tasks.
  struct WeightSplit {
    bool skip_zeros;
    int pieces, pieces_per_task, tasks;
  };
  WeightSplit weight_split(std::size_t layer) const;

  MlpShape shape_;
  std::vector<Slot> slots_;  // hidden layers, then the output
  int num_weight_tasks_ = 0;
};

extern template class Mlp<float>;
extern template class Mlp<double>;

}  // namespace softac
