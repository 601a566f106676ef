"""softac.vec_env: the same rows (s, a, r, s') from every kind of environment, statistics and infos beside them."""

from __future__ import annotations

import subprocess
import sys

import gymnasium
import numpy as np
import pytest
from gymnasium.vector import AsyncVectorEnv, AutoresetMode, SyncVectorEnv
from toy_rows import BufferedVectorEnv, ToyEnv, recorded_rows, reference_rows, toy_fns

from softac.vec_env import DummyVecEnv, VecEnv, VectorEnvAdapter, as_vec_env, tile_images

MODES = list(AutoresetMode)
STREAMS, ROWS, SEED = 3, 40, 11


def rows_through(env, rows=ROWS):
    env.seed(SEED)
    try:
        return recorded_rows(env, rows)
    finally:
        env.close()


def actions(count):
    return np.tile(np.array([0.1, 1.0], np.float32), (count, 1))


def test_the_reference_has_all_ends():
    ends = [row[4:] for own in reference_rows(SEED, STREAMS, ROWS) for row in own]
    assert {(False, False), (True, False), (False, True)} == set(ends)
    env, both = ToyEnv(limit=7), 0
    env.reset(seed=SEED)
    for _ in range(400):
        _, _, terminated, truncated, _ = env.step(np.array([0.0, 1.6], np.float32))
        both += terminated and truncated
        if terminated or truncated:
            env.reset()
    assert both > 0


@pytest.mark.parametrize("form", ["box", "dict", "discrete"])
@pytest.mark.parametrize("reuse", [False, True])
def test_rows_through_dummy_vec_env(form, reuse):
    env = DummyVecEnv(toy_fns(STREAMS, form=form, reuse=reuse))
    assert rows_through(env) == reference_rows(SEED, STREAMS, ROWS, form=form)


def test_rows_through_env():
    env = as_vec_env(ToyEnv())
    assert isinstance(env, DummyVecEnv) and env.num_envs == 1
    assert rows_through(env) == reference_rows(SEED, 1, ROWS)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("form", ["box", "dict", "discrete"])
@pytest.mark.parametrize("copy", [True, False])
@pytest.mark.parametrize("count", [1, STREAMS])
def test_rows_through_sync_vector_env(mode, form, copy, count):
    env = as_vec_env(SyncVectorEnv(toy_fns(count, form=form), copy=copy, autoreset_mode=mode))
    assert rows_through(env) == reference_rows(SEED, count, ROWS, form=form)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("shared, form", [(True, "box"), (True, "dict"), (False, "box")])
def test_rows_through_async_vector_env(mode, shared, form):
    vector = AsyncVectorEnv(toy_fns(2, form=form), shared_memory=shared, copy=False, autoreset_mode=mode)
    assert rows_through(as_vec_env(vector)) == reference_rows(SEED, 2, ROWS, form=form)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("form", ["box", "dict", "discrete"])
@pytest.mark.parametrize("final", ["object", "batched"])
def test_rows_through_a_vector_that_reuses_its_arrays(mode, form, final):
    env = as_vec_env(BufferedVectorEnv(STREAMS, mode, final, form=form))
    assert rows_through(env) == reference_rows(SEED, STREAMS, ROWS, form=form)


@pytest.mark.parametrize("mode", MODES)
def test_both_flags_count_as_terminated(mode):
    class Both(ToyEnv):
        def step(self, action):
            obs, reward, _, _, info = super().step(action)
            return obs, reward, self.at == 3, self.at == 3, info

    for env in (DummyVecEnv([Both]), as_vec_env(SyncVectorEnv([Both], autoreset_mode=mode))):
        env.reset()
        for _ in range(3):
            _, _, dones, infos = env.step(actions(1))
        assert dones[0] and infos[0]["TimeLimit.truncated"] is False and "terminal_observation" in infos[0]


@pytest.mark.parametrize("mode", MODES)
def test_episode_statistics_and_infos(mode):
    """Return and length of each episode, the last step's infos where it ended, the first's in reset_infos."""
    by_hand = [[], []]
    for i, own in enumerate(reference_rows(SEED, 2, 60)):
        total, length = 0.0, 0
        for row in own:
            total, length = total + float(row[2]), length + 1
            if row[4] or row[5]:
                by_hand[i].append((total, length, row[3][0]))
                total, length = 0.0, 0
    for env in (DummyVecEnv(toy_fns(2)), as_vec_env(SyncVectorEnv(toy_fns(2), autoreset_mode=mode))):
        ended = [[], []]

        def note(obs, rewards, dones, infos):
            for i in range(2):
                if not env.valid[i]:
                    assert infos[i] == {"TimeLimit.truncated": False} and rewards[i] == 0.0 and not dones[i]
                    assert env.reset_infos[i] == {"first": pytest.approx(float(obs[i][0]))}
                    continue
                assert "first" not in infos[i] and "final_obs" not in infos[i] and "_at" not in infos[i]
                assert "episode" in infos[i] if dones[i] else "episode" not in infos[i]
                if dones[i]:
                    episode = infos[i]["episode"]
                    assert infos[i]["at"] == episode["l"] and episode["t"] >= 0.0
                    assert type(episode["r"]) is float and type(episode["l"]) is int
                    np.testing.assert_array_equal(infos[i]["walk"], infos[i]["terminal_observation"])
                    ended[i].append((episode["r"], episode["l"], float(infos[i]["terminal_observation"][0])))

        env.seed(SEED)
        recorded_rows(env, 60, note)
        for i in range(2):
            assert len(by_hand[i]) > 5
            for mine, theirs in zip(ended[i], by_hand[i]):
                assert mine == (pytest.approx(theirs[0], abs=1e-4), theirs[1], theirs[2])


def test_statistics_are_added_once():
    """What RecordEpisodeStatistics inside reports stays; rewards changed outside of it do not count."""

    class Doubled(gymnasium.RewardWrapper):
        def reward(self, reward):
            return 2.0 * reward

    def wrapped():
        return Doubled(gymnasium.wrappers.RecordEpisodeStatistics(ToyEnv(limit=3)))

    for env in (
        as_vec_env(wrapped()),
        *(as_vec_env(SyncVectorEnv([wrapped], autoreset_mode=mode)) for mode in MODES),
    ):
        env.seed(1)
        env.reset()
        total = 0.0
        for _ in range(3):
            _, rewards, dones, infos = env.step(actions(1))
            total += float(rewards[0])
        assert dones[0] and infos[0]["episode"]["r"] == pytest.approx(total / 2.0)
        assert type(infos[0]["episode"]["r"]) is float and type(infos[0]["episode"]["l"]) is int


@pytest.mark.parametrize("mode", MODES)
def test_statistics_of_a_vector_wrapper(mode):
    """Gymnasium's vector wrapper forgets the other episodes where some are reset (DISABLED); softac's own counts stand
    there.
    """
    lengths = [3, 5]

    def make(limit):
        return lambda: ToyEnv(limit=limit)

    vector = SyncVectorEnv([make(limit) for limit in lengths], autoreset_mode=mode)
    env = as_vec_env(gymnasium.wrappers.vector.RecordEpisodeStatistics(vector))
    env.reset()
    counted = [[], []]
    for _ in range(30):
        _, _, dones, infos = env.step(np.tile(np.array([0.0, 0.5], np.float32), (2, 1)))
        for i in np.flatnonzero(dones):
            counted[i].append(infos[i]["episode"]["l"])
            assert counted[i][-1] == infos[i]["at"]
    assert lengths[0] in counted[0] and lengths[1] in counted[1]


@pytest.mark.parametrize("mode", MODES)
def test_statistics_of_a_vector_wrapper_are_believed(mode):
    """Where they are right: not in DISABLED, see above."""
    vector = SyncVectorEnv(toy_fns(2, limit=3), autoreset_mode=mode)
    recorded = gymnasium.wrappers.vector.RecordEpisodeStatistics(vector)
    env = as_vec_env(gymnasium.wrappers.vector.TransformReward(recorded, lambda reward: 2.0 * reward))
    env.seed(1)
    env.reset()
    total = 0.0
    for _ in range(3):
        _, rewards, dones, infos = env.step(actions(2))
        total += float(rewards[0])
    assert dones[0] and infos[0]["at"] == 3
    expected = total if mode is AutoresetMode.DISABLED else total / 2.0
    assert infos[0]["episode"]["r"] == pytest.approx(expected) and infos[0]["episode"]["l"] == 3


def test_reset_begins_new_statistics():
    for env in (
        DummyVecEnv(toy_fns(2, limit=3)),
        *(as_vec_env(SyncVectorEnv(toy_fns(2, limit=3), autoreset_mode=mode)) for mode in MODES),
    ):
        env.seed(0)
        env.reset()
        env.step(actions(2))
        env.seed(1)
        env.reset()
        total = 0.0
        for _ in range(3):
            _, rewards, dones, infos = env.step(actions(2))
            total += float(rewards[1])
        assert dones[1] and infos[1]["episode"]["l"] == 3
        assert infos[1]["episode"]["r"] == pytest.approx(total, abs=1e-5)


def test_arrays_of_the_environment_are_not_written():
    vector = BufferedVectorEnv(1, AutoresetMode.NEXT_STEP, limit=1)
    env = as_vec_env(vector)
    env.reset()
    env.step(actions(1))
    _, rewards, _, _ = env.step(actions(1))
    assert rewards[0] == 0.0 and np.isnan(vector.rewards[0])


def test_next_step_marks_rows_of_resets():
    env = as_vec_env(SyncVectorEnv(toy_fns(2, limit=2), autoreset_mode=AutoresetMode.NEXT_STEP))
    env.reset()
    assert env.valid.tolist() == [True, True]
    _, _, dones, _ = env.step(actions(2))
    obs, _, dones, infos = env.step(actions(2))
    assert dones.all() and env.valid.all()
    np.testing.assert_array_equal(obs[0], infos[0]["terminal_observation"])
    _, rewards, dones, _ = env.step(actions(2))
    assert not dones.any() and not env.valid.any() and not rewards.any()
    env.step(actions(2))
    assert env.valid.all()
    env.step(actions(2))
    env.reset()  # forgets the pending resets
    env.step(actions(2))
    assert env.valid.all()


def test_reset_of_workers_that_forget_it():
    """Gymnasium 1.4: without shared memory, a worker resets again in the step after an explicit reset at an episode's
    end.
    """
    vector = AsyncVectorEnv(toy_fns(1, limit=2), shared_memory=False)
    env = as_vec_env(vector)
    env.seed(3)  # the toy's episodes may also end by its noise
    env.reset()
    for _ in range(2):
        _, _, dones, _ = env.step(actions(1))
    assert dones[0]
    env.seed(3)
    env.reset()
    env.step(actions(1))
    assert not env.valid[0]
    for _ in range(2):
        _, _, dones, infos = env.step(actions(1))
        assert env.valid[0]
    assert dones[0] and infos[0]["episode"]["l"] == 2
    env.close()


def test_results_are_not_overwritten():
    for env in (
        DummyVecEnv(toy_fns(2, reuse=True)),
        *(as_vec_env(BufferedVectorEnv(2, mode)) for mode in MODES),
    ):
        env.seed(0)
        kept = [env.reset()]
        seen = [kept[0].copy()]
        terminal = []
        for _ in range(20):
            obs, rewards, dones, infos = env.step(actions(2))
            kept += [obs, rewards, dones, *(info["walk"] for info in infos if "walk" in info)]
            seen += [np.array(values) for values in kept[len(seen) :]]
            for i in np.flatnonzero(dones):
                kept.append(infos[i]["terminal_observation"])
                seen.append(infos[i]["terminal_observation"].copy())
                terminal.append(i)
        assert terminal
        for now, then in zip(kept, seen):
            np.testing.assert_array_equal(now, then)


def test_actions_are_copied():
    taken = []

    class Keeps(ToyEnv):
        def step(self, action):
            taken.append(action)
            return super().step(action)

    env = DummyVecEnv([Keeps])
    env.reset()
    own = actions(1)
    env.step_async(own)
    own[:] = 2.0
    env.step_wait()
    assert taken[0].tolist() == actions(1)[0].tolist()


def test_seeds():
    """Environment i gets seed + i at the next reset, and only there."""
    seeds = []

    class Seen(ToyEnv):
        def reset(self, *, seed=None, options=None):
            seeds.append(seed)
            return super().reset(seed=seed, options=options)

    for make in (DummyVecEnv, lambda fns: as_vec_env(SyncVectorEnv(fns))):
        seeds.clear()
        env = make([Seen] * 3)
        assert env.seed(np.int64(5)) == [5, 6, 7]
        env.reset()
        env.reset()
        assert seeds == [5, 6, 7, None, None, None]
        np.random.seed(0)
        drawn = env.seed()
        np.random.seed(0)
        assert env.seed() == drawn and drawn[1] == drawn[0] + 1


def test_options():
    env = DummyVecEnv(toy_fns(2))
    env.set_options({"a": 1})
    env.reset()
    assert env.get_attr("options") == [{"a": 1}, {"a": 1}]
    env.set_options([{"a": 1}, {"a": 2}])
    env.reset()
    assert env.get_attr("options") == [{"a": 1}, {"a": 2}]
    env.reset()
    assert env.get_attr("options") == [None, None]
    with pytest.raises(ValueError, match="2 dicts"):
        env.set_options([{}])

    vector = as_vec_env(SyncVectorEnv(toy_fns(2)))
    vector.set_options({"a": 1})
    vector.reset()
    assert vector.get_attr("options") == [{"a": 1}, {"a": 1}]
    with pytest.raises(NotImplementedError, match="one dict of options"):
        vector.set_options([{"a": 1}, {"a": 2}])
    with pytest.raises(ValueError, match="reset_mask"):
        vector.set_options({"reset_mask": np.ones(2, bool)})
    vector.reset()
    assert vector.get_attr("options") == [None, None]


@pytest.mark.parametrize("kind", ["dummy", "sync", "async"])
def test_attributes_and_methods(kind):
    def make():
        return gymnasium.wrappers.TimeLimit(ToyEnv(), 100)

    if kind == "dummy":
        env = DummyVecEnv([make, make])
    else:
        env = as_vec_env((SyncVectorEnv if kind == "sync" else AsyncVectorEnv)([make, make]))
    env.reset()
    assert env.get_attr("limit") == [7, 7] and env.get_attr("render_mode", 1) == [None]
    env.set_attr("limit", 9, indices=1)
    assert env.get_attr("limit") == [7, 9] and env.get_attr("limit", [1, 0]) == [9, 7]
    env.set_attr("limit", 4)
    assert env.env_method("get_wrapper_attr", "limit") == [4, 4]
    assert env.has_attr("limit") and not env.has_attr("no_such_thing")
    with pytest.raises(AttributeError):
        env.get_attr("no_such_thing")
    with pytest.raises(IndexError, match="no environment 2"):
        env.get_attr("limit", 2)
    if kind == "async":
        with pytest.raises(AttributeError, match="no_such_thing"):
            env.env_method("no_such_thing")
        with pytest.raises(NotImplementedError, match="not of some"):
            env.env_method("render", indices=0)
        with pytest.raises(NotImplementedError, match="other processes"):
            env.env_is_wrapped(gymnasium.wrappers.TimeLimit)
    else:
        assert [image.shape for image in env.env_method("render", indices=[0])] == [(2, 3, 3)]
        assert env.env_is_wrapped(gymnasium.wrappers.TimeLimit) == [True, True]
        assert env.env_is_wrapped(gymnasium.wrappers.ClipReward, indices=0) == [False]
    env.step(actions(2))  # the look-ups above have not ended a worker
    assert env.unwrapped is env
    assert env.getattr_depth_check("num_envs", True) is not None and env.getattr_depth_check("num_envs", False) is None
    env.close()


def test_attributes_of_a_vector_without_environments():
    env = as_vec_env(BufferedVectorEnv(2, AutoresetMode.NEXT_STEP))
    assert env.get_attr("final") == ["object", "object"] and not env.has_attr("limit")
    assert env.env_is_wrapped(gymnasium.wrappers.TimeLimit) == [False, False]
    with pytest.raises(NotImplementedError, match="no environments of its own"):
        env.set_attr("final", "batched")
    with pytest.raises(NotImplementedError, match="no environments of its own"):
        env.env_method("anything")


def test_rendering():
    env = DummyVecEnv(toy_fns(3, render_mode="rgb_array"))
    env.seed(0)
    env.reset()
    env.step(actions(3))
    assert env.render_mode == "rgb_array" and env.metadata["render_fps"] == 10
    assert [image.shape for image in env.get_images()] == [(2, 3, 3)] * 3
    assert env.render().shape == (4, 6, 3) and env.render("rgb_array")[:2].min() == 1
    with pytest.raises(NotImplementedError, match="no windows"):
        env.render("human")
    vector = as_vec_env(SyncVectorEnv(toy_fns(2, render_mode="rgb_array")))
    vector.reset()
    assert vector.render().shape == (4, 3, 3)
    silent = DummyVecEnv(toy_fns(2))
    with pytest.warns(UserWarning, match="without a render_mode"):
        assert silent.render() is None
    with pytest.warns(UserWarning, match="rgb_array"):
        assert silent.get_images() == [None, None]


def test_tiles():
    images = [np.full((2, 3, 3), i + 1, np.uint8) for i in range(3)]
    tiled = tile_images(images)
    assert tiled.shape == (4, 6, 3)
    assert [tiled[0, 0, 0], tiled[0, 3, 0], tiled[2, 0, 0], tiled[2, 3, 0]] == [1, 2, 3, 0]
    with pytest.raises(ValueError):
        tile_images([])


def test_as_vec_env_takes_what_it_says():
    env = DummyVecEnv(toy_fns(1))
    assert as_vec_env(env) is env and isinstance(env, VecEnv)
    assert isinstance(as_vec_env(SyncVectorEnv(toy_fns(1))), VectorEnvAdapter)
    assert as_vec_env("Pendulum-v1").observation_space.shape == (3,)
    for other in (ToyEnv, None, 3, [ToyEnv()]):
        with pytest.raises(TypeError, match=r"gymnasium\.Env, a gymnasium\.vector\.VectorEnv"):
            as_vec_env(other)


def test_list_of_infos():
    vector = gymnasium.wrappers.vector.DictInfoToList(
        SyncVectorEnv(toy_fns(2, limit=2), autoreset_mode=AutoresetMode.SAME_STEP)
    )
    env = as_vec_env(vector)

    class Patched(
        type(vector)
    ):  # reset() of that wrapper returns a list too, which Gymnasium's interface does not allow
        def reset(self, **arguments):
            return self.env.reset(**arguments)

    vector.__class__ = Patched
    env.seed(3)
    env.reset()
    env.step(actions(2))
    _, _, dones, infos = env.step(actions(2))
    assert dones.all() and infos[0]["at"] == 2 and "terminal_observation" in infos[1]


def test_gymnasium_environments():
    env = as_vec_env(gymnasium.make("Pendulum-v1", max_episode_steps=5))
    env.seed(1)
    env.reset()
    for _ in range(5):
        _, _, dones, infos = env.step(np.zeros((1, 1), np.float32))
    assert dones[0] and infos[0]["TimeLimit.truncated"] and infos[0]["episode"]["l"] == 5
    vector = as_vec_env(gymnasium.make_vec("CartPole-v1", 2))
    vector.reset()
    _, rewards, _, _ = vector.step(np.array([0, 1]))
    assert rewards.tolist() == [1.0, 1.0]


def test_loads_neither_sb3_nor_torch():
    code = (
        "import sys, softac.vec_env, softac.spaces, softac.noise\n"
        "from softac.vec_env import as_vec_env\n"
        "as_vec_env('Pendulum-v1').reset()\n"
        "print([m for m in ('torch', 'stable_baselines3') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
