"""softac watch and softac ls: runs seen from another process, whatever state they are in."""
import json
import os
import shutil
import signal
import time

import command
from command import SMALL, CommandTest

EVALUATED = [*SMALL, "--set", "eval_freq=100", "--set", "n_eval_episodes=1", "--set", "log_interval_steps=100"]


class RunsTest(CommandTest):
    def train(self, name, *more, steps=300):
        self.run_command("train", "Pendulum-v1", "--steps", str(steps), "--run-dir", name, *EVALUATED, *more)

    def start_training(self, name="run", *more):
        process = self.start_command("train", "Pendulum-v1", "--steps", "1000000000", "--run-dir", name, *SMALL,
                                     "--set", "checkpoint_freq=1000", *more)
        self.wait_until(lambda: os.path.exists(self.path(name, "metrics.jsonl"))
                        and self.read(name, "metrics.jsonl").count("\n") > 2, "rows of metrics", process)
        return process


class Watch(RunsTest):
    def test_a_run_that_has_ended(self):
        self.train("run")
        done = self.run_command("watch", "run", env={"LC_ALL": "C"})
        lines = done.stdout.splitlines()
        self.assertEqual(lines[0], "Pendulum-v1, seed 0, run")
        self.assertRegex(lines[1], r"^finished 300/300 \d+ fps ETA 0s return -[\d.]+ eval -[\d.]+ best -[\d.]+ alpha [\d.]+ "
                                   r"entropy [-\d.]+ updates 250 critic [\d.]+$")
        self.assertEqual(lines[2], "finished: all 300 steps done")
        self.assertEqual((len(lines), done.stderr), (3, ""))
        self.assertIn("α", self.run_command("watch", "run", env={"LC_ALL": "C.UTF-8"}).stdout)

    def test_on_a_terminal_there_is_a_curve(self):
        self.train("run")
        for locale, drawn, not_drawn in [("C.UTF-8", "┤", "*"), ("C", "*", "┤")]:
            text = self.run_on_terminal("watch", "run", stdout=True, columns=70, env={"LC_ALL": locale})
            lines = [line.rstrip("\r") for line in text.split("\n")]
            self.assertIn(drawn, text)
            self.assertNotIn(not_drawn, text)
            self.assertEqual(text.isascii(), locale == "C")
            self.assertIn("return of the evaluations over steps", lines)
            self.assertIn("finished: all 300 steps done", lines)
            self.assertIn("target -1", text)
            self.assertLess(max(map(len, lines)), 70)
        self.assertNotIn("\033", self.run_on_terminal("watch", "run", stdout=True, env={"TERM": "dumb"}))

    def test_follows_a_run_to_its_end(self):
        self.start_training("run", "--max-time", "3s")
        done = self.run_command("watch", "run", "--interval", "0.1s")
        lines = done.stdout.splitlines()
        steps = [int(line.split("/")[0].split()[-1]) for line in lines[1:-1]]
        self.assertGreater(len(set(steps)), 1, done.stdout)
        self.assertEqual(steps, sorted(steps))
        self.assertEqual(len(lines[1:-1]), len(set(lines[1:-1])), "a line per change")
        self.assertIn("stopped: max_time_sec is over at step", lines[-1])

    def test_redraws_a_run_that_goes_on(self):
        self.start_training("run", "--max-time", "3s")
        text = self.run_on_terminal("watch", "run", "--interval", "0.1s", stdout=True, columns=90)
        self.assertRegex(text, r"\033\[\d+A\r\033\[J")
        self.assertIn(" fps  ETA ", text)
        self.assertIn("stopped: max_time_sec is over", text.rstrip().split("\n")[-1])

    def test_a_killed_run_is_seen_as_one(self):
        process = self.start_training()
        self.assertIn("/1000000000 ", self.run_command("watch", "run", "--once").stdout)
        watching = self.start_command("watch", "run", "--interval", "0.1s")
        process.kill()
        process.wait()
        self.assertEqual(watching.wait(30), 0)
        lines = watching.communicate()[0].splitlines()
        self.assertEqual(json.loads(self.read("run", "status.json"))["state"], "running")
        self.assertTrue(lines[-2].startswith("died "), lines)
        self.assertIn("its process is gone without having ended the run: softac resume run goes on", lines[-1])
        self.run_command("resume", "run", "--max-time", "1s", code=75)
        self.assertIn("stopped: max_time", self.run_command("watch", "run").stdout)

    def test_a_failed_run_says_why(self):
        self.run_command("train", "BadNan-v0", "--env-plugin", command.PLUGIN, "--steps", "500", "--run-dir", "run",
                         *SMALL, code=5)
        self.assertRegex(self.run_command("watch", "run").stdout, r"(?s)failed .*\nfailed: .*BadNan-v0")

    def test_ctrl_c(self):
        self.start_training()
        watching = self.start_command("watch", "run", "--interval", "10s")
        time.sleep(0.5)
        watching.send_signal(signal.SIGINT)
        self.assertEqual(watching.wait(10), 130)

    def test_what_is_no_run(self):
        self.assertIn("no such run directory", self.run_command("watch", "nothing", code=4).stderr)
        os.mkdir(self.path("folder"))
        self.assertIn("not a run directory", self.run_command("watch", "folder", "--once", code=4).stderr)
        self.train("run", steps=100)
        with open(self.path("run", "metrics.jsonl"), "wb") as file:
            file.write(b"\x00\xff garbage\n")
        self.assertIn("metrics.jsonl: line 1", self.run_command("watch", "run", code=4).stderr)
        self.assertIn("no duration", self.run_command("watch", "run", "--interval", "often", code=2).stderr)
        self.run_command("watch", code=2)


class Ls(RunsTest):
    def listed(self, *arguments):
        return json.loads(self.run_command("ls", *arguments, "--json").stdout)

    def make_runs(self):
        """Four runs and what is no run: finished, stopped, broken settings, no settings; a Python model; a loop."""
        self.train("runs/Pendulum-v1/sac/a")
        self.run_command("train", "MountainCarContinuous-v0", "--seed", "7", "--steps", "100000000", "--max-time", "0.5s",
                         "--run-dir", "runs/deep/er/b", *SMALL, code=75)
        shutil.copytree(self.path("runs/Pendulum-v1/sac/a"), self.path("runs/broken"))
        self.write("runs/broken/config.toml", "env_id = [")
        shutil.copytree(self.path("runs/Pendulum-v1/sac/a"), self.path("runs/lost"))
        os.remove(self.path("runs/lost/config.toml"))
        os.makedirs(self.path("runs/python"))
        for name in ["config.json", "status.json"]:
            self.write(f"runs/python/{name}", "{}")
        os.symlink("..", self.path("runs/loop"))
        self.write("runs/notes.txt", "nothing")

    def test_lists_what_is_there(self):
        self.make_runs()
        done = self.run_command("ls")
        lines = done.stdout.splitlines()
        self.assertRegex(lines[0], r"^run +env +seed +state +step +last eval +best +age$")
        self.assertEqual(len(lines), 5)
        self.assertRegex(done.stdout, r"(?m)^runs/Pendulum-v1/sac/a +Pendulum-v1 +0 +finished +300/300 +-[\d.]+ +-[\d.]+ +\d+s$")
        self.assertRegex(done.stdout, r"(?m)^runs/deep/er/b +MountainCarContinuous-v0 +7 +stopped +\d+/100000000 +- +- +\d+s$")
        self.assertRegex(done.stdout, r"(?m)^runs/broken +- +- +broken ")
        self.assertIn("warning: " + self.path("runs/broken/config.toml") + ":1:", done.stderr)
        self.assertIn("runs/lost: no config.toml", done.stderr)
        self.assertIn("1 folder of the Python package's models (config.json) left out", done.stderr)

    def test_json_filters_and_order(self):
        self.make_runs()
        runs = {entry["run_dir"]: entry for entry in self.listed("runs", "--size")}
        self.assertEqual(set(runs), {"runs/Pendulum-v1/sac/a", "runs/deep/er/b", "runs/broken", "runs/lost"})
        run = runs["runs/Pendulum-v1/sac/a"]
        self.assertEqual((run["env"], run["seed"], run["state"], run["step"], run["total_timesteps"]),
                         ("Pendulum-v1", 0, "finished", 300, 300))
        self.assertEqual((run["num_evaluations"], run["last_eval_step"]), (3, 300))
        self.assertLessEqual(run["last_eval_return"], run["best_eval_return"])
        self.assertRegex(run["started"] + run["updated"], r"^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ){2}$")
        size = sum(os.path.getsize(os.path.join(folder, name))
                   for folder, _, names in os.walk(self.path("runs/Pendulum-v1/sac/a")) for name in names)
        self.assertEqual(run["size_bytes"], size)
        self.assertEqual((runs["runs/broken"]["state"], runs["runs/deep/er/b"]["last_eval_return"]), ("broken", None))
        self.assertIn("not valid TOML", runs["runs/broken"]["error"])

        def names(*arguments):
            return [entry["run_dir"] for entry in self.listed(*arguments)]

        self.assertEqual(names("--state", "stopped"), ["runs/deep/er/b"])
        self.assertEqual(names("--state", "broken,stopped", "--sort", "path"), ["runs/broken", "runs/deep/er/b", "runs/lost"])
        self.assertEqual(names("--env", "Car"), ["runs/deep/er/b"])
        self.assertEqual(names()[:2], ["runs/deep/er/b", "runs/Pendulum-v1/sac/a"], "the newest first")
        self.assertEqual(names("--sort", "return")[0], "runs/Pendulum-v1/sac/a")
        self.assertEqual(names("--sort", "env")[:2], ["runs/deep/er/b", "runs/Pendulum-v1/sac/a"])
        self.assertEqual(names("runs/Pendulum-v1/sac/a"), ["runs/Pendulum-v1/sac/a"])
        self.assertEqual(names("--state", "failed"), [])
        self.assertIn("no runs below runs", self.run_command("ls", "--state", "failed").stderr)

    def test_running_and_killed(self):
        process = self.start_training("runs/a")
        entry = self.listed()[0]
        self.assertEqual((entry["state"], entry["reason"]), ("running", ""))
        self.assertGreater(entry["step"], 0)
        process.kill()
        process.wait()
        self.assertEqual(self.listed()[0]["state"], "died")

    def test_where_there_is_nothing(self):
        done = self.run_command("ls")
        self.assertEqual((done.stdout, done.stderr), ("", "no runs below runs\n"))
        self.assertEqual(self.listed(), [])
        self.assertIn("nowhere: no such folder", self.run_command("ls", "nowhere", code=4).stderr)
        self.write("file", "")
        self.assertIn("file: not a folder", self.run_command("ls", "file", code=4).stderr)
        self.assertIn("(did you mean 'running'?)", self.run_command("ls", "--state", "runing", code=2).stderr)
        self.assertIn("--sort age: expected", self.run_command("ls", "--sort", "age", code=2).stderr)

    def test_hundreds_at_once(self):
        self.train("runs/a", steps=200)
        files = ["config.toml", "status.json", "monitor.csv", "metrics.jsonl", "eval/evaluations.csv"]
        for i in range(500):
            os.makedirs(self.path(f"many/{i % 10}/run{i}/eval"))
            for name in files:
                os.link(self.path("runs/a", name), self.path(f"many/{i % 10}/run{i}", name))
        before = os.times().children_user
        self.assertEqual(len(self.listed("many")), 500)
        self.assertLess(os.times().children_user - before, 5.0)


if __name__ == "__main__":
    command.main()
