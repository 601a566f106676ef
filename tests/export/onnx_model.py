"""Reads ONNX models without the onnx package, checks their structure, and runs them with NumPy in float32.

Follows onnx.proto and the operators' specification of opset 13, as far as softac's exports use them.
"""
import struct
from typing import Any

import numpy as np

FLOAT, INT64, DOUBLE = 1, 7, 11
DTYPES = {FLOAT: np.float32, INT64: np.int64, DOUBLE: np.float64}


def varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at


def fields(data: bytes) -> dict[int, list]:
    """A message's fields: numbers and bytes by field number."""
    out: dict[int, list] = {}
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        kind: Any
        if key & 7 == 0:
            kind, at = varint(data, at)
            kind = kind - (1 << 64) if kind >> 63 else kind
        elif key & 7 == 2:
            size, at = varint(data, at)
            kind, at = data[at:at + size], at + size
            assert len(kind) == size, "a field goes beyond the end"
        else:
            assert key & 7 == 5, f"wire type {key & 7}"
            kind, at = struct.unpack("<f", data[at:at + 4])[0], at + 4
        out.setdefault(key >> 3, []).append(kind)
    return out


def text(message: dict[int, list], number: int) -> str:
    return message.get(number, [b""])[0].decode()


class Model:
    """inputs, outputs: name → (element type, dimensions after the batch); metadata; run(**inputs) → outputs by name."""

    def __init__(self, data: bytes) -> None:
        model = fields(data)
        assert model[1] == [7] and text(model, 2) == "softac"
        opset = [fields(item) for item in model[8]]
        assert len(opset) == 1 and opset[0][2] == [13] and text(opset[0], 1) == ""
        self.metadata = {text(entry, 1): text(entry, 2) for entry in map(fields, model[14])}
        graph = fields(model[7][0])
        self.inputs, self.outputs = (dict(map(self.value_info, graph[number])) for number in (11, 12))
        self.constants = dict(map(self.tensor, graph[5]))
        self.nodes = [fields(item) for item in graph[1]]
        self.check_names()

    @staticmethod
    def value_info(data: bytes) -> tuple[str, tuple]:
        info = fields(data)
        tensor = fields(fields(info[2][0])[1][0])
        dims = [fields(dim) for dim in fields(tensor[2][0])[1]]
        assert text(dims[0], 2) == "batch", "the first dimension is symbolic"
        return text(info, 1), (tensor[1][0], tuple(dim[1][0] for dim in dims[1:]))

    @staticmethod
    def tensor(data: bytes) -> tuple[str, np.ndarray]:
        tensor = fields(data)
        values = np.frombuffer(tensor.get(9, [b""])[0], DTYPES[tensor[2][0]])
        return text(tensor, 8), values.reshape(tensor.get(1, []))

    def check_names(self) -> None:
        """Every name is made once, before it is read, and every constant is read."""
        known, read = set(self.constants) | set(self.inputs), set()
        assert len(known) == len(self.constants) + len(self.inputs)
        for node in self.nodes:
            names = [name.decode() for name in node[1]]
            read.update(names)
            assert set(names) <= known, f"{text(node, 4)} reads {set(names) - known}"
            assert text(node, 2) not in known, text(node, 2)
            known.add(text(node, 2))
        assert set(self.constants) <= read, set(self.constants) - read
        assert set(self.outputs) <= known

    def run(self, **inputs: np.ndarray) -> dict[str, np.ndarray]:
        values = {**self.constants, **inputs}
        for node in self.nodes:
            attributes = {}
            for data in node.get(5, []):
                attribute = fields(data)
                kind = attribute[20][0]
                attributes[text(attribute, 1)] = attribute[8] if kind == 7 else attribute[{1: 2, 2: 3}[kind]][0]
            x = [values[name.decode()] for name in node[1]]
            with np.errstate(over="ignore"):
                values[text(node, 2)] = operate(text(node, 4), x, attributes)
        return {name: values[name] for name in self.outputs}


def log_softmax(x: np.ndarray) -> np.ndarray:
    off = x - x.max(axis=1, keepdims=True)
    return off - np.log(np.exp(off).sum(axis=1, keepdims=True))


def reshape(x: np.ndarray, shape: np.ndarray) -> np.ndarray:
    return x.reshape([x.shape[i] if length == 0 else length for i, length in enumerate(shape)])


def operate(kind: str, x: list, attributes: dict) -> np.ndarray:
    one = np.float32(1)
    operators = {
        "Sub": lambda: x[0] - x[1], "Add": lambda: x[0] + x[1], "Mul": lambda: x[0] * x[1], "Div": lambda: x[0] / x[1],
        "Clip": lambda: np.minimum(np.maximum(x[0], x[1]), x[2]), "Relu": lambda: np.maximum(x[0], 0), "Tanh": lambda: np.tanh(x[0]),
        "Sigmoid": lambda: one / (one + np.exp(-x[0])), "Exp": lambda: np.exp(x[0]), "Sqrt": lambda: np.sqrt(x[0]),
        "Elu": lambda: np.where(x[0] > 0, x[0], np.float32(attributes["alpha"]) * np.expm1(np.minimum(x[0], 0))),
        "Gemm": lambda: x[0] @ (x[1].T if attributes.get("transB") else x[1]) + x[2],
        "ReduceMean": lambda: x[0].mean(axis=tuple(attributes["axes"]), keepdims=bool(attributes.get("keepdims", 1)), dtype=x[0].dtype),
        "ReduceSum": lambda: x[0].sum(axis=tuple(x[1]), keepdims=bool(attributes.get("keepdims", 1)), dtype=x[0].dtype),
        "Min": lambda: np.minimum.reduce(x), "Mean": lambda: sum(x) / np.float32(len(x)),
        "LogSoftmax": lambda: log_softmax(x[0]), "ArgMax": lambda: x[0].argmax(axis=attributes["axis"]),
        "CumSum": lambda: x[0].cumsum(axis=int(x[1])), "LessOrEqual": lambda: x[0] <= x[1], "Equal": lambda: x[0] == x[1],
        "Cast": lambda: x[0].astype(DTYPES[attributes["to"]]), "Unsqueeze": lambda: np.expand_dims(x[0], tuple(x[1])),
        "Slice": lambda: x[0].take(np.arange(x[1][0], x[2][0]), axis=x[3][0]),
        "Gather": lambda: x[0].take(x[1], axis=attributes["axis"]), "Reshape": lambda: reshape(x[0], x[1]),
    }
    return operators[kind]()
