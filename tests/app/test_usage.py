"""The command line itself: help, version, completion, typos, JSON, quiet and colourless output."""
import json
import os
import subprocess

import command
from command import SMALL, CommandTest

COMMANDS = [["train"], ["resume"], ["watch"], ["ls"], ["ckpt"], ["ckpt", "ls"], ["ckpt", "verify"], ["eval"],
            ["exact"], ["env"], ["env", "list"], ["env", "info"], ["env", "check"], ["bench"], ["bench", "update"],
            ["bench", "gemm"], ["bench", "env"], ["bench", "replay"], ["bench", "scale"], ["info"], ["report"],
            ["plot"], ["play"], ["export"], ["data"], ["data", "record"], ["data", "info"],
            ["completion"], ["completion", "bash"]]


class Usage(CommandTest):
    def test_help_of_every_command(self):
        done = self.run_command("--help")
        for words in COMMANDS:
            if len(words) == 1:
                self.assertIn("\n  " + words[0] + " ", done.stdout)
        for words in COMMANDS:
            done = self.run_command(*words, "--help")
            self.assertIn("Usage: softac " + " ".join(words), done.stdout)
            self.assertEqual(done.stderr, "")

    def test_version(self):
        self.assertRegex(self.run_command("--version").stdout, r"^softac \d+\.\d+\.\d+\n$")

    def test_mistakes_of_syntax(self):
        for arguments, part in [
            ([], "subcommand"),
            (["trian", "Pendulum-v1"], "unknown command \"trian\" (did you mean 'train'?)"),
            (["env", "lisst"], "did you mean 'list'?"),
            (["train", "Pendulum-v1", "--sead", "3"], "unknown option --sead of softac train (did you mean '--seed'?)"),
            (["train", "Pendulum-v1", "--seed"], "--seed"),
            (["train", "Pendulum-v1", "more"], "more"),
            (["train", "Pendulum-v1", "--seed", "1", "--seeds", "0..3"], "--seed"),
            (["train", "Pendulum-v1", "--jobs", "2"], "--seeds"),
            (["train"], "ENV is missing"),
            (["train", "Pendulum-v1", "--max-time", "soon"], "no duration"),
            (["train", "Pendulum-v1", "--seeds", "3..1"], "no list of seeds"),
            (["train", "Pendulum-v1", "--seeds", "1,1"], "no list of seeds"),
            (["eval"], "RUN"),
            (["eval", "run", "--best", "--step", "3"], "--best"),
            (["eval", "run", "--episodes", "many"], "--episodes"),
            (["bench", "update", "--shape", "1,2"], "no shape"),
            (["bench", "sleep"], "unknown command"),
            (["info", "--json", "--settings"], "--settings"),
            (["info", "--commands", "--settings"], "--settings"),
        ]:
            with self.subTest(arguments=arguments):
                done = self.run_command(*arguments, code=2)
                self.assertIn(part, done.stderr)
                self.assertEqual(done.stdout, "")

    def test_completion_scripts(self):
        for shell in ["bash", "zsh", "fish"]:
            text = self.run_command("completion", shell).stdout
            for word in ["train", "eval", "--max-time" if shell != "fish" else "max-time", "learning_rate="]:
                self.assertIn(word, text)
        script = self.write("softac.bash", self.run_command("completion", "bash").stdout)
        subprocess.run(["bash", "-n", script], check=True)

    def complete(self, *words):
        """What bash offers for the last of the words."""
        script = self.write("softac.bash", self.run_command("completion", "bash").stdout)
        line = ("source {}; COMP_WORDS=({}); COMP_CWORD={}; _softac; printf '%s\\n' \"${{COMPREPLY[@]}}\"").format(
            script, " ".join(f"'{word}'" for word in words), len(words) - 1)
        folder = os.path.dirname(command.COMMAND)
        done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=True,
                              env=self.environment({"PATH": folder + ":" + os.environ["PATH"]}))
        return done.stdout.split()

    def test_bash_completes(self):
        self.assertEqual(self.complete("softac", "tr"), ["train"])
        self.assertEqual(self.complete("softac", "env", "ch"), ["check"])
        self.assertEqual(self.complete("softac", "train", "Pend"), ["Pendulum-v1"])
        self.assertEqual(self.complete("softac", "train", "--max"), ["--max-time"])
        self.assertEqual(self.complete("softac", "train", "--set", "learning_s"), ["learning_starts="])
        self.assertEqual(self.complete("softac", "train", "--preset", "s"), ["sb3", "spinup"])
        self.assertEqual(self.complete("softac", "train", "--method", ""), ["crossq", "droq", "redq", "tqc", "xqc"])
        self.assertEqual(self.complete("softac", "wa"), ["watch"])
        self.assertEqual(self.complete("softac", "train", "--log", "t"), ["table"])
        self.assertEqual(self.complete("softac", "ls", "--state", "d"), ["died"])
        self.assertEqual(self.complete("softac", "data", "re"), ["record"])
        folder = os.path.dirname(os.path.abspath(__file__))
        for words in [["train", "Pendulum-v1", "--offline"], ["data", "info"]]:
            self.assertEqual(self.complete("softac", *words, os.path.join(folder, "test_usag")), [os.path.join(folder, "test_usage.py")])

    def test_info(self):
        info = json.loads(self.run_command("info", "--json").stdout)
        for key in ["version", "mujoco_version", "backends", "cpu_features"]:
            self.assertIn(key, info)
        self.assertEqual(info["backends"][-2:], ["portable", "reference"])
        self.assertIn(info["version"], self.run_command("info").stdout)

    def test_environment_list(self):
        listed = json.loads(self.run_command("env", "list", "--json").stdout)
        names = [entry["id"] for entry in listed]
        self.assertIn("Pendulum-v1", names)
        self.assertEqual(self.run_command("env", "list", "-q").stdout.split(), names)
        self.assertEqual(len(self.run_command("env", "list").stdout.splitlines()), len(names))
        more = self.run_command("env", "list", "-q", "--env-plugin", command.PLUGIN).stdout.split()
        self.assertEqual(more[:len(names)], names)
        self.assertIn("GoodPoint-v0", more)

    def test_environment_info(self):
        info = json.loads(self.run_command("env", "info", "Pendulum-v1", "--json", "--set", "env_kwargs.g=9").stdout)
        self.assertEqual((info["obs_dim"], info["act_dim"], info["max_episode_steps"]), (3, 1, 200))
        self.assertEqual((info["act_low"], info["act_high"]), ([-2.0], [2.0]))
        argument = next(entry for entry in info["arguments"] if entry["name"] == "g")
        self.assertEqual((argument["default"], argument["value"]), (10.0, 9.0))
        self.assertIn("Pendulum-v1", self.run_command("env", "info", "Pendulum-v1").stdout)

    def test_environment_check(self):
        report = json.loads(self.run_command("env", "check", "Pendulum-v1", "--json", "--steps", "300").stdout)
        self.assertTrue(report["ok"])
        self.assertEqual(report["steps"], 300)
        done = self.run_command("env", "check", "BadNan-v0", "--env-plugin", command.PLUGIN, code=5)
        self.assertIn("error:", done.stdout)
        self.run_command("env", "check", "Pendulum-v1", "--steps", "0", code=3)

    def test_quiet_is_silent_and_results_stay_on_stdout(self):
        done = self.run_command("-q", "train", "Pendulum-v1", "--steps", "120", "--run-dir", "run", *SMALL)
        self.assertEqual(done.stderr, "")
        self.assertIn("finished at step 120", done.stdout)
        done = self.run_command("train", "Pendulum-v1", "-q", "--json", "--steps", "120", "--run-dir", "again", *SMALL)
        self.assertEqual(done.stderr, "")
        self.assertEqual(json.loads(done.stdout)["step"], 120)

    def test_closed_stdout_is_an_error(self):
        with open("/dev/full", "w", encoding="utf-8") as full:
            done = subprocess.run([command.COMMAND, "env", "list"], stdout=full, stderr=subprocess.PIPE, text=True,
                                  env=self.environment(), check=False)
        self.assertEqual(done.returncode, 8)
        self.assertIn("standard output", done.stderr)

    def test_colour_only_where_wanted(self):
        mistake = ["env", "info", "Pendulun-v1"]
        self.assertIn("\033[31m", self.run_on_terminal(*mistake, code=3, env={"NO_COLOR": ""}))
        self.assertNotIn("\033", self.run_on_terminal(*mistake, code=3, env={"NO_COLOR": "1"}))
        self.assertNotIn("\033", self.run_on_terminal(*mistake, code=3, env={"TERM": "dumb", "NO_COLOR": ""}))
        self.assertNotIn("\033", self.run_command("env", "info", "Pendulun-v1", code=3, env={"TERM": "xterm"}).stderr)


if __name__ == "__main__":
    command.main()
