// Finite problems made from continuous environments, and environments made from finite problems: to compare what a
// learner finds with the exact solution (softac/exact.h).
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <span>

#include "softac/env.h"
#include "softac/exact.h"

namespace softac {

// Grid discretisations of continuous environments: the true one-step dynamics of the environment, its next state shared
// among the corners of the grid cell it falls into (multilinear weights as probabilities), actions at the nodes of
// Gauss–Legendre quadrature on [−1, 1], so that sums over actions are integrals of the continuous problem. Throw
// ConfigError on fewer than 2 points along an axis or no action, MemoryError beyond max_bytes.

// Pendulum-v1: angles × speeds grid points, the angle periodic from −π on, the speed from −8 to 8. States are
// speed · angles + angle.
ExactProblem pendulum_grid(int angles, int speeds, int actions,
                           std::uint64_t max_bytes = std::numeric_limits<std::uint64_t>::max());
// MountainCarContinuous-v0: positions from −1.2 to 0.6, speeds from −0.07 to 0.07. States are speed · positions +
// position.
ExactProblem mountain_car_grid(int positions, int speeds, int actions,
                               std::uint64_t max_bytes = std::numeric_limits<std::uint64_t>::max());

// Value at (x, y) of a field (S) on the grid of one of these problems, by the same weights as the transitions'.
double grid_value(const ExactProblem& problem, std::span<const double> field, double x, double y);

// A finite problem as an environment: one-hot observations, discrete actions. Every action must be available in every
// state that is not terminal, and the starts must not be terminal: ConfigError. max_episode_steps: truncation, 0 =
// none.
std::unique_ptr<Env> make_mdp_env(ExactProblem problem, int max_episode_steps);

}  // namespace softac
