#!/usr/bin/env python3
"""Regenerates the PyTorch dump (tests/agent/golden/make_golden.py) and runs the golden test on it.

Usage: golden_anew.py TEST_GOLDEN      SOFTAC_PYTHON_ALL: a Python with torch and numpy
"""
import os
import pathlib
import subprocess
import sys
import tempfile

python = os.environ.get("SOFTAC_PYTHON_ALL")
if not python:
    print("SKIPPED: SOFTAC_PYTHON_ALL names no Python with torch")
    sys.exit(77)
script = pathlib.Path(__file__).resolve().parents[1] / "agent" / "golden" / "make_golden.py"
with tempfile.TemporaryDirectory() as folder:
    dump = pathlib.Path(folder) / "golden.json"
    subprocess.run([python, "-B", script, dump], check=True)
    sys.exit(subprocess.run([sys.argv[1]], env={**os.environ, "SOFTAC_GOLDEN": str(dump)}).returncode)
