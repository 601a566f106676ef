"""The model's replay, with Stable-Baselines3's names."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from softac import _core

Array = npt.NDArray[Any]


class ReplaySamples(NamedTuple):
    """Rows as an update reads them: observations flattened and actions in [-1, 1], float32."""

    observations: Array  # (n, O)
    actions: Array  # (n, A)
    next_observations: Array  # (n, O) after the last reward of the row
    dones: Array  # (n, 1) 1 where the task ended
    rewards: Array  # (n, 1) n-step sum of discounted rewards
    discounts: Array  # (n, 1) of the value at next_observations, 1 − dones included


class ReplayBuffer:
    """What a model keeps in its agent: each environment has its share of buffer_size, its oldest transition goes first.

    pos counts rows of all environments together, as in SB3; the agent itself counts transitions.
    """

    def __init__(self, agent: _core.Agent, buffer_size: int) -> None:
        self._agent = agent
        self.n_envs = agent.num_envs
        self.buffer_size = max(buffer_size // self.n_envs, 1)
        self.rows = 0  # vector steps stored since it was empty
        self.handle_timeout_termination = True

    @property
    def pos(self) -> int:
        return self.rows % self.buffer_size

    @property
    def full(self) -> bool:
        return self.rows >= self.buffer_size

    def size(self) -> int:
        """Rows of all environments that are there."""
        return min(self.rows, self.buffer_size)

    def __len__(self) -> int:
        return self._agent.num_transitions

    def reset(self) -> None:
        self._agent.replay.clear()
        self.rows = 0

    def sample(self, batch_size: int, env: Any = None) -> ReplaySamples:
        """batch_size rows drawn uniformly, without a change to training. env: ignored; statistics of a VecNormalize are
        those of the last update."""
        del env
        rows = self._agent.replay.sample(batch_size)
        dones = (rows["discount"] == 0).astype(np.float32)
        columns = (x.reshape(-1, 1) for x in (dones, rows["reward"], rows["discount"]))
        return ReplaySamples(rows["obs"], rows["action"], rows["next_obs"], *columns)

    # SB3's arrays: rows by their places, copies made when they are asked for.

    @property
    def observations(self) -> Array:
        """(rows, n_envs, O) float32, flattened."""
        return self._placed("obs")

    @property
    def next_observations(self) -> Array:
        """(rows, n_envs, O) float32, flattened."""
        return self._placed("next_obs")

    @property
    def actions(self) -> Array:
        """(rows, n_envs, A) float32 in [-1, 1]."""
        return self._placed("action")

    @property
    def rewards(self) -> Array:
        """(rows, n_envs) float32."""
        return self._placed("reward")

    @property
    def dones(self) -> Array:
        """(rows, n_envs) float32, 1 where an episode ended."""
        return np.maximum(self._placed("terminated"), self._placed("truncated"))

    @property
    def timeouts(self) -> Array:
        """(rows, n_envs) float32, 1 where it was cut off."""
        return self._placed("truncated")

    def _placed(self, name: str) -> Array:
        stored = self._agent.replay.export()
        values = stored[name]
        out = np.zeros((self.size(), self.n_envs, *values.shape[1:]), np.float32)
        for env in range(self.n_envs):
            rows = values[stored["env"] == env]
            places = np.arange(self.rows - len(rows), self.rows) % self.buffer_size
            out[places, env] = rows
        return out

    def export(self) -> dict[str, Array]:
        """All transitions as arrays (Replay.export)."""
        return self._agent.replay.export()

    def count_rows(self) -> None:
        """After the contents came from elsewhere."""
        self.rows = -(-self._agent.num_transitions // self.n_envs)

    def repair_rows(self) -> None:
        """After a step that was interrupted between storing and counting."""
        self.rows = max(self.rows, -(-self._agent.num_transitions // self.n_envs))
