"""softac's native environments as Gymnasium's: after ``import softac``, ``gymnasium.make("softac/HalfCheetah-v5")``.

The dynamics, rewards, infos and spaces of Gymnasium's tasks are Gymnasium's, to the bit. Start states are drawn by
softac's own generator: the same seed gives other ones than Gymnasium's task of that name.
"""
from __future__ import annotations

import operator
import os
from collections.abc import Sequence
from typing import Any

import gymnasium
import numpy as np
import numpy.typing as npt
from gymnasium.spaces import Box, Discrete, Space
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space

from softac import _core
from softac.screen import Screen
from softac.vector_infos import add_final, add_rows

NAMESPACE = "softac"
RENDER_MODES = ["human", "rgb_array"]

Array = npt.NDArray[Any]


class NativeEnv(gymnasium.Env[Array, Any]):
    """One native environment.

    Actions are in the task's own units and reach it as they are, also beyond ``action_space``. Stepping after an
    episode's end raises ``softac.ContractError`` (a ValueError); a simulation that breaks down raises
    ``softac.EnvError``. Copies (``copy.deepcopy``, pickle) go on as the original does.

    Args:
        env_id: softac's name of the task, without the namespace, such as ``"HalfCheetah-v5"``.
        render_mode: ``"rgb_array"``: ``render()`` returns pictures; ``"human"``: a window shows every step, in the
            task's own time; None: no pictures.
        width, height: of the pictures, in pixels; None: the task's own, 480 by 480 for MuJoCo's.
        kwargs: the task's arguments, under Gymnasium's names.
    """

    metadata: dict[str, Any] = {"render_modes": RENDER_MODES, "render_fps": 30}

    def __init__(
        self,
        env_id: str,
        render_mode: str | None = None,
        *,
        width: int | None = None,
        height: int | None = None,
        **kwargs: Any,
    ) -> None:
        self._native = _core.Env(env_id, **kwargs)
        self.metadata = _render_metadata(self._native)
        self.render_mode = _checked_mode(render_mode, self._native)
        self._size = _checked_size(width, height)
        self._screen: Screen | None = None
        self.observation_space: Box = _observation_space(self._native)
        self.action_space: Space[Any] = _action_space(self._native)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Array, dict[str, Any]]:
        """Starts an episode: its first observation, a new array, and the infos that a start has.

        Args:
            seed: starts a new sequence of start states; a whole number from 0 to 2**64 - 1.
            options: ``{"state": numbers}`` starts there in place of a drawn state: qpos, then qvel (MuJoCo's tasks).
        """
        super().reset(seed=seed)
        state = _only_option(options, "state")
        started = self._native.reset(seed, state)
        if self.render_mode == "human":
            self.render()
        return started

    def step(self, action: Any) -> tuple[Array, float, bool, bool, dict[str, Any]]:
        """One step: observation (a new array), reward, terminated, truncated (never by a time limit), infos."""
        stepped = self._native.step(action)
        if self.render_mode == "human":
            self.render()
        return stepped

    def save_state(self) -> bytes:
        """The whole state: simulation and generator."""
        return self._native.save_state()

    def load_state(self, state: bytes) -> None:
        """Goes on from what ``save_state`` of the same task gave; ``softac.IoError`` for other bytes."""
        self._native.load_state(state)

    def render(self) -> Array | None:
        """The present state: a new array (height, width, 3) of uint8, or None where a window shows it."""
        if self.render_mode is None:
            _warn_of_no_mode()
            return None
        picture = self._native.render(0, *self._size)
        if self.render_mode == "rgb_array":
            return picture
        if self._screen is None:
            self._screen = Screen(self._native.id, self._native.step_seconds)
        self._screen.show(picture)
        return None

    def close(self) -> None:
        """Frees the simulation and closes the window; closing again has no effect."""
        self._screen = None
        self._native.close()

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_screen": None}


class NativeVectorEnv(VectorEnv[Array, Any, Array]):
    """Native environments stepped together in C++, on one thread or several, with Gymnasium's three autoreset modes.

    Environment i with seed s does what a ``NativeEnv`` with seed s does, and what comes out is what
    ``gymnasium.vector.SyncVectorEnv`` of them would give, except that every info value is float64.

    Args:
        env_id: softac's name of the task, without the namespace.
        num_envs: how many.
        threads: that step them; 0: all cores. No result depends on it.
        autoreset_mode: one of Gymnasium's, or its value (``"NextStep"``, ``"SameStep"``, ``"Disabled"``).
        max_episode_steps: truncates longer episodes; None: the task's limit, 0: none.
        render_mode: ``"rgb_array"``: ``render()`` returns a picture of each environment; None: no pictures.
        width, height: of the pictures, in pixels; None: the task's own.
        kwargs: the task's arguments, under Gymnasium's names.
    """

    def __init__(
        self,
        env_id: str,
        num_envs: int = 1,
        *,
        threads: int = 1,
        autoreset_mode: str | AutoresetMode = AutoresetMode.NEXT_STEP,
        max_episode_steps: int | None = None,
        render_mode: str | None = None,
        width: int | None = None,
        height: int | None = None,
        **kwargs: Any,
    ) -> None:
        self.autoreset_mode = AutoresetMode(autoreset_mode)
        self.num_envs = num_envs
        self._native = _core.VecEnv(
            env_id, num_envs, threads, self.autoreset_mode.value, max_episode_steps, **kwargs
        )
        self.metadata = {**_render_metadata(self._native), "autoreset_mode": self.autoreset_mode}
        if render_mode == "human":
            raise ValueError("render_mode 'human': a vector has no window; make one environment for it")
        self.render_mode = _checked_mode(render_mode, self._native)
        self._size = _checked_size(width, height)
        self._fields = self._native.info_fields
        self.single_observation_space = _observation_space(self._native)
        self.single_action_space = _action_space(self._native)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)

    def reset(
        self, *, seed: int | Sequence[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Array, dict[str, Any]]:
        """Starts an episode in every environment: observations (N, O), a new array, and the infos of the starts.

        Args:
            seed: a number s (environment i gets s + i) or one number or None for each environment.
            options: ``{"reset_mask": flags}`` with a bool array (N,): resets those alone.
        """
        seeds = self._seeds(seed)
        mask = self._mask(_only_option(options, "reset_mask"))
        if isinstance(seed, (int, np.integer)):
            super().reset(seed=int(seed))
        obs = self._native.reset(seeds, mask)
        infos: dict[str, Any] = {}
        started = np.ones(self.num_envs, np.bool_) if mask is None else mask
        if self._fields:
            add_rows(infos, self._fields, self._native.start_info(), np.zeros(self.num_envs, np.bool_), started)
        return obs, infos

    def step(self, actions: Any) -> tuple[Array, Array, Array, Array, dict[str, Any]]:
        """One step of all: observations (N, O), rewards, terminations, truncations (N,), infos; all new arrays."""
        obs, rewards, terminations, truncations = self._native.step(actions)
        infos: dict[str, Any] = {}
        none = np.zeros(self.num_envs, np.bool_)
        started = none
        if self.autoreset_mode == AutoresetMode.NEXT_STEP:
            started = self._native.was_reset()
        elif self.autoreset_mode == AutoresetMode.SAME_STEP:
            started = terminations | truncations
            if started.any():
                final: dict[str, Any] = {}
                if self._fields:
                    add_rows(final, self._fields, self._native.info(), started, none)
                add_final(infos, self._native.next_obs(), final, started)
        if self._fields:
            values = self._native.info()
            if started.any():
                values[started] = self._native.start_info()[started]
            add_rows(infos, self._fields, values, ~started, started)
        return obs, rewards, terminations, truncations, infos

    def save_state(self) -> bytes:
        """The whole state: simulations and generators."""
        return self._native.save_state()

    def load_state(self, state: bytes) -> None:
        """Goes on from what ``save_state`` of the same environments gave; ``softac.IoError`` for other bytes."""
        self._native.load_state(state)

    def render(self) -> tuple[Array, ...] | None:
        """A picture of each environment, new arrays (height, width, 3) of uint8; None without a render mode."""
        if self.render_mode is None:
            _warn_of_no_mode()
            return None
        return tuple(self._native.render(i, *self._size) for i in range(self.num_envs))

    def close_extras(self, **kwargs: Any) -> None:
        """Frees the simulations."""
        self._native.close()

    def _seeds(self, seed: int | Sequence[int | None] | None) -> list[int | None] | None:
        if seed is None:
            return None
        if isinstance(seed, Sequence) or isinstance(seed, np.ndarray):
            if len(seed) != self.num_envs:
                raise ValueError(f"seed: expected a number or {self.num_envs} of them, found {len(seed)}")
            return list(seed)
        first = operator.index(seed)
        return [first + i for i in range(self.num_envs)]

    def _mask(self, mask: Any) -> Array | None:
        if mask is None:
            return None
        if not isinstance(mask, np.ndarray) or mask.dtype != np.bool_ or mask.shape != (self.num_envs,):
            raise ValueError(f"options['reset_mask']: expected a bool array of shape ({self.num_envs},), not {mask!r}")
        if not mask.any():
            raise ValueError("options['reset_mask']: expected at least one True")
        return mask.copy()


def register_all() -> None:
    """Registers every native environment that Gymnasium does not know yet as ``softac/<id>``."""
    for env in _core.registered_envs():
        name = f"{NAMESPACE}/{env['id']}"
        if name in gymnasium.registry:
            continue
        gymnasium.register(
            id=name,
            entry_point="softac.envs:NativeEnv",
            vector_entry_point="softac.envs:NativeVectorEnv",
            max_episode_steps=env["max_episode_steps"] or None,
            reward_threshold=env["reward_threshold"],
            kwargs={"env_id": env["id"]},
        )


def load_env_plugin(path: str | os.PathLike[str]) -> None:
    """Loads a shared library of environments in C (softac/env_plugin.h) and registers them as ``softac/<id>``.

    Raises ``softac.IoError`` if it cannot be loaded, ``softac.ConfigError`` if its contents do not fit.
    """
    _core.load_env_plugin(os.fspath(path))
    register_all()


def _observation_space(native: _core.Env | _core.VecEnv) -> Box:
    dtype = np.dtype(native.obs_type).type
    return Box(np.array(native.obs_low, dtype), np.array(native.obs_high, dtype), dtype=dtype)


def _action_space(native: _core.Env | _core.VecEnv) -> Space[Any]:
    if native.num_actions > 0:
        return Discrete(native.num_actions)
    return Box(np.array(native.act_low, np.float32), np.array(native.act_high, np.float32), dtype=np.float32)


def _only_option(options: dict[str, Any] | None, name: str) -> Any:
    """The option of that name, or None; ValueError for any other."""
    unknown = sorted(str(key) for key in set(options or ()) - {name})
    if unknown:
        raise ValueError(f"options: {unknown} are unknown; native environments have {name!r}")
    return (options or {}).get(name)


def _render_metadata(native: _core.Env | _core.VecEnv) -> dict[str, Any]:
    """What Gymnasium asks of pictures: none of a task that cannot be drawn, no window without a display."""
    modes = [] if native.why_not_drawn else [mode for mode in RENDER_MODES if mode != "human" or _core.has_display()]
    return {"render_modes": modes, "render_fps": max(1, round(1 / native.step_seconds))}


def _checked_mode(mode: str | None, native: _core.Env | _core.VecEnv) -> str | None:
    if mode is not None and mode not in RENDER_MODES:
        raise ValueError(f"render_mode {mode!r}: must be one of {RENDER_MODES} or None")
    if mode is not None and native.why_not_drawn:
        raise NotImplementedError(native.why_not_drawn)
    return mode


def _checked_size(width: int | None, height: int | None) -> tuple[int, int]:
    if (width is None) != (height is None):
        raise ValueError(f"width {width}, height {height}: give both or none")
    return (0, 0) if width is None or height is None else (operator.index(width), operator.index(height))


def _warn_of_no_mode() -> None:
    gymnasium.logger.warn(
        "render() without a render mode draws nothing; make the environment with render_mode='rgb_array'."
    )


def _find_model_files() -> None:
    """Tells the MuJoCo tasks where the gymnasium package has its model files."""
    assets = os.path.join(os.path.dirname(gymnasium.__file__), "envs", "mujoco", "assets")
    if not _core.model_directory() and os.path.isdir(assets):
        _core.set_model_directory(assets)


_find_model_files()
