"""Models between Stable-Baselines3 and softac.SAC: SB3 → softac → SB3, and back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
import stable_baselines3
import torch
from stable_baselines3.common.noise import NormalActionNoise

import softac

OBS = np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32)
CONFIGS: dict[str, dict[str, Any]] = {
    "default": {},
    "fixed": {"ent_coef": 0.2, "policy_kwargs": {"net_arch": {"pi": [8, 8], "qf": [16]}, "n_critics": 1}},
    "auto_0.1": {"ent_coef": "auto_0.1", "policy_kwargs": {"net_arch": [8], "activation_fn": torch.nn.Tanh}},
    "adamw": {"policy_kwargs": {"net_arch": [8], "optimizer_class": torch.optim.AdamW}},
    "noise": {"action_noise": NormalActionNoise(np.zeros(1), 0.1 * np.ones(1)), "train_freq": (2, "step")},
}


def small(config: dict[str, Any]) -> dict[str, Any]:
    return {
        "learning_starts": 20,
        "seed": 1,
        **config,
        "policy_kwargs": {"net_arch": [16, 16], **config.get("policy_kwargs", {})},
    }


def optimizers(model: Any) -> dict[str, Any]:
    found = {"actor": model.actor.optimizer, "critic": model.critic.optimizer, "ent_coef": model.ent_coef_optimizer}
    return {name: optimizer.state_dict()["state"] for name, optimizer in found.items() if optimizer is not None}


def same_states(first: Any, second: Any) -> None:
    for name, state in optimizers(first).items():
        other = optimizers(second)[name]
        assert state.keys() == other.keys()
        for key, values in state.items():
            for field, value in values.items():
                assert torch.equal(torch.as_tensor(value), torch.as_tensor(other[key][field])), (name, key, field)


@pytest.mark.parametrize("name", CONFIGS)
def test_sb3_to_softac_to_sb3(name: str, tmp_path: Path) -> None:
    original = stable_baselines3.SAC("MlpPolicy", "Pendulum-v1", **small(CONFIGS[name]))
    original.learn(120)
    original.save(tmp_path / "sb3.zip")
    for env in (None, gymnasium.make("Pendulum-v1")):
        model = softac.SAC.load_sb3(tmp_path / "sb3.zip", env)
        np.testing.assert_allclose(
            model.predict(OBS, deterministic=True)[0], original.predict(OBS, deterministic=True)[0], atol=1e-6
        )
        assert model.num_timesteps == 120
        assert tuple(model.train_freq)[0] == original.train_freq.frequency
        if original.log_ent_coef is None:
            assert model.ent_coef_tensor == pytest.approx(original.ent_coef_tensor.item())
        else:
            assert model.log_ent_coef[0] == original.log_ent_coef.item()
        assert (model.action_noise is None) == (original.action_noise is None)
        model.export_sb3(tmp_path / "back.zip")
        back = stable_baselines3.SAC.load(tmp_path / "back.zip", env=gymnasium.make("Pendulum-v1"))
        np.testing.assert_array_equal(
            back.predict(OBS, deterministic=True)[0], original.predict(OBS, deterministic=True)[0]
        )
        same_states(original, back)
        for a, b in zip(original.policy.parameters(), back.policy.parameters(), strict=True):
            assert torch.equal(a, b)
        back.learn(30, reset_num_timesteps=False)
    model.learn(30, reset_num_timesteps=False)
    assert model.num_timesteps == 150


def test_softac_to_sb3(tmp_path: Path) -> None:
    model = softac.SAC("MlpPolicy", "Pendulum-v1", **small({}))
    model.learn(120)
    model.export_sb3(tmp_path / "model.zip")
    other = stable_baselines3.SAC.load(tmp_path / "model.zip", env=gymnasium.make("Pendulum-v1"))
    np.testing.assert_allclose(
        model.predict(OBS, deterministic=True)[0], other.predict(OBS, deterministic=True)[0], atol=1e-6
    )
    assert other.log_ent_coef.item() == model.log_ent_coef[0]
    assert other.num_timesteps == 120 and other._n_updates == model._n_updates
    other.learn(20, reset_num_timesteps=False)


def test_what_sb3_has_not_is_named(tmp_path: Path) -> None:
    model = softac.SAC("MlpPolicy", "Pendulum-v1", critic_loss="quantile")
    with pytest.raises(NotImplementedError, match="critic_loss"):
        model.export_sb3(tmp_path / "model.zip")
    with pytest.raises(ValueError, match="load_sb3"):
        stable_baselines3.SAC("MlpPolicy", "Pendulum-v1").save(tmp_path / "sb3.zip")
        softac.SAC.load(tmp_path / "sb3.zip")
