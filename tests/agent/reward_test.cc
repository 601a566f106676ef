// Running scale of rewards (normalize_reward): the vectors of the methods, and what a learner makes of it.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <vector>

#include "agent/reward_normaliser.h"
#include "agent/update.h"
#include "softac/agent.h"
#include "softac/error.h"
#include "softac/sac_settings.h"

namespace softac {
namespace {

SacConfig config_of(NormalizeReward rule, double gamma = 0.99) {
  SacConfig config;
  config.normalize_reward = rule;
  config.gamma = gamma;
  config.net_arch = {12};
  config.batch_size = 16;
  return config;
}

void fill(BatchView<double> batch, double scale) {
  Rng rng(5, StreamKind::test);
  for (int r = 0; r < 2 * batch.batch_size; ++r) {
    for (int c = 0; c < batch.obs_dim + batch.act_dim; ++c) batch.x.at(r, c) = rng.uniform(-1, 1);
  }
  for (int b = 0; b < batch.batch_size; ++b) {
    batch.reward[b] = scale * rng.normal();
    batch.discount[b] = b % 5 == 0 ? 0.0 : 0.97;
  }
}

// methods T9 and T10, with γ = 0 for the moments of the rewards themselves.
TEST(RewardNormaliser, MomentsOfBothForms) {
  RewardNormaliser bounded(config_of(NormalizeReward::return_std_bounded, 0.0)),
      plain(config_of(NormalizeReward::return_std, 0.0));
  EXPECT_NEAR(plain.scale(), 1.0, 1e-7) << "before any reward";
  const double x[] = {1.0, 3.0, -2.0}, mean[] = {0.99990001, 1.999900005, 0.6666444452},
               variance[] = {0.00019997, 1.00019998, 4.2221296322}, plain_mean[] = {1.0, 2.0, 0.6666666667},
               plain_variance[] = {0.0, 1.0, 4.2222222222};
  for (int i = 0; i < 3; ++i) {
    bounded.observe(0, x[i], false);
    plain.observe(0, x[i], false);
    EXPECT_NEAR(bounded.mean, mean[i], 6e-9);
    EXPECT_NEAR(bounded.variance, variance[i], 6e-9);
    EXPECT_NEAR(plain.mean, plain_mean[i], 6e-11);
    EXPECT_NEAR(plain.variance, plain_variance[i], 6e-11);
    EXPECT_EQ(plain.scale(), std::sqrt(plain.variance) + 1e-8);
  }
}

TEST(RewardNormaliser, ReturnsEndWithTheirOwnTransition) {
  RewardNormaliser norm(config_of(NormalizeReward::return_std_bounded, 0.9));
  const double reward[] = {1, 2, 3, -1}, g[] = {1, 2.9, 3, 1.7},
               variance[] = {0.00019997, 0.9026949807, 0.8468480992, 0.7026229940},
               c[] = {0.2, 0.9501026212, 0.9202435054, 0.8382261056};
  for (int i = 0; i < 4; ++i) {
    norm.observe(0, reward[i], i == 2);
    EXPECT_NEAR(norm.returns[0], g[i], 1e-14);
    EXPECT_NEAR(norm.variance, variance[i], 6e-9);
    EXPECT_NEAR(norm.scale(), c[i], 6e-9);
  }
  EXPECT_EQ(norm.largest, 3.0);
  norm.end_episode(0);
  norm.observe(0, 0.5, false);
  EXPECT_EQ(norm.returns[0], 0.5);
}

TEST(RewardNormaliser, StreamsHaveReturnsOfTheirOwn) {
  SacConfig config = config_of(NormalizeReward::return_std, 0.5);
  config.num_streams = 3;
  RewardNormaliser norm(config);
  for (int i = 0; i < 4; ++i) {
    for (int stream = 0; stream < 3; ++stream) norm.observe(stream, stream, stream == 1);
  }
  EXPECT_EQ(norm.returns, (std::vector<double>{0.0, 1.0, 3.75}));
  EXPECT_EQ(norm.count, 12.0);
}

// Property: rewards k times as large, statistics too: the same targets and networks; what is reported is k times.
TEST(RewardNormaliser, RewardsAreReadInUnitsOfC) {
  SacUpdate<double> one(3, 2, config_of(NormalizeReward::return_std_bounded), 1, 1, ""),
      many(3, 2, config_of(NormalizeReward::return_std_bounded), 1, 1, ""),
      plain(3, 2, config_of(NormalizeReward::none), 1, 1, "");
  for (auto [sac, k] : {std::pair(&one, 1.0), std::pair(&many, 64.0)}) {
    auto& norm = *sac->state().reward_norm;
    norm.variance = 1e6 * k * k;  // 1e-8 does not count
    norm.largest = 9e3 * k;       // 9e3/5 > 1e3
    fill(sac->batch(), 1e3 * k);
  }
  EXPECT_EQ(one.state().reward_unit(), 1800.0);
  EXPECT_EQ(many.state().reward_unit(), 64 * 1800.0);
  fill(plain.batch(), 1e3);
  for (int b = 0; b < 16; ++b) plain.batch().reward[b] /= 1800.0;
  const UpdateMetrics a = one.run(), b = many.run(), c = plain.run();
  EXPECT_EQ(one.state().critic.value[3], many.state().critic.value[3]);
  EXPECT_EQ(one.state().critic.value[3], plain.state().critic.value[3]);
  EXPECT_EQ(a.critic_loss, b.critic_loss);
  EXPECT_NEAR(a.q_mean, 1800.0 * c.q_mean, 1e-9 * std::fabs(a.q_mean));
  EXPECT_NEAR(a.target_mean, 1800.0 * c.target_mean, 1e-9 * std::fabs(a.target_mean));
  EXPECT_NEAR(b.q_mean, 64 * a.q_mean, 1e-9 * std::fabs(b.q_mean));
  EXPECT_NE(one.batch().reward[1], plain.batch().reward[1]) << "the batch keeps raw rewards";
  one.read_batch();
  one.read_batch();  // reads, does not scale once more
  EXPECT_EQ(one.run().critic_loss, plain.run().critic_loss);
}

TEST(RewardNormaliser, AnAgentReportsValuesInUnitsOfTheRewards) {
  SacAgent agent(3, 2, config_of(NormalizeReward::return_std), 1), plain(3, 2, config_of(NormalizeReward::none), 1);
  EXPECT_EQ(plain.reward_unit(), 1.0);
  Rng rng(3, StreamKind::test);
  for (int i = 0; i < 100; ++i) agent.observe_reward(0, static_cast<float>(50.0 * rng.normal()), i % 10 == 9);
  EXPECT_GT(agent.reward_unit(), 20.0);
  const std::vector<float> obs = {0.1f, 0.2f, 0.3f}, action = {0.5f, -0.5f};
  std::vector<float> q(2), raw(2);
  agent.q_values(obs, action, 1, false, q);
  plain.q_values(obs, action, 1, false, raw);
  for (std::size_t i = 0; i < 2; ++i)
    EXPECT_EQ(q[i], static_cast<float>(static_cast<double>(raw[i]) * agent.reward_unit()));
  EXPECT_THROW(agent.observe_reward(1, 0.0f, false), ContractError);
  EXPECT_THROW(agent.observe_reward(-1, 0.0f, false), ContractError);
  EXPECT_THROW(agent.end_return(1), ContractError);
}

TEST(RewardNormaliser, StatisticsAreStateOfTheLearner) {
  SacConfig config = config_of(NormalizeReward::return_std_bounded);
  config.num_streams = 2;
  SacAgent a(3, 2, config, 1), b(3, 2, config, 1);
  const std::uint64_t before = a.state_hash();
  a.observe_reward(1, 2.5f, false);
  const std::uint64_t after = a.state_hash();
  EXPECT_NE(after, before);
  a.end_return(1);
  EXPECT_NE(a.state_hash(), after);
  std::vector<std::string> names;
  for (auto list : {&SacAgent::model_tensors, &SacAgent::optimizer_tensors}) {
    const auto from = (a.*list)(), to = (b.*list)();
    for (std::size_t i = 0; i < from.size(); ++i) {
      if (!from[i].name.starts_with("reward_norm.")) continue;
      names.push_back(from[i].name);
      ASSERT_TRUE(from[i].is_double());
      std::vector<double> values(static_cast<std::size_t>(from[i].shape[0]));
      from[i].read_double(values);
      to[i].write_double(values);
    }
  }
  EXPECT_EQ(names, (std::vector<std::string>{"reward_norm.mean", "reward_norm.var", "reward_norm.count",
                                             "reward_norm.max", "reward_norm.returns"}));
  EXPECT_EQ(b.state_hash(), a.state_hash());
}

TEST(RewardNormaliser, BoundsAreChecked) {
  SacConfig config = config_of(NormalizeReward::return_std_bounded);
  config.norm_reward_max = 0.0;
  ASSERT_EQ(validate(config).size(), 1u);
  EXPECT_EQ(validate(config)[0].key, "norm_reward_max");
  config = config_of(NormalizeReward::return_std);
  config.num_streams = 0;
  ASSERT_EQ(validate(config).size(), 1u);
  EXPECT_EQ(validate(config)[0].key, "num_streams");
}

}  // namespace
}  // namespace softac
