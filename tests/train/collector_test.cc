// Exploration from outside the policy: noise on its actions, uniform actions in their place.
#include "train/collector.h"

#include <gtest/gtest.h>

#include <cmath>

#include "support/point_env.h"

namespace softac::test {
namespace {

// The first action component of 4,000 stored transitions; the policy itself, all its parameters 0, acts near 0.
std::vector<double> stored_actions(const ExternalExploration& exploration) {
  PointEnv::add_to_table();
  std::vector<std::unique_ptr<Env>> made;
  for (int i = 0; i < 2; ++i) made.push_back(make_env("TestPoint-v0"));
  VecEnv envs(std::move(made), {});
  envs.reset();
  SacConfig config;
  config.net_arch = {8};
  config.batch_size = 4000;
  config.log_std_min = -20.0;
  config.log_std_max = -15.0;
  SacAgent agent(envs.spec().obs_dim, envs.spec().act_dim, config, 1);
  for (TensorRef& tensor : agent.model_tensors()) {
    std::size_t count = 1;
    for (const auto size : tensor.shape) count *= static_cast<std::size_t>(size);
    tensor.write(std::vector<float>(count, 0.0f));
  }
  ReplayBuffer replay({envs.spec().obs_dim, envs.spec().act_dim, 2, 6000, 1, 0.99});
  Collector collector(envs, agent, replay, 1, exploration);
  for (int step = 0; step < 2000; ++step) collector.step(false);
  Rng rng(3, StreamKind::test);
  const auto batch = agent.batch();
  replay.sample(rng, batch);
  std::vector<double> actions;
  for (int b = 0; b < batch.batch_size; ++b) actions.push_back(static_cast<double>(batch.x.at(b, envs.spec().obs_dim)));
  return actions;
}

double share_beyond(const std::vector<double>& actions, double size) {
  int count = 0;
  for (const double action : actions) {
    EXPECT_LE(std::abs(action), 1.0);
    count += std::abs(action) >= size;
  }
  return count / static_cast<double>(actions.size());
}

TEST(Collector, AddsNoiseToThePolicysActions) {
  EXPECT_EQ(share_beyond(stored_actions({}), 0.9), 0.0);
  const auto noisy = stored_actions({.action_noise_std = 2.0});
  EXPECT_NEAR(share_beyond(noisy, 1.0), 0.62, 0.08);  // P(|N(0, 2)| ≥ 1), clipped there
}

TEST(Collector, TakesUniformActionsWithTheGivenProbability) {
  EXPECT_NEAR(share_beyond(stored_actions({.random_action_prob = 1.0}), 0.5), 0.5, 0.04);
  EXPECT_NEAR(share_beyond(stored_actions({.random_action_prob = 0.4}), 0.9), 0.04, 0.015);
}

}  // namespace
}  // namespace softac::test
