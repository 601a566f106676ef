#!/usr/bin/env python3
"""Trains the shipped presets on several seeds and checks the final policies against the bars that softac promises.

Usage: learning_campaign.py SOFTAC [--out DIR] [--runs DIR] [--jobs J] [--only ENV …] [--reuse] [--redraw]

SOFTAC   the command (build/release/apps/softac)
--out    where learning.json and one SVG of learning curves per task go (default: nothing is written)
--runs   where the runs are kept (default: a temporary folder)
--redraw draw the figures in --out again from its learning.json, and train nothing
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

from figure import Panel, draw

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


def draw_curves(softac, path, env, results, bar):
    """Mean over seeds as a line, each seed as a thin one, the bar dashed."""
    panel = Panel("", "environment steps", "return", x_range=(0, max(x for r in results for x, _ in r["curve"])))
    for number, result in enumerate(results):
        panel.line("each seed" if number == 0 else "", *zip(*result["curve"]), "c0", width=0.9, opacity=0.5)
    steps = [x for x, _ in results[0]["curve"]]
    panel.line("mean", steps, [sum(r["curve"][i][1] for r in results) / len(results) for i in range(len(steps))], "c0", width=2.5)
    panel.line(f"bar, {bar:,.0f}", [0, steps[-1]], [bar, bar], "c4", dash="6 4", width=1.3)
    draw(softac, path, [panel], 1, f"{env}: return of the deterministic policy, {len(results)} seeds", panel_width=640, plot_height=290)


def redraw(softac, out):
    """The figures, from what learning.json holds."""
    for env, results in json.loads((out / "learning.json").read_text())["results"].items():
        draw_curves(softac, out / f"learning-{env}.svg", env, results, CAMPAIGN[env][2])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("softac")
    parser.add_argument("--out", type=pathlib.Path)
    parser.add_argument("--runs", type=pathlib.Path)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", nargs="*", choices=list(CAMPAIGN), default=list(CAMPAIGN))
    parser.add_argument("--reuse", action="store_true")
    parser.add_argument("--redraw", action="store_true")
    args = parser.parse_args()
    if args.redraw:
        if not args.out:
            parser.error("--redraw needs --out")
        redraw(args.softac, args.out)
        return 0
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
            draw_curves(args.softac, args.out / f"learning-{env}.svg", env, runs_of_env, bar)
    if args.out:
        kept = args.out / "learning.json"  # with --only: those of the other tasks
        others = json.loads(kept.read_text())["results"] if kept.exists() else {}
        record = {"date": datetime.date.today().isoformat(), "results": {**others, **results}}
        kept.write_text(json.dumps(record, indent=1) + "\n")
    print(f"{len(results) - missed} passed, {missed} failed")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
