"""Ten minutes of random misuse; and the same misuse on a module without the lock, which must not survive it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import softac

MISUSE = Path(__file__).resolve().parents[1] / "python" / "misuse.py"
SECONDS = 600


def misuse(package: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-X", "faulthandler", str(MISUSE), *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(package), *sys.path])}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=3 * SECONDS)


def built() -> Path:
    """The folder that the package is imported from."""
    return Path(softac._core.__file__).parents[1]


@pytest.mark.parametrize("seed", [1, 2])
def test_ten_minutes_of_misuse(seed: int) -> None:
    done = misuse(built(), "--seconds", SECONDS / 2, "--seed", seed)
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "leaked" not in done.stderr, done.stderr


def test_without_the_lock_threads_break_it(tmp_path: Path) -> None:
    build = built().parent
    if not (build / "CMakeCache.txt").exists():
        pytest.skip(f"{build} is no build folder, in which the module without its lock could be made")
    target = ["cmake", "--build", str(build), "--target", "softac_python_unlocked"]
    subprocess.run(target, check=True, capture_output=True)
    for seed in range(1, 6):  # a race need not be lost each time
        done = misuse(built() / "unlocked", "--seconds", 60, "--seed", seed, "--only", "shared_by_threads")
        if done.returncode != 0:
            print(done.returncode, done.stderr)
            assert "No module" not in done.stderr and "Error: argument" not in done.stderr
            return
    raise AssertionError("threads in one agent did no harm without the lock")


def test_with_the_lock_they_do_not(tmp_path: Path) -> None:
    done = misuse(built(), "--seconds", 60, "--seed", 1, "--only", "shared_by_threads")
    assert done.returncode == 0, done.stdout + done.stderr
