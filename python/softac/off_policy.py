"""What SAC and DiscreteSAC share: Stable-Baselines3's interface over an Agent, and its loop `learn`."""

from __future__ import annotations

import copy
import functools
import os
import random
import secrets
import time
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from typing import Any, BinaryIO, NamedTuple, Self

import gymnasium
import numpy as np
import numpy.typing as npt

from softac import _core, saving
from softac.buffers import ReplayBuffer
from softac.callback_base import CallbackList
from softac.callbacks import ProgressBarCallback
from softac.callback_base import as_callback
from softac.constructor_arguments import ConstructorArguments
from softac.logger import Logger, configure_logger
from softac.model_settings import class_name, extra_settings, network_settings
from softac.noise import ActionNoise, VectorizedActionNoise
from softac.policies import Policy
from softac.run_directory import RunDirectory
from softac.schedules import FloatSchedule
from softac.spaces import ActionCodec, ObservationCodec
from softac.sb3_interop import register_vec_env
from softac.vec_env import VecEnv, as_vec_env

Array = npt.NDArray[Any]
StrPath = str | os.PathLike[str]

_POLICIES = ("MlpPolicy", "MultiInputPolicy", "CnnPolicy")
_BUFFERS = ("ReplayBuffer", "DictReplayBuffer", "NStepReplayBuffer")

# softac's settings that arguments of the constructor give.
_TAKEN = {
    "learning_rate": "the argument learning_rate",
    "learning_rate_actor": "the argument learning_rate",
    "learning_rate_critic": "the argument learning_rate",
    "learning_rate_ent_coef": "the argument learning_rate",
    "learning_rate_schedule": "the argument learning_rate, which may be a function of the progress",
    "learning_rate_end": "the argument learning_rate, which may be a function of the progress",
    "learning_rate_steps": "the argument learning_rate, which may be a function of the progress",
    **{name: f"the argument {name}" for name in ("batch_size", "tau", "gamma", "n_steps", "ent_coef", "target_entropy")},
    "target_update_interval": "the argument target_update_interval",
    **{name: f"policy_kwargs, key {name}" for name in ("net_arch", "activation_fn", "n_critics", "policy")},
    **{name: "policy_kwargs, key optimizer_kwargs" for name in ("adam_beta1", "adam_beta2", "adam_eps", "weight_decay")},
}


class Device(str):
    """The name of a device; its kind in type, as PyTorch's have it."""

    @property
    def type(self) -> str:
        return str(self)


class TrainFrequencyUnit(Enum):
    STEP = "step"  # of all environments together
    EPISODE = "episode"


class TrainFreq(NamedTuple):
    """How much is collected before a training phase."""

    frequency: int
    unit: TrainFrequencyUnit


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


class OffPolicyAlgorithm(ConstructorArguments):
    """The loop and its state; SAC and DiscreteSAC say which actions there are."""

    discrete = False

    def __init__(self, arguments: Mapping[str, Any], settings: Mapping[str, Any]) -> None:
        """arguments: the constructor's, by name. settings: softac's own by name."""
        for name, value in arguments.items():
            if name not in ("policy", "env", "_init_setup_model", "native"):
                setattr(self, name, value)
        self.policy_class = _policy_name(arguments["policy"])
        self.policy_kwargs: dict[str, Any] = dict(arguments["policy_kwargs"] or {})
        self.settings = extra_settings(settings, _TAKEN)
        self._refuse_what_is_not_there()
        self.train_freq: Any = _train_freq(arguments["train_freq"])
        self.lr_schedule = FloatSchedule(arguments["learning_rate"], "learning_rate")
        self.num_timesteps = 0
        self._total_timesteps = 0
        self._num_timesteps_at_start = 0
        self._episode_num = 0
        self._n_updates = 0
        self._current_progress_remaining = 1.0
        self._last_obs: Any = None
        self._last_original_obs: Any = None
        self._last_episode_starts: Any = None
        self._valid: Array | None = None
        self.start_time = 0
        self.ep_info_buffer: deque[dict[str, Any]] | None = None
        self.ep_success_buffer: deque[bool] | None = None
        self._logger: Logger | None = None
        self._custom_logger = False
        self._run_directory: RunDirectory | None = None
        self.env: Any = None
        self.n_envs = 1
        self._vec_normalize_env: Any = None
        self.observation_space: Any = None
        self.action_space: Any = None
        if arguments["env"] is not None:
            self._take_env(_made(arguments["env"], bool(arguments["native"])))
        if arguments["_init_setup_model"]:
            self._setup_model()

    # What the constructor checks and makes.

    def _refuse_what_is_not_there(self) -> None:
        if self.use_sde or self.use_sde_at_warmup or self.sde_sample_freq != -1:
            raise NotImplementedError("use_sde: softac has no state-dependent exploration (gSDE).")
        self._read_replay_arguments()
        if str(self.device) not in ("auto", "cpu"):
            raise NotImplementedError(f"device={self.device!r}: softac runs on the CPU.")
        self.device = Device("cpu")
        if self.action_noise is not None and not callable(self.action_noise):
            raise TypeError(f"action_noise: expected an ActionNoise, found {self.action_noise!r}.")

    def _read_replay_arguments(self) -> None:
        """SB3's classes are names of settings here: a class that is given takes its n_steps and gamma from its kwargs."""
        buffer = self.replay_buffer_class
        name = None if buffer is None else class_name(buffer)
        if name is not None and name not in _BUFFERS:
            raise NotImplementedError(
                f"replay_buffer_class={name}: softac keeps transitions in a buffer of its own (HER and custom classes are "
                "not available)."
            )
        kwargs = dict(self.replay_buffer_kwargs or {})
        self._timeouts = bool(kwargs.pop("handle_timeout_termination", True))
        self._n_steps, self._gamma = self.n_steps, self.gamma
        if name is not None:
            if self.n_steps > 1:
                warnings.warn(
                    f"n_steps={self.n_steps} is ignored because of replay_buffer_class={name}; give it to that class in "
                    "replay_buffer_kwargs, or leave the class out.",
                    stacklevel=5,
                )
            self._n_steps = 1
        if name == "NStepReplayBuffer":
            self._n_steps, self._gamma = kwargs.pop("n_steps", 3), kwargs.pop("gamma", 0.99)
        if kwargs:
            raise NotImplementedError(f"replay_buffer_kwargs: softac's buffer has no {', '.join(sorted(kwargs))}.")

    def _take_env(self, env: Any) -> None:
        self.env = env
        self.n_envs = env.num_envs
        self.observation_space = env.observation_space
        self.action_space = env.action_space
        self._vec_normalize_env = _vec_normalize(env)

    def _setup_model(self) -> None:
        """Makes the agent for the spaces of the environment."""
        if self.observation_space is None:
            raise ValueError("env: a model needs an environment to be made; give one, or load a saved model.")
        self.observation_codec = ObservationCodec(self.observation_space, policy=self.policy_class)
        self.action_codec = ActionCodec(self.action_space)
        if self.discrete != (self.action_codec.num_actions > 0):
            other, kind = ("SAC", "Discrete") if self.discrete else ("DiscreteSAC", "Box")
            raise AssertionError(
                f"{type(self).__name__} needs a {kind} action space, but {self.action_space} was provided; see softac.{other}."
            )
        seed = secrets.randbits(63) if self.seed is None else int(self.seed)
        if not 0 <= seed < 2**64:
            raise ValueError(f"seed: expected 0 to 2**64 - 1, found {seed}.")
        self._seed = seed
        self.agent = _core.Agent(
            self.observation_codec.dim,
            self.action_codec.dim,
            num_actions=self.action_codec.num_actions,
            num_envs=self.n_envs,
            buffer_size=max(int(self.buffer_size), 2 * self.n_envs),
            seed=seed,
            threads=self.threads,
            backend=self.backend or "",
            **self._learner_settings(),
        )
        if self.seed is not None:
            self.set_random_seed(seed)
        self._use_agent()

    def _use_agent(self) -> None:
        self._make_replay_view()
        self.policy = Policy(self)
        self.actor, self.critic, self.critic_target = self.policy.actor, self.policy.critic, self.policy.critic_target
        self.target_entropy = self.agent.target_entropy
        self._learning_rate_set: float | None = None

    def _make_replay_view(self) -> None:
        self.replay_buffer = ReplayBuffer(self.agent, int(self.buffer_size))
        self.replay_buffer.handle_timeout_termination = self._timeouts

    def _learner_settings(self) -> dict[str, Any]:
        return {
            **network_settings(self.policy_kwargs),
            "learning_rate": self.lr_schedule(1.0),
            "batch_size": self.batch_size,
            "tau": self.tau,
            "gamma": self._gamma,
            "n_steps": self._n_steps,
            "ent_coef": _auto_or_number(self.ent_coef),
            "target_entropy": _auto_or_number(self.target_entropy),
            "target_update_interval": self.target_update_interval,
            "ent_coef_loss": "log_alpha",  # SB3's
            **self.settings,
        }

    # Attributes of SB3's models.

    @property
    def logger(self) -> Logger:
        if self._logger is None:
            raise AttributeError("the model has a logger when learn() has begun, or after set_logger()")
        return self._logger

    def set_logger(self, logger: Any) -> None:
        """Uses this logger from now on (softac's or SB3's)."""
        self._logger = logger
        self._custom_logger = True

    @property
    def log_ent_coef(self) -> Array | None:
        """log α where it is learned, (1,); else None."""
        if not self.agent.settings["ent_coef"].__class__ is str:
            return None
        return self.agent.model_state()["log_ent_coef"].reshape(1)

    @property
    def ent_coef_tensor(self) -> float | None:
        """α where it is fixed, else None."""
        return None if isinstance(self.agent.settings["ent_coef"], str) else self.agent.ent_coef

    def get_env(self) -> Any:
        register_vec_env(VecEnv)
        return self.env

    def get_vec_normalize_env(self) -> Any:
        return self._vec_normalize_env

    def set_env(self, env: Any, force_reset: bool = True) -> None:
        """Goes on with another environment of the same spaces and number. ValueError where they differ."""
        env = as_vec_env(env)
        for name in ("observation_space", "action_space"):
            if getattr(env, name) != getattr(self, name):
                raise ValueError(
                    f"{name.capitalize().replace('_', ' ')}s do not match: {getattr(env, name)} != {getattr(self, name)}"
                )
        if env.num_envs != self.n_envs:
            raise AssertionError(
                f"The model has {self.n_envs} environments and env {env.num_envs}; make a model for it, or load with n_envs."
            )
        if force_reset:
            self._last_obs = None
        self._take_env(env)

    def set_random_seed(self, seed: int | None = None) -> None:
        """Seeds environments, action space, and Python's and NumPy's global generators (action noise draws from
        NumPy's). The agent's generators are those of the seed that it was made with."""
        if seed is None:
            return
        random.seed(seed)
        np.random.seed(seed % 2**32)
        self.action_space.seed(seed)
        if self.env is not None:
            self.env.seed(seed)

    # The loop.

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
        if self.n_envs > 1 and self.action_noise is not None and not isinstance(self.action_noise, VectorizedActionNoise):
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
        while _more_to_collect(train_freq, num_collected_steps, num_collected_episodes):
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
            encode(last_obs), buffer_action, np.asarray(own_reward, np.float32), next_rows, terminated, truncated, mask=self._valid
        )
        replay_buffer.rows += 1
        self._last_obs = new_obs
        self._last_original_obs = own_obs if normalise is not None else None

    def train(self, gradient_steps: int, batch_size: int | None = None) -> None:
        """gradient_steps updates. batch_size: the model's own, which is fixed when it is made."""
        if batch_size is not None and batch_size != self.batch_size:
            raise ValueError(f"train: batch_size={batch_size}, but the model was made with batch_size={self.batch_size}.")
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

    # The policy.

    def predict(
        self, observation: Any, state: Any = None, episode_start: Any = None, deterministic: bool = False
    ) -> tuple[Array, Any]:
        """Actions of one observation or a batch, in the environment's bounds; and state, which SAC has not."""
        del episode_start
        rows, batched = self.observation_codec.encode_any(observation)
        actions = self.action_codec.unscale(self.agent.predict(rows, deterministic))
        return (actions if batched else actions[0]), state

    def get_parameters(self) -> dict[str, dict[str, Array]]:
        """Copies of all tensors: "policy" (networks, log α) and "optimizer" (Adam's moments), by softac's names."""
        return {"policy": self.agent.model_state(), "optimizer": self.agent.optimizer_state()}

    def set_parameters(
        self, load_path_or_dict: StrPath | Mapping[str, Mapping[str, Any]], exact_match: bool = True, device: Any = "auto"
    ) -> None:
        """Sets what get_parameters() gives, or a saved model's. exact_match: all of it must be there."""
        del device
        if isinstance(load_path_or_dict, Mapping):
            parameters = load_path_or_dict
        else:
            parameters = saving.read_model(load_path_or_dict).parameters(self.threads)
        unknown = set(parameters) - {"policy", "optimizer"}
        if unknown or (exact_match and set(parameters) != {"policy", "optimizer"}):
            raise ValueError(f"set_parameters: expected the names policy and optimizer, found {sorted(parameters)}.")
        if "policy" in parameters:
            self.agent.load_model_state(dict(parameters["policy"]), exact_match)
        if "optimizer" in parameters:
            self.agent.load_optimizer_state(dict(parameters["optimizer"]), exact_match)

    def state_hash(self) -> int:
        """Digest of all that the agent goes on from: networks, moments, counters, replay, generators."""
        return self.agent.state_hash()

    # Files.

    def save(
        self, path: StrPath | BinaryIO, exclude: Iterable[str] | None = None, include: Iterable[str] | None = None
    ) -> None:
        """Writes the model as a zip of JSON and safetensors (docs/python.md), replaced atomically; ".zip" is appended
        where there is no suffix. include: "replay_buffer" puts the replay into it."""
        saving.write_model(self, path, set(exclude or ()), set(include or ()))

    @classmethod
    def load(
        cls,
        path: StrPath | BinaryIO,
        env: Any = None,
        device: Any = "auto",
        custom_objects: Mapping[str, Any] | None = None,
        print_system_info: bool = False,
        force_reset: bool = True,
        **kwargs: Any,
    ) -> Self:
        """The model of such a file. kwargs and custom_objects: arguments in place of those it was saved with."""
        if print_system_info:
            print(saving.system_info())
        if str(device) not in ("auto", "cpu"):
            raise NotImplementedError(f"device={device!r}: softac runs on the CPU.")
        return saving.make_model(cls, saving.read_model(path), env, custom_objects or {}, kwargs, force_reset)

    def save_replay_buffer(self, path: StrPath | BinaryIO) -> None:
        """The replay in softac's own format; ".replay" is appended where there is no suffix."""
        saving.write_replay(self.agent, path)

    def load_replay_buffer(self, path: StrPath | BinaryIO, truncate_last_traj: bool = True) -> None:
        """Puts a saved replay in place of the present one. truncate_last_traj: its unfinished episodes end there."""
        saving.read_replay(self.agent, path)
        self._make_replay_view()
        self.replay_buffer.count_rows()
        if truncate_last_traj:
            for env in range(self.n_envs):
                self.agent.replay.end_episode(env)

    def __reduce__(self) -> Any:
        raise TypeError(f"a {type(self).__name__} is not pickled; use save() and {type(self).__name__}.load()")

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """Another model in the same state, on the same environment."""
        new = object.__new__(type(self))
        memo[id(self)] = new
        shared = ("env", "_vec_normalize_env", "_logger", "observation_codec", "action_codec")
        made = ("policy", "actor", "critic", "critic_target", "replay_buffer", "_run_directory")
        for name, value in self.__dict__.items():
            if name in shared:
                new.__dict__[name] = value
            elif name not in made:
                new.__dict__[name] = copy.deepcopy(value, memo)
        new._run_directory, new.run_dir = None, None  # one model's
        new._use_agent()
        new.replay_buffer.rows = self.replay_buffer.rows
        new._learning_rate_set = self._learning_rate_set
        return new


def _policy_name(policy: Any) -> str:
    name = policy if isinstance(policy, str) else class_name(policy)
    name = {"SACPolicy": "MlpPolicy"}.get(name, name)
    if name not in _POLICIES:
        raise ValueError(f"Policy {name} unknown; there are MlpPolicy and MultiInputPolicy.")
    return name


def _made(env: Any, native: bool) -> Any:
    if isinstance(env, str):
        name = env if not native or env.startswith("softac/") else f"softac/{env}"
        return as_vec_env(gymnasium.make(name))
    if native:
        raise ValueError("native: needs the name of an environment that softac has, not an environment.")
    return as_vec_env(env)


def _vec_normalize(env: Any) -> Any:
    """SB3's VecNormalize among the wrappers, or None."""
    while env is not None:
        if hasattr(env, "get_original_obs") and "venv" in vars(env):
            return env
        env = vars(env).get("venv")
    return None


def _train_freq(value: Any) -> TrainFreq:
    pair = value if isinstance(value, (tuple, list)) else (value, "step")
    if len(pair) != 2:
        raise ValueError(f"train_freq: expected a number or (number, 'step' or 'episode'), found {value!r}.")
    frequency, unit = pair
    try:
        unit = TrainFrequencyUnit(getattr(unit, "value", unit))
    except ValueError:
        raise ValueError(f"train_freq: the unit must be 'step' or 'episode', found {unit!r}.") from None
    if isinstance(frequency, bool) or not isinstance(frequency, (int, np.integer)):
        raise ValueError(f"train_freq: the frequency must be an integer, found {frequency!r}.")
    if frequency < 1:
        raise ValueError(f"train_freq: must be at least 1, found {frequency}.")
    return TrainFreq(int(frequency), unit)


def _more_to_collect(train_freq: TrainFreq, steps: int, episodes: int) -> bool:
    return (steps if train_freq.unit is TrainFrequencyUnit.STEP else episodes) < train_freq.frequency


def _auto_or_number(value: Any) -> Any:
    """SB3 takes numbers as texts too."""
    if isinstance(value, str) and not value.startswith("auto"):
        try:
            return float(value)
        except ValueError:
            return value
    return value
