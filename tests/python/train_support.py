"""What the tests of softac.train share: short runs, the command softac, environments that fail, small callbacks."""
import os
import pathlib
import subprocess
import tomllib

import pytest
import softac
from python_pendulum import PythonPendulum

HERE = pathlib.Path(__file__).parent
QUICK = {"threads": 1, "net_arch": [16, 16], "batch_size": 16, "learning_starts": 50, "eval_freq": 0, "seed": 5}


def command(*arguments):
    """Runs the command softac of the same build."""
    path = os.environ.get("SOFTAC_COMMAND", pathlib.Path(softac.__file__).parents[2] / "apps" / "softac")
    if not os.access(path, os.X_OK):
        pytest.skip("the command softac is not beside the module (SOFTAC_COMMAND names it)")
    return subprocess.run([path, *map(str, arguments)], capture_output=True, text=True, timeout=120)


def train(env, **changes):
    return softac.train(env, **{**QUICK, **changes})


def config_of(run_dir):
    with open(pathlib.Path(run_dir) / "config.toml", "rb") as file:
        return tomllib.load(file)


class Failing(PythonPendulum):
    """Breaks at step 120 in the way that is asked for."""

    def __init__(self, how):
        super().__init__()
        self.how = how
        self.total = 0

    def step(self, action):
        obs, reward, terminated, truncated, info = super().step(action)
        self.total += 1
        if self.total == 120:
            return self.how(obs, reward)
        return obs, reward, terminated, truncated, info


def fail_with_error(obs, reward):
    raise ValueError("the pole fell off")


class StopAt:
    def __init__(self, step):
        self.step = step

    def on_step(self, summary):
        return summary.step < self.step


class Messages:
    def __init__(self):
        self.texts = []

    def on_message(self, text):
        self.texts.append(text)
