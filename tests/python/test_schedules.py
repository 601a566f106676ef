"""Schedules of softac, and what as_schedule accepts and refuses."""

from __future__ import annotations

import math

import numpy as np
import pytest

from softac.schedules import ConstantSchedule, FloatSchedule, LinearSchedule, as_schedule


def test_linear_schedule_reaches_its_end_at_the_end_fraction() -> None:
    half = LinearSchedule(1.0, 0.2, 0.5)
    assert [half(p) for p in (1.0, 0.75, 0.5, 0.4, 0.0)] == pytest.approx([1.0, 0.6, 0.2, 0.2, 0.2])
    assert LinearSchedule(1.0, 0.0)(0.25) == 0.25


@pytest.mark.parametrize("fraction", [0.0, -0.1, 1.01, math.nan])
def test_linear_schedule_refuses_an_end_outside_the_training(fraction: float) -> None:
    with pytest.raises(ValueError, match="end_fraction"):
        LinearSchedule(1.0, 0.0, fraction)


@pytest.mark.parametrize("value", [3e-4, 1, np.float32(0.5), np.int64(2)])
def test_numbers_become_constant_python_floats(value: float) -> None:
    schedule = as_schedule(value)
    assert type(schedule(0.3)) is float
    assert schedule(0.3) == schedule.constant == float(value)


def test_functions_are_called_with_the_progress_that_remains() -> None:
    schedule = as_schedule(lambda progress: np.float32(progress * 2))
    assert schedule(0.25) == 0.5 and type(schedule(0.25)) is float
    assert schedule.constant is None


def test_progress_beyond_the_end_counts_as_the_end() -> None:
    seen: list[float] = []

    def falling(progress: float) -> float:
        seen.append(progress)
        return progress * 3e-4

    schedule = FloatSchedule(falling)
    assert schedule(-0.02) == 0.0
    assert schedule(1.5) == 3e-4
    assert seen == [0.0, 1.0]


def test_schedules_may_be_nested() -> None:
    inner = FloatSchedule(LinearSchedule(1.0, 0.0, 1.0))
    assert as_schedule(inner).value_schedule is inner.value_schedule
    assert as_schedule(FloatSchedule(2.0)).constant == 2.0
    assert repr(as_schedule(0.5)) == "FloatSchedule(ConstantSchedule(val=0.5))"


@pytest.mark.parametrize("value", [-1e-9, math.nan, math.inf])
def test_numbers_out_of_range_are_refused_by_name(value: float) -> None:
    with pytest.raises(ValueError, match="tau: must be finite and at least 0"):
        as_schedule(value, name="tau")


def test_bounds_are_checked_at_the_start_and_at_every_call() -> None:
    with pytest.raises(ValueError, match=r"gamma: must be finite and in \[0, 1\], not 2"):
        as_schedule(lambda progress: 2.0, name="gamma", high=1.0)
    schedule = as_schedule(lambda progress: progress - 0.5)
    with pytest.raises(ValueError, match=r"learning_rate: .* not -0.25 \(its schedule at progress_remaining=0.25\)"):
        schedule(0.25)


@pytest.mark.parametrize("value", [None, "lin_3e-4", [3e-4], True, LinearSchedule, np.zeros(2)])
def test_other_things_are_refused(value: object) -> None:
    with pytest.raises(TypeError, match="learning_rate: expected a number or a function"):
        as_schedule(value)  # type: ignore[arg-type]


def test_a_schedule_that_returns_no_number_is_refused() -> None:
    with pytest.raises(ValueError, match="expected a number, not None"):
        as_schedule(lambda progress: None)  # type: ignore[arg-type, return-value]


def test_equal_schedules_are_equal() -> None:
    assert ConstantSchedule(1.0) == ConstantSchedule(1.0) != ConstantSchedule(2.0)
    assert LinearSchedule(1.0, 0.0) == LinearSchedule(1.0, 0.0, 1.0)
