"""softac exact: ready problems, CSV files, their errors, and agreement with Gymnasium's own transition tables."""
import json
import math
import unittest

import command
from command import CommandTest

try:
    import gymnasium
except ImportError:
    gymnasium = None


class Exact(CommandTest):
    def solve(self, *arguments):
        return json.loads(self.run_command("exact", *arguments, "--json").stdout)

    def test_keys_and_values(self):
        result = self.solve("frozenlake", "--alpha", "0.1", "--occupancy")
        self.assertEqual((len(result["v"]), len(result["q"]), len(result["q"][0]), len(result["pi"])), (16, 16, 4, 16))
        self.assertEqual((result["alpha"], result["gamma"]), (0.1, 0.99))
        self.assertGreater(result["iterations"], 0)
        self.assertLess(result["error_bound"], 1e-9)
        for v, q, pi, entropy in zip(result["v"], result["q"], result["pi"], result["entropy"]):
            self.assertAlmostEqual(sum(pi), 1.0, places=12)
            self.assertAlmostEqual(v, 0.1 * math.log(sum(math.exp(x / 0.1) for x in q)), places=8)
            self.assertAlmostEqual(entropy, -sum(p * math.log(p) for p in pi if p > 0), places=10)
        self.assertAlmostEqual(result["soft_return"], result["v"][0])
        self.assertLessEqual(sum(result["occupancy"]), 1.0 + 1e-12)

    def test_limits(self):
        hard, limit = self.solve("cliffwalking", "--alpha", "0"), self.solve("cliffwalking", "--alpha", "inf")
        self.assertAlmostEqual(hard["soft_return"], hard["plain_return"], places=8)
        self.assertAlmostEqual(hard["v"][36], -(1 - 0.99 ** 13) / 0.01, places=8)
        self.assertEqual(limit["alpha"], "inf")
        self.assertEqual(limit["v"], [None] * 48)
        large = self.solve("cliffwalking", "--alpha", "1e12")
        for a, b in zip(limit["plain_returns"], large["plain_returns"]):
            self.assertAlmostEqual(a, b, delta=1e-6 * abs(a))

    def test_files(self):
        self.run_command("exact", "random:6,3,2", "--dump", "a.csv")
        self.run_command("exact", "a.csv", "--dump", "b.csv")
        self.run_command("exact", "b.csv", "--dump", "c.csv")
        self.assertEqual(self.read("b.csv"), self.read("c.csv"))
        first, second = self.solve("random:6,3,2"), self.solve("a.csv")
        for a, b in zip(first["v"], second["v"]):
            self.assertAlmostEqual(a, b, places=8)
        self.write("holes.csv", "s,a,s_next,p,r,terminated\n0,0,1,1,2,0\n2,1,0,1,0,0\n")
        result = self.solve("holes.csv")
        self.assertEqual(result["q"][0], [2, None])
        self.assertEqual((result["pi"][0], result["v"][1], result["q"][1]), ([1, 0], 0, [None, None]))

    def test_text_and_drawing(self):
        done = self.run_command("exact", "gridworld:3,4", "--alpha", "0.5", "-o", "grid.svg")
        self.assertIn("12 states, 4 actions", done.stdout)
        self.assertIn("terminal", done.stdout)
        self.assertTrue(self.read("grid.svg").startswith("<svg"))
        self.assertIn("V from", self.run_command("exact", "pendulum:21,21,5", "-o", "map.svg").stdout)
        self.assertIn("mean action", self.read("map.svg"))
        self.assertIn("V from", self.run_command("exact", "mountaincar:21,21,5").stdout)

    def test_errors(self):
        self.write("sum.csv", "s,a,s_next,p,r,terminated\n0,0,0,0.5,0,0\n0,0,1,0.49,0,0\n")
        self.write("text.csv", "s,a,s_next,p,r,terminated\n0,0,zero,1,0,0\n")
        self.write("far.csv", "s,a,s_next,p,r,terminated\n2000000000,2000000000,0,1,0,0\n")
        for arguments, code, part in [
            (["frozenlak"], 3, "did you mean 'frozenlake'?"),
            (["frozenlake:5x5"], 3, "unexpected '5x5'"),
            (["random:10"], 3, "actions is missing"),
            (["random:10,two"], 3, "found 'two'"),
            (["frozenlake", "--alpha", "-1"], 3, "alpha = -1: must be at least 0"),
            (["frozenlake", "--gamma", "1"], 3, "gamma = 1: must be"),
            (["frozenlake", "--alpha", "warm"], 2, "--alpha"),
            (["missing.csv"], 4, "missing.csv"),
            (["."], 4, "folder"),
            (["sum.csv"], 4, "sum.csv:2: the probabilities of s = 0, a = 0 sum to 0.99, expected 1"),
            (["text.csv"], 4, "text.csv:2: s_next: expected a whole number"),
            (["far.csv"], 7, "needs at least"),
            (["random:2000000000,2000"], 7, "needs at least"),
            (["frozenlake", "--dump", "no/folder/f.csv"], 4, "no/folder"),
            ([], 2, "MDP"),
        ]:
            with self.subTest(arguments=arguments):
                done = self.run_command("exact", *arguments, code=code)
                self.assertIn(part, done.stderr)
                self.assertEqual(done.stdout, "")

    @unittest.skipIf(gymnasium is None, "gymnasium is not installed")
    def test_gymnasium_tables(self):
        for name, environment, arguments in [
            ("frozenlake", "FrozenLake-v1", {}),
            ("frozenlake:8x8", "FrozenLake-v1", {"map_name": "8x8"}),
            ("frozenlake:4x4,deterministic", "FrozenLake-v1", {"is_slippery": False}),
            ("cliffwalking", "CliffWalking-v1", {}),
            ("cliffwalking:slippery", "CliffWalking-v1", {"is_slippery": True}),
        ]:
            with self.subTest(problem=name):
                expected = {}
                for s, actions in gymnasium.make(environment, **arguments).unwrapped.P.items():
                    for a, outcomes in actions.items():
                        for p, s_next, r, terminated in outcomes:
                            key = (s, a, int(s_next), float(r), bool(terminated))
                            expected[key] = expected.get(key, 0.0) + p
                self.run_command("exact", name, "--dump", "p.csv")
                found = {}
                for line in self.read("p.csv").splitlines()[1:]:
                    s, a, s_next, p, r, terminated = line.split(",")
                    found[int(s), int(a), int(s_next), float(r), terminated == "1"] = float(p)
                self.assertEqual(found, expected)


if __name__ == "__main__":
    command.main()
