"""What can go wrong, for each command that shows a run or takes it along: bad runs, broken checkpoints, full disks."""
import os
import resource
import shutil
import subprocess

import command
from command import SMALL, CommandTest

# Each with where its output goes: a place of its own, so that what is left behind is seen.
WRITING = {
    "report": ["report", "run", "-o", "out.html"],
    "report --follow": ["report", "run", "-o", "out.html", "--follow"],
    "plot": ["plot", "run", "-o", "out.svg", "--metric", "rollout/ep_rew_mean"],
    "play": ["play", "run", "--video", "out/"],
    "export onnx": ["export", "run", "--to", "onnx", "-o", "out.onnx"],
    "export c": ["export", "run", "--to", "c", "-o", "out.c"],
    "export safetensors": ["export", "run", "--to", "safetensors", "-o", "out.safetensors"],
    "export numpy": ["export", "run", "--to", "numpy", "-o", "out.npz"],
}
READING = {"watch": ["watch", "run", "--once"], "ls": ["ls", "run"]}
POLICY = ("play", "export")  # read a checkpoint
NO_DISPLAY = {"DISPLAY": "", "WAYLAND_DISPLAY": ""}


class Showing(CommandTest):
    shared = ""

    @classmethod
    def setUpClass(cls):
        """The run that all tests copy."""
        holder = command.tempfile.TemporaryDirectory(prefix="softac_showing_")
        cls.addClassCleanup(holder.cleanup)
        cls.shared = os.path.join(holder.name, "run")
        subprocess.run([command.COMMAND, "-q", "train", "Pendulum-v1", "--steps", "300", *SMALL, "--set", "max_episode_steps=50",
                        "--set", "checkpoint_freq=150", "--set", "log_interval_steps=100", "--run-dir", cls.shared], check=True, stdout=subprocess.DEVNULL)

    def setUp(self):
        super().setUp()
        shutil.copytree(self.shared, self.path("run"))

    def files(self):
        """All that lies in the folder, with when it was last written."""
        found = {}
        for folder, _, names in os.walk(self.folder):
            for name in names:
                path = os.path.join(folder, name)
                found[os.path.relpath(path, self.folder)] = os.stat(path).st_mtime_ns
        return found

    def refused(self, words, code, part, **options):
        """Exit code and message, nothing on standard output, nothing written."""
        before = self.files()
        done = self.run_command(*words, code=code, env=NO_DISPLAY, **options)
        self.assertIn(part, done.stderr)
        self.assertEqual(done.stderr.count("error: "), 1, done.stderr)
        self.assertEqual(done.stdout, "")
        self.assertEqual(self.files(), before)

    def test_all_is_well_without_a_fault(self):
        for name, words in {**WRITING, **READING}.items():
            with self.subTest(command=name):
                self.assertTrue(self.run_command(*words, env=NO_DISPLAY).stdout)

    def test_what_is_no_run(self):
        os.rename(self.path("run"), self.path("away"))
        for make, part in ((lambda: None, "no such"), (lambda: self.write("run", "text"), "run"), (lambda: os.mkdir(self.path("run")), "config.toml")):
            make()
            for name, words in {**WRITING, **READING}.items():
                if name == "ls" and os.path.isdir(self.path("run")):
                    continue  # no run in an empty folder, which is no error
                with self.subTest(command=name, kind=part):
                    self.refused(words, 4, part)
            if os.path.isfile(self.path("run")):
                os.remove(self.path("run"))

    def test_broken_settings(self):
        self.write("run/config.toml", "= 3")
        for name, words in WRITING.items():
            with self.subTest(command=name):
                self.refused(words, 4, "config.toml")
        self.refused(READING["watch"], 4, "config.toml")
        self.assertIn("broken", self.run_command(*READING["ls"]).stdout)

    def test_broken_checkpoints(self):
        for name in self.checkpoints():
            path = self.path("run", "checkpoints", name, "model.safetensors")
            with open(path, "r+b") as file:
                file.seek(200)
                file.write(b"\xff\xff\xff\xff")
        for name, words in {**WRITING, **READING}.items():
            with self.subTest(command=name):
                if name.startswith(POLICY):
                    self.refused(words, 4, "checkpoint")
                else:
                    self.run_command(*words)

    def test_a_full_disk(self):
        """A limit on the size of files stands for it; what lay there stays, and commands that write nothing go on."""
        old = {"out.html", "out.svg", "out.onnx", "out.c", "out.h", "out.safetensors", "out.npz"}
        for name in old:
            self.write(name, "old")
        for limit in (1, 1500):  # the second is enough for a header
            options = {"preexec_fn": lambda size=limit: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))}
            for name, words in WRITING.items():
                with self.subTest(command=name, limit=limit):
                    self.refused(words, 8, "out", **options)
            for name, words in READING.items():
                with self.subTest(command=name, limit=limit):
                    self.run_command(*words, **options)

    def test_standard_output_on_a_full_disk(self):
        for name, words in {**WRITING, **READING}.items():
            with self.subTest(command=name), open("/dev/full", "w", encoding="utf-8") as full:
                done = subprocess.run([command.COMMAND, *words], cwd=self.folder, env=self.environment(NO_DISPLAY), stdin=subprocess.DEVNULL,
                                      stdout=full, stderr=subprocess.PIPE, text=True, check=False)
                self.assertEqual(done.returncode, 8, done.stderr)
                self.assertIn("standard output cannot be written", done.stderr)


if __name__ == "__main__":
    command.main()
