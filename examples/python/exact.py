"""What SAC learns beside what it should learn: FrozenLake-v1 solved exactly and by DiscreteSAC, at one temperature.

    python exact.py --steps 30000 --out exact.svg

The exact solution is the soft-optimal policy, exp(Q/α)/Z, from the table of transitions, with a bound of its error; the
learner sees nothing but steps. Needs softac alone; softac.figure draws.
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np
import numpy.typing as npt

import softac
from softac import figure
from softac.exact import ExactProblem, discounted_occupancy, evaluate_policy, frozen_lake, solve_soft

Floats = npt.NDArray[np.float64]
DIRECTIONS = np.array([(-1, 0), (0, -1), (1, 0), (0, 1)])  # Gymnasium's actions: left, down, right, up


def learned_values(model: softac.DiscreteSAC, alpha: float) -> tuple[Floats, Floats]:
    """π (S, A) and the soft value V(s) = Σ_a π (min_i Q_i − α log π), (S), of all states."""
    states = np.arange(model.observation_space.n)
    pi = model.action_probabilities(states).astype(np.float64)
    rows = model.observation_codec.encode(states)
    actions = [model.action_codec.scale(np.full(len(states), a)) for a in range(pi.shape[1])]
    q = np.stack([model.agent.q_values(rows, a).min(axis=0) for a in actions], axis=1)
    return pi, np.sum(pi * (q - alpha * np.log(pi)), axis=1)


def lake_panel(lake: ExactProblem, pi: Floats, v: Floats, title: str) -> dict[str, Any]:
    """Colours: V, grey in holes. Lines: the probabilities of the actions, from the middle of a cell."""
    live = np.array([cell in "SF" for cell in lake.cells])
    lines = []
    for state in np.flatnonzero(live):
        row, column = divmod(int(state), lake.cols)
        middle = np.array([column + 0.5, lake.rows - row - 0.5])
        for tip in middle + 0.45 * DIRECTIONS * pi[state][:, None]:
            lines += [middle, tip, (np.nan, np.nan)]
    x, y = np.array(lines).T
    cells = np.where([cell == "H" for cell in lake.cells], np.nan, v).reshape(lake.rows, lake.cols)[::-1]
    axes = [{"low": 0, "high": size, "ticks": False} for size in (lake.cols, lake.rows)]
    return {
        "title": title,
        "x": {"title": "colour: soft value V(s); lines: π(a|s)", **axes[0]},
        "y": axes[1],
        "map": {"rows": lake.rows, "cols": lake.cols, "values": cells.ravel(), "low": 0.0, "high": 0.9},
        "series": [{"x": x, "y": y, "color": "text", "width": 2}],
        "square_units": True,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=30_000, help="environment steps of the learner")
    parser.add_argument("--alpha", type=float, default=0.02, help="temperature of both")
    parser.add_argument("--gamma", type=float, default=0.95, help="discount of both")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", default="exact.svg", help="the picture")
    args = parser.parse_args()

    lake = frozen_lake()
    best = solve_soft(lake, alpha=args.alpha, gamma=args.gamma)
    settings: dict[str, Any] = {"batch_size": 128, "tau": 0.01, "policy_kwargs": {"net_arch": [64, 64]}}
    settings |= {"ent_coef": args.alpha, "gamma": args.gamma, "seed": args.seed}
    model = softac.DiscreteSAC("MlpPolicy", "FrozenLake-v1", learning_rate=1e-3, **settings).learn(args.steps)

    pi, v = learned_values(model, args.alpha)
    live = np.array([cell in "SF" for cell in lake.cells])
    kl = np.sum(pi * np.log(pi / best.pi), axis=1)
    visits = discounted_occupancy(lake, best.pi, gamma=args.gamma) * live
    reached = evaluate_policy(lake, pi, alpha=args.alpha, gamma=args.gamma).v
    print(f"exact: V(start) = {best.v[0]:.4f}, no value further off than {best.error_bound:.0e}")
    print(f"learned: critic's V(start) = {v[0]:.4f}, true soft value of the learned policy {reached[0]:.4f}")
    print(f"largest |V - V*| = {np.abs(v - best.v)[live].max():.4f}")
    print(f"KL(learned | exact) = {np.sum(visits * kl) / visits.sum():.4f} nats, mean over the states on the way")

    panels = [
        lake_panel(lake, best.pi, best.v, "exact"),
        lake_panel(lake, pi, np.where(live, v, best.v), f"DiscreteSAC, {args.steps} steps"),
        {
            "x": {"title": "exact π(a|s)", "low": 0, "high": 1},
            "y": {"title": "learned π(a|s)", "low": 0, "high": 1},
            "series": [
                {"x": [0, 1], "y": [0, 1], "color": "muted", "width": 1},
                {"x": best.pi[live].ravel(), "y": pi[live].ravel(), "color": "c0", "mark": "points", "width": 1.5},
            ],
            "square_units": True,
        },
    ]
    figure.draw({"panels": panels, "panel_width": 340}, args.out)


if __name__ == "__main__":
    main()
