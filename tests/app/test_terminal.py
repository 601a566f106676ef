"""What people see while a run trains: the progress line, tables, and that neither reaches what is no terminal."""
import re

import command
from command import SMALL, CommandTest

ENDLESS = ["train", "Pendulum-v1", "--steps", "1000000000", "--max-time", "0.7s", *SMALL]
SHORT = ["train", "Pendulum-v1", "--steps", "400", *SMALL, "--set", "eval_freq=200", "--set", "n_eval_episodes=1"]


def drawn_lines(text):
    """Everything between two moves to a line's beginning, without the orders to the terminal."""
    return [part.strip() for part in re.split(r"[\r\n]", re.sub(r"\033\[\d*[A-Za-z]", "", text)) if part.strip()]


class ProgressLine(CommandTest):
    def test_only_on_a_terminal(self):
        done = self.run_command(*ENDLESS, "--run-dir", "plain", code=75, env={"TERM": "xterm"})
        self.assertNotIn("\r", done.stderr)
        self.assertNotIn("\033", done.stderr)
        text = self.run_on_terminal(*ENDLESS, "--run-dir", "shown", code=75, columns=140)
        for part in ["\r", "/1000000000", "fps", "ETA", "return", "updates", "α", "░"]:
            self.assertIn(part, text)
        self.assertEqual(text.split("\r")[-1].count("fps"), 0, "the line is wiped at the end")

    def test_a_dumb_terminal_gets_plain_lines(self):
        text = self.run_on_terminal(*ENDLESS, "--run-dir", "run", code=75, env={"TERM": "dumb"})
        self.assertNotIn("\033", text)
        self.assertNotIn("fps", text)  # the first plain line comes after ten seconds

    def test_no_color_still_redraws_without_colour(self):
        text = self.run_on_terminal(*ENDLESS, "--run-dir", "run", code=75, env={"NO_COLOR": "1"})
        self.assertIn("\r\033[K", text)
        self.assertNotRegex(text, r"\033\[\d")

    def test_fits_the_terminal(self):
        for columns in [30, 65, 140]:
            with self.subTest(columns=columns):
                text = self.run_on_terminal(*ENDLESS, "--run-dir", f"run{columns}", code=75, columns=columns)
                bars = [line for line in drawn_lines(text) if "/1000000000" in line]
                self.assertTrue(bars)
                for line in bars:
                    self.assertLess(len(line), columns)
                    self.assertRegex(line, r"\d+/1000000000")
                self.assertEqual(any("critic" in line for line in bars), columns == 140, bars)
                self.assertEqual(any("return" in line for line in bars), columns >= 65, bars)

    def test_ascii_where_the_locale_is_not_utf8(self):
        text = self.run_on_terminal(*ENDLESS, "--run-dir", "run", code=75, columns=150, env={"LC_ALL": "C"})
        bars = [line for line in drawn_lines(text) if "/1000000000" in line]
        self.assertTrue(any("alpha" in line for line in bars))
        for line in bars:
            self.assertTrue(line.isascii(), line)

    def test_names_the_evaluations(self):
        arguments = [*ENDLESS, "--run-dir", "run", "--set", "eval_freq=1000", "--set", "n_eval_episodes=1"]
        text = self.run_on_terminal(*arguments, code=75, columns=150)
        self.assertRegex(text, r"eval -\d+\.\d\d best -\d+\.\d\d")


class Table(CommandTest):
    def test_every_log_interval(self):
        done = self.run_command(*SHORT, "--run-dir", "run", "--log", "table", "--set", "log_interval_steps=100")
        tables = re.findall(r"^-+\n((?:\|.*\n)+)-+$", done.stderr, re.MULTILINE)
        self.assertEqual(len(tables), 4)
        rows = [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in tables[-1].splitlines()]
        names = [name for name, _ in rows]
        for name in ["rollout/", "ep_rew_mean", "time/", "fps", "total_timesteps", "train/", "ent_coef", "n_updates"]:
            self.assertIn(name, names)
        values = dict(rows)
        self.assertEqual((values["total_timesteps"], values["n_updates"]), ("400", "350"))
        self.assertEqual(len({len(line) for line in tables[-1].splitlines()}), 1)
        self.assertEqual(done.stdout.count("|"), 0)

    def test_quiet_and_mistakes(self):
        self.assertEqual(self.run_command("-q", *SHORT, "--run-dir", "run", "--log", "table").stderr, "")
        for arguments in [SHORT, [*SHORT, "--seeds", "0..1"], ["resume", "run"]]:
            done = self.run_command(*arguments, "--log", "tabel", code=2)
            self.assertIn("--log tabel: expected line or table", done.stderr)

    def test_resume_has_it_too(self):
        self.run_command(*SHORT, "--run-dir", "run")
        done = self.run_command("resume", "run", "--steps", "500", "--log", "table", "--set", "log_interval_steps=100")
        self.assertIn("total_timesteps", done.stderr)


if __name__ == "__main__":
    command.main()
