"""Runs the built command for the tests of this folder: `COMMAND PLUGIN test_….py` style arguments, fresh folders."""
import contextlib
import json
import os
import pty
import signal
import subprocess
import sys
import tempfile
import termios
import time
import unittest

COMMAND = ""  # the built softac
PLUGIN = ""   # a library with environments that break their contract

# A run that ends within a second or two: a small network, little replay, no evaluations.
SMALL = [
    "--set", "net_arch=[16]", "--set", "batch_size=16", "--set", "buffer_size=2000", "--set", "learning_starts=50",
    "--set", "eval_freq=0", "--set", "tensorboard=false", "--set", "threads=1",
]


def main():
    """COMMAND PLUGIN [unittest arguments]"""
    global COMMAND, PLUGIN
    COMMAND, PLUGIN = sys.argv[1], sys.argv[2]
    unittest.main(module="__main__", argv=sys.argv[:1] + sys.argv[3:], verbosity=2)


class CommandTest(unittest.TestCase):
    """A folder of its own per test; its path is self.folder, and the command runs in it."""

    def setUp(self):
        holder = tempfile.TemporaryDirectory(prefix="softac_app_")
        self.addCleanup(holder.cleanup)
        self.folder = holder.name

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)
        return self.path(name)

    def read(self, *parts):
        with open(self.path(*parts), encoding="utf-8") as file:
            return file.read()

    def environment(self, extra=None):
        variables = {key: value for key, value in os.environ.items() if not key.startswith("SOFTAC_")}
        variables.update(extra or {})
        return variables

    def run_command(self, *arguments, code=0, env=None, timeout=120, folder="", **options):
        """Runs to the end, expects the exit code, and returns the finished process (text on both streams)."""
        done = subprocess.run([COMMAND, *arguments], cwd=self.path(folder), env=self.environment(env), capture_output=True,
                              text=True, timeout=timeout, stdin=subprocess.DEVNULL, check=False, **options)
        self.assertEqual(done.returncode, code, f"{' '.join(arguments)}\n{done.stdout}\n{done.stderr}")
        return done

    def start_command(self, *arguments, env=None, **options):
        process = subprocess.Popen([COMMAND, *arguments], cwd=self.folder, env=self.environment(env), text=True,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)
        self.addCleanup(self.end_process, process)
        return process

    def run_on_terminal(self, *arguments, code=0, columns=100, env=None, timeout=120, stdout=False):
        """What a command shows on a terminal of so many columns: its messages; with stdout, its results too."""
        controller, terminal = pty.openpty()
        termios.tcsetwinsize(terminal, (24, columns))
        variables = self.environment({"TERM": "xterm", "LC_ALL": "C.UTF-8", **(env or {})})
        process = subprocess.Popen([COMMAND, *arguments], cwd=self.folder, env=variables, stdin=subprocess.DEVNULL,
                                   stdout=terminal if stdout else subprocess.DEVNULL, stderr=terminal)
        self.addCleanup(self.end_process, process)
        os.close(terminal)
        seen = b""
        with contextlib.suppress(OSError):  # the other end is closed
            while piece := os.read(controller, 4096):
                seen += piece
        os.close(controller)
        self.assertEqual(process.wait(timeout), code, seen.decode(errors="replace"))
        return seen.decode()

    @staticmethod
    def end_process(process):
        if process.poll() is None:
            process.kill()
        process.communicate()

    def wait_until(self, condition, what, process=None, timeout=60):
        deadline = time.monotonic() + timeout
        while not condition():
            if process is not None and process.poll() is not None:
                self.fail(f"ended with {process.returncode} before: {what}\n{process.communicate()[1]}")
            self.assertLess(time.monotonic(), deadline, what)
            time.sleep(0.02)

    def checkpoints(self, run="run"):
        """Names of the complete checkpoints of a run."""
        folder = self.path(run, "checkpoints")
        if not os.path.isdir(folder):
            return []
        return sorted(n for n in os.listdir(folder) if n.startswith("step-") and os.path.isfile(os.path.join(folder, n, "manifest.json")))

    def assert_good_checkpoint(self, run="run", **eval_options):
        """The newest checkpoint can be read and evaluated."""
        self.assertTrue(self.checkpoints(run))
        result = json.loads(self.run_command("eval", run, "--episodes", "1", "--json", **eval_options).stdout)
        self.assertEqual(result["episodes"], 1)
        return result


__all__ = ["CommandTest", "SMALL", "main", "signal"]
