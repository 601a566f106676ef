#!/usr/bin/env python3
"""The claims of docs/math.md as experiments: figures and numbers made by the command softac.

Usage: theory_campaign.py SOFTAC [--out DIR] [--only NAME …]

  q_errors   Q of finite problems disturbed by noise: plain return of the greedy and of the Boltzmann policies
  cart_pole  CartPole-v1 on 3 seeds: mean of 100 episodes of the best policy, at least 475; measured entropy against its
             target, and the temperature that holds it there
  exploration
             MountainCarContinuous-v0, whose reward is one flag: entropy against noise from outside on the hard version (α = 0),
             three strengths each, 3 seeds; when the flag was met first, and the return of the deterministic policy
  entropy_pendulum
             Pendulum-v1 on 3 seeds with a learned temperature: measured entropy against its target, within 0.05 nats over the second
             half of training
  pendulum   Pendulum-v1 at a fixed temperature, 5 seeds: soft value within 5 % of the exact one on a grid, KL to its
             Boltzmann policy over training

--out: where theory.json and the SVG figures go (default: nothing is written). Exit code 1 if the bar is missed. Needs numpy.
"""
import argparse
import csv
import json
import pathlib
import subprocess
import sys
import tempfile

try:
    import numpy as np
except ImportError:
    print(f"SKIPPED: {sys.executable} has no numpy")
    sys.exit(77)

from figure import COLORS, Panel, draw
from theory_pendulum import pendulum


def run(softac, *arguments):
    return subprocess.run([softac, *map(str, arguments)], check=True, capture_output=True, text=True).stdout


def load_problem(softac, name, gamma, folder):
    """Transition tensor (S, A, S) of what continues, expected rewards (S, A), Q of the hard optimum, start distribution."""
    path = pathlib.Path(folder) / "p.csv"
    result = json.loads(run(softac, "exact", name, "--alpha", 0, "--gamma", gamma, "--dump", path, "--json"))
    num_states, num_actions = result["num_states"], result["num_actions"]
    p, r = np.zeros((num_states, num_actions, num_states)), np.zeros((num_states, num_actions))
    with open(path, encoding="utf-8") as file:
        for row in csv.DictReader(file):
            s, a, share = int(row["s"]), int(row["a"]), float(row["p"])
            r[s, a] += share * float(row["r"])
            if row["terminated"] == "0":
                p[s, a, int(row["s_next"])] += share
    q = np.array([[0.0 if x is None else x for x in line] for line in result["q"]])
    return p, r, q, np.array(result["v"])


def returns(p, r, pi, gamma):
    matrix = np.eye(len(p)) - gamma * np.einsum("sa,sat->st", pi, p)
    return np.linalg.solve(matrix, np.einsum("sa,sa->s", pi, r))


def boltzmann(q, alpha):
    if alpha == 0:
        return np.eye(q.shape[1])[np.argmax(q, axis=1)]
    weight = np.exp((q - q.max(axis=1, keepdims=True)) / alpha)
    return weight / weight.sum(axis=1, keepdims=True)


def q_errors(softac, out, folder):
    """Return, 1 for the optimal and 0 for the uniform policy, mean over the states and 40 disturbances."""
    temperatures, noises, num_draws = [0, 0.1, 0.3, 1, 3], np.linspace(0, 4, 13), 40
    panels, numbers = [], {}
    for name, gamma in [("gridworld:6,6", 0.95), ("cliffwalking", 0.95), ("frozenlake:8x8", 0.95), ("random:50,4,0", 0.95)]:
        rng = np.random.default_rng(1)
        p, r, q, v = load_problem(softac, name, gamma, folder)
        live = [s for s in range(len(q)) if p[s].any() or (r[s] != 0).any()]
        spread = float(np.median(q[live].max(axis=1) - q[live].min(axis=1)))  # what one wrong action costs
        best, uniform = v[live].mean(), returns(p, r, np.full(q.shape, 1 / q.shape[1]), gamma)[live].mean()
        score = np.zeros((len(temperatures), len(noises), num_draws))
        for j, noise in enumerate(noises):
            for disturbance in range(num_draws):
                disturbed = q + noise * spread * rng.standard_normal(q.shape)
                for i, alpha in enumerate(temperatures):
                    found = returns(p, r, boltzmann(disturbed, alpha * spread), gamma)[live].mean()
                    score[i, j, disturbance] = (found - uniform) / (best - uniform)
        mean, error = score.mean(axis=2), score.std(axis=2) / num_draws ** 0.5
        panel = Panel(name, "noise on Q, in units of what one wrong action costs", "return (1 optimal, 0 uniform)", (-0.4, 1.0))
        for i, alpha in enumerate(temperatures):
            panel.line("greedy" if alpha == 0 else f"α = {alpha}", noises, mean[i], COLORS[i], mean[i] - error[i], mean[i] + error[i])
        panels.append(panel)
        numbers[name] = {str(alpha): dict(zip([f"{x:.3g}" for x in noises], mean[i].round(4).tolist()))
                         for i, alpha in enumerate(temperatures)}
    if out:
        draw(softac, out / "q_errors.svg", panels, 2, "Policies from a disturbed Q (α in the same units; bands: standard error)")
    return numbers, True


def cart_pole(softac, out, folder):
    panels = [Panel("entropy of the policy", "environment steps", "entropy H (nats)", (0.0, 0.7)),
              Panel("temperature", "environment steps", "temperature α", (0.0, 1.0)),
              Panel("return of the deterministic policy", "environment steps", "return", (0.0, 500.0))]
    numbers, good = {}, True
    for seed in range(3):
        path = pathlib.Path(folder) / f"s{seed}"
        run(softac, "train", "CartPole-v1", "--seed", seed, "--run-dir", path, "--set", "threads=1", "-q")
        result = json.loads(run(softac, "eval", path, "--best", "--episodes", 100, "--json"))
        with open(path / "progress.csv", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        learned = [row for row in rows if row["train/entropy"]]
        steps = [float(row["time/total_timesteps"]) for row in learned]
        entropy = [float(row["train/entropy"]) for row in learned]
        panels[0].line(f"seed {seed}", steps, entropy, COLORS[1 + 2 * seed])
        panels[1].line(f"seed {seed}", steps, [float(row["train/ent_coef"]) for row in learned], COLORS[1 + 2 * seed])
        evaluations = [row for row in rows if row["eval/mean_reward"]]
        panels[2].line(f"seed {seed}", [float(row["time/total_timesteps"]) for row in evaluations],
                       [float(row["eval/mean_reward"]) for row in evaluations], COLORS[1 + 2 * seed])
        late = entropy[len(entropy) // 2:]
        numbers[f"seed {seed}"] = {"return": result["mean_return"], "step": result["step"],
                                   "entropy_second_half": sum(late) / len(late), "target": float(learned[-1]["train/target_entropy"])}
        good = good and result["mean_return"] >= 475.0
    panels[0].line("target", steps, [numbers["seed 0"]["target"]] * len(steps), "muted", dash="5,4")
    if out:
        draw(softac, out / "entropy_constraint.svg", panels, 3, "CartPole-v1: the temperature as multiplier of H(π) ≥ H̄")
    return numbers, good


def column(rows, name):
    """Steps and values of a column of progress.csv, where it has one."""
    kept = [row for row in rows if row[name]]
    return [float(row["time/total_timesteps"]) for row in kept], [float(row[name]) for row in kept]


def read_rows(path, skip=0):
    with open(path, encoding="utf-8") as file:
        for _ in range(skip):
            next(file)
        return list(csv.DictReader(file))


# Each way to explore, from weak to strong; α = 0 alone is the first of all.
EXPLORATION = {
    "entropy": {"no exploration": ["ent_coef=0"], "α = 0.01": ["ent_coef=0.01"], "α = 0.1": ["ent_coef=0.1"], "α = 1": ["ent_coef=1"],
                "α learned": ["ent_coef=auto"]},
    "Gaussian noise, α = 0": {f"σ = {x}": ["ent_coef=0", f"action_noise_std={x}"] for x in (0.1, 0.3, 1.0)},
    "ε-random, α = 0": {f"ε = {x}": ["ent_coef=0", f"random_action_prob={x}"] for x in (0.1, 0.3, 0.8)},
}


def exploration(softac, out, folder):
    """All arms differ in the exploration alone; 1000 uniform random steps begin each run."""
    common = ["net_arch=[32,32]", "batch_size=128", "learning_starts=1000", "n_eval_episodes=5", "checkpoint_freq=0", "threads=1",
              "tensorboard=false", "checkpoint_replay=false"]
    panels, numbers = [], {}
    for way, arms in EXPLORATION.items():
        panel = Panel(way, "environment steps", "return", (-20.0, 100.0))
        for i, (arm, settings) in enumerate(arms.items()):
            returns_, first_flag, flags = [], [], []
            for seed in range(3):
                path = pathlib.Path(folder) / f"{len(numbers)}_{seed}"
                run(softac, "train", "MountainCarContinuous-v0", "--steps", 50000, "--seed", seed, "--run-dir", path, "-q",
                    *[part for setting in common + settings for part in ("--set", setting)])
                steps, values = column(read_rows(path / "progress.csv"), "eval/mean_reward")
                returns_.append(values)
                episodes = read_rows(path / "monitor.csv", skip=1)
                ends = np.cumsum([int(row["l"]) for row in episodes])
                met = [int(end) for end, row in zip(ends, episodes) if float(row["r"]) > 0]
                first_flag.append(met[0] if met else None)
                flags.append(len(met))
            returns_ = np.array(returns_)
            panel.line(arm, steps, returns_.mean(axis=0), COLORS[i], returns_.min(axis=0), returns_.max(axis=0))
            numbers[f"{way}: {arm}"] = {"first_flag_at_step": first_flag, "episodes_with_flag": flags,
                                        "final_return": returns_[:, -1].round(2).tolist()}
        panels.append(panel)
    if out:
        draw(softac, out / "exploration.svg", panels, 3,
             "MountainCarContinuous-v0: return of the deterministic policy (mean, least and greatest of 3 seeds)")
    return numbers, True


def entropy_pendulum(softac, out, folder):
    panels = [Panel("entropy of the policy", "environment steps", "entropy H (nats)", (-2.0, 1.0)),
              Panel("temperature", "environment steps", "temperature α", (0.0, 1.0)),
              Panel("return of the deterministic policy", "environment steps", "return", (-1700.0, 0.0))]
    numbers, good = {}, True
    for seed in range(3):
        path = pathlib.Path(folder) / f"s{seed}"
        run(softac, "train", "Pendulum-v1", "--seed", seed, "--run-dir", path, "-q", "--steps", 20000, "--set", "threads=1",
            "--set", "log_interval_steps=200")
        rows = read_rows(path / "progress.csv")
        for panel, name in zip(panels, ["train/entropy", "train/ent_coef", "eval/mean_reward"]):
            panel.line(f"seed {seed}", *column(rows, name), COLORS[1 + 2 * seed])
        steps, entropy = column(rows, "train/entropy")
        target = column(rows, "train/target_entropy")[1][-1]
        late = entropy[len(entropy) // 2:]
        numbers[f"seed {seed}"] = {"entropy_second_half": round(sum(late) / len(late), 4), "target": target,
                                   "alpha_at_the_end": float(f"{column(rows, 'train/ent_coef')[1][-1]:.4g}"),
                                   "final_return": round(column(rows, "eval/mean_reward")[1][-1], 1)}
        good = good and abs(sum(late) / len(late) - target) < 0.05
    panels[0].line("target", steps, [target] * len(steps), "muted", dash="5,4")
    if out:
        draw(softac, out / "entropy_pendulum.svg", panels, 3, "Pendulum-v1: the temperature as multiplier of H(π) ≥ H̄")
    return numbers, good


def main():
    experiments = {"q_errors": q_errors, "cart_pole": cart_pole, "exploration": exploration, "entropy_pendulum": entropy_pendulum,
                   "pendulum": lambda *arguments: pendulum(*arguments, run)}
    parser = argparse.ArgumentParser()
    parser.add_argument("softac")
    parser.add_argument("--out", type=pathlib.Path)
    parser.add_argument("--only", nargs="*", choices=list(experiments), default=list(experiments))
    args = parser.parse_args()
    if args.out:
        args.out.mkdir(parents=True, exist_ok=True)
    all_good, numbers = True, {}
    for name in args.only:
        with tempfile.TemporaryDirectory(prefix="softac_theory_") as folder:
            numbers[name], good = experiments[name](args.softac, args.out, folder)
        print(f"{name}: {'as promised' if good else 'BELOW THE BAR'}\n{json.dumps(numbers[name], indent=1)}")
        all_good = all_good and good
    if args.out:
        path = args.out / "theory.json"
        before = json.loads(path.read_text()) if path.exists() else {}
        path.write_text(json.dumps({**before, **numbers}, indent=1) + "\n", encoding="utf-8")
    return 0 if all_good else 1


if __name__ == "__main__":
    sys.exit(main())
