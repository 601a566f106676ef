"""Stable-Baselines3 where the user has loaded it: softac itself never imports it, it looks into `sys.modules` only."""

from __future__ import annotations

import sys
from typing import Any


def loaded_class(module: str, name: str) -> type[Any] | None:
    """The class `name` of `stable_baselines3.<module>`, or None where that module is not loaded."""
    found = getattr(sys.modules.get(f"stable_baselines3.{module}"), name, None)
    return found if isinstance(found, type) else None


def vec_env_class() -> type[Any] | None:
    """SB3's VecEnv, if loaded."""
    return loaded_class("common.vec_env.base_vec_env", "VecEnv")


def is_sb3_vec_env(env: object) -> bool:
    """True for SB3's own vectorised environments and wrappers (and for classes registered as such)."""
    base = vec_env_class()
    return base is not None and isinstance(env, base)


def register_vec_env(cls: type[Any]) -> None:
    """Makes `cls` a virtual subclass of SB3's VecEnv, if that is loaded: `isinstance` then holds in SB3's functions."""
    base = vec_env_class()
    if base is not None and not issubclass(cls, base):
        base.register(cls)


def wrappers_of(env: Any) -> tuple[list[Any], Any]:
    """SB3's wrappers around a vectorised environment, outermost first, and what they wrap."""
    wrapper = loaded_class("common.vec_env.base_vec_env", "VecEnvWrapper")
    found: list[Any] = []
    while wrapper is not None and isinstance(env, wrapper):
        found.append(env)
        env = env.venv
    return found, env
