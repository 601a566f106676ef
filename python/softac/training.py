"""softac.train: the C++ Trainer with its run directory, on native environments and on those of Python."""

from __future__ import annotations

import functools
import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Protocol, Union

import gymnasium
import numpy as np

from softac import _core
from softac._core import EvalStats, TrainReport, TrainSummary
from softac.python_env import EnvSource, checked_kwargs

Setting = Union[bool, int, float, str, Path, Sequence[int], Sequence[str], Mapping[str, Sequence[int]]]
EnvMaker = Callable[[], gymnasium.Env[Any, Any]]
AnyPath = Union[str, "os.PathLike[str]"]

_CALLBACK_METHODS = (
    "on_start",
    "on_step",
    "on_log",
    "on_evaluation",
    "on_diagnosis",
    "on_checkpoint",
    "on_message",
)


class TrainCallback(Protocol):
    """What `callback` may have: any of these methods, each called between two environment steps.

    One that returns False ends the run with a checkpoint (reason "stopped"). What one raises ends it too, with a
    checkpoint, and then leaves train. A method that is left out costs nothing, on_step about a microsecond a step.

    on_start(summary, run_dir), on_step(summary) after each vector step, on_log(summary) after each row of metrics,
    on_evaluation(summary, stats), on_diagnosis(summary, values: dict), on_checkpoint(summary, path), on_message(text).
    """


def train(
    env: str | EnvMaker | None = None,
    *,
    total_timesteps: int | None = None,
    seed: int | None = None,
    run_dir: AnyPath | None = None,
    runs_root: AnyPath = "runs",
    records: bool = True,
    resume: bool | Literal["auto"] = False,
    fork_from: AnyPath | None = None,
    fork_step: int | None = None,
    init_from: AnyPath | None = None,
    allow_changed: bool = False,
    preset: str | None = None,
    method: str | None = None,
    config: AnyPath | None = None,
    env_kwargs: Mapping[str, object] | None = None,
    callback: object | None = None,
    **settings: Setting,
) -> TrainReport:
    """Trains as `softac train` does, with the same defaults, presets and run directory, and returns how it ended.

    env: the id of a native environment ("HalfCheetah-v5", also "softac/HalfCheetah-v5"), which never runs Python; else
    an id that Gymnasium knows; or a function that makes a gymnasium.Env, anew in every call: training takes n_envs,
    evaluation up to 10 more. Of a run that goes on (resume, fork_from) with a native environment it may be left out.
    run_dir: new or empty unless resuming; None: <runs_root>/<env>/sac/<time>_s<seed>. records=False writes nothing.
    resume: True goes on with run_dir from its newest checkpoint, under the run's settings but for those given here
    that may change; "auto" resumes run_dir, else the newest unfinished run of the same settings, else begins one.
    fork_from: a new run from a checkpoint (fork_step, else the newest) of another. init_from: networks of another run.
    preset, method, config: as --preset, --method and --config. settings: those of docs/settings.md by name, net_arch
    also as {"pi": [...], "qf": [...]}. env_kwargs: arguments of an environment given by its id.
    callback: see TrainCallback.

    A Python environment gets a seed from the run's generator at every reset. Where it has the methods save_state() and
    load_state(state) (see softac.env_state) a resumed run is the uninterrupted one to the bit, else it goes on with new
    episodes. Its run is named python/<Gymnasium's id, or the class>, and no environment preset applies to it.

    An environment that fails ends the run with reason "env_error" and its traceback in the message; Ctrl-C takes a
    checkpoint and raises KeyboardInterrupt (a second one interrupts at once, without). Raises ConfigError with all
    that is wrong with the settings, unknown names with the nearest match, IoError, DiskError, MemoryLimitError;
    EnvError where an environment fails before the run begins; what the function that makes environments raises; and
    what a callback raises.
    """
    if resume not in (False, True, "auto"):
        raise ValueError(f'resume = {resume!r}: expected False, True or "auto"')
    if callback is not None:
        _check_callback(callback)
    given = dict(settings)
    if total_timesteps is not None:
        given["total_timesteps"] = total_timesteps
    if seed is not None:
        given["seed"] = seed
    env_id, source, kwargs = _choose_env(env, env_kwargs, "env_plugins" in given)
    if env_id == "" and config is None and not (resume is True or fork_from is not None):
        raise ValueError("env: name an environment, or pass a function that makes one")
    try:
        return _core.run_trainer(
            env_id=env_id,
            source=source,
            settings=[*_entries(given), *kwargs],
            run_dir=_text(run_dir),
            runs_root=_text(runs_root),
            records=records,
            resume={False: "", True: "yes", "auto": "auto"}[resume],
            fork_from=_text(fork_from),
            fork_step=fork_step,
            init_from=_text(init_from),
            allow_changed=allow_changed,
            preset=preset or "",
            method=method or "",
            config_file=_text(config),
            command=_command(env, given),
            callback=callback,
            catch_sigint=_owns_sigint(),
        )
    finally:
        if source is not None:
            source.close()


def evaluate(
    run_dir: AnyPath,
    *,
    env: EnvMaker | str | None = None,
    model: Literal["newest", "best"] | int = "newest",
    episodes: int = 100,
    seed: int = 1000,
    deterministic: bool = True,
    threads: int = 1,
    backend: str = "",
    max_episode_steps: int = 0,
    max_time_sec: float = 0.0,
    env_kwargs: Mapping[str, object] | None = None,
    env_plugins: Sequence[str] = (),
) -> EvalStats:
    """Returns of a run's policy in fresh environments, as `softac eval` finds them.

    env: needed where the run's environment was made in Python: the same function or id as in train. model: the newest
    checkpoint, the best policy of the run's evaluations, or the checkpoint taken at an environment step. seed: of the
    start states and, where deterministic is False, of the policy's noise. max_episode_steps: cuts episodes off; 0 = as
    in the run's own evaluations. env_kwargs, env_plugins: in place of the run's.

    Raises ConfigError on arguments out of range, IoError where files are missing or damaged, EnvError, NumericsError,
    StoppedError after max_time_sec, KeyboardInterrupt.
    """
    env_id, source, kwargs = _choose_env(env, env_kwargs, bool(env_plugins))
    try:
        return _core.evaluate_run(
            run_dir=_text(run_dir),
            env_id=env_id,
            source=source,
            model=model if isinstance(model, str) else "step",
            step=0 if isinstance(model, str) else int(model),
            episodes=episodes,
            seed=seed,
            deterministic=deterministic,
            threads=threads,
            backend=backend,
            max_episode_steps=max_episode_steps,
            max_time_sec=max_time_sec,
            env_kwargs=kwargs,
            env_plugins=[os.path.abspath(plugin) for plugin in env_plugins],
            catch_sigint=_owns_sigint(),
        )
    finally:
        if source is not None:
            source.close()


def _choose_env(
    env: str | EnvMaker | None, env_kwargs: Mapping[str, object] | None, with_plugins: bool
) -> tuple[str, EnvSource | None, list[tuple[str, Any]]]:
    """The id that the run has, what makes its environments (None: softac), and entries of env_kwargs."""
    kwargs = checked_kwargs(env_kwargs or {})
    entries = [(f"env_kwargs.{name}", _plain(f"env_kwargs.{name}", value)) for name, value in kwargs.items()]
    if env is None:
        return "", None, entries
    if isinstance(env, str):
        native = env.removeprefix("softac/")
        if with_plugins or _core.is_native_env(native) or not _gymnasium_has(env):
            return native, None, entries
        source = EnvSource(functools.partial(gymnasium.make, env, **kwargs))
        return source.id, source, entries
    if isinstance(env, gymnasium.Env) or not callable(env):
        raise TypeError(
            f"env: a {type(env).__name__}; expected an environment's id or a function that makes a gymnasium.Env, "
            "since training and evaluation need environments of their own (lambda: gymnasium.make(...))"
        )
    if kwargs:
        raise TypeError("env_kwargs: only with an environment's id; the function that makes environments has its own")
    source = EnvSource(env)
    return source.id, source, []


def _gymnasium_has(env_id: str) -> bool:
    return env_id in gymnasium.registry or ":" in env_id


def _entries(settings: Mapping[str, Any]) -> list[tuple[str, Any]]:
    entries: list[tuple[str, Any]] = []
    for name, value in settings.items():
        if isinstance(value, Mapping):  # net_arch = {"pi": …, "qf": …}
            entries += [(f"{name}.{key}", _plain(f"{name}.{key}", part)) for key, part in value.items()]
        else:
            entries.append((name, _plain(name, value)))
    return entries


def _plain(name: str, value: object) -> bool | int | float | str | list[Any]:
    """The value in the types that the C++ side takes."""
    if isinstance(value, (np.generic, np.ndarray)):
        value = value.tolist()
    if isinstance(value, os.PathLike):
        value = os.fspath(value)
    if isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, Sequence) and not isinstance(value, bytes):
        parts = [_plain(name, part) for part in value]
        if all(isinstance(part, (int, float)) for part in parts) or all(isinstance(part, str) for part in parts):
            return parts
    raise TypeError(f"{name} = {value!r}: no setting has a value of this type")


def _check_callback(callback: object) -> None:
    named = [name for name in dir(callback) if name.startswith("on_") and callable(getattr(callback, name))]
    unknown = sorted(set(named) - set(_CALLBACK_METHODS))
    if unknown:
        raise TypeError(
            f"callback: softac.train calls {', '.join(_CALLBACK_METHODS)}; {type(callback).__name__} has "
            f"{', '.join(unknown)} (callbacks of SB3's kind belong to SAC.learn)"
        )
    if not named:
        raise TypeError(f"callback: a {type(callback).__name__} has none of {', '.join(_CALLBACK_METHODS)}")


def _text(path: AnyPath | None) -> str:
    return "" if path is None else os.fspath(path)


def _command(env: object, settings: Mapping[str, Any]) -> str:
    """What command.txt of the run says."""
    name = repr(env) if env is None or isinstance(env, str) else getattr(env, "__qualname__", repr(env))
    arguments = [name, *(f"{key}={value!r}" for key, value in settings.items())]
    script = sys.argv[0] if sys.argv else ""
    return f"softac.train({', '.join(arguments)})" + (f"  # in {script}" if script else "")


def _owns_sigint() -> bool:
    """Whether Ctrl-C would raise KeyboardInterrupt here, and not call a handler of the program's own."""
    main = threading.current_thread() is threading.main_thread()
    return main and signal.getsignal(signal.SIGINT) is signal.default_int_handler


__all__ = ["EvalStats", "TrainCallback", "TrainReport", "TrainSummary", "evaluate", "train"]
