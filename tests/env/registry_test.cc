#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "env/check.h"
#include "env/kwargs.h"
#include "env/toy_env.h"
#include "softac/env.h"

namespace softac {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

TEST(Registry, HoldsTheClassicTasks) {
  EXPECT_EQ(find_env("Pendulum-v1").family, "classic");
  EXPECT_EQ(make_env("Pendulum-v1")->spec().id, "Pendulum-v1");
  EXPECT_EQ(make_env("MountainCarContinuous-v0")->spec().max_episode_steps, 999);
}

TEST(Registry, UnknownIdNamesTheNearest) {
  EXPECT_THAT([] { make_env("Pendulm-v1"); },
              ThrowsMessage<ConfigError>(HasSubstr("unknown environment 'Pendulm-v1' (did you mean 'Pendulum-v1'?)")));
  EXPECT_THAT([] { find_env("zzzzzzzzzzzz"); }, ThrowsMessage<ConfigError>(::testing::Not(HasSubstr("did you mean"))));
}

TEST(Registry, AllBadArgumentsAreReportedAtOnce) {
  const EnvKwargs kwargs = {{"g", std::string("much")}, {"G2", 1.0}, {"colour", true}};
  EXPECT_THAT([&] { make_env("Pendulum-v1", kwargs); },
              ThrowsMessage<ConfigError>(AllOf(HasSubstr("environment Pendulum-v1:"),
                                               HasSubstr("argument 'g': expected a number, found the string \"much\""),
                                               HasSubstr("unknown argument 'G2' (did you mean 'g'?)"),
                                               HasSubstr("unknown argument 'colour'"))));
}

// Numbers far outside of what an environment can use: refused, or the simulation says so, but nothing else.
TEST(Registry, ExtremeArgumentsAreRefusedOrReported) {
  constexpr double kInf = std::numeric_limits<double>::infinity();
  for (const EnvInfo& info : registered_envs()) {
    for (const EnvArgument& argument : info.arguments) {
      const auto with = [&](double x) -> EnvValue {
        if (std::holds_alternative<double>(argument.default_value)) return x;
        return std::vector<double>(std::get<std::vector<double>>(argument.default_value).size(), x);
      };
      if (argument.default_value.index() != 1 && argument.default_value.index() != 3) continue;
      EXPECT_THROW(make_env(info.id, {{argument.name, with(std::nan(""))}}), ConfigError)
          << info.id << " " << argument.name;
      for (const double x : {kInf, -kInf, 1e300, -1e300, -1.0, 0.0}) {
        try {
          const std::unique_ptr<Env> env = make_env(info.id, {{argument.name, with(x)}});
          std::vector<double> obs(static_cast<std::size_t>(env->spec().obs_dim));
          const std::vector<double> action = env->spec().act_high;
          Rng rng(1);
          env->reset(rng, obs);
          for (int step = 0; step < 3; ++step) env->step(action, obs);
        } catch (const ConfigError&) {
        } catch (const EnvError&) {
        }
      }
    }
  }
}

TEST(Registry, AFactoryMustMakeAnEnvironment) {
  EnvInfo info;
  info.id = "Nothing-v0";
  info.family = "test";
  register_env(info, [](const EnvKwargs&) { return std::unique_ptr<Env>(); });
  EXPECT_THROW(make_env("Nothing-v0"), ContractError);
  info.id = "NoFactory-v0";
  EXPECT_THROW(register_env(info, nullptr), ConfigError);
}

TEST(Registry, FactoriesGetCompleteArguments) {
  EnvInfo info;
  info.id = "Kwargs-v0";
  info.family = "test";
  info.arguments = {{"flag", true, ""},
                    {"size", 2.5, ""},
                    {"file", std::string("a.xml"), ""},
                    {"range", std::vector<double>{1.0, 2.0}, ""}};
  EnvKwargs seen;
  register_env(info, [&seen](const EnvKwargs& kwargs) -> std::unique_ptr<Env> {
    seen = kwargs;
    return std::make_unique<softac::testing::ToyEnv>();
  });
  make_env("Kwargs-v0", {{"size", 4.0}});
  EXPECT_TRUE(bool_kwarg(seen, "flag"));
  EXPECT_EQ(number_kwarg(seen, "size"), 4.0);
  EXPECT_EQ(string_kwarg(seen, "file"), "a.xml");
  EXPECT_THAT(list_kwarg(seen, "range"), ::testing::ElementsAre(1.0, 2.0));
  EXPECT_THROW(number_kwarg(seen, "flag"), ContractError);
  EXPECT_THROW(number_kwarg(seen, "none"), ContractError);
  EXPECT_THAT([&] { register_env(info, [](const EnvKwargs&) { return std::unique_ptr<Env>(); }); },
              ThrowsMessage<ConfigError>(HasSubstr("'Kwargs-v0' is taken (family test)")));
  info.id.clear();
  EXPECT_THROW(register_env(info, [](const EnvKwargs&) { return std::unique_ptr<Env>(); }), ConfigError);
  info.id = "Nothing-v0";
  EXPECT_THROW(register_env(info, nullptr), ConfigError);
}

TEST(Registry, TakesBackWhatAProgramAdded) {
  const EnvInfo info{"Passing-v0", "comes and goes", "test", {}};
  const auto factory = [](const EnvKwargs&) { return std::make_unique<softac::testing::ToyEnv>(); };
  register_env(info, factory);
  const std::unique_ptr<Env> made = make_env("Passing-v0");
  unregister_env("Passing-v0");
  EXPECT_THAT([] { make_env("Passing-v0"); }, ThrowsMessage<ConfigError>(HasSubstr("unknown environment")));
  EXPECT_THAT([] { unregister_env("Passing-v0"); }, ThrowsMessage<ConfigError>(HasSubstr("not added by register_env")));
  EXPECT_THROW(unregister_env("Pendulum-v1"), ConfigError);
  EXPECT_EQ(find_env("Pendulum-v1").family, "classic");
  EXPECT_GT(made->spec().obs_dim, 0);
  register_env(info, factory);  // the id is free again
  unregister_env("Passing-v0");
}

TEST(Registry, EnvironmentsOfPythonSayWhereTheyComeFrom) {
  EXPECT_THAT([] { make_env("python/Thing"); },
              ThrowsMessage<ConfigError>(AllOf(HasSubstr("'python/Thing' is made by a function of a Python program"),
                                               HasSubstr("softac.train(FUNCTION, run_dir=RUN, resume=True)"))));
}

TEST(Registry, TextOfValues) {
  EXPECT_EQ(to_text(true), "true");
  EXPECT_EQ(to_text(0.1), "0.1");
  EXPECT_EQ(to_text(-std::numeric_limits<double>::infinity()), "-inf");
  EXPECT_EQ(to_text(std::string("x")), "\"x\"");
  EXPECT_EQ(to_text(std::vector<double>{1.0, 2.5}), "[1, 2.5]");
}

TEST(Registry, Describes) {
  const std::string text = describe_env("MountainCarContinuous-v0");
  EXPECT_THAT(
      text, AllOf(HasSubstr("MountainCarContinuous-v0: Drive"), HasSubstr("999 steps"),
                  HasSubstr("1 values in [-1, 1]"), HasSubstr("goal_velocity = 0"), HasSubstr("reward threshold  90")));
}

}  // namespace
}  // namespace softac
