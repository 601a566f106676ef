"""Callbacks under SB3's names: checkpoints, evaluation, ends of training, triggers, a progress line."""

from __future__ import annotations

import os
import sys
from typing import Any

import numpy as np

from .callback_base import BaseCallback, CallbackList, ConvertCallback, EventCallback, Locals, as_callback
from .eval_callback import EvalCallback
from .progress_line import ProgressLine

__all__ = [
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
    "as_callback",
]


class CheckpointCallback(BaseCallback):
    """Saves the model every `save_freq` calls (steps of all environments together) as <name_prefix>_<steps>_steps.zip.

    save_path: the folder, made where missing.
    save_replay_buffer: also the replay buffer, as <name_prefix>_replay_buffer_<steps>_steps.pkl.
    save_vecnormalize: also the running statistics, as <name_prefix>_vecnormalize_<steps>_steps.pkl.
    verbose: 2 prints the paths. ValueError for a `save_freq` below 1.
    """

    def __init__(
        self,
        save_freq: int,
        save_path: str,
        name_prefix: str = "rl_model",
        save_replay_buffer: bool = False,
        save_vecnormalize: bool = False,
        verbose: int = 0,
    ) -> None:
        super().__init__(verbose)
        _check_at_least_one("CheckpointCallback", "save_freq", save_freq)
        self.save_freq = save_freq
        self.save_path = save_path
        self.name_prefix = name_prefix
        self.save_replay_buffer = save_replay_buffer
        self.save_vecnormalize = save_vecnormalize

    def _init_callback(self) -> None:
        os.makedirs(self.save_path, exist_ok=True)

    def _checkpoint_path(self, checkpoint_type: str = "", extension: str = "") -> str:
        name = f"{self.name_prefix}_{checkpoint_type}{self.num_timesteps}_steps.{extension}"
        return os.path.join(self.save_path, name)

    def _on_step(self) -> bool:
        if self.n_calls % self.save_freq == 0:
            self._save(self.model.save, "model", self._checkpoint_path(extension="zip"))
            if self.save_replay_buffer and getattr(self.model, "replay_buffer", None) is not None:
                self._save(
                    self.model.save_replay_buffer, "replay buffer", self._checkpoint_path("replay_buffer_", "pkl")
                )
            normalised = self.model.get_vec_normalize_env() if self.save_vecnormalize else None
            if normalised is not None:
                self._save(normalised.save, "running statistics", self._checkpoint_path("vecnormalize_", "pkl"))
        return True

    def _save(self, save: Any, what: str, path: str) -> None:
        save(path)
        if self.verbose >= 2:
            print(f"Saved the {what} to {path}")


class StopTrainingOnRewardThreshold(BaseCallback):
    """Ends the training once the best mean return of its parent, an EvalCallback, reaches `reward_threshold`."""

    def __init__(self, reward_threshold: float, verbose: int = 0) -> None:
        super().__init__(verbose)
        self.reward_threshold = reward_threshold

    def _on_step(self) -> bool:
        best = _eval_parent(self).best_mean_reward
        if best < self.reward_threshold:
            return True
        if self.verbose >= 1:
            print(f"Training ends: the mean return {best:.2f} reaches the threshold {self.reward_threshold}")
        return False


class StopTrainingOnNoModelImprovement(BaseCallback):
    """Ends the training after more than `max_no_improvement_evals` evaluations in a row without a new best mean return.

    Its parent is an EvalCallback that triggers it as callback_after_eval; the first `min_evals` evaluations do not
    count.
    """

    def __init__(self, max_no_improvement_evals: int, min_evals: int = 0, verbose: int = 0) -> None:
        super().__init__(verbose)
        self.max_no_improvement_evals = max_no_improvement_evals
        self.min_evals = min_evals
        self.last_best_mean_reward = -np.inf
        self.no_improvement_evals = 0

    def _on_step(self) -> bool:
        best = _eval_parent(self).best_mean_reward
        if self.n_calls > self.min_evals:
            self.no_improvement_evals = 0 if best > self.last_best_mean_reward else self.no_improvement_evals + 1
        self.last_best_mean_reward = best
        if self.no_improvement_evals <= self.max_no_improvement_evals:
            return True
        if self.verbose >= 1:
            print(f"Training ends: no new best mean return in {self.no_improvement_evals} evaluations")
        return False


class StopTrainingOnMaxEpisodes(BaseCallback):
    """Ends the training after `max_episodes` episodes per environment: max_episodes × num_envs in total."""

    def __init__(self, max_episodes: int, verbose: int = 0) -> None:
        super().__init__(verbose)
        self.max_episodes = max_episodes
        self.n_episodes = 0
        self._total_max_episodes = max_episodes

    def _init_callback(self) -> None:
        self._total_max_episodes = self.max_episodes * int(self.training_env.num_envs)

    def _on_step(self) -> bool:
        if "dones" not in self.locals:
            raise AssertionError(
                "StopTrainingOnMaxEpisodes: the variables of the step lack `dones`; call update_locals first"
            )
        self.n_episodes += int(np.sum(self.locals["dones"]))
        if self.n_episodes < self._total_max_episodes:
            return True
        if self.verbose >= 1:
            print(
                f"Training ends: {self.n_episodes} episodes in {self.num_timesteps} steps reach max_episodes="
                f"{self.max_episodes} for {self.training_env.num_envs} environment(s)"
            )
        return False


class EveryNTimesteps(EventCallback):
    """Triggers a callback when at least `n_steps` environment steps have passed since it last did (at first: since step
    0).
    """

    def __init__(self, n_steps: int, callback: Any) -> None:
        super().__init__(callback)
        _check_at_least_one(type(self).__name__, "n_steps", n_steps)
        self.n_steps = n_steps
        self.last_time_trigger = 0

    def _on_training_start(self) -> None:
        # A training that counts from 0 again must not wait for the step of the last trigger.
        self.last_time_trigger = min(self.last_time_trigger, self.num_timesteps)
        super()._on_training_start()

    def _on_step(self) -> bool:
        if self.num_timesteps - self.last_time_trigger < self.n_steps:
            return True
        self.last_time_trigger = self.num_timesteps
        return self._on_event()


class LogEveryNTimesteps(EveryNTimesteps):
    """Writes a row of the model's log every `n_steps` environment steps, beside `learn`'s log_interval (None: only
    these).
    """

    def __init__(self, n_steps: int) -> None:
        super().__init__(n_steps, ConvertCallback(self._log_data))

    def _log_data(self, _locals: Locals, _globals: Locals) -> bool:
        self.model.dump_logs()
        return True


class ProgressBarCallback(BaseCallback):
    """A line on standard error that shows the steps done, the time and the speed; nothing where that is no terminal.

    The speed is that of the last ten seconds, or since the updates began.
    """

    def __init__(self) -> None:
        super().__init__()
        self._line: ProgressLine | None = None
        self._random_steps = False  # steps are still without updates

    def _on_training_start(self) -> None:
        self._line = ProgressLine(int(self.locals["total_timesteps"]) - self.num_timesteps, sys.stderr)
        self._random_steps = self._updates_are_to_come()

    def _on_step(self) -> bool:
        if self._line is not None:
            self._line.update(int(self.training_env.num_envs))
            if self._random_steps and not self._updates_are_to_come():
                self._random_steps = False
                self._line.restart_pace()
        return True

    def _updates_are_to_come(self) -> bool:
        return bool(self.num_timesteps <= getattr(self.model, "learning_starts", 0))

    def _on_training_end(self) -> None:
        if self._line is not None:
            self._line.close()
            self._line = None


def _eval_parent(callback: BaseCallback) -> Any:
    """The EvalCallback (softac's or SB3's) that triggers a callback. AssertionError where there is none."""
    if not hasattr(callback.parent, "best_mean_reward"):
        name = type(callback).__name__
        raise AssertionError(
            f"{name} works only within an EvalCallback: EvalCallback(…, callback_after_eval={name}(…))"
        )
    return callback.parent


def _check_at_least_one(owner: str, name: str, value: int) -> None:
    if value < 1:
        raise ValueError(f"{owner}: {name} must be at least 1, not {value}")
