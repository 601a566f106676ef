"""Plug-ins and model files: absolute, known by their contents, and what is said where they moved or changed."""
import hashlib
import json
import os
import shutil

import command
from command import SMALL, CommandTest

MODEL = """<mujoco><option timestep="0.01"/><worldbody><body name="cart"><joint name="slider" type="slide" axis="1 0 0"/>
<geom type="box" size=".1 .1 .1" mass="10"/><body name="pole"><joint name="hinge" type="hinge" axis="0 1 0"/>
<geom type="capsule" fromto="0 0 0 0.001 0 0.6" size="0.05" mass="5"/></body></body></worldbody>
<actuator><motor ctrllimited="true" ctrlrange="-3 3" gear="100" joint="slider"/></actuator></mujoco>
"""


class Inputs(CommandTest):
    def setUp(self):
        super().setUp()
        os.mkdir(self.path("lib"))
        shutil.copy(command.PLUGIN, self.path("lib", "points.so"))

    def sum_of(self, *path):
        with open(self.path(*path), "rb") as file:
            return hashlib.sha256(file.read()).hexdigest()

    def change(self, *path):
        with open(self.path(*path), "ab") as file:  # what follows the sections of a library is never read
            file.write(b"\n<!-- -->")

    def train(self, *arguments, **options):
        return self.run_command("train", "--steps", "120", "--run-dir", "run", *SMALL, *arguments, **options)

    def inputs(self, run="run"):
        return json.loads(self.read(run, "provenance.json"))["input_files"]

    def state_hash(self, *arguments):
        return json.loads(self.run_command(*arguments, "--json").stdout)["state_hash"]

    def test_are_recorded_absolute_with_their_sum(self):
        self.train("GoodPoint-v0", "--env-plugin", "lib/points.so")
        path = os.path.join(os.path.realpath(self.folder), "lib", "points.so")
        self.assertEqual(self.inputs(), [{"setting": "env_plugins", "path": path, "sha256": self.sum_of("lib", "points.so")}])
        config = self.read("run", "config.toml")
        self.assertIn(f'env_plugins = ["{path}"]', config)
        self.assertIn(f'[inputs.env_plugins]\n"{path}" = "{self.sum_of("lib", "points.so")}"\n', config)

    def test_paths_in_a_file_are_relative_to_it(self):
        os.mkdir(self.path("settings"))
        self.write("settings/points.toml", 'env_id = "GoodPoint-v0"\nenv_plugins = ["../lib/points.so"]\n')
        os.mkdir(self.path("elsewhere"))
        done = self.run_command("train", "--config", "../settings/points.toml", "--steps", "60", "--run-dir", "run", *SMALL,
                                folder="elsewhere")
        self.assertIn("run", done.stdout)
        self.run_command("eval", "elsewhere/run", "--episodes", "1")
        self.run_command("train", "--config", "elsewhere/run/config.toml", "--steps", "60", "--run-dir", "again", *SMALL)

    def test_a_moved_plugin(self):
        self.train("GoodPoint-v0", "--env-plugin", "lib/points.so")
        os.rename(self.path("lib"), self.path("moved"))
        for arguments in [["resume", "run", "--steps", "200"], ["eval", "run"]]:
            done = self.run_command(*arguments, code=4)
            self.assertIn("lib/points.so", done.stderr)
            self.assertIn("--env-plugin FILE", done.stderr)
        done = self.run_command("eval", "run", "--episodes", "1", "--env-plugin", "moved/points.so")
        self.assertIn("is what the run had as", done.stderr)
        done = self.run_command("resume", "run", "--steps", "200", "--env-plugin", "moved/points.so")
        self.assertIn("is what the run had as", done.stderr)
        self.assertIn("moved/points.so", self.read("run", "config.toml"))
        self.assertIn("moved/points.so", self.read("run", "resumptions.jsonl"))
        self.run_command("resume", "run", "--steps", "220")  # it has the new place now

    def test_a_changed_plugin(self):
        self.train("GoodPoint-v0", "--env-plugin", "lib/points.so")
        old = self.sum_of("lib", "points.so")
        self.change("lib", "points.so")
        done = self.run_command("resume", "run", "--steps", "200", code=4)
        for text in [old, self.sum_of("lib", "points.so"), "--allow-changed", "--env-plugin"]:
            self.assertIn(text, done.stderr)
        self.assertIn("total_timesteps = 120\n", self.read("run", "config.toml"))
        done = self.run_command("eval", "run", "--episodes", "1")
        self.assertIn("warning: env_plugins: ", done.stderr)
        again = ["train", "GoodPoint-v0", "--env-plugin", "lib/points.so", "--run-dir", "run", "--resume", "auto", *SMALL]
        self.run_command(*again, "--steps", "200", code=4)
        self.run_command("train", "--fork", "run", "--run-dir", "fork", "--steps", "200", code=4)
        self.run_command("train", "--fork", "run", "--run-dir", "fork", "--steps", "200", "--allow-changed")
        done = self.run_command("resume", "run", "--steps", "200", "--allow-changed")
        self.assertIn("is not what the run had", done.stderr)
        record = json.loads(self.read("run", "resumptions.jsonl"))
        self.assertIn(old, record["changed_files"][0])
        self.run_command("resume", "run", "--steps", "220")  # the run's is the new one now

    def test_a_plugin_that_is_not_the_runs_never_runs(self):
        """Its contents are known before its code is loaded."""
        self.train("GoodPoint-v0", "--env-plugin", "lib/points.so")
        self.write("lib/points.so", "no library")
        self.assertIn("--allow-changed", self.run_command("resume", "run", "--steps", "200", code=4).stderr)

    def test_model_files(self):
        if not json.loads(self.run_command("info", "--json").stdout)["mujoco_version"]:
            self.skipTest("built without MuJoCo")
        self.write("cart.xml", MODEL)
        self.train("InvertedPendulum-v5", "--set", "env_kwargs.xml_file=./cart.xml")
        path = os.path.join(os.path.realpath(self.folder), "cart.xml")
        self.assertEqual(self.inputs(), [{"setting": "env_kwargs.xml_file", "path": path, "sha256": self.sum_of("cart.xml")}])
        os.rename(self.path("cart.xml"), self.path("moved.xml"))
        moved = ["--set", "env_kwargs.xml_file=./moved.xml"]
        for arguments in [["resume", "run", "--steps", "200"], ["eval", "run", "--episodes", "1"]]:
            done = self.run_command(*arguments, code=4)
            self.assertIn("--set env_kwargs.xml_file=FILE", done.stderr)
        self.assertIn("is what the run had as", self.run_command("eval", "run", "--episodes", "1", *moved).stderr)
        self.run_command("resume", "run", "--steps", "200", *moved)
        self.change("moved.xml")
        done = self.run_command("resume", "run", "--steps", "240", code=4)
        self.assertIn("--allow-changed", done.stderr)
        self.assertIn("warning: env_kwargs.xml_file", self.run_command("eval", "run", "--episodes", "1").stderr)
        self.run_command("resume", "run", "--steps", "240", "--allow-changed")
        # One that is found by its name is known by its contents as well.
        self.run_command("train", "InvertedPendulum-v5", "--steps", "60", "--run-dir", "named", *SMALL)
        found = self.inputs("named")
        self.assertEqual([os.path.basename(file["path"]) for file in found], ["inverted_pendulum.xml"])
        shutil.copy(found[0]["path"], self.path("inverted_pendulum.xml"))
        self.change("inverted_pendulum.xml")
        done = self.run_command("resume", "named", "--steps", "90", env={"SOFTAC_MODEL_DIR": self.folder}, code=4)
        self.assertIn("inverted_pendulum.xml", done.stderr)

    def test_files_that_a_model_names(self):
        if not json.loads(self.run_command("info", "--json").stdout)["mujoco_version"]:
            self.skipTest("built without MuJoCo")
        os.mkdir(self.path("parts"))
        self.write("parts/motor.xml", '<mujoco><actuator><motor ctrllimited="true" ctrlrange="-3 3" gear="100" joint="slider"/></actuator></mujoco>')
        self.write("cart.xml", MODEL[:MODEL.index("<actuator>")] + '<include file="parts/motor.xml"/></mujoco>')
        self.train("InvertedPendulum-v5", "--set", "env_kwargs.xml_file=./cart.xml")
        self.assertEqual([os.path.basename(file["path"]) for file in self.inputs()], ["cart.xml", "motor.xml"])
        self.change("parts", "motor.xml")
        self.assertIn("motor.xml", self.run_command("resume", "run", "--steps", "200", code=4).stderr)

    def test_other_arguments_of_the_environment(self):
        self.train("GoodPoint-v0", "--env-plugin", "lib/points.so")
        done = self.run_command("resume", "run", "--steps", "200", "--set", "env_kwargs.bad_step=77", code=3)
        self.assertIn("env_kwargs.bad_step = 77.0, the run has its default", done.stderr)
        self.assertIn("--fork", done.stderr)
        self.run_command("train", "--fork", "run", "--steps", "200", "--run-dir", "fork", "--set", "env_kwargs.bad_step=77")
        self.run_command("eval", "run", "--episodes", "1", "--set", "env_kwargs.bad_step=77")
        self.assertIn("no argument", self.run_command("eval", "run", "--set", "env_kwargs.good_step=7", code=3).stderr)
        self.assertIn("env_kwargs.NAME", self.run_command("eval", "run", "--set", "tau=1", code=3).stderr)

    def test_a_run_of_before(self):
        """A run whose files were never recorded resumes; from then on they are known."""
        self.train("GoodPoint-v0", "--env-plugin", "lib/points.so")
        config = self.read("run", "config.toml")
        start, end = config.index("\n[inputs."), config.index("\n[origin]")
        self.write("run/config.toml", config[:start] + config[end:])
        self.change("lib", "points.so")
        self.run_command("resume", "run", "--steps", "200")
        self.change("lib", "points.so")
        self.run_command("resume", "run", "--steps", "240", code=4)


if __name__ == "__main__":
    command.main()
