"""Whole runs through the command: the run directory, evaluation, presets, seeds side by side."""
import csv
import json
import os
import re
import statistics

import command
from command import SMALL, CommandTest


class Train(CommandTest):
    def test_run_directory_and_evaluation(self):
        done = self.run_command("train", "Pendulum-v1", "--steps", "600", "--seed", "3", *SMALL, "--set", "eval_freq=300",
                                "--set", "n_eval_episodes=2", "--set", "checkpoint_freq=300")
        run = done.stdout.splitlines()[-1]
        self.assertRegex(run, r"^runs/Pendulum-v1/sac/\d{8}-\d{6}_s3$")
        for name in ["config.toml", "command.txt", "provenance.json", "status.json", "progress.csv", "monitor.csv", "checkpoints", "best"]:
            self.assertTrue(os.path.exists(self.path(run, name)), name)
        self.assertEqual(json.loads(self.read(run, "status.json"))["state"], "finished")
        self.assertIn("softac train Pendulum-v1", self.read(run, "command.txt"))
        self.assertIn("'net_arch=[16]'", self.read(run, "command.txt"))
        self.assertIn("evaluation", done.stderr)

        final = json.loads(self.run_command("eval", run, "--episodes", "5", "--json").stdout)
        self.assertEqual((final["episodes"], final["step"], final["mean_length"]), (5, 600, 200.0))
        self.assertAlmostEqual(final["mean_return"], statistics.fmean(final["returns"]), places=9)
        self.assertAlmostEqual(final["std_return"], statistics.pstdev(final["returns"]), places=9)
        again = json.loads(self.run_command("eval", run, "--episodes", "5", "--json").stdout)
        self.assertEqual(final, again)
        other = json.loads(self.run_command("eval", run, "--episodes", "5", "--json", "--seed", "7").stdout)
        self.assertNotEqual(final["returns"], other["returns"])
        at_300 = json.loads(self.run_command("eval", run, "--episodes", "2", "--json", "--step", "300").stdout)
        self.assertEqual(at_300["step"], 300)
        best = json.loads(self.run_command("eval", run, "--episodes", "2", "--json", "--best").stdout)
        self.assertIn(best["step"], [300, 600])
        said = self.run_command("eval", run, "--episodes", "1", "--seed", "7").stdout
        self.assertRegex(said, r"Pendulum-v1 at step 600: .*\(seed 7; trained with seed \d+\)")
        self.run_command("eval", run, "--step", "123", code=4)

    def test_the_same_seed_gives_the_same_state(self):
        def state_hash(folder, *arguments):
            done = self.run_command("train", "Pendulum-v1", "--steps", "200", "--run-dir", folder, "--json", *SMALL, *arguments)
            return json.loads(done.stdout)["state_hash"]
        first = state_hash("a", "--seed", "1")
        self.assertEqual(first, state_hash("b", "--seed", "1", "--set", "threads=2"))
        self.assertNotEqual(first, state_hash("c", "--seed", "2"))

    def test_updates_that_presets_make(self):
        """With eight environments, softac makes eight updates per vector step, Stable-Baselines3 one."""
        def num_updates(folder, *arguments):
            done = self.run_command("train", "Pendulum-v1", "--steps", "80", "--run-dir", folder, "--json", "--set", "n_envs=8",
                                    *arguments, *SMALL, "--set", "learning_starts=40")
            return json.loads(done.stdout)["num_updates"]
        self.assertEqual(num_updates("plain"), 40)
        self.assertEqual(num_updates("minus", "--set", "gradient_steps=-1"), 40)
        self.assertEqual(num_updates("sb3", "--preset", "sb3"), 5)

    def test_memory_and_disk_are_announced(self):
        done = self.run_command("train", "Pendulum-v1", "--steps", "60", "--run-dir", "run", *SMALL)
        self.assertRegex(done.stderr, r"replay takes [\d.]+ [KMG]iB of memory; checkpoints up to [\d.]+ [KMG]iB on disk")

    def test_diagnostics(self):
        """Separate rows in every record, a line on the terminal on request, and the state of a run without them."""
        def train(folder, *arguments):
            return self.run_command("train", "Pendulum-v1", "--steps", "400", "--run-dir", folder, "--json", *SMALL, *arguments)
        plain, shown = train("plain"), train("shown", "--diag", "150", "--show-diag")
        self.assertEqual(json.loads(plain.stdout)["state_hash"], json.loads(shown.stdout)["state_hash"])
        self.assertNotIn("diagnosis", plain.stderr)
        lines = [line for line in shown.stderr.splitlines() if "diagnosis" in line]
        self.assertEqual([line.split(":")[0].split()[-1] for line in lines], ["150", "300"])
        self.assertIn("q_bias_mean", lines[0])
        self.assertNotIn("diagnosis", train("quiet", "--diag", "150").stderr)

        rows = [json.loads(line) for line in self.read("shown", "metrics.jsonl").splitlines()]
        found = [row for row in rows if "diag/q_pairs" in row]
        self.assertEqual([row["step"] for row in found], [150, 300])
        names = [name for name in found[0] if name.startswith("diag/")]
        for name in ["diag/q_bias_mean_normalised", "diag/entropy_low", "diag/kl", "diag/min_share_1", "diag/dead_units_actor",
                     "diag/effective_rank_critic_0", "diag/grad_variance_ratio", "diag/saturated_actions"]:
            self.assertIn(name, names)
        with open(self.path("shown", "progress.csv"), encoding="utf-8") as file:
            self.assertEqual([float(row["diag/kl"]) for row in csv.DictReader(file) if row["diag/kl"]], [row["diag/kl"] for row in found])
        self.assertRegex(self.read("shown", "log.txt"), r"diagnostics: 2, [\d.]+ s of CPU time, [\d.]+ % of")
        self.assertIn("diag_freq", self.run_command("train", "Pendulum-v1", "--diag", "-1", code=3).stderr)

    def test_networks_of_another_run(self):
        self.run_command("train", "Pendulum-v1", "--steps", "100", "--run-dir", "first", *SMALL)
        self.run_command("train", "Pendulum-v1", "--steps", "60", "--run-dir", "second", "--init-from", "first", *SMALL,
                         "--set", "learning_starts=60")
        one = json.loads(self.run_command("eval", "first", "--episodes", "2", "--json").stdout)
        two = json.loads(self.run_command("eval", "second", "--episodes", "2", "--json").stdout)
        self.assertEqual(one["returns"], two["returns"])
        self.run_command("train", "Pendulum-v1", "--steps", "60", "--init-from", "absent", *SMALL, code=4)
        others = [*SMALL, "--set", "net_arch=[8, 8]"]
        said = self.run_command("train", "MountainCarContinuous-v0", "--steps", "60", "--init-from", "first", *others, code=4).stderr
        self.assertIn('env_id = "MountainCarContinuous-v0", the run has "Pendulum-v1"', said)
        self.assertIn("net_arch = [8, 8], the run has [16]", said)
        self.assertNotIn("actor.", said)

    def test_provenance_names_the_threads_used(self):
        for wanted, used in [("2", 2), ("0", len(os.sched_getaffinity(0)))]:
            folder = f"with-{wanted}"
            self.run_command("train", "Pendulum-v1", "--steps", "60", "--run-dir", folder, *SMALL, "--set", f"threads={wanted}")
            self.assertEqual(json.loads(self.read(folder, "provenance.json"))["threads"], used)

    def test_discrete_actions(self):
        for name in ("CartPole-v1", "Acrobot-v1", "MountainCar-v0"):
            self.run_command("train", name, "--steps", "300", "--run-dir", name, *SMALL)
            self.assert_good_checkpoint(name)
        done = self.run_command("train", "CartPole-v1", "--steps", "300", "--run-dir", "no", "--set", "policy=gaussian", code=3)
        self.assertIn("softmax", done.stderr)
        info = json.loads(self.run_command("env", "info", "CartPole-v1", "--json").stdout)
        self.assertEqual((info["act_dim"], info["num_actions"]), (1, 2))
        self.assertIn("one of 3", self.run_command("env", "info", "Acrobot-v1").stdout)

    def test_state_values(self):
        """The first SAC: V(s) is learned and kept, the critics have no targets; a run of it resumes exactly."""
        first = [*SMALL, "--set", "log_interval_steps=100", "--set", "variant=state_value", "--set", "ent_coef=1", "--set", "reward_scale=5"]

        def state_hash(*arguments):
            return json.loads(self.run_command(*arguments, "--json", "-q").stdout)["state_hash"]
        whole = state_hash("train", "Pendulum-v1", "--steps", "400", "--run-dir", "whole", *first, "--set", "diag_freq=200")
        state_hash("train", "Pendulum-v1", "--steps", "200", "--run-dir", "run", *first)
        self.assertEqual(state_hash("resume", "run", "--steps", "400", "--threads", "2"), whole)
        self.assert_good_checkpoint()
        self.assertIn("train/value_loss", self.read("run", "progress.csv").splitlines()[0])
        names = [self.read_header(name) for name in ("model.safetensors", "optimizer.safetensors")]
        self.assertIn("target.value.output.weight", names[0])
        self.assertFalse(any(name.startswith("target.critic") for name in names[0]))
        self.assertIn("adam_v.value.output.bias", names[1])
        done = self.run_command("train", "Pendulum-v1", "--init-from", "run", *SMALL, code=4)
        self.assertIn('variant = "sac", the run has "state_value"', done.stderr)
        done = self.run_command("train", "Pendulum-v1", *first, "--set", "n_target_actions=2", "--set", "reward_scale=0", code=3)
        self.assertIn("n_target_actions = 2: must be 1", done.stderr)
        self.assertIn("reward_scale = 0: must be greater than 0", done.stderr)
        done = self.run_command("train", "CartPole-v1", *first, code=3)
        self.assertIn("variant", done.stderr)

    def read_header(self, name):
        """Names of the tensors of the newest checkpoint's file."""
        with open(self.path("run", "checkpoints", self.checkpoints()[-1], name), "rb") as file:
            size = int.from_bytes(file.read(8), "little")
            return list(json.loads(file.read(size)))

    def test_plugin_environment(self):
        self.run_command("train", "GoodPoint-v0", "--env-plugin", os.path.relpath(command.PLUGIN, self.folder), "--steps", "120",
                         "--run-dir", "run", *SMALL)
        self.assert_good_checkpoint()

    def test_seeds_side_by_side(self):
        done = self.run_command("train", "Pendulum-v1", "--steps", "300", "--seeds", "0..2", "--jobs", "2", "--run-dir", "seeds", *SMALL)
        lines = done.stdout.splitlines()
        self.assertRegex(lines[0], r"^seed +outcome")
        self.assertEqual([line.split()[:3] for line in lines[1:4]], [[str(seed), "finished", "300"] for seed in range(3)])
        self.assertIn("mean of 3 runs", lines[4])
        alone = json.loads(self.run_command("train", "Pendulum-v1", "--steps", "300", "--seed", "1", "--run-dir", "alone", "--json",
                                            *SMALL).stdout)
        table = json.loads(self.run_command("train", "Pendulum-v1", "--steps", "300", "--seeds", "1", "--json", "--run-dir", "again",
                                            *SMALL).stdout)
        self.assertEqual(table["runs"][0]["ep_return_mean"], alone["ep_return_mean"])
        self.assertEqual(os.path.normpath(table["runs"][0]["run_dir"]), "again/s1")

    def test_many_at_once_in_one_second(self):
        """Runs of one seed that start together: each gets a directory of its own."""
        processes = [self.start_command("train", "Pendulum-v1", "--steps", "60", "-q", *SMALL) for _ in range(12)]
        found = []
        for process in processes:
            out, err = process.communicate(timeout=120)
            self.assertEqual(process.returncode, 0, err)
            found.append(out.splitlines()[-1])
        self.assertEqual(len(set(found)), 12)
        for run in found:
            self.run_command("ckpt", "verify", run, "-q")

    def test_several_resume_the_newest_at_once(self):
        """One of them gets the unfinished run, the others start their own."""
        arguments = ["train", "Pendulum-v1", "--steps", "2000", *SMALL]
        stopped = self.run_command(*arguments, "--max-time", "0.01s", code=75).stdout.splitlines()[-1]
        processes = [self.start_command(*arguments, "--resume", "auto", "-q") for _ in range(6)]
        found = []
        for process in processes:
            out, err = process.communicate(timeout=120)
            self.assertEqual(process.returncode, 0, err)
            found.append(out.splitlines()[-1])
        self.assertIn(stopped, found)

    def test_the_memory_of_all_seeds_together(self):
        arguments = ["train", "Pendulum-v1", "--steps", "60", *SMALL]
        refused = self.run_command(*arguments, "--set", "buffer_size=1000000000000", code=7).stderr
        slots = int(re.search(r"buffer_size up to about (\d+) fits", refused).group(1))
        some = ["--set", f"buffer_size={int(0.4 * slots)}", "--set", "checkpoint_replay=false"]  # one fits, four do not
        done = self.run_command(*arguments, *some, "--seeds", "0..3", "--jobs", "4", "--run-dir", "seeds", code=7)
        self.assertIn("4 runs at a time need ", done.stderr)
        self.assertIn("set --jobs to ", done.stderr)
        self.assertFalse(os.path.exists(self.path("seeds")))
        self.run_command(*arguments, *some, "--seeds", "0..1", "--jobs", "1", "--run-dir", "seeds")

    def test_the_mean_leaves_out_runs_that_failed_and_the_code_is_the_worst(self):
        arguments = ["train", "Pendulum-v1", "--steps", "400", "--seeds", "0..2", "--run-dir", "seeds", *SMALL]
        os.makedirs(self.path("seeds", "s1", "taken"))
        done = self.run_command(*arguments, code=3)
        self.assertIn("mean of 2 runs: ", done.stdout)
        self.assertIn("; left out: 1 failed, 0 stopped", done.stdout)
        os.rename(self.path("seeds"), self.path("before"))
        os.makedirs(self.path("seeds", "s1", "taken"))
        table = json.loads(self.run_command(*arguments, "--json", code=3).stdout)
        self.assertEqual([table[key] for key in ["num_finished", "num_stopped", "num_failed"]], [2, 0, 1])
        self.assertAlmostEqual(table["ep_return_mean"], sum(table["runs"][i]["ep_return_mean"] for i in [0, 2]) / 2)
        os.rename(self.path("seeds"), self.path("before2"))
        os.makedirs(self.path("seeds", "s1", "taken"))
        # Seed 0 ends with 6, which comes first but is not as bad as 3.
        table = json.loads(self.run_command(*arguments, "--json", "--set", "learning_rate=1e30", code=3).stdout)
        self.assertEqual([run["exit_code"] for run in table["runs"]], [6, 3, 6])
        self.assertIsNone(table["ep_return_mean"])

    def test_verify_and_eval_beside_a_run_that_rotates(self):
        process = self.start_command("train", "Pendulum-v1", "--steps", "1000000000", "--run-dir", "run", *SMALL, "--set",
                                     "checkpoint_freq=20")
        self.wait_until(self.checkpoints, "a checkpoint", process)
        for _ in range(30):
            self.run_command("ckpt", "verify", "run", "-q")
        for _ in range(5):
            self.run_command("eval", "run", "--episodes", "1", "-q")
        self.assertIsNone(process.poll())

    def test_a_failing_seed_gives_its_code(self):
        done = self.run_command("train", "Pendulum-v1", "--steps", "300", "--seeds", "0..1", "--run-dir", "seeds", *SMALL, "--set",
                                "learning_rate=1e30", code=6)
        self.assertIn("numerics", done.stdout)
        done = self.run_command("train", "Pendulun-v1", "--seeds", "0..9", code=3)
        self.assertEqual(done.stderr.count("Pendulun-v1"), 1)


if __name__ == "__main__":
    command.main()
