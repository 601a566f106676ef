"""Environments of Python's Gymnasium as softac's C++ Trainer steps them."""
from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces, wrappers

from softac.env_state import decode_state, encode_state

# Wrappers that neither skip steps nor keep a state that the environment's own save_state() would lack.
_PLAIN_WRAPPERS = (
    wrappers.ClipAction,
    wrappers.DtypeObservation,
    wrappers.FlattenObservation,
    wrappers.OrderEnforcing,
    wrappers.PassiveEnvChecker,
    wrappers.RecordEpisodeStatistics,
    wrappers.RescaleAction,
    wrappers.RescaleObservation,
    wrappers.ReshapeObservation,
    wrappers.TimeLimit,
    wrappers.TransformAction,
    wrappers.TransformObservation,
    wrappers.TransformReward,
)


class EnvParts:
    """What the C++ side reads of one environment, once."""

    def __init__(self, env: gymnasium.Env[Any, Any], env_id: str, time_limit: int) -> None:
        self.env = env
        self.id = env_id
        self.time_limit = time_limit
        box = _observation_box(env, env_id)
        self.obs_shape: tuple[int, ...] = box.shape
        self.obs_low, self.obs_high = _observation_bounds(box)
        action_space = env.action_space
        self.action: np.ndarray[Any, Any] | None = None  # the form of an action; None: discrete
        self.num_actions = 0
        self.first_action = 0
        self.act_low = self.act_high = np.zeros(0)
        if isinstance(action_space, spaces.Discrete):
            self.num_actions = int(action_space.n)
            self.first_action = int(action_space.start)
        elif isinstance(action_space, spaces.Box) and action_space.dtype in (np.float32, np.float64):
            self.action = np.zeros(action_space.shape, action_space.dtype)
            self.act_low = action_space.low.astype(np.float64).ravel()
            self.act_high = action_space.high.astype(np.float64).ravel()
        else:
            raise NotImplementedError(
                f"{env_id}: its actions are {action_space}; softac acts in a Box of float32 or float64, or in Discrete"
            )
        saver = _state_owner(env)
        self.save_state: Callable[[], bytes] | None = None
        self.load_state: Callable[[bytes], None] | None = None
        if saver is not None:
            self.save_state = lambda: encode_state(saver.save_state(), type(saver).__name__)
            self.load_state = lambda state: self._load(saver, state)

    def _load(self, saver: Any, state: bytes) -> None:
        self.env.reset(seed=0)  # an environment that was never reset refuses to step
        saver.load_state(decode_state(state))

    def flat_observation(self, obs: object) -> np.ndarray[Any, Any]:
        """Any observation of the space's shape as contiguous (O,) float64."""
        array = np.asarray(obs)
        if array.shape != self.obs_shape:
            raise ValueError(f"an observation has the shape {array.shape}, its space says {self.obs_shape}")
        return np.ascontiguousarray(array, np.float64).ravel()


class EnvSource:
    """Makes the environments of a run from the caller's function; the first at once, to know what it is."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make
        self._made: list[weakref.ref[gymnasium.Env[Any, Any]]] = []
        self._first: gymnasium.Env[Any, Any] | None = self._make_env()
        self.id = env_name(self._first)
        self.time_limit = _time_limit(self._first)

    def _make_env(self) -> gymnasium.Env[Any, Any]:
        env = self._make()
        if not isinstance(env, gymnasium.Env):
            raise TypeError(f"env: {self._make!r} made a {type(env).__name__}, expected a gymnasium.Env")
        if any(made() is env for made in self._made):
            raise ValueError(
                f"env: {self._make!r} returned the same environment twice; training and evaluation need one each, so "
                "make a new one in every call"
            )
        self._made.append(weakref.ref(env))
        return env

    def __call__(self) -> EnvParts:
        env = self._first if self._first is not None else self._make_env()
        self._first = None
        if env_name(env) != self.id:
            raise ValueError(f"env: {self._make!r} made {env_name(env)} after {self.id}; every call must make the same")
        try:
            return EnvParts(env, self.id, _time_limit(env))
        except BaseException:
            env.close()
            raise

    def close(self) -> None:
        """Closes the first environment where the run came to no use of it."""
        if self._first is not None:
            self._first.close()
            self._first = None


def env_name(env: gymnasium.Env[Any, Any]) -> str:
    """python/ and Gymnasium's id, or the class of an environment that has none."""
    spec = env.spec
    return "python/" + (spec.id if spec is not None else type(env.unwrapped).__name__)


def _observation_box(env: gymnasium.Env[Any, Any], env_id: str) -> spaces.Box:
    space = env.observation_space
    if not isinstance(space, spaces.Box):
        raise NotImplementedError(
            f"{env_id}: its observations are {space}; softac.train reads a Box, which "
            "gymnasium.wrappers.FlattenObservation(env) makes of other spaces"
        )
    if space.dtype.kind not in "fiub":
        raise NotImplementedError(f"{env_id}: its observations are of the type {space.dtype}, not real numbers")
    return space


def _observation_bounds(box: spaces.Box) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """(O,) each; numbers that the space holds fixed count as unbounded, since bounds must differ."""
    low, high = box.low.astype(np.float64).ravel(), box.high.astype(np.float64).ravel()
    fixed = low >= high
    return np.where(fixed, -np.inf, low), np.where(fixed, np.inf, high)


def _plain_layers(env: gymnasium.Env[Any, Any]) -> list[Any]:
    """The environment from outside in, up to the first layer that is no plain wrapper, that included."""
    layers: list[Any] = [env]
    while isinstance(layers[-1], _PLAIN_WRAPPERS):
        layers.append(layers[-1].env)
    return layers


def _time_limit(env: gymnasium.Env[Any, Any]) -> int:
    """Steps after which the environment truncates an episode; 0 = unknown."""
    for layer in _plain_layers(env):
        if isinstance(layer, wrappers.TimeLimit):
            return int(layer._max_episode_steps)
    return 0


def _state_owner(env: gymnasium.Env[Any, Any]) -> Any | None:
    """The layer whose save_state() and load_state(state) hold the whole state; None: there is no such."""
    inner = _plain_layers(env)[-1]
    methods = [getattr(inner, name, None) for name in ("save_state", "load_state")]
    return inner if all(callable(method) for method in methods) else None


def checked_kwargs(kwargs: Mapping[str, object]) -> dict[str, Any]:
    """Arguments for gymnasium.make that config.toml can hold: truth values, numbers, texts, lists of numbers."""
    for name, value in kwargs.items():
        numbers = isinstance(value, (list, tuple)) and all(isinstance(x, (int, float)) for x in value)
        if not numbers and not isinstance(value, (bool, int, float, str)):
            raise TypeError(
                f"env_kwargs[{name!r}] is a {type(value).__name__}, which config.toml cannot hold; pass a function "
                "that makes the environment instead of its id"
            )
    return dict(kwargs)
