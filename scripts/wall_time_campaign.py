"""Returns over training time: softac.SAC (its preset; SB3's settings) beside Stable-Baselines3's SAC, one thread each.

wall_time_campaign.py --out FILE [--figure FIG --softac COMMAND] [--env HalfCheetah-v5] [--seconds 360] [--seeds 0 1 2]

Each training is a process of its own; those of a seed follow one another, so that all see the same machine. The clock
stands still while a policy is evaluated (deterministic, five episodes, twelve times). FILE keeps what is done: a
campaign that was broken off goes on. Needs scripts/requirements-all.txt and softac; --figure draws what FILE holds.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import figure
from python_campaign import run_missing

NAMES = {
    "preset": "softac, its preset",
    "softac": "softac, SB3's settings",
    "sb3": "Stable-Baselines3",
}
COLORS = {"preset": "c0", "softac": "c2", "sb3": "c1"}
PRESET = {"learning_rate": 1e-3, "learning_starts": 5_000, "ent_coef": "auto_0.2"}  # presets/env/HalfCheetah-v5.toml
POINTS = 12  # of a curve


def train(library: str, env_id: str, seconds: float, seed: int) -> dict[str, Any]:
    """One training of `seconds`: steps made, and the curve as [training time in s, step, mean return] rows."""
    import gymnasium
    import numpy as np

    if library == "sb3":
        import torch
        from stable_baselines3 import SAC
        from stable_baselines3.common.callbacks import BaseCallback
        from stable_baselines3.common.evaluation import evaluate_policy

        torch.set_num_threads(1)
        model: Any = SAC("MlpPolicy", env_id, seed=seed)
    else:
        import softac
        from softac import evaluate_policy
        from softac.callbacks import BaseCallback

        model = softac.SAC("MlpPolicy", env_id, seed=seed, threads=1, **(PRESET if library == "preset" else {}))
    eval_env = gymnasium.make(env_id)
    eval_env.reset(seed=1000 + seed)
    curve: list[list[float]] = []

    class Clock(BaseCallback):  # type: ignore[misc, valid-type]
        """Evaluates when the training clock has moved on by a point, and ends the training at the last."""

        def _on_training_start(self) -> None:
            self.trained, self.resumed = 0.0, time.perf_counter()

        def _on_step(self) -> bool:
            now = self.trained + time.perf_counter() - self.resumed
            if now < seconds * (len(curve) + 1) / POINTS:
                return True
            mean, _ = evaluate_policy(model, eval_env, n_eval_episodes=5, warn=False)
            curve.append([now, self.num_timesteps, float(np.mean(mean))])
            self.trained, self.resumed = now, time.perf_counter()
            return len(curve) < POINTS

    model.learn(100_000_000, callback=Clock(), log_interval=None)
    return {"steps": int(curve[-1][1]), "curve": curve}


def draw(done: dict[str, Any], command: str, path: Path, env_id: str, seconds: float) -> None:
    """Mean over seeds as a line with the range of the seeds as its band."""
    panel = figure.Panel("", "training time, s (one thread)", "return", x_range=(0, seconds))
    for library, name in NAMES.items():
        curves = [run["curve"] for key, run in done.items() if key.startswith(f"{library} {env_id} {seconds:g}s ")]
        if not curves:
            continue
        returns = [[curve[i][2] for curve in curves] for i in range(POINTS)]
        times = [seconds * (i + 1) / POINTS for i in range(POINTS)]
        mean = [sum(values) / len(values) for values in returns]
        panel.line(name, times, mean, COLORS[library], [min(v) for v in returns], [max(v) for v in returns], width=2.2)
    heading = f"{env_id}: return of the deterministic policy over training time, mean and range of three seeds"
    figure.draw(command, path, [panel], 1, heading, panel_width=640, plot_height=290)


def main() -> None:
    """Runs what FILE has not yet, then draws."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--env", default="HalfCheetah-v5")
    parser.add_argument("--seconds", type=float, default=360)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--figure", type=Path)
    parser.add_argument("--softac", default="softac", help="the command, which draws the figure")
    parser.add_argument("--one", nargs=2, metavar=("LIBRARY", "SEED"), help="one training, in this process")
    options = parser.parse_args()
    if options.one:
        print(json.dumps(train(options.one[0], options.env, options.seconds, int(options.one[1]))))
        return
    length = ["--seconds", str(options.seconds)]
    done = run_missing(__file__, options, NAMES, f"{options.env} {options.seconds:g}s", length)
    if options.figure:
        draw(done, options.softac, options.figure, options.env, options.seconds)


if __name__ == "__main__":
    main()
