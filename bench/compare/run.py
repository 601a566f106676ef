#!/usr/bin/env python3
"""Measures softac beside its peers on the same cores and writes docs/performance.md, .json and the figure of growth.

Usage: bench/compare/run.py [--softac COMMAND] [--venv DIR] [--quick] [--out docs/performance.md] …

The peers (requirements.txt: Stable-Baselines3 and plain PyTorch, SBX on JAX, RLtools with MKL and with OpenBLAS) are
installed from PyPI into a virtual environment, about 6 GB; --venv DIR takes one that stands. RLtools compiles itself;
it needs g++, Python's headers and, for OpenBLAS, Debian's libopenblas-dev. Every peer runs pinned to the same cores
as softac, with as many threads as cores. Updates are interleaved: each round lets every learner run for a moment in
turn, and ratios are taken within rounds. Training runs follow one another, task by task. A peer that cannot run is
named with the reason, and the others go on.
"""

import argparse
import datetime
import json
import os
import pathlib
import select
import subprocess
import sys
import tempfile
import time
import venv

import report

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SHAPES = ["17,6,256,256", "348,17,256,256"]
ORDER = [*SHAPES, "pendulum", "halfcheetah"]  # of the page
TINY = ["bench", "update", "--shape", "3,1,16,16", "--seconds", "0.3"]
# name: (driver and options of an update, of a training run; None: not compared)
PEERS = {
    "RLtools, MKL": (["peer_rltools.py"], ["peer_rltools.py"]),
    "RLtools, OpenBLAS": (["peer_rltools.py", "--blas", "openblas"], ["peer_rltools.py", "--blas", "openblas"]),
    "SBX": (["peer_sb3.py", "--library", "sbx"], ["peer_sb3.py", "--library", "sbx"]),
    "SBX, 40 updates a call": (["peer_sb3.py", "--library", "sbx", "--updates", "40"], None),
    "PyTorch, fused Adam": (["peer_torch.py"], None),
    "PyTorch, torch.compile": (["peer_torch.py", "--compile"], None),
    "SB3": (["peer_sb3.py"], ["peer_sb3.py"]),
}

REPLAYS = 5  # processes that measure the sampling
REST = 0.3  # seconds after a learner's turn: threads of OpenMP spin for 0.2 s before they sleep


def pinned(threads, cores, command):
    """The command on its cores, and an environment that holds every library to as many threads."""
    chosen = ",".join(str(core) for core in cores[-threads:])
    names = ["OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS"]
    environment = {**os.environ, **{name: str(threads) for name in names}, "JAX_PLATFORMS": "cpu"}
    return ["taskset", "-c", chosen, *command], environment


def last_line(path):
    lines = [line for line in pathlib.Path(path).read_text(errors="replace").splitlines() if line.strip()]
    return lines[-1].strip() if lines else "no message"


class Failed(Exception):
    """A learner that could not run; the message is its own last line."""


class Server:
    """A peer that waits, loaded and compiled, until it is asked to update for some seconds."""

    def __init__(self, python, name, shape, threads, cores):
        driver, *options = PEERS[name][0]
        command, environment = pinned(
            threads, cores, [python, HERE / driver, "update", "--shape", shape, "--threads", str(threads), *options]
        )
        self.log = tempfile.NamedTemporaryFile(suffix=".txt")
        self.process = subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, bufsize=0
        )
        self.versions = self.answer(900)["versions"]

    def answer(self, timeout):
        ready, _, _ = select.select([self.process.stdout], [], [], timeout)
        line = self.process.stdout.readline() if ready else b""
        if not line:
            reason = last_line(self.log.name) if ready else f"no answer within {timeout} s"
            self.close()
            raise Failed(reason)
        return json.loads(line)

    def ms(self, seconds):
        self.process.stdin.write(f"{seconds}\n".encode())
        return self.answer(300)["ms"]

    def close(self):
        self.process.kill()
        self.process.wait()
        for stream in [self.process.stdin, self.process.stdout, self.log]:
            stream.close()


def softac_json(args, threads, *arguments, backend=None, env=None):
    command, environment = pinned(threads, args.cores, [args.softac, *arguments, "--json"])
    if backend:
        environment["SOFTAC_BACKEND"] = backend
    done = subprocess.run(command, env={**environment, **(env or {})}, check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def measure_updates(args, shape, threads, failures, versions):
    servers = {}
    for name in args.peers:
        try:
            servers[name] = Server(args.python, name, shape, threads, args.cores)
            versions.update(servers[name].versions)
        except Failed as failure:
            failures[name] = str(failure)
    rounds = []
    for number in range(args.rounds):
        time.sleep(REST)
        own = softac_json(
            args,
            threads,
            "bench",
            "update",
            "--shape",
            shape,
            "--threads",
            str(threads),
            "--seconds",
            str(args.seconds),
        )
        result = {"softac": {key: own[key] for key in ["peak_gflops", "fraction_of_peak", "bad_spell"]}, "peers": {}}
        result["softac"]["ms"] = own["ms_per_update"] + own["phases"]["sample"]["ms"]
        order = list(servers)
        for name in order[number % max(1, len(order)) :] + order[: number % max(1, len(order))]:
            try:
                result["peers"][name] = servers[name].ms(args.seconds)
                time.sleep(REST)
            except (Failed, OSError) as failure:
                failures[name] = str(failure)
                servers.pop(name).close()
        rounds.append(result)
        say(
            f"update {shape}, {threads} thread(s), round {number + 1}: softac {result['softac']['ms']:.2f} ms, "
            + ", ".join(f"{name} {ms:.2f}" for name, ms in result["peers"].items())
        )
    for server in servers.values():
        server.close()
    return {"shape": shape, "threads": threads, "commit": args.commit, "rounds": rounds}


def measure_training(args, task, steps, threads, failures, versions):
    runs = []
    for _ in range(args.train_rounds):
        run = {}
        for name in ["softac", *(n for n in args.peers if PEERS[n][1])]:
            driver, *options = ["peer_softac.py", "--softac", args.softac] if name == "softac" else PEERS[name][1]
            command, environment = pinned(
                threads,
                args.cores,
                [
                    args.python,
                    HERE / driver,
                    "train",
                    "--task",
                    task,
                    "--steps",
                    str(steps),
                    "--threads",
                    str(threads),
                    *options,
                ],
            )
            before = peak(args, threads)
            with tempfile.NamedTemporaryFile(suffix=".txt") as log:
                done = subprocess.run(
                    command, env=environment, stdout=subprocess.PIPE, stderr=log, text=True, check=False
                )
                if done.returncode != 0:
                    failures[name] = last_line(log.name)
                    continue
            run[name] = {**json.loads(done.stdout), "peak_before": before, "peak_after": peak(args, threads)}
            versions.update(run[name].pop("versions", {}))
            say(
                f"{task}, {steps} steps, {threads} thread(s): {name} {run[name]['sec']:.1f} s, "
                f"{run[name]['ms_per_step']:.3f} ms a step"
            )
        runs.append(run)
    return {"task": task, "steps": steps, "threads": threads, "commit": args.commit, "runs": runs}


def peak(args, threads):
    return softac_json(args, threads, *TINY, "--threads", str(threads))["peak_gflops"]


def measure_own(args, info, figure):
    """softac alone: fractions of the peak by backend, threads, products, replay, growth."""
    seconds = str(args.seconds * 4)
    own = {"commit": args.commit, "updates": [], "threads": [], "replay": []}
    for backend in [name for name in info["backends"] if name not in ("portable", "reference")]:
        for shape in [*SHAPES, "17,6,512,512"]:
            own["updates"].append(
                softac_json(args, 1, "bench", "update", "--shape", shape, "--seconds", seconds, backend=backend)
            )
    for threads in [t for t in args.threads if t > 1]:
        own["threads"].append(
            softac_json(args, threads, "bench", "update", "--threads", str(threads), "--seconds", seconds)
        )
    own["gemm"] = softac_json(args, 1, "bench", "gemm", "--seconds", seconds)
    for shape in SHAPES:
        # What a random read costs depends on where the memory lies: each process gets other pages.
        command = ["bench", "replay", "--shape", shape, "--seconds", seconds]
        own["replay"].append([softac_json(args, 1, *command) for _ in range(REPLAYS)])
    own["scale"] = softac_json(args, 1, "bench", "scale", "--seconds", str(args.seconds * 10), "-o", str(figure))
    own["scale"].pop("figure")
    return own


def say(text):
    print(f"{datetime.datetime.now():%H:%M:%S} {text}", file=sys.stderr, flush=True)


def prepare(args):
    """The Python of the virtual environment, with the peers in it."""
    python = args.venv / "bin" / "python"
    if not python.exists():
        say(f"virtual environment in {args.venv}")
        venv.create(args.venv, with_pip=True)
    probe = "import gymnasium, mujoco, torch, stable_baselines3, sbx, rltools"
    if subprocess.run([python, "-c", probe], capture_output=True, check=False).returncode != 0:
        say("installing the peers from PyPI")
        subprocess.run(
            [python, "-m", "pip", "install", "-q", "-r", HERE / "requirements.txt"], check=True, stdout=sys.stderr
        )
    return str(python)


def merged(old, new):
    """The new results, and of the old ones what was not measured again; those of another processor or compiler go."""
    if any(old[key] != new[key] for key in ["cpu", "quick"]) or any(
        old["softac"][key] != new["softac"][key] for key in ["compiler", "backend"]
    ):
        say("the results that stand are of another compiler or processor; they are not kept")
        return new

    def dated(measurement):
        return {"commit": old["softac"]["commit"], **measurement}

    for part, key in [("updates", "shape"), ("training", "task")]:
        again = {(m[key], m["threads"]) for m in new[part]}
        kept = [dated(m) for m in old[part] if (m[key], m["threads"]) not in again]
        new[part] = sorted(
            kept + new[part], key=lambda m: (m["threads"], ORDER.index(m[key]) if m[key] in ORDER else len(ORDER))
        )
    new["own"] = new["own"] or (old["own"] and dated(old["own"]))
    new["versions"] = {**old["versions"], **new["versions"]}
    new["failures"] = {**old["failures"], **new["failures"]}
    return new


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--softac", default=str(ROOT / "build/release/apps/softac"), help="the command to measure")
    parser.add_argument(
        "--venv", type=pathlib.Path, default=ROOT / "build/compare-venv", help="virtual environment of the peers"
    )
    parser.add_argument(
        "--out", type=pathlib.Path, default=ROOT / "docs/performance.md", help="page to write; .json beside it"
    )
    parser.add_argument(
        "--quick", action="store_true", help="fewer rounds, shorter training runs: a trial, not a result"
    )
    parser.add_argument("--rounds", type=int, help="of updates (default 7)")
    parser.add_argument("--seconds", type=float, help="each learner updates at a time (default 1.5)")
    parser.add_argument("--train-rounds", type=int, default=1, help="training runs of every learner; 0: none")
    parser.add_argument(
        "--steps", help="of a Pendulum and a HalfCheetah run (default 10000,20000; --quick: 2000,1000); 0: none"
    )
    parser.add_argument("--shapes", nargs="*", default=SHAPES, help="O,A,H,B of the updates")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument(
        "--cores", type=lambda text: [int(core) for core in text.split(",")], help="cores to use, e.g. 0,1"
    )
    parser.add_argument("--peers", nargs="*", choices=list(PEERS), default=list(PEERS))
    parser.add_argument(
        "--keep",
        action="store_true",
        help="measure a part: what the .json beside the page holds of the same compiler and CPU stays, with its commit",
    )
    parser.add_argument("--no-own", action="store_true", help="leave out what softac measures of itself")
    args = parser.parse_args()
    args.rounds = args.rounds or (3 if args.quick else 7)
    args.seconds = args.seconds or (0.7 if args.quick else 1.5)
    args.steps = args.steps or ("2000,1000" if args.quick else "10000,20000")
    args.cores = args.cores or sorted(os.sched_getaffinity(0))
    args.threads = [t for t in args.threads if t <= len(args.cores)]
    args.softac = str(pathlib.Path(args.softac).resolve())
    args.python = prepare(args)

    info = softac_json(args, 1, "info")
    args.commit = info["commit"]
    tiny = softac_json(args, 1, *TINY)
    failures, versions = {}, {}
    results = {
        "date": datetime.date.today().isoformat(),
        "cpu": tiny["cpu"],
        "softac": info,
        "quick": args.quick,
        "seconds": args.seconds,
        "versions": versions,
        "failures": failures,
        "updates": [],
        "training": [],
        "own": None,
    }
    figure = args.out.with_name(args.out.stem + "-scale.svg").absolute()
    if not args.no_own:
        results["own"] = measure_own(args, info, figure)
    for threads in args.threads:
        for shape in args.shapes:
            results["updates"].append(measure_updates(args, shape, threads, failures, versions))
    for threads in args.threads if args.train_rounds else []:
        for task, steps in zip(["pendulum", "halfcheetah"], (int(part) for part in args.steps.split(","))):
            if steps == 0:
                continue
            results["training"].append(measure_training(args, task, steps, threads, failures, versions))
    data = args.out.with_suffix(".json")
    if args.keep and data.exists():
        results = merged(json.loads(data.read_text()), results)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    data.write_text(json.dumps(results, indent=1) + "\n")
    args.out.write_text(report.page(results, args.out.stem, figure.name if results["own"] else None))
    print(args.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
