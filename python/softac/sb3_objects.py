"""Schedules and action noise in model files: softac's objects as SB3's, and SB3's from the text beside their pickles.

softac's classes have SB3's names and keep the same attributes, by which they are known here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from softac.sb3_model import Unread
from softac.sb3_spaces import read_numbers

_UTILS = "stable_baselines3.common.utils"
_NOISE = "stable_baselines3.common.noise"
# Attributes, in the order of the constructor's arguments, which SB3's files have as fields.
FIELDS = {
    "ConstantSchedule": ("val",),
    "LinearSchedule": ("start", "end", "end_fraction"),
    "NormalActionNoise": ("_mu", "_sigma"),
    "OrnsteinUhlenbeckActionNoise": ("_mu", "_sigma", "_theta", "_dt", "initial_noise"),
    "VectorizedActionNoise": ("base_noise", "n_envs"),
}
_MODULES = {name: _UTILS if name.endswith("Schedule") else _NOISE for name in FIELDS}
_ARRAYS = ("_mu", "_sigma")
_ARGUMENTS = {"_mu": "mean", "_sigma": "sigma", "_theta": "theta", "_dt": "dt"}

Call = tuple[str, tuple[Any, ...]]


def unwrapped(value: Any) -> Any:
    """What softac's FloatSchedule checks, the value itself otherwise: SB3 checks by itself."""
    own = type(value).__module__.startswith("softac.") and type(value).__name__ == "FloatSchedule"
    return value.value_schedule if own else value


def sb3_call(value: Any) -> Call | None:
    """(SB3's class, arguments) that makes what `value`, an object of softac's, is; None for anything else."""
    kind = type(value)
    if not kind.__module__.startswith("softac."):
        return None
    attributes = FIELDS.get(kind.__name__)
    if attributes is None or not all(hasattr(value, name) for name in attributes):
        return None
    arguments = [getattr(value, name) for name in attributes]
    nested = [sb3_call(argument) or argument for argument in arguments]
    return f"{_MODULES[kind.__name__]}.{kind.__name__}", tuple(nested)


def described(unread: Unread) -> tuple[str, dict[str, Any]] | None:
    """(class name, constructor arguments by name) of a schedule or noise of SB3's, where its text says it exactly.

    The names are softac's as well: `softac.schedules.LinearSchedule(**arguments)`.
    """
    module, _, name = unread.type.rpartition(".")
    if _MODULES.get(name) != module or name == "VectorizedActionNoise":
        return None
    arguments: dict[str, Any] = {}
    for attribute in FIELDS[name]:
        if attribute == "initial_noise":
            if unread.fields.get(attribute) is not None:
                return None
            continue
        convert: Callable[[Any], Any] = _array if attribute in _ARRAYS else _number
        value = convert(unread.fields.get(attribute))
        if value is None:
            return None
        arguments[_ARGUMENTS.get(attribute, attribute)] = value
    return name, arguments


def _array(text: Any) -> Any:
    numbers = read_numbers(text)
    return None if numbers is None else np.array(numbers)


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None
