"""import softac: what it loads, how long it takes, and what it says where mujoco is missing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import softac

# Forbidden modules that were loaded, then the processor's seconds that it took.
IMPORT = """
import sys, time
start = time.process_time()
import softac
seconds = time.process_time() - start
print(*[name for name in ("torch", "stable_baselines3", "tensorboard", "pandas", "mujoco") if name in sys.modules])
print(seconds)
"""

# Stands before the packages' folder, as an installation without mujoco or with another version would.
WITHOUT = """
import importlib.util
found = importlib.util.find_spec
importlib.util.find_spec = lambda name, *rest: {spec} if name == "mujoco" else found(name, *rest)
import softac
"""


def run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)


def test_import_is_light() -> None:
    outputs = [run(IMPORT).stdout.split("\n") for _ in range(3)]
    assert [lines[0] for lines in outputs] == [""] * 3
    assert min(float(lines[1]) for lines in outputs) < 1.0  # the fastest: the machine may be busy


def test_without_mujoco() -> None:
    done = run(WITHOUT.format(spec="None"))
    assert done.returncode == 1
    assert "ImportError: softac needs the package mujoco: pip install mujoco==3.17.0" in done.stderr


def test_with_another_mujoco(tmp_path: Path) -> None:
    (tmp_path / "mujoco").mkdir()
    (tmp_path / "mujoco" / "__init__.py").touch()
    (tmp_path / "mujoco" / "libmujoco.so.4.0.1").touch()
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r})\nimport softac"
    done = run(code)
    assert done.returncode == 1
    assert "softac needs mujoco 3.17.0" in done.stderr and "pip install mujoco==3.17.0" in done.stderr


def test_public_names_are_of_this_package() -> None:
    assert softac.Agent.__module__ == "softac._core"
    assert softac.SAC.__module__.startswith("softac.")
    assert softac.__version__.count(".") == 2
