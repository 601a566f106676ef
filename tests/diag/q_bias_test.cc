// The bias of critics whose error is known.
#include "diag/q_bias.h"

#include <gtest/gtest.h>

#include <cmath>

#include "softac/trainer.h"
#include "support/point_env.h"

namespace softac::test {
namespace {

// Reward 1 a step, and a policy whose every action has the entropy h. After t steps of an episode of L = 10, that then
// terminates (or not), the soft return is known.
class CounterEnv final : public Env {
 public:
  explicit CounterEnv(bool terminates) : terminates_(terminates) {
    spec_.id = "TestCounter-v0";
    spec_.obs_dim = 1;
    spec_.act_dim = 1;
    spec_.obs_low = {0.0};
    spec_.obs_high = {1e9};
    spec_.act_low = {-1.0};
    spec_.act_high = {1.0};
    spec_.max_episode_steps = terminates ? 0 : 100;
  }
  const EnvSpec& spec() const override { return spec_; }
  void reset(Rng&, std::span<double> obs) override { obs[0] = steps_ = 0.0; }
  StepResult step(std::span<const double>, std::span<double> obs) override {
    obs[0] = ++steps_;
    return {1.0, terminates_ && steps_ == 10.0, false};
  }
  bool can_save_state() const override { return true; }
  std::vector<std::byte> save_state() const override {
    const auto bytes = std::as_bytes(std::span(&steps_, 1));
    return {bytes.begin(), bytes.end()};
  }
  void load_state(std::span<const std::byte> bytes) override { std::memcpy(&steps_, bytes.data(), sizeof(steps_)); }

 private:
  bool terminates_;
  EnvSpec spec_;
  double steps_ = 0.0;
};

TrainConfig counter_config(bool terminates) {
  static const bool done = [] {
    EnvInfo info;
    info.id = "TestCounter-v0";
    info.description = "counts";
    info.family = "test";
    info.arguments.push_back({"terminates", true, "after ten steps"});
    register_env(info, [](const EnvKwargs& kwargs) {
      return std::make_unique<CounterEnv>(std::get<bool>(kwargs.at("terminates")));
    });
    return true;
  }();
  (void)done;
  TrainConfig config;
  config.env_id = "TestCounter-v0";
  config.env_kwargs["terminates"] = terminates;
  config.sac.gamma = 0.9;
  return config;
}

// Q is right up to `error`; the target critics say `final_q` (of the true value) everywhere.
class KnownValues final : public SoftValues {
 public:
  KnownValues(bool terminates, double error, double target_error, double reward = 1.0)
      : terminates_(terminates), error_(error), target_error_(target_error), reward_(reward) {}
  double alpha() const override { return kAlpha; }
  bool act(std::span<const float>, int, Rng& noise, std::span<float> actions, std::span<double> entropy) override {
    for (float& action : actions) action = static_cast<float>(noise.uniform(-1.0, 1.0));
    for (double& h : entropy) h = kEntropy;
    return true;
  }
  void values(std::span<const float> obs, std::span<const float>, int rows, bool target, std::span<double> q) override {
    const double gain = reward_ + 0.9 * kAlpha * kEntropy;  // of a step that another follows
    for (std::size_t r = 0; r < static_cast<std::size_t>(rows); ++r) {
      double value = gain / (1.0 - 0.9);
      if (terminates_) {
        value = reward_;
        for (int left = 9 - static_cast<int>(obs[r]); left > 0; --left) value = gain + 0.9 * value;
      }
      q[r] = value + (target ? target_error_ : error_);
    }
  }
  static constexpr double kAlpha = 0.3, kEntropy = 0.7;

 private:
  bool terminates_;
  double error_, target_error_, reward_;
};

TEST(QBias, OfKnownValues) {
  for (const bool terminates : {true, false}) {
    for (const double error : {0.0, 2.5, -1.0}) {
      KnownValues values(terminates, error, 0.0);
      const QBiasEstimate found = QBias(counter_config(terminates)).run(values, Rng(1, StreamKind::test));
      EXPECT_NEAR(found.mean, error, 1e-4);
      EXPECT_NEAR(found.std, 0.0, 1e-4);
      EXPECT_GT(found.mean_return, 1.0);
      // H = 22: γ^22 < 0.1.
      const int whole = QBias::kSteps - 22;
      EXPECT_EQ(found.pairs, QBias::kEnvs * (terminates ? whole + 1 : 4 * 79)) << terminates;
      if (terminates)
        EXPECT_LT(found.final_weight, 1e-3);
      else
        EXPECT_LT(found.final_weight, 0.1);
    }
  }
}

TEST(QBias, RewardsAreScaledAsInTheTargets) {
  TrainConfig config = counter_config(true);
  config.sac.reward_scale = 3.0;
  KnownValues values(true, 0.5, 0.0, 3.0);
  EXPECT_NEAR(QBias(config).run(values, Rng(1, StreamKind::test)).mean, 0.5, 1e-4);
}

TEST(QBias, AnErrorOfTheTargetsEntersByItsWeight) {
  KnownValues values(false, 0.0, 4.0);
  const QBiasEstimate found = QBias(counter_config(false)).run(values, Rng(1, StreamKind::test));
  EXPECT_GT(found.final_weight, 0.0);
  EXPECT_NEAR(found.mean, -4.0 * found.final_weight, 1e-4);
}

TEST(QBias, DistanceFromTheEnd) {
  EXPECT_EQ(final_distance(0.9, 0), 22);
  EXPECT_EQ(final_distance(0.99, 1000), QBias::kSteps / 2);
  EXPECT_EQ(final_distance(0.99, 200), 100);
  EXPECT_EQ(final_distance(0.0, 0), 1);
  EXPECT_EQ(final_distance(1.0, 0), QBias::kSteps / 2);
}

// What a run writes of its diagnoses.
class Collect : public TrainCallback {
 public:
  void on_diagnosis(const TrainSummary& summary, const std::vector<DiagnosticValue>& values) override {
    steps.push_back(summary.step);
    last = values;
  }
  std::vector<std::int64_t> steps;
  std::vector<DiagnosticValue> last;
};

TEST(Diagnosis, ChangesNothingOfTheRun) {
  for (const char* env : {"TestPoint-v0", "CartPole-v1"}) {
    TrainConfig config = point_config();
    config.total_timesteps = 120;
    if (std::string(env) != config.env_id) config.env_kwargs.clear();
    config.env_id = env;
    const auto run = [&](Collect& callback) {
      TrainerOptions options;
      options.records = false;
      options.callback = &callback;
      return Trainer(config, options).run();
    };
    Collect off, on, again;
    const TrainReport plain = run(off);
    ASSERT_EQ(plain.reason, StopReason::finished) << plain.message;
    EXPECT_TRUE(off.steps.empty());
    config.diag_freq = 30;
    const TrainReport diagnosed = run(on);
    EXPECT_EQ(diagnosed.state_hash, plain.state_hash) << env;
    EXPECT_EQ(on.steps, (std::vector<std::int64_t>{30, 60, 90, 120}));
    run(again);
    ASSERT_EQ(on.last.size(), again.last.size());
    for (std::size_t i = 0; i < on.last.size(); ++i) {
      const DiagnosticValue& value = on.last[i];
      EXPECT_EQ(value.name, again.last[i].name);
      if (value.name == "time/diag_sec") continue;
      EXPECT_EQ(value.value, again.last[i].value) << value.name;
      EXPECT_TRUE(std::isfinite(value.value)) << value.name;
    }
  }
}

}  // namespace
}  // namespace softac::test
