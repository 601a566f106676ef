"""Environments that break their contract: one or eight of them, the run ending or the environment being reset."""
import array
import json
import math
import os
import struct

import command
from command import SMALL, CommandTest

# Environment → exit code where the run ends at the fault, and where the environment is reset.
EXPECTED = {
    "BadNan-v0": (5, 0), "BadInfReward-v0": (5, 0), "BadNanReward-v0": (5, 0), "BadShape-v0": (5, 0), "BadThrow-v0": (5, 0),
    "BadException-v0": (5, 0), "BadFlag-v0": (5, 0), "BadBothFlags-v0": (0, 0), "BadHuge-v0": (6, 6), "BadHang-v0": (5, 5),
    "BadCrash-v0": (5, 5),
}


class Hostile(CommandTest):
    def floats_of(self, *path):
        """All numbers of a safetensors file."""
        with open(self.path(*path), "rb") as file:
            data = file.read()
        (header,) = struct.unpack("<Q", data[:8])
        return array.array("f", data[8 + header:])

    def check(self, task, code, arguments, run):
        done = self.run_command("train", task, "--steps", "136", "--run-dir", run, *SMALL, "--set", "checkpoint_freq=16",
                                *arguments, code=code, timeout=60)
        names = self.checkpoints(run)
        for name in names:
            for file in ["model.safetensors", "optimizer.safetensors"]:
                values = self.floats_of(run, "checkpoints", name, file)
                self.assertTrue(values and all(map(math.isfinite, values)), f"{run} {name}")
        if names:
            self.run_command("ckpt", "verify", run, "-q")
        return done

    def test_matrix(self):
        plugin = ["--env-plugin", command.PLUGIN]
        for task, codes in EXPECTED.items():
            for envs in [1, 8]:
                for reset in [False, True]:
                    run = f"{task}-{envs}-{reset}"
                    with self.subTest(run=run):
                        arguments = [*plugin, "--set", f"n_envs={envs}", "--set", f"n_env_threads={min(envs, 2)}",
                                     "--set", f"env_error_resets={str(reset).lower()}", "--set", "env_timeout_sec=0.3"]
                        done = self.check(task, codes[reset], arguments, run)
                        if codes[reset] == 5:
                            self.assertIn(f"{task} (environment ", done.stderr)
                            self.assertIn("step ", done.stderr)
                            if task != "BadCrash-v0":
                                self.assertEqual(json.loads(self.read(run, "status.json"))["state"], "failed")
                        if codes == (5, 0) and reset:
                            self.assertIn("warning: ", done.stderr)
                            self.assertIn("starts a new episode", done.stderr)
                        if codes[reset] == 6:
                            self.assertTrue(os.path.isdir(self.path(run, "crash")))

    def test_eval_reports_a_hang(self):
        self.run_command("train", "BadHang-v0", "--env-plugin", command.PLUGIN, "--steps", "8", "--run-dir", "run", *SMALL,
                         "--set", "env_kwargs.bad_step=20", "--set", "env_timeout_sec=0.3")
        done = self.run_command("eval", "run", "--episodes", "1", code=5, timeout=60)
        self.assertIn("BadHang-v0 (environment 0, step 20): no answer within env_timeout_sec", done.stderr)

    def test_a_simulation_that_blows_up(self):
        for reset in ["false", "true"]:  # each new episode fails as well
            done = self.check("HalfCheetah-v5", 5, ["--set", "env_kwargs.reset_noise_scale=1e12", "--set",
                                                    f"env_error_resets={reset}"], f"run-{reset}")
            self.assertIn("HalfCheetah-v5 (environment 0, step ", done.stderr)

    def test_a_run_that_goes_on_after_a_fault_repeats_it(self):
        """What an environment broke is found again by the resumed run, at the same step."""
        arguments = ["--env-plugin", command.PLUGIN, "--set", "env_kwargs.bad_step=30"]
        first = self.check("BadNan-v0", 5, arguments, "run")
        second = self.run_command("resume", "run", code=5)
        self.assertEqual(first.stderr.splitlines()[-2], second.stderr.splitlines()[-2])

    def test_crash_bundle_and_rollbacks(self):
        arguments = ["--env-plugin", command.PLUGIN, "--on-nan", "rollback:2", "--set", "env_kwargs.bad_step=45"]
        done = self.check("BadHuge-v0", 6, arguments, "run")  # the fault comes again each time
        self.assertIn("rollback 2 of 2", done.stderr)
        bundles = sorted(os.listdir(self.path("run", "crash")))
        self.assertEqual(len(bundles), 3)
        self.assertEqual(sorted(os.listdir(self.path("run", "crash", bundles[0]))),
                         ["batch.safetensors", "error.txt", "model.safetensors", "optimizer.safetensors", "state.json"])
        self.assertIn("not finite", self.read("run", "crash", bundles[0], "error.txt"))
        self.assertIn('"update"', self.read("run", "crash", bundles[0], "state.json"))


if __name__ == "__main__":
    command.main()
