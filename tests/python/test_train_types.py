"""A program that uses softac.train and softac.exact is correct for mypy --strict."""
import os
import pathlib
import subprocess
import sys

import pytest
import softac

PROGRAM = '''
import gymnasium
import numpy as np
import softac
from softac import exact
from softac.training import EvalStats, TrainSummary


class Callback:
    def on_step(self, summary: TrainSummary) -> bool:
        return summary.update.critic_loss < 1e6 and summary.step < 100

    def on_evaluation(self, summary: TrainSummary, stats: EvalStats) -> None:
        print(stats.returns.mean(), stats.lengths.tolist())


report = softac.train("Pendulum-v1", total_timesteps=100, learning_rate=1e-3, net_arch=[64, 64], callback=Callback())
softac.train(lambda: gymnasium.make("Pendulum-v1"), net_arch={"pi": [64], "qf": [64]}, resume="auto")
stats: EvalStats = softac.evaluate(report.run_dir, episodes=3)
solution = exact.solve_soft(exact.frozen_lake(), alpha=0.1)
value: float = float(solution.v[0])
pi = exact.boltzmann_policy(exact.frozen_lake(), solution.q)
mdp: exact.FiniteMdp = exact.mdp_from_dense(np.ones((1, 1, 1)), [[0.0]])
estimate = exact.boltzmann_target([0.0], [0.0], lambda actions: -(actions**2).sum(axis=1), 0.5)
print(report.reason, report.state_hash, value, pi.shape, exact.mdp_rows(mdp)["s"], estimate.log_z)
'''
MISTAKES = {
    'softac.train("Pendulum-v1", resume="maybe")': "arg-type",
    "softac.train(3)": "arg-type",
    'softac.evaluate("run").mean_retrun': "attr-defined",
    "softac.exact.solve_soft(3)": "arg-type",
}
# What gymnasium can work with is large where it is installed, and not what is checked here.
CONFIG = "[mypy]\nfollow_imports = silent\n[mypy-torch.*,jax.*,matplotlib.*]\nfollow_imports = skip\n"


def test_mypy_accepts_a_program_and_finds_mistakes(tmp_path):
    pytest.importorskip("mypy")
    (tmp_path / "right.py").write_text(PROGRAM)
    (tmp_path / "wrong.py").write_text("import softac\n" + "\n".join(MISTAKES))
    package = pathlib.Path(softac.__file__).parents[1]
    cache = package / ".mypy_cache" if os.access(package, os.W_OK) else tmp_path / "cache"
    (tmp_path / "mypy.ini").write_text(CONFIG)
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file", "mypy.ini", "--cache-dir", cache]
    out = subprocess.run(
        [*command, "right.py", "wrong.py"],
        cwd=tmp_path, env={"MYPYPATH": str(package)}, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    lines = out.stdout.splitlines()
    assert not any("right.py" in line for line in lines) and "wrong.py" in out.stdout, out.stdout + out.stderr
    for number, kind in enumerate(MISTAKES.values(), start=2):
        assert any(f"wrong.py:{number}:" in line and f"[{kind}]" in line for line in lines), out.stdout
