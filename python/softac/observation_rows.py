"""What environments return, checked and copied: observations in rows, rewards, flags and infos.

Every error names the environment's place in its vector and the call, and says what is expected. Nothing that an
environment returned is kept: environments may reuse their arrays.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from gymnasium import spaces

from softac.spaces import Array, Observation, check_observation_space

_LARGEST = float(np.finfo(np.float32).max)  # the agent computes in float32: what does not fit is not finite there


def all_finite(values: Array) -> bool:
    """True if all values are finite as float32."""
    if values.dtype.kind != "f" or values.size == 0:
        return True
    if values.dtype.itemsize <= 4:
        return bool(np.isfinite(values).all())
    return bool(np.abs(values).max() <= _LARGEST)


class ObservationRows:
    """Reads observations of one space: single ones into rows of a batch, and whole batches.

    A batch is an array (N, *shape) in the space's dtype, for a Dict space a dict of such arrays.
    """

    def __init__(self, space: spaces.Space[Any]) -> None:
        check_observation_space(space)
        self._is_dict = isinstance(space, spaces.Dict)
        entries = space.spaces if isinstance(space, spaces.Dict) else {None: space}
        self._fields: list[tuple[Any, tuple[int, ...], np.dtype[Any]]] = [
            (key, tuple(entry.shape or ()), np.dtype(entry.dtype)) for key, entry in entries.items()
        ]

    def empty(self, count: int) -> Observation:
        """A batch of `count` rows, not filled."""
        arrays = {key: np.empty((count, *shape), dtype) for key, shape, dtype in self._fields}
        return arrays if self._is_dict else arrays[None]

    def put(self, batch: Observation, row: int, obs: object, where: str) -> None:
        """Copies one observation into a row. It need not be finite yet: see `check_finite`."""
        for (key, shape, dtype), value in zip(self._fields, self._entries(obs, where)):
            _entry(batch, key)[row] = _numbers(value, shape, dtype, where, key)

    def single(self, obs: object, where: str) -> Observation:
        """A copy of one observation, checked (for Discrete a NumPy integer)."""
        batch = self.empty(1)
        self.put(batch, 0, obs, where)
        self.check_finite(batch, [where])
        return self.row(batch, 0)

    def row(self, batch: Observation, row: int) -> Observation:
        """A copy of one row of a batch."""
        if isinstance(batch, dict):
            return {key: values[row].copy() for key, values in batch.items()}
        return batch[row].copy()  # type: ignore[no-any-return]

    def copy_of(self, obs: object, count: int, where: str) -> Observation:
        """A copy of a batch that an environment returned; shapes, keys and dtypes checked."""
        batch = self.empty(count)
        for (key, shape, dtype), value in zip(self._fields, self._entries(obs, where)):
            _entry(batch, key)[...] = _numbers(value, (count, *shape), dtype, where, key)
        return batch

    def check_finite(self, batch: Observation, where: list[str]) -> None:
        """ValueError if a number is NaN or infinite as float32; `where` names each row's origin."""
        for key, values in batch.items() if isinstance(batch, dict) else [(None, batch)]:
            if all_finite(values):
                continue
            row = next(i for i in range(len(values)) if not all_finite(values[i : i + 1]))
            raise ValueError(
                f"{where[row]} returned an observation{_of(key)} that is not finite as float32: {values[row]!r}. Mend "
                "the environment, or clip what it observes."
            )

    def _entries(self, obs: object, where: str) -> list[object]:
        if not self._is_dict:
            if isinstance(obs, Mapping):
                raise TypeError(f"{where} returned a dict as observation, but the observation space is not a Dict.")
            return [obs]
        keys = [key for key, _, _ in self._fields]
        if not isinstance(obs, Mapping):
            raise TypeError(
                f"{where} returned an observation of type {type(obs).__name__}, but its space is a Dict of {keys}."
            )
        if set(obs) != set(keys):
            raise ValueError(f"{where} returned an observation with the keys {list(obs)}, but its space has {keys}.")
        return [obs[key] for key in keys]


def _entry(batch: Observation, key: Any) -> Array:
    return batch[key] if isinstance(batch, dict) else batch


def _of(key: object) -> str:
    return "" if key is None else f" of {key!r}"


def _numbers(value: object, shape: tuple[int, ...], dtype: np.dtype[Any], where: str, key: object) -> Array:
    array = np.asarray(value)
    if array.shape != shape:
        raise ValueError(
            f"{where} returned an observation{_of(key)} of shape {array.shape}, but its space has {shape}."
        )
    if array.dtype == dtype:
        return array
    if array.dtype.kind not in "fiub":
        raise TypeError(f"{where} returned an observation{_of(key)} of dtype {array.dtype}, but its space has {dtype}.")
    if dtype.kind in "iub":
        with np.errstate(invalid="ignore"):
            whole = array.astype(dtype)
        if not np.array_equal(whole, array):
            raise ValueError(
                f"{where} returned an observation{_of(key)} with values that {dtype} does not hold: {array!r}."
            )
        return whole
    return array


def read_reset(returned: object, where: str) -> tuple[Any, dict[str, Any]]:
    """The (observation, info) of a call of reset(). TypeError for anything else."""
    if not (isinstance(returned, tuple) and len(returned) == 2 and isinstance(returned[1], Mapping)):
        raise TypeError(
            f"{where} returned {_describe(returned)}, but Gymnasium's reset() returns a tuple (observation, info) with "
            "a dict as info. An environment of the old Gym needs a wrapper (package shimmy)."
        )
    return returned[0], dict(returned[1])


def read_step(returned: object, where: str) -> tuple[Any, float, bool, bool, dict[str, Any]]:
    """The (observation, reward, terminated, truncated, info) of a call of step(). TypeError or ValueError for anything
    else.
    """
    if not (isinstance(returned, tuple) and len(returned) == 5):
        raise TypeError(
            f"{where} returned {_describe(returned)}, but Gymnasium's step() returns a tuple (observation, reward, "
            "terminated, truncated, info). An environment of the old Gym needs a wrapper (package shimmy)."
        )
    obs, reward, terminated, truncated, info = returned
    if not isinstance(info, Mapping):
        raise TypeError(f"{where} returned an info of type {type(info).__name__}, but it must be a dict.")
    return (
        obs,
        _reward(reward, where),
        _flag(terminated, "terminated", where),
        _flag(truncated, "truncated", where),
        dict(info),
    )


def _describe(returned: object) -> str:
    if isinstance(returned, tuple):
        return f"a tuple of {len(returned)} ({', '.join(type(part).__name__ for part in returned)})"
    return f"a value of type {type(returned).__name__}"


def _reward(reward: Any, where: str) -> float:
    if type(reward) is not float:
        array = np.asarray(reward)
        if array.shape != () or array.dtype.kind not in "fiub":
            raise TypeError(f"{where} returned the reward {reward!r}, but it must be one real number.")
        reward = float(array)
    if not abs(reward) <= _LARGEST:
        raise ValueError(f"{where} returned the reward {reward!r}, which is not finite as float32.")
    return reward  # type: ignore[no-any-return]


def _flag(flag: Any, name: str, where: str) -> bool:
    if type(flag) is bool:
        return flag
    array = np.asarray(flag)
    if array.shape != () or array.dtype.kind not in "biu":
        raise TypeError(f"{where} returned {flag!r} as {name}, but it must be True or False.")
    return bool(array)


def read_rewards(rewards: object, count: int, where: str) -> npt.NDArray[np.float64]:
    """The rewards of a vector step, copied to float64. Whether they are finite is not checked here."""
    array = np.asarray(rewards)
    if array.shape != (count,) or array.dtype.kind not in "fiub":
        raise ValueError(
            f"{where} returned rewards of shape {array.shape} and dtype {array.dtype}, not {count} real numbers."
        )
    return array.astype(np.float64)


def read_flags(flags: object, count: int, name: str, where: str) -> npt.NDArray[np.bool_]:
    """The flags of a vector step, copied."""
    array = np.asarray(flags)
    if array.shape != (count,) or array.dtype.kind not in "biu":
        raise ValueError(
            f"{where} returned {name} of shape {array.shape} and dtype {array.dtype}, not {count} booleans."
        )
    return array.astype(np.bool_)


def info_rows(infos: object, count: int) -> list[dict[str, Any]]:
    """The infos of a vector environment as one dict per environment.

    Gymnasium keeps an array per key, with a boolean mask beside it under the key with "_" before, nested dicts alike; a
    list of dicts (wrapper DictInfoToList) is taken as well. Keys whose mask is False for an environment are left out
    there, and values without a row per environment belong to all.
    """
    if not isinstance(infos, Mapping):
        if isinstance(infos, (list, tuple)) and len(infos) == count and all(isinstance(own, Mapping) for own in infos):
            return [dict(own) for own in infos]
        raise TypeError(
            f"The vector environment returned infos of type {type(infos).__name__}, but they must be a dict."
        )
    rows: list[dict[str, Any]] = [{} for _ in range(count)]
    for key, value in infos.items():
        if _is_mask(infos, key, count):
            continue
        masked = _is_mask(infos, f"_{key}", count)
        column = _column(value, count)
        for i in np.flatnonzero(infos[f"_{key}"]).tolist() if masked else range(count):
            rows[i][key] = column[i]
    return rows


def _column(value: Any, count: int) -> list[Any]:
    if isinstance(value, Mapping):
        return info_rows(value, count)
    if isinstance(value, np.ndarray) and value.ndim > 0 and len(value) == count:
        return list(value.copy())
    if isinstance(value, (list, tuple)) and len(value) == count:
        return list(value)
    return [value] * count


def _is_mask(infos: Mapping[Any, Any], key: object, count: int) -> bool:
    mask = infos.get(key) if isinstance(key, str) and key.startswith("_") and key[1:] in infos else None
    return isinstance(mask, np.ndarray) and mask.dtype == np.bool_ and mask.shape == (count,)
