"""Checks that every C++ file is as clang-format 14 leaves it; skipped, with the reason, where it is not installed."""
import argparse
import os
import re
import shutil
import subprocess
import sys

DIRS = ["include", "src", "apps", "python", "tests", "examples"]


def find_clang_format():
    for name in ("clang-format-14", "clang-format"):
        path = shutil.which(name)
        if path and re.search(r"version 14\.", subprocess.run([path, "--version"], capture_output=True, text=True).stdout):
            return path
    return None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--root", required=True)
    root = parser.parse_args().root
    tool = find_clang_format()
    if tool is None:
        print("skipped: clang-format 14 is not installed")
        return 77
    files = [
        os.path.join(folder, name)
        for top in DIRS
        for folder, _, names in os.walk(os.path.join(root, top))
        for name in names
        if name.endswith((".h", ".cc"))
    ]
    assert len(files) > 200, f"only {len(files)} files found below {root}"
    return subprocess.run([tool, "--dry-run", "--Werror", "-style=file", *sorted(files)]).returncode


if __name__ == "__main__":
    sys.exit(main())
