"""What the tests of the package share: an install tree that has been moved, and projects built against it."""
import os
import shutil
import subprocess
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))


def run(command, **options):
    """Runs a command; on failure the output is in the error."""
    done = subprocess.run(command, check=False, text=True, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options)
    if done.returncode != 0:
        raise AssertionError(f"{command} ended with {done.returncode}:\n{done.stdout}")
    return done.stdout


class InstallTree:
    """Installs a finished build and moves the result, so that nothing in it may know where it was installed."""

    def __init__(self, build):
        self.dir = tempfile.mkdtemp(prefix="softac install ")
        first = os.path.join(self.dir, "first")
        run(["cmake", "--install", build, "--prefix", first])
        self.prefix = os.path.join(self.dir, "moved tree")
        os.rename(first, self.prefix)
        self.command = os.path.join(self.prefix, "bin", "softac")

    def remove(self):
        shutil.rmtree(self.dir)

    def build_project(self, name, source, *arguments):
        """Builds a CMake project outside the tree; returns its build folder."""
        build = os.path.join(self.dir, name)
        run(["cmake", "-S", source, "-B", build, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Debug",
             f"-DCMAKE_PREFIX_PATH={self.prefix}", *arguments])
        run(["cmake", "--build", build])
        return build
