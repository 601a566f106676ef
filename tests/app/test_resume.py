"""softac resume, train --resume auto, ckpt ls and verify."""
import json
import os
import signal
import time

import command
from command import SMALL, CommandTest

TRAIN = ["train", "Pendulum-v1", "--seed", "3", *SMALL]


class Resume(CommandTest):
    def hash_of(self, *arguments, **options):
        return json.loads(self.run_command(*arguments, "--json", "-q", **options).stdout)["state_hash"]

    def test_resume_goes_on_exactly(self):
        whole = self.hash_of(*TRAIN, "--steps", "900", "--run-dir", "whole")
        self.hash_of(*TRAIN, "--steps", "300", "--run-dir", "run")
        self.hash_of("resume", "run", "--steps", "600", "--threads", "2")
        self.assertEqual(self.hash_of(*TRAIN, "--steps", "900", "--run-dir", "run", "--resume", "auto"), whole)
        self.assertEqual(self.hash_of("resume", "run"), whole)  # nothing left to do
        self.assertIn("total_timesteps = 900", self.read("run", "config.toml"))

    def test_auto_starts_finds_and_finishes(self):
        """Without --run-dir: the run of the same settings, whatever has become of it."""
        arguments = [*TRAIN, "--steps", "3000000", "--resume", "auto", "--set", "checkpoint_freq=500"]
        process = self.start_command(*arguments)
        runs = self.path("runs", "Pendulum-v1", "sac")

        def saved():
            names = os.listdir(runs) if os.path.isdir(runs) else []
            return names and self.checkpoints(os.path.join("runs", "Pendulum-v1", "sac", names[0]))
        self.wait_until(saved, "a checkpoint", process)
        process.kill()
        process.wait()
        done = self.run_command(*TRAIN, "--steps", "3000000", "--resume", "auto", "--set", "checkpoint_freq=500",
                                "--max-time", "1s", code=75)
        self.assertIn("resumed from step-", done.stderr)
        self.assertEqual(len(os.listdir(runs)), 1)

    def test_other_settings_are_refused(self):
        self.run_command(*TRAIN, "--steps", "200", "--run-dir", "run", "-q")
        done = self.run_command(*TRAIN, "--steps", "400", "--run-dir", "run", "--resume", "auto", "--set", "tau=0.1", code=3)
        self.assertIn("tau = 0.1, the run has 0.02", done.stderr)
        done = self.run_command(*TRAIN, "--steps", "400", "--run-dir", "run", code=3)
        self.assertIn("--resume auto", done.stderr)
        self.run_command(*TRAIN, "--resume", "maybe", code=2)
        self.run_command("resume", "nowhere", code=4)

    def test_a_run_has_one_process(self):
        process = self.start_command(*TRAIN, "--steps", "1000000000", "--run-dir", "run")
        self.wait_until(lambda: os.path.exists(self.path("run", "status.json")), "a run", process)
        done = self.run_command("resume", "run", code=4)
        self.assertIn("another process holds it", done.stderr)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(timeout=60), 75)

    def test_killed_before_its_first_checkpoint(self):
        whole = self.hash_of(*TRAIN, "--steps", "700", "--run-dir", "whole")
        process = self.start_command(*TRAIN, "--steps", "1000000000", "--run-dir", "run", "--set", "checkpoint_freq=0")
        self.wait_until(lambda: os.path.exists(self.path("run", "status.json")), "a run", process)
        time.sleep(0.2)
        process.kill()
        process.wait()
        self.assertEqual(self.hash_of("resume", "run", "--steps", "700"), self.hash_of("resume", "run"))
        self.assertEqual(self.read("run", "status.json").count("finished"), 2)
        self.assertNotEqual(self.read("run", "config.toml"), self.read("whole", "config.toml"))  # checkpoint_freq
        self.assertEqual(self.hash_of("resume", "run"), whole)

    def test_weights_are_safetensors(self):
        from safetensors.numpy import load_file
        self.run_command(*TRAIN, "--steps", "100", "--run-dir", "run", "-q")
        folder = self.path("run", "checkpoints", "step-000000100")
        model = load_file(os.path.join(folder, "model.safetensors"))
        moments = load_file(os.path.join(folder, "optimizer.safetensors"))
        self.assertEqual(model["actor.layers.0.weight"].shape, (16, 3))
        self.assertEqual(model["log_ent_coef"].shape, ())
        trained = {name for name in model if not name.startswith("target.")}
        self.assertEqual({name.removeprefix("adam_m.") for name in moments if name.startswith("adam_m.")}, trained)

    def test_ckpt(self):
        self.run_command(*TRAIN, "--steps", "400", "--run-dir", "run", "-q", "--set", "checkpoint_freq=100")
        listed = json.loads(self.run_command("ckpt", "ls", "run", "--json").stdout)
        self.assertEqual([entry["step"] for entry in listed], [200, 300, 400])
        verified = json.loads(self.run_command("ckpt", "verify", "run", "--json").stdout)
        self.assertEqual(verified["step"], 400)
        self.assertRegex(verified["state_hash"], "^[0-9a-f]{16}$")
        self.assertTrue(all(entry["ok"] for entry in verified["files"]))
        path = self.path("run", "checkpoints", "step-000000400", "model.safetensors")
        with open(path, "r+b") as file:
            file.seek(-1, os.SEEK_END)
            file.write(b"\x55")
        done = self.run_command("ckpt", "verify", "run", "--json", code=4)
        self.assertEqual(json.loads(done.stdout)["step"], 300)
        self.assertIn("step-000000400: model.safetensors", done.stderr)
        done = self.run_command("resume", "run", "--steps", "500")
        self.assertIn("step-000000400 skipped", done.stderr)
        self.run_command("ckpt", "verify", "nowhere", code=4)

    def test_a_checkpoint_of_a_newer_softac_is_refused_and_left_alone(self):
        self.run_command(*TRAIN, "--steps", "400", "--run-dir", "run", "-q", "--set", "checkpoint_freq=200")
        name = os.path.join("run", "checkpoints", "step-000000400", "manifest.json")
        text = self.read(name).replace('"format": 2', '"format": 3')
        self.write(name, text)
        before = sorted(os.listdir(self.path("run", "checkpoints")))
        for arguments in [["resume", "run", "--steps", "500"], ["eval", "run"],
                          ["train", "Pendulum-v1", "--init-from", "run", "--run-dir", "other", "--steps", "500"]]:
            self.assertIn("a newer softac wrote it", self.run_command(*arguments, code=4).stderr)
        self.assertEqual(self.read(name), text)
        self.assertEqual(sorted(os.listdir(self.path("run", "checkpoints"))), before)


if __name__ == "__main__":
    command.main()
