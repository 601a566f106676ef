"""What SAC learns beside what it should learn: FrozenLake-v1 solved exactly and by DiscreteSAC, at one temperature.

    python exact.py --steps 30000 --out exact.svg

The exact solution is the soft-optimal policy, exp(Q/α)/Z, from the table of transitions, with a bound of its error; the
learner sees nothing but steps. Needs softac and matplotlib.
"""

from __future__ import annotations

import argparse
from typing import Any

import matplotlib
import numpy as np
import numpy.typing as npt

import softac
from softac.exact import ExactProblem, discounted_occupancy, evaluate_policy, frozen_lake, solve_soft

matplotlib.use("svg")
from matplotlib import pyplot as plt  # noqa: E402  (after the choice of what draws)

Floats = npt.NDArray[np.float64]
ARROWS = np.array([(-1, 0), (0, 1), (1, 0), (0, -1)])  # Gymnasium's actions: left, down, right, up (y points down)


def learned_values(model: softac.DiscreteSAC, alpha: float) -> tuple[Floats, Floats]:
    """π (S, A) and the soft value V(s) = Σ_a π (min_i Q_i − α log π), (S), of all states."""
    states = np.arange(model.observation_space.n)
    pi = model.action_probabilities(states).astype(np.float64)
    rows = model.observation_codec.encode(states)
    actions = [model.action_codec.scale(np.full(len(states), a)) for a in range(pi.shape[1])]
    q = np.stack([model.agent.q_values(rows, a).min(axis=0) for a in actions], axis=1)
    return pi, np.sum(pi * (q - alpha * np.log(pi)), axis=1)


def draw_lake(axes: Any, lake: ExactProblem, pi: Floats, v: Floats, title: str) -> Any:
    """Colours: V. Arrows: the probabilities of the actions. Letters: holes and the goal."""
    image = axes.imshow(v.reshape(lake.rows, lake.cols), cmap="YlGnBu", vmin=0.0, vmax=0.8, alpha=0.7)
    for state, cell in enumerate(lake.cells):
        row, column = divmod(state, lake.cols)
        if cell in "HG":
            axes.text(column, row, cell, ha="center", va="center")
            continue
        for tip in 0.6 * ARROWS * pi[state][:, None]:
            axes.quiver(column, row, *tip, angles="xy", scale_units="xy", scale=1.0, width=0.012)
    axes.set(title=title, xticks=[], yticks=[])
    return image


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

    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(11, 4), layout="constrained")
    draw_lake(left, lake, best.pi, best.v, "exact")
    image = draw_lake(middle, lake, pi, np.where(live, v, best.v), f"DiscreteSAC, {args.steps} steps")
    figure.colorbar(image, ax=[left, middle], label="soft value V(s)", shrink=0.7)
    right.plot([0, 1], [0, 1], color="black", linewidth=0.8)
    right.scatter(best.pi[live], pi[live], s=14, color="tab:blue")
    right.set(xlabel="exact π(a|s)", ylabel="learned π(a|s)", xlim=(0, 1), ylim=(0, 1), aspect="equal")
    figure.savefig(args.out)


if __name__ == "__main__":
    main()
