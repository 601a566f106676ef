// LayerNorm's and RMSNorm's kernels: every backend against the reference, bit for bit; the reference in double against
// numbers from elsewhere and against differences. The same numbers for Adam with and without decay.
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "base/elementary.h"
#include "math/activation.h"
#include "math/per_backend.h"

namespace softac {
namespace {

class LayerNormPerBackend : public PerBackend {
 protected:
  // A matrix whose panels lie further apart than they need.
  Panels<float> in_larger(Panels<float> m, int rows) { return {m.data, rows, m.cols, m.panel_stride}; }
  // gamma and beta, zeros behind each.
  std::vector<float> random_scale(int cols) {
    const int width = num_panels(cols) * kLanes;
    auto w = random_vector(2 * width);
    for (int c = cols; c < width; ++c) w[static_cast<std::size_t>(c)] = w[static_cast<std::size_t>(width + c)] = 0.0f;
    return w;
  }
  static void expect_zeros_behind(Panels<float> m) {
    for (int r = 0; r < m.rows; ++r) {
      for (int c = m.cols; c < num_panels(m.cols) * kLanes; ++c) EXPECT_EQ(m.at(r, c), 0.0f);
    }
  }
  int cut(int pieces) { return static_cast<int>(rng_.below(static_cast<std::uint64_t>(pieces + 1))); }
};

const int kNormCols[] = {1, 2, 15, 16, 17, 33, 64, 256};
const int kNormRows[] = {0, 1, 7, 64};

TEST_P(LayerNormPerBackend, SoftmaxAndItsMean) {
  for (int cols : {1, 2, 11, 16, 17, 51, 101}) {
    for (int rows : {0, 1, 7}) {
      for (float scale : {1.0f, 300.0f}) {
        const int width = num_panels(cols) * kLanes;
        const auto x = in_larger(random_panels(rows + 5, cols, scale), rows);
        auto z = random_vector(width);
        for (int c = cols; c < width; ++c) z[static_cast<std::size_t>(c)] = 0.0f;
        const auto size = static_cast<std::size_t>(rows) * width;
        std::vector<float> p[2], mean[2], log_sum[2];
        for (int i = 0; i < 2; ++i) {
          p[i].assign(size, std::numeric_limits<float>::quiet_NaN());
          mean[i].resize(static_cast<std::size_t>(rows));
          log_sum[i] = mean[i];
          const SoftmaxMean<float> g{x.data,         x.panel_stride,   cols, z.data(), p[i].data(),
                                     mean[i].data(), log_sum[i].data()};
          const KernelTable<float>& k = i == 0 ? fast_ : reference_;
          const int middle = cut(rows);
          k.softmax_mean(g, 0, middle);
          k.softmax_mean(g, middle, rows);
        }
        expect_same(p[0].data(), p[1].data(), static_cast<std::ptrdiff_t>(size));
        expect_same(mean[0].data(), mean[1].data(), rows);
        expect_same(log_sum[0].data(), log_sum[1].data(), rows);
        for (int r = 0; r < rows; ++r) {
          double sum = 0.0;
          for (int c = 0; c < width; ++c) sum += static_cast<double>(p[0][static_cast<std::size_t>(r * width + c)]);
          EXPECT_NEAR(sum, 1.0, 1e-5);
        }
      }
    }
  }
}

TEST_P(LayerNormPerBackend, Forward) {
  for (int cols : kNormCols) {
    for (int rows : kNormRows) {
      for (int activation = -1; activation < 4; ++activation) {
        for (bool large : {false, true}) {
          const int held = rows + (large ? 37 : 0);
          const auto x = in_larger(random_panels(held, cols, 3.0f), rows);
          for (int c = 0; rows > 3 && c < cols; ++c) x.at(3, c) = 0.1f;  // a constant row
          const auto w = random_scale(cols);
          Panels<float> x_hat[2], y[2], z[2];
          std::vector<float> inv_std[2];
          const bool keep = rng_.below(2) == 0;
          for (int i = 0; i < 2; ++i) {
            for (auto* m : {&x_hat[i], &y[i], &z[i]}) *m = in_larger(nan_panels(held, cols), rows);
            inv_std[i].assign(static_cast<std::size_t>(rows) + 1, std::numeric_limits<float>::quiet_NaN());
            LayerNormForward<float> g{};
            g.x = x.data, g.x_stride = x.panel_stride;
            g.w = w.data(), g.cols = cols, g.eps = 1e-5f;
            g.x_hat = x_hat[i].data, g.inv_std = inv_std[i].data();
            g.y = y[i].data, g.y_stride = y[i].panel_stride;
            g.z = keep ? z[i].data : nullptr;
            g.activate = activation >= 0;
            if (g.activate) g.activation = kActivations[activation];
            g.centred = !large;
            if (i == 0) {
              reference_.layer_norm_forward(g, 0, rows);
            } else {
              const int at = cut(rows);
              fast_.layer_norm_forward(g, at, rows);
              fast_.layer_norm_forward(g, 0, at);
            }
          }
          expect_same(x_hat[0], x_hat[1]);
          expect_same(y[0], y[1]);
          if (keep) expect_same(z[0], z[1]);
          expect_same(inv_std[0].data(), inv_std[1].data(), rows);
          EXPECT_TRUE(std::isnan(inv_std[1].back()));
          for (const auto& m : {x_hat[1], y[1]}) {
            expect_zeros_behind(m);
            for (int r = 0; r < rows; ++r) {
              for (int c = 0; c < cols; ++c) ASSERT_TRUE(std::isfinite(m.at(r, c)));
            }
          }
          if (keep) expect_zeros_behind(z[1]);
          // In place.
          LayerNormForward<float> g{x.data, x.panel_stride,    w.data(),  cols,           1e-5f,
                                    x.data, inv_std[0].data(), y[0].data, x.panel_stride, nullptr,
                                    false,  Activation::relu,  !large};
          fast_.layer_norm_forward(g, 0, rows);
          expect_same(x, x_hat[1]);
        }
      }
    }
  }
}

TEST_P(LayerNormPerBackend, BackwardInput) {
  for (int cols : kNormCols) {
    for (int rows : kNormRows) {
      for (int activation = -1; activation < 4; ++activation) {
        for (bool gathered : {false, true}) {
          const int held = rows + 21;  // of the tape, of which a part is asked for
          const auto d_z = random_panels(rows + (gathered ? 50 : 0), cols);
          const auto x_hat = random_panels(held, cols), saved = random_panels(held, cols);
          const auto w = random_scale(cols);
          auto inv_std = random_vector(held);
          for (float& s : inv_std) s = std::fabs(s);
          std::vector<int> order(static_cast<std::size_t>(rows));
          for (int& row : order) row = static_cast<int>(rng_.below(static_cast<std::uint64_t>(held)));
          Panels<float> d_x[3];
          LayerNormBackwardInput<float> g{};
          g.d_z = d_z.data, g.d_z_stride = d_z.panel_stride;
          g.w = w.data(), g.cols = cols;
          g.x_hat = x_hat.data, g.x_hat_stride = x_hat.panel_stride, g.inv_std = inv_std.data();
          g.tape_rows = gathered ? order.data() : nullptr;
          g.centred = !gathered;
          if (activation >= 0) g.saved = saved.data, g.activation = kActivations[activation];
          g.saved_stride = saved.panel_stride;
          for (int i = 0; i < 2; ++i) {
            d_x[i] = in_larger(nan_panels(rows + (activation > 1 ? 33 : 0), cols), rows);
            g.d_x = d_x[i].data, g.d_x_stride = d_x[i].panel_stride;
            if (i == 0) {
              reference_.layer_norm_backward_input(g, 0, rows);
            } else {
              const int at = cut(rows);
              fast_.layer_norm_backward_input(g, at, rows);
              fast_.layer_norm_backward_input(g, 0, at);
            }
          }
          expect_same(d_x[0], d_x[1]);
          expect_zeros_behind(d_x[1]);
          g.d_x = d_z.data, g.d_x_stride = d_z.panel_stride;  // in place
          fast_.layer_norm_backward_input(g, 0, rows);
          expect_same(in_larger(d_z, rows), d_x[1]);
        }
      }
    }
  }
}

TEST_P(LayerNormPerBackend, BackwardWeights) {
  for (int cols : kNormCols) {
    for (int rows : kNormRows) {
      const auto d_z = random_panels(rows + 5, cols), x_hat = random_panels(rows + 40, cols);
      const int panels = num_panels(cols);
      std::vector<float> d_w[2];
      for (int i = 0; i < 2; ++i) {
        d_w[i].assign(static_cast<std::size_t>(2 * panels * kLanes), std::numeric_limits<float>::quiet_NaN());
        const LayerNormBackwardWeights<float> g{d_z.data, d_z.panel_stride, x_hat.data,   x_hat.panel_stride,
                                                rows,     panels,           d_w[i].data()};
        if (i == 0) {
          reference_.layer_norm_backward_weights(g, 0, panels);
        } else {
          const int at = cut(panels);
          fast_.layer_norm_backward_weights(g, at, panels);
          fast_.layer_norm_backward_weights(g, 0, at);
        }
      }
      expect_same(d_w[0].data(), d_w[1].data(), static_cast<std::ptrdiff_t>(d_w[0].size()));
      for (int c = cols; c < panels * kLanes; ++c) {
        EXPECT_EQ(d_w[1][static_cast<std::size_t>(c)], 0.0f);
        EXPECT_EQ(d_w[1][static_cast<std::size_t>(panels * kLanes + c)], 0.0f);
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, LayerNormPerBackend, testing::ValuesIn(available_backends()),
                         [](const auto& suite) { return suite.param; });

// One LayerNorm in double on the reference kernels; u goes through an activation first if `gated`.
struct Layer {
  Arena arena;
  const KernelTable<double>& k = *reference_table_double();
  int rows, cols;
  double eps;
  bool gated;
  Activation activation;
  bool centred = true;
  int width = num_panels(cols) * kLanes;
  Panels<double> u = arena.panels<double>(rows, cols), x = arena.panels<double>(rows, cols);
  Panels<double> x_hat = arena.panels<double>(rows, cols), z = arena.panels<double>(rows, cols);
  Panels<double> d_z = arena.panels<double>(rows, cols), d_u = arena.panels<double>(rows, cols);
  std::vector<double> w = std::vector<double>(static_cast<std::size_t>(2 * width)), d_w = w;
  std::vector<double> inv_std = std::vector<double>(static_cast<std::size_t>(rows));

  Layer(int num_rows, int num_cols, double epsilon, bool gate = false, Activation act = Activation::relu)
      : rows(num_rows), cols(num_cols), eps(epsilon), gated(gate), activation(act) {}

  double& gamma(int c) { return w[static_cast<std::size_t>(c)]; }
  double& beta(int c) { return w[static_cast<std::size_t>(width + c)]; }
  void forward() {
    for (int r = 0; r < rows; ++r) {
      for (int c = 0; c < cols; ++c)
        x.at(r, c) = gated ? activate(activation, elementary::Scalar<double>(u.at(r, c))).v : u.at(r, c);
    }
    k.layer_norm_forward({x.data, x.panel_stride, w.data(), cols, eps, x_hat.data, inv_std.data(), z.data,
                          z.panel_stride, nullptr, false, Activation::relu, centred},
                         0, rows);
  }
  void backward() {
    const double* saved = gated ? (needs_input(activation) ? u.data : x.data) : nullptr;
    k.layer_norm_backward_input(
        {d_z.data, d_z.panel_stride, w.data(), cols, x_hat.data, x_hat.panel_stride, inv_std.data(), nullptr, saved,
         x.panel_stride, activation, d_u.data, d_u.panel_stride, centred},
        0, rows);
    k.layer_norm_backward_weights(
        {d_z.data, d_z.panel_stride, x_hat.data, x_hat.panel_stride, rows, width / kLanes, d_w.data()}, 0,
        width / kLanes);
  }
};

// Numbers from NumPy, in double.
TEST(LayerNorm, AgreesWithNumbersFromElsewhere) {
  const double x[] = {1, -2, 3, 0.5}, gamma[] = {1, 2, 0.5, 1}, beta[] = {0, 0.1, 0, -0.1};
  const double d_z[] = {1, -1, 0.5, 2};
  const double y[] = {0.2105586887, -2.8478216420, 0.6667691809, -0.1701862296};
  const double d_x[] = {0.2869683590, -0.6050539218, -0.6624471710, 0.9805327337};
  for (double eps : {1e-6, 1e-5}) {
    Layer layer(1, 4, eps);
    for (int c = 0; c < 4; ++c) {
      layer.u.at(0, c) = x[c], layer.gamma(c) = gamma[c], layer.beta(c) = beta[c], layer.d_z.at(0, c) = d_z[c];
    }
    layer.forward();
    layer.backward();
    if (eps == 1e-5) {
      EXPECT_NEAR(layer.z.at(0, 0), 0.2105583900, 6e-11);
      EXPECT_NEAR(layer.d_u.at(0, 0), 0.2869682330, 6e-11);
      continue;
    }
    for (int c = 0; c < 4; ++c) {
      EXPECT_NEAR(layer.z.at(0, c), y[c], 6e-11) << c;
      EXPECT_NEAR(layer.d_u.at(0, c), d_x[c], 6e-11) << c;
      EXPECT_DOUBLE_EQ(layer.d_w[static_cast<std::size_t>(c)], d_z[c] * layer.x_hat.at(0, c));
      EXPECT_DOUBLE_EQ(layer.d_w[static_cast<std::size_t>(layer.width + c)], d_z[c]);
    }
  }
}

// Numbers from NumPy, in double.
TEST(RmsNorm, AgreesWithNumbersFromElsewhere) {
  const double x[] = {1, -2, 3, 0.5}, gamma[] = {1, 2, 0.5, 1}, d_z[] = {1, -1, 0.5, 2};
  const double y[] = {0.5298128685, -2.1192514739, 0.7947193027, 0.2649064342};
  const double d_x[] = {0.2788489486, -0.5576978972, -0.6204385425, 0.9341437770};
  Layer layer(1, 4, 1e-6);
  layer.centred = false;
  for (int c = 0; c < 4; ++c) layer.u.at(0, c) = x[c], layer.gamma(c) = gamma[c], layer.d_z.at(0, c) = d_z[c];
  layer.forward();
  layer.backward();
  for (int c = 0; c < 4; ++c) {
    EXPECT_NEAR(layer.z.at(0, c), y[c], 6e-11) << c;
    EXPECT_NEAR(layer.d_u.at(0, c), d_x[c], 6e-11) << c;
    EXPECT_DOUBLE_EQ(layer.d_w[static_cast<std::size_t>(c)], d_z[c] * layer.x_hat.at(0, c));
  }
}

// The gradients of every output by u, gamma and beta against central differences.
void expect_jacobian(Layer& layer) {
  Rng rng(9, StreamKind::test);
  for (int c = 0; c < layer.cols; ++c) {
    layer.gamma(c) = 1.0 + 0.5 * rng.normal(), layer.beta(c) = rng.normal();
    for (int r = 0; r < layer.rows; ++r) layer.u.at(r, c) = 2.0 * rng.normal();
  }
  const double h = 1e-6;
  const auto difference = [&](double& variable, int r, int c) {
    const double at = variable;
    double z[2];
    for (int side : {0, 1}) {
      variable = side == 0 ? at - h : at + h;
      layer.forward();
      z[side] = layer.z.at(r, c);
    }
    variable = at;
    return (z[1] - z[0]) / (2.0 * h);
  };
  for (int r = 0; r < layer.rows; ++r) {
    for (int c = 0; c < layer.cols; ++c) {
      layer.d_z.at(r, c) = 1.0;
      layer.forward();
      layer.backward();
      layer.d_z.at(r, c) = 0.0;
      for (int i = 0; i < layer.cols; ++i) {
        for (int row = 0; row < layer.rows; ++row)
          ASSERT_NEAR(layer.d_u.at(row, i), difference(layer.u.at(row, i), r, c), 2e-8) << r << ' ' << c << ' ' << i;
        ASSERT_NEAR(layer.d_w[static_cast<std::size_t>(i)], difference(layer.gamma(i), r, c), 2e-8);
        ASSERT_NEAR(layer.d_w[static_cast<std::size_t>(layer.width + i)], difference(layer.beta(i), r, c), 2e-8);
      }
    }
  }
}

TEST(LayerNorm, JacobianAgreesWithDifferences) {
  for (int cols : {2, 5, 19}) {
    Layer plain(2, cols, 1e-5);
    expect_jacobian(plain);
    for (Activation activation : kActivations) {
      Layer gated(2, cols, 1e-2, true, activation);
      expect_jacobian(gated);
      gated.centred = false;
      expect_jacobian(gated);
    }
  }
}

// p = 1 after the gradients 0.5 and −0.25.
double after_two_steps(double beta1, double lambda, double& after_one) {
  const double lr = 1e-3, beta2 = 0.999;
  std::vector<double> p(16, 1.0), m(16), v(16), g(16), decay(16, 1.0);
  double power1 = 1.0, power2 = 1.0;
  for (double grad : {0.5, -0.25}) {
    power1 *= beta1, power2 *= beta2;
    std::fill(g.begin(), g.end(), grad);
    Adam<double> a{p.data(),
                   g.data(),
                   m.data(),
                   v.data(),
                   nullptr,
                   1.0,
                   beta1,
                   1.0 - beta1,
                   beta2,
                   1.0 - beta2,
                   lr / (1.0 - power1),
                   1.0 / std::sqrt(1.0 - power2),
                   1e-8,
                   0.0,
                   1.0};
    if (lambda > 0.0) a.decay = decay.data(), a.decay_rate = lr * lambda;
    EXPECT_TRUE(reference_table_double()->adam(a, 0, 16));
    if (grad == 0.5) after_one = p[7];
  }
  return p[7];
}

// Numbers from NumPy, in double.
TEST(AdamW, AgreesWithNumbersFromElsewhere) {
  double one;
  EXPECT_NEAR(after_two_steps(0.9, 0.0, one), 0.998733662987, 6e-13);
  EXPECT_NEAR(one, 0.999000000020, 6e-13);
  EXPECT_NEAR(after_two_steps(0.5, 0.0, one), 0.999000000020, 6e-13);
  EXPECT_NEAR(one, 0.999000000020, 6e-13);
  EXPECT_NEAR(after_two_steps(0.9, 1e-2, one), 0.998713673087, 6e-13);
  EXPECT_NEAR(one, 0.998990000020, 6e-13);
}

}  // namespace
}  // namespace softac
