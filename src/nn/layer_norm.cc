#include "nn/layer_norm.h"

#include <algorithm>

#include "math/activation.h"

namespace softac {
namespace {
constexpr int kTaskPanels = 4;  // of a weight task
}

template <class T>
LayerNorm<T>::LayerNorm(Slot slot, double eps, std::optional<Activation> activation, bool centred)
    : Block<T>(std::move(slot)), eps_(static_cast<T>(eps)), activation_(activation), centred_(centred) {}

template <class T>
BlockTape<T> LayerNorm<T>::make_tape(Arena& arena, int rows) const {
  BlockTape<T> tape;
  tape.y = arena.panels<T>(rows, this->out());
  if (activation_ && needs_input(*activation_)) tape.z = arena.panels<T>(rows, this->out());
  tape.normalised = arena.panels<T>(rows, this->out());
  tape.inv_std = arena.take<T>(rows);
  return tape;
}

template <class T>
void LayerNorm<T>::init(T* params, Rng&) const {
  const Slot& slot = this->slot();
  for (int o = 0; o < slot.out; ++o) {
    params[slot.offset + slot.weight_index(o, 0)] = T(1);
    params[slot.offset + slot.bias_index(o)] = T(0);
  }
}

template <class T>
Gate<T> LayerNorm<T>::gate(const BlockTape<T>& tape) const {
  if (!activation_) return {};
  return {needs_input(*activation_) ? tape.z : tape.y, *activation_};
}

template <class T>
void LayerNorm<T>::forward(const KernelTable<T>& k, NetworkValues<T> values, Panels<const T> x, bool,
                           const BlockTape<T>& tape, int at) const {
  const auto y = tape.y.rows_from(at, x.rows);
  k.layer_norm_forward({.x = x.data,
                        .x_stride = x.panel_stride,
                        .w = values.params + this->slot().offset,
                        .cols = this->out(),
                        .eps = eps_,
                        .x_hat = tape.normalised.rows_from(at, x.rows).data,
                        .inv_std = tape.inv_std + at,
                        .y = y.data,
                        .y_stride = y.panel_stride,
                        .z = tape.z.data ? tape.z.rows_from(at, x.rows).data : nullptr,
                        .activate = activation_.has_value(),
                        .activation = activation_.value_or(Activation::relu),
                        .centred = centred_},
                       0, x.rows);
}

template <class T>
void LayerNorm<T>::backward(const KernelTable<T>& k, NetworkValues<T> values, const Panels<T>&,
                            const BlockTape<T>& tape, TapeRows rows, Panels<const T> d, const Gate<T>& below,
                            Panels<T> d_x) const {
  k.layer_norm_backward_input({.d_z = d.data,
                               .d_z_stride = d.panel_stride,
                               .w = values.params + this->slot().offset,
                               .cols = this->out(),
                               .x_hat = tape.normalised.rows_from(rows.first, d.rows).data,
                               .x_hat_stride = tape.normalised.panel_stride,
                               .inv_std = tape.inv_std + rows.first,
                               .tape_rows = rows.order,
                               .saved = below.saved.data ? below.saved.rows_from(rows.first, d.rows).data : nullptr,
                               .saved_stride = below.saved.panel_stride,
                               .activation = below.activation,
                               .d_x = d_x.data,
                               .d_x_stride = d_x.panel_stride,
                               .centred = centred_},
                              0, d.rows);
}

template <class T>
int LayerNorm<T>::num_weight_tasks() const {
  return (num_panels(this->out()) + kTaskPanels - 1) / kTaskPanels;
}

template <class T>
void LayerNorm<T>::weight_task(const KernelTable<T>& k, Panels<const T>, const BlockTape<T>& tape, Panels<const T> d,
                               T* d_params, int task) const {
  const int panels = num_panels(this->out()), first = task * kTaskPanels;
  k.layer_norm_backward_weights({.d_z = d.data,
                                 .d_z_stride = d.panel_stride,
                                 .x_hat = tape.normalised.data,
                                 .x_hat_stride = tape.normalised.panel_stride,
                                 .rows = d.rows,
                                 .panels = panels,
                                 .d_w = d_params + this->slot().offset},
                                first, std::min(first + kTaskPanels, panels));
}

template <class T>
std::int64_t LayerNorm<T>::cost_per_row() const {
  return std::int64_t{8} * this->out();
}

template <class T>
int LayerNorm<T>::describe(PolicyGraph& graph, NetworkValues<T> values, int x, bool) const {
  const Slot& slot = this->slot();
  LayerNormStep step{{}, {}, static_cast<float>(eps_), centred_};
  const T* params = values.params + slot.offset;
  for (int o = 0; o < slot.out; ++o) {
    step.gamma.push_back(static_cast<float>(params[slot.weight_index(o, 0)]));
    step.beta.push_back(static_cast<float>(params[slot.bias_index(o)]));
  }
  const int z = graph.add(std::move(step), {x}, slot.name);
  return activation_ ? graph.add(ActivateStep{*activation_}, {z}) : z;
}

template class LayerNorm<float>;
template class LayerNorm<double>;

}  // namespace softac
