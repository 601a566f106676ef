"""`softac bench`: the keys that scripts rely on, and figures that are plausible whatever the machine is doing."""

import json
import xml.etree.ElementTree

import command
from command import CommandTest

TINY = ["--shape", "3,1,16,16", "--seconds", "0.05"]
# Operations on zeros are counted though left out, so a fraction of the peak may be a few; on a busy machine the probe may
# have been interrupted and the work not. A slip of units is a factor of a thousand.
NO_SLIP = 50
PHASES = ["sample", "noise", "policy", "target", "critic_forward", "critic_backward", "actor", "optimiser"]


class Bench(CommandTest):
    def bench(self, *arguments, **options):
        return json.loads(self.run_command("bench", *arguments, "--json", **options).stdout)

    def assert_machine(self, out):
        self.assertLessEqual(0, out["disturbed_rounds"])
        self.assertLessEqual(out["disturbed_rounds"], out["rounds"])
        self.assertEqual(out["bad_spell"], 2 * out["disturbed_rounds"] > out["rounds"])
        self.assertTrue(out["cpu"])

    def test_update(self):
        out = self.bench("update", *TINY)
        self.assert_machine(out)
        self.assertEqual(out["threads"], 1)
        self.assertGreater(out["peak_gflops"], 0)
        self.assertLess(0, out["fraction_of_peak"])
        self.assertLess(out["fraction_of_peak"], NO_SLIP)
        self.assertLessEqual(out["ms_per_update_best"], out["ms_per_update"])
        self.assertLessEqual(out["ms_per_update"], out["ms_per_update_worst"])
        self.assertAlmostEqual(out["gflops"] * out["ms_per_update"] * 1e6 / out["flop_per_update"], 1)
        for kind in ["read", "copy", "triad"]:
            self.assertGreater(out["memory_gb_per_sec"][kind], 0)
        self.assertEqual(out["acting"]["n_envs"], 8)
        self.assertGreater(out["acting"]["us_batch_1"], 0)
        self.assertGreater(out["acting"]["us_batch_n"], 0)

        phases = out["phases"]
        self.assertEqual(list(phases), PHASES)
        whole = out["ms_per_update"] + phases["sample"]["ms"]
        for phase in phases.values():
            self.assertAlmostEqual(phase["share"], phase["ms"] / whole)
        self.assertEqual(sum(phase.get("flop", 0) for phase in phases.values()), out["flop_per_update"])
        for name in ["policy", "target", "critic_forward", "actor"]:
            self.assertLess(0, phases[name]["fraction_of_peak"])
            self.assertLess(phases[name]["fraction_of_peak"], NO_SLIP)
        for name in ["sample", "noise"]:
            self.assertNotIn("flop", phases[name])

    def test_update_counts_the_standard_shapes(self):
        for shape, flop in [("halfcheetah", 0.5426e9), ("humanoid", 1.0444e9)]:
            out = self.bench("update", "--shape", shape, "--seconds", "0.05")
            self.assertAlmostEqual(out["flop_per_update"], flop, delta=0.00005e9)

    def test_update_by_two_threads(self):
        out = self.bench("update", *TINY, "--threads", "2", "--n-envs", "3")
        self.assertEqual(out["threads"], 2)
        self.assertEqual(out["acting"]["n_envs"], 3)
        scaling = out["scaling"]
        for figure in ["speedup", "probe_speedup", "parallel_efficiency"]:
            self.assertLess(0, scaling[figure]["min"])
            self.assertLessEqual(scaling[figure]["min"], scaling[figure]["median"])
            self.assertLessEqual(scaling[figure]["median"], scaling[figure]["max"])
        self.assertEqual(out["parallel_efficiency"], scaling["parallel_efficiency"]["median"])

    def test_update_on_a_forced_backend(self):
        for backend in ["portable", "reference"]:
            out = self.bench("update", *TINY, env={"SOFTAC_BACKEND": backend})
            self.assertEqual(out["backend"], backend)

    def test_gemm(self):
        out = self.bench("gemm", *TINY)
        self.assert_machine(out)
        self.assertEqual(sorted(out["libraries"]), ["OpenBLAS", "oneDNN"])
        self.assertEqual(len(out["products"]), 21)
        self.assertEqual(sorted({item["nonzero"] for item in out["products"]}), [0.1, 0.3, 0.5, 1.0])
        for item in out["products"]:
            self.assertEqual(item["flop"], 2 * item["rows"] * item["in"] * item["out"])
            self.assertLess(0, item["fraction_of_peak"])
            self.assertLess(item["fraction_of_peak"], NO_SLIP)
            for name, rate in item["others"].items():
                self.assertEqual(rate is None, out["libraries"][name] == "not installed")

    def test_replay(self):
        out = self.bench("replay", *TINY)
        self.assert_machine(out)
        self.assertEqual(out["transitions"], 1_000_000)
        for key in ["share_of_update", "add_ns", "sample_us", "noise_us", "update_us", "bytes"]:
            self.assertGreater(out[key], 0)

    def test_scale(self):
        out = self.bench("scale", *TINY, "-o", "growth.svg")
        self.assert_machine(out)
        self.assertEqual(
            [axis["axis"] for axis in out["axes"]],
            ["batch_size", "width", "depth", "obs_dim", "n_critics", "n_envs", "replay_fill"],
        )
        for axis in out["axes"]:
            values = [point["value"] for point in axis["points"]]
            self.assertEqual(values, sorted(set(values)))
            self.assertGreaterEqual(len(values), 4)
            self.assertGreaterEqual(axis["exponent_error"], 0)
            self.assertEqual(axis["flop_exponent"] is None, axis["axis"] == "replay_fill")
            for point in axis["points"]:
                self.assertLessEqual(point["time_min"], point["time"])
                self.assertLessEqual(point["time"], point["time_max"])
        exponents = {axis["axis"]: axis["flop_exponent"] for axis in out["axes"]}
        self.assertAlmostEqual(exponents["batch_size"], 1)
        self.assertAlmostEqual(exponents["n_envs"], 1)
        figure = xml.etree.ElementTree.parse(self.path("growth.svg"))
        points = sum(len(axis["points"]) for axis in out["axes"])
        self.assertEqual(len(figure.findall(".//{http://www.w3.org/2000/svg}circle")), points + 1)  # and the legend's
        self.assertIn("exponent", self.run_command("bench", "scale", *TINY).stdout)

    def test_text(self):
        for what, part in [("update", "critic_backward"), ("gemm", "oneDNN"), ("replay", "of an update")]:
            self.assertIn(part, self.run_command("bench", what, *TINY).stdout)

    def test_mistakes(self):
        self.run_command("bench", "scale", *TINY, "--env", "Pendulun-v1", code=3)
        self.run_command("bench", "update", "--threads", "-1", code=3)
        self.run_command("bench", "update", "--n-envs", "0", code=3)


if __name__ == "__main__":
    command.main()
