"""evaluate_policy: which episodes count, whose numbers are taken, what the callback sees."""

from __future__ import annotations

import sys
import types
import warnings
from typing import Any

import gymnasium
import numpy as np
import pytest
from fake_model import FakeModel, FakeNormalize, PlainVecEnv, fake_vec_env_module
from toy_envs import CountingEnv

from softac.evaluation import evaluate_policy


@pytest.fixture(autouse=True)
def vec_env(monkeypatch: pytest.MonkeyPatch) -> types.ModuleType:
    module = fake_vec_env_module()
    monkeypatch.setitem(sys.modules, "softac.vec_env", module)
    return module


MODEL = FakeModel(None)


def test_mean_and_deviation() -> None:
    mean, std = evaluate_policy(MODEL, CountingEnv(2), n_eval_episodes=3)
    assert mean == 23.0 and std == pytest.approx(np.std([3, 23, 43]))
    assert type(mean) is type(std) is float


def test_returns_and_lengths() -> None:
    result = evaluate_policy(MODEL, CountingEnv(3), n_eval_episodes=2, return_episode_rewards=True)
    assert result == ([6.0, 36.0], [3, 3])
    assert [type(value) for values in result for value in values] == [float, float, int, int]


def test_episodes_are_divided_among_environments(vec_env: types.ModuleType) -> None:
    env = vec_env.SoftacVecEnv([CountingEnv(2), CountingEnv(3), CountingEnv(7)])
    returns, lengths = evaluate_policy(MODEL, env, n_eval_episodes=4, return_episode_rewards=True)
    assert lengths == [2, 3, 7, 7] and returns == [3.0, 6.0, 28.0, 98.0]


def test_the_model_is_asked_as_sb3_asks(vec_env: types.ModuleType) -> None:
    asked: list[tuple[Any, ...]] = []

    class Model:
        def predict(
            self, observation: Any, state: Any = None, episode_start: Any = None, deterministic: bool = False
        ) -> Any:
            asked.append((observation.tolist(), state, episode_start.tolist(), deterministic))
            return np.zeros((1, 1), np.float32), len(asked)

    env = vec_env.SoftacVecEnv([CountingEnv(2)])
    evaluate_policy(Model(), env, n_eval_episodes=2, deterministic=False, render=True)
    assert asked == [
        ([[0.0, 0.0]], None, [True], False),
        ([[0.0, 1.0]], 1, [False], False),
        ([[1.0, 0.0]], 2, [True], False),
        ([[1.0, 1.0]], 3, [False], False),
    ]
    assert env.renders == 4


def test_the_callback_sees_sb3s_names(vec_env: types.ModuleType) -> None:
    seen: list[tuple[int, float, bool]] = []

    def callback(locals_: dict[str, Any], globals_: dict[str, Any]) -> None:
        seen.append((locals_["i"], float(locals_["reward"]), bool(locals_["done"])))
        assert globals_["__name__"] == "softac.evaluation"
        names = "model env n_eval_episodes deterministic render callback n_envs is_monitor_wrapped episode_rewards "
        names += "episode_lengths episode_counts episode_count_targets current_rewards current_lengths observations "
        names += "states episode_starts actions new_observations rewards dones infos i reward done info"
        assert set(names.split()) <= locals_.keys()

    env = vec_env.SoftacVecEnv([CountingEnv(1), CountingEnv(2)])
    evaluate_policy(MODEL, env, n_eval_episodes=2, callback=callback)
    assert seen == [(0, 1.0, True), (1, 1.0, False), (1, 2.0, True)]


def test_rows_that_are_only_resets_do_not_count(vec_env: types.ModuleType) -> None:
    """As over Gymnasium's NEXT_STEP: the step after an end only hands out the first observation."""

    class NextStep(vec_env.SoftacVecEnv):  # type: ignore[name-defined, misc]
        resets = 0

        def step(self, actions: np.ndarray) -> Any:
            if self.valid[0] and self.resets:
                self.valid[:] = False
                self.resets = 0
                return np.zeros((1, 2), np.float32), np.array([77.0]), np.array([False]), [{}]
            self.valid[:] = True
            result = super().step(actions)
            self.resets = int(result[2][0])
            return result

    calls: list[tuple[float, int]] = []

    def callback(locals_: dict[str, Any], globals_: dict[str, Any]) -> None:
        calls.append((float(locals_["current_rewards"][0]), int(locals_["current_lengths"][0])))

    result = evaluate_policy(MODEL, NextStep([CountingEnv(2)]), 3, callback=callback, return_episode_rewards=True)
    assert result == ([3.0, 23.0, 43.0], [2, 2, 2])
    assert calls == [(1.0, 1), (3.0, 2), (11.0, 1), (23.0, 2), (21.0, 1), (43.0, 2)]


def test_an_environment_without_statistics_is_counted_and_warned_of() -> None:
    env = PlainVecEnv([CountingEnv(2)], statistics=False)
    with pytest.warns(UserWarning, match="records no episode statistics"):
        assert evaluate_policy(MODEL, env, 2, return_episode_rewards=True) == ([3.0, 23.0], [2, 2])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        evaluate_policy(MODEL, env, 2, warn=False)


class Recorded(PlainVecEnv):
    """As one whose environments Gymnasium's RecordEpisodeStatistics wraps, and that ends an episode with two lives."""

    def env_is_wrapped(self, wrapper_class: type, indices: Any = None) -> list[bool]:
        return [wrapper_class is gymnasium.wrappers.RecordEpisodeStatistics]

    def step(self, actions: np.ndarray) -> Any:
        observations, rewards, dones, infos = super().step(actions)
        if dones[0]:
            del infos[0]["episode"]
            if self.envs[0].episode % 2 == 0:
                infos[0]["episode"] = {"r": np.float32(100 + self.envs[0].episode), "l": np.int64(9), "t": 0.0}
        return observations, rewards, dones, infos


def test_recorded_statistics_are_believed_rather_than_dones() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = evaluate_policy(MODEL, Recorded([CountingEnv(2)]), 2, return_episode_rewards=True)
    assert result == ([102.0, 104.0], [9, 9])


def test_softacs_environments_within_a_wrapper_record_statistics(vec_env: types.ModuleType) -> None:
    env = FakeNormalize(vec_env.SoftacVecEnv([CountingEnv(2)]))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert evaluate_policy(MODEL, env, 1) == (3.0, 0.0)


def test_environments_that_know_no_wrappers_are_counted() -> None:
    class Simulator(PlainVecEnv):
        def env_is_wrapped(self, wrapper_class: type, indices: Any = None) -> list[bool]:
            raise NotImplementedError

    assert evaluate_policy(MODEL, Simulator([CountingEnv(2)]), 1, warn=False) == (3.0, 0.0)


def test_threshold_and_number_of_episodes() -> None:
    assert evaluate_policy(MODEL, CountingEnv(2), 1, reward_threshold=2.9)[0] == 3.0
    with pytest.raises(AssertionError, match="mean return 3.00 is not above 3.00"):
        evaluate_policy(MODEL, CountingEnv(2), 1, reward_threshold=3.0)
    with pytest.raises(ValueError, match="n_eval_episodes must be at least 1, not 0"):
        evaluate_policy(MODEL, CountingEnv(2), 0)
