"""Finite problems and their exact soft-optimal solutions: what SAC approximates, computed with a bound of the error.

S is the number of states, A of actions. docs/math.md has the equations (E1 to E7). Arrays of results are NumPy's;
arguments may be anything that NumPy reads. Solving uses all cores and lets other Python threads run.
"""
from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Union

import numpy as np
import numpy.typing as npt

from softac import _core
from softac._core import BoltzmannEstimate, ExactProblem, FiniteMdp, PolicyValue, SoftSolution
from softac.boltzmann import boltzmann_target, squashed_log_density

Floats = npt.NDArray[np.float64]
Problem = Union[FiniteMdp, ExactProblem]


def mdp_from_rows(
    s: npt.ArrayLike,
    a: npt.ArrayLike,
    s_next: npt.ArrayLike,
    p: npt.ArrayLike,
    r: npt.ArrayLike,
    terminated: npt.ArrayLike = False,
    *,
    num_states: int | None = None,
    num_actions: int | None = None,
    action_weight: npt.ArrayLike | None = None,
) -> FiniteMdp:
    """A problem from its transitions, (T) each, in any order: p = P(s_next | s, a), reward r, whether the episode ends.

    The p of each (s, a) sum to 1 within 1e-6; a pair without transitions is not available. num_states, num_actions:
    None = the largest index and one. action_weight: (A) quadrature weights where the actions are nodes of a continuous
    one. Raises ValueError that names the argument.
    """
    states, actions, successors = _indices("s", s), _indices("a", a), _indices("s_next", s_next)
    count = len(states)
    if count == 0:
        raise ValueError("s: no transitions")
    probabilities, rewards = _column("p", p, count), _column("r", r, count)
    ends = np.ascontiguousarray(np.broadcast_to(np.asarray(terminated, np.bool_), (count,)))
    for name, values in (("a", actions), ("s_next", successors)):
        if values.shape != (count,):
            raise ValueError(f"{name}: shape {values.shape}, expected {(count,)} as s has")
    num_states = _count("num_states", num_states, max(int(states.max()), int(successors.max())))
    num_actions = _count("num_actions", num_actions, int(actions.max()))
    sizes = (("s", states, num_states), ("a", actions, num_actions), ("s_next", successors, num_states))
    for name, values, size in sizes:
        if values.min() < 0 or values.max() >= size:
            wrong = values[(values < 0) | (values >= size)][0]
            raise ValueError(f"{name}: {wrong} is not among 0 to {size - 1}")
    if not np.all((probabilities >= 0.0) & np.isfinite(probabilities)):
        raise ValueError("p: expected finite numbers of at least 0")
    if not np.all(np.isfinite(rewards)):
        raise ValueError("r: expected finite numbers")
    row = states * num_actions + actions
    _check_sums(row, probabilities, num_actions)
    order = np.argsort(row, kind="stable")
    weight = _action_weight(action_weight, num_actions)
    return _core.make_mdp(
        num_states,
        num_actions,
        row=row[order],
        s_next=successors[order],
        p=probabilities[order],
        r=rewards[order],
        terminated=ends[order],
        action_weight=weight,
    )


def mdp_from_dense(
    P: npt.ArrayLike,  # noqa: N803  (the literature's name)
    R: npt.ArrayLike,  # noqa: N803
    terminated: npt.ArrayLike | None = None,
    *,
    action_weight: npt.ArrayLike | None = None,
) -> FiniteMdp:
    """A problem from P[s, a, s_next], (S, A, S), and rewards R, (S, A) or (S, A, S).

    terminated: (S, A, S) truth values, transitions that end the episode; None: none. A pair (s, a) whose P is all 0 is
    not available, a state without any action is terminal.
    """
    dense = _array("P", P)
    if dense.ndim != 3 or dense.shape[0] != dense.shape[2] or dense.size == 0:
        raise ValueError(f"P: shape {dense.shape}, expected (S, A, S)")
    rewards = _array("R", R)
    if rewards.shape == dense.shape[:2]:
        rewards = np.broadcast_to(rewards[:, :, None], dense.shape)
    if rewards.shape != dense.shape:
        raise ValueError(f"R: shape {rewards.shape}, expected {dense.shape[:2]} or {dense.shape}")
    ends = np.zeros(dense.shape, np.bool_) if terminated is None else np.asarray(terminated, np.bool_)
    if ends.shape != dense.shape:
        raise ValueError(f"terminated: shape {ends.shape}, expected {dense.shape}")
    if not np.all((dense >= 0.0) & np.isfinite(dense)):
        raise ValueError("P: expected finite numbers of at least 0")
    if not np.any(dense):
        raise ValueError("P: no transitions")
    s, a, s_next = np.nonzero(dense)
    return mdp_from_rows(
        s,
        a,
        s_next,
        dense[s, a, s_next],
        rewards[s, a, s_next],
        ends[s, a, s_next],
        num_states=dense.shape[0],
        num_actions=dense.shape[1],
        action_weight=action_weight,
    )


def mdp_from_gym(P: Mapping[int, Mapping[int, Any]]) -> FiniteMdp:  # noqa: N803
    """A problem from Gymnasium's env.unwrapped.P: P[s][a] = [(p, s_next, r, terminated), ...]."""
    columns: list[list[Any]] = [[] for _ in range(6)]
    try:
        for s, actions in P.items():
            for a, outcomes in actions.items():
                for p, s_next, r, terminated in outcomes:
                    for column, value in zip(columns, (s, a, s_next, p, r, bool(terminated))):
                        column.append(value)
    except (AttributeError, TypeError, ValueError) as error:
        raise ValueError(f"P: expected P[s][a] = [(p, s_next, r, terminated), ...]: {error}") from error
    num_actions = max((max(actions, default=0) for actions in P.values()), default=0) + 1
    return mdp_from_rows(*columns, num_states=max(P, default=0) + 1, num_actions=num_actions)


def mdp_rows(mdp: Problem) -> dict[str, npt.NDArray[Any]]:
    """The transitions as mdp_from_rows takes them: s, a, s_next, p, r, terminated, (T) each, sorted by (s, a)."""
    mdp = _mdp(mdp)
    row, s_next, p, r, terminated = _core.mdp_transitions(mdp)
    s, a = np.divmod(row, mdp.num_actions)
    return {"s": s, "a": a, "s_next": s_next, "p": p, "r": r, "terminated": terminated.view(np.bool_)}


def mdp_dense(mdp: Problem) -> tuple[Floats, Floats, npt.NDArray[np.bool_]]:
    """P, R and terminated as mdp_from_dense takes them, (S, A, S) each; transitions with equal successors add."""
    mdp = _mdp(mdp)
    rows = mdp_rows(mdp)
    shape = (mdp.num_states, mdp.num_actions, mdp.num_states)
    at = (rows["s"], rows["a"], rows["s_next"])
    dense, rewards, ends = np.zeros(shape), np.zeros(shape), np.zeros(shape, np.bool_)
    np.add.at(dense, at, rows["p"])
    np.add.at(rewards, at, rows["p"] * rows["r"])
    np.divide(rewards, dense, out=rewards, where=dense > 0.0)
    ends[at] = rows["terminated"]
    return dense, rewards, ends


def problem(
    mdp: FiniteMdp,
    start: npt.ArrayLike | None = None,
    *,
    name: str = "problem",
    rows: int = 0,
    cols: int = 0,
    cells: str = "",
    action_dx: npt.ArrayLike = (),
    action_dy: npt.ArrayLike = (),
    action_value: npt.ArrayLike = (),
    x_label: str = "",
    y_label: str = "",
) -> ExactProblem:
    """A problem with a distribution of its first state, (S), and what policy_svg draws; fields as in ExactProblem.

    start: None = the states that are not terminal, equally.
    """
    if not isinstance(mdp, FiniteMdp):
        raise TypeError(f"mdp: a {type(mdp).__name__}, expected a FiniteMdp")
    size, num_actions = mdp.num_states, mdp.num_actions
    if start is None:
        live = ~mdp.terminal
        distribution = live / live.sum() if live.any() else live.astype(np.float64)
    else:
        distribution = _distribution("start", start, size)
    if (rows or cols) and (rows < 1 or cols < 1 or rows * cols != size):
        raise ValueError(f"rows, cols: {rows} * {cols} is not the number of states, {size}")
    if cells and (len(cells) != size or not rows):
        raise ValueError(f"cells: {len(cells)} letters, expected {size}, with rows and cols")
    directions: dict[str, list[float]] = {}
    for label, values in (("action_dx", action_dx), ("action_dy", action_dy), ("action_value", action_value)):
        array = _array(label, values).ravel()
        if array.size not in (0, num_actions):
            raise ValueError(f"{label}: {array.size} numbers, expected {num_actions}")
        directions[label] = array.tolist()
    return _core.make_problem(
        name, mdp, distribution.tolist(), rows, cols, cells, **directions, x_label=x_label, y_label=y_label
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
    return _core.grid_value(problem, _shaped("field", field, (problem.mdp.num_states,)), x, y)


def parse_csv(text: str, source: str = "text") -> ExactProblem:
    """A problem from text with the header s,a,s_next,p,r,terminated; source names it in errors. Raises IoError."""
    return _core.parse_mdp_csv(text, source)


def read_csv(path: str | os.PathLike[str]) -> ExactProblem:
    """parse_csv of a file."""
    with open(path, encoding="utf-8") as file:
        return parse_csv(file.read(), os.fspath(path))


def to_csv(mdp: Problem) -> str:
    """The transitions as text that parse_csv reads."""
    return _core.mdp_csv(_mdp(mdp))


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
    return _core.solve_soft(_mdp(mdp), alpha, gamma, tolerance, max_iterations, threads)


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
    mdp = _mdp(mdp)
    return _core.evaluate_policy(mdp, _policy(mdp, pi), alpha, gamma, tolerance, max_iterations, threads)


def soft_q(mdp: Problem, v: npt.ArrayLike, *, gamma: float = 0.99) -> Floats:
    """Q(s, a) = r + gamma E V(s'), (S, A); NaN where the action is not available."""
    mdp = _mdp(mdp)
    return _core.soft_q(mdp, _values(mdp, v), _within("gamma", gamma, 0.0, 1.0))


def soft_backup(mdp: Problem, v: npt.ArrayLike, *, alpha: float = 1.0, gamma: float = 0.99) -> Floats:
    """One Bellman sweep, (S): alpha log sum w exp(Q / alpha); the maximum at alpha = 0."""
    mdp = _mdp(mdp)
    return _core.soft_backup(mdp, _values(mdp, v), _temperature(alpha), _within("gamma", gamma, 0.0, 1.0))


def boltzmann_policy(mdp: Problem, q: npt.ArrayLike, *, alpha: float = 1.0, tie_width: float = 0.0) -> Floats:
    """pi proportional to w exp(Q / alpha), (S, A); at alpha = 0 the best actions share, those within tie_width."""
    mdp = _mdp(mdp)
    if not alpha >= 0.0:
        raise ValueError(f"alpha = {alpha}: expected at least 0")
    return _core.boltzmann_policy(mdp, _action_values(mdp, q), alpha, _within("tie_width", tie_width, 0.0, np.inf))


def policy_entropy(mdp: Problem, pi: npt.ArrayLike) -> Floats:
    """-sum pi log(pi / w) per state, (S)."""
    mdp = _mdp(mdp)
    return _core.policy_entropy(mdp, _policy(mdp, pi))


def free_energy(mdp: Problem, q: npt.ArrayLike, *, alpha: float = 1.0) -> Floats:
    """alpha log sum w exp(Q / alpha) per state, (S); 0 in terminal states."""
    mdp = _mdp(mdp)
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
    mdp = _mdp(mdp)
    if not 0.0 <= gamma < 1.0:
        raise ValueError(f"gamma = {gamma}: expected at least 0 and less than 1")
    if not 0.0 < tolerance < np.inf:
        raise ValueError(f"tolerance = {tolerance}: expected above 0 and finite")
    distribution = _distribution("start", start, mdp.num_states)
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


def _mdp(mdp: object) -> FiniteMdp:
    if isinstance(mdp, ExactProblem):
        return mdp.mdp
    if isinstance(mdp, FiniteMdp):
        return mdp
    raise TypeError(f"mdp: a {type(mdp).__name__}, expected a FiniteMdp or an ExactProblem")


def _array(name: str, values: npt.ArrayLike) -> Floats:
    try:
        return np.ascontiguousarray(np.asarray(values, np.float64))
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name}: not an array of numbers: {error}") from error


def _shaped(name: str, values: npt.ArrayLike, shape: tuple[int, ...]) -> Floats:
    array = _array(name, values)
    if array.shape != shape:
        raise ValueError(f"{name}: shape {array.shape}, expected {shape}")
    return array


def _column(name: str, values: npt.ArrayLike, count: int) -> Floats:
    array = _array(name, values)
    return np.full(count, array.item()) if array.size == 1 else _shaped(name, array, (count,))


def _indices(name: str, values: npt.ArrayLike) -> npt.NDArray[np.int64]:
    array = np.asarray(values)
    if array.ndim != 1 or (array.size > 0 and array.dtype.kind not in "iu"):
        raise ValueError(f"{name}: expected one row of whole numbers, found {array.dtype} of shape {array.shape}")
    return np.ascontiguousarray(array, np.int64)


def _count(name: str, given: int | None, largest: int) -> int:
    count = largest + 1 if given is None else int(given)
    if not 1 <= count < 2**31 - 1:
        raise ValueError(f"{name} = {count}: expected from 1 to {2**31 - 2}")
    return count


def _check_sums(row: npt.NDArray[np.int64], p: Floats, num_actions: int) -> None:
    present, index = np.unique(row, return_inverse=True)
    sums = np.bincount(index, p)
    wrong = np.flatnonzero(np.abs(sums - 1.0) > 1e-6)
    if wrong.size > 0:
        s, a = divmod(int(present[wrong[0]]), num_actions)
        raise ValueError(f"p: the probabilities of s = {s}, a = {a} sum to {sums[wrong[0]]}, expected 1")


def _action_weight(values: npt.ArrayLike | None, num_actions: int) -> Floats:
    if values is None:
        return np.zeros(0)
    weight = _shaped("action_weight", values, (num_actions,))
    if not np.all((weight > 0.0) & np.isfinite(weight)):
        raise ValueError("action_weight: expected finite numbers above 0")
    return weight


def _distribution(name: str, values: npt.ArrayLike, size: int) -> Floats:
    array = _shaped(name, values, (size,))
    if not np.all(array >= 0.0) or not abs(array.sum() - 1.0) <= 1e-6:
        raise ValueError(f"{name}: expected probabilities that sum to 1, found a sum of {array.sum()}")
    return array


def _values(mdp: FiniteMdp, v: npt.ArrayLike) -> Floats:
    return _shaped("v", v, (mdp.num_states,))


def _action_values(mdp: FiniteMdp, q: npt.ArrayLike) -> Floats:
    return _shaped("q", q, (mdp.num_states, mdp.num_actions))


def _policy(mdp: FiniteMdp, pi: npt.ArrayLike) -> Floats:
    policy = _shaped("pi", pi, (mdp.num_states, mdp.num_actions))
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
