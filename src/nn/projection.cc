#include "nn/projection.h"

#include <algorithm>
#include <cmath>

#include "math/lane_tree.h"

namespace softac {
namespace {

constexpr int kTaskPanels = 4;
constexpr double kLeastLength = 1e-8;

double unit_factor(double squares) {
  return 1.0 / std::max(std::sqrt(squares), kLeastLength);
}

// The weights of 16 outputs lie beside each other; those of unused columns are zero and stay so.
template <class T>
void unit_panel(const Slot& slot, int panel, T* params) {
  T* w = params + slot.offset + panel * slot.stride();
  double squares[kLanes] = {};
  for (int i = 0; i < slot.in; ++i) {
    const T* at = w + Stride{i} * kLanes;
    for (int l = 0; l < kLanes; ++l) squares[l] += static_cast<double>(at[l]) * static_cast<double>(at[l]);
  }
  T factor[kLanes];
  for (int l = 0; l < kLanes; ++l) factor[l] = static_cast<T>(unit_factor(squares[l]));
  for (int i = 0; i < slot.in; ++i) {
    T* at = w + Stride{i} * kLanes;
    for (int l = 0; l < kLanes; ++l) at[l] *= factor[l];
  }
}

// Σ x² over whole panels.
template <class T>
double lane_squares(const T* x, std::int64_t size) {
  double lane[kLanes] = {};
  for (std::int64_t i = 0; i < size; i += kLanes) {
    for (int l = 0; l < kLanes; ++l) lane[l] += static_cast<double>(x[i + l]) * static_cast<double>(x[i + l]);
  }
  return lane_tree(lane);
}

template <class T>
void scale(T* x, std::int64_t size, double factor) {
  const T f = static_cast<T>(factor);
  for (std::int64_t i = 0; i < size; ++i) x[i] *= f;
}

}  // namespace

template <class T>
Projection<T>::Projection(WeightNorm rule, const ParamLayout& layout) {
  for (const Slot& slot : layout.slots()) {
    if (rule == WeightNorm::none || (slot.kind == SlotKind::norm && rule == WeightNorm::rows)) continue;
    const int panels = slot.kind == SlotKind::matrix ? num_panels(slot.out) : 1;
    for (int first = 0; first < panels; first += kTaskPanels)
      tasks_.push_back({slot, first, std::min(first + kTaskPanels, panels)});
    size_ += slot.size();
  }
}

template <class T>
void Projection<T>::run(const Task& task, T* params) {
  const Slot& slot = task.slot;
  T* base = params + slot.offset;
  if (slot.kind == SlotKind::matrix) {
    for (int p = task.first_panel; p < task.last_panel; ++p) unit_panel(slot, p, params);
  } else if (slot.kind == SlotKind::column) {
    const std::int64_t size = std::int64_t{num_panels(slot.in)} * kLanes;
    scale(base, size, unit_factor(lane_squares(base, size)));
  } else {
    scale(base, slot.size(), std::sqrt(slot.out / (lane_squares(base, slot.size()) + 1e-8)));
  }
}

template <class T>
void Projection<T>::apply(T* params) const {
  for (const Task& task : tasks_) run(task, params);
}

template <class T>
void Projection<T>::apply(Backend<T>& backend, T* params) const {
  backend.for_tasks(static_cast<int>(tasks_.size()), size_ * 4, [&](int task, int) { run(tasks_[task], params); });
}

template class Projection<float>;
template class Projection<double>;

}  // namespace softac
