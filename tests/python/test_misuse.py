"""Misuse of softac.Agent and softac.SAC ends in Python's exceptions: some seconds at random, then one case each."""

from __future__ import annotations

import copy
import gc
import os
import pickle
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from misused_agent import child_status, in_threads, interrupted
from misused_model import Fails
from toy_envs import CountingEnv

import softac
from softac.vec_env import DummyVecEnv

HERE = Path(__file__).parent
SMALL: dict[str, Any] = {"net_arch": [8], "batch_size": 8}


def agent_of(num_envs: int = 1, **options: Any) -> softac.Agent:
    return softac.Agent(3, 2, num_envs=num_envs, buffer_size=100, **{**SMALL, **options})


def fed(agent: softac.Agent, steps: int = 10) -> softac.Agent:
    rng, off = np.random.default_rng(2), np.zeros(agent.num_envs, bool)
    obs = rng.normal(size=(agent.num_envs, 3)).astype(np.float32)
    for _ in range(steps):
        next_obs = rng.normal(size=obs.shape).astype(np.float32)
        agent.observe(obs, agent.random_action(), rng.normal(size=len(obs)), next_obs, off, off)
        obs = next_obs
    return agent


def model_of(**options: Any) -> softac.SAC:
    settings = {"policy_kwargs": {"net_arch": [8]}, "batch_size": 8, "learning_starts": 4, "buffer_size": 500}
    return softac.SAC("MlpPolicy", CountingEnv(), seed=1, **{**settings, **options})


def run_script(text: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE), *sys.path])}
    command = [sys.executable, "-X", "faulthandler", "-c", text]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=300)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_random_misuse(seed: int) -> None:
    command = [sys.executable, "-X", "faulthandler", str(HERE / "misuse.py"), "--rounds", "30", "--seed", str(seed)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "leaked" not in done.stderr, done.stderr


# Arguments.


@pytest.mark.parametrize("value", [2, -1, 0.5, float("nan"), 256])
def test_a_flag_is_a_truth_value(value: Any) -> None:
    one, two, x = agent_of(), agent_of(2), np.zeros((2, 3), np.float32)
    with pytest.raises(ValueError, match="terminated: expected truth values"):
        one.observe(x[0], np.zeros(2), 0.0, x[0], value, False)
    with pytest.raises(ValueError, match="truncated: expected truth values"):
        two.observe(x, np.zeros((2, 2)), np.zeros(2), x, np.zeros(2), np.array([0, value]))
    assert one.num_transitions == two.num_transitions == 0
    two.observe(x, np.zeros((2, 2)), np.zeros(2), x, np.array([0, 1]), np.array([0.0, 0.0]))
    assert two.replay.export()["terminated"].tolist() == [False, True]


def test_exceptions_of_arguments_come_through() -> None:
    class Number:
        def __float__(self) -> float:
            raise KeyError("no number")

    with pytest.raises(KeyError, match="no number"):
        agent_of().observe(np.zeros(3), np.zeros(2), Number(), np.zeros(3), False, False)


def test_arguments_that_use_the_agent_meet_its_lock() -> None:
    agent = agent_of()

    class Number:
        def __float__(self) -> float:
            agent.update()
            return 0.0

    with pytest.raises(RuntimeError, match="in use"):
        agent.observe(np.zeros(3), np.zeros(2), Number(), np.zeros(3), False, False)
    fed(agent).update()


def test_outputs_may_share_memory_with_inputs() -> None:
    agent, memory = agent_of(4), np.random.default_rng(1).normal(size=20).astype(np.float32)
    for first in range(9):
        shared = memory.copy()
        obs = shared[first : first + 12].reshape(4, 3)
        expected = agent.predict(obs.copy())
        assert np.array_equal(agent.act(obs, True, out=shared[:8].reshape(4, 2)), expected)


@pytest.mark.parametrize("values", [{"x": None}, {3: np.zeros(1)}, {"x": "text"}])
def test_states_of_other_things_are_refused_by_name(values: Any) -> None:
    agent = agent_of()
    with pytest.raises(TypeError, match="x: expected an array|a dict of arrays by name"):
        agent.load_model_state(values)


def test_net_arch_with_other_keys() -> None:
    with pytest.raises(softac.ConfigError, match=r"net_arch\.1"):
        agent_of(net_arch={1: [3]})


def test_numbers_out_of_range_are_named() -> None:
    agent = fed(agent_of(2))
    for wrong in (0, -1, 65537):
        with pytest.raises(ValueError, match="n: expected 1 to 65536"):
            agent.replay.sample(wrong)
    for env in (2, -1):
        with pytest.raises(ValueError, match="env: expected 0 to 1"):
            x, off = np.zeros((1, 3), np.float32), np.zeros(1, bool)
            agent.replay.extend(x, x[:, :2], x[0, :1], x, off, off, np.array([env], np.int32))
    assert agent.num_transitions == 20


@pytest.mark.parametrize("wrong", ["obs_mean", "obs_std", "obs_clip", "reward_std", "reward_clip"])
def test_statistics_that_are_none_are_named(wrong: str) -> None:
    given: dict[str, Any] = {name: np.ones(3) for name in ("obs_mean", "obs_std", "obs_clip")}
    given |= {"reward_std": 1.0, "reward_clip": 1.0}
    given[wrong] = given[wrong] * np.nan
    with pytest.raises(ValueError, match=f"{wrong}: expected"):
        agent_of().set_batch_normalisation(**given)


def test_nan_is_no_discrete_action() -> None:
    agent = softac.Agent(3, 1, num_actions=3, buffer_size=50, **SMALL)
    obs, action = np.zeros((2, 3), np.float32), np.array([[0.0], [np.nan]], np.float32)
    for call in (agent.q_values, agent.log_prob):
        with pytest.raises(ValueError, match="NaN"):
            call(obs, action)
        for far in (3e38, -3e38, np.inf, -np.inf):  # the last action and the first
            nearest = np.full((2, 1), np.sign(far))
            assert np.array_equal(call(obs, np.full((2, 1), far)), call(obs, nearest))


# Objects.


def test_a_learner_that_is_no_longer_finite_can_be_restored() -> None:
    agent = fed(agent_of())
    agent.update(3)
    good = agent.model_state(), agent.optimizer_state(), agent.counters()
    agent.set_learning_rates(1e300, 1e300, 1e300)  # infinite as float32
    for _ in range(2):
        with pytest.raises(softac.NumericsError):
            agent.update()
    agent.set_learning_rates(3e-4, 3e-4, 3e-4)
    for broken in (agent, copy.copy(agent)):
        broken.load_model_state(good[0])
        broken.load_optimizer_state(good[1])
        broken.set_counters(**good[2])
        assert np.isfinite(list(broken.update(2).values())).all()


def test_pickling_is_refused_with_a_pointer_to_save() -> None:
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError, match=r"save\(\)"):
            pickle.dumps(agent_of(), protocol)
        with pytest.raises(TypeError, match=r"save\(\)"):
            pickle.dumps(model_of(), protocol)
    with pytest.raises(TypeError):
        pickle.dumps(agent_of().replay)


def test_cycles_are_collected_also_through_the_replay() -> None:
    class Subclass(softac.Agent):
        me: Any
        freed: list[int] = []

        def __del__(self) -> None:
            self.freed.append(self.replay.size)

    for hold in (lambda agent: agent, lambda agent: agent.replay, lambda agent: [agent.replay, agent]):
        for threads in (1, 2):
            agent = Subclass(3, 2, buffer_size=20, threads=threads, **SMALL)
            agent.me = hold(agent)
            del agent
            gc.collect()
    assert Subclass.freed == [0] * 6


def test_a_replay_keeps_its_agent() -> None:
    replay = fed(agent_of()).replay
    gc.collect()
    assert replay.size == 10 and len(replay.export()["obs"]) == 10


# Files.


def test_paths() -> None:
    agent = agent_of()
    for path, error in ((None, TypeError), (3, TypeError), ("a\0b", ValueError), ("/none/x", OSError), ("", OSError)):
        for call in (agent.save, agent.save_replay, agent.load_replay, softac.Agent.load):
            with pytest.raises(error):
                call(path)


def test_paths_of_other_kinds_work(tmp_path: Path) -> None:
    agent = fed(agent_of())
    for path in (tmp_path / "a", str(tmp_path / "b"), os.fsencode(tmp_path / "c")):
        agent.save(path)
        agent.save_replay(os.fspath(path) + (b"r" if isinstance(path, bytes) else "r"))
        other = softac.Agent.load(path)
        other.load_replay(os.fspath(path) + (b"r" if isinstance(path, bytes) else "r"))
        assert other.state_hash() == agent.state_hash()


def test_what_is_no_file_is_not_replaced(tmp_path: Path) -> None:
    """As root, a model saved to /dev/null would otherwise become it."""
    agent, model, pipe = agent_of(), model_of(), tmp_path / "pipe.zip"
    os.mkfifo(pipe)
    for save in (agent.save, agent.save_replay, model.save, model.save_replay_buffer, model.export_sb3):
        with pytest.raises(OSError, match="not a regular file"):
            save(pipe)
    assert pipe.is_fifo() and [path.name for path in tmp_path.iterdir()] == ["pipe.zip"]


# Threads and processes.


@pytest.mark.parametrize("threads", [1, 2])
def test_one_agent_in_several_threads(threads: int) -> None:
    agent = fed(agent_of(threads=threads))
    busy = threading.Event()

    def work(i: int) -> None:
        for _ in range(300):
            try:
                agent.update(3)
            except RuntimeError as error:
                assert "in use by another thread" in str(error)
                busy.set()

    assert in_threads(3, work) == []
    assert busy.is_set()
    agent.update()


@pytest.mark.parametrize("threads", [1, 2])
def test_a_child_of_a_fork(threads: int) -> None:
    agent, obs = fed(agent_of(threads=threads)), np.zeros(3, np.float32)
    expected = copy.copy(agent).act(obs)

    def child() -> bool:
        nonlocal agent
        if threads == 1:
            fine = np.array_equal(agent.act(obs), expected)
            agent.update()
        else:
            with pytest.raises(RuntimeError, match="fork"):
                agent.act(obs)
            fine = True
        del agent
        gc.collect()
        return fine

    assert child_status(child) == 0
    agent.update()


@pytest.mark.parametrize("threads", [1, 2])
def test_a_child_that_ends_as_python_does(threads: int) -> None:
    done = run_script(
        "import os, numpy as np, softac\n"
        f"agent = softac.Agent(3, 2, buffer_size=20, net_arch=[8], threads={threads})\n"
        "agent.observe(np.zeros(3), np.zeros(2), 0.0, np.zeros(3), False, False)\n"
        "agent.update()\n"
        "child = os.fork()\n"
        "if child:\n"
        "    print('child', os.waitpid(child, 0)[1])\n"
    )
    assert done.returncode == 0 and done.stdout == "child 0\n", done.stdout + done.stderr


# Ctrl-C.


def test_ctrl_c_ends_long_updates_between_two_of_them() -> None:
    agent = fed(agent_of())
    begin = time.monotonic()
    assert interrupted(0.2, lambda: agent.update(2**31 - 1))
    assert time.monotonic() - begin < 10.0
    done = agent.num_updates
    assert done > 0 and agent.counters()["num_updates"] == done
    other = fed(agent_of())
    other.update(done)
    assert other.state_hash() == agent.state_hash()


@pytest.mark.parametrize("options", [{}, {"train_freq": 8, "gradient_steps": 10**6}])
def test_ctrl_c_in_learn(options: dict[str, Any]) -> None:
    model = model_of(**options)
    for _ in range(5):
        assert interrupted(0.05, lambda: model.learn(10**9, reset_num_timesteps=False))
        assert model._n_updates == model.agent.num_updates
    model.gradient_steps = 1
    model.learn(20, reset_num_timesteps=False)
    rows = model.replay_buffer.export()
    assert np.array_equal(rows["next_obs"], rows["obs"] + np.float32([0, 1]))  # no row from before to after
    assert model.replay_buffer.size() == len(model.replay_buffer)


@pytest.mark.parametrize("where", ["step", "rollout start", "rollout end"])
def test_after_an_exception_of_a_callback_learn_begins_an_episode(where: str) -> None:
    model = model_of()
    with pytest.raises(ZeroDivisionError):
        model.learn(30, Fails(8, where))
    model.learn(20, reset_num_timesteps=False)
    rows = model.replay_buffer.export()
    assert np.array_equal(rows["next_obs"], rows["obs"] + np.float32([0, 1]))


def test_after_a_reset_that_failed_learn_resets_again() -> None:
    model, fails = model_of().learn(7), True
    env = model.env.envs[0]
    reset = env.reset

    def failing(**options: Any) -> Any:
        found = reset(**options)
        if fails:
            raise KeyError("reset")
        return found

    env.reset = failing
    with pytest.raises(KeyError):
        model.learn(5)
    fails = False
    model.learn(12, reset_num_timesteps=False)
    rows = model.replay_buffer.export()
    assert np.array_equal(rows["next_obs"], rows["obs"] + np.float32([0, 1]))


def test_closed_environments() -> None:
    model = model_of().learn(7)
    model.env.close()
    with pytest.raises(RuntimeError, match="closed"):
        model.learn(5)
    model.set_env(DummyVecEnv([CountingEnv]))
    model.learn(5, reset_num_timesteps=False)


# Leaks.


def growth(work: Callable[[], object], times: int) -> float:
    """MiB by which resident memory grows over the later half of the calls."""

    def resident() -> float:
        gc.collect()
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20

    for _ in range(times):
        work()
    before = resident()
    for _ in range(times):
        work()
    return resident() - before


def test_nothing_piles_up(tmp_path: Path) -> None:
    agent, obs = fed(agent_of(threads=2)), np.zeros((50000, 3))

    def work() -> None:
        agent.predict(obs)  # a copy in, an array out: 1.6 MB
        agent.q_values(obs, np.zeros((50000, 2)))
        agent.model_state()
        agent.replay.export()
        copy.copy(agent).update()
        agent.save(tmp_path / "file")
        softac.Agent.load(tmp_path / "file", threads=2)
        with pytest.raises(ValueError):
            agent.act(obs)

    gc.collect()
    descriptors, threads = len(os.listdir("/proc/self/fd")), len(os.listdir("/proc/self/task"))
    assert growth(work, 15) < 8.0
    assert len(os.listdir("/proc/self/fd")) <= descriptors and len(os.listdir("/proc/self/task")) <= threads
