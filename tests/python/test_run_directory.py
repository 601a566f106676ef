"""run_dir: what learn leaves behind."""

import json
from pathlib import Path

import numpy as np
import pytest
from toy_envs import CountingEnv

import softac

SMALL = {"learning_starts": 5, "batch_size": 4, "buffer_size": 100, "policy_kwargs": {"net_arch": [4]}, "seed": 1}


def test_records_of_a_run(tmp_path: Path) -> None:
    folder = tmp_path / "runs" / "toy"
    model = softac.SAC("MlpPolicy", CountingEnv(5), run_dir=folder, **SMALL)
    model.learn(42, log_interval=1)
    status = json.loads((folder / "status.json").read_text())
    assert (status["state"], status["step"], status["total_timesteps"]) == ("finished", 42, 42)
    lines = (folder / "monitor.csv").read_text().splitlines()
    assert lines[0].startswith("#{") and lines[1] == "r,l,t" and len(lines) == 2 + 8
    assert all(line.split(",")[1] == "5" for line in lines[2:])
    assert "rollout/ep_rew_mean" in (folder / "progress.csv").read_text().splitlines()[0]
    assert len((folder / "progress.csv").read_text().splitlines()) == 1 + 8
    assert list(folder.glob("events.out.tfevents.*"))
    assert json.loads((folder / "config.json").read_text())["arguments"]["batch_size"] == 4
    loaded = softac.SAC.load(folder / "model.zip")
    assert loaded.state_hash() == model.state_hash()
    model.learn(10, reset_num_timesteps=False)
    assert json.loads((folder / "status.json").read_text())["step"] == 52
    assert len((folder / "monitor.csv").read_text().splitlines()) == 2 + 10


@pytest.mark.parametrize("error, state", [(KeyboardInterrupt, "stopped"), (ZeroDivisionError, "failed")])
def test_a_run_that_is_broken_off_keeps_its_model(tmp_path: Path, error: type[BaseException], state: str) -> None:
    model = softac.SAC("MlpPolicy", CountingEnv(5), run_dir=tmp_path / "run", **SMALL)

    def callback(local: dict[str, object], _: object) -> bool:
        if model.num_timesteps == 20:
            raise error
        return True

    with pytest.raises(error):
        model.learn(42, callback=callback)
    assert json.loads((tmp_path / "run" / "status.json").read_text())["state"] == state
    loaded = softac.SAC.load(tmp_path / "run" / "model.zip", CountingEnv(5))
    assert loaded.num_timesteps == 20
    loaded.learn(10, reset_num_timesteps=False)
    assert np.isfinite(loaded.predict(np.zeros(2, np.float32))[0]).all()


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("mine")
    model = softac.SAC("MlpPolicy", CountingEnv(5), run_dir=tmp_path, **SMALL)
    with pytest.raises(FileExistsError, match="not empty"):
        model.learn(10)
    assert [path.name for path in tmp_path.iterdir()] == ["x"]
