#!/usr/bin/env python3
"""The claims of docs/math.md as experiments: figures and numbers made by the command softac.

Usage: theory_campaign.py SOFTAC [--out DIR] [--only NAME …]

  q_errors   Q of finite problems disturbed by noise: plain return of the greedy and of the Boltzmann policies
  cart_pole  CartPole-v1 on 3 seeds: mean of 100 episodes of the best policy, at least 475; measured entropy against its
             target, and the temperature that holds it there

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

COLORS = ["#1b1b1b", "#08519c", "#3182bd", "#31a354", "#e6872e", "#cb181d"]


def run(softac, *arguments):
    return subprocess.run([softac, *map(str, arguments)], check=True, capture_output=True, text=True).stdout


class Panel:
    """One plot: lines with an optional band, over a common scale."""

    def __init__(self, title, x_label, y_label, y_range):
        self.title, self.x_label, self.y_label, self.y_range = title, x_label, y_label, y_range
        self.lines = []  # (name, x, y, low, high, color, dash)

    def line(self, name, x, y, color, low=None, high=None, dash=""):
        self.lines.append((name, list(x), list(y), low, high, color, dash))

    def svg(self, left, top, width, height):
        xs = [v for line in self.lines for v in line[1]]
        x0, x1 = min(xs), max(xs)
        y0, y1 = self.y_range

        def at(x, y):
            return f"{left + width * (x - x0) / (x1 - x0):.1f},{top + height * (1 - (min(max(y, y0), y1) - y0) / (y1 - y0)):.1f}"

        out = [f'<text x="{left}" y="{top - 8}" font-size="13">{self.title}</text>',
               f'<rect x="{left}" y="{top}" width="{width}" height="{height}" fill="none" stroke="#999999"/>']
        for i in range(5):
            x, y = x0 + (x1 - x0) * i / 4, y0 + (y1 - y0) * i / 4
            out.append(f'<text x="{left + width * i / 4:.1f}" y="{top + height + 15}" font-size="10" text-anchor="middle">{x:.4g}</text>')
            out.append(f'<text x="{left - 5}" y="{top + height * (1 - i / 4) + 4:.1f}" font-size="10" text-anchor="end">{y:.3g}</text>')
        out.append(f'<text x="{left + width / 2}" y="{top + height + 30}" font-size="11" text-anchor="middle">{self.x_label}</text>')
        out.append(f'<text transform="translate({left - 36},{top + height / 2}) rotate(-90)" font-size="11" '
                   f'text-anchor="middle">{self.y_label}</text>')
        for _, x, y, low, high, color, dash in self.lines:
            if low is not None:
                points = " ".join([*(at(a, b) for a, b in zip(x, low)), *(at(a, b) for a, b in zip(x[::-1], list(high)[::-1]))])
                out.append(f'<polygon points="{points}" fill="{color}" opacity="0.12"/>')
            points = " ".join(at(a, b) for a, b in zip(x, y))
            out.append(f'<polyline points="{points}" fill="none" stroke="{color}" stroke-width="1.7" stroke-dasharray="{dash}"/>')
        return "\n".join(out)


def figure(panels, columns, heading):
    width, height = 300, 200
    rows = (len(panels) + columns - 1) // columns
    total_w, total_h = columns * (width + 75) + 120, rows * (height + 70) + 40
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{total_w}" height="{total_h}" font-family="sans-serif">',
           '<rect width="100%" height="100%" fill="#ffffff"/>', f'<text x="20" y="22" font-size="15">{heading}</text>']
    for i, panel in enumerate(panels):
        out.append(panel.svg(60 + i % columns * (width + 75), 60 + i // columns * (height + 70), width, height))
    for i, (name, *_, color, dash) in enumerate(panels[0].lines):
        x, y = columns * (width + 75) + 5, 70 + 18 * i
        out.append(f'<line x1="{x}" y1="{y}" x2="{x + 22}" y2="{y}" stroke="{color}" stroke-width="2" stroke-dasharray="{dash}"/>')
        out.append(f'<text x="{x + 27}" y="{y + 4}" font-size="11">{name}</text>')
    out.append("</svg>\n")
    return "\n".join(out)


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
            for draw in range(num_draws):
                disturbed = q + noise * spread * rng.standard_normal(q.shape)
                for i, alpha in enumerate(temperatures):
                    found = returns(p, r, boltzmann(disturbed, alpha * spread), gamma)[live].mean()
                    score[i, j, draw] = (found - uniform) / (best - uniform)
        mean, error = score.mean(axis=2), score.std(axis=2) / num_draws ** 0.5
        panel = Panel(name, "noise on Q, in units of what one wrong action costs", "return (1 optimal, 0 uniform)", (-0.4, 1.0))
        for i, alpha in enumerate(temperatures):
            panel.line("greedy" if alpha == 0 else f"α = {alpha}", noises, mean[i], COLORS[i], mean[i] - error[i], mean[i] + error[i])
        panels.append(panel)
        numbers[name] = {str(alpha): dict(zip([f"{x:.3g}" for x in noises], mean[i].round(4).tolist()))
                         for i, alpha in enumerate(temperatures)}
    if out:
        (out / "q_errors.svg").write_text(figure(panels, 2, "Policies from a disturbed Q (α in the same units; bands: standard error)"),
                                          encoding="utf-8")
    return numbers, True


def cart_pole(softac, out, folder):
    panels = [Panel("entropy of the policy", "environment steps", "H", (0.0, 0.7)),
              Panel("temperature", "environment steps", "α", (0.0, 1.0)),
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
    panels[0].line("target", steps, [numbers["seed 0"]["target"]] * len(steps), "#777777", dash="5,4")
    if out:
        (out / "entropy_constraint.svg").write_text(figure(panels, 3, "CartPole-v1: the temperature as multiplier of H(π) ≥ H̄"), encoding="utf-8")
    return numbers, good


def main():
    experiments = {"q_errors": q_errors, "cart_pole": cart_pole}
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
