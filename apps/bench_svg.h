// An SVG figure of panels with logarithmic axes: points with their spread and a fitted power law each.
#pragma once

#include <string>
#include <vector>

namespace softac::app {

struct SvgPoint {
  double x, y, low, high;  // low ≤ y ≤ high, all positive
};

struct SvgPanel {
  std::string title, x_label, y_label;
  std::vector<SvgPoint> points;         // at least one
  double factor = 0.0, exponent = 0.0;  // the line y = factor · x^exponent; factor 0: no line
};

// A whole SVG document, panels in rows of `columns`.
std::string log_log_svg(const std::string& title, const std::string& note, const std::vector<SvgPanel>& panels,
                        int columns = 3);

// Round values 1, 2, 5 × 10^n within [low, high], thinned to at most `most`; for axes that span less than one such
// step, the ends themselves.
std::vector<double> log_ticks(double low, double high, int most = 6);

}  // namespace softac::app
