"""EvalCallback: what it logs and saves, when it triggers, and normalised environments."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fake_model import FakeModel, FakeNormalize, FakeVecEnv, fake_vec_env_module
from toy_envs import CountingEnv

from softac import callbacks as cb
from softac.logger import Logger
from softac.normalisation import normalising_layers, sync_statistics


@pytest.fixture(autouse=True)
def _vec_env(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "softac.vec_env", fake_vec_env_module())


class Rows:
    def __init__(self) -> None:
        self.rows: list[tuple[int, dict[str, Any]]] = []
        self.excluded: dict[str, tuple[str, ...]] = {}

    def write(self, key_values: dict[str, Any], key_excluded: dict[str, tuple[str, ...]], step: int = 0) -> None:
        self.rows.append((step, dict(key_values)))
        self.excluded = dict(key_excluded)


class Count(cb.BaseCallback):
    """Counts its calls; ends the training at the call numbered `stop`."""

    def __init__(self, stop: int = 0) -> None:
        super().__init__()
        self.stop = stop
        self.steps: list[int] = []
        self.dones: list[bool] = []

    def _on_step(self) -> bool:
        self.steps.append(self.num_timesteps)
        self.dones.append(bool(self.locals["dones"][0]))
        return self.n_calls != self.stop


def make_model(num_envs: int = 1, normalised: bool = False) -> tuple[FakeModel, Rows]:
    rows = Rows()
    env: Any = FakeVecEnv([CountingEnv() for _ in range(num_envs)])
    wrapped = FakeNormalize(env, 0.5) if normalised else env
    return FakeModel(wrapped, Logger(None, [rows]), wrapped if normalised else None), rows


# CountingEnv(length 2): episode k returns 20 k + 3; each evaluation resets once more than it plays episodes.


def test_what_is_logged_and_saved(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model, rows = make_model(num_envs=2)
    callback = cb.EvalCallback(
        CountingEnv(2),
        n_eval_episodes=2,
        eval_freq=3,
        log_path=str(tmp_path / "log"),
        best_model_save_path=str(tmp_path / "best"),
    )
    model.learn(12, callback)
    assert rows.rows == [
        (6, {"eval/mean_reward": 13.0, "eval/mean_ep_length": 2.0, "time/total_timesteps": 6}),
        (12, {"eval/mean_reward": 73.0, "eval/mean_ep_length": 2.0, "time/total_timesteps": 12}),
    ]
    assert rows.excluded == {
        "eval/mean_reward": ("",), "eval/mean_ep_length": ("",), "time/total_timesteps": ("tensorboard",),
    }  # fmt: skip
    with np.load(tmp_path / "log" / "evaluations.npz") as saved:
        assert sorted(saved) == ["ep_lengths", "results", "timesteps"]
        assert saved["timesteps"].tolist() == [6, 12]
        assert saved["results"].tolist() == [[3.0, 23.0], [63.0, 83.0]]
        assert saved["ep_lengths"].tolist() == [[2, 2], [2, 2]]
    assert [path.name for path in (tmp_path / "log").iterdir()] == ["evaluations.npz"]
    assert model.saved == ["best_model.zip", "best_model.zip"]
    assert [path.name for path in (tmp_path / "best").iterdir()] == ["best_model.zip"]
    assert callback.best_mean_reward == callback.last_mean_reward == 73.0
    assert capsys.readouterr().out.splitlines()[:3] == [
        "Eval num_timesteps=6, episode_reward=13.00 +/- 10.00",
        "Episode length: 2.00 +/- 0.00",
        "New best mean reward!",
    ]


def test_only_a_better_model_is_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model, _ = make_model()
    best, every = Count(), Count()
    callback = cb.EvalCallback(
        CountingEnv(2), best, every, 1, eval_freq=2, best_model_save_path=str(tmp_path), verbose=0
    )
    callback.best_mean_reward = 43.0
    model.learn(8, callback)
    assert best.steps == [6, 8] and every.steps == [2, 4, 6, 8]
    assert best.parent is callback and every.parent is callback and best.dones == every.dones[2:] == [False, True]
    assert (tmp_path / "best_model.zip").read_text() == "8"
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("which", ["best", "every"])
def test_a_triggered_callback_ends_the_training(which: str) -> None:
    model, _ = make_model()
    best, every = Count(stop=2 if which == "best" else 0), Count(stop=2 if which == "every" else 0)
    callback = cb.EvalCallback(CountingEnv(2), best, every, n_eval_episodes=1, eval_freq=2, verbose=0)
    model.learn(8, callback)
    assert best.steps == [2, 4] and every.steps == ([2] if which == "best" else [2, 4])


def test_stops_within_an_eval_callback() -> None:
    model, _ = make_model()
    stop = cb.StopTrainingOnRewardThreshold(40.0)
    model.learn(8, cb.EvalCallback(CountingEnv(2), stop, n_eval_episodes=1, eval_freq=2, verbose=0))
    assert model.num_timesteps == 4


@pytest.mark.parametrize("eval_freq", [0, -1, 100])
def test_without_an_evaluation_nothing_happens(eval_freq: int, tmp_path: Path) -> None:
    model, rows = make_model(normalised=eval_freq <= 0)
    callback = cb.EvalCallback(CountingEnv(2), eval_freq=eval_freq, log_path=str(tmp_path))
    model.learn(8, callback)
    assert rows.rows == [] and list(tmp_path.iterdir()) == []
    assert callback.best_mean_reward == callback.last_mean_reward == -np.inf


def test_success_rates(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model, rows = make_model()
    env = CountingEnv(2, success=True)
    model.learn(4, cb.EvalCallback(env, n_eval_episodes=4, eval_freq=2, log_path=str(tmp_path)))
    assert [row["eval/success_rate"] for _, row in rows.rows] == [0.5, 0.5]
    assert "Success rate: 50.00%" in capsys.readouterr().out
    with np.load(tmp_path / "evaluations.npz") as saved:
        assert saved["successes"].dtype == bool
        assert saved["successes"].tolist() == [[True, False, True, False], [False, True, False, True]]


def test_success_that_not_every_episode_states(tmp_path: Path) -> None:
    model, _ = make_model()
    env = CountingEnv(2)
    callback = cb.EvalCallback(env, n_eval_episodes=2, eval_freq=2, log_path=str(tmp_path), verbose=0)
    for success in (False, True):
        env.success = success
        model.learn(2, callback)
    with np.load(tmp_path / "evaluations.npz") as saved:
        np.testing.assert_array_equal(saved["successes"], [[np.nan, np.nan], [0.0, 1.0]])


def test_statistics_are_copied_and_saved_beside_the_best_model(tmp_path: Path) -> None:
    model, _ = make_model(normalised=True)
    eval_env = FakeNormalize(FakeVecEnv([CountingEnv(2)]), 9.0)
    callback = cb.EvalCallback(
        eval_env, n_eval_episodes=1, eval_freq=1, best_model_save_path=str(tmp_path), verbose=0, warn=False
    )
    model.learn(2, callback)
    assert (eval_env.obs_rms.mean, eval_env.ret_rms.mean) == (0.5, -0.5)
    assert eval_env.obs_rms is not model.env.obs_rms
    assert sorted(path.name for path in tmp_path.iterdir()) == ["best_model.zip", "best_model_vecnormalize.pkl"]
    assert (tmp_path / "best_model_vecnormalize.pkl").read_text() == "0.5"


def test_layers_without_normalised_observations_count_too() -> None:
    inner = FakeVecEnv([CountingEnv(2)])
    rewards_only = FakeNormalize(inner, 3.0)
    del rewards_only.obs_rms
    both = FakeNormalize(rewards_only, 4.0)
    assert normalising_layers(both) == [both, rewards_only] and normalising_layers(inner) == []
    target = FakeNormalize(FakeNormalize(inner))
    sync_statistics(both, target)
    assert (target.obs_rms.mean, target.venv.obs_rms.mean, target.venv.ret_rms.mean) == (4.0, 0.0, -3.0)
    with pytest.raises(AssertionError, match="2 normalising"):
        sync_statistics(both, rewards_only)


def test_an_evaluation_environment_without_statistics_is_refused_at_the_start() -> None:
    model, _ = make_model(normalised=True)
    with pytest.raises(AssertionError, match=r"1 normalising wrapper\(s\), the evaluation environment 0.*VecNormalize"):
        model.learn(2, cb.EvalCallback(CountingEnv(2), eval_freq=1))
