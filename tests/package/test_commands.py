"""The behaviour of ./softac around the build: what it installs, when it builds, what it prints, who waits for whom.

Runs the real scripts in a copy of the tree, with apt-get, pip, cmake and ninja replaced by small recording programs.
"""
import os
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

SOURCE = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))

STUBS = {
    # Knows all packages but those named in the file `missing`.
    "dpkg-query": """#!/usr/bin/env bash
shift 3
for name; do grep -qxF "$name" "$STUBS/missing" || echo "$name install ok installed"; done
""",
    "apt-get": '#!/usr/bin/env bash\necho "apt-get $*" >>"$STUBS/log"; echo "apt output"\n',
    "id": '#!/usr/bin/env bash\ncat "$STUBS/uid"\n',
    "sudo": '#!/usr/bin/env bash\n[ -f "$STUBS/sudo-works" ] || exit 1\n[ "$1" != -n ] || shift\nexec "$@"\n',
    "g++": "#!/usr/bin/env bash\necho 12\n",
    "cmake": """#!/usr/bin/env bash
echo "cmake" >>"$STUBS/log"
echo "cmake output"
while [ "$1" != -B ]; do shift; done
mkdir -p "$2/apps"; touch "$2/build.ninja"
""",
    # Builds a command that prints its arguments, if the command is not newer than the sources.
    "ninja": """#!/usr/bin/env bash
source=$PWD/../../src/a.cc
echo "[0/2] Re-checking globbed directories..."
if [ apps/softac -nt "$source" ]; then echo "ninja: no work to do."; exit; fi
echo "ninja begins" >>"$STUBS/log"
echo "ninja output"
grep -q error "$source" && exit 1
sleep 0.3
printf '%s\\n' '#!/usr/bin/env bash' 'printf "<%s>" "$@"; echo "in $PWD"; exit 3' >apps/new
chmod +x apps/new; mv apps/new apps/softac
echo "ninja ends" >>"$STUBS/log"
""",
    # A Python whose virtual environments hold itself.
    "python": """#!/usr/bin/env bash
if [ "$2" = venv ]; then echo venv >>"$STUBS/log"; mkdir -p "$3/bin"; cp "$0" "$3/bin/python"; exit; fi
echo "pip $(basename "${@: -1}")" >>"$STUBS/log"
echo "pip output"
[ ! -f "$STUBS/pip-fails" ]
""",
}


class CommandTest(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="softac test ")
        self.addCleanup(shutil.rmtree, self.dir)
        self.tree = os.path.join(self.dir, "a tree")
        os.makedirs(os.path.join(self.tree, "src"))
        shutil.copy(os.path.join(SOURCE, "softac"), self.tree)
        shutil.copytree(os.path.join(SOURCE, "scripts"), os.path.join(self.tree, "scripts"))
        self.stubs = os.path.join(self.dir, "stubs")
        os.makedirs(self.stubs)
        for name, text in STUBS.items():
            self.write(os.path.join(self.stubs, name), text, 0o755)
        for name, text in {"missing": "", "uid": "0\n", "log": ""}.items():
            self.write(os.path.join(self.stubs, name), text)
        self.source = os.path.join(self.tree, "src", "a.cc")
        self.write(self.source, "")

    def write(self, path, text, mode=0o644):
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, mode)

    def environment(self):
        return {
            **os.environ,
            "PATH": self.stubs + os.pathsep + os.environ["PATH"],
            "STUBS": self.stubs,
            "SOFTAC_SYSTEM_PYTHON": os.path.join(self.stubs, "python"),
            "CXX": "g++",
        }

    def start(self, *arguments, script=None, cwd=None):
        return subprocess.Popen(
            [script or os.path.join(self.tree, "softac"), *arguments],
            cwd=cwd or self.tree, env=self.environment(), text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def call(self, *arguments, **how):
        process = self.start(*arguments, **how)
        output, messages = process.communicate(timeout=60)
        return process.returncode, output, messages

    def log(self):
        with open(os.path.join(self.stubs, "log"), encoding="utf-8") as file:
            return file.read().splitlines()

    def test_first_call_prepares_and_runs(self):
        status, output, messages = self.call("train", "a b", "")
        self.assertEqual((status, output), (3, f"<train><a b><>in {self.tree}\n"))
        self.assertEqual(self.log(), ["venv", "pip requirements-run.txt", "cmake", "ninja begins", "ninja ends"])
        for text in ("pip output", "cmake output", "ninja output"):
            self.assertIn(text, messages)

    def test_second_call_is_silent_and_fast(self):
        self.call()
        before = self.log()
        best = float("inf")  # of three: the machine may be busy
        for _ in range(3):
            begin = time.monotonic()
            status, output, messages = self.call("info")
            best = min(best, time.monotonic() - begin)
        self.assertLess(best, 1.0)
        self.assertEqual((status, output, messages), (3, f"<info>in {self.tree}\n", ""))
        self.assertEqual(self.log(), before)

    def test_changed_source_is_built(self):
        self.call()
        os.utime(self.source, (time.time() + 60, time.time() + 60))
        before = len(self.log())
        self.call()
        self.assertEqual(self.log()[before:], ["ninja begins", "ninja ends"])

    def test_failed_build_runs_nothing(self):
        self.call()
        self.write(self.source, "error")
        os.utime(self.source, (time.time() + 60, time.time() + 60))
        status, output, messages = self.call()
        self.assertEqual((status, output), (1, ""))
        self.assertIn("failed", messages)

    def test_through_a_link_from_another_folder(self):
        link = os.path.join(self.dir, "link to softac")
        os.symlink(os.path.join("a tree", "softac"), link)
        status, output, _ = self.call("x", script=link, cwd=self.stubs)
        self.assertEqual((status, output), (3, f"<x>in {self.stubs}\n"))
        self.assertTrue(os.path.isdir(os.path.join(self.tree, "build", "venv")))

    def test_without_rights_the_packages_are_named(self):
        self.write(os.path.join(self.stubs, "uid"), "1000\n")
        self.write(os.path.join(self.stubs, "missing"), "cmake\nninja-build\n")
        status, output, messages = self.call()
        self.assertEqual((status, output), (1, ""))
        self.assertIn("apt-get install cmake ninja-build\n", messages)
        self.assertEqual(self.log(), [])

    def test_packages_are_installed_by_root(self):
        self.write(os.path.join(self.stubs, "missing"), "g++\n")
        status, output, _ = self.call()
        self.assertEqual((status, output), (3, f"<>in {self.tree}\n"))
        apt = [line for line in self.log() if line.startswith("apt-get")]
        self.assertEqual(len(apt), 2)
        self.assertTrue(apt[0].endswith(" update"))
        self.assertTrue(apt[1].endswith(" g++"))

    def test_packages_are_installed_through_sudo(self):
        self.write(os.path.join(self.stubs, "uid"), "1000\n")
        self.write(os.path.join(self.stubs, "sudo-works"), "")
        self.write(os.path.join(self.stubs, "missing"), "libcli11-dev\n")
        self.assertEqual(self.call()[0], 3)
        self.assertTrue(any(line.endswith(" libcli11-dev") for line in self.log()))

    def test_changed_pins_renew_everything(self):
        self.call()
        with open(os.path.join(self.tree, "scripts", "requirements-run.txt"), "a", encoding="utf-8") as file:
            file.write("# changed\n")
        before = len(self.log())
        self.call()
        self.assertEqual(self.log()[before:before + 3], ["venv", "pip requirements-run.txt", "cmake"])

    def test_after_the_tests_everything_of_theirs_is_kept_ready(self):
        self.write(os.path.join(self.stubs, "missing"), "python3-dev\n")
        os.makedirs(os.path.join(self.tree, "build", "release"))
        self.write(os.path.join(self.tree, "build", "release", ".with-tests"), "")
        self.call()
        self.assertTrue(any(line.endswith(" python3-dev") for line in self.log()))
        self.assertIn("pip requirements-test.txt", self.log())
        self.assertNotIn("pip requirements-run.txt", self.log())

    def test_interrupted_installation_is_repaired(self):
        self.write(os.path.join(self.stubs, "pip-fails"), "")
        self.assertEqual(self.call()[0], 1)
        os.remove(os.path.join(self.stubs, "pip-fails"))
        self.assertEqual(self.call()[0], 3)
        self.assertEqual(self.log().count("pip requirements-run.txt"), 2)

    def test_calls_at_the_same_time_build_one_after_the_other(self):
        calls = [self.start() for _ in range(3)]
        for call in calls:
            call.communicate(timeout=60)
            self.assertEqual(call.returncode, 3)
        self.assertEqual([line for line in self.log() if line.startswith("ninja")], ["ninja begins", "ninja ends"])
        self.assertEqual(self.log().count("venv"), 1)


if __name__ == "__main__":
    if shutil.which("flock") is None:
        print("SKIPPED: flock (util-linux) is not here")
        sys.exit(77)
    unittest.main()
