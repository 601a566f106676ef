"""Trains on any Gymnasium environment with continuous actions and draws the learning curve.

    python train_gymnasium.py --env Pendulum-v1 --steps 10000 --out curve.svg

Needs softac alone; softac.figure draws.
"""

from __future__ import annotations

import argparse

import gymnasium
import numpy as np

import softac
from softac import figure
from softac.callbacks import BaseCallback
from softac.evaluation import evaluate_policy


class LearningCurve(BaseCallback):
    """Returns of the training's episodes, and of evaluations of the deterministic policy."""

    def __init__(self, eval_env: gymnasium.Env[np.ndarray, np.ndarray], eval_freq: int) -> None:
        super().__init__()
        self.eval_env = eval_env
        self.eval_freq = eval_freq
        self.episodes: list[tuple[int, float]] = []  # (environment step, return)
        self.evaluations: list[tuple[int, float, float]] = []  # (environment step, mean, standard deviation)

    def _on_step(self) -> bool:
        for info in self.locals["infos"]:
            if "episode" in info:
                self.episodes.append((self.num_timesteps, info["episode"]["r"]))
        if self.n_calls % self.eval_freq == 0:
            returns, _ = evaluate_policy(self.model, self.eval_env, n_eval_episodes=5, return_episode_rewards=True)
            self.evaluations.append((self.num_timesteps, float(np.mean(returns)), float(np.std(returns))))
            print(f"step {self.num_timesteps}: return {np.mean(returns):.1f} ± {np.std(returns):.1f}", flush=True)
        return True


def draw(curve: LearningCurve, title: str, path: str) -> None:
    """Thin: episodes while training. Thick: evaluations, with a band of one standard deviation."""
    series = []
    if curve.episodes:
        steps, returns = zip(*curve.episodes)
        series.append({"name": "episodes of the training", "x": steps, "y": returns, "color": "muted", "width": 0.8})
    if curve.evaluations:
        steps, mean, std = np.array(curve.evaluations).T
        name = "deterministic policy, 5 episodes"
        series.append({"name": name, "x": steps, "y": mean, "low": mean - std, "high": mean + std, "color": "c0", "width": 2})
    panel = {"x": "environment steps", "y": "return", "series": series}
    figure.draw({"title": title, "panels": [panel], "panel_width": 640, "plot_height": 300}, path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--env", default="Pendulum-v1", help="a name that gymnasium.make knows")
    parser.add_argument("--steps", type=int, default=10_000, help="environment steps")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", default="train_gymnasium.svg", help="the picture")
    parser.add_argument("--save", help="where to save the model (a zip file)")
    args = parser.parse_args()

    model = softac.SAC("MlpPolicy", args.env, learning_rate=1e-3, seed=args.seed)
    curve = LearningCurve(gymnasium.make(args.env), eval_freq=max(args.steps // 20, 1))
    model.learn(args.steps, curve)
    mean, std = evaluate_policy(model, gymnasium.make(args.env), n_eval_episodes=20)
    print(f"after {model.num_timesteps} steps: return {mean:.1f} ± {std:.1f} (20 episodes)")
    if args.save:
        model.save(args.save)
    draw(curve, f"softac.SAC on {args.env}", args.out)


if __name__ == "__main__":
    main()
