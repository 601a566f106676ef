"""Compiles exported C with the compilers that are here, with and without fused multiply-adds, and compares the actions
with the learner's: the same bits with them, 1e-5 of half an action's range without.

test_c.py WRITE_EXPORTS [--mode quick|presets|recorded] [--rows N]
"""
import concurrent.futures
import os
import platform
import shutil
import subprocess

import numpy as np
from exported import Case, export_all, finish

HERE = os.path.dirname(os.path.abspath(__file__))
STRICT = ["-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-O2"]
MAY_CALL = {"memcpy", "memset", "memmove", "__stack_chk_fail", "_GLOBAL_OFFSET_TABLE_"}


def has_fma() -> bool:
    if platform.machine() != "x86_64":
        return False
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        return " fma " in file.read()


def builds():
    """(name, compiler and flags, whether its actions must be the learner's bits)."""
    for compiler in ("gcc", "clang", "clang-14"):
        if shutil.which(compiler) is None or (compiler == "clang-14" and shutil.which("clang")):
            continue
        if has_fma():
            yield f"{compiler} with FMA", [compiler, *STRICT, "-mfma"], True
            yield f"{compiler} without FMA", [compiler, *STRICT, "-mno-fma"], False
        else:
            yield compiler, [compiler, *STRICT], platform.machine() == "aarch64"


def thorough(case: Case) -> bool:
    return len(case.observation) >= 10_000


def complaints_of_symbols(case: Case, command: list) -> list:
    """What the objects call beside a few functions that compilers take for granted, and data that can change."""
    lines = []
    for source in ("policy", "int16"):
        target = case.path(source + ".o")
        subprocess.run([*command, "-c", case.path(source + ".c"), "-o", target], check=True)
        lines += subprocess.run(["nm", target], check=True, capture_output=True, text=True).stdout.split("\n")
    return [f"{case.name}: {line.strip()}" for line in lines
            if (line[17:18] == "U" and line[19:] not in MAY_CALL) or line[17:18] in ("b", "B", "d", "D", "C")]


def compile_and_run(case: Case, name: str, command: list) -> tuple:
    """Results of both functions, of the self-tests, and complaints."""
    stem = case.path(name.replace(" ", "_"))
    flags = ["-DDISCRETE"] if case.discrete else []
    sources = [case.path("policy.c"), os.path.join(HERE, "run_policy.c")]
    if name.startswith("gcc with FMA") or thorough(case):
        sources.append(case.path("int16.c"))
    else:
        flags.append("-DFLOAT_ONLY")
    libraries = ["-lm"] if "library" in name else []
    subprocess.run([*command, *flags, "-I", case.folder, *sources, "-o", stem, *libraries], check=True)
    complaints = complaints_of_symbols(case, command) if name.startswith("gcc with FMA") else []
    done = subprocess.run([stem, str(len(case.observation))], input=case.observation.tobytes() + case.noise.tobytes(), check=True,
                          capture_output=True).stdout
    values = np.frombuffer(done, dtype=np.float32)
    failed, values = values[:2], values[2:]
    if failed.any():
        complaints.append(f"{case.name}, {name}: {failed} samples fail the self-tests")
    rows = len(case.observation)
    action, drawn = values[:case.action.size].reshape(rows, -1), values[case.action.size:2 * case.action.size].reshape(rows, -1)
    logits = values[2 * case.action.size:].reshape(rows, -1)
    return action, drawn, logits, complaints


def check(case: Case, name: str, command: list, exact: bool) -> list:
    action, drawn, logits, problems = compile_and_run(case, name, command)
    pairs = [("act", action, case.action), ("draw", drawn, case.drawn)]
    if exact:
        if case.discrete:
            pairs.append(("logits", logits, case.logits))
        for what, found, expected in pairs:
            differ = int((found.view(np.int32) != expected.view(np.int32)).sum())
            if differ:
                problems.append(f"{case.name}, {name}: {differ} of {found.size} values of {what} differ")
        return problems
    for what, found, expected in pairs:
        far = int(case.far(found, expected, 1e-5).sum())
        if far > (len(found) // 500 if case.jumps() else 0):
            problems.append(f"{case.name}, {name}: {far} of {len(found)} rows of {what} are further off than 1e-5")
    if case.discrete and not np.allclose(logits, case.logits, rtol=1e-4, atol=1e-4):
        problems.append(f"{case.name}, {name}: the logits are further off than 1e-4")
    return problems


def check_other_modes(case: Case) -> list:
    """Compilers that may fuse by themselves, C++ that includes the header, and -ffast-math."""
    problems = []
    if platform.machine() == "x86_64":
        problems += check(case, "fmaf of the library", ["gcc", *STRICT, "-mno-fma", "-Dpolicy_FMA=1", "-Dsmall_FMA=1"], True)
    if has_fma():
        for name, command in (("gnu17", ["gcc", "-O3", "-mfma"]), ("fused", ["gcc", "-O2", "-mfma", "-ffp-contract=fast"])):
            problems += check(case, name, command, True)
    text = '#include "policy.h"\nint main() { return policy_self_test(); }\n'
    flags = ["-std=c++11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-x", "c++", "-fsyntax-only", "-I", case.folder, "-"]
    subprocess.run(["g++", *flags], input=text, text=True, check=True)
    fast = subprocess.run(["gcc", "-O2", "-ffast-math", "-c", case.path("policy.c"), "-o", os.devnull], capture_output=True, text=True,
                          check=False)
    if fast.returncode == 0 or "-ffast-math changes the results" not in fast.stderr:
        problems.append("-ffast-math is not refused")
    return problems


def main() -> None:
    holder, cases = export_all(2000)
    # Where there is less time clang takes every third of them.
    jobs = [(case, *build) for number, case in enumerate(cases) for build in builds()
            if build[0].startswith("gcc") or number % 3 == 0 or thorough(case)]
    with holder, concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        problems = [line for lines in pool.map(lambda job: check(*job), jobs) for line in lines]
        for case in cases:
            if case.name in ("mixture", "silu_norm"):
                problems += check_other_modes(case)
    print(f"{len(cases)} policies, {', '.join(name for name, *_ in builds())}: {len(cases[0].observation)} rows each")
    finish(problems)


main()
