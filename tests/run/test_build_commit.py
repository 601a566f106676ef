"""cmake/build_commit.cmake: the commit at build time, whether the compiled sources differ from it, and no needless writing.

test_build_commit.py SOURCE_DIR
"""
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

SOURCE = None


class BuildCommit(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.tree = os.path.join(self.folder.name, "tree")
        self.output = os.path.join(self.folder.name, "build", "build_commit.h")
        os.makedirs(os.path.join(self.tree, "src"))
        self.write("src/a.cc", "int a;\n")

    def tearDown(self):
        self.folder.cleanup()

    def write(self, name, text):
        with open(os.path.join(self.tree, name), "w", encoding="utf-8") as file:
            file.write(text)

    def git(self, *arguments):
        identity = ["-c", "user.name=a", "-c", "user.email=a@b"]
        done = subprocess.run(["git", *identity, *arguments], cwd=self.tree, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def commit(self):
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "m")
        return self.git("rev-parse", "HEAD")

    def made(self, tree=None):
        script = os.path.join(SOURCE, "cmake", "build_commit.cmake")
        subprocess.run(["cmake", f"-DSOURCE={tree or self.tree}", f"-DOUTPUT={self.output}", "-P", script], check=True)
        with open(self.output, encoding="utf-8") as file:
            words = [line.split() for line in file if line.startswith("#define")]
        return {name: value for _, name, value in words}

    def test_without_git_nothing_is_claimed(self):
        self.assertEqual(self.made(), {"SOFTAC_COMMIT": '""', "SOFTAC_TREE_CHANGED": "false"})

    def test_the_commit_is_that_of_the_build(self):
        self.git("init", "-q")
        for text in ["int a;\n", "int b;\n"]:
            self.write("src/a.cc", text)
            commit = self.commit()
            self.assertEqual(self.made(), {"SOFTAC_COMMIT": f'"{commit}"', "SOFTAC_TREE_CHANGED": "false"})
        self.write("notes.txt", "is not compiled\n")
        self.assertEqual(self.made()["SOFTAC_TREE_CHANGED"], "false")
        self.write("src/new.cc", "int c;\n")
        self.assertEqual(self.made(), {"SOFTAC_COMMIT": f'"{commit}"', "SOFTAC_TREE_CHANGED": "true"})

    def test_it_is_written_only_when_it_changes(self):
        self.git("init", "-q")
        self.commit()
        self.made()
        os.utime(self.output, (1, 1))
        self.made()
        self.assertEqual(os.stat(self.output).st_mtime, 1)
        self.write("src/a.cc", "int z;\n")
        self.made()
        self.assertNotEqual(os.stat(self.output).st_mtime, 1)

    def test_a_repository_around_the_sources_is_not_theirs(self):
        self.git("init", "-q")
        inner = os.path.join(self.tree, "inner")
        os.makedirs(inner)
        self.commit()
        self.assertEqual(self.made(inner)["SOFTAC_COMMIT"], '""')


if __name__ == "__main__":
    SOURCE = sys.argv.pop(1)
    if shutil.which("git") is None:
        print("SKIPPED: git is not installed")
        sys.exit(77)
    unittest.main()
