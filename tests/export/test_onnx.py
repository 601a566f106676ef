"""Exported ONNX models: their structure and metadata, and their actions, computed with NumPy.

test_onnx.py WRITE_EXPORTS [--mode quick|presets|recorded] [--rows N]
"""
import json

import numpy as np
from exported import Case, export_all, finish
from onnx_model import FLOAT, INT64, Model

TOLERANCE = 1e-5  # of half an action's range


def load(path: str) -> Model:
    with open(path, "rb") as file:
        return Model(file.read())


def check_interface(case: Case, model: Model, stochastic: bool) -> None:
    inputs = {"observation": (FLOAT, (case.observation.shape[1],))}
    if stochastic:
        inputs["noise"] = (FLOAT, (case.noise.shape[1],))
    assert model.inputs == inputs, model.inputs
    logits = (FLOAT, (case.logits.shape[1],))
    expected = {"action": (INT64, ()), "logits": logits, "probabilities": logits} if case.discrete else {
        "action": (FLOAT, (case.action.shape[1],))}
    assert model.outputs == expected, model.outputs
    words = model.metadata
    assert words["environment"] == f"Test/{case.name}-v0" and words["step"] == "1234" and words["softac_version"]
    assert words["state_hash"] == "0123456789abcdef" and float(words["dt"]) == 0.05 and words["policy"]
    if not case.discrete:
        assert json.loads(words["action_low"]) == case.low.tolist() and json.loads(words["action_high"]) == case.high.tolist()
        assert json.loads(words["action_units"]) == ["N m"] * len(case.low)
    samples = json.loads(words["samples"])
    assert len(samples) == 8
    for row, sample in enumerate(samples):
        assert np.array_equal(np.float32(sample["observation"]), case.observation[row])
        expected_action = (case.drawn if stochastic else case.action)[row]
        assert np.array_equal(np.float32(sample["action"]).reshape(-1), expected_action), (sample["action"], expected_action)


def check(case: Case) -> list:
    problems = []
    for name, stochastic, expected in (("plain", False, case.action), ("policy", True, case.drawn)):
        model = load(case.path(name + ".onnx"))
        check_interface(case, model, stochastic)
        outputs = model.run(observation=case.observation, **({"noise": case.noise} if stochastic else {}))
        assert outputs["action"].dtype == (np.int64 if case.discrete else np.float32), outputs["action"].dtype
        found = outputs["action"].reshape(len(expected), -1)
        far = int(case.far(found, expected, TOLERANCE).sum())
        if far > (len(found) // 500 if case.jumps() else 0):
            problems.append(f"{case.name}: {far} of {len(found)} actions of {name}.onnx are further off than {TOLERANCE}")
        if case.discrete:
            if not np.allclose(outputs["logits"], case.logits, rtol=1e-4, atol=1e-4):
                problems.append(f"{case.name}: the logits of {name}.onnx are further off than 1e-4")
            if not np.allclose(outputs["probabilities"].sum(axis=1), 1.0, atol=1e-5):
                problems.append(f"{case.name}: the probabilities of {name}.onnx do not sum to 1")
    return problems


def main() -> None:
    holder, cases = export_all(2000)
    with holder:
        finish([line for case in cases for line in check(case)])


main()
