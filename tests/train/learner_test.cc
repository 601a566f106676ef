// The user's own loop: the same updates as a trainer makes, nothing bad stored, no allocation.
#include "softac/learner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "config/make_envs.h"
#include "softac/error.h"
#include "softac/trainer.h"
#include "support/allocation_counter.h"
#include "support/point_env.h"

namespace softac::test {
namespace {

SacConfig tiny() {
  SacConfig config;
  config.net_arch = {16, 16};
  config.batch_size = 8;
  return config;
}

struct Loop {
  explicit Loop(Learner& the_learner) : learner(the_learner) {}
  void step(bool random) {
    if (random) {
      learner.random_action(action);
    } else {
      learner.act(obs, action);
    }
    const std::vector<float>& s = obs;
    next_obs[0] = 0.9f * s[0] + 0.1f * action[0];
    next_obs[1] = action[0];
    ++count;
    const bool truncated = count % 17 == 0, terminated = count % 23 == 0 && !truncated;
    learner.observe({obs, action, -next_obs[0] * next_obs[0], next_obs, terminated, truncated});
    obs = next_obs;
    if (terminated || truncated) obs[0] = std::sin(static_cast<float>(count));
  }
  Learner& learner;
  std::vector<float> obs = {1.0f, 0.0f}, next_obs = {0.0f, 0.0f}, action = {0.0f};
  int count = 0;
};

// normalize_reward: what each stream's transitions add, wherever an episode ends.
TEST(Learner, ScalesRewardsByTheReturnsOfItsStreams) {
  SacConfig config = tiny();
  config.normalize_reward = NormalizeReward::return_std_bounded;
  LearnerOptions options{.buffer_size = 100, .num_streams = 2};
  Learner learner(1, 1, config, options);
  EXPECT_EQ(learner.agent().config().num_streams, 2);
  const auto returns = [](Learner& of) {
    std::vector<double> out(2);
    for (const TensorRef& tensor : of.agent().optimizer_tensors()) {
      if (tensor.name == "reward_norm.returns") tensor.read_double(out);
    }
    return out;
  };
  const std::vector<float> action = {0.0f};
  const auto step = [&](int stream, float from, float to, float reward, bool terminated = false,
                        bool truncated = false) {
    const std::vector<float> obs = {from}, next = {to};
    learner.observe({obs, action, reward, next, terminated, truncated}, stream);
  };
  step(0, 0, 1, 1.0f);
  step(0, 1, 2, 2.0f);
  EXPECT_EQ(returns(learner), (std::vector<double>{0.99 * 1.0 + 2.0, 0.0}));
  step(1, 0, 1, -4.0f);
  step(0, 2, 3, 0.5f, true);
  EXPECT_EQ(returns(learner), (std::vector<double>{0.5, -4.0}));
  step(0, 7, 8, 1.0f);
  EXPECT_EQ(returns(learner)[0], 0.99 * 0.5 + 1.0) << "the last reward of an episode begins the next return";
  step(0, 20, 21, 3.0f);  // no flag, but not where the stream was
  EXPECT_EQ(returns(learner)[0], 3.0);
  learner.end_episode(0);
  step(0, 21, 22, 2.0f, false, true);
  EXPECT_EQ(returns(learner)[0], 2.0);
  const double unit = learner.agent().reward_unit();
  EXPECT_GT(unit, 0.8);  // at least 4/5
  learner.extend_replay(learner.stored_transitions());
  EXPECT_EQ(learner.agent().reward_unit(), unit);

  const std::uint64_t hash = learner.state_hash();
  Learner copy = learner.clone();
  EXPECT_EQ(copy.state_hash(), hash);
  EXPECT_EQ(returns(copy), returns(learner));
  const std::string path = testing::TempDir() + "softac_scaled_rewards.safetensors";
  learner.save(path);
  Learner again = Learner::load(path);
  EXPECT_EQ(returns(again), returns(learner));
  EXPECT_EQ(again.agent().reward_unit(), unit);
  EXPECT_EQ(again.agent().state_hash(), learner.agent().state_hash());
  EXPECT_FALSE(learner.diagnose(1).empty());
  learner.sample(4);
  EXPECT_EQ(learner.state_hash(), hash) << "diagnoses change no statistics";
}

TEST(Learner, GammaOfAnEpisodeIsNotKnownHere) {
  SacConfig config = tiny();
  config.gamma_auto = true;
  EXPECT_THAT([&] { Learner(1, 1, config); },
              testing::ThrowsMessage<ConfigError>(testing::HasSubstr("gamma = auto: is found from the time limit")));
}

TEST(Learner, RunsTheUsersLoop) {
  LearnerOptions options;
  options.buffer_size = 100;
  options.seed = 4;
  Learner a(2, 1, tiny(), options), b(2, 1, tiny(), options);
  for (Learner* learner : {&a, &b}) {
    Loop loop(*learner);
    for (int i = 0; i < 200; ++i) {
      loop.step(i < 20);
      if (i < 20) continue;
      EXPECT_TRUE(learner->update().finite);
    }
    EXPECT_EQ(learner->agent().num_updates(), 180);
    EXPECT_LE(learner->num_transitions(), 100);
    EXPECT_GE(learner->num_transitions(), 80);
  }
  EXPECT_EQ(a.state_hash(), b.state_hash());
  Loop(a).step(false);
  EXPECT_NE(a.state_hash(), b.state_hash());
}

// The loop that Trainer runs, by hand: networks, actions and batches come out the same.
TEST(Learner, AgreesWithTheTrainer) {
  const TrainConfig config = point_config();
  TrainerOptions trainer_options;
  trainer_options.records = false;
  Trainer trainer(config, trainer_options);
  ASSERT_EQ(trainer.run().reason, StopReason::finished);

  LearnerOptions options;
  options.buffer_size = config.buffer_size;
  options.seed = config.seed;
  Learner learner(3, 2, config.sac, options);
  const auto envs = make_vec_env(config, 1, config.seed, StreamKind::env);
  envs->reset();
  std::vector<float> obs, action(2);
  for (int step = 1; step <= 60; ++step) {
    obs.assign(envs->obs().begin(), envs->obs().end());
    if (step <= config.learning_starts) {
      learner.random_action(action);
    } else {
      learner.act(obs, action);
    }
    envs->step(action);
    learner.observe(
        {obs, action, envs->reward()[0], envs->next_obs(), envs->terminated()[0] != 0, envs->truncated()[0] != 0});
    if (step > config.learning_starts) learner.update();
  }
  EXPECT_EQ(learner.agent().state_hash(), trainer.agent().state_hash());
}

TEST(Learner, StoresNothingBad) {
  Learner learner(2, 1, tiny(), {.buffer_size = 50});
  const std::vector<float> good = {0.0f, 1.0f}, action = {0.5f}, nan = {0.0f, std::nanf("")},
                           infinite = {std::numeric_limits<float>::infinity()};
  EXPECT_THROW(learner.observe({nan, action, 0.0f, good}), EnvError);
  EXPECT_THROW(learner.observe({good, infinite, 0.0f, good}), EnvError);
  EXPECT_THROW(learner.observe({good, action, std::nanf(""), good}), EnvError);
  EXPECT_THROW(learner.observe({good, action, 0.0f, nan}), EnvError);
  EXPECT_THROW(learner.observe({action, action, 0.0f, good}), ContractError);
  EXPECT_THROW(learner.observe({good, action, 0.0f, good}, 1), ContractError);
  EXPECT_THROW(learner.update(), ContractError);
  EXPECT_EQ(learner.num_transitions(), 0);
  learner.observe({good, action, 0.0f, good});
  EXPECT_EQ(learner.num_transitions(), 1);
  EXPECT_TRUE(learner.update().finite);
}

TEST(Learner, StreamsAreSeparateEpisodes) {
  Learner learner(2, 1, tiny(), {.buffer_size = 100, .num_streams = 2});
  const std::vector<float> a = {0.0f, 1.0f}, b = {0.0f, 2.0f}, action = {0.5f};
  for (int i = 0; i < 10; ++i) {
    learner.observe({a, action, 0.0f, a}, 0);
    learner.observe({b, action, 0.0f, b}, 1);
  }
  EXPECT_EQ(learner.num_transitions(), 20);
}

TEST(Learner, DoesNotAllocateInTheSteadyState) {
  Learner learner(2, 1, tiny(), {.buffer_size = 100});
  Loop loop(learner);
  for (int i = 0; i < 30; ++i) {
    loop.step(i < 20);
    learner.update();
  }
  const std::int64_t before = num_allocations();
  for (int i = 0; i < 300; ++i) {
    learner.act(loop.obs, loop.action);
    loop.next_obs[0] = loop.action[0];
    learner.observe({loop.obs, loop.action, 1.0f, loop.next_obs, i % 10 == 9, false});
    std::swap(loop.obs, loop.next_obs);
    learner.update();
  }
  EXPECT_EQ(num_allocations(), before);
}

}  // namespace
}  // namespace softac::test
