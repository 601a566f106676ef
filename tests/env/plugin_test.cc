#include "env/plugin.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <tuple>

#include "softac/env.h"
#include "softac/vec_env.h"

namespace softac {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

void load(const std::string& path) {
  load_env_plugin(path);
}
std::string broken(const std::string& fault) {
  return std::string(SOFTAC_BROKEN_PLUGINS) + "/libtest_broken_plugin_" + fault + ".so";
}

VecEnv make_vec(const std::string& id, double timeout_sec = 0.0,
                std::function<void(const std::string&)> on_timeout = {}) {
  std::vector<std::unique_ptr<Env>> envs;
  envs.push_back(make_env(id));
  VecEnvOptions options;
  options.timeout_sec = timeout_sec;
  options.on_timeout = std::move(on_timeout);
  return VecEnv(std::move(envs), options);
}

void step_times(VecEnv& env, int steps) {
  for (int t = 0; t < steps; ++t) env.step(std::vector<float>{0.25f});
}

TEST(Plugin, JoinsTheTable) {
  load(SOFTAC_TEST_PLUGIN);
  load(SOFTAC_TEST_PLUGIN);  // again: no effect
  const EnvInfo info = find_env("GoodPoint-v0");
  EXPECT_EQ(info.family, "plugin");
  ASSERT_EQ(info.arguments.size(), 1u);
  EXPECT_EQ(info.arguments[0].name, "bad_step");
  const auto env = make_env("GoodPoint-v0");
  EXPECT_EQ(env->spec().obs_dim, 2);
  EXPECT_EQ(env->spec().max_episode_steps, 50);
  EXPECT_EQ(env->spec().reward_threshold, -5.0);
  EXPECT_EQ(env->spec().obs_high[1], std::numeric_limits<double>::infinity());
  EXPECT_EQ(env->spec().act_low[0], -2.0);
}

TEST(Plugin, StepsAndDrawsFromTheGivenGenerator) {
  load(SOFTAC_TEST_PLUGIN);
  const auto env = make_env("GoodPoint-v0");
  Rng rng(4), same(4);
  std::vector<double> obs(2);
  env->reset(rng, obs);
  const double x = 2.0 * same.uniform() - 1.0;
  EXPECT_EQ(obs[0], x);
  const StepResult result = env->step(std::vector{1.0}, obs);
  EXPECT_EQ(obs[1], 0.1);
  EXPECT_EQ(obs[0], x + 0.1 * 0.1);
  EXPECT_NEAR(result.reward, -obs[0] * obs[0] - 0.1 * 0.01 - 0.001, 1e-15);
}

// The library promises plug-ins actions within their bounds, whoever steps them.
TEST(Plugin, ActionsArriveWithinTheirBounds) {
  load(SOFTAC_TEST_PLUGIN);
  const auto env = make_env("GoodPoint-v0"), same = make_env("GoodPoint-v0");
  Rng rng(4), rng_of_same(4);
  std::vector<double> obs(2), expected(2);
  env->reset(rng, obs);
  same->reset(rng_of_same, expected);
  env->step(std::vector{-9.0}, obs);
  same->step(std::vector{-2.0}, expected);
  EXPECT_EQ(obs, expected);
}

TEST(Plugin, SavesItsState) {
  load(SOFTAC_EXAMPLE_PLUGIN);
  const auto env = make_env("PointMass-v0"), other = make_env("PointMass-v0");
  Rng rng(4);
  std::vector<double> obs(2), other_obs(2);
  env->reset(rng, obs);
  env->step(std::vector{1.0}, obs);
  other->load_state(env->save_state());
  env->step(std::vector{-0.5}, obs);
  other->step(std::vector{-0.5}, other_obs);
  EXPECT_EQ(obs, other_obs);
  EXPECT_THAT([&] { env->load_state(std::vector<std::byte>(3)); },
              ThrowsMessage<IoError>(HasSubstr("refused 3 bytes")));
}

TEST(Plugin, WithoutSavedStateSaysSo) {
  load(SOFTAC_TEST_PLUGIN);
  const auto env = make_env("BadBothFlags-v0");
  EXPECT_FALSE(env->can_save_state());
  EXPECT_THAT([&] { env->save_state(); },
              ThrowsMessage<ContractError>(HasSubstr("BadBothFlags-v0 cannot save its state")));
}

// A library built with the header of version 1: its types are shorter, and have continuous actions.
TEST(Plugin, OfAnOlderVersionLoads) {
  load(SOFTAC_OLD_PLUGIN);
  for (const char* id : {"OldFirst-v0", "OldSecond-v0"}) {
    const auto env = make_env(id, {{"gain", 2.0}});
    EXPECT_EQ(env->spec().id, id);
    EXPECT_EQ(env->spec().num_actions, 0);
    EXPECT_EQ(env->spec().act_high[0], 1.0);
    EXPECT_EQ(env->can_save_state(), std::string(id) == "OldSecond-v0");
    Rng rng(4), same(4);
    std::vector<double> obs(1);
    env->reset(rng, obs);
    const double x = same.uniform();
    EXPECT_EQ(obs[0], x);
    env->step(std::vector{0.5}, obs);
    EXPECT_EQ(obs[0], x + 1.0);
  }
}

TEST(Plugin, DiscreteActionsArriveAsWholeNumbers) {
  load(SOFTAC_EXAMPLE_PLUGIN);
  const auto env = make_env("PointMassPush-v0", {{"friction", 0.0}});
  EXPECT_EQ(env->spec().num_actions, 3);
  EXPECT_EQ(env->spec().act_dim, 1);
  EXPECT_EQ(env->spec().act_low, std::vector<double>{0.0});
  EXPECT_EQ(env->spec().act_high, std::vector<double>{3.0});
  std::vector<double> obs(2);
  const std::vector<std::pair<double, double>> pushes = {{0.0, -0.1}, {0.9, -0.1}, {1.0, 0.0}, {1.5, 0.0},
                                                         {2.0, 0.1},  {2.9, 0.1},  {3.0, 0.1}, {7.0, 0.1}};
  for (const auto& [action, speed] : pushes) {
    Rng rng(4);
    env->reset(rng, obs);
    env->step(std::vector{action}, obs);
    EXPECT_DOUBLE_EQ(obs[1], speed) << action;
  }
  VecEnv vec = make_vec("PointMassPush-v0");  // from [−1, 1], three equal parts
  vec.reset();
  vec.step(std::vector<float>{-0.9f});
  EXPECT_FLOAT_EQ(vec.obs()[1], -0.1f);
  vec.step(std::vector<float>{1.0f});
  EXPECT_NEAR(vec.obs()[1], 0.0f, 1e-3f);
}

TEST(Plugin, DiscreteActionsAreChecked) {
  static softac_env_type type = {};
  type.id = "Table-v0";
  type.obs_dim = 1;
  type.create = [](const double*, char*, std::size_t) -> void* { return &type; };
  type.destroy = [](void*) {};
  type.reset = [](void*, const softac_random*, double*) { return 1; };
  type.step = [](void*, const double*, double*, softac_step_result*) { return 1; };
  const softac_env_table table = {SOFTAC_ENV_PLUGIN_ABI_VERSION, sizeof(type), 1, &type};
  for (const auto& [num_actions, act_dim, text] :
       {std::tuple(1, 1, "num_actions: expected 2 … 65536, found 1"), std::tuple(-3, 1, "found -3"),
        std::tuple(65537, 1, "found 65537"), std::tuple(4, 2, "act_dim: expected 1 with discrete actions, found 2")}) {
    type.num_actions = num_actions;
    type.act_dim = act_dim;
    EXPECT_THAT([&] { read_env_table(&table, "table"); }, ThrowsMessage<ConfigError>(HasSubstr(text)));
  }
  type.num_actions = 65536;
  type.act_dim = 1;
  EXPECT_EQ(read_env_table(&table, "table").size(), 1u);
}

TEST(Plugin, ArgumentsReachIt) {
  load(SOFTAC_EXAMPLE_PLUGIN);
  const auto env = make_env("PointMass-v0", {{"gain", 10.0}, {"friction", 0.0}});
  Rng rng(4);
  std::vector<double> obs(2);
  env->reset(rng, obs);
  env->step(std::vector{1.0}, obs);
  EXPECT_EQ(obs[1], 0.5);
  EXPECT_THAT(
      [] {
        make_env("PointMass-v0", {{"gain", -1.0}});
      },
      ThrowsMessage<ConfigError>(HasSubstr("PointMass-v0: gain must be positive")));
  EXPECT_THAT(
      [] {
        make_env("PointMass-v0", {{"gian", 1.0}});
      },
      ThrowsMessage<ConfigError>(HasSubstr("did you mean 'gain'")));
}

TEST(Plugin, FaultsOfItsStepsAreCaught) {
  load(SOFTAC_TEST_PLUGIN);
  const std::map<std::string, std::string> messages = {
      {"BadNan-v0", "BadNan-v0 (environment 0, step 10): observation[1] is NaN"},
      {"BadInfReward-v0", "BadInfReward-v0 (environment 0, step 10): reward is -inf"},
      {"BadThrow-v0", "BadThrow-v0 (environment 0, step 10): step failed: the simulated motor broke"},
      {"BadShape-v0", "BadShape-v0 (environment 0, step 10): step: observation has 3 values, expected 2"},
      {"BadFlag-v0", "BadFlag-v0 (environment 0, step 10): terminated: expected 0 or 1, found 7"},
  };
  for (const auto& [id, message] : messages) {
    VecEnv env = make_vec(id);
    env.reset();
    step_times(env, 9);
    EXPECT_THAT([&env = env] { step_times(env, 1); }, ThrowsMessage<EnvError>(message));
  }
}

TEST(Plugin, AStateThatCannotBeSavedNamesTheEnvironment) {
  load(SOFTAC_TEST_PLUGIN);
  VecEnv env = make_vec("BadState-v0");
  env.reset();
  step_times(env, 9);
  const auto good = env.save_state();
  step_times(env, 1);
  EXPECT_THAT([&] { env.save_state(); },
              ThrowsMessage<EnvError>("BadState-v0 (environment 0, step 10): save_state: the state is lost"));
  env.load_state(good);
  EXPECT_EQ(env.save_state(), good);
}

// A table as a library would return it, without one.
TEST(Plugin, NamesAndSizesAreLimited) {
  static constexpr double kLow[] = {-1.0}, kHigh[] = {1.0};
  static softac_env_argument argument = {"a b", 1.0, nullptr};
  static softac_env_type type = {};
  type.id = "Table-v0";
  type.obs_dim = type.act_dim = 1;
  type.act_low = kLow;
  type.act_high = kHigh;
  type.num_arguments = 1;
  type.arguments = &argument;
  type.create = [](const double*, char*, std::size_t) -> void* { return &type; };
  type.destroy = [](void*) {};
  type.reset = [](void*, const softac_random*, double* obs) {
    obs[0] = 0.0;
    return 1;
  };
  type.step = [](void*, const double*, double* obs, softac_step_result*) {
    obs[0] = 0.0;
    return 1;
  };
  type.state_size = [](void*) { return ~std::size_t{0}; };
  type.save_state = [](void*, void*) { return 0; };
  type.load_state = [](void*, const void*, std::size_t) { return 0; };
  const softac_env_table table = {SOFTAC_ENV_PLUGIN_ABI_VERSION, sizeof(type), 1, &type};
  EXPECT_THAT([&] { read_env_table(&table, "table"); },
              ThrowsMessage<ConfigError>(HasSubstr("types[0].arguments[0].name: expected at most 100 letters")));
  argument.name = "a_b";
  const auto entries = read_env_table(&table, "table");
  ASSERT_EQ(entries.size(), 1u);
  const auto env = entries[0].second({{"a_b", 1.0}});
  EXPECT_THAT([&] { env->save_state(); },
              ThrowsMessage<EnvError>(HasSubstr("state_size: expected at most 1073741824")));
}

TEST(Plugin, UnusualButAllowed) {
  load(SOFTAC_TEST_PLUGIN);
  VecEnv huge = make_vec("BadHuge-v0");
  huge.reset();
  step_times(huge, 10);
  EXPECT_EQ(huge.obs()[0], 1e30f);
  VecEnv both = make_vec("BadBothFlags-v0");
  both.reset();
  step_times(both, 10);
  EXPECT_EQ(both.terminated()[0], 1);
  EXPECT_EQ(both.truncated()[0], 0);
}

// A plugin that never returns cannot be unwound, so the process ends in the callback, as an application's would.
TEST(PluginDeathTest, HangIsReported) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  load(SOFTAC_TEST_PLUGIN);
  EXPECT_EXIT(
      {
        VecEnv env = make_vec("BadHang-v0", 0.1, [](const std::string& message) {
          std::fprintf(stderr, "%s\n", message.c_str());
          std::_Exit(5);
        });
        env.reset();
        step_times(env, 10);
      },
      ::testing::ExitedWithCode(5),
      "BadHang-v0 \\(environment 0, step 10\\): no answer within env_timeout_sec = 0.1 s");
}

TEST(Plugin, UnusableFiles) {
  EXPECT_THAT([] { load("/nonexistent/libmine.so"); },
              ThrowsMessage<IoError>(HasSubstr("environment plugin /nonexistent/libmine.so: No such file")));
  const std::string text_file = ::testing::TempDir() + "/libtext.so";
  std::ofstream(text_file) << "not a library";
  EXPECT_THAT([&] { load(text_file); }, ThrowsMessage<IoError>(HasSubstr("cannot be loaded")));
  std::filesystem::remove(text_file);
}

TEST(Plugin, RefusedTablesNameTheField) {
  const auto refuses = [](const std::string& fault, const std::string& text) {
    EXPECT_THAT(
        [&] { load(broken(fault)); },
        ThrowsMessage<ConfigError>(AllOf(HasSubstr("libtest_broken_plugin_" + fault + ".so:"), HasSubstr(text))));
  };
  const std::size_t before = registered_envs().size();
  refuses("no_entry", "does not export softac_env_plugin");
  refuses("no_table", "returned no table");
  refuses("version", "abi_version: expected 1 … 2, found 999");
  refuses("size", "type_size: expected ");
  refuses("count", "num_types: expected 1 … 1000, found 1073741824");
  refuses("types", "types: null pointer");
  refuses("id", "types[0].id: expected letters, digits and . _ : - only, found 'a b/c'");
  refuses("taken", "environment id 'Pendulum-v1' is taken (family classic)");
  refuses("twice", "types[1].id: 'Broken-v0' appears twice");
  refuses("bounds", "types[0].act_low, act_high [0]: expected finite low < high, found -1 and inf");
  refuses("arguments", "types[0].arguments[1].name: 'a' appears twice");
  for (const char* text : {"types[0].step: null pointer", "expected all three or none, found 1",
                           "types[0].obs_dim: expected 1 … 1000000, found 2000000", "types[0].act_low: null pointer",
                           "types[0].max_episode_steps: expected at least 0, found -1"}) {
    refuses("many", text);
  }
  EXPECT_EQ(registered_envs().size(), before) << "a refused library adds nothing";
}

}  // namespace
}  // namespace softac
