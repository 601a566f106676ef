// Numbers and sizes as text.
#include "base/text.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <limits>

namespace softac::test {
namespace {

TEST(NumberText, IsTheShortestThatReadsBack) {
  EXPECT_EQ(number_text(0.1), "0.1");
  EXPECT_EQ(number_text(1.0 / 3.0), "0.3333333333333333");
  EXPECT_EQ(number_text(-2.5e-300), "-2.5e-300");
  EXPECT_EQ(std::strtod(number_text(0x1.fffffffffffffp-3).c_str(), nullptr), 0x1.fffffffffffffp-3);
}

TEST(NumberText, WholeNumbersHaveNoExponent) {
  EXPECT_EQ(number_text(0.0), "0");
  EXPECT_EQ(number_text(100000.0), "100000");
  EXPECT_EQ(number_text(-1e15), "-1000000000000000");
  EXPECT_EQ(number_text(1e30), "1e+30");
}

TEST(NumberText, NotFinite) {
  EXPECT_EQ(number_text(std::nan("")), "nan");
  EXPECT_EQ(number_text(-std::nan("")), "nan");
  EXPECT_EQ(number_text(-std::numeric_limits<double>::infinity()), "-inf");
}

TEST(BytesText, PicksAUnit) {
  EXPECT_EQ(bytes_text(512), "512 B");
  EXPECT_EQ(bytes_text(1536), "1.50 KiB");
  EXPECT_EQ(bytes_text(std::uint64_t{1} << 33), "8.00 GiB");
}

}  // namespace
}  // namespace softac::test
