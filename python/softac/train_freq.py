"""How much is collected before a training phase."""

from __future__ import annotations

from enum import Enum
from typing import Any, NamedTuple

import numpy as np


class TrainFrequencyUnit(Enum):
    """What train_freq counts."""

    STEP = "step"  # of all environments together
    EPISODE = "episode"


class TrainFreq(NamedTuple):
    """How much is collected before a training phase."""

    frequency: int
    unit: TrainFrequencyUnit


def as_train_freq(value: Any) -> TrainFreq:
    """A number of steps, or (number, "step" or "episode"); ValueError on anything else."""
    pair = value if isinstance(value, (tuple, list)) else (value, "step")
    if len(pair) != 2:
        raise ValueError(f"train_freq: expected a number or (number, 'step' or 'episode'), found {value!r}.")
    frequency, unit = pair
    try:
        unit = TrainFrequencyUnit(getattr(unit, "value", unit))
    except ValueError:
        raise ValueError(f"train_freq: the unit must be 'step' or 'episode', found {unit!r}.") from None
    if isinstance(frequency, bool) or not isinstance(frequency, (int, np.integer)):
        raise ValueError(f"train_freq: the frequency must be an integer, found {frequency!r}.")
    if frequency < 1:
        raise ValueError(f"train_freq: must be at least 1, found {frequency}.")
    return TrainFreq(int(frequency), unit)


def more_to_collect(train_freq: TrainFreq, steps: int, episodes: int) -> bool:
    """Whether a rollout goes on."""
    return (steps if train_freq.unit is TrainFrequencyUnit.STEP else episodes) < train_freq.frequency
