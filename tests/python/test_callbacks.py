"""Callbacks under a model that calls them as `learn` does."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fake_model import FakeModel, FakeNormalize, FakeVecEnv, fake_vec_env_module
from toy_envs import CountingEnv

from softac import callbacks as cb
from softac.logger import Logger


@pytest.fixture(autouse=True)
def _vec_env(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "softac.vec_env", fake_vec_env_module())


class Note(cb.BaseCallback):
    """Writes down how it is called; ends the training at the call numbered `stop`."""

    def __init__(self, notes: list[str], name: str = "", stop: int = 0) -> None:
        super().__init__()
        self.notes = notes
        self.name = name
        self.stop = stop

    def _init_callback(self) -> None:
        self.notes.append(f"{self.name}init")

    def _on_training_start(self) -> None:
        self.notes.append(f"{self.name}training_start")

    def _on_rollout_start(self) -> None:
        self.notes.append(f"{self.name}rollout_start")

    def _on_step(self) -> bool:
        self.notes.append(f"{self.name}step{self.num_timesteps}")
        return self.n_calls != self.stop

    def _on_rollout_end(self) -> None:
        self.notes.append(f"{self.name}rollout_end")

    def _on_training_end(self) -> None:
        self.notes.append(f"{self.name}training_end")


class Foreign:
    """A callback that shares no class with softac's, as SB3's do not."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.parent: Any = None

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or not (name.startswith("on_") or name in ("init_callback", "update_locals")):
            raise AttributeError(name)

        def call(*args: Any) -> bool:
            self.calls.append(name)
            return True

        return call


def make_model(num_envs: int = 1, **arguments: Any) -> FakeModel:
    return FakeModel(FakeVecEnv([CountingEnv() for _ in range(num_envs)]), Logger(None, []), **arguments)


def test_a_new_callback_is_silent_and_has_counted_nothing() -> None:
    note = Note([])
    assert (note.n_calls, note.num_timesteps, note.verbose, note.locals, note.globals) == (0, 0, 0, {}, {})
    assert note.model is None and note.parent is None
    silent = [cb.CheckpointCallback(1, "."), cb.StopTrainingOnRewardThreshold(1.0), cb.StopTrainingOnMaxEpisodes(1)]
    silent += [cb.StopTrainingOnNoModelImprovement(1), cb.EveryNTimesteps(1, note), cb.ConvertCallback(None)]
    assert {callback.verbose for callback in silent} == {0}
    assert silent[3].min_evals == 0  # type: ignore[attr-defined]


def test_order_of_calls_and_state() -> None:
    notes: list[str] = []
    model = make_model(num_envs=2)
    note = Note(notes)
    model.learn(6, note)
    assert notes == [
        "init", "training_start",
        "rollout_start", "step2", "step4", "rollout_end",
        "rollout_start", "step6", "step8", "rollout_end",
        "training_end",
    ]  # fmt: skip
    assert note.model is model and note.training_env is model.env and note.logger is model.logger
    assert note.n_calls == 4 and note.num_timesteps == 8
    assert {"total_timesteps", "dones", "infos"} <= note.locals.keys() and note.globals["__name__"] == "fake_model"


def test_false_ends_the_training_within_a_rollout() -> None:
    notes: list[str] = []
    assert make_model().learn(10, Note(notes, stop=3)) == 2
    assert notes[-3:] == ["rollout_start", "step3", "training_end"]


def test_a_model_without_environment_is_named() -> None:
    note = Note([])
    note.init_callback(FakeModel(None))
    with pytest.raises(AssertionError, match="Note: the model has no environment"):
        _ = note.training_env


def test_every_callback_of_a_list_is_called_though_one_ends_the_training() -> None:
    notes: list[str] = []
    make_model().learn(10, cb.CallbackList([Note(notes, "a", stop=1), Note(notes, "b")]))
    assert notes == [
        "ainit", "binit", "atraining_start", "btraining_start", "arollout_start", "brollout_start",
        "astep1", "bstep1", "atraining_end", "btraining_end",
    ]  # fmt: skip
    notes.clear()
    make_model().learn(2, cb.CallbackList([Note(notes, "a"), Note(notes, "b")]))
    assert notes[8:] == ["astep2", "bstep2", "arollout_end", "brollout_end", "atraining_end", "btraining_end"]
    with pytest.raises(TypeError, match="entry 1 is no callback"):
        cb.CallbackList([Note([]), 3])


@pytest.mark.parametrize("wrap", [list, tuple])
def test_as_callback_accepts_lists_of_all_kinds(wrap: type) -> None:
    foreign = Foreign()
    notes: list[str] = []
    seen: list[tuple[bool, str]] = []

    def function(locals_: dict[str, Any], globals_: dict[str, Any]) -> bool:
        seen.append((bool(locals_["dones"][0]), globals_["__name__"]))
        return True

    make_model().learn(4, cb.as_callback(wrap([foreign, Note(notes), function, None, [Note(notes, "inner ")]])))
    assert foreign.calls[:4] == ["init_callback", "on_training_start", "on_rollout_start", "update_locals"]
    assert foreign.calls.count("on_step") == 4 and foreign.calls[-1] == "on_training_end"
    assert [note for note in notes if "step" in note][:2] == ["step1", "inner step1"]
    assert seen == [(False, "fake_model")] * 3 + [(True, "fake_model")]


def test_as_callback_returns_a_callback_itself() -> None:
    foreign, note = Foreign(), Note([])
    assert cb.as_callback(foreign) is foreign and cb.as_callback(note) is note
    assert make_model().learn(4, cb.as_callback(None)) == 4


@pytest.mark.parametrize("value", [3, "x", Note, [Note], {}])
def test_as_callback_refuses_other_things(value: Any) -> None:
    with pytest.raises(TypeError, match="expected None, a callback, a list of them or a function"):
        cb.as_callback(value)


def test_a_function_ends_the_training() -> None:
    model = make_model()
    assert model.learn(10, cb.as_callback(lambda locals_, globals_: model.num_timesteps < 3)) == 2
    with pytest.warns(UserWarning, match="returned None, which ends the training; return True to go on"):
        assert make_model().learn(10, cb.as_callback(lambda locals_, globals_: None)) == 0


def test_checkpoints_have_sb3s_names(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = make_model(num_envs=2)
    model._normalised = FakeNormalize(model.env, 0.25)
    callback = cb.CheckpointCallback(
        2, str(tmp_path / "a" / "b"), "pre", save_replay_buffer=True, save_vecnormalize=True, verbose=2
    )
    model.learn(8, callback)
    assert model.saved == [
        "pre_4_steps.zip", "pre_replay_buffer_4_steps.pkl", "pre_8_steps.zip", "pre_replay_buffer_8_steps.pkl",
    ]  # fmt: skip
    assert (tmp_path / "a" / "b" / "pre_vecnormalize_8_steps.pkl").read_text() == "0.25"
    assert f"{tmp_path}/a/b/pre_vecnormalize_8_steps.pkl" in capsys.readouterr().out


def test_checkpoints_without_options_save_the_model_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = make_model()
    model.learn(4, cb.CheckpointCallback(3, str(tmp_path)))
    assert [path.name for path in tmp_path.iterdir()] == ["rl_model_3_steps.zip"]
    model.replay_buffer = None
    model.learn(4, cb.CheckpointCallback(4, str(tmp_path), save_replay_buffer=True, save_vecnormalize=True))
    assert model.saved == ["rl_model_3_steps.zip", "rl_model_4_steps.zip"]
    assert capsys.readouterr().out == ""
    with pytest.raises(ValueError, match="save_freq must be at least 1, not 0"):
        cb.CheckpointCallback(0, str(tmp_path))


class Scripted(cb.EventCallback):
    """Stands for an EvalCallback: an evaluation at every step, with best returns as given."""

    def __init__(self, callback: Any, best: list[float]) -> None:
        super().__init__(callback)
        self.best = best
        self.best_mean_reward = -np.inf

    def _on_step(self) -> bool:
        self.best_mean_reward = self.best[self.n_calls - 1]
        return self._on_event()


@pytest.mark.parametrize("in_list", [False, True])
def test_reward_threshold(in_list: bool, capsys: pytest.CaptureFixture[str]) -> None:
    stop = cb.StopTrainingOnRewardThreshold(3.0, verbose=1)
    assert make_model().learn(9, Scripted(cb.CallbackList([stop]) if in_list else stop, [1.0, 2.9, 3.0])) == 2
    assert "mean return 3.00 reaches the threshold 3.0" in capsys.readouterr().out


def test_no_improvement(capsys: pytest.CaptureFixture[str]) -> None:
    stop = cb.StopTrainingOnNoModelImprovement(1, min_evals=2, verbose=1)
    assert make_model().learn(9, Scripted(stop, [1.0, 1.0, 1.0, 2.0, 2.0, 2.0, 9.0])) == 5
    assert "no new best mean return in 2 evaluations" in capsys.readouterr().out


@pytest.mark.parametrize("stop", [cb.StopTrainingOnRewardThreshold(1.0), cb.StopTrainingOnNoModelImprovement(1)])
def test_stops_need_an_eval_callback(stop: cb.BaseCallback) -> None:
    with pytest.raises(AssertionError, match="only within an EvalCallback"):
        make_model().learn(4, stop)


def test_max_episodes_counts_per_environment(capsys: pytest.CaptureFixture[str]) -> None:
    stop = cb.StopTrainingOnMaxEpisodes(2, verbose=1)
    assert make_model(num_envs=3).learn(100, stop) == 7
    assert stop.n_episodes == 6
    assert "6 episodes in 24 steps reach max_episodes=2 for 3 environment(s)" in capsys.readouterr().out
    stop.locals = {}
    with pytest.raises(AssertionError, match="`dones`"):
        stop.on_step()


def test_every_n_timesteps_counts_steps_of_all_environments() -> None:
    notes: list[str] = []
    every = cb.EveryNTimesteps(5, Note(notes))
    model = make_model(num_envs=2)
    model.learn(16, every)
    assert notes == ["init", "training_start", "step6", "step12"]
    model.learn(4, every, reset_num_timesteps=False)
    assert notes[4:] == ["init", "training_start", "step18"]
    model.learn(8, every)
    assert notes[7:] == ["init", "training_start", "step6"]
    with pytest.raises(ValueError, match="EveryNTimesteps: n_steps must be at least 1"):
        cb.EveryNTimesteps(0, Note([]))


def test_log_every_n_timesteps() -> None:
    model = make_model()
    model.learn(6, cb.LogEveryNTimesteps(2))
    assert model.dumps == [2, 4, 6]


def test_children_see_the_variables_of_the_step() -> None:
    child, foreign = Note([]), Foreign()
    make_model().learn(4, cb.CallbackList([cb.EveryNTimesteps(4, child), cb.EveryNTimesteps(4, foreign)]))
    assert child.locals["dones"].tolist() == [True] and child.parent is not None
    assert foreign.calls == ["init_callback", "on_training_start", *["update_locals"] * 4, "on_step"]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_is_shown_on_a_terminal_only(monkeypatch: pytest.MonkeyPatch) -> None:
    for stream in (Terminal(), io.StringIO()):
        monkeypatch.setattr(sys, "stderr", stream)
        model = make_model(num_envs=2)
        model.num_timesteps = 10
        model.learn(8, cb.ProgressBarCallback(), reset_num_timesteps=False)
        if stream.isatty():
            lines = stream.getvalue().split("\r")
            assert lines[1].startswith(" 25% 2/8 [00:00<") and lines[-1].startswith("100% 8/8 [00:0")
            assert lines[-1].endswith(" steps/s]\033[K\n")
        else:
            assert stream.getvalue() == ""
