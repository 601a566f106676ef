// Learning itself: the shipped preset of Pendulum-v1, deterministic final policy, mean over two seeds.
#include <gtest/gtest.h>

#include "config/resolve.h"
#include "softac/trainer.h"
#include "train/evaluator.h"

namespace softac::test {
namespace {

TEST(Learn, PendulumWithinTenThousandSteps) {
  ConfigRequest request;
  request.options.push_back({"env_id", std::string("Pendulum-v1"), "test"});
  TrainConfig config = resolve_config(request).config;
  EXPECT_EQ(config.total_timesteps, 10'000);
  config.eval_freq = 0;
  TrainerOptions options;
  options.records = false;
  double sum = 0.0;
  for (const std::uint64_t seed : {0, 1}) {
    config.seed = seed;
    Trainer trainer(config, options);
    const TrainReport report = trainer.run();
    ASSERT_EQ(report.reason, StopReason::finished) << report.message;
    const double mean = Evaluator(config, 20, 1000).run(trainer.agent()).mean_return;
    EXPECT_GE(mean, -250.0) << "seed " << seed;
    sum += mean;
  }
  EXPECT_GE(sum / 2.0, -180.0);
}

// The first SAC: a fixed temperature of 1 and a reward scale. Pendulum's rewards reach from −16 to 0, so that a factor
// of 5 makes entropy as cheap as α = 0.2 does.
TEST(Learn, PendulumByStateValues) {
  ConfigRequest request;
  request.options.push_back({"env_id", std::string("Pendulum-v1"), "test"});
  TrainConfig config = resolve_config(request).config;
  config.sac.variant = Variant::state_value;
  config.sac.ent_coef_auto = false;
  config.sac.ent_coef = 1.0;
  config.sac.reward_scale = 5.0;
  config.eval_freq = 0;
  TrainerOptions options;
  options.records = false;
  Trainer trainer(config, options);
  const TrainReport report = trainer.run();
  ASSERT_EQ(report.reason, StopReason::finished) << report.message;
  EXPECT_GE(Evaluator(config, 20, 1000).run(trainer.agent()).mean_return, -250.0);
}

}  // namespace
}  // namespace softac::test
