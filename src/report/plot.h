// One metric of several runs as a figure of its own: the mean of each group with its 95 % interval, each run thin.
#pragma once

#include <string>
#include <vector>

#include "figure/chart.h"
#include "report/curves.h"
#include "report/groups.h"
#include "report/metrics.h"

namespace softac::report {

struct PlotOptions {
  std::string metric = "eval/mean_reward";
  XAxis x = XAxis::steps;
};

// Throws ConfigError where no run has the metric, with the nearest name.
figure::Figure run_figure(const std::vector<RunHistory>& runs, const PlotOptions& options);
// The numbers behind it: group, run, seed, steps or seconds, value, low, high. All points of each run, low and high
// empty; then the mean of each group of several runs with its interval, run and seed empty.
std::string run_csv(const std::vector<RunHistory>& runs, const PlotOptions& options);

// Seconds as an axis: in a unit that fits the longest.
struct TimeUnit {
  double seconds = 1.0;
  const char* title = "training time (s)";
};
TimeUnit time_unit(double longest_sec);

}  // namespace softac::report
