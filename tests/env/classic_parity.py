"""Compares Pendulum-v1, MountainCarContinuous-v0, MountainCar-v0, CartPole-v1 and Acrobot-v1 with Gymnasium's own, from injected states, with
float64 actions.

usage: classic_parity.py PATH_OF_classic_rollout

Everything must agree bit for bit, except where NumPy's sine and cosine are vector code that differs from the C
library's: there every step starts from an injected state and must agree within 1e-12 relative, observations within one
float32 step.
"""

import os
import subprocess
import sys

# NumPy's AVX-512 sine and cosine differ from the C library's in the last bit; without them they are the same functions.
# NumPy before 2.4 and since name the features differently and warn about names that they do not know.
if os.environ.get("SOFTAC_PARITY_CHILD") is None:
    for names in ("X86_V4 AVX512_ICL AVX512_SPR", "AVX512F AVX512CD AVX512_SKX AVX512_CLX AVX512_CNL AVX512_ICL", ""):
        env = dict(os.environ, NPY_DISABLE_CPU_FEATURES=names, SOFTAC_PARITY_CHILD="1")
        probe = subprocess.run([sys.executable, "-W", "error", "-c", "import numpy"], env=env, capture_output=True)
        if probe.returncode == 0 or names == "":
            sys.exit(subprocess.run([sys.executable, *sys.argv], env=env).returncode)

try:
    import gymnasium
    import numpy as np
except ImportError as error:
    print(f"SKIPPED: {sys.executable} has no {error.name}")
    sys.exit(77)
if int(np.__version__.split(".")[0]) < 2:
    print(f"SKIPPED: NumPy {np.__version__} computes in other precisions than NumPy 2, which softac follows")
    sys.exit(77)

import math  # noqa: E402

ROLLOUT = sys.argv[1]
RNG = np.random.default_rng(7)


def vector_sine_is_libm():
    x = RNG.uniform(-10, 10, 2000)
    return all(np.sin(v) == math.sin(v) and np.cos(v) == math.cos(v) for v in x)


def native(env_id, kwargs, commands):
    text = "".join(" ".join([name, *(float(v).hex() for v in values)]) + "\n" for name, values in commands)
    args = [ROLLOUT, env_id, *(f"{k}={v if isinstance(v, bool) else float(v).hex()}" for k, v in kwargs.items())]
    out = subprocess.run(args, input=text, capture_output=True, text=True, check=True).stdout
    return [[float.fromhex(word) for word in line.split()] for line in out.splitlines()]


def draw_actions(low, high, steps, beyond):
    """float64 actions; with beyond, some outside the bounds and some exactly at them."""
    actions = RNG.uniform(low, high, steps)
    if beyond:
        kind = RNG.integers(0, 6, steps)
        actions = np.where(kind == 0, actions * 3, np.where(kind == 1, low, np.where(kind == 2, high, actions)))
    return actions


def compare(env_id, kwargs, make_state, low, high, episodes, steps, exact, beyond):
    """Runs all episodes in Gymnasium and natively; returns the number of steps compared."""
    env = gymnasium.make(env_id, disable_env_checker=True, **kwargs).unwrapped
    if not exact:  # a last bit grows from step to step
        episodes, steps = episodes * steps, 1
    commands, expected = [], []
    for _ in range(episodes):
        env.reset()
        env.state, words = make_state()
        commands.append(("state", words))
        for action in (RNG.integers(low, high, steps) if beyond is None else draw_actions(low, high, steps, beyond)):
            commands.append(("step", [action]))
            given = int(action) if hasattr(env.action_space, "n") else np.array([action])
            obs, reward, terminated, truncated, _ = env.step(given)
            assert not truncated
            expected.append([*(float(x) for x in obs), float(reward), float(terminated)])
            if terminated:
                break
    found = native(env_id, kwargs, commands)
    assert len(found) == len(expected), (len(found), len(expected))
    for i, (a, b) in enumerate(zip(found, expected)):
        if exact:
            same = a == b
        else:
            same = abs(a[-2] - b[-2]) <= 1e-12 * max(1.0, abs(b[-2]))
            same = same and np.allclose(a[:-2], b[:-2], rtol=2e-7, atol=1e-12)
        if not same:
            sys.exit(f"{env_id} {kwargs}, step {i}: found {a}, Gymnasium {b}")
    terminations = int(sum(row[-1] for row in expected))
    print(f"{env_id} {kwargs}: {len(expected)} steps, {terminations} terminations, "
          f"{'bit for bit' if exact else 'within 1e-12'}")
    return terminations


def pendulum_state():
    state = np.array([RNG.uniform(-12, 12), RNG.uniform(-8, 8)])
    return state, [state[0], state[1]]


def car_start():
    state = np.array([RNG.uniform(-0.6, -0.4), 0.0])
    return state, [state[0], state[1], 0]


def car_anywhere():
    state = np.array([RNG.uniform(-1.2, 0.6), RNG.uniform(-0.07, 0.07)], dtype=np.float32)
    return state, [float(state[0]), float(state[1]), 1]


def discrete_car_anywhere():
    state = np.array([RNG.uniform(-1.2, 0.5), RNG.uniform(-0.07, 0.07)])
    return state, list(state)


def discrete_car_start():
    state = np.array([RNG.uniform(-0.6, -0.4), 0.0])
    return state, list(state)


def pole_anywhere():
    state = RNG.uniform(-1, 1, 4) * [2.0, 1.0, 0.15, 1.0]
    return state, list(state)


def acrobot_anywhere():
    state = RNG.uniform(-1, 1, 4) * [3.0, 3.0, 12.0, 28.0]
    return state, list(state)


def acrobot_start():
    state = RNG.uniform(-0.1, 0.1, 4).astype(np.float32)
    return state, [float(x) for x in state]


exact_sine = vector_sine_is_libm()
compare("Pendulum-v1", {}, pendulum_state, -2.0, 2.0, 50, 200, exact_sine, False)
compare("Pendulum-v1", {}, pendulum_state, -2.0, 2.0, 50, 200, exact_sine, True)
compare("Pendulum-v1", {"g": 9.81}, pendulum_state, -2.0, 2.0, 20, 200, exact_sine, True)
compare("MountainCarContinuous-v0", {}, car_start, -1.0, 1.0, 20, 300, True, False)
compare("MountainCarContinuous-v0", {}, car_start, -1.0, 1.0, 20, 300, True, True)
ends = compare("MountainCarContinuous-v0", {}, car_anywhere, -1.0, 1.0, 300, 100, True, True)
ends += compare("MountainCarContinuous-v0", {"goal_velocity": 0.03}, car_anywhere, -1.0, 1.0, 300, 100, True, True)
if ends == 0:
    sys.exit("no episode reached the goal: the comparison does not cover termination")
ends = compare("MountainCar-v0", {}, discrete_car_anywhere, 0, 3, 300, 200, True, None)
fast_ends = compare("MountainCar-v0", {"goal_velocity": 0.03}, discrete_car_anywhere, 0, 3, 300, 200, True, None)
compare("MountainCar-v0", {}, discrete_car_start, 0, 3, 20, 200, True, None)
if ends == 0 or fast_ends == 0:
    sys.exit("no episode reached the goal: the comparison does not cover termination")
falls = compare("CartPole-v1", {}, pole_anywhere, 0, 2, 200, 200, exact_sine, None)
falls += compare("CartPole-v1", {"sutton_barto_reward": True}, pole_anywhere, 0, 2, 50, 200, exact_sine, None)
ups = compare("Acrobot-v1", {}, acrobot_start, 0, 3, 20, 200, exact_sine, None)
ups += compare("Acrobot-v1", {}, acrobot_anywhere, 0, 3, 200, 100, exact_sine, None)
if falls == 0 or ups == 0:
    sys.exit("no pole fell or no acrobot came up: the comparison does not cover termination")
