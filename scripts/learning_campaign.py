#!/usr/bin/env python3
"""Trains the shipped presets on several seeds and checks the final policies against the bars that softac promises.

Usage: learning_campaign.py SOFTAC [--out DIR] [--runs DIR] [--jobs J] [--only ENV …] [--reuse]

SOFTAC   the command (build/release/apps/softac)
--out    where learning.json and one SVG of learning curves per task go (default: nothing is written)
--runs   where the runs are kept (default: a temporary folder)
--reuse  evaluate finished runs that --runs holds already instead of training them again

Every figure: final (not best) policy, deterministic actions, 20 episodes, mean over the seeds. Exit code 1 if a bar is
missed. Needs nothing but Python's standard library.
"""
import argparse
import concurrent.futures
import csv
import datetime
import json
import pathlib
import subprocess
import sys
import tempfile

# task: (environment steps, seeds, bar on the mean return)
CAMPAIGN = {
    "Pendulum-v1": (10_000, 5, -180.0),
    "InvertedPendulum-v5": (15_000, 3, 950.0),
    "InvertedDoublePendulum-v5": (50_000, 3, 8_500.0),
    "HalfCheetah-v5": (100_000, 3, 5_500.0),
    "Hopper-v5": (100_000, 5, 1_000.0),
}


def finished(run):
    try:
        return json.loads((run / "status.json").read_text())["state"] == "finished"
    except (OSError, ValueError, KeyError):
        return False


def train_and_evaluate(softac, env, steps, seed, runs, reuse):
    run = runs / f"{env}_s{seed}"
    if not (reuse and finished(run)):
        subprocess.run([softac, "train", env, "--quiet", "--steps", str(steps), "--seed", str(seed), "--run-dir", run,
                        "--set", "threads=1"], check=True, stdout=subprocess.DEVNULL)
    result = subprocess.run([softac, "eval", run, "--episodes", "20", "--json"], check=True, capture_output=True, text=True)
    final = json.loads(result.stdout)
    with open(run / "eval" / "evaluations.csv", newline="") as f:
        curve = [(int(row["timesteps"]), float(row["mean_reward"])) for row in csv.DictReader(f)]
    provenance = json.loads((run / "provenance.json").read_text())
    checkpoint = sorted((run / "checkpoints").glob("step-*/manifest.json"))[-1]
    state_hash = json.loads(checkpoint.read_text())["state_hash"]
    return {"env": env, "seed": seed, "steps": final["step"], "mean_return": final["mean_return"], "std_return": final["std_return"],
            "curve": curve, "state_hash": state_hash, "cpu": provenance.get("cpu"), "backend": provenance.get("backend"),
            "mujoco": provenance.get("libraries", {}).get("mujoco"), "version": provenance.get("softac_version")}


def nice_ticks(low, high):
    span = max(high - low, 1e-9)
    step = 10 ** len(str(int(span))) / 10
    for divisor in (1, 2, 5, 10):
        if span / (step / divisor) >= 4:
            step /= divisor
            break
    first = int(low // step)
    return [i * step for i in range(first, first + 40) if low - 1e-9 <= i * step <= high + 1e-9]


def curve_svg(env, results, bar):
    """Mean over seeds as a line, each seed as a thin one, the bar dashed."""
    width, height, left, top, right, bottom = 640, 360, 70, 36, 20, 46
    points = [p for r in results for p in r["curve"]]
    x_high = max(x for x, _ in points)
    low, high = min(y for _, y in points), max(y for _, y in points)
    low, high = min(low, bar), max(high, bar)
    pad = 0.05 * (high - low or 1)
    low, high = low - pad, high + pad

    def sx(x):
        return left + (width - left - right) * x / x_high

    def sy(y):
        return height - bottom - (height - top - bottom) * (y - low) / (high - low)

    def line(curve, style):
        return f'<polyline fill="none" {style} points="{" ".join(f"{sx(x):.1f},{sy(y):.1f}" for x, y in curve)}"/>'

    steps = [x for x, _ in results[0]["curve"]]
    mean = [(x, sum(r["curve"][i][1] for r in results) / len(results)) for i, x in enumerate(steps)]
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" font-family="sans-serif" font-size="12">',
           f'<rect width="{width}" height="{height}" fill="white"/>',
           f'<text x="{left}" y="22" font-size="15">{env}: return of the deterministic policy, {len(results)} seeds</text>']
    for tick in nice_ticks(low, high):
        out.append(f'<line x1="{left}" x2="{width - right}" y1="{sy(tick):.1f}" y2="{sy(tick):.1f}" stroke="#ddd"/>')
        out.append(f'<text x="{left - 8}" y="{sy(tick) + 4:.1f}" text-anchor="end">{tick:g}</text>')
    for tick in nice_ticks(0, x_high):
        out.append(f'<text x="{sx(tick):.1f}" y="{height - bottom + 18}" text-anchor="middle">{int(tick):,}</text>')
    out.append(f'<text x="{(left + width - right) / 2}" y="{height - 8}" text-anchor="middle">environment steps</text>')
    out += [line(r["curve"], 'stroke="#8fb3d9" stroke-width="1"') for r in results]
    out.append(line(mean, 'stroke="#1f5fa8" stroke-width="2.5"'))
    out.append(line([(0, bar), (x_high, bar)], 'stroke="#c0392b" stroke-dasharray="6 4"'))
    out.append("</svg>")
    return "\n".join(out) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("softac")
    parser.add_argument("--out", type=pathlib.Path)
    parser.add_argument("--runs", type=pathlib.Path)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", nargs="*", choices=list(CAMPAIGN), default=list(CAMPAIGN))
    parser.add_argument("--reuse", action="store_true")
    args = parser.parse_args()
    scratch = None if args.runs else tempfile.TemporaryDirectory()
    runs = args.runs or pathlib.Path(scratch.name)
    runs.mkdir(parents=True, exist_ok=True)

    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        jobs = {env: [pool.submit(train_and_evaluate, args.softac, env, CAMPAIGN[env][0], seed, runs, args.reuse)
                      for seed in range(CAMPAIGN[env][1])] for env in args.only}
        results = {env: [job.result() for job in list_of_jobs] for env, list_of_jobs in jobs.items()}

    missed = 0
    print("| task | steps | seeds | mean return | each seed | bar |\n|---|---|---|---|---|---|")
    for env, runs_of_env in results.items():
        steps, seeds, bar = CAMPAIGN[env]
        mean = sum(r["mean_return"] for r in runs_of_env) / seeds
        missed += mean < bar
        each = ", ".join(f"{r['mean_return']:.0f}" for r in runs_of_env)
        print(f"| {env} | {steps:,} | 0–{seeds - 1} | {mean:.0f} | {each} | {bar:g}{'' if mean >= bar else ' MISSED'} |")
        if args.out:
            args.out.mkdir(parents=True, exist_ok=True)
            (args.out / f"learning-{env}.svg").write_text(curve_svg(env, runs_of_env, bar))
    if args.out:
        record = {"date": datetime.date.today().isoformat(), "results": results}
        (args.out / "learning.json").write_text(json.dumps(record, indent=1) + "\n")
    print(f"{len(results) - missed} passed, {missed} failed")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
