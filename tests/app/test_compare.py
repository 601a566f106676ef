"""bench/compare: the page that report.py writes, from made-up results; the drivers' protocol. Measures nothing.

test_compare.py SOURCE_DIR
"""

import os
import sys
import unittest

SOURCE = sys.argv.pop(1)
sys.path.insert(0, os.path.join(SOURCE, "bench", "compare"))
import report  # noqa: E402
import run  # noqa: E402


def update_round(own, peak=100.0, bad=False, **peers):
    return {"softac": {"ms": own, "peak_gflops": peak, "fraction_of_peak": 0.9, "bad_spell": bad}, "peers": peers}


def results(**more):
    return {
        "date": "2026-01-02",
        "cpu": "Some CPU",
        "quick": False,
        "versions": {"torch": "1.0"},
        "failures": {},
        "updates": [],
        "training": [],
        "own": None,
        "softac": {"version": "9.9", "commit": "0123456789abcdef", "compiler": "cc", "backend": "avx2"},
        **more,
    }


UPDATE = {
    "shape": "17,6,256,256",
    "threads": 1,
    "rounds": [
        update_round(4.0, SB3=12.0, RL=3.0),
        update_round(5.0, SB3=20.0, RL=5.0),
        update_round(5.0, SB3=10.0, RL=5.0),
        update_round(9.0, peak=80.0, SB3=10.0, RL=90.0),
    ],
}
TRAINING = {
    "task": "pendulum",
    "steps": 2000,
    "threads": 2,
    "runs": [
        {
            "softac": {"sec": 2.0, "ms_per_step": 1.0, "return": -150.4},
            "SB3": {"sec": 20.0, "ms_per_step": 7.5, "return": None},
        }
    ],
}


class Report(unittest.TestCase):
    def test_ratios_are_taken_within_quiet_rounds(self):
        rows = {name: (ms, ratios) for name, ms, ratios in report.update_rows(UPDATE)}
        self.assertEqual(rows["softac"], ([4.0, 5.0, 5.0], None))
        self.assertEqual(rows["SB3"], ([12.0, 20.0, 10.0], [3.0, 4.0, 2.0]))
        table = "\n".join(report.update_table(UPDATE))
        self.assertIn("| SB3 | 12.00 (10.00 to 20.00) | 3.00 (2.00 to 4.00) |", table)
        self.assertIn("3 quiet rounds of 4", table)
        self.assertNotIn("bad spell", table)

    def test_a_bad_spell_is_reported_and_uses_all_rounds(self):
        bad = {
            **UPDATE,
            "rounds": [
                update_round(4.0, bad=True, SB3=8.0),
                update_round(4.0, bad=True, SB3=8.0),
                update_round(4.0, SB3=8.0),
            ],
        }
        table = "\n".join(report.update_table(bad))
        self.assertIn("bad spell", table)
        self.assertIn("| SB3 | 8.00 (8.00 to 8.00) | 2.00 (2.00 to 2.00) |", table)

    def test_a_peer_that_stopped_counts_where_it_ran(self):
        rounds = [update_round(4.0, SB3=8.0), update_round(4.0)]
        self.assertIn(
            "| SB3 | 8.00 (8.00 to 8.00) | 2.00 (2.00 to 2.00) |", report.update_table({**UPDATE, "rounds": rounds})
        )

    def test_training(self):
        table = report.training_table(TRAINING)
        self.assertIn("2,000 steps, 2 threads", table[0])
        self.assertIn("| softac | 2.0 | 1.000 |  | -150 |", table)
        self.assertIn("| SB3 | 20.0 | 7.500 | 7.50 | – |", table)

    def test_a_peer_that_wins_is_named(self):
        self.assertEqual(
            report.verdicts(results(updates=[UPDATE])),
            ["- one update at 17,6,256,256, 1 thread(s): RL takes 1.00 times softac's time."],
        )
        gemm = {
            "products": [
                {"product": "d_W", "rows": 1, "in": 2, "out": 3, "gflops": 50, "others": {"A": 60, "B": 51, "C": None}}
            ]
        }
        lines = report.verdicts(results(own={"gemm": gemm}))
        self.assertEqual(len(lines), 1)
        self.assertIn("A 60, softac 50", lines[0])
        self.assertEqual(report.verdicts(results(training=[TRAINING])), ["None of the measurements of this page."])

    def test_page(self):
        text = report.page(
            results(updates=[UPDATE], training=[TRAINING], failures={"SBX": "no module"}, quick=True),
            "performance",
            None,
        )
        for part in [
            "# Performance\n",
            "commit 0123456789,",
            "Some CPU",
            "torch 1.0",
            "## One update",
            "## End to end",
            "## Where a peer wins",
            "- SBX: no module",
            "short trial",
            "(performance.json)",
        ]:
            self.assertIn(part, text)
        self.assertNotIn("## What could not run", report.page(results(), "performance", None))

    def test_page_of_softac_alone(self):
        spell = {"rounds": 9, "disturbed_rounds": 2, "bad_spell": False}
        fixed = {
            "shape": {"obs_dim": 17, "act_dim": 6, "hidden": 256, "batch_size": 256},
            "backend": "avx2",
            "ms_per_update": 6.0,
            "gflops": 90.0,
            "peak_gflops": 100.0,
            "fraction_of_peak": 0.9,
            "fraction_of_peak_min": 0.8,
            "fraction_of_peak_max": 0.95,
            "rounds": 9,
            "disturbed_rounds": 2,
            "bad_spell": False,
            "threads": 2,
            "memory_gb_per_sec": {"read": 20, "copy": 21, "triad": 22},
            "phases": {
                "sample": {"ms": 0.05, "share": 0.01},
                "target": {"ms": 1, "share": 0.2, "gflops": 95, "fraction_of_peak": 0.95},
                "optimiser": {"ms": 0.1, "share": 0.02, "gb_per_sec": 70},
            },
            "acting": {"us_batch_1": 4, "us_batch_n": 16, "n_envs": 8},
            "scaling": {
                key: {"median": 1.5, "min": 1.4, "max": 1.6}
                for key in ["speedup", "probe_speedup", "parallel_efficiency"]
            },
        }
        own = {
            "updates": [fixed],
            "threads": [fixed],
            "replay": [
                [
                    {"obs_dim": 17, "act_dim": 6, "sample_us": us, "noise_us": 10, "share_of_update": us / 5000}
                    for us in [20, 35, 500]
                ]
            ],
            "gemm": {
                **spell,
                "backend": "avx2",
                "libraries": {"oneDNN": "not installed"},
                "products": [
                    {
                        "product": "d_W",
                        "rows": 1,
                        "in": 2,
                        "out": 3,
                        "nonzero": 0.5,
                        "gflops": 50,
                        "fraction_of_peak": 0.5,
                        "others": {"oneDNN": None},
                    }
                ],
            },
            "scale": {
                **spell,
                "bad_spell": True,
                "axes": [
                    {
                        "axis": "replay_fill",
                        "unit": "us",
                        "exponent": 0.1,
                        "exponent_error": 0.01,
                        "flop_exponent": None,
                        "points": [{"value": 1000, "time": 8.0}, {"value": 1000000, "time": 14.0}],
                    }
                ],
            },
        }
        text = report.page(results(own=own), "performance", "growth.svg")
        for part in [
            "| avx2 | 17, 6, 256, 256 | 6.00 | 90.0 | 100.0 | 0.900 (0.800 to 0.950) | 7 of 9 |",
            "| target | 1.000 | 20.0 % | 95.0 | 0.950 |",
            "a batch in 35 (20 to 500) µs and its noise in 10 (10 to 10) µs, 0.7 (0.4 to 10.0) % of an update; 3 processes",
            "Quiet rounds 7 of 9 (**bad spell**)",
            "parallel efficiency 1.50 (1.40 to 1.60)",
            "| d_W | 1 × 2 × 3 | 50 % | 50 | 0.50 | – |",
            "| replay_fill | 1,000: 8 µs | 1,000,000: 14 µs | 0.10 ± 0.01 | – |",
            "![Growth of cost](growth.svg)",
        ]:
            self.assertIn(part, text)


class Run(unittest.TestCase):
    def test_a_command_is_held_to_its_cores(self):
        command, environment = run.pinned(2, [0, 1, 2], ["x", "y"])
        self.assertEqual(command, ["taskset", "-c", "1,2", "x", "y"])
        self.assertEqual(environment["OMP_NUM_THREADS"], "2")

    def test_every_peer_has_a_driver(self):
        for update, train in run.PEERS.values():
            for command in filter(None, [update, train]):
                self.assertTrue(os.path.exists(os.path.join(SOURCE, "bench", "compare", command[0])))

    def test_servers_answer_and_failures_say_why(self):
        """A stand-in for the peer's Python: speaks the protocol, or dies with a message."""
        answering = (
            'import sys; print(\'{"versions": {"a": "1"}}\', flush=True)\n'
            'for line in sys.stdin: print(\'{"ms": 2.5}\', flush=True)'
        )
        dying = "import sys; sys.exit('no such library')"
        cores = sorted(os.sched_getaffinity(0))
        pinned = run.pinned
        self.addCleanup(setattr, run, "pinned", pinned)
        run.pinned = lambda threads, cores, command: pinned(threads, cores, [sys.executable, "-c", command[0]])
        server = run.Server(answering, "SB3", "1,1,1,1", 1, cores)
        self.addCleanup(server.close)
        self.assertEqual(server.versions, {"a": "1"})
        self.assertEqual(server.ms(0.1), 2.5)
        with self.assertRaisesRegex(run.Failed, "no such library"):
            run.Server(dying, "SB3", "1,1,1,1", 1, cores)

    def test_a_part_measured_again_replaces_what_stands(self):
        def one(rounds, **more):
            return results(updates=[{"shape": "17,6,256,256", "threads": 1, "rounds": rounds}], **more)

        two = {"shape": "17,6,256,256", "threads": 2, "rounds": [1]}
        old = results(
            updates=[two, {"shape": "17,6,256,256", "threads": 1, "rounds": [2]}], training=[TRAINING], own={"a": 1}
        )
        new = run.merged(old, one([3]))
        stands = {"commit": "0123456789abcdef"}
        self.assertEqual(new["updates"], [{"shape": "17,6,256,256", "threads": 1, "rounds": [3]}, {**stands, **two}])
        self.assertEqual((new["training"], new["own"]), ([{**stands, **TRAINING}], {**stands, "a": 1}))
        build = {**old["softac"], "commit": "fedcba9876543210"}
        part = results(softac=build, updates=[{**UPDATE, "commit": build["commit"]}])
        text = report.page(run.merged({**old, "own": None, "updates": []}, part), "page", None)
        self.assertRegex(text, r"9\.9 at commit fedcba9876,")
        self.assertRegex(text, r"Pendulum-v1.*, 2 threads, 1 round, at commit 0123456789:")
        other = run.merged(old, one([3], cpu="Another CPU"))
        self.assertEqual((len(other["updates"]), other["own"]), (1, None))

    def test_packages_are_pinned(self):
        with open(os.path.join(SOURCE, "bench", "compare", "requirements.txt"), encoding="utf-8") as file:
            for line in file:
                if line.strip() and not line.startswith("#"):
                    self.assertRegex(line, r"^[\w\[\]-]+==[\w.]+$")


if __name__ == "__main__":
    unittest.main(verbosity=2)
