// Evaluations depend on policy and seed alone.
#include "train/evaluator.h"

#include <gtest/gtest.h>

#include <atomic>

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

TEST(Evaluator, CutsOffWhatDoesNotEnd) {
  TrainConfig config = point_config();
  SacAgent agent = agent_of(config);
  const auto run = [&] { return Evaluator(config, 3, 1).run(agent); };
  config.env_kwargs["limit"] = 0.0;
  const EvalStats usual = run();  // 13 steps, the task's own limit
  EXPECT_EQ(usual.lengths, (std::vector<std::int64_t>{13, 13, 13}));
  EXPECT_EQ(usual.num_cut_off, 0);
  config.max_episode_steps = 20;  // the run's
  EXPECT_EQ(run().lengths, (std::vector<std::int64_t>{20, 20, 20}));
  EXPECT_EQ(run().num_cut_off, 0);
  for (const int limit : {5, 30}) {  // the evaluation's
    config.eval_max_episode_steps = limit;
    const EvalStats stats = run();
    EXPECT_EQ(stats.lengths, (std::vector<std::int64_t>{limit, limit, limit}));
    EXPECT_EQ(stats.num_cut_off, 3);
    EXPECT_EQ(cut_off_text(stats), "3 of 3 episodes cut off at " + std::to_string(limit) + " steps");
  }
  config.eval_max_episode_steps = config.max_episode_steps = 0;
  config.env_kwargs["endless"] = 1.0;
  const EvalStats endless = run();
  EXPECT_EQ(endless.max_episode_steps, Evaluator::kMaxSteps);
  EXPECT_EQ(endless.lengths, (std::vector<std::int64_t>(3, Evaluator::kMaxSteps)));
  EXPECT_EQ(endless.num_cut_off, 3);
}

TEST(Evaluator, AStopLeavesNothingBehind) {
  TrainConfig config = point_config();
  config.env_kwargs["limit"] = 0.0;
  SacAgent agent = agent_of(config);
  Evaluator evaluator(config, 3, 1);
  const EvalStats first = evaluator.run(agent);
  std::atomic<int> signal{0};
  int steps = 0;
  PointEnv::on_step = [&] {
    if (++steps == 10) signal = 2;
  };
  try {
    evaluator.run(agent, true, StopRequest(&signal));
    ADD_FAILURE();
  } catch (const StoppedError& error) {
    EXPECT_EQ(error.signal(), 2);
    EXPECT_STREQ(error.what(), "stopped by signal 2 after 0 of 3 episodes");
  }
  PointEnv::on_step = {};
  EXPECT_EQ(steps, 12);  // the vector step of three environments is whole
  EXPECT_EQ(evaluator.run(agent).returns, first.returns);
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
