"""softac.SAC and DiscreteSAC: the constructor's arguments, what is refused and how, predict, parameters, schedules."""

from __future__ import annotations

import inspect
import json
import random
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces
from toy_envs import CountingEnv, FollowEnv
from toy_rows import ToyEnv

import softac
from softac.logger import Logger
from softac.noise import NormalActionNoise, VectorizedActionNoise
from softac.schedules import LinearSchedule
from softac.vec_env import DummyVecEnv

OF_SB3 = json.loads((Path(__file__).parent / "data" / "sb3_sac_arguments.json").read_text(encoding="utf-8"))
SMALL: dict[str, Any] = {"policy_kwargs": {"net_arch": [8]}, "batch_size": 8, "learning_starts": 5, "seed": 1}
SMALL["buffer_size"] = 1000


def sac(env: Any = None, **options: Any) -> softac.SAC:
    return softac.SAC("MlpPolicy", CountingEnv() if env is None else env, **{**SMALL, **options})


# Arguments.


@pytest.mark.parametrize("kind", [softac.SAC, softac.DiscreteSAC])
def test_arguments_stand_in_sb3s_order_with_its_defaults(kind: Any) -> None:
    found = list(inspect.signature(kind).parameters.values())
    own = ["threads", "backend", "run_dir", "native", "settings"]
    assert [p.name for p in found] == [name for name, _ in OF_SB3["arguments"]] + own
    for parameter, (_, default) in zip(found, OF_SB3["arguments"], strict=False):
        assert parameter.default == (parameter.empty if parameter.name in OF_SB3["required"] else default)
    assert all(p.kind in (p.KEYWORD_ONLY, p.VAR_KEYWORD) for p in found if p.name in own)


@pytest.mark.parametrize("name", OF_SB3["methods"])
def test_methods_have_sb3s_arguments(name: str) -> None:
    found = [p for p in inspect.signature(getattr(softac.SAC, name)).parameters.values() if p.name != "self"]
    expected = OF_SB3["methods"][name]
    assert [p.name for p in found] == [entry[0] for entry in expected]
    for parameter, entry in zip(found, expected, strict=True):
        if parameter.name != "tb_log_name":  # None stands for the class's name
            assert parameter.default == (entry[1] if len(entry) > 1 else parameter.empty)


def test_defaults_are_sb3s_and_arguments_are_attributes() -> None:
    model = softac.SAC("MlpPolicy", CountingEnv(), buffer_size=1000)
    for name, default in OF_SB3["arguments"]:
        if name not in ("policy", "env", "_init_setup_model", "device", "train_freq", "target_entropy", "buffer_size"):
            found = getattr(model, name)
            assert (found or None) == (default or None), name
    settings = model.agent.settings
    assert settings["net_arch"] == [256, 256] and settings["activation_fn"] == "relu" and settings["n_critics"] == 2
    assert model.train_freq.frequency == 1 and model.train_freq.unit.value == "step"
    assert str(model.device) == model.device.type == "cpu"
    assert model.target_entropy == -1.0 and model.ent_coef == "auto" and model.log_ent_coef is not None
    assert model.log_ent_coef.shape == (1,) and model.ent_coef_tensor is None


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"use_sde": True}, NotImplementedError, "gSDE"),
        ({"use_sde_at_warmup": True}, NotImplementedError, "gSDE"),
        ({"sde_sample_freq": 4}, NotImplementedError, "gSDE"),
        ({"device": "cuda"}, NotImplementedError, "device='cuda'"),
        ({"replay_buffer_class": type("HerReplayBuffer", (), {})}, NotImplementedError, "HerReplayBuffer"),
        ({"replay_buffer_kwargs": {"n_sampled_goal": 4}}, NotImplementedError, "n_sampled_goal"),
        ({"action_noise": 0.1}, TypeError, "action_noise"),
        ({"train_freq": (1, "year")}, ValueError, "'step' or 'episode'"),
        ({"train_freq": (1, "step", 2)}, ValueError, "train_freq"),
        ({"train_freq": (1.5, "step")}, ValueError, "must be an integer"),
        ({"train_freq": 0}, ValueError, "at least 1"),
        ({"train_freq": True}, ValueError, "must be an integer"),
        ({"policy_kwargs": {"net_arch": {"pi": [4]}}}, ValueError, "pi and qf"),
        ({"policy_kwargs": {"net_arch": [0]}}, ValueError, "net_arch"),
        ({"policy_kwargs": {"activation_fn": type("GELU", (), {})}}, NotImplementedError, "GELU"),
        ({"policy_kwargs": {"activation_fn": "gelu"}}, ValueError, "activation_fn"),
        ({"policy_kwargs": {"features_extractor_class": type("NatureCNN", (), {})}}, NotImplementedError, "NatureCNN"),
        ({"policy_kwargs": {"optimizer_class": type("RMSprop", (), {})}}, NotImplementedError, "RMSprop"),
        ({"policy_kwargs": {"optimizer_kwargs": {"amsgrad": True}}}, NotImplementedError, "amsgrad"),
        ({"policy_kwargs": {"optimizer_kwargs": {"weight_decay": 0.1}}}, NotImplementedError, "AdamW"),
        ({"policy_kwargs": {"use_sde": True}}, NotImplementedError, "gSDE"),
        ({"policy_kwargs": {"log_std_init": 1}}, NotImplementedError, "log_std_init"),
        ({"policy_kwargs": {"n_critcs": 3}}, TypeError, "n_critcs"),
        ({"policy_delai": 2}, TypeError, "policy_delai"),
        ({"learning_rate_actor": 1e-3}, TypeError, "argument learning_rate"),
        ({"net_arch": [4]}, TypeError, "policy_kwargs"),
        ({"learning_rate": "fast"}, TypeError, "learning_rate"),
        ({"learning_rate": -1e-3}, ValueError, "learning_rate"),
        ({"learning_rate": float("nan")}, ValueError, "learning_rate"),
        ({"learning_rate": lambda progress: "x"}, (TypeError, ValueError), "learning_rate"),
        ({"ent_coef": "often"}, ValueError, "ent_coef"),
        ({"ent_coef": -0.1}, ValueError, "ent_coef"),
        ({"target_entropy": "often"}, ValueError, "target_entropy"),
        ({"gamma": 1.5}, ValueError, "gamma"),
        ({"tau": 0.0}, ValueError, "tau"),
        ({"batch_size": 0}, ValueError, "batch_size"),
        ({"n_steps": 0}, ValueError, "n_steps"),
        ({"threads": -1}, ValueError, "threads"),
        ({"backend": "cuda"}, ValueError, "backend"),
        ({"seed": -1}, ValueError, "seed"),
        ({"seed": 2**64}, ValueError, "seed"),
        ({"native": True}, ValueError, "native"),
    ],
)
def test_what_is_wrong_or_not_there_is_named(options: dict[str, Any], error: Any, text: str) -> None:
    with pytest.raises(error, match=text):
        sac(**options)


def test_all_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(softac.ConfigError, match="(?s)gamma.*tau|tau.*gamma"):
        sac(gamma=2.0, tau=3.0)


def test_policies_and_environments_that_do_not_fit() -> None:
    with pytest.raises(ValueError, match="unknown"):
        softac.SAC("LstmPolicy", CountingEnv())
    with pytest.raises(NotImplementedError, match="CNN"):
        softac.SAC("CnnPolicy", ImageEnv())
    with pytest.raises(NotImplementedError, match="CNN"):
        softac.SAC("MlpPolicy", ImageEnv())
    with pytest.raises(ValueError, match="MultiInputPolicy"):
        softac.SAC("MlpPolicy", ToyEnv("dict"))
    with pytest.raises(AssertionError, match="DiscreteSAC"):
        softac.SAC("MlpPolicy", "CartPole-v1")
    with pytest.raises(AssertionError, match="softac.SAC"):
        softac.DiscreteSAC("MlpPolicy", CountingEnv())
    with pytest.raises(TypeError, match="gymnasium"):
        softac.SAC("MlpPolicy", object())
    with pytest.raises(gymnasium.error.Error):
        softac.SAC("MlpPolicy", "NoSuchTask-v1")
    with pytest.raises(ValueError, match="env"):
        softac.SAC("MlpPolicy", None)
    with pytest.raises(ValueError, match="action_noise"):
        softac.DiscreteSAC("MlpPolicy", "CartPole-v1", action_noise=NormalActionNoise([0.0], [0.1]))
    unbounded = CountingEnv()
    unbounded.action_space = spaces.Box(-np.inf, np.inf, (1,), np.float32)
    with pytest.raises(AssertionError):
        sac(unbounded)


class ImageEnv(CountingEnv):
    def __init__(self) -> None:
        super().__init__()
        self.observation_space = spaces.Box(0, 255, (8, 8, 3), np.uint8)


def test_policy_kwargs() -> None:
    adam = type("Adam", (), {})
    kwargs = {"net_arch": {"pi": [4], "qf": [6, 5]}, "activation_fn": type("Tanh", (), {}), "n_critics": 3}
    kwargs |= {"optimizer_class": adam, "optimizer_kwargs": {"betas": (0.8, 0.9), "eps": 1e-6, "amsgrad": False}}
    kwargs |= {"use_sde": False, "log_std_init": -3, "normalize_images": True, "share_features_extractor": False}
    model = sac(policy_kwargs=kwargs)
    found = model.agent.settings
    assert (found["activation_fn"], found["n_critics"]) == ("tanh", 3)
    assert (found["adam_beta1"], found["adam_beta2"], found["adam_eps"]) == (0.8, 0.9, 1e-6)
    shapes = {name: x.shape for name, x in model.agent.model_state().items()}
    assert shapes["actor.layers.0.weight"] == (4, 2) and shapes["critic.2.layers.1.weight"] == (5, 6)
    assert sac(policy_kwargs={"net_arch": []}).predict(np.zeros(2))[0].shape == (1,)
    decayed = sac(policy_kwargs={"optimizer_class": type("AdamW", (), {}), "net_arch": [4]})
    assert decayed.agent.settings["weight_decay"] == 0.01


def test_settings_of_softacs_own() -> None:
    model = sac(policy_delay=2, threads=2, backend="portable", max_grad_norm=0.5)
    assert model.agent.settings["policy_delay"] == 2 and model.agent.settings["max_grad_norm"] == 0.5
    assert (model.agent.threads, model.agent.backend) == (2, "portable")
    model.learn(12)


@pytest.mark.parametrize(
    ("given", "alpha", "learned"),
    [
        ("auto", 1.0, True),
        ("auto_0.25", 0.25, True),
        (0.25, 0.25, False),
        ("0.25", 0.25, False),
        (np.float32(0.5), 0.5, False),
    ],
)
def test_temperatures(given: Any, alpha: float, learned: bool) -> None:
    model = sac(ent_coef=given)
    assert model.agent.ent_coef == pytest.approx(alpha)
    assert (model.log_ent_coef is not None) == learned == (model.ent_coef_tensor is None)
    model.learn(20)
    assert (model.agent.ent_coef != pytest.approx(alpha, abs=0)) == learned


def test_target_entropies() -> None:
    assert sac(target_entropy=-0.3).target_entropy == pytest.approx(-0.3)
    assert sac(target_entropy="-0.3").target_entropy == pytest.approx(-0.3)
    assert sac(ToyEnv()).target_entropy == -2.0
    discrete = softac.DiscreteSAC("MlpPolicy", "CartPole-v1", **SMALL)
    assert discrete.target_entropy == pytest.approx(0.5 * np.log(2))


# The loop's arguments.


@pytest.mark.parametrize(
    ("options", "updates"),
    [
        ({}, 34),
        ({"train_freq": 4}, 9),
        ({"train_freq": (4, "step"), "gradient_steps": -1}, 36),
        ({"train_freq": (1, "episode"), "gradient_steps": 3}, 21),
        ({"gradient_steps": 0}, 0),
        ({"learning_starts": 20}, 20),
        ({"learning_starts": 0}, 40),
    ],
)
def test_how_often_it_learns(options: dict[str, Any], updates: int) -> None:
    model = sac(**{"learning_starts": 6, **options}).learn(40)
    assert model._n_updates == model.agent.num_updates == updates and model.num_timesteps == 40


def test_episodes_of_several_environments_are_no_frequency() -> None:
    model = sac(DummyVecEnv([CountingEnv, CountingEnv]), train_freq=(1, "episode"))
    with pytest.raises(AssertionError, match="train_freq"):
        model.learn(10)


def test_learning_rates_follow_the_progress() -> None:
    seen: list[float] = []

    def rate(progress: float) -> float:
        seen.append(progress)
        return 1e-3 * progress

    model = sac(learning_rate=rate).learn(20)
    assert model.lr_schedule(0.5) == 5e-4 and min(seen) == pytest.approx(0.0) and max(seen) == 1.0
    metrics = model.agent.update()
    assert metrics["learning_rate"] == pytest.approx(0.0, abs=1e-12)
    half = sac(learning_rate=LinearSchedule(1e-3, 0.0))
    half.learn(20)
    assert half.agent.state_hash() == sac(learning_rate=rate).learn(20).agent.state_hash()
    assert half.agent.state_hash() != sac(learning_rate=1e-3).learn(20).agent.state_hash()


def test_action_noise_is_added_and_clipped() -> None:
    noise = NormalActionNoise(np.full(1, 10.0), np.zeros(1))
    model = sac(action_noise=noise).learn(10)
    assert (model.replay_buffer.export()["action"] == 1.0).all()
    two = sac(DummyVecEnv([CountingEnv, CountingEnv]), action_noise=NormalActionNoise(np.full(1, -10.0), np.zeros(1)))
    two.learn(10)
    assert isinstance(two.action_noise, VectorizedActionNoise)
    assert (two.replay_buffer.export()["action"] == -1.0).all()
    wrong = sac(action_noise=NormalActionNoise(np.zeros(3), np.ones(3)))
    with pytest.raises(ValueError):
        wrong.learn(5)


def test_n_steps_reach_the_learner() -> None:
    model = sac(n_steps=3, gamma=0.5).learn(10)
    assert model.agent.settings["n_steps"] == 3
    batch = model.replay_buffer.sample(200)
    assert set(np.unique(batch.discounts)) == {0.0, 0.125, 0.25, 0.5}  # before a truncation less than 3 steps
    with pytest.warns(UserWarning, match="n_steps=5 is ignored"):
        kind = type("NStepReplayBuffer", (), {})
        other = sac(n_steps=5, replay_buffer_class=kind, replay_buffer_kwargs={"n_steps": 2})
    assert other.agent.settings["n_steps"] == 2 and other.agent.settings["gamma"] == 0.99


def test_timeouts_count_as_ends_where_that_is_asked_for() -> None:
    model = sac(replay_buffer_kwargs={"handle_timeout_termination": False}).learn(20)
    rows = model.replay_buffer.export()
    assert not rows["truncated"].any() and rows["terminated"].sum() == 4


# The policy.


def test_predict() -> None:
    model = sac(ToyEnv())
    one, _ = model.predict(np.zeros(3, np.float32))
    many, state = model.predict(np.zeros((4, 3), np.float64), state=("kept",), deterministic=True)
    assert one.shape == (2,) and many.shape == (4, 2) and state == ("kept",)
    assert one.dtype == many.dtype == np.float32
    assert all(model.action_space.contains(action) for action in [one, *many])
    assert np.array_equal(many, np.repeat(many[:1], 4, axis=0))
    assert not np.array_equal(model.predict(np.zeros(3))[0], model.predict(np.zeros(3))[0])
    assert model.predict(np.zeros((0, 3), np.float32))[0].shape == (0, 2)
    for wrong in (np.zeros(2), np.zeros((1, 1, 3)), np.zeros((2, 4)), 3.0):
        with pytest.raises(ValueError, match="Unexpected observation shape"):
            model.predict(wrong)
    with pytest.raises(ValueError, match="tuple|info"):
        model.predict((np.zeros(3), {}))
    with pytest.raises(ValueError, match="not real numbers"):
        model.predict(np.array(["a", "b", "c"]))


def test_predict_does_not_touch_training() -> None:
    hashes = set()
    for predicts in (False, True):
        model = sac()
        for _ in range(3):
            model.learn(10, reset_num_timesteps=False)
            if predicts:
                model.predict(np.zeros((7, 2), np.float32))
        hashes.add(model.state_hash())
    assert len(hashes) == 1


@pytest.mark.parametrize(
    ("space", "size"),
    [
        (spaces.Discrete(5, start=-2), 5),
        (spaces.MultiDiscrete([3, 2]), 5),
        (spaces.MultiBinary(4), 4),
        (spaces.Box(-1.0, 1.0, (2, 3), np.float64), 6),
        (spaces.Dict({"a": spaces.Box(-1.0, 1.0, (2,)), "b": spaces.Discrete(3), "c": spaces.MultiBinary(2)}), 7),
    ],
    ids=lambda value: type(value).__name__,
)
def test_observation_spaces(space: Any, size: int) -> None:
    env = SampledEnv(space, spaces.Box(-1.0, 1.0, (1,), np.float32))
    model = softac.SAC("MultiInputPolicy", env, **SMALL).learn(20)
    assert model.agent.obs_dim == size and model.replay_buffer.export()["obs"].shape == (20, size)
    assert model.predict(space.sample())[0].shape == (1,)
    assert model.agent.num_updates == 15


@pytest.mark.parametrize(
    "space",
    [
        spaces.Box(-2.0, 3.0, (2, 2), np.float64),
        spaces.Box(np.array([-1.0, 0.0]), np.array([0.5, 9.0]), dtype=np.float32),
        spaces.Box(0.0, 1.0, (1, 1, 2), np.float32),
    ],
    ids=str,
)
def test_action_spaces(space: Any) -> None:
    env = SampledEnv(spaces.Box(-1.0, 1.0, (3,)), space)
    model = sac(env).learn(20)
    assert env.taken and all(action.dtype == space.dtype and space.contains(action) for action in env.taken)
    one, _ = model.predict(np.zeros(3))
    many, _ = model.predict(np.zeros((2, 3)))
    assert one.shape == space.shape and many.shape == (2, *space.shape) and one.dtype == space.dtype
    scaled = model.replay_buffer.export()["action"]
    back = model.action_codec.unscale(scaled)
    assert np.allclose(back, np.stack(env.taken), atol=1e-6)


class SampledEnv(gymnasium.Env[Any, Any]):
    """Random observations of any space; keeps the actions."""

    def __init__(self, observations: spaces.Space[Any], actions: spaces.Space[Any]) -> None:
        self.observation_space, self.action_space = observations, actions
        self.taken: list[Any] = []

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> Any:
        super().reset(seed=seed)
        self.observation_space.seed(3)
        return self.observation_space.sample(), {}

    def step(self, action: Any) -> Any:
        self.taken.append(np.array(action))
        return self.observation_space.sample(), 1.0, False, len(self.taken) % 7 == 0, {}


# Environments, seeds, parameters, logger.


def test_set_env() -> None:
    model = sac().learn(7)
    last = model._last_obs
    model.set_env(CountingEnv(), force_reset=False)
    assert model._last_obs is last
    model.set_env(CountingEnv())
    assert model._last_obs is None and model.get_env() is model.env
    for wrong, error in ((ToyEnv(), ValueError), (DummyVecEnv([CountingEnv] * 2), AssertionError), (3, TypeError)):
        with pytest.raises(error):
            model.set_env(wrong)
    model.learn(7, reset_num_timesteps=False)
    assert model.num_timesteps == 14 and model.get_vec_normalize_env() is None


def test_the_same_seed_is_the_same_training() -> None:
    models = [sac(FollowEnv(), seed=seed, threads=threads) for seed, threads in [(3, 1), (3, 2), (4, 1)]]
    hashes = [model.learn(60).state_hash() for model in models]
    assert hashes[0] == hashes[1] != hashes[2]
    assert sac(seed=None).agent.seed != sac(seed=None).agent.seed


def test_set_random_seed() -> None:
    model = sac(FollowEnv())
    draws = []
    for _ in range(2):
        model.set_random_seed(11)
        own = float(model.env.reset()[0, 0]), model.action_space.sample()
        draws.append((random.random(), float(np.random.random()), *own))
    assert draws[0] == draws[1]
    model.set_random_seed(None)


def test_parameters() -> None:
    model, other = sac().learn(20), sac(seed=2)
    parameters = model.get_parameters()
    assert set(parameters) == {"policy", "optimizer"} and "log_ent_coef" in parameters["policy"]
    parameters["policy"]["actor.mu.bias"][:] = 7.0  # a copy
    assert model.get_parameters()["policy"]["actor.mu.bias"][0] != 7.0
    other.set_parameters(model.get_parameters())
    for group in ("policy", "optimizer"):
        for name, x in model.get_parameters()[group].items():
            assert np.array_equal(other.get_parameters()[group][name], x)
    before = other.agent.model_state()
    for wrong, exact in (
        ({"policy": {}}, True),
        ({"policy": {}, "optimizer": {}}, True),
        ({"policy": {"other": np.zeros(1)}}, False),
        ({"pi": {}}, False),
        ({"policy": {"actor.mu.bias": np.zeros(3)}}, False),
    ):
        with pytest.raises(ValueError):
            other.set_parameters(wrong, exact_match=exact)
    with pytest.raises(TypeError, match="actor.mu.bias"):
        other.set_parameters({"policy": {"actor.mu.bias": None}}, exact_match=False)
    assert all(np.array_equal(x, before[name]) for name, x in other.agent.model_state().items())
    other.set_parameters({"policy": {"actor.mu.bias": np.ones(1)}}, exact_match=False)
    assert other.agent.model_state()["actor.mu.bias"] == 1.0
    assert {name.split(".")[0] for name in model.policy.state_dict()} == {"actor", "critic", "target", "log_ent_coef"}


def test_networks_are_functions() -> None:
    model = sac(ToyEnv())
    rows, _ = model.policy.obs_to_tensor(np.zeros((4, 3)))
    actions = model.actor(rows, deterministic=True)
    assert actions.shape == (4, 2) and np.abs(actions).max() <= 1.0
    q = model.critic(rows, actions)
    assert len(q) == 2 and q[0].shape == (4, 1)
    assert all(np.array_equal(a, b) for a, b in zip(q, model.critic_target(rows, actions), strict=True))


def test_the_logger() -> None:
    model = sac()
    with pytest.raises(AttributeError, match="set_logger"):
        model.logger  # noqa: B018
    logger = Logger(None, [])
    model.set_logger(logger)
    model.learn(20)
    assert model.logger is logger
    assert sac().learn(5).logger is not None


def test_train_takes_the_batch_size_of_the_model() -> None:
    model = sac().learn(10)
    model.train(2)
    model.train(1, batch_size=8)
    assert model._n_updates == model.agent.num_updates == 8
    with pytest.raises(ValueError, match="batch_size=64"):
        model.train(1, batch_size=64)


# Discrete actions.


def test_discrete_actions() -> None:
    model = softac.DiscreteSAC("MlpPolicy", "CartPole-v1", **SMALL).learn(60)
    action, _ = model.predict(np.zeros(4, np.float32), deterministic=True)
    many, _ = model.predict(np.zeros((3, 4), np.float32))
    assert action in (0, 1) and many.shape == (3,) and np.issubdtype(many.dtype, np.integer)
    probabilities = model.action_probabilities(np.zeros((3, 4), np.float32))
    assert probabilities.shape == (3, 2) and np.allclose(probabilities.sum(axis=1), 1.0)
    assert model.action_probabilities(np.zeros(4)).shape == (2,)
    assert int(np.argmax(model.action_probabilities(np.zeros(4)))) == action


def test_discrete_sac_learns_to_balance() -> None:
    options = {"policy_kwargs": {"net_arch": [32, 32]}, "learning_rate": 2e-3, "batch_size": 64}
    options |= {"seed": 3, "threads": 1, "learning_starts": 300, "buffer_size": 5000}
    model = softac.DiscreteSAC("MlpPolicy", "CartPole-v1", **options)
    model.learn(3000)
    returns = [episode["r"] for episode in model.ep_info_buffer or ()]
    assert np.mean(returns[:10]) < 40 < 60 < np.mean(returns[-5:])
