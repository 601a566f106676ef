"""A toy environment, and recorders of the rows (s, a, r, s', terminated, truncated) that a learner would store from
it.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from gymnasium.vector import AutoresetMode, VectorEnv

from softac.vec_env import VecEnv

ACTIONS = spaces.Box(np.array([-2.0, 0.5], np.float32), np.array([1.0, 3.0], np.float32))


class ToyEnv(gymnasium.Env):
    """A walk with noise. Episodes terminate above a bound and are truncated at a length, sometimes both in one step.

    `form`: how observations look ("box", "dict", "discrete"). `reuse`: one array is returned again and again.
    """

    metadata = {"render_modes": ["rgb_array"], "render_fps": 10}

    def __init__(self, form: str = "box", limit: int = 7, reuse: bool = False, render_mode: str | None = None) -> None:
        self.render_mode = render_mode
        self.form = form
        self.limit = limit
        self.reuse = reuse
        self.action_space = ACTIONS
        self.step_offset = 0.0
        box = spaces.Box(-np.inf, np.inf, (3,), np.float32)
        self.observation_space: spaces.Space = box
        if form == "dict":
            self.observation_space = spaces.Dict(OrderedDict(walk=box, at=spaces.Discrete(50, start=-1)))
        elif form == "discrete":
            self.observation_space = spaces.Discrete(50, start=-1)
        self._walk = np.zeros(3, np.float32)
        self.options: dict[str, Any] | None = None

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None):
        super().reset(seed=seed)
        self.options = options
        self.at = 0
        self._walk[:] = self.np_random.normal(size=3)
        return self._observe(), {"first": float(self._walk[0])}

    def step(self, action):
        assert np.shape(action) == (2,)
        self.at += 1
        self._walk += np.array([0.3 * action[0], 0.2 * action[1], self.np_random.normal()], np.float32)
        reward = float(self._walk[0] + action[1] + self.step_offset)
        terminated = bool(self._walk[1] > 2.5)
        truncated = self.at >= self.limit
        return self._observe(), reward, terminated, truncated, {"at": self.at, "walk": self._walk.copy()}

    def render(self):
        return np.full((2, 3, 3), self.at, np.uint8)

    def _observe(self):
        walk = self._walk if self.reuse else self._walk.copy()
        if self.form == "dict":
            return {"walk": walk, "at": self.at}
        return self.at if self.form == "discrete" else walk


def toy_fns(count: int, **options: Any) -> list:
    return [lambda: ToyEnv(**options) for _ in range(count)]


class BufferedVectorEnv(VectorEnv):
    """Toy environments in a vector that writes every result into the same arrays, in any autoreset mode.

    `final`: the form of final_obs: "object" (an array of objects with mask), "batched" (one array or dict of arrays).
    """

    def __init__(self, count: int, mode: AutoresetMode, final: str = "object", **options: Any) -> None:
        self.metadata = {"autoreset_mode": mode}
        self.num_envs = count
        self.mode, self.final = mode, final
        self.toys = [ToyEnv(**options) for _ in range(count)]
        self.single_observation_space = self.toys[0].observation_space
        self.single_action_space = self.toys[0].action_space
        self.observation_space = gymnasium.vector.utils.batch_space(self.single_observation_space, count)
        self.action_space = gymnasium.vector.utils.batch_space(self.single_action_space, count)
        self.obs = gymnasium.vector.utils.create_empty_array(self.single_observation_space, count)
        self.last = gymnasium.vector.utils.create_empty_array(self.single_observation_space, count)
        self.rewards = np.zeros(count)
        self.infos = {"walk": np.zeros((count, 3), np.float32), "_walk": np.ones(count, bool)}
        self.terminated, self.truncated = np.zeros(count, bool), np.zeros(count, bool)

    def reset(self, *, seed=None, options=None):
        mask = (options or {}).get("reset_mask", np.ones(self.num_envs, bool))
        for i, toy in enumerate(self.toys):
            if mask[i]:
                self._put(self.obs, i, toy.reset(seed=None if seed is None else seed + i)[0])
            elif self.mode is AutoresetMode.DISABLED:
                self._put(self.obs, i, {"walk": [9, 9, 9], "at": 9} if isinstance(self.obs, dict) else 9)
        self.terminated[:], self.truncated[:] = False, False
        return self.obs, {}

    def step(self, actions):
        infos: dict[str, Any] = dict(self.infos)
        done_before = self.terminated | self.truncated
        finals = np.full(self.num_envs, None, dtype=object)
        for i, toy in enumerate(self.toys):
            if self.mode is AutoresetMode.NEXT_STEP and done_before[i]:
                self._put(self.obs, i, toy.reset()[0])
                self.rewards[i], self.terminated[i], self.truncated[i] = np.nan, False, False
                continue
            obs, self.rewards[i], self.terminated[i], self.truncated[i], info = toy.step(actions[i])
            self.infos["walk"][i] = info["walk"]
            if self.mode is AutoresetMode.SAME_STEP and (self.terminated[i] or self.truncated[i]):
                finals[i] = obs
                self._put(self.last, i, obs)
                obs = toy.reset()[0]
            self._put(self.obs, i, obs)
        done = self.terminated | self.truncated
        if self.mode is AutoresetMode.SAME_STEP and done.any():
            infos |= {"final_obs": finals if self.final == "object" else self.last, "_final_obs": done}
        return self.obs, self.rewards, self.terminated, self.truncated, infos

    @staticmethod
    def _put(batch, row, obs):
        if isinstance(batch, dict):
            for key, values in batch.items():
                values[row] = obs[key]
        else:
            batch[row] = obs


def act(obs: Any) -> np.ndarray:
    """A fixed function of one environment's observation, so that each stream goes the same way in every vector."""
    if isinstance(obs, dict):
        number = float(np.sum(obs["walk"])) + float(obs["at"])
    else:
        number = float(np.sum(obs))
    unit = np.array([np.sin(3.0 * number), np.cos(5.0 * number)])
    return (ACTIONS.low + (unit + 1.0) / 2.0 * (ACTIONS.high - ACTIONS.low)).astype(np.float32)


def row_of(batch: Any, i: int) -> Any:
    if isinstance(batch, dict):
        return {key: np.array(values[i]) for key, values in batch.items()}
    return np.array(batch[i])


def flat(obs: Any) -> tuple[float, ...]:
    values = [obs["walk"], obs["at"]] if isinstance(obs, dict) else [obs]
    return tuple(float(x) for value in values for x in np.ravel(value))


def reference_rows(seed: int, streams: int, rows: int, **options: Any) -> list[list[tuple]]:
    """The rows of each stream, by Gymnasium's own interface."""
    found = []
    for i in range(streams):
        env, own = ToyEnv(**options), []
        obs, _ = env.reset(seed=seed + i)
        while len(own) < rows:
            before, action = flat(obs), act(obs)
            obs, reward, terminated, truncated, _ = env.step(action)
            own.append(
                (
                    before,
                    tuple(action.tolist()),
                    np.float32(reward),
                    flat(obs),
                    terminated,
                    truncated and not terminated,
                )
            )
            if terminated or truncated:
                obs, _ = env.reset()
        found.append(own)
    return found


def recorded_rows(env: Any, rows: int, after_step: Any = None) -> list[list[tuple]]:
    """The rows of each stream as SB3's `learn` stores them from a VecEnv; rows that are not valid are left out."""
    found: list[list[tuple]] = [[] for _ in range(env.num_envs)]
    obs = env.reset()
    while min(len(own) for own in found) < rows:
        actions = np.stack([act(row_of(obs, i)) for i in range(env.num_envs)])
        new_obs, rewards, dones, infos = env.step(actions)
        valid = getattr(env, "valid", np.ones(env.num_envs, bool))
        if isinstance(env, VecEnv):  # SB3's SubprocVecEnv returns float64 rewards
            assert rewards.dtype == np.float32 and dones.dtype == bool and len(infos) == env.num_envs
        for i in range(env.num_envs):
            if not valid[i]:
                continue
            last = infos[i]["terminal_observation"] if dones[i] else row_of(new_obs, i)
            cut = bool(dones[i] and infos[i]["TimeLimit.truncated"])
            own = (
                flat(row_of(obs, i)),
                tuple(actions[i].tolist()),
                rewards[i],
                flat(last),
                bool(dones[i]) and not cut,
                cut,
            )
            found[i].append(own)
        if after_step is not None:
            after_step(new_obs, rewards, dones, infos)
        obs = new_obs
    return [own[:rows] for own in found]
