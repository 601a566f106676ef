"""Model files: what goes on from them is what went into them, and anything else is refused."""

from __future__ import annotations

import copy
import io
import json
import pickle
import warnings
import zipfile
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
from toy_envs import CountingEnv, FollowEnv
from toy_rows import ToyEnv

import softac
from softac.noise import NormalActionNoise, OrnsteinUhlenbeckActionNoise, VectorizedActionNoise
from softac.schedules import ConstantSchedule, LinearSchedule
from softac.vec_env import DummyVecEnv

SMALL: dict[str, Any] = {"policy_kwargs": {"net_arch": [8]}, "batch_size": 16, "learning_starts": 50, "seed": 5}
SMALL["buffer_size"] = 5000


def model_on(env: Any, **options: Any) -> softac.SAC:
    return softac.SAC("MlpPolicy", env, **{**SMALL, **options})


def through_a_file(model: Any, env: Any = None, include: Any = ("replay_buffer",), **options: Any) -> Any:
    file = io.BytesIO()
    model.save(file, include=include)
    file.seek(0)
    return type(model).load(file, env=env, **options)


VARIANTS: dict[str, dict[str, Any]] = {
    "defaults": {},
    "3-step returns": {"n_steps": 3},
    "episodes": {"train_freq": (1, "episode"), "gradient_steps": -1},
    "4 steps": {"train_freq": 4, "gradient_steps": 2},
    "learning rate falls": {"learning_rate": LinearSchedule(1e-3, 1e-5)},
    "fixed temperature": {"ent_coef": 0.1},
    "delayed actor": {"policy_delay": 2},
    "noise": {"action_noise": OrnsteinUhlenbeckActionNoise(np.zeros(1), 0.2 * np.ones(1))},
}


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("name", VARIANTS)
def test_a_loaded_model_goes_on_as_the_one_that_was_saved(name: str, threads: int) -> None:
    whole, half = FollowEnv(), FollowEnv()
    one = model_on(whole, threads=threads, **copy.deepcopy(VARIANTS[name]))
    np.random.seed(3)
    one.learn(300, log_interval=None)
    state = np.random.get_state()
    one.learn(150, reset_num_timesteps=False)
    two = model_on(half, threads=threads, **copy.deepcopy(VARIANTS[name]))
    np.random.seed(3)
    two.learn(300, log_interval=None)
    loaded = through_a_file(two, two.env, force_reset=False)
    np.random.set_state(state)
    loaded.learn(150, reset_num_timesteps=False)
    assert loaded.state_hash() == one.state_hash()
    for counter in ("num_timesteps", "_episode_num", "_n_updates"):
        assert getattr(loaded, counter) == getattr(one, counter)
    assert list(loaded.ep_info_buffer)[-1]["r"] == list(one.ep_info_buffer)[-1]["r"]
    assert loaded.replay_buffer.pos == one.replay_buffer.pos


def test_training_in_two_halves_is_training_at_once() -> None:
    """learn(2000) against learn(1000), save, load, learn(1000), once more, with 1 and with 2 threads."""
    hashes = set()
    for threads in (1, 2):
        one = model_on(FollowEnv(), threads=threads)
        one.learn(1000).learn(1000, reset_num_timesteps=False)
        hashes.add(one.state_hash())
        two = model_on(FollowEnv(), threads=threads)
        two.learn(1000)
        loaded = through_a_file(two, two.env, force_reset=False, threads=3 - threads)
        assert loaded.threads == 3 - threads
        loaded.learn(500, reset_num_timesteps=False)
        loaded = through_a_file(loaded, loaded.env, force_reset=False)
        loaded.learn(500, reset_num_timesteps=False)
        hashes.add(loaded.state_hash())
    at_once = model_on(FollowEnv(), threads=1)
    at_once.learn(2000)
    hashes.add(at_once.state_hash())
    assert len(hashes) == 1


def test_several_environments_and_discrete_actions_go_on_too() -> None:
    def discrete() -> Any:
        three = gymnasium.spaces.Discrete(3)
        return gymnasium.wrappers.TransformAction(CountingEnv(), lambda k: np.array([k - 1.0]), three)

    for make, kind in ((CountingEnv, softac.SAC), (discrete, softac.DiscreteSAC)):
        hashes = set()
        for saves in (False, True):
            model: Any = kind("MlpPolicy", DummyVecEnv([make, make]), **SMALL)
            model.learn(120)
            if saves:
                model = through_a_file(model, model.env, force_reset=False)
            model.learn(60, reset_num_timesteps=False)
            hashes.add(model.state_hash())
        assert len(hashes) == 1


def test_without_the_replay_a_loaded_model_begins_with_an_empty_one() -> None:
    model = model_on(FollowEnv())
    model.learn(100)
    loaded = through_a_file(model, FollowEnv(), include=())
    assert loaded.num_timesteps == 100 and len(loaded.replay_buffer) == 0 and loaded.replay_buffer.size() == 0
    assert loaded._last_obs is None
    before = model.agent.model_state()
    assert all(np.array_equal(x, before[name]) for name, x in loaded.agent.model_state().items())
    moments = model.agent.optimizer_state()
    assert all(np.array_equal(x, moments[name]) for name, x in loaded.agent.optimizer_state().items())
    loaded.learn(60, reset_num_timesteps=False)
    assert loaded.num_timesteps == 160


def test_loaded_without_an_environment_it_predicts_and_takes_one_later() -> None:
    model = softac.SAC("MultiInputPolicy", ToyEnv("dict"), **SMALL)
    model.learn(60)
    loaded = through_a_file(model)
    assert loaded.env is None and loaded.observation_space == model.observation_space
    assert list(loaded.observation_space.spaces) == ["walk", "at"]
    obs = model.env.reset()
    assert np.array_equal(loaded.predict(obs, deterministic=True)[0], model.predict(obs, deterministic=True)[0])
    with pytest.raises(ValueError, match="set_env"):
        loaded.learn(5)
    with pytest.raises(ValueError, match="Observation spaces do not match"):
        loaded.set_env(ToyEnv())
    loaded.set_env(ToyEnv("dict"))
    loaded.learn(20, reset_num_timesteps=False)


def test_another_number_of_environments() -> None:
    model = model_on(FollowEnv())
    model.learn(100)
    with pytest.warns(UserWarning, match="replay .* 1 environments, not 3"):
        loaded = through_a_file(model, DummyVecEnv([FollowEnv] * 3))
    assert loaded.n_envs == loaded.agent.num_envs == 3 and len(loaded.replay_buffer) == 0
    assert loaded.agent.num_updates == model.agent.num_updates and loaded.num_timesteps == 100
    obs = np.ones((2, 1), np.float32)
    assert np.array_equal(loaded.predict(obs, deterministic=True)[0], model.predict(obs, deterministic=True)[0])
    loaded.learn(90, reset_num_timesteps=False)
    assert loaded.num_timesteps == 190
    with pytest.raises(ValueError, match="Action spaces do not match|Observation spaces do not match"):
        through_a_file(model, CountingEnv())


def test_arguments_in_place_of_those_of_the_file() -> None:
    model = model_on(FollowEnv())
    model.learn(100)
    loaded = through_a_file(model, FollowEnv(), learning_rate=1e-2, gamma=0.9, batch_size=4, verbose=0, tau=0.5)
    assert loaded.agent.settings["gamma"] == 0.9 and loaded.agent.settings["batch_size"] == 4
    assert loaded.lr_schedule(1.0) == 1e-2 and loaded.gamma == 0.9
    rows = model.replay_buffer.export()
    assert all(np.array_equal(x, rows[name]) for name, x in loaded.replay_buffer.export().items())
    assert loaded.replay_buffer.size() == model.replay_buffer.size()
    loaded.learn(20, reset_num_timesteps=False)
    assert through_a_file(model, learning_starts=7).learning_starts == 7
    with pytest.raises(TypeError, match="unexpected keyword argument 'gammma'"):
        through_a_file(model, gammma=0.9)
    with pytest.raises(NotImplementedError, match="cuda"):
        through_a_file(model, device="cuda")


def test_custom_objects() -> None:
    model = model_on(FollowEnv(), learning_rate=lambda progress: 1e-3 * progress)
    model.learn(60)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        loaded = through_a_file(model, custom_objects={"lr_schedule": lambda _: 2e-3, "learning_starts": 3})
    assert loaded.lr_schedule(0.5) == 2e-3 and loaded.learning_starts == 3
    with pytest.warns(UserWarning, match="the file has no clip_range"):
        through_a_file(model, custom_objects={"clip_range": 1, "learning_rate": 1e-3})


@pytest.mark.parametrize("schedule", [2e-4, ConstantSchedule(2e-4), LinearSchedule(1e-3, 1e-4, 0.5)])
def test_learning_rates_that_a_file_keeps(schedule: Any) -> None:
    model = model_on(FollowEnv(), learning_rate=schedule)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        loaded = through_a_file(model)
    for progress in (1.0, 0.7, 0.2, 0.0):
        assert loaded.lr_schedule(progress) == model.lr_schedule(progress)


def test_a_learning_rate_that_it_does_not_keep_is_said() -> None:
    model = model_on(FollowEnv(), learning_rate=lambda progress: 1e-3 * progress)
    model.learn(60)
    with pytest.warns(UserWarning, match="learning_rate = .*could not be kept"):
        loaded = through_a_file(model)
    assert loaded.lr_schedule(1.0) == loaded.lr_schedule(0.2) == model.lr_schedule(model._current_progress_remaining)


def test_action_noises() -> None:
    base = NormalActionNoise(np.zeros(1), 0.1 * np.ones(1))
    for noise in (base, VectorizedActionNoise(base, 1)):
        loaded = through_a_file(model_on(FollowEnv(), action_noise=noise))
        assert repr(loaded.action_noise) == repr(noise)

    class OwnNoise(NormalActionNoise):
        pass

    with pytest.warns(UserWarning, match="action_noise = .*left out"):
        assert through_a_file(model_on(FollowEnv(), action_noise=OwnNoise([0.0], [0.1]))).action_noise is None


def test_settings_of_numpy_types_are_kept() -> None:
    model = model_on(FollowEnv(), policy_delay=np.int64(2), max_grad_norm=np.float32(0.5), gamma=np.float64(0.9))
    loaded = through_a_file(model)
    assert loaded.agent.settings == model.agent.settings


def test_include_and_exclude() -> None:
    model = model_on(FollowEnv())
    model.learn(60)
    with pytest.raises(ValueError, match="no attribute 'replay'"):
        model.save(io.BytesIO(), include=["replay"])
    with pytest.raises(NotImplementedError, match="policy"):
        model.save(io.BytesIO(), include=["policy"])
    file = io.BytesIO()
    model.save(file, exclude=["_last_obs", "learning_starts", "num_timesteps"])
    loaded = softac.SAC.load(file, env=model.env, force_reset=False)
    assert loaded._last_obs is None and loaded.learning_starts == 100 and loaded.num_timesteps == 0
    file = io.BytesIO()
    model.save(file, exclude=["replay_buffer"], include=["replay_buffer"])
    assert len(softac.SAC.load(file).replay_buffer) == 60


def test_paths(tmp_path: Path) -> None:
    model = model_on(FollowEnv())
    model.save(tmp_path / "new" / "model")
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["model.zip"]
    for name in ("model", "model.zip"):
        assert softac.SAC.load(tmp_path / "new" / name).state_hash() == model.state_hash()
    model.save(str(tmp_path / "model.v1"))
    assert softac.SAC.load(str(tmp_path / "model.v1")).state_hash() == model.state_hash()
    with open(tmp_path / "opened", "wb") as file:
        model.save(file)
    with open(tmp_path / "opened", "rb") as file:
        assert softac.SAC.load(file).state_hash() == model.state_hash()
    with pytest.raises(FileNotFoundError):
        softac.SAC.load(tmp_path / "none")


def test_no_pickle_is_in_a_file() -> None:
    model = softac.SAC("MultiInputPolicy", ToyEnv("dict"), **SMALL)
    model.learn(60)
    file = io.BytesIO()
    model.save(file, include=["replay_buffer"])
    with zipfile.ZipFile(file) as archive:
        names = archive.namelist()
        assert sorted(names) == ["data.json", "last_obs.at.npy", "last_obs.walk.npy", "learner.safetensors", "replay"]
        json.loads(archive.read("data.json"))
        for name in names:
            with pytest.raises((pickle.UnpicklingError, EOFError, ValueError, IndexError, KeyError, AttributeError)):
                pickle.loads(archive.read(name))
    for use in (pickle.dumps, copy.copy):
        with pytest.raises(TypeError, match=r"use save\(\) and SAC.load\(\)"):
            use(model)


def saved_bytes(model: Any) -> bytes:
    file = io.BytesIO()
    model.save(file, include=["replay_buffer"])
    return file.getvalue()


def test_cut_and_changed_files_are_refused() -> None:
    model = model_on(FollowEnv(), buffer_size=100)
    model.learn(60)
    data, hash_ = saved_bytes(model), model.state_hash()
    for length in [0, 1, 3, 100, len(data) // 3, len(data) // 2, len(data) - 1]:
        with pytest.raises(ValueError, match="not a model that softac saved"):
            softac.SAC.load(io.BytesIO(data[:length]))
    rng = np.random.default_rng(1)
    places = [*rng.integers(0, len(data), 60), *rng.integers(len(data) - 500, len(data), 60), *range(0, 30)]
    refused = 0
    for place in places:
        changed = bytearray(data)
        changed[place] ^= 1 << int(rng.integers(8))
        try:
            loaded = softac.SAC.load(io.BytesIO(bytes(changed)))
        except (ValueError, OSError):
            refused += 1
        else:  # a date or an attribute of an entry
            assert loaded.state_hash() == hash_
    assert refused > 60


def with_entry(data: bytes, name: str, content: bytes | None) -> io.BytesIO:
    """The file with another entry; None: without it."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as new:
        for entry in old.namelist():
            if entry != name:
                new.writestr(entry, old.read(entry))
        if content is not None:
            new.writestr(name, content)
    return out


def wrong_values(value: Any) -> list[Any]:
    return [None, -1, 1e400, "x", {}, [value], {"softac.kind": "other"}]


def test_contents_of_wrong_types_are_refused_or_read() -> None:
    """Whatever stands in data.json: a model, or ValueError, TypeError, NotImplementedError that say what is wrong."""
    model = model_on(FollowEnv(), buffer_size=100, action_noise=NormalActionNoise([0.0], [0.1]))
    model.learn(60)
    data = saved_bytes(model)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        good = json.loads(archive.read("data.json"))
    cases: list[Any] = [None, [], "x", {}, {**good, "format": "softac-model-9"}]
    for key in good:
        cases.append({name: value for name, value in good.items() if name != key})
        cases += [{**good, key: wrong} for wrong in wrong_values(good[key])]
        if isinstance(good[key], dict):
            for inner, value in good[key].items():
                cases += [{**good, key: {**good[key], inner: wrong}} for wrong in wrong_values(value)]
    accepted = (ValueError, TypeError, NotImplementedError, OSError, OverflowError, AssertionError, MemoryError)
    for case in cases:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                softac.SAC.load(with_entry(data, "data.json", json.dumps(case).encode()))
            except accepted:
                pass


def test_files_of_other_kinds_are_refused(tmp_path: Path) -> None:
    model = model_on(FollowEnv(), buffer_size=100)
    data = saved_bytes(model)
    other = io.BytesIO()
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("readme.txt", "hello")
    with pytest.raises(ValueError, match=r"no data\.json"):
        softac.SAC.load(other)
    of_sb3 = io.BytesIO()
    with zipfile.ZipFile(of_sb3, "w") as archive:
        archive.writestr("data", "{}")
        archive.writestr("policy.pth", "")
    with pytest.raises(ValueError, match=r"SAC\.load_sb3"):
        softac.SAC.load(of_sb3)
    for name in ("learner.safetensors", "data.json"):
        with pytest.raises(ValueError, match="not a model that softac saved|no data.json"):
            softac.SAC.load(with_entry(data, name, None))
    for name in ("learner.safetensors", "replay"):
        with pytest.raises(OSError, match="learner.safetensors|replay"):
            softac.SAC.load(with_entry(data, name, b"garbage" * 9))
    compressed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(compressed, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.namelist():
            new.writestr(entry, old.read(entry))
    with pytest.raises(ValueError, match="compressed"):
        softac.SAC.load(compressed)
    with pytest.raises(ValueError, match="class SAC, not DiscreteSAC"):
        softac.DiscreteSAC.load(io.BytesIO(data))
    objects = io.BytesIO()
    np.save(objects, np.array([object()]), allow_pickle=True)
    with pytest.raises(ValueError, match="allow_pickle|not a model"):
        softac.SAC.load(with_entry(data, "last_obs.npy", objects.getvalue()))


def test_what_cannot_be_written_leaves_the_old_file(tmp_path: Path) -> None:
    model = model_on(FollowEnv(), buffer_size=100)
    path = tmp_path / "model.zip"
    model.save(path)
    before = path.read_bytes()
    with pytest.raises(OSError, match="No space"), open("/dev/full", "wb", buffering=0) as full:
        model.save(full)
    model.policy_kwargs["net_arch"] = circular = []
    circular.append(circular)
    with pytest.raises((ValueError, RecursionError)):
        model.save(path)
    assert path.read_bytes() == before and [p.name for p in tmp_path.iterdir()] == ["model.zip"]
    del model.policy_kwargs["net_arch"]
    (tmp_path / "folder.zip").mkdir()
    with pytest.raises(OSError, match="not a regular file"):
        model.save(tmp_path / "folder.zip")


def test_replay_files(tmp_path: Path) -> None:
    model = model_on(DummyVecEnv([FollowEnv, FollowEnv]))
    model.learn(110)
    model.save_replay_buffer(tmp_path / "rows")
    assert [path.name for path in tmp_path.iterdir()] == ["rows.replay"]
    file = io.BytesIO()
    model.save_replay_buffer(file)
    rows = model.replay_buffer.export()
    for source in (tmp_path / "rows", str(tmp_path / "rows.replay"), io.BytesIO(file.getvalue())):
        other = model_on(DummyVecEnv([FollowEnv, FollowEnv]))
        other.load_replay_buffer(source, truncate_last_traj=False)
        assert all(np.array_equal(x, rows[name]) for name, x in other.replay_buffer.export().items())
        assert other.replay_buffer.size() == model.replay_buffer.size() == 55
    other.load_replay_buffer(tmp_path / "rows")
    ends = other.replay_buffer.export()
    assert ends["truncated"][[54, 109]].all() and not rows["truncated"][[54, 109]].any()
    with pytest.raises(OSError, match="rows"):
        model_on(FollowEnv()).load_replay_buffer(tmp_path / "rows")
    damaged = bytearray(file.getvalue())
    damaged[len(damaged) // 2] ^= 4
    with pytest.raises(OSError, match="replay"):
        other.load_replay_buffer(io.BytesIO(bytes(damaged)))
    with pytest.raises(OSError, match="No such file"):
        other.load_replay_buffer(tmp_path / "none")
    assert len(other.replay_buffer) == 0
    other.learn(20)


def test_a_deep_copy_is_the_same_and_apart() -> None:
    model = model_on(FollowEnv(), action_noise=NormalActionNoise([0.0], [0.1]))
    model.learn(80)
    other = copy.deepcopy(model)
    assert other.state_hash() == model.state_hash() and other.num_timesteps == 80
    assert other.agent is not model.agent and other.action_noise is not model.action_noise
    assert other.replay_buffer.pos == model.replay_buffer.pos
    before = model.state_hash()
    other.set_env(FollowEnv())
    other.learn(20, reset_num_timesteps=False)
    assert model.state_hash() == before != other.state_hash()
    assert other.policy.predict(np.zeros(1, np.float32), deterministic=True)[0] != pytest.approx(
        model.policy.predict(np.zeros(1, np.float32), deterministic=True)[0], abs=0.0
    )
