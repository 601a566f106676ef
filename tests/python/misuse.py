"""Random misuse of softac.Agent and softac.SAC: `misuse.py --seconds 600 --seed 1`.

Whatever is given, only Python exceptions of the right kinds may come of it; after each round the agent or model must
work, its replay must hold finite and consistent rows, and over many operations neither memory, descriptors nor threads
may pile up. Ends with status 0 and a line of numbers, or with what went wrong.
"""

from __future__ import annotations

import argparse
import collections
import gc
import os
import signal
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import gymnasium
import numpy as np
from hostile import Fault, Hostile
from misused_agent import AgentMisuse
from misused_model import ModelMisuse

# What misuse may raise. SystemError, SystemExit and what C++ calls its own exceptions are faults of the library.
ALLOWED = (ArithmeticError, AssertionError, AttributeError, LookupError, MemoryError, NotImplementedError, OSError)
ALLOWED += (RuntimeError, TypeError, ValueError, gymnasium.error.Error)
FOREIGN = ("std::", "bad_cast", "basic_string", "vector::", "map::at")


class Campaign:
    """Calls operations at random and counts what they did."""

    def __init__(self, seed: int, folder: Path, threads: bool, only: str = "") -> None:
        self.hostile = Hostile(np.random.default_rng(seed))
        self.subjects = [AgentMisuse(self.hostile, folder), ModelMisuse(self.hostile, folder)]
        self.threads = threads
        self.only = only
        self.counts: collections.Counter[str] = collections.Counter()
        self.last: list[str] = []

    def round(self) -> None:
        """A dozen operations on one subject, and whether it still works."""
        subject = self.subjects[int(self.hostile.rng.random() < 0.15)]
        subject.renew()
        operations = [op for op in subject.operations(self.threads) if self.only in ("", op.__name__)]
        for _ in range(subject.operations_per_round):
            self.call(operations[int(self.hostile.rng.integers(len(operations)))])
        subject.check()

    def call(self, operation: Callable[[], object]) -> None:
        self.last = [*self.last[-20:], operation.__name__]
        try:
            operation()
            self.counts["fine"] += 1
        except ALLOWED as error:
            if isinstance(error, (SystemError, RecursionError)) or any(name in str(error) for name in FOREIGN):
                raise Fault(f"{operation.__name__}: {error!r}") from error
            self.counts[type(error).__name__] += 1


def resources() -> tuple[float, int, int]:
    """Resident memory in MiB, open descriptors, threads of this process."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    memory = pages * os.sysconf("SC_PAGE_SIZE") / 2**20
    return memory, len(os.listdir("/proc/self/fd")), len(os.listdir("/proc/self/task"))


def run(seconds: float, rounds: int, seed: int, threads: bool, only: str) -> str:
    """rounds rounds, or as many as fit into the seconds (0: no limit)."""
    end = time.monotonic() + seconds if seconds > 0 else float("inf")
    with tempfile.TemporaryDirectory() as folder:
        campaign = Campaign(seed, Path(folder), threads, only)
        done, before = 0, (0.0, 0, 0)
        warm = 150
        while done < rounds and time.monotonic() < end:
            try:
                campaign.round()
            except BaseException:
                print(f"seed {seed}, round {done}, last operations: {' '.join(campaign.last)}", file=sys.stderr)
                raise
            done += 1
            if done == warm:
                gc.collect()
                before = resources()
        for subject in campaign.subjects:
            subject.drop()
        gc.collect()
        after = resources()
        if done > 2 * warm and (after[0] > before[0] + 60 or after[1] > before[1] + 2 or after[2] > before[2]):
            raise Fault(f"resources (MiB, descriptors, threads): {before} after {warm} rounds, {after} after {done}")
        counts = ", ".join(f"{count} {name}" for name, count in campaign.counts.most_common())
        return f"{done} rounds: {counts}; {after[0]:.0f} MiB, {after[1]} descriptors, {after[2]} threads"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=0.0)
    parser.add_argument("--rounds", type=int, default=10**9)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--no-threads", action="store_true", help="no operation that uses threads or forks")
    parser.add_argument("--only", default="", help="one operation, by name")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    signal.signal(signal.SIGINT, signal.default_int_handler)  # shells start jobs in the background with it ignored
    print(run(arguments.seconds, arguments.rounds, arguments.seed, not arguments.no_threads, arguments.only))


if __name__ == "__main__":
    main()
