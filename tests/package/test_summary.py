"""scripts/summarize.py on what ctest really writes: passed, failed, skipped, disabled and missing tests."""
import os
import subprocess
import sys
import tempfile
import unittest

SUMMARIZE = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", "scripts", "summarize.py"))

PROJECT = r"""
cmake_minimum_required(VERSION 3.25)
project(sample NONE)
enable_testing()
add_test(NAME good COMMAND ${CMAKE_COMMAND} -E true)
add_test(NAME bad COMMAND ${CMAKE_COMMAND} -E false)
add_test(NAME crash COMMAND sh -c "kill -SEGV $$")
add_test(NAME slow COMMAND ${CMAKE_COMMAND} -E sleep 20)
set_tests_properties(slow PROPERTIES TIMEOUT 1)
add_test(NAME script COMMAND sh -c "echo 'SKIPPED: no such reader'; exit 77")
set_tests_properties(script PROPERTIES SKIP_RETURN_CODE 77)
add_test(NAME gtest COMMAND printf "[ RUN      ] A.b\n/x/y.cc:3: Skipped\nneeds AVX-512\n\n[  SKIPPED ] A.b (0 ms)\n")
set_tests_properties(gtest PROPERTIES SKIP_REGULAR_EXPRESSION "\\[  SKIPPED \\]")
add_test(NAME off COMMAND true)
set_tests_properties(off PROPERTIES DISABLED TRUE)
add_test(NAME absent COMMAND no_such_program)
"""


class SummaryTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.dir = folder.name
        with open(os.path.join(self.dir, "CMakeLists.txt"), "w", encoding="utf-8") as file:
            file.write(PROJECT)
        subprocess.run(["cmake", "-S", self.dir, "-B", self.dir], check=True, stdout=subprocess.DEVNULL)

    def summary(self, *ctest_arguments, broken=0):
        report = os.path.join(self.dir, "report.xml")
        subprocess.run(["ctest", "--test-dir", self.dir, "--output-junit", report, *ctest_arguments],
                       check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        done = subprocess.run([sys.executable, SUMMARIZE, "--broken", str(broken), f"run={report}"],
                              check=False, stdout=subprocess.PIPE, text=True)
        return done.returncode, done.stdout.splitlines()

    def test_every_outcome(self):
        status, lines = self.summary()
        self.assertEqual((status, lines[-1]), (1, "1 passed, 4 failed, 3 skipped"))
        self.assertIn("skipped  run: script: no such reader", lines)
        self.assertIn("skipped  run: gtest: needs AVX-512", lines)
        self.assertIn("skipped  run: off: disabled in the sources", lines)
        for name in ("bad", "crash", "slow", "absent"):
            self.assertTrue(any(line.startswith(f"failed   run: {name}") for line in lines), name)

    def test_success(self):
        self.assertEqual(self.summary("-R", "good"), (0, ["1 passed, 0 failed, 0 skipped"]))

    def test_a_failed_build_counts(self):
        self.assertEqual(self.summary("-R", "good", broken=2), (1, ["1 passed, 2 failed, 0 skipped"]))

    def test_nothing_run_is_no_success(self):
        self.assertEqual(self.summary("-R", "no_such_test")[0], 1)


if __name__ == "__main__":
    unittest.main()
