#include "softac/rng.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <vector>

#include "softac/error.h"

namespace softac {
namespace {

// Known answers of Random123 (philox4x32, 10 rounds): counter and key are all zeros, all ones, and digits of pi.
TEST(Philox, PublishedVectors) {
  using Block = std::array<std::uint32_t, 4>;
  EXPECT_EQ(philox4x32(0, 0, 0), (Block{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  const std::uint64_t ones = ~std::uint64_t{0};
  EXPECT_EQ(philox4x32(ones, ones, ones), (Block{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox4x32(0x299f31d0a4093822u, 0x0370734413198a2eu, 0x85a308d3243f6a88u),
            (Block{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Rng, WordsAreTheBlocksInOrder) {
  Rng rng(5, 9);
  for (std::uint64_t block = 0; block < 3; ++block) {
    for (const std::uint32_t word : philox4x32(5, 9, block)) EXPECT_EQ(rng.next_u32(), word);
  }
  EXPECT_EQ(rng.position(), 12u);
}

TEST(Rng, PositionRestoresTheSequence) {
  Rng rng(3, StreamKind::act, 4);
  for (int skip = 0; skip < 9; ++skip) {
    const Rng saved = rng;
    std::vector<double> expected{rng.normal(), rng.uniform(), static_cast<double>(rng.below(1000)), rng.normal()};
    Rng restored(saved.seed(), saved.stream());
    EXPECT_EQ(restored == saved, saved.position() == 0);
    restored.set_position(saved.position());
    EXPECT_EQ(restored, saved);
    const std::vector<double> found{restored.normal(), restored.uniform(), static_cast<double>(restored.below(1000)),
                                    restored.normal()};
    EXPECT_EQ(found, expected);
    EXPECT_EQ(restored, rng);
    rng.next_u32();  // odd positions as well
  }
}

TEST(Rng, AlignsToTheNextBlock) {
  Rng rng(1, 2);
  EXPECT_EQ(rng.align_to_block(), 0u);
  rng.next_u32();
  EXPECT_EQ(rng.align_to_block(), 1u);
  EXPECT_EQ(rng.position(), 4u);
  EXPECT_EQ(rng.next_u32(), philox4x32(1, 2, 1)[0]);
}

TEST(Rng, StreamsKindsAndSeedsDiffer) {
  std::set<std::uint64_t> first;
  int count = 0;
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    for (int kind = 1; kind <= 8; ++kind) {
      for (std::uint32_t index = 0; index < 5; ++index, ++count) {
        first.insert(Rng(seed, static_cast<StreamKind>(kind), index).next_u64());
      }
    }
  }
  EXPECT_EQ(static_cast<int>(first.size()), count);
}

TEST(Rng, UniformIsWithinItsRangeAndEven) {
  Rng rng(11, StreamKind::test);
  constexpr int kDraws = 200'000, kBins = 20;
  std::vector<double> bins(kBins, 0.0);
  for (int i = 0; i < kDraws; ++i) {
    const double value = rng.uniform();
    ASSERT_GE(value, 0.0);
    ASSERT_LT(value, 1.0);
    bins[static_cast<std::size_t>(value * kBins)] += 1.0;
  }
  double chi_square = 0.0;
  const double expected = static_cast<double>(kDraws) / kBins;
  for (const double count : bins) chi_square += (count - expected) * (count - expected) / expected;
  EXPECT_LT(chi_square, 43.8);  // 0.999 quantile with 19 degrees of freedom
  for (int i = 0; i < 1000; ++i) {
    const double value = rng.uniform(-3.0, 5.0);
    ASSERT_GE(value, -3.0);
    ASSERT_LT(value, 5.0);
  }
}

TEST(Rng, NormalIsBoxMullerOnTwoUniforms) {
  Rng rng(17, StreamKind::test);
  for (int i = 0; i < 10'000; ++i) {
    Rng copy = rng;
    const double u =
        1.0 - static_cast<double>((~copy.next_u64()) >> 11) * 0x1p-53;  // (k + 1)/2^53 from the top 53 bits
    const double turn = copy.uniform();
    const long double expected = std::sqrt(-2.0L * std::log(static_cast<long double>(u))) *
                                 std::cos(2.0L * 3.14159265358979323846264338327950288L * turn);
    ASSERT_NEAR(rng.normal(), static_cast<double>(expected),
                4e-15 * std::max(1.0, std::fabs(static_cast<double>(expected))));
    ASSERT_EQ(rng, copy);
  }
}

TEST(Rng, NormalHasTheMomentsOfTheStandardNormal) {
  Rng rng(23, StreamKind::test);
  constexpr int kDraws = 400'000;
  double sums[4] = {};
  for (int i = 0; i < kDraws; ++i) {
    const double x = rng.normal();
    for (int power = 0; power < 4; ++power) sums[power] += std::pow(x, power + 1) / kDraws;
  }
  // Four standard errors of each sample moment: sqrt(Var x^k / n) with Var = 1, 2, 15, 96.
  const double expected[] = {0.0, 1.0, 0.0, 3.0}, variance[] = {1.0, 2.0, 15.0, 96.0};
  for (int power = 0; power < 4; ++power) {
    EXPECT_NEAR(sums[power], expected[power], 4.0 * std::sqrt(variance[power] / kDraws)) << power + 1;
  }
}

TEST(Rng, BelowNothingBreaksTheContract) {
  EXPECT_THROW(Rng(1).below(0), ContractError);
}

TEST(Rng, BelowIsWithinItsRangeAndReachesAllValues) {
  Rng rng(29, StreamKind::test);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(rng.below(1), 0u);
  std::vector<int> counts(7, 0);
  constexpr int kDraws = 70'000;
  for (int i = 0; i < kDraws; ++i) ++counts.at(rng.below(7));
  double chi_square = 0.0;
  for (const int count : counts) chi_square += (count - 1e4) * (count - 1e4) / 1e4;
  EXPECT_LT(chi_square, 22.5);  // 0.999 quantile with 6 degrees of freedom
  // Three quarters of 2^64: without rejection the lower third would come twice as often as the rest.
  const std::uint64_t n = std::uint64_t{3} << 62;
  int low = 0;
  for (int i = 0; i < 30'000; ++i) {
    const std::uint64_t value = rng.below(n);
    ASSERT_LT(value, n);
    low += value < (std::uint64_t{1} << 62) ? 1 : 0;
  }
  EXPECT_NEAR(low, 10'000, 4.0 * std::sqrt(30'000.0 * 2.0 / 9.0));
  EXPECT_LE(rng.below(std::numeric_limits<std::uint64_t>::max()), std::numeric_limits<std::uint64_t>::max() - 1);
}

TEST(Rng, BulkWordsAreThoseOfSingleCalls) {
  for (int skipped : {0, 1, 2, 3, 4, 6}) {
    for (std::size_t count : {0u, 1u, 7u, 8u, 9u, 16u, 61u}) {
      Rng a(9, StreamKind::test), b(9, StreamKind::test);
      for (int i = 0; i < skipped; ++i) a.next_u32(), b.next_u32();
      std::vector<std::uint64_t> words(count);
      a.fill_u64(words);
      for (const std::uint64_t word : words) EXPECT_EQ(word, b.next_u64());
      EXPECT_EQ(a, b);
      EXPECT_EQ(a.next_u32(), b.next_u32());
    }
  }
}

}  // namespace
}  // namespace softac
