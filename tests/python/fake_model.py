"""A model and vectorised environments as callbacks and evaluate_policy see them, without a learner behind them."""

from __future__ import annotations

import os
import types
from collections.abc import Sequence
from typing import Any

import numpy as np


class FakeVecEnv:
    """N gymnasium environments one after another, with episode statistics and SB3's VecEnv methods as far as needed
    here.
    """

    def __init__(self, envs: Sequence[Any], statistics: bool = True) -> None:
        self.envs = list(envs)
        self.num_envs = len(self.envs)
        self.statistics = statistics
        self.observation_space = self.envs[0].observation_space
        self.action_space = self.envs[0].action_space
        self.valid = np.ones(self.num_envs, dtype=bool)
        self.renders = 0
        self._returns = np.zeros(self.num_envs)
        self._lengths = np.zeros(self.num_envs, dtype=int)

    def reset(self) -> np.ndarray:
        self._returns[:], self._lengths[:] = 0.0, 0
        return np.stack([env.reset()[0] for env in self.envs])

    def step(self, actions: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[dict[str, Any]]]:
        results = [self._step_one(i, actions[i]) for i in range(self.num_envs)]
        observations, rewards, dones, infos = zip(*results, strict=True)
        return np.stack(observations), np.array(rewards, np.float32), np.array(dones), list(infos)

    def env_is_wrapped(self, wrapper_class: type, indices: Any = None) -> list[bool]:
        return [False] * self.num_envs

    def render(self) -> None:
        self.renders += 1

    def _step_one(self, i: int, action: np.ndarray) -> tuple[np.ndarray, float, bool, dict[str, Any]]:
        observation, reward, terminated, truncated, info = self.envs[i].step(action)
        self._returns[i] += reward
        self._lengths[i] += 1
        done = terminated or truncated
        if done:
            info["terminal_observation"] = observation
            if self.statistics:
                info["episode"] = {"r": float(self._returns[i]), "l": int(self._lengths[i]), "t": 0.0}
            self._returns[i], self._lengths[i] = 0.0, 0
            observation, _ = self.envs[i].reset()
        return observation, reward, done, info


class PlainVecEnv(FakeVecEnv):
    """The same, but not one of those that `fake_vec_env_module` calls softac's."""


class Statistics:
    """Running mean and variance, as SB3's VecNormalize keeps them."""

    def __init__(self, mean: float) -> None:
        self.mean = mean


class FakeNormalize:
    """A wrapper with the attributes of SB3's VecNormalize: unknown names are handed on to what it wraps."""

    def __init__(self, venv: Any, mean: float = 0.0) -> None:
        self.venv = venv
        self.obs_rms = Statistics(mean)
        self.ret_rms = Statistics(-mean)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__dict__["venv"], name)

    def save(self, path: str) -> None:
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"{self.obs_rms.mean}")


def fake_vec_env_module() -> types.ModuleType:
    """Stands for softac.vec_env: gymnasium environments become a FakeVecEnv, which counts as softac's."""

    class VecEnv:
        pass

    class SoftacVecEnv(FakeVecEnv, VecEnv):
        pass

    def as_vec_env(env: Any) -> Any:
        return env if hasattr(env, "num_envs") else SoftacVecEnv([env])

    module = types.ModuleType("softac.vec_env")
    module.__dict__.update(VecEnv=VecEnv, SoftacVecEnv=SoftacVecEnv, as_vec_env=as_vec_env)
    return module


class FakeModel:
    """What callbacks read of a model: counters, environment, logger, predict, save; `learn` calls as SB3's."""

    def __init__(self, env: Any, logger: Any = None, normalised: Any = None) -> None:
        self.env = env
        self.logger = logger
        self.num_timesteps = 0
        self.replay_buffer: Any = object()
        self.action = 0.5
        self.saved: list[str] = []
        self.dumps: list[int] = []
        self._normalised = normalised

    def get_env(self) -> Any:
        return self.env

    def get_vec_normalize_env(self) -> Any:
        return self._normalised

    def predict(
        self, observation: np.ndarray, state: Any = None, episode_start: Any = None, deterministic: bool = False
    ) -> tuple[np.ndarray, Any]:
        return np.full((len(observation), 1), self.action, np.float32), state

    def save(self, path: str) -> None:
        path = path if path.endswith(".zip") else path + ".zip"
        self.saved.append(os.path.basename(path))
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"{self.num_timesteps}")

    def save_replay_buffer(self, path: str) -> None:
        self.saved.append(os.path.basename(path))

    def dump_logs(self) -> None:
        self.dumps.append(self.num_timesteps)

    def learn(self, total_timesteps: int, callback: Any, reset_num_timesteps: bool = True) -> int:
        """Episodes of 4 steps in rollouts of 2; returns the number of steps that were stored."""
        if reset_num_timesteps:
            self.num_timesteps = 0
        else:
            total_timesteps += self.num_timesteps
        callback.init_callback(self)
        callback.on_training_start(locals(), globals())
        stored = 0
        go_on = True
        while go_on and self.num_timesteps < total_timesteps:
            callback.on_rollout_start()
            for _ in range(2):
                self.num_timesteps += int(self.env.num_envs)
                dones = np.full(self.env.num_envs, self.num_timesteps // self.env.num_envs % 4 == 0)
                callback.update_locals({"dones": dones, "infos": [{} for _ in dones]})
                go_on = callback.on_step()
                if not go_on:
                    break
                stored += 1
            else:
                callback.on_rollout_end()
        callback.on_training_end()
        return stored
