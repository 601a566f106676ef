"""Parts of model files, for the tests of softac.sb3_*."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

DATA = Path(__file__).parent / "data"
MODEL = DATA / "sb3_model.zip"


def entries(file: Path | bytes = MODEL) -> dict[str, bytes]:
    """Names and contents of a zip file."""
    with zipfile.ZipFile(io.BytesIO(file) if isinstance(file, bytes) else file) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(contents: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        for name, value in contents.items():
            archive.writestr(name, value)
    return out.getvalue()


def with_entry(name: str, value: bytes) -> io.BytesIO:
    """The model file with one entry replaced or added."""
    return io.BytesIO(zipped(entries() | {name: value}))


def with_data(**changes: Any) -> io.BytesIO:
    """The model file with changes to its `data`; None leaves a key out."""
    data = json.loads(entries()["data"]) | changes
    return with_entry("data", json.dumps({k: v for k, v in data.items() if v is not None}).encode())


def with_pickle(name: str, code: bytes) -> io.BytesIO:
    """The model file with another data.pkl in one of its .pth files."""
    inner = entries(entries()[name])
    root = next(key for key in inner if key.endswith("/data.pkl"))
    return with_entry(name, zipped(inner | {root: code}))


def dense(x: np.ndarray, tensors: dict[str, np.ndarray], name: str) -> np.ndarray:
    return x @ tensors[name + ".weight"].T + tensors[name + ".bias"]


def hidden(x: np.ndarray, tensors: dict[str, np.ndarray], prefix: str, activation: Any) -> np.ndarray:
    layer = 0
    while f"{prefix}.layers.{layer}.weight" in tensors:
        x = activation(dense(x, tensors, f"{prefix}.layers.{layer}"))
        layer += 1
    return x


def relu(x: np.ndarray) -> np.ndarray:
    return np.maximum(x, 0.0)


def actions(obs: np.ndarray, tensors: dict[str, np.ndarray], activation: Any = relu) -> np.ndarray:
    """Deterministic actions in [−1, 1] of softac's tensors."""
    return np.tanh(dense(hidden(obs, tensors, "actor", activation), tensors, "actor.mu"))


def q_values(obs: np.ndarray, action: np.ndarray, tensors: dict[str, np.ndarray], critic: str) -> np.ndarray:
    """(N,) values of `critic` ("critic.0", "target.critic.1") of softac's tensors."""
    inputs = np.concatenate([obs, action], axis=1)
    return dense(hidden(inputs, tensors, critic, relu), tensors, critic + ".output")[:, 0]
