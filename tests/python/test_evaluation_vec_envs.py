"""evaluate_policy and EvalCallback on Gymnasium's environments and vectors, through softac's own VecEnv."""

from __future__ import annotations

import warnings
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from fake_model import FakeModel
from gymnasium.vector import AsyncVectorEnv, AutoresetMode, SyncVectorEnv
from toy_envs import CountingEnv

from softac.callbacks import EvalCallback
from softac.evaluation import evaluate_policy
from softac.logger import Logger

vec_env = pytest.importorskip("softac.vec_env")

MODEL = FakeModel(None)
# Episodes 0, 1, … of CountingEnv(length n) return 10 n k + n (n + 1) / 2; four episodes of two environments:
RETURNS, LENGTHS = [3.0, 6.0, 23.0, 36.0], [2, 3, 2, 3]


@pytest.fixture(autouse=True)
def _no_warnings() -> object:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def test_one_environment() -> None:
    assert evaluate_policy(MODEL, CountingEnv(2), 3, return_episode_rewards=True) == ([3.0, 23.0, 43.0], [2, 2, 2])


def test_softacs_vec_env() -> None:
    env = vec_env.DummyVecEnv([partial(CountingEnv, 2), partial(CountingEnv, 3)])
    assert evaluate_policy(MODEL, env, 4, return_episode_rewards=True) == (RETURNS, LENGTHS)


@pytest.mark.parametrize("mode", list(AutoresetMode))
@pytest.mark.parametrize("vector", [SyncVectorEnv, AsyncVectorEnv])
def test_vectors_in_every_autoreset_mode(vector: type, mode: AutoresetMode) -> None:
    env = vector([partial(CountingEnv, 2), partial(CountingEnv, 3)], autoreset_mode=mode)
    calls: list[int] = []
    result = evaluate_policy(
        MODEL, env, 4, callback=lambda locals_, _: calls.append(locals_["i"]), return_episode_rewards=True
    )
    env.close()
    # Where resets take a step of their own, the order of the ends is another.
    assert sorted(zip(*result, strict=True)) == sorted(zip(RETURNS, LENGTHS, strict=True))
    assert (calls.count(0), calls.count(1)) == (4, 6)


def test_eval_callback_takes_a_gymnasium_environment(tmp_path: Path) -> None:
    model = FakeModel(vec_env.DummyVecEnv([CountingEnv]), Logger(None, []))
    callback = EvalCallback(CountingEnv(2), n_eval_episodes=2, eval_freq=2, log_path=str(tmp_path), verbose=0)
    model.learn(4, callback)
    with np.load(tmp_path / "evaluations.npz") as saved:
        assert saved["results"].tolist() == [[3.0, 23.0], [63.0, 83.0]]
