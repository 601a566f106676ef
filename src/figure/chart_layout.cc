#include "figure/chart_layout.h"

#include <algorithm>
#include <cmath>

#include "figure/text.h"
#include "figure/ticks.h"

namespace softac::figure {
namespace {

bool has_place(double value, bool log) {
  return std::abs(value) <= kLargestLimit && !(log && value < 1.0 / kLargestLimit);
}

struct Range {
  double low = INFINITY, high = -INFINITY;
  void add(double value, bool log) {
    if (!has_place(value, log)) return;
    low = std::min(low, value);
    high = std::max(high, value);
  }
  void add(std::span<const double> values, bool log) {
    for (const double value : values) add(value, log);
  }
};

// A range that is not empty, with a margin where the axis has no limit of its own.
Scale scale_of(const Axis& axis, Range data, double margin) {
  if (data.low > data.high) data = axis.log ? Range{1.0, 10.0} : Range{0.0, 1.0};
  if (axis.log) {
    const double factor =
        margin > 0.0 ? std::max(1.25, std::exp(margin * (std::log(data.high) - std::log(data.low)))) : 1.0;
    data.low = std::max(data.low / factor, 0.1 / kLargestLimit);
    data.high = std::min(data.high * factor, 10.0 * kLargestLimit);
    if (!(data.high > data.low)) data = {data.low / 2.0, data.high * 2.0};
  } else {
    double pad = margin * (data.high - data.low);
    if (!(data.high > data.low)) pad = data.low == 0.0 ? 1.0 : 0.1 * std::abs(data.low);
    data.low -= pad;
    data.high += pad;
  }
  Scale scale{data.low, data.high, axis.log};
  if (!std::isnan(axis.low)) scale.low = axis.low;
  if (!std::isnan(axis.high)) scale.high = axis.high;
  if (scale.high > scale.low) return scale;
  // All data lie beyond the one limit that is given.
  const double span = std::max(1.0, std::abs(scale.low) * 0.1);
  if (std::isnan(axis.low))
    scale.low = axis.log ? scale.high / 10.0 : scale.high - span;
  else
    scale.high = axis.log ? scale.low * 10.0 : scale.low + span;
  return scale;
}

Scale x_scale(const Panel& panel) {
  Range data;
  double margin = 0.0;
  for (const Series& series : panel.series) {
    for (std::size_t i = 0; i < series.x.size(); ++i) {
      if (std::isfinite(series.y[i])) data.add(series.x[i], panel.x.log);
    }
    if (series.mark == Mark::points) margin = panel.x.log ? 0.08 : 0.04;
  }
  return scale_of(panel.x, data, margin);
}

Scale y_scale(const Panel& panel) {
  Range data;
  for (const Series& series : panel.series) {
    data.add(series.y, panel.y.log);
    data.add(series.low, panel.y.log);
    data.add(series.high, panel.y.log);
  }
  return scale_of(panel.y, data, panel.y.log ? 0.08 : 0.05);
}

void set_ticks(AxisPlan& plan, int most) {
  const Scale& scale = plan.scale;
  plan.ticks = scale.log ? log_ticks(scale.low, scale.high, most) : linear_ticks(scale.low, scale.high, most);
  plan.labels = scale.log ? log_tick_labels(plan.ticks) : tick_labels(plan.ticks);
  plan.label_width = 0.0;
  for (const std::string& label : plan.labels)
    plan.label_width = std::max(plan.label_width, text_width(label, kTickSize));
}

// Labels side by side need room between them.
bool fits(const AxisPlan& plan, double length) {
  Scale scale = plan.scale;
  scale.from = 0.0;
  scale.to = length;
  for (std::size_t i = 1; i < plan.ticks.size(); ++i) {
    const double room = scale(plan.ticks[i]) - scale(plan.ticks[i - 1]);
    const double needed = 0.5 * (text_width(plan.labels[i - 1], kTickSize) + text_width(plan.labels[i], kTickSize));
    if (room < needed + 10.0) return false;
  }
  return true;
}

// At most three lines.
std::vector<std::string> title_lines(const std::string& text, double size, double width) {
  if (text.empty()) return {};
  std::vector<std::string> lines = wrapped(text, size, width);
  if (lines.size() > 3) {
    lines.resize(3);
    lines.back() = shortened(lines.back() + "…", size, width);
  }
  return lines;
}

bool looks_alike(const LegendEntry& a, const LegendEntry& b) {
  return a.color == b.color && a.series->dash == b.series->dash && a.series->mark == b.series->mark;
}

}  // namespace

double Scale::operator()(double value) const {
  constexpr double kBeyond = 1e5;  // margins and ticks may lie a little further out
  if (!(std::abs(value) <= kLargestLimit * kBeyond) || (log && value < 1.0 / kLargestLimit / kBeyond)) return NAN;
  const double at =
      log ? (std::log(value) - std::log(low)) / (std::log(high) - std::log(low)) : (value - low) / (high - low);
  constexpr double kFar = 1e4;  // what is clipped need not be exact
  return from + (to - from) * std::clamp(at, -kFar, kFar);
}

std::vector<std::string> colors_of(const Panel& panel) {
  std::vector<std::string> colors;
  int next = 0;
  for (const Series& series : panel.series)
    colors.push_back(series.color.empty() ? series_color(next++) : series.color);
  return colors;
}

PanelPlan plan_panel(const Panel& panel, double panel_width, double plot_height, bool own_legend) {
  PanelPlan plan;
  plan.plot_height = plot_height;
  plan.x.scale = x_scale(panel);
  plan.y.scale = y_scale(panel);
  if (panel.y.ticks) set_ticks(plan.y, std::clamp(static_cast<int>(plot_height / 32.0), 2, 8));
  plan.y.title = title_lines(panel.y.title, kAxisTitleSize, plot_height);
  plan.left = 4.0 + kAxisTitleLine * static_cast<double>(plan.y.title.size()) + plan.y.label_width +
              (panel.y.ticks ? 8.0 : 4.0);
  plan.right = 10.0;
  if (panel.map) plan.right += 12.0 + Svg::color_bar_width(panel.map->low, panel.map->high);
  const double inner = std::max(panel_width - plan.left - plan.right, 20.0);
  plan_x_ticks(plan, panel, inner);
  plan.x.title = title_lines(panel.x.title, kAxisTitleSize, inner);
  plan.below =
      (panel.x.ticks ? kTickLine + 4.0 : 4.0) + kAxisTitleLine * static_cast<double>(plan.x.title.size()) + 6.0;
  plan.title = title_lines(panel.title, kPanelTitleSize, inner);
  if (own_legend) plan.legend = legend_of(panel);
  if (!plan.legend.empty()) {
    const std::vector<Point> places = legend_places(plan.legend, inner);
    plan.legend_rows = static_cast<int>(places.back().y / kLegendLine) + 1;
  }
  plan.above = kPanelTitleLine * static_cast<double>(plan.title.size()) + kLegendLine * plan.legend_rows + 8.0;
  return plan;
}

void plan_x_ticks(PanelPlan& plan, const Panel& panel, double plot_width) {
  if (!panel.x.ticks) return;
  for (int most = 8; most >= 2; --most) {
    set_ticks(plan.x, most);
    if (fits(plan.x, plot_width)) break;
  }
  Scale scale = plan.x.scale;
  scale.from = 0.0;
  scale.to = plot_width;
  for (std::size_t i = 0; i < plan.x.ticks.size(); ++i) {
    const double beyond = scale(plan.x.ticks[i]) + 0.5 * text_width(plan.x.labels[i], kTickSize) - plot_width;
    if (!panel.map) plan.right = std::max(plan.right, beyond + 4.0);
  }
}

std::vector<LegendEntry> legend_of(const Panel& panel) {
  const std::vector<std::string> colors = colors_of(panel);
  std::vector<LegendEntry> entries;
  for (std::size_t i = 0; i < panel.series.size(); ++i) {
    const LegendEntry entry{panel.series[i].name, &panel.series[i], colors[i]};
    const bool known = std::any_of(entries.begin(), entries.end(),
                                   [&](const LegendEntry& e) { return e.name == entry.name && looks_alike(e, entry); });
    if (!entry.name.empty() && !known) entries.push_back(entry);
  }
  return entries;
}

std::vector<LegendEntry> common_legend(std::span<const Panel> panels) {
  std::vector<LegendEntry> all;
  for (const Panel& panel : panels) {
    for (const LegendEntry& entry : legend_of(panel)) {
      bool known = false;
      for (const LegendEntry& other : all) {
        if ((other.name == entry.name) != looks_alike(other, entry)) return {};
        known = known || other.name == entry.name;
      }
      if (!known) all.push_back(entry);
    }
  }
  return all;
}

std::string legend_label(const LegendEntry& entry, double width) {
  return shortened(entry.name, kLegendSize, width - kLegendSample - 6.0);
}

std::vector<Point> legend_places(std::span<const LegendEntry> entries, double width) {
  std::vector<Point> places;
  double x = 0.0, y = 0.0;
  for (const LegendEntry& entry : entries) {
    const double needed = kLegendSample + 6.0 + text_width(legend_label(entry, width), kLegendSize);
    if (x > 0.0 && x + needed > width) {
      x = 0.0;
      y += kLegendLine;
    }
    places.push_back({x, y});
    x += needed + kLegendGap;
  }
  return places;
}

}  // namespace softac::figure
