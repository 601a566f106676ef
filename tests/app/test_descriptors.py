"""Standard input, output and error closed by whoever starts the command: no file of a run gets their numbers."""
import itertools
import json
import os
import re
import subprocess

import command
from command import SMALL, CommandTest

RUN = ["train", "Pendulum-v1", "--steps", "400", "--run-dir", "run", "--set", "checkpoint_freq=200", *SMALL]
CLOSE = {0: "<&-", 1: ">&-", 2: "2>&-"}
SUBSETS = [subset for count in range(4) for subset in itertools.combinations(CLOSE, count)]


class Descriptors(CommandTest):
    def run_closed(self, closed, *arguments, code=0):
        """The command with these descriptors closed; what it wrote to the others."""
        script = 'exec "$@" ' + " ".join(CLOSE[fd] for fd in closed)
        done = subprocess.run(["sh", "-c", script, "sh", command.COMMAND, *arguments], cwd=self.folder,
                              env=self.environment(), capture_output=True, text=True, timeout=120,
                              stdin=subprocess.DEVNULL, check=False)
        self.assertEqual(done.returncode, code, f"{closed}\n{done.stdout}\n{done.stderr}")
        return done

    def check_records(self, run):
        """Each file holds its own lines alone."""
        self.assertEqual(self.read(run, ".lock"), "")
        for line in self.read(run, "log.txt").splitlines():
            self.assertRegex(line, r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ ")
        first, head, *rows = self.read(run, "monitor.csv").splitlines()
        self.assertTrue(first.startswith("#{"))
        self.assertEqual(head, "r,l,t")
        for row in rows:
            self.assertTrue(re.fullmatch(r"[-+.0-9e]+,\d+,[-+.0-9e]+", row), row)
        for line in self.read(run, "metrics.jsonl").splitlines():
            json.loads(line)

    def test_every_subset_closed(self):
        whole = json.loads(self.run_command(*RUN, "--json").stdout)["state_hash"]
        for closed in SUBSETS:
            with self.subTest(closed=closed):
                run = "run" + "".join(map(str, closed)) + "x"
                arguments = [run if word == "run" else "200" if word == "400" else word for word in RUN]
                self.run_closed(closed, *arguments, "--json")
                self.check_records(run)
                self.run_closed(closed, "resume", run, "--steps", "400", "--json")
                self.check_records(run)
                verified = json.loads(self.run_command("ckpt", "verify", run, "--json").stdout)
                self.assertEqual(verified["state_hash"], whole)

    def test_other_commands_and_seeds(self):
        for closed in SUBSETS:
            with self.subTest(closed=closed):
                run = "seeds" + "".join(map(str, closed)) + "x"
                arguments = [run if word == "run" else word for word in RUN]
                self.run_closed(closed, *arguments, "--seeds", "0..1", "--jobs", "2")
                for seed in ["s0", "s1"]:
                    self.check_records(os.path.join(run, seed))
                for words in [["env", "list"], ["info"], ["eval", os.path.join(run, "s0"), "--episodes", "1"],
                              ["exact", "frozenlake", "--alpha", "0.1", "--dump", run + ".csv"]]:
                    done = self.run_closed(closed, *words)
                    if 1 not in closed:
                        self.assertTrue(done.stdout)
                self.assertTrue(self.read(run + ".csv").startswith("s,a,s_next,p,r,terminated\n0,"))


if __name__ == "__main__":
    command.main()
