#!/usr/bin/env python3
"""Exported ONNX models in onnxruntime: the full checker, and actions within 1e-5 of half their range.

Usage: export_onnxruntime.py WRITE_EXPORTS [ROWS]      SOFTAC_PYTHON_ALL: a Python with onnx and onnxruntime
"""
import os
import subprocess
import sys
import tempfile

python = os.environ.get("SOFTAC_PYTHON_ALL")
if not python:
    print("SKIPPED: SOFTAC_PYTHON_ALL names no Python with onnx and onnxruntime")
    sys.exit(77)

RUN = r"""
import json, os, sys
import numpy as np
import onnx
import onnxruntime

root, failed, worst = sys.argv[1], 0, 0.0
for name in sorted(os.listdir(root)):
    cases = np.load(os.path.join(root, name, "cases.npz"))
    for file, noisy, key in (("plain.onnx", False, "action"), ("policy.onnx", True, "drawn")):
        path = os.path.join(root, name, file)
        model = onnx.load(path)
        onnx.checker.check_model(model, full_check=True)
        assert model.opset_import[0].version == 13 and model.ir_version == 7
        words = {entry.key: entry.value for entry in model.metadata_props}
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        feed = {"observation": cases["observation"], **({"noise": cases["noise"]} if noisy else {})}
        outputs = dict(zip([output.name for output in session.get_outputs()], session.run(None, feed)))
        single = session.run(["action"], {key: value[:1] for key, value in feed.items()})[0]
        expected = cases[key]
        found = outputs["action"].reshape(expected.shape)
        discrete = cases["logits"].shape[1] > 0
        half = 1.0 if discrete else (np.array(json.loads(words["action_high"])) - np.array(json.loads(words["action_low"]))) / 2
        off = np.abs(found - expected) / half
        # An action that follows from a choice jumps where two are almost equal.
        jumps = discrete or "mixture" in name
        far = int((off > 1e-5).any(axis=1).sum())
        near = off[off <= 1e-5]
        worst = max(worst, float(near.max(initial=0.0)))
        if far > (len(found) // 1000 if jumps else 0):
            failed += 1
        print(f"{name:28} {file:12} {len(found)} rows: {far} beyond 1e-5, largest within {near.max(initial=0.0):.2g}"
              + (f", probabilities {np.abs(outputs['probabilities'].sum(axis=1) - 1).max():.1g}" if discrete else ""))
        assert np.abs(single.reshape(-1) - found[0]).max() <= 1e-5 * np.max(half)
print(f"onnx {onnx.__version__}, onnxruntime {onnxruntime.__version__}: largest error {worst:.2g} of half an action's range, {failed} failures")
sys.exit(1 if failed else 0)
"""

rows = sys.argv[2] if len(sys.argv) > 2 else "10000"
status = 0
for mode in ("recorded", "quick", "presets"):
    with tempfile.TemporaryDirectory(prefix="softac_onnx_") as folder:
        subprocess.run([sys.argv[1], folder, mode, rows], check=True, stdout=subprocess.DEVNULL)
        status |= subprocess.run([python, "-c", RUN, folder], check=False).returncode
sys.exit(status)
