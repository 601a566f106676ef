"""The documents tell the truth: their command lines run, their C++ compiles and runs, their links lead somewhere.

test_documents.py BUILD_DIR COMMAND

A line of a ```sh block that begins with ./softac is run in an empty folder, in order, with the built command; training
runs are cut to 300 steps. '#' begins what the line prints and is not checked. Other lines (./test, cmake, git …)
are not run here. A ```cpp block with a main function is built against the install tree and run. Their
Python runs in tests/python/test_docs.py.
"""
import glob
import os
import re
import shlex
import subprocess
import sys
import tempfile
import unittest

from install_tree import HERE, InstallTree, run

BUILD, COMMAND = (os.path.abspath(argument) for argument in sys.argv[1:3])
del sys.argv[1:3]
ROOT = os.path.realpath(os.path.join(HERE, "..", ".."))
DOCUMENTS = sorted(glob.glob(os.path.join(ROOT, "*.md")) + glob.glob(os.path.join(ROOT, "docs", "**", "*.md"), recursive=True))
MAX_STEPS = 300


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def blocks(text, language):
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def shorten(arguments):
    """The same command line, with a training run cut to MAX_STEPS."""
    if not arguments or arguments[0] != "train":
        return arguments
    short = list(arguments)
    if "--steps" in short:
        at = short.index("--steps") + 1
        short[at] = str(min(int(short[at].replace("_", "")), MAX_STEPS))
    else:
        short += ["--steps", str(MAX_STEPS)]
    return short


class DocumentsTest(unittest.TestCase):
    def test_readme_has_commands(self):
        lines = "\n".join(blocks(read(os.path.join(ROOT, "README.md")), "sh"))
        self.assertIn("./softac train", lines)
        self.assertIn("./test", lines)

    def test_command_lines_run(self):
        for document in DOCUMENTS:
            with tempfile.TemporaryDirectory() as folder:
                for line in "\n".join(blocks(read(document), "sh")).splitlines():
                    words = shlex.split(line, comments=True)
                    if not words or words[0] != "./softac":
                        continue
                    with self.subTest(document=os.path.relpath(document, ROOT), line=line):
                        words = [w for word in words[1:] for w in (sorted(glob.glob(os.path.join(folder, word))) or [word])]
                        done = subprocess.run([COMMAND, *shorten(words)], cwd=folder, check=False, text=True, timeout=300,
                                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
                        self.assertEqual(done.returncode, 0, done.stdout)

    def test_programs_build_and_run(self):
        programs = [b for d in DOCUMENTS for b in blocks(read(d), "cpp") if re.search(r"^int main\(", b, re.MULTILINE)]
        if not programs:
            return
        tree = InstallTree(BUILD)
        self.addCleanup(tree.remove)
        for number, program in enumerate(programs):
            source = os.path.join(tree.dir, f"program{number}.cc")
            with open(source, "w", encoding="utf-8") as file:
                file.write(program)
            build = tree.build_project(f"program {number}", os.path.join(HERE, "consumer"), f"-DCONSUMER_SOURCE={source}")
            with tempfile.TemporaryDirectory() as folder:
                run([os.path.join(build, "consumer")], cwd=folder, timeout=300)

    def test_links_lead_somewhere(self):
        for document in DOCUMENTS:
            for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", read(document)):
                if not re.match(r"[a-z]+:", target):
                    path = os.path.join(os.path.dirname(document), target)
                    self.assertTrue(os.path.exists(path), f"{os.path.relpath(document, ROOT)}: {target}")


if __name__ == "__main__":
    unittest.main()
