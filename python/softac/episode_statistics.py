"""Return, length and time of the running episodes of N environments, as SB3's Monitor reports them in infos."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any


class EpisodeStatistics:
    """Sums rewards and counts steps per environment; `finish` makes the dict that stands in infos as "episode"."""

    def __init__(self, num_envs: int) -> None:
        self._started = time.time()
        self._returns = [0.0] * num_envs
        self._lengths = [0] * num_envs

    def restart(self) -> None:
        """Forgets the running episodes of all environments."""
        self._returns = [0.0] * len(self._returns)
        self._lengths = [0] * len(self._lengths)

    def add(self, index: int, reward: float) -> None:
        self._returns[index] += reward
        self._lengths[index] += 1

    def finish(self, index: int, info: dict[str, Any], *, keep: bool = True) -> None:
        """Ends an episode: info["episode"] = {"r": return, "l": steps, "t": seconds since this object was made}.

        With `keep`, what a wrapper inside (Monitor, RecordEpisodeStatistics) has already put there stays, as plain
        numbers.
        """
        given = info.get("episode")
        if keep and isinstance(given, Mapping) and "r" in given and "l" in given:
            info["episode"] = {**given, "r": float(given["r"]), "l": int(given["l"])}
        else:
            info["episode"] = {
                "r": round(self._returns[index], 6),
                "l": self._lengths[index],
                "t": round(time.time() - self._started, 6),
            }
        self._returns[index] = 0.0
        self._lengths[index] = 0
