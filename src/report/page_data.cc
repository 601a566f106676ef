#include "report/page_data.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "report/plot.h"

namespace softac::report {
namespace {

std::string list_text(const std::vector<double>& values) {
  std::string out = "[";
  for (const double value : values) out += (out.size() > 1 ? "," : "") + data_number(value);
  return out + "]";
}

// As JSON that cannot end the <script> around it.
std::string text_of(const std::string& text) {
  std::string out;
  for (const char c : Json(text).dump()) out += c == '<' ? "\\u003c" : std::string(1, c);
  return out;
}

struct GroupCurves {
  std::vector<Curve> runs;
  std::vector<std::string> names;
};

GroupCurves curves_of(const std::vector<RunHistory>& runs, const RunGroup& group, const std::string& metric, XAxis axis,
                      double unit) {
  GroupCurves out;
  for (const std::size_t i : group.runs) {
    Curve curve = curve_of(runs[i], metric, axis);
    if (curve.x.empty()) continue;
    for (double& x : curve.x) x /= unit;
    out.runs.push_back(std::move(curve));
    out.names.push_back(run_name(runs, group, i));
  }
  return out;
}

double last_x(const std::vector<RunHistory>& runs, const std::string& env, const std::string& metric, XAxis axis) {
  double longest = 0.0;
  for (const RunHistory& run : runs) {
    const Curve curve = run.overview.env_id == env ? curve_of(run, metric, axis) : Curve{};
    if (!curve.x.empty()) longest = std::max(longest, curve.x.back());
  }
  return longest;
}

void add_group(figure::Panel& panel, PageData& data, const std::vector<RunHistory>& runs, const RunGroup& group,
               std::size_t g, const MetricView& view, XAxis axis, double unit, Bootstrap& bootstrap) {
  const std::string color = figure::series_color(static_cast<int>(g)), css = "g" + std::to_string(g);
  const GroupCurves curves = curves_of(runs, group, view.name, axis, unit);
  const bool several = curves.runs.size() > 1;
  GroupCurve middle;
  if (several) {  // before the runs in what the script shows, over them in the drawing
    middle = group_curve(curves.runs, bootstrap);
    const std::string count = " of " + std::to_string(curves.runs.size());
    data.add_curve(g, "mean", "mean" + count, middle.x, middle.mean, middle.mean_low, middle.mean_high);
    data.add_curve(g, "iqm", "IQM" + count, middle.x, middle.iqm, middle.iqm_low, middle.iqm_high);
  }
  for (std::size_t i = 0; i < curves.runs.size(); ++i) {
    const Curve curve = thinned(curves.runs[i]);
    panel.series.push_back({.x = curve.x,
                            .y = curve.y,
                            .color = color,
                            .width = several ? 0.8 : 1.8,
                            .opacity = several ? 0.6 : 1.0,
                            .css = css + (several ? " seed" : " only")});
    data.add_curve(g, several ? "run" : "only", curves.names[i], curve.x, curve.y, {}, {});
  }
  const auto add_middle = [&](const std::vector<double>& y, const std::vector<double>& low,
                              const std::vector<double>& high, const char* kind) {
    panel.series.push_back(
        {.x = middle.x, .y = y, .low = low, .high = high, .color = color, .width = 2, .css = css + kind});
  };
  if (several) {
    add_middle(middle.iqm, middle.iqm_low, middle.iqm_high, " iqm");
    add_middle(middle.mean, middle.mean_low, middle.mean_high, " mean");
  }
  if (view.target.empty()) return;
  const GroupCurves targets = curves_of(runs, group, view.target, axis, unit);
  if (targets.runs.empty()) return;
  const GroupCurve target = group_curve(targets.runs, bootstrap);
  panel.series.push_back({.x = target.x, .y = target.mean, .color = color, .width = 1.2, .dash = "5 4", .css = css});
  data.add_curve(g, "target", "target", target.x, target.mean, {}, {});
}

}  // namespace

std::string data_number(double value) {
  if (!std::isfinite(value)) return "null";
  char text[40];
  std::snprintf(text, sizeof text,
                std::abs(value) >= 1e6 && value == std::floor(value) && std::abs(value) < 1e15 ? "%.0f" : "%.6g",
                value);
  return text;
}

int PageData::add_panel(const std::string& x_name) {
  panels_ += (count_ > 0 ? "]}," : "") + std::string("{\"x\":") + text_of(x_name) + ",\"curves\":[";
  has_curve_ = false;
  return count_++;
}

void PageData::add_curve(std::size_t group, const std::string& kind, const std::string& name,
                         const std::vector<double>& x, const std::vector<double>& y, const std::vector<double>& low,
                         const std::vector<double>& high) {
  const std::string x_text = list_text(x);
  const auto found = std::find(lists_.begin(), lists_.end(), x_text);
  const std::ptrdiff_t place = found - lists_.begin();
  if (found == lists_.end()) lists_.push_back(x_text);
  panels_ += (has_curve_ ? "," : "") + std::string("{\"g\":") + std::to_string(group) + ",\"k\":" + text_of(kind) +
             ",\"n\":" + text_of(name) + ",\"x\":" + std::to_string(place) + ",\"y\":" + list_text(y);
  if (!low.empty()) panels_ += ",\"lo\":" + list_text(low) + ",\"hi\":" + list_text(high);
  panels_ += "}";
  has_curve_ = true;
}

std::string PageData::text() const {
  std::string out = "{\"x\":[";
  for (std::size_t i = 0; i < lists_.size(); ++i) out += (i > 0 ? "," : "") + lists_[i];
  return out + "],\"panels\":[" + panels_ + (count_ > 0 ? "]}" : "") + "]}";
}

figure::Panel metric_panel(const std::vector<RunHistory>& runs, const RunGroups& groups, const std::string& env,
                           const MetricView& view, XAxis axis, Bootstrap& bootstrap, PageData& data) {
  const bool by_time = axis == XAxis::time;
  const TimeUnit unit = by_time ? time_unit(last_x(runs, env, view.name, axis)) : TimeUnit{};
  figure::Panel panel;
  panel.title = view.title;
  const double end = last_x(runs, env, view.name, axis) / unit.seconds;
  panel.x = {.title = by_time ? unit.title : "environment steps", .low = end > 0.0 ? 0.0 : figure::kAuto};
  panel.y = {.title = view.y_axis, .log = view.log};
  data.add_panel(by_time ? "training time" : "step");
  for (std::size_t g = 0; g < groups.groups.size(); ++g) {
    if (groups.groups[g].env_id == env)
      add_group(panel, data, runs, groups.groups[g], g, view, axis, unit.seconds, bootstrap);
  }
  return panel;
}

std::string run_name(const std::vector<RunHistory>& runs, const RunGroup& group, std::size_t run) {
  const std::uint64_t seed = runs[run].overview.seed;
  const auto same =
      std::count_if(group.runs.begin(), group.runs.end(), [&](std::size_t i) { return runs[i].overview.seed == seed; });
  const Path dir = runs[run].overview.dir;
  return same == 1 ? "seed " + std::to_string(seed) : dir.filename().empty() ? dir.string() : dir.filename().string();
}

}  // namespace softac::report
