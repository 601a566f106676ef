"""Stopping a run: Ctrl-C (130), SIGTERM and SIGUSR1 (75), a time limit (75), all with a checkpoint."""
import json
import os
import signal
import time

import command
from command import SMALL, CommandTest

ENDLESS = ["train", "Pendulum-v1", "--steps", "1000000000", "--run-dir", "run", "--set", "checkpoint_freq=0", *SMALL]


class Signals(CommandTest):
    def start(self, *arguments, **options):
        """A run that has begun to train."""
        process = self.start_command(*ENDLESS, *arguments, **options)
        self.wait_until(lambda: self.progress_rows() > 1, "rows in progress.csv", process)
        return process

    def progress_rows(self):
        return self.read("run", "progress.csv").count("\n") if os.path.exists(self.path("run", "progress.csv")) else 0

    def stop(self, number, code):
        process = self.start("--set", "log_interval_steps=100")
        self.assertEqual(self.checkpoints(), [])
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, code, err)
        self.assertEqual(len(self.checkpoints()), 1)
        self.assertEqual(json.loads(self.read("run", "status.json"))["state"], "stopped")
        self.assertIn("at step", out)
        self.assert_good_checkpoint()

    def test_ctrl_c(self):
        self.stop(signal.SIGINT, 130)

    def test_sigterm(self):
        self.stop(signal.SIGTERM, 75)

    def test_sigusr1(self):
        self.stop(signal.SIGUSR1, 75)

    def test_time_limit(self):
        done = self.run_command(*ENDLESS, "--max-time", "1s", "--json", code=75)
        self.assertEqual(json.loads(done.stdout)["reason"], "time")
        self.assertEqual(len(self.checkpoints()), 1)
        self.assert_good_checkpoint()

    def test_a_second_ctrl_c_leaves_at_once(self):
        """An environment that hangs keeps the first Ctrl-C from being looked at; the second does not wait for it."""
        process = self.start_command("train", "BadHang-v0", "--env-plugin", command.PLUGIN, "--steps", "1000", "--run-dir", "run",
                                     "--set", "env_timeout_sec=0", *SMALL)
        self.wait_until(lambda: os.path.exists(self.path("run", "status.json")), "a run directory", process)
        time.sleep(0.5)  # the hang follows within a few steps
        process.send_signal(signal.SIGINT)
        time.sleep(0.5)
        self.assertIsNone(process.poll())
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(timeout=10), 130)

    def test_ctrl_c_reaches_all_seeds(self):
        process = self.start_command(*ENDLESS, "--seeds", "0..2", "--jobs", "2", "--set", "log_interval_steps=100", "--json")

        def started():
            return all(os.path.exists(self.path("run", seed, "progress.csv")) for seed in ["s0", "s1"])
        self.wait_until(started, "two runs", process)
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 130, err)
        table = json.loads(out)
        self.assertEqual([table[key] for key in ["num_finished", "num_stopped", "num_failed"]], [0, 2, 0])
        self.assertIsNone(table["ep_return_mean"])
        runs = table["runs"]
        self.assertEqual([(run["seed"], run["exit_code"], run["reason"]) for run in runs],
                         [(0, 130, "interrupted"), (1, 130, "interrupted")])
        for seed in ["s0", "s1"]:
            self.assertEqual(len(self.checkpoints(os.path.join("run", seed))), 1)
        self.assertFalse(os.path.exists(self.path("run", "s2")))


if __name__ == "__main__":
    command.main()
