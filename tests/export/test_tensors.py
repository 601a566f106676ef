"""Exported tensors, read by the packages safetensors and numpy: the same in both, and enough to act.

test_tensors.py WRITE_EXPORTS [--mode quick|presets|recorded] [--rows N]
"""
import json
import sys

import numpy as np
from exported import Case, export_all, finish

try:
    from safetensors import safe_open
except ImportError:
    print("SKIPPED: needs the Python package safetensors")
    sys.exit(77)


def act(steps: list, tensors: dict, case: Case) -> np.ndarray:
    """Follows the steps as docs/deploy.md describes them; returns the last one's values."""
    values: list = []
    for step in steps:
        x = [values[i] for i in step["inputs"]]
        name = step.get("name", "")
        kind = step["kind"]
        if kind == "observation":
            values.append(case.observation)
        elif kind == "normalise":
            y = (x[0] - tensors[name + ".shift"]) * tensors[name + ".scale"]
            y = np.clip(y, -step["clip"], step["clip"]) if step["clip"] > 0 else y
            affine = name + ".weight" in tensors
            values.append(y * tensors[name + ".weight"] + tensors[name + ".bias"] if affine else y)
        elif kind == "dense":
            values.append(x[0] @ tensors[name + ".weight"].T + tensors[name + ".bias"])
        elif kind == "layer_norm":
            off = x[0] - x[0].mean(axis=1, keepdims=True)
            y = off / np.sqrt((off * off).mean(axis=1, keepdims=True) + step["eps"])
            values.append(y * tensors[name + ".weight"] + tensors[name + ".bias"])
        elif kind == "rms_norm":
            y = x[0] / np.sqrt((x[0] * x[0]).mean(axis=1, keepdims=True) + step["eps"])
            values.append(y * tensors[name + ".weight"])
        elif kind == "relu":
            values.append(np.maximum(x[0], 0))
        elif kind == "tanh":
            values.append(np.tanh(x[0]))
        elif kind == "elu":
            values.append(np.where(x[0] > 0, x[0], np.expm1(np.minimum(x[0], 0))))
        elif kind == "silu":
            values.append(x[0] / (1 + np.exp(-x[0])))
        elif kind == "rescale":
            low, high = tensors["action_low"], tensors["action_high"]
            values.append(low + (np.clip(x[0], -1, 1) + 1) / 2 * (high - low))
        else:
            raise KeyError(kind)
    return values[-1]


def check(case: Case) -> list:
    with safe_open(case.path("policy.safetensors"), "numpy") as file:
        words = file.metadata()
        tensors = {name: file.get_tensor(name) for name in file.keys()}
    with np.load(case.path("policy.npz")) as file:
        arrays = {name: file[name] for name in file.files}
    assert json.loads(arrays.pop("metadata").tobytes()) == words
    assert sorted(arrays) == sorted(tensors)
    for name, tensor in tensors.items():
        assert tensor.dtype == arrays[name].dtype and np.array_equal(tensor, arrays[name]), name
    assert words["environment"] == f"Test/{case.name}-v0" and words["stochastic"] == "true"
    assert np.array_equal(tensors["samples.observation"], case.observation[:8])
    assert np.array_equal(tensors["samples.noise"], case.noise[:8])
    assert np.array_equal(tensors["samples.action"].reshape(8, -1), case.drawn[:8])

    steps = json.loads(words["steps"])
    for step in steps:
        if step["kind"] == "dense":
            assert tensors[step["name"] + ".bias"].shape == (step["size"],)
    # The deterministic action of the simple kinds: without what only the noise needs.
    mean = [step for step in steps if step.get("name") == "actor.mu"]
    if case.discrete or case.jumps() or not mean:
        return []
    hidden = steps[:steps.index(mean[0]) + 1]
    squash = [{"kind": "tanh", "inputs": [len(hidden) - 1]}] if "squashed" in words["policy"] else []
    found = act([*hidden, *squash, {"kind": "rescale", "inputs": [len(hidden) + len(squash) - 1]}], tensors, case)
    far = int(case.far(found, case.action, 1e-5).sum())
    return [f"{case.name}: {far} actions from its tensors are further off than 1e-5"] if far else []


def main() -> None:
    holder, cases = export_all(200)
    with holder:
        finish([line for case in cases for line in check(case)])


main()
