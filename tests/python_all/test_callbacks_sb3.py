"""softac's callbacks, evaluate_policy and schedules beside SB3's: the same numbers, names and files."""

from __future__ import annotations

import importlib.util
import inspect
import operator
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
from stable_baselines3 import SAC
from stable_baselines3.common import callbacks as sb3_callbacks
from stable_baselines3.common import logger as sb3_logger
from stable_baselines3.common import utils as sb3_utils
from stable_baselines3.common.evaluation import evaluate_policy as sb3_evaluate_policy
from stable_baselines3.common.logger import KVWriter
from stable_baselines3.common.logger import Logger as Sb3Logger
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.vec_env import DummyVecEnv, SubprocVecEnv, VecEnvWrapper, VecMonitor, VecNormalize

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "python"))

from fake_model import FakeModel, fake_vec_env_module  # noqa: E402
from toy_envs import CountingEnv, FollowEnv  # noqa: E402

from softac import callbacks, logger, schedules  # noqa: E402
from softac.evaluation import evaluate_policy  # noqa: E402
from softac.logger import Logger  # noqa: E402


@pytest.fixture(autouse=True)
def _vec_env(monkeypatch: pytest.MonkeyPatch) -> None:
    if importlib.util.find_spec("softac.vec_env") is None:
        monkeypatch.setitem(sys.modules, "softac.vec_env", fake_vec_env_module())


def counting(length: int, monitored: bool = True, success: bool = False) -> Callable[[], Any]:
    def make() -> Any:
        env = CountingEnv(length, success=success)
        return Monitor(env) if monitored else env

    return make


class Doubled(gymnasium.RewardWrapper[Any, Any]):
    """A wrapper that changes the rewards beyond the monitor."""

    def reward(self, reward: Any) -> float:
        return 2.0 * float(reward)


class Lives(gymnasium.Wrapper[Any, Any, Any, Any]):
    """A wrapper that says done at the second step of every episode and goes on with the episode at the next reset."""

    def __init__(self, env: Any) -> None:
        super().__init__(env)
        self.ended = True
        self.steps = 0

    def step(self, action: Any) -> Any:
        observation, reward, terminated, truncated, info = self.env.step(action)
        self.ended = terminated or truncated
        self.steps += 1
        return observation, reward, terminated or self.steps == 2, truncated, info

    def reset(self, **kwargs: Any) -> Any:
        if not self.ended:
            return self.env.unwrapped._observe(), {}  # type: ignore[attr-defined]
        self.steps = 0
        return self.env.reset(**kwargs)


VEC_ENVS: dict[str, Callable[[], Any]] = {
    "one": lambda: DummyVecEnv([counting(3)]),
    "three lengths": lambda: DummyVecEnv([counting(length) for length in (2, 3, 7)]),
    "processes": lambda: SubprocVecEnv([counting(length) for length in (2, 3)], start_method="fork"),
    "vector monitor": lambda: VecMonitor(DummyVecEnv([counting(3, monitored=False)])),
    "no monitor": lambda: DummyVecEnv([counting(3, monitored=False), counting(2, monitored=False)]),
    "wrapped monitor": lambda: DummyVecEnv([lambda: Doubled(counting(3)())]),
    "wrapper without monitor": lambda: DummyVecEnv([lambda: Doubled(counting(3, monitored=False)())]),
    "lives": lambda: DummyVecEnv([lambda: Lives(counting(5)())]),
    "normalised": lambda: VecNormalize(DummyVecEnv([counting(3)])),
    "normalised without monitor": lambda: VecNormalize(DummyVecEnv([counting(3, monitored=False)])),
}


@pytest.mark.parametrize("name", VEC_ENVS)
@pytest.mark.parametrize("episodes", [1, 5])
def test_evaluate_policy_gives_sb3s_numbers(name: str, episodes: int) -> None:
    results, calls, warned = [], [], []
    for function in (sb3_evaluate_policy, evaluate_policy):
        seen: list[Any] = []

        def callback(locals_: dict[str, Any], globals_: dict[str, Any], seen: list[Any] = seen) -> None:
            seen.append((locals_["i"], float(locals_["reward"]), bool(locals_["done"]), sorted(locals_["info"])))

        env = VEC_ENVS[name]()
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            arguments: dict[str, Any] = {"n_eval_episodes": episodes, "callback": callback}
            results.append(function(FakeModel(None), env, return_episode_rewards=True, **arguments))
        warned.append([warning.category for warning in caught])
        calls.append(seen)
        env.close()
    assert results[0] == results[1]
    assert calls[0] == calls[1] and len(calls[0]) > 0
    assert warned[0] == warned[1]


def test_evaluate_policy_means_as_sb3() -> None:
    model = FakeModel(None)
    for arguments in ({}, {"n_eval_episodes": 3}, {"reward_threshold": 1.0}):
        expected = sb3_evaluate_policy(model, VEC_ENVS["three lengths"](), **arguments)
        assert evaluate_policy(model, VEC_ENVS["three lengths"](), **arguments) == pytest.approx(expected, abs=1e-12)


def make_sb3(env: Any, rows: list[Any], logger_class: Any = Logger) -> SAC:
    class Output(KVWriter):
        def write(self, key_values: dict[str, Any], key_excluded: dict[str, Any], step: int = 0) -> None:
            evaluated = {key: value for key, value in key_values.items() if key.startswith("eval/")}
            rows.append((step, evaluated, sorted(key_values)))

        def close(self) -> None:
            pass

    model = SAC("MlpPolicy", env, learning_starts=1000, policy_kwargs={"net_arch": [4]}, seed=1, device="cpu")
    model.set_logger(logger_class(None, [Output()]))
    return model


class NoteChild(sb3_callbacks.BaseCallback):
    """SB3's own kind of callback, as a child of either library's."""

    def __init__(self, notes: list[Any]) -> None:
        super().__init__()
        self.notes = notes

    def _on_step(self) -> bool:
        self.notes.append((self.n_calls, self.num_timesteps, type(self.parent).__name__))
        return True


def run_eval(library: Any, folder: Path, normalise: bool, logger_class: Any) -> dict[str, Any]:
    """SB3's SAC learns with a library's EvalCallback; everything that it leaves behind."""

    def wrap(env: Any, **arguments: Any) -> Any:
        return VecNormalize(env, **arguments) if normalise else env

    rows: list[Any] = []
    notes: list[Any] = []
    train_env = wrap(DummyVecEnv([counting(4), counting(3)]))
    eval_env = wrap(DummyVecEnv([counting(2, success=True), counting(3)]), training=False, norm_reward=False)
    model = make_sb3(train_env, rows, logger_class)
    evaluate = library.EvalCallback(
        eval_env,
        callback_on_new_best=NoteChild(notes),
        callback_after_eval=library.StopTrainingOnRewardThreshold(150.0, verbose=0),
        n_eval_episodes=3,
        eval_freq=5,
        log_path=str(folder / "log"),
        best_model_save_path=str(folder / "best"),
        verbose=0,
    )
    checkpoint = library.CheckpointCallback(4, str(folder / "check"), "m", True, True)
    every = library.EveryNTimesteps(7, NoteChild(notes))
    model.learn(40, callback=[evaluate, checkpoint, every], log_interval=None)
    statistics = [eval_env.obs_rms.mean, eval_env.obs_rms.var, eval_env.ret_rms.mean] if normalise else []
    with np.load(folder / "log" / "evaluations.npz") as saved:
        evaluations = {key: (saved[key].dtype, saved[key].tolist()) for key in saved}
    files = sorted(str(path.relative_to(folder)) for path in folder.rglob("*.*"))
    return {
        "rows": rows, "notes": notes, "evaluations": evaluations, "files": files, "steps": model.num_timesteps,
        "statistics": np.array(statistics, dtype=object).tolist(), "best": evaluate.best_mean_reward,
    }  # fmt: skip


@pytest.mark.parametrize("normalise", [False, True])
@pytest.mark.parametrize("logger_class", [Sb3Logger, Logger])
def test_callbacks_leave_what_sb3s_leave(tmp_path: Path, normalise: bool, logger_class: Any) -> None:
    expected = run_eval(sb3_callbacks, tmp_path / "sb3", normalise, logger_class)
    result = run_eval(callbacks, tmp_path / "softac", normalise, logger_class)
    if normalise:
        result["files"].remove("best/best_model_vecnormalize.pkl")
        np.testing.assert_equal(result.pop("statistics"), expected.pop("statistics"))
    assert result == expected
    assert result["steps"] < 40 and len(result["notes"]) > 4


def test_statistics_beside_the_best_model_are_sb3s_to_read(tmp_path: Path) -> None:
    run_eval(callbacks, tmp_path, True, Logger)
    env = VecNormalize.load(str(tmp_path / "best" / "best_model_vecnormalize.pkl"), DummyVecEnv([counting(2)]))
    assert env.obs_rms.count > 10
    SAC.load(tmp_path / "best" / "best_model.zip")


def test_normalisation_hidden_in_wrappers_is_found(tmp_path: Path) -> None:
    class Plain(VecEnvWrapper):
        def reset(self) -> Any:
            return self.venv.reset()

        def step_wait(self) -> Any:
            return self.venv.step_wait()

    model = make_sb3(Plain(VecNormalize(DummyVecEnv([counting(4)]))), [])
    eval_env = VecNormalize(DummyVecEnv([counting(4)]), training=False)
    model.learn(12, callbacks.EvalCallback(eval_env, eval_freq=5, n_eval_episodes=1, verbose=0))
    np.testing.assert_array_less(1.0, eval_env.obs_rms.count)
    with pytest.raises(AssertionError, match="VecNormalize"):
        model.learn(12, callbacks.EvalCallback(DummyVecEnv([counting(4)]), eval_freq=5))


def test_sb3s_callbacks_run_within_softacs() -> None:
    notes: list[Any] = []
    model = FakeModel(DummyVecEnv([counting(4)]), Logger(None, []))
    evaluate = sb3_callbacks.EvalCallback(
        DummyVecEnv([counting(2)]), callback_after_eval=NoteChild(notes), eval_freq=3, n_eval_episodes=1, verbose=0
    )
    stop = sb3_callbacks.StopTrainingOnMaxEpisodes(2)
    callback = callbacks.as_callback([evaluate, stop, sb3_callbacks.CallbackList([NoteChild(notes)])])
    assert model.learn(100, callback) == 7
    assert notes[:4] == [(1, 1, "NoneType"), (2, 2, "NoneType"), (1, 3, "EvalCallback"), (3, 3, "NoneType")]


@pytest.mark.parametrize("outer", ["sb3", "softac"])
def test_stops_work_within_the_other_librarys_eval_callback(outer: str) -> None:
    outside, inside = (sb3_callbacks, callbacks) if outer == "sb3" else (callbacks, sb3_callbacks)
    stops = [inside.StopTrainingOnRewardThreshold(40.0), inside.StopTrainingOnNoModelImprovement(9)]
    evaluate = outside.EvalCallback(
        DummyVecEnv([counting(2)]), inside.CallbackList(stops), eval_freq=2, n_eval_episodes=1, verbose=0
    )
    model = make_sb3(DummyVecEnv([counting(4)]), [])
    model.learn(40, evaluate)
    assert model.num_timesteps == 4


def test_progress_and_log_every_run_under_sb3() -> None:
    rows: list[Any] = []
    model = make_sb3(DummyVecEnv([counting(2)]), rows)
    model.learn(8, [callbacks.LogEveryNTimesteps(4), callbacks.ProgressBarCallback()], log_interval=None)
    assert [step for step, _, _ in rows] == [4, 8]


def test_functions_and_none_run_as_in_sb3() -> None:
    model = make_sb3(DummyVecEnv([counting(2)]), [])
    calls: list[int] = []

    def function(locals_: dict[str, Any], globals_: dict[str, Any]) -> bool:
        calls.append(locals_["self"].num_timesteps)
        return len(calls) < 3

    model.learn(8, callbacks.as_callback(function))
    assert calls == [1, 2, 3]
    model.learn(2, callbacks.as_callback(None))


NAMES = (
    "BaseCallback",
    "CallbackList",
    "CheckpointCallback",
    "ConvertCallback",
    "EvalCallback",
    "EventCallback",
    "EveryNTimesteps",
    "LogEveryNTimesteps",
    "ProgressBarCallback",
    "StopTrainingOnMaxEpisodes",
    "StopTrainingOnNoModelImprovement",
    "StopTrainingOnRewardThreshold",
)


@pytest.mark.parametrize("name", [*NAMES, "evaluate_policy", "Logger.record", "Logger.record_mean", "configure"])
def test_arguments_and_defaults_are_sb3s(name: str) -> None:
    def arguments(function: Any) -> list[Any]:
        return [(p.name, p.kind, p.default) for p in inspect.signature(function).parameters.values()]

    if name in NAMES:
        functions = [getattr(module, name).__init__ for module in (callbacks, sb3_callbacks)]
    elif name == "evaluate_policy":
        functions = [evaluate_policy, sb3_evaluate_policy]
    else:
        functions = [operator.attrgetter(name)(module) for module in (logger, sb3_logger)]
    assert arguments(functions[0]) == arguments(functions[1])


@pytest.mark.parametrize("name", NAMES)
def test_methods_are_sb3s(name: str) -> None:
    ours, theirs = getattr(callbacks, name), getattr(sb3_callbacks, name)
    assert {method for method in dir(theirs) if not method.startswith("_")} <= set(dir(ours))


@pytest.mark.parametrize("progress", [1.0, 0.9, 0.5, 0.25, 0.1, 0.0])
def test_schedules_give_sb3s_values(progress: float) -> None:
    for start, end, fraction in ((1.0, 0.1, 0.5), (1e-3, 0.0, 1.0), (0.0, 2.0, 0.1)):
        expected = sb3_utils.LinearSchedule(start, end, fraction)
        assert schedules.LinearSchedule(start, end, fraction)(progress) == expected(progress)
        assert schedules.as_schedule(expected)(progress) == expected(progress)
    assert schedules.as_schedule(sb3_utils.FloatSchedule(0.3))(progress) == 0.3
    assert schedules.as_schedule(sb3_utils.ConstantSchedule(0.3)).constant == 0.3
    assert sb3_utils.FloatSchedule(schedules.as_schedule(0.3))(progress) == 0.3


def test_a_model_that_learns_is_evaluated_alike() -> None:
    model = SAC("MlpPolicy", FollowEnv(), learning_starts=20, policy_kwargs={"net_arch": [8]}, seed=3, device="cpu")
    model.learn(40)
    results = []
    for function in (sb3_evaluate_policy, evaluate_policy):
        env = DummyVecEnv([lambda: Monitor(FollowEnv()), lambda: Monitor(FollowEnv())])
        env.seed(5)
        results.append(function(model, env, n_eval_episodes=5, return_episode_rewards=True))
    assert results[0] == results[1]
