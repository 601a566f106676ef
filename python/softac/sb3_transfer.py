"""Models between softac's SAC and Stable-Baselines3's files."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, BinaryIO

from gymnasium import spaces

from softac import noise, schedules
from softac.sb3_mapping import from_softac, to_softac
from softac.sb3_model import Sb3Model, Unread
from softac.sb3_objects import described
from softac.sb3_spaces import SpaceText
from softac.sb3_write import write_sb3
from softac.sb3_zip import read_sb3
from softac.vec_env import as_vec_env

if TYPE_CHECKING:
    from softac.sac import SAC

StrPath = str | os.PathLike[str]

# Arguments that both have under the same name and that the settings do not already carry.
_ARGUMENTS = (
    "buffer_size learning_starts train_freq gradient_steps optimize_memory_usage stats_window_size tensorboard_log "
    "verbose seed"
).split()
_SETTINGS = "batch_size tau gamma n_steps ent_coef target_entropy target_update_interval".split()
_POLICY = "net_arch activation_fn n_critics".split()
_OPTIMIZER = {"adam_beta1", "adam_beta2", "adam_eps", "weight_decay"}
_COUNTERS = ("num_timesteps", "_total_timesteps", "_num_timesteps_at_start", "_episode_num", "_n_updates")


def load(cls: type[SAC], path: StrPath | BinaryIO, env: Any, overrides: Mapping[str, Any]) -> SAC:
    """SAC.load_sb3."""
    source = read_sb3(path)
    settings, tensors, moments, counters = to_softac(source)
    arguments: dict[str, Any] = {name: settings.pop(name) for name in _SETTINGS if name in settings}
    arguments["policy_kwargs"] = _policy_kwargs(settings)
    arguments["learning_rate"] = settings.pop("learning_rate", 3e-4)
    settings.pop("policy", None)  # squashed_gaussian; SB3's argument of that name is another thing
    arguments |= settings
    arguments |= _read_arguments(source, path, overrides)
    arguments |= overrides
    model = cls(_policy(source), None, _init_setup_model=False, **arguments)
    if env is not None:
        model._take_env(as_vec_env(env))
    else:
        model.observation_space = _space(source.observation_space, "observation", path)
        model.action_space = _space(source.action_space, "action", path)
    model._setup_model()
    model.agent.load_model_state(tensors)
    model.agent.load_optimizer_state(moments)
    model.agent.set_counters(counters["num_updates"], counters["num_actor_updates"])
    for name in _COUNTERS:
        setattr(model, name, int(counters.get(name, 0)))
    return model


def _read_arguments(source: Sb3Model, path: Any, overrides: Mapping[str, Any]) -> dict[str, Any]:
    """SB3's arguments that can be read; a warning for each that cannot and is not given."""
    found: dict[str, Any] = {}
    for name, value in source.hyperparameters.items():
        if isinstance(value, Unread):
            value = _made(value)
            if value is None and name not in overrides:
                known = "the last update's" if name == "learning_rate" else "the default"
                warnings.warn(
                    f"{path}: {name} stands in the file only as a pickle, which is not read; {known} is used. Give "
                    f"load_sb3 the argument {name}.",
                    stacklevel=4,
                )
        if value is not None and (name in _ARGUMENTS or name in ("learning_rate", "action_noise")):
            found[name] = value
    return found


def _made(value: Unread) -> Any:
    """A schedule or noise of softac's that is what SB3's text says, or None."""
    description = described(value)
    if description is None:
        return None
    name, arguments = description
    return getattr(schedules if name.endswith("Schedule") else noise, name)(**arguments)


def _policy(source: Sb3Model) -> str:
    return "MultiInputPolicy" if source.policy_class == "MultiInputPolicy" else "MlpPolicy"


def _policy_kwargs(settings: dict[str, Any]) -> dict[str, Any]:
    """Takes what policy_kwargs say out of the settings."""
    kwargs = {name: settings.pop(name) for name in _POLICY if name in settings}
    if isinstance(kwargs.get("net_arch"), Mapping):
        kwargs["net_arch"] = {"pi": kwargs["net_arch"]["pi"], "qf": kwargs["net_arch"]["qf"]}
    optimizer: dict[str, Any] = {}
    if "adam_beta1" in settings or "adam_beta2" in settings:
        optimizer["betas"] = (settings.pop("adam_beta1", 0.9), settings.pop("adam_beta2", 0.999))
    if "adam_eps" in settings:
        optimizer["eps"] = settings.pop("adam_eps")
    if settings.get("weight_decay"):
        kwargs["optimizer_class"] = "AdamW"
        optimizer["weight_decay"] = settings.pop("weight_decay")
    settings.pop("weight_decay", None)
    if optimizer:
        kwargs["optimizer_kwargs"] = optimizer
    return kwargs


def _space(text: SpaceText, kind: str, path: Any) -> spaces.Space[Any]:
    if text.space is None:
        raise ValueError(f"{path}: the {kind} space cannot be read ({text.note}); give load_sb3 the argument env.")
    if not text.exact:
        warnings.warn(f"{path}: {kind} space: {text.note}; give load_sb3 the argument env.", stacklevel=3)
    return text.space


def export(model: SAC, path: StrPath | BinaryIO) -> None:
    """SAC.export_sb3."""
    agent = model.agent
    counters = agent.counters() | {name: getattr(model, name) for name in _COUNTERS}
    hyperparameters = {name: getattr(model, name) for name in (*_ARGUMENTS, "learning_rate", "action_noise")}
    hyperparameters["train_freq"] = (model.train_freq.frequency, model.train_freq.unit.value)
    hyperparameters["target_entropy"] = agent.target_entropy
    source = from_softac(
        agent.settings,
        agent.model_state(),
        agent.optimizer_state(),
        counters,
        (model.observation_space, model.action_space),
        hyperparameters,
    )
    write_sb3(path, source)
