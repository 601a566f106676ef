"""mypy --strict on the package softac of a build folder, and on a script that uses it.

check_types.py FOLDER SCRIPT
"""

import os
import subprocess
import sys


def main():
    folder, script = (os.path.abspath(argument) for argument in sys.argv[1:3])
    mypy = [sys.executable, "-m", "mypy", "--strict", "--config-file=", f"--cache-dir={folder}/mypy_cache"]
    if subprocess.run([*mypy[:3], "--version"], stderr=subprocess.DEVNULL, check=False).returncode != 0:
        print(f"SKIPPED: {sys.executable} has no mypy")
        return 77
    environment = {**os.environ, "MYPYPATH": folder}
    status = 0
    for what in (["-p", "softac"], [script]):
        status |= subprocess.run([*mypy, *what], cwd=folder, env=environment, check=False).returncode
    return status


if __name__ == "__main__":
    sys.exit(main())
