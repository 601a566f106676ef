"""RLtools by its Python package, which compiles a loop per task: with MKL (--blas mkl) or OpenBLAS (--blas openblas).

The update is timed as a whole step of its loop on a made-up environment less such a step before training starts (the
choice of one action from the policy remains in it: a thousandth of an update). Pendulum is RLtools' own, in C++;
HalfCheetah is Gymnasium's."""

import os
import pathlib
import sys
import time

from driver import LEARNING_STARTS, TASKS, WARM, arguments, made_up_env, say, serve, versions

args = arguments(blas={"choices": ["mkl", "openblas"], "default": "mkl"})
for variable in ["MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"]:
    os.environ[variable] = str(args.threads)
if args.blas == "openblas":
    os.environ["RL_TOOLS_DISABLE_MKL"] = "1"
cache = pathlib.Path(sys.prefix) / "rltools-cache"  # compiled loops are kept beside the package
cache.mkdir(exist_ok=True)
os.environ["TMPDIR"] = str(cache)

import gymnasium
from rltools import SAC

INFO = versions("rltools") | ({"mkl": versions("mkl")["mkl"]} if args.blas == "mkl" else {"openblas": "the system's"})

PENDULUM = """#include <rl_tools/rl/environments/pendulum/operations_cpu.h>
template <typename T, typename TI>
using ENVIRONMENT_FACTORY = rl_tools::rl::environments::Pendulum<rl_tools::rl::environments::pendulum::Specification<
    T, TI, rl_tools::rl::environments::pendulum::DefaultParameters<T>>>;
"""


def loop(name, env, hidden, batch, rate, **more):
    return SAC(
        env,
        interface_name=f"{name}_{args.blas}",
        enable_evaluation=False,
        ACTOR_BATCH_SIZE=batch,
        CRITIC_BATCH_SIZE=batch,
        ACTOR_HIDDEN_DIM=hidden,
        CRITIC_HIDDEN_DIM=hidden,
        OPTIMIZER_ALPHA=rate,
        OPTIMIZER_EPSILON=1e-8,
        OPTIMIZER_EPSILON_SQRT=1e-8,
        ALPHA=1.0,
        force_blas=True,
        **more,
    ).State(0)


def update():
    idle_steps = 2000
    state = loop(
        "update_" + args.shape.replace(",", "_"),
        lambda: made_up_env(args.obs_dim, args.act_dim),
        args.hidden,
        args.batch,
        3e-4,
        N_WARMUP_STEPS=idle_steps,
        STEP_LIMIT=1_000_000_000,
        REPLAY_BUFFER_CAP=20_000,
    )
    start = time.perf_counter()
    for _ in range(idle_steps):
        state.step()
    idle_ms = 1e3 * (time.perf_counter() - start) / idle_steps
    for _ in range(5):
        state.step()
    serve(state.step, 1, versions=INFO, idle_ms=idle_ms)


def train():
    env, hidden, batch, rate = TASKS[args.task]
    if args.task == "pendulum":
        folder = cache / "pendulum"
        folder.mkdir(exist_ok=True)
        (folder / "environment.h").write_text(PENDULUM)
        factory = {"path": str(folder), "action_dim": 1, "observation_dim": 3}
    else:
        factory = lambda: gymnasium.make(env)
    state = loop(
        "train_" + args.task,
        factory,
        hidden[0],
        batch,
        rate,
        N_WARMUP_STEPS=max(LEARNING_STARTS, batch),
        STEP_LIMIT=args.steps,
        REPLAY_BUFFER_CAP=args.steps,
    )
    start = time.perf_counter()
    steps = finished = 0
    mark = start
    while not finished:
        finished = state.step()
        steps += 1
        if steps == max(LEARNING_STARTS, batch) + WARM:
            mark = time.perf_counter()
    end = time.perf_counter()
    say(
        {
            "sec": end - start,
            "ms_per_step": 1e3 * (end - mark) / (steps - max(LEARNING_STARTS, batch) - WARM),
            "return": None,
            "versions": INFO,
        }
    )


update() if args.what == "update" else train()
