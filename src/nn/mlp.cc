#include "nn/mlp.h"

#include <algorithm>
#include <cmath>

#include "math/activation.h"
#include "softac/error.h"

namespace softac {

template <class T>
Mlp<T>::Mlp(const std::string& name, MlpShape shape, ParamLayout& layout) : shape_(std::move(shape)) {
  SOFTAC_REQUIRE(!shape_.hidden.empty() && shape_.in > 0 && shape_.out > 0, shape_.in, shape_.out);
  SOFTAC_REQUIRE(!shape_.head || shape_.out == 1, shape_.out);
  int in = shape_.in;
  for (std::size_t l = 0; l < shape_.hidden.size(); ++l) {
    slots_.push_back(layout.slot(layout.add(name + ".layers." + std::to_string(l), in, shape_.hidden[l], false)));
    in = shape_.hidden[l];
  }
  slots_.push_back(layout.slot(layout.add(name + ".output", in, shape_.out, shape_.head)));
  for (std::size_t l = 0; l < slots_.size(); ++l) num_weight_tasks_ += weight_split(l).tasks;
}

template <class T>
MlpTape<T> Mlp<T>::make_tape(Arena& arena, int rows) const {
  MlpTape<T> tape;
  for (int width : shape_.hidden) {
    tape.y.push_back(arena.panels<T>(rows, width));
    if (needs_input(shape_.activation))
      tape.z.push_back({arena.take<T>(static_cast<std::size_t>(tape.y.back().panel_stride) *
                                      static_cast<std::size_t>(num_panels(width))),
                        rows, width, tape.y.back().panel_stride});
  }
  return tape;
}

template <class T>
MlpGradients<T> Mlp<T>::make_gradients(Arena& arena, int rows) const {
  MlpGradients<T> d;
  for (int width : shape_.hidden) d.d_z.push_back(arena.panels<T>(rows, width));
  return d;
}

template <class T>
MlpTransposes<T> Mlp<T>::make_transposes(Arena& arena, int first_column, int num_columns) const {
  MlpTransposes<T> out;
  out.hidden.resize(shape_.hidden.size());
  for (std::size_t l = 1; l < shape_.hidden.size(); ++l)
    out.hidden[l] = arena.panels<T>(shape_.hidden[l], shape_.hidden[l - 1]);
  if (!shape_.head) out.output = arena.panels<T>(shape_.out, shape_.hidden.back());
  if (num_columns > 0) out.input = arena.panels<T>(shape_.hidden.front(), num_columns);
  out.first_column = first_column;
  return out;
}

template <class T>
int Mlp<T>::widest() const {
  return *std::max_element(shape_.hidden.begin(), shape_.hidden.end());
}

template <class T>
void Mlp<T>::init(T* params, Rng& rng) const {
  for (const Slot& slot : slots_) {
    const double bound = 1.0 / std::sqrt(static_cast<double>(slot.in));
    T* base = params + slot.offset;
    for (int o = 0; o < slot.out; ++o) {
      for (int i = 0; i < slot.in; ++i) base[slot.weight_index(o, i)] = static_cast<T>(rng.uniform(-bound, bound));
      base[slot.bias_index(o)] = static_cast<T>(rng.uniform(-bound, bound));
    }
  }
}

template <class T>
std::int64_t Mlp<T>::cost_per_row() const {
  std::int64_t cost = 0;
  for (const Slot& slot : slots_) cost += std::int64_t{slot.in} * slot.out;
  return cost;
}

// y_l = act(y_{l−1} W_l + b_l)
template <class T>
void Mlp<T>::hidden_forward(const KernelTable<T>& k, const T* params, Panels<const T> x, const MlpTape<T>& tape,
                            int at) const {
  Panels<const T> input = x;
  for (std::size_t l = 0; l < shape_.hidden.size(); ++l) {
    const Slot& slot = slots_[l];
    const auto y = tape.y[l].rows_from(at, x.rows);
    T* z = tape.z.empty() ? nullptr : tape.z[l].rows_from(at, x.rows).data;
    k.linear_forward(
        {input.data, input.panel_stride, params + slot.offset, slot.stride(), slot.in, num_panels(slot.out), y.data,
         y.panel_stride, z, true, shape_.activation, l > 0 && skip_zeros(l - 1, slot.out)},
        0, x.rows);
    input = y;
  }
}

template <class T>
void Mlp<T>::forward(const KernelTable<T>& k, const T* params, Panels<const T> x, const MlpTape<T>& tape, int at,
                     Panels<T> out) const {
  hidden_forward(k, params, x, tape, at);
  const Slot& slot = slots_.back();
  const auto h = tape.y.back().rows_from(at, x.rows);
  k.linear_forward({h.data, h.panel_stride, params + slot.offset, slot.stride(), slot.in, num_panels(slot.out),
                    out.data, out.panel_stride, nullptr, false, shape_.activation},
                   0, x.rows);
}

template <class T>
void Mlp<T>::forward(const KernelTable<T>& k, const T* params, Panels<const T> x, const MlpTape<T>& tape, int at,
                     T* q) const {
  hidden_forward(k, params, x, tape, at);
  const Slot& slot = slots_.back();
  const auto h = tape.y.back().rows_from(at, x.rows);
  k.head_forward({h.data, h.panel_stride, num_panels(slot.in), params + slot.offset, q}, 0, x.rows);
}

// y = y_L W + b:  d_z_L = (d_y Wᵀ) · act'
template <class T>
void Mlp<T>::backward(const KernelTable<T>& k, const MlpTape<T>& tape, int at, const MlpTransposes<T>& wt,
                      Panels<const T> d_out, const MlpGradients<T>& d, int d_at) const {
  const Slot& slot = slots_.back();
  const auto saved = tape.saved(shape_.hidden.size() - 1).rows_from(at, d_out.rows);
  const auto d_top = d.d_z.back().rows_from(d_at, d_out.rows);
  k.linear_backward_input(
      {d_out.data, d_out.panel_stride, wt.output.data, wt.output.panel_stride, slot.out, num_panels(slot.in),
       saved.data, saved.panel_stride, nullptr, shape_.activation, d_top.data, d_top.panel_stride},
      0, d_out.rows);
  hidden_backward(k, tape, at, nullptr, wt, d_out.rows, d, d_at);
}

// q = y_L · w + b:  d_z_L = d_q w · act'
template <class T>
void Mlp<T>::backward(const KernelTable<T>& k, const T* params, const MlpTape<T>& tape, int at, const int* tape_rows,
                      const MlpTransposes<T>& wt, const T* d_q, int count, const MlpGradients<T>& d, int d_at) const {
  const Slot& slot = slots_.back();
  const auto saved = tape.saved(shape_.hidden.size() - 1).rows_from(at, count);
  const auto d_top = d.d_z.back().rows_from(d_at, count);
  k.head_backward_input({d_q, params + slot.offset, num_panels(slot.in), saved.data, saved.panel_stride, tape_rows,
                         shape_.activation, d_top.data, d_top.panel_stride},
                        0, count);
  hidden_backward(k, tape, at, tape_rows, wt, count, d, d_at);
}

// y_l = act(y_{l−1} W_l + b_l):  d_z_{l−1} = (d_z_l W_lᵀ) · act'
template <class T>
void Mlp<T>::hidden_backward(const KernelTable<T>& k, const MlpTape<T>& tape, int at, const int* tape_rows,
                             const MlpTransposes<T>& wt, int count, const MlpGradients<T>& d, int d_at) const {
  for (std::size_t l = shape_.hidden.size() - 1; l > 0; --l) {
    const auto d_z = d.d_z[l].rows_from(d_at, count), d_below = d.d_z[l - 1].rows_from(d_at, count);
    const auto saved = tape.saved(l - 1).rows_from(at, count);
    k.linear_backward_input({d_z.data, d_z.panel_stride, wt.hidden[l].data, wt.hidden[l].panel_stride, slots_[l].out,
                             num_panels(slots_[l].in), saved.data, saved.panel_stride, tape_rows, shape_.activation,
                             d_below.data, d_below.panel_stride, skip_zeros(l, slots_[l].in)},
                            0, count);
  }
}

template <class T>
void Mlp<T>::backward_input(const KernelTable<T>& k, const MlpTransposes<T>& wt, const MlpGradients<T>& d, int d_at,
                            Panels<T> d_x) const {
  const auto d_z = d.d_z.front().rows_from(d_at, d_x.rows);
  k.linear_backward_input(
      {d_z.data, d_z.panel_stride, wt.input.data, wt.input.panel_stride, slots_.front().out, num_panels(wt.input.cols),
       nullptr, 0, nullptr, shape_.activation, d_x.data, d_x.panel_stride},
      0, d_x.rows);
}

template <class T>
bool Mlp<T>::skip_zeros(std::size_t layer, int columns) const {
  return layer < shape_.hidden.size() && shape_.activation == Activation::relu && num_panels(columns) >= 4;
}

// The pieces that one task takes together share what they read of d_y, or of x with skip_zeros. Wide layers have pieces
// enough for all threads.
template <class T>
auto Mlp<T>::weight_split(std::size_t layer) const -> WeightSplit {
  const Slot& slot = slots_[layer];
  const bool skips = skip_zeros(layer, slot.in);
  const int pieces = num_weight_pieces(slot.in, num_panels(slot.out), skips);
  const int per_task = skips ? 4 : slot.in >= 1024 ? 8 : slot.in >= 512 ? 4 : 2;
  return {skips, pieces, per_task, slot.head ? 1 : (pieces + per_task - 1) / per_task};
}

// d_W = xᵀ d_y, d_b = Σ d_y
template <class T>
void Mlp<T>::weight_task(const KernelTable<T>& k, const WeightPass& pass, int task) const {
  std::size_t l = 0;
  WeightSplit split = weight_split(l);
  for (; task >= split.tasks; split = weight_split(++l)) task -= split.tasks;
  const Slot& slot = slots_[l];
  const Panels<const T> x = l == 0 ? pass.x : Panels<const T>(pass.tape.y[l - 1]);
  T* d_w = pass.d_params + slot.offset;
  if (slot.head) {
    const int panels = num_panels(slot.in);
    k.head_backward_weights({x.data, x.panel_stride, pass.d_q, pass.x.rows, panels, d_w}, 0, panels + 1);
    return;
  }
  const Panels<const T> d_y = l < shape_.hidden.size() ? Panels<const T>(pass.d.d_z[l]) : pass.d_out;
  const int first = task * split.pieces_per_task;
  k.linear_backward_weights({x.data, x.panel_stride, d_y.data, d_y.panel_stride, pass.x.rows, slot.in,
                             num_panels(slot.out), d_w, slot.stride(), split.skip_zeros},
                            first, std::min(first + split.pieces_per_task, split.pieces));
}

template <class T>
void Mlp<T>::transpose(const KernelTable<T>& k, const T* params, MlpTransposes<T>& wt) const {
  const auto one = [&](const Slot& slot, int first, int count, const Panels<T>& out) {
    k.transpose({params + slot.offset, slot.stride(), slot.out, first, count, out.data, out.panel_stride}, 0,
                num_panels(count));
  };
  for (std::size_t l = 1; l < shape_.hidden.size(); ++l) one(slots_[l], 0, slots_[l].in, wt.hidden[l]);
  if (!shape_.head) one(slots_.back(), 0, slots_.back().in, wt.output);
  if (wt.input.cols > 0) one(slots_.front(), wt.first_column, wt.input.cols, wt.input);
}

template class Mlp<float>;
template class Mlp<double>;

}  // namespace softac
