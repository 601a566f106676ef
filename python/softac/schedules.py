"""Values that change while a model learns, as functions of the progress that remains: 1 at the start, 0 at the end."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from numbers import Real
from typing import Any, SupportsFloat

Schedule = Callable[[float], SupportsFloat]


@dataclass(frozen=True)
class ConstantSchedule:
    """The same value throughout."""

    val: float

    def __call__(self, progress_remaining: float) -> float:
        return self.val


@dataclass(frozen=True)
class LinearSchedule:
    """A straight line from `start` to `end`, reached when `end_fraction` (0 < … ≤ 1) of the training is done.

    Raises ValueError for an `end_fraction` outside that range.
    """

    start: float
    end: float
    end_fraction: float = 1.0

    def __post_init__(self) -> None:
        if not 0.0 < self.end_fraction <= 1.0:
            raise ValueError(f"LinearSchedule: end_fraction must lie in (0, 1], not {self.end_fraction}")

    def __call__(self, progress_remaining: float) -> float:
        done = 1.0 - progress_remaining
        if done > self.end_fraction:
            return self.end
        return self.start + done * (self.end - self.start) / self.end_fraction


class FloatSchedule:
    """A schedule whose values are checked: Python floats, finite and within [low, high].

    `value_schedule` is a number or any function of the remaining progress: softac's or SB3's schedule objects, the
    Zoo's, a lambda. The progress given to it is held within [0, 1]: the last steps of a training may overshoot the
    asked number (several environments, train_freq in episodes), where a plain `lambda p: p * 3e-4` would turn negative.
    A value that is no number or out of range raises ValueError (TypeError for what is neither number nor function),
    which names `name`.
    """

    def __init__(
        self,
        value_schedule: float | Schedule,
        name: str = "learning_rate",
        low: float = 0.0,
        high: float = math.inf,
    ) -> None:
        self.name = name
        self.low = low
        self.high = high
        self.value_schedule: Schedule
        if isinstance(value_schedule, FloatSchedule):
            self.value_schedule = value_schedule.value_schedule
        elif isinstance(value_schedule, Real) and not isinstance(value_schedule, bool):
            self.value_schedule = ConstantSchedule(self._checked(value_schedule))
        elif callable(value_schedule) and not isinstance(value_schedule, type):
            self.value_schedule = value_schedule
        else:
            raise TypeError(
                f"{name}: expected a number or a function of the remaining progress (1 to 0), not {value_schedule!r}"
            )

    def __repr__(self) -> str:
        return f"FloatSchedule({self.value_schedule})"

    def __call__(self, progress_remaining: float) -> float:
        return self._checked(self.value_schedule(min(max(float(progress_remaining), 0.0), 1.0)), progress_remaining)

    @property
    def constant(self) -> float | None:
        """The value, where it never changes."""
        val = getattr(self.value_schedule, "val", None) if _is_constant(self.value_schedule) else None
        return None if val is None else float(val)

    def _checked(self, value: Any, progress_remaining: float | None = None) -> float:
        where = "" if progress_remaining is None else f" (its schedule at progress_remaining={progress_remaining:g})"
        try:
            number = float(value)
        except (TypeError, ValueError):
            raise ValueError(f"{self.name}: expected a number, not {value!r}{where}") from None
        if not (math.isfinite(number) and self.low <= number <= self.high):
            bounds = f"at least {self.low:g}" if self.high == math.inf else f"in [{self.low:g}, {self.high:g}]"
            raise ValueError(f"{self.name}: must be finite and {bounds}, not {number:g}{where}")
        return number


def as_schedule(
    value: float | Schedule, name: str = "learning_rate", low: float = 0.0, high: float = math.inf
) -> FloatSchedule:
    """A checked schedule from a number or a function of the remaining progress; its value at the start is checked at
    once.
    """
    schedule = FloatSchedule(value, name, low, high)
    schedule(1.0)
    return schedule


def _is_constant(schedule: Schedule) -> bool:
    """True for softac's and for SB3's constant schedule (the latter known by its name: SB3 need not be there)."""
    return type(schedule).__name__ == "ConstantSchedule"
