#!/usr/bin/env python3
"""Reads a run's files as Stable-Baselines3's users do: monitor.csv by its own readers, progress.csv by pandas, evaluations.npz.

Usage: sb3_readers.py SOFTAC      SOFTAC_PYTHON_ALL: a Python with stable-baselines3
"""
import os
import pathlib
import subprocess
import sys
import tempfile

python = os.environ.get("SOFTAC_PYTHON_ALL")
if not python:
    print("SKIPPED: SOFTAC_PYTHON_ALL names no Python with stable-baselines3")
    sys.exit(77)

READ = """
import sys
import numpy as np
import pandas
from stable_baselines3.common.monitor import load_results

run = sys.argv[1]
frame = load_results(run)
assert list(frame.columns) == ["index", "r", "l", "t"] or {"r", "l", "t"} <= set(frame.columns), frame.columns
assert len(frame) == 15 and (frame["l"] == 200).all(), frame
assert (frame["r"] < 0).all() and frame["t"].is_monotonic_increasing, frame
assert frame["l"].sum() == 3000

progress = pandas.read_csv(run + "/progress.csv")
for column in ("rollout/ep_rew_mean", "rollout/ep_len_mean", "time/fps", "time/total_timesteps", "train/actor_loss",
               "train/critic_loss", "train/ent_coef", "train/ent_coef_loss", "train/n_updates", "eval/mean_reward"):
    assert column in progress.columns, (column, list(progress.columns))
assert progress["time/total_timesteps"].dropna().iloc[-1] == 3000

data = np.load(run + "/eval/evaluations.npz")
assert sorted(data.files) == ["ep_lengths", "results", "timesteps"], data.files
assert data["timesteps"].tolist() == [1000, 2000, 3000], data["timesteps"]
assert data["results"].shape == (3, 4) and data["ep_lengths"].shape == (3, 4)
assert (data["ep_lengths"] == 200).all()
print("read 15 episodes,", len(progress), "rows of progress and 3 evaluations")
"""

with tempfile.TemporaryDirectory() as folder:
    run = pathlib.Path(folder) / "run"
    subprocess.run([sys.argv[1], "train", "Pendulum-v1", "--quiet", "--steps", "3000", "--run-dir", run, "--set", "eval_freq=1000",
                    "--set", "n_eval_episodes=4", "--set", "threads=1", "--set", "log_interval_steps=500"],
                   check=True, stdout=subprocess.DEVNULL)
    sys.exit(subprocess.run([python, "-c", READ, str(run)]).returncode)
