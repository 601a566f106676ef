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
void Mlp<T>::hidden_forward(Backend<T>& backend, const T* params, Panels<const T> x, MlpTape<T>& tape, int first,
                            int count) const {
  Panels<const T> input = x.rows_from(first, count);
  for (std::size_t l = 0; l < shape_.hidden.size(); ++l) {
    const Slot& slot = slots_[l];
    const auto y = tape.y[l].rows_from(first, count);
    T* z = tape.z.empty() ? nullptr : tape.z[l].rows_from(first, count).data;
    backend.forward({input.data, input.panel_stride, params + slot.offset, slot.stride(), slot.in, num_panels(slot.out),
                     y.data, y.panel_stride, z, true, shape_.activation},
                    count);
    input = y;
  }
}

template <class T>
void Mlp<T>::forward(Backend<T>& backend, const T* params, Panels<const T> x, MlpTape<T>& tape, Panels<T> out,
                     int first, int count) const {
  hidden_forward(backend, params, x, tape, first, count);
  const Slot& slot = slots_.back();
  const auto h = tape.y.back().rows_from(first, count);
  const auto y = out.rows_from(first, count);
  backend.forward({h.data, h.panel_stride, params + slot.offset, slot.stride(), slot.in, num_panels(slot.out), y.data,
                   y.panel_stride, nullptr, false, shape_.activation},
                  count);
}

template <class T>
void Mlp<T>::forward(Backend<T>& backend, const T* params, Panels<const T> x, MlpTape<T>& tape, T* q, int first,
                     int count) const {
  hidden_forward(backend, params, x, tape, first, count);
  const Slot& slot = slots_.back();
  const auto h = tape.y.back().rows_from(first, count);
  backend.head_forward({h.data, h.panel_stride, num_panels(slot.in), params + slot.offset, q + first}, count);
}

template <class T>
void Mlp<T>::transpose(Backend<T>& backend, const T* params, MlpTransposes<T>& wt) const {
  const auto one = [&](const Slot& slot, int first, int count, Panels<T>& out) {
    backend.transpose({params + slot.offset, slot.stride(), slot.out, first, count, out.data, out.panel_stride});
  };
  for (std::size_t l = 1; l < shape_.hidden.size(); ++l) one(slots_[l], 0, slots_[l].in, wt.hidden[l]);
  if (!shape_.head) one(slots_.back(), 0, slots_.back().in, wt.output);
  if (wt.input.cols > 0) one(slots_.front(), wt.first_column, wt.input.cols, wt.input);
}

// d_W = xᵀ d_y, d_b = Σ d_y.
template <class T>
void Mlp<T>::weight_gradient(Backend<T>& backend, const Slot& slot, Panels<const T> x, Panels<const T> d_y, T* d_params,
                             int count) const {
  backend.backward_weights({x.data, x.panel_stride, d_y.data, d_y.panel_stride, count, slot.in, num_panels(slot.out),
                            d_params + slot.offset, slot.stride()});
}

// From d_h[0] = gradient of the last hidden layer's pre-activation to that of the first, which is returned.
// y_l = act(y_{l−1} W_l + b_l):  d_z_{l−1} = (d_z_l W_lᵀ) · act'(·_{l−1}).
template <class T>
Panels<T> Mlp<T>::hidden_backward(Backend<T>& backend, const MlpTape<T>& tape, const MlpTransposes<T>& wt,
                                  Panels<const T> x, T* d_params, Panels<T> (&d_h)[2], int first, int count) const {
  int now = 0;
  for (std::size_t l = shape_.hidden.size() - 1; l > 0; --l) {
    const auto d_z = d_h[now].rows_from(first, count), d_below = d_h[1 - now].rows_from(first, count);
    if (d_params) weight_gradient(backend, slots_[l], tape.y[l - 1].rows_from(first, count), d_z, d_params, count);
    const auto saved = tape.saved(l - 1).rows_from(first, count);
    backend.backward_input({d_z.data, d_z.panel_stride, wt.hidden[l].data, wt.hidden[l].panel_stride, slots_[l].out,
                            num_panels(slots_[l].in), saved.data, saved.panel_stride, shape_.activation, d_below.data,
                            d_below.panel_stride},
                           count);
    now = 1 - now;
  }
  const auto d_z = d_h[now].rows_from(first, count);
  if (d_params) weight_gradient(backend, slots_.front(), x.rows_from(first, count), d_z, d_params, count);
  return d_z;
}

template <class T>
void Mlp<T>::backward(Backend<T>& backend, const T*, Panels<const T> x, const MlpTape<T>& tape,
                      const MlpTransposes<T>& wt, Panels<const T> d_out, T* d_params, Panels<T> (&d_h)[2],
                      int count) const {
  const Slot& slot = slots_.back();
  weight_gradient(backend, slot, tape.y.back(), d_out, d_params, count);
  const auto& saved = tape.saved(shape_.hidden.size() - 1);
  backend.backward_input(
      {d_out.data, d_out.panel_stride, wt.output.data, wt.output.panel_stride, slot.out, num_panels(slot.in),
       saved.data, saved.panel_stride, shape_.activation, d_h[0].data, d_h[0].panel_stride},
      count);
  hidden_backward(backend, tape, wt, x, d_params, d_h, 0, count);
}

template <class T>
void Mlp<T>::backward(Backend<T>& backend, const T* params, Panels<const T> x, const MlpTape<T>& tape,
                      const MlpTransposes<T>& wt, const T* d_q, T* d_params, Panels<T> (&d_h)[2], int count) const {
  const Slot& slot = slots_.back();
  const auto& h = tape.y.back();
  const auto& saved = tape.saved(shape_.hidden.size() - 1);
  backend.head_backward_weights({h.data, h.panel_stride, d_q, count, num_panels(slot.in), d_params + slot.offset});
  backend.head_backward_input({d_q, params + slot.offset, num_panels(slot.in), saved.data, saved.panel_stride,
                               shape_.activation, d_h[0].data, d_h[0].panel_stride},
                              count);
  hidden_backward(backend, tape, wt, x, d_params, d_h, 0, count);
}

template <class T>
void Mlp<T>::backward_input(Backend<T>& backend, const T* params, const MlpTape<T>& tape, const MlpTransposes<T>& wt,
                            const T* d_q, Panels<T> d_x, Panels<T> (&d_h)[2], int first, int count) const {
  const Slot& slot = slots_.back();
  const auto saved = tape.saved(shape_.hidden.size() - 1).rows_from(first, count);
  const auto d_top = d_h[0].rows_from(first, count);
  backend.head_backward_input({d_q + first, params + slot.offset, num_panels(slot.in), saved.data, saved.panel_stride,
                               shape_.activation, d_top.data, d_top.panel_stride},
                              count);
  const auto d_z = hidden_backward(backend, tape, wt, {}, nullptr, d_h, first, count);
  const auto out = d_x.rows_from(first, count);
  backend.backward_input({d_z.data, d_z.panel_stride, wt.input.data, wt.input.panel_stride, slots_.front().out,
                          num_panels(wt.input.cols), nullptr, 0, shape_.activation, out.data, out.panel_stride},
                         count);
}

template class Mlp<float>;
template class Mlp<double>;

}  // namespace softac
