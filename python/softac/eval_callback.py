"""Evaluates a model while it learns; files and logged names as SB3's."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from .callback_base import EventCallback, Locals
from .evaluation import evaluate_policy
from .normalisation import check_same_layers, sync_statistics
from .replaced_file import replaced_file


class EvalCallback(EventCallback):
    """Plays `n_eval_episodes` episodes every `eval_freq` calls and logs their mean return.

    eval_freq: in steps of all environments together, num_envs environment steps each; 0 or less: never.
    eval_env: a gymnasium.Env, VectorEnv, or a VecEnv of softac's or SB3's, not the one that is learned from. Where the
    training environment is normalised, it must be too, and gets the training statistics before each evaluation.
    callback_on_new_best, callback_after_eval: callbacks triggered by a mean return above all before, and by each
    evaluation.
    log_path: folder of evaluations.npz, rewritten as a whole after each evaluation: timesteps (n,), results and
    ep_lengths (n, episodes), and where infos say "is_success" successes (n, answers), filled up with NaN.
    best_model_save_path: folder of best_model.zip and of best_model_vecnormalize.pkl, the statistics that belong to it.
    deterministic: without exploration. render: show the episodes. verbose: 1 prints results. warn: as evaluate_policy.
    """

    def __init__(
        self,
        eval_env: Any,
        callback_on_new_best: Any = None,
        callback_after_eval: Any = None,
        n_eval_episodes: int = 5,
        eval_freq: int = 10000,
        log_path: str | None = None,
        best_model_save_path: str | None = None,
        deterministic: bool = True,
        render: bool = False,
        verbose: int = 1,
        warn: bool = True,
    ) -> None:
        from .vec_env import as_vec_env

        self.callback_on_new_best = callback_on_new_best
        super().__init__(callback_after_eval, verbose)
        self.eval_env: Any = as_vec_env(eval_env)
        self.n_eval_episodes = n_eval_episodes
        self.eval_freq = eval_freq
        self.best_model_save_path = best_model_save_path
        self.log_path = None if log_path is None else os.path.join(log_path, "evaluations")
        self.deterministic = deterministic
        self.render = render
        self.warn = warn
        self.best_mean_reward = -np.inf
        self.last_mean_reward = -np.inf
        self.evaluations_timesteps: list[int] = []
        self.evaluations_results: list[list[float]] = []
        self.evaluations_length: list[list[int]] = []
        self.evaluations_successes: list[list[bool]] = []
        self._is_success_buffer: list[bool] = []

    def _children(self) -> list[Any]:
        return [child for child in (self.callback_on_new_best, self.callback) if child is not None]

    def _init_callback(self) -> None:
        if self.eval_freq > 0 and self._normalised():
            check_same_layers(self.training_env, self.eval_env)
        for folder in (self.best_model_save_path, self.log_path and os.path.dirname(self.log_path)):
            if folder:
                os.makedirs(folder, exist_ok=True)

    def _normalised(self) -> bool:
        return self.model.get_vec_normalize_env() is not None

    def _on_step(self) -> bool:
        if self.eval_freq <= 0 or self.n_calls % self.eval_freq != 0:
            return True
        if self._normalised():
            sync_statistics(self.training_env, self.eval_env)
        rewards, lengths = self._play()
        self._save_evaluation(rewards, lengths)
        self._log(rewards, lengths)
        continue_training = self._keep_if_best(self.last_mean_reward)
        return continue_training and self._on_event()

    def _play(self) -> tuple[list[float], list[int]]:
        self._is_success_buffer = []
        rewards, lengths = evaluate_policy(
            self.model,
            self.eval_env,
            n_eval_episodes=self.n_eval_episodes,
            deterministic=self.deterministic,
            render=self.render,
            callback=self._log_success_callback,
            return_episode_rewards=True,
            warn=self.warn,
        )
        assert isinstance(rewards, list) and isinstance(lengths, list)
        self.last_mean_reward = float(np.mean(rewards))
        return rewards, lengths

    def _log_success_callback(self, locals_: Locals, globals_: Locals) -> None:
        success = locals_["info"].get("is_success")
        if locals_["done"] and success is not None:
            self._is_success_buffer.append(success)

    def _save_evaluation(self, rewards: list[float], lengths: list[int]) -> None:
        if self.log_path is None:
            return
        self.evaluations_timesteps.append(self.num_timesteps)
        self.evaluations_results.append(rewards)
        self.evaluations_length.append(lengths)
        self.evaluations_successes.append(list(self._is_success_buffer))
        content: dict[str, Any] = {
            "timesteps": self.evaluations_timesteps,
            "results": self.evaluations_results,
            "ep_lengths": self.evaluations_length,
        }
        if any(self.evaluations_successes):
            content["successes"] = _as_rows(self.evaluations_successes)
        with replaced_file(f"{self.log_path}.npz") as file:
            np.savez(file, **content)

    def _log(self, rewards: list[float], lengths: list[int]) -> None:
        if self.verbose >= 1:
            print(f"Eval num_timesteps={self.num_timesteps}, episode_reward={_mean_and_deviation(rewards)}")
            print(f"Episode length: {_mean_and_deviation(lengths)}")
        self.logger.record("eval/mean_reward", self.last_mean_reward)
        self.logger.record("eval/mean_ep_length", float(np.mean(lengths)))
        if self._is_success_buffer:
            success_rate = float(np.mean(self._is_success_buffer))
            if self.verbose >= 1:
                print(f"Success rate: {100 * success_rate:.2f}%")
            self.logger.record("eval/success_rate", success_rate)
        # A row of its own, so that it stands at the step of the evaluation.
        self.logger.record("time/total_timesteps", self.num_timesteps, exclude="tensorboard")
        self.logger.dump(self.num_timesteps)

    def _keep_if_best(self, mean_reward: float) -> bool:
        """Saves the model if it is the best so far and triggers the callback for that; whether to go on."""
        if not mean_reward > self.best_mean_reward:
            return True
        if self.verbose >= 1:
            print("New best mean reward!")
        if self.best_model_save_path is not None:
            best = os.path.join(self.best_model_save_path, "best_model")
            self.model.save(best)
            if self._normalised():
                self.model.get_vec_normalize_env().save(f"{best}_vecnormalize.pkl")
        self.best_mean_reward = mean_reward
        return self.callback_on_new_best is None or bool(self.callback_on_new_best.on_step())


def _mean_and_deviation(values: list[Any]) -> str:
    return f"{np.mean(values):.2f} +/- {np.std(values):.2f}"


def _as_rows(successes: list[list[bool]]) -> np.ndarray[Any, Any]:
    """(evaluations, answers): bool, or float with NaN where an evaluation has fewer answers than another."""
    width = max(map(len, successes))
    if all(len(row) == width for row in successes):
        return np.array(successes)
    return np.array([row + [np.nan] * (width - len(row)) for row in successes], dtype=np.float64)
