"""kill -9 at random moments of a run that checkpoints many times a second: nothing is lost, nothing differs."""
import json
import os
import random
import signal
import subprocess
import tempfile

import command
from command import SMALL, CommandTest

KILLS = int(os.environ.get("SOFTAC_KILLS", "100"))
PER_RUN = 20  # kills of one run, which is then resumed to its end
STEPS = 60000
TRAIN = ["train", "Pendulum-v1", "--steps", str(STEPS), "--resume", "auto", *SMALL, "--set", "gradient_steps=1",
         "--set", "train_freq=16", "--set", "checkpoint_freq=250", "--set", "log_interval_steps=500"]


class Kill(CommandTest):
    def setUp(self):
        # Killing a process loses nothing that the system has; a folder in memory spares the disk 10,000 fsyncs.
        memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        holder = tempfile.TemporaryDirectory(prefix="softac_kill_", dir=memory)
        self.addCleanup(holder.cleanup)
        self.folder = holder.name

    def end(self, seed, run):
        done = self.run_command(*TRAIN, "--seed", str(seed), "--run-dir", run, "-q", "--json")
        return json.loads(done.stdout)["state_hash"]

    def rows(self, run, name, columns):
        lines = self.read(run, name).splitlines()
        lines = [line for line in lines if not line.startswith("#")]
        names = lines[0].split(",")
        kept = [names.index(column) for column in columns]
        return [[line.split(",")[i] for i in kept] for line in lines]

    def test_killed_runs_end_as_the_others(self):
        done = furthest = 0
        seed = -1
        while done < KILLS:
            seed += 1
            moments = random.Random(seed)
            whole = f"whole{seed}"
            expected = self.end(seed, whole)
            reached = 0
            for _ in range(PER_RUN):
                process = self.start_command(*TRAIN, "--seed", str(seed), "--run-dir", "run", "-q")
                try:
                    process.wait(timeout=moments.uniform(0.005, 0.2))
                    self.assertEqual(process.returncode, 0, process.communicate()[1])
                    break  # it has come to its end between the kills
                except subprocess.TimeoutExpired:
                    process.send_signal(signal.SIGKILL)
                    process.wait()
                    done += 1
                if not os.path.isdir(self.path("run", "checkpoints")) or not self.checkpoints():
                    continue
                state = json.loads(self.run_command("ckpt", "verify", "run", "--json").stdout)
                self.assertTrue(all(checkpoint["complete"] for checkpoint in state["checkpoints"]))
                self.assertGreaterEqual(state["step"], reached)
                reached = state["step"]
            furthest = max(furthest, reached)
            self.assertEqual(self.end(seed, "run"), expected, f"seed {seed}")
            for name, columns in [("progress.csv", ["time/total_timesteps", "train/critic_loss"]), ("monitor.csv", ["r", "l"])]:
                self.assertEqual(self.rows("run", name, columns), self.rows(whole, name, columns))
            os.rename(self.path("run"), self.path(f"killed{seed}"))
            self.assertLess(seed, KILLS, "runs end before they can be killed")
        self.assertGreater(furthest, 0)
        print(f"{done} kills, 0 lost, 0 different")


if __name__ == "__main__":
    command.main()
