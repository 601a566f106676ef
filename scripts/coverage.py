#!/usr/bin/env python3
"""Line coverage of the test suites, by gcov: a table of the modules, each with its lines, those executed, and their share.

Usage: coverage.py [--missing] [--build DIR] [--jobs J] [--timeout S] [--report-only] [-D NAME=VALUE …] [-- CTEST_ARGUMENT …]

--missing      also print the lines of each file that no test executed
--build        the build folder (default: build/coverage)
--timeout      seconds after which a test is stopped (default: 600; counters make the tests several times slower)
--report-only  neither build nor test: the table of what the build folder has counted
-D             a CMake setting, such as -D SOFTAC_PYTHON=build/venv/bin/python
CTEST_…        which tests run (default: all but those labelled campaign, package, style or release_only)

A line of a header counts for the module whose folder it lies in, and as executed if it was in any unit that includes it.
Processes that end by a signal or _exit leave no counts. Needs g++ and its gcov, and nothing but Python's standard library.
"""
import argparse
import collections
import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
UNFIT = "campaign|package|style|release_only"


def build_and_test(build, jobs, timeout, settings, ctest_arguments):
    """Returns ctest's exit status: a failed test does not take the others' counts away."""
    python = ROOT / "build" / "venv" / "bin" / "python"
    defaults = [f"-DSOFTAC_PYTHON={python}"] if python.exists() else []
    subprocess.run(["cmake", "-S", ROOT, "-B", build, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=RelWithDebInfo",
                    "-DCMAKE_CXX_FLAGS_RELWITHDEBINFO=-O1", "-DSOFTAC_COVERAGE=ON", "-DSOFTAC_BUILD_TESTS=ON", *defaults,
                    *(f"-D{s}" for s in settings)], check=True, stdout=subprocess.DEVNULL)
    for counts in build.rglob("*.gcda"):
        counts.unlink()  # of earlier tests, and of units compiled anew
    subprocess.run(["ninja", "-C", build, "-j", str(jobs)], check=True)
    return subprocess.run(["ctest", "--test-dir", build, "-j", str(jobs), "--timeout", str(timeout), "--output-on-failure",
                           *(ctest_arguments or ["-LE", UNFIT])], stdin=subprocess.DEVNULL).returncode


def module_of(path):
    """src/<module> or apps; None for what is not measured (tests, examples, the public headers' declarations)."""
    parts = path.parts
    if parts[0] == "src" and len(parts) > 2:
        return "/".join(parts[:2])
    return "apps" if parts[0] == "apps" else None


def gcov(notes):
    """(file, line) → executed, for the lines of the measured files in the units whose .gcno files are `notes`."""
    result = subprocess.run(["gcov", "--json-format", "--stdout", *notes], check=True, capture_output=True, text=True)
    lines = {}
    for text in result.stdout.splitlines():  # one document per unit
        if not text.startswith("{"):
            continue
        document = json.loads(text)
        for file in document["files"]:
            path = pathlib.Path(os.path.normpath(os.path.join(document["current_working_directory"], file["file"])))
            if not path.is_relative_to(ROOT) or module_of(path.relative_to(ROOT)) is None:
                continue
            name = str(path.relative_to(ROOT))
            for line in file["lines"]:
                at = name, line["line_number"]
                lines[at] = lines.get(at, False) or line["count"] > 0
    return lines


def measure(build, jobs):
    notes = sorted(build.rglob("*.gcno"))
    if not notes:
        sys.exit(f"coverage.py: {build} is no build with SOFTAC_COVERAGE=ON")
    lines = {}
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        for some in pool.map(gcov, (notes[i:i + 4] for i in range(0, len(notes), 4))):
            for at, executed in some.items():
                lines[at] = lines.get(at, False) or executed
    return lines


def ranges_text(numbers, counted):
    """'3-5, 9': runs of the numbers; lines without code, which `counted` lacks, do not end a run."""
    runs, wanted, within = [], set(numbers), False
    for number in counted:
        if number in wanted and within:
            runs[-1][1] = number
        elif number in wanted:
            runs.append([number, number])
        within = number in wanted
    return ", ".join(f"{a}-{b}" if a != b else str(a) for a, b in runs)


def print_table(lines):
    counts = collections.defaultdict(lambda: [0, 0])
    for (name, _), executed in lines.items():
        for row in module_of(pathlib.Path(name)), "total":
            counts[row][0] += 1
            counts[row][1] += executed
    print(f"{'module':<14}{'lines':>8}{'covered':>9}{'percent':>9}")
    for row in sorted(counts, key=lambda r: (r == "total", r)):
        total, covered = counts[row]
        print(f"{row:<14}{total:>8}{covered:>9}{100 * covered / total:>9.1f}")


def print_missing(lines):
    files = collections.defaultdict(list)
    for (name, number), executed in sorted(lines.items()):
        files[name].append((number, executed))
    for name, of_file in files.items():
        missing = [number for number, executed in of_file if not executed]
        if missing:
            print(f"{name}: {len(missing)} of {len(of_file)}: {ranges_text(missing, [number for number, _ in of_file])}")


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--missing", action="store_true")
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build" / "coverage")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--timeout", type=int, default=600)
    parser.add_argument("--report-only", action="store_true")
    parser.add_argument("-D", dest="settings", action="append", default=[])
    parser.add_argument("ctest", nargs="*")
    arguments = parser.parse_args()
    build = arguments.build.resolve()
    status = 0
    if not arguments.report_only:
        status = build_and_test(build, arguments.jobs, arguments.timeout, arguments.settings, arguments.ctest)
    lines = measure(build, arguments.jobs)
    print_table(lines)
    if arguments.missing:
        print_missing(lines)
    return status


if __name__ == "__main__":
    sys.exit(main())
