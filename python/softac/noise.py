"""Noise that is added to actions, with the names of SB3. It is added to actions scaled to [−1, 1], which are then
clipped.

Draws come from NumPy's global generator, as in SB3: `np.random.seed` repeats them.
"""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


class ActionNoise(ABC):
    """Called once per step: returns the noise of one environment's action, an array of the action's shape."""

    @abstractmethod
    def __call__(self) -> Array: ...

    def reset(self) -> None:
        """Called where an episode ends, and when learning begins."""


def _parameter(name: str, value: object) -> Array:
    array = np.array(value, dtype=np.float64)
    if not np.all(np.isfinite(array)):
        raise ValueError(f"{name} of the action noise must be finite, not {value!r}.")
    return array


def _scale(value: object) -> Array:
    array = _parameter("sigma", value)
    if np.any(array < 0.0):
        raise ValueError(f"sigma of the action noise must not be negative, not {value!r}.")
    return array


class NormalActionNoise(ActionNoise):
    """Independent normal noise with the given mean and standard deviation `sigma` per number of the action."""

    def __init__(self, mean: npt.ArrayLike, sigma: npt.ArrayLike, dtype: npt.DTypeLike = np.float32) -> None:
        self._mu = _parameter("mean", mean)
        self._sigma = _scale(sigma)
        self._dtype = np.dtype(dtype)

    def __call__(self) -> Array:
        return np.asarray(np.random.normal(self._mu, self._sigma)).astype(self._dtype)

    def __repr__(self) -> str:
        return f"NormalActionNoise(mu={self._mu}, sigma={self._sigma})"


class OrnsteinUhlenbeckActionNoise(ActionNoise):
    """An Ornstein–Uhlenbeck process, by Euler's method: x ← x + θ (μ − x) dt + σ √dt N(0, 1). Its state is kept between
    calls; `reset` sets it to `initial_noise` (zeros if None). Uhlenbeck and Ornstein, Physical Review 36 (1930) 823.
    """

    def __init__(
        self,
        mean: npt.ArrayLike,
        sigma: npt.ArrayLike,
        theta: float = 0.15,
        dt: float = 1e-2,
        initial_noise: npt.ArrayLike | None = None,
        dtype: npt.DTypeLike = np.float32,
    ) -> None:
        if not dt >= 0.0:
            raise ValueError(f"dt of the action noise must not be negative, not {dt!r}.")
        self._mu = _parameter("mean", mean)
        self._sigma = _scale(sigma)
        self._theta = float(_parameter("theta", theta))
        self._dt = float(_parameter("dt", dt))
        self._dtype = np.dtype(dtype)
        self.initial_noise = None if initial_noise is None else _parameter("initial_noise", initial_noise)
        self.noise_prev = np.zeros_like(self._mu)
        self.reset()

    def __call__(self) -> Array:
        pull = self._theta * (self._mu - self.noise_prev) * self._dt
        push = self._sigma * np.sqrt(self._dt) * np.random.normal(size=self._mu.shape)
        self.noise_prev = self.noise_prev + pull + push
        return np.asarray(self.noise_prev).astype(self._dtype)

    def reset(self) -> None:
        self.noise_prev = np.zeros_like(self._mu) if self.initial_noise is None else self.initial_noise.copy()

    def __repr__(self) -> str:
        return f"OrnsteinUhlenbeckActionNoise(mu={self._mu}, sigma={self._sigma})"


class VectorizedActionNoise(ActionNoise):
    """`n_envs` copies of a noise, each with a state of its own: returns (n_envs, *action shape).

    `base_noise` is one of the classes above, SB3's, or anything else that can be called and has `reset`.
    """

    def __init__(self, base_noise: Any, n_envs: int) -> None:
        if isinstance(n_envs, bool) or not isinstance(n_envs, (int, np.integer)) or n_envs <= 0:
            raise ValueError(f"n_envs must be a whole number above 0, not {n_envs!r}.")
        self.n_envs = int(n_envs)
        self.base_noise = base_noise
        self.noises = [copy.deepcopy(base_noise) for _ in range(self.n_envs)]

    @property
    def base_noise(self) -> Any:
        """The noise that was copied."""
        return self._base_noise

    @base_noise.setter
    def base_noise(self, base_noise: Any) -> None:
        if base_noise is None:
            raise ValueError("base_noise must be an action noise, not None.")
        if not (callable(base_noise) and callable(getattr(base_noise, "reset", None))) or isinstance(base_noise, type):
            raise TypeError(
                f"base_noise must be an action noise (callable, with reset()), not {type(base_noise).__name__}."
            )
        self._base_noise = base_noise

    @property
    def noises(self) -> list[Any]:
        """The noise of each environment. They are reset when set; AssertionError for a wrong number of them, ValueError
        for another class than that of `base_noise`.
        """
        return self._noises

    @noises.setter
    def noises(self, noises: Sequence[Any]) -> None:
        given = list(noises)
        if len(given) != self.n_envs:
            raise AssertionError(f"{self.n_envs} noises are expected, one per environment, not {len(given)}.")
        others = [i for i, noise in enumerate(given) if not isinstance(noise, type(self.base_noise))]
        if others:
            raise ValueError(
                f"The noises at {others} are not of the class of base_noise, {type(self.base_noise).__name__}."
            )
        self._noises = given
        for noise in given:
            noise.reset()

    def reset(self, indices: Iterable[int] | None = None) -> None:
        """Resets the noises of these environments, or of all."""
        for index in range(self.n_envs) if indices is None else indices:
            self._noises[index].reset()

    def __call__(self) -> Array:
        return np.stack([noise() for noise in self._noises])

    def __repr__(self) -> str:
        return f"VectorizedActionNoise(base_noise={self.base_noise!r}, n_envs={self.n_envs})"
