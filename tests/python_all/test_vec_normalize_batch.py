"""Batches under Stable-Baselines3's VecNormalize, with 3-step returns, against its NStepReplayBuffer."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from stable_baselines3.common.buffers import NStepReplayBuffer
from stable_baselines3.common.vec_env import DummyVecEnv, VecNormalize

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "python"))

from toy_rows import ToyEnv  # noqa: E402

import softac  # noqa: E402

GAMMA, N_STEPS = 0.9, 3


def sb3_batch(model: softac.SAC, env: VecNormalize) -> dict[str, Any]:
    """All rows of SB3's buffer that holds what the model's holds."""
    stored = model.replay_buffer.export()
    n = len(stored["reward"])
    spaces = env.observation_space, env.action_space
    buffer = NStepReplayBuffer(n + 1, *spaces, device="cpu", n_envs=1, n_steps=N_STEPS, gamma=GAMMA)
    for i in range(n):
        done = stored["terminated"][i] | stored["truncated"][i]
        infos = [{"TimeLimit.truncated": bool(stored["truncated"][i])}]
        columns = [stored[name][i : i + 1] for name in ("obs", "next_obs", "action", "reward")]
        buffer.add(*columns, np.array([done]), infos)
    samples = buffer._get_samples(np.arange(n), env)
    live = (1 - samples.dones.numpy()) * samples.discounts.numpy()
    return {
        "obs": samples.observations.numpy(),
        "action": samples.actions.numpy(),
        "next_obs": samples.next_observations.numpy(),
        "reward": samples.rewards.numpy().ravel(),
        "live": live.ravel(),
    }


@pytest.mark.parametrize(
    "options", [{}, {"norm_reward": False}, {"norm_obs": False}, {"clip_obs": 0.5, "clip_reward": 0.3}]
)
def test_batches_are_those_of_sb3(options: dict[str, Any]) -> None:
    env = VecNormalize(DummyVecEnv([ToyEnv]), gamma=GAMMA, **options)
    small = {"policy_kwargs": {"net_arch": [8]}, "batch_size": 8, "learning_starts": 50, "buffer_size": 1000}
    model = softac.SAC("MlpPolicy", env, gamma=GAMMA, n_steps=N_STEPS, seed=4, **small)
    model.learn(300)
    assert model.replay_buffer.export()["truncated"].any() and model.replay_buffer.export()["terminated"].any()
    expected = sb3_batch(model, env)
    model._set_normalisation()
    batch = model.replay_buffer.sample(5000)
    # Rows are known by their actions, which nothing normalises and of which no two are equal.
    by_action = {action.tobytes(): i for i, action in enumerate(expected["action"])}
    assert len(by_action) == len(expected["action"])
    rows = np.array([by_action[action.tobytes()] for action in batch.actions])
    assert len(set(rows)) > 290
    near = {"rtol": 1e-6, "atol": 1e-6}
    np.testing.assert_allclose(batch.observations, expected["obs"][rows], **near)
    np.testing.assert_allclose(batch.next_observations, expected["next_obs"][rows], **near)
    np.testing.assert_allclose(batch.rewards.ravel(), expected["reward"][rows], **near)
    np.testing.assert_allclose(batch.discounts.ravel(), expected["live"][rows], **near)
    assert np.abs(batch.observations).max() <= options.get("clip_obs", np.inf)
