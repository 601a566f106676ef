"""Plays episodes with a model; arguments and results as SB3's evaluate_policy."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from typing import Any

import gymnasium
import numpy as np


def evaluate_policy(
    model: Any,
    env: Any,
    n_eval_episodes: int = 10,
    deterministic: bool = True,
    render: bool = False,
    callback: Callable[[dict[str, Any], dict[str, Any]], Any] | None = None,
    reward_threshold: float | None = None,
    return_episode_rewards: bool = False,
    warn: bool = True,
) -> tuple[float, float] | tuple[list[float], list[int]]:
    """Mean and standard deviation of the returns of `n_eval_episodes` episodes; or each return and length.

    model: anything with SB3's `predict(obs, state, episode_start, deterministic) -> (actions, state)`.
    env: a gymnasium.Env or VectorEnv, or a VecEnv of softac's or SB3's. Of N environments, environment i plays
    (n_eval_episodes + i) // N episodes, so that short episodes are not preferred. Returns and lengths are those of
    info["episode"] where the environment records its statistics (Monitor, RecordEpisodeStatistics, or softac's own),
    else of what the environment hands out, with a UserWarning if `warn`: a wrapper may have changed the rewards.
    render: calls env.render() after each step.
    callback(locals, globals): called after a step for each environment that has episodes left to play, with SB3's names
    (i, reward, done, info, observations, actions, episode_rewards, …).
    return_episode_rewards: (returns, lengths) in the order of the episodes' ends instead of mean and deviation.

    Raises AssertionError where `reward_threshold` is given and not exceeded, ValueError for `n_eval_episodes` below 1.
    """
    from .vec_env import as_vec_env

    if n_eval_episodes < 1:
        raise ValueError(f"evaluate_policy: n_eval_episodes must be at least 1, not {n_eval_episodes}")
    env = as_vec_env(env)
    is_monitor_wrapped = _records_statistics(env)
    if warn and not is_monitor_wrapped:
        warnings.warn(
            "evaluate_policy: the environment records no episode statistics (Monitor); returns and lengths are counted "
            "from its outputs, which a wrapper may have changed",
            UserWarning,
            stacklevel=2,
        )

    n_envs = env.num_envs
    episode_rewards: list[float] = []
    episode_lengths: list[int] = []
    episode_counts = np.zeros(n_envs, dtype=np.int64)
    episode_count_targets = (n_eval_episodes + np.arange(n_envs)) // n_envs
    current_rewards = np.zeros(n_envs)
    current_lengths = np.zeros(n_envs, dtype=np.int64)
    observations = env.reset()
    states = None
    episode_starts = np.ones(n_envs, dtype=bool)
    while (episode_counts < episode_count_targets).any():
        actions, states = model.predict(
            observations, state=states, episode_start=episode_starts, deterministic=deterministic
        )
        new_observations, rewards, dones, infos = env.step(actions)
        valid = _valid_rows(env)
        current_rewards += np.where(valid, rewards, 0.0)
        current_lengths += valid
        for i in range(n_envs):
            if not valid[i] or episode_counts[i] >= episode_count_targets[i]:
                continue
            reward, done, info = rewards[i], dones[i], infos[i]
            episode_starts[i] = done
            if callback is not None:
                callback(locals(), globals())
            if not done:
                continue
            # A done without statistics is no end of an episode: Atari's wrappers send one for each life.
            if not is_monitor_wrapped or "episode" in info:
                episode = info["episode"] if is_monitor_wrapped else {"r": current_rewards[i], "l": current_lengths[i]}
                episode_rewards.append(float(np.asarray(episode["r"]).item()))
                episode_lengths.append(int(np.asarray(episode["l"]).item()))
                episode_counts[i] += 1
            current_rewards[i] = 0.0
            current_lengths[i] = 0
        observations = new_observations
        if render:
            env.render()

    mean_reward, std_reward = float(np.mean(episode_rewards)), float(np.std(episode_rewards))
    if reward_threshold is not None and not mean_reward > reward_threshold:
        raise AssertionError(f"evaluate_policy: the mean return {mean_reward:.2f} is not above {reward_threshold:.2f}")
    if return_episode_rewards:
        return episode_rewards, episode_lengths
    return mean_reward, std_reward


def _valid_rows(env: Any) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """(N,) False where a step was only a reset (Gymnasium's NEXT_STEP); such rows count nowhere."""
    valid = getattr(env, "valid", None)
    return np.ones(env.num_envs, dtype=bool) if valid is None else np.asarray(valid)


def _records_statistics(env: Any) -> bool:
    """True where the end of an episode brings info["episode"]: always from softac's VecEnv, else if a wrapper records
    it.
    """
    from .vec_env import VecEnv

    # Looked up, not imported: an environment that SB3 wraps has imported it.
    sb3_vec_monitor = sys.modules.get("stable_baselines3.common.vec_env.vec_monitor")
    recording = (VecEnv,) if sb3_vec_monitor is None else (VecEnv, sb3_vec_monitor.VecMonitor)
    layer = env
    while layer is not None:
        if isinstance(layer, recording):
            return True
        layer = getattr(layer, "__dict__", {}).get("venv")
    sb3_monitor = sys.modules.get("stable_baselines3.common.monitor")
    wrappers = [gymnasium.wrappers.RecordEpisodeStatistics] + ([] if sb3_monitor is None else [sb3_monitor.Monitor])
    try:
        return any(bool(env.env_is_wrapped(wrapper)[0]) for wrapper in wrappers)
    except NotImplementedError:  # some simulators' environments know no wrappers
        return False
