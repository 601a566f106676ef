"""Model files against the real Stable-Baselines3: SB3 → softac → SB3, and what SB3 does with files of softac's."""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium import spaces
from stable_baselines3 import SAC
from stable_baselines3.common.noise import NormalActionNoise
from stable_baselines3.common.type_aliases import TrainFreq, TrainFrequencyUnit
from stable_baselines3.common.utils import LinearSchedule
from stable_baselines3.common.vec_env import DummyVecEnv

from softac.sb3_objects import described
from softac.sb3_zip import Sb3Model, from_softac, read_sb3, to_softac, write_sb3

torch.set_num_threads(1)


class Point(gymnasium.Env[Any, Any]):
    """A point that is pushed; spaces as given, episodes of 20 steps."""

    def __init__(self, observation_space: spaces.Space[Any], action_space: spaces.Box) -> None:
        self.observation_space, self.action_space = observation_space, action_space
        self.time = 0

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        if seed is not None:
            self.observation_space.seed(seed)
        self.time = 0
        return self.observation_space.sample(), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        assert self.action_space.contains(action)
        self.time += 1
        return self.observation_space.sample(), -float(np.square(action).sum()), False, self.time == 20, {}


BOX = spaces.Box(-1.0, 1.0, (4,))
PUSH = spaces.Box(-2.0, 0.5, (2,))
DICT = spaces.Dict(
    {
        "z": spaces.Box(-1.0, 1.0, (2, 2)),
        "a": spaces.Discrete(3),
        "m": spaces.MultiDiscrete([2, 3]),
        "b": spaces.MultiBinary(2),
    }
)
FLOAT64 = spaces.Box(np.array([[-1 / 3, -2.0]]), np.array([[2 / 3, 1.0]]), dtype=np.float64)

ADAMW = {"net_arch": [8], "optimizer_class": torch.optim.AdamW}
CONFIGS: dict[str, dict[str, Any]] = {
    "auto": {},
    "auto_0.1": {"ent_coef": "auto_0.1"},
    "fixed": {"ent_coef": 0.2},
    "two architectures": {"policy_kwargs": {"net_arch": {"pi": [8], "qf": [6, 5]}}},
    "linear": {"policy_kwargs": {"net_arch": []}},
    "tanh": {"policy_kwargs": {"net_arch": [8, 8], "activation_fn": torch.nn.Tanh}},
    "elu": {"policy_kwargs": {"net_arch": [8, 8], "activation_fn": torch.nn.ELU}},
    "silu": {"policy_kwargs": {"net_arch": [8, 8], "activation_fn": torch.nn.SiLU}},
    "one critic": {"policy_kwargs": {"net_arch": [8], "n_critics": 1}},
    "three critics": {"policy_kwargs": {"net_arch": [8], "n_critics": 3}},
    "twelve critics": {"policy_kwargs": {"net_arch": [4], "n_critics": 12}},
    "AdamW": {"policy_kwargs": ADAMW},
    "AdamW without decay": {"policy_kwargs": {**ADAMW, "optimizer_kwargs": {"weight_decay": 0.0}}},
    "betas": {"policy_kwargs": {"net_arch": [8], "optimizer_kwargs": {"betas": (0.8, 0.999)}}},
    "eps": {"ent_coef": 0.1, "policy_kwargs": {"net_arch": [8], "optimizer_kwargs": {"eps": 1e-5}}},
    "shared extractor": {"policy_kwargs": {"net_arch": [8], "share_features_extractor": True}},
    "three steps": {"n_steps": 3, "gamma": 0.9, "tau": 0.02, "target_update_interval": 2, "gradient_steps": -1},
    "episodes": {"train_freq": (1, "episode"), "target_entropy": -1.5},
    "four steps": {"train_freq": (4, "step"), "optimize_memory_usage": False, "stats_window_size": 7},
    "float64 actions": {"action_space": FLOAT64},
    "dictionary": {"policy": "MultiInputPolicy", "observation_space": DICT},
}


def make(policy: str = "MlpPolicy", observation_space: Any = BOX, action_space: Any = PUSH, **arguments: Any) -> SAC:
    arguments = {"policy_kwargs": {"net_arch": [8, 8]}, "seed": 1, "device": "cpu", **arguments}
    env = Point(observation_space, action_space)
    return SAC(policy, env, learning_starts=20, buffer_size=500, batch_size=16, **arguments)


def saved(model: SAC) -> Sb3Model:
    out = io.BytesIO()
    model.save(out)
    return read_sb3(io.BytesIO(out.getvalue()))


def there_and_back(read: Sb3Model, spaces_: tuple[Any, Any]) -> Sb3Model:
    settings, tensors, moments, counters = to_softac(read)
    return from_softac(settings, tensors, moments, counters, spaces_, read.hyperparameters)


def loaded(model: Sb3Model, env: Any = None) -> SAC:
    out = io.BytesIO()
    write_sb3(out, model)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return SAC.load(io.BytesIO(out.getvalue()), env=env, device="cpu")


def same_state(a: Any, b: Any) -> bool:
    """Equality of state dictionaries, down to bits."""
    if isinstance(a, torch.Tensor):
        return isinstance(b, torch.Tensor) and a.dtype == b.dtype and torch.equal(a, b)
    if isinstance(a, dict):
        return list(a) == list(b) and all(same_state(a[key], b[key]) for key in a)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same_state, a, b))
    return bool(a == b)


def observations(space: spaces.Space[Any]) -> Any:
    space.seed(3)
    rows = [space.sample() for _ in range(50)]
    if isinstance(rows[0], dict):
        return {key: np.stack([row[key] for row in rows]) for key in rows[0]}
    return np.stack(rows)


@pytest.mark.parametrize("name", CONFIGS)
def test_sb3_softac_sb3(name: str) -> None:
    model = make(**CONFIGS[name])
    model.learn(60)
    spaces_ = (model.observation_space, model.action_space)
    read = saved(model)
    if read.action_space.exact:
        assert read.action_space.space == model.action_space
    assert read.observation_space.space == model.observation_space and read.unread == {}
    back = loaded(there_and_back(read, spaces_), Point(*spaces_))

    obs = observations(spaces_[0])
    for deterministic in (True, False):
        torch.manual_seed(5)
        first = model.predict(obs, deterministic=deterministic)[0]
        torch.manual_seed(5)
        second = back.predict(obs, deterministic=deterministic)[0]
        assert first.dtype == second.dtype and np.array_equal(first, second)
    assert same_state(dict(model.policy.state_dict()), dict(back.policy.state_dict()))
    optimizers = ["actor.optimizer", "critic.optimizer"]
    if model.ent_coef_optimizer is None:
        assert torch.equal(model.ent_coef_tensor, back.ent_coef_tensor) and back.log_ent_coef is None
    else:
        assert torch.equal(model.log_ent_coef, back.log_ent_coef) and back.log_ent_coef.requires_grad
        optimizers.append("ent_coef_optimizer")
    mine, theirs = model.get_parameters(), back.get_parameters()
    for optimizer in optimizers:
        decay_free = mine[optimizer]["param_groups"][0]["weight_decay"] == 0
        if decay_free:  # AdamW and Adam are then the same
            for state in (mine, theirs):
                state[optimizer]["param_groups"][0].update(decoupled_weight_decay=False, weight_decay=0)
        assert mine[optimizer]["state"] and same_state(mine[optimizer], theirs[optimizer]), optimizer
    for attribute in (
        *("num_timesteps", "_n_updates", "_episode_num", "_total_timesteps", "learning_rate", "gamma", "tau"),
        *("buffer_size", "batch_size", "learning_starts", "train_freq", "gradient_steps", "n_steps", "ent_coef"),
        *("target_entropy", "target_update_interval", "seed", "_stats_window_size", "observation_space"),
        *("action_space", "replay_buffer_class", "replay_buffer_kwargs", "tensorboard_log", "verbose"),
        *("policy_class", "use_sde"),
    ):
        assert getattr(model, attribute) == getattr(back, attribute), attribute
    assert back.policy.activation_fn is model.policy.activation_fn


@pytest.mark.parametrize("name", CONFIGS)
def test_training_goes_on_as_it_would_have(name: str) -> None:
    """The same batches and noise after loading give the same weights as in the model that went on."""
    model = make(**CONFIGS[name])
    model.learn(60)
    spaces_ = (model.observation_space, model.action_space)
    back = loaded(there_and_back(saved(model), spaces_), Point(*spaces_))
    back.replay_buffer = model.replay_buffer
    back.set_logger(model.logger)
    for agent in (model, back):
        np.random.seed(9)
        torch.manual_seed(9)
        agent.train(4, batch_size=16)
    assert same_state(dict(model.policy.state_dict()), dict(back.policy.state_dict()))
    before = back.num_timesteps
    back.learn(45, reset_num_timesteps=False)
    assert back.num_timesteps >= before + 45 and back._n_updates > model._n_updates


@pytest.mark.parametrize("name", ["auto", "fixed", "linear", "AdamW", "episodes", "float64 actions", "dictionary"])
def test_files_are_loaded_without_an_environment(name: str, tmp_path: Path) -> None:
    model = make(**CONFIGS[name])
    spaces_ = (model.observation_space, model.action_space)
    write_sb3(tmp_path / "fresh", there_and_back(saved(model), spaces_))
    back = SAC.load(tmp_path / "fresh", device="cpu", print_system_info=True)
    obs = observations(spaces_[0])
    assert np.array_equal(model.predict(obs, deterministic=True)[0], back.predict(obs, deterministic=True)[0])
    back.set_env(Point(*spaces_))
    back.learn(45)
    copied = make(**CONFIGS[name])
    copied.set_parameters(str(tmp_path / "fresh"), device="cpu")
    assert same_state(dict(copied.policy.state_dict()), dict(model.policy.state_dict()))


ACTIVATIONS = {
    torch.nn.ReLU: lambda x: np.maximum(x, 0.0),
    torch.nn.Tanh: np.tanh,
    torch.nn.ELU: lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0.0))),
    torch.nn.SiLU: lambda x: x / (1.0 + np.exp(-x)),
}


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_softacs_tensors_give_sb3s_actions(activation: Any) -> None:
    kwargs = {"net_arch": {"pi": [8, 7], "qf": [5]}, "activation_fn": activation}
    model = make(action_space=spaces.Box(-1.0, 1.0, (2,)), policy_kwargs=kwargs)
    model.learn(60)
    settings, tensors, _, _ = to_softac(saved(model))
    assert settings["activation_fn"] == activation.__name__.lower()
    x = obs = observations(BOX)
    for layer in range(2):
        weight, bias = (tensors[f"actor.layers.{layer}.{part}"] for part in ("weight", "bias"))
        x = ACTIVATIONS[activation](x @ weight.T + bias)
    actions = np.tanh(x @ tensors["actor.mu.weight"].T + tensors["actor.mu.bias"])
    np.testing.assert_allclose(actions, model.predict(obs, deterministic=True)[0], rtol=0, atol=1e-6)


def test_what_softac_wrote_and_sb3_saves_again_is_the_same() -> None:
    model = make()
    model.learn(60)
    first = there_and_back(saved(model), (model.observation_space, model.action_space))
    second = saved(loaded(first))
    for name, value in first.policy.items():
        assert np.array_equal(value, second.policy[name])
    assert second.counters == first.counters
    assert to_softac(second)[0] == to_softac(first)[0] and to_softac(second)[3] == to_softac(first)[3]


def test_several_environments_can_follow() -> None:
    model = make()
    model.learn(60)
    written = there_and_back(saved(model), (model.observation_space, model.action_space))
    back = loaded(written, DummyVecEnv([lambda: Point(BOX, PUSH)] * 3))
    back.learn(60, reset_num_timesteps=False)
    assert back.n_envs == 3


def test_a_schedule_and_noise_are_known_by_their_text() -> None:
    noise = NormalActionNoise(np.zeros(2), np.array([0.1, 0.25]))
    read = saved(make(learning_rate=LinearSchedule(1e-3, 1e-4, 0.5), action_noise=noise))
    linear = described(read.hyperparameters["learning_rate"])
    assert linear == ("LinearSchedule", {"start": 1e-3, "end": 1e-4, "end_fraction": 0.5})
    normal = described(read.hyperparameters["action_noise"])
    assert normal is not None and normal[0] == "NormalActionNoise" and normal[1]["sigma"].tolist() == [0.1, 0.25]
    assert to_softac(read)[0]["learning_rate"] == 1e-3
    assert set(saved(make(learning_rate=lambda left: 1e-3 * left)).unread) == {"learning_rate"}


def stand_in(name: str, **attributes: Any) -> Any:
    """An object of a class of softac's, by its name and attributes."""
    value = type(name, (), {"__module__": "softac.somewhere"})()
    value.__dict__.update(attributes)
    return value


def test_softacs_schedules_and_noise_become_sb3s() -> None:
    model = make()
    read = saved(model)
    settings, tensors, moments, counters = to_softac(read)
    linear = stand_in("LinearSchedule", start=1e-3, end=0.0, end_fraction=0.5)
    normal = stand_in("NormalActionNoise", _mu=np.zeros(2), _sigma=np.array([0.1, 0.25]))
    arguments = {
        **read.hyperparameters,
        "learning_rate": stand_in("FloatSchedule", value_schedule=linear),
        "action_noise": stand_in("VectorizedActionNoise", base_noise=normal, n_envs=1),
        "train_freq": (2, "episode"),
    }
    spaces_ = (model.observation_space, model.action_space)
    back = loaded(from_softac(settings, tensors, moments, counters, spaces_, arguments))
    assert isinstance(back.learning_rate, LinearSchedule) and back.learning_rate(0.75) == 5e-4
    assert back.action_noise.base_noise._sigma.tolist() == [0.1, 0.25]
    assert back.train_freq == TrainFreq(2, TrainFrequencyUnit.EPISODE)
    by_hand = from_softac(settings, tensors, moments, counters, spaces_, {"learning_rate": lambda left: 1e-3 * left})
    assert loaded(by_hand).learning_rate(0.5) == 5e-4


def test_float64_action_bounds_are_rounded_in_the_text() -> None:
    read = saved(make(action_space=FLOAT64))
    assert not read.action_space.exact and "eight decimals" in read.action_space.note
    assert isinstance(read.action_space.space, spaces.Box)
    np.testing.assert_allclose(read.action_space.space.low, FLOAT64.low, rtol=0, atol=5e-9)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"use_sde": True}, "use_sde=True"),
        ({"policy_kwargs": {"activation_fn": torch.nn.GELU}}, "GELU"),
        ({"policy_kwargs": {"optimizer_class": torch.optim.RMSprop}}, "Adam or AdamW"),
        ({"policy_kwargs": {"optimizer_kwargs": {"amsgrad": True}}}, "amsgrad"),
        ({"policy_kwargs": {"optimizer_kwargs": {"weight_decay": 0.1}}}, "L2 penalty"),
        ({"policy_kwargs": {"optimizer_kwargs": {"eps": 1e-5}}}, "optimiser of log α"),
    ],
)
def test_what_softac_does_not_have(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(NotImplementedError, match=message):
        to_softac(saved(make(**arguments)))


def test_other_algorithms_are_named() -> None:
    from stable_baselines3 import PPO, TD3

    for algorithm, found in ((TD3, "td3"), (PPO, "policy.optimizer.pth")):
        out = io.BytesIO()
        algorithm("MlpPolicy", Point(BOX, PUSH), policy_kwargs={"net_arch": [4]}, device="cpu").save(out)
        with pytest.raises(ValueError, match=found):
            read_sb3(io.BytesIO(out.getvalue()))


def test_images_are_named() -> None:
    image = spaces.Box(0, 255, (3, 36, 36), dtype=np.uint8)
    kwargs = {"net_arch": [4], "features_extractor_kwargs": {"features_dim": 4}}
    model = SAC("CnnPolicy", Point(image, PUSH), policy_kwargs=kwargs, buffer_size=10, device="cpu")
    with pytest.raises(NotImplementedError, match="softac has no CNN"):
        saved(model)


def test_pytorch_reads_the_same(tmp_path: Path) -> None:
    """Every kind of value and tensor that the writer knows, by torch.load with weights_only."""
    from softac.sb3_pickle import read_pth
    from softac.sb3_write import write_pth

    value: dict[Any, Any] = {
        "list": [1, -1, 255, 256, 1 << 40, -(1 << 40), 1.5, True, None, "tëxt", (1, 2)],
        7: {"x": np.arange(6, dtype=np.float32).reshape(2, 3), "y": np.array(2.5), "z": np.zeros((0, 3), np.float32)},
    }
    loaded = torch.load(io.BytesIO(write_pth(value)), weights_only=True)
    assert loaded["list"] == value["list"]
    for name, array in value[7].items():
        assert loaded[7][name].numpy().dtype == array.dtype and np.array_equal(loaded[7][name].numpy(), array)
    tensors = {
        "transposed": torch.arange(6.0).reshape(2, 3).T,
        "part": torch.arange(10, dtype=torch.int64)[3:7:2],
        "parameter": torch.nn.Parameter(torch.ones(2)),
        "flags": torch.tensor([True, False]),
        "none": torch.zeros(0, 4),
        "single": torch.tensor(3, dtype=torch.int16),
    }
    for options in ({}, {"pickle_protocol": 4}):
        out = io.BytesIO()
        torch.save(tensors, out, **options)
        read = read_pth(out.getvalue(), "file")
        for name, tensor in tensors.items():
            assert np.array_equal(read[name], tensor.detach().numpy()), name
            assert read[name].dtype == tensor.detach().numpy().dtype
    legacy = io.BytesIO()
    torch.save(tensors, legacy, _use_new_zipfile_serialization=False)
    with pytest.raises(ValueError, match="no zip file"):
        read_pth(legacy.getvalue(), "file")
