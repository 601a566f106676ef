// Batch norm's kernels: every backend against the reference, bit for bit.
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "math/per_backend.h"

namespace softac {
namespace {

const int kCols[] = {1, 2, 15, 16, 17, 33, 70, 256};
const int kRows[] = {2, 7, 64, 129};

class BatchNormPerBackend : public PerBackend {
 protected:
  // Parameters or statistics of the columns, with zeros behind them.
  std::vector<float> columns(int cols, int parts = 1) {
    const int width = num_panels(cols) * kLanes;
    auto out = random_vector(parts * width);
    for (int p = 0; p < parts; ++p) {
      for (int c = cols; c < width; ++c) out[static_cast<std::size_t>(p * width + c)] = 0.0f;
    }
    return out;
  }
  // A matrix with numbers in the unused columns, as where other columns follow.
  Panels<float> crowded(int rows, int cols) {
    auto m = random_panels(rows, num_panels(cols) * kLanes, 2.0f);
    m.cols = cols;
    return m;
  }
  static void expect_zeros_behind(Panels<float> m) {
    for (int r = 0; r < m.rows; ++r) {
      for (int c = m.cols; c < num_panels(m.cols) * kLanes; ++c) ASSERT_EQ(m.at(r, c), 0.0f);
    }
  }
  int cut(int pieces) { return static_cast<int>(rng_.below(static_cast<std::uint64_t>(pieces + 1))); }
};

TEST_P(BatchNormPerBackend, Moments) {
  for (int cols : kCols) {
    for (int rows : kRows) {
      const auto x = crowded(rows + 3, cols);
      const int panels = num_panels(cols);
      std::vector<float> mean[2], variance[2];
      for (int i = 0; i < 2; ++i) {
        mean[i].assign(static_cast<std::size_t>(panels * kLanes), NAN);
        variance[i] = mean[i];
        const ColumnMoments<float> g{x.data, x.panel_stride, rows, cols, mean[i].data(), variance[i].data()};
        if (i == 0) {
          reference_.column_moments(g, 0, panels);
        } else {
          const int at = cut(panels);
          fast_.column_moments(g, at, panels);
          fast_.column_moments(g, 0, at);
        }
      }
      expect_same(mean[0].data(), mean[1].data(), panels * kLanes);
      expect_same(variance[0].data(), variance[1].data(), panels * kLanes);
      for (int c = cols; c < panels * kLanes; ++c) EXPECT_EQ(mean[1][static_cast<std::size_t>(c)], 0.0f);
      for (int c = 0; c < cols; ++c) EXPECT_GE(variance[1][static_cast<std::size_t>(c)], 0.0f);
    }
  }
}

TEST_P(BatchNormPerBackend, Forward) {
  for (int cols : kCols) {
    for (int rows : kRows) {
      for (int activation = -1; activation < 4; ++activation) {
        const auto x = crowded(rows + 5, cols);
        const auto w = columns(cols, 2), mean = columns(cols), inv_std = columns(cols), scale = columns(cols),
                   shift = columns(cols);
        const bool keep = rng_.below(2) == 0;
        Panels<float> x_hat[2], y[2], z[2];
        for (int i = 0; i < 2; ++i) {
          for (auto* m : {&x_hat[i], &y[i], &z[i]}) *m = nan_panels(rows, cols);
          BatchNormForward<float> g{};
          g.x = x.data, g.x_stride = x.panel_stride, g.w = w.data(), g.cols = cols;
          g.mean = mean.data(), g.inv_std = inv_std.data(), g.scale = scale.data(), g.shift = shift.data();
          g.x_hat = x_hat[i].data, g.y = y[i].data, g.y_stride = y[i].panel_stride;
          g.z = keep ? z[i].data : nullptr;
          g.activate = activation >= 0;
          if (g.activate) g.activation = kActivations[activation];
          if (i == 0) {
            reference_.batch_norm_forward(g, 0, rows);
          } else {
            const int at = cut(rows);
            fast_.batch_norm_forward(g, at, rows);
            fast_.batch_norm_forward(g, 0, at);
          }
        }
        expect_same(x_hat[0], x_hat[1]);
        expect_same(y[0], y[1]);
        if (keep) expect_same(z[0], z[1]);
        expect_zeros_behind(x_hat[1]);
        expect_zeros_behind(y[1]);
      }
    }
  }
}

TEST_P(BatchNormPerBackend, BackwardInput) {
  for (int cols : kCols) {
    for (int rows : kRows) {
      for (int activation = -1; activation < 4; ++activation) {
        for (bool gathered : {false, true}) {
          const int held = rows + 21;
          const auto d_z = random_panels(rows + 2, cols), x_hat = random_panels(held, cols),
                     saved = random_panels(held, cols);
          const auto w = columns(cols, 2), inv_std = columns(cols), scale = columns(cols), grad_mean = columns(cols),
                     slope = columns(cols);
          std::vector<int> order(static_cast<std::size_t>(rows));
          for (int& row : order) row = static_cast<int>(rng_.below(static_cast<std::uint64_t>(held)));
          BatchNormBackwardInput<float> g{};
          g.d_z = d_z.data, g.d_z_stride = d_z.panel_stride, g.w = w.data(), g.cols = cols;
          g.inv_std = inv_std.data(), g.scale = scale.data(), g.grad_mean = grad_mean.data(), g.slope = slope.data();
          g.x_hat = x_hat.data, g.x_hat_stride = x_hat.panel_stride;
          g.tape_rows = gathered ? order.data() : nullptr;
          if (activation >= 0) g.saved = saved.data, g.activation = kActivations[activation];
          g.saved_stride = saved.panel_stride;
          Panels<float> d_x[2];
          for (int i = 0; i < 2; ++i) {
            d_x[i] = nan_panels(rows, cols);
            g.d_x = d_x[i].data, g.d_x_stride = d_x[i].panel_stride;
            if (i == 0) {
              reference_.batch_norm_backward_input(g, 0, rows);
            } else {
              const int at = cut(rows);
              fast_.batch_norm_backward_input(g, at, rows);
              fast_.batch_norm_backward_input(g, 0, at);
            }
          }
          expect_same(d_x[0], d_x[1]);
          expect_zeros_behind(d_x[1]);
        }
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, BatchNormPerBackend, testing::ValuesIn(available_backends()),
                         [](const auto& suite) { return suite.param; });

}  // namespace
}  // namespace softac
