"""What the peers' drivers share: arguments, the protocol that lets run.py interleave them, a made-up environment.

peer_X.py update --shape O,A,H,B [--threads T]     prints one line of JSON when it is ready, then for every line
    with a number of seconds on standard input one line {"ms": mean per update, "calls": updates}
peer_X.py train --task pendulum|halfcheetah --steps N [--threads T]    trains once and prints one line
    {"sec": all of it, "ms_per_step": after the random steps, compilation left out, "return": of the last episodes}
"""

import argparse
import json
import os
import sys
import time

# Environment, hidden widths, batch. Every learner: 100 random steps, then one update per step, learned temperature.
TASKS = {"pendulum": ("Pendulum-v1", [64, 64], 100, 1e-3), "halfcheetah": ("HalfCheetah-v5", [256, 256], 256, 3e-4)}
LEARNING_STARTS = 100
WARM = 100  # steps with updates before the clock of ms_per_step starts: compilation, first touches

_out = os.fdopen(os.dup(1), "w")  # results; whatever libraries print goes to standard error
os.dup2(2, 1)


def say(value):
    print(json.dumps(value), file=_out, flush=True)


def arguments(**more):
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["update", "train"])
    parser.add_argument("--shape", default="17,6,256,256")
    parser.add_argument("--task", choices=TASKS, default="pendulum")
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--threads", type=int, default=1)
    for name, options in more.items():
        parser.add_argument("--" + name.replace("_", "-"), **options)
    args = parser.parse_args()
    args.obs_dim, args.act_dim, args.hidden, args.batch = (int(part) for part in args.shape.split(","))
    return args


def versions(*names):
    from importlib.metadata import version

    return {name: version(name) for name in names}


def serve(update, per_call, **info):
    """Calls update() (per_call updates each) as long as run.py asks; it has been called before: all is compiled."""
    say({"ready": True, **info})
    for line in sys.stdin:
        seconds, calls, start = float(line), 0, time.perf_counter()
        while True:
            update()
            calls += 1
            elapsed = time.perf_counter() - start
            if elapsed >= seconds:
                break
        say({"ms": 1e3 * elapsed / (calls * per_call), "calls": calls * per_call})


def made_up_env(obs_dim, act_dim):
    """Observations without meaning, at next to no cost; never ends by itself."""
    import gymnasium
    import numpy as np

    class MadeUp(gymnasium.Env):
        observation_space = gymnasium.spaces.Box(-np.inf, np.inf, (obs_dim,), np.float32)
        action_space = gymnasium.spaces.Box(-1, 1, (act_dim,), np.float32)
        spec = gymnasium.envs.registration.EnvSpec("MadeUp-v0", max_episode_steps=1000)

        def __init__(self):
            self.rows = np.random.default_rng(0).standard_normal((257, obs_dim)).astype(np.float32)
            self.at = 0

        def reset(self, *, seed=None, options=None):
            return self.rows[0], {}

        def step(self, action):
            self.at = (self.at + 1) % 257
            return self.rows[self.at], float(self.rows[self.at, 0]), False, False, {}

    return MadeUp()
