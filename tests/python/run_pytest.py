"""Runs a file of tests with pytest on the package softac of a build folder.

run_pytest.py FOLDER FILE [--all]

FOLDER holds the package. --all: by the Python that SOFTAC_PYTHON_ALL names, which has torch and Stable-Baselines3.
Exits with 77 and says why if everything was skipped.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree


def skip(reason):
    print(f"SKIPPED: {reason}")
    return 77


def why_all_skipped(report):
    """The first reason if no test of a JUnit report ran, else None."""
    cases = list(ElementTree.parse(report).getroot().iter("testcase"))
    reasons = [skipped.get("message", "") for case in cases if (skipped := case.find("skipped")) is not None]
    return reasons[0] if reasons and len(reasons) == len(cases) else None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("file")
    parser.add_argument("--all", action="store_true")
    options = parser.parse_args()
    python = os.environ.get("SOFTAC_PYTHON_ALL") if options.all else sys.executable
    if not python:
        return skip("SOFTAC_PYTHON_ALL names no Python with stable-baselines3")
    if subprocess.run([python, "-c", "import pytest"], stderr=subprocess.DEVNULL, check=False).returncode != 0:
        return skip(f"{python} has no pytest")
    with tempfile.TemporaryDirectory() as folder:  # whatever a test writes to its working folder goes with it
        report = os.path.join(folder, "report.xml")
        command = [python, "-B", "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider", f"--junitxml={report}"]
        paths = [os.path.abspath(options.folder), os.environ.get("PYTHONPATH", "")]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
        done = subprocess.run([*command, os.path.abspath(options.file)], cwd=folder, env=environment, check=False)
        reason = why_all_skipped(report) if done.returncode == 0 else None
    return skip(reason) if reason else done.returncode


if __name__ == "__main__":
    sys.exit(main())
