// Evaluations depend on policy and seed alone.
#include "train/evaluator.h"

#include <gtest/gtest.h>

#include "support/point_env.h"

namespace softac::test {
namespace {

SacAgent agent_of(const TrainConfig& config) {
  return SacAgent(3, 2, config.sac, config.seed);
}

TEST(Evaluator, RunsTheEpisodesAskedFor) {
  const TrainConfig config = point_config();
  SacAgent agent = agent_of(config);
  for (const int episodes : {1, 3, 10, 23}) {
    const EvalStats stats = Evaluator(config, episodes, 1).run(agent);
    EXPECT_EQ(stats.returns.size(), static_cast<std::size_t>(episodes));
    EXPECT_EQ(stats.lengths.size(), static_cast<std::size_t>(episodes));
    double sum = 0.0;
    for (const double value : stats.returns) sum += value;
    EXPECT_DOUBLE_EQ(stats.mean_return, sum / episodes);
    for (const std::int64_t length : stats.lengths) EXPECT_LE(length, 13);
  }
}

TEST(Evaluator, RepeatsItself) {
  TrainConfig config = point_config();
  SacAgent agent = agent_of(config);
  Evaluator evaluator(config, 7, 1), other_seed(config, 7, 2);
  const EvalStats first = evaluator.run(agent), noisy = evaluator.run(agent, false);
  EXPECT_EQ(evaluator.run(agent).returns, first.returns);
  EXPECT_EQ(evaluator.run(agent, false).returns, noisy.returns);
  EXPECT_NE(noisy.returns, first.returns);
  EXPECT_NE(other_seed.run(agent).returns, first.returns);
  config.n_env_threads = 2;
  EXPECT_EQ(Evaluator(config, 7, 1).run(agent).returns, first.returns);
}

TEST(Evaluator, SummarizesAsNumPyDoes) {
  EvalStats stats;
  stats.returns = {1.0, 2.0, 3.0, 6.0};
  stats.lengths = {4, 4, 4, 6};
  summarize(stats);
  EXPECT_DOUBLE_EQ(stats.mean_return, 3.0);
  EXPECT_DOUBLE_EQ(stats.std_return, std::sqrt(3.5));
  EXPECT_DOUBLE_EQ(stats.mean_length, 4.5);
}

}  // namespace
}  // namespace softac::test
