// Where the parts of a panel stand: ranges and ticks of its axes, its margins, its legend.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "figure/chart.h"

namespace softac::figure {

constexpr double kTickSize = 11.0, kAxisTitleSize = 12.0, kPanelTitleSize = 13.0, kLegendSize = 11.5;
constexpr double kTickLine = 14.0, kAxisTitleLine = 16.0, kPanelTitleLine = 17.0, kLegendLine = 18.0;
constexpr double kLegendSample = 22.0, kLegendGap = 16.0;

// Maps an axis to pixels.
struct Scale {
  double low = 0.0, high = 1.0;
  bool log = false;
  double from = 0.0, to = 1.0;
  double operator()(double value) const;  // NaN where the axis has no such value
};

struct AxisPlan {
  Scale scale;  // its pixels are set later
  std::vector<double> ticks;
  std::vector<std::string> labels;
  std::vector<std::string> title;  // lines
  double label_width = 0.0;        // of the widest
};

struct LegendEntry {
  std::string name;
  const Series* series;  // how it looks
  std::string color;
};

struct PanelPlan {
  AxisPlan x, y;
  std::vector<std::string> title;   // lines
  std::vector<LegendEntry> legend;  // of the panel's own
  int legend_rows = 0;
  double left = 0.0, right = 0.0, above = 0.0, below = 0.0;  // margins around the plot
  double plot_height = 0.0;
};

// Each series' colour: its own, or the palette's next.
std::vector<std::string> colors_of(const Panel& panel);

PanelPlan plan_panel(const Panel& panel, double panel_width, double plot_height, bool own_legend);
// Chooses the ticks of x for a plot of this width, and the margin that the last label needs.
void plan_x_ticks(PanelPlan& plan, const Panel& panel, double plot_width);

std::vector<LegendEntry> legend_of(const Panel& panel);
// The entries of all panels in one, or none if they disagree about a name or draw two names alike.
std::vector<LegendEntry> common_legend(std::span<const Panel> panels);
// Place of each entry in rows of this width: x, and y of the row.
std::vector<Point> legend_places(std::span<const LegendEntry> entries, double width);
std::string legend_label(const LegendEntry& entry, double width);

}  // namespace softac::figure
