"""Gymnasium's VectorEnv in its three autoreset modes as a VecEnv."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import gymnasium
import numpy as np
import numpy.typing as npt
from gymnasium.vector import AsyncVectorEnv, AutoresetMode, VectorEnv, VectorWrapper

from softac.base_vec_env import Indices, StepReturn, VecEnv
from softac.dummy_vec_env import is_wrapped
from softac.episode_statistics import EpisodeStatistics
from softac.observation_rows import ObservationRows, all_finite, info_rows, read_flags, read_reset, read_rewards
from softac.sb3_interop import loaded_class
from softac.spaces import Array, Observation

Flags = npt.NDArray[np.bool_]


class VectorEnvAdapter(VecEnv):
    """A `gymnasium.vector.VectorEnv` as a VecEnv. `autoreset_mode` is Gymnasium's, from the environment's metadata:

    - NEXT_STEP: where an episode ended, the observation is its last one. The next step of that environment only resets
      it: the action is ignored, and `valid` is False in its row.
    - SAME_STEP: the last observation and info come from `final_obs` and `final_info`.
    - DISABLED: environments whose episode ended are reset in the same step, by reset(options={"reset_mask": ...}).

    ValueError: metadata without "autoreset_mode".
    """

    def __init__(self, env: VectorEnv[Any, Any, Any]) -> None:
        self.env = env
        self.autoreset_mode = _autoreset_mode(env)
        self._rows = ObservationRows(env.single_observation_space)
        super().__init__(
            env.num_envs,
            env.single_observation_space,
            env.single_action_space,
            env.render_mode,
            dict(env.metadata or {}),
        )
        self._statistics = EpisodeStatistics(self.num_envs)
        self._trust_episode = not _loses_count(env, self.autoreset_mode)
        self._pending: Flags = np.zeros(self.num_envs, dtype=np.bool_)  # NEXT_STEP: rows that the next step only resets
        self._reset_calls = [f"Environment {i} of the vector: reset()" for i in range(self.num_envs)]
        self._step_calls = [f"Environment {i} of the vector: step()" for i in range(self.num_envs)]
        finish: dict[AutoresetMode, Callable[[_Step], None]] = {
            AutoresetMode.NEXT_STEP: self._finish_next_step,
            AutoresetMode.SAME_STEP: self._finish_same_step,
            AutoresetMode.DISABLED: self._finish_disabled,
        }
        self._finish = finish[self.autoreset_mode]

    def set_options(self, options: list[dict[str, Any]] | dict[str, Any] | None = None) -> None:
        """Options of the next reset: one dict, as a VectorEnv takes it. NotImplementedError: a list of several."""
        if isinstance(options, list) and len(options) > 1:
            raise NotImplementedError(
                "A gymnasium.vector.VectorEnv takes one dict of options for all environments, not one each."
            )
        super().set_options(options)
        if "reset_mask" in self._options[0]:
            self._options = [{} for _ in range(self.num_envs)]
            raise ValueError("options['reset_mask'] is softac's own: its reset() resets all environments.")

    def _reset(self, seeds: list[int | None], options: list[dict[str, Any]]) -> Observation:
        given = {"options": options[0]} if options[0] else {}
        batch, infos = self._call_reset({"seed": seeds[0], **given})
        self._rows.check_finite(batch, self._reset_calls)
        self.reset_infos = info_rows(infos, self.num_envs)
        self._statistics.restart()
        if not _forgets_reset(self.env, self.autoreset_mode):
            self._pending = np.zeros(self.num_envs, dtype=np.bool_)
        return batch

    def _step(self, actions: Array) -> StepReturn:
        step = self._call_step(actions)
        self._finish(step)
        self._rows.check_finite(step.obs, step.sources)
        return step.obs, step.rewards.astype(np.float32), step.dones, step.infos

    def _call_reset(self, arguments: dict[str, Any]) -> tuple[Observation, Mapping[str, Any]]:
        where = "The vector environment: reset()"
        obs, infos = read_reset(self.env.reset(**arguments), where)
        return self._rows.copy_of(obs, self.num_envs, where), infos

    def _call_step(self, actions: Array) -> _Step:
        where = "The vector environment: step()"
        returned = self.env.step(actions)
        if not (isinstance(returned, tuple) and len(returned) == 5):
            raise TypeError(f"{where} must return (observations, rewards, terminations, truncations, infos).")
        obs, rewards, terminations, truncations, infos = returned
        step = _Step(
            obs=self._rows.copy_of(obs, self.num_envs, where),
            rewards=read_rewards(rewards, self.num_envs, where),
            terminated=read_flags(terminations, self.num_envs, "terminations", where),
            truncated=read_flags(truncations, self.num_envs, "truncations", where),
            infos=info_rows(infos, self.num_envs),
            sources=list(self._step_calls),
        )
        step.rewards[self._pending] = 0.0
        step.reward_list = step.rewards.tolist()
        if not all_finite(step.rewards):
            bad = next(i for i in range(self.num_envs) if not all_finite(step.rewards[i : i + 1]))
            raise ValueError(
                f"{self._step_calls[bad]} returned the reward {step.rewards[bad]!r}, not finite as float32."
            )
        return step

    # The end of a step in each mode: terminal observations, infos, statistics, and observations to act on next.

    def _finish_next_step(self, step: _Step) -> None:
        for i in _places(self._pending):
            if step.dones[i]:
                raise ValueError(
                    f"{self._step_calls[i]} reported the end of an episode in a step that should only reset it "
                    "(metadata['autoreset_mode'] is NEXT_STEP)."
                )
            self.reset_infos[i], step.infos[i] = step.infos[i], {"TimeLimit.truncated": False}
            step.sources[i] = self._reset_calls[i]
        self.valid = ~self._pending
        for i in _places(self.valid):
            self._count(step, i)
            if step.dones[i]:
                self._end_episode(step, i, self._rows.row(step.obs, i))
        self._pending = step.dones.copy()

    def _finish_same_step(self, step: _Step) -> None:
        for i in range(self.num_envs):
            if not step.dones[i]:
                self._count(step, i)
                continue
            last, info, self.reset_infos[i] = self._final(step.infos[i], i)
            step.infos[i] = info
            step.sources[i] = self._reset_calls[i]
            self._count(step, i)
            self._end_episode(step, i, last)

    def _finish_disabled(self, step: _Step) -> None:
        for i in range(self.num_envs):
            self._count(step, i)
        if not step.dones.any():
            return
        self._rows.check_finite(step.obs, self._step_calls)
        first, infos = self._call_reset({"options": {"reset_mask": step.dones.copy()}})
        reset_infos = info_rows(infos, self.num_envs)
        for i in _places(step.dones):
            self._end_episode(step, i, self._rows.row(step.obs, i))
            self._rows.put(step.obs, i, self._rows.row(first, i), self._reset_calls[i])
            self.reset_infos[i] = reset_infos[i]
            step.sources[i] = self._reset_calls[i]

    def _count(self, step: _Step, i: int) -> None:
        self._statistics.add(i, step.reward_list[i])
        step.infos[i]["TimeLimit.truncated"] = step.cut_short[i]

    def _end_episode(self, step: _Step, i: int, last: Observation) -> None:
        step.infos[i]["terminal_observation"] = last
        self._statistics.finish(i, step.infos[i], keep=self._trust_episode)

    def _final(self, info: dict[str, Any], i: int) -> tuple[Observation, dict[str, Any], dict[str, Any]]:
        """SAME_STEP: last observation and info of the ended episode, and the info of the new one."""
        if info.get("final_obs") is None:
            raise ValueError(
                f"{self._step_calls[i]} ended an episode without infos['final_obs'], which Gymnasium promises for "
                "metadata['autoreset_mode'] = SAME_STEP (since its version 1.1)."
            )
        final_info = info.get("final_info")
        own = dict(final_info) if isinstance(final_info, Mapping) else {}
        if "episode" in info:
            own["episode"] = info["episode"]  # vector wrappers write it beside final_info
        rest = {key: value for key, value in info.items() if key not in ("final_obs", "final_info", "episode")}
        return self._rows.single(info["final_obs"], self._step_calls[i]), own, rest

    def _check_open(self) -> None:
        super()._check_open()
        if getattr(self.env, "closed", False):
            raise RuntimeError("The vector environment is closed: make a new one (and pass it to set_env).")

    def _close(self) -> None:
        self.env.close()

    # Attributes and methods.

    def get_attr(self, attr_name: str, indices: Indices = None) -> list[Any]:
        chosen = self._indices(indices)
        base = self.env.unwrapped
        envs = _environments(base)
        if envs is not None:
            return [envs[i].get_wrapper_attr(attr_name) for i in chosen]
        if isinstance(base, AsyncVectorEnv):
            if not all(base.call("has_wrapper_attr", attr_name)):  # a failed look-up would end the worker
                raise AttributeError(f"The environments have no attribute {attr_name!r}.")
            values = base.call("get_wrapper_attr", attr_name)
            return [values[i] for i in chosen]
        return [getattr(self.env, attr_name)] * len(chosen)

    def set_attr(self, attr_name: str, value: Any, indices: Indices = None) -> None:
        chosen = self._indices(indices)
        base = self.env.unwrapped
        envs = _environments(base)
        if envs is not None:
            for i in chosen:
                envs[i].set_wrapper_attr(attr_name, value)
        elif isinstance(base, AsyncVectorEnv):
            values = [value] * self.num_envs if len(set(chosen)) == self.num_envs else self.get_attr(attr_name)
            for i in chosen:
                values[i] = value
            base.set_attr(attr_name, values)
        else:
            raise NotImplementedError(
                f"set_attr: {type(base).__name__} has no environments of its own to set {attr_name!r} in."
            )

    def env_method(
        self, method_name: str, *method_args: Any, indices: Indices = None, **method_kwargs: Any
    ) -> list[Any]:
        chosen = self._indices(indices)
        base = self.env.unwrapped
        envs = _environments(base)
        if envs is not None:
            return [envs[i].get_wrapper_attr(method_name)(*method_args, **method_kwargs) for i in chosen]
        if method_name == "render" and chosen == list(range(self.num_envs)):
            return list(self.env.render() or ())
        if not isinstance(base, AsyncVectorEnv):
            raise NotImplementedError(
                f"env_method: {type(base).__name__} has no environments of its own to call {method_name!r} of."
            )
        if chosen != list(range(self.num_envs)):
            raise NotImplementedError(
                "env_method: an AsyncVectorEnv calls a method of all environments, not of some (indices)."
            )
        if not all(base.call("has_wrapper_attr", method_name)):
            raise AttributeError(f"The environments have no method {method_name!r}.")
        return list(base.call(method_name, *method_args, **method_kwargs))

    def env_is_wrapped(self, wrapper_class: type[Any], indices: Indices = None) -> list[bool]:
        chosen = self._indices(indices)
        if wrapper_class is loaded_class("common.monitor", "Monitor"):
            return [True] * len(chosen)
        base = self.env.unwrapped
        envs = _environments(base)
        if envs is not None:
            return [is_wrapped(envs[i], wrapper_class) for i in chosen]
        if isinstance(base, AsyncVectorEnv):
            raise NotImplementedError("env_is_wrapped: the environments of an AsyncVectorEnv are in other processes.")
        return [False] * len(chosen)

    def get_images(self) -> Sequence[Array | None]:
        if self.render_mode != "rgb_array":
            warnings.warn(f"get_images() needs render_mode='rgb_array', not {self.render_mode!r}.", stacklevel=2)
            return [None] * self.num_envs
        return [np.asarray(image) for image in self.env.render() or ()]


class _Step:
    """What one vector step returned, copied; `sources` names the call that each row's observation comes from."""

    def __init__(
        self,
        obs: Observation,
        rewards: npt.NDArray[np.float64],
        terminated: Flags,
        truncated: Flags,
        infos: list[dict[str, Any]],
        sources: list[str],
    ) -> None:
        self.obs = obs
        self.rewards = rewards
        self.terminated = terminated
        self.truncated = truncated
        self.dones: Flags = terminated | truncated
        self.cut_short: list[bool] = (truncated & ~terminated).tolist()
        self.infos = infos
        self.sources = sources
        self.reward_list: list[float] = []


def _places(flags: Flags) -> list[int]:
    return [int(i) for i in np.flatnonzero(flags)]


def _autoreset_mode(env: VectorEnv[Any, Any, Any]) -> AutoresetMode:
    given = (env.metadata or {}).get("autoreset_mode")
    try:
        return given if isinstance(given, AutoresetMode) else AutoresetMode(given)
    except ValueError:
        raise ValueError(
            f"{env}: metadata['autoreset_mode'] is {given!r}, so that it is not known where its episodes begin: set it "
            "to gymnasium.vector.AutoresetMode.NEXT_STEP, SAME_STEP or DISABLED."
        ) from None


def _environments(base: VectorEnv[Any, Any, Any]) -> list[gymnasium.Env[Any, Any]] | None:
    envs = getattr(base, "envs", None)
    is_list = isinstance(envs, (list, tuple)) and all(isinstance(env, gymnasium.Env) for env in envs)
    return list(envs) if envs is not None and is_list else None


def _forgets_reset(env: VectorEnv[Any, Any, Any], mode: AutoresetMode) -> bool:
    """Gymnasium 1.4: workers of an AsyncVectorEnv without shared memory reset again in the step after an explicit reset
    that followed an episode's end.
    """
    base = env.unwrapped
    return mode is AutoresetMode.NEXT_STEP and isinstance(base, AsyncVectorEnv) and not base.shared_memory


def _loses_count(env: VectorEnv[Any, Any, Any], mode: AutoresetMode) -> bool:
    """Gymnasium 1.4: the vector wrapper RecordEpisodeStatistics takes a reset with a mask for a reset of all."""
    while isinstance(env, VectorWrapper):
        if mode is AutoresetMode.DISABLED and isinstance(env, gymnasium.wrappers.vector.RecordEpisodeStatistics):
            return True
        env = env.env
    return False
