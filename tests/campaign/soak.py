"""A long run that checkpoints every few seconds: resident memory and open files stay as they are, every checkpoint
verifies, and the run ends with code 75.

soak.py SOFTAC [MINUTES]

The replay is small, so that all of its memory has been touched when the warm-up (a sixth of the time) is over.
"""
import json
import os
import signal
import subprocess
import sys
import tempfile
import time

LIMIT_KB_PER_HOUR = 1024.0


def resident_kb(process):
    """All resident memory, and the part of it that is no file's."""
    with open(f"/proc/{process.pid}/smaps_rollup", encoding="utf-8") as file:
        kb = {line.split(":")[0]: int(line.split()[1]) for line in file if " kB" in line}
    return kb["Rss"], kb["Anonymous"]


def slope(points):
    """Least squares, per unit of the first coordinate."""
    n = len(points)
    mean_x, mean_y = sum(x for x, _ in points) / n, sum(y for _, y in points) / n
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / sum((x - mean_x) ** 2 for x, _ in points)


def main():
    softac = os.path.abspath(sys.argv[1])
    minutes = float(sys.argv[2]) if len(sys.argv) > 2 else float(os.environ.get("SOFTAC_SOAK_MINUTES", "60"))
    with tempfile.TemporaryDirectory(prefix="softac_soak_") as folder:
        process = subprocess.Popen(
            [softac, "train", "HalfCheetah-v5", "--steps", "1000000000", "--run-dir", "run", "-q", "--set", "net_arch=[32,32]",
             "--set", "buffer_size=20000", "--set", "n_envs=2", "--set", "n_env_threads=2", "--set", "checkpoint_freq=5000",
             "--set", "eval_freq=20000", "--set", "n_eval_episodes=1", "--set", "tensorboard=false", "--set", "learning_starts=1000"],
            cwd=folder, stdout=subprocess.DEVNULL)
        start, points, files, num_verified, last = time.monotonic(), [], [], 0, ""
        while (elapsed := time.monotonic() - start) < 60.0 * minutes:
            time.sleep(min(1.0, minutes))
            if process.poll() is not None:
                raise SystemExit(f"the run ended with {process.returncode}")
            if elapsed > 10.0 * minutes:
                points.append((elapsed / 3600.0, *resident_kb(process)))
                files.append(len(os.listdir(f"/proc/{process.pid}/fd")))
            latest = os.path.join(folder, "run", "checkpoints", "latest")
            name = open(latest, encoding="utf-8").read().strip() if os.path.exists(latest) else ""
            if name != last:
                done = subprocess.run([softac, "ckpt", "verify", "run", "--json"], cwd=folder, capture_output=True, text=True,
                                      check=False)
                # One that was removed while it was being read is no damage.
                newest = json.loads(done.stdout)
                if not newest["complete"]:
                    raise SystemExit(f"no intact checkpoint: {done.stderr}")
                num_verified += 1
                last = name
        process.send_signal(signal.SIGTERM)
        code = process.wait(timeout=60)
        growth = slope([(hours, all_kb) for hours, all_kb, _ in points])
        print(f"{minutes:g} minutes: {growth:.0f} kB per hour, {points[0][1]} → {points[-1][1]} kB resident "
              f"({points[0][2]} → {points[-1][2]} kB of it no file's), "
              f"{min(files)} to {max(files)} open files, {num_verified} checkpoints verified, exit code {code}")
        allowed = max(LIMIT_KB_PER_HOUR, LIMIT_KB_PER_HOUR / max(minutes / 60.0, 1e-9) * 0.25)
        if growth > allowed or max(files) > min(files) + 2 or num_verified < 2 or code != 75:
            raise SystemExit("FAILED")


if __name__ == "__main__":
    main()
