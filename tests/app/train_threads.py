"""Trains with all of its threads for two minutes, for ThreadSanitizer to watch: environments, updates, writer, watchdog,
evaluations, a signal, and resuming.

train_threads.py SOFTAC [SECONDS]
"""
import os
import subprocess
import sys
import tempfile
import time

SETTINGS = ["n_envs=4", "n_env_threads=2", "threads=2", "net_arch=[64,64]", "batch_size=64", "buffer_size=20000",
            "learning_starts=500", "gradient_steps=1", "train_freq=4", "checkpoint_freq=1000", "eval_freq=2000",
            "n_eval_episodes=2", "log_interval_steps=500", "env_timeout_sec=100", "max_rollbacks=1"]


def main():
    softac = os.path.abspath(sys.argv[1])
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 120.0
    with tempfile.TemporaryDirectory(prefix="softac_threads_") as folder:
        def run(code, *arguments, stop_after=None):
            start = time.monotonic()
            process = subprocess.Popen([softac, *arguments, "-q"], cwd=folder, stdout=subprocess.DEVNULL)
            if stop_after is not None:
                try:
                    process.wait(timeout=stop_after)
                except subprocess.TimeoutExpired:
                    process.terminate()
            found = process.wait(timeout=300)
            print(f"{arguments[0]}: exit code {found} after {time.monotonic() - start:.0f} s", flush=True)
            if found != code:
                raise SystemExit(f"expected exit code {code}")

        settings = [word for setting in SETTINGS for word in ("--set", setting)]
        run(75, "train", "HalfCheetah-v5", "--steps", "100000000", "--run-dir", "run", *settings, stop_after=0.8 * seconds)
        run(75, "resume", "run", stop_after=0.2 * seconds)
        run(0, "ckpt", "verify", "run")
        with open(os.path.join(folder, "run", "log.txt"), encoding="utf-8") as file:
            lines = file.read().splitlines()
        for what in ["checkpoint step-", "evaluation at step", "resumed from"]:
            count = sum(what in line for line in lines)
            print(f"{count} × '{what}'")
            if count == 0:
                raise SystemExit("the run was too short to show anything")


if __name__ == "__main__":
    main()
