"""softac.train and softac.evaluate on native environments."""
import json

import numpy as np
import pytest
import softac
from python_pendulum import PythonPendulum, SavingPendulum
from train_support import StopAt, command, config_of, train

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")  # what the trainer doubts of such short runs


def test_a_native_run_is_what_the_command_makes(tmp_path):
    report = softac.train(
        "softac/Pendulum-v1", total_timesteps=300, seed=5, run_dir=tmp_path / "a",
        threads=1, net_arch=[16, 16], eval_freq=0,
    )  # fmt: skip
    assert report.reason == "finished" and report.step == 300 and report.run_dir == str(tmp_path / "a")
    out = command("train", "Pendulum-v1", "--steps", 300, "--seed", 5, "--run-dir", tmp_path / "b", "--json",
                  "--set", "threads=1", "--set", "net_arch=[16,16]", "--set", "eval_freq=0")  # fmt: skip
    assert out.returncode == 0, out.stderr
    assert json.loads(out.stdout)["state_hash"] == report.state_hash
    ours, theirs = config_of(tmp_path / "a"), config_of(tmp_path / "b")
    origins, of_command = ours.pop("origin"), theirs.pop("origin")
    assert ours == theirs
    assert origins["net_arch"] == "softac.train" and of_command["net_arch"] == "--set"
    assert origins["gamma"] == of_command["gamma"]
    assert (tmp_path / "a" / "command.txt").read_text().startswith("softac.train('softac/Pendulum-v1', ")


def test_a_native_run_goes_on_from_python_and_from_the_command(tmp_path):
    whole = train("Pendulum-v1", total_timesteps=300, run_dir=tmp_path / "whole")
    train("Pendulum-v1", total_timesteps=100, run_dir=tmp_path / "run")
    assert command("resume", tmp_path / "run", "--steps", 200).returncode == 0
    report = softac.train(run_dir=tmp_path / "run", resume=True, total_timesteps=300)
    assert report.state_hash == whole.state_hash
    assert command("eval", tmp_path / "run", "--episodes", 2).returncode == 0


def test_resume_auto_begins_and_then_resumes(tmp_path):
    arguments = {"runs_root": tmp_path, "resume": "auto", "total_timesteps": 200}
    first = train("Pendulum-v1", **arguments, callback=StopAt(100))
    assert first.reason == "stopped" and first.step == 100
    second = train("Pendulum-v1", **arguments)
    assert second.run_dir == first.run_dir and second.reason == "finished"
    assert train("Pendulum-v1", **arguments).run_dir != first.run_dir


def test_a_fork_and_networks_of_another_run(tmp_path):
    train("Pendulum-v1", total_timesteps=100, run_dir=tmp_path / "parent")
    changes = {"total_timesteps": 160, "learning_rate": 1e-3}
    fork = softac.train(fork_from=tmp_path / "parent", run_dir=tmp_path / "fork", **changes)
    assert fork.step == 160 and config_of(tmp_path / "fork")["learning_rate"] == 1e-3
    assert train("Pendulum-v1", total_timesteps=60, init_from=tmp_path / "parent", run_dir=tmp_path / "c").step == 60
    with pytest.raises(softac._core.ConfigError, match="preset, method and config"):
        softac.train(fork_from=tmp_path / "parent", preset="sb3")


def test_presets_files_and_net_arch_as_a_dict(tmp_path):
    (tmp_path / "settings.toml").write_text("gamma = 0.9\nlearning_rate = 1e-3\n")
    report = softac.train(
        "Pendulum-v1", total_timesteps=60, run_dir=tmp_path / "run", preset="sb3", config=tmp_path / "settings.toml",
        learning_rate=np.float32(0.5), net_arch={"pi": (8, 8), "qf": [16]}, eval_freq=0, threads=1,
    )  # fmt: skip
    assert report.reason == "finished"
    config = config_of(tmp_path / "run")
    assert (config["gamma"], config["learning_rate"], config["net_arch_actor"]) == (0.9, 0.5, [8, 8])
    assert config["net_arch_critic"] == [16] and config["origin"]["tau"] == "preset sb3"


def test_wrong_settings_are_named_all_at_once():
    with pytest.raises(softac._core.ConfigError) as error:
        softac.train("Pendulum-v1", lerning_rate=1e-3, gamma=2.0, batch_size="many")
    text = str(error.value)
    assert "unknown setting \"lerning_rate\" (did you mean 'learning_rate'?) [softac.train]" in text
    assert "gamma = 2" in text and 'batch_size = "many": expected integer' in text
    with pytest.raises(softac._core.ConfigError, match="\"Pendulm-v1\" .did you mean 'Pendulum-v1'"):
        softac.train("Pendulm-v1")
    with pytest.raises(softac._core.ConfigError, match="unknown preset"):
        softac.train("Pendulum-v1", preset="sb4")
    with pytest.raises(softac._core.ConfigError, match="has no argument \"gg\""):
        softac.train("Pendulum-v1", env_kwargs={"gg": 1.0})
    with pytest.raises(TypeError, match="gamma = None"):
        softac.train("Pendulum-v1", gamma=None)
    with pytest.raises(TypeError, match="net_arch"):
        softac.train("Pendulum-v1", net_arch=[1, "a"])
    with pytest.raises(ValueError, match="resume"):
        softac.train("Pendulum-v1", resume="yes")
    with pytest.raises(ValueError, match="env"):
        softac.train()
    with pytest.raises(OSError):
        softac.train(run_dir="/nowhere-at-all", resume=True)


def test_arguments_of_a_native_environment(tmp_path):
    train("Pendulum-v1", total_timesteps=60, run_dir=tmp_path / "run", env_kwargs={"g": 9.81})
    assert config_of(tmp_path / "run")["env_kwargs"] == {"g": 9.81}


def test_without_records_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    report = train("Pendulum-v1", total_timesteps=60, records=False)
    assert (report.run_dir, report.checkpoint) == ("", "") and not list(tmp_path.iterdir())


def test_evaluate_gives_what_the_command_gives(tmp_path):
    train("Pendulum-v1", total_timesteps=200, run_dir=tmp_path / "run", eval_freq=100, n_eval_episodes=2)
    stats = softac.evaluate(tmp_path / "run", episodes=3, seed=7)
    out = json.loads(command("eval", tmp_path / "run", "--episodes", 3, "--seed", 7, "--json").stdout)
    assert stats.returns.tolist() == out["returns"] and stats.mean_return == out["mean_return"]
    assert stats.step == 200 and stats.env_id == "Pendulum-v1" and stats.training_seed == 5
    assert softac.evaluate(tmp_path / "run", episodes=2, model="best").model_path.endswith("best/model.safetensors")
    assert softac.evaluate(tmp_path / "run", episodes=2, model=200).step == 200
    assert softac.evaluate(tmp_path / "run", episodes=2, deterministic=False).returns.tolist() != stats.returns.tolist()
    assert (softac.evaluate(tmp_path / "run", episodes=2, max_episode_steps=30).lengths == 30).all()
    lighter = softac.evaluate(tmp_path / "run", episodes=3, seed=7, env_kwargs={"g": 1.0})
    assert lighter.returns.tolist() != stats.returns.tolist()
    for wrong in ({"episodes": 0}, {"seed": -1}, {"model": "worst"}, {"env_kwargs": {"mass": 1.0}}, {"threads": -1}):
        with pytest.raises(softac._core.ConfigError):
            softac.evaluate(tmp_path / "run", **wrong)
    with pytest.raises(softac._core.IoError):
        softac.evaluate(tmp_path / "nothing")
    with pytest.raises(softac._core.StoppedError):
        softac.evaluate(tmp_path / "run", episodes=100000, max_time_sec=0.05)


def test_evaluate_of_a_python_run_needs_its_maker(tmp_path):
    train(PythonPendulum, total_timesteps=100, run_dir=tmp_path / "run")
    assert softac.evaluate(tmp_path / "run", env=PythonPendulum, episodes=2).lengths.tolist() == [200, 200]
    with pytest.raises(softac._core.ConfigError, match="made by a function of a Python program"):
        softac.evaluate(tmp_path / "run")
    with pytest.raises(softac._core.ConfigError, match="which is python/PythonPendulum"):
        softac.evaluate(tmp_path / "run", env=SavingPendulum)
