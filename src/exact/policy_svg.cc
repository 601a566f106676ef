// Draws values and policy: a grid of cells with an arrow per action; maps of value and mean action where the action is
// a number; a table of probabilities else.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "exact/checks.h"
#include "softac/error.h"

namespace softac {

namespace {

constexpr std::int64_t kMaxTableStates = 40, kMaxTableActions = 24;

struct Color {
  double r, g, b;
};

// Along a list of colours; at in [0, 1].
std::string color_at(double at, std::span<const Color> stops) {
  if (std::isnan(at)) return "#dddddd";
  const double x = std::clamp(at, 0.0, 1.0) * static_cast<double>(stops.size() - 1);
  const auto i = std::min(static_cast<std::size_t>(x), stops.size() - 2);
  const double t = x - static_cast<double>(i);
  const auto mix = [&](double low, double high) { return static_cast<int>(std::lround(low + t * (high - low))); };
  char text[16];
  std::snprintf(text, sizeof text, "#%02x%02x%02x", mix(stops[i].r, stops[i + 1].r), mix(stops[i].g, stops[i + 1].g),
                mix(stops[i].b, stops[i + 1].b));
  return text;
}
constexpr std::array<Color, 5> kValueColors = {
    {{247, 251, 255}, {198, 219, 239}, {107, 174, 214}, {33, 113, 181}, {8, 69, 148}}};
constexpr std::array<Color, 5> kSignedColors = {
    {{178, 24, 43}, {244, 165, 130}, {247, 247, 247}, {146, 197, 222}, {33, 102, 172}}};

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.4g", value);
  return text;
}

std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) out += c == '<' ? "&lt;" : c == '>' ? "&gt;" : c == '&' ? "&amp;" : std::string(1, c);
  return out;
}

class Drawing {
 public:
  Drawing(double width, double height) : width_(width), height_(height) {}

  void rect(double x, double y, double w, double h, const std::string& fill, const char* more = "") {
    add("<rect x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\" fill=\"%s\" %s/>\n", x, y, w, h, fill.c_str(),
        more);
  }
  void line(double x1, double y1, double x2, double y2, const char* color, double width) {
    add("<line x1=\"%.2f\" y1=\"%.2f\" x2=\"%.2f\" y2=\"%.2f\" stroke=\"%s\" stroke-width=\"%.2f\" "
        "stroke-linecap=\"round\"/>\n",
        x1, y1, x2, y2, color, width);
  }
  void text(double x, double y, double size, const std::string& content, const char* anchor = "start",
            const char* fill = "#222222") {
    char head[160];
    std::snprintf(head, sizeof head, "<text x=\"%.2f\" y=\"%.2f\" font-size=\"%.1f\" text-anchor=\"%s\" fill=\"%s\">",
                  x, y, size, anchor, fill);
    body_ += head + escaped(content) + "</text>\n";
  }
  // From (x, y) by (dx, dy), with a head.
  void arrow(double x, double y, double dx, double dy, const char* color, double width) {
    const double length = std::hypot(dx, dy);
    if (length < 0.5) return;
    const double ux = dx / length, uy = dy / length, head = std::min(5.0, 0.6 * length);
    line(x, y, x + dx, y + dy, color, width);
    for (const double side : {-0.5, 0.5})
      line(x + dx, y + dy, x + dx - head * (ux + side * uy), y + dy - head * (uy - side * ux), color, width);
  }
  void color_bar(double x, double y, double h, double low, double high, std::span<const Color> stops) {
    constexpr int kSteps = 50;
    for (int i = 0; i < kSteps; ++i)
      rect(x, y + h * (1.0 - (i + 1.0) / kSteps), 12, h / kSteps + 0.3, color_at((i + 0.5) / kSteps, stops));
    text(x + 17, y + 9, 11, number(high));
    text(x + 17, y + h, 11, number(low));
  }
  std::string finish() const {
    char head[256];
    std::snprintf(head, sizeof head,
                  "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\" viewBox=\"0 0 %.0f %.0f\" "
                  "font-family=\"sans-serif\">\n<rect width=\"100%%\" height=\"100%%\" fill=\"#ffffff\"/>\n",
                  width_, height_, width_, height_);
    return head + body_ + "</svg>\n";
  }

 private:
  template <class... Values>
  void add(const char* format, Values... values) {
    char line[512];
    std::snprintf(line, sizeof line, format, values...);
    body_ += line;
  }
  double width_, height_;
  std::string body_;
};

struct Range {
  double low = 0.0, high = 1.0;
  double at(double value) const { return high > low ? (value - low) / (high - low) : 0.5; }
};
Range finite_range(std::span<const double> values) {
  double low = std::numeric_limits<double>::infinity(), high = -low;
  for (const double v : values) {
    if (!std::isfinite(v)) continue;
    low = std::min(low, v);
    high = std::max(high, v);
  }
  return low <= high ? Range{low, high} : Range{};
}

std::string title_of(const ExactProblem& problem, const SoftSolution& solution) {
  return problem.name + ", α = " + (std::isinf(solution.alpha) ? "∞" : number(solution.alpha)) +
         ", γ = " + number(solution.gamma);
}

// What the cells show: the soft value, or the plain return where the soft value has no bound.
std::span<const double> shown_values(const SoftSolution& solution) {
  return std::isinf(solution.alpha) ? solution.plain_return : solution.v;
}
const char* shown_name(const SoftSolution& solution) {
  return std::isinf(solution.alpha) ? "plain return" : "V";
}

std::string grid_svg(const ExactProblem& problem, const SoftSolution& solution) {
  const double cell = std::clamp(720.0 / std::max(problem.rows, problem.cols), 6.0, 72.0);
  const double left = 20, top = 48;
  Drawing out(left + cell * problem.cols + 90, top + cell * problem.rows + 20);
  const auto values = shown_values(solution);
  std::vector<double> live(values.begin(), values.end());  // the cells that the scale is for
  for (std::size_t s = 0; s < live.size() && !problem.cells.empty(); ++s) {
    if (std::string("HC#G").find(problem.cells[s]) != std::string::npos) live[s] = std::nan("");
  }
  const Range range = finite_range(live);
  out.text(left, 22, 15, title_of(problem, solution));
  out.text(left, 40, 11,
           std::string("colour: ") + shown_name(solution) + "; length of an arrow: probability of the action", "start",
           "#555555");
  const std::size_t num_actions = problem.mdp.num_actions;
  for (std::size_t s = 0; s < values.size(); ++s) {
    const double x = left + cell * static_cast<double>(s % problem.cols);
    const double y = top + cell * static_cast<double>(s / problem.cols);
    const char letter = problem.cells.empty() ? 'F' : problem.cells[s];
    const bool wall = letter == 'H' || letter == 'C' || letter == '#';
    const double shade = range.at(values[s]);
    out.rect(x, y, cell, cell, wall ? "#4d4d4d" : color_at(0.75 * shade, kValueColors),
             "stroke=\"#999999\" stroke-width=\"0.5\"");
    if (letter != 'F')
      out.text(x + 4, y + std::min(16.0, cell - 1), std::min(14.0, cell), std::string(1, letter), "start",
               wall ? "#ffffff" : "#222222");
    if (wall || letter == 'G' || problem.mdp.terminal(static_cast<std::int64_t>(s))) continue;
    for (std::size_t a = 0; a < num_actions; ++a) {
      const double length = 0.44 * cell * solution.pi[s * num_actions + a];
      out.arrow(x + cell / 2, y + cell / 2, length * problem.action_dx[a], length * problem.action_dy[a], "#222222",
                std::min(1.6, cell / 20));
    }
    if (cell >= 40)
      out.text(x + cell - 4, y + cell - 5, 10, number(values[s]), "end", shade > 0.85 ? "#ffffff" : "#333333");
  }
  out.color_bar(left + cell * problem.cols + 14, top, std::min(200.0, cell * problem.rows), range.low, range.high,
                std::span(kValueColors).first(4));
  return out.finish();
}

std::string map_svg(const ExactProblem& problem, const SoftSolution& solution) {
  const double side = 340, left = 48, top = 60, gap = 110;
  Drawing out(2 * (left + side) + gap + 20, top + side + 50);
  out.text(left, 24, 15, title_of(problem, solution));
  const auto values = shown_values(solution);
  const std::size_t num_actions = problem.mdp.num_actions;
  std::vector<double> mean(values.size(), std::nan(""));
  for (std::size_t s = 0; s < mean.size(); ++s) {
    if (problem.mdp.terminal(static_cast<std::int64_t>(s))) continue;
    mean[s] = 0.0;
    for (std::size_t a = 0; a < num_actions; ++a) mean[s] += solution.pi[s * num_actions + a] * problem.action_value[a];
  }
  const double w = side / problem.cols, h = side / problem.rows;
  const auto map = [&](double x0, const std::string& name, std::span<const double> field, Range range,
                       std::span<const Color> stops) {
    out.text(x0, top - 10, 12, name);
    for (std::size_t s = 0; s < field.size(); ++s) {
      const double x = x0 + w * static_cast<double>(s % problem.cols);
      const double y = top + side - h * static_cast<double>(s / problem.cols + 1);
      out.rect(x, y, w + 0.3, h + 0.3, color_at(range.at(field[s]), stops));
    }
    out.text(x0 + side / 2, top + side + 20, 12, problem.x_label, "middle");
    out.text(x0 - 6, top + side / 2, 12, problem.y_label, "end");
    out.color_bar(x0 + side + 10, top, 200, range.low, range.high, stops);
  };
  map(left, shown_name(solution), values, finite_range(values), kValueColors);
  map(left + side + gap, "mean action", mean, {-1.0, 1.0}, kSignedColors);
  return out.finish();
}

std::string table_svg(const ExactProblem& problem, const SoftSolution& solution) {
  const std::int64_t rows = std::min(problem.mdp.num_states, kMaxTableStates);
  const std::int64_t cols = std::min(problem.mdp.num_actions, kMaxTableActions);
  const double cell_w = 44, cell_h = 18, left = 130, top = 66;
  const auto values = shown_values(solution);
  Drawing out(std::max(left + cell_w * static_cast<double>(cols) + 20, 420.0),
              top + cell_h * static_cast<double>(rows) + 20);
  out.text(16, 22, 15, title_of(problem, solution));
  std::string caption = "probability of each action";
  if (rows < problem.mdp.num_states || cols < problem.mdp.num_actions) {
    caption += "; the first " + std::to_string(rows) + " of " + std::to_string(problem.mdp.num_states) +
               " states and " + std::to_string(cols) + " of " + std::to_string(problem.mdp.num_actions) + " actions";
  }
  out.text(16, 40, 11, caption, "start", "#555555");
  out.text(44, top - 6, 11, "state", "end");
  out.text(left - 8, top - 6, 11, shown_name(solution), "end");
  for (std::int64_t a = 0; a < cols; ++a)
    out.text(left + cell_w * (static_cast<double>(a) + 0.5), top - 6, 11, std::to_string(a), "middle");
  for (std::int64_t s = 0; s < rows; ++s) {
    const double y = top + cell_h * static_cast<double>(s);
    out.text(44, y + 13, 11, std::to_string(s), "end");
    out.text(left - 8, y + 13, 11, number(values[s]), "end");
    for (std::int64_t a = 0; a < cols; ++a) {
      const double share = solution.pi[s * problem.mdp.num_actions + a];
      const double x = left + cell_w * static_cast<double>(a);
      const bool available = problem.mdp.available(s, a);
      out.rect(x, y, cell_w - 1, cell_h - 1, available ? color_at(share, kValueColors) : "#eeeeee");
      if (available)
        out.text(x + cell_w / 2, y + 13, 10, number(std::round(share * 1e3) / 1e3), "middle",
                 share > 0.5 ? "#ffffff" : "#333333");
    }
  }
  return out.finish();
}

// One entry a state or action where an array is not empty, and a grid of all states.
void require_drawable(const ExactProblem& problem, const SoftSolution& solution) {
  exact::require_mdp(problem.mdp);
  const std::size_t num_states = problem.mdp.num_states;
  const std::size_t num_actions = problem.mdp.num_actions;
  SOFTAC_REQUIRE(problem.rows >= 0 && problem.cols >= 0, problem.rows, problem.cols);
  const std::int64_t num_cells = std::int64_t{problem.rows} * problem.cols;
  SOFTAC_REQUIRE((problem.rows == 0 && problem.cols == 0) || num_cells == problem.mdp.num_states, problem.rows,
                 problem.cols, num_states);
  SOFTAC_REQUIRE(problem.cells.empty() || problem.cells.size() == num_states, problem.cells.size(), num_states);
  for (const auto* values : {&problem.action_dx, &problem.action_dy, &problem.action_value})
    SOFTAC_REQUIRE(values->empty() || values->size() == num_actions, values->size(), num_actions);
  SOFTAC_REQUIRE(problem.action_dx.size() == problem.action_dy.size(), problem.action_dy.size());
  for (const auto* values : {&solution.v, &solution.plain_return})
    SOFTAC_REQUIRE(values->size() == num_states, values->size(), num_states);
  SOFTAC_REQUIRE(solution.pi.size() == num_states * num_actions, solution.pi.size());
}

}  // namespace

std::string policy_svg(const ExactProblem& problem, const SoftSolution& solution) {
  require_drawable(problem, solution);
  const bool grid = problem.rows > 0;
  if (grid && !problem.action_value.empty()) return map_svg(problem, solution);
  if (grid && !problem.action_dx.empty()) return grid_svg(problem, solution);
  return table_svg(problem, solution);
}

}  // namespace softac
