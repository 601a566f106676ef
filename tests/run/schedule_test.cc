// Which step a run is at and what is due after it.
#include "softac/schedule.h"

#include <gtest/gtest.h>

#include "config/planned_updates.h"
#include "softac/error.h"
#include "train/outcome.h"

namespace softac::test {
namespace {

TrainConfig config_of(int n_envs) {
  TrainConfig config;
  config.n_envs = n_envs;
  config.total_timesteps = 40;
  config.learning_starts = 16;
  config.log_interval_steps = 10;
  config.eval_freq = 0;
  config.checkpoint_freq = 8;
  return config;
}

// The horizon of learning-rate schedules is what the schedule of a whole run makes.
TEST(Schedule, PlannedUpdatesAreThoseOfTheWholeRun) {
  for (const int n_envs : {1, 3, 8}) {
    for (const int train_freq : {1, 2, 5}) {
      for (const int gradient_steps : {-1, 1, 4}) {
        for (const std::int64_t first : {-1, 0, 7, 16, 39, 100}) {
          TrainConfig config = config_of(n_envs);
          config.train_freq = train_freq;
          config.gradient_steps = gradient_steps;
          config.gradient_steps_per_env_step = first % 2 == 0;
          config.update_after = first;
          Schedule schedule(config);
          std::int64_t updates = 0;
          while (!schedule.at_end()) {
            schedule.advance();
            updates += schedule.updates_due();
          }
          EXPECT_EQ(planned_updates(config), updates) << n_envs << " " << train_freq << " " << first;
        }
      }
    }
  }
}

TEST(Schedule, RefusesWhatIsNoSchedule) {
  TrainConfig config = config_of(1);
  config.train_freq = 0;
  config.n_envs = 0;
  EXPECT_THROW(Schedule{config}, ConfigError);
}

TEST(Schedule, FrequenciesCountEnvironmentSteps) {
  Schedule schedule(config_of(8));
  std::vector<std::int64_t> logs, checkpoints;
  while (!schedule.at_end()) {
    schedule.advance();
    if (schedule.log_due()) logs.push_back(schedule.step());
    if (schedule.checkpoint_due()) checkpoints.push_back(schedule.step());
    EXPECT_FALSE(schedule.evaluation_due());
  }
  EXPECT_EQ(logs, (std::vector<std::int64_t>{16, 24, 32, 40}));
  EXPECT_EQ(checkpoints, (std::vector<std::int64_t>{8, 16, 24, 32, 40}));
  EXPECT_EQ(schedule.num_vector_steps(), 5);
}

TEST(Schedule, UpdatesFollowTheRandomSteps) {
  Schedule schedule(config_of(8));
  for (const std::int64_t step : {8, 16, 24, 32}) {
    EXPECT_EQ(schedule.random_actions(), step <= 16);
    schedule.advance();
    EXPECT_EQ(schedule.step(), step);
    EXPECT_EQ(schedule.warming_up(), step <= 16);
    EXPECT_EQ(schedule.updates_due(), step > 16 ? 8 : 0);
  }
}

TEST(Schedule, UpdatesCanBeHeld) {
  Schedule schedule(config_of(1));
  schedule.restore(20, 20, 0);
  EXPECT_FALSE(schedule.log_due()) << "what was due at a checkpoint has been done";
  schedule.hold_updates(3);
  EXPECT_EQ(schedule.update_from(), 23);
  for (const int due : {0, 0, 0, 1}) {
    EXPECT_TRUE(schedule.warming_up());
    schedule.advance();
    EXPECT_EQ(schedule.updates_due(), due);
  }
  EXPECT_FALSE(schedule.warming_up());
}

TEST(Schedule, ARunWithoutUpdatesNeverWarmsUp) {
  TrainConfig config = config_of(1);
  config.learning_starts = config.total_timesteps;
  EXPECT_FALSE(Schedule(config).warming_up());
}

TEST(Outcome, AFailureIsNoStop) {
  Outcome outcome;
  EXPECT_STREQ(outcome.state(), "running");
  outcome.stop(StopReason::interrupted, "stopped", 15);
  EXPECT_STREQ(outcome.state(), "stopped");
  EXPECT_EQ(outcome.signal(), 15);
  EXPECT_TRUE(outcome.keeps_checkpoint());
  outcome.fail(StopReason::disk, "full");
  EXPECT_STREQ(outcome.state(), "failed");
  EXPECT_EQ(outcome.message(), "full");
  outcome = {};
  outcome.stop(StopReason::finished, "done");
  EXPECT_STREQ(outcome.state(), "finished");
  outcome = {};
  outcome.stop(StopReason::aborted, "aborted");
  EXPECT_FALSE(outcome.keeps_checkpoint());
}

}  // namespace
}  // namespace softac::test
