"""Searches for inputs on which a reader fails: every program of tests/fuzz as a libFuzzer program under ASan and UBSan.

fuzz.py SOURCE_DIR [--build DIR] [--runs N] [TARGET …]

Builds the programs with clang 14 (in SOURCE_DIR/build/fuzz), then runs one after another from the kept inputs, N new
ones each (SOFTAC_FUZZ_RUNS, 10⁷). Prints a row per program and fails if there was any report; the input that led to it
is then below the build folder.
"""
import argparse
import os
import re
import shutil
import subprocess
import sys
import time

# Program → length of its inputs in bytes, at most.
TARGETS = {"safetensors": 1024, "npz": 1024, "monitor_csv": 512, "mdp_csv": 1024, "figure": 1024, "toml_settings": 1024, "run_state": 2048,
           "plugin": 1024, "env_state": 512, "replay": 1024, "manifest": 1024}


def build(source, folder, targets):
    common = ["-DCMAKE_BUILD_TYPE=RelWithDebInfo", "-DCMAKE_CXX_FLAGS_RELWITHDEBINFO=-O1 -g1", "-DCMAKE_C_COMPILER=clang-14",
              "-DCMAKE_CXX_COMPILER=clang++-14", "-DSOFTAC_FUZZ=ON", "-DSOFTAC_SANITIZE=address,undefined,fuzzer-no-link",
              "-DSOFTAC_BUILD_TESTS=ON", f"-DSOFTAC_PYTHON={sys.executable}"]
    subprocess.run(["cmake", "-S", source, "-B", folder, "-G", "Ninja", *common], check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["cmake", "--build", folder, "--target", *[f"fuzz_{name}" for name in targets]], check=True,
                   stdout=subprocess.DEVNULL)


def fuzz(source, folder, name, runs):
    """(executions, reports, seconds, edges covered)"""
    found = os.path.join(folder, "found", name)
    os.makedirs(found, exist_ok=True)
    command = [os.path.join(folder, "tests", "fuzz", f"fuzz_{name}"), f"-runs={runs}", "-print_final_stats=1", "-timeout=60",
               "-rss_limit_mb=3000", f"-max_len={TARGETS[name]}", f"-artifact_prefix={found}-", found,
               os.path.join(source, "tests", "fuzz", "corpus", name)]
    start = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False,
                          env={**os.environ, "UBSAN_OPTIONS": "print_stacktrace=1",
                               "ASAN_OPTIONS": "malloc_context_size=1:quarantine_size_mb=16"})
    executions = re.search(r"stat::number_of_executed_units: +(\d+)", done.stderr)
    covered = re.findall(r"cov: (\d+)", done.stderr)
    if done.returncode != 0:
        print(done.stderr[-8000:], file=sys.stderr)
    return (int(executions[1]) if executions else 0, int(done.returncode != 0), time.monotonic() - start,
            int(covered[-1]) if covered else 0)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source")
    parser.add_argument("targets", nargs="*", default=list(TARGETS), metavar="TARGET")
    parser.add_argument("--build", default="")
    parser.add_argument("--runs", type=int, default=int(os.environ.get("SOFTAC_FUZZ_RUNS", "10000000")))
    args = parser.parse_args()
    for tool in ["clang++-14", "cmake", "ninja"]:
        if shutil.which(tool) is None:
            print(f"SKIPPED: {tool} is not installed")
            raise SystemExit(77)
    folder = os.path.abspath(args.build or os.path.join(args.source, "build", "fuzz"))
    build(args.source, folder, args.targets)
    reports = 0
    for name in args.targets:
        executions, failed, seconds, edges = fuzz(args.source, folder, name, args.runs)
        print(f"{name}: {executions} executions, {failed} reports, {seconds:.0f} s, {edges} edges covered", flush=True)
        reports += failed
        # One that ended early, for whatever reason, has not been searched.
        if executions < args.runs:
            reports += 1
    raise SystemExit(1 if reports else 0)


if __name__ == "__main__":
    main()
