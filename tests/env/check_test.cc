#include "env/check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cmath>

#include "env/toy_env.h"

namespace softac {
namespace {

using ::testing::HasSubstr;
using ToyEnv = softac::testing::ToyEnv;

// Registers a changed ToyEnv and checks it; returns "severity check message" lines.
template <class Change>
std::string findings_of(const std::string& id, Change change) {
  EnvInfo info;
  info.id = id;
  info.family = "test";
  register_env(info, [id, change](const EnvKwargs&) -> std::unique_ptr<Env> {
    auto env = std::make_unique<ToyEnv>();
    env->spec_.id = id;
    change(*env);
    return env;
  });
  const EnvReport report = check_env(id, {}, 200);
  std::string out;
  for (const EnvFinding& f : report.findings) {
    out += f.severity == Severity::error ? "error " : f.severity == Severity::warning ? "warning " : "note ";
    out += f.check + " " + f.message + "\n";
  }
  EXPECT_EQ(report.ok(), out.find("error ") == std::string::npos);
  return out;
}

TEST(CheckEnv, GoodEnvironmentsPass) {
  load_env_plugin(SOFTAC_TEST_PLUGIN);
  load_env_plugin(SOFTAC_EXAMPLE_PLUGIN);
  for (const std::string id : {"Pendulum-v1", "MountainCarContinuous-v0", "GoodPoint-v0", "PointMass-v0"}) {
    const EnvReport report = check_env(id, {}, 1000);
    EXPECT_TRUE(report.ok()) << id;
    EXPECT_TRUE(report.findings.empty()) << id << ": " << report.findings[0].message;
    EXPECT_EQ(report.steps, 1000);
    EXPECT_GE(report.episodes, 1) << id;
  }
}

TEST(CheckEnv, PluginFaultsAreFound) {
  load_env_plugin(SOFTAC_TEST_PLUGIN);
  const std::map<std::string, std::string> messages = {
      {"BadNan-v0", "step 10: observation[1] is nan, not finite in float32"},
      {"BadInfReward-v0", "step 10: reward is -inf, not finite in float32"},
      {"BadThrow-v0", "threw at step 10: step failed: the simulated motor broke"},
      {"BadShape-v0", "threw at step 10: step: observation has 3 values, expected 2"},
      {"BadFlag-v0", "threw at step 10: terminated: expected 0 or 1, found 7"},
  };
  for (const auto& [id, message] : messages) {
    const EnvReport report = check_env(id);
    EXPECT_FALSE(report.ok());
    ASSERT_EQ(report.findings.size(), 1u) << id;
    EXPECT_EQ(report.findings[0].message, message);
    EXPECT_EQ(report.steps, 10);
  }
  const EnvReport huge = check_env("BadHuge-v0");
  EXPECT_TRUE(huge.ok());
  ASSERT_EQ(huge.findings.size(), 1u);
  EXPECT_THAT(huge.findings[0].message, HasSubstr("observation[0] reached 1e+30"));
}

TEST(CheckEnv, CanBeStoppedInEveryPart) {
  static std::atomic<int> signal{0};
  static int steps = 0, stop_at = 0;
  EnvInfo info;
  info.id = "CheckStopped-v0";
  register_env(info, [](const EnvKwargs&) -> std::unique_ptr<Env> {
    auto env = std::make_unique<ToyEnv>();
    env->spec_.id = "CheckStopped-v0";
    env->on_step = [](int, std::span<double>, StepResult&) {
      if (++steps == stop_at) signal = 15;
    };
    return env;
  });
  // 200 random steps, 800 for determinism, 600 for isolation.
  for (const int at : {1, 199, 250, 700, 1100, 1500}) {
    signal = steps = 0;
    stop_at = at;
    try {
      check_env("CheckStopped-v0", {}, 200, StopRequest(&signal));
      ADD_FAILURE() << at;
    } catch (const StoppedError& error) {
      EXPECT_EQ(error.signal(), 15);
    }
    EXPECT_EQ(steps, at);
  }
}

TEST(CheckEnv, ThrowsForWhatCannotBeMade) {
  EXPECT_THROW(check_env("Nowhere-v0"), ConfigError);
}

TEST(CheckEnv, SpecFaults) {
  const std::string text = findings_of("CheckSpec-v0", [](ToyEnv& env) {
    env.spec_.id = "Other-v0";
    env.spec_.act_high[0] = INFINITY;
    env.spec_.obs_low.pop_back();
  });
  EXPECT_THAT(text, HasSubstr("error spec id: expected 'CheckSpec-v0', found 'Other-v0'"));
  EXPECT_THAT(text, HasSubstr("error spec act_low, act_high [0]: expected finite low < high, found -1 and inf"));
  EXPECT_THAT(text, HasSubstr("error spec obs_low, obs_high: expected 2 values, found 1 and 2"));
}

TEST(CheckEnv, ValuesOutsideTheBounds) {
  EXPECT_THAT(findings_of("CheckBounds-v0", [](ToyEnv& env) { env.spec_.obs_high[0] = 3.0; }),
              HasSubstr("error step step 3: observation[0] is 3."));
}

TEST(CheckEnv, UnwrittenValues) {
  // reset leaves obs[1] as it was: on_reset puts the marker back that the checker had written.
  class Forgetful : public ToyEnv {
   public:
    void reset(Rng& rng, std::span<double> obs) override {
      const double before = obs[1];
      ToyEnv::reset(rng, obs);
      obs[1] = before;
    }
  };
  EnvInfo info;
  info.id = "Toy-v0";
  register_env(info, [](const EnvKwargs&) -> std::unique_ptr<Env> { return std::make_unique<Forgetful>(); });
  const EnvReport report = check_env("Toy-v0");
  ASSERT_EQ(report.findings.size(), 1u);
  EXPECT_EQ(report.findings[0].check, "reset");
  EXPECT_EQ(report.findings[0].message, "reset after step 0: observation[1] was not written");
}

TEST(CheckEnv, HiddenStateAcrossEpisodes) {
  const std::string text = findings_of("CheckPast-v0", [](ToyEnv& env) {
    env.on_step = [total = 0.0](int, std::span<double> obs, StepResult&) mutable { obs[1] = total += 0.001; };
  });
  EXPECT_THAT(text, HasSubstr("error determinism an instance that was used before"));
  EXPECT_THAT(text, ::testing::Not(HasSubstr("error isolation")));
  EXPECT_THAT(text, HasSubstr("note state cannot save its state"));
}

TEST(CheckEnv, SharedStateBetweenInstances) {
  const std::string text = findings_of("CheckShared-v0", [](ToyEnv& env) {
    static double shared = 0.0;
    env.on_reset = [](std::span<double>) { shared = 0.0; };
    env.on_step = [](int, std::span<double> obs, StepResult&) { obs[1] = shared += 0.001; };
  });
  EXPECT_THAT(text, HasSubstr("error isolation"));
}

TEST(CheckEnv, RandomnessFromElsewhere) {
  const std::string text = findings_of("CheckRandom-v0", [](ToyEnv& env) {
    static Rng global(1);
    env.on_step = [](int, std::span<double> obs, StepResult&) { obs[1] = global.uniform(); };
  });
  EXPECT_THAT(text, HasSubstr("error determinism two instances give different trajectories"));
}

TEST(CheckEnv, WrongSavedState) {
  class HalfSaved : public ToyEnv {
   public:
    bool can_save_state() const override { return true; }
    std::vector<std::byte> save_state() const override { return {}; }
    void load_state(std::span<const std::byte>) override {}
  };
  EnvInfo info;
  info.id = "CheckSaved-v0";
  register_env(info, [](const EnvKwargs&) -> std::unique_ptr<Env> {
    auto env = std::make_unique<HalfSaved>();
    env->spec_.id = "CheckSaved-v0";
    return env;
  });
  const EnvReport report = check_env("CheckSaved-v0");
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.findings[0].message, "a loaded state continues differently from the saved one");
}

TEST(CheckEnv, BothFlagsAreAWarning) {
  EXPECT_THAT(findings_of("CheckFlags-v0",
                          [](ToyEnv& env) {
                            env.on_step = [](int step, std::span<double>, StepResult& r) {
                              r.terminated = r.truncated = step == 4;
                            };
                          }),
              HasSubstr("warning step step 4: terminated and truncated at once"));
}

}  // namespace
}  // namespace softac
