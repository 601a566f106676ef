"""Makes sb3_model.zip, a small model that Stable-Baselines3 2.9.2 saved, and sb3_model.npz, what PyTorch reads in it.

Run once, with Stable-Baselines3 and PyTorch: python tests/python/data/make_sb3_model.py
"""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import torch
from stable_baselines3 import SAC

FOLDER = Path(__file__).parent


def main() -> None:
    torch.set_num_threads(1)
    small = {"policy_kwargs": {"net_arch": [8, 8]}, "learning_starts": 50, "buffer_size": 1000}
    model = SAC("MlpPolicy", "Pendulum-v1", **small, seed=3, device="cpu")
    model.learn(300)
    model.save(FOLDER / "sb3_model.zip")
    with zipfile.ZipFile(FOLDER / "sb3_model.zip") as archive:
        files = {name: archive.read(name) for name in archive.namelist() if name.endswith(".pth")}
    states = {name: torch.load(io.BytesIO(contents), weights_only=True) for name, contents in files.items()}
    expected = {f"policy/{name}": value.numpy() for name, value in states["policy.pth"].items()}
    for network in ("actor", "critic"):
        for index, state in states[f"{network}.optimizer.pth"]["state"].items():
            expected |= {f"{network}/{index}/{name}": value.numpy() for name, value in state.items()}
    for name, value in states["ent_coef_optimizer.pth"]["state"][0].items():
        expected[f"ent_coef/0/{name}"] = value.numpy()
    expected["log_ent_coef"] = states["pytorch_variables.pth"]["log_ent_coef"].detach().numpy()
    angles = np.linspace(-3.0, 3.0, 40)
    obs = np.stack([np.cos(angles), np.sin(angles), np.linspace(-8.0, 8.0, 40)], axis=1).astype(np.float32)
    expected["obs"] = obs
    expected["actions"] = model.predict(obs, deterministic=True)[0]
    with torch.no_grad():
        q = model.critic(torch.as_tensor(obs), torch.as_tensor(expected["actions"] / 2.0))
    expected["q"] = torch.cat(q, dim=1).numpy()
    np.savez_compressed(FOLDER / "sb3_model.npz", **expected)


if __name__ == "__main__":
    main()
