// Times and rates of a run, with a clock that the test sets.
#include "train/run_clock.h"

#include <gtest/gtest.h>

#include <cmath>

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

TEST(RunClock, TheRecentRateLooksBackHalfAMinute) {
  RunClock clock = clock_at(0.0);
  clock.start(0);
  std::int64_t step = 0;
  for (int i = 0; i < 10'000; ++i) {
    now += 0.01;
    clock.tick(++step, false);
  }
  EXPECT_NEAR(clock.recent_steps_per_sec(), 100.0, 1e-6);
  for (int i = 0; i < 400; ++i) {  // 40 s at a tenth of the pace
    now += 0.1;
    clock.tick(++step, false);
  }
  EXPECT_NEAR(clock.recent_steps_per_sec(), 10.0, 1e-6);
}

}  // namespace
}  // namespace softac::test
