"""softac.spaces: the order of an observation's numbers, the scaling of actions, and clear errors."""

from __future__ import annotations

from collections import OrderedDict
from types import SimpleNamespace

import numpy as np
import pytest
from gymnasium import spaces

from softac.spaces import ActionCodec, ObservationCodec, check_observation_space

BOX = spaces.Box(-1, 1, (2, 3), np.float32)
IMAGE = spaces.Box(0, 255, (8, 8, 3), np.uint8)


def samples(space, count, seed=0):
    space.seed(seed)
    return [space.sample() for _ in range(count)]


def batch_of(space, obs):
    if isinstance(space, spaces.Dict):
        return {key: np.array([own[key] for own in obs]) for key in space.spaces}
    return np.array(obs)


def test_box_in_c_order():
    codec = ObservationCodec(BOX)
    obs = np.arange(12, dtype=np.float32).reshape(2, 2, 3)
    assert codec.dim == 6
    np.testing.assert_array_equal(codec.encode(obs), np.arange(12).reshape(2, 6))
    fortran = np.asfortranarray(obs)
    strided = np.zeros((4, 2, 6), np.float32)
    strided[::2, :, ::2] = obs
    for other in (fortran, strided[::2, :, ::2], obs.astype(np.float64), obs.astype(np.int16), obs.tolist()):
        encoded = codec.encode(other)
        assert encoded.dtype == np.float32 and encoded.flags.c_contiguous
        np.testing.assert_array_equal(encoded, np.arange(12).reshape(2, 6))


def test_box_without_dimensions():
    codec = ObservationCodec(spaces.Box(0, 1, (), np.float64))
    assert codec.dim == 1 and codec.encode(np.array([0.5, 0.25])).tolist() == [[0.5], [0.25]]
    assert codec.encode_any(0.5)[1] is False and codec.encode_any([0.5, 0.2])[1] is True


@pytest.mark.parametrize("start", [0, -3])
def test_discrete_is_one_hot(start):
    codec = ObservationCodec(spaces.Discrete(4, start=start))
    assert codec.dim == 4
    np.testing.assert_array_equal(codec.encode(np.arange(4) + start), np.eye(4))
    np.testing.assert_array_equal(codec.encode(np.arange(4.0) + start), np.eye(4))
    for one in (start + 2, np.int64(start + 2), np.array(start + 2)):
        encoded, vectorized = codec.encode_any(one)
        assert not vectorized and encoded.tolist() == [[0, 0, 1, 0]]
    for wrong in (start - 1, start + 4, start + 0.5, np.nan):
        with pytest.raises(ValueError, match="outside of its Discrete space"):
            codec.encode(np.array([start, wrong]))


def test_multi_discrete_blocks():
    codec = ObservationCodec(spaces.MultiDiscrete([2, 3]))
    assert codec.dim == 5
    assert codec.encode(np.array([[1, 0], [0, 2]])).tolist() == [[0, 1, 1, 0, 0], [1, 0, 0, 0, 1]]
    assert codec.encode_any(np.array([1, 0]))[0].tolist() == [[0, 1, 1, 0, 0]]
    shifted = ObservationCodec(spaces.MultiDiscrete([2, 3], start=[5, -1]))
    assert shifted.encode(np.array([[6, -1]])).tolist() == [[0, 1, 1, 0, 0]]
    square = ObservationCodec(spaces.MultiDiscrete(np.array([[2, 1], [3, 2]])))
    assert square.dim == 8 and square.encode(np.array([[[1, 0], [2, 0]]])).tolist() == [[0, 1, 1, 0, 0, 1, 1, 0]]
    with pytest.raises(ValueError, match="outside"):
        codec.encode(np.array([[2, 0]]))
    with pytest.raises(ValueError, match="outside"):
        codec.encode(np.array([[0, -1]]))


def test_multi_binary():
    codec = ObservationCodec(spaces.MultiBinary((2, 2)))
    assert codec.dim == 4 and codec.encode(np.array([[[0, 1], [1, 1]]], np.int8)).tolist() == [[0, 1, 1, 1]]


def dict_space():
    return spaces.Dict(
        OrderedDict(
            z=spaces.Box(0, 1, (2, 2)), a=spaces.Discrete(3), m=spaces.MultiDiscrete([2, 2]), b=spaces.MultiBinary(2)
        )
    )


def test_dict_in_the_order_of_its_space():
    codec = ObservationCodec(dict_space(), policy="MultiInputPolicy")
    obs = {"b": [[1, 0]], "a": [2], "m": [[0, 1]], "z": [[[0.1, 0.2], [0.3, 0.4]]]}
    np.testing.assert_allclose(codec.encode(obs), [[0.1, 0.2, 0.3, 0.4, 0, 0, 1, 1, 0, 0, 1, 1, 0]])
    one = {key: np.array(value)[0] for key, value in obs.items()}
    encoded, vectorized = codec.encode_any(one)
    assert not vectorized and encoded.tolist() == codec.encode(obs).tolist()
    assert codec.encode_any(obs)[1] is True
    plain = ObservationCodec(spaces.Dict({"z": BOX, "a": spaces.Discrete(2)}), policy="MultiInputPolicy")
    encoded = plain.encode({"z": np.zeros((1, 2, 3)), "a": [1]})
    assert encoded.tolist() == [[0, 1, 0, 0, 0, 0, 0, 0]]  # Gymnasium sorts a plain dict


@pytest.mark.parametrize(
    "space", [BOX, spaces.Discrete(4), spaces.MultiDiscrete([2, 3]), spaces.MultiBinary(3), dict_space()]
)
def test_out(space):
    codec = ObservationCodec(space, policy="MultiInputPolicy")
    obs = batch_of(space, samples(space, 4))
    expected = codec.encode(obs)
    assert expected.shape == (4, codec.dim) and expected.dtype == np.float32
    out = np.full((4, codec.dim), np.nan, np.float32)
    assert codec.encode(obs, out=out) is out
    np.testing.assert_array_equal(out, expected)
    for wrong in (
        np.zeros((3, codec.dim), np.float32),
        np.zeros((4, codec.dim)),
        np.zeros((8, codec.dim), np.float32)[::2],
    ):
        with pytest.raises(ValueError, match="out must be"):
            codec.encode(obs, out=wrong)
    one, vectorized = codec.encode_any(samples(space, 1)[0])
    assert not vectorized and one.tolist() == expected[:1].tolist()


def test_wrong_shapes():
    codec = ObservationCodec(BOX)
    for wrong in (np.zeros(3), np.zeros((2, 3, 2)), np.zeros((3, 2)), np.zeros((1, 1, 2, 3)), 1.0):
        for call in (codec.encode, codec.encode_any):
            with pytest.raises(ValueError, match="Error: Unexpected observation shape"):
                call(wrong)
    with pytest.raises(ValueError, match="Unexpected observation shape"):
        codec.encode(np.zeros((2, 3)))  # one observation is no batch
    for space, wrong in (
        (spaces.Discrete(3), np.zeros((2, 1), int)),
        (spaces.MultiDiscrete([2, 2]), np.zeros(3, int)),
        (spaces.MultiBinary(2), np.zeros((2, 3), int)),
    ):
        with pytest.raises(ValueError, match=f"Unexpected observation shape .* {type(space).__name__} space"):
            ObservationCodec(space).encode_any(wrong)


def test_wrong_dicts():
    codec = ObservationCodec(spaces.Dict(a=spaces.Box(0, 1, (2,)), b=spaces.Discrete(3)), policy="MultiInputPolicy")
    for obs, words in (
        ({"a": np.zeros((1, 2))}, "has the keys"),
        ({"a": np.zeros((1, 2)), "b": [1], "c": [1]}, "has the keys"),
        ({"a": np.zeros((2, 2)), "b": [1]}, "different numbers of rows"),
        ({"a": np.zeros((1, 3)), "b": [1]}, "Unexpected observation shape .* of 'a'"),
        (np.zeros((1, 2)), "is a Dict, but"),
    ):
        for call in (codec.encode, codec.encode_any):
            with pytest.raises(ValueError, match=words):
                call(obs)
    with pytest.raises(ValueError, match="of 'b': it is one observation"):
        codec.encode_any({"a": np.zeros((1, 2)), "b": 1})
    with pytest.raises(ValueError, match="observation is a dict"):
        ObservationCodec(BOX).encode_any({"a": 1})


def test_what_reset_returns_is_refused():
    for space, obs in ((BOX, np.zeros((2, 3))), (spaces.Dict(a=BOX), {"a": np.zeros((2, 3))})):
        with pytest.raises(ValueError, match=r"obs, info = env.reset\(\)"):
            ObservationCodec(space, policy="MultiInputPolicy").encode_any((obs, {}))


def test_values_that_are_no_numbers():
    for wrong in (np.full((1, 2, 3), "a"), np.full((1, 2, 3), None), np.zeros((1, 2, 3), complex)):
        with pytest.raises(ValueError, match="not real numbers"):
            ObservationCodec(BOX).encode(wrong)


def test_policies():
    for space in (BOX, spaces.Discrete(3), spaces.MultiDiscrete([2, 2]), spaces.MultiBinary(2)):
        assert ObservationCodec(space, policy="MlpPolicy").dim == ObservationCodec(space, policy="MultiInputPolicy").dim
    with pytest.raises(ValueError, match="MultiInputPolicy"):
        ObservationCodec(spaces.Dict(a=BOX))
    with pytest.raises(NotImplementedError, match="CNN"):
        ObservationCodec(BOX, policy="CnnPolicy")
    with pytest.raises(ValueError, match="'LstmPolicy' unknown"):
        ObservationCodec(BOX, policy="LstmPolicy")
    for policy in ("MlpPolicy", "MultiInputPolicy"):
        with pytest.raises(NotImplementedError, match="CNN"):
            ObservationCodec(IMAGE, policy=policy)
    with pytest.raises(NotImplementedError, match="CNN"):
        ObservationCodec(spaces.Dict(a=BOX, b=IMAGE), policy="MultiInputPolicy")
    assert ObservationCodec(spaces.Box(0, 255, (8, 8), np.uint8)).dim == 64  # no image: two dimensions


def test_spaces_that_are_not_supported():
    nested = (
        spaces.Dict(a=spaces.Dict(b=BOX)),
        spaces.Dict(a=spaces.Tuple([BOX])),
        spaces.Tuple([spaces.Dict(a=BOX)]),
        spaces.Tuple([spaces.Tuple([BOX])]),
    )
    for space in nested:
        for policy in ("MlpPolicy", "MultiInputPolicy"):
            with pytest.raises(NotImplementedError, match="Nested observation spaces are not supported"):
                ObservationCodec(space, policy=policy)
    others = (
        spaces.Tuple([BOX]),
        spaces.Text(3),
        spaces.Sequence(BOX),
        spaces.Graph(BOX, None),
        spaces.Dict(a=spaces.Text(3)),
    )
    for space in others:
        with pytest.raises(NotImplementedError, match="is a (Tuple|Text|Sequence|Graph), which is not supported"):
            ObservationCodec(space, policy="MultiInputPolicy")
        with pytest.raises(NotImplementedError):
            check_observation_space(space)
    for empty in (spaces.Box(0, 1, (0,)), spaces.Dict()):
        with pytest.raises(ValueError, match="holds no numbers"):
            ObservationCodec(empty, policy="MultiInputPolicy")


def statistics(shape, seed):
    draw = np.random.default_rng(seed)
    return SimpleNamespace(mean=draw.normal(size=shape), var=draw.uniform(0.5, 2.0, size=shape))


def test_normalisation():
    codec = ObservationCodec(BOX)
    rms = statistics((2, 3), 0)
    given = SimpleNamespace(norm_obs=True, obs_rms=rms, epsilon=1e-3, clip_obs=5.0)
    mean, variance, clip = codec.normalisation(given)
    assert mean.dtype == variance.dtype == clip.dtype == np.float64
    np.testing.assert_array_equal(mean, rms.mean.ravel())
    np.testing.assert_array_equal(variance, rms.var.ravel() + 1e-3)
    assert clip.tolist() == [5.0] * 6
    given.norm_obs = False
    assert codec.normalisation(given) is None
    given.norm_obs, given.obs_rms = True, statistics((2, 1), 0)
    with pytest.raises(ValueError, match=r"VecNormalize\(VecFrameStack\(env\)\)"):
        codec.normalisation(given)


def test_normalisation_of_some_keys():
    codec = ObservationCodec(dict_space(), policy="MultiInputPolicy")
    rms = statistics((2, 2), 1)
    given = SimpleNamespace(norm_obs=True, obs_rms={"z": rms}, epsilon=1e-8, clip_obs=10.0)
    mean, variance, clip = codec.normalisation(given)
    np.testing.assert_array_equal(mean, [*rms.mean.ravel(), *[0.0] * 9])
    np.testing.assert_array_equal(variance, [*(rms.var.ravel() + 1e-8), *[1.0] * 9])
    assert clip.tolist() == [10.0] * 4 + [np.inf] * 9


# Actions.


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_box_actions(dtype):
    low = np.array([[-2.0, 0.5], [-1.0, 3.0]], dtype)
    high = np.array([[1.0, 3.0], [1.0, 3.5]], dtype)
    codec = ActionCodec(spaces.Box(low, high, dtype=dtype))
    assert codec.dim == 4 and codec.num_actions == 0
    rows = np.array([[-1, -1, -1, -1], [1, 1, 1, 1], [0, 0, 0, 0], [0.5, -0.5, 0.25, 0.1]], np.float32)
    own = codec.unscale(rows)
    assert own.shape == (4, 2, 2) and own.dtype == dtype
    np.testing.assert_array_equal(own[0], low)
    np.testing.assert_array_equal(own[1], high)
    np.testing.assert_allclose(own[2], (low + high) / 2)
    np.testing.assert_allclose(own[3].ravel(), [0.25, 1.125, 0.25, 3.275], rtol=1e-6)
    back = codec.scale(own)
    assert back.dtype == np.float32 and back.shape == (4, 4)
    np.testing.assert_allclose(back, rows, atol=1e-6)
    np.testing.assert_array_equal(codec.unscale(3.0 * rows[:2]), own[:2])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_actions_stay_within_bounds(dtype):
    draw = np.random.default_rng(0)
    low = draw.normal(size=200).astype(dtype) * dtype(10.0) ** draw.integers(-6, 6, 200)
    high = low + np.abs(draw.normal(size=200)).astype(dtype) * dtype(10.0) ** draw.integers(-6, 6, 200)
    space = spaces.Box(low.astype(dtype), high.astype(dtype), dtype=dtype)
    codec = ActionCodec(space)
    rows = np.clip(draw.normal(size=(500, 200)), -1, 1).astype(np.float32)
    own = codec.unscale(rows)
    assert np.all(own >= space.low) and np.all(own <= space.high)
    back = codec.scale(own)
    assert np.all(np.abs(back) <= 1.0)
    assert np.all(np.abs(codec.scale(np.array(samples(space, 50)))) <= 1.0)


def test_actions_in_the_unit_box_are_themselves():
    rows = np.array([[1e-9, -0.3], [np.nextafter(np.float32(1), np.float32(0)), -1]], np.float32)
    for dtype in (np.float32, np.float64):
        codec = ActionCodec(spaces.Box(-1, 1, (2,), dtype))
        own = codec.unscale(rows)
        assert own.dtype == dtype and not np.shares_memory(own, rows)
        np.testing.assert_array_equal(own, rows)
        np.testing.assert_allclose(codec.scale(own), rows, atol=1e-7)


def test_equal_bounds():
    codec = ActionCodec(spaces.Box(np.array([2.0, -1.0], np.float32), np.array([2.0, 1.0], np.float32)))
    assert codec.unscale(np.array([[0.7, 0.5]], np.float32)).tolist() == [[2.0, 0.5]]
    assert codec.scale(np.array([[2.0, 0.5]])).tolist() == [[0.0, 0.5]]


@pytest.mark.parametrize("start", [0, 7])
def test_discrete_actions(start):
    for n in (1, 2, 3, 7, 101):
        codec = ActionCodec(spaces.Discrete(n, start=start))
        assert codec.dim == 1 and codec.num_actions == n
        actions = np.arange(n) + start
        rows = codec.scale(actions)
        assert rows.dtype == np.float32 and rows.shape == (n, 1)
        middles = [np.float32(2 * k + 1) / np.float32(n) - np.float32(1) for k in range(n)]  # encode_discrete_action
        assert rows[:, 0].tolist() == middles
        back = codec.unscale(rows)
        assert back.dtype == np.int64 and back.tolist() == actions.tolist()
    codec = ActionCodec(spaces.Discrete(4, start=start))
    ends = np.array([[-1.0], [-0.5], [0.0], [0.49], [1.0], [3.0], [-3.0]], np.float32)
    assert (codec.unscale(ends) - start).tolist() == [0, 1, 2, 2, 3, 3, 0]
    for wrong in (start - 1, start + 4, start + 0.5):
        with pytest.raises(ValueError, match="are not all in"):
            codec.scale(np.array([wrong]))
    with pytest.raises(ValueError, match="NaN"):
        codec.unscale(np.array([[np.nan]], np.float32))


def test_wrong_action_shapes():
    codec = ActionCodec(BOX)
    for wrong in (np.zeros(6, np.float32), np.zeros((1, 5), np.float32), np.zeros((1, 2, 3), np.float32)):
        with pytest.raises(ValueError, match=r"\(n, 6\)"):
            codec.unscale(wrong)
    for wrong in (np.zeros((2, 3)), np.zeros((1, 6))):
        with pytest.raises(ValueError, match=r"\(n, 2, 3\)"):
            codec.scale(wrong)
    with pytest.raises(ValueError, match=r"\(n,\)"):
        ActionCodec(spaces.Discrete(2)).scale(np.zeros((1, 1)))


def test_action_spaces_that_are_not_supported():
    for high in (np.inf, np.nan):
        space = spaces.Box(-1, 1, (2,))
        space.high = np.array([1, high], np.float32)
        with pytest.raises(AssertionError, match="finite lower and upper bound"):
            ActionCodec(space)
    for space in (spaces.MultiDiscrete([2, 2]), spaces.MultiBinary(2), spaces.Dict(a=BOX)):
        with pytest.raises(AssertionError, match="Box or Discrete"):
            ActionCodec(space)
    with pytest.raises(NotImplementedError, match="int64"):
        ActionCodec(spaces.Box(0, 3, (2,), np.int64))
    with pytest.raises(ValueError, match="no numbers"):
        ActionCodec(spaces.Box(0, 1, (0,)))
    huge = np.finfo(np.float64).max
    with pytest.raises(AssertionError, match="too far apart"):
        ActionCodec(spaces.Box(-huge, huge, (1,), np.float64))
