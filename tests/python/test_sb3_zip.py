"""Reading, translating and writing SB3's model files; sb3_model.zip is a real one (data/make_sb3_model.py)."""

from __future__ import annotations

import dataclasses
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gymnasium import spaces
from sb3_files import DATA, MODEL, actions, entries, q_values, with_data, with_entry, zipped

from softac.sb3_model import AdamState, Unread
from softac.sb3_pickle import read_pth
from softac.sb3_write import write_pth
from softac.sb3_zip import Sb3Model, from_softac, read_sb3, to_softac, write_sb3


@pytest.fixture(scope="module")
def model() -> Sb3Model:
    return read_sb3(MODEL)


@pytest.fixture(scope="module")
def expected() -> dict[str, np.ndarray]:
    with np.load(DATA / "sb3_model.npz") as file:
        return dict(file)


def same(a: Any, b: Any) -> bool:
    """Equality of models down to bits."""
    if isinstance(a, np.ndarray):
        return isinstance(b, np.ndarray) and a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    if dataclasses.is_dataclass(a):
        return all(same(getattr(a, f.name), getattr(b, f.name)) for f in dataclasses.fields(a))
    return bool(type(a) is type(b) and a == b)


def there_and_back(model: Sb3Model, **hyperparameters: Any) -> Sb3Model:
    settings, tensors, moments, counters = to_softac(model)
    pair = (model.observation_space.space, model.action_space.space)
    assert pair[0] is not None and pair[1] is not None
    arguments = {**model.hyperparameters, **hyperparameters}
    return from_softac(settings, tensors, moments, counters, (pair[0], pair[1]), arguments)


def written(model: Sb3Model) -> Sb3Model:
    out = io.BytesIO()
    write_sb3(out, model)
    return read_sb3(io.BytesIO(out.getvalue()))


def test_tensors_are_those_that_pytorch_reads(model: Sb3Model, expected: dict[str, np.ndarray]) -> None:
    assert list(model.policy) == [name[7:] for name in expected if name.startswith("policy/")]
    for name, value in model.policy.items():
        assert same(value, expected["policy/" + name]), name
    assert model.log_ent_coef is not None and same(model.log_ent_coef.reshape(1), expected["log_ent_coef"])
    for network in ("actor", "critic", "ent_coef"):
        state: AdamState = getattr(model, network + "_optimizer")
        for index, name in enumerate(state.exp_avg):
            assert same(state.exp_avg[name], expected[f"{network}/{index}/exp_avg"])
            assert same(state.exp_avg_sq[name], expected[f"{network}/{index}/exp_avg_sq"])
        assert state.step == expected[f"{network}/0/step"] == 250
        assert (state.learning_rate, state.betas, state.eps) == (3e-4, (0.9, 0.999), 1e-8)
        assert (state.weight_decay, state.decoupled) == (0.0, False)


def test_what_stands_beside_the_tensors(model: Sb3Model) -> None:
    counters = {"num_timesteps": 300, "_total_timesteps": 300, "_episode_num": 1, "_n_updates": 250}
    assert model.counters == counters | {"_num_timesteps_at_start": 0}
    arguments = model.hyperparameters
    assert (arguments["learning_rate"], arguments["buffer_size"], arguments["ent_coef"]) == (3e-4, 1000, "auto")
    assert (arguments["train_freq"], arguments["gradient_steps"], arguments["seed"]) == (1, 1, 3)
    assert arguments["policy_kwargs"] == {"net_arch": [8, 8], "use_sde": False}
    assert arguments["replay_buffer_class"] is None and arguments["replay_buffer_kwargs"] == {}
    high = np.array([1, 1, 8], np.float32)
    assert model.observation_space.space == spaces.Box(-high, high) and model.observation_space.exact
    assert model.action_space.space == spaces.Box(-2.0, 2.0, (1,)) and model.action_space.exact
    assert (model.policy_class, model.sb3_version, model.unread) == ("SACPolicy", "2.9.2", {})


def test_names_and_settings_of_softac(model: Sb3Model) -> None:
    settings, tensors, moments, counters = to_softac(model)
    layers = ["actor.layers.0", "actor.layers.1", "actor.mu", "actor.log_std"]
    critics = [f"critic.{k}.{layer}" for k in range(2) for layer in ("layers.0", "layers.1", "output")]
    pairs = [f"{layer}.{part}" for layer in layers + critics for part in ("weight", "bias")]
    targets = [f"target.{name}" for name in pairs if name.startswith("critic.")]
    assert tensors.keys() == {*pairs, *targets, "log_ent_coef"}
    assert moments.keys() == {f"adam_{m}.{name}" for m in "mv" for name in [*pairs, "log_ent_coef"]}
    assert all(t.dtype == np.float32 and t.flags.writeable for t in (tensors | moments).values())
    assert tensors["log_ent_coef"].shape == moments["adam_v.log_ent_coef"].shape == ()
    assert counters["num_updates"] == counters["num_actor_updates"] == 250 and counters["num_timesteps"] == 300
    assert settings["net_arch"] == [8, 8] and settings["net_arch_actor"] == settings["net_arch_critic"] == []
    assert (settings["ent_coef"], settings["ent_coef_loss"], settings["target_entropy"]) == ("auto", "log_alpha", -1.0)
    assert (settings["activation_fn"], settings["n_critics"], settings["learning_rate"]) == ("relu", 2, 3e-4)


def test_the_networks_compute_the_same(model: Sb3Model, expected: dict[str, np.ndarray]) -> None:
    _, tensors, _, _ = to_softac(model)
    mine = actions(expected["obs"], tensors)
    np.testing.assert_allclose(2.0 * mine, expected["actions"], rtol=0, atol=1e-6)
    for k in range(2):
        q = q_values(expected["obs"], expected["actions"] / 2.0, tensors, f"critic.{k}")
        np.testing.assert_allclose(q, expected["q"][:, k], rtol=1e-5, atol=1e-5)


def test_targets_are_not_the_critics(model: Sb3Model) -> None:
    _, tensors, _, _ = to_softac(model)
    assert same(tensors["target.critic.1.output.weight"], model.policy["critic_target.qf1.4.weight"])
    assert not same(tensors["target.critic.1.output.weight"], tensors["critic.1.output.weight"])


def networks(model: Sb3Model) -> dict[str, Any]:
    """Everything but hyperparameters, counters and the version."""
    others = ("hyperparameters", "counters", "sb3_version")
    return {f.name: getattr(model, f.name) for f in dataclasses.fields(model) if f.name not in others}


def test_there_and_back_changes_nothing(model: Sb3Model) -> None:
    back = there_and_back(model)
    assert same(networks(back), networks(model))
    assert back.counters == model.counters and back.hyperparameters == model.hyperparameters


def test_written_and_read_again(model: Sb3Model, tmp_path: Path) -> None:
    back = there_and_back(model)
    again = written(back)
    assert same(networks(again), networks(back))
    assert again.hyperparameters == back.hyperparameters and again.counters == back.counters
    write_sb3(tmp_path / "folder" / "model", back)
    first = (tmp_path / "folder" / "model.zip").read_bytes()
    write_sb3(str(tmp_path / "folder" / "model.zip"), back)
    assert (tmp_path / "folder" / "model.zip").read_bytes() == first
    with zipfile.ZipFile(io.BytesIO(first)) as archive:
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}  # so that they stay equal
    assert [p.name for p in (tmp_path / "folder").iterdir()] == ["model.zip"]
    assert read_sb3(tmp_path / "folder" / "model").counters == model.counters


def layers(prefix: str, widths: list[int]) -> dict[str, tuple[int, ...]]:
    return {f"{prefix}.layers.{i}": (widths[i + 1], widths[i]) for i in range(len(widths) - 1)}


def random_model(pi: list[int], qf: list[int], n_critics: int, step: int, **settings: Any) -> Sb3Model:
    """A model from softac's side, with random numbers."""
    rng = np.random.default_rng(5)
    obs, act = 3, 2
    sizes: dict[str, tuple[int, ...]] = layers("actor", [obs, *pi])
    sizes |= {head: (act, [obs, *pi][-1]) for head in ("actor.mu", "actor.log_std")}
    for k in range(n_critics):
        sizes |= layers(f"critic.{k}", [obs + act, *qf])
        sizes[f"critic.{k}.output"] = (1, [obs + act, *qf][-1])
    shape_of = {f"{n}.weight": s for n, s in sizes.items()} | {f"{n}.bias": s[:1] for n, s in sizes.items()}
    shape_of["log_ent_coef"] = ()
    draw = {name: rng.standard_normal(s).astype(np.float32) for name, s in shape_of.items()}
    targets = {f"target.{n}": rng.standard_normal(s).astype(np.float32) for n, s in shape_of.items() if n[0] == "c"}
    moments = {f"adam_{m}.{n}": rng.random(s).astype(np.float32) for m in "mv" for n, s in shape_of.items()}
    box = spaces.Box(-1.0, 1.0, (obs,)), spaces.Box(-2.0, 2.0, (act,))
    counters = {"num_updates": step, "num_actor_updates": step, "num_timesteps": 7}
    settings = {"ent_coef": "auto", "ent_coef_loss": "log_alpha", **settings}
    return from_softac(settings, draw | targets, moments, counters, box, {})


@pytest.mark.parametrize(
    ("pi", "qf", "n_critics", "settings"),
    [
        ([], [], 1, {}),
        ([4], [], 2, {"activation_fn": "tanh"}),
        ([], [4, 5], 3, {"activation_fn": "elu", "ent_coef": 0.25}),
        ([6, 5, 4], [3], 12, {"activation_fn": "silu", "weight_decay": 0.02, "adam_eps": 1e-7, "ent_coef": 0.1}),
        ([4], [4], 2, {"adam_beta1": 0.5, "adam_beta1_ent_coef": 0.8, "ent_coef": "auto_0.1"}),
    ],
)
def test_shapes_and_settings(pi: list[int], qf: list[int], n_critics: int, settings: dict[str, Any]) -> None:
    start = random_model(pi, qf, n_critics, 11, **settings)
    read = written(start)
    found, tensors, moments, _ = to_softac(read)
    assert all(found[name] == value for name, value in settings.items())
    assert (found["net_arch_actor"] or found["net_arch"]) == pi
    assert (found["net_arch_critic"] or found["net_arch"]) == qf
    assert found["n_critics"] == n_critics
    last = f"critic.{n_critics - 1}.output"
    assert f"{last}.weight" in tensors and f"adam_v.{last}.bias" in moments
    again = there_and_back(read)
    assert same(again.policy, start.policy) and same(again.actor_optimizer, start.actor_optimizer)
    assert same(again.critic_optimizer, start.critic_optimizer)
    assert same(again.ent_coef_optimizer, start.ent_coef_optimizer)
    assert same(again.log_ent_coef, start.log_ent_coef) and again.ent_coef == start.ent_coef


def test_before_the_first_step_there_are_no_moments() -> None:
    fresh = written(random_model([4], [4], 2, 0))
    assert fresh.actor_optimizer.exp_avg == {} and fresh.critic_optimizer.step == 0
    _, _, moments, counters = to_softac(fresh)
    assert counters["num_updates"] == 0 and not any(m.any() for m in moments.values())


def test_counts_of_steps_beyond_float32() -> None:
    assert written(random_model([4], [4], 2, (1 << 24) + 1)).critic_optimizer.step == (1 << 24) + 1


def old_zip(**changes: Any) -> io.BytesIO:
    """The model as an early version of SB3 on an early PyTorch would have written it: steps are integers, the file of
    variables is `tensors.pth`, entries are deflated and `data` lacks later keys."""
    contents = entries()
    for name in ("actor", "critic", "ent_coef"):
        file = f"{name}{'' if name == 'ent_coef' else '.'}optimizer.pth".replace("coefoptimizer", "coef_optimizer")
        state = read_pth(contents[file], file)
        kept = ("lr", "betas", "eps", "weight_decay", "amsgrad", "params")
        group = {key: state["param_groups"][0][key] for key in kept}
        steps = {i: {**s, "step": int(s["step"])} for i, s in state["state"].items()}
        contents[file] = write_pth({"state": steps, "param_groups": [group]})
    contents["tensors.pth"] = contents.pop("pytorch_variables.pth")
    del contents["_stable_baselines3_version"], contents["system_info.txt"]
    data = json.loads(contents["data"])
    for key in ("n_steps", "_stats_window_size", "_num_timesteps_at_start", "replay_buffer_class", "lr_schedule"):
        del data[key]
    for key in ("observation_space", "action_space"):
        data[key][":type:"] = "<class 'gym.spaces.box.Box'>"
        del data[key]["low_repr"], data[key]["high_repr"]
    contents["data"] = json.dumps(data | changes).encode()
    return io.BytesIO(zipped(contents, zipfile.ZIP_DEFLATED))


def test_files_of_early_versions(model: Sb3Model) -> None:
    old = read_sb3(old_zip(train_freq=4))
    assert same(old.policy, model.policy) and same(old.critic_optimizer, model.critic_optimizer)
    assert same(old.log_ent_coef, model.log_ent_coef) and old.sb3_version == ""
    assert old.observation_space.space == model.observation_space.space
    assert old.hyperparameters["train_freq"] == 4 and "n_steps" not in old.hyperparameters
    assert to_softac(old)[0]["net_arch"] == [8, 8]
    listed = read_sb3(old_zip(policy_kwargs={"net_arch": [{"pi": [8, 8], "qf": [8, 8]}]}))
    assert to_softac(listed)[0]["net_arch"] == [8, 8]


def test_episodes_as_train_freq_are_recognised(model: Sb3Model) -> None:
    assert written(there_and_back(model, train_freq=(2, "episode"))).hyperparameters["train_freq"] == (2, "episode")
    assert written(there_and_back(model, train_freq=(3, "step"))).hyperparameters["train_freq"] == 3
    with pytest.raises(ValueError, match="train_freq is 'often'"):
        written(there_and_back(model, train_freq="often"))
    entry = json.loads(entries()["data"])["train_freq"] | {":type:": "<class 'another.TrainFreq'>"}
    assert read_sb3(with_data(train_freq=entry)).unread == {"train_freq": "another.TrainFreq"}


def test_a_pickled_argument_is_unread_and_not_written(model: Sb3Model) -> None:
    entry = json.loads(entries()["data"])["train_freq"] | {":type:": "<class 'a.Schedule'>", "start": 0.5}
    read = read_sb3(with_data(learning_rate=entry))
    assert read.hyperparameters["learning_rate"] == Unread("a.Schedule", {"start": 0.5})
    assert read.unread == {"learning_rate": "a.Schedule"}
    assert to_softac(read)[0]["learning_rate"] == 3e-4  # the optimisers' own
    with pytest.raises(ValueError, match=r"learning_rate is a a\.Schedule .*only as a pickle; give one"):
        written(there_and_back(read))


def test_policy_kwargs_are_plain(model: Sb3Model) -> None:
    kwargs = {"net_arch": [9], "share_features_extractor": True}  # widths are those of the tensors
    back = written(there_and_back(model, policy_kwargs=kwargs)).hyperparameters["policy_kwargs"]
    assert back == {"share_features_extractor": True, "net_arch": [8, 8], "use_sde": False}
    with pytest.raises(ValueError, match="policy_kwargs: features_extractor_class is a type, which is not written"):
        written(there_and_back(model, policy_kwargs={"features_extractor_class": int}))
    assert written(there_and_back(model, ent_coef=0.5)).hyperparameters["ent_coef"] == "auto"  # as the settings say


def test_an_unknown_space_is_not_written(model: Sb3Model) -> None:
    unknown = dataclasses.replace(model.observation_space, space=None, note="cut")
    with pytest.raises(ValueError, match=r"observation_space is not known \(cut\)"):
        written(dataclasses.replace(model, observation_space=unknown))


def test_paths(tmp_path: Path) -> None:
    (tmp_path / "m.zip").write_bytes(MODEL.read_bytes())
    assert read_sb3(str(tmp_path / "m")).counters == read_sb3(tmp_path / "m.zip").counters
    with pytest.raises(FileNotFoundError):
        read_sb3(tmp_path / "none")
    with (tmp_path / "m.zip").open(encoding="latin-1") as text, pytest.raises(TypeError, match="mode 'rb'"):
        read_sb3(text)  # type: ignore[arg-type]


def changed(model: Sb3Model, **policy_kwargs: Any) -> Sb3Model:
    arguments = {**model.hyperparameters, "policy_kwargs": policy_kwargs}
    return dataclasses.replace(model, hyperparameters=arguments)


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"activation_fn": "torch.nn.modules.activation.GELU"}, "no activation torch.nn.modules.activation.GELU"),
        ({"activation_fn": "mine.ReLU"}, "no activation mine.ReLU"),
        ({"optimizer_class": "torch.optim.rmsprop.RMSprop"}, "no optimiser torch.optim.rmsprop.RMSprop"),
        ({"features_extractor_class": "mine.Extractor"}, "no features_extractor_class mine.Extractor"),
        ({"use_sde": True}, "state-dependent exploration"),
    ],
)
def test_what_softac_does_not_have(model: Sb3Model, kwargs: dict[str, Any], message: str) -> None:
    with pytest.raises(NotImplementedError, match=message):
        to_softac(changed(model, **kwargs))


def test_optimisers_that_softac_does_not_have(model: Sb3Model) -> None:
    decaying = dataclasses.replace(model.actor_optimizer, weight_decay=0.1)
    with pytest.raises(NotImplementedError, match="differ in weight_decay"):
        to_softac(dataclasses.replace(model, actor_optimizer=decaying))
    critic = dataclasses.replace(model.critic_optimizer, weight_decay=0.1)
    with pytest.raises(NotImplementedError, match="L2 penalty"):
        to_softac(dataclasses.replace(model, actor_optimizer=decaying, critic_optimizer=critic))
    ahead = dataclasses.replace(model.critic_optimizer, step=249)
    with pytest.raises(NotImplementedError, match="critics 249, actor 250"):
        to_softac(dataclasses.replace(model, critic_optimizer=ahead))
    assert model.ent_coef_optimizer is not None
    other_eps = dataclasses.replace(model.ent_coef_optimizer, eps=1e-5)
    with pytest.raises(NotImplementedError, match="optimiser of log α differs"):
        to_softac(dataclasses.replace(model, ent_coef_optimizer=other_eps))
    behind = dataclasses.replace(model.ent_coef_optimizer, step=3)
    with pytest.raises(NotImplementedError, match="critics 250, actor 250, log α 3"):
        to_softac(dataclasses.replace(model, ent_coef_optimizer=behind))


def optimizer_file(**group: Any) -> io.BytesIO:
    state = read_pth(entries()["actor.optimizer.pth"], "")
    return with_entry("actor.optimizer.pth", write_pth({**state, "param_groups": [state["param_groups"][0] | group]}))


def test_optimiser_files_of_other_kinds() -> None:
    with pytest.raises(NotImplementedError, match="amsgrad"):
        read_sb3(optimizer_file(amsgrad=True))
    with pytest.raises(NotImplementedError, match="maximize"):
        read_sb3(optimizer_file(maximize=True))
    with pytest.raises(NotImplementedError, match="kind Adam"):
        read_sb3(optimizer_file(momentum=0.9))
    with pytest.raises(ValueError, match=r"actor\.optimizer\.pth: lr is no finite number"):
        read_sb3(optimizer_file(lr=float("nan")))
    with pytest.raises(ValueError, match="does not number its parameters 0 to 7"):
        read_sb3(optimizer_file(params=[0, 1]))


def test_states_that_do_not_fit_together() -> None:
    state = read_pth(entries()["actor.optimizer.pth"], "")
    odd = {**state["state"], 3: {**state["state"][3], "step": 7}}
    with pytest.raises(ValueError, match="different numbers of steps: 7 and 250"):
        read_sb3(with_entry("actor.optimizer.pth", write_pth({**state, "state": odd})))
    del odd[3]
    with pytest.raises(ValueError, match="the state of 7 parameters, of 8 in the policy"):
        read_sb3(with_entry("actor.optimizer.pth", write_pth({**state, "state": odd})))
    other = {**state["state"], 3: {**state["state"][3], "exp_avg": np.zeros(9, np.float32)}}
    with pytest.raises(ValueError, match=r"exp_avg of actor\.latent_pi\.2\.bias is no float32 tensor of size \[8\]"):
        read_sb3(with_entry("actor.optimizer.pth", write_pth({**state, "state": other})))
    fixed = write_pth({"ent_coef_tensor": np.array(0.5, np.float32)})
    with pytest.raises(ValueError, match="ent_coef_optimizer.pth and a learned log_ent_coef are not there together"):
        read_sb3(with_entry("pytorch_variables.pth", fixed))
    two, double = np.zeros(2, np.float32), np.zeros(1)
    for variables in ({"log_ent_coef": two}, {"log_ent_coef": double}, {}, {"other": two[:1]}):
        with pytest.raises(ValueError, match="neither log_ent_coef nor ent_coef_tensor alone"):
            read_sb3(with_entry("pytorch_variables.pth", write_pth(variables)))


def test_networks_of_other_kinds(model: Sb3Model) -> None:
    def policy(**changes: Any) -> io.BytesIO:
        tensors = {**model.policy, **{name.replace("__", "."): value for name, value in changes.items()}}
        return with_entry("policy.pth", write_pth({k: v for k, v in tensors.items() if v is not None}))

    one = np.zeros((2, 2), np.float32)
    with pytest.raises(NotImplementedError, match=r"features_extractor\.cnn\.0\.weight\); softac has no CNN"):
        read_sb3(policy(actor__features_extractor__cnn__0__weight=one))
    with pytest.raises(NotImplementedError, match="use_sde=True"):
        read_sb3(policy(actor__log_std=one))
    with pytest.raises(ValueError, match=r"tensor 'critic\.qf1\.2\.bias' is missing where \[8\]"):
        read_sb3(policy(critic__qf1__2__bias=None))
    with pytest.raises(ValueError, match=r"tensor 'actor\.mu\.weight' is float64"):
        read_sb3(policy(actor__mu__weight=np.zeros((1, 8))))
    with pytest.raises(ValueError, match=r"'actor\.mu\.bias' is \[2, 2\] where \[1\]"):
        read_sb3(policy(actor__mu__bias=one))
    with pytest.raises(ValueError, match="no such tensor"):
        read_sb3(policy(another=one))


def test_other_algorithms_and_spaces() -> None:
    entry = json.loads(entries()["data"])["policy_class"]
    with pytest.raises(ValueError, match=r"its policy is 'stable_baselines3\.td3\.policies\.SACPolicy'"):
        read_sb3(with_data(policy_class=entry | {"__module__": "stable_baselines3.td3.policies"}))
    with pytest.raises(ValueError, match="has no action_space"):
        read_sb3(with_data(action_space=None))
    box = {":type:": "<class 'gymnasium.spaces.box.Box'>", "dtype": "float32", "low": "[-1. -1.]", "high": "[1. 1.]"}
    with pytest.raises(ValueError, match="action_space has 2 numbers, the networks 1"):
        read_sb3(with_data(action_space={**box, "_shape": [2]}))
    with pytest.raises(ValueError, match="num_timesteps is 'True'"):
        read_sb3(with_data(num_timesteps=True))
    other = read_sb3(with_data(policy_kwargs={"net_arch": [9, 8]}))
    with pytest.raises(ValueError, match=r"net_arch in policy_kwargs is \[9, 8\], but the tensors have pi=\[8, 8\]"):
        to_softac(other)


def export(model: Sb3Model, strict: bool = True, tensors: Any = None, **settings: Any) -> Sb3Model:
    found, named, moments, counters = to_softac(model)
    pair = (model.observation_space.space, model.action_space.space)
    assert pair[0] is not None and pair[1] is not None
    named = {name: value for name, value in {**named, **(tensors or {})}.items() if value is not None}
    return from_softac(found | settings, named, moments, counters, (pair[0], pair[1]), {}, strict=strict)


def test_what_sb3_does_not_have(model: Sb3Model) -> None:
    pairs = (("critic_loss", "quantile"), ("actor_components", 2), ("normalize_obs", True))
    for name, value in (*pairs, ("normalize_reward", "return_std")):
        with pytest.raises(NotImplementedError, match=f"SB3's SAC has no {name} = {value}"):
            export(model, strict=False, **{name: value})
    found, named, moments, counters = to_softac(model)
    box = spaces.Box(-1.0, 1.0, (3,))
    with pytest.raises(NotImplementedError, match="DiscreteSAC has no counterpart"):
        from_softac(found, named, moments, counters, (box, spaces.Discrete(2)), {})
    with pytest.raises(ValueError, match="1 and 2|1 and 1|2 of an action"):
        from_softac(found, named, moments, counters, (box, spaces.Box(-1.0, 1.0, (2,))), {})
    with pytest.raises(ValueError, match="'gama' is no argument"):
        from_softac(found, named, moments, counters, (box, spaces.Box(-1.0, 1.0, (1,))), {"gama": 0.9})


@pytest.mark.parametrize(
    "setting",
    [
        {"ent_coef_loss": "alpha"},
        {"policy_delay": 2},
        {"reward_scale": 5.0},
        {"max_grad_norm": 1.0},
        {"learning_rate_actor": 1e-4},
        {"learning_rate_schedule": "linear"},
        {"weight_decay": 0.1, "weight_decay_scope": "weights"},
    ],
)
def test_what_sb3_would_train_differently(model: Sb3Model, setting: dict[str, Any]) -> None:
    name, value = list(setting.items())[-1]
    with pytest.raises(NotImplementedError, match=f"has no {name} = {value}; strict=False"):
        export(model, **setting)
    assert same(export(model, strict=False, **setting).policy, model.policy)


def test_tensors_are_checked(model: Sb3Model) -> None:
    with pytest.raises(ValueError, match=r"tensor target\.critic\.0\.output\.weight is missing where \[1, 8\]"):
        export(model, tensors={"target.critic.0.output.weight": None})
    with pytest.raises(ValueError, match=r"tensor actor\.log_std\.bias is \[2\] where \[1\]"):
        export(model, tensors={"actor.log_std.bias": np.zeros(2, np.float32)})
    with pytest.raises(ValueError, match="tensor value.output.bias has no counterpart"):
        export(model, tensors={"value.output.bias": np.zeros(1, np.float32)})
