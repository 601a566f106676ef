#!/usr/bin/env python3
"""examples/deploy/onnx_policy.py: its facts and samples, and two seconds of control in place of the C program.

Usage: deploy_onnx.py BUILD_DIR      SOFTAC_PYTHON_ALL: a Python with onnxruntime
"""
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "package"))
from deploy_example import EXAMPLE, DeployExample
from install_tree import InstallTree

python = os.environ.get("SOFTAC_PYTHON_ALL")
if not python:
    print("SKIPPED: SOFTAC_PYTHON_ALL names no Python with onnxruntime")
    sys.exit(77)

tree = InstallTree(os.path.abspath(sys.argv[1]))
try:
    example = DeployExample(tree)
    plant, said = example.run([python, os.path.join(EXAMPLE, "onnx_policy.py"), example.onnx, "--link", example.link, "--seconds", "2"])
finally:
    tree.remove()
print(plant + said)
error = float(re.search(r"recorded samples: (\S+) of half", said).group(1))
good = error <= 1e-5 and said.startswith("Hopper-v5: squashed Gaussian policy after 200 steps") and "1000 actions at 500 Hz" in said
sys.exit(0 if good and re.search(r"^[1-9]\d* steps", plant, re.MULTILINE) else 1)
