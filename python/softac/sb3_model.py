"""What an SB3 model file of SAC holds, in plain values: tensors as NumPy arrays under SB3's names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from softac.sb3_spaces import SpaceText

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Unread:
    """A value that the file holds only as a pickle, which is not read: its class, and the fields beside it as text."""

    type: str
    fields: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class AdamState:
    """One of SB3's optimisers: `torch.optim.Adam` or AdamW.

    The moments `exp_avg` and `exp_avg_sq` are under the names of the parameters (`actor.mu.weight`, `log_ent_coef`) and
    empty where no step has been made. `decoupled`: whether `weight_decay` is AdamW's.
    """

    learning_rate: float
    betas: tuple[float, float]
    eps: float
    weight_decay: float
    decoupled: bool
    step: int
    exp_avg: Mapping[str, Array]
    exp_avg_sq: Mapping[str, Array]


@dataclass(frozen=True)
class Architecture:
    """Sizes of SB3's networks, as the tensors have them."""

    obs_dim: int  # flattened numbers of an observation
    action_dim: int
    net_arch_actor: tuple[int, ...]
    net_arch_critic: tuple[int, ...]
    n_critics: int


@dataclass(frozen=True)
class Sb3Model:
    """A SAC model of Stable-Baselines3.

    `policy`: the tensors of `policy.pth` under SB3's names, float32, weights (outputs, inputs). `log_ent_coef` is log α
    where α is learned, and then `ent_coef_optimizer` its optimiser; else `ent_coef` is the fixed α. `hyperparameters`:
    SB3's constructor arguments by name, as far as they can be read (`policy_kwargs` with classes as names); one that
    the file holds only as a pickle is an `Unread`. `counters`: `num_timesteps`, `_total_timesteps`,
    `_num_timesteps_at_start`, `_episode_num`, `_n_updates`. `policy_class`: "SACPolicy" (MlpPolicy),
    "MultiInputPolicy" or "CnnPolicy".
    """

    policy: Mapping[str, Array]
    actor_optimizer: AdamState
    critic_optimizer: AdamState
    ent_coef_optimizer: AdamState | None
    log_ent_coef: Array | None
    ent_coef: float | None
    observation_space: SpaceText
    action_space: SpaceText
    hyperparameters: Mapping[str, Any]
    counters: Mapping[str, int]
    policy_class: str = "SACPolicy"
    sb3_version: str = ""

    @property
    def unread(self) -> dict[str, str]:
        """Hyperparameters that the file holds only as a pickle, with their classes; load_sb3 must be told them."""
        return {name: value.type for name, value in self.hyperparameters.items() if isinstance(value, Unread)}


def parameter_names(count: int, prefix: str) -> list[str]:
    """SB3's names of the tensors of `count` dense layers; every second block is an activation."""
    return [f"{prefix}.{2 * layer}.{part}" for layer in range(count) for part in ("weight", "bias")]


def actor_names(architecture: Architecture) -> list[str]:
    """The actor's tensors in the order in which SB3's optimiser numbers them."""
    heads = [f"actor.{head}.{part}" for head in ("mu", "log_std") for part in ("weight", "bias")]
    return parameter_names(len(architecture.net_arch_actor), "actor.latent_pi") + heads


def critic_names(architecture: Architecture, prefix: str = "critic") -> list[str]:
    """The critics' tensors in the order in which SB3's optimiser numbers them; the targets' with `critic_target`."""
    layers = len(architecture.net_arch_critic) + 1
    return [name for k in range(architecture.n_critics) for name in parameter_names(layers, f"{prefix}.qf{k}")]


def shapes(architecture: Architecture) -> dict[str, tuple[int, ...]]:
    """Shape of every tensor of the policy."""
    a = architecture
    widths = [a.obs_dim, *a.net_arch_actor]
    layers = {f"actor.latent_pi.{2 * i}": (out, n) for i, (n, out) in enumerate(zip(widths, widths[1:], strict=False))}
    layers |= {f"actor.{head}": (a.action_dim, widths[-1]) for head in ("mu", "log_std")}
    widths = [a.obs_dim + a.action_dim, *a.net_arch_critic, 1]
    for prefix in ("critic", "critic_target"):
        for k in range(a.n_critics):
            for i, (n, out) in enumerate(zip(widths, widths[1:], strict=False)):
                layers[f"{prefix}.qf{k}.{2 * i}"] = (out, n)
    return {f"{name}.weight": shape for name, shape in layers.items()} | {
        f"{name}.bias": shape[:1] for name, shape in layers.items()
    }


def _layers(policy: Mapping[str, Array], prefix: str) -> tuple[int, ...]:
    """Output widths of the dense layers `prefix`.0, .2, …"""
    widths: list[int] = []
    while (weight := policy.get(f"{prefix}.{2 * len(widths)}.weight")) is not None:
        widths.append(weight.shape[0] if weight.ndim == 2 else 0)
    return tuple(widths)


def architecture(policy: Mapping[str, Array], what: str) -> Architecture:
    """Sizes of the networks from their tensors; every tensor's name, shape and type is checked.

    `what`: the file's name in messages. Raises NotImplementedError for tensors of feature extractors (CNN) and of
    state-dependent exploration, ValueError where the tensors are not those of SB3's SAC policy.
    """
    learned = [name for name in policy if "features_extractor" in name]
    if learned:
        raise NotImplementedError(f"{what}: has a feature extractor with parameters ({learned[0]}); softac has no CNN")
    if "actor.log_std" in policy:
        raise NotImplementedError(f"{what}: was trained with use_sde=True; softac has no state-dependent exploration")
    mu = policy.get("actor.mu.weight")
    hidden = _layers(policy, "actor.latent_pi")
    critic = _layers(policy, "critic.qf0")
    if mu is None or mu.ndim != 2 or not critic:
        raise ValueError(f"{what}: has no actor.mu.weight or critic.qf0, so it is no policy of SB3's SAC")
    n_critics = 0
    while f"critic.qf{n_critics}.0.weight" in policy:
        n_critics += 1
    first = policy["actor.latent_pi.0.weight"] if hidden else mu
    found = Architecture(first.shape[-1], mu.shape[0], hidden, critic[:-1], n_critics)
    expected = shapes(found)
    for name in policy.keys() | expected.keys():
        if name not in policy or name not in expected or policy[name].shape != expected[name]:
            have = list(policy[name].shape) if name in policy else "missing"
            want = list(expected[name]) if name in expected else "no such tensor"
            raise ValueError(f"{what}: tensor {name[:80]!a} is {have} where {want} is expected")
        if policy[name].dtype != np.float32:
            raise ValueError(f"{what}: tensor {name[:80]!a} is {policy[name].dtype}; float32 is read")
    if 0 in (found.obs_dim, found.action_dim, *hidden, *critic):
        raise ValueError(f"{what}: has a layer without inputs or outputs")
    return found
