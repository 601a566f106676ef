// Statistics, curves and groups of runs, and figures of one metric.
#include "report/curves.h"

#include <gmock/gmock.h>

#include <cmath>

#include "report/groups.h"
#include "report/metrics.h"
#include "report/plot.h"
#include "report/statistics.h"
#include "report/test_runs.h"
#include "softac/error.h"

namespace softac::report {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(ReportStatistics, MeansByHand) {
  EXPECT_TRUE(std::isnan(mean(std::vector<double>{})));
  EXPECT_EQ(mean(std::vector<double>{1, 2, 6}), 3.0);
  EXPECT_EQ(interquartile_mean(std::vector<double>{1, 2, 6}), 3.0);                   // too few to cut
  EXPECT_EQ(interquartile_mean(std::vector<double>{100, 1, 3, 2}), 2.5);              // 1 and 100 are cut
  EXPECT_EQ(interquartile_mean(std::vector<double>{0, 0, 4, 5, 6, 7, 90, 99}), 5.5);  // two at either end
}

TEST(ReportStatistics, IntervalsHoldTheMeanAndAreTheSameEachTime) {
  const std::vector<double> values = {1, 2, 3, 4, 10};
  Bootstrap one, two;
  const Interval a = one.of_mean(values), b = two.of_mean(values), again = one.of_mean(values);
  EXPECT_EQ(a.low, b.low);
  EXPECT_EQ(a.high, again.high);
  // The exact bootstrap distribution of the mean of 5: its 2.5 % and 97.5 % points by enumeration are 1.6 and 7.
  EXPECT_NEAR(a.low, 1.6, 0.25);
  EXPECT_NEAR(a.high, 7.0, 0.45);
  const Interval iqm = one.of_interquartile_mean(values);
  EXPECT_LE(iqm.low, interquartile_mean(values));
  EXPECT_GE(iqm.high, interquartile_mean(values));
  EXPECT_TRUE(std::isnan(one.of_mean(std::vector<double>{1}).low));
  const Interval equal = one.of_mean(std::vector<double>{2, 2, 2});
  EXPECT_EQ(equal.low, 2.0);
  EXPECT_EQ(equal.high, 2.0);
}

TEST(ReportCurves, EvaluationsAndSeries) {
  const RunHistory run = test_run("Pendulum-v1", 3);
  const Curve returns = curve_of(run, "eval/mean_reward", XAxis::steps);
  EXPECT_THAT(returns.x, ElementsAre(500, 1000));
  EXPECT_THAT(returns.y, ElementsAre(-1000, -500 + 3));
  EXPECT_THAT(curve_of(run, "eval/mean_reward", XAxis::time).x, ElementsAre(5, 10));
  const Curve loss = curve_of(run, "train/critic_loss", XAxis::steps);
  EXPECT_THAT(loss.x, ElementsAre(250, 500, 750, 1000));
  EXPECT_TRUE(std::isnan(loss.y[2]));
  EXPECT_TRUE(curve_of(run, "train/none", XAxis::steps).x.empty());
}

TEST(ReportCurves, WhatWasRecordedAgainCounts) {
  RunHistory run;
  run.series = {{"m", {100, 200, 300, 200, 300, 400}, {1, 2, 3, 2, 3, 4}, {1, 2, 3, 20, 30, 40}}};
  const Curve curve = curve_of(run, "m", XAxis::steps);
  EXPECT_THAT(curve.x, ElementsAre(100, 200, 300, 400));
  EXPECT_THAT(curve.y, ElementsAre(1, 20, 30, 40));
}

TEST(ReportCurves, ThinnedKeepsEndsAndMeans) {
  Curve curve;
  for (int i = 0; i < 10'000; ++i) {
    curve.x.push_back(i);
    curve.y.push_back(i % 2 == 0 ? static_cast<double>(i) : NAN);
  }
  const Curve thin = thinned(curve);
  ASSERT_EQ(thin.x.size(), kMaxPoints);
  EXPECT_EQ(thin.x.front(), 0.0);
  EXPECT_EQ(thin.x.back(), 9999.0);
  for (std::size_t i = 1; i + 1 < thin.x.size(); ++i) EXPECT_NEAR(thin.y[i], thin.x[i], 1.5);
  const Curve small{{1, 2}, {3, 4}};
  EXPECT_EQ(thinned(small).y, small.y);
}

TEST(ReportCurves, GroupsAtEqualPlacesAreExact) {
  Bootstrap bootstrap;
  const std::vector<Curve> runs = {{{1, 2, 3}, {1, NAN, 3}}, {{1, 2, 3}, {3, 5, 6}}, {{1}, {5}}};
  const GroupCurve group = group_curve(runs, bootstrap);
  EXPECT_THAT(group.x, ElementsAre(1, 2, 3));
  EXPECT_EQ(group.mean[0], 3.0);
  EXPECT_TRUE(std::isnan(group.mean[1]));  // one of two that came so far has no number
  EXPECT_EQ(group.mean[2], 4.5);           // the third ended long before
  EXPECT_THAT(group.count, ElementsAre(3, 0, 2));
  EXPECT_LE(group.mean_low[0], 3.0);
}

TEST(ReportCurves, GroupsAtOtherPlacesMeetBetween) {
  Bootstrap bootstrap;
  const std::vector<Curve> runs = {{{0, 5, 10}, {0, 5, 10}}, {{0, 4, 10}, {0, 8, 20}}};
  const GroupCurve group = group_curve(runs, bootstrap);
  ASSERT_EQ(group.x.size(), 100u);
  for (std::size_t i = 0; i < group.x.size(); ++i) EXPECT_NEAR(group.mean[i], 1.5 * group.x[i], 1e-9);
  EXPECT_TRUE(group_curve({}, bootstrap).x.empty());
}

TEST(ReportGroups, SeedsAndRecordsDoNotPartRuns) {
  RunHistory a = test_run("Pendulum-v1", 0), b = test_run("Pendulum-v1", 1), c = test_run("Pendulum-v1", 2),
             other = test_run("Hopper-v5", 0);
  set(b, "threads", "4");
  set(b, "eval_freq", "100");
  set(b, "total_timesteps", "99");
  set(c, "learning_rate", "0.01");
  const RunGroups groups = group_runs({a, b, c});
  ASSERT_EQ(groups.groups.size(), 2u);
  EXPECT_THAT(groups.groups[0].runs, ElementsAre(0, 1));
  EXPECT_EQ(groups.groups[0].label, "learning_rate = 0.001");
  EXPECT_EQ(groups.groups[1].label, "learning_rate = 0.01");
  ASSERT_EQ(groups.differences.size(), 1u);
  EXPECT_EQ(groups.differences[0].name, "learning_rate");
  EXPECT_EQ(group_runs({a, other}).groups[1].label, "Hopper-v5");
  EXPECT_EQ(group_runs({a}).groups[0].label, "Pendulum-v1");
  // With a schedule the number of steps changes what is learned.
  set(a, "learning_rate_schedule", "\"linear\"");
  set(b, "learning_rate_schedule", "\"linear\"");
  EXPECT_EQ(group_runs({a, b}).groups.size(), 2u);
}

TEST(ReportMetrics, SectionsHoldWhatVaries) {
  const RunHistory run = test_run("Pendulum-v1", 0);
  const auto sections = sections_of({&run});
  std::vector<std::string> names;
  for (const MetricSection& section : sections) {
    for (const MetricView& view : section.metrics) names.push_back(section.title + ": " + view.name);
  }
  EXPECT_THAT(names, ElementsAre("Returns: eval/mean_reward", "Entropy and temperature: train/entropy",
                                 "Losses: train/critic_loss", "Diagnostics: diag/strange", "Other metrics: mine/own"));
  EXPECT_TRUE(sections_of({}).empty());
}

TEST(ReportPlot, MeanIntervalAndEachRun) {
  const std::vector<RunHistory> runs = {test_run("Pendulum-v1", 0), test_run("Pendulum-v1", 1)};
  const figure::Figure picture = run_figure(runs, {});
  ASSERT_EQ(picture.panels.size(), 1u);
  const auto& series = picture.panels[0].series;
  ASSERT_EQ(series.size(), 3u);
  EXPECT_THAT(series[2].name, HasSubstr("mean of 2 runs, 95 % interval"));
  EXPECT_THAT(series[2].y, ElementsAre(-1000, -499.5));
  EXPECT_EQ(picture.panels[0].x.title, "environment steps");
  EXPECT_EQ(run_figure(runs, {.x = XAxis::time}).panels[0].x.title, "training time (s)");
  EXPECT_EQ(std::string(time_unit(1000).title), "training time (min)");
  EXPECT_EQ(time_unit(1e5).seconds, 3600.0);
  EXPECT_EQ(run_figure({runs[0], test_run("Hopper-v5", 0)}, {}).panels.size(), 2u);
}

TEST(ReportPlot, CsvHoldsEachNumber) {
  std::vector<RunHistory> runs = {test_run("Pendulum-v1", 0), test_run("Pendulum-v1", 1)};
  runs[0].overview.dir = "a,\"b\"";
  const std::string csv = run_csv(runs, {});
  EXPECT_THAT(csv,
              testing::StartsWith("group,run,seed,steps,value,low,high\nPendulum-v1,\"a,\"\"b\"\"\",0,500,-1000,,\n"));
  EXPECT_THAT(csv, HasSubstr("\nPendulum-v1,,,1000,-499.5,-500,-499\n"));
}

TEST(ReportPlot, UnknownMetricsAreNamed) {
  const std::vector<RunHistory> runs = {test_run("Pendulum-v1", 0)};
  try {
    run_figure(runs, {.metric = "train/entropi"});
    FAIL();
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), HasSubstr("did you mean 'train/entropy'?"));
  }
  EXPECT_THROW(run_csv({RunHistory{}}, {}), ConfigError);
}

}  // namespace
}  // namespace softac::report
