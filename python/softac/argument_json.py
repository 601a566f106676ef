"""Constructor arguments and spaces as JSON, and back. No pickle: what has no form here is said, not hidden."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from enum import Enum
from typing import Any

import numpy as np
from gymnasium import spaces

from softac.model_settings import class_name
from softac.noise import NormalActionNoise, OrnsteinUhlenbeckActionNoise, VectorizedActionNoise
from softac.schedules import ConstantSchedule, FloatSchedule, LinearSchedule

_KIND = "softac.kind"


class Unsaved:
    """An argument that the file could not keep, as text."""

    def __init__(self, text: str, value: Any = None) -> None:
        self.text = text
        self.value = value  # what stands in for it, or None


def number(value: float) -> float | str:
    """JSON has no infinities and NaN."""
    value = float(value)
    return value if math.isfinite(value) else repr(value)


def numbers(values: Any) -> list[Any]:
    """All numbers of an array, in C's order."""
    return [number(v) for v in np.asarray(values, np.float64).ravel()]


def argument_to_json(name: str, value: Any, progress_remaining: float) -> Any:
    """A constructor argument as JSON."""
    if name == "learning_rate":
        return _schedule_to_json(value, progress_remaining)
    if name == "action_noise":
        return None if value is None else _noise_to_json(value)
    if name == "replay_buffer_class":
        return None if value is None else class_name(value)
    return _plain(value)


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, (int, np.integer)):
        return int(value)
    if isinstance(value, (float, np.floating)):
        return number(float(value))
    if isinstance(value, Enum):
        return _plain(value.value)
    if isinstance(value, Mapping):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(entry) for entry in value]
    if isinstance(value, type) or hasattr(value, "func"):
        return class_name(value)
    return {_KIND: "unsaved", "text": repr(value)}


def argument_from_json(value: Any) -> Any:
    """The inverse. What was not kept becomes Unsaved."""
    if not isinstance(value, dict) or _KIND not in value:
        return value
    kind = value[_KIND]
    if kind == "unsaved":
        return Unsaved(str(value["text"]), value.get("value"))
    if kind == "linear":
        return LinearSchedule(float(value["start"]), float(value["end"]), float(value["end_fraction"]))
    return _noise_from_json(kind, value)


def _schedule_to_json(value: Any, progress_remaining: float) -> Any:
    inner = value
    while hasattr(inner, "value_schedule"):
        inner = inner.value_schedule
    if isinstance(inner, (int, float, np.number)):
        return float(inner)
    if isinstance(inner, ConstantSchedule) or class_name(type(inner)) == "ConstantSchedule":
        return float(inner.val)
    if isinstance(inner, LinearSchedule) or class_name(type(inner)) == "LinearSchedule":
        return {_KIND: "linear", "start": inner.start, "end": inner.end, "end_fraction": inner.end_fraction}
    return {_KIND: "unsaved", "text": repr(value), "value": FloatSchedule(value)(progress_remaining)}


def _noise_to_json(noise: Any) -> Any:
    name = class_name(type(noise))
    if name == "VectorizedActionNoise":
        noises = [_noise_to_json(each) for each in noise.noises]
        return {_KIND: name, "base": _noise_to_json(noise.base_noise), "noises": noises}
    if name == "NormalActionNoise":
        return {_KIND: name, "mean": numbers(noise._mu), "sigma": numbers(noise._sigma)}
    if name == "OrnsteinUhlenbeckActionNoise":
        initial = noise.initial_noise
        return {
            _KIND: name,
            "mean": numbers(noise._mu),
            "sigma": numbers(noise._sigma),
            "theta": float(noise._theta),
            "dt": float(noise._dt),
            "initial_noise": None if initial is None else numbers(initial),
            "noise_prev": numbers(noise.noise_prev),
        }
    return {_KIND: "unsaved", "text": repr(noise)}


def _noise_from_json(kind: str, value: Mapping[str, Any]) -> Any:
    def array(key: str) -> np.ndarray:
        return np.array(value[key], np.float64)

    if kind == "NormalActionNoise":
        return NormalActionNoise(array("mean"), array("sigma"))
    if kind == "OrnsteinUhlenbeckActionNoise":
        initial = None if value["initial_noise"] is None else array("initial_noise")
        noise = OrnsteinUhlenbeckActionNoise(array("mean"), array("sigma"), value["theta"], value["dt"], initial)
        noise.noise_prev = array("noise_prev")
        return noise
    if kind == "VectorizedActionNoise":
        vectorized = VectorizedActionNoise(argument_from_json(value["base"]), len(value["noises"]))
        vectorized.noises = [argument_from_json(noise) for noise in value["noises"]]
        return vectorized
    raise ValueError(f"an argument of the unknown kind {kind!r}; a newer softac wrote the file")


def usable(name: str, value: Any) -> Any:
    """The argument itself, or what stands in for one that the file could not keep, with a warning."""
    if not isinstance(value, Unsaved):
        return value
    stand_in = "left out" if value.value is None else f"{value.value} throughout"
    warnings.warn(
        f"{name} = {value.text} could not be kept in the file and is {stand_in}; give load() the argument {name}.",
        stacklevel=4,
    )
    return value.value


def space_to_json(space: spaces.Space[Any]) -> dict[str, Any]:
    """A Box, Discrete, MultiDiscrete, MultiBinary or Dict space."""
    if isinstance(space, spaces.Box):
        return {
            "space": "Box",
            "shape": list(space.shape),
            "dtype": str(space.dtype),
            "low": numbers(space.low),
            "high": numbers(space.high),
        }
    if isinstance(space, spaces.Discrete):
        return {"space": "Discrete", "n": int(space.n), "start": int(space.start)}
    if isinstance(space, spaces.MultiDiscrete):
        return {"space": "MultiDiscrete", "nvec": space.nvec.tolist(), "start": space.start.tolist()}
    if isinstance(space, spaces.MultiBinary):
        return {"space": "MultiBinary", "n": space.n if isinstance(space.n, int) else list(space.shape)}
    if isinstance(space, spaces.Dict):
        return {"space": "Dict", "entries": [[key, space_to_json(entry)] for key, entry in space.spaces.items()]}
    raise NotImplementedError(f"a {type(space).__name__} space")


def space_from_json(value: Mapping[str, Any]) -> spaces.Space[Any]:
    """The inverse; ValueError on anything else."""
    kind = value.get("space")
    if kind == "Box":
        dtype, shape = np.dtype(value["dtype"]), tuple(value["shape"])
        low, high = (np.array([float(v) for v in value[key]]).astype(dtype).reshape(shape) for key in ("low", "high"))
        return spaces.Box(low, high, shape, dtype.type)
    if kind == "Discrete":
        return spaces.Discrete(int(value["n"]), start=int(value["start"]))
    if kind == "MultiDiscrete":
        return spaces.MultiDiscrete(np.array(value["nvec"]), start=np.array(value["start"]))
    if kind == "MultiBinary":
        return spaces.MultiBinary(value["n"])
    if kind == "Dict":
        from collections import OrderedDict

        return spaces.Dict(OrderedDict((key, space_from_json(entry)) for key, entry in value["entries"]))
    raise ValueError(f"an unknown space {kind!r}")
