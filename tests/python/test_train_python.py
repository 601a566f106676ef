"""softac.train on environments of Python."""
import json
import math
import time

import gymnasium
import numpy as np
import pytest
import softac
from python_pendulum import PythonPendulum, SavingPendulum
from train_support import Failing, Messages, command, config_of, fail_with_error, train

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")  # what the trainer doubts of such short runs


def test_a_python_run_is_a_run_directory_like_any_other(tmp_path):
    report = train(PythonPendulum, total_timesteps=300, run_dir=tmp_path / "run", eval_freq=150, n_eval_episodes=2)
    assert report.reason == "finished" and report.step == 300 and report.num_episodes == 1
    assert report.num_updates == 250 and -4000 < report.best_eval_return < 0
    verified = command("ckpt", "verify", tmp_path / "run")
    assert verified.returncode == 0 and report.state_hash in verified.stdout
    assert "step-000000300" in command("ckpt", "ls", tmp_path / "run").stdout
    for arguments in (("resume", tmp_path / "run", "--steps", 400), ("eval", tmp_path / "run")):
        refused = command(*arguments)
        assert refused.returncode != 0
        assert "'python/PythonPendulum' is made by a function of a Python program: softac.train(" in refused.stderr
    assert {"config.toml", "eval", "best", "monitor.csv"} <= {path.name for path in (tmp_path / "run").iterdir()}


@pytest.mark.parametrize("noise", [0.0, 0.1])
def test_a_python_run_resumes_to_the_bit_where_the_state_is_saved(tmp_path, noise):
    def make():
        return SavingPendulum(noise=noise)

    whole = train(make, total_timesteps=300, run_dir=tmp_path / "whole", eval_freq=150, n_eval_episodes=2)
    train(make, total_timesteps=130, run_dir=tmp_path / "run", eval_freq=150, n_eval_episodes=2)
    report = softac.train(make, run_dir=tmp_path / "run", resume=True, total_timesteps=300)
    assert report.reason == "finished" and report.state_hash == whole.state_hash


def test_an_environment_that_saves_nothing_resumes_with_a_new_episode(tmp_path):
    train(PythonPendulum, total_timesteps=130, run_dir=tmp_path / "run")
    messages = Messages()
    report = softac.train(PythonPendulum, run_dir=tmp_path / "run", resume=True, total_timesteps=300, callback=messages)
    assert report.reason == "finished" and report.step == 300
    assert any("new episode" in text for text in messages.texts)


def test_a_fork_of_a_python_run_begins_in_its_state(tmp_path):
    whole = train(SavingPendulum, total_timesteps=200, records=False)
    train(SavingPendulum, total_timesteps=130, run_dir=tmp_path / "parent")
    fork = softac.train(SavingPendulum, fork_from=tmp_path / "parent", run_dir=tmp_path / "fork", total_timesteps=200)
    assert fork.state_hash == whole.state_hash
    with pytest.raises(softac._core.ConfigError, match="made by a function of a Python program"):
        softac.train(fork_from=tmp_path / "parent", run_dir=tmp_path / "other", total_timesteps=200)


def test_diagnoses_use_environments_of_python_too():
    made = []

    def make():
        made.append(SavingPendulum())
        return made[-1]

    report = train(make, total_timesteps=150, records=False, diag_freq=100)
    assert report.reason == "finished" and len(made) == 2 and len(made[1].seeds) > 1
    alone = train(SavingPendulum, total_timesteps=150, records=False)
    assert report.state_hash == alone.state_hash  # they do not reach the training


def test_resuming_needs_the_environment_of_the_run(tmp_path):
    train(PythonPendulum, total_timesteps=60, run_dir=tmp_path / "run")
    with pytest.raises(softac._core.ConfigError, match="made by a function of a Python program"):
        softac.train(run_dir=tmp_path / "run", resume=True, total_timesteps=100)
    with pytest.raises(softac._core.ConfigError, match="env_id"):
        softac.train(SavingPendulum, run_dir=tmp_path / "run", resume=True, total_timesteps=100)
    with pytest.raises(softac._core.ConfigError, match="env_id"):
        softac.train("Pendulum-v1", run_dir=tmp_path / "run", resume=True, total_timesteps=100)


def test_threads_change_nothing():
    def run(threads):
        return train(
            lambda: SavingPendulum(noise=0.1), total_timesteps=240, records=False,
            n_envs=3, threads=threads, n_env_threads=threads,
        )  # fmt: skip

    reports = [run(1), run(2)]
    assert reports[0].state_hash == reports[1].state_hash != ""
    native = [train("Pendulum-v1", total_timesteps=240, records=False, threads=t).state_hash for t in (1, 2)]
    assert native[0] == native[1] != ""


def test_seeds_come_from_the_runs_generator():
    made = []

    def make():
        made.append(PythonPendulum(limit=30))
        return made[-1]

    train(make, total_timesteps=90, records=False)
    first = [list(env.seeds) for env in made]
    assert len(first[0]) == 4 and len(set(first[0])) == 4 and all(0 <= seed < 2**31 for seed in first[0])
    assert all(env.closed for env in made)
    made.clear()
    train(make, total_timesteps=90, records=False)
    assert [list(env.seeds) for env in made] == first
    made.clear()
    train(make, total_timesteps=90, records=False, seed=6)
    assert [list(env.seeds) for env in made] != first


def test_gymnasium_ids_that_softac_has_not(tmp_path):
    gymnasium.register("SavingPendulum-v0", entry_point="python_pendulum:SavingPendulum", max_episode_steps=50)
    report = train("SavingPendulum-v0", total_timesteps=120, run_dir=tmp_path / "run", env_kwargs={"noise": 0.1})
    assert report.num_episodes == 2
    config = config_of(tmp_path / "run")
    assert config["env_id"] == "python/SavingPendulum-v0" and config["env_kwargs"] == {"noise": 0.1}
    whole = train("SavingPendulum-v0", total_timesteps=180, records=False, env_kwargs={"noise": 0.1})
    again = {"run_dir": tmp_path / "run", "resume": True, "total_timesteps": 180, "env_kwargs": {"noise": 0.1}}
    report = softac.train("SavingPendulum-v0", **again)
    assert report.state_hash == whole.state_hash  # the wrappers of gymnasium.make keep no state of their own
    with pytest.raises(softac._core.ConfigError, match="can only be shortened"):
        train("SavingPendulum-v0", total_timesteps=120, records=False, max_episode_steps=80)
    with pytest.raises(TypeError, match="env_kwargs.'noise'. is a dict"):
        train("SavingPendulum-v0", env_kwargs={"noise": {}})
    with pytest.raises(TypeError, match="env_kwargs"):
        train(SavingPendulum, env_kwargs={"noise": 0.1})


class Shapes(gymnasium.Env):
    """A picture of numbers, a matrix of actions, float64; one number of the observation never changes."""

    def __init__(self):
        low, high = np.full((2, 3), -4.0), np.full((2, 3), 4.0)
        low[1, 2] = high[1, 2] = 1.0
        self.observation_space = gymnasium.spaces.Box(low, high, dtype=np.float64)
        self.action_space = gymnasium.spaces.Box(
            np.array([[-1.0, 0.0], [5.0, -2.0]]), np.array([[1.0, 10.0], [6.0, 2.0]]), dtype=np.float64
        )
        self.actions = []
        self.count = 0

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.count = 0
        return np.ones((2, 3)), {}

    def step(self, action):
        assert self.action_space.contains(action)
        self.actions.append(action)
        self.count += 1
        obs = np.asfortranarray(np.full((2, 3), 0.1 * self.count))
        obs[1, 2] = 1.0
        return obs, np.float64(1.0), np.bool_(self.count == 20), False, {}


def test_any_shape_of_observations_and_actions():
    made = []

    def make():
        made.append(Shapes())
        return made[-1]

    report = train(make, total_timesteps=100, records=False)
    assert report.reason == "finished" and report.num_episodes == 5 and report.ep_return_mean == 20.0
    actions = np.array(made[0].actions)
    assert actions.shape == (100, 2, 2) and len(np.unique(actions[:, 0, 1])) == 100  # each a fresh array
    assert np.ptp(actions[:50, 0, 1]) > 5.0


class Chain(gymnasium.Env):
    """Discrete actions 3, 4 and 5; 5 pays."""

    observation_space = gymnasium.spaces.Box(0, 255, (2, 2, 1), np.uint8)
    action_space = gymnasium.spaces.Discrete(3, start=3)

    def __init__(self):
        self.seen = set()

    def reset(self, *, seed=None, options=None):
        return np.zeros((2, 2, 1), np.uint8), {}

    def step(self, action):
        assert self.action_space.contains(action) and isinstance(action, np.int64)
        self.seen.add(int(action))
        return np.full((2, 2, 1), 200, np.uint8), float(action == 5), True, False, {}


def test_discrete_actions_and_whole_numbers_in_observations():
    made = []

    def make():
        made.append(Chain())
        return made[-1]

    report = train(make, total_timesteps=100, records=False)
    assert report.reason == "finished" and report.num_episodes == 100 and made[0].seen == {3, 4, 5}


def test_other_observation_spaces_through_a_wrapper(tmp_path):
    def make():
        return gymnasium.wrappers.FlattenObservation(gymnasium.make("FrozenLake-v1"))

    report = train(make, total_timesteps=100, run_dir=tmp_path / "run")
    assert report.reason == "finished" and config_of(tmp_path / "run")["env_id"] == "python/FrozenLake-v1"


def test_spaces_that_are_not_supported_say_so():
    class Odd(PythonPendulum):
        def __init__(self, observations, actions):
            super().__init__()
            self.observation_space = observations or self.observation_space
            self.action_space = actions or self.action_space

    spaces = gymnasium.spaces
    with pytest.raises(NotImplementedError, match="FlattenObservation"):
        train(lambda: Odd(spaces.Dict(a=spaces.Discrete(2)), None), records=False)
    with pytest.raises(NotImplementedError, match="MultiDiscrete"):
        train(lambda: Odd(None, spaces.MultiDiscrete([2, 2])), records=False)
    with pytest.raises(NotImplementedError, match="int32"):
        train(lambda: Odd(None, spaces.Box(0, 5, (1,), np.int32)), records=False)
    with pytest.raises(softac._core.ConfigError, match="action bounds"):
        train(lambda: Odd(None, spaces.Box(-np.inf, np.inf, (1,))), records=False)


def test_what_is_no_maker_of_environments():
    env = PythonPendulum()
    with pytest.raises(TypeError, match="a PythonPendulum; expected"):
        train(env)
    with pytest.raises(ValueError, match="same environment twice"):
        train(lambda: env, records=False, eval_freq=100)
    with pytest.raises(TypeError, match="made a int"):
        train(lambda: 3)
    with pytest.raises(ZeroDivisionError):
        train(lambda: 1 // 0)
    with pytest.raises(TypeError, match="a int; expected"):
        train(3)


FAULTS = [
    (fail_with_error, "ValueError: the pole fell off\nTraceback (most recent call last):"),
    (lambda obs, reward: (obs, reward, False, {}), "something else than (observation, reward"),
    (lambda obs, reward: (obs[:2], reward, False, False, {}), "shape (2,), its space says (3,)"),
    (lambda obs, reward: (obs, "much", False, False, {}), "TypeError"),
    (lambda obs, reward: (obs * np.nan, reward, False, False, {}), "observation[0] is NaN"),
    (lambda obs, reward: (None, reward, False, False, {}), "shape ()"),
    (lambda obs, reward: (obs, math.inf, False, False, {}), "reward is inf"),
]


@pytest.mark.parametrize("how, text", FAULTS, ids=range(len(FAULTS)))
def test_faults_of_an_environment_end_the_run(tmp_path, how, text):
    report = train(lambda: Failing(how), total_timesteps=300, run_dir=tmp_path / "run", checkpoint_freq=100)
    assert report.reason == "env_error" and report.state_hash == ""
    assert report.message.startswith("python/Failing (environment 0, step 120): ") and text in report.message
    assert report.checkpoint.endswith("step-000000100")
    assert json.loads((tmp_path / "run" / "status.json").read_text())["reason"] == "env_error"


def test_the_traceback_names_the_line():
    report = train(lambda: Failing(fail_with_error), total_timesteps=300, records=False)
    assert "in fail_with_error" in report.message and 'raise ValueError("the pole fell off")' in report.message


def test_faults_may_reset_the_environment():
    report = train(lambda: Failing(fail_with_error), total_timesteps=300, records=False, env_error_resets=True)
    assert report.reason == "finished"


def test_a_hanging_environment_is_reported():
    def hang(obs, reward):
        time.sleep(1.0)
        return obs, reward, False, False, {}

    with pytest.warns(RuntimeWarning, match="no answer within env_timeout_sec = 0.2 s"):
        report = train(lambda: Failing(hang), total_timesteps=300, records=False, env_timeout_sec=0.2)
    assert report.reason == "env_error" and "no answer within" in report.message


def test_what_is_no_exception_leaves_the_call():
    def leave(obs, reward):
        raise SystemExit(3)

    with pytest.raises(SystemExit):
        train(lambda: Failing(leave), total_timesteps=300, records=False, env_error_resets=True)

    made = []

    def leave_while_making():
        if made:
            raise SystemExit(5)
        made.append(PythonPendulum())
        return made[-1]

    with pytest.raises(SystemExit):
        train(leave_while_making, records=False, n_envs=2)

    class LeavesAtOnce(PythonPendulum):
        def reset(self, *, seed=None, options=None):
            raise SystemExit(4)

    for eval_freq in (0, 100):  # the evaluation resets its environments before the run begins
        with pytest.raises(SystemExit):
            train(LeavesAtOnce, records=False, eval_freq=eval_freq)


def test_states_of_wrong_kinds_are_named(tmp_path):
    class Wrong(PythonPendulum):
        def save_state(self):
            return {"a": [1, {"b": object()}]}

        def load_state(self, state):
            pass

    report = train(Wrong, total_timesteps=60, run_dir=tmp_path / "run")
    assert report.reason == "env_error" and "Wrong.save_state()['a'][1]['b'] is a object" in report.message


def test_states_come_back_as_they_were():
    from softac.env_state import decode_state, encode_state

    state = {
        "array": np.arange(6, dtype=np.float32).reshape(2, 3),
        "empty": np.zeros((0, 2)),
        "scalar": np.float32(0.1),
        "flag": True,
        "none": None,
        "bytes": b"\0\1",
        "big": 2**100,
        "number": 0.1,
        "nested": {"list": [1, "two", np.int64(3)]},
    }
    back = decode_state(encode_state(state, "X"))
    assert list(back) == sorted(state) and back["nested"]["list"] == [1, "two", 3]
    assert isinstance(back["scalar"], np.float32) and back["scalar"] == np.float32(0.1)
    assert back["array"].dtype == np.float32 and (back["array"] == state["array"]).all()
    back["array"][0, 0] = 7.0  # its own
    assert back["empty"].shape == (0, 2) and back["bytes"] == b"\0\1" and back["big"] == 2**100
    assert encode_state(dict(reversed(state.items())), "X") == encode_state(state, "X")
    assert decode_state(encode_state(b"raw", "X")) == b"raw"
    for wrong in (3, {1: 2}, {"a": (1, 2)}, {"a": np.array([object()])}):
        with pytest.raises(TypeError, match="X.save_state"):
            encode_state(wrong, "X")
    with pytest.raises(ValueError):
        decode_state(b"")


def test_stateful_wrappers_make_new_episodes_on_resume(tmp_path):
    def make():
        return gymnasium.wrappers.NormalizeReward(SavingPendulum())

    train(make, total_timesteps=60, run_dir=tmp_path / "run")
    messages = Messages()
    softac.train(make, run_dir=tmp_path / "run", resume=True, total_timesteps=100, callback=messages)
    assert any("new episode" in text for text in messages.texts)
