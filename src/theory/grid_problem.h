// Grid discretisations of continuous environments as finite MDPs: the true one-step dynamics of the environment, its
// next state shared among the corners of the grid cell it falls into (multilinear weights as probabilities), actions at
// the nodes of Gauss–Legendre quadrature on [−1, 1], so that sums over actions are integrals of the continuous problem.
#pragma once

#include <cstdint>
#include <limits>

#include "softac/exact.h"

namespace softac {

// Pendulum-v1: angles × speeds grid points, the angle periodic from −π on, the speed from −8 to 8. States are
// speed · angles + angle.
ExactProblem pendulum_grid(int angles, int speeds, int actions,
                           std::uint64_t max_bytes = std::numeric_limits<std::uint64_t>::max());
// MountainCarContinuous-v0: positions from −1.2 to 0.6, speeds from −0.07 to 0.07. States are speed · positions +
// position.
ExactProblem mountain_car_grid(int positions, int speeds, int actions,
                               std::uint64_t max_bytes = std::numeric_limits<std::uint64_t>::max());

// Value at (x, y) of a field on the problem's grid, by the same weights as the transitions'.
double grid_value(const ExactProblem& problem, std::span<const double> field, double x, double y);

}  // namespace softac
