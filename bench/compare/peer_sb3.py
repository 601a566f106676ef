"""Stable-Baselines3's SAC, and SBX's with --library sbx: its train() on a filled replay, its learn() on a task."""

import os
import time

from driver import LEARNING_STARTS, TASKS, WARM, arguments, made_up_env, say, serve, versions

args = arguments(library={"choices": ["sb3", "sbx"], "default": "sb3"}, updates={"type": int, "default": 1})
if args.library == "sbx":
    if args.threads == 1:  # as the process is pinned to one core; without it XLA divides work that cannot run at once
        os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    from sbx import SAC
else:
    from stable_baselines3 import SAC
import gymnasium
import numpy as np
import torch
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.logger import Logger

torch.set_num_threads(args.threads)
INFO = versions(*(["sbx-rl", "jax", "stable-baselines3"] if args.library == "sbx" else ["stable-baselines3", "torch"]))


def update():
    model = SAC(
        "MlpPolicy",
        made_up_env(args.obs_dim, args.act_dim),
        buffer_size=20_000,
        batch_size=args.batch,
        policy_kwargs={"net_arch": [args.hidden, args.hidden]},
        seed=0,
        device="cpu",
    )
    model.set_logger(Logger(folder=None, output_formats=[]))
    buffer, rng = model.replay_buffer, np.random.default_rng(0)
    for name in ["observations", "next_observations", "rewards"]:
        values = getattr(buffer, name)
        values[:] = rng.standard_normal(values.shape)
    buffer.actions[:] = rng.uniform(-1, 1, buffer.actions.shape)
    buffer.full = True

    def step():
        model.train(gradient_steps=args.updates, batch_size=args.batch)

    step()
    step()
    serve(step, args.updates, versions=INFO)


class Clock(BaseCallback):
    """When the warm steps were over, and the returns of the last episodes."""

    mark = 0.0

    def _on_step(self):
        if self.num_timesteps == LEARNING_STARTS + WARM:
            self.mark = time.perf_counter()
        return True


def train():
    env, hidden, batch, rate = TASKS[args.task]
    start = time.perf_counter()
    model = SAC(
        "MlpPolicy",
        gymnasium.make(env),
        learning_rate=rate,
        batch_size=batch,
        learning_starts=LEARNING_STARTS,
        policy_kwargs={"net_arch": hidden},
        seed=0,
        device="cpu",
    )
    clock = Clock()
    model.learn(args.steps, callback=clock, log_interval=None)
    end = time.perf_counter()
    returns = [episode["r"] for episode in model.ep_info_buffer]
    say(
        {
            "sec": end - start,
            "ms_per_step": 1e3 * (end - clock.mark) / (args.steps - LEARNING_STARTS - WARM),
            "return": float(np.mean(returns)) if returns else None,
            "versions": INFO,
        }
    )


update() if args.what == "update" else train()
