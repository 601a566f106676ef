"""Misuse of softac.SAC: `learn` with environments that fail, Ctrl-C, threads, forks, files and copies between."""

from __future__ import annotations

import copy
import gc
import io
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from hostile import Fault, Hostile, require
from misused_agent import check_replay, child_status, in_threads, interrupted
from toy_envs import CountingEnv

import softac
from softac.callbacks import BaseCallback
from softac.vec_env import DummyVecEnv

FAULTS: dict[str, Any] = {
    "raise": None,
    "nan": np.array([np.nan, 0.0], np.float32),
    "inf": np.array([np.inf, 0.0], np.float32),
    "shape": np.zeros(3, np.float32),
    "text": "no observation",
    "none": None,
    "tuple": (np.zeros(2, np.float32),),
}
FAULTY_REWARDS = (float("nan"), float("inf"), 1e300, "1", None, np.zeros(2), [1.0])


class FaultyEnv(CountingEnv):
    """Does what `fault` says in the step when `faulty_in` has come down to 0, once."""

    fault: str = ""
    faulty_in = 0
    reward: Any = None
    closed = False

    def step(self, action: Any) -> Any:
        if self.closed:
            raise RuntimeError("the environment is closed")
        obs, reward, terminated, truncated, info = super().step(action)
        self.faulty_in -= 1
        if self.fault and self.faulty_in <= 0:
            fault, self.fault = self.fault, ""
            if fault == "raise":
                raise KeyError("the environment fails")
            if fault == "reward":
                return obs, self.reward, terminated, truncated, info
            return FAULTS[fault] if fault == "none" else (FAULTS[fault], reward, terminated, truncated, info)
        return obs, reward, terminated, truncated, info

    def close(self) -> None:
        self.closed = True


class Fails(BaseCallback):
    """Raises at its step `at`, in the method `where`."""

    def __init__(self, at: int, where: str) -> None:
        super().__init__()
        self.at, self.where = at, where

    def _raise(self, where: str) -> None:
        if where == self.where and self.n_calls >= self.at:
            raise ZeroDivisionError(where)

    def _on_step(self) -> bool:
        self._raise("step")
        return True

    def _on_rollout_start(self) -> None:
        self._raise("rollout start")

    def _on_rollout_end(self) -> None:
        self._raise("rollout end")


class ModelMisuse:
    """A model on counting environments, in whose rows each number is known."""

    operations_per_round = 4

    def __init__(self, hostile: Hostile, folder: Path) -> None:
        self.hostile = hostile
        self.folder = folder
        self.model: softac.SAC | None = None

    def renew(self) -> None:
        if self.model is not None and self.hostile.chance(0.85):
            return
        h = self.hostile
        self.n = h.one_of(1, 1, 2)
        self.threads = h.one_of(1, 1, 2)
        freq = h.one_of(1, (4, "step"), (1, "episode") if self.n == 1 else 1)
        options = {"train_freq": freq, "gradient_steps": h.one_of(1, -1), "n_steps": h.one_of(1, 3), "seed": 3}
        options |= {"learning_starts": 3, "buffer_size": h.one_of(60, 1000), "batch_size": 8, "threads": self.threads}
        self.model = softac.SAC("MlpPolicy", self._envs(), policy_kwargs={"net_arch": [8]}, **options)

    def drop(self) -> None:
        self.model = None

    def operations(self, threads: bool) -> list[Callable[[], object]]:
        calm = [self.learn, self.ctrl_c, self.failing_env, self.failing_callback, self.stopping_callback]
        calm += [self.closed_env, self.predict, self.files, self.damaged, self.copies, self.pickles]
        calm += [self.parameters, self.set_env]
        return calm + ([self.shared_by_threads, self.fork] if threads else [])

    def check(self) -> None:
        """learn goes on, and each row of the replay is a step that an environment took."""
        model = self._model
        if model.env is None or model.env._closed or any(env.closed for env in model.env.envs):
            model.set_env(self._envs())
        for env in model.env.envs:
            env.fault = ""
        before = model.num_timesteps
        model.learn(8, reset_num_timesteps=False, log_interval=None)
        require(model.num_timesteps >= before + 8 and model._n_updates == model.agent.num_updates)
        check_replay(model.agent)
        self._check_rows()
        rows = model.replay_buffer
        require(rows.size() == len(rows.observations) >= len(rows) / self.n)
        require(model.env.action_space.contains(model.predict(np.zeros(2, np.float32))[0]))

    def _check_rows(self) -> None:
        rows = self._model.replay_buffer.export()
        (episode, step), (next_episode, next_step) = rows["obs"].T, rows["next_obs"].T
        require(np.array_equal(episode, next_episode) and np.array_equal(step + 1, next_step))
        require(np.array_equal(rows["reward"], 10 * episode + next_step))
        require(np.array_equal(rows["terminated"], (next_step == 5) & (episode % 2 == 0)))
        require((rows["truncated"] >= ((next_step == 5) & (episode % 2 == 1))).all())

    @property
    def _model(self) -> softac.SAC:
        assert self.model is not None
        return self.model

    def _envs(self) -> DummyVecEnv:
        return DummyVecEnv([FaultyEnv for _ in range(self.n)])

    # Operations.

    def learn(self) -> None:
        h = self.hostile
        steps = h.one_of(5, 20, 0, -3, 2.5, float("nan"), "x", None)
        callback = h.one_of(None, None, 3, "x", [None], BaseCallback, lambda *_: True)
        self._model.learn(steps, callback, h.one_of(4, None, 1), None, h.chance(0.5))

    def ctrl_c(self) -> None:
        seconds = float(self.hostile.rng.random()) * 0.03
        interrupted(seconds, lambda: self._model.learn(10**9, reset_num_timesteps=self.hostile.chance(0.5)))

    def failing_env(self) -> None:
        env = self._model.env.envs[0]
        env.faulty_in, env.fault = int(self.hostile.rng.integers(12)), self.hostile.one_of(*FAULTS, "reward")
        env.reward = self.hostile.one_of(*FAULTY_REWARDS)
        self._model.learn(20, reset_num_timesteps=False)

    def failing_callback(self) -> None:
        where = self.hostile.one_of("step", "rollout start", "rollout end")
        callback = Fails(int(self.hostile.rng.integers(12)), where)
        self._model.learn(30, callback, reset_num_timesteps=self.hostile.chance(0.5))

    def stopping_callback(self) -> None:
        """The step that a callback says False to is dropped; what goes on from there begins a new episode."""
        stop = int(self.hostile.rng.integers(1, 12))
        self._model.learn(30, Stops(stop), reset_num_timesteps=False)
        self._model._last_obs = None

    def closed_env(self) -> None:
        if self.hostile.chance(0.3):
            self._model.env.close()
        self._model.learn(5, reset_num_timesteps=False)

    def predict(self) -> None:
        h = self.hostile
        self._model.predict(h.array(*h.one_of((2,), (3, 2))), deterministic=h.chance(0.5))
        self._model.predict(h.thing())

    def files(self) -> None:
        """The model goes on as what its file holds."""
        model, file = self._model, io.BytesIO()
        model.save(file, include=["replay_buffer"])
        file.seek(0)
        other = softac.SAC.load(file, env=self._envs(), threads=self.hostile.one_of(1, 2))
        require(other.state_hash() == model.state_hash())
        if self.hostile.chance(0.5):
            self.model, self.threads = other, other.threads
        with open("/dev/full", "wb", buffering=0) as full:  # what is written there does not fit
            try:
                model.save(full)
            except OSError:
                return
        raise Fault("saved on a full disk")

    def damaged(self) -> None:
        """A file with a byte changed or its end cut: refused, or as it was."""
        path = self.folder / "model.zip"
        self._model.save(path, include=self.hostile.one_of([], ["replay_buffer"]))
        data = bytearray(path.read_bytes())
        place = int(self.hostile.rng.integers(len(data)))
        data[place] ^= 1 << int(self.hostile.rng.integers(8))
        path.write_bytes(data[: self.hostile.one_of(place, None)])
        other = softac.SAC.load(path)
        require(other.agent.num_updates == self._model.agent.num_updates)

    def copies(self) -> None:
        other = copy.deepcopy(self._model)
        require(other.state_hash() == self._model.state_hash())
        if self.hostile.chance(0.5):
            self.model = other
            other.set_env(self._envs())
        other = None
        gc.collect()

    def pickles(self) -> None:
        for use in (pickle.dumps, copy.copy):
            try:
                use(self._model)
            except TypeError as error:
                require("save()" in str(error))
            else:
                raise Fault("pickled")

    def parameters(self) -> None:
        h, model = self.hostile, self._model
        given: dict[Any, Any] = model.get_parameters()
        name = h.one_of(*given["policy"])
        given["policy"][name] = h.one_of(h.thing(), given["policy"][name][..., None], given["policy"][name])
        if h.chance(0.3):
            given[h.one_of("other", 3)] = given.pop("optimizer")
        model.set_parameters(h.one_of(given, given, h.thing()), h.chance(0.5))

    def set_env(self) -> None:
        other = DummyVecEnv([CountingEnv for _ in range(3)])
        self._model.set_env(self.hostile.one_of(self._envs(), other, None, self.hostile.thing()))

    def shared_by_threads(self) -> None:
        """Two threads in one model: each learn works or raises; Python's own state is theirs to guard."""
        model = self._model
        obs = np.zeros((4, 2), np.float32)
        calls: list[Callable[[], object]] = [lambda: model.agent.update(2), lambda: model.predict(obs)]
        calls += [model.state_hash, lambda: model.save(io.BytesIO()), lambda: model.replay_buffer.export()]
        if model.agent.num_transitions == 0:
            return

        def work(i: int) -> None:
            for k in range(10):
                try:
                    calls[(i + k) % len(calls)]()
                except RuntimeError as error:
                    require("in use by another thread" in str(error), error)

        before = model.agent.num_updates
        for error in in_threads(3, work):
            raise error
        model._n_updates += model.agent.num_updates - before

    def fork(self) -> None:
        model = self._model

        def child() -> bool:
            if self.threads == 1:
                model.set_env(self._envs())
                model.learn(5)
            else:
                try:
                    model.predict(np.zeros(2, np.float32))
                except RuntimeError as error:
                    require("fork" in str(error))
                else:
                    return False
            self.model = None
            gc.collect()
            return True

        require(child_status(child) == 0)


class Stops(BaseCallback):
    def __init__(self, at: int) -> None:
        super().__init__()
        self.at = at

    def _on_step(self) -> bool:
        return self.n_calls < self.at
