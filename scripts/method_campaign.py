#!/usr/bin/env python3
"""Compares methods by the return that a second of training buys: successive halving over the candidates of a file.

Usage: method_campaign.py SOFTAC [--state FILE] [--plan FILE] [--stage NAME …] [--jobs J] [--hours H] [--table]

SOFTAC   the command (build/release/apps/softac)
--state  where finished runs are kept (default: docs/results/methods.json); what it holds is not run again, so a campaign
         goes on where it was broken off, on other days and other machines
--plan   candidates and stages (default: scripts/method_campaign.toml)
--stage  these stages alone
--jobs   runs at a time, a thread each
--hours  begin no run after this time
--table  print what the state holds, and run nothing

Time is the process's CPU time on one thread, which other work on the machine disturbs less than the wall time. A curve's
point is an evaluation: the deterministic policy, ten episodes. The score of a candidate in a stage is the geometric
mean, over tasks and seeds, of its return over plain's after the same CPU time (the shorter of the two runs), each raised
by the task's return of random actions. Needs nothing but Python's standard library.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import csv
import json
import math
import os
import subprocess
import sys
import tempfile
import threading
import time
import tomllib
from pathlib import Path
from typing import Any

PLAIN = "plain"
# Mean return of uniform random actions, about; what a ratio of returns counts from.
RANDOM_RETURN = {"HalfCheetah-v5": -280.0, "Walker2d-v5": 0.0, "Ant-v5": -60.0, "Hopper-v5": 18.0, "Humanoid-v5": 120.0}

Run = dict[str, Any]
Curve = list[list[float]]


def key_of(candidate: str, env: str, steps: int, seed: int) -> str:
    """The name of a run in the state."""
    return f"{candidate} {env} {steps} {seed}"


def read_curve(run: Path, cpu_sec: float) -> Curve:
    """[CPU time in s, step, mean return] of each evaluation; the rows of the log say when."""
    with open(run / "progress.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    logged = [(int(r["time/total_timesteps"]), float(r["time/time_elapsed"])) for r in rows if r["time/time_elapsed"]]
    last = logged[-1][1]
    curve = []
    with open(run / "eval" / "evaluations.csv", newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            step = int(row["timesteps"])
            elapsed = next((sec for at, sec in logged if at >= step), last)
            curve.append([round(cpu_sec * elapsed / last, 1), step, round(float(row["mean_reward"]), 2)])
    return curve


def train(softac: str, settings: list[str], env: str, steps: int, seed: int) -> Run:
    """One run in a temporary folder, and what is kept of it."""
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        chosen = [*settings, "threads=1", f"eval_freq={steps // 20}", "checkpoint_freq=0", "checkpoint_replay=false"]
        command = [softac, "train", env, "--quiet", "--steps", str(steps), "--seed", str(seed), "--run-dir", str(run)]
        for setting in chosen:
            command += ["--set", setting]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        assert process.stderr is not None
        messages = process.stderr.read().decode(errors="replace")
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            return {"failed": messages.strip().splitlines()[-1:]}
        cpu_sec = usage.ru_utime + usage.ru_stime
        manifest = json.loads(sorted((run / "checkpoints").glob("step-*/manifest.json"))[-1].read_text(encoding="utf-8"))
        provenance = json.loads((run / "provenance.json").read_text(encoding="utf-8"))
        return {"cpu_sec": round(cpu_sec, 1), "curve": read_curve(run, cpu_sec), "set": settings,
                "state_hash": manifest["state_hash"], "cpu": provenance.get("cpu"), "backend": provenance.get("backend")}


def at(curve: Curve, sec: float) -> float:
    """The return after `sec` of training, between evaluations on a straight line; 0 s is the first evaluation."""
    before = curve[0]
    for point in curve:
        if point[0] >= sec:
            span = point[0] - before[0]
            return point[2] if span <= 0 else before[2] + (point[2] - before[2]) * (sec - before[0]) / span
        before = point
    return curve[-1][2]


def smoothed(curve: Curve) -> Curve:
    """Means over three evaluations."""
    return [[*curve[i][:2], sum(p[2] for p in curve[max(0, i - 1):i + 2]) / len(curve[max(0, i - 1):i + 2])]
            for i in range(len(curve))]


def ratio(run: Run, plain: Run, env: str) -> float:
    """Return over plain's after the same CPU time, both counted from random actions, within [1/8, 8]."""
    sec = min(run["curve"][-1][0], plain["curve"][-1][0])
    low = RANDOM_RETURN.get(env, 0.0)
    own, other = (max(at(smoothed(r["curve"]), sec) - low, 1.0) for r in (run, plain))
    return min(max(own / other, 0.125), 8.0)


def crossing(curve: Curve, bar: float) -> tuple[float, int] | None:
    """CPU time and step at which the smoothed curve first reaches the bar."""
    return next(((sec, int(step)) for sec, step, value in smoothed(curve) if value >= bar), None)


class Campaign:
    """The plan and the runs that are done."""

    def __init__(self, softac: str, plan: dict[str, Any], state: Path) -> None:
        self.softac, self.plan, self.state = softac, plan, state
        self.done: dict[str, Run] = json.loads(state.read_text(encoding="utf-8")) if state.exists() else {}
        self.lock = threading.Lock()

    def run(self, candidate: str, env: str, steps: int, seed: int) -> None:
        """Trains what the state does not hold, and saves it at once."""
        result = train(self.softac, self.plan["candidates"][candidate]["set"], env, steps, seed)
        with self.lock:
            self.done[key_of(candidate, env, steps, seed)] = result
            beside = self.state.with_suffix(".new")
            text = ",\n".join(f'"{key}": {json.dumps(run)}' for key, run in sorted(self.done.items()))
            beside.write_text("{\n" + text + "\n}\n", encoding="utf-8")
            beside.replace(self.state)
        outcome = result.get("failed") or f"{result['curve'][-1][2]:.0f} after {result['cpu_sec']:.0f} s"
        print(f"{key_of(candidate, env, steps, seed)}: {outcome}", flush=True)

    def score(self, candidate: str, stage: dict[str, Any]) -> float | None:
        """Geometric mean of the ratios to plain; None where runs are missing."""
        logs = []
        for env in stage["envs"]:
            for seed in stage["seeds"]:
                run, plain = (self.done.get(key_of(c, env, stage["steps"], seed)) for c in (candidate, PLAIN))
                if run is None or plain is None or "failed" in plain:
                    return None
                logs.append(math.log(0.125 if "failed" in run else ratio(run, plain, env)))
        return math.exp(sum(logs) / len(logs))

    def members(self, number: int) -> list[str] | None:
        """The candidates of a stage; None where the stage that chooses them is not complete."""
        keep = self.plan["stages"][number].get("keep")
        if keep is None:
            return list(self.plan["candidates"])
        chosen_by = next(i for i in range(number - 1, -1, -1) if self.plan["stages"][i].get("keep") != keep)
        before = self.members(chosen_by)
        if before is None:
            return None
        scores = {c: self.score(c, self.plan["stages"][chosen_by]) for c in before if c != PLAIN}
        if any(score is None for score in scores.values()):
            return None
        return [PLAIN, *sorted(scores, key=lambda c: -(scores[c] or 0.0))[:keep]]

    def work(self, names: list[str] | None, jobs: int, hours: float) -> None:
        """Runs the stages in their order, plain first."""
        end = time.monotonic() + 3600 * hours
        for number, stage in enumerate(self.plan["stages"]):
            if names and stage["name"] not in names:
                continue
            members = self.members(number)
            if members is None:
                print(f"stage {stage['name']}: the stage before is not complete")
                return
            wanted = [(c, e, stage["steps"], s) for s in stage["seeds"] for e in stage["envs"] for c in members]
            with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
                for task in [t for t in wanted if key_of(*t) not in self.done]:
                    pool.submit(lambda task=task: self.run(*task) if time.monotonic() < end else None)

    def table(self) -> None:
        """For each stage: scores, final returns, and the time and steps to the task's returns, in Markdown."""
        for number, stage in enumerate(self.plan["stages"]):
            members = [c for c in self.members(number) or []
                       if any(key_of(c, e, stage["steps"], s) in self.done for e in stage["envs"] for s in stage["seeds"])]
            if not members:
                continue
            print(f"\nStage {stage['name']}: {stage['steps']:,} steps, seeds {', '.join(map(str, stage['seeds']))}\n")
            print("| candidate | return for the same CPU time, × plain | " + " | ".join(stage["envs"]) + " |")
            print("|---|---|" + "---|" * len(stage["envs"]))
            for candidate in members:
                score = self.score(candidate, stage)
                cells = [self.cell(candidate, env, stage) for env in stage["envs"]]
                print(f"| {candidate} | {'–' if score is None else f'{score:.2f}'} | " + " | ".join(cells) + " |")

    def cell(self, candidate: str, env: str, stage: dict[str, Any]) -> str:
        """Final returns, CPU time, and the first crossings of one candidate on one task."""
        found = [self.done.get(key_of(candidate, env, stage["steps"], s)) for s in stage["seeds"]]
        runs = [r for r in found if r is not None and "failed" not in r]
        if not runs:
            return "failed" if any(found) else "–"
        text = ", ".join(f"{smoothed(r['curve'])[-1][2]:,.0f}" for r in runs)
        text += f"; {sum(r['cpu_sec'] for r in runs) / len(runs):,.0f} s"
        for bar in self.plan["returns"].get(env, []):
            crossed = [crossing(r["curve"], bar) for r in runs]
            if all(crossed):
                sec, step = (sum(c[i] for c in crossed if c) / len(crossed) for i in (0, 1))
                text += f"; {bar:,} at {sec:,.0f} s, {step / 1000:,.0f}k"
        return text


def main() -> int:
    """Runs what is missing, then prints the table."""
    root = Path(__file__).resolve().parent.parent
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("softac")
    parser.add_argument("--state", type=Path, default=root / "docs/results/methods.json")
    parser.add_argument("--plan", type=Path, default=root / "scripts/method_campaign.toml")
    parser.add_argument("--stage", nargs="*")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--hours", type=float, default=1e6)
    parser.add_argument("--table", action="store_true")
    args = parser.parse_args()
    campaign = Campaign(args.softac, tomllib.loads(args.plan.read_text(encoding="utf-8")), args.state)
    if not args.table:
        campaign.work(args.stage, args.jobs, args.hours)
    campaign.table()
    return 0


if __name__ == "__main__":
    sys.exit(main())
