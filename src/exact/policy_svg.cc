// Draws values and policy: a grid of cells with an arrow per action; maps of value and mean action where the action is
// a number; a table of probabilities else.
#include <algorithm>
#include <cmath>

#include "exact/checks.h"
#include "figure/chart.h"
#include "figure/colors.h"
#include "figure/svg.h"
#include "figure/text.h"
#include "figure/ticks.h"
#include "softac/error.h"

namespace softac {

namespace {

using figure::short_number;

constexpr std::int64_t kMaxTableStates = 40, kMaxTableActions = 24;

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
  return problem.name + ", α = " + (std::isinf(solution.alpha) ? "∞" : short_number(solution.alpha)) +
         ", γ = " + short_number(solution.gamma);
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
  const auto values = shown_values(solution);
  std::vector<double> live(values.begin(), values.end());  // the cells that the scale is for
  for (std::size_t s = 0; s < live.size() && !problem.cells.empty(); ++s) {
    if (std::string("HC#G").find(problem.cells[s]) != std::string::npos) live[s] = std::nan("");
  }
  const Range range = finite_range(live);
  const std::string title = title_of(problem, solution), caption = std::string("colour: ") + shown_name(solution) +
                                                                   "; length of an arrow: probability of the action";
  figure::Svg out(figure::Ink::file);
  out.text(left, 22, title, {15});
  out.text(left, 40, caption, {11, "start", "muted"});
  const std::size_t num_actions = problem.mdp.num_actions;
  const figure::Stroke edge{"#999999", 0.5}, arrow{"text", std::min(1.6, cell / 20)};
  for (std::size_t s = 0; s < values.size(); ++s) {
    const double x = left + cell * static_cast<double>(s % problem.cols);
    const double y = top + cell * static_cast<double>(s / problem.cols);
    const char letter = problem.cells.empty() ? 'F' : problem.cells[s];
    const bool wall = letter == 'H' || letter == 'C' || letter == '#';
    const double shade = range.at(values[s]);
    out.rect(x, y, cell, cell, wall ? "wall" : figure::color_at(0.75 * shade, figure::value_colors()), &edge);
    if (letter != 'F')
      out.text(x + 4, y + std::min(16.0, cell - 1), std::string(1, letter),
               {std::min(14.0, cell), "start", wall || shade > 0.85 ? "paper" : "text"});
    if (wall || letter == 'G' || problem.mdp.terminal(static_cast<std::int64_t>(s))) continue;
    for (std::size_t a = 0; a < num_actions; ++a) {
      const double length = 0.44 * cell * solution.pi[s * num_actions + a];
      out.arrow(x + cell / 2, y + cell / 2, length * problem.action_dx[a], length * problem.action_dy[a], arrow);
    }
    if (cell >= 40)
      out.text(x + cell - 4, y + cell - 5, short_number(values[s]), {10, "end", shade > 0.85 ? "paper" : "text"});
  }
  const double bar = left + cell * problem.cols + 14, bottom = top + cell * problem.rows;
  out.color_bar(bar, top, std::min(200.0, cell * problem.rows), range.low, range.high, figure::value_colors().first(4));
  const double width = std::max({bar + figure::Svg::color_bar_width(range.low, range.high),
                                 left + figure::text_width(title, 15), left + figure::text_width(caption, 11)});
  return out.finish(width + 12, bottom + 20, title);
}

figure::Panel map_panel(const ExactProblem& problem, const std::string& name, std::vector<double> field, Range range,
                        std::span<const figure::Rgb> colors) {
  figure::Panel panel;
  panel.title = name;
  panel.x = {.title = problem.x_label, .ticks = false};
  panel.y = {.title = problem.y_label, .ticks = false};
  panel.map = figure::HeatMap{problem.rows, problem.cols, std::move(field),
                              range.low,    range.high,   std::vector<figure::Rgb>(colors.begin(), colors.end())};
  return panel;
}

std::string map_svg(const ExactProblem& problem, const SoftSolution& solution) {
  const auto values = shown_values(solution);
  const std::size_t num_actions = problem.mdp.num_actions;
  std::vector<double> mean(values.size(), std::nan(""));
  for (std::size_t s = 0; s < mean.size(); ++s) {
    if (problem.mdp.terminal(static_cast<std::int64_t>(s))) continue;
    mean[s] = 0.0;
    for (std::size_t a = 0; a < num_actions; ++a) mean[s] += solution.pi[s * num_actions + a] * problem.action_value[a];
  }
  figure::Figure out;
  out.title = title_of(problem, solution);
  out.panel_width = 440;
  out.plot_height = 340;
  out.panels.push_back(map_panel(problem, shown_name(solution), {values.begin(), values.end()}, finite_range(values),
                                 figure::value_colors()));
  out.panels.push_back(map_panel(problem, "mean action", std::move(mean), {-1.0, 1.0}, figure::signed_colors()));
  return draw(out);
}

std::string table_svg(const ExactProblem& problem, const SoftSolution& solution) {
  const std::int64_t rows = std::min(problem.mdp.num_states, kMaxTableStates);
  const std::int64_t cols = std::min(problem.mdp.num_actions, kMaxTableActions);
  const double cell_w = 44, cell_h = 18, left = 130, top = 66;
  const auto values = shown_values(solution);
  const std::string title = title_of(problem, solution);
  std::string caption = "probability of each action";
  if (rows < problem.mdp.num_states || cols < problem.mdp.num_actions) {
    caption += "; the first " + std::to_string(rows) + " of " + std::to_string(problem.mdp.num_states) +
               " states and " + std::to_string(cols) + " of " + std::to_string(problem.mdp.num_actions) + " actions";
  }
  figure::Svg out(figure::Ink::file);
  out.text(16, 22, title, {15});
  out.text(16, 40, caption, {11, "start", "muted"});
  out.text(44, top - 6, "state", {11, "end"});
  out.text(left - 8, top - 6, shown_name(solution), {11, "end"});
  for (std::int64_t a = 0; a < cols; ++a)
    out.text(left + cell_w * (static_cast<double>(a) + 0.5), top - 6, std::to_string(a), {11, "middle"});
  for (std::int64_t s = 0; s < rows; ++s) {
    const double y = top + cell_h * static_cast<double>(s);
    out.text(44, y + 13, std::to_string(s), {11, "end"});
    out.text(left - 8, y + 13, short_number(values[s]), {11, "end"});
    for (std::int64_t a = 0; a < cols; ++a) {
      const double share = solution.pi[s * problem.mdp.num_actions + a];
      const double x = left + cell_w * static_cast<double>(a);
      const bool available = problem.mdp.available(s, a);
      out.rect(x, y, cell_w - 1, cell_h - 1, available ? figure::color_at(share, figure::value_colors()) : "#eeeeee");
      if (available)
        out.text(x + cell_w / 2, y + 13, short_number(std::round(share * 1e3) / 1e3),
                 {10, "middle", share > 0.5 ? "paper" : "text"});
    }
  }
  const double width = std::max({left + cell_w * static_cast<double>(cols), 16 + figure::text_width(title, 15),
                                 16 + figure::text_width(caption, 11)});
  return out.finish(width + 16, top + cell_h * static_cast<double>(rows) + 20, title);
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
