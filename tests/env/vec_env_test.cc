#include "softac/vec_env.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cmath>
#include <thread>

#include "env/toy_env.h"

namespace softac {
namespace {

using softac::testing::ToyEnv;
using softac::testing::Toys;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

std::vector<std::unique_ptr<Env>> make_envs(const std::string& id, int count) {
  std::vector<std::unique_ptr<Env>> envs;
  for (int i = 0; i < count; ++i) envs.push_back(make_env(id));
  return envs;
}

// Digest (FNV-1a) of everything that `steps` steps with seeded random actions yield.
std::uint64_t trajectory_hash(VecEnv& env, Rng& actions, int steps) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  const auto add = [&](auto values) {
    for (const std::byte b : std::as_bytes(values)) hash = (hash ^ static_cast<std::uint64_t>(b)) * 0x100000001b3u;
  };
  std::vector<float> action(static_cast<std::size_t>(env.num_envs() * env.spec().act_dim));
  for (int t = 0; t < steps; ++t) {
    for (float& a : action) a = static_cast<float>(actions.uniform(-1.0, 1.0));
    env.step(action);
    add(env.obs());
    add(env.next_obs());
    add(env.reward());
    add(env.terminated());
    add(env.truncated());
    add(env.episode_return());
    add(env.episode_length());
  }
  return hash;
}

TEST(VecEnv, RescalesActionsToTheBounds) {
  Toys toys(1);
  ToyEnv& toy = *toys.toys[0];
  VecEnv env(std::move(toys.envs), {});
  env.reset();
  env.step(std::vector<float>{-1.0f, 1.0f});
  EXPECT_THAT(toy.last_action, ElementsAre(-1.0, 0.7)) << "the end points are exact";
  env.step(std::vector<float>{0.5f, -1.0f});
  EXPECT_THAT(toy.last_action, ElementsAre(2.0, 0.1));
  env.step(std::vector<float>{7.0f, -9.0f});
  EXPECT_THAT(toy.last_action, ElementsAre(3.0, 0.1)) << "clipped";
}

TEST(VecEnv, ClipsActionsInOwnUnits) {
  Toys toys(1);
  ToyEnv& toy = *toys.toys[0];
  VecEnvOptions options;
  options.rescale_actions = false;
  VecEnv env(std::move(toys.envs), options);
  env.reset();
  env.step(std::vector<float>{2.5f, 0.25f});
  EXPECT_THAT(toy.last_action, ElementsAre(2.5, 0.25));
  env.step(std::vector<float>{5.0f, -1.0f});
  EXPECT_THAT(toy.last_action, ElementsAre(3.0, 0.1));
}

TEST(VecEnv, TruncatesAtTheTimeLimitAndResetsInTheSameStep) {
  Toys toys(1);
  VecEnv env(std::move(toys.envs), {});
  env.reset();
  const float start = env.obs()[0];
  for (int t = 1; t <= 5; ++t) {
    env.step(std::vector<float>{0.0f, 0.0f});
    EXPECT_FLOAT_EQ(env.next_obs()[0], start + static_cast<float>(t));
    EXPECT_EQ(env.truncated()[0], t == 5);
    EXPECT_EQ(env.terminated()[0], 0);
    EXPECT_EQ(env.episode_length()[0], t);
    EXPECT_EQ(env.episode_return()[0], t * (t + 1) / 2);
  }
  EXPECT_LT(env.obs()[0], 1.0f) << "obs is the new episode's first";
  EXPECT_NE(env.obs()[0], start);
  env.step(std::vector<float>{0.0f, 0.0f});
  EXPECT_EQ(env.episode_length()[0], 1);
  EXPECT_EQ(env.episode_return()[0], 1.0);
}

TEST(VecEnv, AnotherTimeLimitTruncatesAsTheTasksOwnDoes) {
  Toys toys(1);
  VecEnv env(std::move(toys.envs), {});
  EXPECT_EQ(env.spec().max_episode_steps, 5);
  const std::vector<float> actions(2, 0.0f);
  const auto length_of_episode = [&] {
    do env.step(actions);
    while (env.truncated()[0] == 0 && env.num_steps() < 100);
    EXPECT_EQ(env.terminated()[0], 0);
    return env.episode_length()[0];
  };
  env.reset();
  for (const int limit : {8, 2}) {
    env.set_max_episode_steps(limit);
    EXPECT_EQ(env.spec().max_episode_steps, limit);
    EXPECT_EQ(length_of_episode(), limit);
  }
  env.set_max_episode_steps(0);
  for (int step = 0; step < 20; ++step) {
    env.step(actions);
    EXPECT_EQ(env.truncated()[0], 0);
  }
  env.set_max_episode_steps(3);  // passed long ago
  EXPECT_EQ(length_of_episode(), 21);
}

TEST(VecEnv, TerminationWinsOverTruncation) {
  Toys toys(2);
  toys.toys[0]->on_step = [](int step, std::span<double>, StepResult& result) { result.terminated = step == 5; };
  toys.toys[1]->on_step = [](int step, std::span<double>, StepResult& result) {
    result.truncated = result.terminated = step == 2;
  };
  VecEnv env(std::move(toys.envs), {});
  env.reset();
  for (int t = 1; t <= 5; ++t) {
    env.step(std::vector<float>(4, 0.0f));
    EXPECT_EQ(env.terminated()[0], t == 5) << "at the time limit as well";
    EXPECT_EQ(env.truncated()[0], 0);
    EXPECT_EQ(env.terminated()[1], t == 2 || t == 4);
    EXPECT_EQ(env.truncated()[1], 0);
  }
}

TEST(VecEnv, OwnTruncationEndsTheEpisode) {
  Toys toys(1);
  toys.toys[0]->on_step = [](int step, std::span<double>, StepResult& result) { result.truncated = step == 3; };
  VecEnv env(std::move(toys.envs), {});
  env.reset();
  for (int t = 1; t <= 3; ++t) env.step(std::vector<float>(2, 0.0f));
  EXPECT_EQ(env.truncated()[0], 1);
  EXPECT_EQ(env.episode_length()[0], 3);
  EXPECT_LT(env.obs()[0], 1.0f);
}

TEST(VecEnv, EveryEnvironmentHasItsOwnStream) {
  VecEnvOptions options;
  options.seed = 5;
  VecEnv env(Toys(3).envs, options);
  env.reset();
  for (int i = 0; i < 3; ++i) {
    Rng rng(5, StreamKind::env, static_cast<std::uint32_t>(i));
    EXPECT_EQ(env.obs()[static_cast<std::size_t>(2 * i)], static_cast<float>(rng.uniform()));
  }
  options.stream = StreamKind::eval_env;
  VecEnv other(Toys(3).envs, options);
  other.reset();
  EXPECT_NE(env.obs()[0], other.obs()[0]);
}

TEST(VecEnv, NumberOfThreadsChangesNothing) {
  std::vector<std::uint64_t> hashes;
  for (const int threads : {1, 2, 3, 7}) {
    VecEnvOptions options;
    options.seed = 3;
    options.num_threads = threads;
    VecEnv env(make_envs("Pendulum-v1", 7), options);
    env.reset();
    Rng actions(9);
    hashes.push_back(trajectory_hash(env, actions, 1000));
  }
  EXPECT_THAT(hashes, ::testing::Each(hashes[0]));
}

TEST(VecEnv, SavedStateGoesOnToTheBit) {
  VecEnvOptions options;
  options.seed = 3;
  VecEnv first(make_envs("MountainCarContinuous-v0", 3), options);
  first.reset();
  Rng actions(9);
  trajectory_hash(first, actions, 1234);
  ASSERT_TRUE(first.can_save_state());
  const std::vector<std::byte> state = first.save_state();
  Rng actions_again = actions;
  const std::vector<float> obs(first.obs().begin(), first.obs().end());
  const std::uint64_t expected = trajectory_hash(first, actions, 2000);

  options.seed = 77;  // overwritten by the loaded generators
  VecEnv second(make_envs("MountainCarContinuous-v0", 3), options);
  second.load_state(state);
  EXPECT_EQ(second.num_steps(), 1234);
  EXPECT_THAT(second.obs(), ::testing::ElementsAreArray(obs));
  EXPECT_EQ(trajectory_hash(second, actions_again, 2000), expected);
  EXPECT_EQ(second.save_state(), first.save_state());
}

TEST(VecEnv, WithoutSavedEnvironmentsNewEpisodesFollow) {
  VecEnv first(Toys(2).envs, {});
  first.reset();
  first.step(std::vector<float>(4, 0.0f));
  EXPECT_FALSE(first.can_save_state());
  const auto state = first.save_state();
  VecEnvOptions options;
  options.seed = 1;
  VecEnv second(Toys(2).envs, options);
  second.load_state(state);
  for (const std::uint32_t i : {0u, 1u}) {
    Rng rng(0, StreamKind::env, i);
    rng.uniform();
    EXPECT_EQ(second.obs()[2 * i], static_cast<float>(rng.uniform())) << "the second draw of the saved generator";
  }
  second.step(std::vector<float>(4, 0.0f));
  EXPECT_EQ(second.episode_length()[0], 1);
}

TEST(VecEnv, DamagedStateIsRefused) {
  VecEnv env(make_envs("Pendulum-v1", 2), {});
  env.reset();
  auto state = env.save_state();
  VecEnv other(make_envs("Pendulum-v1", 3), {});
  EXPECT_THAT([&] { other.load_state(state); },
              ThrowsMessage<IoError>(HasSubstr("number of environments: expected 3, found 2")));
  const std::vector<std::byte> start(state.begin(), state.end() - 1);
  EXPECT_THAT([&] { env.load_state(start); }, ThrowsMessage<IoError>(HasSubstr("expected at least")));
  state.push_back(std::byte{});
  EXPECT_THAT([&] { env.load_state(state); }, ThrowsMessage<IoError>(HasSubstr("bytes, expected")));
  for (std::size_t size = 0; size + 1 < state.size(); ++size) {
    EXPECT_THROW(env.load_state(std::span(state).first(size)), IoError) << size;
  }
}

// step 3 of environment 1 does what `fault` says; returns the message of the EnvError.
template <class Fault>
std::string fault_message(Fault fault, int threads) {
  Toys toys(3);
  toys.toys[1]->on_step = [fault](int step, std::span<double> obs, StepResult& result) {
    if (step == 3) fault(obs, result);
  };
  VecEnvOptions options;
  options.num_threads = threads;
  VecEnv env(std::move(toys.envs), options);
  env.reset();
  const std::vector<float> actions(6, 0.0f);
  env.step(actions);
  env.step(actions);
  try {
    env.step(actions);
  } catch (const EnvError& error) {
    return error.what();
  }
  return "no error";
}

TEST(VecEnv, NamesEnvironmentIndexStepAndField) {
  const double nan = std::nan(""), infinity = std::numeric_limits<double>::infinity();
  for (const int threads : {1, 2}) {
    EXPECT_EQ(fault_message([&](auto obs, auto&) { obs[1] = nan; }, threads),
              "Toy-v0 (environment 1, step 3): observation[1] is NaN");
    EXPECT_THAT(fault_message([&](auto obs, auto&) { obs[0] = -infinity; }, threads),
                HasSubstr("observation[0] is -inf"));
    EXPECT_THAT(fault_message([&](auto obs, auto&) { obs[0] = 1e300; }, threads),
                HasSubstr("observation[0] is 1e+300, which float32 cannot hold"));
    EXPECT_THAT(fault_message([&](auto, auto& result) { result.reward = infinity; }, threads),
                HasSubstr("step 3): reward is inf"));
    EXPECT_THAT(fault_message([&](auto, auto&) { throw std::runtime_error("motor broke"); }, threads),
                HasSubstr("step 3): motor broke"));
    EXPECT_THAT(fault_message([&](auto, auto&) { throw 5; }, threads), HasSubstr("not a std::exception"));
    EXPECT_EQ(fault_message([&](auto obs, auto&) { obs[0] = 1e30; }, threads), "no error") << "large but finite";
  }
}

TEST(VecEnv, ChecksTheFirstObservationToo) {
  Toys toys(1);
  toys.toys[0]->on_reset = [](std::span<double> obs) { obs[1] = std::nan(""); };
  VecEnv env(std::move(toys.envs), {});
  EXPECT_THAT([&] { env.reset(); },
              ThrowsMessage<EnvError>("Toy-v0 (environment 0, step 0): reset observation[1] is NaN"));
}

TEST(VecEnv, RefusesNonFiniteActions) {
  VecEnv env(Toys(2).envs, {});
  env.reset();
  EXPECT_THAT(
      [&] {
        env.step(std::vector<float>{0.0f, 0.0f, 0.0f, std::nanf("")});
      },
      ThrowsMessage<NumericsError>(HasSubstr("environment 1, step 1): action[1] is NaN")));
  EXPECT_THROW(env.step(std::vector<float>(3)), ContractError);
}

TEST(VecEnv, RefusesUnfitSpecs) {
  Toys different(2);
  different.toys[1]->spec_.act_high[0] = 4.0;
  EXPECT_THAT([&] { VecEnv env(std::move(different.envs), {}); },
              ThrowsMessage<ConfigError>(HasSubstr("environment 1 (Toy-v0) has another")));

  Toys several(1);
  several.toys[0]->spec_.obs_low.clear();
  several.toys[0]->spec_.act_low[1] = 0.7;
  several.toys[0]->spec_.max_episode_steps = -1;
  several.toys[0]->spec_.obs_names = {"position"};
  several.toys[0]->spec_.dt = -0.1;
  EXPECT_THAT([&] { VecEnv env(std::move(several.envs), {}); },
              ThrowsMessage<ConfigError>(AllOf(HasSubstr("observation bounds: expected 2 values"),
                                               HasSubstr("action bounds of entry 1: expected low < high"),
                                               HasSubstr("max_episode_steps: expected at least 0, found -1"),
                                               HasSubstr("observation names: expected none or 2, found 1"),
                                               HasSubstr("dt: expected at least 0, found -0.1"))));

  for (const double high : {std::numeric_limits<double>::infinity(), std::numeric_limits<double>::max(), 2e300}) {
    Toys unbounded(1);
    unbounded.toys[0]->spec_.act_high[0] = high;
    EXPECT_THAT([&] { VecEnv env(std::move(unbounded.envs), {}); },
                ThrowsMessage<ConfigError>(
                    AllOf(HasSubstr("action bounds of entry 0: "), HasSubstr("the largest action that makes sense"))))
        << high;
  }
  EXPECT_THROW(VecEnv({}, {}), ContractError);
}

TEST(VecEnv, ReportsAHangWhileItLasts) {
  Toys toys(2);
  std::atomic<bool> release = false;
  toys.toys[1]->on_step = [&](int step, std::span<double>, StepResult&) {
    if (step == 2) release.wait(false);
  };
  VecEnvOptions options;
  options.timeout_sec = 0.05;
  std::string message;
  options.on_timeout = [&](const std::string& text) {
    message = text;
    release = true;
    release.notify_all();
  };
  VecEnv env(std::move(toys.envs), options);
  env.reset();
  env.step(std::vector<float>(4, 0.0f));
  EXPECT_THAT([&] { env.step(std::vector<float>(4, 0.0f)); },
              ThrowsMessage<EnvError>("Toy-v0 (environment 1, step 2): no answer within env_timeout_sec = 0.05 s"));
  EXPECT_EQ(message, "Toy-v0 (environment 1, step 2): no answer within env_timeout_sec = 0.05 s");
}

TEST(VecEnv, ManyShortStepsAreNoHang) {
  VecEnvOptions options;
  options.timeout_sec = 0.2;
  std::atomic<int> reports = 0;
  options.on_timeout = [&](const std::string&) { ++reports; };
  Toys toys(1);
  toys.toys[0]->on_step = [](int, std::span<double>, StepResult&) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  };
  VecEnv env(std::move(toys.envs), options);
  env.reset();
  for (int t = 0; t < 100; ++t) env.step(std::vector<float>(2, 0.0f));  // 0.5 s in all
  EXPECT_EQ(reports, 0);
}

// The last step of an episode is good, whatever the reset that follows it does.
TEST(VecEnvReset, AFailingResetDoesNotTakeTheLastStep) {
  for (const bool again : {false, true}) {
    Toys made(2);
    int resets = 0;
    made.toys[0]->on_step = [](int step, std::span<double>, StepResult& result) { result.terminated = step == 3; };
    made.toys[0]->on_reset = [&](std::span<double> obs) {
      ++resets;
      if (resets == 2 || (again && resets == 3)) obs[1] = std::nan("");
    };
    VecEnvOptions options;
    options.reset_on_error = true;
    VecEnv env(std::move(made.envs), options);
    env.reset();
    const std::vector<float> actions(4, 0.0f);
    const float first = env.obs()[0];
    for (int t = 0; t < 2; ++t) env.step(actions);
    if (again) {
      EXPECT_THAT([&] { env.step(actions); }, ThrowsMessage<EnvError>(HasSubstr("reset observation[1] is NaN")));
      continue;
    }
    env.step(actions);
    EXPECT_EQ(env.failed()[0], 0);
    EXPECT_EQ(env.terminated()[0], 1);
    EXPECT_EQ(env.reward()[0], 3.0f);
    EXPECT_EQ(env.episode_length()[0], 3);
    EXPECT_FLOAT_EQ(env.next_obs()[0], first + 3.0f) << "the true successor";
    EXPECT_LT(env.obs()[0], 1.0f) << "a new episode";
    EXPECT_EQ(resets, 3);
    EXPECT_EQ(env.num_failures(), 1);
    EXPECT_THAT(env.last_failure(), HasSubstr("reset observation[1] is NaN"));
    env.step(actions);
    EXPECT_EQ(env.episode_length()[0], 1);
    EXPECT_EQ(env.num_failures(), 1);
  }
}

}  // namespace
}  // namespace softac
