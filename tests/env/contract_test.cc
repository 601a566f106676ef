// What every environment in the table must keep, taken from the table itself: a new environment is tested by being
// there.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "env/check.h"
#include "env/kwargs.h"
#include "softac/vec_env.h"

namespace softac {
namespace {

// All ids but those that break the contract on purpose.
std::vector<std::string> environment_ids() {
  load_env_plugin(SOFTAC_TEST_PLUGIN);
  load_env_plugin(SOFTAC_EXAMPLE_PLUGIN);
  std::vector<std::string> ids;
  for (const EnvInfo& info : registered_envs()) {
    if (!info.id.starts_with("Bad")) ids.push_back(info.id);
  }
  return ids;
}

class EnvContract : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    env_ = make_env(GetParam());
    obs_.resize(static_cast<std::size_t>(env_->spec().obs_dim));
    action_.resize(static_cast<std::size_t>(env_->spec().act_dim));
  }
  void set_action(Rng& rng) {
    for (std::size_t j = 0; j < action_.size(); ++j)
      action_[j] = rng.uniform(env_->spec().act_low[j], env_->spec().act_high[j]);
  }
  std::unique_ptr<Env> env_;
  std::vector<double> obs_, action_;
};

TEST_P(EnvContract, TableEntryIsComplete) {
  const EnvInfo info = find_env(GetParam());
  EXPECT_EQ(info.id, GetParam());
  EXPECT_FALSE(info.description.empty());
  EXPECT_FALSE(info.family.empty());
  for (const EnvArgument& argument : info.arguments) EXPECT_FALSE(argument.name.empty());
  EXPECT_EQ(env_->spec().description, info.description);
  EXPECT_EQ(env_->spec().max_episode_steps, info.max_episode_steps);
  EXPECT_EQ(env_->spec().reward_threshold, info.reward_threshold);
  EXPECT_NE(describe_env(GetParam()).find(info.id), std::string::npos);
}

TEST_P(EnvContract, CheckerFindsNoError) {
  const EnvReport report = check_env(GetParam(), {}, 1500);
  for (const EnvFinding& finding : report.findings) {
    EXPECT_NE(finding.severity, Severity::error) << finding.check << ": " << finding.message;
  }
  EXPECT_EQ(report.steps, 1500);
  EXPECT_GE(report.episodes, 1);
  EXPECT_TRUE(std::isfinite(report.mean_reward));
}

TEST_P(EnvContract, SameSeedSameTrajectoryOtherSeedAnother) {
  const auto other = make_env(GetParam());
  std::vector<double> other_obs(obs_.size());
  Rng a(11), b(11), c(12), actions(3);
  other->reset(c, other_obs);
  const std::vector<double> with_another_seed = other_obs;
  env_->reset(a, obs_);
  other->reset(b, other_obs);
  EXPECT_EQ(obs_, other_obs);
  EXPECT_NE(obs_, with_another_seed);
  for (int t = 0; t < 20; ++t) {
    set_action(actions);
    const StepResult x = env_->step(action_, obs_), y = other->step(action_, other_obs);
    ASSERT_EQ(obs_, other_obs) << "step " << t;
    ASSERT_EQ(x.reward, y.reward);
    ASSERT_EQ(x.terminated, y.terminated);
    if (x.terminated || x.truncated) break;
  }
  EXPECT_EQ(a.position(), b.position()) << "reset draws as much";
}

TEST_P(EnvContract, ActionsMatter) {
  const auto other = make_env(GetParam());
  std::vector<double> other_obs(obs_.size());
  Rng a(11), b(11);
  env_->reset(a, obs_);
  other->reset(b, other_obs);
  const EnvSpec& spec = env_->spec();
  env_->step(spec.act_low, obs_);
  other->step(spec.act_high, other_obs);
  env_->step(spec.act_low, obs_);
  other->step(spec.act_high, other_obs);
  EXPECT_NE(obs_, other_obs);
}

TEST_P(EnvContract, SavedStateGoesOnToTheBit) {
  if (!env_->can_save_state()) GTEST_SKIP() << GetParam() << " cannot save its state, and says so";
  Rng rng(21), actions(4);
  env_->reset(rng, obs_);
  for (int t = 0; t < 5; ++t) {
    set_action(actions);
    env_->step(action_, obs_);
  }
  const auto state = env_->save_state();
  const auto other = make_env(GetParam());
  other->load_state(state);
  EXPECT_EQ(other->save_state(), state);
  std::vector<double> other_obs(obs_.size());
  for (int t = 0; t < 50; ++t) {
    set_action(actions);
    const StepResult x = env_->step(action_, obs_), y = other->step(action_, other_obs);
    ASSERT_EQ(obs_, other_obs) << "step " << t;
    ASSERT_EQ(x.reward, y.reward);
  }
  EXPECT_THROW(other->load_state(std::span(state).first(state.size() - 1)), IoError);
  EXPECT_THROW(other->load_state(std::vector<std::byte>(state.size() + 1)), IoError);
}

TEST_P(EnvContract, ArgumentsAreChecked) {
  using ::testing::AllOf;
  using ::testing::HasSubstr;
  using ::testing::ThrowsMessage;
  const EnvInfo info = find_env(GetParam());
  EnvKwargs wrong = {{"no_such_argument", 1.0}}, defaults;
  for (const EnvArgument& argument : info.arguments) {
    defaults[argument.name] = argument.default_value;
    const bool is_text = std::holds_alternative<std::string>(argument.default_value);
    wrong[argument.name] = is_text ? EnvValue(true) : EnvValue(std::string("wrong"));
  }
  const auto make_wrong = [&] { make_env(GetParam(), wrong); };
  EXPECT_THAT(make_wrong, ThrowsMessage<ConfigError>(AllOf(HasSubstr(GetParam()), HasSubstr("'no_such_argument'"))));
  for (const EnvArgument& argument : info.arguments) {
    EXPECT_THAT(make_wrong, ThrowsMessage<ConfigError>(HasSubstr("argument '" + argument.name + "': expected a " +
                                                                 type_name(argument.default_value))));
  }
  const auto same = make_env(GetParam(), defaults);
  EXPECT_EQ(same->spec().obs_dim, env_->spec().obs_dim) << "the defaults, given by name, change nothing";
  Rng a(5), b(5);
  std::vector<double> same_obs(obs_.size());
  env_->reset(a, obs_);
  same->reset(b, same_obs);
  EXPECT_EQ(obs_, same_obs);
}

TEST_P(EnvContract, NumberOfThreadsChangesNothing) {
  std::vector<std::vector<float>> results;
  for (const int threads : {1, 2, 3}) {
    std::vector<std::unique_ptr<Env>> envs;
    for (int i = 0; i < 3; ++i) envs.push_back(make_env(GetParam()));
    VecEnvOptions options;
    options.seed = 8;
    options.num_threads = threads;
    VecEnv env(std::move(envs), options);
    env.reset();
    Rng actions(6);
    std::vector<float> action(3 * action_.size());
    for (int t = 0; t < 100; ++t) {
      for (float& a : action) a = static_cast<float>(actions.uniform(-1.0, 1.0));
      env.step(action);
    }
    results.emplace_back(env.obs().begin(), env.obs().end());
    results.back().insert(results.back().end(), env.reward().begin(), env.reward().end());
  }
  EXPECT_EQ(results[0], results[1]);
  EXPECT_EQ(results[0], results[2]);
}

// What exports tell of the built-in tasks.
TEST(EnvFacts, TimeStepNamesAndUnits) {
  const EnvSpec pendulum = make_env("Pendulum-v1")->spec();
  EXPECT_EQ(pendulum.dt, 0.05);
  EXPECT_EQ(pendulum.obs_names.size(), 3u);
  EXPECT_EQ(pendulum.act_units, std::vector<std::string>{"N m"});
  for (const EnvInfo& info : registered_envs()) {
    if (info.family != "mujoco") continue;
    const EnvSpec spec = make_env(info.id)->spec();
    EXPECT_GT(spec.dt, 0.0) << info.id;
    if (info.id == "Ant-v5") {
      EXPECT_EQ(spec.obs_names[1], "root qw position");
      EXPECT_EQ(spec.obs_names[13 + 3], "root x angular velocity");
      EXPECT_EQ(spec.obs_names.back(), "");  // a contact force
    }
    EXPECT_EQ(spec.act_names.size(), static_cast<std::size_t>(spec.act_dim)) << info.id;
    if (info.id == "Hopper-v5") {
      EXPECT_EQ(spec.obs_names[0], "rootz position");
      EXPECT_EQ(spec.obs_units[1], "rad");
      EXPECT_EQ(spec.obs_names[5], "rootx velocity");
      EXPECT_EQ(spec.obs_units[5], "m/s");
      EXPECT_EQ(spec.act_names, (std::vector<std::string>{"thigh_joint", "leg_joint", "foot_joint"}));
      EXPECT_DOUBLE_EQ(make_env(info.id, {{"frame_skip", 1.0}})->spec().dt, 0.002);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, EnvContract, ::testing::ValuesIn(environment_ids()), [](const auto& test) {
  std::string name = test.param;
  for (char& c : name) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
  }
  return name;
});

}  // namespace
}  // namespace softac
