"""Spaces from the text beside their pickles, and SB3's schedules and noise."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from gymnasium import spaces

from softac.sb3_model import Unread
from softac.sb3_objects import described, sb3_call
from softac.sb3_spaces import read_space


def entry(space: spaces.Space[Any]) -> dict[str, Any]:
    """A space as SB3's `data` has it: its class, and each attribute as JSON or printed."""
    fields: dict[str, Any] = {":type:": str(type(space)), ":serialized:": "not looked at"}
    for name, value in space.__dict__.items():
        try:
            json.dumps(value)
        except TypeError:
            value = str(value)
        fields[name] = value
    return dict(json.loads(json.dumps(fields)))


EXACT = [
    spaces.Box(-2.0, 2.0, (1,)),
    spaces.Box(-np.inf, np.inf, (17,)),
    spaces.Box(np.array([-1, -1 / 3, -8], np.float32), np.array([np.inf, 0.25, 8e30], np.float32)),
    spaces.Box(np.array([[1e-5, 0.0]], np.float32), np.array([[3e7, 1.0]], np.float32)),
    spaces.Box(-0.5, 0.5, (2, 3), dtype=np.float64),
    spaces.Box(0, 255, (4,), dtype=np.uint8),
    spaces.Box(-1.0, 1.0, ()),
    spaces.Discrete(5),
    spaces.Discrete(5, start=-2),
    spaces.MultiDiscrete([2, 3, 11]),
    spaces.MultiDiscrete([2, 3], start=[1, -1]),
    spaces.MultiBinary(4),
    spaces.MultiBinary((2, 3)),
    spaces.Dict({"b": spaces.Box(-1.0, 1.0, (300,)), "it's": spaces.Discrete(3, start=1), "c": spaces.MultiBinary(2)}),
    spaces.Dict({"a": spaces.Dict({"b": spaces.MultiDiscrete([3, 4], start=[1, 0])})}),
]


@pytest.mark.parametrize("space", EXACT, ids=str)
def test_spaces_that_their_text_says_exactly(space: spaces.Space[Any]) -> None:
    for _ in range(2):
        found = read_space(entry(space))
        assert found.space == space and found.exact and found.note == "" and found.space is not None
        assert found.space.dtype == space.dtype
        repr(space)  # which keeps the bounds' short form in the space
    old = entry(space)
    old[":type:"] = old[":type:"].replace("gymnasium.", "gym.")
    assert read_space(old).space == space


def test_bounds_of_more_than_eight_decimals() -> None:
    small = spaces.Box(np.array([0.012345679], np.float32), np.array([1], np.float32))
    for space in (spaces.Box(-1 / 3, 1 / 3, (2,), dtype=np.float64), small):
        found = read_space(entry(space))
        assert isinstance(found.space, spaces.Box) and not found.exact and "eight decimals" in found.note
        np.testing.assert_allclose(found.space.low, space.low, rtol=0, atol=5e-9)
        repr(space)
    uniform = read_space(entry(spaces.Box(-1 / 3, 1 / 3, (2,), dtype=np.float64)))
    assert not uniform.exact


def test_the_short_form_of_a_uniform_bound_is_exact() -> None:
    space = spaces.Box(-1 / 3, 1 / 3, (2,), dtype=np.float64)
    repr(space)
    found = read_space(entry(space))
    assert found.exact and found.space == space


def test_large_arrays_are_cut() -> None:
    rng = np.random.default_rng(0)
    space = spaces.Box(rng.random(2000).astype(np.float32) - 1, np.ones(2000, np.float32))
    found = read_space(entry(space))
    assert found.space is None and not found.exact and found.shape == (2000,)
    assert "leaves out the middle" in found.note


BOX = entry(spaces.Box(-1.0, 1.0, (2,)))


@pytest.mark.parametrize(
    ("change", "note"),
    [
        ({":type:": "<class 'gymnasium.spaces.text.Text'>"}, "not understood"),
        ({":type:": "<class 'mine.spaces.box.Box'>"}, "not understood"),
        ({":type:": None}, "not understood"),
        ({"_shape": [3]}, "2 bounds where"),
        ({"_shape": [1 << 40], "low": "0", "high": "1"}, "too large"),
        ({"_shape": [-2]}, "2 bounds where"),
        ({"_shape": "x"}, "something else"),
        ({"_shape": None}, "missing"),
        ({"dtype": "object"}, "type 'object'"),
        ({"dtype": "int32", "low": "[-1.5 0.]"}, "no numbers"),
        ({"low": "[2. 2.]"}, "lower bounds above"),
        ({"low": "[nan 0.]"}, "lower bounds above"),
        ({"low": "[-1. -1."}, "ends early"),
        ({"low": "[-1. -1.]]"}, "after its end"),
        ({"low": "__import__('os').system('x')"}, "not understood|after its end"),
        ({"low": "[" * 30}, "nested too deeply"),
        ({"low": "[1.2.3 4]"}, "not understood"),
        ({"low": {"a": 1}}, "neither number nor text"),
    ],
)
def test_text_that_is_no_space(change: dict[str, Any], note: str) -> None:
    found = read_space(BOX | change)
    assert found.space is None and not found.exact
    assert any(part in found.note for part in note.split("|")), found.note
    assert read_space(3).space is None


def test_other_text_that_is_no_space() -> None:
    for kind, fields in (
        ("discrete.Discrete", {"n": "0", "start": "0"}),
        ("discrete.Discrete", {"n": "[1 2]"}),
        ("multi_discrete.MultiDiscrete", {"nvec": "[[2 3]\n [4 5]]"}),
        ("multi_binary.MultiBinary", {}),
        ("dict.Dict", {"spaces": "{'a': Tuple(Discrete(2))}"}),
        ("dict.Dict", {"spaces": "{'a': Discrete}"}),
        ("dict.Dict", {"spaces": "{'a' Discrete(2)}"}),
        ("dict.Dict", {"spaces": "3"}),
        ("dict.Dict", {}),
    ):
        assert read_space({":type:": f"<class 'gymnasium.spaces.{kind}'>", **fields}).space is None, fields


def test_dictionaries_as_gym_printed_them() -> None:
    text = "OrderedDict([('a', Box(-1.0, 1.0, (3,), float32)), ('b', Discrete(2))])"
    found = read_space({":type:": "<class 'gym.spaces.dict.Dict'>", "spaces": text})
    assert found.space == spaces.Dict({"a": spaces.Box(-1.0, 1.0, (3,)), "b": spaces.Discrete(2)}) and found.exact


def test_schedules_and_noise_that_their_text_says() -> None:
    fields = {"start": 0.001, "end": 0.0001, "end_fraction": 1}
    unread = Unread("stable_baselines3.common.utils.LinearSchedule", fields)
    assert described(unread) == ("LinearSchedule", {"start": 0.001, "end": 0.0001, "end_fraction": 1.0})
    noise = {"_mu": "[0. 0.]", "_sigma": "[0.1 0.2]", "_dtype": "<class 'numpy.float32'>"}
    found = described(Unread("stable_baselines3.common.noise.NormalActionNoise", noise))
    assert found is not None and found[0] == "NormalActionNoise"
    assert found[1]["mean"].tolist() == [0, 0] and found[1]["sigma"].tolist() == [0.1, 0.2]
    rounded = {**noise, "_sigma": "[0.33333333]"}
    assert described(Unread("stable_baselines3.common.noise.NormalActionNoise", rounded)) is None
    assert described(Unread("mine.NormalActionNoise", noise)) is None
    assert described(Unread("builtins.function")) is None


def stand_in(name: str, **attributes: Any) -> Any:
    """An object of a class of softac's, by its name and attributes."""
    value = type(name, (), {"__module__": "softac.somewhere"})()
    value.__dict__.update(attributes)
    return value


def test_softac_objects_become_sb3s() -> None:
    linear = stand_in("LinearSchedule", start=1e-3, end=0.0, end_fraction=0.5)
    assert sb3_call(linear) == ("stable_baselines3.common.utils.LinearSchedule", (1e-3, 0.0, 0.5))
    noise = stand_in("NormalActionNoise", _mu=np.zeros(1), _sigma=np.ones(1))
    dotted, arguments = sb3_call(stand_in("VectorizedActionNoise", base_noise=noise, n_envs=3)) or ("", ())
    assert dotted == "stable_baselines3.common.noise.VectorizedActionNoise" and arguments[1] == 3
    assert arguments[0][0] == "stable_baselines3.common.noise.NormalActionNoise"
    assert sb3_call(stand_in("AnotherNoise", _mu=1)) is None and sb3_call(len) is None
