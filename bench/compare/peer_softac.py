"""softac's own training runs, in the form of the peers' (its updates are measured by `softac bench update`)."""

import json
import subprocess
import tempfile
import time

from driver import LEARNING_STARTS, TASKS, arguments, say

args = arguments(softac={"required": True})
env, hidden, batch, rate = TASKS[args.task]
with tempfile.TemporaryDirectory() as folder:
    settings = {
        "net_arch": hidden,
        "batch_size": batch,
        "learning_rate": rate,
        "learning_starts": LEARNING_STARTS,
        "ent_coef": "auto",
        "eval_freq": 0,
        "threads": args.threads,
    }
    command = [args.softac, "train", env, "-q", "--json", "--steps", str(args.steps), "--run-dir", folder + "/run"]
    for key, value in settings.items():
        command += ["--set", f"{key}={value}".replace(" ", "")]
    start = time.perf_counter()
    result = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    sec = time.perf_counter() - start
say(
    {
        "sec": sec,
        "ms_per_step": 1e3 * result["elapsed_sec"] / (args.steps - LEARNING_STARTS),
        "return": result["ep_return_mean"],
    }
)
