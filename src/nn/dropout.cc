#include "nn/dropout.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/elementary_scalar.h"
#include "math/activation.h"

namespace softac {

// The slot only names the block and says its width.
template <class T>
Dropout<T>::Dropout(const std::string& name, int width, double rate, std::optional<Activation> activation)
    : Block<T>(Slot{name, 1, width, SlotKind::norm}),
      per_log_keep_(1.0 - rate < 1.0 ? 1.0 / log_of(1.0 - rate) : -std::numeric_limits<double>::infinity()),
      scale_(static_cast<T>(1.0 / (1.0 - rate))),
      activation_(activation) {}

template <class T>
BlockTape<T> Dropout<T>::make_tape(Arena& arena, int rows) const {
  BlockTape<T> tape;
  tape.y = arena.panels<T>(rows, this->out());
  if (activation_ && needs_input(*activation_)) tape.z = arena.panels<T>(rows, this->out());
  return tape;
}

template <class T>
Gate<T> Dropout<T>::gate(const BlockTape<T>& tape) const {
  if (!activation_) return {};
  return {needs_input(*activation_) ? tape.z : tape.y, *activation_};
}

// From one dropped element of a row to the next it is ⌊log u/log(1 − p)⌋ elements, geometric: at small p far fewer
// draws than elements.
template <class T>
void Dropout<T>::draw_mask(const BlockTape<T>& tape, int at, int count, const DropoutPass& pass, int layer) const {
  const int width = this->out();
  const Panels<T> mask = tape.mask.rows_from(at, count);
  for (int p = 0; p < num_panels(width); ++p) std::fill_n(mask.panel(p), std::ptrdiff_t{count} * kLanes, scale_);
  const std::uint32_t stream = (pass.pass << 11) | static_cast<std::uint32_t>(pass.network << 5 | layer);
  const std::uint64_t words_per_row = (static_cast<std::uint64_t>(width) + 4) / 4 * 4;
  for (int r = 0; r < count; ++r) {
    Rng rng(pass.seed, StreamKind::dropout, stream);
    const auto row = static_cast<std::uint64_t>(pass.first_row + r);
    rng.set_position((static_cast<std::uint64_t>(pass.update) << 20 | row) * words_per_row);
    for (int c = 0;; ++c) {
      const double u = (static_cast<double>(rng.next_u32()) + 1.0) * 0x1p-32;
      const double kept = std::floor(log_of(u) * per_log_keep_);
      if (!(kept < width - c)) break;
      c += static_cast<int>(kept);
      mask.at(r, c) = T(0);
    }
  }
}

template <class T>
void Dropout<T>::forward(const KernelTable<T>&, NetworkValues<T>, Panels<const T> x, bool, const BlockTape<T>& tape,
                         int at) const {
  const Panels<T> y = tape.y.rows_from(at, x.rows);
  const std::ptrdiff_t count = std::ptrdiff_t{x.rows} * kLanes;
  for (int p = 0; p < num_panels(x.cols); ++p) {
    const T* from = x.panel(p);
    const T* mask = tape.mask.data ? tape.mask.rows_from(at, x.rows).panel(p) : nullptr;
    T* to = y.panel(p);
    if (mask) {
      for (std::ptrdiff_t i = 0; i < count; ++i) to[i] = from[i] * mask[i];
    } else {
      std::copy_n(from, count, to);
    }
    if (tape.z.data) std::copy_n(to, count, tape.z.rows_from(at, x.rows).panel(p));
    if (!activation_) continue;
    for (std::ptrdiff_t i = 0; i < count; ++i) to[i] = activate(*activation_, elementary::Scalar<T>(to[i])).v;
  }
}

// d_x = d ⊙ mask
template <class T>
void Dropout<T>::backward(const KernelTable<T>&, NetworkValues<T>, const Panels<T>&, const BlockTape<T>& tape,
                          TapeRows rows, Panels<const T> d, const Gate<T>&, Panels<T> d_x) const {
  for (int p = 0; p < num_panels(this->out()); ++p) {
    const T *from = d.panel(p), *mask = tape.mask.panel(p);
    T* to = d_x.panel(p);
    for (int r = 0; r < d.rows; ++r) {
      const std::ptrdiff_t row = rows.first + (rows.order ? rows.order[r] : r);
      for (int l = 0; l < kLanes; ++l)
        to[std::ptrdiff_t{r} * kLanes + l] = from[std::ptrdiff_t{r} * kLanes + l] * mask[row * kLanes + l];
    }
  }
}

template <class T>
int Dropout<T>::describe(PolicyGraph& graph, NetworkValues<T>, int x, bool) const {
  return activation_ ? graph.add(ActivateStep{*activation_}, {x}) : x;
}

template class Dropout<float>;
template class Dropout<double>;

}  // namespace softac
