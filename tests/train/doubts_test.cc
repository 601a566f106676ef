// A run that cannot learn says so once, with the setting to look at; a run that can says nothing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "run/checkpoint.h"
#include "softac/trainer.h"
#include "support/point_env.h"

namespace softac::test {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// "TestDoubts-v0": what its arguments say. obs: the size of the observations; moves: whether they change; reward; end:
// terminates after so many steps (0: never).
class DoubtfulEnv final : public Env {
 public:
  explicit DoubtfulEnv(const EnvKwargs& kwargs)
      : size_(std::get<double>(kwargs.at("obs"))),
        moves_(std::get<double>(kwargs.at("moves"))),
        reward_(std::get<double>(kwargs.at("reward"))),
        end_(std::get<double>(kwargs.at("end"))) {
    spec_.id = "TestDoubts-v0";
    spec_.obs_dim = spec_.act_dim = 1;
    spec_.obs_low = {-1e30};
    spec_.obs_high = {1e30};
    spec_.act_low = {-1.0};
    spec_.act_high = {1.0};
    spec_.max_episode_steps = 50;
  }
  const EnvSpec& spec() const override { return spec_; }
  void reset(Rng&, std::span<double> obs) override {
    step_ = 0;
    obs[0] = size_;
  }
  StepResult step(std::span<const double> action, std::span<double> obs) override {
    ++step_;
    obs[0] = size_ * (1.0 - moves_ * action[0] * action[0]);
    return {reward_ * (1.0 + 1e-3 * moves_ * action[0]), end_ > 0 && step_ >= end_, false};
  }
  static void add_to_table() {
    static const bool done = [] {
      EnvInfo info;
      info.id = "TestDoubts-v0";
      info.description = "what its arguments say";
      info.family = "test";
      for (const char* name : {"obs", "moves", "reward", "end"})
        info.arguments.push_back({name, 1.0, "see doubts_test.cc"});
      register_env(info, [](const EnvKwargs& kwargs) { return std::make_unique<DoubtfulEnv>(kwargs); });
      return true;
    }();
    (void)done;
  }

 private:
  EnvSpec spec_;
  double size_, moves_, reward_, end_;
  int step_ = 0;
};

struct Messages : TrainCallback {
  void on_message(std::string_view text) override {
    if (text.starts_with("warning")) warnings.emplace_back(text);
  }
  std::vector<std::string> warnings;
};

TrainConfig doubtful(double obs, double moves, double reward, double end) {
  DoubtfulEnv::add_to_table();
  TrainConfig config = point_config();
  config.env_id = "TestDoubts-v0";
  config.env_kwargs = {{"obs", obs}, {"moves", moves}, {"reward", reward}, {"end", end}};
  config.total_timesteps = 1'200;
  config.learning_starts = 1'100;
  return config;
}

std::vector<std::string> warnings_of(const TrainConfig& config) {
  Messages messages;
  TrainerOptions options;
  options.records = false;
  options.callback = &messages;
  Trainer trainer(config, options);
  EXPECT_EQ(trainer.run().reason, StopReason::finished);
  return messages.warnings;
}

TEST(Doubts, NothingIsSaidOfARunThatCanLearn) {
  EXPECT_THAT(warnings_of(doubtful(1.0, 1.0, 1.0, 0.0)), IsEmpty());
  EXPECT_THAT(warnings_of(doubtful(1e4, 1.0, 900.0, 0.0)), IsEmpty());
}

TEST(Doubts, NoUpdate) {
  TrainConfig config = doubtful(1.0, 1.0, 1.0, 0.0);
  config.learning_starts = 5'000;
  EXPECT_THAT(warnings_of(config),
              ElementsAre(AllOf(HasSubstr("no update"), HasSubstr("learning_starts = 5000"), HasSubstr("1200 steps"))));
  config.learning_starts = 10;
  config.gradient_steps = 0;
  EXPECT_THAT(warnings_of(config), ElementsAre(AllOf(HasSubstr("no update"), HasSubstr("gradient_steps = 0"))));
  config.gradient_steps = 1;
  config.update_after = 1'200;
  EXPECT_THAT(warnings_of(config), ElementsAre(AllOf(HasSubstr("no update"), HasSubstr("update_after = 1200"))));
  config.update_after = 10;
  config.train_freq = 2'000;
  EXPECT_THAT(warnings_of(config), ElementsAre(AllOf(HasSubstr("no update"), HasSubstr("train_freq = 2000"))));
}

TEST(Doubts, TargetEntropyOutOfReach) {
  TrainConfig config = doubtful(1.0, 1.0, 1.0, 0.0);
  config.sac.target_entropy_rule = TargetEntropyRule::number;
  config.sac.target_entropy = 0.7;  // the uniform distribution on [−1, 1] has log 2
  EXPECT_THAT(warnings_of(config),
              ElementsAre(AllOf(HasSubstr("target_entropy = 0.7"), HasSubstr("0.693"), HasSubstr("ent_coef_max"))));
  config.sac.target_entropy = 0.69;
  EXPECT_THAT(warnings_of(config), IsEmpty());
}

TEST(Doubts, Observations) {
  EXPECT_THAT(warnings_of(doubtful(2e4, 1.0, 1.0, 0.0)),
              ElementsAre(AllOf(HasSubstr("observation of size 1"), HasSubstr("normalize_obs"))));
  TrainConfig normalised = doubtful(2e4, 1.0, 1.0, 0.0);
  normalised.sac.normalize_obs = true;
  EXPECT_THAT(warnings_of(normalised), IsEmpty());
  EXPECT_THAT(warnings_of(doubtful(1.0, 0.0, 1.0, 7.0)),
              ElementsAre(HasSubstr("every observation of the first 1000 steps")));
}

TEST(Doubts, Rewards) {
  EXPECT_THAT(warnings_of(doubtful(1.0, 1.0, 5e3, 0.0)),
              ElementsAre(AllOf(HasSubstr("reward of size 5"), HasSubstr("reward_scale"))));
  TrainConfig scaled = doubtful(1.0, 1.0, 5e3, 0.0);
  scaled.sac.reward_scale = 1e-2;
  EXPECT_THAT(warnings_of(scaled), IsEmpty());
  EXPECT_THAT(
      warnings_of(doubtful(1.0, 1.0, 0.0, 0.0)),
      ElementsAre(AllOf(HasSubstr("every reward of the first 1000 steps was 0"), HasSubstr("learning_starts"))));
  EXPECT_THAT(warnings_of(doubtful(1.0, 1.0, 0.0, 7.0)), IsEmpty());  // the length of an episode tells good from bad
}

// The plain policy of a network whose head says ±20 everywhere.
// Categorical critics: what the average step promises over the horizon must lie in the support.
TEST(Doubts, ReturnsOutsideTheSupport) {
  TrainConfig config = doubtful(1.0, 1.0, 1.0, 0.0);
  config.sac.critic_loss = CriticLoss::categorical;
  config.sac.gamma = 0.9;
  EXPECT_THAT(warnings_of(config), ElementsAre(AllOf(HasSubstr("returns of about 10 "), HasSubstr("[-5, 5]"),
                                                     HasSubstr("reward_scale = 0.25"))));
  config.sac.reward_scale = 0.25;
  EXPECT_THAT(warnings_of(config), IsEmpty());
  config.sac.reward_scale = 1.0;
  config.env_kwargs["end"] = 2.0;  // the episodes are shorter than the discount's horizon
  EXPECT_THAT(warnings_of(config), IsEmpty());
  config.env_kwargs["end"] = 0.0;
  config.env_kwargs["reward"] = -1.0;
  config.sac.v_min = 0.0;
  EXPECT_THAT(warnings_of(config), ElementsAre(HasSubstr("clips its targets; widen the support")));
}

TEST(Doubts, SaturatedActions) {
  class Push : public Messages {
   public:
    TrainAnswer on_step(const TrainSummary&) override {
      for (const TensorRef& tensor : trainer->agent().model_tensors()) {
        if (!tensor.name.starts_with("actor") || tensor.name.find("mu.bias") == std::string::npos) continue;
        std::vector<float> values(static_cast<std::size_t>(num_elements(tensor.shape)), 20.0f);
        tensor.write(values);
        found = true;
      }
      return TrainAnswer::proceed;
    }
    Trainer* trainer = nullptr;
    bool found = false;
  };
  TrainConfig config = doubtful(1.0, 1.0, 1.0, 0.0);
  config.total_timesteps = 10'020;
  config.learning_starts = 10;
  config.update_after = 10'010;
  Push push;
  TrainerOptions options;
  options.records = false;
  options.callback = &push;
  Trainer trainer(config, options);
  push.trainer = &trainer;
  trainer.run();
  EXPECT_TRUE(push.found);
  EXPECT_THAT(push.warnings,
              ElementsAre(AllOf(HasSubstr("actions of the last 10000 steps"), HasSubstr("target_entropy"))));
}

TEST(Doubts, ANumberThatIsNotFiniteIsReportedWithTheLargestSeen) {
  class Poison : public Messages {
   public:
    TrainAnswer on_step(const TrainSummary& summary) override {
      if (summary.step != 1'150) return TrainAnswer::proceed;
      for (const TensorRef& tensor : trainer->agent().model_tensors()) {
        std::vector<float> values(static_cast<std::size_t>(num_elements(tensor.shape)), std::nanf(""));
        tensor.write(values);
      }
      return TrainAnswer::proceed;
    }
    Trainer* trainer = nullptr;
  };
  Poison poison;
  TrainerOptions options;
  options.records = false;
  options.callback = &poison;
  Trainer trainer(doubtful(250.0, 1.0, 3.0, 0.0), options);
  poison.trainer = &trainer;
  const TrainReport report = trainer.run();
  EXPECT_EQ(report.reason, StopReason::numerics);
  EXPECT_THAT(report.message,
              AllOf(HasSubstr("not finite"), HasSubstr("largest observation 250"), HasSubstr("largest reward 3")));
}

}  // namespace
}  // namespace softac::test
