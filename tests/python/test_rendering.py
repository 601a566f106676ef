"""Pictures of native environments: render_mode "rgb_array" and "human", of one environment and of vectors."""

from __future__ import annotations

import copy
import os
import pickle
import shutil
import subprocess
import sys
import threading
import warnings

import gymnasium
import numpy as np
import pytest
import softac
from gymnasium.vector import AutoresetMode

from softac._core import ConfigError, ContractError, IoError, registered_envs
from softac.envs import NativeEnv, NativeVectorEnv

MUJOCO = [env["id"] for env in registered_envs() if env["family"] == "mujoco"]
FPS = {"HalfCheetah-v5": 20, "Hopper-v5": 125, "Walker2d-v5": 125, "Ant-v5": 20, "Humanoid-v5": 67, "Swimmer-v5": 25,
       "Reacher-v5": 50, "Pusher-v5": 20, "InvertedPendulum-v5": 25, "CartPole-v1": 50, "Pendulum-v1": 20}


def picture(env):
    """The environment's picture; skipped where this machine has no OpenGL."""
    try:
        return env.render()
    except IoError as error:
        if "apt-get install" in str(error):
            pytest.skip(str(error))
        raise


@pytest.mark.parametrize("name", ["HalfCheetah-v5", "Pendulum-v1", "TwoWay-v0", "Reacher-v4"])
def test_rgb_array(name):
    env = gymnasium.make(f"softac/{name}", render_mode="rgb_array")
    env.reset(seed=1)
    first = picture(env)
    side = 480 if name in MUJOCO else 500 if name == "Pendulum-v1" else 400
    assert first.shape == (side, side, 3) and first.dtype == np.uint8
    assert len(np.unique(first.reshape(-1, 3), axis=0)) > 3
    kept = first.copy()
    for _ in range(5):
        env.step(env.action_space.low)
    assert (picture(env) != first).any()
    assert (first == kept).all()
    env.reset(seed=1)
    assert (picture(env) == first).all()
    env.close()
    with pytest.raises(ContractError, match="is closed"):
        env.unwrapped.render()


def test_metadata():
    for name, fps in FPS.items():
        env = NativeEnv(name)
        assert env.metadata["render_fps"] == fps, name
        assert "rgb_array" in env.metadata["render_modes"]
        assert env.render_mode is None
    if not os.environ.get("DISPLAY") and not os.environ.get("WAYLAND_DISPLAY"):
        assert env.metadata["render_modes"] == ["rgb_array"]


def test_as_gymnasiums_tasks():
    for name in ["Hopper-v5", "Swimmer-v5", "InvertedDoublePendulum-v5"]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                other = gymnasium.make(name).unwrapped
            except (ImportError, gymnasium.error.DependencyNotInstalled) as error:
                pytest.skip(f"Gymnasium cannot make {name}: {error}")
        assert NativeEnv(name).metadata["render_fps"] == other.metadata["render_fps"]


def test_sizes():
    env = NativeEnv("HalfCheetah-v5", "rgb_array", width=64, height=33)
    env.reset(seed=0)
    assert picture(env).shape == (33, 64, 3)
    assert NativeEnv("CartPole-v1", "rgb_array").render().shape == (400, 600, 3)
    with pytest.raises(ValueError, match="give both or none"):
        NativeEnv("CartPole-v1", "rgb_array", width=64)
    with pytest.raises(ConfigError, match="each side must be from 16 to 4096"):
        NativeEnv("CartPole-v1", "rgb_array", width=64, height=0).render()
    with pytest.raises(TypeError):
        NativeEnv("CartPole-v1", "rgb_array", width=64.5, height=64)


def test_misuse():
    with pytest.raises(ValueError, match="'ansi': must be one of"):
        NativeEnv("CartPole-v1", "ansi")
    env = NativeEnv("CartPole-v1")
    env.reset()
    with pytest.warns(UserWarning, match="without a render mode"):
        assert env.render() is None
    with pytest.raises(ValueError, match="a vector has no window"):
        NativeVectorEnv("CartPole-v1", 2, render_mode="human")


def test_pictures_change_nothing():
    plain, drawn = NativeEnv("Hopper-v5"), NativeEnv("Hopper-v5", "rgb_array", width=32, height=32)
    generator = np.random.default_rng(0)
    plain.reset(seed=3)
    drawn.reset(seed=3)
    for _ in range(15):
        action = generator.uniform(-1, 1, 3)
        expected, found = plain.step(action), drawn.step(action)
        picture(drawn)
        assert (expected[0] == found[0]).all() and expected[1:4] == found[1:4]
        if expected[2]:
            break
    assert plain.save_state() == drawn.save_state()


def test_copies_and_pickles_draw_too():
    env = NativeEnv("HalfCheetah-v5", "rgb_array", width=48, height=48)
    env.reset(seed=0)
    env.step(np.ones(6))
    first = picture(env)
    for other in (copy.deepcopy(env), pickle.loads(pickle.dumps(env))):
        assert (picture(other) == first).all()


@pytest.mark.parametrize("mode", [AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP])
def test_vectors_as_single_environments(mode):
    vector = gymnasium.make_vec(
        "softac/TwoWay-v0", 3, vectorization_mode="vector_entry_point", render_mode="rgb_array", width=60, height=60,
        autoreset_mode=mode,
    )
    assert vector.render_mode == "rgb_array" and vector.metadata["render_fps"] == 10
    singles = [NativeEnv("TwoWay-v0", "rgb_array", width=60, height=60) for _ in range(3)]
    vector.reset(seed=5)
    for i, env in enumerate(singles):
        env.reset(seed=5 + i)
    for _ in range(4):
        actions = np.array([[1.0, 0.5], [-1.0, 0.5], [0.3, 0.0]])
        vector.step(actions)
        for env, action in zip(singles, actions, strict=True):
            env.step(action)
        pictures = vector.render()
        assert isinstance(pictures, tuple) and len(pictures) == 3
        for shown, env in zip(pictures, singles, strict=True):
            assert (shown == env.render()).all()
    vector.close()


def test_vectors_of_mujoco_tasks_share_a_renderer():
    vector = NativeVectorEnv("HalfCheetah-v5", 2, render_mode="rgb_array", width=64, height=48)
    vector.reset(seed=0)
    try:
        one, two = vector.render()
    except IoError as error:
        pytest.skip(str(error))
    assert (one != two).any()
    single = NativeEnv("HalfCheetah-v5", "rgb_array", width=64, height=48)
    single.reset(seed=1)
    assert (single.render() == two).all()


def test_threads_draw_one_after_the_other():
    envs = [NativeEnv("Swimmer-v5", "rgb_array", width=32, height=32) for _ in range(3)]
    for env in envs:
        env.reset(seed=4)
    expected = picture(envs[0])
    found = []
    threads = [threading.Thread(target=lambda env=env: found.append(env.render())) for env in envs for _ in (0,)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 3 and all((shown == expected).all() for shown in found)


def run(code, **variables):
    env = {**os.environ, **variables}
    return subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=False)


DRAW = """
import softac.envs
env = softac.envs.NativeEnv("HalfCheetah-v5", {mode!r}, width=64, height=48)
env.reset(seed=0)
env.step([0.0] * 6)
env.render()
{more}
print("done")
"""


def test_processes_end_cleanly():
    done = run(DRAW.format(mode="rgb_array", more=""))
    if "apt-get install" in done.stderr:
        pytest.skip(done.stderr.splitlines()[-1])
    assert (done.returncode, done.stdout) == (0, "done\n"), done.stderr
    forked = """
import os
pid = os.fork()
if pid == 0:
    try:
        env.render()
    except softac.IoError as error:
        os._exit(7 if "before the process forked" in str(error) else 8)
    os._exit(9)
assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7
env.render()
"""
    done = run("import softac" + DRAW.format(mode="rgb_array", more=forked))
    assert (done.returncode, done.stdout) == (0, "done\n"), done.stderr


def test_what_is_missing_is_named():
    missing = {"SOFTAC_EGL_LIBRARY": "libnone.so", "SOFTAC_OSMESA_LIBRARY": "libnone.so"}
    done = run(DRAW.format(mode="rgb_array", more=""), **missing)
    assert "IoError" in done.stderr and "sudo apt-get install libegl1 libgl1-mesa-dri" in done.stderr
    done = run(DRAW.format(mode="human", more=""), DISPLAY=":987", SOFTAC_GLFW_LIBRARY="libnone.so")
    assert "sudo apt-get install" in done.stderr and done.returncode == 1


def test_human():
    xvfb = shutil.which("Xvfb")
    if xvfb is None:
        pytest.skip("Xvfb is not installed (apt-get install xvfb)")
    read, write = os.pipe()
    server = subprocess.Popen(
        [xvfb, "-displayfd", str(write), "-screen", "0", "640x480x24", "-nolisten", "tcp", "-noreset"],
        pass_fds=[write],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(write)
    try:
        with os.fdopen(read) as pipe:
            display = ":" + pipe.readline().strip()
        more = "assert env.metadata['render_modes'] == ['human', 'rgb_array']\nassert env.render() is None\nenv.close()"
        done = run(DRAW.format(mode="human", more=more), DISPLAY=display)
    finally:
        server.terminate()
        server.wait()
    if "apt-get install" in done.stderr:
        pytest.skip(done.stderr.splitlines()[-1])
    assert (done.returncode, done.stdout) == (0, "done\n"), done.stderr


def test_videos_of_a_run(tmp_path, monkeypatch):
    command = tmp_path / "softac"
    command.write_text('#!/bin/sh\necho "$@" > "$6"\n')  # play RUN --step N --video PATH
    command.chmod(0o755)
    settings = {"total_timesteps": 120, "checkpoint_freq": 60, "video_freq": 60, "eval_freq": 0, "learning_starts": 50,
                "net_arch": [8], "batch_size": 8, "buffer_size": 200, "threads": 1}
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    softac.train("Pendulum-v1", run_dir=str(tmp_path / "run"), **settings)
    last = tmp_path / "run" / "videos" / "step-000000120.mp4"
    assert last.read_text().split()[:4] == ["play", str(tmp_path / "run"), "--step", "120"]
    command.unlink()
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    softac.train("Pendulum-v1", run_dir=str(tmp_path / "other"), **settings)
    log = (tmp_path / "other" / "log.txt").read_text()
    assert log.count("warning") == 1 and "softac" in log
