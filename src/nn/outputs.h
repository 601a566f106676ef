// What a network puts out, or gradients with respect to it: (rows, cols) in panels, or, where there is one column, a
// plain vector.
#pragma once

#include <cstddef>

#include "math/arena.h"
#include "softac/panels.h"

namespace softac {

template <class T>
struct Outputs {
  T* data = nullptr;
  int rows = 0;
  int cols = 0;
  std::ptrdiff_t row_stride = 0;    // 16 in panels, 1 in a vector
  std::ptrdiff_t panel_stride = 0;  // elements from one panel to the next

  T& at(int r, int c) const { return data[(c / kLanes) * panel_stride + r * row_stride + c % kLanes]; }
  Outputs rows_from(int first, int count) const {
    return {data + first * row_stride, count, cols, row_stride, panel_stride};
  }
  Panels<T> panels() const { return {data, rows, cols, panel_stride}; }  // cols > 1
  T* column() const { return data; }                                     // cols = 1
  operator Outputs<const T>() const requires(!__is_same(T, const T)) {
    return {data, rows, cols, row_stride, panel_stride};
  }
};

template <class T>
Outputs<T> as_outputs(const Panels<T>& x) {
  return {x.data, x.rows, x.cols, kLanes, x.panel_stride};
}

template <class T>
Outputs<T> make_outputs(Arena& arena, int rows, int cols) {
  if (cols == 1) return {arena.take<T>(rows), rows, 1, 1, 0};
  return as_outputs(arena.panels<T>(rows, cols));
}

}  // namespace softac
