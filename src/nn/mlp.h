// Multi-layer perceptron: hidden layers y_l = act(y_{l−1} W_l + b_l), then a linear output, either a matrix (the
// actor's 2A columns) or one column (a critic's Q). Const: parameters, tapes and scratch are the caller's.
#pragma once

#include <string>
#include <vector>

#include "math/arena.h"
#include "math/backend.h"
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
  MlpTransposes<T> make_transposes(Arena& arena, int first_column, int num_columns) const;
  int widest() const;  // widest hidden layer: columns that scratch matrices need

  // Uniform in ±1/√in for weights and biases (PyTorch's default for linear layers).
  void init(T* params, Rng& rng) const;

  // Rows [first, first + count) of x (·, in) through the net. out: (·, out) for a matrix output, rows as in x.
  void forward(Backend<T>& backend, const T* params, Panels<const T> x, MlpTape<T>& tape, Panels<T> out, int first,
               int count) const;
  // The same with a one-column output; q[r] for r in the range.
  void forward(Backend<T>& backend, const T* params, Panels<const T> x, MlpTape<T>& tape, T* q, int first,
               int count) const;

  void transpose(Backend<T>& backend, const T* params, MlpTransposes<T>& transposes) const;

  // Gradients of the parameters from d_out, over rows [0, count). d_h: two scratch matrices (count, widest).
  // Overwrites d_params completely.
  void backward(Backend<T>& backend, const T* params, Panels<const T> x, const MlpTape<T>& tape,
                const MlpTransposes<T>& wt, Panels<const T> d_out, T* d_params, Panels<T> (&d_h)[2], int count) const;
  void backward(Backend<T>& backend, const T* params, Panels<const T> x, const MlpTape<T>& tape,
                const MlpTransposes<T>& wt, const T* d_q, T* d_params, Panels<T> (&d_h)[2], int count) const;

  // Gradient of the input columns that `wt` was made for, over rows [first, first + count); no parameter gradient.
  void backward_input(Backend<T>& backend, const T* params, const MlpTape<T>& tape, const MlpTransposes<T>& wt,
                      const T* d_q, Panels<T> d_x, Panels<T> (&d_h)[2], int first, int count) const;

 private:
  void hidden_forward(Backend<T>& backend, const T* params, Panels<const T> x, MlpTape<T>& tape, int first,
                      int count) const;
  Panels<T> hidden_backward(Backend<T>& backend, const MlpTape<T>& tape, const MlpTransposes<T>& wt, Panels<const T> x,
                            T* d_params, Panels<T> (&d_h)[2], int first, int count) const;
  void weight_gradient(Backend<T>& backend, const Slot& slot, Panels<const T> x, Panels<const T> d_y, T* d_params,
                       int count) const;

  MlpShape shape_;
  std::vector<Slot> slots_;  // hidden layers, then the output
};

extern template class Mlp<float>;
extern template class Mlp<double>;

}  // namespace softac
