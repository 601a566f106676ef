"""The scripts of examples/python/ run with few steps, draw their pictures and print their numbers."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "examples" / "python"
NUMBER = r"(-?\d+(?:\.\d+)?(?:e-?\d+)?)"


def run(script: str, folder: Path, *arguments: str) -> tuple[str, str]:
    """What it prints, and its picture."""
    import softac

    picture = folder / "picture.svg"
    command = [sys.executable, str(FOLDER / script), "--out", str(picture), *arguments]
    path = os.pathsep.join([str(Path(softac.__file__).parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])])
    env = {**os.environ, "PYTHONPATH": path}
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    text = picture.read_text(encoding="utf-8")
    assert ElementTree.fromstring(text).tag.endswith("svg")
    return done.stdout, text


def numbers(pattern: str, text: str) -> tuple[float, ...]:
    found = re.search(pattern.replace("#", NUMBER), text)
    assert found, f"{pattern} in:\n{text}"
    return tuple(float(number) for number in found.groups())


def test_train_gymnasium(tmp_path: Path) -> None:
    import softac

    printed, picture = run("train_gymnasium.py", tmp_path, "--steps", "240", "--save", "model.zip")
    assert [int(step) for step in re.findall(r"^step (\d+): return", printed, re.MULTILINE)] == list(range(12, 241, 12))
    mean, _ = numbers("after 240 steps: return # ± # ", printed)
    assert -2000 < mean < 0  # of 200 steps of Pendulum-v1
    assert picture.count("fill-opacity") == 1  # the band of the evaluations
    assert ">environment steps<" in picture and ">return<" in picture
    assert softac.SAC.load(tmp_path / "model.zip").num_timesteps == 240


def test_entropy(tmp_path: Path) -> None:
    printed, picture = run("entropy.py", tmp_path, "--steps", "220")
    first, later = numbers("α: # at first, # over the last quarter", printed)
    assert 0 < later < first <= 1  # the policy is still more random than its target
    _, entropy, target = numbers("entropy: # at first, # over the last quarter, target #", printed)
    assert target == -1 < entropy < 0.7  # log 2 is that of uniform actions
    assert picture.count(">environment steps<") == 2 and "target -1" in picture


def test_entropy_without_updates(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(FOLDER / "entropy.py"), "--steps", "50"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1 and "no update was made" in done.stderr


def test_exact(tmp_path: Path) -> None:
    printed, picture = run("exact.py", tmp_path, "--steps", "300")
    exact, bound = numbers(r"exact: V\(start\) = #, no value further off than #", printed)
    assert abs(exact - 0.3116) < 1e-4 and bound < 1e-8
    _, reached = numbers(r"learned: critic's V\(start\) = #, true soft value of the learned policy #", printed)
    assert reached < exact  # nothing is better than the optimum
    assert numbers(r"largest \|V - V\*\| = #", printed)[0] > 0
    assert numbers(r"KL\(learned \| exact\) = # nats", printed)[0] > 0
    assert picture.count("colour: soft value") == 2 and picture.count("<circle") == 11 * 4  # states where one can act
