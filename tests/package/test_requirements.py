"""What CMake says where a Debian package is missing: all of them, and the command that installs them. And the pinned
versions of Python's packages: the same in pyproject.toml as in scripts/.

test_requirements.py SOURCE_DIR PYTHON
"""
import os
import re
import subprocess
import sys
import tempfile
import tomllib
import unittest

PYTHON = sys.argv.pop(2)
SOURCE = os.path.abspath(sys.argv.pop(1))


def configure(*arguments, compiler=""):
    """CMake's exit status and messages, on one line, for a build of the Python module alone."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            ["cmake", "-S", SOURCE, "-B", folder, "-G", "Ninja", f"-DSOFTAC_PYTHON={PYTHON}", "-DSOFTAC_BUILD_COMMAND=OFF",
             "-DSOFTAC_BUILD_TESTS=OFF", "-DSOFTAC_BUILD_PYTHON=ON", *arguments],
            check=False, capture_output=True, text=True, env={**os.environ, "CXX": compiler})
        return done.returncode, " ".join(done.stderr.split())


def read(*path):
    with open(os.path.join(SOURCE, *path), encoding="utf-8") as file:
        return file.read()


def pins(text):
    """Package → version of all 'name==version' in a text."""
    return dict(re.findall(r"([\w-]+)(?:\[\w+\])?==([\w.]+)", text))


class RequirementsTest(unittest.TestCase):
    def test_missing_headers_are_named_together(self):
        status, said = configure("-DCMAKE_DISABLE_FIND_PACKAGE_nlohmann_json=ON", "-DSOFTAC_TOMLPLUSPLUS_INCLUDE=",
                                 "-DCMAKE_SYSTEM_IGNORE_PATH=/usr/include;/usr/local/include")
        self.assertEqual(status, 1)
        self.assertIn("apt-get install nlohmann-json3-dev libtomlplusplus-dev", said)

    def test_missing_python_headers_are_named(self):
        status, said = configure("-DCMAKE_DISABLE_FIND_PACKAGE_Python=ON")
        self.assertEqual(status, 1)
        self.assertIn("apt-get install python3-dev", said)

    def test_a_missing_compiler_is_named(self):
        status, said = configure(compiler="no-such-compiler")
        self.assertEqual(status, 1)
        self.assertIn("apt-get install g++ nlohmann-json3-dev libtomlplusplus-dev python3-dev", said)

    def test_tests_need_the_command(self):
        status, said = configure("-DSOFTAC_BUILD_TESTS=ON", "-DSOFTAC_BUILD_PYTHON=OFF")
        self.assertEqual(status, 1)
        self.assertIn("SOFTAC_BUILD_TESTS=ON needs SOFTAC_BUILD_COMMAND=ON", said)

    def test_pins_agree(self):
        kept = {**pins(read("scripts", "requirements-run.txt")), **pins(read("scripts", "requirements-test.txt"))}
        project = tomllib.loads(read("pyproject.toml"))
        named = pins(" ".join([*project["build-system"]["requires"], *project["project"]["dependencies"],
                               *project["project"]["optional-dependencies"]["test"]]))
        self.assertLessEqual({"mujoco", "gymnasium", "nanobind", "pytest", "mypy"}, set(named))
        for name, version in (*named.items(), *pins(read("python", "CMakeLists.txt")).items(),
                              *pins(read("python", "softac", "__init__.py")).items()):
            self.assertEqual(kept.get(name, version), version, name)


if __name__ == "__main__":
    unittest.main()
