#include "nn/dense.h"

#include <algorithm>

#include "math/activation.h"
#include "nn/init.h"

namespace softac {
namespace {

// Chains along a list of non-zeros need some columns beside each other to be worth making the list.
bool enough_columns(int columns) {
  return num_panels(columns) >= 4;
}

}  // namespace

template <class T>
Dense<T>::Dense(Slot slot, std::optional<Activation> activation, WeightInit init)
    : Block<T>(std::move(slot)),
      activation_(activation),
      init_(init),
      weight_split_(split(this->slot(), activation == Activation::relu)) {}

// The pieces that one task takes together share what they read of d_y, or of x with skip_zeros. Wide layers have pieces
// enough for all threads.
template <class T>
auto Dense<T>::split(const Slot& slot, bool zeros) -> WeightSplit {
  const bool skips = zeros && enough_columns(slot.in);
  const int pieces = num_weight_pieces(slot.in, num_panels(slot.out), skips);
  const int per_task = skips ? 4 : slot.in >= 1024 ? 8 : slot.in >= 512 ? 4 : 2;
  return {skips, pieces, per_task, (pieces + per_task - 1) / per_task};
}

template <class T>
BlockTape<T> Dense<T>::make_tape(Arena& arena, int rows) const {
  BlockTape<T> tape;
  tape.y = arena.panels<T>(rows, this->out());
  if (activation_ && needs_input(*activation_)) tape.z = arena.panels<T>(rows, this->out());
  return tape;
}

template <class T>
Panels<T> Dense<T>::make_transpose(Arena& arena, int columns) const {
  return columns > 0 ? arena.panels<T>(this->out(), columns) : Panels<T>{};
}

template <class T>
void Dense<T>::transpose(const KernelTable<T>& k, const T* params, int first_column, const Panels<T>& out) const {
  if (out.cols == 0) return;
  const Slot& slot = this->slot();
  k.transpose({params + slot.offset, slot.stride(), slot.out, first_column, out.cols, out.data, out.panel_stride}, 0,
              num_panels(out.cols));
}

template <class T>
void Dense<T>::init(T* params, Rng& rng) const {
  init_weights(init_, this->slot(), 0, this->out(), params, rng);
}

template <class T>
Gate<T> Dense<T>::gate(const BlockTape<T>& tape) const {
  if (!activation_) return {};
  return {needs_input(*activation_) ? tape.z : tape.y, *activation_};
}

// y = act(x W + b)
template <class T>
void Dense<T>::forward(const KernelTable<T>& k, NetworkValues<T> values, Panels<const T> x, bool skip_zeros,
                       const BlockTape<T>& tape, int at) const {
  const Slot& slot = this->slot();
  const auto y = tape.y.rows_from(at, x.rows);
  T* z = tape.z.data ? tape.z.rows_from(at, x.rows).data : nullptr;
  k.linear_forward({x.data, x.panel_stride, values.params + slot.offset, slot.stride(), slot.in, num_panels(slot.out),
                    y.data, y.panel_stride, z, activation_.has_value(), activation_.value_or(Activation::relu),
                    skip_zeros && enough_columns(slot.out)},
                   0, x.rows);
}

// y = x W + b:  d_x = (d_y Wᵀ) · act'(x)
template <class T>
void Dense<T>::backward(const KernelTable<T>& k, NetworkValues<T>, const Panels<T>& transposed, const BlockTape<T>&,
                        TapeRows rows, Panels<const T> d, const Gate<T>& below, Panels<T> d_x) const {
  const T* saved = below.saved.data ? below.saved.rows_from(rows.first, d.rows).data : nullptr;
  k.linear_backward_input({d.data, d.panel_stride, transposed.data, transposed.panel_stride, this->out(),
                           num_panels(transposed.cols), saved, below.saved.panel_stride, rows.order, below.activation,
                           d_x.data, d_x.panel_stride, leaves_zeros() && enough_columns(transposed.cols)},
                          0, d.rows);
}

// d_W = xᵀ d_y, d_b = Σ d_y
template <class T>
void Dense<T>::weight_task(const KernelTable<T>& k, Panels<const T> x, const BlockTape<T>&, Panels<const T> d,
                           T* d_params, int task) const {
  const Slot& slot = this->slot();
  const int first = task * weight_split_.pieces_per_task;
  k.linear_backward_weights({x.data, x.panel_stride, d.data, d.panel_stride, d.rows, slot.in, num_panels(slot.out),
                             d_params + slot.offset, slot.stride(), weight_split_.skip_zeros},
                            first, std::min(first + weight_split_.pieces_per_task, weight_split_.pieces));
}

template <class T>
std::int64_t Dense<T>::cost_per_row() const {
  return std::int64_t{this->slot().in} * this->slot().out;
}

template <class T>
int describe_product(PolicyGraph& graph, const Slot& slot, const T* params, int first, int count, int x,
                     bool skip_zeros, const std::string& name) {
  const T* base = params + slot.offset;
  DenseStep step{slot.in, count, {}, {}, skip_zeros && enough_columns(slot.out)};
  for (int o = first; o < first + count; ++o) {
    for (int i = 0; i < slot.in; ++i) step.weight.push_back(static_cast<float>(base[slot.weight_index(o, i)]));
    step.bias.push_back(static_cast<float>(base[slot.bias_index(o)]));
  }
  return graph.add(std::move(step), {x}, name);
}
template int describe_product(PolicyGraph&, const Slot&, const float*, int, int, int, bool, const std::string&);
template int describe_product(PolicyGraph&, const Slot&, const double*, int, int, int, bool, const std::string&);

template <class T>
int Dense<T>::describe(PolicyGraph& graph, NetworkValues<T> values, int x, bool skip_zeros) const {
  const Slot& slot = this->slot();
  const int z = describe_product(graph, slot, values.params, 0, slot.out, x, skip_zeros, slot.name);
  return activation_ ? graph.add(ActivateStep{*activation_}, {z}) : z;
}

template class Dense<float>;
template class Dense<double>;

}  // namespace softac
