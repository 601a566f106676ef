"""softac export: all formats of a run, the choice of its policy, and what is wrong with a run, an option or a disk."""
import json
import os
import resource
import shutil
import subprocess

import command
from command import SMALL, CommandTest

RUN = ["--steps", "120", "--set", "checkpoint_freq=60", "--set", "eval_freq=60", "--set", "n_eval_episodes=1", *[
    word for pair in zip(SMALL[::2], SMALL[1::2]) if pair[1] != "eval_freq=0" for word in pair]]


class Export(CommandTest):
    folder_of_runs = ""

    @classmethod
    def setUpClass(cls):
        """Runs that all tests copy from: continuous and discrete."""
        cls.holder = command.tempfile.TemporaryDirectory(prefix="softac_export_runs_")
        cls.addClassCleanup(cls.holder.cleanup)
        for name, env in (("pendulum", "Pendulum-v1"), ("cart", "CartPole-v1")):
            subprocess.run([command.COMMAND, "-q", "train", env, "--run-dir", os.path.join(cls.holder.name, name), *RUN], check=True,
                           stdout=subprocess.DEVNULL)

    def setUp(self):
        super().setUp()
        for name in ("pendulum", "cart"):
            shutil.copytree(os.path.join(self.holder.name, name), self.path(name))

    def export(self, run, *arguments, **options):
        return json.loads(self.run_command("export", run, "--json", *arguments, **options).stdout)

    def compile_and_test(self, source, *flags):
        """Exit status of the self-test of a C file."""
        name = os.path.splitext(os.path.basename(source))[0]
        main = self.write("main.c", f'#include "{name}.h"\nint main(void) {{ return {name}_self_test(); }}\n')
        program = self.path("main")
        subprocess.run(["gcc", "-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-O1", *flags, "-I", os.path.dirname(source), main,
                        source, "-o", program], check=True)
        return subprocess.run([program], check=False).returncode

    def test_every_format(self):
        for run in ("pendulum", "cart"):
            for kind, name in (("onnx", "policy.onnx"), ("c", "policy.c"), ("safetensors", "policy.safetensors"), ("numpy", "policy.npz")):
                with self.subTest(run=run, kind=kind):
                    result = self.export(run, "--to", kind)
                    expected = [os.path.join(run, "export", name)]
                    if kind == "c":
                        expected.append(os.path.join(run, "export", "policy.h"))
                    self.assertEqual(result["files"], expected)
                    self.assertEqual((result["step"], result["stochastic"], result["states"]), (120, False, 1000))
                    for file in expected:
                        self.assertGreater(os.path.getsize(self.path(file)), 100)
            self.assertEqual(len(os.listdir(self.path(run, "export"))), 5)  # no file that was written beside
            self.assertEqual(self.compile_and_test(self.path(run, "export", "policy.c")), 0)

    def test_words_in_the_files(self):
        result = self.export("pendulum", "--to", "c")
        with open(self.path("pendulum", "export", "policy.h"), encoding="utf-8") as file:
            header = file.read()
        for part in ["Pendulum-v1: policy (squashed Gaussian) after 120 steps", f"state {result['state_hash']}", "[2] angular velocity, rad/s",
                     "[0] torque, N m, -2 to 2", "#define POLICY_OBSERVATIONS 3", "#define POLICY_DT 0.05"]:
            self.assertIn(part, header)
        checkpoint = json.loads(self.run_command("ckpt", "verify", "pendulum", "--json").stdout)
        self.assertEqual(result["state_hash"], checkpoint["state_hash"])
        self.export("pendulum", "--to", "onnx")
        with open(self.path("pendulum", "export", "policy.onnx"), "rb") as file:
            data = file.read()
        for part in ["observation_names", "angular velocity", checkpoint["state_hash"], "action_low", "[-2.0]"]:
            self.assertIn(part.encode(), data)

    def test_choice_of_the_policy(self):
        first = self.export("pendulum", "--to", "onnx", "--step", "60")
        self.assertEqual(first["step"], 60)
        self.assertIn("step-000000060", first["model"])
        best = self.export("pendulum", "--to", "onnx", "--best")
        self.assertIn(os.path.join("best", "model.safetensors"), best["model"])
        self.assertEqual(best["state_hash"], "")
        self.assertIn("no checkpoint", self.run_command("export", "pendulum", "--to", "onnx", "--step", "61", code=4).stderr)

    def test_c_by_name_with_noise_and_small_weights(self):
        result = self.export("pendulum", "--to", "c", "-o", "walker.c", "--stochastic", "--weights", "int16")
        self.assertEqual(result["files"], ["walker.c", "walker.h"])
        self.assertTrue(0.0 < result["int16_error"] < 0.01, result)
        self.assertGreater(result["stack_bytes"], 0)
        text = self.read("walker.c")
        self.assertIn("int walker_self_test(void)", text)
        self.assertIn("void walker_draw(const float *observation, const float *noise, float *action)", text)
        self.assertRegex(text, r"Weights of 16 bits: over 1000 recorded states the largest error of an action, in its units, is [0-9.e-]+;")
        self.assertEqual(self.compile_and_test(self.path("walker.c")), 0)
        done = self.run_command("export", "cart", "--to", "c", "-o", "c.c", "--name", "cart_policy", "--weights", "int16", "--stochastic")
        self.assertRegex(done.stderr, r"weights of 16 bits: over 1000 recorded states the largest error is \S+ of a logit")
        self.assertIn("int cart_policy_act(const float *observation, float *logits)", self.read("c.h"))

    def test_the_same_bytes_each_time(self):
        for kind, name in (("onnx", "a.onnx"), ("c", "a.c"), ("safetensors", "a.st"), ("numpy", "a.npz")):
            files = []
            for _ in range(2):
                self.export("pendulum", "--to", kind, "-o", name, "--stochastic")
                with open(self.path(name), "rb") as file:
                    files.append(file.read())
            self.assertEqual(files[0], files[1], kind)

    def test_kinds_of_policies(self):
        """The command itself compares what it writes with softac's actions."""
        for env, setting, kind in [
            ("MountainCarContinuous-v0", "actor_components=2", "mixture of 2 squashed Gaussians"),
            ("Pendulum-v1", "policy=gaussian", "Gaussian"),
            ("Pendulum-v1", "normalize_obs=true", "squashed Gaussian"),
            ("Acrobot-v1", "discrete_policy=boltzmann", "softmax of the critics' values (boltzmann)"),
        ]:
            with self.subTest(setting=setting):
                name = setting.split("=", maxsplit=1)[0]
                self.run_command("-q", "train", env, "--run-dir", name, *RUN, "--set", setting)
                self.assertEqual(self.export(name, "--to", "onnx", "--stochastic")["policy"], kind)
                self.export(name, "--to", "c", "--stochastic", "--weights", "int16")
                self.assertEqual(self.compile_and_test(self.path(name, "export", "policy.c")), 0)

    def test_misuse(self):
        for arguments, part in [
            ([], "RUN"),
            (["pendulum"], "--to"),
            (["pendulum", "--to", "onx"], "did you mean 'onnx'?"),
            (["pendulum", "--to", "c", "--weights", "int8"], "must be float or int16"),
            (["pendulum", "--to", "onnx", "--weights", "int16"], "--weights needs --to c"),
            (["pendulum", "--to", "onnx", "--name", "a"], "--name needs --to c"),
            (["pendulum", "--to", "c", "--name", "2a"], "identifier"),
            (["pendulum", "--to", "c", "-o", "policy.cpp"], "must end in .c"),
            (["pendulum", "--to", "onnx", "--best", "--step", "60"], "--best"),
        ]:
            with self.subTest(arguments=arguments):
                done = self.run_command("export", *arguments, code=2)
                self.assertIn(part, done.stderr)
                self.assertEqual(done.stdout, "")
        for step in ("-1", "-5"):
            done = self.run_command("export", "pendulum", "--to", "onnx", "--step", step, code=3)
            self.assertIn(f"--step {step}: must be at least 0", done.stderr)
        self.assertFalse(os.path.exists(self.path("pendulum", "export")))

    def test_broken_runs(self):
        self.assertIn("config.toml", self.run_command("export", self.folder, "--to", "onnx", code=4).stderr)
        self.run_command("export", "nowhere", "--to", "onnx", code=4)
        for name in self.checkpoints("pendulum"):
            model = self.path("pendulum", "checkpoints", name, "model.safetensors")
            with open(model, "r+b") as file:
                file.seek(-1, os.SEEK_END)
                last = file.read(1)
                file.seek(-1, os.SEEK_END)
                file.write(bytes([last[0] ^ 1]))
        done = self.run_command("export", "pendulum", "--to", "c", code=4)
        self.assertIn("checkpoint", done.stderr)
        os.remove(self.path("pendulum", "best", "model.safetensors"))
        self.assertIn("missing", self.run_command("export", "pendulum", "--to", "c", "--best", code=4).stderr)
        self.assertFalse(os.path.exists(self.path("pendulum", "export")))

    def test_places_that_cannot_be_written(self):
        self.run_command("export", "pendulum", "--to", "onnx", "-o", "no/such/folder/policy.onnx", code=4)
        os.mkdir(self.path("taken.onnx"))
        self.run_command("export", "pendulum", "--to", "onnx", "-o", "taken.onnx", code=4)

    def test_a_full_disk_leaves_the_old_file(self):
        """A limit on the size of files stands for the full disk."""
        self.export("pendulum", "--to", "onnx")
        path = self.path("pendulum", "export", "policy.onnx")
        with open(path, "rb") as file:
            before = file.read()

        def limit():
            resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))

        done = self.run_command("export", "pendulum", "--to", "onnx", "--best", code=8, preexec_fn=limit)
        self.assertRegex(done.stderr, r"policy\.onnx")
        with open(path, "rb") as file:
            self.assertEqual(file.read(), before)
        self.assertEqual(os.listdir(self.path("pendulum", "export")), ["policy.onnx"])

    def test_a_model_of_the_python_package(self):
        """data/model.zip is what model.save() of the package wrote; the actions are what its predict() gave."""
        shutil.copy(os.path.join(os.path.dirname(os.path.abspath(__file__)), "data", "model.zip"), self.folder)
        for kind, names in (("onnx", ["model.onnx"]), ("c", ["model.c", "model.h"]), ("numpy", ["model.npz"])):
            result = self.export("model.zip", "--to", kind)
            self.assertEqual((result["files"], result["step"], result["env"]), (names, 150, "unnamed environment"))
        self.assertEqual(self.compile_and_test(self.path("model.c")), 0)
        main = self.write("main.c", '''#include <stdio.h>
#include "model.h"
int main(void) {
  const float obs[2][3] = {{0.5f, -0.25f, 1.5f}, {0.0f, 0.0f, 0.0f}};
  for (int i = 0; i < 2; ++i) {
    float action[1];
    model_act(obs[i], action);
    printf("%.6f\\n", action[0]);
  }
  return 0;
}
''')
        subprocess.run(["gcc", "-std=c99", "-O1", "-I", self.folder, main, self.path("model.c"), "-o", self.path("main")], check=True)
        found = subprocess.run([self.path("main")], check=True, capture_output=True, text=True).stdout.split()
        self.assertEqual(found, ["-0.751528", "-0.423458"])
        for words, code, part in [
            (["--best"], 3, "for run directories"), (["--step", "3"], 3, "for run directories"), (["--weights", "int16"], 3, "no environment"),
        ]:
            self.assertIn(part, self.run_command("export", "model.zip", "--to", "c", *words, code=code).stderr)
        self.write("notes.zip", "not a zip")
        self.run_command("export", "notes.zip", "--to", "onnx", code=4)
        listed = self.run_command("ls", self.folder)
        self.assertIn("1 model that the Python package saved left out; softac export takes one in place of a run", listed.stderr)

    def test_plain_output_names_the_files(self):
        done = self.run_command("export", "pendulum", "--to", "c")
        self.assertEqual(done.stdout.split(), ["pendulum/export/policy.c", "pendulum/export/policy.h"])
        self.assertIn("Pendulum-v1 at step 120: squashed Gaussian policy", done.stderr)
        self.assertEqual(self.run_command("-q", "export", "pendulum", "--to", "c").stderr, "")


if __name__ == "__main__":
    command.main()
