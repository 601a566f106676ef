#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "env/toy_env.h"
#include "softac/vec_env.h"

namespace softac {
namespace {

using softac::testing::ToyEnv;
using softac::testing::Toys;
using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::IsNan;
using ::testing::ThrowsMessage;

// Two toys; environment 0 ends after 2 steps, environment 1 at its time limit of 5.
struct Pair {
  Toys made{2};
  VecEnv env;
  explicit Pair(VecEnvOptions options) : env(take(), options) { env.reset(); }
  std::vector<std::unique_ptr<Env>> take() {
    made.toys[0]->on_step = [](int step, std::span<double>, StepResult& result) { result.terminated = step == 2; };
    return std::move(made.envs);
  }
  void step() { env.step(std::vector<float>(4, 0.0f)); }
};

std::vector<float> copy(std::span<const float> values) {
  return {values.begin(), values.end()};
}

TEST(VecEnvModes, TellsTheActionOfThePresentState) {
  for (const Autoreset mode : {Autoreset::same_step, Autoreset::next_step}) {
    Pair pair({.autoreset = mode});
    VecEnv& env = pair.env;
    EXPECT_THAT(env.env_action(0), IsEmpty());
    const std::vector<float> actions = {0.5f, -1.0f, 0.25f, 3.0f};
    env.step(actions);
    for (const int i : {0, 1}) EXPECT_THAT(env.env_action(i), ElementsAreArray(pair.made.toys[i]->last_action));
    env.step(actions);
    EXPECT_EQ(env.env_action(0).empty(), mode == Autoreset::same_step);
    env.step(actions);
    EXPECT_EQ(env.env_action(0).empty(), mode == Autoreset::next_step);
    const auto state = env.save_state();
    env.load_state(state);
    EXPECT_THAT(env.env_action(1), IsEmpty());
  }
  Pair pair({});
  EXPECT_THROW(pair.env.env_action(2), ContractError);
}

TEST(VecEnvModes, NextStepResetsInAStepOfItsOwn) {
  Pair pair({.autoreset = Autoreset::next_step, .keep_native = true, .keep_info = true});
  VecEnv& env = pair.env;
  const float start = env.obs()[0], other_start = env.obs()[2];
  pair.step();
  pair.step();
  EXPECT_THAT(env.terminated(), ElementsAre(1, 0));
  EXPECT_THAT(env.was_reset(), ElementsAre(0, 0));
  EXPECT_FLOAT_EQ(env.obs()[0], start + 2.0f) << "the episode's last observation";
  EXPECT_EQ(env.obs()[0], env.next_obs()[0]);

  env.step(std::vector<float>{std::nanf(""), 0.0f, 0.0f, 0.0f});  // an action that nobody reads
  EXPECT_THAT(env.was_reset(), ElementsAre(1, 0));
  EXPECT_THAT(env.terminated(), ElementsAre(0, 0));
  EXPECT_THAT(env.reward(), ElementsAre(0.0f, 3.0f));
  EXPECT_THAT(env.native_reward(), ElementsAre(0.0, 3.0));
  EXPECT_THAT(env.episode_length(), ElementsAre(0, 3));
  EXPECT_THAT(env.episode_return(), ElementsAre(0.0, 6.0));
  EXPECT_LT(env.obs()[0], 1.0f) << "the new episode's first";
  EXPECT_NE(env.obs()[0], start);
  EXPECT_EQ(env.next_obs()[0], env.obs()[0]);
  EXPECT_EQ(env.native_next_obs()[0], env.native_obs()[0]);
  EXPECT_EQ(env.start_info()[0], env.native_obs()[0]);
  EXPECT_FLOAT_EQ(env.obs()[2], other_start + 3.0f);

  pair.step();
  EXPECT_THAT(env.was_reset(), ElementsAre(0, 0));
  EXPECT_THAT(env.episode_length(), ElementsAre(1, 4));
  pair.step();
  EXPECT_THAT(env.truncated(), ElementsAre(0, 1));
  EXPECT_THAT(env.terminated(), ElementsAre(1, 0));
}

TEST(VecEnvModes, DisabledWaitsForTheCallersReset) {
  Pair pair({.autoreset = Autoreset::disabled});
  VecEnv& env = pair.env;
  const float other_start = env.obs()[2];
  pair.step();
  pair.step();
  EXPECT_THAT(env.terminated(), ElementsAre(1, 0));
  EXPECT_EQ(env.obs()[0], env.next_obs()[0]);
  const std::vector<float> before = copy(env.obs());
  EXPECT_THAT([&] { pair.step(); },
              ThrowsMessage<ContractError>(HasSubstr("Toy-v0 (environment 0, step 2): step: its episode is over")));
  EXPECT_EQ(env.num_steps(), 2) << "refused as a whole";
  EXPECT_THAT(env.obs(), ElementsAreArray(before));

  env.reset_where(std::vector<std::uint8_t>{1, 0});
  EXPECT_LT(env.obs()[0], 1.0f);
  EXPECT_FLOAT_EQ(env.obs()[2], other_start + 2.0f) << "the other goes on";
  pair.step();
  EXPECT_THAT(env.episode_length(), ElementsAre(1, 3));
}

TEST(VecEnvModes, ResetWhereAlsoEndsAnEpisodeInTheMiddle) {
  Pair pair({});
  pair.step();
  pair.env.reset_where(std::vector<std::uint8_t>{0, 1});
  pair.step();
  EXPECT_THAT(pair.env.episode_length(), ElementsAre(2, 1));
  EXPECT_THAT([&] { pair.env.reset_where(std::vector<std::uint8_t>(3)); },
              ThrowsMessage<ContractError>(HasSubstr("reset_where: expected 2 flags (N), found 3")));
}

TEST(VecEnvModes, ANewSeedIsANewVecEnv) {
  for (const StreamKind stream : {StreamKind::env, StreamKind::eval_env}) {
    VecEnv old(Toys(3).envs, {.seed = 1, .stream = stream}), fresh(Toys(3).envs, {.seed = 9, .stream = stream});
    old.reset();
    old.reset();
    old.reset(9);
    fresh.reset();
    EXPECT_THAT(old.obs(), ElementsAreArray(copy(fresh.obs())));
    old.reset();
    fresh.reset();
    EXPECT_THAT(old.obs(), ElementsAreArray(copy(fresh.obs()))) << "and so on";
  }
}

TEST(VecEnvModes, ReseededEnvironmentsAreVecEnvsOfOne) {
  VecEnv several(Toys(3).envs, {.seed = 1});
  several.reset();
  const std::vector<float> before = copy(several.obs());
  for (const int i : {0, 1, 2}) several.reseed(i, 40u + static_cast<std::uint64_t>(i));
  EXPECT_THAT(several.obs(), ElementsAreArray(before)) << "from the next reset on";
  for (int episode = 0; episode < 2; ++episode) {
    several.reset();
    for (const std::size_t i : {0u, 1u, 2u}) {
      VecEnv one(Toys(1).envs, {.seed = 40u + i});
      for (int k = 0; k <= episode; ++k) one.reset();
      EXPECT_EQ(several.obs()[2 * i], one.obs()[0]);
    }
  }
  EXPECT_THROW(several.reseed(3, 0), ContractError);
  EXPECT_THROW(several.reseed(-1, 0), ContractError);
  // One environment as any of several of one seed.
  Toys of_seed{3}, as_third{1};
  VecEnv three(std::move(of_seed.envs), {.seed = 77}), alone(std::move(as_third.envs), {.seed = 5});
  three.reset();
  alone.reseed(0, 77, 2);
  alone.reset();
  EXPECT_EQ(alone.obs()[0], three.obs()[4]);
}

TEST(VecEnvModes, ResetToStartsWhereTheCallerSays) {
  Pair pair({.autoreset = Autoreset::disabled, .keep_native = true, .keep_info = true});
  pair.step();
  pair.step();
  pair.env.reset_to(0, std::vector{0.1});
  EXPECT_EQ(pair.env.native_obs()[0], 0.1);
  EXPECT_EQ(pair.env.obs()[0], 0.1f);
  EXPECT_EQ(pair.env.start_info()[0], 0.1);
  pair.step();
  EXPECT_THAT(pair.env.episode_length(), ElementsAre(1, 3));
  EXPECT_THAT(
      [&] {
        pair.env.reset_to(0, std::vector{1.0, 2.0});
      },
      ThrowsMessage<ContractError>(HasSubstr("reset_to: expected 1 numbers, found 2")));
  EXPECT_THAT([&] { pair.env.reset_to(0, std::vector{std::nan("")}); },
              ThrowsMessage<ContractError>(HasSubstr("reset_to: state[0] is NaN")));
  std::vector<std::unique_ptr<Env>> envs;
  envs.push_back(make_env("TwoWay-v0"));
  VecEnv other(std::move(envs), {});
  EXPECT_THAT(
      [&] {
        other.reset_to(0, std::vector{1.0, 2.0});
      },
      ThrowsMessage<ContractError>(HasSubstr("TwoWay-v0 cannot start in a given state")));
}

TEST(VecEnvModes, AStepBeforeTheFirstResetIsRefused) {
  VecEnv env(Toys(2).envs, {});
  const auto step = [&] { env.step(std::vector<float>(4, 0.0f)); };
  EXPECT_THAT(step, ThrowsMessage<ContractError>(HasSubstr("(environment 0, step 0): step: reset it first")));
  env.reset_where(std::vector<std::uint8_t>{1, 0});
  EXPECT_THAT(step, ThrowsMessage<ContractError>(HasSubstr("(environment 1, step 0): step: reset it first")));
  env.reset();
  step();
  EXPECT_THAT([&] { env.step(std::vector<double>(3)); },
              ThrowsMessage<ContractError>(HasSubstr("step: expected 4 actions (N × A), found 3")));
  EXPECT_THROW(env.env(2), ContractError);
}

TEST(VecEnvModes, UnclippedActionsArriveAsTheyAre) {
  for (const bool clip : {true, false}) {
    Toys toys(1);
    ToyEnv& toy = *toys.toys[0];
    VecEnv env(std::move(toys.envs), {.rescale_actions = false, .clip_actions = clip});
    env.reset();
    env.step(std::vector<float>{5.0f, -1.0f});
    EXPECT_THAT(toy.last_action, clip ? ElementsAre(3.0, 0.1) : ElementsAre(5.0, -1.0));
    env.step(std::vector<double>{0.1, 0.3});
    EXPECT_THAT(toy.last_action, ElementsAre(0.1, 0.3)) << "not rounded to float";
    EXPECT_THROW(env.step(std::vector<double>{std::nan(""), 0.0}), NumericsError);
  }
}

TEST(VecEnvModes, NativeNumbersAreNotRounded) {
  Toys toys(1);
  toys.toys[0]->on_step = [](int step, std::span<double> obs, StepResult& result) {
    obs[1] = 1.0 / 3.0;
    result.reward = 0.1;
    result.terminated = step == 2;
  };
  VecEnv env(std::move(toys.envs), {.keep_native = true});
  env.reset();
  EXPECT_EQ(static_cast<float>(env.native_obs()[0]), env.obs()[0]);
  EXPECT_NE(env.native_obs()[0], static_cast<double>(env.obs()[0]));
  for (const bool last : {false, true}) {
    env.step(std::vector<float>{0.0f, 0.0f});
    EXPECT_EQ(env.native_next_obs()[1], 1.0 / 3.0);
    EXPECT_EQ(env.native_obs()[1], last ? 0.0 : 1.0 / 3.0);
    EXPECT_THAT(env.native_reward(), ElementsAre(0.1));
  }
  VecEnv plain(Toys(1).envs, {});
  plain.reset();
  EXPECT_THAT(plain.native_obs(), IsEmpty());
  EXPECT_THAT(plain.native_reward(), IsEmpty());
  EXPECT_THAT(plain.info(), IsEmpty());
}

TEST(VecEnvModes, InfosOfTheStepAndOfTheStart) {
  Pair pair({.keep_info = true});
  VecEnv& env = pair.env;
  ASSERT_EQ(env.info_fields().size(), 2u);
  EXPECT_EQ(env.info_fields()[0].name, "starts");
  ASSERT_EQ(info_size(env.info_fields()), 3);
  const double start = env.start_info()[0];
  EXPECT_THAT(env.start_info().first(3), ElementsAre(start, 2.0 * start, IsNan()));
  EXPECT_THAT(env.info(), ::testing::Each(IsNan()));
  pair.step();
  EXPECT_THAT(env.info().first(3), ElementsAre(start, 2.0 * start, 1.0));
  pair.step();
  EXPECT_THAT(env.info().first(3), ElementsAre(start, 2.0 * start, 2.0)) << "of the episode that ended";
  EXPECT_NE(env.start_info()[0], start) << "of the one that began";
  EXPECT_EQ(static_cast<float>(env.start_info()[0]), env.obs()[0]);
}

TEST(VecEnvModes, StateKeepsAnEpisodeThatWaitsForItsReset) {
  const auto make = [](Autoreset mode) {
    std::vector<std::unique_ptr<Env>> envs;
    for (int i = 0; i < 2; ++i) envs.push_back(make_env("TwoPeaks-v0"));
    return VecEnv(std::move(envs), {.seed = 4, .autoreset = mode, .keep_native = true, .keep_info = true});
  };
  const std::vector<float> actions = {0.1f, 0.2f};
  VecEnv first = make(Autoreset::next_step), second = make(Autoreset::next_step);
  first.reset();
  first.step(actions);  // every episode has one step
  const auto state = first.save_state();
  second.load_state(state);
  EXPECT_THAT(second.native_obs(), ElementsAreArray(first.native_obs().begin(), first.native_obs().end()));
  first.step(actions);
  second.step(actions);
  EXPECT_THAT(second.was_reset(), ElementsAre(1, 1));
  EXPECT_EQ(second.save_state(), first.save_state());

  VecEnv other = make(Autoreset::same_step);
  EXPECT_THAT([&] { other.load_state(state); }, ThrowsMessage<IoError>(HasSubstr("an episode has ended")));
  VecEnv waiting = make(Autoreset::disabled);
  waiting.load_state(state);
  EXPECT_THROW(waiting.step(actions), ContractError);
}

TEST(VecEnvModes, AFailingResetOfItsOwnStepIsTriedAgain) {
  Toys toys(1);
  int resets = 0;
  toys.toys[0]->on_reset = [&](std::span<double> obs) {
    if (++resets == 2) obs[1] = std::nan("");
  };
  toys.toys[0]->on_step = [](int step, std::span<double>, StepResult& result) { result.terminated = step == 1; };
  VecEnv env(std::move(toys.envs), {.autoreset = Autoreset::next_step, .reset_on_error = true});
  env.reset();
  const std::vector<float> actions(2, 0.0f);
  env.step(actions);
  env.step(actions);
  EXPECT_THAT(env.was_reset(), ElementsAre(1));
  EXPECT_EQ(env.num_failures(), 1);
  EXPECT_EQ(resets, 3);
  env.step(actions);
  EXPECT_THAT(env.terminated(), ElementsAre(1));
}

TEST(VecEnvModes, NumberOfThreadsChangesNothing) {
  for (const Autoreset mode : {Autoreset::same_step, Autoreset::next_step}) {
    const auto play = [mode](int threads) {
      std::vector<std::unique_ptr<Env>> envs;
      for (int i = 0; i < 5; ++i) envs.push_back(make_env("CartPole-v1"));
      VecEnv env(std::move(envs), {.seed = 2, .num_threads = threads, .autoreset = mode, .keep_native = true});
      env.reset();
      Rng actions(8);
      std::vector<float> action(5);
      std::vector<double> seen;
      for (int t = 0; t < 200; ++t) {
        for (float& a : action) a = static_cast<float>(actions.uniform(-1.0, 1.0));
        env.step(action);
        seen.insert(seen.end(), env.native_obs().begin(), env.native_obs().end());
        seen.insert(seen.end(), env.was_reset().begin(), env.was_reset().end());
      }
      return seen;
    };
    EXPECT_EQ(play(1), play(3));
  }
}

}  // namespace
}  // namespace softac
