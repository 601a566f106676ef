"""Finite problems from NumPy arrays and Gymnasium's tables, and back."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Union

import numpy as np
import numpy.typing as npt

from softac import _core
from softac._core import ExactProblem, FiniteMdp

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
    dense = floats("P", P)
    if dense.ndim != 3 or dense.shape[0] != dense.shape[2] or dense.size == 0:
        raise ValueError(f"P: shape {dense.shape}, expected (S, A, S)")
    rewards = floats("R", R)
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
    mdp = mdp_of(mdp)
    row, s_next, p, r, terminated = _core.mdp_transitions(mdp)
    s, a = np.divmod(row, mdp.num_actions)
    return {"s": s, "a": a, "s_next": s_next, "p": p, "r": r, "terminated": terminated.view(np.bool_)}


def mdp_dense(mdp: Problem) -> tuple[Floats, Floats, npt.NDArray[np.bool_]]:
    """P, R and terminated as mdp_from_dense takes them, (S, A, S) each; transitions with equal successors add."""
    mdp = mdp_of(mdp)
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
        distribution = distribution_of("start", start, size)
    if (rows or cols) and (rows < 1 or cols < 1 or rows * cols != size):
        raise ValueError(f"rows, cols: {rows} * {cols} is not the number of states, {size}")
    if cells and (len(cells) != size or not rows):
        raise ValueError(f"cells: {len(cells)} letters, expected {size}, with rows and cols")
    directions: dict[str, list[float]] = {}
    for label, values in (("action_dx", action_dx), ("action_dy", action_dy), ("action_value", action_value)):
        array = floats(label, values).ravel()
        if array.size not in (0, num_actions):
            raise ValueError(f"{label}: {array.size} numbers, expected {num_actions}")
        directions[label] = array.tolist()
    return _core.make_problem(
        name, mdp, distribution.tolist(), rows, cols, cells, **directions, x_label=x_label, y_label=y_label
    )


def mdp_of(mdp: object) -> FiniteMdp:
    """The problem itself, of a FiniteMdp or an ExactProblem; TypeError on anything else."""
    if isinstance(mdp, ExactProblem):
        return mdp.mdp
    if isinstance(mdp, FiniteMdp):
        return mdp
    raise TypeError(f"mdp: a {type(mdp).__name__}, expected a FiniteMdp or an ExactProblem")


def floats(name: str, values: npt.ArrayLike) -> Floats:
    """float64 in C order; ValueError that names the argument."""
    try:
        return np.ascontiguousarray(np.asarray(values, np.float64))
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name}: not an array of numbers: {error}") from error


def floats_of_shape(name: str, values: npt.ArrayLike, shape: tuple[int, ...]) -> Floats:
    """The same, of this shape alone."""
    array = floats(name, values)
    if array.shape != shape:
        raise ValueError(f"{name}: shape {array.shape}, expected {shape}")
    return array


def _column(name: str, values: npt.ArrayLike, count: int) -> Floats:
    array = floats(name, values)
    return np.full(count, array.item()) if array.size == 1 else floats_of_shape(name, array, (count,))


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
    weight = floats_of_shape("action_weight", values, (num_actions,))
    if not np.all((weight > 0.0) & np.isfinite(weight)):
        raise ValueError("action_weight: expected finite numbers above 0")
    return weight


def distribution_of(name: str, values: npt.ArrayLike, size: int) -> Floats:
    """Probabilities (size,) that sum to 1."""
    array = floats_of_shape(name, values, (size,))
    if not np.all(array >= 0.0) or not abs(array.sum() - 1.0) <= 1e-6:
        raise ValueError(f"{name}: expected probabilities that sum to 1, found a sum of {array.sum()}")
    return array
