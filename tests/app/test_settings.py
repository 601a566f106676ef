"""Settings through the command: everything wrong is said at once (exit code 3), files have their place in messages."""
import json
import os

import command
from command import SMALL, CommandTest


class Settings(CommandTest):
    def test_everything_wrong_is_said_at_once(self):
        config = self.write("wrong.toml", "learning_rat = 1e-3\ntau = 7\n\n[env_kwargs]\ngravity = 1\n")
        done = self.run_command("train", "Pendulun-v1", "--config", config, "--preset", "sb4", "--set", "batch_size=0",
                                "--set", "activation_fn=rellu", "--steps", "many", code=3)
        for part in ["Pendulun-v1", "'Pendulum-v1'", "learning_rat", "'learning_rate'", "wrong.toml:1:1", "tau = 7", "sb4", "'sb3'",
                     "batch_size = 0", "'relu'", "total_timesteps", "--steps"]:
            self.assertIn(part, done.stderr)
        self.assertEqual(done.stdout, "")
        self.assertEqual(os.listdir(self.folder), ["wrong.toml"])

    def test_unknown_argument_of_an_environment(self):
        done = self.run_command("train", "Pendulum-v1", "--set", "env_kwargs.gg=3", code=3)
        self.assertIn("env_kwargs" if "env_kwargs" in done.stderr else "gg", done.stderr)
        self.assertIn("no argument \"gg\"", done.stderr)

    def test_options_out_of_range(self):
        done = self.run_command("eval", "run", "--episodes", "0", "--seed", "-1", code=3)
        self.assertIn("--episodes", done.stderr)
        self.assertIn("--seed", done.stderr)
        self.run_command("train", "Pendulum-v1", "--seeds", "0..1", "--jobs", "0", code=3)
        self.run_command("bench", "update", "--seconds", "0", code=3)

    def test_an_unknown_backend_is_refused(self):
        done = self.run_command("train", "Pendulum-v1", "--steps", "60", *SMALL, code=3, env={"SOFTAC_BACKEND": "avx3"})
        self.assertIn("avx3", done.stderr)

    def test_missing_and_broken_files(self):
        done = self.run_command("train", "Pendulum-v1", "--config", "absent.toml", code=4)
        self.assertIn("absent.toml", done.stderr)
        broken = self.write("broken.toml", "tau = 0.01\ngamma = = 1\n")
        done = self.run_command("train", "Pendulum-v1", "--config", broken, code=4)
        self.assertIn("broken.toml:2:9", done.stderr)
        self.run_command("train", "Pendulum-v1", "--env-plugin", "absent.so", code=4)
        self.run_command("eval", "absent", code=4)

    def test_a_file_of_another_format_says_what_is_accepted(self):
        self.write("table.csv", "a,b\n1,2\n")
        for arguments in [["resume", "table.csv"], ["eval", "table.csv"], ["train", "--fork", "table.csv"],
                          ["train", "Pendulum-v1", *SMALL, "--init-from", "table.csv", "--run-dir", "new"]]:
            with self.subTest(arguments=arguments):
                self.assertRegex(self.run_command(*arguments, code=4).stderr, "table.csv: not a run directory.*config.toml")
        self.assertRegex(self.run_command("train", "Pendulum-v1", "--config", "table.csv", code=4).stderr,
                         "table.csv:1:2: not valid TOML: .*learning_rate = 3e-4.*config.toml")
        self.assertRegex(self.run_command("exact", "table.csv", code=4).stderr, "table.csv:1: expected the header s,a,s_next")

    def test_a_used_folder_is_refused(self):
        self.write("note.txt", "kept")
        done = self.run_command("train", "Pendulum-v1", "--run-dir", ".", "--steps", "60", *SMALL, code=3)
        self.assertIn("empty", done.stderr)
        self.assertEqual(self.read("note.txt"), "kept")

    def test_config_of_a_run_reads_back(self):
        self.run_command("train", "Pendulum-v1", "--preset", "sb3", "--seed", "5", "--steps", "120", "--run-dir", "first",
                         "--set", "tau=0.0123456789012345678", "--set", "env_kwargs.g=9.81", *SMALL)
        first = self.read("first", "config.toml")
        self.assertIn("[origin]", first)
        self.assertIn('ent_coef_loss = "preset sb3"', first)
        self.assertIn('tau = "--set"', first)
        self.assertIn('seed = "--seed"', first)
        done = self.run_command("train", "--config", "first/config.toml", "--run-dir", "second", "--json")
        self.assertEqual(json.loads(done.stdout)["seed"], 5)
        second = self.read("second", "config.toml")
        self.assertEqual(first[:first.index("[origin]")], second[:second.index("[origin]")])

    def test_rules_in_place_of_numbers(self):
        rules = ["gamma=auto", "target_entropy=half", "learning_rate_schedule=cosine", "normalize_reward=return_std_bounded",
                 "weight_norm=rows", "kernel_init=orthogonal", "head_init=zero", "update_order=actor_first", "diag_freq=100",
                 "log_interval_steps=50"]
        sets = [part for rule in rules for part in ("--set", rule)]
        done = self.run_command("train", "Pendulum-v1", "--steps", "200", "--run-dir", "ruled", *SMALL, *sets, "--json")
        report = json.loads(done.stdout)
        config = self.read("ruled", "config.toml")
        self.assertIn("gamma = 0.975\n", config)
        self.assertIn('gamma = "--set (auto: 200 steps an episode)"', config)
        self.assertIn('target_entropy = "half"\n', config)
        self.assertIn("warning: weight_norm without a norm", done.stderr)
        again = self.run_command("train", "--config", "ruled/config.toml", "--run-dir", "again", "--json")
        self.assertEqual(json.loads(again.stdout)["state_hash"], report["state_hash"])
        rows = [json.loads(line) for line in self.read("ruled", "metrics.jsonl").splitlines()]
        self.assertEqual({row["train/target_entropy"] for row in rows if "train/target_entropy" in row}, {-0.5})
        scores = [json.loads(self.run_command("eval", "ruled", "--episodes", "1", "--json").stdout) for _ in range(2)]
        self.assertEqual(scores[0], scores[1])

    def test_rules_that_do_not_suit(self):
        for env, rule, said in [("CartPole-v1", "target_entropy=half", "half: an entropy of continuous actions"),
                                ("CartPole-v1", "target_entropy=sigma_0.15", "sigma_0.15: an entropy of continuous actions"),
                                ("Pendulum-v1", "target_entropy=sigma_-1", "σ must be at least 1e-30"),
                                ("Pendulum-v1", "gamma=automatic", 'expected "auto" or number'),
                                ("Pendulum-v1", "kernel_init=zero", "zero is for head_init"),
                                ("Pendulum-v1", "norm_reward_max=0", "norm_reward_max = 0: must be greater than 0"),
                                ("Pendulum-v1", "weight_norm=row", "'rows'")]:
            with self.subTest(rule=rule):
                done = self.run_command("train", env, "--steps", "60", *SMALL, "--run-dir", "refused", "--set", rule, code=3)
                self.assertIn(said, done.stderr)

    def test_a_method_is_a_set_of_settings_that_trains(self):
        self.run_command("train", "Pendulum-v1", "--method", "droq", "--steps", "80", "--run-dir", "run", *SMALL,
                         "--set", "net_arch=[8]", "--set", "learning_starts=40", "--set", "batch_size=8")
        config = self.read("run", "config.toml")
        self.assertIn("dropout_rate = 0.01", config)
        self.assertIn('dropout_rate = "method droq"', config)
        self.assertIn("policy_delay = 20", config)
        self.assertEqual(json.loads(self.run_command("info", "--json").stdout)["methods"], ["crossq", "droq", "redq", "tqc", "xqc"])
        self.assertIn("'redq'", self.run_command("train", "Pendulum-v1", "--method", "redk", code=3).stderr)

    def test_critics_that_do_not_fit_together_are_refused_with_the_numbers(self):
        for changes, message in [
                (["n_target_critics=3"], "n_target_critics = 3: must be at most n_critics = 2"),
                (["critic_loss=categorical", "v_min=2", "v_max=-2"], "v_min = 2: must be below v_max = -2"),
                (["critic_loss=categorical", "n_atoms=1"], "n_atoms = 1: must be at least 2"),
                (["critic_loss=quantile", "n_quantiles=3", "top_quantiles_to_drop_per_net=3"], "must be below n_quantiles = 3"),
                (["target_reduce=maximum"], "target_reduce"), (["dropout_rate=1"], "dropout_rate = 1: must be"),
                (["noise_repeat_max=0"], "noise_repeat_max = 0: must be at least 1")]:
            with self.subTest(changes=changes):
                sets = [word for change in changes for word in ("--set", change)]
                self.assertIn(message, self.run_command("train", "Pendulum-v1", *sets, code=3).stderr)

    def test_the_page_of_settings(self):
        page = self.run_command("info", "--settings").stdout
        for word in ["`learning_rate`", "`ent_coef`", "**sb3**", "**HalfCheetah**"]:
            self.assertIn(word, page)


if __name__ == "__main__":
    command.main()
