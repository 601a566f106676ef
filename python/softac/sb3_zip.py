"""Reads SAC models that Stable-Baselines3 saved, without PyTorch, without SB3 and without executing anything.

`read_sb3` reads, `to_softac` and `from_softac` (sb3_mapping.py) translate, `write_sb3` (sb3_write.py) writes. Of the
file's `data` only plain JSON and the text beside pickles is used; the pickles themselves never are. Tensors come from
`.pth` files through sb3_pickle.py.
"""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from gymnasium.spaces import flatdim

from softac.sb3_mapping import from_softac, to_softac
from softac.sb3_model import AdamState, Array, Sb3Model, Unread, actor_names, architecture, critic_names
from softac.sb3_pickle import MAX_ARCHIVE_BYTES, Archive, UnsafeFileError, constants, read_pth, refuse_commands, shown
from softac.sb3_spaces import SpaceText, read_space
from softac.sb3_write import write_sb3

__all__ = ["Sb3Model", "SpaceText", "UnsafeFileError", "Unread", "from_softac", "read_sb3", "to_softac", "write_sb3"]

MAX_DATA_BYTES = 1 << 23
_STATES = ("policy.pth", "actor.optimizer.pth", "critic.optimizer.pth", "ent_coef_optimizer.pth")
_VARIABLES = ("pytorch_variables.pth", "tensors.pth")  # the second before SB3 0.9
_TEXTS = ("data", "_stable_baselines3_version", "system_info.txt")
_ARGUMENTS = (
    *("learning_rate", "buffer_size", "learning_starts", "batch_size", "tau", "gamma", "train_freq", "gradient_steps"),
    *("action_noise", "optimize_memory_usage", "n_steps", "ent_coef", "target_update_interval", "target_entropy"),
    *("use_sde", "sde_sample_freq", "use_sde_at_warmup", "tensorboard_log", "verbose", "seed"),
)
_COUNTERS = ("num_timesteps", "_total_timesteps", "_num_timesteps_at_start", "_episode_num", "_n_updates")
_POLICIES = ("SACPolicy", "MultiInputPolicy", "CnnPolicy")
_OWN_REPLAY = ("ReplayBuffer", "DictReplayBuffer", "NStepReplayBuffer")


def read_sb3(path: str | os.PathLike[str] | BinaryIO) -> Sb3Model:
    """The SAC model in a zip file that SB3's `save` wrote (any version from 0.6 on whose tensors are zip files).

    `path`: a path, with or without `.zip`, or an open binary file. Raises FileNotFoundError; UnsafeFileError, a
    ValueError, where the file asks for more than tensors, numbers and text (nothing of it runs); ValueError where it is
    damaged, contradicts itself or holds no SAC model; NotImplementedError where softac lacks what the model needs.
    """
    contents, what = _contents(path)
    archive = Archive(contents, what)
    unknown = sorted(archive.sizes.keys() - {*_STATES, *_VARIABLES, *_TEXTS})
    if unknown:
        raise ValueError(f"{what}: {shown(unknown[0])} is no part of a SAC model of Stable-Baselines3")
    data = _data(archive)
    _check_algorithm(data, archive)
    policy = _tensors(_pth(archive, "policy.pth"), f"{what}: policy.pth")
    sizes = architecture(policy, f"{what}: policy.pth")
    arguments = _arguments(data, what)
    decoupled = "AdamW" in str(arguments["policy_kwargs"].get("optimizer_class", ""))
    log_ent_coef, ent_coef = _temperature(archive, what)
    return Sb3Model(
        policy=policy,
        actor_optimizer=_adam(archive, "actor.optimizer.pth", _of(policy, actor_names(sizes)), decoupled),
        critic_optimizer=_adam(archive, "critic.optimizer.pth", _of(policy, critic_names(sizes)), decoupled),
        ent_coef_optimizer=_ent_coef_optimizer(archive, log_ent_coef),
        log_ent_coef=log_ent_coef,
        ent_coef=ent_coef,
        observation_space=_space(data, "observation_space", sizes.obs_dim, what),
        action_space=_space(data, "action_space", sizes.action_dim, what),
        hyperparameters=arguments,
        counters={name: _counter(data, name, what) for name in _COUNTERS},
        policy_class=_class_name(data["policy_class"]),
        sb3_version=_version(archive),
    )


def _contents(path: str | os.PathLike[str] | BinaryIO) -> tuple[bytes, str]:
    if not isinstance(path, (str, os.PathLike)):
        what = str(getattr(path, "name", "model file"))
        contents = path.read(MAX_ARCHIVE_BYTES + 1)
        if not isinstance(contents, bytes):
            raise TypeError(f"{what}: is open as text; open it with mode 'rb'")
    else:
        file = Path(path)
        if not file.exists() and file.with_name(file.name + ".zip").exists():
            file = file.with_name(file.name + ".zip")
        what = str(file)
        with file.open("rb") as opened:
            contents = opened.read(MAX_ARCHIVE_BYTES + 1)
    if len(contents) > MAX_ARCHIVE_BYTES:
        raise ValueError(f"{what}: is larger than {MAX_ARCHIVE_BYTES} bytes")
    return contents, what


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) != len(pairs):
        raise ValueError("a key is there twice")
    return values


def _data(archive: Archive) -> dict[str, Any]:
    """The JSON object `data`; its pickles are looked through for commands and never loaded."""
    where = f"{archive.what}: data"
    try:
        data = json.loads(archive.read("data", MAX_DATA_BYTES).decode(), object_pairs_hook=_unique)
    except RecursionError:
        raise ValueError(f"{where}: is nested too deeply") from None
    except ValueError as error:
        text = str(error)
        raise ValueError(text if text.startswith(archive.what) else f"{where}: is no JSON ({text})") from None
    if not isinstance(data, dict):
        raise ValueError(f"{where}: is no JSON object")
    for key, entry in data.items():
        if isinstance(entry, dict) and ":serialized:" in entry:
            refuse_commands(str(entry[":serialized:"]), f"{where}: {shown(key)}")
    return data


def _check_algorithm(data: Mapping[str, Any], archive: Archive) -> None:
    what = archive.what
    for key in ("policy_class", "observation_space", "action_space"):
        if key not in data:
            raise ValueError(f"{what}: data: has no {key}, so it is no model of Stable-Baselines3")
    entry = data["policy_class"]
    module = str(entry.get("__module__", "")) if isinstance(entry, dict) else ""
    if module != "stable_baselines3.sac.policies" or _class_name(entry) not in _POLICIES:
        name = shown(f"{module}.{_class_name(entry)}")
        raise ValueError(f"{what}: data: its policy is {name}; policies of stable_baselines3.sac are read")
    missing = [name for name in _STATES[:3] if name not in archive.sizes]
    if missing:
        raise ValueError(f"{what}: has no {missing[0]}, so it is no SAC model of Stable-Baselines3")


def _class_name(entry: Any) -> str:
    """Name of a class that is pickled: SB3 prints its functions beside it."""
    text = str(entry.get("__init__", "")) if isinstance(entry, dict) else ""
    found = re.match(r"<function (\w+)\.__init__ at ", text)
    return found[1] if found else "an unnamed class"


def _pth(archive: Archive, name: str) -> Any:
    return read_pth(archive.read(name), f"{archive.what}: {name}")


def _tensors(value: Any, where: str) -> dict[str, Array]:
    if not isinstance(value, dict):
        raise ValueError(f"{where}: holds no dictionary of tensors")
    for name, tensor in value.items():
        if not isinstance(name, str) or not isinstance(tensor, np.ndarray):
            raise ValueError(f"{where}: {shown(name)} is no tensor")
    return value


def _of(policy: Mapping[str, Array], names: Iterable[str]) -> dict[str, tuple[int, ...]]:
    return {name: policy[name].shape for name in names}


def _version(archive: Archive) -> str:
    name = "_stable_baselines3_version"
    return archive.read(name, 100).decode("ascii", "replace").strip() if name in archive.sizes else ""


def _counter(data: Mapping[str, Any], name: str, what: str) -> int:
    value = data.get(name, 0)
    if type(value) is not int or not 0 <= value < 1 << 53:
        raise ValueError(f"{what}: data: {name} is {shown(value)}; an integer from 0 on is expected")
    return value


def _temperature(archive: Archive, what: str) -> tuple[Array | None, float | None]:
    """log α where it is learned, or the fixed α."""
    name = next((name for name in _VARIABLES if name in archive.sizes), _VARIABLES[0])
    variables = _pth(archive, name)
    where = f"{what}: {name}"
    if isinstance(variables, dict):
        variables = {key: value for key, value in variables.items() if value is not None}
    match _tensors(variables, where):
        case {"log_ent_coef": value, **others} if not others:
            if value.size == 1 and value.dtype == np.float32:
                return value.reshape(()), None
        case {"ent_coef_tensor": value, **others} if not others:
            if value.size == 1 and value.dtype.kind == "f":
                return None, float(value.reshape(()))
    raise ValueError(f"{where}: holds neither log_ent_coef nor ent_coef_tensor alone, one floating-point number")


def _space(data: Mapping[str, Any], name: str, dim: int, what: str) -> SpaceText:
    """A space from its text, with as many numbers as the networks take or give."""
    text = read_space(data[name])
    found = None
    if text.space is not None:
        found = flatdim(text.space)
    elif text.shape is not None:
        found = math.prod(text.shape)
    if found not in (None, dim):
        raise ValueError(f"{what}: data: {name} has {found} numbers, the networks {dim}")
    return text


def _ent_coef_optimizer(archive: Archive, log_ent_coef: Array | None) -> AdamState | None:
    name = "ent_coef_optimizer.pth"
    if (log_ent_coef is None) != (name not in archive.sizes):
        raise ValueError(f"{archive.what}: {name} and a learned log_ent_coef are not there together")
    return None if log_ent_coef is None else _adam(archive, name, {"log_ent_coef": (1,)}, False)


_GROUP = {"lr", "betas", "eps", "weight_decay", "amsgrad", "maximize", "decoupled_weight_decay", "params"}
_SPEED_ONLY = {"foreach", "capturable", "differentiable", "fused"}


def _adam(archive: Archive, name: str, shapes: Mapping[str, tuple[int, ...]], decoupled: bool) -> AdamState:
    """An optimiser's state; `shapes`: of its parameters, in the order in which it numbers them."""
    where = f"{archive.what}: {name}"
    match _pth(archive, name):
        case {"state": dict(state), "param_groups": [dict(group)]}:
            pass
        case _:
            raise ValueError(f"{where}: holds no optimiser's state with one group of parameters")
    extra = [key for key in group if key not in _GROUP | _SPEED_ONLY]
    if extra or not {"lr", "betas", "eps", "weight_decay"} <= group.keys():
        raise NotImplementedError(f"{where}: is no optimiser of the kind Adam or AdamW; softac has no other")
    for key in ("amsgrad", "maximize"):
        if group.get(key, False) is not False:
            raise NotImplementedError(f"{where}: was trained with {key}; softac's Adam has none")
    if group.get("params") != list(range(len(shapes))):
        raise ValueError(f"{where}: does not number its parameters 0 to {len(shapes) - 1}")
    step, moments = _moments(state, shapes, where)
    match group["betas"]:
        case [beta1, beta2]:
            pass
        case _:
            raise ValueError(f"{where}: betas are no pair")
    return AdamState(
        learning_rate=_number(group["lr"], "lr", where),
        betas=(_number(beta1, "betas", where), _number(beta2, "betas", where)),
        eps=_number(group["eps"], "eps", where),
        weight_decay=_number(group["weight_decay"], "weight_decay", where),
        decoupled=group.get("decoupled_weight_decay", decoupled) is True,
        step=step,
        exp_avg=moments["exp_avg"],
        exp_avg_sq=moments["exp_avg_sq"],
    )


def _number(value: Any, key: str, where: str) -> float:
    if type(value) not in (int, float) or not abs(value) < 1e308:
        raise ValueError(f"{where}: {key} is no finite number")
    return float(value)


def _moments(
    state: dict[Any, Any], shapes: Mapping[str, tuple[int, ...]], where: str
) -> tuple[int, dict[str, dict[str, Array]]]:
    """Steps made, and both moments by the parameters' names; 0 and nothing before the first step."""
    moments: dict[str, dict[str, Array]] = {"exp_avg": {}, "exp_avg_sq": {}}
    if not state:
        return 0, moments
    if state.keys() != set(range(len(shapes))):
        raise ValueError(f"{where}: has the state of {len(state)} parameters, of {len(shapes)} in the policy")
    steps = set()
    for index, (name, shape) in enumerate(shapes.items()):
        entry = state[index]
        if not isinstance(entry, dict) or entry.keys() != {"step", "exp_avg", "exp_avg_sq"}:
            raise ValueError(f"{where}: the state of parameter {index} is not Adam's")
        steps.add(_step(entry["step"], where))
        for moment, values in moments.items():
            tensor = entry[moment]
            if not isinstance(tensor, np.ndarray) or tensor.shape != shape or tensor.dtype != np.float32:
                raise ValueError(f"{where}: {moment} of {name} is no float32 tensor of size {list(shape)}")
            values[name] = tensor
    if len(steps) != 1:
        raise ValueError(f"{where}: its parameters have made different numbers of steps: {min(steps)} and {max(steps)}")
    return steps.pop(), moments


def _step(value: Any, where: str) -> int:
    """A count of steps: an integer before PyTorch 1.12, since then a float32 tensor."""
    number = value.reshape(()).item() if isinstance(value, np.ndarray) and value.size == 1 else value
    if type(number) not in (int, float) or not 0 <= number < 1 << 53 or number != int(number):
        raise ValueError(f"{where}: a count of steps is no integer from 0 on")
    return int(number)


def _readable(entry: Any) -> Any:
    """A value of `data`: itself, or an Unread where it is a pickle."""
    if isinstance(entry, dict) and ":serialized:" in entry:
        fields = {key: value for key, value in entry.items() if not (key.startswith(":") or key.startswith("__"))}
        return Unread(_dotted(entry.get(":type:")), fields)
    return entry


def _dotted(text: Any) -> str:
    """The name in "<class 'a.b.C'>"."""
    found = re.fullmatch(r"<class '([\w.<>]+)'>", str(text))
    return found[1] if found else str(text)[:200]


def _arguments(data: Mapping[str, Any], what: str) -> dict[str, Any]:
    """SB3's constructor arguments. Those that the file's version did not have yet are left out."""
    arguments = {name: _readable(data[name]) for name in _ARGUMENTS if name in data}
    if isinstance(arguments.get("train_freq"), Unread):
        arguments["train_freq"] = _train_freq(data["train_freq"], arguments["train_freq"])
    if "_stats_window_size" in data:
        arguments["stats_window_size"] = data["_stats_window_size"]
    arguments |= _replay_arguments(data)
    arguments["policy_kwargs"] = _policy_kwargs(data.get("policy_kwargs"), what)
    return arguments


def _train_freq(entry: Mapping[str, Any], unread: Unread) -> Any:
    """An integer of steps, or (n, "episode"): SB3 pickles it without text beside it; it is recognised, not loaded."""
    module = "stable_baselines3.common.type_aliases"
    found = constants(str(entry[":serialized:"]))
    match [value for value in found if value != module]:
        case ["TrainFreq", int(count), "TrainFrequencyUnit", ("step" | "episode") as unit] if (
            found[0] == module and unread.type == f"{module}.TrainFreq"
        ):
            return count if unit == "step" else (count, unit)
    return unread


def _replay_arguments(data: Mapping[str, Any]) -> dict[str, Any]:
    """The replay's class and arguments; None and {} where they are what SB3 chooses by itself."""
    entry = data.get("replay_buffer_class")
    kwargs = _readable(data.get("replay_buffer_kwargs"))
    if isinstance(entry, dict):
        own = entry.get("__module__") == "stable_baselines3.common.buffers" and _class_name(entry) in _OWN_REPLAY
        if not own:
            name = f"{entry.get('__module__')}.{_class_name(entry)}"
            return {"replay_buffer_class": Unread(name[:200]), "replay_buffer_kwargs": kwargs}
        if isinstance(kwargs, dict) and _class_name(entry) == "NStepReplayBuffer":
            kwargs = {key: value for key, value in kwargs.items() if key not in ("n_steps", "gamma")}
    return {"replay_buffer_class": None, "replay_buffer_kwargs": kwargs or {}}


def _policy_kwargs(entry: Any, what: str) -> dict[str, Any]:
    """`policy_kwargs` with classes as dotted names: from JSON, or from the fields beside its pickle."""
    if entry is None:
        return {}
    if not isinstance(entry, dict):
        raise ValueError(f"{what}: data: policy_kwargs is no dictionary")
    kwargs = {key: value for key, value in entry.items() if not key.startswith(":")}
    for key, value in kwargs.items():
        if isinstance(value, str) and value.startswith("<class '"):
            kwargs[key] = _dotted(value)
    return kwargs
