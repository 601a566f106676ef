"""Reads the files of write_samples.cc with the tools that own the formats, and has it read files that they wrote.

usage: read_back.py WRITE_SAMPLES {safetensors|npz|tensorboard|text}
Exit status 77: a package that the part needs is missing.
"""
import csv
import glob
import hashlib
import json
import math
import os
import struct
import subprocess
import sys
import tempfile

START = 1.7e9
QUOTED = 'a "quoted" name, \N{GREEK SMALL LETTER PI}'


def expect(found, expected, what):
    if not (found == expected or (found != found and expected != expected)):
        raise SystemExit(f"{what}: found {found!r}, expected {expected!r}")


def rows():
    """The metrics rows that write_samples.cc writes: (step, wall time, {name: value})."""
    for i in range(50):
        row = {"time/total_timesteps": 1000.0 * i, "rollout/ep_rew_mean": math.sin(i) * 1e3}
        if i >= 10:
            row["train/critic_loss"] = math.exp(-i) / 3.0
        if i == 20:
            row["train/odd"] = math.nan
        if i == 21:
            row["train/odd"] = -math.inf
        yield 1000 * i, START + 0.125 * i, row


def expect_array(np, array, dtype, shape, what):
    expect(array.dtype, np.dtype(dtype), f"{what}: dtype")
    expect(array.shape, shape, f"{what}: shape")
    expect(array.ravel().tolist(), list(range(1, array.size + 1)), f"{what}: values")


ARRAYS = {"f32": ("<f4", (2, 3)), "f64": ("<f8", (4,)), "i64": ("<i8", (1, 2, 2)), "i32": ("<i4", (3,)), "u8": ("u1", (5,)),
          "scalar": ("<f4", ()), "empty": ("<f4", (0, 2)), QUOTED: ("<f8", (1,))}


def python_arrays(np):
    ramp = lambda shape, dtype: np.arange(1, 1 + math.prod(shape)).astype(dtype).reshape(shape)
    return {"f32": ramp((2, 3), "f4"), "f64": ramp((4,), "f8"), "i64": ramp((1, 2, 2), "i8"), "scalar": ramp((), "f8"),
            "empty": ramp((0, 2), "f4"), "bool": np.array([True, False]), "f16": ramp((3,), "f2")}


def check_safetensors(folder, program):
    import numpy as np
    from safetensors import safe_open
    from safetensors.numpy import save_file

    with safe_open(os.path.join(folder, "softac.safetensors"), "numpy") as file:
        expect(file.metadata(), {"format": "softac", "step": "100"}, "metadata")
        expect(sorted(file.keys()), sorted(ARRAYS), "tensor names")
        for name, (dtype, shape) in ARRAYS.items():
            expect_array(np, file.get_tensor(name), dtype, shape, name)
    save_file(python_arrays(np), os.path.join(folder, "python.safetensors"), {"key": "value"})
    np.savez(os.path.join(folder, "python.npz"), **python_arrays(np))
    subprocess.run([program, "check", folder], check=True)


def check_npz(folder, program):
    import numpy as np
    import zipfile

    expect(zipfile.ZipFile(os.path.join(folder, "softac.npz")).testzip(), None, "zip checksums")
    with np.load(os.path.join(folder, "softac.npz"), allow_pickle=False) as file:
        expected = ARRAYS | {"u64": ("<u8", (2,))}
        expect(sorted(file.files), sorted(expected), "array names")
        for name, (dtype, shape) in expected.items():
            expect_array(np, file[name], dtype, shape, name)
    with np.load(os.path.join(folder, "evaluations.npz"), allow_pickle=False) as file:
        expect(sorted(file.files), ["ep_lengths", "results", "timesteps"], "evaluations.npz")
        expect(file["timesteps"].tolist(), [10000, 20000, 30000], "timesteps")
        expect(file["timesteps"].dtype, np.dtype("int64"), "timesteps dtype")
        expect(file["results"].tolist(), [[k / 10 * i for k in (1, 2, 3, 4)] for i in (1, 2, 3)], "results")
        expect(file["ep_lengths"].tolist(), [[k * i for k in (1, 2, 3, 4)] for i in (1, 2, 3)], "ep_lengths")
        expect(file["ep_lengths"].dtype, np.dtype("int64"), "ep_lengths dtype")
        results = file["results"]
    with open(os.path.join(folder, "evaluations.csv"), newline="") as file:
        for row, returns in zip(csv.DictReader(file), results, strict=True):
            for column, function in (("mean_reward", np.mean), ("std_reward", np.std), ("min_reward", np.min), ("max_reward", np.max)):
                value = float(row[column])
                if not abs(value - function(returns)) <= 1e-14:
                    raise SystemExit(f"evaluations.csv {column}: {value} is not {function(returns)}")
    # The layout of a file that NumPy wrote from such lists, as EvalCallback does.
    np.savez(os.path.join(folder, "numpy.npz"), timesteps=[10000], results=[[0.5, 1.5]], ep_lengths=[[3, 4]])
    with np.load(os.path.join(folder, "numpy.npz")) as theirs, np.load(os.path.join(folder, "evaluations.npz")) as ours:
        for key in theirs.files:
            expect((ours[key].dtype, ours[key].ndim), (theirs[key].dtype, theirs[key].ndim), f"layout of {key}")


def check_tensorboard(folder, program):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from tensorboard.backend.event_processing.event_file_loader import EventFileLoader

    (path,) = glob.glob(os.path.join(folder, "events.out.tfevents.*"))
    first = next(iter(EventFileLoader(path).Load()))
    expect((first.file_version, first.wall_time), ("brain.Event:2", START), "first record")
    expected = {}
    for step, wall_time, row in rows():
        for name, value in row.items():
            value = struct.unpack("<f", struct.pack("<f", value))[0]
            expected.setdefault(name, []).append((wall_time, step, value))
    accumulator = EventAccumulator(path, size_guidance={"scalars": 0})
    accumulator.Reload()
    expect(sorted(accumulator.Tags()["scalars"]), sorted(expected), "scalar tags")
    for name, events in expected.items():
        for found, wanted in zip(accumulator.Scalars(name), events, strict=True):
            for part, value in zip(("wall_time", "step", "value"), wanted, strict=True):
                expect(getattr(found, part), value, f"{name}: {part}")
    # As `tensorboard --logdir` finds it: by the folder.
    by_folder = EventAccumulator(folder)
    by_folder.Reload()
    expect(len(by_folder.Scalars("rollout/ep_rew_mean")), 50, "number of events found by the folder")


def check_text(folder, program):
    names = ["rollout/ep_rew_mean", "time/total_timesteps", "train/critic_loss", "train/odd"]
    with open(os.path.join(folder, "progress.csv"), newline="") as file:
        table = list(csv.reader(file))
    expect(table[0], names, "progress.csv: columns")
    for line, (_, _, row) in zip(table[1:], rows(), strict=True):
        expect(len(line), len(names), "progress.csv: number of fields")
        for text, name in zip(line, names):
            expect(float(text) if text else None, row.get(name), f"progress.csv: {name}")
    with open(os.path.join(folder, "metrics.jsonl")) as file:
        for line, (step, wall_time, row) in zip(file, rows(), strict=True):
            finite = {name: value if math.isfinite(value) else None for name, value in row.items()}
            expect(json.loads(line), {"step": step, "wall_time": wall_time, **finite}, "metrics.jsonl")
    with open(os.path.join(folder, "monitor.csv"), newline="") as file:
        first = file.readline()
        expect(first[0], "#", "monitor.csv: first character")
        expect(json.loads(first[1:]), {"t_start": START, "env_id": "HalfCheetah-v5"}, "monitor.csv: header")
        for i, row in enumerate(csv.DictReader(file)):
            found = {key: float(value) for key, value in row.items()}
            expect(found, {"r": -100.0 / (i + 1), "l": 1000 - i, "t": 0.5 * i}, "monitor.csv: row")
        expect(i, 19, "monitor.csv: last row")
    with open(os.path.join(folder, "sha256.txt")) as file:
        for size, line in enumerate(file):
            data = bytes(7 * i % 256 for i in range(size))
            expect(line.strip(), hashlib.sha256(data).hexdigest(), f"SHA-256 of {size} bytes")
        expect(size, 300, "sha256.txt: last line")


def main():
    program, part = sys.argv[1:]
    check = {"safetensors": check_safetensors, "npz": check_npz, "tensorboard": check_tensorboard, "text": check_text}[part]
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([program, "write", folder], check=True)
        try:
            check(folder, program)
        except ModuleNotFoundError as error:
            print(f"SKIPPED: {sys.executable} has no module {error.name}")
            sys.exit(77)
    print(f"{part}: as expected")


if __name__ == "__main__":
    main()
