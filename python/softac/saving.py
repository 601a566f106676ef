"""A model as a file: a zip of stored entries, JSON and arrays, without pickles.

data.json             arguments, settings, spaces, counters, names of the other entries
learner.safetensors   the agent: networks, moments, counters, generators (docs/formats.md)
last_obs*.npy         the observations to go on from
replay                with include=["replay_buffer"]
"""

from __future__ import annotations

import io
import json
import os
import platform
import shutil
import tempfile
import warnings
import zipfile
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar

import numpy as np
import numpy.typing as npt

from softac import _core
from softac.argument_json import argument_from_json, argument_to_json, number, space_from_json, space_to_json, usable
from softac.replaced_file import replaced_file

if TYPE_CHECKING:
    from softac.model import Model

    AnyModel = TypeVar("AnyModel", bound=Model)

Array = npt.NDArray[Any]
StrPath = str | os.PathLike[str]

_FORMAT = "softac-model-1"
_MAX_JSON_BYTES = 1 << 26
_ARGUMENTS = (
    "learning_rate buffer_size learning_starts batch_size tau gamma train_freq gradient_steps action_noise "
    "replay_buffer_class replay_buffer_kwargs optimize_memory_usage n_steps ent_coef target_update_interval "
    "target_entropy stats_window_size tensorboard_log policy_kwargs verbose seed threads backend"
).split()
_COUNTERS = ("num_timesteps", "_total_timesteps", "_num_timesteps_at_start", "_episode_num", "_n_updates")
_NOT_A_FILE_OF_OURS = (KeyError, TypeError, EOFError, NotImplementedError, RuntimeError)
# Arguments that the agent's own file settles: with others in their place it is made anew.
_OF_AGENT = {"buffer_size", "batch_size", "tau", "gamma", "n_steps", "ent_coef", "target_update_interval"}
_OF_AGENT |= {"target_entropy", "policy_kwargs", "seed"}


def with_suffix(path: StrPath, suffix: str) -> str:
    """The path, with a suffix if it has none."""
    path = Path(path)
    return str(path if path.suffix else path.with_suffix(suffix))


def system_info() -> str:
    """Versions, a line each."""
    lines = {
        "OS": platform.platform(),
        "Python": platform.python_version(),
        "softac": _core.__version__,
        "NumPy": np.__version__,
    }
    return "\n".join(f"- {name}: {value}" for name, value in lines.items())


# Writing.


def write_model(model: Model, path: StrPath | BinaryIO, exclude: set[str], include: set[str]) -> None:
    """Model.save."""
    exclude = exclude - include
    known = {*_ARGUMENTS, *_COUNTERS, "replay_buffer", "_last_obs", "ep_info_buffer"} | set(vars(model))
    for name in exclude | include:
        if name not in known:
            raise ValueError(f"save: the model has no attribute {name!r}.")
    unfit = include - {"replay_buffer"} - set(_ARGUMENTS) - set(_COUNTERS)
    if unfit:
        raise NotImplementedError(f"save: {', '.join(sorted(unfit))} cannot be included in the file.")
    if not hasattr(path, "write"):
        with replaced_file(with_suffix(path, ".zip")) as file:
            _write_zip(model, file, exclude, include)
        return
    _write_zip(model, path, exclude, include)  # type: ignore[arg-type]


def _write_zip(model: Model, file: BinaryIO, exclude: set[str], include: set[str]) -> None:
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        learner = os.path.join(folder, "learner")
        model.agent.save(learner)
        archive.write(learner, "learner.safetensors")
        if "_last_obs" not in exclude:
            for name in ("last_obs", "last_original_obs"):
                _write_obs(archive, name, getattr(model, f"_{name}"))
        if "replay_buffer" in include:
            replay = os.path.join(folder, "replay")
            model.agent.save_replay(replay)
            archive.write(replay, "replay")
        data = {**model_data(model, exclude), "entries": archive.namelist()}
        archive.writestr("data.json", json.dumps(data, indent=1))


def _write_obs(archive: zipfile.ZipFile, name: str, obs: Any) -> None:
    if obs is None:
        return
    parts = {f"{name}.{key}": value for key, value in obs.items()} if isinstance(obs, Mapping) else {name: obs}
    for entry, value in parts.items():
        data = io.BytesIO()
        np.save(data, np.asarray(value), allow_pickle=False)
        archive.writestr(f"{entry}.npy", data.getvalue())


def model_data(model: Model, exclude: set[str]) -> dict[str, Any]:
    """What data.json holds."""
    progress = model._current_progress_remaining
    return {
        "format": _FORMAT,
        "softac_version": _core.__version__,
        "class": type(model).__name__,
        "policy": model.policy_class,
        "arguments": {
            name: argument_to_json(name, getattr(model, name), progress) for name in _ARGUMENTS if name not in exclude
        },
        "settings": {name: argument_to_json(name, value, progress) for name, value in model.settings.items()},
        "observation_space": space_to_json(model.observation_space),
        "action_space": space_to_json(model.action_space),
        "n_envs": model.n_envs,
        "counters": {name: getattr(model, name) for name in _COUNTERS if name not in exclude},
        "progress_remaining": progress,
        "replay_rows": model.replay_buffer.rows,
        "target_entropy": model.agent.target_entropy,
        "episodes": [] if "ep_info_buffer" in exclude else [_episode(e) for e in model.ep_info_buffer or ()],
        "successes": [] if "ep_info_buffer" in exclude else [bool(s) for s in model.ep_success_buffer or ()],
    }


def _episode(info: Mapping[str, Any]) -> dict[str, Any]:
    return {key: number(value) for key, value in info.items() if np.ndim(value) == 0 and not isinstance(value, str)}


def write_replay(agent: _core.Agent, path: StrPath | BinaryIO) -> None:
    """Model.save_replay_buffer."""
    if not hasattr(path, "write"):
        target = with_suffix(path, ".replay")
        Path(target).parent.mkdir(parents=True, exist_ok=True)
        agent.save_replay(target)
        return
    with tempfile.TemporaryDirectory() as folder:
        beside = os.path.join(folder, "replay")
        agent.save_replay(beside)
        with open(beside, "rb") as file:
            shutil.copyfileobj(file, path)  # type: ignore[arg-type]


# Reading.


def read_replay(agent: _core.Agent, path: StrPath | BinaryIO) -> None:
    """Model.load_replay_buffer."""
    if not hasattr(path, "read"):
        agent.load_replay(str(path) if os.path.exists(path) else with_suffix(path, ".replay"))
        return
    with tempfile.TemporaryDirectory() as folder:
        beside = os.path.join(folder, "replay")
        with open(beside, "wb") as file:
            shutil.copyfileobj(path, file)  # type: ignore[arg-type]
        agent.load_replay(beside)


@dataclass
class SavedModel:
    """What a file holds."""

    name: str
    data: dict[str, Any]
    learner: bytes
    obs: dict[str, Any]  # "last_obs", "last_original_obs"
    replay: bytes | None

    def agent(self, threads: int, backend: str) -> _core.Agent:
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "learner.safetensors")
            Path(path).write_bytes(self.learner)
            try:
                agent = _core.Agent.load(path, threads=threads, backend=backend)
            except _core.IoError as error:
                raise _core.IoError(str(error).replace(path, f"{self.name}: learner.safetensors")) from None
            if self.replay is not None:
                replay = os.path.join(folder, "replay")
                Path(replay).write_bytes(self.replay)
                agent.load_replay(replay)
            return agent

    def parameters(self, threads: int) -> dict[str, dict[str, Array]]:
        agent = self.agent(threads, "")
        return {"policy": agent.model_state(), "optimizer": agent.optimizer_state()}


def read_model(path: StrPath | BinaryIO) -> SavedModel:
    """A file of write_model. ValueError that says what is wrong with any other file; OSError where there is none."""
    if not hasattr(path, "read"):
        path = path if os.path.exists(path) else with_suffix(path, ".zip")
        with open(path, "rb") as file:
            return _read_zip(file, str(path))
    return _read_zip(path, str(getattr(path, "name", "the file")))  # type: ignore[arg-type]


def _read_zip(file: BinaryIO, name: str) -> SavedModel:
    try:
        with zipfile.ZipFile(file) as archive:
            names = archive.namelist()
            if "data.json" not in names:
                if "policy.pth" in names:
                    raise ValueError(f"{name}: a model of Stable-Baselines3; SAC.load_sb3 reads it.")
                raise ValueError(f"{name}: not a model that softac saved (no data.json).")
            for info in archive.infolist():
                if info.compress_type != zipfile.ZIP_STORED:
                    raise ValueError(f"{name}: {info.filename} is compressed, which softac's files are not.")
            if archive.getinfo("data.json").file_size > _MAX_JSON_BYTES:
                raise ValueError(f"{name}: data.json is too large.")
            data = json.loads(archive.read("data.json"))
            if not isinstance(data, dict) or data.get("format") != _FORMAT:
                found = data.get("format") if isinstance(data, dict) else None
                raise ValueError(f"{name}: format {found!r}, expected {_FORMAT!r}.")
            if sorted(names) != sorted([*map(str, data["entries"]), "data.json"]):
                raise ValueError(f"{name}: not a model that softac saved (entries are missing, or there are others).")
            learner = archive.read("learner.safetensors")
            replay = archive.read("replay") if "replay" in names else None
            obs = {key: _read_obs(archive, names, key) for key in ("last_obs", "last_original_obs")}
    except (*_NOT_A_FILE_OF_OURS, zipfile.BadZipFile, json.JSONDecodeError) as error:
        raise ValueError(f"{name}: not a model that softac saved ({error}).") from None
    return SavedModel(name, data, learner, obs, replay)


def _read_obs(archive: zipfile.ZipFile, names: list[str], key: str) -> Any:
    def load(entry: str) -> Array:
        return np.asarray(np.load(io.BytesIO(archive.read(entry)), allow_pickle=False))

    if f"{key}.npy" in names:
        return load(f"{key}.npy")
    parts = {n[len(key) + 1 : -4]: load(n) for n in names if n.startswith(f"{key}.") and n.endswith(".npy")}
    return parts or None


def make_model(
    cls: type[AnyModel],
    saved: SavedModel,
    env: Any,
    custom_objects: Mapping[str, Any],
    kwargs: Mapping[str, Any],
    force_reset: bool,
) -> AnyModel:
    """Model.load. Of custom_objects, SB3 takes what the file has; names that it has not are warned of."""
    from softac.vec_env import as_vec_env

    data = saved.data
    overrides = {**_known(custom_objects, data), **kwargs}
    try:
        if data["class"] != cls.__name__:
            raise ValueError(f"{saved.name}: a model of the class {data['class']}, not {cls.__name__}.")
        arguments = {name: argument_from_json(value) for name, value in data["arguments"].items()}
        overridden = {name: value for name, value in overrides.items() if not name.endswith("_space")}
        settings = {**data["settings"], **{k: v for k, v in overridden.items() if k not in _ARGUMENTS}}
        arguments |= {k: v for k, v in overridden.items() if k in _ARGUMENTS}
        arguments = {name: usable(name, value) for name, value in arguments.items()}
        make: Any = cls  # SAC or DiscreteSAC, whose constructors name the arguments
        model: AnyModel = make(data["policy"], None, _init_setup_model=False, **arguments, **settings)
        model.observation_space = overrides.get("observation_space") or space_from_json(data["observation_space"])
        model.action_space = overrides.get("action_space") or space_from_json(data["action_space"])
        model.n_envs = int(data["n_envs"])
        for name, value in data["counters"].items():
            if name not in _COUNTERS:
                raise ValueError(f"{saved.name}: unknown counter {name!r}.")
            setattr(model, name, int(value))
        model._current_progress_remaining = float(data["progress_remaining"])
        model.ep_info_buffer = deque(data["episodes"], maxlen=model.stats_window_size)
        model.ep_success_buffer = deque(data["successes"], maxlen=model.stats_window_size)
        rows = int(data["replay_rows"])
    except (KeyError, TypeError, AttributeError) as error:
        if isinstance(error, TypeError) and overrides:
            raise
        raise ValueError(f"{saved.name}: not a model that softac saved ({error!r}).") from None
    if env is not None:
        env = as_vec_env(env)
        model._require_spaces(env)
        model._take_env(env)
    same = model.n_envs == int(data["n_envs"]) and not (_OF_AGENT | set(_core.learner_settings())) & (
        set(overridden) - {"learning_rate"}
    )
    if same:
        _adopt(model, saved.agent(model.threads, model.backend or ""))
        model.replay_buffer.rows = rows if saved.replay is not None else 0
        if not force_reset:
            model._last_obs, model._last_original_obs = saved.obs["last_obs"], saved.obs["last_original_obs"]
    else:
        _remake(model, saved)
    return model


def _known(custom_objects: Mapping[str, Any], data: Mapping[str, Any]) -> dict[str, Any]:
    known = {"observation_space", "action_space", *_ARGUMENTS, *_core.learner_settings()}
    names = {"lr_schedule": "learning_rate"}
    found = {names.get(name, name): value for name, value in custom_objects.items() if names.get(name, name) in known}
    unknown = sorted(set(custom_objects) - known - set(names))
    if unknown:
        warnings.warn(f"custom_objects: the file has no {', '.join(unknown)}.", stacklevel=4)
    return found


def _adopt(model: Model, agent: _core.Agent) -> None:
    from softac.spaces import ActionCodec, ObservationCodec

    model.observation_codec = ObservationCodec(model.observation_space, policy=model.policy_class)
    model.action_codec = ActionCodec(model.action_space)
    expected = (agent.obs_dim, agent.act_dim, agent.num_actions)
    found = (model.observation_codec.dim, model.action_codec.dim, model.action_codec.num_actions)
    if found != expected:
        raise ValueError(f"the spaces are of the sizes {found}, the networks of {expected}.")
    model.agent = agent
    model._seed = agent.seed
    model._use_agent()


def _remake(model: Model, saved: SavedModel) -> None:
    """Other settings or another number of environments: an agent of its own with the networks of the file."""
    old = saved.agent(model.threads, model.backend or "")
    env, model.env = model.env, None
    if model.seed is None:
        model.seed = old.seed
        model._setup_model()
        model.seed = None
    else:
        model._setup_model()
    model.env = env
    model.agent.load_model_state(old.model_state())
    model.agent.load_optimizer_state(old.optimizer_state())
    counters = old.counters()
    model.agent.set_counters(counters["num_updates"], counters["num_actor_updates"])
    if saved.replay is None:
        return
    if model.n_envs == old.num_envs:
        model.agent.replay.extend(**old.replay.export())
        model.replay_buffer.count_rows()
    else:
        warnings.warn(
            f"the replay in {saved.name} is of {old.num_envs} environments, not {model.n_envs}, and is left out.",
            stacklevel=4,
        )
