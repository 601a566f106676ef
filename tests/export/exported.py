"""Exports of write_exports for the tests of this folder: `PROGRAM [--mode quick|presets|recorded] [--rows N]`."""
import argparse
import os
import subprocess
import sys
import tempfile

try:
    import numpy as np
except ImportError:
    print("SKIPPED: needs the Python package numpy")
    sys.exit(77)


class Case:
    """One variant: its folder, and observations, noise and the learner's actions at them."""

    def __init__(self, folder: str) -> None:
        self.name = os.path.basename(folder)
        self.folder = folder
        with np.load(os.path.join(folder, "cases.npz")) as file:
            for key in ("observation", "noise", "action", "drawn", "logits"):
                setattr(self, key, file[key])
        self.discrete = self.logits.shape[1] > 0
        with np.load(os.path.join(folder, "policy.npz")) as file:
            self.low, self.high = (None, None) if self.discrete else (file["action_low"], file["action_high"])

    def path(self, name: str) -> str:
        return os.path.join(self.folder, name)

    def jumps(self) -> bool:
        """Whether an action follows from a choice that rounding may turn where two are almost equal."""
        return self.discrete or "mixture" in self.name

    def far(self, found: np.ndarray, expected: np.ndarray, tolerance: float) -> np.ndarray:
        """Which rows are off by more than that part of half an action's range."""
        half = 1.0 if self.discrete else (self.high - self.low) / 2.0
        return (np.abs(found - expected) > tolerance * half).any(axis=1)


def export_all(rows: int):
    """Arguments of the test, the temporary folder (keep it), and all cases."""
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--mode", default="quick")
    parser.add_argument("--rows", type=int, default=rows)
    options = parser.parse_args()
    holder = tempfile.TemporaryDirectory(prefix="softac_export_")
    command = [options.program, holder.name, options.mode, str(options.rows)]
    names = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return holder, [Case(os.path.join(holder.name, name)) for name in names]


def finish(problems: list) -> None:
    for problem in problems:
        print(problem)
    sys.exit(1 if problems else 0)
