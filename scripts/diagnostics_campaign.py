#!/usr/bin/env python3
"""What the live diagnostics show over training: figures and numbers made by the command softac.

Usage: diagnostics_campaign.py SOFTAC [--out DIR] [--runs DIR] [--only NAME …] [--steps N] [--net WIDTHS] [--jobs J] [--plot]

  q_bias     Hopper-v5, 3 seeds, one critic and two: Q against Monte-Carlo soft returns. Confirmed if every seed with one critic
             has a larger bias over the second half than every seed with two
  gradients  HalfCheetah-v5: variance of the likelihood-ratio gradient over that of the reparameterised one. Confirmed if the
             reparameterised one has the smaller in every diagnosis, and the expectations agree (rms z below 2)

--out: where diagnostics.json and the SVG figures go (default: nothing is written). --runs: keeps the run directories there, and
resumes those that are there already; a run that is stopped by SIGTERM counts as far as it came. --plot: trains nothing,
takes the runs of --runs as far as they came. --net: hidden widths, e.g. 64,64 (default: the preset's). One thread a run. Exit code 1 where a claim is not confirmed. Needs numpy.
"""
import argparse
import csv
import json
import pathlib
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

try:
    import numpy as np
except ImportError:
    print(f"SKIPPED: {sys.executable} has no numpy")
    sys.exit(77)

from figure import COLORS, Panel, draw


def train(args, env, path, seed, steps, freq, *settings):
    """Rows of progress.csv with a diagnosis in them, as floats, and the share of CPU time that the log names."""
    command = [args.softac, "train", env, "--steps", str(steps), "--seed", str(seed), "--run-dir", str(path), "--resume", "auto",
               "--diag", str(freq), "-q", "--set", "threads=1"]
    for setting in [f"net_arch=[{args.net}]"] * bool(args.net) + [*settings]:
        command += ["--set", setting]
    if not args.plot:
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode not in (0, 75):
            raise RuntimeError(f"exit code {done.returncode}: {' '.join(command)}\n{done.stderr}")
    with open(path / "progress.csv", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row.get("time/diag_sec")]  # the last column: a whole row
    with open(path / "log.txt", encoding="utf-8") as file:
        cost = [line.split("diagnostics: ")[1].strip() for line in file if "diagnostics: " in line]
    return {name: np.array([float(row[name] or "nan") for row in rows]) for name in rows[0]
            if name.startswith("diag/") or name == "time/total_timesteps"}, cost


def smooth(values, width=5):
    """Mean over a window of `width` diagnoses, shorter at the ends."""
    half = width // 2
    return np.array([np.nanmean(values[max(0, i - half):i + half + 1]) for i in range(len(values))])


def widths(args):
    return f"hidden widths {args.net}" if args.net else "shipped preset"


def limits(curves):
    low, high = min(np.nanmin(c) for c in curves), max(np.nanmax(c) for c in curves)
    room = 0.05 * (high - low)
    return low - room, high + room


def q_bias(args, folder):
    steps = args.steps or 100_000
    freq = max(steps // 50, 1)
    jobs = [(critics, seed) for critics in (1, 2) for seed in range(3)]
    with ThreadPoolExecutor(args.jobs) as pool:
        done = dict(zip(jobs, pool.map(lambda job: train(
            args, "Hopper-v5", folder / f"hopper_n{job[0]}_s{job[1]}", job[1], steps, freq, f"n_critics={job[0]}", "eval_freq=0"),
            jobs)))
    shortest = min(len(found["diag/kl"]) for found, _ in done.values())
    titles = {"diag/q_bias_mean": ("bias of Q", "Q − soft return"), "diag/q_bias_std": ("spread of the errors", "standard deviation"),
              "diag/q_bias_mean_normalised": ("bias over the mean soft return", "normalised bias"),
              "diag/q_soft_return": ("soft return of the policy", "soft return")}
    panels, numbers = [], {"steps": float(done[1, 0][0]["time/total_timesteps"][shortest - 1]), "net": args.net or "preset",
                       "cost": {f"{critics} critics, seed {seed}": done[critics, seed][1] for critics, seed in jobs}}
    for name, (title, label) in titles.items():
        curves = {job: smooth(done[job][0][name][:shortest]) for job in jobs}
        panel = Panel(title, "environment steps", label, limits(curves.values()))
        for critics, color in ((1, COLORS[5]), (2, COLORS[1])):
            x = done[critics, 0][0]["time/total_timesteps"][:shortest]
            each = np.array([curves[critics, seed] for seed in range(3)])
            panel.line("one critic" if critics == 1 else "two critics", x, each.mean(axis=0), color, each.min(axis=0), each.max(axis=0))
            late = [float(np.nanmean(done[critics, seed][0][name][shortest // 2:shortest])) for seed in range(3)]
            numbers.setdefault(f"{critics} critics, second half", {})[name] = [round(value, 4) for value in late]
        if "bias_mean" in name:
            panel.line("zero", [float(x[0]), float(x[-1])], [0.0, 0.0], "muted", dash="5,4")
        panels.append(panel)
    if args.out:
        heading = f"Hopper-v5, {widths(args)}: critics against Monte-Carlo soft returns (bands: the three seeds)"
        draw(args.softac, args.out / "q_bias.svg", panels, 2, heading)
    one, two = (numbers[f"{critics} critics, second half"]["diag/q_bias_mean"] for critics in (1, 2))
    return numbers, min(one) > max(two)


def gradients(args, folder):
    steps = args.steps or 20_000
    found, cost = train(args, "HalfCheetah-v5", folder / "cheetah", 0, steps, 500, "learning_starts=1000", "eval_freq=0")
    x = found["time/total_timesteps"]
    ratios = {"no baseline": np.log10(found["diag/grad_variance_ratio"]),
              "baseline": np.log10(found["diag/grad_variance_ratio_baseline"])}
    panels = [Panel("variance, likelihood ratio over reparameterised", "environment steps", "log10 of the ratio", (-0.3, 1.05 * max(values.max() for values in ratios.values())))]
    for (name, values), color in zip(ratios.items(), (COLORS[5], COLORS[1])):
        panels[0].line(name, x, smooth(values), color)
    z = {"no baseline": found["diag/grad_z"], "baseline": found["diag/grad_z_baseline"]}
    panels[0].line("equal", [float(x[0]), float(x[-1])], [0.0, 0.0], "muted", dash="5,4")
    panels.append(Panel("their difference in standard errors (rms)", "environment steps", "z", (0.0, 4.0)))
    for (name, values), color in zip(z.items(), (COLORS[5], COLORS[1])):
        panels[1].line(name, x, values, color)
    if args.out:
        draw(args.softac, args.out / "gradient_variance.svg", panels, 2,
             f"HalfCheetah-v5, {widths(args)}: the two estimators of the actor's gradient")
    rms = {name: float(np.sqrt(np.mean(values ** 2))) for name, values in z.items()}
    confirmed = all(values.min() > 0.0 for values in ratios.values()) and max(rms.values()) < 2.0
    return {"steps": float(x[-1]), "net": args.net or "preset", "cost": cost,
            "median variance ratio": {name: float(np.median(10 ** values)) for name, values in ratios.items()},
            "smallest and largest": {name: [float(10 ** values.min()), float(10 ** values.max())] for name, values in ratios.items()},
            "rms z": rms, "largest z": {name: float(values.max()) for name, values in z.items()}}, confirmed


def main():
    experiments = {"q_bias": q_bias, "gradients": gradients}
    parser = argparse.ArgumentParser()
    parser.add_argument("softac")
    parser.add_argument("--out", type=pathlib.Path)
    parser.add_argument("--runs", type=pathlib.Path)
    parser.add_argument("--only", nargs="*", choices=list(experiments), default=list(experiments))
    parser.add_argument("--steps", type=int, default=0)
    parser.add_argument("--net", default="")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--plot", action="store_true")
    args = parser.parse_args()
    if args.out:
        args.out.mkdir(parents=True, exist_ok=True)
    all_good = True
    for name in args.only:
        with tempfile.TemporaryDirectory(prefix="softac_diagnostics_") as folder:
            numbers, good = experiments[name](args, args.runs or pathlib.Path(folder))
        print(f"{name}: {'confirmed' if good else 'NOT CONFIRMED'}\n{json.dumps(numbers, indent=1)}")
        all_good = all_good and good
        if args.out:
            path = args.out / "diagnostics.json"
            before = json.loads(path.read_text()) if path.exists() else {}
            path.write_text(json.dumps({**before, name: numbers}, indent=1) + "\n", encoding="utf-8")
    return 0 if all_good else 1


if __name__ == "__main__":
    sys.exit(main())
