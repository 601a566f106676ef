"""The install tree works after it was moved: the command, find_package(softac), and the projects in examples/.

test_install.py BUILD_DIR
"""
import glob
import os
import subprocess
import sys
import unittest

from deploy_example import DeployExample
from install_tree import HERE, InstallTree, run

BUILD = os.path.abspath(sys.argv.pop(1))
EXAMPLES = os.path.join(HERE, "..", "..", "examples")


class InstallTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.tree = InstallTree(BUILD)

    @classmethod
    def tearDownClass(cls):
        cls.tree.remove()

    def test_command_runs_with_the_library_beside_it(self):
        self.assertRegex(run([self.tree.command, "--version"]), r"\d+\.\d+\.\d+")
        self.assertIn("Pendulum-v1", run([self.tree.command, "env", "list"]))
        libraries = [line for line in run(["ldd", self.tree.command]).splitlines() if "libmujoco" in line]
        self.assertEqual(len(libraries), 1)
        self.assertIn(self.tree.prefix, libraries[0])

    def test_nothing_points_to_the_first_place(self):
        first = os.path.join(self.tree.dir, "first").encode()
        for path in glob.glob(os.path.join(self.tree.prefix, "**"), recursive=True):
            if os.path.isfile(path):
                with open(path, "rb") as file:
                    self.assertNotIn(first, file.read(), path)

    def test_package_files_name_no_path_of_the_build(self):
        for path in glob.glob(os.path.join(self.tree.prefix, "lib*", "**", "*.cmake"), recursive=True):
            with open(path, encoding="utf-8") as file:
                text = file.read()
            self.assertNotIn(BUILD, text, path)
            self.assertNotIn(os.path.realpath(os.path.join(HERE, "..", "..")), text, path)

    def test_outside_project(self):
        build = self.tree.build_project("consumer", os.path.join(HERE, "consumer"), "-DCONSUMER_SOURCE=main.cc")
        output = run([os.path.join(build, "consumer"), "Pendulum-v1", "InvertedPendulum-v5"])
        lines = output.splitlines()
        self.assertEqual(lines[:2], ["Line-v0: 50 steps", "Pendulum-v1: 200 steps"])
        self.assertRegex(lines[2], r"^InvertedPendulum-v5: [1-9]\d* steps$")

    def test_examples_build(self):
        projects = [os.path.dirname(path) for path in glob.glob(os.path.join(EXAMPLES, "*", "CMakeLists.txt"))]
        self.assertGreater(len(projects), 0)
        for project in projects:
            with self.subTest(project=os.path.basename(project)):
                self.tree.build_project("example " + os.path.basename(project), project,
                                        f"-DSOFTAC_INCLUDE_DIR={self.tree.prefix}/include")

    def test_deploy_example(self):
        example = DeployExample(self.tree)
        plant, said = example.run([example.control, example.link, "2"])
        self.assertRegex(said, r"^1000 actions at 500 Hz on [1-9]\d* observations: latency [\d.]+ us on average, [\d.]+ us at worst\n")
        self.assertEqual(sum(int(line.rsplit(" ", 1)[1]) for line in said.splitlines()[1:] if " us " in line), 1000)
        self.assertRegex(plant, r"^ready: Hopper-v5, 500 Hz\n[1-9]\d* steps, ")

    def test_deploy_example_says_what_is_wrong(self):
        example = DeployExample(self.tree)
        for arguments, status, part in [([], 2, "usage"), (["/softac-nobody", "1"], 1, "start the plant first"),
                                        ([example.link, "0"], 2, "SECONDS")]:
            done = subprocess.run([example.control, *arguments], capture_output=True, text=True, check=False)
            self.assertEqual((done.returncode, part in done.stderr), (status, True), done.stderr)


if __name__ == "__main__":
    unittest.main()
