"""Writes SAC models as Stable-Baselines3's `load` reads them, without PyTorch and without SB3.

Pickles are written opcode by opcode, so that they can name PyTorch's and SB3's classes without importing them; only
spaces (and objects that the caller passes as arguments) go through cloudpickle. `.pth` files are what `torch.load` with
`weights_only=True` reads: a zip of `data.pkl` and one entry per storage. Equal models give equal bytes.
"""

from __future__ import annotations

import base64
import io
import json
import os
import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from softac.replaced_file import replaced_file
from softac.sb3_model import AdamState, Array, Sb3Model, Unread, actor_names, architecture, critic_names
from softac.sb3_objects import FIELDS, sb3_call, unwrapped
from softac.sb3_spaces import SpaceText

FORMAT_VERSION = "2.9.2"  # of SB3, whose files these are like
_TIME = (1980, 1, 1, 0, 0, 0)


class _Global(NamedTuple):
    """A class or function that the reader of a pickle looks up."""

    module: str
    name: str


class _Call(NamedTuple):
    """What the reader of a pickle makes by calling something."""

    function: _Global
    arguments: tuple[Any, ...]


def _named(dotted: str) -> _Global:
    module, _, name = dotted.rpartition(".")
    return _Global(module, name)


class _Pickle:
    """A pickle of protocol 2 from plain values, `_Global`s, `_Call`s and arrays, which become tensors."""

    def __init__(self) -> None:
        self.storages: list[bytes] = []
        self._out = bytearray(b"\x80\x02")

    def dump(self, value: Any) -> bytes:
        self._put(value)
        return bytes(self._out) + b"."

    def _put(self, value: Any) -> None:
        match value:
            case None:
                self._out += b"N"
            case bool():
                self._out += b"\x88" if value else b"\x89"
            case int():
                self._put_int(value)
            case float():
                self._out += b"G" + struct.pack(">d", value)
            case str():
                text = value.encode()
                self._out += b"X" + struct.pack("<I", len(text)) + text
            case _Global():
                self._out += f"c{value.module}\n{value.name}\n".encode("ascii")
            case _Call():
                self._put(value.function)
                self._put(value.arguments)
                self._out += b"R"
            case dict():
                self._put_items(value)
            case list() | tuple():
                self._put_sequence(value)
            case np.ndarray():
                self._put_tensor(value)
            case _:
                raise TypeError(f"{type(value).__name__} cannot be written into a pickle of plain values")

    def _put_int(self, value: int) -> None:
        if 0 <= value < 256:
            self._out += b"K" + bytes([value])
        elif -(1 << 31) <= value < 1 << 31:
            self._out += b"J" + struct.pack("<i", value)
        else:
            digits = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
            self._out += b"\x8a" + bytes([len(digits)]) + digits

    def _put_items(self, items: Mapping[Any, Any]) -> None:
        self._out += b"}("
        for key, value in items.items():
            self._put(key)
            self._put(value)
        self._out += b"u"

    def _put_sequence(self, values: list[Any] | tuple[Any, ...]) -> None:
        self._out += b"](" if isinstance(values, list) else b"("
        for value in values:
            self._put(value)
        self._out += b"e" if isinstance(values, list) else b"t"

    def _put_tensor(self, values: Array) -> None:
        kind = {"float32": "FloatStorage", "float64": "DoubleStorage"}[values.dtype.name]
        stored = np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("<"))
        self._put(_Global("torch._utils", "_rebuild_tensor_v2"))
        self._out += b"("
        self._put(("storage", _Global("torch", kind), str(len(self.storages)), "cpu", int(values.size)))
        self._out += b"Q"  # the tuple names a storage
        steps = tuple(step // values.itemsize for step in np.empty(values.shape, values.dtype).strides)
        for value in (0, values.shape, steps, False, _Call(_Global("collections", "OrderedDict"), ())):
            self._put(value)
        self._out += b"tR"
        self.storages.append(stored.tobytes())


def _zip(entries: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name, contents in entries.items():
            archive.writestr(zipfile.ZipInfo(name, _TIME), contents)
    return out.getvalue()


def write_pth(value: Any) -> bytes:
    """A file that `torch.load` reads: dictionaries, lists, tuples, numbers, text, and float32 and float64 arrays."""
    pickle = _Pickle()
    entries = {"archive/data.pkl": pickle.dump(value), "archive/byteorder": b"little"}
    entries |= {f"archive/data/{key}": contents for key, contents in enumerate(pickle.storages)}
    return _zip(entries | {"archive/version": b"3\n"})


def _adam(state: AdamState, names: list[str]) -> dict[str, Any]:
    """An optimiser's state_dict; `names`: its parameters in SB3's order."""
    exact = np.float32 if int(np.float32(state.step)) == state.step else np.float64
    states = {}
    if state.step:
        for index, name in enumerate(names):
            moments = {"exp_avg": state.exp_avg[name], "exp_avg_sq": state.exp_avg_sq[name]}
            states[index] = {"step": np.array(state.step, exact), **moments}
    group = {
        "lr": state.learning_rate,
        "betas": state.betas,
        "eps": state.eps,
        "weight_decay": state.weight_decay,
        **{"amsgrad": False, "maximize": False, "foreach": None, "capturable": False, "differentiable": False},
        **{"fused": None, "decoupled_weight_decay": state.decoupled},
        "params": list(range(len(names))),
    }
    return {"state": states, "param_groups": [group]}


def _entry(type_text: str, pickled: bytes, **fields: Any) -> dict[str, Any]:
    """A value of `data` that is no JSON, as SB3 writes it: its class, its pickle, its fields as text."""
    return {":type:": type_text, ":serialized:": base64.b64encode(pickled).decode("ascii"), **fields}


def _class(dotted: str, method: str) -> dict[str, Any]:
    """A class: `method` is the one of whose printed form readers take the class's name."""
    found = _named(dotted)
    pickled = _Pickle().dump(found)
    return _entry("<class 'abc.ABCMeta'>", pickled, __module__=found.module, __init__=f"<function {method} at 0x0>")


def _printed(value: Any) -> Any:
    """A field as SB3 writes it: JSON where it can be, else printed."""
    try:
        json.dumps(value)
    except TypeError:
        return str(value)
    return value


def _pickled(value: Any) -> dict[str, Any]:
    """An object of the caller's, through cloudpickle, which comes with Gymnasium."""
    import cloudpickle  # type: ignore[import-untyped]

    fields = {name: _printed(field) for name, field in getattr(value, "__dict__", {}).items()}
    return _entry(str(type(value)), cloudpickle.dumps(value), **fields)


def _calls(value: Any) -> Any:
    """The pickle's form of (class, arguments), whose arguments may be such pairs or arrays."""
    match value:
        case (str(dotted), tuple(arguments)):
            return _Call(_named(dotted), tuple(map(_calls, arguments)))
        case np.ndarray():
            return _Call(_Global("numpy", "array"), (value.tolist(),))
    return value


def _fields(dotted: str, arguments: tuple[Any, ...]) -> dict[str, Any]:
    """What SB3 would print of the object beside its pickle."""
    names = FIELDS[dotted.rpartition(".")[2]]
    printed = [str(a) if isinstance(a, np.ndarray) else a for a in arguments]
    return dict(zip(names, (p if _printed(p) == p else str(p) for p in printed), strict=False))


def _space(text: SpaceText, name: str) -> dict[str, Any]:
    if text.space is None:
        raise ValueError(f"{name} is not known ({text.note}); give the model one to write it")
    return _pickled(text.space)


def _train_freq(value: Any) -> Any:
    """Steps are a plain integer; episodes need SB3's own class, as JSON has no tuples."""
    match value:
        case int():
            return value
        case (int(count), "step"):
            return count
        case (int(count), "episode"):
            module = "stable_baselines3.common.type_aliases"
            unit = _Call(_Global(module, "TrainFrequencyUnit"), ("episode",))
            made = _Call(_Global(module, "TrainFreq"), (count, unit))
            return _entry(f"<class '{module}.TrainFreq'>", _Pickle().dump(made))
    raise ValueError(f"train_freq is {value!r}; an integer or a pair such as (4, 'step') or (1, 'episode') is expected")


def _policy_kwargs(kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """JSON, or a pickle where a class is among them; classes are dotted names here."""
    classes = {name: value for name, value in kwargs.items() if _is_class_name(name, value)}
    for name, value in kwargs.items():
        if name not in classes and _printed(value) is not value:
            raise ValueError(f"policy_kwargs: {name} is a {type(value).__name__}, which is not written; leave it out")
    if not classes:
        return dict(kwargs)
    pickled = _Pickle().dump({name: _named(value) if name in classes else value for name, value in kwargs.items()})
    texts = {name: f"<class '{value}'>" if name in classes else value for name, value in kwargs.items()}
    return _entry("<class 'dict'>", pickled, **texts)


def _is_class_name(name: str, value: Any) -> bool:
    return name.endswith(("_fn", "_class")) and isinstance(value, str)


def _argument(name: str, value: Any) -> Any:
    """A constructor argument: JSON, SB3's object in place of softac's, or a pickle of the object."""
    if isinstance(value, Unread):
        raise ValueError(f"{name} is a {value.type} that the file it came from holds only as a pickle; give one")
    value = unwrapped(value)
    if call := sb3_call(value):
        dotted, arguments = call
        return _entry(f"<class '{dotted}'>", _Pickle().dump(_calls(call)), **_fields(dotted, arguments))
    try:
        return json.loads(json.dumps(value))
    except TypeError:
        return _pickled(value)


def _data(model: Sb3Model) -> dict[str, Any]:
    arguments = dict(model.hyperparameters)
    kwargs = arguments.pop("policy_kwargs", {})
    train_freq = arguments.pop("train_freq", 1)
    if isinstance(train_freq, Unread):
        raise ValueError("train_freq is known to the file that the model came from only as a pickle; give one")
    window = arguments.pop("stats_window_size", 100)
    if arguments.get("replay_buffer_class") is None:
        arguments.pop("replay_buffer_class", None)  # SB3 chooses it, and refuses a null
    policy = f"stable_baselines3.sac.policies.{model.policy_class}"
    return {
        "policy_class": _class(policy, f"{model.policy_class}.__init__"),
        "policy_kwargs": _policy_kwargs(kwargs),
        "verbose": 0,
        **{name: _argument(name, value) for name, value in arguments.items()},
        **model.counters,
        "train_freq": _train_freq(train_freq),
        "_stats_window_size": window,
        "_last_obs": None,
        "_last_episode_starts": None,
        "_last_original_obs": None,
        "_current_progress_remaining": 1.0,
        "start_time": 0.0,
        "ep_info_buffer": None,
        "ep_success_buffer": None,
        "n_envs": 1,
        "observation_space": _space(model.observation_space, "observation_space"),
        "action_space": _space(model.action_space, "action_space"),
    }


def _entries(model: Sb3Model) -> dict[str, bytes]:
    sizes = architecture(model.policy, "the model")
    if model.log_ent_coef is None:
        variables = {"ent_coef_tensor": np.array(model.ent_coef, np.float32)}
    else:
        variables = {"log_ent_coef": np.asarray(model.log_ent_coef, np.float32).reshape(1)}
    states = {
        "pytorch_variables": variables,
        "policy": dict(model.policy),
        "actor.optimizer": _adam(model.actor_optimizer, actor_names(sizes)),
        "critic.optimizer": _adam(model.critic_optimizer, critic_names(sizes)),
    }
    if model.ent_coef_optimizer is not None:
        states["ent_coef_optimizer"] = _adam(model.ent_coef_optimizer, ["log_ent_coef"])
    return {
        "data": json.dumps(_data(model), indent=4).encode(),
        **{f"{name}.pth": write_pth(state) for name, state in states.items()},
        "_stable_baselines3_version": FORMAT_VERSION.encode(),
        "system_info.txt": b"- written by softac, without Stable-Baselines3 and PyTorch\n",
    }


def write_sb3(path: str | os.PathLike[str] | BinaryIO, model: Sb3Model) -> None:
    """Writes a zip file that `stable_baselines3.SAC.load` reads, with an environment and without.

    `path`: a path, to which `.zip` is added where it has no suffix, or an open binary file. A file appears whole or
    not at all. SB3 continues from the same weights, targets, log α, optimiser states and counters; a replay buffer and
    the last observation are not part of it. Raises ValueError where the model has an `Unread` argument or a space that
    is not known.
    """
    contents = _zip(_entries(model))
    if not isinstance(path, (str, os.PathLike)):
        path.write(contents)
        return
    file = Path(path)
    if file.suffix == "":
        file = file.with_name(file.name + ".zip")
    with replaced_file(file) as opened:
        opened.write(contents)
