"""The Python package from a source distribution, a wheel and in place, each in a clean virtual environment.

test_python_package.py SOURCE_DIR

Packages come from PyPI, as for a user. The module is compiled twice (wheel, in place): minutes.
"""
import glob
import os
import re
import resource
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import tomllib
import unittest
import zipfile

from install_tree import run

SOURCE = os.path.realpath(sys.argv.pop(1))
TYPED_SCRIPT = os.path.join(SOURCE, "tests", "python", "typed_script.py")
MAX_WHEEL_BYTES = 2_600_000  # with pictures of environments and figures
MAX_INSTALL_SEC = 300

# Python knows it from 3.11.4 on.
SAFELY = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
# What a first script does, without a file of the source tree in reach; says where the package was taken from.
USE = """
import gymnasium, numpy, softac
model = softac.SAC("MlpPolicy", "HalfCheetah-v5", policy_kwargs={"net_arch": [16]}, learning_starts=50, batch_size=16, seed=1)
model.learn(100).save("model")
loaded = softac.SAC.load("model")
obs = numpy.zeros(17, numpy.float32)
assert (loaded.predict(obs, deterministic=True)[0] == model.predict(obs, deterministic=True)[0]).all()
print(softac.__file__)
print(softac._core.__file__)
"""


def environment():
    """Without what would let one Python see another's packages, or a compiler cache."""
    hidden = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "CMAKE_CXX_COMPILER_LAUNCHER")
    return {**{name: value for name, value in os.environ.items() if name not in hidden}, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}


class Venv:
    """A new virtual environment."""

    def __init__(self, folder):
        self.folder = folder
        self.python = os.path.join(folder, "bin", "python")
        run([os.environ.get("SOFTAC_SYSTEM_PYTHON", "/usr/bin/python3"), "-m", "venv", folder])

    def pip(self, *arguments, cwd):
        return run([self.python, "-m", "pip", *arguments], cwd=cwd, env=environment(), timeout=3000)

    def call(self, script, cwd):
        return subprocess.run([self.python, "-c", script], cwd=cwd, env=environment(), check=False, capture_output=True,
                              text=True, timeout=600)


def build_requirements():
    with open(os.path.join(SOURCE, "pyproject.toml"), "rb") as file:
        return tomllib.load(file)["build-system"]["requires"]


def version():
    with open(os.path.join(SOURCE, "CMakeLists.txt"), encoding="utf-8") as file:
        return re.search(r"project\(softac VERSION ([0-9.]+)", file.read()).group(1)


def python_files():
    folder = os.path.join(SOURCE, "python")
    found = glob.glob(os.path.join(folder, "softac", "**", "*.py"), recursive=True)
    return {os.path.relpath(path, folder) for path in found} | {"softac/py.typed"}


class PythonPackageTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.dir = tempfile.mkdtemp(prefix="softac package ")
        cls.addClassCleanup(shutil.rmtree, cls.dir)
        cls.elsewhere = os.path.join(cls.dir, "elsewhere")
        os.mkdir(cls.elsewhere)
        cls.clean = Venv(os.path.join(cls.dir, "clean"))
        cls.builder = Venv(os.path.join(cls.dir, "builder"))
        cls.builder.pip("install", *build_requirements(), cwd=cls.elsewhere)
        build = f"from scikit_build_core.build import build_sdist; build_sdist({cls.dir!r})"
        run([cls.builder.python, "-c", build], cwd=SOURCE, env=environment())
        [cls.sdist] = glob.glob(os.path.join(cls.dir, "*.tar.gz"))
        start, used = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
        cls.clean.pip("wheel", "--no-deps", "-w", cls.dir, cls.sdist, cwd=cls.elsewhere)
        [cls.wheel] = glob.glob(os.path.join(cls.dir, "*.whl"))
        cls.clean.pip("install", cls.wheel, cwd=cls.elsewhere)
        cls.wall_sec, now = time.monotonic() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
        cls.cpu_sec = now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime

    def test_source_distribution_holds_what_is_needed_and_nothing_else(self):
        with tarfile.open(self.sdist) as archive:
            names = {name.split("/", 1)[1] for name in archive.getnames() if "/" in name}
        tops = {name.split("/")[0] for name in names}
        self.assertEqual(tops, {"CMakeLists.txt", "LICENSE", "PKG-INFO", "README.md", "cmake", "include", "presets",
                                "pyproject.toml", "python", "src"})
        self.assertFalse([name for name in names if name.endswith((".pyc", ".so"))])
        self.assertLess(os.path.getsize(self.sdist), 1_000_000)

    def test_wheel_holds_the_package_and_nothing_else(self):
        with zipfile.ZipFile(self.wheel) as archive:
            names = set(archive.namelist())
            info = f"softac-{version()}.dist-info"
            metadata = archive.read(f"{info}/METADATA").decode()
        package = {name for name in names if not name.startswith(info)}
        [module] = [name for name in package if re.fullmatch(r"softac/_core\.\S+\.so", name)]
        self.assertEqual(package - {module}, python_files() | {"softac/_core.pyi"})
        self.assertIn(f"{info}/licenses/LICENSE", names)
        self.assertIn(f"\nVersion: {version()}\n", metadata)
        needed = {line.split(": ", 1)[1] for line in metadata.splitlines() if line.startswith("Requires-Dist:")}
        self.assertLessEqual({"mujoco==3.17.0", "gymnasium[mujoco]==1.4.0", "numpy"}, needed)
        size = os.path.getsize(self.wheel)
        print(f"wheel: {size} bytes")
        self.assertLess(size, MAX_WHEEL_BYTES)

    def test_module_finds_mujoco_beside_itself_and_shows_one_symbol(self):
        with zipfile.ZipFile(self.wheel) as archive:
            [name] = [name for name in archive.namelist() if name.endswith(".so")]
            path = archive.extract(name, os.path.join(self.dir, "unpacked"))
        headers = run(["objdump", "-p", path])
        self.assertRegex(headers, r"RUNPATH +\$ORIGIN/\.\./mujoco\n")
        self.assertRegex(headers, r"NEEDED +libmujoco\.so\.3\.17\.0\n")
        symbols = run(["nm", "-D", "--defined-only", path]).split()
        self.assertEqual(symbols[2::3], ["PyInit__core"])
        with open(path, "rb") as file:
            content = file.read()
        for place in (SOURCE, self.dir, "pip-build-env", "pip-req-build"):
            self.assertFalse(place.encode() in content, f"the module names {place}")

    def test_time(self):
        print(f"pip install: {self.wall_sec:.0f} s, {self.cpu_sec:.0f} s of the processors")
        busy = self.cpu_sec / min(2, os.cpu_count() or 1)  # what it takes where nothing else runs, on at most two cores
        self.assertLess(min(self.wall_sec, busy), MAX_INSTALL_SEC)

    def test_wheel_works_from_another_folder(self):
        done = self.clean.call(USE, self.elsewhere)
        self.assertEqual(done.returncode, 0, done.stderr)
        for path in done.stdout.split("\n")[:2]:
            self.assertTrue(path.startswith(self.clean.folder), path)

    def test_native_models_are_found(self):
        name = "softac/HalfCheetah-v5"
        script = f"import gymnasium, softac\nprint({name!r} in gymnasium.registry)"
        if self.clean.call(script, self.elsewhere).stdout == "False\n":
            self.skipTest(f"import softac does not register {name}")
        done = self.clean.call(f"{script}\ngymnasium.make({name!r}).reset(seed=1)", self.elsewhere)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_mypy_reads_the_stubs(self):
        if subprocess.run([sys.executable, "-m", "mypy", "--version"], capture_output=True, check=False).returncode != 0:
            self.skipTest(f"{sys.executable} has no mypy")
        run([sys.executable, "-m", "mypy", "--strict", "--config-file=", "--cache-dir=cache", "--python-executable",
             self.clean.python, TYPED_SCRIPT], cwd=self.elsewhere, env=environment())

    def test_without_mujoco(self):
        venv = Venv(os.path.join(self.dir, "without"))
        venv.pip("install", "--no-deps", self.wheel, cwd=self.elsewhere)
        done = venv.call("import softac", self.elsewhere)
        self.assertEqual(done.returncode, 1)
        self.assertIn("ImportError: softac needs the package mujoco: pip install mujoco==3.17.0", done.stderr)

    def test_in_place(self):
        tree = os.path.join(self.dir, "tree")
        with tarfile.open(self.sdist) as archive:
            archive.extractall(self.dir, **SAFELY)
        os.rename(os.path.join(self.dir, f"softac-{version()}"), tree)
        self.builder.pip("install", "--no-build-isolation", "-e", tree, cwd=self.elsewhere)
        done = self.builder.call(USE, self.elsewhere)
        self.assertEqual(done.returncode, 0, done.stderr)
        package, module = done.stdout.split("\n")[:2]
        self.assertEqual(package, os.path.join(tree, "python", "softac", "__init__.py"))
        self.assertTrue(module.startswith(self.builder.folder), module)
        with open(os.path.join(tree, "python", "softac", "__init__.py"), "a", encoding="utf-8") as file:
            file.write("\nchanged = True\n")
        done = self.builder.call("import softac; print(softac.changed)", self.elsewhere)
        self.assertEqual((done.returncode, done.stdout), (0, "True\n"), done.stderr)


if __name__ == "__main__":
    unittest.main()
