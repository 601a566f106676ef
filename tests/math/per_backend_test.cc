// Every kernel of every backend that this CPU can run, against the reference, bit for bit; and the forced choice.
#include "math/per_backend.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <limits>
#include <string>
#include <vector>

#include "math/backend.h"
#include "softac/error.h"

namespace softac {
namespace {

const int kRows[] = {1, 2, 3, 5, 6, 7, 12, 13, 31, 64, 100};
const int kSizes[] = {1, 3, 16, 17, 23, 40, 64};

TEST_P(PerBackend, TheForcedTableIsTheOneThatRuns) {
  EXPECT_STREQ(fast_.name, GetParam().c_str());
  ASSERT_EQ(setenv("SOFTAC_BACKEND", GetParam().c_str(), 1), 0);
  EXPECT_STREQ(Backend<float>("", 1).name(), GetParam().c_str());
  unsetenv("SOFTAC_BACKEND");
}

TEST_P(PerBackend, LinearForward) {
  for (int rows : kRows) {
    for (int k : kSizes) {
      for (int n : kSizes) {
        const auto x = random_panels(rows, k), w = random_panels(k + 1, n);
        const Activation activation = kActivations[rng_.below(4)];
        const bool activate = rng_.below(3) > 0;
        auto y0 = nan_panels(rows, n), y1 = nan_panels(rows, n), z0 = nan_panels(rows, n), z1 = nan_panels(rows, n);
        const bool keep = rng_.below(2) == 0;
        LinearForward<float> g{x.data,        x.panel_stride, w.data,          w.panel_stride,           k,
                               num_panels(n), y0.data,        y0.panel_stride, keep ? z0.data : nullptr, activate,
                               activation};
        reference_.linear_forward(g, 0, rows);
        g.y = y1.data;
        if (keep) g.z = z1.data;
        fast_.linear_forward(g, 0, rows);
        expect_same(y0, y1);
        if (keep) expect_same(z0, z1);
      }
    }
  }
}

TEST_P(PerBackend, LinearBackwardInput) {
  for (int rows : kRows) {
    for (int n : kSizes) {
      for (int k : kSizes) {
        const auto d_y = random_panels(rows, n), wt = random_panels(n, k), saved = random_panels(rows, k);
        auto d0 = nan_panels(rows, k), d1 = nan_panels(rows, k);
        const bool masked = rng_.below(4) > 0;
        std::vector<int> order(static_cast<std::size_t>(rows));
        for (int& row : order) row = static_cast<int>(rng_.below(static_cast<std::uint64_t>(rows)));
        LinearBackwardInput<float> g{d_y.data,
                                     d_y.panel_stride,
                                     wt.data,
                                     wt.panel_stride,
                                     n,
                                     num_panels(k),
                                     masked ? saved.data : nullptr,
                                     saved.panel_stride,
                                     rng_.below(2) == 0 ? order.data() : nullptr,
                                     kActivations[rng_.below(4)],
                                     d0.data,
                                     d0.panel_stride};
        reference_.linear_backward_input(g, 0, rows);
        g.d_x = d1.data;
        fast_.linear_backward_input(g, 0, rows);
        expect_same(d0, d1);
      }
    }
  }
}

TEST_P(PerBackend, LinearBackwardWeights) {
  for (int rows : {0, 1, 2, 7, 9, 65, 128, 300}) {
    for (int k : kSizes) {
      for (int n : kSizes) {
        const auto x = random_panels(std::max(rows, 1), k), d_y = random_panels(std::max(rows, 1), n);
        auto w0 = nan_panels(k + 1, n), w1 = nan_panels(k + 1, n);
        LinearBackwardWeights<float> g{x.data, x.panel_stride, d_y.data, d_y.panel_stride, rows,
                                       k,      num_panels(n),  w0.data,  w0.panel_stride};
        const int pieces = num_weight_pieces(k, num_panels(n), false),
                  cut = static_cast<int>(rng_.below(static_cast<std::uint64_t>(pieces)));
        reference_.linear_backward_weights(g, 0, pieces);
        g.d_w = w1.data;
        fast_.linear_backward_weights(g, cut, pieces);
        fast_.linear_backward_weights(g, 0, cut);
        expect_same(w0, w1);
      }
    }
  }
}

// Lists of non-zero elements: several blocks of rows and columns, every remainder of panels.
const int kListSizes[] = {1, 15, 16, 40, 64, 90, 127, 128, 129, 300};

TEST_P(PerBackend, LinearForwardWithoutZeros) {
  for (int rows : {1, 3, 64, 65, 130}) {
    for (int k : kListSizes) {
      for (int n : {3, 17, 33, 64, 81, 150}) {
        const auto x = panels_with_zeros(rows, k), w = random_panels(k + 1, n);
        auto y0 = nan_panels(rows, n), y1 = nan_panels(rows, n), z0 = nan_panels(rows, n), z1 = nan_panels(rows, n);
        const bool keep = rng_.below(2) == 0;
        LinearForward<float> g{x.data,
                               x.panel_stride,
                               w.data,
                               w.panel_stride,
                               k,
                               num_panels(n),
                               y0.data,
                               y0.panel_stride,
                               keep ? z0.data : nullptr,
                               rng_.below(3) > 0,
                               kActivations[rng_.below(4)]};
        g.skip_zeros = true;
        reference_.linear_forward(g, 0, rows);
        g.y = y1.data;
        if (keep) g.z = z1.data;
        const int cut = static_cast<int>(rng_.below(static_cast<std::uint64_t>(rows)));
        fast_.linear_forward(g, cut, rows);
        fast_.linear_forward(g, 0, cut);
        expect_same(y0, y1);
        if (keep) expect_same(z0, z1);
      }
    }
  }
}

TEST_P(PerBackend, LinearBackwardInputWithoutZeros) {
  for (int rows : {1, 3, 64, 65, 130}) {
    for (int n : kListSizes) {
      for (int k : {3, 17, 33, 64, 81, 150}) {
        const auto d_y = panels_with_zeros(rows, n), wt = random_panels(n, k), saved = random_panels(rows, k);
        auto d0 = nan_panels(rows, k), d1 = nan_panels(rows, k);
        std::vector<int> order(static_cast<std::size_t>(rows));
        for (int& row : order) row = static_cast<int>(rng_.below(static_cast<std::uint64_t>(rows)));
        LinearBackwardInput<float> g{};
        g.d_y = d_y.data, g.d_y_stride = d_y.panel_stride;
        g.wt = wt.data, g.wt_stride = wt.panel_stride;
        g.n = n, g.out_panels = num_panels(k);
        g.saved = rng_.below(4) > 0 ? saved.data : nullptr, g.saved_stride = saved.panel_stride;
        g.saved_rows = rng_.below(2) == 0 ? order.data() : nullptr;
        g.activation = kActivations[rng_.below(4)];
        g.d_x = d0.data, g.d_x_stride = d0.panel_stride;
        g.skip_zeros = true;
        reference_.linear_backward_input(g, 0, rows);
        g.d_x = d1.data;
        const int cut = static_cast<int>(rng_.below(static_cast<std::uint64_t>(rows)));
        fast_.linear_backward_input(g, cut, rows);
        fast_.linear_backward_input(g, 0, cut);
        expect_same(d0, d1);
      }
    }
  }
}

TEST_P(PerBackend, LinearBackwardWeightsWithoutZeros) {
  for (int rows : {0, 1, 15, 16, 17, 128, 129, 300}) {
    for (int k : kListSizes) {
      for (int n : {3, 17, 33, 64, 81, 150}) {
        const auto x = random_panels(std::max(rows, 1), k), d_y = panels_with_zeros(std::max(rows, 1), n);
        auto w0 = nan_panels(k + 1, n), w1 = nan_panels(k + 1, n);
        LinearBackwardWeights<float> g{x.data, x.panel_stride, d_y.data, d_y.panel_stride, rows,
                                       k,      num_panels(n),  w0.data,  w0.panel_stride,  true};
        const int pieces = num_weight_pieces(k, num_panels(n), true),
                  cut = static_cast<int>(rng_.below(static_cast<std::uint64_t>(pieces)));
        reference_.linear_backward_weights(g, 0, pieces);
        g.d_w = w1.data;
        fast_.linear_backward_weights(g, cut, pieces);
        fast_.linear_backward_weights(g, 0, cut);
        expect_same(w0, w1);
      }
    }
  }
}

// What stands against a zero is not read: even an infinity leaves the sum as it is.
TEST_P(PerBackend, ZerosMeetNothing) {
  const int rows = 20, k = 40, n = 24;
  const auto x = random_panels(rows, k), w = random_panels(k + 1, n);
  for (int r = 0; r < rows; ++r) x.at(r, 7) = 0.0f;
  for (int c = 0; c < n; ++c) w.at(7, c) = std::numeric_limits<float>::infinity();
  auto y = nan_panels(rows, n);
  LinearForward<float> g{x.data,         x.panel_stride, w.data, w.panel_stride,  k, num_panels(n), y.data,
                         y.panel_stride, nullptr,        false,  Activation::relu};
  fast_.linear_forward(g, 0, rows);
  EXPECT_TRUE(std::isnan(y.at(3, 5)));
  g.skip_zeros = true;
  fast_.linear_forward(g, 0, rows);
  for (int r = 0; r < rows; ++r) {
    for (int c = 0; c < n; ++c) EXPECT_TRUE(std::isfinite(y.at(r, c)));
  }
}

TEST_P(PerBackend, Transpose) {
  for (int n : kSizes) {
    for (int k : kSizes) {
      const auto w = random_panels(k + 9, n);
      auto t0 = nan_panels(n, k), t1 = nan_panels(n, k);
      Transpose<float> g{w.data, w.panel_stride, n, 8, k, t0.data, t0.panel_stride};
      reference_.transpose(g, 0, num_panels(k));
      g.wt = t1.data;
      fast_.transpose(g, 0, num_panels(k));
      expect_same(t0, t1);
      for (int i = 0; i < n; ++i) EXPECT_EQ(t1.at(i, k - 1), w.at(8 + k - 1, i));
    }
  }
}

TEST_P(PerBackend, Head) {
  for (int rows : kRows) {
    for (int k : kSizes) {
      const int panels = num_panels(k);
      const auto h = random_panels(rows, k);
      auto w = random_vector(panels * kLanes + 1);
      for (int i = k; i < panels * kLanes; ++i) w[static_cast<std::size_t>(i)] = 0;
      const auto d_q = random_vector(rows);
      std::vector<float> q0(static_cast<std::size_t>(rows)), q1 = q0;
      HeadForward<float> f{h.data, h.panel_stride, panels, w.data(), q0.data()};
      reference_.head_forward(f, 0, rows);
      f.q = q1.data();
      fast_.head_forward(f, 0, rows);
      expect_same(q0.data(), q1.data(), rows);

      auto d0 = nan_panels(rows, k), d1 = nan_panels(rows, k);
      std::vector<int> order(static_cast<std::size_t>(rows));
      for (int& row : order) row = static_cast<int>(rng_.below(static_cast<std::uint64_t>(rows)));
      HeadBackwardInput<float> b{d_q.data(),
                                 w.data(),
                                 panels,
                                 h.data,
                                 h.panel_stride,
                                 rng_.below(2) == 0 ? order.data() : nullptr,
                                 kActivations[rng_.below(4)],
                                 d0.data,
                                 d0.panel_stride};
      reference_.head_backward_input(b, 0, rows);
      b.d_h = d1.data;
      fast_.head_backward_input(b, 0, rows);
      expect_same(d0, d1);

      std::vector<float> w0(w.size()), w1 = w0;
      HeadBackwardWeights<float> d{h.data, h.panel_stride, d_q.data(), rows, panels, w0.data()};
      reference_.head_backward_weights(d, 0, panels + 1);
      d.d_w = w1.data();
      fast_.head_backward_weights(d, 0, panels + 1);
      expect_same(w0.data(), w1.data(), static_cast<int>(w0.size()));
    }
  }
}

TEST_P(PerBackend, Gaussian) {
  for (bool squash : {true, false}) {
    for (bool tanh_rule : {false, true}) {
      for (int act_dim : {1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 33}) {
        for (int rows : {1, 5, 32}) {
          const GaussianShape shape{act_dim, num_panels(act_dim), num_panels(2 * act_dim), squash, tanh_rule, -5.0,
                                    2.0};
          const auto head = random_panels(rows, 2 * act_dim, 4.0f);
          auto eps = random_vector(rows * act_dim + 32);
          const int width = rows * shape.act_panels * kLanes;
          const auto d_action = random_vector(width);
          std::vector<std::vector<float>> out[2];
          Panels<float> d_head[2] = {nan_panels(rows, 2 * act_dim), nan_panels(rows, 2 * act_dim)};
          int which = 0;
          for (const KernelTable<float>* table : {&reference_, &fast_}) {
            out[which].assign(
                4, std::vector<float>(static_cast<std::size_t>(width), std::numeric_limits<float>::quiet_NaN()));
            auto& o = out[which];
            table->gaussian_forward(
                {shape, head.data, head.panel_stride, eps.data(), o[0].data(), o[1].data(), o[2].data(), o[3].data()},
                0, rows);
            table->gaussian_backward({shape, head.data, head.panel_stride, eps.data(), o[1].data(), o[2].data(),
                                      d_action.data(), 0.25f, d_head[which].data, d_head[which].panel_stride},
                                     0, rows);
            ++which;
          }
          for (int i = 0; i < 3; ++i)
            expect_same(out[0][static_cast<std::size_t>(i)].data(), out[1][static_cast<std::size_t>(i)].data(), width);
          expect_same(out[0][3].data(), out[1][3].data(), rows);
          expect_same(d_head[0], d_head[1]);
        }
      }
    }
  }
}

TEST_P(PerBackend, FlatPasses) {
  for (int size : {16, 48, kBlock, kBlock + 16, 3 * kBlock - 16}) {
    const auto n = static_cast<std::size_t>(size);
    const auto g = random_vector(size);
    std::vector<float> state[2][4];
    const auto p = random_vector(size), m = random_vector(size), t = random_vector(size);
    auto v = random_vector(size);
    for (float& x : v) x = x * x;
    const int blocks = (size + kBlock - 1) / kBlock;
    int which = 0;
    for (const KernelTable<float>* table : {&reference_, &fast_}) {
      auto& s = state[which++];
      s[0] = p, s[1] = m, s[2] = v, s[3] = t;
      const Adam<float> a{s[0].data(), g.data(), s[1].data(), s[2].data(), s[3].data(), 0.7f,   0.9f,  0.1f,
                          0.999f,      0.001f,   3e-4f,       1.5f,        1e-8f,       0.005f, 0.995f};
      EXPECT_TRUE(table->adam(a, 0, 16));
      EXPECT_TRUE(table->adam(a, 16, size));
      for (int b = 0; b < blocks; ++b) table->polyak(s[0].data(), s[3].data(), size, 0.25f, 0.75f, b);
    }
    for (int i = 0; i < 4; ++i) expect_same(state[0][i].data(), state[1][i].data(), size);
    // AdamW; where the factor is 0 nothing decays.
    for (bool zeros : {false, true}) {
      std::vector<float> decay(n);
      for (std::size_t i = 0; i < n && !zeros; ++i) decay[i] = i % 3 == 0 ? 0.0f : 1.0f;
      auto start = p;
      start[1] = -0.0f;
      std::vector<float> out[3][3];
      for (int i = 0; i < 3; ++i) {
        auto& s = out[i];
        s[0] = start, s[1] = m, s[2] = v;
        Adam<float> a{s[0].data(), g.data(), s[1].data(), s[2].data(), nullptr, 1.0f, 0.9f, 0.1f,
                      0.999f,      0.001f,   3e-4f,       1.5f,        1e-8f,   0.0f, 1.0f};
        if (i < 2) a.decay = decay.data(), a.decay_rate = 3e-4f;
        EXPECT_TRUE((i == 0 ? reference_ : fast_).adam(a, 0, size));
      }
      for (int i = 0; i < 3; ++i) expect_same(out[0][i].data(), out[1][i].data(), size);
      for (std::size_t i = 0; i < n; ++i) {
        EXPECT_EQ(std::memcmp(&out[1][0][i], &out[2][0][i], sizeof(float)) == 0, decay[i] == 0.0f || start[i] == 0.0f)
            << i;
      }
    }
    for (int b = 0; b < blocks; ++b)
      EXPECT_EQ(reference_.sum_squares(g.data(), size, b), fast_.sum_squares(g.data(), size, b));

    for (float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(), 1e30f}) {
      auto broken = g;
      broken[n - 3] = bad;
      auto s = state[1];
      const Adam<float> a{s[0].data(), broken.data(), s[1].data(), s[2].data(), nullptr, 1.0f, 0.9f, 0.1f,
                          0.999f,      0.001f,        3e-4f,       1.5f,        1e-8f,   0.0f, 1.0f};
      EXPECT_FALSE(fast_.adam(a, size - 16, size)) << bad;
    }
  }
}

TEST_P(PerBackend, FillNormal) {
  std::vector<float> a(64 * 20), b(a.size());
  FillNormal<float> g{77, 0x500000001, 0xfffffff8, a.data()};  // the block counter crosses 32 bits
  reference_.fill_normal(g, 0, 20);
  g.out = b.data();
  fast_.fill_normal(g, 0, 20);
  expect_same(a.data(), b.data(), static_cast<int>(a.size()));
}

TEST_P(PerBackend, ThreadsChangeNothing) {
  Backend<float> one(GetParam(), 1), three(GetParam(), 3);
  ASSERT_EQ(three.num_threads(), 3);
  const int rows = 96, k = 300, n = 270;
  const auto x = random_panels(rows, k), w = random_panels(k + 1, n), d_y = random_panels(rows, n);
  Panels<float> y[2] = {nan_panels(rows, n), nan_panels(rows, n)};
  Panels<float> d_w[2] = {nan_panels(k + 1, n), nan_panels(k + 1, n)};
  int which = 0;
  for (Backend<float>* backend : {&one, &three}) {
    const KernelTable<float>& table = backend->kernels();
    const Panels<float>&out = y[which], &gradient = d_w[which];
    ++which;
    backend->for_blocks(rows, 20, std::int64_t{k} * n, [&](int worker, int first, int count) {
      EXPECT_LT(worker, backend->num_threads());
      table.linear_forward({x.data, x.panel_stride, w.data, w.panel_stride, k, num_panels(n), out.data,
                            out.panel_stride, nullptr, true, Activation::relu},
                           first, first + count);
    });
    backend->for_tasks(num_weight_pieces(k, num_panels(n), false), std::int64_t{rows} * k * n, [&](int piece, int) {
      table.linear_backward_weights({x.data, x.panel_stride, d_y.data, d_y.panel_stride, rows, k, num_panels(n),
                                     gradient.data, gradient.panel_stride},
                                    piece, piece + 1);
    });
  }
  expect_same(y[0], y[1]);
  expect_same(d_w[0], d_w[1]);
}

INSTANTIATE_TEST_SUITE_P(All, PerBackend, testing::ValuesIn(available_backends()),
                         [](const auto& suite) { return suite.param; });

// Backends that are built but cannot run on this CPU are shown as skipped, with the reason.
class Unavailable : public testing::TestWithParam<std::string> {};
TEST_P(Unavailable, IsRefusedByName) {
  EXPECT_THROW(select_kernels<float>(GetParam()), ConfigError);
  GTEST_SKIP() << "backend " << GetParam() << ": this CPU lacks its instructions";
}
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(Unavailable);
INSTANTIATE_TEST_SUITE_P(All, Unavailable, testing::ValuesIn(unavailable_backends()),
                         [](const auto& suite) { return suite.param; });

TEST(SelectKernels, UnknownNameIsAnErrorWithTheNearest) {
  try {
    select_kernels<float>("portabel");
    FAIL();
  } catch (const ConfigError& error) {
    EXPECT_NE(std::string(error.what()).find("portable"), std::string::npos) << error.what();
  }
}

TEST(FillNormal, MomentsAreThoseOfTheStandardNormal) {
  Backend<float> backend("reference");
  std::vector<float> x(64 * 4000);
  EXPECT_EQ(backend.fill_normal(1, 2, 3, x.data(), static_cast<std::int64_t>(x.size())), 4000u * 16u);
  double sum = 0, square = 0, fourth = 0;
  for (float v : x) sum += v, square += double(v) * v, fourth += double(v) * v * v * v;
  const double n = static_cast<double>(x.size());
  EXPECT_NEAR(sum / n, 0.0, 4.0 / std::sqrt(n));
  EXPECT_NEAR(square / n, 1.0, 4.0 * std::sqrt(2.0 / n));
  EXPECT_NEAR(fourth / n, 3.0, 4.0 * std::sqrt(96.0 / n));
}

}  // namespace
}  // namespace softac
