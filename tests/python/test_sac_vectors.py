"""softac.SAC on Gymnasium's vector environments in their three autoreset modes: it stores what single ones give."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.vector import AsyncVectorEnv, AutoresetMode, SyncVectorEnv
from toy_rows import BufferedVectorEnv, ToyEnv, act, reference_rows, row_of, toy_fns

import softac
from softac.vec_env import DummyVecEnv

STREAMS, ROWS, SEED = 2, 25, 9


class Steered(softac.SAC):
    """Its actions are a function of the observation alone, so that each environment goes the same way everywhere."""

    def _sample_action(self, learning_starts: int, action_noise: Any = None, n_envs: int = 1) -> Any:
        actions = np.stack([act(row_of(self._last_obs, i)) for i in range(n_envs)])
        return actions, self.action_codec.scale(actions)


def stored_rows(env: Any, form: str) -> tuple[Steered, list[list[tuple[Any, ...]]]]:
    """The rows of each environment in a model's replay, after ROWS or more steps of each."""
    policy = "MlpPolicy" if form == "box" else "MultiInputPolicy"
    options = {"policy_kwargs": {"net_arch": [8]}, "batch_size": 8, "learning_starts": 20, "seed": SEED}
    model = Steered(policy, env, buffer_size=1000, **options).learn(2 * STREAMS * ROWS)
    stored = model.replay_buffer.export()
    columns = ("obs", "action", "reward", "next_obs", "terminated", "truncated")
    rows: list[list[tuple[Any, ...]]] = [[] for _ in range(model.n_envs)]
    for env_index, *values in zip(stored["env"], *(stored[name] for name in columns), strict=True):
        rows[env_index].append(tuple(np.atleast_1d(value).tolist() for value in values))
    return model, rows


def expected_rows(form: str, count: int) -> list[list[tuple[Any, ...]]]:
    """The same rows by Gymnasium's own interface, encoded."""
    codec = softac.model.ObservationCodec(ToyEnv(form).observation_space, policy="MultiInputPolicy")
    actions = softac.model.ActionCodec(ToyEnv(form).action_space)

    def encoded(values: tuple[float, ...]) -> list[float]:
        if form == "box":
            return list(np.float32(values).tolist())
        obs: Any = int(values[-1]) if form == "discrete" else {"walk": np.float32(values[:3]), "at": int(values[3])}
        return list(codec.encode_any(obs)[0][0].tolist())

    found = []
    for own in reference_rows(SEED, STREAMS, count, form=form):
        rows: list[tuple[Any, ...]] = []
        for obs, action, reward, next_obs, terminated, truncated in own:
            scaled = actions.scale(np.float32([action]))[0].tolist()
            rows.append((encoded(obs), scaled, [reward], encoded(next_obs), [terminated], [truncated]))
        found.append(rows)
    return found


def environments() -> dict[str, Any]:
    kinds: dict[str, Any] = {"DummyVecEnv": lambda form: DummyVecEnv(toy_fns(STREAMS, form=form))}
    for mode in AutoresetMode:
        kinds[f"SyncVectorEnv {mode.name}"] = lambda form, mode=mode: SyncVectorEnv(
            toy_fns(STREAMS, form=form), autoreset_mode=mode
        )
        kinds[f"buffers {mode.name}"] = lambda form, mode=mode: BufferedVectorEnv(STREAMS, mode, form=form)
        kinds[f"AsyncVectorEnv {mode.name}"] = lambda form, mode=mode: AsyncVectorEnv(
            toy_fns(STREAMS, form=form), autoreset_mode=mode, context="fork"
        )
    return kinds


def cases() -> list[tuple[str, str]]:
    """Every kind with every form of observations; processes, which are slow to start, with one."""
    forms = ("box", "dict", "discrete")
    return [(kind, form) for kind in environments() for form in forms if form == "box" or "Async" not in kind]


@pytest.mark.parametrize(("kind", "form"), cases())
def test_stored_rows_are_those_of_single_environments(kind: str, form: str) -> None:
    env = environments()[kind](form)
    try:
        model, rows = stored_rows(env, form)
    finally:
        env.close()
    count = min(len(own) for own in rows)
    assert count >= ROWS and sum(len(own) for own in rows) == model.num_timesteps
    for own, expected in zip(rows, expected_rows(form, count), strict=True):
        ends = own[-1][5]  # the last row may be marked: nothing followed it
        assert own[: count - 1] == expected[: count - 1] and ends in ([False], [True])
    assert model.agent.num_updates > 0


def test_one_environment_gives_the_same() -> None:
    _, rows = stored_rows(ToyEnv(), "box")
    assert rows[0][:ROWS] == [row for row in expected_rows("box", ROWS)[0]]


@pytest.mark.parametrize("mode", AutoresetMode)
def test_steps_are_counted_without_rows_that_only_reset(mode: AutoresetMode) -> None:
    of_vector = {"vectorization_mode": "sync", "vector_kwargs": {"autoreset_mode": mode}}
    env = gymnasium.make_vec("Pendulum-v1", num_envs=2, **of_vector)
    options = {"policy_kwargs": {"net_arch": [8]}, "batch_size": 8, "learning_starts": 300, "buffer_size": 2000}
    model = softac.SAC("MlpPolicy", env, seed=1, train_freq=8, gradient_steps=-1, **options)
    model.learn(816)
    assert model.num_timesteps >= 816 and len(model.replay_buffer) == model.num_timesteps
    assert model._episode_num == 4 and [episode["l"] for episode in model.ep_info_buffer or ()] == [200] * 4
    assert model.agent.num_updates == pytest.approx(model.num_timesteps - 304, abs=16)
