"""softac.noise: the stated distributions, repeated by NumPy's seed, and clear errors."""

from __future__ import annotations

import numpy as np
import pytest

from softac.noise import ActionNoise, NormalActionNoise, OrnsteinUhlenbeckActionNoise, VectorizedActionNoise


def test_normal_noise():
    mean, sigma = np.array([1.0, -2.0]), np.array([0.1, 3.0])
    noise = NormalActionNoise(mean, sigma)
    np.random.seed(0)
    draws = np.array([noise() for _ in range(4000)])
    assert draws.dtype == np.float32 and draws.shape == (4000, 2)
    np.testing.assert_allclose(draws.mean(0), mean, atol=4 * sigma.max() / np.sqrt(4000))
    np.testing.assert_allclose(draws.std(0), sigma, rtol=0.05)
    np.random.seed(0)
    np.testing.assert_array_equal(noise(), draws[0])
    assert NormalActionNoise(mean, sigma, dtype=np.float64)().dtype == np.float64
    mean[:] = 100.0  # the noise keeps its own copy
    assert noise()[0] < 3.0
    assert "sigma=[0.1 3. ]" in repr(noise)


def test_ornstein_uhlenbeck_noise():
    mean, sigma, theta, dt = np.array([1.0, -1.0]), np.array([0.2, 0.4]), 0.3, 0.05
    noise = OrnsteinUhlenbeckActionNoise(mean, sigma, theta=theta, dt=dt, initial_noise=np.array([5.0, 5.0]))
    np.random.seed(1)
    drawn = np.random.normal(size=(3, 2))
    np.random.seed(1)
    state = np.array([5.0, 5.0])
    for own in drawn:
        state = state + theta * (mean - state) * dt + sigma * np.sqrt(dt) * own
        np.testing.assert_array_equal(noise(), state.astype(np.float32))
    noise.reset()
    np.testing.assert_array_equal(noise.noise_prev, [5.0, 5.0])
    assert noise().dtype == np.float32
    plain = OrnsteinUhlenbeckActionNoise(mean, np.zeros(2))
    np.testing.assert_allclose(plain(), 0.15 * mean * 0.01, rtol=1e-6)
    plain.reset()
    np.testing.assert_allclose(plain(), 0.15 * mean * 0.01, rtol=1e-6)
    assert repr(plain).startswith("OrnsteinUhlenbeckActionNoise(mu=")


@pytest.mark.parametrize("make", [NormalActionNoise, OrnsteinUhlenbeckActionNoise])
def test_parameters_are_checked(make):
    for mean, sigma in ((np.nan, 1.0), (0.0, np.inf), ([0.0], [-1.0])):
        with pytest.raises(ValueError, match="action noise"):
            make(mean, sigma)
    with pytest.raises(ValueError, match="dt"):
        OrnsteinUhlenbeckActionNoise([0.0], [1.0], dt=-1.0)


def test_vectorized_noise():
    base = OrnsteinUhlenbeckActionNoise(np.zeros(2), np.ones(2))
    noise = VectorizedActionNoise(base, 3)
    assert isinstance(noise, ActionNoise) and noise.n_envs == 3 and noise.base_noise is base
    np.random.seed(0)
    first, second = noise(), noise()
    assert first.shape == (3, 2) and len({tuple(row) for row in first}) == 3
    noise.reset(indices=[1])
    states = [own.noise_prev for own in noise.noises]
    assert not states[1].any() and states[0].any() and states[2].any()
    np.testing.assert_allclose(second, [states[0], second[1], states[2]], rtol=1e-6)
    noise.reset()
    assert not any(own.noise_prev.any() for own in noise.noises)
    assert not base.noise_prev.any()  # copies: the base is never drawn from
    assert "n_envs=3" in repr(noise)


def test_vectorized_noise_is_checked():
    base = NormalActionNoise(np.zeros(1), np.ones(1))
    for wrong in (0, -1, 1.5, None, True, "2"):
        with pytest.raises(ValueError, match="n_envs"):
            VectorizedActionNoise(base, wrong)
    with pytest.raises(ValueError, match="not None"):
        VectorizedActionNoise(None, 2)
    for wrong in (3, ActionNoise, lambda: 0):
        with pytest.raises(TypeError, match="action noise"):
            VectorizedActionNoise(wrong, 2)
    noise = VectorizedActionNoise(base, 2)
    with pytest.raises(AssertionError, match="2 noises"):
        noise.noises = [base]
    with pytest.raises(TypeError):
        noise.noises = None
    with pytest.raises(ValueError, match=r"\[1\]"):
        noise.noises = [base, OrnsteinUhlenbeckActionNoise(np.zeros(1), np.ones(1))]


def test_any_callable_with_reset_can_be_the_base():
    class Own:
        resets = 0

        def __call__(self):
            return np.ones(2)

        def reset(self):
            self.resets += 1

    noise = VectorizedActionNoise(Own(), 2)
    assert noise().tolist() == [[1.0, 1.0], [1.0, 1.0]]
    noise.reset()
    assert [own.resets for own in noise.noises] == [2, 2]


def test_abstract():
    with pytest.raises(TypeError):
        ActionNoise()
