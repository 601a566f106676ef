"""What goes wrong in a run: the exit code, a clear message, and an earlier good checkpoint intact."""
import json
import os
import resource
import subprocess

import command
from command import SMALL, CommandTest


class Faults(CommandTest):
    def train(self, task, *arguments, steps=400, **options):
        return self.run_command("train", task, "--steps", str(steps), "--run-dir", "run", *SMALL, *arguments, **options)

    def status(self):
        return json.loads(self.read("run", "status.json"))

    # --- 4: model files -----------------------------------------------------------------------------------------------

    def model_file(self):
        """The path of hopper.xml in the installed gymnasium package, as the interpreter of this test finds it."""
        import gymnasium.envs.mujoco as package
        return os.path.join(os.path.dirname(package.__file__), "assets", "hopper.xml")

    def test_missing_model_file(self):
        os.mkdir(self.path("models"))
        done = self.train("Hopper-v5", code=4, env={"SOFTAC_MODEL_DIR": self.path("models")})
        self.assertIn("hopper.xml", done.stderr)
        self.assertFalse(os.path.exists(self.path("run")))

    def test_wrong_model_file(self):
        os.mkdir(self.path("models"))
        with open(self.model_file(), encoding="utf-8") as file:
            text = file.read()
        changed = text.replace('gear="200.0"', 'gear="150.0"')
        self.assertNotEqual(text, changed)
        self.write("models/hopper.xml", changed)
        done = self.train("Hopper-v5", code=4, env={"SOFTAC_MODEL_DIR": self.path("models")})
        self.assertIn("hopper.xml", done.stderr)
        self.write("models/hopper.xml", text[:len(text) // 2])
        self.train("Hopper-v5", code=4, env={"SOFTAC_MODEL_DIR": self.path("models")})

    # --- 5: environments ----------------------------------------------------------------------------------------------

    def test_environments_that_break_their_contract(self):
        for env, part in [("BadNan-v0", "obs"), ("BadInfReward-v0", "reward"), ("BadThrow-v0", ""), ("BadShape-v0", "values"),
                          ("BadFlag-v0", "terminated")]:
            with self.subTest(env=env):
                done = self.run_command("train", env, "--env-plugin", command.PLUGIN, "--steps", "400", "--run-dir", env, *SMALL,
                                        code=5)
                self.assertIn(env, done.stderr)
                self.assertIn(part, done.stderr)
                status = json.loads(self.read(env, "status.json"))
                self.assertEqual(status["state"], "failed")

    def test_an_environment_that_hangs(self):
        done = self.train("BadHang-v0", "--env-plugin", command.PLUGIN, "--set", "env_timeout_sec=1", code=5, timeout=60)
        self.assertIn("BadHang-v0", done.stderr)
        self.assertEqual(self.status()["state"], "failed")

    def test_the_checkpoint_before_the_fault_is_intact(self):
        self.train("BadNan-v0", "--env-plugin", command.PLUGIN, "--set", "env_kwargs.bad_step=40", "--set", "checkpoint_freq=10",
                   code=5)
        self.assertIn(self.checkpoints()[-1], ["step-000000030", "step-000000040"])
        # Its environment would break again; the same one without the fault takes the networks.
        self.run_command("train", "GoodPoint-v0", "--env-plugin", command.PLUGIN, "--init-from", "run", "--steps", "60", *SMALL)

    # --- 6: numerics --------------------------------------------------------------------------------------------------

    def test_a_loss_that_is_not_finite(self):
        done = self.train("Pendulum-v1", "--set", "learning_rate=1e30", code=6)
        self.assertIn("finite", done.stderr)
        self.assertEqual(self.status()["state"], "failed")

    def test_values_beyond_float_range(self):
        done = self.train("BadHuge-v0", "--env-plugin", command.PLUGIN, "--set", "checkpoint_freq=1", code=6)
        self.assertIn("finite", done.stderr)
        self.assertTrue(self.checkpoints())

    # --- 7: memory ----------------------------------------------------------------------------------------------------

    def test_a_replay_that_does_not_fit_is_refused_before_the_run(self):
        done = self.train("Pendulum-v1", "--set", "buffer_size=1e13", code=7)
        self.assertIn("buffer_size", done.stderr)
        self.assertFalse(os.path.exists(self.path("run")))

    # --- 8: disk ------------------------------------------------------------------------------------------------------

    def test_a_full_disk_leaves_the_last_checkpoint_intact(self):
        """A limit on the size of files stands for the full disk: the log outgrows it after the first checkpoint."""
        limit = 24 * 1024

        def limit_files():
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

        done = self.train("Pendulum-v1", "--set", "checkpoint_replay=false", "--set", "checkpoint_freq=100",
                          "--set", "log_interval_steps=10", "--set", "net_arch=[4]", code=8, steps=20000, preexec_fn=limit_files)
        self.assertIn("error:", done.stderr)
        self.assert_good_checkpoint()

    # $1: the command; the rest: how it trains. Each step's exit code is a line of the output.
    ON_A_SMALL_DISK = """
        mkdir small && mount -t tmpfs -o size=700k softac_small small && cd small || exit 77
        softac=$1; shift
        "$softac" "$@" --run-dir run > /dev/null; echo "train $?"
        "$softac" ckpt verify run --json > ../verified.json; echo "verify $?"
        mount -o remount,size=64m "$PWD" || exit 77
        "$softac" resume run -q --json > ../resumed.json; echo "resume $?"
    """

    def test_a_disk_that_is_really_full(self):
        """A file system of 700 kB in memory, which only this test sees: exit code 8, then with room again as if nothing had been."""
        for namespace in [["unshare", "--user", "--map-root-user", "--mount"], ["unshare", "--mount"]]:
            try:
                tried = subprocess.run([*namespace, "sh", "-c", "mkdir -p probe && mount -t tmpfs -o size=64k softac_probe probe"],
                                       cwd=self.folder, capture_output=True, check=False)
            except FileNotFoundError:
                self.skipTest("no unshare here (util-linux)")
            if tried.returncode == 0:
                break
        else:
            self.skipTest(f"no file system can be mounted here: {tried.stderr.decode().strip()}")
        train = ["train", "Pendulum-v1", "--steps", "12000", *SMALL, "--set", "learning_starts=12000", "--set", "buffer_size=12000",
                 "--set", "checkpoint_freq=500", "--set", "log_interval_steps=500"]
        done = subprocess.run([*namespace, "sh", "-c", self.ON_A_SMALL_DISK, "sh", command.COMMAND, *train], cwd=self.folder,
                              env=self.environment(), capture_output=True, text=True, timeout=120, check=False)
        self.assertEqual(done.stdout.split("\n")[:3], ["train 8", "verify 0", "resume 0"], done.stdout + done.stderr)
        self.assertIn("No space left on device", done.stderr)
        checkpoints = json.loads(self.read("verified.json"))["checkpoints"]
        self.assertTrue(checkpoints and all(checkpoint["complete"] for checkpoint in checkpoints))
        self.assertGreater(checkpoints[-1]["step"], 1000)
        self.assertLess(checkpoints[-1]["step"], 12000)
        whole = self.run_command(*train, "--run-dir", "whole", "-q", "--json")
        self.assertEqual(json.loads(self.read("resumed.json"))["state_hash"], json.loads(whole.stdout)["state_hash"])

    def test_a_file_in_the_way(self):
        self.write("file", "")
        done = self.run_command("train", "Pendulum-v1", "--run-dir", "file/run", "--steps", "60", *SMALL, code=4)
        self.assertIn("file", done.stderr)

    # --- 4: checkpoints -----------------------------------------------------------------------------------------------

    def test_a_damaged_checkpoint_is_not_used(self):
        self.train("Pendulum-v1", "--set", "checkpoint_freq=200")
        names = self.checkpoints()
        self.assertGreaterEqual(len(names), 2)
        whole = self.assert_good_checkpoint()["step"]
        path = self.path("run", "checkpoints", names[-1], "model.safetensors")
        with open(path, "r+b") as file:
            file.seek(-8, os.SEEK_END)
            file.write(b"damaged!")
        self.assertLess(self.assert_good_checkpoint()["step"], whole)
        self.run_command("eval", "run", "--step", str(whole), code=4)


if __name__ == "__main__":
    command.main()
