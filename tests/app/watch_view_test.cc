// What softac watch makes of a run: its pace, its view at every size, and curves of characters.
#include "watch_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "progress_line.h"
#include "text_curve.h"

namespace softac::app {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

// 1,000 random steps in a second, then 1,000 every two seconds, later every four.
RunHistory history_of(int rows) {
  RunHistory run;
  run.overview.dir = "run";
  run.overview.env_id = "Toy-v0";
  run.overview.state = RunCondition::running;
  run.overview.total_steps = 100'000;
  RunSeries elapsed{"time/time_elapsed", {}, {}, {}}, updates{"train/n_updates", {}, {}, {}};
  double sec = 0.0;
  for (int i = 1; i <= rows; ++i) {
    sec += i == 1 ? 1.0 : i <= 10 ? 2.0 : 4.0;
    elapsed.steps.push_back(1000 * i);
    elapsed.seconds.push_back(sec);
    elapsed.values.push_back(sec);
    if (i == 1) continue;
    updates.steps.push_back(1000 * i);
    updates.seconds.push_back(sec);
    updates.values.push_back(1000.0 * i);
  }
  run.overview.step = 1000 * rows;
  run.series = {elapsed, updates};
  return run;
}

TEST(RecordedPace, IsOfTheNewestRows) {
  EXPECT_TRUE(std::isnan(recorded_pace(history_of(1), 10.0)));
  EXPECT_EQ(recorded_pace(history_of(2), 10.0), 500.0) << "nothing else is known yet";
  EXPECT_EQ(recorded_pace(history_of(6), 600.0), 500.0) << "the random steps do not count";
  EXPECT_EQ(recorded_pace(history_of(13), 10.0), 250.0);
  EXPECT_GT(recorded_pace(history_of(13), 20.0), 250.0);
  EXPECT_TRUE(std::isnan(recorded_pace(RunHistory(), 10.0)));
}

TEST(WatchView, FitsEverySize) {
  RunHistory run = history_of(13);
  for (int i = 1; i <= 12; ++i) {
    RunEvaluation evaluation;
    evaluation.timestep = 1000 * i;
    evaluation.mean_return = 10.0 * i;
    run.evaluations.push_back(evaluation);
  }
  run.overview.last_evaluation = run.overview.best_evaluation = run.evaluations.back();
  for (std::size_t width = 1; width < 130; width += 7) {
    for (std::size_t height = 1; height < 30; ++height) {
      const auto lines = watch_view(run, {width, height, true});
      for (const std::string& line : lines) EXPECT_LE(text_width(line), width);
      EXPECT_LE(lines.size(), std::max<std::size_t>(height, 5));
    }
  }
  const auto lines = watch_view(run, {80, 24, true});
  EXPECT_EQ(lines[0], "Toy-v0  seed 0  running  run");
  EXPECT_EQ(lines[1], "step 13000/100000  250 fps  ETA 3m41s  trained for 31s");
  EXPECT_EQ(lines[2], "return –  evaluation 120.00 at step 12000  best 120.00 at step 12000");
  EXPECT_EQ(watch_line(run, false).substr(0, 39), "13000/100000 250 fps ETA 3m41s return -");
  run.overview.state = RunCondition::died;
  EXPECT_THAT(watch_view(run, {200, 24, true}).back(), HasSubstr("softac resume run goes on"));
  EXPECT_EQ(watch_line(run, false).substr(0, 11), "died 13000/");
}

TEST(TextCurve, DrawsWhatRises) {
  const std::vector<double> x = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, y = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
  EXPECT_THAT(text_curve(x, y, {13, 5}, false), ElementsAre("9 +        **",  //
                                                            "  |      **  ",  //
                                                            "  |    **    ",  //
                                                            "  |  **      ",  //
                                                            "0 +**        ",  //
                                                            "   0        9"));
  const auto dots = text_curve(x, y, {13, 2}, true);
  ASSERT_EQ(dots.size(), 3u);
  EXPECT_EQ(dots[0].substr(0, 5), "9 ┤");
  EXPECT_EQ(text_width(dots[0]), 13u);
}

TEST(TextCurve, LeavesOutWhatIsNoNumber) {
  const std::vector<double> x = {0, 10, 20, 30}, y = {kUnknown, 5.0, std::numeric_limits<double>::infinity(), 5.0};
  const auto flat = text_curve(x, y, {13, 3}, false);
  EXPECT_THAT(flat, ElementsAre("5 +          ", "  |**********", "5 +          ", "   10      30"));
  EXPECT_TRUE(text_curve(std::span(x).first(2), std::span(y).first(2), {13, 3}, false).empty()) << "one point";
  EXPECT_TRUE(text_curve(x, y, {5, 3}, false).empty()) << "no room";
  EXPECT_TRUE(text_curve({}, {}, {80, 8}, true).empty());
}

}  // namespace
}  // namespace softac::app
