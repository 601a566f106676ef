"""The loop of SAC and DiscreteSAC: `learn`, in Stable-Baselines3's order of steps, callbacks and updates."""

from __future__ import annotations

import functools
import time
import warnings
from collections import deque
from collections.abc import Callable
from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from softac.buffers import ReplayBuffer
from softac.callback_base import CallbackList, as_callback
from softac.callbacks import ProgressBarCallback
from softac.logger import configure_logger
from softac.model import Model
from softac.noise import ActionNoise, VectorizedActionNoise
from softac.run_directory import RunDirectory
from softac.train_freq import TrainFreq, TrainFrequencyUnit, more_to_collect

Array = npt.NDArray[Any]


class RolloutReturn(NamedTuple):
    """What collect_rollouts did."""

    episode_timesteps: int  # transitions
    n_episodes: int
    continue_training: bool


def _begins_anew_after_errors(collect: Callable[..., RolloutReturn]) -> Callable[..., RolloutReturn]:
    """After an error or Ctrl-C in a step nobody knows where the environment is: the next learn() resets it."""

    @functools.wraps(collect)
    def guarded(self: OffPolicyAlgorithm, *args: Any, **kwargs: Any) -> RolloutReturn:
        try:
            return collect(self, *args, **kwargs)
        except BaseException:
            self._last_obs = None
            self.replay_buffer.repair_rows()
            raise

    return guarded


class OffPolicyAlgorithm(Model):
    """A model that learns."""

    def learn(
        self,
        total_timesteps: int,
        callback: Any = None,
        log_interval: int | None = 4,
        tb_log_name: str | None = None,
        reset_num_timesteps: bool = True,
        progress_bar: bool = False,
    ) -> Self:
        """Steps the environment total_timesteps times (more of them, if not reset_num_timesteps) and learns from it.

        log_interval: episodes between rows of the log; None: never.
        """
        if self.env is None:
            raise ValueError("learn: the model has no environment; set_env() gives it one.")
        tb_log_name = tb_log_name if tb_log_name is not None else type(self).__name__
        total_timesteps, callback = self._setup_learn(
            total_timesteps, callback, reset_num_timesteps, tb_log_name, progress_bar
        )
        callback.on_training_start(locals(), globals())
        try:
            self._run(callback, total_timesteps, log_interval)
        except BaseException as error:
            self._finish(error)
            raise
        self._finish(None)
        return self

    def _run(self, callback: Any, total_timesteps: int, log_interval: int | None) -> None:
        assert self.env is not None
        while self.num_timesteps < total_timesteps:
            rollout = self.collect_rollouts(
                self.env,
                train_freq=self.train_freq,
                action_noise=self.action_noise,
                callback=callback,
                learning_starts=self.learning_starts,
                replay_buffer=self.replay_buffer,
                log_interval=log_interval,
            )
            if not rollout.continue_training:
                break
            if self.num_timesteps > self.learning_starts:
                gradient_steps = self.gradient_steps if self.gradient_steps >= 0 else rollout.episode_timesteps
                if gradient_steps > 0:
                    self.train(gradient_steps)
        callback.on_training_end()

    def _finish(self, error: BaseException | None) -> None:
        if self._run_directory is not None:
            self._run_directory.finish(self, error)

    def _setup_learn(
        self, total_timesteps: int, callback: Any, reset_num_timesteps: bool, tb_log_name: str, progress_bar: bool
    ) -> tuple[int, Any]:
        if (
            self.n_envs > 1
            and self.action_noise is not None
            and not isinstance(self.action_noise, VectorizedActionNoise)
        ):
            if not hasattr(self.action_noise, "base_noise"):  # SB3's class of the same purpose
                self.action_noise = VectorizedActionNoise(self.action_noise, self.n_envs)
        self.start_time = time.time_ns()
        if self.ep_info_buffer is None or reset_num_timesteps:
            self.ep_info_buffer = deque(maxlen=self.stats_window_size)
            self.ep_success_buffer = deque(maxlen=self.stats_window_size)
        if self.action_noise is not None:
            self.action_noise.reset()
        if reset_num_timesteps:
            self.num_timesteps = 0
            self._episode_num = 0
        else:
            total_timesteps += self.num_timesteps
        self._total_timesteps = total_timesteps
        self._num_timesteps_at_start = self.num_timesteps
        if reset_num_timesteps or self._last_obs is None:
            if self.optimize_memory_usage and reset_num_timesteps and len(self.replay_buffer) > 0:
                warnings.warn("The last trajectory in the replay buffer will be truncated.", stacklevel=3)
            self._last_obs = None  # if reset() fails
            self._last_obs = self.env.reset()
            self._last_episode_starts = np.ones((self.n_envs,), dtype=bool)
            if self._vec_normalize_env is not None:
                self._last_original_obs = self._vec_normalize_env.get_original_obs()
        if self.run_dir is not None and self._run_directory is None:
            self._run_directory = RunDirectory(self, self.run_dir)
        if self._run_directory is not None:
            self._run_directory.status(self, "running", "", "")
            if not self._custom_logger:
                self._logger = self._run_directory.logger
        elif not self._custom_logger:
            self._logger = configure_logger(self.verbose, self.tensorboard_log, tb_log_name, reset_num_timesteps)
        callback = as_callback(callback)
        if progress_bar:
            callback = CallbackList([callback, ProgressBarCallback()])
        callback.init_callback(self)
        return total_timesteps, callback

    @_begins_anew_after_errors
    def collect_rollouts(
        self,
        env: Any,
        callback: Any,
        train_freq: TrainFreq,
        replay_buffer: ReplayBuffer,
        action_noise: ActionNoise | None = None,
        learning_starts: int = 0,
        log_interval: int | None = None,
    ) -> RolloutReturn:
        """Collects train_freq steps or episodes. A step that a callback ends the training at is not stored."""
        num_collected_steps, num_collected_episodes = 0, 0
        continue_training = True
        if train_freq.unit is TrainFrequencyUnit.EPISODE and env.num_envs > 1:
            raise AssertionError("train_freq in episodes needs a single environment; give (n, 'step').")
        self._num_transitions = 0  # of this call; variables here are callbacks' locals, as in SB3
        callback.on_rollout_start()
        while more_to_collect(train_freq, num_collected_steps, num_collected_episodes):
            actions, buffer_actions = self._sample_action(learning_starts, action_noise, env.num_envs)
            new_obs, rewards, dones, infos = env.step(actions)
            self._count_transitions(env)
            num_collected_steps += 1
            callback.update_locals(locals())
            if not callback.on_step():
                return RolloutReturn(self._num_transitions, num_collected_episodes, continue_training=False)
            self._update_info_buffer(infos, dones)
            self._store_transition(replay_buffer, buffer_actions, new_obs, rewards, dones, infos)
            self._update_current_progress_remaining(self.num_timesteps, self._total_timesteps)
            for index in np.flatnonzero(dones):
                num_collected_episodes += 1
                self._episode_num += 1
                if action_noise is not None:
                    action_noise.reset(**({"indices": [int(index)]} if env.num_envs > 1 else {}))
                if log_interval is not None and self._episode_num % log_interval == 0:
                    self.dump_logs()
        callback.on_rollout_end()
        return RolloutReturn(self._num_transitions, num_collected_episodes, continue_training)

    def _count_transitions(self, env: Any) -> None:
        """Rows in which a vector environment only reset itself are no steps."""
        self._valid = getattr(env, "valid", None)
        count = env.num_envs if self._valid is None else int(np.count_nonzero(self._valid))
        self._num_transitions += count
        self.num_timesteps += count

    def _sample_action(
        self, learning_starts: int, action_noise: ActionNoise | None = None, n_envs: int = 1
    ) -> tuple[Array, Array]:
        """Actions in the environment's bounds, and (N, A) in [-1, 1] as they are kept."""
        if self.num_timesteps < learning_starts:
            scaled = self.agent.random_action()
        else:
            scaled = self.agent.act(self.observation_codec.encode(self._last_obs))
        if action_noise is not None:
            scaled = np.clip(scaled + np.asarray(action_noise()).reshape(n_envs, -1), -1.0, 1.0).astype(np.float32)
        return self.action_codec.unscale(scaled), scaled

    def _store_transition(
        self,
        replay_buffer: ReplayBuffer,
        buffer_action: Array,
        new_obs: Any,
        reward: Array,
        dones: Array,
        infos: list[dict[str, Any]],
    ) -> None:
        last_obs, normalise = self._last_obs, self._vec_normalize_env
        own_obs, own_reward = new_obs, reward
        if normalise is not None:
            last_obs = self._last_original_obs
            own_obs, own_reward = normalise.get_original_obs(), normalise.get_original_reward()
        encode = self.observation_codec.encode
        next_rows = encode(own_obs)
        truncated = np.zeros(len(dones), dtype=bool)
        if np.any(dones):
            next_rows = next_rows.copy()
            for index in np.flatnonzero(dones):
                info = infos[index]
                truncated[index] = bool(info.get("TimeLimit.truncated", False)) and self._timeouts
                final = info.get("terminal_observation")
                if final is None:
                    continue
                if normalise is not None:
                    final = normalise.unnormalize_obs(final)
                next_rows[index] = self.observation_codec.encode_any(final)[0][0]
        terminated = np.asarray(dones, dtype=bool) & ~truncated
        self.agent.observe(
            encode(last_obs),
            buffer_action,
            np.asarray(own_reward, np.float32),
            next_rows,
            terminated,
            truncated,
            mask=self._valid,
        )
        replay_buffer.rows += 1
        self._last_obs = new_obs
        self._last_original_obs = own_obs if normalise is not None else None

    def train(self, gradient_steps: int, batch_size: int | None = None) -> None:
        """gradient_steps updates. batch_size: the model's own, which is fixed when it is made."""
        if batch_size is not None and batch_size != self.batch_size:
            raise ValueError(
                f"train: batch_size={batch_size}, but the model was made with batch_size={self.batch_size}."
            )
        self._set_learning_rate()
        self._set_normalisation()
        before = self.agent.num_updates
        try:
            metrics = self.agent.update(gradient_steps)
        finally:  # Ctrl-C ends it between two updates
            self._n_updates += self.agent.num_updates - before
        self.logger.record("train/n_updates", self._n_updates, exclude="tensorboard")
        for name in ("ent_coef", "actor_loss", "critic_loss", "ent_coef_loss", "entropy", "value_loss"):
            if name in metrics:
                self.logger.record(f"train/{name}", metrics[name])

    def _set_learning_rate(self) -> None:
        rate = self.lr_schedule(self._current_progress_remaining)
        if rate != self._learning_rate_set:
            self.agent.set_learning_rates(rate, rate, rate)
            self._learning_rate_set = rate
        self.logger.record("train/learning_rate", rate)

    def _set_normalisation(self) -> None:
        """Batches are normalised by the statistics of now, as SB3 does; the replay is raw."""
        env = self._vec_normalize_env
        if env is None:
            self.agent.clear_batch_normalisation()
            return
        obs = self.observation_codec.normalisation(env)
        mean, std, clip = (None, None, None) if obs is None else (obs[0], np.sqrt(obs[1]), obs[2])
        reward_std, reward_clip = 1.0, np.inf
        if env.norm_reward:
            reward_std, reward_clip = float(np.sqrt(env.ret_rms.var + env.epsilon)), float(env.clip_reward)
        self.agent.set_batch_normalisation(mean, std, clip, reward_std, reward_clip)

    def _update_info_buffer(self, infos: list[dict[str, Any]], dones: Array | None = None) -> None:
        assert self.ep_info_buffer is not None and self.ep_success_buffer is not None
        for index, info in enumerate(infos):
            if "episode" in info:
                self.ep_info_buffer.append(info["episode"])
                if self._run_directory is not None:
                    self._run_directory.episode(info["episode"])
            if dones is not None and dones[index] and info.get("is_success") is not None:
                self.ep_success_buffer.append(info["is_success"])

    def _update_current_progress_remaining(self, num_timesteps: int, total_timesteps: int) -> None:
        self._current_progress_remaining = 1.0 - float(num_timesteps) / float(total_timesteps)

    def dump_logs(self) -> None:
        """A row of the log: the last episodes, speed, and what was recorded since the last row."""
        assert self.ep_info_buffer is not None and self.ep_success_buffer is not None
        elapsed = max((time.time_ns() - self.start_time) / 1e9, 1e-9)
        self.logger.record("time/episodes", self._episode_num, exclude="tensorboard")
        if self.ep_info_buffer:
            self.logger.record("rollout/ep_rew_mean", float(np.mean([e["r"] for e in self.ep_info_buffer])))
            self.logger.record("rollout/ep_len_mean", float(np.mean([e["l"] for e in self.ep_info_buffer])))
        self.logger.record("time/fps", int((self.num_timesteps - self._num_timesteps_at_start) / elapsed))
        self.logger.record("time/time_elapsed", int(elapsed), exclude="tensorboard")
        self.logger.record("time/total_timesteps", self.num_timesteps, exclude="tensorboard")
        if self.ep_success_buffer:
            self.logger.record("rollout/success_rate", float(np.mean(list(self.ep_success_buffer))))
        self.logger.dump(step=self.num_timesteps)
