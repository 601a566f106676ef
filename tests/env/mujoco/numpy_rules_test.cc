// NumPy's order of sums: the expected values are np.sum's own (2.4.6) for x = ((7919 i) mod 1000 − 500) / (i + 1), and
// all but the shorter ones differ from a sum left to right.
#include "env/mujoco/numpy_rules.h"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

namespace softac {
namespace {

TEST(NumpyRules, SumHasNumpysOrder) {
  const std::pair<int, double> expected[] = {
      {0, 0.0},
      {1, -0x1.f400000000000p+8},
      {7, -0x1.e466666666663p+5},
      {8, -0x1.13b3333333332p+6},
      {17, -0x1.dcce0bc976c5ep+6},
      {84, -0x1.1ffb86bb40a4dp+7},
      {128, -0x1.218110dc1d0b4p+7},
      {300, -0x1.1f5f5b7a6f9cfp+7},
  };
  for (const auto& [n, sum] : expected) {
    std::vector<double> x;
    for (int i = 0; i < n; ++i) x.push_back((i * 7919 % 1000 - 500) / (i + 1.0));
    EXPECT_EQ(numpy_sum(x), sum) << n;
  }
}

TEST(NumpyRules, ClipLetsNaNPass) {
  EXPECT_EQ(clip(-11.0, -10.0, 10.0), -10.0);
  EXPECT_EQ(clip(11.0, -10.0, 10.0), 10.0);
  EXPECT_EQ(clip(0.25, -10.0, 10.0), 0.25);
  EXPECT_TRUE(std::isnan(clip(std::numeric_limits<double>::quiet_NaN(), -10.0, 10.0)));
}

TEST(NumpyRules, DistanceIsTheNormOfTheDifference) {
  const double a[] = {1.0, 2.0, 3.0}, b[] = {1.0, -1.0, 7.0};
  EXPECT_EQ(distance(a, b), 5.0);
}

}  // namespace
}  // namespace softac
