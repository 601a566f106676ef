"""SB3's SAC in softac's terms and back: names of tensors, settings, optimisers, counters.

softac's names are those of its `model.safetensors` and `optimizer.safetensors` (docs/formats.md), its settings those of
docs/settings.md. Shapes agree, (outputs, inputs), and so does the order of a critic's inputs: observation, action.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from gymnasium import spaces

from softac.sb3_model import AdamState, Architecture, Array, Sb3Model, actor_names, architecture, critic_names, shapes
from softac.sb3_spaces import SpaceText

_ACTIVATIONS = {
    "torch.nn.modules.activation.ReLU": "relu",
    "torch.nn.modules.activation.Tanh": "tanh",
    "torch.nn.modules.activation.ELU": "elu",
    "torch.nn.modules.activation.SiLU": "silu",
}
_ADAM = ("torch.optim.adam.Adam", "torch.optim.adamw.AdamW")
_EXTRACTORS = (
    "stable_baselines3.common.torch_layers.FlattenExtractor",
    "stable_baselines3.common.torch_layers.CombinedExtractor",
)
# What SB3 has no counterpart of: other networks or another policy, so that no tensors could say it.
_OTHER_MODEL: dict[str, Any] = {
    "variant": "sac",
    "policy": "squashed_gaussian",
    "norm_layer_actor": "none",
    "norm_layer_critic": "none",
    "normalize_obs": False,
    "log_std_rule": "clamp",
    "log_std_min": -20.0,
    "log_std_max": 2.0,
    "actor_components": 1,
    "actor_covariance": "diagonal",
    "critic_loss": "mse",
    "normalize_reward": "none",
    "target_network": "polyak",
}
# What SB3 could not continue to train with, though the model is the same.
_OTHER_TRAINING: dict[str, Any] = {
    "policy_delay": 1,
    "reward_scale": 1.0,
    "n_target_actions": 1,
    "max_grad_norm": 0.0,
    "actor_gradient": "reparameterised",
    "learning_rate_schedule": "constant",
    "action_noise_std": 0.0,
    "random_action_prob": 0.0,
    "ent_coef_min": 1e-8,
    "ent_coef_max": 1e4,
    "weight_norm": "none",
    "update_order": "critic_first",
}


def tensor_pairs(sizes: Architecture) -> list[tuple[str, str]]:
    """(softac's name, SB3's name) of every tensor of the networks and target critics."""
    layers = [(f"actor.layers.{i}", f"actor.latent_pi.{2 * i}") for i in range(len(sizes.net_arch_actor))]
    layers += [("actor.mu", "actor.mu"), ("actor.log_std", "actor.log_std")]
    depth = len(sizes.net_arch_critic)
    for ours, theirs in (("critic", "critic"), ("target.critic", "critic_target")):
        for k in range(sizes.n_critics):
            layers += [(f"{ours}.{k}.layers.{i}", f"{theirs}.qf{k}.{2 * i}") for i in range(depth)]
            layers.append((f"{ours}.{k}.output", f"{theirs}.qf{k}.{2 * depth}"))
    return [(f"{ours}.{part}", f"{theirs}.{part}") for ours, theirs in layers for part in ("weight", "bias")]


def to_softac(
    model: Sb3Model,
) -> tuple[dict[str, Any], dict[str, Array], dict[str, Array], dict[str, int]]:
    """An SB3 model as (settings, model tensors, optimiser tensors, counters) of softac.

    Settings: those of the groups Networks, Optimisers and Objective that the model decides; a `learning_rate` that is
    a schedule is the optimisers' rate of the last update. Tensors are float32 arrays of their own; log α and its
    moments are 0 where α is fixed. Counters: `num_updates`, `num_actor_updates` and SB3's own, as in `model.counters`.
    Raises NotImplementedError for what softac does not have, and names it.
    """
    if model.policy_class not in ("SACPolicy", "MultiInputPolicy"):
        raise NotImplementedError(f"softac has no {model.policy_class} (images)")
    sizes = architecture(model.policy, "the model")
    pairs = tensor_pairs(sizes)
    tensors = {ours: _own(model.policy[theirs]) for ours, theirs in pairs}
    learned = np.zeros(()) if model.log_ent_coef is None else model.log_ent_coef
    tensors["log_ent_coef"] = _own(learned.reshape(()))
    settings = _networks(model, sizes) | _optimisers(model) | _objective(model)
    counters = dict(model.counters) | _steps(model)
    return settings, tensors, _moments(model, sizes, pairs), counters


def _own(values: Array) -> Array:
    return np.array(values, dtype=np.float32, order="C")


def _networks(model: Sb3Model, sizes: Architecture) -> dict[str, Any]:
    kwargs = dict(model.hyperparameters.get("policy_kwargs", {}))
    activation = kwargs.get("activation_fn", "torch.nn.modules.activation.ReLU")
    if activation not in _ACTIVATIONS:
        raise NotImplementedError(f"softac has no activation {activation}; it has ReLU, Tanh, ELU and SiLU")
    optimizer = kwargs.get("optimizer_class", _ADAM[0])
    if optimizer not in _ADAM:
        raise NotImplementedError(f"softac has no optimiser {optimizer}; it has Adam and AdamW")
    extractor = kwargs.get("features_extractor_class", _EXTRACTORS[0])
    if extractor not in _EXTRACTORS:
        raise NotImplementedError(f"softac has no features_extractor_class {extractor}; it flattens observations")
    if kwargs.get("use_sde") or model.hyperparameters.get("use_sde"):
        raise NotImplementedError("softac has no state-dependent exploration (use_sde=True)")
    _check_net_arch(kwargs.get("net_arch"), sizes)
    return {
        **_net_arch(list(sizes.net_arch_actor), list(sizes.net_arch_critic)),
        "activation_fn": _ACTIVATIONS[activation],
        "n_critics": sizes.n_critics,
        "policy": "squashed_gaussian",
        "log_std_rule": "clamp",
        "log_std_min": -20.0,
        "log_std_max": 2.0,
    }


def _net_arch(actor: list[int], critic: list[int]) -> dict[str, Any]:
    """softac's three settings: an empty list for one network alone stands for `net_arch`."""
    common = actor if actor == critic else []
    return {
        "net_arch": common,
        "net_arch_actor": [] if actor == common else actor,
        "net_arch_critic": [] if critic == common else critic,
    }


def _check_net_arch(written: Any, sizes: Architecture) -> None:
    """The widths in `policy_kwargs`, where they are plain numbers, are those of the tensors."""
    if isinstance(written, list) and len(written) == 1 and isinstance(written[0], dict):
        written = written[0]  # as in SB3 before 1.8
    if isinstance(written, dict):
        actor, critic = written.get("pi"), written.get("qf")
    elif isinstance(written, list):
        actor = critic = written
    else:
        return
    if actor != list(sizes.net_arch_actor) or critic != list(sizes.net_arch_critic):
        have = f"pi={list(sizes.net_arch_actor)}, qf={list(sizes.net_arch_critic)}"
        raise ValueError(f"net_arch in policy_kwargs is {str(written)[:100]}, but the tensors have {have}")


def _optimisers(model: Sb3Model) -> dict[str, Any]:
    actor, critic, ent_coef = model.actor_optimizer, model.critic_optimizer, model.ent_coef_optimizer
    for name in ("betas", "eps", "weight_decay", "decoupled"):
        if getattr(actor, name) != getattr(critic, name):
            raise NotImplementedError(f"the optimisers of actor and critics differ in {name}; softac has one for both")
    if actor.weight_decay and not actor.decoupled:
        raise NotImplementedError("softac has no Adam with weight_decay (L2 penalty); it has AdamW's decoupled decay")
    rate = model.hyperparameters.get("learning_rate")
    settings: dict[str, Any] = {
        "learning_rate": critic.learning_rate if rate is None or not _is_number(rate) else float(rate),
        "adam_beta1": actor.betas[0],
        "adam_beta2": actor.betas[1],
        "adam_eps": actor.eps,
        "weight_decay": actor.weight_decay,
        "weight_decay_scope": "all",
    }
    if ent_coef is not None:
        if (ent_coef.betas[1], ent_coef.eps, ent_coef.weight_decay) != (actor.betas[1], actor.eps, 0.0):
            raise NotImplementedError(
                "the optimiser of log α differs from the actor's in beta2, eps or by a weight_decay; softac has one "
                "beta2 and one eps for all, and α never decays (SB3's optimizer_kwargs leave log α's optimiser alone)"
            )
        settings["adam_beta1_ent_coef"] = ent_coef.betas[0]
    return settings


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _objective(model: Sb3Model) -> dict[str, Any]:
    arguments = model.hyperparameters
    names = ("batch_size", "gamma", "tau", "target_update_interval", "n_steps", "target_entropy")
    settings = {name: arguments[name] for name in names if _is_number(arguments.get(name))}
    return settings | {"ent_coef": _ent_coef(model), "ent_coef_loss": "log_alpha"}


def _ent_coef(model: Sb3Model) -> str | float:
    written = model.hyperparameters.get("ent_coef")
    if model.ent_coef is None:
        return written if isinstance(written, str) and written.startswith("auto") else "auto"
    try:
        exact = float(written) if isinstance(written, (int, float, str)) else model.ent_coef
    except ValueError:
        return model.ent_coef
    return exact if np.float32(exact) == np.float32(model.ent_coef) else model.ent_coef


def _steps(model: Sb3Model) -> dict[str, int]:
    critic, actor, ent_coef = model.critic_optimizer.step, model.actor_optimizer.step, model.ent_coef_optimizer
    if actor > critic or (ent_coef is not None and ent_coef.step != actor):
        steps = f"critics {critic}, actor {actor}" + (f", log α {ent_coef.step}" if ent_coef else "")
        raise NotImplementedError(
            f"the optimisers have made different numbers of steps ({steps}); softac's actor and log α step together, "
            "and no more often than its critics"
        )
    return {"num_updates": critic, "num_actor_updates": actor}


def _moments(model: Sb3Model, sizes: Architecture, pairs: list[tuple[str, str]]) -> dict[str, Array]:
    shape_of = shapes(sizes)
    out: dict[str, Array] = {}
    for prefix, moment in (("adam_m.", "exp_avg"), ("adam_v.", "exp_avg_sq")):
        for ours, theirs in pairs:
            if theirs.startswith("critic_target."):
                continue
            optimizer = model.actor_optimizer if theirs.startswith("actor.") else model.critic_optimizer
            values = getattr(optimizer, moment).get(theirs)
            out[prefix + ours] = _own(np.zeros(shape_of[theirs]) if values is None else values)
        values = getattr(model.ent_coef_optimizer, moment, {}).get("log_ent_coef")
        out[prefix + "log_ent_coef"] = _own(np.zeros(()) if values is None else values.reshape(()))
    return out


def training_differences(settings: Mapping[str, Any]) -> list[str]:
    """Settings, as `name = value`, with which SB3 could not continue to train a model of softac's."""
    differing = [n for n, usual in _OTHER_TRAINING.items() if settings.get(n, usual) != usual]
    rate = settings.get("learning_rate")
    for name in ("learning_rate_actor", "learning_rate_critic", "learning_rate_ent_coef"):
        if settings.get(name, -1.0) not in (-1.0, rate):
            differing.append(name)
    if settings.get("weight_decay", 0.0) and settings.get("weight_decay_scope", "all") != "all":
        differing.append("weight_decay_scope")
    if _learns(settings) and settings.get("ent_coef_loss", "alpha") != "log_alpha":
        return differing_text(differing, settings) + [f"ent_coef_loss = {settings.get('ent_coef_loss', 'alpha')}"]
    return differing_text(differing, settings)


def differing_text(names: Iterable[str], settings: Mapping[str, Any]) -> list[str]:
    """ "name = value" of each setting."""
    return [f"{name} = {settings[name]}" for name in names]


def _learns(settings: Mapping[str, Any]) -> bool:
    return str(settings.get("ent_coef", "auto")).startswith("auto")


def from_softac(
    settings: Mapping[str, Any],
    model: Mapping[str, Array],
    optimizer: Mapping[str, Array],
    counters: Mapping[str, int],
    spaces_: tuple[spaces.Space[Any], spaces.Space[Any]],
    hyperparameters: Mapping[str, Any],
    *,
    strict: bool = True,
) -> Sb3Model:
    """softac's state as a model of SB3's SAC.

    `settings`, `model`, `optimizer`: as of an agent, names and shapes as `to_softac` gives them; settings that are
    left out have their defaults. `counters`: `num_updates` and `num_actor_updates`, and SB3's counters where they are
    known. `spaces_`: observation and action space. `hyperparameters`: SB3's constructor arguments, whose places are
    else taken by settings and SB3's defaults. Raises NotImplementedError for what SB3's SAC does not have: discrete
    actions, other networks or policies, and, where `strict`, settings with which it would train differently; ValueError
    where tensors are missing or have other shapes.
    """
    _check_settings(settings, model, spaces_[1], strict)
    sizes = _sizes(model)
    _check_spaces(spaces_, sizes)
    pairs = tensor_pairs(sizes)
    expected = shapes(sizes)
    policy = {theirs: _given(model, ours, expected[theirs]) for ours, theirs in pairs}
    known = {ours for ours, _ in pairs} | {"log_ent_coef"}
    if extra := sorted(model.keys() - known):
        raise ValueError(f"tensor {extra[0]} has no counterpart in SB3's SAC")
    learned = _learns(settings)
    steps = {name: int(counters[name]) for name in ("num_updates", "num_actor_updates")}
    names = {theirs: ours for ours, theirs in pairs}
    actor = {theirs: names[theirs] for theirs in actor_names(sizes)}
    critic = {theirs: names[theirs] for theirs in critic_names(sizes)}
    return Sb3Model(
        policy={name: policy[name] for name in _policy_order(sizes)},
        actor_optimizer=_adam(settings, optimizer, actor, expected, steps["num_actor_updates"]),
        critic_optimizer=_adam(settings, optimizer, critic, expected, steps["num_updates"]),
        ent_coef_optimizer=_ent_coef_adam(settings, optimizer, steps["num_actor_updates"]) if learned else None,
        log_ent_coef=_given(model, "log_ent_coef", ()) if learned else None,
        ent_coef=None if learned else float(settings["ent_coef"]),
        observation_space=SpaceText(spaces_[0], True, "", spaces_[0].shape),
        action_space=SpaceText(spaces_[1], True, "", spaces_[1].shape),
        hyperparameters=_arguments(settings, hyperparameters, sizes),
        counters=_sb3_counters(counters),
        policy_class="MultiInputPolicy" if isinstance(spaces_[0], spaces.Dict) else "SACPolicy",
    )


def _check_settings(
    settings: Mapping[str, Any], model: Mapping[str, Array], action_space: spaces.Space[Any], strict: bool
) -> None:
    if not isinstance(action_space, spaces.Box) or "actor.mu.weight" not in model:
        raise NotImplementedError("DiscreteSAC has no counterpart in Stable-Baselines3, whose SAC takes Box actions")
    other = [name for name, usual in _OTHER_MODEL.items() if settings.get(name, usual) != usual]
    if other:
        raise NotImplementedError(f"SB3's SAC has no {', '.join(differing_text(other, settings))}")
    differing = training_differences(settings) if strict else []
    if differing:
        raise NotImplementedError(
            f"SB3 would train this model differently, as its SAC has no {', '.join(differing)}; strict=False exports "
            "the model all the same"
        )


def _check_spaces(spaces_: tuple[spaces.Space[Any], spaces.Space[Any]], sizes: Architecture) -> None:
    found = tuple(spaces.flatdim(space) for space in spaces_)
    if found != (sizes.obs_dim, sizes.action_dim):
        raise ValueError(
            f"the spaces have {found[0]} numbers of an observation and {found[1]} of an action, the tensors "
            f"{sizes.obs_dim} and {sizes.action_dim}"
        )


def _sizes(model: Mapping[str, Array]) -> Architecture:
    """Sizes of the networks from softac's tensors."""

    def widths(prefix: str) -> list[int]:
        found: list[int] = []
        while (bias := model.get(f"{prefix}.layers.{len(found)}.bias")) is not None:
            found.append(bias.shape[0] if bias.ndim == 1 else 0)
        return found

    actor = widths("actor")
    first = model.get("actor.layers.0.weight" if actor else "actor.mu.weight")
    mu = model["actor.mu.weight"]
    n_critics = 0
    while f"critic.{n_critics}.output.weight" in model:
        n_critics += 1
    if first is None or first.ndim != 2 or mu.ndim != 2 or not n_critics:
        raise ValueError("the tensors are not those of a softac agent: actor.…, critic.0.… are expected")
    return Architecture(first.shape[1], mu.shape[0], tuple(actor), tuple(widths("critic.0")), n_critics)


def _given(tensors: Mapping[str, Array], name: str, shape: tuple[int, ...]) -> Array:
    if name not in tensors or tuple(tensors[name].shape) != shape:
        have = list(tensors[name].shape) if name in tensors else "missing"
        raise ValueError(f"tensor {name} is {have} where {list(shape)} is expected")
    return _own(tensors[name])


def _policy_order(sizes: Architecture) -> list[str]:
    """SB3's order: by registration of the modules."""
    return actor_names(sizes) + critic_names(sizes) + critic_names(sizes, "critic_target")


def _adam(
    settings: Mapping[str, Any],
    optimizer: Mapping[str, Array],
    names: Mapping[str, str],
    shape_of: Mapping[str, tuple[int, ...]],
    step: int,
) -> AdamState:
    """`names`: SB3's names of the parameters to softac's."""

    def moment(prefix: str) -> dict[str, Array]:
        if step == 0:
            return {}
        return {theirs: _given(optimizer, prefix + ours, shape_of[theirs]) for theirs, ours in names.items()}

    decay = float(settings.get("weight_decay", 0.0))
    return AdamState(
        learning_rate=float(settings.get("learning_rate", 3e-4)),
        betas=(float(settings.get("adam_beta1", 0.9)), float(settings.get("adam_beta2", 0.999))),
        eps=float(settings.get("adam_eps", 1e-8)),
        weight_decay=decay,
        decoupled=decay != 0.0,
        step=step,
        exp_avg=moment("adam_m."),
        exp_avg_sq=moment("adam_v."),
    )


def _ent_coef_adam(settings: Mapping[str, Any], optimizer: Mapping[str, Array], step: int) -> AdamState:
    own = float(settings.get("adam_beta1_ent_coef", -1.0))
    rules = {**settings, "weight_decay": 0.0, "adam_beta1": own if own >= 0 else settings.get("adam_beta1", 0.9)}
    state = _adam(rules, optimizer, {"log_ent_coef": "log_ent_coef"}, {"log_ent_coef": ()}, step)
    moments = [{name: values.reshape(1) for name, values in m.items()} for m in (state.exp_avg, state.exp_avg_sq)]
    return AdamState(
        state.learning_rate, state.betas, state.eps, 0.0, False, step, exp_avg=moments[0], exp_avg_sq=moments[1]
    )


_DEFAULTS: dict[str, Any] = {
    **{"learning_rate": 3e-4, "buffer_size": 1_000_000, "learning_starts": 100, "batch_size": 256, "tau": 0.005},
    **{"gamma": 0.99, "train_freq": 1, "gradient_steps": 1, "action_noise": None, "optimize_memory_usage": False},
    **{"n_steps": 1, "ent_coef": "auto", "target_update_interval": 1, "use_sde": False, "sde_sample_freq": -1},
    **{"use_sde_at_warmup": False, "stats_window_size": 100, "tensorboard_log": None, "verbose": 0, "seed": None},
    **{"replay_buffer_class": None, "replay_buffer_kwargs": {}},
}
_FROM_SETTINGS = ("learning_rate", "batch_size", "tau", "gamma", "n_steps", "ent_coef", "target_update_interval")


def _arguments(
    settings: Mapping[str, Any], hyperparameters: Mapping[str, Any], sizes: Architecture
) -> dict[str, Any]:
    unknown = hyperparameters.keys() - _DEFAULTS.keys() - {"policy_kwargs", "target_entropy"}
    if unknown:
        raise ValueError(f"{sorted(unknown)[0]!r} is no argument of SB3's SAC that a model file holds")
    agreed = {name: settings[name] for name in _FROM_SETTINGS if name in settings}
    target = hyperparameters.get("target_entropy", settings.get("target_entropy", "auto"))
    return {
        **_DEFAULTS,
        **agreed,
        **hyperparameters,
        "ent_coef": settings.get("ent_coef", "auto"),
        "target_entropy": -float(sizes.action_dim) if target == "auto" else float(target),
        "policy_kwargs": _policy_kwargs(settings, hyperparameters.get("policy_kwargs") or {}, sizes),
    }


def _policy_kwargs(settings: Mapping[str, Any], given: Mapping[str, Any], sizes: Architecture) -> dict[str, Any]:
    """`policy_kwargs` from the tensors and settings, with classes as dotted names; the rest as given."""
    decided = ("net_arch", "activation_fn", "n_critics", "optimizer_class", "optimizer_kwargs", "use_sde")
    kwargs = {name: value for name, value in given.items() if name not in decided}
    actor, critic = list(sizes.net_arch_actor), list(sizes.net_arch_critic)
    kwargs["net_arch"] = actor if actor == critic else {"pi": actor, "qf": critic}
    activation = settings.get("activation_fn", "relu")
    if activation != "relu":
        kwargs["activation_fn"] = next(name for name, ours in _ACTIVATIONS.items() if ours == activation)
    if sizes.n_critics != 2:
        kwargs["n_critics"] = sizes.n_critics
    rules = _adam(settings, {}, {}, {}, 0)
    optimizer: dict[str, Any] = {}
    if rules.betas != (0.9, 0.999):
        optimizer["betas"] = list(rules.betas)
    if rules.eps != 1e-8:
        optimizer["eps"] = rules.eps
    if rules.weight_decay:
        kwargs["optimizer_class"] = _ADAM[1]
        optimizer["weight_decay"] = rules.weight_decay
    if optimizer:
        kwargs["optimizer_kwargs"] = optimizer
    return kwargs | {"use_sde": False}


def _sb3_counters(counters: Mapping[str, int]) -> dict[str, int]:
    names = ("num_timesteps", "_total_timesteps", "_num_timesteps_at_start", "_episode_num")
    found = {name: int(counters.get(name, 0)) for name in names}
    return found | {"_n_updates": int(counters.get("_n_updates", counters["num_updates"]))}
