"""The Boltzmann target exp(Q / alpha) / Z of a critic over continuous actions, and a squashed Gaussian beside it."""
from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
import numpy.typing as npt

from softac import _core
from softac._core import BoltzmannEstimate

Floats = npt.NDArray[np.float64]


def boltzmann_target(
    mu: npt.ArrayLike,
    log_std: npt.ArrayLike,
    q: Callable[[Floats], npt.ArrayLike],
    alpha: float,
    *,
    log_weight: npt.ArrayLike | None = None,
    shear: npt.ArrayLike | None = None,
    method: Literal["quadrature", "sampling"] = "quadrature",
    nodes: int = 512,
    samples: int = 4096,
    seed: int = 0,
) -> BoltzmannEstimate:
    """log Z of exp(q / alpha) over [-1, 1]^A, and how far the policy a = tanh(mu + sigma eps) is from that target.

    mu, log_std: (A), or (K, A) of a mixture with log_weight (K). shear: the A(A - 1)/2 numbers below the diagonal of
    N, row by row, for a = tanh(mu + sigma (eps + N eps)). q: actions (n, A) in [-1, 1] -> values (n) of one state.
    method: "quadrature" for A up to 2, with `nodes` per axis (a multiple of 32); "sampling" for any A, `samples` draws.
    Raises ValueError that names the argument, and what q raises.
    """
    policy, dim = _policy(mu, log_std, log_weight, shear)
    if not 0.0 < alpha < np.inf:
        raise ValueError(f"alpha = {alpha}: expected above 0 and finite")

    def checked(actions: Floats) -> Floats:
        values = np.ascontiguousarray(np.asarray(q(actions), np.float64))
        if values.shape != (len(actions),) or not np.all(np.isfinite(values)):
            raise ValueError(f"q: returned shape {values.shape}, expected ({len(actions)},) finite values")
        return values

    if method == "quadrature":
        if dim > 2:
            raise ValueError(f'method: "quadrature" of {dim} action dimensions; at most 2, use "sampling"')
        if nodes < 32 or nodes % 32 != 0:
            raise ValueError(f"nodes = {nodes}: expected a multiple of 32")
        return _core.boltzmann_by_quadrature(*policy, checked, alpha, nodes)
    if method == "sampling":
        if samples < 2:
            raise ValueError(f"samples = {samples}: expected at least 2")
        return _core.boltzmann_by_sampling(*policy, checked, alpha, samples, seed)
    raise ValueError(f'method = {method!r}: expected "quadrature" or "sampling"')


def squashed_log_density(
    mu: npt.ArrayLike,
    log_std: npt.ArrayLike,
    actions: npt.ArrayLike,
    *,
    log_weight: npt.ArrayLike | None = None,
    shear: npt.ArrayLike | None = None,
) -> Floats:
    """log pi of actions (n, A) inside (-1, 1), (n), of the same policies."""
    policy, dim = _policy(mu, log_std, log_weight, shear)
    points = np.ascontiguousarray(np.asarray(actions, np.float64))
    if points.ndim != 2 or points.shape[1] != dim or not np.all(np.abs(points) < 1.0):
        raise ValueError(f"actions: shape {points.shape}, expected (n, {dim}), inside (-1, 1)")
    return _core.squashed_log_density(*policy, points)


def _policy(
    mu: npt.ArrayLike, log_std: npt.ArrayLike, log_weight: npt.ArrayLike | None, shear: npt.ArrayLike | None
) -> tuple[tuple[Floats, Floats, Floats, Floats], int]:
    """The arrays as the C++ side takes them, flat, and A."""
    weights = np.zeros(0) if log_weight is None else np.asarray(log_weight, np.float64).ravel()
    means, deviations = (np.asarray(values, np.float64) for values in (mu, log_std))
    expected = 1 if log_weight is None else 2
    if means.ndim != expected or means.size == 0 or (log_weight is not None and len(means) != len(weights)):
        raise ValueError(f"mu: shape {means.shape}, expected {'(A)' if expected == 1 else f'({len(weights)}, A)'}")
    if deviations.shape != means.shape:
        raise ValueError(f"log_std: shape {deviations.shape}, expected {means.shape} as mu has")
    dim = means.shape[-1]
    below = np.zeros(0) if shear is None else np.asarray(shear, np.float64).ravel()
    if shear is not None and (below.size != dim * (dim - 1) // 2 or weights.size > 0):
        raise ValueError(f"shear: {below.size} numbers, expected {dim * (dim - 1) // 2}, of a single Gaussian")
    for name, values in (("mu", means), ("log_std", deviations), ("log_weight", weights), ("shear", below)):
        if not np.all(np.isfinite(values)):
            raise ValueError(f"{name}: expected finite numbers")
    flat = tuple(np.ascontiguousarray(values).ravel() for values in (means, deviations, weights, below))
    return (flat[0], flat[1], flat[2], flat[3]), dim
