"""softac.vec_env: clear errors where an environment, or a caller, breaks Gymnasium's interface."""

from __future__ import annotations

import warnings

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from toy_rows import ACTIONS, BufferedVectorEnv, ToyEnv, toy_fns

from softac.vec_env import DummyVecEnv, as_vec_env

MODES = list(AutoresetMode)


def actions(count):
    return np.tile(np.array([0.1, 1.0], np.float32), (count, 1))


def test_autoreset_mode_must_be_known():
    vector = SyncVectorEnv(toy_fns(1))
    vector.metadata["autoreset_mode"] = "SameStep"
    vector.autoreset_mode = AutoresetMode.SAME_STEP
    assert as_vec_env(vector).autoreset_mode is AutoresetMode.SAME_STEP
    del vector.metadata["autoreset_mode"]
    with pytest.raises(ValueError, match="autoreset_mode"):
        as_vec_env(vector)


def test_same_step_without_final_obs():
    vector = BufferedVectorEnv(1, AutoresetMode.SAME_STEP, limit=1)
    vector.mode = AutoresetMode.DISABLED
    env = as_vec_env(vector)
    env.reset()
    with pytest.raises(ValueError, match="final_obs"):
        env.step(actions(1))


def test_made_by_functions():
    with pytest.raises(ValueError, match="at least one"):
        DummyVecEnv([])
    with pytest.raises(TypeError, match="lambda: env"):
        DummyVecEnv([ToyEnv()])
    with pytest.raises(TypeError, match="not a gymnasium.Env"):
        DummyVecEnv([lambda: 3])
    env = ToyEnv()
    with pytest.raises(ValueError, match="0 and 1 are the same instance"):
        DummyVecEnv([lambda: env, lambda: gymnasium.wrappers.TimeLimit(env, 5)])
    with pytest.raises(ValueError, match="observation_space of environment 1"):
        DummyVecEnv([ToyEnv, lambda: ToyEnv("discrete")])


def test_order_of_calls():
    for env in (DummyVecEnv(toy_fns(2)), as_vec_env(SyncVectorEnv(toy_fns(2)))):
        with pytest.raises(RuntimeError, match=r"reset\(\) must be called first"):
            env.step(actions(2))
        env.reset()
        with pytest.raises(RuntimeError, match="step_async"):
            env.step_wait()
        for wrong in (actions(1), actions(3), actions(2)[0], np.zeros((2, 3))):
            with pytest.raises(ValueError, match=r"Actions of shape \(2, 2\)"):
                env.step(wrong)
        env.step(list(actions(2)))
        env.step_async(actions(2))
        env.reset()
        with pytest.raises(RuntimeError, match="step_async"):
            env.step_wait()
        env.close()
        env.close()
        for call in (env.reset, lambda: env.step(actions(2)), env.step_wait):
            with pytest.raises(RuntimeError, match="closed"):
                call()
    vector = SyncVectorEnv(toy_fns(1))
    env = as_vec_env(vector)
    env.reset()
    vector.close()
    for call in (env.reset, lambda: env.step(actions(1))):
        with pytest.raises(RuntimeError, match="vector environment is closed"):
            call()


def test_a_failed_step_asks_for_a_reset():
    class Fails(ToyEnv):
        def step(self, action):
            if self.at == 1:
                raise ZeroDivisionError("of the environment")
            return super().step(action)

    for env in (DummyVecEnv([ToyEnv, Fails]), as_vec_env(SyncVectorEnv([ToyEnv, Fails]))):
        env.reset()
        env.step(actions(2))
        with pytest.raises(ZeroDivisionError, match="of the environment"):
            env.step(actions(2))
        with pytest.raises(RuntimeError, match="after a step that raised"):
            env.step(actions(2))
        env.reset()
        env.step(actions(2))


class Returns(ToyEnv):
    """Returns what it is told to from its second step or its reset."""

    def __init__(self, returned_step=None, returned_reset=None, form="box"):
        super().__init__(form)
        self.returned = {"step": returned_step, "reset": returned_reset}

    def reset(self, **arguments):
        own = super().reset(**arguments)
        return own if self.returned["reset"] is None else self.returned["reset"](own)

    def step(self, action):
        own = super().step(action)
        return own if self.returned["step"] is None else self.returned["step"](own)


def replaced(place, value):
    return lambda own: (*own[:place], value, *own[place + 1 :])


BAD_STEPS = [
    (lambda own: own[:4], TypeError, "a tuple of 4"),
    (lambda own: None, TypeError, "NoneType"),
    (replaced(0, np.zeros(2, np.float32)), ValueError, r"shape \(2,\), but its space has \(3,\)"),
    (replaced(0, np.float32(1.0)), ValueError, r"shape \(\)"),
    (replaced(0, np.zeros((1, 3), np.float32)), ValueError, r"shape \(1, 3\)"),
    (replaced(0, {"walk": 1}), TypeError, "dict as observation"),
    (replaced(0, np.array(["a", "b", "c"])), TypeError, "dtype <U1"),
    (replaced(0, np.array([0, np.nan, 0], np.float32)), ValueError, "not finite as float32"),
    (replaced(0, np.array([0, -np.inf, 0], np.float32)), ValueError, "not finite as float32"),
    (replaced(1, None), TypeError, "reward None"),
    (replaced(1, np.zeros(2)), TypeError, "one real number"),
    (replaced(1, "1"), TypeError, "one real number"),
    (replaced(1, float("nan")), ValueError, "reward nan"),
    (replaced(1, np.float64(-1e39)), ValueError, "not finite as float32"),
    (replaced(2, None), TypeError, "terminated"),
    (replaced(3, 0.5), TypeError, "truncated"),
    (replaced(3, np.array([True, False])), TypeError, "truncated"),
    (replaced(4, None), TypeError, "info of type NoneType"),
]


@pytest.mark.parametrize("returned, error, words", BAD_STEPS)
def test_bad_steps(returned, error, words):
    env = DummyVecEnv([ToyEnv, lambda: Returns(returned)])
    env.reset()
    with pytest.raises(error, match=words) as raised:
        env.step(actions(2))
    assert str(raised.value).startswith("Environment 1: step()")


BAD_RESETS = [
    (lambda own: own[0], TypeError, "old Gym"),
    (lambda own: list(own), TypeError, "type list"),
    (lambda own: (own[0], None), TypeError, "tuple of 2"),
    (lambda own: (*own, 1), TypeError, "tuple of 3"),
    (lambda own: (own[0][:2], {}), ValueError, r"shape \(2,\)"),
    (lambda own: (own[0] * np.nan, {}), ValueError, "not finite"),
]


@pytest.mark.parametrize("returned, error, words", BAD_RESETS)
def test_bad_resets(returned, error, words):
    env = DummyVecEnv([ToyEnv, lambda: Returns(None, returned)])
    with pytest.raises(error, match=words) as raised:
        env.reset()
    assert str(raised.value).startswith("Environment 1: reset()")
    env = DummyVecEnv([lambda: Returns(replaced(2, True), None)])
    env.reset()
    env.envs[0].returned["reset"] = returned  # now at an episode's end
    with pytest.raises(error, match=words) as raised:
        env.step(actions(1))
    assert str(raised.value).startswith("Environment 0: reset()")


def test_bad_last_observation():
    env = DummyVecEnv([lambda: Returns(lambda own: (own[0] * np.inf, 0.0, True, False, {}))])
    env.reset()
    with pytest.raises(ValueError, match="not finite"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        env.step(actions(1))


def test_bad_dicts_and_discrete_values():
    for value, error, words in (
        (3, TypeError, "type int, but its space is a Dict"),
        ({"walk": np.zeros(3)}, ValueError, "keys"),
        ({"walk": np.zeros(3), "at": 1, "more": 1}, ValueError, "keys"),
        ({"walk": np.zeros(2), "at": 1}, ValueError, "of 'walk' of shape"),
        ({"walk": np.zeros(3), "at": 1.5}, ValueError, "of 'at' with values that int64 does not hold"),
        ({"walk": np.array([0, np.nan, 0]), "at": 1}, ValueError, "of 'walk' that is not finite"),
    ):
        env = DummyVecEnv([lambda: Returns(replaced(0, value), form="dict")])
        env.reset()
        with pytest.raises(error, match=words):
            env.step(actions(1))
    env = DummyVecEnv([lambda: Returns(replaced(0, np.array([1])), form="discrete")])
    env.reset()
    with pytest.raises(ValueError, match=r"shape \(1,\)"):
        env.step(actions(1))


@pytest.mark.parametrize("reward", [2, True, np.float32(2.5), np.float64(2.5), np.array(2.5), np.array(3), np.int8(3)])
def test_rewards_and_flags_may_be_arrays(reward):
    env = DummyVecEnv([lambda: Returns(lambda own: (own[0].tolist(), reward, np.bool_(True), np.array(False), own[4]))])
    env.reset()
    obs, rewards, dones, infos = env.step(actions(1))
    assert rewards[0] == np.float32(reward) and dones[0] and obs.dtype == np.float32
    assert infos[0]["episode"]["r"] == float(reward) and infos[0]["episode"]["l"] == 1


def test_float64_observations_are_kept():
    class Wide(ToyEnv):
        def __init__(self):
            super().__init__()
            self.observation_space = spaces.Box(-np.inf, np.inf, (3,), np.float64)
            self.value = 1.0 + 1e-12

        def _observe(self):
            return np.full(3, self.value)

    env = DummyVecEnv([Wide])
    assert env.reset().dtype == np.float64 and env.reset()[0, 0] == 1.0 + 1e-12
    env.envs[0].value = 1e39
    with pytest.raises(ValueError, match="not finite as float32"):
        env.step(actions(1))


@pytest.mark.parametrize("mode", MODES)
def test_bad_vectors(mode):
    class Bad(BufferedVectorEnv):
        place, value = 0, None

        def step(self, actions):
            own = list(super().step(actions))
            own[self.place] = self.value
            return tuple(own)

    for place, value, error, words in (
        (0, np.zeros((3, 3), np.float32), ValueError, r"shape \(3, 3\), but its space has \(2, 3\)"),
        (0, np.array([[0, 0, 0], [0, np.nan, 0]], np.float32), ValueError, "Environment 1 of the vector.*not finite"),
        (1, np.zeros(3), ValueError, "rewards of shape"),
        (1, np.array([0.0, np.nan]), ValueError, "Environment 1 of the vector.*reward"),
        (2, np.zeros(2), ValueError, "terminations"),
        (3, [False], ValueError, "truncations"),
        (4, None, TypeError, "infos of type NoneType"),
    ):
        vector = Bad(2, mode)
        vector.place, vector.value = place, value
        env = as_vec_env(vector)
        env.reset()
        with pytest.raises(error, match=words):
            env.step(actions(2))
    vector = BufferedVectorEnv(2, mode)
    vector.reset = lambda **_: np.zeros((2, 3), np.float32)
    with pytest.raises(TypeError, match="reset"):
        as_vec_env(vector).reset()
    vector = BufferedVectorEnv(2, mode)
    vector.step = lambda _: (1, 2, 3, 4)
    env = as_vec_env(vector)
    env.reset()
    with pytest.raises(TypeError, match="must return"):
        env.step(actions(2))


def test_next_step_that_ends_in_a_reset():
    vector = BufferedVectorEnv(1, AutoresetMode.NEXT_STEP, limit=1)
    vector.mode = AutoresetMode.DISABLED  # steps on where it should reset, and ends again
    env = as_vec_env(vector)
    env.reset()
    env.step(actions(1))
    with pytest.raises(ValueError, match="should only reset"):
        env.step(actions(1))


def test_spaces_that_are_not_supported():
    class Nested(ToyEnv):
        def __init__(self, space, action_space=ACTIONS):
            super().__init__()
            self.observation_space, self.action_space = space, action_space

    box = spaces.Box(0, 1, (1,))
    for space in (spaces.Dict(a=spaces.Dict(b=box)), spaces.Tuple([box]), spaces.Text(3)):
        with pytest.raises(NotImplementedError):
            DummyVecEnv([lambda: Nested(space)])
    with pytest.raises(NotImplementedError, match="action space is a Dict"):
        DummyVecEnv([lambda: Nested(box, spaces.Dict(a=box))])
