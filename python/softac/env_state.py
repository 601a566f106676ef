"""The state of a Python environment as bytes of a checkpoint: no pickle, equal states give equal bytes.

save_state() returns bytes, or a dict of numbers, texts, truth values, None, NumPy arrays and scalars, bytes, lists and
dicts of such; load_state(state) gets an equal value back.
"""
from __future__ import annotations

import json
from typing import Any

import numpy as np

_BYTES, _DICT = b"b", b"d"
_MARK = "__softac__"  # key of the objects that stand for what JSON has not


def encode_state(state: object, owner: str) -> bytes:
    """Raises TypeError that names the entry for values of other kinds."""
    if isinstance(state, (bytes, bytearray)):
        return _BYTES + bytes(state)
    if not isinstance(state, dict):
        raise TypeError(f"{owner}.save_state() returned a {type(state).__name__}, expected bytes or a dict")
    blobs: list[bytes] = []
    text = json.dumps(_to_json(state, f"{owner}.save_state()", blobs), sort_keys=True).encode()
    return _DICT + len(text).to_bytes(8, "little") + text + b"".join(blobs)


def decode_state(data: bytes) -> Any:
    """What encode_state was given. Raises ValueError on other bytes."""
    if data[:1] == _BYTES:
        return data[1:]
    if data[:1] != _DICT:
        raise ValueError("not the state of a Python environment")
    size = int.from_bytes(data[1:9], "little")
    return _from_json(json.loads(data[9 : 9 + size]), memoryview(data)[9 + size :])


def _to_json(value: object, name: str, blobs: list[bytes]) -> object:
    if value is None or isinstance(value, (bool, str)) or type(value) in (int, float):
        return value
    if isinstance(value, dict):
        for key in value:
            if not isinstance(key, str) or key == _MARK:
                raise TypeError(f"{name}: the key {key!r} is not a text, or is reserved")
        return {key: _to_json(value[key], f"{name}[{key!r}]", blobs) for key in sorted(value)}
    if isinstance(value, list):
        return [_to_json(entry, f"{name}[{i}]", blobs) for i, entry in enumerate(value)]
    if isinstance(value, (bytes, bytearray)):
        return {_MARK: "bytes", "at": _add(bytes(value), blobs), "size": len(value)}
    if isinstance(value, (np.ndarray, np.generic)) and value.dtype.kind in "biufc":
        array = np.ascontiguousarray(value)
        kind = "array" if isinstance(value, np.ndarray) else "scalar"
        return {_MARK: kind, "dtype": array.dtype.str, "shape": list(value.shape), "at": _add(array.tobytes(), blobs)}
    raise TypeError(f"{name} is a {type(value).__name__}, which a checkpoint cannot hold (see softac.env_state)")


def _add(data: bytes, blobs: list[bytes]) -> int:
    at = sum(len(blob) for blob in blobs)
    blobs.append(data)
    return at


def _from_json(value: Any, blobs: memoryview) -> Any:
    if isinstance(value, list):
        return [_from_json(entry, blobs) for entry in value]
    if not isinstance(value, dict):
        return value
    if _MARK not in value:
        return {key: _from_json(entry, blobs) for key, entry in value.items()}
    at = value["at"]
    if value[_MARK] == "bytes":
        return bytes(blobs[at : at + value["size"]])
    dtype, shape = np.dtype(value["dtype"]), value["shape"]
    count = int(np.prod(shape, dtype=np.int64))
    array = np.frombuffer(blobs, dtype, count, at).reshape(shape).copy()
    return array if value[_MARK] == "array" else array[()]
