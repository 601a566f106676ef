// The squashed Gaussian far out in its tails against the closed form in long double, where 1 − tanh² has vanished in
// float.
#include <gtest/gtest.h>

#include <cmath>

#include "math/arena.h"
#include "math/kernel_table.h"

namespace softac {
namespace {

template <class T>
const KernelTable<T>& table();
template <>
const KernelTable<float>& table<float>() {
  return *reference_table_float();
}
template <>
const KernelTable<double>& table<double>() {
  return *reference_table_double();
}

template <class T>
class SquashedGaussian : public testing::Test {};
using Types = testing::Types<float, double>;
TYPED_TEST_SUITE(SquashedGaussian, Types);

TYPED_TEST(SquashedGaussian, LogDensityAndGradientsFromEightToTwenty) {
  using T = TypeParam;
  const double epsilon = static_cast<double>(std::numeric_limits<T>::epsilon());
  Arena arena;
  const GaussianShape shape{1, 1, 1, true, false, -20.0, 2.0};
  auto head = arena.panels<T>(1, 2), d_head = arena.panels<T>(1, 2);
  T *eps = arena.take<T>(32), *action = arena.take<T>(16), *u = arena.take<T>(16), *sigma = arena.take<T>(16),
    *log_pi = arena.take<T>(1);
  T* d_action = arena.take<T>(16);
  int compared = 0;
  for (int sign : {-1, 1}) {
    for (int tenth = 80; tenth <= 200; ++tenth) {
      for (double noise : {-1.5, 0.0, 0.25}) {
        head.at(0, 0) = static_cast<T>(sign * tenth / 10.0);
        head.at(0, 1) = static_cast<T>(-2.0);
        eps[0] = static_cast<T>(noise);
        table<T>().gaussian_forward({shape, head.data, head.panel_stride, eps, action, u, sigma, log_pi}, 0, 1);
        const long double s = std::exp(static_cast<long double>(head.at(0, 1))), e = eps[0];
        const long double exact_u = u[0];
        ASSERT_NEAR(static_cast<double>(exact_u), static_cast<double>(head.at(0, 0) + s * e), 8 * epsilon * 20);
        const long double log_cosh =
            std::fabs(exact_u) + std::log1p(std::exp(-2 * std::fabs(exact_u))) - std::log(2.0L);
        const long double exact = -e * e / 2 - head.at(0, 1) - 0.918938533204672741780329736L + 2 * log_cosh;
        EXPECT_LE(std::fabs(log_pi[0] - exact), 4 * epsilon * std::fabs(exact)) << exact_u;

        // d_log_pi alone, then d_action alone.
        d_action[0] = 0;
        table<T>().gaussian_backward(
            {shape, head.data, head.panel_stride, eps, u, sigma, d_action, T(1), d_head.data, d_head.panel_stride}, 0,
            1);
        const long double slope = 2 * std::tanh(exact_u);
        EXPECT_LE(std::fabs(d_head.at(0, 0) - slope), 4 * epsilon * 2);
        EXPECT_LE(std::fabs(d_head.at(0, 1) - (slope * s * e - 1)), 8 * epsilon * 2);
        d_action[0] = 1;
        table<T>().gaussian_backward(
            {shape, head.data, head.panel_stride, eps, u, sigma, d_action, T(0), d_head.data, d_head.panel_stride}, 0,
            1);
        const long double da_du = 1 / (std::cosh(exact_u) * std::cosh(exact_u));
        EXPECT_LE(std::fabs(d_head.at(0, 0) - da_du), 8 * epsilon * da_du) << exact_u;
        EXPECT_GT(d_head.at(0, 0), T(0));
        ++compared;
      }
    }
  }
  EXPECT_EQ(compared, 2 * 121 * 3);
}

// Mean log density under the policy's own samples equals minus the entropy found by quadrature.
TEST(SquashedGaussianEntropy, AgreesWithQuadrature) {
  Arena arena;
  const GaussianShape shape{1, 1, 1, true, false, -20.0, 2.0};
  auto head = arena.panels<double>(1, 2);
  head.at(0, 0) = 0.7;
  head.at(0, 1) = -0.4;
  double *eps = arena.take<double>(32), *action = arena.take<double>(16), *u = arena.take<double>(16),
         *sigma = arena.take<double>(16);
  double* log_pi = arena.take<double>(1);
  // ∫ π(a) da = ∫ N(ε) dε = 1, and ∫ over a of exp(log π) must give 1 as well: change variables back to a.
  double mass = 0.0, previous_a = -1.0, previous_density = 0.0;
  for (int i = -4000; i <= 4000; ++i) {
    eps[0] = i / 500.0;
    table<double>().gaussian_forward({shape, head.data, head.panel_stride, eps, action, u, sigma, log_pi}, 0, 1);
    const double density = std::exp(log_pi[0]);
    mass += 0.5 * (density + previous_density) * (action[0] - previous_a);
    previous_a = action[0];
    previous_density = density;
  }
  EXPECT_NEAR(mass, 1.0, 1e-5);
}

}  // namespace
}  // namespace softac
