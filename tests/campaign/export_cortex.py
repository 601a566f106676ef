#!/usr/bin/env python3
"""Exported C on Cortex-M7 and M4F in qemu: the learner's own bits; on an M3 without floating-point unit 1e-5 of half the range.

Usage: export_cortex.py WRITE_EXPORTS
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
GCC = ["arm-none-eabi-gcc", "-std=c99", "-O2", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-mthumb"]
# (name, flags, qemu's board)
BOARDS = [
    ("Cortex-M7", ["-mcpu=cortex-m7", "-mfpu=fpv5-sp-d16", "-mfloat-abi=hard", "-DHAS_FPU"], "mps2-an500"),
    ("Cortex-M4F", ["-mcpu=cortex-m4", "-mfpu=fpv4-sp-d16", "-mfloat-abi=hard", "-DHAS_FPU"], "mps2-an386"),
    ("Cortex-M3", ["-mcpu=cortex-m3", "-mfloat-abi=soft", "-DTOLERANCE=1e-5f"], "mps2-an385"),
]
VARIANTS = {"quick": ["mixture", "full_covariance", "silu_norm", "elu", "tanh_rule", "normalize_obs", "plain"],
            "presets": ["preset_HalfCheetah", "preset_Pendulum"]}
ROWS = 64

for tool, package in (("arm-none-eabi-gcc", "gcc-arm-none-eabi"), ("qemu-system-arm", "qemu-system-arm")):
    if shutil.which(tool) is None:
        print(f"SKIPPED: needs {tool}: apt-get install {package}")
        sys.exit(77)
try:
    import numpy as np
except ImportError:
    print("SKIPPED: needs the Python package numpy")
    sys.exit(77)


def table(name: str, values: "np.ndarray") -> str:
    return f"static const float {name}[] = {{{', '.join(f'{float(x)!r}f' for x in values.ravel())}}};\n"


def write_cases(folder: str) -> None:
    cases = np.load(os.path.join(folder, "cases.npz"))
    bounds = np.load(os.path.join(folder, "policy.npz"))
    text = f"#define ROWS {ROWS}\n#define WIDTH {cases['action'].shape[1]}\n"
    for name, key in (("observations", "observation"), ("noises", "noise"), ("actions", "action"), ("drawn", "drawn")):
        text += table(name, cases[key])
    text += "#ifdef TOLERANCE\n" + table("half_range", (bounds["action_high"] - bounds["action_low"]) / 2) + "#endif\n"
    with open(os.path.join(folder, "cases.h"), "w", encoding="utf-8") as file:
        file.write(text)


def run(folder: str, name: str, flags: list, board: str) -> bool:
    program = os.path.join(folder, name + ".elf")
    sources = [os.path.join(folder, "policy.c"), os.path.join(folder, "int16.c"), os.path.join(HERE, "cortex_run.c")]
    stack = ["-fstack-usage"] if flags else []
    subprocess.run([*GCC, *flags, *stack, "-I", folder, *sources, "-nostartfiles", "-T", os.path.join(HERE, "cortex.ld"), "-lc", "-lgcc",
                    "-o", program], check=True, cwd=folder)
    done = subprocess.run(["qemu-system-arm", "-M", board, "-nographic", "-monitor", "none", "-serial", "none", "-semihosting-config",
                           "enable=on,target=native", "-kernel", program], capture_output=True, text=True, timeout=600, check=False,
                          stdin=subprocess.DEVNULL)
    said = done.stdout + done.stderr
    numbers = [int(x) for x in re.findall(r": (\d+)$", said, re.MULTILINE)]
    text, data = subprocess.run(["arm-none-eabi-size", program], capture_output=True, text=True, check=True).stdout.split("\n")[1].split()[:2]
    usage = [line.split("\t") for entry in os.scandir(folder) if entry.name.endswith("policy.su") for line in open(entry, encoding="utf-8")]
    stack_bytes = max((int(parts[1]) for parts in usage if parts[0].endswith(("policy_act", "policy_draw"))), default=0)
    good = len(numbers) == 3 and numbers[0] == 0 and numbers[1] > 0 and numbers[2] == 0
    print(f"{os.path.basename(folder):20} {name:11} {numbers} text {text} data {data} stack {stack_bytes}" + ("" if good else f"\n{said}"))
    return good and int(data) == 0


ok = True
for mode, names in VARIANTS.items():
    with tempfile.TemporaryDirectory(prefix="softac_cortex_") as root:
        subprocess.run([sys.argv[1], root, mode, str(ROWS)], check=True, stdout=subprocess.DEVNULL)
        for variant in names:
            write_cases(os.path.join(root, variant))
            for board in BOARDS:
                ok = run(os.path.join(root, variant), *board) and ok
sys.exit(0 if ok else 1)
