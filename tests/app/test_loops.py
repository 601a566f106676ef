"""Whatever loops can be stopped: evaluations, diagnoses, updates, eval, env check and bench, on a task that never ends."""
import json
import os
import random
import signal
import subprocess
import tempfile
import time

import command
from command import SMALL, CommandTest

MOMENTS = int(os.environ.get("SOFTAC_MOMENTS", "8"))
# What is promised is 2 seconds, which the campaign asks for; a test does not fail because the machine is busy.
LONGEST_SEC = 2.0 if "SOFTAC_MOMENTS" in os.environ else 20.0


def train(*arguments, step_ms=0, steps=100000):
    return ["train", "Endless-v0", "--env-plugin", command.PLUGIN, "--steps", str(steps), "--run-dir", "run", *SMALL,
            "--set", f"env_kwargs.step_ms={step_ms}", *arguments]


class Loops(CommandTest):
    def setUp(self):
        memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        holder = tempfile.TemporaryDirectory(prefix="softac_loops_", dir=memory)
        self.addCleanup(holder.cleanup)
        self.folder = holder.name

    def stop(self, process, number, code):
        """Sends the signal; returns what the process printed and how long it took to end."""
        start = time.monotonic()
        process.send_signal(number)
        try:
            out, err = process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            self.fail("it does not stop")
        seconds = time.monotonic() - start
        self.assertEqual(process.returncode, code, err)
        self.assertLess(seconds, LONGEST_SEC)
        return out + err, seconds

    def verify(self, run="run"):
        state = json.loads(self.run_command("ckpt", "verify", run, "--json").stdout)
        self.assertTrue(state["checkpoints"])
        self.assertTrue(all(checkpoint["complete"] for checkpoint in state["checkpoints"]))
        return state

    def in_an_evaluation(self, *arguments):
        """A run whose first evaluation takes minutes: 10 environments, 10,000 steps of a millisecond each."""
        mark = self.path("mark")
        if os.path.exists(mark):
            os.remove(mark)
        process = self.start_command(*train("--set", "eval_freq=100", *arguments, step_ms=1), env={"ENDLESS_MARK": mark})
        self.wait_until(lambda: os.path.exists(mark), "a step of the evaluation", process)
        return process

    def start_listening(self, *arguments):
        """A command that has installed its signal handlers."""
        process = self.start_command(*arguments)

        def listens():
            with open(f"/proc/{process.pid}/status", encoding="utf-8") as file:
                caught = next(line for line in file if line.startswith("SigCgt:"))
            return int(caught.split()[1], 16) >> (signal.SIGTERM - 1) & 1
        self.wait_until(listens, "a handler of SIGTERM", process)
        return process

    def test_an_evaluation_that_never_ends_is_stopped_and_made_again(self):
        for number, code in [(signal.SIGTERM, 75), (signal.SIGINT, 130)]:
            with self.subTest(number=number):
                text, _ = self.stop(self.in_an_evaluation(), number, code)
                self.assertIn(f"stopped by signal {int(number)} at step 100; its evaluation is still to come", text)
                self.assertEqual(self.verify()["step"], 100)
                self.assertFalse(os.path.exists(self.path("run", "eval", "evaluations.csv")))
                self.assertEqual(json.loads(self.read("run", "status.json"))["state"], "stopped")
                done = self.run_command("resume", "run", "--max-time", "1s", "--json", code=75)
                self.assertEqual(json.loads(done.stdout)["step"], 100)  # in the same evaluation
                self.assertIn("its evaluation is still to come", json.loads(done.stdout)["message"])
                os.rename(self.path("run"), self.path(f"run{int(number)}"))

    def test_a_time_limit_ends_an_evaluation(self):
        done = self.run_command(*train("--set", "eval_freq=100", "--max-time", "3s", "--json", step_ms=1), code=75)
        self.assertEqual(json.loads(done.stdout)["reason"], "time")
        self.assertEqual(self.verify()["step"], 100)

    def test_a_phase_of_a_million_updates_is_stopped_between_two(self):
        done = self.run_command(*train("--set", "gradient_steps=1000000", "--set", "train_freq=100", "--max-time", "1s", "--json"),
                                code=75)
        report = json.loads(done.stdout)
        self.assertIn("of its updates are still to come", report["message"])
        self.assertEqual(self.verify()["step"], 100)
        again = json.loads(self.run_command("resume", "run", "--max-time", "1s", "--json", code=75).stdout)
        self.assertEqual(again["step"], 100)
        self.assertGreater(again["num_updates"], report["num_updates"])

    def test_random_moments(self):
        """Stopped again and again, with evaluations, diagnoses and long phases of updates; it ends as one that was not."""
        def settings(run):
            arguments = train("--set", "eval_freq=200", "--set", "diag_freq=300", "--set", "checkpoint_freq=250", "--set",
                              "log_interval_steps=100", "--set", "gradient_steps=4", "--set", "train_freq=8", "--set",
                              "n_eval_episodes=2", "--set", "eval_max_episode_steps=300", "--json", "-q", step_ms=1, steps=1000)
            return ["run" == a and run or a for a in arguments]
        whole = json.loads(self.run_command(*settings("whole")).stdout)
        moments = random.Random(14)
        longest, stopped, ends = 0.0, 0, 0
        while stopped < MOMENTS:
            process = self.start_command(*settings("run"), "--resume", "auto")
            status = self.path("run", "status.json")
            before = os.path.getmtime(status) if os.path.exists(status) else 0
            self.wait_until(lambda b=before: process.poll() is not None or (os.path.exists(status) and os.path.getmtime(status) != b),
                            "a run directory")
            try:
                process.wait(timeout=moments.uniform(0.0, 1.5))
            except subprocess.TimeoutExpired:
                number, code = moments.choice([(signal.SIGTERM, 75), (signal.SIGINT, 130), (signal.SIGUSR1, 75)])
                start = time.monotonic()
                process.send_signal(number)
                out, err = process.communicate(timeout=60)
                if process.returncode == code:
                    longest = max(longest, time.monotonic() - start)
                    stopped += 1
                    self.verify()
                    continue
                self.assertEqual(process.returncode, 0, err)  # the signal met a run that had just ended
            else:
                out, err = process.communicate()
                self.assertEqual(process.returncode, 0, err)
            ends += 1
            self.end(json.loads(out), whole, ends)
        out = self.run_command(*settings("run"), "--resume", "auto").stdout
        self.end(json.loads(out), whole, ends + 1)
        self.assertLess(longest, LONGEST_SEC)
        print(f"{stopped} stops, the longest took {longest:.2f} s; {ends + 1} runs ended as the one that was never stopped")

    def end(self, report, whole, number):
        self.assertEqual(report["reason"], "finished")
        self.assertEqual(report["state_hash"], whole["state_hash"])
        self.assertEqual(report["best_eval_return"], whole["best_eval_return"])
        self.assertEqual(self.read("run", "eval", "evaluations.csv"), self.read("whole", "eval", "evaluations.csv"))
        os.rename(self.path("run"), self.path(f"ended{number}"))

    def test_an_evaluation_of_an_endless_task_is_cut_off_and_says_so(self):
        done = self.run_command(*train("--set", "eval_freq=200", "--set", "n_eval_episodes=3", steps=200))
        self.assertIn("3 of 3 episodes cut off at 10000 steps", done.stderr)
        self.assertIn("eval_max_episode_steps", done.stderr)
        self.assertIn("3 cut off", done.stderr)
        self.assertIn("3 of 3 episodes cut off at 10000 steps", self.read("run", "log.txt"))
        self.assertIn('"eval/cut_off_episodes":3', self.read("run", "metrics.jsonl").replace(" ", ""))
        done = self.run_command("eval", "run", "--episodes", "2", "--max-episode-steps", "50", "--json")
        result = json.loads(done.stdout)
        self.assertEqual((result["cut_off"], result["max_episode_steps"], result["lengths"]), (2, 50, [50, 50]))
        self.assertIn("warning: 2 of 2 episodes were cut off at 50 steps;", done.stderr)

    def test_a_time_limit_of_any_task(self):
        for task, plugin in [("Endless-v0", ["--env-plugin", command.PLUGIN]), ("Pendulum-v1", []), ("HalfCheetah-v5", [])]:
            with self.subTest(task=task):
                if task == "HalfCheetah-v5" and task not in self.run_command("env", "list", "-q").stdout.split():
                    self.skipTest("built without MuJoCo")
                done = self.run_command("train", task, *plugin, "--steps", "175", "--run-dir", task, *SMALL, "--json",
                                        "--set", "max_episode_steps=25", "--set", "eval_freq=100", "--set", "n_eval_episodes=2")
                self.assertEqual(json.loads(done.stdout)["num_episodes"], 7)
                self.assertIn("max_episode_steps = 25", self.read(task, "config.toml"))
                self.assertNotIn("cut off", done.stderr)  # that is the task's limit now
                result = json.loads(self.run_command("eval", task, "--episodes", "2", "--json").stdout)
                self.assertEqual((result["cut_off"], result["lengths"]), (0, [25, 25]))

    def test_eval_is_stopped(self):
        self.run_command(*train(steps=100, step_ms=1))
        self.run_command("eval", "run", "--max-time", "1s", code=75)
        for number, code in [(signal.SIGTERM, 75), (signal.SIGINT, 130)]:
            text, _ = self.stop(self.start_listening("eval", "run"), number, code)
            self.assertIn(f"stopped by signal {int(number)}", text)

    def test_a_check_is_stopped(self):
        check = ["env", "check", "Endless-v0", "--env-plugin", command.PLUGIN, "--set", "env_kwargs.step_ms=1", "--steps", "1000000"]
        done = self.run_command(*check, "--max-time", "1s", code=75)
        self.assertRegex(done.stderr, "stopped by its time limit after [0-9]+ of 1000000 random steps")
        self.assertIn("stopped by signal 15", self.stop(self.start_listening(*check), signal.SIGTERM, 75)[0])
        # A step that does not return is not waited for.
        hangs = ["env", "check", "Endless-v0", "--env-plugin", command.PLUGIN, "--set", "env_kwargs.step_ms=1000000"]
        self.run_command(*hangs, "--max-time", "1s", code=75)
        self.stop(self.start_listening(*hangs), signal.SIGINT, 130)

    def test_bench_is_stopped(self):
        for what in [["update"], ["env", "Pendulum-v1"], ["replay"], ["gemm"], ["scale"]]:
            self.run_command("bench", *what, "--seconds", "600", "--max-time", "1s", code=75)
        process = self.start_listening("bench", "env", "Pendulum-v1", "--seconds", "600")
        self.assertIn("stopped by signal 2", self.stop(process, signal.SIGINT, 130)[0])

    def test_a_task_that_exists_only_once(self):
        plugin = ["--env-plugin", command.PLUGIN]
        only = ["train", "Only-v0", *plugin, "--steps", "100", *SMALL]
        done = self.run_command(*only, "--run-dir", "run", "--set", "eval_freq=50", code=3)
        self.assertIn("the robot is taken", done.stderr)
        self.assertIn("set eval_freq=0", done.stderr)
        self.assertFalse(os.path.exists(self.path("run")))  # before the run begins
        done = self.run_command(*only, "--run-dir", "run", "--set", "diag_freq=50", code=3)
        self.assertIn("set diag_freq=0", done.stderr)
        done = self.run_command(*only, "--run-dir", "run", "--set", "n_envs=2", code=3)
        self.assertIn("environment 2 of 2 could not be made", done.stderr)
        self.assertIn("set n_envs=1", done.stderr)
        self.run_command(*only, "--run-dir", "run")
        done = self.run_command("eval", "run", "--episodes", "3", "--json")
        self.assertEqual(json.loads(done.stdout)["lengths"], [20, 20, 20])
        self.assertIn("one after the other in one environment", done.stderr)


if __name__ == "__main__":
    command.main()
