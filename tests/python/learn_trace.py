"""Records what `learn` of a library does, seen from its callbacks, environments, noise and logger.

The same recording runs on SB3 (`sb3`, written to data/sb3_trace.json by scripts/record_sb3_trace.py) and on softac
(`softac_`). Nothing recorded depends on random numbers or on what a model has learned.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from toy_envs import CountingEnv

TRACE = Path(__file__).parent / "data" / "sb3_trace.json"

# Logged values that do not depend on what is learned.
FIXED_VALUES = (
    "time/episodes",
    "time/total_timesteps",
    "rollout/ep_rew_mean",
    "rollout/ep_len_mean",
    "rollout/success_rate",
    "train/n_updates",
    "train/learning_rate",
)


@dataclass(frozen=True)
class Library:
    """What a recording needs of a library. vec_env: environments' makers → a VecEnv that records episode statistics."""

    sac: Any
    base_callback: Any
    callback_list: Any
    logger: Any
    output_format: Any
    action_noise: Any
    vec_env: Callable[[list[Callable[[], Any]]], Any]
    rows: Callable[[Any], list[Any]]


def sb3() -> Library:
    from stable_baselines3 import SAC
    from stable_baselines3.common.callbacks import BaseCallback, CallbackList
    from stable_baselines3.common.logger import KVWriter, Logger
    from stable_baselines3.common.monitor import Monitor
    from stable_baselines3.common.noise import ActionNoise
    from stable_baselines3.common.vec_env import DummyVecEnv

    def vec_env(makers: list[Callable[[], Any]]) -> Any:
        return DummyVecEnv([lambda make=make: Monitor(make()) for make in makers])  # type: ignore[misc]

    return Library(SAC, BaseCallback, CallbackList, Logger, KVWriter, ActionNoise, vec_env, rows_of_sb3)


def softac_(rows: Callable[[Any], list[Any]] | None = None) -> Library:
    """rows: how to read softac's replay; by SB3's names of the arrays where it is not given."""
    import softac
    from softac.callbacks import BaseCallback, CallbackList
    from softac.logger import Logger
    from softac.noise import ActionNoise
    from softac.vec_env import DummyVecEnv

    return Library(
        softac.SAC, BaseCallback, CallbackList, Logger, object, ActionNoise, DummyVecEnv, rows or rows_of_sb3
    )


def rows_of_sb3(model: Any) -> list[Any]:
    """The replay's rows by their places: [observation, next observation, reward, terminated, truncated]."""
    replay = model.replay_buffer
    return [
        [
            replay.observations[place, i].tolist(),
            replay.next_observations[place, i].tolist(),
            float(replay.rewards[place, i]),
            bool(replay.dones[place, i]) and not bool(replay.timeouts[place, i]),
            bool(replay.timeouts[place, i]),
        ]
        for place in range(replay.size())
        for i in range(model.n_envs)
    ]


@dataclass(frozen=True)
class Variant:
    """A model and its trainings. lengths: episode lengths of the environments. stop: the call of on_step that says
    False.
    """

    model: dict[str, Any] = field(default_factory=dict)
    learns: tuple[dict[str, Any], ...] = ({"total_timesteps": 12},)
    lengths: tuple[int, ...] = (5,)
    stop: int = 0
    callback: str = "callback"
    noise: bool = False
    success: bool = False
    reset_between: bool = True


_CONTINUE = {"reset_num_timesteps": False}

VARIANTS = {
    "every step": Variant(),
    "4 steps": Variant({"train_freq": 4, "gradient_steps": 2}, ({"total_timesteps": 10},)),
    "2 steps, as many updates": Variant({"train_freq": (2, "step"), "gradient_steps": -1}, ({"total_timesteps": 11},)),
    "1 episode": Variant({"train_freq": (1, "episode"), "gradient_steps": -1}, ({"total_timesteps": 8},)),
    "2 environments": Variant(lengths=(3, 5)),
    "2 environments, 2 steps": Variant(
        {"train_freq": (2, "step"), "gradient_steps": -1}, ({"total_timesteps": 18},), lengths=(3, 4)
    ),
    "stopped within a rollout, continued": Variant(
        {"train_freq": 3}, ({"total_timesteps": 9}, {"total_timesteps": 6, **_CONTINUE}), stop=5
    ),
    "stopped at the first step": Variant(stop=1),
    "stopped at the end of an episode": Variant(stop=5),
    "2 environments, stopped": Variant(lengths=(3, 3), stop=3),
    "continued": Variant(learns=({"total_timesteps": 7}, {"total_timesteps": 6, **_CONTINUE})),
    "begun again": Variant(learns=({"total_timesteps": 7}, {"total_timesteps": 4})),
    "updates from the first step": Variant({"learning_starts": 0}, ({"total_timesteps": 3},)),
    "no updates": Variant({"learning_starts": 100, "gradient_steps": -1}, ({"total_timesteps": 6},)),
    "no updates asked for": Variant({"gradient_steps": 0}, ({"total_timesteps": 6},)),
    "noise": Variant(noise=True, lengths=(3,), learns=({"total_timesteps": 7},)),
    "full buffer": Variant({"buffer_size": 8}, ({"total_timesteps": 19},)),
    "2 environments, full buffer": Variant({"buffer_size": 9}, ({"total_timesteps": 12},), lengths=(5, 2)),
    "list of callbacks": Variant({"train_freq": 2}, ({"total_timesteps": 4},), callback="list", stop=3),
    "function": Variant(learns=({"total_timesteps": 4},), callback="function"),
    "function that stops": Variant(callback="function", stop=3),
    "log of every episode": Variant(learns=({"total_timesteps": 7, "log_interval": 1},), lengths=(2,), success=True),
    "log by default": Variant(learns=({"total_timesteps": 9},), lengths=(1,)),
    "no log": Variant(learns=({"total_timesteps": 6, "log_interval": None},), lengths=(1,)),
    "learning rate falls": Variant(
        {"learning_rate": lambda progress: 1e-3 * progress}, ({"total_timesteps": 8, "log_interval": 1},), lengths=(2,)
    ),
    "3-step returns": Variant({"n_steps": 3}, ({"total_timesteps": 8},)),
}


class _Notes:
    """The trace of one variant, in the making."""

    def __init__(self) -> None:
        self.events: list[Any] = []
        self.local_names: dict[str, list[str]] = {}
        self.types: dict[str, str] = {}

    def call(self, name: str, model: Any) -> None:
        replay = model.replay_buffer
        self.events.append([name, model.num_timesteps, replay.pos, replay.size(), model._n_updates, model._episode_num])

    def names(self, place: str, variables: dict[str, Any]) -> None:
        """The names of variables at the first call of a kind."""
        self.local_names.setdefault(place, sorted(variables))

    def step(self, variables: dict[str, Any]) -> None:
        """What a step's variables say."""
        ends = [_end(info) for info, done in zip(variables["infos"], variables["dones"], strict=True) if done]
        self.events.append(
            {
                "num_collected_steps": variables["num_collected_steps"],
                "num_collected_episodes": variables["num_collected_episodes"],
                "continue_training": variables["continue_training"],
                "new_obs": variables["new_obs"].tolist(),
                "rewards": variables["rewards"].tolist(),
                "dones": variables["dones"].tolist(),
                "ends": ends,
            }
        )
        for name in ("actions", "buffer_actions", "new_obs", "rewards", "dones"):
            self.types[name] = f"{variables[name].dtype}{list(variables[name].shape)}"
        freq = variables["train_freq"]
        self.types["train_freq"] = f"{freq.frequency} {freq.unit.value}"
        assert np.abs(variables["buffer_actions"]).max() <= 1.0


def record(library: Library, names: list[str] | None = None) -> dict[str, Any]:
    """The traces of all variants, or of those named, as they stand in a JSON file."""
    traces = {name: _record(library, VARIANTS[name]) for name in names or VARIANTS}
    return json.loads(json.dumps(traces))  # type: ignore[no-any-return]


def dumps(traces: dict[str, Any]) -> str:
    """JSON with a line per event."""
    parts = []
    for name, trace in traces.items():
        fields = []
        for key, value in trace.items():
            lines = ",\n".join(f"      {json.dumps(entry)}" for entry in value) if isinstance(value, list) else ""
            fields.append(f"    {json.dumps(key)}: " + (f"[\n{lines}\n    ]" if lines else json.dumps(value)))
        parts.append(f"  {json.dumps(name)}: {{\n" + ",\n".join(fields) + "\n  }")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _record(library: Library, variant: Variant) -> dict[str, Any]:
    notes = _Notes()
    makers = [
        lambda i=i, length=length: CountingEnv(length, f"env{i}", notes.events, variant.success)
        for i, length in enumerate(variant.lengths)
    ]
    settings: dict[str, Any] = {
        "learning_starts": 3,
        "buffer_size": 50,
        "batch_size": 4,
        "policy_kwargs": {"net_arch": [4]},
        "seed": 7,
        "device": "cpu",
        **variant.model,
    }
    if variant.noise:
        settings["action_noise"] = _noise(library, notes)
    model = library.sac("MlpPolicy", library.vec_env(makers), **settings)
    model.set_logger(library.logger(None, [_output(library, notes)]))
    callback = _callback(library, variant, notes, lambda: model)
    for learn in variant.learns:
        notes.events.append("learn")
        model.learn(callback=callback, **learn)
    return {
        "local_names": notes.local_names,
        "types": notes.types,
        "events": notes.events,
        "rows": library.rows(model),
        "end": {
            "num_timesteps": model.num_timesteps,
            "_total_timesteps": model._total_timesteps,
            "_episode_num": model._episode_num,
            "_n_updates": model._n_updates,
            "ep_info_buffer": [[float(info["r"]), int(info["l"])] for info in model.ep_info_buffer],
            "ep_success_buffer": [bool(success) for success in model.ep_success_buffer],
            "_last_obs": model._last_obs.tolist(),
        },
    }


def _end(info: dict[str, Any]) -> dict[str, Any]:
    return {
        "terminal_observation": info["terminal_observation"].tolist(),
        "TimeLimit.truncated": bool(info["TimeLimit.truncated"]),
        "return": float(info["episode"]["r"]),
        "length": int(info["episode"]["l"]),
    }


def _callback(library: Library, variant: Variant, notes: _Notes, model: Callable[[], Any]) -> Any:
    if variant.callback == "function":
        calls: list[int] = []

        def function(locals_: dict[str, Any], globals_: dict[str, Any]) -> bool:
            calls.append(1)
            notes.names("function", locals_)
            notes.call("function", model())
            notes.step(locals_)
            return len(calls) != variant.stop

        return function
    first = _recorder(library, notes, "", variant.stop)
    return [first, _recorder(library, notes, "second.", 0)] if variant.callback == "list" else first


def _recorder(library: Library, notes: _Notes, prefix: str, stop: int) -> Any:
    class Recorder(library.base_callback):  # type: ignore[misc, name-defined]
        def init_callback(self, model: Any) -> None:
            super().init_callback(model)
            notes.call(f"{prefix}init_callback", model)

        def on_training_start(self, locals_: dict[str, Any], globals_: dict[str, Any]) -> None:
            super().on_training_start(locals_, globals_)
            notes.names("on_training_start", locals_)
            notes.call(f"{prefix}on_training_start", self.model)

        def on_rollout_start(self) -> None:
            super().on_rollout_start()
            notes.call(f"{prefix}on_rollout_start", self.model)

        def update_locals(self, locals_: dict[str, Any]) -> None:
            super().update_locals(locals_)
            notes.names("update_locals", locals_)
            notes.call(f"{prefix}update_locals", self.model)

        def _on_step(self) -> bool:
            notes.names("on_step", self.locals)
            notes.call(f"{prefix}on_step", self.model)
            notes.step(self.locals)
            return bool(self.n_calls != stop)

        def on_rollout_end(self) -> None:
            super().on_rollout_end()
            notes.call(f"{prefix}on_rollout_end", self.model)

        def on_training_end(self) -> None:
            super().on_training_end()
            notes.call(f"{prefix}on_training_end", self.model)

    return Recorder()


def _noise(library: Library, notes: _Notes) -> Any:
    class Noise(library.action_noise):  # type: ignore[misc, name-defined]
        def __call__(self) -> Any:
            notes.events.append("noise")
            return np.full(1, 0.1, np.float32)

        def reset(self) -> None:
            notes.events.append("noise.reset")

    return Noise()


def _output(library: Library, notes: _Notes) -> Any:
    class Output(library.output_format):  # type: ignore[misc, name-defined]
        def write(self, key_values: dict[str, Any], key_excluded: dict[str, tuple[str, ...]], step: int = 0) -> None:
            fixed = {key: float(key_values[key]) for key in FIXED_VALUES if key in key_values}
            excluded = sorted(key for key, outputs in key_excluded.items() if "tensorboard" in outputs)
            row = {"step": step, "names": sorted(key_values), "not in tensorboard": excluded, "values": fixed}
            notes.events.append({"dump": row})

        def close(self) -> None:
            pass

    return Output()
