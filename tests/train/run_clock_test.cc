// Times and rates of a run, with a clock that the test sets.
#include "train/run_clock.h"

#include <gtest/gtest.h>

#include <cmath>

#include "support/point_env.h"
#include "train/training.h"

namespace softac::test {
namespace {

double now = 0.0;
RunClock clock_at(double sec) {
  now = sec;
  return RunClock([] { return now; });
}

TEST(RunClock, CountsTheTimeOfEarlierProcesses) {
  RunClock clock = clock_at(100.0);
  clock.restore(50, 7.0);
  now = 103.0;  // what happens before the start is no training
  clock.start(50);
  EXPECT_EQ(clock.elapsed_sec(), 7.0);
  now = 105.0;
  EXPECT_EQ(clock.elapsed_sec(), 9.0);
  EXPECT_EQ(clock.steps_per_sec(90), 20.0);
}

// The steps of the way that was left are not steps of the time since.
TEST(RunClock, ARollbackStartsTheRateAgain) {
  RunClock clock = clock_at(0.0);
  clock.start(0);
  now = 100.0;
  clock.tick(1000, false);
  clock.restore(900, 90.0);
  now = 102.0;
  clock.tick(920, false);
  EXPECT_EQ(clock.elapsed_sec(), 92.0);
  EXPECT_EQ(clock.steps_per_sec(920), 10.0);
  EXPECT_EQ(clock.recent_steps_per_sec(), 10.0);
}

// 4,000 random steps in a second, then 200 a second with updates.
TEST(RunClock, TheRecentRateForgetsTheRandomSteps) {
  RunClock clock = clock_at(0.0);
  clock.start(0);
  EXPECT_TRUE(std::isnan(clock.recent_steps_per_sec()));
  std::int64_t step = 0;
  while (step < 4000) {
    now += 1.0 / 4000;
    clock.tick(++step, true);
  }
  EXPECT_NEAR(clock.recent_steps_per_sec(), 4000.0, 1e-6);
  for (int i = 0; i < 200; ++i) {
    now += 1.0 / 200;
    clock.tick(++step, false);
  }
  EXPECT_NEAR(clock.recent_steps_per_sec(), 200.0, 1e-6);
  EXPECT_GT(clock.steps_per_sec(step), 2000.0) << "the mean of the process";
}

// steps_per_sec · sec steps, a tick each; the time is exact.
void walk(RunClock& clock, std::int64_t& step, double sec, double steps_per_sec) {
  const double begin = now;
  const auto count = static_cast<int>(sec * steps_per_sec);
  for (int i = 1; i <= count; ++i) {
    now = begin + i / steps_per_sec;
    clock.tick(++step, false);
  }
}

void pause(RunClock& clock, PauseKind kind, double sec) {
  const RunClock::Pause pause(clock, kind);
  now += sec;
}

TEST(RunClock, TheRecentRateLooksBackTenSeconds) {
  RunClock clock = clock_at(0.0);
  clock.start(0);
  std::int64_t step = 0;
  walk(clock, step, 100.0, 100.0);
  EXPECT_NEAR(clock.recent_steps_per_sec(), 100.0, 1e-6);
  walk(clock, step, 5.0, 10.0);
  EXPECT_GT(clock.recent_steps_per_sec(), 20.0);
  EXPECT_LT(clock.recent_steps_per_sec(), 90.0);
  walk(clock, step, 7.0, 10.0);
  EXPECT_NEAR(clock.recent_steps_per_sec(), 10.0, 1e-6);
}

TEST(RunClock, PausesAreNoSlowSteps) {
  RunClock clock = clock_at(0.0);
  clock.start(0);
  std::int64_t step = 0;
  EXPECT_EQ(clock.mean_pause_sec(PauseKind::evaluation), 0.0);
  walk(clock, step, 20.0, 100.0);
  pause(clock, PauseKind::evaluation, 30.0);
  pause(clock, PauseKind::checkpoint, 2.0);
  walk(clock, step, 1.0, 100.0);
  EXPECT_NEAR(clock.recent_steps_per_sec(), 100.0, 1e-6);
  EXPECT_NEAR(clock.steps_per_sec(step), 2100.0 / 53.0, 1e-6) << "the mean of the process, all time counts";
  pause(clock, PauseKind::evaluation, 10.0);
  EXPECT_EQ(clock.mean_pause_sec(PauseKind::evaluation), 20.0);
  EXPECT_EQ(clock.mean_pause_sec(PauseKind::checkpoint), 2.0);
  EXPECT_EQ(clock.mean_pause_sec(PauseKind::diagnosis), 0.0);
  walk(clock, step, 3.0, 50.0);
  EXPECT_LT(clock.recent_steps_per_sec(), 100.0);
}

// What a resumed run did before is not of its pace, nor are its pauses.
TEST(RunClock, AResumedRunHasItsOwnPace) {
  RunClock clock = clock_at(0.0);
  std::int64_t step = 900'000;
  clock.restore(step, 5000.0);
  now = 4.0;
  clock.start(step);
  EXPECT_TRUE(std::isnan(clock.recent_steps_per_sec()));
  walk(clock, step, 2.0, 50.0);
  EXPECT_NEAR(clock.recent_steps_per_sec(), 50.0, 1e-6);
  EXPECT_NEAR(clock.steps_per_sec(step), 50.0, 1e-6);
  EXPECT_EQ(clock.elapsed_sec(), 5002.0);
}

// 1,000 steps within a blink, then ten seconds of updates, again and again.
TEST(RunClock, BurstsCountWithWhatFollowsThem) {
  RunClock clock = clock_at(0.0);
  clock.start(0);
  std::int64_t step = 0;
  walk(clock, step, 0.1, 10'000.0);
  EXPECT_TRUE(std::isnan(clock.recent_steps_per_sec())) << "before anything of the updates is known";
  for (int i = 0; i < 6; ++i) {
    now += 10.0;
    walk(clock, step, 0.1, 10'000.0);
    EXPECT_GT(clock.recent_steps_per_sec(), 90.0);
    EXPECT_LT(clock.recent_steps_per_sec(), 250.0);
  }
}

// 60 steps, evaluations at 25 and 50 that take as long as 100 steps.
TEST(RunClock, TheTimeLeftHasRoomForThePausesToCome) {
  TrainConfig config = point_config();
  config.eval_freq = 25;
  Training training(config, 0, [](const std::string&) {});
  clock_at(0.0);
  training.clock = RunClock([] { return now; });
  training.clock.start(0);
  const auto go_to = [&](std::int64_t step) {
    while (training.schedule.step() < step) {
      now += 0.1;
      training.schedule.advance();
      training.clock.tick(training.schedule.step(), training.schedule.warming_up());
    }
  };
  go_to(20);
  EXPECT_TRUE(std::isnan(training.left_sec())) << "the updates have not begun";
  go_to(25);
  EXPECT_NEAR(training.left_sec(), 3.5, 1e-6) << "no evaluation is known yet";
  pause(training.clock, PauseKind::evaluation, 10.0);
  go_to(30);
  EXPECT_NEAR(training.left_sec(), 3.0 + 10.0, 1e-6);
  go_to(50);
  pause(training.clock, PauseKind::evaluation, 10.0);
  EXPECT_NEAR(training.left_sec(), 1.0, 1e-6);
  go_to(60);
  EXPECT_EQ(training.left_sec(), 0.0);
}

}  // namespace
}  // namespace softac::test
