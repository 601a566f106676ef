// The elementary functions against long double, in units in the last place.
#include "base/elementary.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "softac/rng.h"

namespace softac {
namespace {

using elementary::Scalar;

template <class T>
double ulps(T got, long double want) {
  const T rounded = static_cast<T>(want);
  int exponent = 0;
  std::frexp(rounded, &exponent);
  T unit = std::ldexp(T(1), exponent - std::numeric_limits<T>::digits);
  unit = std::max(unit, std::numeric_limits<T>::denorm_min());
  return static_cast<double>(std::fabs((static_cast<long double>(got) - want) / unit));
}

template <class T>
class ElementaryTest : public testing::Test {};
using Types = testing::Types<float, double>;
TYPED_TEST_SUITE(ElementaryTest, Types);

constexpr int kSamples = 200000;

// Arguments spread over magnitudes, both signs, |x| ≤ 80.
template <class T>
T argument(Rng& rng) {
  const double u = rng.uniform(-1.0, 1.0);
  switch (rng.below(3)) {
    case 0:
      return static_cast<T>(80.0 * u);
    case 1:
      return static_cast<T>(2.0 * u);
    default:
      return static_cast<T>(std::ldexp(u, -static_cast<int>(rng.below(30))));
  }
}

TYPED_TEST(ElementaryTest, ExpTanhSoftplusWithinTwoUlp) {
  using T = TypeParam;
  Rng rng(1, StreamKind::test);
  for (int i = 0; i < kSamples; ++i) {
    const T x = argument<T>(rng);
    const long double exact = x;
    ASSERT_LE(ulps(elementary::exp(Scalar<T>(x)).v, std::exp(exact)), 2.0) << x;
    ASSERT_LE(ulps(elementary::tanh(Scalar<T>(x)).v, std::tanh(exact)), 2.0) << x;
    ASSERT_LE(
        ulps(elementary::softplus(Scalar<T>(x)).v, std::max(exact, 0.0L) + std::log1p(std::exp(-std::fabs(exact)))),
        2.0)
        << x;
    ASSERT_LE(ulps(elementary::sigmoid(Scalar<T>(x)).v, 1.0L / (1.0L + std::exp(-exact))), 3.0) << x;
    if (std::fabs(x) < 40) {
      ASSERT_LE(ulps(elementary::expm1(Scalar<T>(x)).v, std::expm1(exact)), 2.0) << x;
    }
  }
}

TYPED_TEST(ElementaryTest, LogWithinTwoUlp) {
  using T = TypeParam;
  Rng rng(2, StreamKind::test);
  for (int i = 0; i < kSamples; ++i) {
    const T wide = static_cast<T>(std::exp(80.0 * rng.uniform(-1.0, 1.0)));
    ASSERT_LE(ulps(elementary::log(Scalar<T>(wide)).v, std::log(static_cast<long double>(wide))), 2.0) << wide;
    const T near_one = static_cast<T>(1.0 + 0.1 * rng.uniform(-1.0, 1.0));
    ASSERT_LE(ulps(elementary::log(Scalar<T>(near_one)).v, std::log(static_cast<long double>(near_one))), 2.0)
        << near_one;
    const T y = static_cast<T>(std::ldexp(rng.uniform(), -static_cast<int>(rng.below(40))));
    ASSERT_LE(ulps(elementary::log1p(Scalar<T>(y)).v, std::log1p(static_cast<long double>(y))), 2.0) << y;
  }
}

TYPED_TEST(ElementaryTest, SineAndCosineOfATurn) {
  using T = TypeParam;
  Rng rng(3, StreamKind::test);
  const long double two_pi = 6.283185307179586476925286766559L;
  for (int i = 0; i < kSamples; ++i) {
    const T turn = static_cast<T>(rng.uniform());
    Scalar<T> sine, cosine;
    elementary::sincos_turn(Scalar<T>(turn), sine, cosine);
    const long double angle = two_pi * turn;
    ASSERT_LE(std::fabs(sine.v - std::sin(angle)), 2 * std::numeric_limits<T>::epsilon()) << turn;
    ASSERT_LE(std::fabs(cosine.v - std::cos(angle)), 2 * std::numeric_limits<T>::epsilon()) << turn;
  }
  Scalar<T> sine, cosine;
  for (const auto& [turn, s, c] :
       {std::tuple{0.0, 0.0, 1.0}, {0.25, 1.0, 0.0}, {0.5, 0.0, -1.0}, {0.75, -1.0, 0.0}, {1.0, 0.0, 1.0}}) {
    elementary::sincos_turn(Scalar<T>(static_cast<T>(turn)), sine, cosine);
    EXPECT_EQ(sine.v, static_cast<T>(s)) << turn;
    EXPECT_EQ(cosine.v, static_cast<T>(c)) << turn;
  }
}

TYPED_TEST(ElementaryTest, EdgesAndNan) {
  using T = TypeParam;
  const T nan = std::numeric_limits<T>::quiet_NaN(), inf = std::numeric_limits<T>::infinity();
  EXPECT_EQ(elementary::exp(Scalar<T>(T(0))).v, T(1));
  EXPECT_EQ(elementary::exp(Scalar<T>(-inf)).v, T(0));
  EXPECT_EQ(elementary::exp(Scalar<T>(inf)).v, inf);
  EXPECT_EQ(elementary::tanh(Scalar<T>(inf)).v, T(1));
  EXPECT_EQ(elementary::tanh(Scalar<T>(-inf)).v, T(-1));
  EXPECT_EQ(elementary::log(Scalar<T>(T(1))).v, T(0));
  EXPECT_TRUE(std::isnan(elementary::exp(Scalar<T>(nan)).v));
  EXPECT_TRUE(std::isnan(elementary::tanh(Scalar<T>(nan)).v));
  EXPECT_TRUE(std::isnan(elementary::softplus(Scalar<T>(nan)).v));
}

}  // namespace
}  // namespace softac
