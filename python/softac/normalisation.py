"""Running statistics of environments (SB3's VecNormalize and wrappers with the same attributes): found and copied."""

from __future__ import annotations

from copy import deepcopy
from typing import Any


def normalising_layers(env: Any) -> list[Any]:
    """The wrappers around `env` that hold running statistics (`ret_rms`, and `obs_rms` where observations are
    normalised).
    """
    layers = []
    while env is not None:
        own = _own_attributes(env)
        if "ret_rms" in own or "obs_rms" in own:
            layers.append(env)
        env = own.get("venv")
    return layers


def check_same_layers(env: Any, eval_env: Any) -> None:
    """AssertionError where the two environments are not normalised by the same number of wrappers."""
    have, need = len(normalising_layers(eval_env)), len(normalising_layers(env))
    if have != need:
        raise AssertionError(
            f"the training environment has {need} normalising wrapper(s), the evaluation environment {have}: its "
            "observations would not be those that the model learns from. Wrap it the same way: "
            "VecNormalize(eval_env, training=False, norm_reward=False)"
        )


def sync_statistics(env: Any, eval_env: Any) -> None:
    """Copies the statistics of the training environment to the evaluation environment. AssertionError as above."""
    check_same_layers(env, eval_env)
    for source, target in zip(normalising_layers(env), normalising_layers(eval_env), strict=True):
        for name in ("obs_rms", "ret_rms"):
            if name in _own_attributes(source):
                setattr(target, name, deepcopy(getattr(source, name)))


def _own_attributes(env: Any) -> dict[str, Any]:
    """Not by getattr: a wrapper hands unknown names on to what it wraps."""
    return getattr(env, "__dict__", {})
