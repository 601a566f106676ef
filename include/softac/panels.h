// Matrices whose batch is the row index, stored in panels of 16 columns: element (r, c) lies at
// data[(c / 16) * panel_stride + r * 16 + c % 16]. The unused columns of the last panel hold zeros.
#pragma once

#include <cstddef>

namespace softac {

inline constexpr int kLanes = 16;
constexpr int num_panels(int cols) {
  return (cols + kLanes - 1) / kLanes;
}

template <class T>
struct Panels {
  T* data = nullptr;
  int rows = 0;
  int cols = 0;
  std::ptrdiff_t panel_stride = 0;  // elements from one panel to the next: allocated rows × 16

  T& at(int r, int c) const { return data[(c / kLanes) * panel_stride + r * kLanes + c % kLanes]; }
  T* panel(int p) const { return data + p * panel_stride; }
  // Rows [first, first + count) of the same matrix.
  Panels rows_from(int first, int count) const { return {data + first * kLanes, count, cols, panel_stride}; }
  // The first `count` columns of the same matrix.
  Panels first_cols(int count) const { return {data, rows, count, panel_stride}; }
  operator Panels<const T>() const requires(!__is_same(T, const T)) { return {data, rows, cols, panel_stride}; }
};

// What one update reads, written by replay/ and by agent/.
template <class T>
struct BatchView {
  Panels<T> x;  // (2B × (O + A)): rows 0…B−1 hold [s | a], rows B…2B−1 [s' | ·]; replay writes all but the last A
                // columns of s' rows
  T* reward = nullptr;    // (B) n-step sum of discounted rewards
  T* discount = nullptr;  // (B) gamma^k × (1 − terminated), k = steps really taken
  int batch_size = 0;     // B
  int obs_dim = 0;        // O
  int act_dim = 0;        // A
};

}  // namespace softac
