// Learning itself: the shipped preset of Pendulum-v1, deterministic final policy, mean over two seeds.
#include <gtest/gtest.h>

#include "softac/trainer.h"
#include "train/config/resolve.h"
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

}  // namespace
}  // namespace softac::test
