"""softac.envs: the native environments under Gymnasium's interface, beside Gymnasium's own tasks."""

from __future__ import annotations

import copy
import os
import pickle
import subprocess
import sys
import warnings

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from softac._core import ConfigError, ContractError, EnvError, IoError, model_directory, registered_envs
from softac.envs import NativeEnv, load_env_plugin, register_all

IDS = [env["id"] for env in registered_envs()]
GYMNASIUMS = [name for name in IDS if name in gymnasium.registry]
RUNNERS = ["HalfCheetah-v5", "Hopper-v5", "Walker2d-v5", "Ant-v5", "Humanoid-v5", "Swimmer-v5", "Hopper-v4", "Ant-v4"]
# What check_env says of Gymnasium's own tasks too: of unbounded observations and of actions beyond [-1, 1].
ABOUT_SPACES = ("A Box observation space", "For Box action spaces, we recommend")


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """For tests in which Gymnasium's tasks may write MuJoCo's log file."""
    monkeypatch.chdir(tmp_path)


def gymnasiums(name, **kwargs):
    """Gymnasium's own task; skipped where what it needs beside mujoco is not installed."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return gymnasium.make(name, **kwargs)
    except (ImportError, gymnasium.error.DependencyNotInstalled) as error:
        pytest.skip(f"Gymnasium cannot make {name}: {error}")


def play(env, steps, seed=3):
    """What random actions bring out of an environment that has been reset, as plain values."""
    rng, out = np.random.default_rng(seed), []
    space = env.action_space
    for _ in range(steps):
        action = rng.integers(space.n) if hasattr(space, "n") else rng.uniform(space.low, space.high)
        obs, reward, terminated, truncated, info = env.step(action)
        out.append((obs.tolist(), reward, terminated, truncated, {k: np.array(v).tolist() for k, v in info.items()}))
        if terminated or truncated:
            obs, info = env.reset()
            out.append((obs.tolist(), {k: np.array(v).tolist() for k, v in info.items()}))
    return out


def test_importing_registers_and_loads_neither_torch_nor_sb3():
    code = (
        "import sys, softac, gymnasium; "
        "assert 'softac/HalfCheetah-v5' in gymnasium.registry; "
        "assert not {'torch', 'stable_baselines3', 'mujoco'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_every_environment_is_registered_with_its_facts():
    assert len(IDS) >= 28
    for env in registered_envs():
        spec = gymnasium.spec(f"softac/{env['id']}")
        assert spec.max_episode_steps == (env["max_episode_steps"] or None)
        assert spec.reward_threshold == env["reward_threshold"]
    before = dict(gymnasium.registry)
    register_all()
    assert gymnasium.registry == before


@pytest.mark.parametrize("name", IDS)
def test_check_env(name):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        env = NativeEnv(name)
        env.spec = gymnasium.spec(f"softac/{name}")
        check_env(env)
    others = [str(w.message) for w in caught if not any(part in str(w.message) for part in ABOUT_SPACES)]
    assert [text for text in others if "out of date" not in text] == []


@pytest.mark.parametrize("name", IDS)
def test_make_steps_through_gymnasiums_wrappers(name):
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*out of date.*")
        warnings.filterwarnings("error", ".*obs.*")
        env = gymnasium.make(f"softac/{name}")
    obs, info = env.reset(seed=1)
    assert obs in env.observation_space and isinstance(info, dict)
    obs, reward, terminated, truncated, info = env.step(env.action_space.sample())
    assert obs in env.observation_space
    assert isinstance(reward, float) and isinstance(terminated, bool) and isinstance(truncated, bool)
    env.close()
    env.close()


@pytest.mark.parametrize("name", GYMNASIUMS)
def test_spaces_and_limits_are_gymnasiums(name, elsewhere):
    theirs, ours = gymnasiums(name), gymnasiums(f"softac/{name}")
    assert ours.observation_space == theirs.observation_space
    assert ours.action_space == theirs.action_space
    assert ours.spec.max_episode_steps == theirs.spec.max_episode_steps
    assert ours.spec.reward_threshold == theirs.spec.reward_threshold


@pytest.mark.parametrize("name", RUNNERS)
def test_dynamics_rewards_and_infos_are_gymnasiums_to_the_bit(name, elsewhere):
    theirs, ours = gymnasiums(name).unwrapped, gymnasiums(f"softac/{name}").unwrapped
    rng, ends = np.random.default_rng(5), 0
    starts = []
    set_state = theirs.set_state
    theirs.set_state = lambda qpos, qvel: (starts.append(np.concatenate([qpos, qvel])), set_state(qpos, qvel))

    def same_infos(a, b):
        assert a.keys() == b.keys()
        for key in a:
            np.testing.assert_allclose(b[key], a[key], rtol=1e-12 if "distance" in key else 0.0, atol=0.0, err_msg=key)

    def reset(seed=None):
        obs, info = theirs.reset(seed=seed)
        our_obs, our_info = ours.reset(options={"state": starts[-1]})
        assert np.array_equal(obs, our_obs) and our_obs.dtype == obs.dtype
        same_infos(info, our_info)

    reset(7)
    for _ in range(60):
        action = 1.2 * rng.uniform(theirs.action_space.low, theirs.action_space.high)  # beyond the bounds too
        obs, reward, terminated, truncated, info = theirs.step(action)
        our_obs, our_reward, our_terminated, our_truncated, our_info = ours.step(action)
        assert np.array_equal(obs, our_obs)
        assert (reward, terminated, truncated) == (our_reward, our_terminated, our_truncated)
        same_infos(info, our_info)
        if terminated:
            ends += 1
            reset()
    assert ends > 0 or name.startswith(("HalfCheetah", "Swimmer", "Ant"))


@pytest.mark.parametrize("name", ["HalfCheetah-v5", "CartPole-v1"])
def test_a_seed_repeats_this_and_the_next_resets(name):
    one, two = gymnasium.make(f"softac/{name}"), gymnasium.make(f"softac/{name}")
    first, _ = one.reset(seed=4)
    again, _ = two.reset(seed=4)
    assert np.array_equal(first, again)
    assert play(one, 60) == play(two, 60)
    second, _ = one.reset()
    assert np.array_equal(second, two.reset()[0]) and not np.array_equal(first, second)
    assert np.array_equal(one.reset(seed=4)[0], first)
    assert not np.array_equal(one.reset(seed=2**64 - 1)[0], first)
    assert not np.array_equal(one.reset(seed=5)[0], first)


def test_without_a_seed_environments_differ():
    starts = [NativeEnv("Pendulum-v1").reset()[0].tolist() for _ in range(3)]
    assert starts[0] != starts[1] != starts[2] != starts[0]


@pytest.mark.parametrize("seed", [2**64, -1, 0.5, "a"])
def test_seeds_that_are_none(seed):
    env = NativeEnv("Pendulum-v1")
    with pytest.raises((ValueError, gymnasium.error.Error)):
        env.reset(seed=seed)
    env.reset(seed=3)


def test_observations_are_new_arrays():
    env = NativeEnv("Pendulum-v1")
    seen = [env.reset(seed=0)[0]] + [env.step([0.5])[0] for _ in range(3)]
    copies = [obs.copy() for obs in seen]
    seen[-1][:] = 9.0
    env.step([0.5])
    assert all(np.array_equal(a, b) for a, b in zip(seen[:-1], copies[:-1], strict=True))
    assert all(obs.flags.owndata and obs.flags.writeable for obs in seen)


def test_actions_of_every_form():
    base = np.linspace(-0.5, 0.5, 6)
    env, results = NativeEnv("HalfCheetah-v5"), []
    forms = [
        base,
        base.tolist(),
        tuple(base),
        base.astype(">f8"),
        np.repeat(base, 2)[::2],
        np.asfortranarray(base),
    ]
    readonly = base.copy()
    readonly.flags.writeable = False
    for action in [*forms, readonly]:
        env.reset(seed=1)
        results.append(env.step(action)[0].tolist())
    assert all(result == results[0] for result in results)
    env.reset(seed=1)
    rounded = env.step(base.astype(np.float32))[0].tolist()
    assert rounded != results[0] and np.allclose(rounded, results[0], atol=1e-6)
    env.reset(seed=1)
    assert env.step([1, 0, 0, -1, 0, 1])[4]["reward_ctrl"] == pytest.approx(-0.3)


@pytest.mark.parametrize(
    ("action", "error", "text"),
    [
        (np.zeros(5), ValueError, r"action: expected shape \(6,\), found \(5,\)"),
        (np.zeros((1, 6)), ValueError, r"expected shape \(6,\), found \(1, 6\)"),
        (0.0, ValueError, r"found \(1,\)"),
        ("six", (ValueError, TypeError), None),
        (None, TypeError, None),
        ([None] * 6, (TypeError, ArithmeticError), None),
        (object(), TypeError, None),
        (np.array([0, 0, np.nan, 0, 0, 0]), ArithmeticError, r"action\[2\] is NaN"),
        (np.array([0, 0, 0, 0, 0, np.inf], np.float32), ArithmeticError, r"action\[5\] is inf"),
    ],
)
def test_actions_that_are_none(action, error, text):
    env = NativeEnv("HalfCheetah-v5")
    env.reset(seed=1)
    with pytest.raises(error, match=text):
        env.step(action)
    env.reset()
    env.step(np.zeros(6))


def test_discrete_actions():
    env = gymnasium.make("softac/MountainCar-v0").unwrapped
    assert env.action_space == gymnasium.spaces.Discrete(3)
    results = []
    for action in [2, np.int64(2), np.array(2), np.array([2]), [2], 2.0, np.float32(2)]:
        env.reset(seed=1)
        results.append(env.step(action)[0].tolist())
    assert all(result == results[0] for result in results)
    env.reset(seed=1)
    assert env.step(0)[0].tolist() != results[0]
    for wrong in [3, -1, 0.5, np.nan, 2**40]:
        with pytest.raises(ValueError, match=r"MountainCar-v0: expected an action from 0 to 2, found"):
            env.step(wrong)
    with pytest.raises(ValueError, match="expected shape"):
        env.step([0, 1])


def test_calls_in_the_wrong_order():
    env = NativeEnv("TwoPeaks-v0")
    with pytest.raises(ContractError, match="reset it first"):
        env.step([0.0])
    env.reset(seed=0)
    assert env.step([0.0])[2]
    with pytest.raises(ValueError, match="its episode is over; reset it first"):
        env.step([0.0])
    env.reset()
    env.step([0.0])
    env.close()
    env.close()
    for call in (env.reset, lambda: env.step([0.0]), env.save_state, lambda: copy.deepcopy(env)):
        with pytest.raises(ContractError, match="TwoPeaks-v0: the environment is closed"):
            call()


def test_arguments_of_the_tasks():
    env = gymnasium.make(
        "softac/Ant-v5",
        ctrl_cost_weight=0.0,
        contact_force_range=(-2.0, 2),
        main_body=1,
        include_cfrc_ext_in_observation=False,
        healthy_z_range=np.array([0.1, np.inf]),
        frame_skip=np.int64(3),
    )
    assert env.observation_space.shape == (27,)
    env.reset(seed=0)
    assert env.step(np.ones(8, np.float32))[4]["reward_ctrl"] == 0.0
    assert env.unwrapped._native.kwargs["healthy_z_range"] == [0.1, np.inf]
    for kwargs, text in [
        ({"ctrl_cost_wait": 1.0}, r"unknown argument 'ctrl_cost_wait' \(did you mean 'ctrl_cost_weight'\?\)"),
        ({"ctrl_cost_weight": "much"}, "expected a number"),
        ({"terminate_when_unhealthy": 1}, "expected a bool"),
        ({"healthy_z_range": (1.0, 0.0)}, "lower, upper"),
        ({"frame_skip": 0}, "whole number"),
    ]:
        with pytest.raises(ConfigError, match=text):
            gymnasium.make("softac/Ant-v5", **kwargs)
    with pytest.raises(TypeError, match="argument 'frame_skip'"):
        gymnasium.make("softac/Ant-v5", frame_skip={})
    with pytest.raises(ValueError, match="did you mean 'Hopper-v5'"):
        NativeEnv("Hoper-v5")


def test_options_of_reset():
    env = NativeEnv("HalfCheetah-v5")
    state = np.linspace(-0.1, 0.1, 18)
    obs, info = env.reset(options={"state": state})
    assert np.array_equal(obs, state[1:]) and info == {"x_position": -0.1}
    for options, text in [
        ({"state": state[1:]}, r"state: expected shape \(18,\), found \(17,\)"),
        ({"state": np.full(18, np.nan)}, r"state\[0\] is NaN"),
        ({"low": -0.1, "high": 0.1}, r"options: \['high', 'low'\] are unknown"),
    ]:
        with pytest.raises(ValueError, match=text):
            env.reset(options=options)
    with pytest.raises(ValueError, match="Pendulum-v1 cannot start in a given state"):
        NativeEnv("Pendulum-v1").reset(options={"state": [0.0, 0.0]})


@pytest.mark.parametrize("name", ["Hopper-v5", "CartPole-v1", "Reacher-v5"])
def test_copies_and_saved_states_go_on_as_the_original(name):
    env = NativeEnv(name, **({"frame_skip": 2} if name == "Hopper-v5" else {}))
    env.reset(seed=9)
    play(env, 7, seed=1)
    state = env.save_state()
    copies = [copy.deepcopy(env), pickle.loads(pickle.dumps(env))]
    expected = play(env, 40)
    assert [play(each, 40) for each in copies] == [expected, expected]
    env.load_state(state)
    assert play(env, 40) == expected
    with pytest.raises(IoError):
        env.load_state(state[:-1])
    with pytest.raises(OSError):
        NativeEnv("Pendulum-v1").load_state(state)


def test_model_files_come_from_the_installed_gymnasium_unless_told_otherwise(tmp_path):
    assets = os.path.join(os.path.dirname(gymnasium.__file__), "envs", "mujoco", "assets")
    assert os.path.samefile(model_directory(), assets)
    code = "import gymnasium, softac; gymnasium.make('softac/Hopper-v5')"
    variables = {**os.environ, "SOFTAC_MODEL_DIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], env=variables, capture_output=True, text=True)
    assert done.returncode == 1
    assert "IoError" in done.stderr and f"SOFTAC_MODEL_DIR={tmp_path}" in done.stderr


def test_a_simulation_that_breaks_down():
    env = NativeEnv("HalfCheetah-v5")
    env.reset(options={"state": np.concatenate([np.zeros(9), np.full(9, 1e7)])})
    with pytest.raises(EnvError, match="HalfCheetah-v5 .*the simulation broke down"):
        for _ in range(100):
            env.step(np.zeros(6))
    obs, _ = env.reset(seed=0)
    assert np.isfinite(obs).all()


def test_a_plugin_joins(tmp_path):
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    library = tmp_path / "point_mass.so"
    source = os.path.join(root, "examples", "env_plugin", "point_mass.c")
    include = os.path.join(root, "include")
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", f"-I{include}", source, "-o", str(library), "-lm"], check=True)
    load_env_plugin(library)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check_env(gymnasium.make("softac/PointMass-v0").unwrapped)
    env = gymnasium.make("softac/PointMassPush-v0")
    assert env.action_space == gymnasium.spaces.Discrete(3)
    env.reset(seed=0)
    assert len(env.step(1)[0]) == 2
    with pytest.raises(IoError):
        load_env_plugin(tmp_path / "none.so")
