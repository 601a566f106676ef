"""What every callback is, and how callbacks are put together; names and order of calls as SB3's.

What counts are the methods, not the class: softac's `learn` runs SB3's callbacks, and SB3's runs softac's.
"""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

from .sb3_interop import loaded_class

Locals = dict[str, Any]


class BaseCallback(ABC):
    """A user's code within `learn`. A subclass overrides `_on_step` and what it needs of the other methods with `_`.

    model: the model that learns. n_calls: calls of `on_step` so far. num_timesteps: environment steps so far, of all
    environments together. locals, globals: the variables of `learn`, those of the current step among them (actions,
    rewards, dones, infos, …). parent: the callback that triggers this one, or None. verbose: 0 silent, 1 results, 2
    details.
    """

    def __init__(self, verbose: int = 0) -> None:
        self.model: Any = None
        self.n_calls = 0
        self.num_timesteps = 0
        self.verbose = verbose
        self.locals: Locals = {}
        self.globals: Locals = {}
        self.parent: Any = None
        sb3 = loaded_class("common.callbacks", "BaseCallback")
        if sb3 is not None:
            sb3.register(BaseCallback)

    @property
    def training_env(self) -> Any:
        """The environments that the model learns from. AssertionError where it has none."""
        env = self.model.get_env()
        if env is None:
            raise AssertionError(f"{type(self).__name__}: the model has no environment; give it one with set_env")
        return env

    @property
    def logger(self) -> Any:
        """The model's logger."""
        return self.model.logger

    def init_callback(self, model: Any) -> None:
        """Called by `learn` first, once its counters are set."""
        self.model = model
        self._init_callback()

    def on_training_start(self, locals_: Locals, globals_: Locals) -> None:
        """Called before the first step. The dictionaries are kept, not copied: `update_locals` changes them."""
        self.locals = locals_
        self.globals = globals_
        self.num_timesteps = self.model.num_timesteps
        self._on_training_start()

    def on_rollout_start(self) -> None:
        """Called before the steps of one `train_freq`."""
        self._on_rollout_start()

    def on_step(self) -> bool:
        """Called after each step, before it is stored. False ends the training and drops the step."""
        self.n_calls += 1
        self.num_timesteps = self.model.num_timesteps
        return self._on_step()

    def on_rollout_end(self) -> None:
        """Called after the steps of one `train_freq`, before the updates."""
        self._on_rollout_end()

    def on_training_end(self) -> None:
        """Called when the training ends, by itself or by a callback."""
        self._on_training_end()

    def update_locals(self, locals_: Locals) -> None:
        """Called before `on_step` with the step's variables."""
        self.locals.update(locals_)
        self.update_child_locals(locals_)

    def update_child_locals(self, locals_: Locals) -> None:
        """Hands the step's variables to the callbacks that this one triggers."""

    def _init_callback(self) -> None:
        pass

    def _on_training_start(self) -> None:
        pass

    def _on_rollout_start(self) -> None:
        pass

    @abstractmethod
    def _on_step(self) -> bool:
        """True to go on."""

    def _on_rollout_end(self) -> None:
        pass

    def _on_training_end(self) -> None:
        pass


class EventCallback(BaseCallback):
    """A callback that triggers another one: `callback.on_step` runs when the subclass calls `_on_event`."""

    def __init__(self, callback: Any = None, verbose: int = 0) -> None:
        super().__init__(verbose)
        self.callback = callback
        for child in self._children():
            child.parent = self

    def init_callback(self, model: Any) -> None:
        super().init_callback(model)
        for child in self._children():
            child.init_callback(model)

    def update_child_locals(self, locals_: Locals) -> None:
        for child in self._children():
            child.update_locals(locals_)

    def _children(self) -> list[Any]:
        """The callbacks that this one triggers."""
        return [] if self.callback is None else [self.callback]

    def _on_training_start(self) -> None:
        for child in self._children():
            child.on_training_start(self.locals, self.globals)

    def _on_event(self) -> bool:
        return True if self.callback is None else bool(self.callback.on_step())

    def _on_step(self) -> bool:
        return True


class CallbackList(BaseCallback):
    """Callbacks called one after another, all of them at every step; the training ends if any of them ends it."""

    def __init__(self, callbacks: Sequence[Any]) -> None:
        super().__init__()
        for place, callback in enumerate(callbacks):
            if not is_callback(callback):
                raise TypeError(f"CallbackList: entry {place} is no callback but {callback!r}")
        self.callbacks = list(callbacks)

    def update_child_locals(self, locals_: Locals) -> None:
        for callback in self.callbacks:
            callback.update_locals(locals_)

    def _init_callback(self) -> None:
        for callback in self.callbacks:
            callback.parent = self.parent
            callback.init_callback(self.model)

    def _on_training_start(self) -> None:
        for callback in self.callbacks:
            callback.on_training_start(self.locals, self.globals)

    def _on_rollout_start(self) -> None:
        for callback in self.callbacks:
            callback.on_rollout_start()

    def _on_step(self) -> bool:
        results = [callback.on_step() for callback in self.callbacks]
        return all(results)

    def _on_rollout_end(self) -> None:
        for callback in self.callbacks:
            callback.on_rollout_end()

    def _on_training_end(self) -> None:
        for callback in self.callbacks:
            callback.on_training_end()


class ConvertCallback(BaseCallback):
    """A function (locals, globals) -> bool as a callback; without one it only goes on.

    None as an answer ends the training, as in SB3, and warns: it is usually a forgotten `return True`.
    """

    def __init__(self, callback: Callable[[Locals, Locals], bool] | None, verbose: int = 0) -> None:
        super().__init__(verbose)
        self.callback = callback

    def _on_step(self) -> bool:
        if self.callback is None:
            return True
        answer = self.callback(self.locals, self.globals)
        if answer is None:
            warnings.warn(
                "the callback function returned None, which ends the training; return True to go on", stacklevel=2
            )
        return bool(answer)


def is_callback(value: Any) -> bool:
    """True for an object with the methods that `learn` calls: softac's callbacks, SB3's, and those like them."""
    names = ("init_callback", "on_training_start", "on_rollout_start", "update_locals", "on_step", "on_rollout_end")
    return not isinstance(value, type) and all(
        callable(getattr(value, name, None)) for name in (*names, "on_training_end")
    )


def as_callback(callback: Any) -> Any:
    """The `callback` argument of `learn` as one callback.

    It may be None, a callback (softac's or SB3's), a list of callbacks and functions, or a function (locals, globals)
    -> bool. TypeError for anything else, a class instead of an object of it among that.
    """
    if callback is None:
        return ConvertCallback(None)
    if is_callback(callback):
        return callback
    if isinstance(callback, (list, tuple)):
        return CallbackList([as_callback(entry) for entry in callback])
    if callable(callback) and not isinstance(callback, type):
        return ConvertCallback(callback)
    hint = f"; make an object of it: {callback.__name__}(…)" if isinstance(callback, type) else ""
    raise TypeError(f"callback: expected None, a callback, a list of them or a function, not {callback!r}{hint}")
