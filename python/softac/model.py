"""A model with Stable-Baselines3's interface: an Agent, made from SB3's arguments, and its files; without the loop."""

from __future__ import annotations

import copy
import os
import random
import secrets
import warnings
from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any, BinaryIO, Self

import gymnasium
import numpy as np
import numpy.typing as npt

from softac import _core, saving
from softac.buffers import ReplayBuffer
from softac.constructor_arguments import ConstructorArguments
from softac.logger import Logger
from softac.model_settings import class_name, extra_settings, network_settings
from softac.policies import Policy
from softac.run_directory import RunDirectory
from softac.sb3_interop import register_vec_env
from softac.schedules import FloatSchedule
from softac.spaces import ActionCodec, ObservationCodec
from softac.train_freq import as_train_freq
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
    **{
        name: f"the argument {name}" for name in ("batch_size", "tau", "gamma", "n_steps", "ent_coef", "target_entropy")
    },
    "target_update_interval": "the argument target_update_interval",
    **{name: f"policy_kwargs, key {name}" for name in ("net_arch", "activation_fn", "n_critics", "policy")},
    **{
        name: "policy_kwargs, key optimizer_kwargs" for name in ("adam_beta1", "adam_beta2", "adam_eps", "weight_decay")
    },
}


class Device(str):
    """The name of a device; its kind in type, as PyTorch's have it."""

    @property
    def type(self) -> str:
        return str(self)


class Model(ConstructorArguments):
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
        self.train_freq: Any = as_train_freq(arguments["train_freq"])
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
        """SB3's classes are names of settings here: one that is given takes its n_steps and gamma from its kwargs."""
        buffer = self.replay_buffer_class
        name = None if buffer is None else class_name(buffer)
        if name is not None and name not in _BUFFERS:
            raise NotImplementedError(
                f"replay_buffer_class={name}: softac keeps transitions in a buffer of its own (HER and custom classes "
                "are not available)."
            )
        kwargs = dict(self.replay_buffer_kwargs or {})
        self._timeouts = bool(kwargs.pop("handle_timeout_termination", True))
        self._n_steps, self._gamma = self.n_steps, self.gamma
        if name is not None:
            if self.n_steps > 1:
                warnings.warn(
                    f"n_steps={self.n_steps} is ignored because of replay_buffer_class={name}; give it to that class "
                    "in replay_buffer_kwargs, or leave the class out.",
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
                f"{type(self).__name__} needs a {kind} action space, but {self.action_space} was provided; see "
                f"softac.{other}."
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
        if not isinstance(self.agent.settings["ent_coef"], str):
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
        self._require_spaces(env)
        if env.num_envs != self.n_envs:
            raise AssertionError(
                f"The model has {self.n_envs} environments and env {env.num_envs}: make a model for it, or load this "
                "one with it (load(path, env))."
            )
        if force_reset:
            self._last_obs = None
        self._take_env(env)

    def _require_spaces(self, env: Any) -> None:
        for name in ("observation_space", "action_space"):
            if getattr(env, name) != getattr(self, name):
                raise ValueError(
                    f"{name.capitalize().replace('_', ' ')}s do not match: {getattr(env, name)} != "
                    f"{getattr(self, name)}"
                )

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
        self,
        load_path_or_dict: StrPath | Mapping[str, Mapping[str, Any]],
        exact_match: bool = True,
        device: Any = "auto",
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


def _auto_or_number(value: Any) -> Any:
    """SB3 takes numbers as texts too."""
    if isinstance(value, str) and not value.startswith("auto"):
        try:
            return float(value)
        except ValueError:
            return value
    return value
