"""Stable-Baselines3's own tests, from its source distribution, with softac.SAC in the place of its SAC.

sb3_suite.json says of every test about SAC whether it passes, or why it does not; the two must agree, name by name.
"""

import hashlib
import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

# Python knows it from 3.11.4 on.
SAFELY = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}

HERE = Path(__file__).parent
EXPECTED = json.loads((HERE / "sb3_suite.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sb3")
    download = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "-q",
        "--no-deps",
        "--no-binary",
        ":all:",
        "--no-build-isolation",
    ]
    subprocess.run([*download, "-d", str(folder), f"stable-baselines3=={EXPECTED['version']}"], check=True)
    archive = next(folder.glob("*.tar.gz"))
    assert hashlib.sha256(archive.read_bytes()).hexdigest() == EXPECTED["sha256"]
    with tarfile.open(archive) as file:
        file.extractall(folder, **SAFELY)
    source = next(path for path in folder.iterdir() if path.is_dir())
    report = folder / "report.json"
    environment = {**os.environ, "SB3_SUITE_REPORT": str(report)}
    environment["PYTHONPATH"] = os.pathsep.join([str(HERE), *sys.path])
    command = [sys.executable, "-m", "pytest", "-p", "sb3_suite_plugin", "-p", "no:cacheprovider", "-q", "--tb=no"]
    command += ["--continue-on-collection-errors", "tests"]
    done = subprocess.run(command, cwd=source, env=environment, capture_output=True, text=True, check=False)
    assert report.exists(), done.stdout + done.stderr
    return json.loads(report.read_text(encoding="utf-8"))


def test_sb3_sac_was_never_made(outcomes):
    assert outcomes["sb3_sac_constructed"] == 0


def test_outcomes_are_those_that_are_written_down(outcomes):
    found = outcomes["outcomes"]
    passed = {name for name, outcome in found.items() if outcome == "passed"}
    assert passed == set(EXPECTED["passed"]) | set(EXPECTED["vacuous"])
    assert set(found) - passed == set(EXPECTED["excluded"]) | set(EXPECTED["skipped"])


def test_enough_of_them_pass():
    assert len(EXPECTED["passed"]) >= 52
    assert all(EXPECTED["excluded"].values())
