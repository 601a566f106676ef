"""Settings that may change on resume, train --fork, and which checkpoints are kept."""
import json
import os

import command
from command import SMALL, CommandTest

TRAIN = ["train", "Pendulum-v1", "--seed", "3", *SMALL]


class Fork(CommandTest):
    def hash_of(self, *arguments, **options):
        return json.loads(self.run_command(*arguments, "--json", "-q", **options).stdout)["state_hash"]

    def contents(self, run):
        found = {}
        for folder, _, names in os.walk(self.path(run)):
            for name in names:
                with open(os.path.join(folder, name), "rb") as file:
                    found[os.path.join(folder, name)] = file.read()
        return found

    def lines(self, *path):
        return [json.loads(line) for line in self.read(*path).splitlines()]

    def interrupt(self, *arguments, code=75):
        """A run that stops by itself long before its end."""
        return self.run_command(*arguments, "--max-time", "0.2s", code=code)

    def test_what_does_not_change_learning_may_change(self):
        whole = self.hash_of(*TRAIN, "--steps", "600", "--run-dir", "whole")
        self.hash_of(*TRAIN, "--steps", "200", "--run-dir", "run")
        changes = {"eval_freq": 150, "n_eval_episodes": 2, "checkpoint_freq": 50, "keep_checkpoints": "all", "diag_freq": 100,
                   "log_interval_steps": 40, "threads": 2, "max_time_sec": 1000, "tensorboard": "true"}
        words = [word for key, value in changes.items() for word in ("--set", f"{key}={value}")]
        done = self.run_command("resume", "run", "--steps", "400", *words)
        self.assertIn("changed: eval_freq = 150, was 0", done.stderr)
        config = self.read("run", "config.toml")
        for line in ['eval_freq = 150\n', 'keep_checkpoints = "all"\n', 'diag_freq = 100\n', "total_timesteps = 400\n"]:
            self.assertIn("\n" + line, config)
        self.assertEqual(self.checkpoints(), [f"step-{step:09}" for step in range(200, 401, 50)])
        self.assertEqual(self.hash_of(*TRAIN, "--steps", "600", "--run-dir", "run", "--resume", "auto", "--set", "eval_freq=100"), whole)
        first, second = self.lines("run", "resumptions.jsonl")
        self.assertEqual((first["step"], first["checkpoint"], first["threads"]), (200, "step-000000200", 2))
        changed = {change["setting"]: (change["from"], change["to"]) for change in first["changed"]}
        self.assertEqual(set(changed), {*changes, "total_timesteps"})
        self.assertEqual(changed["keep_checkpoints"], ("3", '"all"'))
        self.assertIn({"setting": "eval_freq", "from": "150", "to": "100"}, second["changed"])
        self.assertIn("eval_freq = 100, was 150", self.read("run", "log.txt"))

    def test_what_changes_learning_is_refused_by_name(self):
        self.hash_of(*TRAIN, "--steps", "200", "--run-dir", "run")
        before = self.contents("run")
        done = self.run_command("resume", "run", "--steps", "400", "--set", "tau=0.1", "--set", "eval_freq=7", code=3)
        self.assertIn("tau = 0.1, the run has 0.02", done.stderr)
        self.assertIn("--fork", done.stderr)
        self.assertNotIn("eval_freq", done.stderr)
        done = self.run_command("resume", "run", "--steps", "400", "--set", "n_critics=3", code=3)
        self.assertIn("a new run alone", done.stderr)
        done = self.run_command("resume", "run", "--steps", "199", code=3)
        self.assertIn("run is at step 200 already", done.stderr)
        self.assertIn("tua", self.run_command("resume", "run", "--set", "tua=1", code=3).stderr)
        self.assertEqual(self.contents("run"), before)

    def test_auto_goes_on_with_other_steps(self):
        """The interrupted run of 6,000,000 steps is the one of 7,000,000: one notion of the same settings."""
        runs = self.path("runs", "Pendulum-v1", "sac")
        self.interrupt(*TRAIN, "--steps", "6000000")
        done = self.interrupt(*TRAIN, "--steps", "7000000", "--resume", "auto", "--set", "log_interval_steps=500")
        self.assertIn("resumed from step-", done.stderr)
        self.assertEqual(len(os.listdir(runs)), 1)
        self.interrupt(*TRAIN, "--steps", "7000000", "--resume", "auto", "--set", "tau=0.01")  # another run
        self.assertEqual(len(os.listdir(runs)), 2)

    def test_auto_says_that_a_finished_run_is_finished(self):
        self.run_command(*TRAIN, "--steps", "100", "--resume", "auto")
        done = self.run_command(*TRAIN, "--steps", "150", "--resume", "auto")
        self.assertIn("is finished (softac resume runs/Pendulum-v1/sac/", done.stderr)
        self.assertEqual(len(os.listdir(self.path("runs", "Pendulum-v1", "sac"))), 2)

    def test_a_fork_is_a_run_of_its_own(self):
        whole = self.hash_of(*TRAIN, "--steps", "600", "--run-dir", "whole")
        self.hash_of(*TRAIN, "--steps", "300", "--run-dir", "parent", "--set", "checkpoint_freq=100")
        before = self.contents("parent")
        self.assertEqual(self.hash_of("train", "--fork", "parent", "--steps", "600", "--run-dir", "same"), whole)
        changes = ["--set", "learning_rate=linear_1e-4", "--set", "ent_coef=0.1", "--set", "reward_scale=2", "--set", "gamma=0.95"]
        forked = ["train", "--fork", "parent", "--step", "200", "--steps", "600", *changes]
        one = self.hash_of(*forked, "--run-dir", "one")
        self.assertNotEqual(one, whole)
        self.assertEqual(self.hash_of(*forked, "--run-dir", "two"), one)
        self.hash_of("train", "--fork", "parent", "--step", "200", "--steps", "400", "--run-dir", "three", "--set", "gamma=0.95")
        self.hash_of("train", "--fork", "three", "--run-dir", "four", "--steps", "450")
        self.assertEqual(self.contents("parent"), before)
        parent = json.loads(self.read("one", "provenance.json"))["parent"]
        self.assertEqual((parent["run_dir"], parent["step"]), (self.real("parent"), 200))
        self.assertRegex(parent["state_hash"], "^[0-9a-f]{16}$")
        changed = {change["setting"]: change["to"] for change in parent["changed"]}
        self.assertEqual(changed["learning_rate_schedule"], '"linear"')
        self.assertEqual(changed["ent_coef"], "0.1")
        self.assertIn('gamma = "--set"', self.read("one", "config.toml"))
        self.assertEqual(self.real("three"), json.loads(self.read("four", "provenance.json"))["parent"]["run_dir"])
        self.run_command("ckpt", "verify", "one", "-q")

    def real(self, name):
        return os.path.join(os.path.realpath(self.folder), name)

    def test_a_fork_resumes_exactly(self):
        self.hash_of(*TRAIN, "--steps", "300", "--run-dir", "parent")
        forked = ["train", "--fork", "parent", "--set", "gamma=0.9"]
        whole = self.hash_of(*forked, "--steps", "700", "--run-dir", "whole")
        self.hash_of(*forked, "--steps", "500", "--run-dir", "part")
        self.assertEqual(self.hash_of(*forked, "--steps", "700", "--run-dir", "part", "--resume", "auto"), whole)
        self.assertEqual(self.hash_of("resume", "part"), whole)

    def test_a_run_that_trains_can_be_forked(self):
        """Its checkpoints come and go while they are read."""
        process = self.start_command(*TRAIN, "--steps", "1000000000", "--run-dir", "parent", "--set", "checkpoint_freq=20", "-q")
        self.wait_until(lambda: self.checkpoints("parent"), "a checkpoint", process)
        for number in range(5):
            run = f"fork{number}"
            self.run_command("train", "--fork", "parent", "--run-dir", run, "--steps", "1000000000", "--max-time", "0.01s", code=75)
            self.run_command("ckpt", "verify", run, "-q")
        self.assertIsNone(process.poll())

    def test_forks_that_cannot_be(self):
        self.hash_of(*TRAIN, "--steps", "300", "--run-dir", "parent")
        fork = ["train", "--fork", "parent", "--run-dir", "child"]
        for change, said in [("net_arch=[32]", "net_arch = [32], the run has [16]"), ("n_critics=3", "n_critics = 3, the run has 2"),
                             ("seed=4", "seed = 4, the run has 3"), ("buffer_size=100", "(buffer_size)")]:
            self.assertIn(said, self.run_command(*fork, "--steps", "400", "--set", change, code=3).stderr)
        self.assertIn("env_id", self.run_command(*fork, "CartPole-v1", "--steps", "400", code=3).stderr)
        self.assertIn("is at step 300 already", self.run_command(*fork, code=3).stderr)
        self.assertIn("no checkpoint of step 250", self.run_command(*fork, "--step", "250", "--steps", "400", code=4).stderr)
        self.assertFalse(os.path.exists(self.path("child")))
        for extra in [["--seeds", "0..1"], ["--preset", "sb3"], ["--method", "tqc"], ["--config", "x.toml"], ["--init-from", "parent"]]:
            self.assertIn(extra[0], self.run_command(*fork, *extra, code=2).stderr)
        self.run_command("train", "--fork", "parent", "--resume", "auto", code=2)
        self.run_command("train", "Pendulum-v1", "--step", "3", code=2)
        self.run_command("train", "--fork", "absent", "--run-dir", "child", code=4)

    def test_kept_checkpoints(self):
        for value, steps in [(["keep_checkpoints=1"], [400]), (["keep_checkpoints=all"], [100, 200, 300, 400]),
                             (["keep_checkpoints=1", "keep_checkpoints_every=2"], [200, 400])]:
            run = "run" + value[-1]
            words = [word for text in value for word in ("--set", text)]
            self.hash_of(*TRAIN, "--steps", "400", "--run-dir", run, "--set", "checkpoint_freq=100", *words)
            self.assertEqual(self.checkpoints(run), [f"step-{step:09}" for step in steps])
            verified = json.loads(self.run_command("ckpt", "verify", run, "--json").stdout)
            self.assertTrue(all(entry["complete"] for entry in verified["checkpoints"]))
        self.run_command("eval", "runkeep_checkpoints=all", "--step", "100", "--episodes", "1")
        self.assertIn("keep_checkpoints", self.run_command(*TRAIN, "--set", "keep_checkpoints=0", code=3).stderr)


if __name__ == "__main__":
    command.main()
