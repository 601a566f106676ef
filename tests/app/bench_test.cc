// What `softac bench` computes from its measurements: fits, ticks, figures, disturbed rounds, operations by phase. No
// test here looks at a clock.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "bench_blas.h"
#include "bench_fit.h"
#include "bench_flop.h"
#include "bench_measure.h"
#include "bench_probe.h"
#include "bench_synthetic.h"
#include "math/backend.h"
#include "softac/error.h"

namespace softac::app {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(Fit, FindsAnExactPowerLaw) {
  std::vector<double> x = {1, 2, 5, 40, 300}, y;
  for (double v : x) y.push_back(0.25 * std::pow(v, 1.75));
  const PowerFit fit = fit_power(x, y);
  EXPECT_NEAR(fit.exponent, 1.75, 1e-12);
  EXPECT_NEAR(fit.factor, 0.25, 1e-12);
  EXPECT_NEAR(fit.exponent_error, 0.0, 1e-12);
}

// By hand: log x = 0, 1, 2, 3 (natural), log y = 0, 1, 3, 3 → slope 1.1, residuals −0.1, −0.2, 0.7, −0.4, their squares
// sum to 0.7, error √(0.7 / 2 / 5).
TEST(Fit, StandardErrorByHand) {
  const std::vector<double> x = {1, std::exp(1.0), std::exp(2.0), std::exp(3.0)},
                            y = {1, std::exp(1.0), std::exp(3.0), std::exp(3.0)};
  const PowerFit fit = fit_power(x, y);
  EXPECT_NEAR(fit.exponent, 1.1, 1e-12);
  EXPECT_NEAR(fit.exponent_error, std::sqrt(0.07), 1e-12);
  EXPECT_NEAR(fit.factor, std::exp(0.1), 1e-12);
}

TEST(Fit, TwoPointsHaveNoError) {
  const std::vector<double> x = {1, 4}, y = {3, 6};
  EXPECT_NEAR(fit_power(x, y).exponent, 0.5, 1e-12);
  EXPECT_EQ(fit_power(x, y).exponent_error, 0.0);
}

TEST(Fit, RefusesWhatHasNoLaw) {
  using V = std::vector<double>;
  for (const auto& [x, y] : std::vector<std::pair<V, V>>{
           {{1}, {1}}, {{1, 2}, {1}}, {{0, 1}, {1, 2}}, {{1, 2}, {1, -2}}, {{2, 2}, {1, 2}}, {{1, 2}, {1, INFINITY}}}) {
    EXPECT_THROW(fit_power(x, y), ContractError);
  }
}

TEST(Measure, MedianAndSpread) {
  EXPECT_EQ(median({3, 1, 2}), 2.0);
  EXPECT_EQ(median({4, 1, 2, 3}), 2.5);
  const Spread s = spread({5, 1, 3});
  EXPECT_EQ(s.median, 3.0);
  EXPECT_EQ(s.min, 1.0);
  EXPECT_EQ(s.max, 5.0);
}

TEST(Disturbance, WhatCounts) {
  const std::vector<RoundState> rounds = {
      {100, 100, 1.00},  // quiet
      {100, 92, 1.10},   // within the margins
      {100, 89, 1.00},   // the peak moved
      {89, 89, 1.00},    // the peak stands low
      {100, 100, 1.16},  // the fixed work took longer
  };
  EXPECT_THAT(disturbed_rounds(rounds), ElementsAre(false, false, true, true, true));
}

TEST(Disturbance, FewAreLeftOutManyAreReported) {
  const std::vector<double> x = {1, 2, 3, 100};
  EXPECT_EQ(quiet_spread(x, {false, false, false, true}).median, 2.0);
  EXPECT_FALSE(verdict({false, false, false, true}).bad_spell());
  EXPECT_EQ(quiet_spread(x, {true, true, false, true}).median, 2.5);  // over all of them
  EXPECT_TRUE(verdict({true, true, false, true}).bad_spell());
  EXPECT_FALSE(verdict({true, false}).bad_spell());
}

TEST(Flop, PhasesAddUp) {
  SacConfig config;
  EXPECT_EQ(flop_per_update(17, 6, config), update_flop(17, 6, config).total());
  EXPECT_NEAR(static_cast<double>(flop_per_update(17, 6, config)), 0.5426e9, 0.00005e9);
  EXPECT_NEAR(static_cast<double>(flop_per_update(348, 17, config)), 1.0444e9, 0.00005e9);
  // One hidden layer of h, O = A = 1, one critic, one row, by hand. F_a = h + 2h, F_c = 2h + h, D_a = 2h, D_c = h.
  config.net_arch = {10};
  config.n_critics = 1;
  config.batch_size = 1;
  const UpdateFlop flop = update_flop(1, 1, config);
  EXPECT_EQ(flop.policy, 2 * 2 * 30);
  EXPECT_EQ(flop.target, 2 * 30);
  EXPECT_EQ(flop.critic_forward, 2 * 30);
  EXPECT_EQ(flop.critic_backward, 2 * (30 + 10));
  EXPECT_EQ(flop.actor, 2 * (30 + 10 + 10 + 30 + 20));
}

TEST(Synthetic, ReplayHoldsWhatWasAskedFor) {
  EXPECT_EQ(filled_replay(3, 1, 2500)->num_transitions(), 2500);
  EXPECT_EQ(transitions_for_bytes(17, 6, 100), 1000);
  EXPECT_EQ(transitions_for_bytes(17, 6, 1'000'000), 10'000);
  EXPECT_EQ(transitions_for_bytes(17, 6, 1'000'000'000), 1'000'000);
}

TEST(Probe, CountsWhatItDid) {
  const KernelTable<float>& table = select_kernels<float>("");
  ThreadPool pool(2);
  EXPECT_GT(fma_peak_gflops(table, pool, 0.0), 0.0);
  const Bandwidth memory = BandwidthProbe(pool).measure();
  EXPECT_GT(memory.read, 0.0);
  EXPECT_GT(memory.copy, 0.0);
  EXPECT_GT(memory.triad, 0.0);
}

// Each library that is installed computes the product that it is compared on.
TEST(Blas, MultipliesAsAsked) {
  const BlasSearch search = find_blas(1);
  EXPECT_EQ(search.found.size() + search.missing.size(), 2u);
  const std::vector<float> a = {1, 2, 3, 4, 5, 6}, b = {7, 8, 9, 10, 11, 12};
  for (const auto& blas : search.found) {
    SCOPED_TRACE(blas->name());
    EXPECT_FALSE(blas->version().empty());
    std::vector<float> c(4);
    blas->multiply({2, 2, 3}, a.data(), b.data(), c.data());  // (2×3)(3×2)
    EXPECT_THAT(c, ElementsAre(58, 64, 139, 154));
    blas->multiply({2, 2, 3, false, true}, a.data(), b.data(), c.data());  // (2×3)(2×3)ᵀ
    EXPECT_THAT(c, ElementsAre(50, 68, 122, 167));
    blas->multiply({2, 2, 3, true, false}, a.data(), b.data(), c.data());  // (3×2)ᵀ(3×2)
    EXPECT_THAT(c, ElementsAre(89, 98, 116, 128));
  }
}

// Counted by hand for (17, 6, 256, 256) and (348, 17, 256, 256).
TEST(Flop, OfTheStandardShapes) {
  EXPECT_EQ(flop_per_update(17, 6, SacConfig{}), 542'638'080);
  EXPECT_EQ(flop_per_update(348, 17, SacConfig{}), 1'044'381'696);
  // No policy at s' (−72 960 multiply-adds a row), V_ψ̄ in place of two target critics (70 144 − 2 · 71 680), and V_ψ
  // forward and with its gradient (70 144 · 2 + 65 792).
  SacConfig first;
  first.variant = Variant::state_value;
  EXPECT_EQ(flop_per_update(17, 6, first), 542'638'080 + 512 * (-72'960 + 70'144 - 143'360 + 206'080));
}

}  // namespace
}  // namespace softac::app
