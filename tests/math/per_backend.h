// What the tests of every backend share: the backend's kernels and the reference, and matrices to try them on.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "math/arena.h"
#include "math/backend.h"
#include "softac/rng.h"

namespace softac {

inline constexpr Activation kActivations[] = {Activation::relu, Activation::tanh, Activation::elu, Activation::silu};

class PerBackend : public testing::TestWithParam<std::string> {
 protected:
  PerBackend() : fast_(select_kernels<float>(GetParam())), reference_(*reference_table_float()) {}

  Panels<float> random_panels(int rows, int cols, float scale = 1.0f) {
    auto m = arena_.panels<float>(rows, cols);
    for (int r = 0; r < rows; ++r) {
      for (int c = 0; c < cols; ++c) m.at(r, c) = scale * static_cast<float>(rng_.normal());
    }
    return m;
  }
  // Output memory starts as NaN, so an element that is not written is seen.
  Panels<float> nan_panels(int rows, int cols) {
    auto m = arena_.panels<float>(rows, cols);
    std::fill_n(m.data, m.panel_stride * num_panels(cols), std::numeric_limits<float>::quiet_NaN());
    return m;
  }
  // Some elements zero of either sign: none, some, half, nearly all or all of them.
  Panels<float> panels_with_zeros(int rows, int cols) {
    const auto m = random_panels(rows, cols);
    const double zeros = std::vector{0.0, 0.2, 0.5, 0.95, 1.0}[rng_.below(5)];
    for (int r = 0; r < rows; ++r) {
      for (int c = 0; c < cols; ++c) {
        if (rng_.uniform() < zeros) m.at(r, c) = rng_.below(2) == 0 ? 0.0f : -0.0f;
      }
    }
    return m;
  }
  std::vector<float> random_vector(int n) {
    std::vector<float> out(static_cast<std::size_t>(n));
    for (float& x : out) x = static_cast<float>(rng_.normal());
    return out;
  }
  static void expect_same(const float* a, const float* b, std::ptrdiff_t n) {
    if (n == 0) return;  // perhaps of no vector at all
    ASSERT_EQ(std::memcmp(a, b, static_cast<std::size_t>(n) * sizeof(float)), 0);
  }
  static void expect_same(Panels<float> a, Panels<float> b) {
    for (int p = 0; p < num_panels(a.cols); ++p) expect_same(a.panel(p), b.panel(p), std::ptrdiff_t{a.rows} * kLanes);
  }

  Arena arena_;
  Rng rng_{5, StreamKind::test};
  const KernelTable<float>& fast_;
  const KernelTable<float>& reference_;
};

}  // namespace softac
