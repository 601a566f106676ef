#include "report/plot.h"

#include <algorithm>
#include <cmath>

#include "base/nearest_match.h"
#include "base/text.h"
#include "softac/error.h"

namespace softac::report {
namespace {

void require_metric(const std::vector<RunHistory>& runs, const std::string& metric) {
  const std::vector<std::string> names = metric_names(runs);
  if (std::find(names.begin(), names.end(), metric) != names.end()) return;
  std::string text = "--metric " + metric + ": no run has such a metric" + did_you_mean(metric, names);
  if (names.empty()) throw ConfigError(text + "; there are none at all yet");
  text += "; there are";
  for (const std::string& name : names) text += " " + name;
  throw ConfigError(text);
}

std::vector<Curve> curves_of(const std::vector<RunHistory>& runs, const RunGroup& group, const PlotOptions& options) {
  std::vector<Curve> curves;
  for (const std::size_t i : group.runs) {
    Curve curve = curve_of(runs[i], options.metric, options.x);
    if (!curve.x.empty()) curves.push_back(std::move(curve));
  }
  return curves;
}

std::string quoted(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string out = "\"";
  for (const char c : text) out += c == '"' ? "\"\"" : std::string(1, c);
  return out + "\"";
}

std::string cell(double value) {
  return std::isnan(value) ? "" : number_text(value);
}

void scale(std::vector<double>& values, double unit) {
  for (double& value : values) value /= unit;
}

void add_group(figure::Panel& panel, const RunGroup& group, std::vector<Curve> curves, int color, double unit,
               Bootstrap& bootstrap) {
  const std::string ink = figure::series_color(color);
  std::string name = group.label;
  if (curves.size() > 1) name += " (mean of " + std::to_string(curves.size()) + " runs, 95 % interval)";
  GroupCurve middle = group_curve(curves, bootstrap);
  scale(middle.x, unit);
  for (Curve& curve : curves) {
    curve = thinned(curve);
    scale(curve.x, unit);
    if (curves.size() > 1)
      panel.series.push_back(
          {.x = std::move(curve.x), .y = std::move(curve.y), .color = ink, .width = 0.8, .opacity = 0.45});
    else
      panel.series.push_back(
          {.name = name, .x = std::move(curve.x), .y = std::move(curve.y), .color = ink, .width = 2});
  }
  if (curves.size() < 2) return;
  panel.series.push_back({.name = name,
                          .x = std::move(middle.x),
                          .y = std::move(middle.mean),
                          .low = std::move(middle.mean_low),
                          .high = std::move(middle.mean_high),
                          .color = ink,
                          .width = 2.2});
}

}  // namespace

TimeUnit time_unit(double longest_sec) {
  if (longest_sec > 3 * 3600.0) return {3600.0, "training time (h)"};
  if (longest_sec > 180.0) return {60.0, "training time (min)"};
  return {};
}

figure::Figure run_figure(const std::vector<RunHistory>& runs, const PlotOptions& options) {
  require_metric(runs, options.metric);
  const RunGroups groups = group_runs(runs);
  const MetricView view = view_of(options.metric);
  Bootstrap bootstrap;
  double longest = 0.0;
  for (const RunHistory& run : runs) {
    const Curve curve = curve_of(run, options.metric, options.x);
    if (!curve.x.empty()) longest = std::max(longest, curve.x.back());
  }
  const bool by_time = options.x == XAxis::time;
  const TimeUnit unit = by_time ? time_unit(longest) : TimeUnit{};
  figure::Figure out;
  out.panel_width = groups.envs.size() > 1 ? 480.0 : 640.0;
  out.plot_height = 300.0;
  out.columns = 2;
  out.title = view.title + (groups.envs.size() == 1 ? ", " + groups.envs[0] : "");
  for (const std::string& env : groups.envs) {
    figure::Panel panel;
    if (groups.envs.size() > 1) panel.title = env;
    panel.x = {.title = by_time ? unit.title : "environment steps", .low = longest > 0.0 ? 0.0 : figure::kAuto};
    panel.y = {.title = view.y_axis, .log = view.log};
    for (std::size_t g = 0; g < groups.groups.size(); ++g) {
      if (groups.groups[g].env_id != env) continue;
      add_group(panel, groups.groups[g], curves_of(runs, groups.groups[g], options), static_cast<int>(g), unit.seconds,
                bootstrap);
    }
    out.panels.push_back(std::move(panel));
  }
  return out;
}

std::string run_csv(const std::vector<RunHistory>& runs, const PlotOptions& options) {
  require_metric(runs, options.metric);
  std::string out =
      std::string("group,run,seed,") + (options.x == XAxis::steps ? "steps" : "seconds") + ",value,low,high\n";
  const auto line = [&](const std::string& group, const std::string& run, const std::string& seed, double x,
                        double value, double low, double high) {
    out += quoted(group) + "," + quoted(run) + "," + seed + "," + cell(x) + "," + cell(value) + "," + cell(low) + "," +
           cell(high) + "\n";
  };
  Bootstrap bootstrap;
  for (const RunGroup& group : group_runs(runs).groups) {
    for (const std::size_t i : group.runs) {
      const Curve curve = curve_of(runs[i], options.metric, options.x);
      for (std::size_t j = 0; j < curve.x.size(); ++j)
        line(group.label, runs[i].overview.dir.string(), std::to_string(runs[i].overview.seed), curve.x[j], curve.y[j],
             NAN, NAN);
    }
    const std::vector<Curve> curves = curves_of(runs, group, options);
    if (curves.size() < 2) continue;
    const GroupCurve middle = group_curve(curves, bootstrap);
    for (std::size_t j = 0; j < middle.x.size(); ++j)
      line(group.label, "", "", middle.x[j], middle.mean[j], middle.mean_low[j], middle.mean_high[j]);
  }
  return out;
}

}  // namespace softac::report
