"""Small deterministic environments for the tests of the Python package; they need neither SB3 nor torch."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np


class CountingEnv(gymnasium.Env[np.ndarray, np.ndarray]):
    """Episodes of fixed length whose observations and rewards depend on nothing but their number and the step.

    Observation (2,): [episode, step within it]. Reward: 10 · episode + step. The episodes numbered 1, 3, … are
    truncated at `length` steps, the others terminate there; with `success` they say {"is_success": episode is even} at
    their end. `log`: a list that gets "<name>.reset", with the seed if there is one ("<name>.reset(3)"), and
    "<name>.step".
    """

    metadata: dict[str, Any] = {"render_modes": []}

    def __init__(self, length: int = 5, name: str = "env", log: list[Any] | None = None, success: bool = False) -> None:
        self.observation_space = gymnasium.spaces.Box(-np.inf, np.inf, (2,), np.float32)
        self.action_space = gymnasium.spaces.Box(-2.0, 2.0, (1,), np.float32)
        self.length = length
        self.name = name
        self.log = log
        self.success = success
        self.episode = -1
        self.step_in_episode = 0

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        super().reset(seed=seed)
        self._note("reset" if seed is None else f"reset({seed})")
        self.episode += 1
        self.step_in_episode = 0
        return self._observe(), {}

    def step(self, action: np.ndarray) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        assert self.action_space.contains(np.asarray(action, np.float32)), f"{self.name}: action {action} out of bounds"
        self._note("step")
        self.step_in_episode += 1
        done = self.step_in_episode >= self.length
        truncated = done and self.episode % 2 == 1
        info = {"is_success": self.episode % 2 == 0} if done and self.success else {}
        return self._observe(), float(10 * self.episode + self.step_in_episode), done and not truncated, truncated, info

    def _observe(self) -> np.ndarray:
        return np.array([self.episode, self.step_in_episode], np.float32)

    def _note(self, event: str) -> None:
        if self.log is not None:
            self.log.append(f"{self.name}.{event}")


class FollowEnv(gymnasium.Env[np.ndarray, np.ndarray]):
    """A point moved by the action: observation (1,) x, x ← x + 0.1 a, reward −|x − 1|; truncated after 20 steps."""

    metadata: dict[str, Any] = {"render_modes": []}

    def __init__(self) -> None:
        self.observation_space = gymnasium.spaces.Box(-np.inf, np.inf, (1,), np.float32)
        self.action_space = gymnasium.spaces.Box(-1.0, 1.0, (1,), np.float32)
        self.x = 0.0
        self.steps = 0

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        super().reset(seed=seed)
        self.x = float(self.np_random.uniform(-0.5, 0.5))
        self.steps = 0
        return np.array([self.x], np.float32), {}

    def step(self, action: np.ndarray) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        self.x += 0.1 * float(action[0])
        self.steps += 1
        return np.array([self.x], np.float32), -abs(self.x - 1.0), False, self.steps >= 20, {}
