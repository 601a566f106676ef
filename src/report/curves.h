// One metric over a run, and over the runs of a group.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "report/statistics.h"
#include "run/run_history.h"

namespace softac::report {

enum class XAxis { steps, time };  // environment steps; seconds of training

constexpr std::size_t kMaxPoints = 500;  // of a curve that is drawn

// x increasing, of y's length. A y that is NaN was not finite.
struct Curve {
  std::vector<double> x, y;
};

// "eval/mean_reward" and "eval/mean_ep_length" come from the evaluations, all others from the run's metrics; empty
// where the run has no such metric. Rows without a time are left out along the axis of time.
Curve curve_of(const RunHistory& run, std::string_view metric, XAxis axis);

// At most kMaxPoints points: where there are more, means over equal spans of x.
Curve thinned(const Curve& curve);

// Over the runs that have a value there (`count` of them), as far as all have one that came at least half as far as the
// farthest; NaN elsewhere. Intervals are NaN where that is one run.
struct GroupCurve {
  std::vector<double> x;
  std::vector<double> mean, mean_low, mean_high, iqm, iqm_low, iqm_high;
  std::vector<int> count;
};

// Where the runs were recorded at the same places these are the curve's; else a grid of equal spans, on which each run
// counts with the value between its neighbours, or with a mean where it has many more values than the grid.
GroupCurve group_curve(std::span<const Curve> runs, Bootstrap& bootstrap);

}  // namespace softac::report
