#!/usr/bin/env python3
"""No seed left behind: trains a task's preset on many seeds and judges it by the worst final policy.

Usage: seeds_campaign.py SOFTAC ENV --bar BAR [--steps N] [--first SEED] [--count N] [--jobs J] [--out FILE] [--set KEY=VALUE …]

SOFTAC   the command (build/release/apps/softac)
ENV      the task
--bar    what the deterministic final policy of every seed must return, mean over 50 episodes
--steps  environment steps (default: the preset's)
--first, --count   seeds (default: 1000 and 50)
--out    keeps what is done: a campaign that was broken off goes on
--set    settings over the preset's

Exit code 1 if a seed misses the bar. Needs nothing but Python's standard library.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import json
import subprocess
import sys
import tempfile
from pathlib import Path

EPISODES = 50
EVAL_SEED = 77  # of the start states, the same for every policy


def final_return(softac: str, env: str, steps: int | None, seed: int, sets: list[str]) -> float:
    """Trains in a temporary folder; the final policy's mean return."""
    with tempfile.TemporaryDirectory() as folder:
        run = str(Path(folder) / "run")
        command = [softac, "train", env, "--quiet", "--seed", str(seed), "--run-dir", run]
        command += [] if steps is None else ["--steps", str(steps)]
        for setting in ["threads=1", "eval_freq=0", "checkpoint_freq=0", *sets]:
            command += ["--set", setting]
        subprocess.run(command, check=True, capture_output=True)
        command = [softac, "eval", run, "--episodes", str(EPISODES), "--seed", str(EVAL_SEED), "--json"]
        result = subprocess.run(command, check=True, capture_output=True, text=True)
    return round(float(json.loads(result.stdout)["mean_return"]), 1)


def main() -> int:
    """Runs what --out does not hold, then judges."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("softac")
    parser.add_argument("env")
    parser.add_argument("--bar", type=float, required=True)
    parser.add_argument("--steps", type=int)
    parser.add_argument("--first", type=int, default=1000)
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--set", nargs="*", default=[])
    args = parser.parse_args()
    kept = json.loads(args.out.read_text(encoding="utf-8")) if args.out and args.out.exists() else {}
    name = " ".join([args.env, *([] if args.steps is None else [str(args.steps)]), *args.set])
    returns: dict[str, float] = kept.setdefault(name, {})
    wanted = [str(seed) for seed in range(args.first, args.first + args.count)]
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        jobs = {pool.submit(final_return, args.softac, args.env, args.steps, int(seed), args.set): seed
                for seed in wanted if seed not in returns}
        for job in concurrent.futures.as_completed(jobs):
            returns[jobs[job]] = job.result()
            if args.out:
                args.out.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    found = sorted(returns[seed] for seed in wanted)
    missed = [seed for seed in wanted if returns[seed] < args.bar]
    print(f"{name}: {len(found)} seeds, worst {found[0]}, median {found[len(found) // 2]}, best {found[-1]}, "
          f"{len(missed)} below {args.bar:g}{': seeds ' + ', '.join(missed) if missed else ''}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
