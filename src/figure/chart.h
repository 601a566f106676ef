// Figures of panels with axes: what is drawn, as values. Margins come from the widths of the labels, so nothing is cut
// off; what is not finite, or not positive on a logarithmic axis, is a gap.
#pragma once

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "figure/svg.h"

namespace softac::figure {

constexpr double kAuto = std::numeric_limits<double>::quiet_NaN();

// No axis reaches further, and what lies beyond is a gap: sums and differences stay finite.
constexpr double kLargestLimit = 1e290;

struct Axis {
  std::string title = {};  // with its unit
  bool log = false;
  double low = kAuto, high = kAuto;  // kAuto: from the data, with a margin; else what lies beyond is clipped
  bool ticks = true;
};

enum class Mark { line, points };

struct Series {
  std::string name = {};                    // in the legend; "": not in it
  std::vector<double> x = {}, y = {};       // of one length
  std::vector<double> low = {}, high = {};  // a band around a line, whiskers of points; both of y's length, or empty
  std::string color = {};                   // a name of figure/colors.h or "#rrggbb"; "": the palette's next
  Mark mark = Mark::line;
  double width = 1.7;
  double opacity = 1.0;
  std::string dash = {};  // "5 4"
  std::string css = {};   // classes, of pages
};

// Values of a grid of cells that fills the axes: rows from the lower edge up, columns from the left.
struct HeatMap {
  int rows = 0, cols = 0;
  std::vector<double> values = {};  // (rows × cols); NaN is grey
  double low = 0.0, high = 1.0;
  std::vector<Rgb> colors = {};  // at least two
};

struct Disc {
  double x = 0.0, y = 0.0, radius = 0.0;  // the radius in units of x
  std::string color = "muted";
  double opacity = 1.0;
};

struct Panel {
  std::string title = {};
  Axis x = {}, y = {};
  std::vector<Series> series = {};  // later ones over earlier ones
  std::vector<Disc> discs = {};     // below them
  std::optional<HeatMap> map = {};  // below all
  bool square_units = false;        // one unit of y is as long as one of x; no logarithms
};

struct Figure {
  std::string title = {}, note = {};
  std::vector<Panel> panels = {};
  int columns = 3;
  double panel_width = 360.0, plot_height = 200.0;  // pixels
  bool legend = true;  // one above all panels if they agree about every name, else one above each
};

// A whole SVG document. With Ink::page <svg> also carries what a script needs to find values of the first panel:
// data-plot="left top right bottom", data-x and data-y="low high lin|log". Throws ContractError on lengths and colours
// that do not fit together.
std::string draw(const Figure& figure, Ink ink = Ink::file);

}  // namespace softac::figure
