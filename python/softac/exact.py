"""Finite problems and their exact soft-optimal solutions: what SAC approximates, computed with a bound of the error.

S is the number of states, A of actions. docs/math.md has the equations (E1 to E7). Arrays of results are NumPy's;
arguments may be anything that NumPy reads. Solving uses all cores and lets other Python threads run.
"""
from __future__ import annotations

import os

import numpy as np
import numpy.typing as npt

from softac import _core
from softac._core import BoltzmannEstimate, ExactProblem, FiniteMdp, PolicyValue, SoftSolution
from softac.boltzmann import boltzmann_target, squashed_log_density
from softac.finite_mdp import (
    Floats,
    Problem,
    distribution_of,
    floats_of_shape,
    mdp_dense,
    mdp_from_dense,
    mdp_from_gym,
    mdp_from_rows,
    mdp_of,
    mdp_rows,
    problem,
)


def frozen_lake(size: int = 4, slippery: bool = True) -> ExactProblem:
    """Gymnasium's FrozenLake-v1, its env.P to the bit; size 4 or 8."""
    if size not in (4, 8):
        raise ValueError(f"size = {size}: expected 4 or 8")
    return _core.frozen_lake(size, slippery)


def cliff_walking(slippery: bool = False) -> ExactProblem:
    """Gymnasium's CliffWalking-v1."""
    return _core.cliff_walking(slippery)


def grid_world(rows: int = 5, cols: int = 5) -> ExactProblem:
    """Open cells, start at the lower left, goal at the upper right: -1 per step, moves against a wall stay."""
    if rows < 1 or cols < 1 or not 2 <= rows * cols <= 100_000_000:
        raise ValueError(f"rows = {rows}, cols = {cols}: expected from 2 to 100000000 cells")
    return _core.grid_world(rows, cols)


def random_problem(num_states: int, num_actions: int, seed: int = 0) -> ExactProblem:
    """Each (s, a) has 4 successors drawn uniformly with random probabilities, and a reward uniform in [0, 1)."""
    most = 2**31 - 2
    for name, count in (("num_states", num_states), ("num_actions", num_actions)):
        if not 1 <= count <= most:
            raise ValueError(f"{name} = {count}: expected from 1 to {most}")
    if not 0 <= seed < 2**64:
        raise ValueError(f"seed = {seed}: expected from 0 to 2**64 - 1")
    return _core.random_problem(num_states, num_actions, seed)


def pendulum_grid(angles: int = 101, speeds: int = 101, actions: int = 21) -> ExactProblem:
    """Pendulum-v1 on a grid: its true dynamics, the next state shared among the corners of its cell.

    The angle is periodic from -pi on, the speed goes from -8 to 8; state = speed * angles + angle. The actions are
    nodes of Gauss-Legendre quadrature on [-1, 1], so that sums over actions are integrals of the continuous problem.
    """
    return _core.pendulum_grid(angles, speeds, actions)


def mountain_car_grid(positions: int = 101, speeds: int = 101, actions: int = 21) -> ExactProblem:
    """MountainCarContinuous-v0 likewise: positions from -1.2 to 0.6, speeds from -0.07 to 0.07."""
    return _core.mountain_car_grid(positions, speeds, actions)


def grid_value(problem: ExactProblem, field: npt.ArrayLike, x: float, y: float) -> float:
    """Value at (x, y) of a field (S), such as solution.v, on the grid of pendulum_grid or mountain_car_grid."""
    if problem.name not in ("pendulum", "mountaincar"):
        raise ValueError(f"problem: '{problem.name}' is not on the grid of pendulum_grid or mountain_car_grid")
    return _core.grid_value(problem, floats_of_shape("field", field, (problem.mdp.num_states,)), x, y)


def parse_csv(text: str, source: str = "text") -> ExactProblem:
    """A problem from text with the header s,a,s_next,p,r,terminated; source names it in errors. Raises IoError."""
    return _core.parse_mdp_csv(text, source)


def read_csv(path: str | os.PathLike[str]) -> ExactProblem:
    """parse_csv of a file."""
    with open(path, encoding="utf-8") as file:
        return parse_csv(file.read(), os.fspath(path))


def to_csv(mdp: Problem) -> str:
    """The transitions as text that parse_csv reads."""
    return _core.mdp_csv(mdp_of(mdp))


def register_env(problem: ExactProblem, env_id: str, max_episode_steps: int = 0) -> None:
    """Makes the problem an environment of softac's: one-hot observations, discrete actions, for softac.train(env_id).

    max_episode_steps: time limit, 0 = none. Every action must be available in every state that is not terminal.
    """
    if max_episode_steps < 0:
        raise ValueError(f"max_episode_steps = {max_episode_steps}: expected at least 0")
    _core.register_problem(problem, env_id, max_episode_steps)


def unregister_env(env_id: str) -> None:
    """Takes it back."""
    _core.unregister_env(env_id)


def solve_soft(
    mdp: Problem,
    *,
    alpha: float = 1.0,
    gamma: float = 0.99,
    tolerance: float = 1e-9,
    max_iterations: int = 1_000_000,
    threads: int = 0,
) -> SoftSolution:
    """Soft-optimal values and policy, |v - V*| below tolerance where double precision allows (see error_bound).

    alpha: the temperature; 0 is the hard problem, inf the limit. gamma < 1. threads: 0 = all cores; they never change
    a result. Raises ConfigError on options out of range.
    """
    return _core.solve_soft(mdp_of(mdp), alpha, gamma, tolerance, max_iterations, threads)


def evaluate_policy(
    mdp: Problem,
    pi: npt.ArrayLike,
    *,
    alpha: float = 1.0,
    gamma: float = 0.99,
    tolerance: float = 1e-9,
    max_iterations: int = 1_000_000,
    threads: int = 0,
) -> PolicyValue:
    """Soft value of a policy, (S, A) probabilities; alpha = 0 gives the plain return."""
    mdp = mdp_of(mdp)
    return _core.evaluate_policy(mdp, _policy(mdp, pi), alpha, gamma, tolerance, max_iterations, threads)


def soft_q(mdp: Problem, v: npt.ArrayLike, *, gamma: float = 0.99) -> Floats:
    """Q(s, a) = r + gamma E V(s'), (S, A); NaN where the action is not available."""
    mdp = mdp_of(mdp)
    return _core.soft_q(mdp, _values(mdp, v), _within("gamma", gamma, 0.0, 1.0))


def soft_backup(mdp: Problem, v: npt.ArrayLike, *, alpha: float = 1.0, gamma: float = 0.99) -> Floats:
    """One Bellman sweep, (S): alpha log sum w exp(Q / alpha); the maximum at alpha = 0."""
    mdp = mdp_of(mdp)
    return _core.soft_backup(mdp, _values(mdp, v), _temperature(alpha), _within("gamma", gamma, 0.0, 1.0))


def boltzmann_policy(mdp: Problem, q: npt.ArrayLike, *, alpha: float = 1.0, tie_width: float = 0.0) -> Floats:
    """pi proportional to w exp(Q / alpha), (S, A); at alpha = 0 the best actions share, those within tie_width."""
    mdp = mdp_of(mdp)
    if not alpha >= 0.0:
        raise ValueError(f"alpha = {alpha}: expected at least 0")
    return _core.boltzmann_policy(mdp, _action_values(mdp, q), alpha, _within("tie_width", tie_width, 0.0, np.inf))


def policy_entropy(mdp: Problem, pi: npt.ArrayLike) -> Floats:
    """-sum pi log(pi / w) per state, (S)."""
    mdp = mdp_of(mdp)
    return _core.policy_entropy(mdp, _policy(mdp, pi))


def free_energy(mdp: Problem, q: npt.ArrayLike, *, alpha: float = 1.0) -> Floats:
    """alpha log sum w exp(Q / alpha) per state, (S); 0 in terminal states."""
    mdp = mdp_of(mdp)
    if not 0.0 < alpha < np.inf:
        raise ValueError(f"alpha = {alpha}: expected above 0 and finite")
    return _core.free_energy(mdp, _action_values(mdp, q), alpha)


def discounted_occupancy(
    mdp: Problem,
    pi: npt.ArrayLike,
    start: npt.ArrayLike | None = None,
    *,
    gamma: float = 0.99,
    tolerance: float = 1e-12,
) -> Floats:
    """(1 - gamma) sum_t gamma^t P(s_t = s), (S), from a start distribution; sums to 1 less what terminated.

    start: (S); None = the problem's own.
    """
    if start is None:
        if not isinstance(mdp, ExactProblem):
            raise ValueError("start: a FiniteMdp has none of its own")
        start = mdp.start
    mdp = mdp_of(mdp)
    if not 0.0 <= gamma < 1.0:
        raise ValueError(f"gamma = {gamma}: expected at least 0 and less than 1")
    if not 0.0 < tolerance < np.inf:
        raise ValueError(f"tolerance = {tolerance}: expected above 0 and finite")
    distribution = distribution_of("start", start, mdp.num_states)
    return _core.discounted_occupancy(mdp, _policy(mdp, pi), distribution, gamma, tolerance)


def policy_svg(problem: ExactProblem, solution: SoftSolution) -> str:
    """Policy and values as an SVG drawing: a grid with arrows, a map of the mean action, or a table."""
    shape = (problem.mdp.num_states, problem.mdp.num_actions)
    if solution.q.shape != shape:
        raise ValueError(f"solution: of {solution.q.shape} states and actions, the problem has {shape}")
    return _core.policy_svg(problem, solution)


def gauss_legendre(n: int) -> tuple[Floats, Floats]:
    """Nodes and weights of Gauss-Legendre quadrature on [-1, 1], (n) each; n from 1 to 100000."""
    if not 1 <= n <= 100_000:
        raise ValueError(f"n = {n}: expected from 1 to 100000")
    return _core.gauss_legendre(n)


def _values(mdp: FiniteMdp, v: npt.ArrayLike) -> Floats:
    return floats_of_shape("v", v, (mdp.num_states,))


def _action_values(mdp: FiniteMdp, q: npt.ArrayLike) -> Floats:
    return floats_of_shape("q", q, (mdp.num_states, mdp.num_actions))


def _policy(mdp: FiniteMdp, pi: npt.ArrayLike) -> Floats:
    policy = floats_of_shape("pi", pi, (mdp.num_states, mdp.num_actions))
    if not np.all((policy >= 0.0) & np.isfinite(policy)):
        raise ValueError("pi: expected finite numbers of at least 0")
    available = mdp.available
    if np.any(policy[~available] != 0.0):
        s, a = np.argwhere((policy != 0.0) & ~available)[0]
        raise ValueError(f"pi: {policy[s, a]} at s = {s}, a = {a}, where the action is not available")
    sums = policy.sum(axis=1)
    wrong = np.flatnonzero((np.abs(sums - 1.0) > 1e-4) & ~mdp.terminal)
    if wrong.size > 0:
        raise ValueError(f"pi: the probabilities of s = {wrong[0]} sum to {sums[wrong[0]]}, expected 1")
    return policy


def _temperature(alpha: float) -> float:
    if not 0.0 <= alpha < np.inf:
        raise ValueError(f"alpha = {alpha}: expected at least 0 and finite")
    return alpha


def _within(name: str, value: float, low: float, high: float) -> float:
    if not low <= value <= high:
        raise ValueError(f"{name} = {value}: expected from {low} to {high}")
    return value


__all__ = [
    "BoltzmannEstimate",
    "ExactProblem",
    "FiniteMdp",
    "PolicyValue",
    "SoftSolution",
    "boltzmann_policy",
    "boltzmann_target",
    "cliff_walking",
    "discounted_occupancy",
    "evaluate_policy",
    "free_energy",
    "frozen_lake",
    "gauss_legendre",
    "grid_value",
    "grid_world",
    "mdp_dense",
    "mdp_from_dense",
    "mdp_from_gym",
    "mdp_from_rows",
    "mdp_rows",
    "mountain_car_grid",
    "parse_csv",
    "pendulum_grid",
    "policy_entropy",
    "policy_svg",
    "problem",
    "random_problem",
    "read_csv",
    "register_env",
    "soft_backup",
    "soft_q",
    "solve_soft",
    "squashed_log_density",
    "to_csv",
    "unregister_env",
]
