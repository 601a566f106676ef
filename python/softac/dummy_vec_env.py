"""Gymnasium environments stepped one after the other in this process, with episode statistics."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import gymnasium
import numpy as np

from softac.base_vec_env import Indices, StepReturn, VecEnv
from softac.episode_statistics import EpisodeStatistics
from softac.observation_rows import ObservationRows, read_reset, read_step
from softac.sb3_interop import loaded_class
from softac.spaces import Array, Observation


class DummyVecEnv(VecEnv):
    """N environments of `gymnasium.Env`, made by N functions, as SB3's class of this name.

    Unlike there, infos hold "episode" without a Monitor (one that is inside already, or Gymnasium's
    RecordEpisodeStatistics, is believed), and what environments return is checked. TypeError: a function that is none,
    or that returns no Gymnasium environment. ValueError: no function, the same environment twice, spaces or render
    modes that differ.
    """

    def __init__(self, env_fns: Sequence[Callable[[], gymnasium.Env[Any, Any]]]) -> None:
        self.envs = [_made(i, function) for i, function in enumerate(env_fns)]
        if not self.envs:
            raise ValueError("DummyVecEnv needs at least one function that makes an environment.")
        _check_distinct(self.envs)
        first = self.envs[0]
        _check_alike(self.envs)
        self._rows = ObservationRows(first.observation_space)
        super().__init__(
            len(self.envs), first.observation_space, first.action_space, first.render_mode, dict(first.metadata or {})
        )
        self._statistics = EpisodeStatistics(self.num_envs)
        self._reset_calls = [f"Environment {i}: reset()" for i in range(self.num_envs)]
        self._step_calls = [f"Environment {i}: step()" for i in range(self.num_envs)]

    def _reset(self, seeds: list[int | None], options: list[dict[str, Any]]) -> Observation:
        batch = self._rows.empty(self.num_envs)
        for i, env in enumerate(self.envs):
            where = self._reset_calls[i]
            given = {"options": options[i]} if options[i] else {}
            obs, self.reset_infos[i] = read_reset(env.reset(seed=seeds[i], **given), where)
            self._rows.put(batch, i, obs, where)
        self._rows.check_finite(batch, self._reset_calls)
        self._statistics.restart()
        return batch

    def _step(self, actions: Array) -> StepReturn:
        batch = self._rows.empty(self.num_envs)
        rewards = np.empty(self.num_envs, dtype=np.float32)
        dones = np.empty(self.num_envs, dtype=np.bool_)
        infos: list[dict[str, Any]] = []
        sources = self._step_calls
        for i, env in enumerate(self.envs):
            where = self._step_calls[i]
            obs, reward, terminated, truncated, info = read_step(env.step(actions[i]), where)
            rewards[i], dones[i] = reward, terminated or truncated
            info["TimeLimit.truncated"] = truncated and not terminated
            self._statistics.add(i, reward)
            if dones[i]:
                info["terminal_observation"] = self._rows.single(obs, where)
                self._statistics.finish(i, info)
                where = self._reset_calls[i]
                obs, self.reset_infos[i] = read_reset(env.reset(), where)
                sources = [*sources[:i], where, *sources[i + 1 :]]
            self._rows.put(batch, i, obs, where)
            infos.append(info)
        self._rows.check_finite(batch, sources)
        return batch, rewards, dones, infos

    def _close(self) -> None:
        for env in self.envs:
            env.close()

    def get_attr(self, attr_name: str, indices: Indices = None) -> list[Any]:
        return [self.envs[i].get_wrapper_attr(attr_name) for i in self._indices(indices)]

    def set_attr(self, attr_name: str, value: Any, indices: Indices = None) -> None:
        for i in self._indices(indices):
            self.envs[i].set_wrapper_attr(attr_name, value)

    def env_method(
        self, method_name: str, *method_args: Any, indices: Indices = None, **method_kwargs: Any
    ) -> list[Any]:
        chosen = self._indices(indices)
        return [self.envs[i].get_wrapper_attr(method_name)(*method_args, **method_kwargs) for i in chosen]

    def env_is_wrapped(self, wrapper_class: type[Any], indices: Indices = None) -> list[bool]:
        return [is_wrapped(self.envs[i], wrapper_class) for i in self._indices(indices)]

    def get_images(self) -> Sequence[Array | None]:
        if self.render_mode != "rgb_array":
            warnings.warn(f"get_images() needs render_mode='rgb_array', not {self.render_mode!r}.", stacklevel=2)
            return [None] * self.num_envs
        return [np.asarray(env.render()) for env in self.envs]


def is_wrapped(env: gymnasium.Env[Any, Any], wrapper_class: type[Any]) -> bool:
    """Whether an environment has a wrapper of this class. SB3's Monitor: True, its statistics are in infos."""
    if wrapper_class is loaded_class("common.monitor", "Monitor"):
        return True
    while isinstance(env, gymnasium.Wrapper):
        if isinstance(env, wrapper_class):
            return True
        env = env.env
    return False


def _made(index: int, function: object) -> gymnasium.Env[Any, Any]:
    if not callable(function) or isinstance(function, gymnasium.Env):
        raise TypeError(
            f"DummyVecEnv takes functions that make environments, but entry {index} is of type "
            f"{type(function).__name__}: write DummyVecEnv([lambda: env])."
        )
    env = function()
    if not isinstance(env, gymnasium.Env):
        raise TypeError(
            f"The function of environment {index} returned a value of type {type(env).__name__}, not a gymnasium.Env. "
            "An environment of the old Gym needs a wrapper (package shimmy)."
        )
    return env


def _check_distinct(envs: list[gymnasium.Env[Any, Any]]) -> None:
    places: dict[int, int] = {}
    for i, env in enumerate(envs):
        other = places.setdefault(id(env.unwrapped), i)
        if other != i:
            raise ValueError(
                f"Environments {other} and {i} are the same instance: each function must make a new environment, as "
                "`lambda: gymnasium.make(...)` does."
            )


def _check_alike(envs: list[gymnasium.Env[Any, Any]]) -> None:
    for name in ("observation_space", "action_space", "render_mode"):
        first = getattr(envs[0], name)
        for i, env in enumerate(envs):
            if getattr(env, name) != first:
                raise ValueError(
                    f"{name} of environment {i} is {getattr(env, name)}, but of environment 0 {first}: they must agree."
                )
