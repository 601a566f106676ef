"""Vectorised environments: `VecEnv`, what makes one of Gymnasium's environments, and `as_vec_env`, which chooses."""

from __future__ import annotations

from typing import Any

import gymnasium
from gymnasium.vector import AutoresetMode, VectorEnv

from softac.base_vec_env import VecEnv, tile_images
from softac.dummy_vec_env import DummyVecEnv
from softac.sb3_interop import is_sb3_vec_env, loaded_class, register_vec_env, wrappers_of
from softac.vector_env import VectorEnvAdapter

__all__ = ["DummyVecEnv", "VecEnv", "VectorEnvAdapter", "as_vec_env", "tile_images"]


def as_vec_env(env: Any) -> Any:
    """A VecEnv of what the user gave.

    - softac's or SB3's VecEnv (wrappers included): itself.
    - `gymnasium.vector.VectorEnv`: a `VectorEnvAdapter`, in any of the three autoreset modes.
    - `gymnasium.Env`: a `DummyVecEnv` with this one environment.
    - an environment's name: `gymnasium.make` of it.

    TypeError: anything else. ValueError: SB3's VecFrameStack or VecMonitor around a VectorEnv in NEXT_STEP mode, whose
    rows of resets they would take for steps.
    """
    register_vec_env(VecEnv)
    if isinstance(env, str):
        env = gymnasium.make(env)
    if isinstance(env, VecEnv) or is_sb3_vec_env(env):
        _check_wrappers(env)
        return env
    if isinstance(env, VectorEnv):
        return VectorEnvAdapter(env)
    if isinstance(env, gymnasium.Env):
        return DummyVecEnv([lambda: env])
    raise TypeError(
        f"An environment of type {type(env).__name__} is not supported: give a gymnasium.Env, a "
        "gymnasium.vector.VectorEnv, softac's or stable_baselines3's VecEnv, or the name of a registered environment."
    )


def _check_wrappers(env: Any) -> None:
    wrappers, inner = wrappers_of(env)
    if not isinstance(inner, VectorEnvAdapter) or inner.autoreset_mode is not AutoresetMode.NEXT_STEP:
        return
    for module, name in (("vec_frame_stack", "VecFrameStack"), ("vec_monitor", "VecMonitor")):
        refused = loaded_class(f"common.vec_env.{module}", name)
        if refused is not None and any(isinstance(wrapper, refused) for wrapper in wrappers):
            raise ValueError(
                f"{name} takes the rows in which a VectorEnv in NEXT_STEP mode only resets for steps: make the "
                "VectorEnv with autoreset_mode=AutoresetMode.SAME_STEP."
            )
