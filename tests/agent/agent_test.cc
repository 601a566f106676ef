// The public learner: acting, tensors in and out, counters.
#include "softac/agent.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "softac/error.h"

namespace softac {
namespace {

TEST(Agent, ActionsAreBoundedAndDeterministicOnRequest) {
  SacAgent agent(5, 3, SacConfig{}, 1);
  std::vector<Rng> noise = {Rng(1, StreamKind::act, 0), Rng(1, StreamKind::act, 1)};
  const std::vector<float> obs(10, 0.3f);
  std::vector<float> a(6), b(6), c(6);
  EXPECT_TRUE(agent.act(obs, 2, true, {}, a));
  EXPECT_TRUE(agent.act(obs, 2, true, noise, b));
  EXPECT_EQ(a, b);
  for (int k = 0; k < 3; ++k)
    EXPECT_EQ(a[static_cast<std::size_t>(k)], a[static_cast<std::size_t>(k) + 3]);  // same observation
  EXPECT_TRUE(agent.act(obs, 2, false, noise, c));
  EXPECT_NE(a, c);
  for (int k = 0; k < 3; ++k)
    EXPECT_NE(c[static_cast<std::size_t>(k)], c[static_cast<std::size_t>(k) + 3]);  // other noise
  for (float x : c) EXPECT_LE(std::fabs(x), 1.0f);
}

TEST(Agent, RowsAloneActAsRowsTogether) {
  SacAgent agent(5, 3, SacConfig{}, 1);
  std::vector<float> obs(5 * 7), together(3 * 7), alone(3);
  Rng rng(3, StreamKind::test);
  for (float& x : obs) x = static_cast<float>(rng.normal());
  ASSERT_TRUE(agent.act(obs, 7, true, {}, together));
  for (std::size_t r = 0; r < 7; ++r) {
    ASSERT_TRUE(agent.act(std::span(obs).subspan(5 * r, 5), 1, true, {}, alone));
    for (std::size_t k = 0; k < 3; ++k) EXPECT_EQ(alone[k], together[3 * r + k]);
  }
}

TEST(Agent, NonFiniteObservationIsReported) {
  SacAgent agent(2, 1, SacConfig{}, 1);
  std::vector<float> action(1);
  EXPECT_FALSE(agent.act(std::vector<float>{NAN, 0.0f}, 1, true, {}, action));
}

TEST(Agent, WrongSizesBreakTheContract) {
  SacAgent agent(2, 1, SacConfig{}, 1);
  std::vector<float> action(1);
  EXPECT_THROW(agent.act(std::vector<float>(3), 1, true, {}, action), ContractError);
  EXPECT_THROW(agent.act(std::vector<float>(2), 1, false, {}, action), ContractError);
  EXPECT_THROW(SacAgent(0, 1, SacConfig{}, 1), ConfigError);
}

TEST(Agent, TensorsCarryTheWholeState) {
  SacConfig config;
  config.net_arch = {20, 7};
  config.n_critics = 3;
  SacAgent a(4, 2, config, 1), b(4, 2, config, 99);
  const auto batch = a.batch();
  Rng rng(1, StreamKind::test);
  for (int i = 0; i < 4; ++i) {
    for (int r = 0; r < 2 * batch.batch_size; ++r) {
      for (int c = 0; c < 6; ++c) batch.x.at(r, c) = static_cast<float>(rng.uniform(-1, 1));
    }
    for (int r = 0; r < batch.batch_size; ++r)
      batch.reward[r] = static_cast<float>(rng.normal()), batch.discount[r] = 0.9f;
    ASSERT_TRUE(a.update().finite);
  }
  std::set<std::string> names;
  const auto copy = [&](std::vector<TensorRef> from, std::vector<TensorRef> to) {
    ASSERT_EQ(from.size(), to.size());
    for (std::size_t i = 0; i < from.size(); ++i) {
      EXPECT_EQ(from[i].name, to[i].name);
      EXPECT_EQ(from[i].shape, to[i].shape);
      EXPECT_TRUE(names.insert(from[i].name).second) << from[i].name;
      std::size_t size = 1;
      for (auto d : from[i].shape) size *= static_cast<std::size_t>(d);
      std::vector<float> values(size);
      from[i].read(values);
      to[i].write(values);
    }
  };
  copy(a.model_tensors(), b.model_tensors());
  copy(a.optimizer_tensors(), b.optimizer_tensors());
  for (const char* name : {"actor.layers.0.weight", "actor.mu.bias", "actor.log_std.weight", "critic.2.output.bias",
                           "target.critic.0.layers.1.weight", "log_ent_coef", "adam_v.critic.1.output.weight"}) {
    EXPECT_TRUE(names.count(name)) << name;
  }
  b.set_counters(a.counters());
  // The update noise belongs to the run's seed, so a copy continues identically only with the same seed; acting needs
  // none.
  std::vector<float> obs = {0.1f, -0.2f, 0.3f, 0.4f}, action_a(2), action_b(2);
  a.act(obs, 1, true, {}, action_a);
  b.act(obs, 1, true, {}, action_b);
  EXPECT_EQ(action_a, action_b);
  EXPECT_EQ(a.state_hash(), b.state_hash());
}

}  // namespace
}  // namespace softac
