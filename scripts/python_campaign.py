"""softac.SAC beside Stable-Baselines3's on an environment of Gymnasium's, at SB3's settings, with one thread each.

python_campaign.py --out FILE [--env HalfCheetah-v5] [--steps 50000] [--seeds 0 1 2]

Each training is a process of its own; those of a seed follow one another, so that both see the same machine. FILE keeps
what is done: a campaign that was broken off goes on. Needs the packages of scripts/requirements-all.txt and softac.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

LIBRARIES = ("softac", "sb3")


def train(library: str, env_id: str, steps: int, seed: int) -> dict[str, Any]:
    """One training and the deterministic policy's return over ten episodes."""
    import gymnasium
    import numpy as np

    if library == "sb3":
        import torch
        from stable_baselines3 import SAC
        from stable_baselines3.common.evaluation import evaluate_policy

        torch.set_num_threads(1)
        model: Any = SAC("MlpPolicy", env_id, seed=seed)
    else:
        import softac
        from softac import evaluate_policy

        model = softac.SAC("MlpPolicy", env_id, seed=seed, threads=1)
    start, cpu = time.perf_counter(), time.process_time()
    model.learn(steps, log_interval=None)
    wall_sec, cpu_sec = time.perf_counter() - start, time.process_time() - cpu
    env = gymnasium.make(env_id)
    env.reset(seed=1000 + seed)
    mean, std = evaluate_policy(model, env, n_eval_episodes=10, warn=False)
    return {"wall_sec": wall_sec, "cpu_sec": cpu_sec, "return": float(np.mean(mean)), "std": float(std)}


def cpu_model() -> str:
    """As the system names the processor."""
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return "unknown"


def report(done: dict[str, Any]) -> None:
    """A line for each library, and the ratios."""
    runs = {name: [run for key, run in done.items() if key.startswith(f"{name} ")] for name in LIBRARIES}
    for name, found in runs.items():
        returns = sorted(run["return"] for run in found)
        print(f"{name}: returns {[round(r) for r in returns]}, wall s {[round(run['wall_sec']) for run in found]}")
    if all(runs.values()):
        ratio = sorted(a["wall_sec"] / b["wall_sec"] for a, b in zip(runs["sb3"], runs["softac"], strict=False))
        print("wall time of SB3 over softac's, seed by seed:", [round(r, 2) for r in ratio])


def run_missing(
    script: str, options: argparse.Namespace, libraries: Iterable[str], task: str, length: list[str]
) -> dict[str, Any]:
    """Runs what options.out has not yet, each training as `script … --one LIBRARY SEED`, and returns all of it."""
    done: dict[str, Any] = json.loads(options.out.read_text(encoding="utf-8")) if options.out.exists() else {}
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    for seed in options.seeds:
        for library in libraries:
            key = f"{library} {task} {seed}"
            if key in done:
                continue
            command = [sys.executable, script, "--out", str(options.out), "--env", options.env]
            command += [*length, "--one", library, str(seed)]
            result = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
            done[key] = {**json.loads(result.stdout.splitlines()[-1]), "cpu": cpu_model()}
            options.out.write_text(json.dumps(done, indent=1) + "\n", encoding="utf-8")
            print(key, done[key], flush=True)
    return done


def main() -> None:
    """Runs what FILE has not yet."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--env", default="HalfCheetah-v5")
    parser.add_argument("--steps", type=int, default=50_000)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--one", nargs=2, metavar=("LIBRARY", "SEED"), help="one training, in this process")
    options = parser.parse_args()
    if options.one:
        print(json.dumps(train(options.one[0], options.env, options.steps, int(options.one[1]))))
        return
    length = ["--steps", str(options.steps)]
    report(run_missing(__file__, options, LIBRARIES, f"{options.env} {options.steps}", length))


if __name__ == "__main__":
    main()
