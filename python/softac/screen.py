"""The window of ``render_mode="human"``."""
from __future__ import annotations

import time
from typing import Any

import numpy.typing as npt

from softac import _core


class Screen:
    """Shows pictures as fast as the task goes in its own time; a window that the user closes stays closed.

    Args:
        title: of the window.
        step_seconds: how long each picture is shown.
    """

    def __init__(self, title: str, step_seconds: float) -> None:
        self._title = title
        self._step_seconds = step_seconds
        self._window: _core.Window | None = None
        self._closed = False
        self._next = 0.0

    def show(self, picture: npt.NDArray[Any]) -> None:
        """Waits until the picture is due, then shows it; (height, width, 3) uint8."""
        if self._closed:
            return
        if self._window is None:
            self._window = _core.Window(picture.shape[1], picture.shape[0], self._title)
        now = time.monotonic()
        if self._next > now:
            time.sleep(self._next - now)
        self._next = max(self._next, now) + self._step_seconds
        self._window.show(picture)
        if self._window.look():
            self._window = None
            self._closed = True
