#include "report/curves.h"

#include <algorithm>
#include <cmath>

namespace softac::report {
namespace {

// A run that was resumed from an earlier checkpoint never goes back in x: what was recorded last counts.
void add(Curve& curve, double x, double y) {
  while (!curve.x.empty() && curve.x.back() >= x) {
    curve.x.pop_back();
    curve.y.pop_back();
  }
  curve.x.push_back(x);
  curve.y.push_back(std::isfinite(y) ? y : NAN);
}

// The ends included; one point if they are the same.
std::vector<double> even_grid(double low, double high, std::size_t points) {
  if (!(high > low)) return {low};
  std::vector<double> grid(points);
  const double step = (high - low) / static_cast<double>(points - 1);
  for (std::size_t i = 0; i < points; ++i) grid[i] = i + 1 < points ? low + static_cast<double>(i) * step : high;
  return grid;
}

// At a point itself or between the points around x; NaN beyond the ends and beside a gap.
double between(const Curve& curve, double x) {
  const auto after = std::lower_bound(curve.x.begin(), curve.x.end(), x) - curve.x.begin();
  if (after == static_cast<std::ptrdiff_t>(curve.x.size())) return NAN;
  if (curve.x[after] == x) return curve.y[after];
  if (after == 0) return NAN;
  const double x0 = curve.x[after - 1], x1 = curve.x[after], y0 = curve.y[after - 1], y1 = curve.y[after];
  return y0 + (y1 - y0) * (x - x0) / (x1 - x0);
}

// For each point of the grid the mean of the values that are nearest to it.
std::vector<double> means_on_grid(const Curve& curve, std::span<const double> grid) {
  std::vector<double> out(grid.size(), NAN);
  std::size_t at = 0;
  for (std::size_t i = 0; i < grid.size(); ++i) {
    const double end = i + 1 < grid.size() ? (grid[i] + grid[i + 1]) / 2 : INFINITY;
    double sum = 0.0;
    int count = 0, rows = 0;
    for (; at < curve.x.size() && curve.x[at] < end; ++at, ++rows) {
      if (std::isnan(curve.y[at])) continue;
      sum += curve.y[at];
      ++count;
    }
    if (count > 0)
      out[i] = sum / count;
    else if (rows == 0)
      out[i] = between(curve, grid[i]);
  }
  return out;
}

// Means where the curve has many points for each of the grid, else what lies on the curve.
std::vector<double> on_grid(const Curve& curve, std::span<const double> grid) {
  if (curve.x.size() > 2 * grid.size()) return means_on_grid(curve, grid);
  std::vector<double> out;
  for (const double x : grid) out.push_back(between(curve, x));
  return out;
}

std::vector<double> common_grid(std::span<const Curve> runs) {
  std::vector<double> all;
  std::size_t most = 0;
  for (const Curve& run : runs) {
    all.insert(all.end(), run.x.begin(), run.x.end());
    most = std::max(most, run.x.size());
  }
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  // Runs at the same places have no more of them together than the longest alone.
  if (all.size() <= kMaxPoints && all.size() == most) return all;
  if (all.empty()) return all;
  return even_grid(all.front(), all.back(), std::clamp<std::size_t>(most, 100, kMaxPoints));
}

// Runs that came at least half as far as the farthest.
std::size_t num_needed(std::span<const Curve> runs) {
  double end = 0.0;
  for (const Curve& run : runs) end = std::max(end, run.x.empty() ? 0.0 : run.x.back());
  std::size_t count = 0;
  for (const Curve& run : runs) count += !run.x.empty() && run.x.back() >= 0.5 * end;
  return std::max<std::size_t>(count, 1);
}

}  // namespace

Curve curve_of(const RunHistory& run, std::string_view metric, XAxis axis) {
  Curve curve;
  const auto put = [&](std::int64_t step, double seconds, double value) {
    const double x = axis == XAxis::steps ? static_cast<double>(step) : seconds;
    if (std::isfinite(x)) add(curve, x, value);
  };
  const bool returns = metric == "eval/mean_reward", lengths = metric == "eval/mean_ep_length";
  if ((returns || lengths) && !run.evaluations.empty()) {
    for (const RunEvaluation& e : run.evaluations) put(e.timestep, e.seconds, returns ? e.mean_return : e.mean_length);
  } else if (const RunSeries* series = run.find(metric)) {
    for (std::size_t i = 0; i < series->steps.size(); ++i) put(series->steps[i], series->seconds[i], series->values[i]);
  }
  return curve;
}

Curve thinned(const Curve& curve) {
  if (curve.x.size() <= kMaxPoints) return curve;
  Curve out;
  out.x = even_grid(curve.x.front(), curve.x.back(), kMaxPoints);
  out.y = means_on_grid(curve, out.x);
  return out;
}

GroupCurve group_curve(std::span<const Curve> runs, Bootstrap& bootstrap) {
  GroupCurve out;
  const std::vector<double> grid = common_grid(runs);
  std::vector<std::vector<double>> columns;
  for (const Curve& run : runs) columns.push_back(on_grid(run, grid));
  const std::size_t needed = num_needed(runs);
  std::vector<double> values;
  for (std::size_t i = 0; i < grid.size(); ++i) {
    values.clear();
    for (const std::vector<double>& column : columns) {
      if (!std::isnan(column[i])) values.push_back(column[i]);
    }
    if (values.size() < needed) values.clear();
    const Interval of_mean = bootstrap.of_mean(values), of_iqm = bootstrap.of_interquartile_mean(values);
    out.x.push_back(grid[i]);
    out.mean.push_back(mean(values));
    out.mean_low.push_back(of_mean.low);
    out.mean_high.push_back(of_mean.high);
    out.iqm.push_back(interquartile_mean(values));
    out.iqm_low.push_back(of_iqm.low);
    out.iqm_high.push_back(of_iqm.high);
    out.count.push_back(static_cast<int>(values.size()));
  }
  return out;
}

}  // namespace softac::report
