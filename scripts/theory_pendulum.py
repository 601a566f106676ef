"""The learner on Pendulum-v1 beside the exact solution on a grid, at the same fixed temperature.

Everything is read from what the command writes: V of `softac exact pendulum`, the actor from checkpoints. The dynamics,
the network and the density are computed here again, in double precision.
"""

import json
import pathlib

import numpy as np
from figure import COLORS, Panel, draw

ALPHA, GAMMA, GRID = 0.5, 0.99, (401, 401, 33)
STEPS = [1000, 2000, 3000, 5000, 10000, 20000, 50000, 100000, 150000]
SETTINGS = {"ent_coef": ALPHA, "gamma": GAMMA, "net_arch": "[128,128]", "batch_size": 256, "learning_rate": 5e-4,
            "learning_starts": 500, "eval_freq": 0, "threads": 1}
NUM_SEEDS, NUM_STARTS, HORIZON, BAR = 5, 1000, 200, 0.05


def step(theta, speed, action):
    """Gymnasium's Pendulum-v1; action in [-1, 1]: reward, next angle and speed."""
    torque = 2.0 * np.clip(action, -1.0, 1.0)
    angle = (theta + np.pi) % (2 * np.pi) - np.pi
    reward = -(angle ** 2 + 0.1 * speed ** 2 + 0.001 * torque ** 2)
    speed = np.clip(speed + (15.0 * np.sin(theta) + 3.0 * torque) * 0.05, -8.0, 8.0)
    return reward, theta + 0.05 * speed, speed


class Grid:
    """V between the points of the grid, as the solver shares transitions among its corners."""

    def __init__(self, softac, run):
        angles, speeds, actions = GRID
        result = json.loads(run(softac, "exact", f"pendulum:{angles},{speeds},{actions}", "--alpha", ALPHA, "--gamma", GAMMA,
                                "--tol", 1e-6, "--json"))
        self.v = np.array(result["v"]).reshape(speeds, angles)

    def __call__(self, theta, speed):
        speeds, angles = self.v.shape
        x = ((theta + np.pi) / (2 * np.pi) * angles) % angles
        y = np.clip((speed + 8.0) / 16.0 * (speeds - 1), 0, speeds - 1)
        x0, y0 = np.minimum(x.astype(int), angles - 1), np.minimum(y.astype(int), speeds - 2)
        sx, sy, x1 = x - x0, y - y0, (x0 + 1) % angles
        return ((1 - sx) * (1 - sy) * self.v[y0, x0] + sx * (1 - sy) * self.v[y0, x1]
                + (1 - sx) * sy * self.v[y0 + 1, x0] + sx * sy * self.v[y0 + 1, x1])


class Policy:
    """The actor of a run's newest checkpoint: a mixture of components a = tanh(μ + σ ε), or one."""

    def __init__(self, run_dir):
        newest = max((pathlib.Path(run_dir) / "checkpoints").glob("step-*"))
        data = (newest / "model.safetensors").read_bytes()
        size = int.from_bytes(data[:8], "little")
        header, body = json.loads(data[8:8 + size]), data[8 + size:]
        self.tensors = {}
        for name, info in header.items():
            if name.startswith("actor."):
                begin, end = info["data_offsets"]
                self.tensors[name] = np.frombuffer(body[begin:end], "<f4").astype(float).reshape(info["shape"])

    def __call__(self, theta, speed):
        x = np.stack([np.cos(theta), np.sin(theta), speed], axis=1)
        layer = lambda name: x @ self.tensors[f"actor.{name}.weight"].T + self.tensors[f"actor.{name}.bias"]
        for i in range(2):
            x = np.maximum(layer(f"layers.{i}"), 0.0)
        mu, log_std = layer("mu"), np.clip(layer("log_std"), -20, 2)
        logits = layer("logits") if "actor.logits.weight" in self.tensors else np.zeros_like(mu)
        return logits - log_sum_exp(logits), mu, log_std


def log_sum_exp(x):
    most = x.max(axis=-1, keepdims=True)
    return most + np.log(np.exp(x - most).sum(axis=-1, keepdims=True))


def log_density(log_weight, mu, log_std, u):
    """log π of a = tanh u, at u of any number of samples for each state: (states, samples)."""
    log_weight, mu, log_std = (x[:, None, :] for x in (log_weight, mu, log_std))
    parts = log_weight - 0.5 * ((u[:, :, None] - mu) * np.exp(-log_std)) ** 2 - log_std - 0.5 * np.log(2 * np.pi)
    return log_sum_exp(parts)[:, :, 0] - 2 * (np.log(2) - np.abs(u) - np.log1p(np.exp(-2 * np.abs(u))))


def soft_return(policy, grid, theta, speed, rng):
    """Discounted soft return of HORIZON steps and the grid's V behind them, for each start."""
    total = np.zeros(len(theta))
    for t in range(HORIZON):
        parts = log_weight, mu, log_std = policy(theta, speed)
        chosen = (rng.random((len(theta), 1)) > np.exp(log_weight).cumsum(axis=1)[:, :-1]).sum(axis=1)
        rows = np.arange(len(theta))
        u = mu[rows, chosen] + np.exp(log_std[rows, chosen]) * rng.standard_normal(len(theta))
        reward, theta, speed = step(theta, speed, np.tanh(u))
        total += GAMMA ** t * (reward - ALPHA * log_density(*parts, u[:, None])[:, 0])
    return total + GAMMA ** HORIZON * grid(theta, speed)


def divergence(policy, grid, theta, speed):
    """KL(π ‖ exp(Q/α)/Z) in each state: Q by one step and the grid's V; sums over ε and components for π, over actions for Z (E6)."""

    def q(action):
        reward, next_theta, next_speed = step(theta[:, None], speed[:, None], action)
        return reward + GAMMA * grid(next_theta, next_speed)

    nodes, weights = np.polynomial.legendre.leggauss(256)
    exponent = q(nodes[None, :]) / ALPHA
    most = exponent.max(axis=1)
    log_z = most + np.log(np.exp(exponent - most[:, None]) @ weights)
    parts = log_weight, mu, log_std = policy(theta, speed)
    eps = np.linspace(-7, 7, 281)
    share = np.exp(-0.5 * eps ** 2)
    share /= share.sum()
    total = log_z
    for k in range(mu.shape[1]):
        u = mu[:, k, None] + np.exp(log_std[:, k, None]) * eps
        total = total + np.exp(log_weight[:, k]) * ((log_density(*parts, u) - q(np.tanh(u)) / ALPHA) @ share)
    return total


def draw_pendulum(softac, path, found):
    """found: what `pendulum` returns, as theory.json keeps it."""
    panels = [Panel("KL to the exact Boltzmann policy", "environment steps", "mean KL (nats)", (0.0, 6.0), log_x=True),
              Panel("distance from the exact soft value", "environment steps", "(V* − V) / |V*|", (0.0, 0.5), log_x=True)]
    for seed in range(NUM_SEEDS):
        for panel, name in zip(panels, ["kl", "gap"]):
            panel.line(f"seed {seed}", found["steps"], found[f"seed {seed}"][name], COLORS[1 + seed % 5])
    panels[1].line(f"{BAR:.0%}", [STEPS[0], STEPS[-1]], [BAR, BAR], "muted", dash="5,4")
    draw(softac, path, panels, 2, f"Pendulum-v1 at α = {ALPHA}: the learner and the exact solution")


def pendulum(softac, out, folder, run):
    grid, rng = Grid(softac, run), np.random.default_rng(1)
    theta, speed = rng.uniform(-np.pi, np.pi, NUM_STARTS), rng.uniform(-1, 1, NUM_STARTS)
    optimum = grid(theta, speed).mean()
    numbers, good = {"optimum": round(optimum, 3), "steps": STEPS}, True
    for seed in range(NUM_SEEDS):
        path, kl, gap = pathlib.Path(folder) / f"s{seed}", [], []
        for at, steps in enumerate(STEPS):
            if at == 0:
                settings = [part for key, value in SETTINGS.items() for part in ("--set", f"{key}={value}")]
                run(softac, "train", "Pendulum-v1", "--seed", seed, "--run-dir", path, "--steps", steps, "-q", *settings)
            else:
                run(softac, "resume", path, "--steps", steps, "-q")
            policy = Policy(path)
            kl.append(float(divergence(policy, grid, theta, speed).mean()))
            gap.append(float((optimum - soft_return(policy, grid, theta, speed, np.random.default_rng(2)).mean()) / abs(optimum)))
        numbers[f"seed {seed}"] = {"kl": [round(x, 4) for x in kl], "gap": [round(x, 4) for x in gap]}
        good = good and abs(gap[-1]) < BAR and kl[-1] < 0.5 * kl[0]
    if out:
        draw_pendulum(softac, out / "pendulum_learned.svg", numbers)
    return numbers, good
