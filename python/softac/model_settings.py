"""From Stable-Baselines3's constructor arguments to softac's settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from softac import _core

# policy_kwargs of SB3's SAC that mean what softac does anyway, with the values that do.
_WITHOUT_EFFECT: dict[str, tuple[Any, ...]] = {
    "use_sde": (False,),
    "use_expln": (False,),
    "clip_mean": (2.0,),
    "log_std_init": (-3, -3.0),
    "normalize_images": (True, False),
    "share_features_extractor": (True, False),
    "features_extractor_kwargs": (None, {}),
}
_OF_SDE = ("use_sde", "use_expln", "clip_mean", "log_std_init")
_EXTRACTORS = ("FlattenExtractor", "CombinedExtractor")
_ACTIVATIONS = {"ReLU": "relu", "Tanh": "tanh", "ELU": "elu", "SiLU": "silu"}
_OPTIMIZER_KEYS = {"betas", "eps", "weight_decay"}
_IMPLIED_OPTIMIZER_KEYS: dict[str, tuple[Any, ...]] = {
    "amsgrad": (False,),
    "maximize": (False,),
    "foreach": (None, False, True),
    "fused": (None, False),
    "capturable": (False,),
    "differentiable": (False,),
}


def class_name(value: Any) -> str:
    """The name of a class (PyTorch's, which is not imported for it) or of what makes one."""
    name = getattr(value, "__name__", None) or getattr(getattr(value, "func", None), "__name__", None)
    return str(name or value)


def network_settings(policy_kwargs: Mapping[str, Any] | None) -> dict[str, Any]:
    """softac's settings for policy_kwargs; NotImplementedError that names what softac has not."""
    settings: dict[str, Any] = {}
    optimizer = "Adam"
    optimizer_kwargs: Mapping[str, Any] = {}
    for key, value in (policy_kwargs or {}).items():
        if key == "net_arch":
            settings["net_arch"] = _net_arch(value)
        elif key == "activation_fn":
            settings["activation_fn"] = _activation(value)
        elif key in ("n_critics", "policy"):  # policy: softac's setting, which the constructor's argument hides
            settings[key] = value
        elif key == "optimizer_class":
            optimizer = class_name(value)
        elif key == "optimizer_kwargs":
            optimizer_kwargs = value or {}
        elif key == "features_extractor_class":
            if class_name(value) not in _EXTRACTORS:
                raise NotImplementedError(
                    f"policy_kwargs: features_extractor_class={class_name(value)}: softac has no feature extractors "
                    "(CNN and others); observations are flattened, as FlattenExtractor and CombinedExtractor do."
                )
        elif key in _WITHOUT_EFFECT:
            if value not in _WITHOUT_EFFECT[key]:
                of = " belongs to gSDE, which" if key in _OF_SDE else f"={value!r}"
                raise NotImplementedError(f"policy_kwargs: {key}{of} softac has not.")
        else:
            known = [
                "net_arch",
                "activation_fn",
                "n_critics",
                "policy",
                "optimizer_class",
                "optimizer_kwargs",
                *_WITHOUT_EFFECT,
            ]
            raise TypeError(f"policy_kwargs: unknown key {key!r}; there are {', '.join(known)}.")
    settings.update(_optimizer(optimizer, optimizer_kwargs))
    return settings


def _net_arch(value: Any) -> Any:
    if value is None:
        return [256, 256]
    if isinstance(value, Mapping):
        if set(value) != {"pi", "qf"}:
            raise ValueError(f"policy_kwargs: net_arch needs the keys pi and qf, found {sorted(value)}.")
        return {key: list(widths) for key, widths in value.items()}
    return list(value)


def _activation(value: Any) -> str:
    if isinstance(value, str):
        return value
    name = class_name(value)
    if name not in _ACTIVATIONS:
        raise NotImplementedError(f"policy_kwargs: activation_fn={name}; softac has {', '.join(_ACTIVATIONS)}.")
    return _ACTIVATIONS[name]


def _optimizer(name: str, kwargs: Mapping[str, Any]) -> dict[str, Any]:
    if name not in ("Adam", "AdamW"):
        raise NotImplementedError(f"policy_kwargs: optimizer_class={name}; softac has Adam and AdamW.")
    for key, value in kwargs.items():
        if key in _OPTIMIZER_KEYS or value in _IMPLIED_OPTIMIZER_KEYS.get(key, ()):
            continue
        raise NotImplementedError(f"policy_kwargs: optimizer_kwargs: {key}={value!r}, which softac's {name} has not.")
    settings: dict[str, Any] = {}
    if "betas" in kwargs:
        settings["adam_beta1"], settings["adam_beta2"] = kwargs["betas"]
    if "eps" in kwargs:
        settings["adam_eps"] = kwargs["eps"]
    decay = kwargs.get("weight_decay", 0.01 if name == "AdamW" else 0.0)
    if decay and name == "Adam":
        raise NotImplementedError(
            "policy_kwargs: Adam with weight_decay adds it to the gradient, which softac has not; AdamW decouples it."
        )
    settings["weight_decay"] = decay
    return settings


def extra_settings(settings: Mapping[str, Any], taken: Mapping[str, str]) -> dict[str, Any]:
    """softac's own settings as keyword arguments; TypeError on those that an argument of SB3's already sets."""
    known = _core.learner_settings()
    for name in settings:
        if name in taken:
            raise TypeError(f"{name} is set by {taken[name]}.")
        if name not in known:
            raise TypeError(f"unexpected keyword argument {name!r}; softac's own settings are in docs/settings.md.")
    return dict(settings)
