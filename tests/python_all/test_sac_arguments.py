"""The committed list of SAC's arguments and methods is that of the real Stable-Baselines3."""

from __future__ import annotations

import inspect
import json
from pathlib import Path

import pytest
import stable_baselines3
from stable_baselines3 import SAC

LIST = Path(__file__).resolve().parents[1] / "python" / "data" / "sb3_sac_arguments.json"
COMMITTED = json.loads(LIST.read_text(encoding="utf-8"))


def parameters(function: object) -> list[inspect.Parameter]:
    return [p for p in inspect.signature(function).parameters.values() if p.name != "self"]  # type: ignore[arg-type]


def test_version() -> None:
    assert stable_baselines3.__version__ == COMMITTED["version"]


def test_arguments_of_the_constructor() -> None:
    found = parameters(SAC.__init__)
    assert [p.name for p in found if p.default is p.empty] == COMMITTED["required"]
    assert [[p.name, None if p.default is p.empty else p.default] for p in found] == COMMITTED["arguments"]


@pytest.mark.parametrize("name", COMMITTED["methods"])
def test_arguments_of_methods(name: str) -> None:
    found = [[p.name] if p.default is p.empty else [p.name, p.default] for p in parameters(getattr(SAC, name))]
    assert found == COMMITTED["methods"][name]
