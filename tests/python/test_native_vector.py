"""softac.envs.NativeVectorEnv: what Gymnasium's SyncVectorEnv of the same environments gives, from one C++ call."""

from __future__ import annotations

import copy
import gc
import os
import pickle
import threading
import warnings

import gymnasium
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from gymnasium.wrappers import TimeLimit
from gymnasium.wrappers.vector import RecordEpisodeStatistics

from softac._core import ConfigError, ContractError, IoError, VecEnv
from softac.envs import NativeEnv, NativeVectorEnv

MODES = list(AutoresetMode)
# Episodes that end by themselves, by the time limit, in one step, and infos that are vectors.
TASKS = {"Hopper-v5": 40, "CartPole-v1": 12, "TwoPeaks-v0": 5, "Humanoid-v5": 9, "Pendulum-v1": 7, "Hopper-v4": 15}


def vector(name, num_envs=3, mode=AutoresetMode.NEXT_STEP, **kwargs):
    return NativeVectorEnv(name, num_envs, autoreset_mode=mode, max_episode_steps=TASKS.get(name), **kwargs)


def sync(name, num_envs=3, mode=AutoresetMode.NEXT_STEP):
    return SyncVectorEnv([lambda: TimeLimit(NativeEnv(name), TASKS[name])] * num_envs, autoreset_mode=mode)


def actions_of(env, rng):
    space = env.single_action_space
    if isinstance(space, gymnasium.spaces.Discrete):
        return rng.integers(space.n, size=env.num_envs)
    return rng.uniform(space.low, space.high, (env.num_envs, *space.shape)).astype(np.float32)


def assert_same(ours, theirs, where):
    """Arrays, or dicts of them, that are equal in everything; infos are float64 here whatever the task's type is."""
    if isinstance(theirs, dict):
        assert isinstance(ours, dict) and ours.keys() == theirs.keys(), where
        for key in theirs:
            assert_same(ours[key], theirs[key], f"{where}[{key}]")
    elif theirs.dtype == object:
        assert ours.dtype == object and len(ours) == len(theirs), where
        for a, b in zip(ours, theirs, strict=True):
            assert (a is None) == (b is None), where
            assert a is None or (a.dtype == b.dtype and np.array_equal(a, b)), where
    else:
        assert ours.dtype == theirs.dtype and ours.shape == theirs.shape, (where, ours, theirs)
        assert np.array_equal(ours, theirs), (where, ours, theirs)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", TASKS)
def test_everything_is_as_from_gymnasiums_sync_vector_env(name, mode):
    ours, theirs = vector(name, mode=mode), sync(name, mode=mode)
    assert ours.metadata["autoreset_mode"] is mode
    for space in ("single_observation_space", "single_action_space", "observation_space", "action_space"):
        assert getattr(ours, space) == getattr(theirs, space)
    rng, ends = np.random.default_rng(2), 0
    for a, b, part in zip(ours.reset(seed=11), theirs.reset(seed=11), ("obs", "infos"), strict=True):
        assert_same(a, b, part)
    for step in range(80):
        action = actions_of(ours, rng)
        a, b = ours.step(action), theirs.step(action)
        for x, y, part in zip(a, b, ("obs", "reward", "terminated", "truncated", "infos"), strict=True):
            assert_same(x, y, f"step {step} {part}")
        done = a[2] | a[3]
        ends += done.sum()
        if mode is AutoresetMode.DISABLED and done.any():
            a, b = (env.reset(options={"reset_mask": done}) for env in (ours, theirs))
            assert_same(a[0], b[0], "obs")
            assert_same(a[1], b[1], "infos")
    assert ends > 3


def test_make_vec():
    env = gymnasium.make_vec("softac/HalfCheetah-v5", num_envs=4, vectorization_mode="vector_entry_point", threads=2)
    assert isinstance(env, NativeVectorEnv) and env.num_envs == 4 and env.spec.id == "softac/HalfCheetah-v5"
    assert env.observation_space.shape == (4, 17) and env.observation_space.dtype == np.float64
    assert env.metadata["autoreset_mode"] is AutoresetMode.NEXT_STEP
    assert env._native.max_episode_steps == 1000
    by_default = gymnasium.make_vec("softac/HalfCheetah-v5", num_envs=4)
    assert isinstance(by_default, NativeVectorEnv)
    by_sync = gymnasium.make_vec("softac/HalfCheetah-v5", num_envs=4, vectorization_mode="sync")
    assert isinstance(by_sync, SyncVectorEnv)
    starts = [each.reset(seed=3)[0] for each in (env, by_default, by_sync)]
    assert np.array_equal(starts[0], starts[1]) and np.array_equal(starts[0], starts[2])
    same = gymnasium.make_vec("softac/CartPole-v1", num_envs=2, autoreset_mode="SameStep", max_episode_steps=3)
    assert same.metadata["autoreset_mode"] is AutoresetMode.SAME_STEP
    same.reset()
    assert "final_obs" in [same.step(np.array([0, 1])) for _ in range(3)][-1][4]


def test_gymnasiums_vector_wrappers_work():
    env = RecordEpisodeStatistics(vector("Pendulum-v1"))
    env.reset(seed=0)
    infos = [env.step(actions_of(env, np.random.default_rng(0)))[4] for _ in range(7)][-1]
    assert np.array_equal(infos["episode"]["l"], [7, 7, 7])


@pytest.mark.parametrize("mode", [AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP])
def test_threads_change_nothing(mode):
    envs = [vector("Hopper-v5", 5, mode, threads=threads) for threads in (1, 2, 3)]
    starts = [env.reset(seed=4)[0] for env in envs]
    assert np.array_equal(starts[0], starts[1]) and np.array_equal(starts[0], starts[2])
    rng = np.random.default_rng(1)
    for _ in range(60):
        action = actions_of(envs[0], rng)
        results = [env.step(action) for env in envs]
        for other in results[1:]:
            for a, b in zip(results[0], other, strict=True):
                assert_same(a, b, "threads")


def test_seeds():
    env, one = vector("Pendulum-v1"), NativeEnv("Pendulum-v1")
    first, _ = env.reset(seed=[5, 6, 7])
    assert np.array_equal(first, env.reset(seed=5)[0])
    second, _ = env.reset()
    assert not np.array_equal(first, second)
    env.reset(seed=5)
    part, _ = env.reset(seed=[5, None, np.int64(5)])
    assert np.array_equal(part, np.stack([first[0], second[1], first[0]]))
    assert np.array_equal(one.reset(seed=6)[0], first[1])
    for wrong in ([1, 2], [1, 2, 3, 4], -1, 2**64 - 2, [0, 0, 0.5], "abc"):
        with pytest.raises((ValueError, TypeError, gymnasium.error.Error)):
            env.reset(seed=wrong)
    assert not np.array_equal(vector("Pendulum-v1").reset()[0], vector("Pendulum-v1").reset()[0])


def test_reset_of_a_mask_leaves_the_others():
    env = vector("Pendulum-v1")
    obs, _ = env.reset(seed=1)
    mask = np.array([False, True, False])
    options = {"reset_mask": mask}
    again, _ = env.reset(options=options)
    assert options == {"reset_mask": mask}
    assert np.array_equal(obs[[0, 2]], again[[0, 2]]) and not np.array_equal(obs[1], again[1])
    for wrong in (np.zeros(3, np.bool_), np.ones(2, np.bool_), np.ones(3), [True, False, False]):
        with pytest.raises(ValueError, match="reset_mask"):
            env.reset(options={"reset_mask": wrong})
    with pytest.raises(ValueError, match=r"options: \['state'\] are unknown"):
        env.reset(options={"state": [0.0]})


def test_arrays_are_new_each_time():
    env = vector("Hopper-v5", mode=AutoresetMode.SAME_STEP)
    seen = [env.reset(seed=0)]
    rng = np.random.default_rng(0)
    for _ in range(30):
        seen.append(env.step(actions_of(env, rng)))
    arrays = []
    for result in seen:
        for part in result:
            stack = [part]
            while stack:
                value = stack.pop()
                if isinstance(value, dict):
                    stack.extend(value.values())
                else:
                    arrays.append(value)
    assert len(arrays) > 200
    for i, a in enumerate(arrays):
        assert not any(np.shares_memory(a, b) for b in arrays[i + 1 :] if b.dtype != object and a.dtype != object)


def test_actions_that_are_none():
    env, cart = vector("HalfCheetah-v5"), vector("CartPole-v1")
    with pytest.raises(ContractError, match=r"environment 0, step 0\): step: reset it first"):
        env.step(np.zeros((3, 6)))
    env.reset(seed=0)
    cart.reset(seed=0)
    for wrong in (np.zeros((2, 6)), np.zeros(18), np.zeros((3, 6, 1)), 0.0):
        with pytest.raises(ValueError, match=r"action: expected shape \(3, 6\), found"):
            env.step(wrong)
    nan = np.zeros((3, 6))
    nan[1, 2] = np.nan
    with pytest.raises(ArithmeticError, match=r"environment 1, step 1\): action\[2\] is NaN"):
        env.step(nan)
    for wrong in ([0, 1, 2], [0, -1, 0], [0, 0.5, 0], [0, np.nan, 0]):
        with pytest.raises(ValueError, match="expected an action from 0 to 1, found"):
            cart.step(wrong)
    with pytest.raises(ValueError, match="expected shape"):
        cart.step(np.zeros((3, 1)))
    assert len(env.step(np.zeros((3, 6)).tolist())[1]) == len(cart.step([0, 1, 0])[1]) == 3


def test_a_step_before_the_reset_that_disabled_waits_for():
    env = vector("TwoPeaks-v0", mode=AutoresetMode.DISABLED)
    env.reset(seed=0)
    env.step(np.zeros((3, 1)))
    with pytest.raises(ContractError, match="environment 0, step 1.*its episode is over"):
        env.step(np.zeros((3, 1)))


def test_what_cannot_be_made():
    for kwargs, text in [
        ({"num_envs": 0}, "num_envs: expected at least 1, found 0"),
        ({"threads": -1}, "threads: expected at least 0, found -1"),
        ({"max_episode_steps": -1}, "max_episode_steps: expected at least 0"),
        ({"autoreset_mode": "Often"}, "Often"),
        ({"frame_skipp": 2}, "did you mean 'frame_skip'"),
    ]:
        with pytest.raises(ValueError, match=text):
            NativeVectorEnv("Hopper-v5", **kwargs)
    with pytest.raises(ConfigError, match="did you mean 'Hopper-v5'"):
        NativeVectorEnv("Hoper-v5")
    with pytest.raises(ContractError, match="NextStep, SameStep or Disabled"):
        VecEnv("Hopper-v5", autoreset="never")


def test_closing_twice():
    env = vector("Hopper-v5", threads=2)
    env.reset()
    env.close()
    env.close()
    with pytest.raises(ContractError, match="Hopper-v5: the environment is closed"):
        env.step(np.zeros((3, 3)))


@pytest.mark.parametrize("mode", MODES[:2])
def test_copies_and_saved_states_go_on_as_the_original(mode):
    env, rng = vector("Hopper-v5", mode=mode), np.random.default_rng(3)
    env.reset(seed=8)
    for _ in range(25):
        env.step(actions_of(env, rng))
    state = env.save_state()
    copies = [copy.deepcopy(env), pickle.loads(pickle.dumps(env))]
    assert copies[0].autoreset_mode is mode
    fresh = vector("Hopper-v5", mode=mode)
    fresh.load_state(state)
    for _ in range(60):
        action = actions_of(env, rng)
        expected = env.step(action)
        for other in (*copies, fresh):
            for a, b in zip(other.step(action), expected, strict=True):
                assert_same(a, b, "copy")
    with pytest.raises(IoError):
        vector("Hopper-v5", 2).load_state(state)


def test_one_thread_at_a_time_and_others_run_meanwhile():
    """Of two threads that step one environment at once, one gets an error: neither waits for the interpreter's lock."""
    env = NativeEnv("HumanoidStandup-v5", frame_skip=3000)
    env.reset(seed=0)
    both, errors = threading.Barrier(2), []

    def step():
        both.wait()
        try:
            env.step(np.zeros(17))
        except RuntimeError as error:
            errors.append(str(error))

    threads = [threading.Thread(target=step) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == ["this environment is in use by another thread"]
    env.step(np.zeros(17))


def test_a_forked_process_is_told_that_the_threads_are_gone():
    env = vector("Pendulum-v1", threads=2)
    env.reset(seed=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        code = 1
        try:
            env.step(np.zeros((3, 1)))
        except RuntimeError as error:
            code = 0 if "came through a fork" in str(error) else 2
        try:
            env.close()
            del env
            gc.collect()
        except BaseException:
            code = 3
        os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    env.step(np.zeros((3, 1)))
