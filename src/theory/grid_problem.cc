// Continuous environments on grids, by stepping them from every grid point.
#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <numbers>
#include <span>
#include <vector>

#include "env/state_bytes.h"
#include "softac/env.h"
#include "softac/error.h"
#include "softac/problems.h"

namespace softac {

namespace {

constexpr double kPi = std::numbers::pi;

// Points along one axis of a grid.
struct Axis {
  int count;
  double low, high;
  bool periodic;

  double spacing() const { return (high - low) / (periodic ? count : count - 1); }
  double at(int i) const { return low + spacing() * i; }
  // The two neighbours of x and the share of the second.
  void locate(double x, int& first, int& second, double& share) const {
    double at = (x - low) / spacing();
    if (periodic) {
      at -= std::floor(at / count) * count;
      first = std::min(static_cast<int>(at), count - 1);
      second = (first + 1) % count;
    } else {
      at = std::clamp(at, 0.0, static_cast<double>(count - 1));
      first = std::min(static_cast<int>(at), count - 2);
      second = first + 1;
    }
    share = std::clamp(at - first, 0.0, 1.0);
  }
};

struct Grid {
  Axis x, y;
};

struct Corner {
  std::int64_t s;
  double weight;
};
std::array<Corner, 4> corners(const Grid& grid, double x, double y) {
  int x0 = 0, x1 = 0, y0 = 0, y1 = 0;
  double sx = 0.0, sy = 0.0;
  grid.x.locate(x, x0, x1, sx);
  grid.y.locate(y, y0, y1, sy);
  const auto index = [&](int column, int row) { return std::int64_t{row} * grid.x.count + column; };
  return {{{index(x0, y0), (1.0 - sx) * (1.0 - sy)},
           {index(x1, y0), sx * (1.0 - sy)},
           {index(x0, y1), (1.0 - sx) * sy},
           {index(x1, y1), sx * sy}}};
}

Grid pendulum_axes(int angles, int speeds) {
  return {{angles, -kPi, kPi, true}, {speeds, -8.0, 8.0, false}};
}
Grid mountain_car_axes(int positions, int speeds) {
  return {{positions, -1.2, 0.6, false}, {speeds, -0.07, 0.07, false}};
}

// The environment's saved state is x, y (double) and `rest`, which is the same in every state.
ExactProblem discretise(const char* id, const Grid& grid, int actions, std::uint64_t max_bytes,
                        std::span<const std::byte> rest) {
  if (grid.x.count < 2 || grid.y.count < 2 || actions < 1)
    throw ConfigError(std::string(id) + ": a grid needs at least 2 points along each axis and 1 action");
  const std::unique_ptr<Env> env = make_env(id);
  const EnvSpec& spec = env->spec();
  const std::int64_t num_states = std::int64_t{grid.x.count} * grid.y.count;
  MdpBuilder builder(num_states, actions, max_bytes);
  const Quadrature nodes = gauss_legendre(actions);
  std::vector<double> obs(spec.obs_dim), action(1);
  Rng rng(0);
  env->reset(rng, obs);
  for (std::int64_t s = 0; s < num_states; ++s) {
    const double x = grid.x.at(static_cast<int>(s % grid.x.count)), y = grid.y.at(static_cast<int>(s / grid.x.count));
    for (const double node : nodes.node) {
      StateWriter state;
      state.put(x);
      state.put(y);
      state.put_array(rest);
      env->load_state(state.take());
      action[0] = 0.5 * (spec.act_low[0] + spec.act_high[0]) + 0.5 * (spec.act_high[0] - spec.act_low[0]) * node;
      const StepResult result = env->step(action, obs);
      const std::vector<std::byte> next = env->save_state();
      StateReader in(next, id);
      const double next_x = in.get<double>(), next_y = in.get<double>();
      for (const Corner& corner : corners(grid, next_x, next_y)) {
        if (corner.weight > 0.0) builder.add(corner.s, corner.weight, result.reward, result.terminated);
      }
      builder.end_row();
    }
  }
  ExactProblem problem;
  problem.mdp = builder.finish();
  problem.mdp.action_weight = nodes.weight;
  problem.action_value = nodes.node;
  problem.rows = grid.y.count;
  problem.cols = grid.x.count;
  problem.start.assign(num_states, 0.0);
  return problem;
}

// Spreads the start distribution's mean field over the grid: `count` equally likely points.
void add_starts(ExactProblem& problem, const Grid& grid, double x_low, double x_high, double y_low, double y_high) {
  constexpr int kPoints = 64;
  const int y_points = y_high > y_low ? kPoints : 1;
  for (int i = 0; i < kPoints; ++i) {
    for (int j = 0; j < y_points; ++j) {
      const double x = x_low + (x_high - x_low) * (i + 0.5) / kPoints,
                   y = y_low + (y_high - y_low) * (j + 0.5) / y_points;
      for (const Corner& corner : corners(grid, x, y)) problem.start[corner.s] += corner.weight / (kPoints * y_points);
    }
  }
}

}  // namespace

ExactProblem pendulum_grid(int angles, int speeds, int actions, std::uint64_t max_bytes) {
  const Grid grid = pendulum_axes(angles, speeds);
  ExactProblem problem = discretise("Pendulum-v1", grid, actions, max_bytes, {});
  problem.name = "pendulum";
  problem.x_label = "angle θ, −π to π (0: upright)";
  problem.y_label = "θ̇";
  add_starts(problem, grid, -kPi, kPi, -1.0, 1.0);
  return problem;
}

ExactProblem mountain_car_grid(int positions, int speeds, int actions, std::uint64_t max_bytes) {
  const Grid grid = mountain_car_axes(positions, speeds);
  const std::vector<std::byte> double_precision = {std::byte{0}};  // as after a reset
  ExactProblem problem = discretise("MountainCarContinuous-v0", grid, actions, max_bytes, double_precision);
  problem.name = "mountaincar";
  problem.x_label = "position, −1.2 to 0.6";
  problem.y_label = "speed";
  add_starts(problem, grid, -0.6, -0.4, 0.0, 0.0);
  return problem;
}

double grid_value(const ExactProblem& problem, std::span<const double> field, double x, double y) {
  const Grid grid = problem.name == "pendulum" ? pendulum_axes(problem.cols, problem.rows)
                                               : mountain_car_axes(problem.cols, problem.rows);
  double sum = 0.0;
  for (const Corner& corner : corners(grid, x, y)) sum += corner.weight * field[corner.s];
  return sum;
}

}  // namespace softac
