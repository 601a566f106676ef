#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "softac/env.h"
#include "softac/error.h"
#include "softac/problems.h"

namespace softac {
namespace {

TEST(GridProblem, RowsAreTheEnvironmentsSteps) {
  const ExactProblem problem = pendulum_grid(24, 9, 5);
  EXPECT_EQ(problem.mdp.num_states, 24 * 9);
  EXPECT_NEAR(std::accumulate(problem.start.begin(), problem.start.end(), 0.0), 1.0, 1e-12);
  EXPECT_NEAR(std::accumulate(problem.mdp.action_weight.begin(), problem.mdp.action_weight.end(), 0.0), 2.0, 1e-14);
  // Upright and at rest (angle 12 of 24 is 0, speed 4 of 9 is 0), with the middle action nothing moves and nothing
  // costs.
  const std::int64_t s = 4 * 24 + 12, row = s * 5 + 2;
  EXPECT_NEAR(problem.mdp.reward[static_cast<std::size_t>(row)], 0.0, 1e-25);
  double stays = 0.0;
  for (auto i = static_cast<std::size_t>(problem.mdp.row_start[static_cast<std::size_t>(row)]);
       i < static_cast<std::size_t>(problem.mdp.row_start[static_cast<std::size_t>(row + 1)]); ++i) {
    if (problem.mdp.next[i] == s) stays += problem.mdp.p[i];
  }
  EXPECT_NEAR(stays, 1.0, 1e-12);
  // The mean of the successors' speeds is the speed after the step: 15 sin θ + 3 u per second, over 0.05 s.
  const double theta = -M_PI + 2.0 * M_PI * 15 / 24;
  const std::int64_t tilted = (4 * 24 + 15) * 5;  // angle 15, at rest, first action
  double speed = 0.0;
  for (auto i = static_cast<std::size_t>(problem.mdp.row_start[static_cast<std::size_t>(tilted)]);
       i < static_cast<std::size_t>(problem.mdp.row_start[static_cast<std::size_t>(tilted + 1)]); ++i) {
    speed += problem.mdp.p[i] * (-8.0 + 2.0 * static_cast<double>(problem.mdp.next[i] / 24));
  }
  EXPECT_NEAR(speed, 0.05 * (15.0 * std::sin(theta) + 3.0 * 2.0 * problem.action_value[0]), 1e-12);
}

TEST(GridProblem, MountainCarEndsAtTheGoal) {
  const ExactProblem problem = mountain_car_grid(37, 15, 3);
  EXPECT_FALSE(problem.mdp.ended.empty());
  const SoftSolution solution = solve_soft(problem.mdp, {.alpha = 0.0, .gamma = 0.99});
  EXPECT_GT(grid_value(problem, solution.v, 0.44, 0.05), 90.0);
  EXPECT_LT(grid_value(problem, solution.v, -0.5, 0.0), grid_value(problem, solution.v, 0.44, 0.05));
}

// More nodes change little: what is left comes from kinks of the interpolated values, among actions of one state.
TEST(GridProblem, QuadratureHasConverged) {
  const SoftOptions options{.alpha = 1.0, .gamma = 0.9};
  const SoftSolution coarse = solve_soft(pendulum_grid(16, 11, 16).mdp, options);
  const SoftSolution fine = solve_soft(pendulum_grid(16, 11, 32).mdp, options);
  for (std::size_t s = 0; s < coarse.v.size(); ++s)
    EXPECT_NEAR(coarse.v[s], fine.v[s], 1e-3 * std::fabs(fine.v[s]) + 5e-2) << s;
}

TEST(GridProblem, TooSmallAGridIsRefused) {
  EXPECT_THROW(pendulum_grid(1, 5, 3), ConfigError);
  EXPECT_THROW(mountain_car_grid(5, 5, 0), ConfigError);
  EXPECT_THROW(pendulum_grid(20000, 20000, 100, 1 << 20), MemoryError);
}

}  // namespace
}  // namespace softac
