// One Gaussian covers one of two equally good actions, a mixture of two covers both (docs/math.md, "Several ways at
// once"). Two-dimensional actions and several seeds: tests/campaign/multimodal.cc.
#include "train/multimodal.h"

#include <gtest/gtest.h>

namespace softac {
namespace {

TEST(Multimodal, TheMixtureIsFarNearerToTheBoltzmannTarget) {
  MultimodalRun gaussian("TwoPeaks-v0", 1, 0), mixture("TwoPeaks-v0", 2, 0);
  const BoltzmannEstimate one = bandit_estimate(gaussian), two = bandit_estimate(mixture);
  EXPECT_GT(one.kl, 0.4);
  EXPECT_LT(two.kl, 0.2);
  EXPECT_LT(two.kl, 0.33 * one.kl);
  EXPECT_LT(two.actor_loss, one.actor_loss);
  EXPECT_LT(one.kl_error + two.kl_error, 1e-3);
  RecordProperty("kl_gaussian", std::to_string(one.kl));
  RecordProperty("kl_mixture", std::to_string(two.kl));
  // The most probable component's mean is one of the peaks.
  const std::vector<float> obs = {0.0f};
  std::vector<float> action(1);
  mixture.agent().act(obs, 1, true, {}, action);
  EXPECT_NEAR(std::fabs(action[0]), 0.6f, 0.15f);
}

TEST(Multimodal, TheMixtureTakesBothWays) {
  MultimodalRun mixture("TwoWay-v0", kTwoWayComponents, 0);
  const WayShares shares = two_way_shares(mixture, 500);
  EXPECT_GE(shares.left, 0.4);
  EXPECT_GE(shares.right, 0.4);
}

TEST(TwoPeaks, RewardsBothPeaksAlike) {
  const auto env = make_env("TwoPeaks-v0", {{"dimensions", 2.0}});
  std::vector<double> obs(2);
  const StepResult first = env->step(std::vector{0.6, 0.6}, obs), second = env->step(std::vector{-0.6, -0.6}, obs);
  EXPECT_TRUE(first.terminated);
  EXPECT_EQ(first.reward, second.reward);
  EXPECT_NEAR(first.reward, 1.0, 1e-6);
  EXPECT_LT(env->step(std::vector{0.0, 0.0}, obs).reward, 1e-3);
  EXPECT_LT(env->step(std::vector{0.6, -0.6}, obs).reward, 1e-3);
  EXPECT_THROW(make_env("TwoPeaks-v0", {{"dimensions", 1.5}}), ConfigError);
  EXPECT_THROW(make_env("TwoPeaks-v0", {{"dimensions", 0.0}}), ConfigError);
}

TEST(TwoWay, BothSidesAreTheSameAndTheDiscIsInTheWay) {
  const auto env = make_env("TwoWay-v0");
  std::vector<double> obs(2);
  Rng rng(1);
  env->reset(rng, obs);
  EXPECT_EQ(obs[0], 0.0);
  EXPECT_NEAR(obs[1], -0.6, 0.05);
  double total[2] = {};
  for (const int side : {-1, 1}) {
    Rng same(1);
    env->reset(same, obs);
    bool arrived = false;
    for (int step = 0; step < 20 && !arrived; ++step) {
      const StepResult result = env->step(std::vector{step < 3 ? double(side) : 0.0, step < 3 ? 0.0 : 1.0}, obs);
      total[side > 0] += result.reward;
      arrived = result.terminated;
    }
    EXPECT_TRUE(arrived);
    EXPECT_GT(side * obs[0], 0.4);
  }
  EXPECT_EQ(total[0], total[1]);
  env->reset(rng, obs);
  double cost = 0.0;
  for (int step = 0; step < 5; ++step) cost += env->step(std::vector{0.0, 1.0}, obs).reward;
  EXPECT_LT(obs[1], -0.5);
  EXPECT_LT(cost, -1.5);
}

}  // namespace
}  // namespace softac
