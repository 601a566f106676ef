"""The RL Baselines3 Zoo trains softac.SAC and plays what it trained, unchanged but for its table of algorithms."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import softac

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("packages")
    install = [sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-deps"]
    subprocess.run([*install, "--target", str(folder), "-r", str(HERE / "zoo_packages.txt")], check=True)
    return folder


def zoo(packages: Path, folder: Path, *arguments: str) -> str:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([*sys.path, str(packages)])}
    command = [sys.executable, str(HERE / "zoo_with_softac.py"), *arguments, "--algo", "sac", "--env", "Pendulum-v1"]
    done = subprocess.run(
        [*command, "-f", "logs"], cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=600
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_train_and_enjoy(packages: Path, tmp_path: Path) -> None:
    settings = ["--eval-freq", "200", "--eval-episodes", "1", "--save-freq", "200", "--tensorboard-log", "tb"]
    zoo(packages, tmp_path, "train", "-n", "400", *settings)
    run = tmp_path / "logs" / "sac" / "Pendulum-v1_1"
    model = softac.SAC.load(run / "Pendulum-v1.zip")
    assert model.num_timesteps == 400
    assert model._n_updates > 0
    assert softac.SAC.load(run / "best_model.zip").num_timesteps in (200, 400)
    assert softac.SAC.load(run / "rl_model_200_steps.zip").num_timesteps == 200
    assert np.load(run / "evaluations.npz")["timesteps"].tolist() == [200, 400]
    assert list((tmp_path / "tb").rglob("events.out.tfevents.*"))
    played = zoo(packages, tmp_path, "enjoy", "-n", "250", "--no-render", "--exp-id", "1")
    assert "Episode Reward" in played
    # It goes on from a trained agent.
    zoo(packages, tmp_path, "train", "-n", "200", "-i", str(run / "Pendulum-v1.zip"))
    assert (tmp_path / "logs" / "sac" / "Pendulum-v1_2" / "Pendulum-v1.zip").exists()
