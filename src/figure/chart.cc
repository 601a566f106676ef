#include "figure/chart.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "figure/chart_layout.h"
#include "figure/text.h"
#include "softac/error.h"

namespace softac::figure {
namespace {

constexpr double kMargin = 12.0, kColumnGap = 14.0, kRowGap = 14.0, kFigureTitleSize = 16.0, kNoteSize = 11.5;

void require_drawable(const Figure& figure) {
  SOFTAC_REQUIRE(figure.columns >= 1, figure.columns);
  for (const Panel& panel : figure.panels) {
    for (const Series& series : panel.series) {
      const std::size_t size = series.x.size();
      SOFTAC_REQUIRE(series.y.size() == size, series.name, size, series.y.size());
      SOFTAC_REQUIRE(series.low.size() == series.high.size(), series.name, series.low.size(), series.high.size());
      SOFTAC_REQUIRE(series.low.empty() || series.low.size() == size, series.name, size, series.low.size());
      SOFTAC_REQUIRE(series.color.empty() || is_color(series.color), series.name, series.color);
    }
    for (const Disc& disc : panel.discs) SOFTAC_REQUIRE(is_color(disc.color), disc.color);
    SOFTAC_REQUIRE(!panel.square_units || !(panel.x.log || panel.y.log), panel.title);
    for (const Axis* axis : {&panel.x, &panel.y}) {
      for (const double limit : {axis->low, axis->high})
        SOFTAC_REQUIRE(std::isnan(limit) || std::abs(limit) <= kLargestLimit, axis->title, limit);
      const bool both = !std::isnan(axis->low) && !std::isnan(axis->high);
      SOFTAC_REQUIRE(!both || axis->low < axis->high, axis->title, axis->low, axis->high);
      SOFTAC_REQUIRE(!axis->log || !(axis->low < 1.0 / kLargestLimit || axis->high < 1.0 / kLargestLimit), axis->title,
                     axis->low, axis->high);
    }
    if (!panel.map) continue;
    const HeatMap& map = *panel.map;
    SOFTAC_REQUIRE(map.rows >= 1 && map.cols >= 1, map.rows, map.cols);
    SOFTAC_REQUIRE(map.values.size() == static_cast<std::size_t>(map.rows) * map.cols, map.values.size());
    SOFTAC_REQUIRE(map.colors.size() >= 2, map.colors.size());
  }
}

struct Plot {
  double left, top, right, bottom;
};

// What lies between low and high where both are values of the axis: one shape per stretch without a gap.
void draw_band(Svg& svg, const Series& series, const std::string& color, const Scale& x, const Scale& y) {
  std::vector<Point> upper, lower;
  const auto finish = [&] {
    std::vector<Point> outline = upper;
    outline.insert(outline.end(), lower.rbegin(), lower.rend());
    if (upper.size() > 1) svg.area(outline, color, 0.16, series.css);
    upper.clear();
    lower.clear();
  };
  for (std::size_t i = 0; i < series.low.size(); ++i) {
    const Point low = {x(series.x[i]), y(series.low[i])}, high = {x(series.x[i]), y(series.high[i])};
    if (!std::isfinite(low.x) || !std::isfinite(low.y) || !std::isfinite(high.y)) {
      finish();
      continue;
    }
    lower.push_back(low);
    upper.push_back(high);
  }
  finish();
}

void draw_points(Svg& svg, const Series& series, const std::string& color, const Scale& x, const Scale& y) {
  const double radius = std::max(1.0, 2.0 * series.width);
  for (std::size_t i = 0; i < series.x.size(); ++i) {
    const double at_x = x(series.x[i]), at_y = y(series.y[i]);
    if (!std::isfinite(at_x) || !std::isfinite(at_y)) continue;
    if (!series.low.empty()) {
      const double low = y(series.low[i]), high = y(series.high[i]);
      if (std::isfinite(low) && std::isfinite(high))
        svg.line(at_x, low, at_x, high, {color, 1.0, "", series.opacity, series.css});
    }
    svg.circle(at_x, at_y, radius, color, series.opacity, series.css);
  }
}

void draw_series(Svg& svg, const Series& series, const std::string& color, const Scale& x, const Scale& y) {
  if (series.mark == Mark::points) return draw_points(svg, series, color, x, y);
  draw_band(svg, series, color, x, y);
  std::vector<Point> points;
  points.reserve(series.x.size());
  for (std::size_t i = 0; i < series.x.size(); ++i) points.push_back({x(series.x[i]), y(series.y[i])});
  svg.curve(points, {color, series.width, series.dash, series.opacity, series.css});
}

// Cells of one colour side by side are one rectangle.
void draw_map(Svg& svg, const HeatMap& map, const Plot& plot) {
  const double w = (plot.right - plot.left) / map.cols, h = (plot.bottom - plot.top) / map.rows;
  const auto color = [&](int row, int col) {
    const double value = map.values[static_cast<std::size_t>(row) * map.cols + col];
    return color_at(map.high > map.low  ? (value - map.low) / (map.high - map.low)
                    : std::isnan(value) ? NAN
                                        : 0.5,
                    map.colors);
  };
  for (int row = 0; row < map.rows; ++row) {
    for (int col = 0, end = 0; col < map.cols; col = end) {
      const std::string fill = color(row, col);
      for (end = col + 1; end < map.cols && color(row, end) == fill;) ++end;
      // A little larger than the cells, so that no seams are seen; not beyond the frame.
      const double left = plot.left + w * col, right = std::min(plot.left + w * end + 0.3, plot.right);
      const double top = plot.bottom - h * (row + 1), bottom = std::min(top + h + 0.3, plot.bottom);
      svg.rect(left, top, right - left, bottom - top, fill);
    }
  }
  svg.color_bar(plot.right + 10.0, plot.top, std::min(200.0, plot.bottom - plot.top), map.low, map.high, map.colors);
}

void draw_axes(Svg& svg, const PanelPlan& plan, const Panel& panel, const Scale& x, const Scale& y, const Plot& plot) {
  const Stroke grid{"grid"}, frame{"frame"};
  const bool lines = !panel.map;
  for (std::size_t i = 0; i < plan.x.ticks.size(); ++i) {
    const double at = x(plan.x.ticks[i]);
    if (lines) svg.line(at, plot.top, at, plot.bottom, grid);
    svg.line(at, plot.bottom, at, plot.bottom + 3.5, frame);
    svg.text(at, plot.bottom + 15.0, plan.x.labels[i], {kTickSize, "middle", "muted"});
  }
  for (std::size_t i = 0; i < plan.y.ticks.size(); ++i) {
    const double at = y(plan.y.ticks[i]);
    if (lines) svg.line(plot.left, at, plot.right, at, grid);
    svg.line(plot.left - 3.5, at, plot.left, at, frame);
    svg.text(plot.left - 6.0, at + 0.36 * kTickSize, plan.y.labels[i], {kTickSize, "end", "muted"});
  }
  double below = plot.bottom + (plan.x.ticks.empty() ? 0.0 : kTickLine + 3.0);
  for (const std::string& line : plan.x.title)
    svg.text((plot.left + plot.right) / 2, below += kAxisTitleLine, line, {kAxisTitleSize, "middle"});
  const double middle = (plot.top + plot.bottom) / 2;
  double beside = plot.left - (plan.y.ticks.empty() ? 4.0 : 8.0) - plan.y.label_width -
                  kAxisTitleLine * static_cast<double>(plan.y.title.size()) - 4.0;
  for (const std::string& line : plan.y.title)
    svg.text(beside += kAxisTitleLine, middle, line, {kAxisTitleSize, "middle", "text", false, -90.0});
}

void draw_legend(Svg& svg, std::span<const LegendEntry> entries, double left, double top, double width) {
  const std::vector<Point> places = legend_places(entries, width);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const Series& series = *entries[i].series;
    const double x = left + places[i].x, y = top + places[i].y + kLegendLine / 2;
    if (series.mark == Mark::points)
      svg.circle(x + kLegendSample / 2, y, std::max(2.0, 2.0 * series.width), entries[i].color);
    else
      svg.line(x, y, x + kLegendSample, y,
               {entries[i].color, std::max(1.2, series.width), series.dash, std::max(0.6, series.opacity)});
    svg.text(x + kLegendSample + 6.0, y + 0.36 * kLegendSize, legend_label(entries[i], width), {kLegendSize});
  }
}

void draw_panel(Svg& svg, const Panel& panel, const PanelPlan& plan, const Plot& plot) {
  double top = plot.top - plan.above;
  for (const std::string& line : plan.title)
    svg.text(plot.left, (top += kPanelTitleLine) - 4.0, line, {kPanelTitleSize, "start", "text", true});
  draw_legend(svg, plan.legend, plot.left, top, plot.right - plot.left);
  Scale x = plan.x.scale, y = plan.y.scale;
  x.from = plot.left;
  x.to = plot.right;
  y.from = plot.bottom;
  y.to = plot.top;
  if (panel.map) draw_map(svg, *panel.map, plot);
  draw_axes(svg, plan, panel, x, y, plot);
  const double limits[] = {panel.x.low, panel.x.high, panel.y.low, panel.y.high};
  const bool clipped =
      std::any_of(std::begin(limits), std::end(limits), [](double limit) { return !std::isnan(limit); });
  if (clipped) svg.begin_clip(plot.left, plot.top, plot.right - plot.left, plot.bottom - plot.top);
  for (const Disc& disc : panel.discs) {
    const double radius = disc.radius * (plot.right - plot.left) / (x.high - x.low);
    const double at_x = x(disc.x), at_y = y(disc.y);
    if (std::isfinite(at_x) && std::isfinite(at_y)) svg.circle(at_x, at_y, radius, disc.color, disc.opacity);
  }
  const std::vector<std::string> colors = colors_of(panel);
  for (std::size_t i = 0; i < panel.series.size(); ++i) draw_series(svg, panel.series[i], colors[i], x, y);
  if (clipped) svg.end_clip();
  const Stroke frame{"frame"};
  svg.rect(plot.left, plot.top, plot.right - plot.left, plot.bottom - plot.top, "", &frame);
}

std::string scale_text(const Scale& scale) {
  char text[80];
  std::snprintf(text, sizeof text, "%.9g %.9g %s", scale.low, scale.high, scale.log ? "log" : "lin");
  return text;
}

std::string script_attributes(const PanelPlan& plan, const Plot& plot) {
  char text[96];
  std::snprintf(text, sizeof text, " data-plot=\"%.2f %.2f %.2f %.2f\"", plot.left, plot.top, plot.right, plot.bottom);
  return text + std::string(" data-x=\"") + scale_text(plan.x.scale) + "\" data-y=\"" + scale_text(plan.y.scale) + "\"";
}

}  // namespace

std::string draw(const Figure& figure, Ink ink) {
  require_drawable(figure);
  const int count = static_cast<int>(figure.panels.size());
  const int columns = std::clamp(count, 1, figure.columns), rows = (count + columns - 1) / columns;
  const std::vector<LegendEntry> legend =
      figure.legend && count > 1 ? common_legend(figure.panels) : std::vector<LegendEntry>{};
  const bool own_legends = figure.legend && legend.empty();
  std::vector<PanelPlan> plans;
  for (const Panel& panel : figure.panels)
    plans.push_back(plan_panel(panel, figure.panel_width, figure.plot_height, own_legends));

  // Plots of a column share their margins at the sides, those of a row theirs above and below.
  std::vector<double> left(columns), right(columns), above(rows), below(rows), height(rows);
  for (int i = 0; i < count; ++i) {
    left[i % columns] = std::max(left[i % columns], plans[i].left);
    right[i % columns] = std::max(right[i % columns], plans[i].right);
  }
  for (int i = 0; i < count; ++i) {
    const double plot_width = std::max(figure.panel_width - left[i % columns] - right[i % columns], 20.0);
    plan_x_ticks(plans[i], figure.panels[i], plot_width);
    if (figure.panels[i].square_units) {
      const Scale &x = plans[i].x.scale, &y = plans[i].y.scale;
      plans[i].plot_height = plot_width * (y.high - y.low) / (x.high - x.low);
    }
    above[i / columns] = std::max(above[i / columns], plans[i].above);
    below[i / columns] = std::max(below[i / columns], plans[i].below);
    height[i / columns] = std::max(height[i / columns], plans[i].plot_height);
  }

  Svg svg(ink);
  const double width = 2 * kMargin + columns * figure.panel_width + (columns - 1) * kColumnGap;
  double top = figure.title.empty() && figure.note.empty() && legend.empty() ? 4.0 : kMargin;
  if (!figure.title.empty()) {
    for (const std::string& line : wrapped(figure.title, kFigureTitleSize, width - 2 * kMargin))
      svg.text(kMargin, (top += 20.0) - 5.0, line, {kFigureTitleSize});
  }
  if (!figure.note.empty()) {
    for (const std::string& line : wrapped(figure.note, kNoteSize, width - 2 * kMargin))
      svg.text(kMargin, (top += 16.0) - 4.0, line, {kNoteSize, "start", "muted"});
  }
  if (!legend.empty()) {
    draw_legend(svg, legend, kMargin, top + 2.0, width - 2 * kMargin);
    top += legend_places(legend, width - 2 * kMargin).back().y + kLegendLine + 4.0;
  }
  if (top > 4.0) top += 4.0;
  std::string attributes;
  for (int i = 0; i < count; ++i) {
    const int row = i / columns, column = i % columns;
    if (column == 0 && row > 0) top += kRowGap;
    const double cell = kMargin + column * (figure.panel_width + kColumnGap);
    const double y = top + above[row];
    const double plot_width = std::max(figure.panel_width - left[column] - right[column], 20.0);
    const Plot plot = {cell + left[column], y, cell + left[column] + plot_width, y + plans[i].plot_height};
    draw_panel(svg, figure.panels[i], plans[i], plot);
    if (ink == Ink::page && i == 0) attributes = script_attributes(plans[i], plot);
    if (column == columns - 1 || i == count - 1) top += above[row] + height[row] + below[row];
  }
  return svg.finish(width, top + 4.0, figure.title.empty() && count > 0 ? figure.panels[0].title : figure.title,
                    attributes);
}

}  // namespace softac::figure
