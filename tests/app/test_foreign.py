"""Code of others in the process: environments that are one task and each do something else to the process.
COMMAND LABORATORY LABORATORY_BUILT_BY_OFAST"""
import json
import os
import shutil
import signal
import subprocess
import sys
import time

import command
from command import SMALL, CommandTest

FAST = ""
STEPS = 300
SETTINGS = [*SMALL, "--set", "eval_freq=100", "--set", "n_eval_episodes=1", "--set", "checkpoint_freq=50", "--set",
            "log_interval_steps=50"]
LATE_FILES = [*SMALL, "--set", "eval_freq=0", "--set", "checkpoint_freq=150"]
MODES = "left other floating-point modes behind"
PROCESS = "changed what belongs to the whole process"


class Foreign(CommandTest):
    def train(self, trait, *arguments, steps=STEPS, run=None, **options):
        plugin = FAST if trait == "Fast" else command.PLUGIN
        return self.run_command("train", f"Lab{trait}-v0", "--env-plugin", plugin, "--steps", str(steps), "--run-dir",
                                run or "run-" + trait, *SETTINGS, *arguments, **options)

    def state_hash(self, trait, *arguments, **options):
        done = self.train(trait, "--json", *arguments, **options)
        return json.loads(done.stdout)["state_hash"], done.stderr

    def calm(self):
        if not hasattr(self, "calm_hash"):
            self.calm_hash = self.state_hash("Calm")[0]
        return self.calm_hash

    def check_same(self, trait, warning=None, **options):
        """As the well-behaved one, with that warning once, also on the log; the checkpoints verify."""
        found, err = self.state_hash(trait, **options)
        self.assertEqual(found, self.calm(), trait)
        self.assertEqual(err.count("warning: "), 0 if warning is None else 1, err)
        if warning is not None:
            self.assertIn(warning, err)
            self.assertIn(warning, self.read("run-" + trait, "log.txt"))
        self.run_command("ckpt", "verify", "run-" + trait, "-q")
        return err

    def check_ended(self, trait, code, text):
        """The run ended in its midst; what it has saved verifies."""
        done = self.train(trait, "--json", code=code, env=self.waiting("run-" + trait))
        self.assertIn(text, done.stderr)
        self.assertIn("step-000000100", self.checkpoints("run-" + trait))
        self.run_command("ckpt", "verify", "run-" + trait, "-q")
        return done

    def waiting(self, run):
        """What happens in the midst of the run waits for this checkpoint."""
        return {"LAB_WAIT_FOR": self.path(run, "checkpoints", "step-000000100", "manifest.json")}

    # What it prints is not a result.

    def test_prints(self):
        err = self.check_same("Prints")
        self.assertIn('{"printed": "by printf"}', err)
        self.assertIn("printed by cout", err)
        plain = self.train("Prints", run="plain")
        self.assertNotIn("printed", plain.stdout)
        evaluated = json.loads(self.run_command("eval", "plain", "--episodes", "2", "--json").stdout)
        self.assertEqual(evaluated["episodes"], 2)
        self.assertIn("printed", self.run_command("eval", "plain", "--episodes", "1").stderr)
        for words in [["info", "LabPrints-v0"], ["check", "LabPrints-v0"], ["list"]]:
            json.loads(self.run_command("env", *words, "--env-plugin", command.PLUGIN, "--json").stdout)

    def test_prints_in_several_seeds(self):
        table = json.loads(self.train("Prints", "--json", "--seeds", "0..2", "--jobs", "3").stdout)
        self.assertEqual([(run["reason"], run["exit_code"], run["step"]) for run in table["runs"]],
                         [("finished", 0, STEPS)] * 3)

    # The directory.

    def test_moves(self):
        self.check_same("Moves")
        for name in ["config.toml", "monitor.csv", "eval/evaluations.npz", "best/model.safetensors", "status.json"]:
            self.assertTrue(os.path.isfile(self.path("run-Moves", name)), name)
        plugin = ["--env-plugin", command.PLUGIN]
        found = self.run_command("train", "LabMoves-v0", *plugin, "--steps", "100", *SETTINGS).stdout.splitlines()[-1]
        self.assertTrue(found.startswith("runs/LabMoves-v0/sac/"), found)
        self.assertTrue(self.checkpoints(found))
        self.run_command("train", "LabMoves-v0", *plugin, "--steps", "100", "--run-dir", "from", "--init-from", "run-Moves",
                         *SETTINGS)
        self.run_command("resume", "run-Moves", "--steps", "400")
        self.run_command("eval", "run-Moves", "--episodes", "1")
        shutil.copy(command.PLUGIN, self.path("mine.so"))  # by relative paths
        self.write("mine.toml", 'env_id = "LabMoves-v0"\nenv_plugins = ["mine.so"]\n')
        table = json.loads(self.run_command("train", "--config", "mine.toml", "--steps", "100", "--seeds", "0..1", "--run-dir",
                                            "seeds", "--json", *SETTINGS).stdout)
        self.assertEqual([run["run_dir"] for run in table["runs"]], ["seeds/s0", "seeds/s1"])
        self.run_command("ckpt", "verify", "seeds/s1", "-q")

    # The locale.

    def test_speaks_german(self):
        locales = self.path("locales")
        os.mkdir(locales)
        made = subprocess.run(["localedef", "-i", "de_DE", "-f", "UTF-8", os.path.join(locales, "de_DE.UTF-8")],
                              capture_output=True, check=False) if shutil.which("localedef") else None
        if made is None or made.returncode != 0:
            self.skipTest("localedef cannot make the locale de_DE.UTF-8 here")
        err = self.check_same("Speaks", env={"LOCPATH": locales})
        self.assertNotIn("laboratory: no locale", err)

        def columns(trait):  # without the times
            return [line.rsplit(",", 1)[0] for line in self.read("run-" + trait, "monitor.csv").splitlines()[1:]]
        self.assertEqual(columns("Speaks"), columns("Calm"))

        def without_times(trait):
            rows = [json.loads(line) for line in self.read("run-" + trait, "metrics.jsonl").splitlines()]
            return [{key: value for key, value in row.items() if "time" not in key} for row in rows]
        self.assertEqual(without_times("Speaks"), without_times("Calm"))
        self.assertEqual(self.read("run-Speaks", "progress.csv").count(","), self.read("run-Calm", "progress.csv").count(","))
        self.assertRegex(self.read("run-Speaks", "log.txt"), r"mean return -?\d+\.\d+\n")
        plain = self.train("Speaks", run="plain", env={"LOCPATH": locales})
        self.assertRegex(plain.stdout, r"return -?\d+\.\d\d over the last episodes")
        self.run_command("resume", "plain", "--steps", "400", env={"LOCPATH": locales})
        self.run_command("ckpt", "verify", "plain", "-q")

    # Floating-point modes.

    def test_modes(self):
        for trait, what in [("Rounds", "(rounding)"), ("Flushes", "(flush to zero)"), ("Traps", "(exceptions that trap)")]:
            with self.subTest(trait=trait):
                self.check_same(trait, warning=f"Lab{trait}-v0 {MODES} {what}")

    def test_a_library_built_by_ofast(self):
        with open(FAST, "rb") as file:
            sets_modes = b"set_fast_math" in file.read()  # newer compilers leave that start-up code out of libraries
        self.check_same("Fast", warning=f"environment plugin {FAST} {MODES} (flush to zero)" if sets_modes else None)
        table = json.loads(self.train("Fast", "--seeds", "0", "--json", run="seeds").stdout)
        self.assertEqual(table["runs"][0]["step"], STEPS)

    def test_modes_on_threads(self):
        several = ["--set", "n_envs=4", "--set", "n_env_threads=2", "--set", "threads=2"]
        calm = self.state_hash("Calm", *several, run="calm-4")[0]
        for trait in ["Rounds", "Flushes", "Fast"]:
            self.assertEqual(self.state_hash(trait, *several)[0], calm, trait)

    # Signals and timers.

    def check_stopped_by_sigterm(self, trait):
        process = self.start_command("train", f"Lab{trait}-v0", "--env-plugin", command.PLUGIN, "--steps", "1000000000",
                                     "--run-dir", "endless", *SETTINGS, "--set", "eval_freq=0")
        self.wait_until(lambda: self.checkpoints("endless"), "a checkpoint", process)
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 75, err)
        self.run_command("ckpt", "verify", "endless", "-q")

    def test_masks_signals(self):
        self.check_same("Masks", warning=f"LabMasks-v0 {PROCESS} (the blocking of SIGHUP, ")
        self.check_stopped_by_sigterm("Masks")

    def test_handles_signals(self):
        self.check_same("Handles", warning=f"LabHandles-v0 {PROCESS} (the handler of SIGHUP, ")
        self.check_stopped_by_sigterm("Handles")

    def test_alarms(self):
        self.check_same("Alarms")

    # Descriptors.

    def test_closes_descriptors(self):
        done = self.train("Closes", code=4, env=self.waiting("run-Closes"))
        self.assertIn("closed its descriptor", done.stderr)
        self.assertEqual(json.loads(self.read("run-Closes", "status.json"))["state"], "failed")
        self.run_command("ckpt", "verify", "run-Closes", "-q")
        done = self.train("Closes", "--json", run="again", code=8, env=self.waiting("again"))  # nowhere to write the result
        self.assertIn("closed its descriptor", done.stderr)
        self.run_command("ckpt", "verify", "again", "-q")

    def test_puts_other_files_at_their_numbers(self):
        done = self.train("Replaces", code=4, env=self.waiting("run-Replaces"))
        self.assertIn("closed its descriptor", done.stderr)
        self.run_command("ckpt", "verify", "run-Replaces", "-q")

    def test_leaks(self):
        self.check_same("LeaksMemory")
        self.check_same("LeaksFiles")
        # Where the system gives no more descriptors, the run ends like one whose files cannot be opened. They are all
        # taken before the first file is written: a thread that writes already might keep the few that it needs.
        script = 'ulimit -n 100; exec "$@"'
        done = subprocess.run(["sh", "-c", script, "sh", command.COMMAND, "train", "LabLeaksFiles-v0", "--env-plugin",
                               command.PLUGIN, "--steps", "300", "--run-dir", "few", *LATE_FILES], cwd=self.folder,
                              env=self.environment(), capture_output=True, text=True, timeout=120, check=False)
        self.assertEqual(done.returncode, 4, done.stderr)
        self.assertIn("Too many open files", done.stderr)
        resumed = json.loads(self.run_command("resume", "few", "--json").stdout)
        self.assertEqual(resumed["state_hash"], self.calm())

    # Processes and threads.

    def test_forks(self):
        self.check_same("Forks")
        err = self.check_same("ForksBack")
        self.assertIn("LabForksBack-v0 forked, and the child came back from the call", err)

    def test_leaves_a_daemon(self):
        """It holds the run's lock and the pipe to the parent of several seeds, which do not wait for it."""
        started = time.monotonic()
        self.check_same("LeavesDaemon")
        self.run_command("resume", "run-LeavesDaemon", "--steps", "320")
        table = json.loads(self.train("LeavesDaemon", "--seeds", "0..1", "--json", run="seeds").stdout)
        self.assertEqual([run["reason"] for run in table["runs"]], ["finished"] * 2)
        self.assertLess(time.monotonic() - started, 60)  # which is how long it lives

    def test_threads(self):
        self.check_same("Threads")

    # The end of the process.

    def test_exits(self):
        text = "(environment 0, step 120): the environment called exit; the checkpoints so far are intact"
        for trait in ["Exits", "QuickExits"]:
            with self.subTest(trait=trait):
                self.check_ended(trait, 5, f"Lab{trait}-v0 {text}")
        self.check_ended("ThreadExits", 5, "other code of this process, such as an environment's thread, called exit")

    def test_exits_without_a_word(self):
        """Nobody can hear of _exit; its code is the environment's. Of several seeds it is a failure."""
        self.check_ended("ExitsAtOnce", 0, "")
        table = json.loads(self.train("ExitsAtOnce", "--seeds", "0", "--json", run="seeds", code=1).stdout)
        self.assertEqual((table["runs"][0]["reason"], table["runs"][0]["exit_code"]), ("failed", 1))

    # The rest.

    def test_umask(self):
        self.check_same("Umask", warning=f"LabUmask-v0 {PROCESS} (the umask)")
        files = [os.path.join(folder, name) for folder, _, names in os.walk(self.path("run-Umask")) for name in names]
        self.assertGreater(len(files), 10)
        for file in files:
            self.assertTrue(os.stat(file).st_mode & 0o400, file)

    def test_variables(self):
        self.check_same("Setenv", warning=f"LabSetenv-v0 {PROCESS} (the variable SOFTAC_BACKEND)")

    def test_random_and_sleeps(self):
        for trait in ["Random", "Sleeps"]:
            with self.subTest(trait=trait):
                self.check_same(trait)


if __name__ == "__main__":
    FAST = sys.argv.pop(3)
    command.main()
