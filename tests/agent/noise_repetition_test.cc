// How long exploration noise is held, and what holding it means for a generator.
#include "agent/noise_repetition.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "softac/agent.h"
#include "softac/error.h"

namespace softac {
namespace {

SacConfig holding(int most) {
  SacConfig config;
  config.noise_repeat_max = most;
  return config;
}

// The inverse of the zeta distribution with exponent 2, cut at 16.
TEST(NoiseRepetition, LengthsHaveThePublishedDistribution) {
  const NoiseRepetition repetition(holding(16), 1, 1);
  const double p[] = {.6311750484, .1577937621, .0701305609, .0394484405};
  double below = 0.0;
  for (std::uint64_t n = 1; n <= 4; ++n) {
    EXPECT_EQ(repetition.length(below + 1e-9), n);
    below += p[n - 1];
    EXPECT_EQ(repetition.length(below - 1e-9), n);
  }
  EXPECT_EQ(repetition.length(0.0), 1u);
  EXPECT_EQ(repetition.length(std::nextafter(1.0, 0.0)), 16u);
  double mean = 0.0;
  const int steps = 200'000;
  for (int i = 0; i < steps; ++i) mean += static_cast<double>(repetition.length((i + 0.5) / steps)) / steps;
  EXPECT_NEAR(mean, 2.133831786, 1e-4);
}

TEST(NoiseRepetition, HoldsOneNoiseForEachRunAndThenTakesTheNext) {
  NoiseRepetition repetition(holding(16), 3, 1);
  Rng noise(3, StreamKind::act), fresh(3, StreamKind::act);
  double held = fresh.normal();
  std::vector<int> lengths = {0};
  for (int step = 0; step < 2'000; ++step) {
    repetition.prepare(0, noise);
    const double now = noise.normal();
    if (now != held) {
      held = fresh.normal();
      lengths.push_back(0);
    }
    ASSERT_EQ(now, held) << "no noise is left out";
    ++lengths.back();
  }
  double mean = 0.0;
  for (const int n : lengths) {
    EXPECT_LE(n, 16);
    mean += static_cast<double>(n) / static_cast<double>(lengths.size());
  }
  EXPECT_NEAR(mean, 2.13, 0.25);
}

// Streams that act together hold together; one that acts alone has the same lengths one after the other.
TEST(NoiseRepetition, StreamsShareTheLengths) {
  NoiseRepetition repetition(holding(16), 5, 2);
  Rng a(5, StreamKind::act, 0), b(5, StreamKind::act, 1);
  std::vector<std::uint64_t> of_a, of_b;
  for (int step = 0; step < 50; ++step) {
    repetition.prepare(0, a);
    a.normal();
    of_a.push_back(repetition.runs()[0].left);
  }
  for (int step = 0; step < 50; ++step) {
    repetition.prepare(1, b);
    b.normal();
    of_b.push_back(repetition.runs()[1].left);
  }
  EXPECT_EQ(of_a, of_b);
}

TEST(NoiseRepetition, OffLeavesTheGeneratorAlone) {
  NoiseRepetition repetition(holding(1), 3, 4);
  EXPECT_FALSE(repetition.on());
  EXPECT_TRUE(repetition.runs().empty());
  Rng noise(3, StreamKind::act), same(3, StreamKind::act);
  for (int step = 0; step < 10; ++step) {
    repetition.prepare(2, noise);
    EXPECT_EQ(noise.normal(), same.normal());
  }
}

// After a rollback no noise of before comes back.
TEST(NoiseRepetition, ARunCanBeEnded) {
  NoiseRepetition repetition(holding(1024), 3, 1);
  Rng noise(3, StreamKind::act);
  for (int step = 0; step < 100; ++step) {
    repetition.prepare(0, noise);
    const double first = noise.normal();
    repetition.end_runs();
    repetition.prepare(0, noise);
    ASSERT_NE(noise.normal(), first);
    repetition.end_runs();
  }
}

TEST(NoiseRepetition, IsRefusedWithDiscreteActions) {
  SacConfig config = holding(16);
  config.num_actions = 3;
  EXPECT_THROW(SacAgent(2, 1, config, 1), ConfigError);
}

}  // namespace
}  // namespace softac
