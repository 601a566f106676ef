"""Observations and actions as rows of float32 numbers, which is what the agent reads and writes.

Order of an observation's numbers (that of SB3's extractors):

- `Box`, `MultiBinary`: the values in C order (the last index varies fastest).
- `Discrete(n)`: n numbers, 1 at the place value − start, 0 elsewhere.
- `MultiDiscrete`: the same for each entry in C order, one after the other (Σ nvec numbers).
- `Dict`: the entries one after the other in the order of `space.spaces`. Gymnasium sorts the keys of a plain dict, and
  keeps the order of an OrderedDict.

Actions of a `Box` are its values in C order, scaled from [low, high] to [−1, 1]. Actions of `Discrete(n)` are one
number: action k is the middle of the k-th of n equal parts of [−1, 1].
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from gymnasium import spaces

Array = npt.NDArray[Any]
Observation = Array | dict[str, Array]


def is_image_space(space: spaces.Space[Any]) -> bool:
    """True for what SB3 takes for an image: a three-dimensional uint8 Box with bounds 0 and 255."""
    return (
        isinstance(space, spaces.Box)
        and len(space.shape) == 3
        and space.dtype == np.uint8
        and bool(np.all(space.low == 0))
        and bool(np.all(space.high == 255))
    )


def check_observation_space(space: spaces.Space[Any]) -> None:
    """NotImplementedError for what no part of softac reads: nested, Tuple, Text, Sequence, Graph and OneOf spaces."""
    if not isinstance(space, spaces.Dict):
        _check_plain(space, "")
        return
    for key, entry in space.spaces.items():
        if isinstance(entry, (spaces.Dict, spaces.Tuple)):
            raise NotImplementedError(
                f"Nested observation spaces are not supported: {key!r} is a {type(entry).__name__} inside a Dict. "
                "gymnasium.wrappers.FlattenObservation makes one Box of it."
            )
        _check_plain(entry, f" of {key!r}")


def _check_plain(space: spaces.Space[Any], where: str) -> None:
    if isinstance(space, spaces.Tuple) and any(isinstance(s, (spaces.Dict, spaces.Tuple)) for s in space.spaces):
        raise NotImplementedError("Nested observation spaces are not supported (Dict or Tuple inside a Tuple).")
    if not isinstance(space, (spaces.Box, spaces.Discrete, spaces.MultiDiscrete, spaces.MultiBinary)):
        raise NotImplementedError(
            f"The observation space{where} is a {type(space).__name__}, which is not supported. Supported are Box, "
            "Discrete, MultiDiscrete, MultiBinary and a Dict of these; gymnasium.wrappers.FlattenObservation makes a "
            "Box of others."
        )


class _Field(ABC):
    """One space without parts: a whole observation, or one entry of a Dict."""

    def __init__(self, space: spaces.Space[Any], key: str | None, dim: int) -> None:
        self.kind = type(space).__name__
        self.key = key
        self.shape: tuple[int, ...] = tuple(space.shape or ())
        self.dim = dim

    @abstractmethod
    def write(self, batch: Array, out: Array) -> None:
        """batch (N, *shape) → out (N, dim) float32."""

    def numbers(self, obs: object) -> Array:
        array = np.asarray(obs)
        if array.dtype.kind not in "fiub":
            raise ValueError(f"The observation{self._place()} holds {array.dtype} values, not real numbers.")
        return array

    def is_single(self, array: Array) -> bool:
        return array.shape == self.shape

    def is_batch(self, array: Array) -> bool:
        return array.ndim == len(self.shape) + 1 and array.shape[1:] == self.shape

    def wrong_shape(self, array: Array) -> ValueError:
        rest = "".join(f", {n}" for n in self.shape)
        return ValueError(
            f"Error: Unexpected observation shape {array.shape}{self._place()} for a {self.kind} space: give "
            f"{self.shape} for one observation, (n_env{rest or ','}) for a batch."
        )

    def _place(self) -> str:
        return "" if self.key is None else f" of {self.key!r}"


class _Values(_Field):
    """Box and MultiBinary: the values themselves."""

    def __init__(self, space: spaces.Space[Any], key: str | None) -> None:
        super().__init__(space, key, int(np.prod(space.shape or (), dtype=np.int64)))

    def write(self, batch: Array, out: Array) -> None:
        out[...] = batch.reshape(len(batch), self.dim)


class _OneHot(_Field):
    """Discrete and MultiDiscrete: every entry as a block of zeros with a single one."""

    def __init__(self, space: spaces.Discrete[Any] | spaces.MultiDiscrete[Any], key: str | None) -> None:
        sizes = np.atleast_1d(space.n if isinstance(space, spaces.Discrete) else space.nvec).astype(np.int64).ravel()
        super().__init__(space, key, int(sizes.sum()))
        self._sizes = sizes
        self._first = np.broadcast_to(np.asarray(space.start, dtype=np.int64), space.shape or ()).reshape(-1)
        self._place_of = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int64)

    def write(self, batch: Array, out: Array) -> None:
        values = batch.reshape(len(batch), len(self._sizes))
        with np.errstate(invalid="ignore"):
            index = values.astype(np.int64) - self._first
        if np.any(index < 0) or np.any(index >= self._sizes) or np.any(index + self._first != values):
            raise ValueError(
                f"The observation{self._place()} holds values outside of its {self.kind} space (whole numbers from "
                f"{self._first.tolist()}, {self._sizes.tolist()} of them)."
            )
        out[...] = 0.0
        out[np.arange(len(batch))[:, None], self._place_of + index] = 1.0


def _field(space: spaces.Space[Any], key: str | None) -> _Field:
    if isinstance(space, (spaces.Discrete, spaces.MultiDiscrete)):
        return _OneHot(space, key)
    return _Values(space, key)


def _check_policy(space: spaces.Space[Any], policy: str) -> None:
    if policy == "CnnPolicy":
        raise NotImplementedError("CnnPolicy: convolutional networks (CNN) are not available in softac.")
    if policy not in ("MlpPolicy", "MultiInputPolicy"):
        raise ValueError(f"Policy {policy!r} unknown: softac knows 'MlpPolicy' and 'MultiInputPolicy'.")
    check_observation_space(space)
    if policy == "MlpPolicy" and isinstance(space, spaces.Dict):
        raise ValueError("A Dict observation space needs the policy 'MultiInputPolicy', not 'MlpPolicy'.")
    entries = space.spaces.values() if isinstance(space, spaces.Dict) else [space]
    if any(is_image_space(entry) for entry in entries):
        raise NotImplementedError(
            "Image observations (uint8, three dimensions, 0 to 255) need convolutional networks (CNN), which are not "
            "available in softac."
        )


class ObservationCodec:
    """Observations of a space → rows of O float32 numbers, in the order given at the top of this file.

    `policy` is "MlpPolicy" or, necessary for a Dict, "MultiInputPolicy". ValueError: a Dict with MlpPolicy, an unknown
    policy, a space without numbers. NotImplementedError: nested spaces, images, other spaces, CnnPolicy.
    """

    def __init__(self, space: spaces.Space[Any], *, policy: str = "MlpPolicy") -> None:
        _check_policy(space, policy)
        self.space = space
        self._is_dict = isinstance(space, spaces.Dict)
        if isinstance(space, spaces.Dict):
            self._fields = [_field(entry, key) for key, entry in space.spaces.items()]
        else:
            self._fields = [_field(space, None)]
        self.dim = sum(field.dim for field in self._fields)
        if self.dim == 0:
            raise ValueError(f"The observation space {space} holds no numbers.")

    def encode(self, obs: object, out: Array | None = None) -> Array:
        """Observations of N environments → (N, O) float32.

        `obs`: an array (N, *shape), or for a Dict space a dict of such arrays; any real dtype. The result may share
        memory with `obs` where nothing has to be converted; with `out` ((N, O) float32, C order) it is written there.
        ValueError: wrong shape, keys, values or `out`.
        """
        arrays = self._arrays(obs)
        for field, array in zip(self._fields, arrays):
            if not field.is_batch(array):
                raise field.wrong_shape(array)
        return self._encode(arrays, out)

    def encode_any(self, obs: object) -> tuple[Array, bool]:
        """One observation or a batch → (N, O) float32, and whether it was a batch (else N = 1).

        ValueError: a wrong shape, a Dict of which some entries are batches and others not, the pair (obs, info) of
        reset().
        """
        if isinstance(obs, tuple) and len(obs) == 2 and isinstance(obs[1], dict):
            raise ValueError(
                "An observation is expected, but this is a tuple (observation, info) as Gymnasium's env.reset() "
                "returns it: write `obs, info = env.reset()` and pass `obs`."
            )
        arrays = self._arrays(obs)
        if all(field.is_single(array) for field, array in zip(self._fields, arrays)):
            return self._encode([array[np.newaxis] for array in arrays], None), False
        for field, array in zip(self._fields, arrays):
            if field.is_batch(array):
                continue
            if field.is_single(array):
                raise ValueError(
                    f"Error: Unexpected observation shape {array.shape} of {field.key!r}: it is one observation, while "
                    "other entries of the Dict are batches."
                )
            raise field.wrong_shape(array)
        return self._encode(arrays, None), True

    def normalisation(self, vec_normalize: Any) -> tuple[Array, Array, Array] | None:
        """The current statistics of SB3's VecNormalize for each of the O numbers; None where observations are not
        normalised.

        Returns mean, variance + epsilon and clip, each (O,) float64: the normalised number is
        clip((x − mean) / sqrt(variance), −clip, clip). Entries of a Dict that are not normalised have 0, 1 and inf.
        """
        if not vec_normalize.norm_obs:
            return None
        mean, variance, clip = np.zeros(self.dim), np.ones(self.dim), np.full(self.dim, np.inf)
        begin = 0
        for field in self._fields:
            part = slice(begin, begin + field.dim)
            begin += field.dim
            if field.key is not None and field.key not in vec_normalize.obs_rms:
                continue
            statistics = vec_normalize.obs_rms if field.key is None else vec_normalize.obs_rms[field.key]
            if np.shape(statistics.mean) != field.shape:
                raise ValueError(
                    f"VecNormalize holds statistics of shape {np.shape(statistics.mean)}, but observations have "
                    f"{field.shape}: VecNormalize must be outside of wrappers that change observations, as in "
                    "VecNormalize(VecFrameStack(env))."
                )
            mean[part] = np.ravel(statistics.mean)
            variance[part] = np.ravel(statistics.var) + vec_normalize.epsilon
            clip[part] = vec_normalize.clip_obs
        return mean, variance, clip

    def _arrays(self, obs: object) -> list[Array]:
        if not self._is_dict:
            if isinstance(obs, Mapping):
                raise ValueError(f"The observation is a dict, but the observation space is {self.space}.")
            return [self._fields[0].numbers(obs)]
        if not isinstance(obs, Mapping):
            raise ValueError(f"The observation space is a Dict, but the observation is of type {type(obs).__name__}.")
        keys = [field.key for field in self._fields]
        if set(obs) != set(keys):
            raise ValueError(
                f"The observation has the keys {sorted(map(str, obs))}, its space {sorted(map(str, keys))}."
            )
        return [field.numbers(obs[field.key]) for field in self._fields]

    def _encode(self, arrays: list[Array], out: Array | None) -> Array:
        rows = len(arrays[0])
        if any(len(array) != rows for array in arrays):
            raise ValueError(
                f"The entries of the observation hold different numbers of rows: {[len(a) for a in arrays]}."
            )
        if out is None:
            if len(arrays) == 1 and isinstance(self._fields[0], _Values):
                return np.ascontiguousarray(arrays[0].reshape(rows, self.dim), dtype=np.float32)
            out = np.empty((rows, self.dim), dtype=np.float32)
        elif out.shape != (rows, self.dim) or out.dtype != np.float32 or not out.flags.c_contiguous:
            raise ValueError(
                f"out must be a float32 array of shape {(rows, self.dim)} in C order, not {out.dtype} {out.shape}."
            )
        begin = 0
        for field, array in zip(self._fields, arrays):
            field.write(array, out[:, begin : begin + field.dim])
            begin += field.dim
        return out


class ActionCodec:
    """Actions of a space ↔ rows of A float32 numbers in [−1, 1], in the order given at the top of this file.

    `dim` is A. `num_actions` is 0 for a Box and n for Discrete(n), where A = 1. AssertionError, as in SB3: another
    space, or bounds that are not finite. NotImplementedError: a Box of whole numbers.
    """

    def __init__(self, space: spaces.Space[Any]) -> None:
        self.space = space
        if isinstance(space, spaces.Discrete):
            self.dim, self.num_actions = 1, int(space.n)
            self._shape: tuple[int, ...] = ()
            self._low, self._range = np.zeros(1), np.full(1, float(space.n))
            return
        if not isinstance(space, spaces.Box):
            raise AssertionError(f"Action spaces can be Box or Discrete, but {space} was provided.")
        if space.dtype is None or np.dtype(space.dtype).kind != "f":
            raise NotImplementedError(f"The Box of actions has the dtype {space.dtype}: it must be float32 or float64.")
        if not (np.all(np.isfinite(space.low)) and np.all(np.isfinite(space.high))):
            raise AssertionError(
                f"Continuous action space must have a finite lower and upper bound, but it is {space}."
            )
        self._shape = tuple(space.shape)
        self.dim, self.num_actions = int(np.prod(self._shape, dtype=np.int64)), 0
        if self.dim == 0:
            raise ValueError(f"The action space {space} holds no numbers.")
        self._low = space.low.reshape(-1).astype(np.float64)
        self._high = space.high.reshape(-1).astype(np.float64)
        with np.errstate(over="ignore"):
            self._range = self._high - self._low
        if not np.all(np.isfinite(self._range)):
            raise AssertionError(f"The bounds of {space} are too far apart for float64.")
        self._is_wide = self._range > 0.0
        self._divisor = np.where(self._is_wide, self._range, np.inf)
        self._is_unit = bool(np.all(self._low == -1.0) and np.all(self._high == 1.0))

    def unscale(self, actions: Array) -> Array:
        """(N, A) in [−1, 1] → (N, *shape) in the space's bounds and dtype, Discrete: (N,). Numbers outside of [−1, 1]
        count as the nearer end. Always a new array. ValueError: wrong shape.
        """
        if actions.ndim != 2 or actions.shape[1] != self.dim:
            raise ValueError(f"Actions of shape (n, {self.dim}) are expected, not {actions.shape}.")
        if self.num_actions:
            return self._decode(actions)
        own: npt.NDArray[np.float64] = actions.astype(np.float64)
        if not self._is_unit:
            own += 1.0
            own *= self._range / 2.0
            own += self._low
        np.maximum(own, self._low, out=own)
        np.minimum(own, self._high, out=own)
        return own.astype(self.space.dtype, copy=False).reshape(len(actions), *self._shape)

    def scale(self, actions: object) -> Array:
        """The inverse: (N, *shape), Discrete: (N,) → (N, A) float32. A number whose bounds are equal becomes 0.
        ValueError: wrong shape; an action that is not in a Discrete space."""
        array = np.asarray(actions)
        if array.ndim != len(self._shape) + 1 or array.shape[1:] != self._shape:
            rest = "".join(f", {n}" for n in self._shape)
            raise ValueError(f"Actions of shape (n{rest or ','}) are expected, not {array.shape}.")
        if self.num_actions:
            return self._encode(array)
        own = array.reshape(len(array), self.dim).astype(np.float64)
        own -= self._low
        own /= self._divisor
        own *= 2.0
        own -= self._is_wide
        return own.astype(np.float32)

    def _decode(self, actions: Array) -> Array:
        assert isinstance(self.space, spaces.Discrete)
        place = np.floor((np.clip(actions[:, 0].astype(np.float64), -1.0, 1.0) + 1.0) / 2.0 * self.num_actions)
        if np.any(np.isnan(place)):
            raise ValueError("An action is not a number (NaN).")
        actions_of = np.minimum(place, self.num_actions - 1) + int(self.space.start)
        return actions_of.astype(self.space.dtype)

    def _encode(self, actions: Array) -> Array:
        assert isinstance(self.space, spaces.Discrete)
        index = actions.astype(np.int64) - int(self.space.start)
        if np.any(index < 0) or np.any(index >= self.num_actions) or np.any(index + int(self.space.start) != actions):
            raise ValueError(f"Actions {actions.tolist()} are not all in {self.space}.")
        numbers = (2 * index + 1).astype(np.float32) / np.float32(self.num_actions) - np.float32(1)
        return np.asarray(numbers, dtype=np.float32)[:, np.newaxis]
