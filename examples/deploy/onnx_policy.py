"""An exported policy in onnxruntime: its facts, its recorded samples, and, with --link, in place of control.c.

onnx_policy.py policy.onnx [--link NAME] [--seconds S]      needs the packages onnxruntime and numpy
"""

import argparse
import json
import mmap
import time

import numpy as np
import onnxruntime

PERIOD_NS = 2_000_000
HEADER = 8  # numbers of 32 bits before the observation, as in link.h
OBSERVATIONS, ACTIONS = 512, 64


class Policy:
    """act(observation (O)) → action (A) in the environment's units."""

    def __init__(self, path: str) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        self.facts: dict[str, str] = self.session.get_modelmeta().custom_metadata_map

    def act(self, observation: np.ndarray) -> np.ndarray:
        return self.session.run(["action"], {"observation": observation[None, :]})[0][0]

    def largest_error(self) -> float:
        """Over the samples that softac recorded, in half ranges of an action."""
        low, high = (np.array(json.loads(self.facts[key])) for key in ("action_low", "action_high"))
        errors = [
            np.abs(self.act(np.float32(sample["observation"])) - np.float32(sample["action"])) / (high - low) * 2
            for sample in json.loads(self.facts["samples"])
        ]
        return float(np.max(errors))


class Link:
    """The memory that the plant shares (link.h)."""

    def __init__(self, name: str) -> None:
        with open("/dev/shm" + name, "r+b") as file:
            self.memory = mmap.mmap(file.fileno(), 0)
        self.header = np.frombuffer(self.memory, np.uint32, HEADER)
        self.start_ns = int(np.frombuffer(self.memory, np.int64, 1, 24)[0])
        numbers = np.frombuffer(self.memory, np.float32, OBSERVATIONS + ACTIONS, HEADER * 4)
        self.observation = numbers[: self.header[0]]
        self.action = numbers[OBSERVATIONS : OBSERVATIONS + self.header[1]]

    def newest(self) -> np.ndarray:
        while True:
            before = int(self.header[2])
            copy = self.observation.copy()
            if before % 2 == 0 and int(self.header[2]) == before:
                return copy

    def publish(self, action: np.ndarray) -> None:
        self.header[3] += 1
        self.action[:] = action
        self.header[3] += 1

    def stop(self) -> None:
        self.header[4] = 1


def control(policy: Policy, link: Link, seconds: float) -> np.ndarray:
    """Acts at 500 Hz; returns each action's latency in microseconds."""
    late = []
    periods = (time.monotonic_ns() - link.start_ns) // PERIOD_NS + 2
    start = link.start_ns + periods * PERIOD_NS + PERIOD_NS // 4  # in the plant's rhythm, a quarter of a period later
    for step in range(int(seconds * 1e9 / PERIOD_NS)):
        deadline = start + step * PERIOD_NS
        time.sleep(max(0, deadline - time.monotonic_ns()) / 1e9)
        link.publish(policy.act(link.newest()))
        late.append((time.monotonic_ns() - deadline) / 1e3)
    link.stop()
    return np.array(late)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("--link", help="name of the plant's memory, e.g. /softac-plant")
    parser.add_argument("--seconds", type=float, default=10.0)
    options = parser.parse_args()
    policy = Policy(options.model)
    print(f"{policy.facts['environment']}: {policy.facts['policy']} policy after {policy.facts['step']} steps")
    print(f"largest error over the recorded samples: {policy.largest_error():.2g} of half an action's range")
    if options.link:
        late = control(policy, Link(options.link), options.seconds)
        print(f"{len(late)} actions at 500 Hz: latency {late.mean():.1f} us on average, {late.max():.1f} us at worst")


if __name__ == "__main__":
    main()
