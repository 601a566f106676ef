"""softac.vec_env, softac.spaces and softac.noise beside the real SB3: the same rows, numbers, statistics and draws."""

from __future__ import annotations

import sys
from collections import OrderedDict
from pathlib import Path

import gymnasium
import numpy as np
import pytest
import stable_baselines3.common.noise as sb3_noise
import torch
from gymnasium import spaces
from gymnasium.vector import AsyncVectorEnv, AutoresetMode, SyncVectorEnv
from stable_baselines3 import SAC
from stable_baselines3.common.buffers import DictReplayBuffer, ReplayBuffer
from stable_baselines3.common.env_util import make_vec_env
from stable_baselines3.common.evaluation import evaluate_policy
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.preprocessing import get_flattened_obs_dim, preprocess_obs
from stable_baselines3.common.torch_layers import CombinedExtractor, FlattenExtractor
from stable_baselines3.common.utils import is_vectorized_observation
from stable_baselines3.common.vec_env import (
    DummyVecEnv as Sb3DummyVecEnv,
    SubprocVecEnv,
    VecEnv as Sb3VecEnv,
    VecFrameStack,
    VecMonitor,
    VecNormalize,
)

sys.path.insert(0, str(Path(__file__).parents[1] / "python"))
from toy_rows import ToyEnv, act, flat, recorded_rows, reference_rows, row_of, toy_fns  # noqa: E402

from softac import noise, vec_env  # noqa: E402
from softac.spaces import ActionCodec, ObservationCodec  # noqa: E402

STREAMS, ROWS, SEED = 3, 40, 11
FORMS = ["box", "dict", "discrete"]


def rows_through(env, rows=ROWS):
    env.seed(SEED)
    try:
        return recorded_rows(env, rows)
    finally:
        env.close()


# Rows.


@pytest.mark.parametrize("form", FORMS)
def test_rows_through_sb3_vec_envs(form):
    reference = reference_rows(SEED, STREAMS, ROWS, form=form)
    for made in (Sb3DummyVecEnv(toy_fns(STREAMS, form=form)), SubprocVecEnv(toy_fns(STREAMS, form=form), "fork")):
        env = vec_env.as_vec_env(made)
        assert env is made
        assert rows_through(env) == reference
    assert rows_through(vec_env.DummyVecEnv(toy_fns(STREAMS, form=form))) == reference


def test_statistics_as_monitor_keeps_them():
    """Returns to all digits and lengths as of SB3's Monitor in its DummyVecEnv; a Monitor inside is believed."""

    def episodes(env):
        found = []
        env.seed(SEED)

        def note(obs, rewards, dones, infos):
            found.extend((i, infos[i]["episode"]["r"], infos[i]["episode"]["l"]) for i in np.flatnonzero(dones))

        recorded_rows(env, 60, note)
        return found

    monitored = [lambda: Monitor(ToyEnv()) for _ in range(2)]
    theirs = episodes(Sb3DummyVecEnv(monitored))
    assert len(theirs) > 15
    assert episodes(vec_env.DummyVecEnv(toy_fns(2))) == theirs
    assert episodes(vec_env.DummyVecEnv(monitored)) == theirs
    for mode in (AutoresetMode.SAME_STEP, AutoresetMode.DISABLED):
        assert episodes(vec_env.as_vec_env(SyncVectorEnv(toy_fns(2), autoreset_mode=mode))) == theirs
        assert episodes(vec_env.as_vec_env(SyncVectorEnv(monitored, autoreset_mode=mode))) == theirs


def stored_by_sb3(env, steps):
    """What SB3's SAC itself stores of this environment (its actions are softac's test policy)."""

    class Acting(SAC):
        def _sample_action(self, learning_starts, action_noise=None, n_envs=1):
            raw = self._last_original_obs if self._vec_normalize_env is not None else self._last_obs
            actions = np.stack([act(row_of(raw, i)) for i in range(n_envs)])
            return actions, self.policy.scale_action(actions)

    policy = "MultiInputPolicy" if isinstance(env.observation_space, spaces.Dict) else "MlpPolicy"
    model = Acting(policy, env, buffer_size=1000, learning_starts=10**6, seed=SEED, policy_kwargs={"net_arch": [4]})
    model.learn(steps * env.num_envs, log_interval=None)
    return model.replay_buffer


def sb3_rows(buffer: ReplayBuffer | DictReplayBuffer, env: int):
    """The rows of one environment in a buffer of SB3, flags as softac keeps them."""

    def at(table, t):
        return flat(
            {key: values[t, env] for key, values in table.items()} if isinstance(table, dict) else table[t, env]
        )

    return [
        (
            at(buffer.observations, t),
            tuple(buffer.actions[t, env].tolist()),
            float(buffer.rewards[t, env]),
            at(buffer.next_observations, t),
            bool(buffer.dones[t, env] and not buffer.timeouts[t, env]),
            bool(buffer.timeouts[t, env]),
        )
        for t in range(buffer.pos)
    ]


def own_rows(rows):
    codec = ActionCodec(ToyEnv().action_space)
    return [
        (s, tuple(codec.scale(np.array([a], np.float32))[0].tolist()), float(r), s2, terminated, truncated)
        for s, a, r, s2, terminated, truncated in rows
    ]


def assert_rows_agree(own, theirs, tolerance=1e-6):
    assert len(own) == len(theirs) > 10
    for mine, other in zip(own, theirs):
        assert mine[4:] == other[4:]
        for a, b in zip(mine[:4], other[:4]):
            np.testing.assert_allclose(a, b, atol=tolerance, rtol=tolerance)


@pytest.mark.parametrize("form", ["box", "dict"])
def test_rows_as_sb3_itself_stores_them(form):
    """SB3's replay buffer after its own `learn`: on its DummyVecEnv and on softac's vectors."""
    reference = reference_rows(SEED, 2, ROWS, form=form)
    sources = [Sb3DummyVecEnv(toy_fns(2, form=form)), vec_env.DummyVecEnv(toy_fns(2, form=form))]
    for mode in (AutoresetMode.SAME_STEP, AutoresetMode.DISABLED):
        sources.append(vec_env.as_vec_env(SyncVectorEnv(toy_fns(2, form=form), autoreset_mode=mode)))
    sources.append(vec_env.as_vec_env(AsyncVectorEnv(toy_fns(2, form=form), autoreset_mode=AutoresetMode.SAME_STEP)))
    for env in sources:
        buffer = stored_by_sb3(env, ROWS)
        for i in range(2):
            assert_rows_agree(own_rows(reference[i]), sb3_rows(buffer, i))
        env.close()


# SB3's wrappers around softac's vectors.


def normalised(env):
    return VecNormalize(env, norm_obs=True, norm_reward=True, clip_obs=3.0, gamma=0.9)


def test_vec_normalize_around_softac_vectors():
    """Normalised and original numbers as around SB3's DummyVecEnv, and rows of the original ones."""

    def run(inner):
        env = normalised(inner)
        assert vec_env.as_vec_env(env) is env
        env.seed(SEED)
        found = [env.reset(), env.get_original_obs()]
        for _ in range(50):
            actions = np.stack([np.clip(row[:2], -0.5, 1.0) for row in found[-1]])
            obs, rewards, dones, infos = env.step(actions)
            found += [obs, rewards, dones, env.get_original_reward(), env.get_original_obs()]
            found += [infos[i]["terminal_observation"] for i in np.flatnonzero(dones)] + [env.get_original_obs()]
        return found, env

    theirs, their_env = run(Sb3DummyVecEnv(toy_fns(2)))
    for inner in (
        vec_env.DummyVecEnv(toy_fns(2)),
        vec_env.as_vec_env(SyncVectorEnv(toy_fns(2), autoreset_mode=AutoresetMode.SAME_STEP)),
        vec_env.as_vec_env(SyncVectorEnv(toy_fns(2), autoreset_mode=AutoresetMode.DISABLED)),
    ):
        own, env = run(inner)
        assert len(own) == len(theirs)
        for mine, other in zip(own, theirs):
            np.testing.assert_array_equal(mine, other)
        np.testing.assert_array_equal(env.obs_rms.mean, their_env.obs_rms.mean)
        assert env.valid.all()  # found through the wrapper


def test_rows_under_vec_normalize():
    reference = reference_rows(SEED, 2, ROWS)
    for inner in (Sb3DummyVecEnv(toy_fns(2)), vec_env.DummyVecEnv(toy_fns(2))):
        env = VecNormalize(inner, clip_obs=1e6)
        buffer = stored_by_sb3(env, ROWS)
        for i in range(2):
            assert_rows_agree(own_rows(reference[i]), sb3_rows(buffer, i), tolerance=1e-4)


def test_next_step_under_vec_normalize_tells_which_rows_count():
    env = VecNormalize(vec_env.as_vec_env(SyncVectorEnv(toy_fns(2, limit=2))), norm_obs=False, norm_reward=False)
    assert rows_through(env) == reference_rows(SEED, 2, ROWS, limit=2)


def test_vec_frame_stack():
    def run(inner):
        env = VecFrameStack(inner, 3)
        assert vec_env.as_vec_env(env) is env and env.observation_space.shape == (9,)
        env.seed(SEED)
        found = [env.reset()]
        for t in range(50):
            actions = np.full((2, 2), [np.sin(t), 1.0 + 0.5 * np.cos(t)], np.float32)
            obs, rewards, dones, infos = env.step(actions)
            found += [obs.copy(), rewards, dones]
            found += [infos[i]["terminal_observation"] for i in np.flatnonzero(dones)]
        return found

    theirs = run(Sb3DummyVecEnv(toy_fns(2)))
    for inner in (
        vec_env.DummyVecEnv(toy_fns(2)),
        vec_env.as_vec_env(SyncVectorEnv(toy_fns(2), autoreset_mode=AutoresetMode.SAME_STEP)),
        vec_env.as_vec_env(SyncVectorEnv(toy_fns(2), autoreset_mode=AutoresetMode.DISABLED)),
    ):
        own = run(inner)
        assert len(own) == len(theirs)
        for mine, other in zip(own, theirs):
            np.testing.assert_array_equal(mine, other)


@pytest.mark.parametrize(
    "wrap", [lambda env: VecFrameStack(env, 2), VecMonitor, lambda env: normalised(VecMonitor(env))]
)
def test_wrappers_that_take_resets_for_steps_are_refused(wrap):
    with pytest.raises(ValueError, match="SAME_STEP"):
        vec_env.as_vec_env(wrap(vec_env.as_vec_env(SyncVectorEnv(toy_fns(2)))))
    vec_env.as_vec_env(wrap(vec_env.as_vec_env(SyncVectorEnv(toy_fns(2), autoreset_mode=AutoresetMode.SAME_STEP))))


def test_softac_vectors_are_sb3_vec_envs():
    for env in (vec_env.DummyVecEnv(toy_fns(1)), vec_env.as_vec_env(SyncVectorEnv(toy_fns(1)))):
        assert isinstance(env, Sb3VecEnv) and issubclass(type(env), Sb3VecEnv)
    assert not isinstance(ToyEnv(), Sb3VecEnv)


def test_has_all_names_of_sb3_vec_env():
    own = vec_env.DummyVecEnv(toy_fns(1))
    public = [name for name in dir(Sb3VecEnv) if not name.startswith("_")]
    assert [name for name in public if not hasattr(own, name)] == []
    theirs = Sb3DummyVecEnv(toy_fns(1))
    for name in ("num_envs", "observation_space", "action_space", "reset_infos", "render_mode", "metadata"):
        assert type(getattr(own, name)) is type(getattr(theirs, name)), name


def test_env_is_wrapped():
    made = [lambda: gymnasium.wrappers.TimeLimit(ToyEnv(), 9)]
    for env in (vec_env.DummyVecEnv(made), vec_env.as_vec_env(SyncVectorEnv(made))):
        assert env.env_is_wrapped(Monitor) == [True]
        assert env.env_is_wrapped(gymnasium.wrappers.TimeLimit) == [True]
        assert env.env_is_wrapped(gymnasium.wrappers.ClipReward) == [False]
    assert vec_env.as_vec_env(AsyncVectorEnv(made)).env_is_wrapped(Monitor) == [True]


@pytest.mark.filterwarnings("error")
def test_sb3_evaluate_policy():
    """The same returns and lengths through softac's vectors; no warning about a missing Monitor."""
    model = SAC("MlpPolicy", ToyEnv(), seed=0, policy_kwargs={"net_arch": [4]}, buffer_size=10)

    def evaluate(env):
        env.seed(SEED)
        return evaluate_policy(model, env, n_eval_episodes=9, return_episode_rewards=True)

    theirs = evaluate(Sb3DummyVecEnv([lambda: Monitor(ToyEnv()) for _ in range(2)]))
    assert evaluate(vec_env.DummyVecEnv(toy_fns(2))) == theirs
    for mode in (AutoresetMode.SAME_STEP, AutoresetMode.DISABLED):
        assert evaluate(vec_env.as_vec_env(SyncVectorEnv(toy_fns(2), autoreset_mode=mode))) == theirs
    returns, lengths = evaluate(vec_env.as_vec_env(SyncVectorEnv(toy_fns(2))))  # rows of resets do not count
    assert sorted(zip(returns, lengths)) == sorted(zip(*theirs))


def test_sb3_make_vec_env_takes_softac_class():
    first = [
        make_vec_env(lambda: ToyEnv(), n_envs=3, seed=4, vec_env_cls=made).reset()
        for made in (vec_env.DummyVecEnv, Sb3DummyVecEnv)
    ]
    np.testing.assert_array_equal(*first)


# Spaces.

BOX = spaces.Box(-1, 1, (2, 3), np.float32)
PLAIN = [
    BOX,
    spaces.Box(-1, 1, (4,), np.float64),
    spaces.Box(0, 9, (3,), np.int32),
    spaces.Discrete(5),
    spaces.MultiDiscrete([2, 3, 4]),
    spaces.MultiBinary(4),
]
DICT = spaces.Dict(OrderedDict(z=BOX, d=spaces.Discrete(3), a=spaces.MultiDiscrete([2, 2]), m=spaces.MultiBinary(2)))


def batch(space, count):
    space.seed(3)
    drawn = [space.sample() for _ in range(count)]
    if isinstance(space, spaces.Dict):
        return {key: np.array([own[key] for own in drawn]) for key in space.spaces}
    return np.array(drawn)


@pytest.mark.parametrize("space", PLAIN, ids=str)
def test_plain_observations_as_sb3_flattens_them(space):
    obs = batch(space, 6)
    codec = ObservationCodec(space)
    theirs = FlattenExtractor(space)(preprocess_obs(torch.as_tensor(obs), space)).numpy()
    assert codec.dim == get_flattened_obs_dim(space)
    np.testing.assert_array_equal(codec.encode(obs), theirs)
    for given in (obs, obs[0]):
        assert codec.encode_any(given)[1] == is_vectorized_observation(given, space)
    for wrong in (np.zeros((2, 7, 7), int), np.zeros((1, 1, 1, 1), int)):
        with pytest.raises(ValueError, match="Error: Unexpected observation shape"):
            is_vectorized_observation(wrong, space)
        with pytest.raises(ValueError, match="Error: Unexpected observation shape"):
            codec.encode_any(wrong)


@pytest.mark.parametrize("space", [DICT, spaces.Dict({"z": BOX, "a": spaces.Discrete(2), "m": spaces.Box(0, 1, (1,))})])
def test_dict_observations_as_sb3_concatenates_them(space):
    obs = batch(space, 6)
    tensors = {key: torch.as_tensor(values) for key, values in obs.items()}
    extractor = CombinedExtractor(space)
    codec = ObservationCodec(space, policy="MultiInputPolicy")
    assert codec.dim == extractor.features_dim
    np.testing.assert_array_equal(codec.encode(obs), extractor(preprocess_obs(tensors, space)).numpy())


def test_normalisation_as_vec_normalize_does_it():
    draw = np.random.default_rng(0)
    for keys, form in ((None, "box"), (["walk"], "dict")):
        env = VecNormalize(Sb3DummyVecEnv(toy_fns(2, form=form)), clip_obs=1.5, epsilon=1e-3, norm_obs_keys=keys)
        codec = ObservationCodec(env.observation_space, policy="MultiInputPolicy")
        assert codec.normalisation(VecNormalize(Sb3DummyVecEnv(toy_fns(1, form=form)), norm_obs=False)) is None
        env.seed(0)
        env.reset()
        for _ in range(30):
            env.step(draw.uniform(0.5, 1.0, (2, 2)).astype(np.float32))
        mean, variance, clip = codec.normalisation(env)
        raw = env.get_original_obs()
        own = np.clip((codec.encode(raw) - mean) / np.sqrt(variance), -clip, clip)
        np.testing.assert_allclose(own, codec.encode(env.normalize_obs(raw)), atol=1e-6)
    outside = VecFrameStack(VecNormalize(Sb3DummyVecEnv(toy_fns(1))), 2)
    with pytest.raises(ValueError, match="VecNormalize must be outside"):
        ObservationCodec(outside.observation_space).normalisation(outside.venv)


def test_errors_are_of_sb3_classes():
    """Where SB3 refuses a space, softac raises the same class of error."""

    class Given(ToyEnv):
        def __init__(self, space, action_space=None):
            super().__init__()
            self.observation_space = space
            self.action_space = action_space or self.action_space

    infinite = spaces.Box(-np.inf, 1, (2,))
    for space, policy in (
        (spaces.Dict(a=BOX), "MlpPolicy"),
        (spaces.Dict(a=spaces.Dict(b=BOX)), "MultiInputPolicy"),
        (spaces.Tuple([BOX]), "MlpPolicy"),
        (BOX, "NoSuchPolicy"),
    ):
        with pytest.raises(Exception) as theirs:
            SAC(policy, Given(space))
        with pytest.raises(type(theirs.value)):
            ObservationCodec(space, policy=policy)
    for action_space in (infinite, spaces.MultiBinary(2), spaces.MultiDiscrete([2, 2])):
        with pytest.raises(Exception) as theirs:
            SAC("MlpPolicy", Given(BOX, action_space))
        with pytest.raises(type(theirs.value)):
            ActionCodec(action_space)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_actions_as_sb3_scales_them(dtype):
    env = ToyEnv()
    env.action_space = spaces.Box(np.array([[-2, 0.5]], dtype), np.array([[1, 3]], dtype), dtype=dtype)
    policy = SAC("MlpPolicy", env, policy_kwargs={"net_arch": [4]}, buffer_size=10).policy
    codec = ActionCodec(env.action_space)
    rows = np.random.default_rng(0).uniform(-1, 1, (50, 2)).astype(np.float32)
    theirs = policy.unscale_action(rows.reshape(50, 1, 2))
    own = codec.unscale(rows)
    assert own.shape == theirs.shape and own.dtype == dtype
    np.testing.assert_allclose(own, theirs, atol=1e-6)
    np.testing.assert_allclose(codec.scale(own), policy.scale_action(own).reshape(50, 2), atol=1e-6)


# Noise.


def test_noise_draws_as_sb3():
    mean, sigma = np.array([0.1, -0.2]), np.array([0.3, 0.0])
    start = np.array([1.0, 2.0])
    for make in (
        lambda source: source.NormalActionNoise(mean, sigma),
        lambda source: source.NormalActionNoise(mean, sigma, dtype=np.float64),
        lambda source: source.OrnsteinUhlenbeckActionNoise(mean, sigma, theta=0.2, dt=0.02, initial_noise=start),
        lambda source: source.OrnsteinUhlenbeckActionNoise(mean, sigma, dtype=np.float64),
        lambda source: source.VectorizedActionNoise(source.OrnsteinUhlenbeckActionNoise(mean, sigma), 3),
    ):
        drawn = []
        for source in (noise, sb3_noise):
            own = make(source)
            np.random.seed(5)
            draws = [own() for _ in range(4)]
            own.reset(**({"indices": [1]} if hasattr(own, "n_envs") else {}))
            drawn.append(draws + [own() for _ in range(4)])
        for mine, other in zip(*drawn):
            assert mine.dtype == other.dtype
            np.testing.assert_array_equal(mine, other)


def test_sb3_noise_can_be_vectorized():
    base = sb3_noise.NormalActionNoise(np.zeros(2), np.ones(2))
    assert noise.VectorizedActionNoise(base, 2)().shape == (2, 2)
