"""Watches the temperature α and the policy's entropy while SAC learns: α moves until the entropy meets its target.

    python entropy.py --steps 6000 --out entropy.svg

Needs softac alone; softac.figure draws.
"""

from __future__ import annotations

import argparse

import numpy as np

import softac
from softac import figure
from softac.callbacks import BaseCallback


class Temperature(BaseCallback):
    """α and the entropy of every training phase, which stand in the model's log until the next one."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[tuple[int, float, float]] = []  # (environment step, α, entropy in nats)

    def _on_step(self) -> bool:
        log = self.logger.name_to_value
        if "train/entropy" in log:
            self.rows.append((self.num_timesteps, log["train/ent_coef"], log["train/entropy"]))
        return True


def smooth(values: np.ndarray, width: int) -> np.ndarray:
    """Mean over the last `width` values, fewer at the start."""
    sums = np.concatenate([[0.0], np.cumsum(values)])
    end = np.arange(1, len(values) + 1)
    begin = np.maximum(end - width, 0)
    return np.asarray((sums[end] - sums[begin]) / (end - begin))


def draw(rows: np.ndarray, target: float, title: str, path: str) -> None:
    """Above α, below the entropy of single batches (thin), its mean over 100 of them, and the target."""
    kept = slice(None, None, max(len(rows) // 500, 1))
    steps, alpha, entropy = rows[kept].T
    mean = smooth(rows[:, 2], 100)[kept]
    above = {"y": {"title": "temperature α", "log": True}, "series": [{"name": "temperature", "x": steps, "y": alpha, "color": "c1"}]}
    below = {
        "y": "entropy (nats)",
        "series": [
            {"name": "entropy of a batch", "x": steps, "y": entropy, "color": "c0", "width": 0.6, "opacity": 0.4},
            {"name": "mean over 100 of them", "x": steps, "y": mean, "color": "c0", "width": 2},
            {"name": f"target {target:g}", "x": steps[[0, -1]], "y": [target, target], "color": "text", "dash": "6 4"},
        ],
    }
    panels = [{"x": "environment steps", **panel} for panel in (above, below)]
    figure.draw({"title": title, "panels": panels, "columns": 1, "panel_width": 640, "plot_height": 190}, path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--env", default="Pendulum-v1", help="a name that gymnasium.make knows")
    parser.add_argument("--steps", type=int, default=6000, help="environment steps")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", default="entropy.svg", help="the picture")
    args = parser.parse_args()

    model = softac.SAC("MlpPolicy", args.env, learning_rate=1e-3, seed=args.seed)
    watch = Temperature()
    model.learn(args.steps, watch, log_interval=None)  # no rows of a log, which would empty it
    rows = np.array(watch.rows)
    if len(rows) == 0:
        raise SystemExit(f"--steps {args.steps}: no update was made; they follow step {model.learning_starts}")
    last = rows[-max(len(rows) // 4, 1) :]
    print(f"α: {rows[0, 1]:.4f} at first, {last[:, 1].mean():.4f} over the last quarter")
    target = model.agent.target_entropy
    print(f"entropy: {rows[0, 2]:.3f} at first, {last[:, 2].mean():.3f} over the last quarter, target {target:g}")
    draw(rows, target, f"softac.SAC on {args.env}", args.out)


if __name__ == "__main__":
    main()
